// SPDX-License-Identifier: BSD-2-Clause
/*
 * dup, dup2, dup3 and close_range: which number, which flags, what is shared.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "ktap.h"

TEST(dup, "gives the lowest free descriptor")
{
	int a = ASSERT_OK(dup(0)), b = ASSERT_OK(dup(0));

	EXPECT_EQ(b, a + 1);
	close(a);
	EXPECT_EQ(dup(0), a);
}

TEST(dup, "a bad descriptor is EBADF")
{
	EXPECT_ERRNO(dup(-1), EBADF);
	EXPECT_ERRNO(dup(900), EBADF);
}

TEST(dup, "the copy does not close on exec")
{
	int fd = ASSERT_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));

	EXPECT_EQ(fcntl(dup(fd), F_GETFD), 0);
}

TEST(dup, "copies share offset and status flags")
{
	scratch();
	int fd = scratch_file("f", "abc", 0644), copy = ASSERT_OK(dup(fd));

	EXPECT_EQ(lseek(fd, 2, SEEK_SET), 2);
	EXPECT_EQ(lseek(copy, 0, SEEK_CUR), 2);
	EXPECT_OK(fcntl(fd, F_SETFL, O_APPEND));
	EXPECT_TRUE(fcntl(copy, F_GETFL) & O_APPEND);
}

TEST(dup, "dup2 closes what was there")
{
	char c;
	int fds[2];

	ASSERT_OK(pipe(fds));
	int copy = ASSERT_OK(dup2(0, fds[1]));
	EXPECT_EQ(copy, fds[1]);
	EXPECT_EQ(read(fds[0], &c, 1), 0);
}

TEST(dup, "dup2 onto itself does nothing and keeps close-on-exec")
{
	int fd = ASSERT_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));

	EXPECT_EQ(dup2(fd, fd), fd);
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	EXPECT_ERRNO(dup2(fd, fd), EBADF);
}

TEST(dup, "dup2 of a bad descriptor leaves the target open")
{
	int fd = ASSERT_OK(dup(0));

	EXPECT_ERRNO(dup2(-1, fd), EBADF);
	EXPECT_OK(fcntl(fd, F_GETFD));
}

TEST(dup, "dup2 to a number at or beyond the limit is EBADF")
{
	struct rlimit limit;

	ASSERT_OK(getrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_ERRNO(dup2(0, limit.rlim_cur), EBADF);
	EXPECT_ERRNO(dup2(0, -1), EBADF);
	EXPECT_OK(dup2(0, limit.rlim_cur - 1));
}

TEST(dup, "dup3 sets O_CLOEXEC and refuses other flags and equal numbers")
{
	int fd = ASSERT_OK(dup(0));

	EXPECT_EQ(dup3(0, fd, O_CLOEXEC), fd);
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_ERRNO(syscall(SYS_dup3, 0, fd, O_APPEND), EINVAL);
	EXPECT_ERRNO(syscall(SYS_dup3, fd, fd, 0), EINVAL);
}

TEST(dup, "close_range closes what lies between, and only that")
{
	int first = ASSERT_OK(dup(0));

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(dup(0), first + 1 + i);
	EXPECT_OK(syscall(SYS_close_range, first + 1, first + 3, 0));
	EXPECT_OK(fcntl(first, F_GETFD));
	EXPECT_ERRNO(fcntl(first + 1, F_GETFD), EBADF);
	EXPECT_ERRNO(fcntl(first + 3, F_GETFD), EBADF);
	EXPECT_OK(fcntl(first + 4, F_GETFD));
}

TEST(dup, "close_range with CLOSE_RANGE_CLOEXEC only marks")
{
	int fd = ASSERT_OK(dup(0));

	EXPECT_OK(syscall(SYS_close_range, fd, fd, 4));
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(dup, "close_range refuses a range backwards and unknown flags")
{
	EXPECT_ERRNO(syscall(SYS_close_range, 10, 9, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_close_range, 9, 10, 1 << 10), EINVAL);
	EXPECT_OK(syscall(SYS_close_range, 900, ~0U, 0));
}

static int used;		/* the number that one thread uses while another changes what it means */
static volatile pid_t reader;

static void *read_one(void *arg)
{
	char c = 0;

	(void)arg;
	reader = gettid();
	return (void *)(long)(read(used, &c, 1) == 1 ? c : -errno);
}

/* A thread that sleeps in read of the empty pipe `used`. */
static pthread_t start_reader(int *fds)
{
	pthread_t t;

	ASSERT_OK(pipe(fds));
	used = fds[0];
	reader = 0;
	ASSERT_EQ(pthread_create(&t, NULL, read_one, NULL), 0);
	while (!reader)
		sched_yield();
	wait_until_blocked(reader);
	return t;
}

TEST(dup, "a read that sleeps goes on with its file when another thread closes the descriptor")
{
	void *got;
	int fds[2];
	pthread_t t = start_reader(fds);

	EXPECT_OK(close(used));
	EXPECT_EQ(write(fds[1], "c", 1), 1);
	EXPECT_EQ(pthread_join(t, &got), 0);
	EXPECT_EQ((long)got, 'c');
	signal(SIGPIPE, SIG_IGN);
	EXPECT_ERRNO(write(fds[1], "c", 1), EPIPE);
}

TEST(dup, "a read that sleeps goes on with its file when another thread puts a second in its place")
{
	void *got;
	int fds[2], zero = ASSERT_OK(open("/dev/zero", O_RDONLY));
	pthread_t t = start_reader(fds);
	char c = 1;

	EXPECT_OK(dup2(zero, used));
	EXPECT_EQ(read(used, &c, 1), 1);
	EXPECT_EQ(c, 0);
	EXPECT_EQ(write(fds[1], "d", 1), 1);
	EXPECT_EQ(pthread_join(t, &got), 0);
	EXPECT_EQ((long)got, 'd');
}

static volatile bool enough;
static volatile long strange;

static void *use_it(void *arg)
{
	(void)arg;
	while (!enough) {
		char c = 1;
		ssize_t n = read(used, &c, 1);

		if (!(n == 1 && c == 0) && !(n == 0 && c == 1) && !(n < 0 && errno == EBADF))
			strange++;
	}
	return NULL;
}

TEST(dup, "a descriptor closed and replaced two thousand times under three that read it: old, new or EBADF")
{
	int zero = ASSERT_OK(open("/dev/zero", O_RDONLY)), null = ASSERT_OK(open("/dev/null", O_RDONLY));
	pthread_t t[3];

	used = 300;
	ASSERT_OK(dup2(zero, used));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(pthread_create(&t[i], NULL, use_it, NULL), 0);
	for (int i = 0; i < 2000; i++) {
		ASSERT_OK(dup2(i & 1 ? zero : null, used));
		if (i % 3 == 0)
			ASSERT_OK(close(used));
	}
	enough = true;
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(pthread_join(t[i], NULL), 0);
	EXPECT_EQ(strange, 0);
}
