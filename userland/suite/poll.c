// SPDX-License-Identifier: BSD-2-Clause
/*
 * poll, ppoll, select and pselect6.
 */
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "ktap.h"

static int fds[2];
static volatile int count;

static void counting(int sig)
{
	(void)sig;
	count++;
}

TEST(poll, "nothing ready and no time: 0 at once")
{
	struct pollfd p;

	ASSERT_OK(pipe(fds));
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN, .revents = 77 };
	EXPECT_EQ(poll(&p, 1, 0), 0);
	EXPECT_EQ(p.revents, 0);
	EXPECT_EQ(poll(NULL, 0, 0), 0);
}

TEST(poll, "a timeout is waited for")
{
	long long began = now_ns(CLOCK_MONOTONIC);

	EXPECT_EQ(poll(NULL, 0, 20), 0);
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) - began >= 20000000);
}

TEST(poll, "a closed descriptor is POLLNVAL, a negative one is passed over")
{
	struct pollfd p[2] = { { .fd = 900, .events = POLLIN }, { .fd = -3, .events = POLLIN,
			       .revents = 5 } };

	EXPECT_EQ(poll(p, 2, -1), 1);
	EXPECT_EQ(p[0].revents, POLLNVAL);
	EXPECT_EQ(p[1].revents, 0);
}

TEST(poll, "a regular file is always readable and writable")
{
	struct pollfd p;

	scratch();
	p = (struct pollfd){ .fd = scratch_file("f", "", 0644), .events = POLLIN | POLLOUT };
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents, POLLIN | POLLOUT);
}

TEST(poll, "/dev/null and /dev/zero too")
{
	struct pollfd p = { .fd = ASSERT_OK(open("/dev/null", O_RDWR)), .events = POLLIN | POLLOUT };

	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents, POLLIN | POLLOUT);
}

TEST(poll, "wakes when bytes come")
{
	struct pollfd p;
	pid_t pid;

	ASSERT_OK(pipe(fds));
	pid = ktap_fork();
	if (pid == 0) {
		p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
		_exit(poll(&p, 1, -1) == 1 && p.revents == POLLIN ? 6 : 1);
	}
	wait_until_blocked(pid);
	write(fds[1], "x", 1);
	EXPECT_EXIT(pid, 6);
}

TEST(poll, "wakes for one of many")
{
	struct pollfd p[20];
	int pipes[20][2];
	pid_t pid;

	for (int i = 0; i < 20; i++) {
		ASSERT_OK(pipe(pipes[i]));
		p[i] = (struct pollfd){ .fd = pipes[i][0], .events = POLLIN };
	}
	pid = ktap_fork();
	if (pid == 0)
		_exit(poll(p, 20, -1) == 1 && p[13].revents == POLLIN ? 6 : 1);
	wait_until_blocked(pid);
	write(pipes[13][1], "x", 1);
	EXPECT_EXIT(pid, 6);
}

TEST(poll, "a full pipe is not writable until it is read")
{
	static char bytes[65536];
	struct pollfd p;

	ASSERT_OK(pipe2(fds, O_NONBLOCK));
	p = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	ASSERT_EQ(write(fds[1], bytes, sizeof(bytes)), sizeof(bytes));
	EXPECT_EQ(poll(&p, 1, 0), 0);
	ASSERT_EQ(read(fds[0], bytes, 4096), 4096);
	EXPECT_EQ(poll(&p, 1, 0), 1);
}

/* 0 when fd becomes readable or writable while poll or select waits for it. */
static int wait_for_one(int fd, bool writable, bool by_select)
{
	struct pollfd p = { .fd = fd, .events = writable ? POLLOUT : POLLIN };
	fd_set set;

	if (!by_select)
		return poll(&p, 1, -1) == 1 ? 0 : 1;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, writable ? NULL : &set, writable ? &set : NULL, NULL, NULL) == 1 ? 0 : 1;
}

TEST(poll, "who is woken and finds the bytes gone waits for the next ones, in poll and select")
{
	char c;

	ASSERT_OK(pipe(fds));
	for (int round = 0; round < 40; round++) {
		pid_t pid = ktap_fork();

		if (pid == 0)
			_exit(wait_for_one(fds[0], false, round & 1));
		wait_until_blocked(pid);
		for (int i = 0; i < 3; i++) {
			ASSERT_EQ(write(fds[1], "x", 1), 1);
			ASSERT_EQ(read(fds[0], &c, 1), 1);
			sched_yield();
		}
		ASSERT_EQ(write(fds[1], "x", 1), 1);
		EXPECT_EXIT(pid, 0);
		ASSERT_EQ(read(fds[0], &c, 1), 1);
	}
}

TEST(poll, "who waits to write to a full socket hears of it as the other end reads, bit by bit")
{
	static char bytes[4096];

	for (int by_select = 0; by_select < 2; by_select++) {
		pid_t pid;

		ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
		while (write(fds[1], bytes, sizeof(bytes)) > 0)
			;
		EXPECT_EQ(errno, EAGAIN);
		pid = ktap_fork();
		if (pid == 0)
			_exit(wait_for_one(fds[1], true, by_select));
		wait_until_blocked(pid);
		while (read(fds[0], bytes, sizeof(bytes)) > 0)
			sched_yield();
		EXPECT_EXIT(pid, 0);
		close(fds[0]);
		close(fds[1]);
	}
}

TEST(poll, "more descriptors than the limit is EINVAL")
{
	struct rlimit limit;
	struct pollfd p;

	ASSERT_OK(getrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_ERRNO(syscall(SYS_ppoll, &p, limit.rlim_cur + 1, NULL, NULL, 8L), EINVAL);
}

TEST(poll, "a caught signal ends it with EINTR, even with SA_RESTART")
{
	pid_t pid;

	handle(SIGUSR1, counting, SA_RESTART);
	pid = ktap_fork();
	if (pid == 0)
		_exit(poll(NULL, 0, -1) == -1 && errno == EINTR ? 6 : 1);
	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	EXPECT_EXIT(pid, 6);
}

TEST(poll, "ppoll unblocks a waiting signal while it waits, and the mask returns")
{
	sigset_t none, now;

	handle(SIGUSR1, counting, 0);
	sigemptyset(&none);
	mask_signal(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	EXPECT_ERRNO(ppoll(NULL, 0, NULL, &none), EINTR);
	EXPECT_EQ(count, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	EXPECT_TRUE(sigismember(&now, SIGUSR1));
}

TEST(poll, "the call itself writes back what is left of its time")
{
	struct timespec ts = { 5000, 0 };
	struct pollfd p;

	ASSERT_OK(pipe(fds));
	write(fds[1], "x", 1);
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	EXPECT_EQ(syscall(SYS_ppoll, &p, 1L, &ts, NULL, 8L), 1);
	EXPECT_IN(ts.tv_sec, 4000, 5000);
	ts = (struct timespec){ 0, 1000000000 };
	EXPECT_ERRNO(syscall(SYS_ppoll, &p, 1L, &ts, NULL, 8L), EINVAL);
}

TEST(poll, "select tells readable and writable, and counts bits")
{
	fd_set r, w;
	struct timeval none = { 0, 0 };

	ASSERT_OK(pipe(fds));
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(fds[0], &r);
	FD_SET(fds[1], &w);
	EXPECT_EQ(select(fds[1] + 1, &r, &w, NULL, &none), 1);
	EXPECT_TRUE(!FD_ISSET(fds[0], &r));
	EXPECT_TRUE(FD_ISSET(fds[1], &w));
	write(fds[1], "x", 1);
	FD_SET(fds[0], &r);
	EXPECT_EQ(select(fds[1] + 1, &r, &w, NULL, &none), 2);
}

TEST(poll, "select with a closed descriptor is EBADF, with a negative count EINVAL")
{
	struct timeval none = { 0, 0 };
	fd_set r;

	FD_ZERO(&r);
	FD_SET(30, &r);
	EXPECT_ERRNO(select(31, &r, NULL, NULL, &none), EBADF);
	EXPECT_ERRNO(syscall(SYS_pselect6, -1, NULL, NULL, NULL, NULL, NULL), EINVAL);
}

#ifdef SYS_select
TEST(poll, "select's microseconds carry over to the seconds, also to negative ones")
{
	struct timeval none = { -1, 1000000 }, less = { -1, 999999 }, more = { 0, -1 };

	EXPECT_EQ(syscall(SYS_select, 0, NULL, NULL, NULL, &none), 0);
	EXPECT_ERRNO(syscall(SYS_select, 0, NULL, NULL, NULL, &less), EINVAL);
	EXPECT_ERRNO(syscall(SYS_select, 0, NULL, NULL, NULL, &more), EINVAL);
}
#endif

TEST(poll, "to select a descriptor of a path alone is ready for all")
{
	struct timeval none = { 0, 0 };
	fd_set set[3];
	int fd = ASSERT_OK(open("/", O_PATH));

	for (int i = 0; i < 3; i++) {
		FD_ZERO(&set[i]);
		FD_SET(fd, &set[i]);
	}
	EXPECT_EQ(select(fd + 1, &set[0], &set[1], &set[2], &none), 3);
	EXPECT_TRUE(FD_ISSET(fd, &set[2]));
}

TEST(poll, "select looks at descriptors below its count only")
{
	struct timeval none = { 0, 0 };
	fd_set r;

	ASSERT_OK(pipe(fds));
	write(fds[1], "x", 1);
	FD_ZERO(&r);
	FD_SET(fds[0], &r);
	EXPECT_EQ(select(fds[0], &r, NULL, NULL, &none), 0);
}

TEST(poll, "select at the end of a pipe is readable")
{
	fd_set r;

	ASSERT_OK(pipe(fds));
	close(fds[1]);
	FD_ZERO(&r);
	FD_SET(fds[0], &r);
	EXPECT_EQ(select(fds[0] + 1, &r, NULL, NULL, NULL), 1);
}

TEST(poll, "select sleeps for its time")
{
	struct timeval ms20 = { 0, 20000 };
	long long began = now_ns(CLOCK_MONOTONIC);

	EXPECT_EQ(select(0, NULL, NULL, NULL, &ms20), 0);
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) - began >= 20000000);
}

TEST(poll, "pselect6 takes a mask")
{
	sigset_t none;

	handle(SIGUSR1, counting, 0);
	sigemptyset(&none);
	mask_signal(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	EXPECT_ERRNO(pselect(0, NULL, NULL, NULL, NULL, &none), EINTR);
	EXPECT_EQ(count, 1);
}
