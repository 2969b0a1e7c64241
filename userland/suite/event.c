// SPDX-License-Identifier: BSD-2-Clause
/*
 * Descriptors made of events: epoll, eventfd, timerfd, signalfd, pidfd.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "ktap.h"
#include "machine.h"

static int ep, fds[2];

static void set_up(uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u64 = 0x1122334455667788 };

	ep = ASSERT_OK(epoll_create1(EPOLL_CLOEXEC));
	ASSERT_OK(pipe2(fds, O_NONBLOCK));
	ASSERT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e));
}

TEST(event, "epoll: nothing ready is 0, bytes are EPOLLIN with the caller's data")
{
	struct epoll_event e;

	set_up(EPOLLIN);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
	write(fds[1], "x", 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, -1), 1);
	EXPECT_EQ(e.events, EPOLLIN);
	EXPECT_EQ(e.data.u64, 0x1122334455667788);
}

TEST(event, "epoll: level triggered tells again until it is read")
{
	struct epoll_event e;
	char c;

	set_up(EPOLLIN);
	write(fds[1], "x", 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	read(fds[0], &c, 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
}

TEST(event, "epoll: edge triggered tells once for each arrival")
{
	struct epoll_event e;

	set_up(EPOLLIN | EPOLLET);
	write(fds[1], "x", 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
	write(fds[1], "y", 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
}

TEST(event, "epoll: one-shot tells once until it is set again")
{
	struct epoll_event e, again = { .events = EPOLLIN | EPOLLONESHOT };

	set_up(EPOLLIN | EPOLLONESHOT);
	write(fds[1], "x", 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
	EXPECT_OK(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &again));
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
}

TEST(event, "epoll: hang-up is told unasked")
{
	struct epoll_event e;

	set_up(0);
	close(fds[1]);
	EXPECT_EQ(epoll_wait(ep, &e, 1, -1), 1);
	EXPECT_EQ(e.events, EPOLLHUP);
}

TEST(event, "epoll: adding twice EEXIST, changing or removing a stranger ENOENT")
{
	struct epoll_event e = { .events = EPOLLIN };

	set_up(EPOLLIN);
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e), EEXIST);
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_MOD, fds[1], &e), ENOENT);
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_DEL, fds[1], NULL), ENOENT);
	EXPECT_OK(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
	EXPECT_ERRNO(epoll_ctl(ep, 9, fds[0], &e), EINVAL);
}

TEST(event, "epoll: bad descriptors EBADF, itself EINVAL, a regular file EPERM")
{
	struct epoll_event e = { .events = EPOLLIN };

	set_up(EPOLLIN);
	scratch();
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, 900, &e), EBADF);
	EXPECT_ERRNO(epoll_ctl(900, EPOLL_CTL_ADD, fds[0], &e), EBADF);
	EXPECT_ERRNO(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &e), EINVAL);
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e), EINVAL);
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, scratch_file("f", "", 0644), &e), EPERM);
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], (void *)16), EFAULT);
	EXPECT_ERRNO(epoll_wait(ep, &e, 0, 0), EINVAL);
	EXPECT_ERRNO(epoll_wait(fds[0], &e, 1, 0), EINVAL);
	EXPECT_ERRNO(epoll_create1(1), EINVAL);
}

TEST(event, "epoll: a closed descriptor leaves the set, a copy keeps it in")
{
	struct epoll_event e;
	int copy;

	set_up(EPOLLIN);
	write(fds[1], "x", 1);
	copy = ASSERT_OK(dup(fds[0]));
	close(fds[0]);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	close(copy);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
}

TEST(event, "epoll: a blocked waiter wakes, and the set itself can be polled")
{
	struct epoll_event e;
	struct pollfd p;
	pid_t pid;

	set_up(EPOLLIN);
	pid = ktap_fork();
	if (pid == 0)
		_exit(epoll_wait(ep, &e, 1, -1));
	wait_until_blocked(pid);
	p = (struct pollfd){ .fd = ep, .events = POLLIN };
	EXPECT_EQ(poll(&p, 1, 0), 0);
	write(fds[1], "x", 1);
	EXPECT_EXIT(pid, 1);
	EXPECT_EQ(poll(&p, 1, 0), 1);
}

/* Three counters in a set, the first two ready; `how` beside EPOLLIN. What the set tells of them is 0, 1 and 2. */
static void three_in_a_set(int counter[3], uint32_t how)
{
	ep = ASSERT_OK(epoll_create1(0));
	for (int i = 0; i < 3; i++) {
		struct epoll_event e = { .events = EPOLLIN | how, .data.u64 = (uint64_t)i };

		counter[i] = ASSERT_OK(eventfd(i < 2, 0));
		ASSERT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, counter[i], &e));
	}
}

static int next_told(void)
{
	struct epoll_event e;

	return epoll_wait(ep, &e, 1, 0) == 1 ? (int)e.data.u64 : -1;
}

TEST(event, "epoll: one at a time goes round, and who becomes ready later comes behind")
{
	int counter[3];

	three_in_a_set(counter, 0);
	EXPECT_EQ(next_told(), 0);
	EXPECT_EQ(eventfd_write(counter[2], 1), 0);
	EXPECT_EQ(next_told(), 1);
	EXPECT_EQ(next_told(), 0);
	EXPECT_EQ(next_told(), 2);
	EXPECT_EQ(next_told(), 1);
}

TEST(event, "epoll: one that was read since is passed over, one that is written again is told again")
{
	int counter[3];
	eventfd_t value;

	three_in_a_set(counter, 0);
	EXPECT_EQ(eventfd_read(counter[0], &value), 0);
	EXPECT_EQ(next_told(), 1);
	EXPECT_EQ(next_told(), 1);
	EXPECT_EQ(eventfd_write(counter[0], 1), 0);
	EXPECT_EQ(next_told(), 1);
	EXPECT_EQ(next_told(), 0);
	EXPECT_EQ(next_told(), 1);
}

TEST(event, "epoll: edges one at a time are each told once, in their order")
{
	int counter[3];

	three_in_a_set(counter, EPOLLET);
	EXPECT_EQ(next_told(), 0);
	EXPECT_EQ(eventfd_write(counter[0], 1), 0);
	EXPECT_EQ(next_told(), 1);
	EXPECT_EQ(next_told(), 0);
	EXPECT_EQ(next_told(), -1);
}

TEST(event, "epoll: an event that cannot be written is told first the next time")
{
	struct epoll_event *events, e;
	int counter[3];
	char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(two != MAP_FAILED);
	ASSERT_OK(mprotect(two + 4096, 4096, PROT_NONE));
	three_in_a_set(counter, 0);
	ASSERT_OK(eventfd_write(counter[2], 1));
	events = (struct epoll_event *)(two + 4096) - 1;
	EXPECT_EQ(epoll_wait(ep, events, 3, 0), 1);
	memcpy(&e, events, sizeof(e));
	EXPECT_EQ(e.data.u64, 0);
	EXPECT_ERRNO(epoll_wait(ep, (struct epoll_event *)(two + 4096), 3, 0), EFAULT);
	EXPECT_EQ(next_told(), 1);
	EXPECT_EQ(next_told(), 2);
	EXPECT_EQ(next_told(), 0);
}

TEST(event, "epoll: many ready are told a few at a time, in turn")
{
	struct epoll_event e = { .events = EPOLLIN }, got[4];
	uint64_t one = 1;
	int seen = 0;

	ep = ASSERT_OK(epoll_create1(0));
	for (int i = 0; i < 8; i++) {
		int fd = ASSERT_OK(eventfd(0, 0));

		e.data.u32 = i;
		ASSERT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
		ASSERT_EQ(write(fd, &one, 8), 8);
	}
	for (int round = 0; round < 2; round++) {
		EXPECT_EQ(epoll_wait(ep, got, 4, 0), 4);
		for (int i = 0; i < 4; i++)
			seen |= 1 << got[i].data.u32;
	}
	EXPECT_EQ(seen, 255);
}

TEST(event, "epoll: a file may be in any number of sets, but wake others through them on 500 ways at most")
{
	struct epoll_event e = { .events = EPOLLIN };
	int n = 0, up;

	set_up(EPOLLIN);
	for (; n < 505; n++) {
		up = ASSERT_OK(epoll_create1(0));
		if (epoll_ctl(up, EPOLL_CTL_ADD, ep, &e))
			break;
	}
	EXPECT_EQ(n, 500);
	EXPECT_ERRNO(epoll_ctl(up, EPOLL_CTL_ADD, ep, &e), EINVAL);
	EXPECT_OK(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], &e));
	EXPECT_OK(epoll_ctl(up, EPOLL_CTL_ADD, ep, &e));	/* of nothing there is no way */
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e), EINVAL);
	EXPECT_OK(epoll_ctl(up, EPOLL_CTL_DEL, ep, &e));
	EXPECT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e));
	write(fds[1], "x", 1);
	EXPECT_EQ(epoll_wait(up - 1, &e, 1, -1), 1);
}

static void set_limit(const char *path, const char *value)
{
	int fd = ASSERT_OK(open(path, O_WRONLY));

	EXPECT_EQ(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

TEST(event, "epoll: a user watches no more files than fs.epoll.max_user_watches")
{
	static const char path[] = "/proc/sys/fs/epoll/max_user_watches";
	struct epoll_event e = { .events = EPOLLIN };
	char *before = slurp(path);
	pid_t child;

	EXPECT_IN(atol(before), 1000, 100000000);
	set_limit(path, "3");
	child = ktap_fork();
	if (!child) {
		become_nobody();
		set_up(EPOLLIN);
		for (int i = 0; i < 2; i++)
			EXPECT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, ASSERT_OK(dup(fds[0])), &e));
		EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], &e), ENOSPC);
		EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e), EEXIST);
		EXPECT_OK(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], &e));
		EXPECT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], &e));
		close(ep);
		set_up(EPOLLIN);
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
	set_limit(path, before);
}

TEST(event, "eventfd: writes add, a read takes all")
{
	uint64_t value = 3;
	int fd = ASSERT_OK(eventfd(2, EFD_NONBLOCK));

	EXPECT_EQ(write(fd, &value, 8), 8);
	EXPECT_EQ(read(fd, &value, 8), 8);
	EXPECT_EQ(value, 5);
	EXPECT_ERRNO(read(fd, &value, 8), EAGAIN);
}

TEST(event, "eventfd: as a semaphore a read takes one")
{
	uint64_t value;
	int fd = ASSERT_OK(eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE));

	EXPECT_EQ(read(fd, &value, 8), 8);
	EXPECT_EQ(value, 1);
	EXPECT_EQ(read(fd, &value, 8), 8);
	EXPECT_ERRNO(read(fd, &value, 8), EAGAIN);
}

TEST(event, "eventfd: fewer than 8 bytes and the largest value are EINVAL, overflow EAGAIN")
{
	uint64_t value = UINT64_MAX;
	int fd = ASSERT_OK(eventfd(1, EFD_NONBLOCK));

	EXPECT_ERRNO(read(fd, &value, 4), EINVAL);
	EXPECT_ERRNO(write(fd, &value, 4), EINVAL);
	EXPECT_ERRNO(write(fd, &value, 8), EINVAL);
	value = UINT64_MAX - 1;
	EXPECT_ERRNO(write(fd, &value, 8), EAGAIN);
	EXPECT_ERRNO(eventfd(0, 1 << 20), EINVAL);
}

TEST(event, "eventfd: a blocked reader wakes; poll tells what is possible")
{
	int fd = ASSERT_OK(eventfd(0, 0));
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	uint64_t value = 4;
	pid_t pid;

	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLOUT);
	pid = ktap_fork();
	if (pid == 0)
		_exit(read(fd, &value, 8) == 8 ? value : 99);
	wait_until_blocked(pid);
	EXPECT_EQ(write(fd, &value, 8), 8);
	EXPECT_EXIT(pid, 4);
}

TEST(event, "timerfd: a read waits for the time and counts expirations")
{
	struct itimerspec when = { .it_value = { 0, 20000000 } };
	int fd = ASSERT_OK(timerfd_create(CLOCK_MONOTONIC, 0));
	long long began = now_ns(CLOCK_MONOTONIC);
	uint64_t n = 0;

	EXPECT_OK(timerfd_settime(fd, 0, &when, NULL));
	EXPECT_EQ(read(fd, &n, 8), 8);
	EXPECT_EQ(n, 1);
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) - began >= 20000000);
}

TEST(event, "timerfd: intervals add up, absolute times in the past are due")
{
	struct itimerspec when = { { 0, 1000000 }, { 0, 1 } }, now;
	int fd = ASSERT_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	struct timespec ms20 = { 0, 20000000 };
	uint64_t n = 0;

	EXPECT_ERRNO(read(fd, &n, 8), EAGAIN);
	EXPECT_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL));
	nanosleep(&ms20, NULL);
	EXPECT_EQ(read(fd, &n, 8), 8);
	EXPECT_TRUE(n >= 20);
	EXPECT_OK(timerfd_gettime(fd, &now));
	EXPECT_EQ(now.it_interval.tv_nsec, 1000000);
}

TEST(event, "timerfd: an interval of a nanosecond makes no storm: each read counts what has passed")
{
	struct itimerspec when = { .it_value = { 0, 1 }, .it_interval = { 0, 1 } };
	int fd = ASSERT_OK(timerfd_create(CLOCK_MONOTONIC, 0));
	long long began = now_ns(CLOCK_MONOTONIC);
	uint64_t n, sum = 0;

	EXPECT_OK(timerfd_settime(fd, 0, &when, NULL));
	for (int i = 0; i < 50; i++) {
		n = 0;
		EXPECT_EQ(read(fd, &n, 8), 8);
		EXPECT_TRUE(n >= 1);
		sum += n;
	}
	EXPECT_TRUE(sum <= (uint64_t)(now_ns(CLOCK_MONOTONIC) - began) + 1000);
	when = (struct itimerspec){ 0 };
	EXPECT_OK(timerfd_settime(fd, 0, &when, NULL));
	EXPECT_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_ERRNO(read(fd, &n, 8), EAGAIN);
}

TEST(event, "timerfd: unknown clocks, flags and nonsense times are EINVAL")
{
	struct itimerspec when = { .it_value = { 0, 1000000000 } };
	int fd = ASSERT_OK(timerfd_create(CLOCK_REALTIME, 0));

	EXPECT_ERRNO(timerfd_create(99, 0), EINVAL);
	EXPECT_ERRNO(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
	EXPECT_ERRNO(timerfd_settime(fd, 0, &when, NULL), EINVAL);
	EXPECT_ERRNO(timerfd_settime(0, 0, &when, NULL), EINVAL);
}

TEST(event, "signalfd: reads the blocked signals that are waiting")
{
	struct signalfd_siginfo info[2];
	sigset_t set;
	int fd;

	set = hold_signal(SIGUSR1);
	fd = ASSERT_OK(signalfd(-1, &set, SFD_NONBLOCK));
	EXPECT_ERRNO(read(fd, info, sizeof(info)), EAGAIN);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(read(fd, info, sizeof(info)), 128);
	EXPECT_EQ(info[0].ssi_signo, SIGUSR1);
	EXPECT_EQ(info[0].ssi_pid, getpid());
	EXPECT_ERRNO(read(fd, info, 100), EINVAL);
	sigpending(&set);
	EXPECT_TRUE(!sigismember(&set, SIGUSR1));
}

TEST(event, "signalfd: polls readable, and takes another mask")
{
	struct pollfd p = { .events = POLLIN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigdelset(&set, SIGUSR2);
	p.fd = ASSERT_OK(signalfd(-1, &set, 0));
	raise(SIGUSR2);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	sigaddset(&set, SIGUSR2);
	EXPECT_EQ(signalfd(p.fd, &set, 0), p.fd);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_ERRNO(signalfd(0, &set, 0), EINVAL);
}

TEST(event, "a signalfd in a set, put there by a process that has ended, can be polled, removed and put in again")
{
	struct epoll_event e = { .events = EPOLLIN };
	sigset_t set;
	pid_t child;
	int fd;

	set = hold_signal(SIGUSR1);
	ep = ASSERT_OK(epoll_create1(0));
	fd = ASSERT_OK(signalfd(-1, &set, 0));
	child = ktap_fork();
	if (!child)
		_exit(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) ? 1 : 0);
	EXPECT_EXIT(child, 0);
	for (int i = 0; i < 20; i++) {	/* whose memory is used again */
		child = ktap_fork();
		if (!child)
			_exit(0);
		EXPECT_EXIT(child, 0);
	}
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
	EXPECT_OK(epoll_ctl(ep, EPOLL_CTL_DEL, fd, &e));
	e.events = EPOLLIN;
	EXPECT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	raise(SIGUSR1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, -1), 1);
}

TEST(event, "pidfd_send_signal takes a descriptor of /proc/PID, and no other directory's")
{
	pid_t pid = ktap_fork();
	char path[32];
	int fd;

	if (pid == 0)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = ASSERT_OK(open(path, O_RDONLY | O_DIRECTORY));
	EXPECT_ERRNO(syscall(SYS_waitid, P_PIDFD, fd, NULL, WEXITED | WNOHANG, NULL), EBADF);
	EXPECT_OK(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
	EXPECT_KILLED(pid, SIGTERM);
	EXPECT_ERRNO(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
	close(fd);
	fd = ASSERT_OK(open("/proc", O_RDONLY | O_DIRECTORY));
	EXPECT_ERRNO(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), EBADF);
	close(fd);
	fd = ASSERT_OK(open("/proc/self/task", O_RDONLY | O_DIRECTORY));
	EXPECT_ERRNO(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), EBADF);
	close(fd);
	fd = ASSERT_OK(open("/proc/self", O_PATH));
	EXPECT_ERRNO(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), EBADF);
	close(fd);
}

TEST(event, "pidfd: opens a process, signals it, and polls readable at its end")
{
	struct pollfd p = { .events = POLLIN };
	pid_t pid = ktap_fork();

	if (pid == 0)
		for (;;)
			pause();
	p.fd = ASSERT_OK(syscall(SYS_pidfd_open, pid, 0));
	EXPECT_EQ(poll(&p, 1, 0), 0);
	EXPECT_OK(syscall(SYS_pidfd_send_signal, p.fd, SIGTERM, NULL, 0));
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_KILLED(pid, SIGTERM);
	EXPECT_ERRNO(syscall(SYS_pidfd_send_signal, p.fd, 0, NULL, 0), ESRCH);
	EXPECT_ERRNO(syscall(SYS_pidfd_getfd, p.fd, 0, 0), ESRCH);
	EXPECT_ERRNO(syscall(SYS_pidfd_open, -1, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_pidfd_open, 999999, 0), ESRCH);
}

TEST(event, "an eventfd takes no value in pieces, nor from another file")
{
	uint64_t one = 1;
	struct iovec halves[2] = { { &one, 4 }, { (char *)&one + 4, 4 } };
	int fd = ASSERT_OK(eventfd(0, EFD_NONBLOCK)), file;

	EXPECT_ERRNO(writev(fd, halves, 2), EINVAL);
	scratch();
	file = scratch_file("f", "12345678", 0644);
	EXPECT_ERRNO(sendfile(fd, file, NULL, 8), EINVAL);
	ASSERT_EQ(lseek(file, 0, SEEK_END), 8);
	EXPECT_EQ(sendfile(fd, file, NULL, 8), 0);
}

TEST(event, "an eventfd takes each segment of writev as a value, until one is not")
{
	uint64_t values[4] = { 1, 2, 4, 8 }, got;
	struct iovec v[4] = { { values, 8 }, { values + 1, 8 }, { NULL, 0 }, { values + 2, 8 } };
	int fd = ASSERT_OK(eventfd(0, EFD_NONBLOCK));

	EXPECT_EQ(writev(fd, v, 4), 24);
	EXPECT_EQ(read(fd, &got, 8), 8);
	EXPECT_EQ(got, 7);
	v[1].iov_len = 4;
	EXPECT_EQ(writev(fd, v, 4), 8);
	v[0].iov_len = 16;	/* what is more than a value ends it */
	EXPECT_EQ(writev(fd, v, 4), 8);
	EXPECT_EQ(read(fd, &got, 8), 8);
	EXPECT_EQ(got, 2);
	v[0].iov_len = 0;
	EXPECT_ERRNO(writev(fd, v, 4), EINVAL);
}

TEST(event, "timerfd and signalfd read into each segment of readv by itself")
{
	char room[3][128];
	struct iovec v[3] = { { room[0], 8 }, { room[1], 8 }, { room[2], 128 } };
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	int fd = ASSERT_OK(timerfd_create(CLOCK_MONOTONIC, 0));
	sigset_t set;

	ASSERT_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &soon, NULL));
	v[1].iov_len = 4;
	EXPECT_EQ(readv(fd, v, 2), 8);
	v[0].iov_len = 4, v[1].iov_len = 8;
	EXPECT_ERRNO(readv(fd, v, 2), EINVAL);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = ASSERT_OK(signalfd(-1, &set, SFD_NONBLOCK));
	raise(SIGUSR1);
	raise(SIGUSR2);
	v[0].iov_len = v[1].iov_len = 64;
	EXPECT_ERRNO(readv(fd, v, 2), EINVAL);
	v[0].iov_len = v[1].iov_len = 128;
	EXPECT_EQ(readv(fd, v, 3), 256);
	EXPECT_EQ(((struct signalfd_siginfo *)room[1])->ssi_signo, (unsigned int)SIGUSR2);
}

TEST(event, "poll of nothing at a kernel's address is EFAULT")
{
	EXPECT_ERRNO(poll((void *)machine_foreign[3], 0, 0), EFAULT);
	EXPECT_EQ(poll(NULL, 0, 0), 0);
}
