// SPDX-License-Identifier: BSD-2-Clause
/*
 * Record locks in depth: what splits, joins and changes kind, where ranges are counted from, deadlock; and the
 * descriptor's other controls, by fcntl and ioctl.
 */
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#include "ktap.h"

#define FIOQSIZE_ 0x5460

static int file;

static void ignore(int sig) { (void)sig; }

static void set_up(void)
{
	scratch();
	file = scratch_file("f", "0123456789012345678901234567890123456789", 0644);
}

static long lock(int kind, int whence, off_t start, off_t len)
{
	struct flock l = { .l_type = kind, .l_whence = whence, .l_start = start, .l_len = len };

	return fcntl(file, F_SETLK, &l);
}

/* What another process meets from `start` on, as "W 10 5". */
static void expect_met(off_t start, off_t len, const char *want)
{
	char *got = shared_page();
	pid_t child = ktap_fork();

	if (!child) {
		struct flock l = { .l_type = F_WRLCK, .l_start = start, .l_len = len };

		ASSERT_OK(fcntl(file, F_GETLK, &l));
		if (l.l_type == F_UNLCK)
			strcpy(got, "free");
		else
			sprintf(got, "%c %ld %ld", l.l_type == F_WRLCK ? 'W' : 'R', (long)l.l_start, (long)l.l_len);
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
	EXPECT_STREQ(got, want);
}

TEST(locks, "unlocking the middle leaves both ends")
{
	set_up();
	EXPECT_OK(lock(F_WRLCK, SEEK_SET, 10, 20));
	EXPECT_OK(lock(F_UNLCK, SEEK_SET, 15, 5));
	expect_met(0, 0, "W 10 5");
	expect_met(15, 5, "free");
	expect_met(15, 0, "W 20 10");
}

TEST(locks, "another kind in the middle makes three")
{
	set_up();
	EXPECT_OK(lock(F_RDLCK, SEEK_SET, 10, 20));
	EXPECT_OK(lock(F_WRLCK, SEEK_SET, 15, 5));
	expect_met(10, 1, "R 10 5");
	expect_met(16, 1, "W 15 5");
	expect_met(25, 1, "R 20 10");
}

TEST(locks, "neighbours and overlaps of one kind become one")
{
	set_up();
	EXPECT_OK(lock(F_WRLCK, SEEK_SET, 10, 5));
	EXPECT_OK(lock(F_WRLCK, SEEK_SET, 15, 5));
	expect_met(0, 0, "W 10 10");
	EXPECT_OK(lock(F_WRLCK, SEEK_SET, 5, 8));
	expect_met(0, 0, "W 5 15");
	EXPECT_OK(lock(F_WRLCK, SEEK_SET, 0, 0));
	expect_met(0, 0, "W 0 0");
}

TEST(locks, "a lock over the beginning or the end of one of another kind shortens it")
{
	set_up();
	EXPECT_OK(lock(F_RDLCK, SEEK_SET, 10, 10));
	EXPECT_OK(lock(F_WRLCK, SEEK_SET, 5, 10));
	expect_met(15, 1, "R 15 5");
	EXPECT_OK(lock(F_WRLCK, SEEK_SET, 18, 10));
	expect_met(15, 2, "R 15 3");
	EXPECT_OK(lock(F_UNLCK, SEEK_SET, 0, 16));
	expect_met(0, 18, "R 16 2");
}

TEST(locks, "ranges from the position, from the end, and with a negative length")
{
	set_up();
	lseek(file, 12, SEEK_SET);
	EXPECT_OK(lock(F_WRLCK, SEEK_CUR, 2, 3));
	expect_met(0, 0, "W 14 3");
	EXPECT_OK(lock(F_UNLCK, SEEK_SET, 0, 0));
	EXPECT_OK(lock(F_WRLCK, SEEK_END, -5, 5));
	expect_met(0, 0, "W 35 5");
	EXPECT_OK(lock(F_UNLCK, SEEK_SET, 0, 0));
	EXPECT_OK(lock(F_WRLCK, SEEK_SET, 10, -4));
	expect_met(0, 0, "W 6 4");
	EXPECT_ERRNO(lock(F_WRLCK, SEEK_SET, 3, -4), EINVAL);
	EXPECT_ERRNO(lock(F_WRLCK, SEEK_SET, -3, 4), EINVAL);
	EXPECT_ERRNO(lock(F_WRLCK, 7, 0, 4), EINVAL);
	EXPECT_ERRNO(lock(7, SEEK_SET, 0, 4), EINVAL);
}

TEST(locks, "two that wait for each other: EDEADLK for the second")
{
	struct gate got = gate_new(), have = gate_new();
	struct flock first = { .l_type = F_WRLCK, .l_start = 0, .l_len = 1 };
	struct flock second = { .l_type = F_WRLCK, .l_start = 1, .l_len = 1 };
	pid_t child;

	set_up();
	child = ktap_fork();
	if (!child) {
		ASSERT_OK(fcntl(file, F_SETLK, &second));
		gate_open(&got);
		gate_wait(&have);
		EXPECT_OK(fcntl(file, F_SETLKW, &first));
		_exit(0);
	}
	gate_wait(&got);
	ASSERT_OK(fcntl(file, F_SETLK, &first));
	gate_open(&have);
	wait_until_blocked(child);
	EXPECT_ERRNO(fcntl(file, F_SETLKW, &second), EDEADLK);
	first.l_type = F_UNLCK;
	EXPECT_OK(fcntl(file, F_SETLK, &first));
	EXPECT_EXIT(child, 0);
}

/* A child that has the lock of byte `has` and waits for that of byte `wants`. */
static pid_t lock_and_wait(int has, int wants)
{
	pid_t child = ktap_fork();

	if (!child) {
		struct flock l = { .l_type = F_WRLCK, .l_start = wants, .l_len = 1 };

		ASSERT_OK(lock(F_WRLCK, SEEK_SET, has, 1));
		EXPECT_OK(fcntl(file, F_SETLKW, &l));
		_exit(0);
	}
	wait_until_blocked(child);
	return child;
}

TEST(locks, "a circle of three is a deadlock too, and no longer one when a signal has ended a wait")
{
	struct flock second = { .l_type = F_WRLCK, .l_start = 1, .l_len = 1 };
	pid_t a, b;

	set_up();
	ASSERT_OK(lock(F_WRLCK, SEEK_SET, 0, 1));
	a = lock_and_wait(2, 0);
	b = lock_and_wait(1, 2);
	EXPECT_ERRNO(fcntl(file, F_SETLKW, &second), EDEADLK);
	kill(a, SIGKILL);
	EXPECT_KILLED(a, SIGKILL);
	EXPECT_EXIT(b, 0);
	EXPECT_OK(fcntl(file, F_SETLKW, &second));
}

TEST(locks, "a wait that a signal ended is part of no circle")
{
	struct flock first = { .l_type = F_WRLCK, .l_start = 0, .l_len = 1 };
	struct flock second = { .l_type = F_WRLCK, .l_start = 1, .l_len = 1 };
	struct gate over = gate_new(), gate = gate_new();
	pid_t child;

	set_up();
	ASSERT_OK(lock(F_WRLCK, SEEK_SET, 0, 1));
	child = ktap_fork();
	if (!child) {
		handle(SIGUSR1, ignore, 0);
		ASSERT_OK(fcntl(file, F_SETLK, &second));
		EXPECT_ERRNO(fcntl(file, F_SETLKW, &first), EINTR);
		gate_open(&over);
		gate_wait(&gate);
		_exit(0);
	}
	wait_until_blocked(child);
	kill(child, SIGUSR1);
	gate_wait(&over);
	gate_open(&gate);
	EXPECT_OK(fcntl(file, F_SETLKW, &second));
	EXPECT_EXIT(child, 0);
}

TEST(locks, "who makes an exclusive flock a shared one lets in those who wait for a shared one")
{
	pid_t child;

	set_up();
	ASSERT_OK(flock(file, LOCK_EX));
	child = ktap_fork();
	if (!child)
		_exit(flock(ASSERT_OK(open("f", O_RDWR)), LOCK_SH) == 0 ? 9 : 1);
	wait_until_blocked(child);
	EXPECT_OK(flock(file, LOCK_SH));
	EXPECT_EXIT(child, 9);
}

TEST(locks, "a caught signal ends the wait with EINTR, for records and for flock")
{
	struct flock l = { .l_type = F_WRLCK };
	int other;
	pid_t child;

	set_up();
	other = ASSERT_OK(open("f", O_RDWR));
	ASSERT_OK(fcntl(file, F_SETLK, &l));
	ASSERT_OK(flock(other, LOCK_EX));
	for (int kind = 0; kind < 2; kind++) {
		child = ktap_fork();
		if (!child) {
			int mine = ASSERT_OK(open("f", O_RDWR));

			handle(SIGUSR1, ignore, 0);
			EXPECT_ERRNO(kind ? flock(mine, LOCK_EX) : fcntl(mine, F_SETLKW, &l), EINTR);
			_exit(0);
		}
		wait_until_blocked(child);
		kill(child, SIGUSR1);
		EXPECT_EXIT(child, 0);
	}
	EXPECT_ERRNO(flock(other, 16), EINVAL);
	EXPECT_OK(flock(other, 32 | 64));
	EXPECT_ERRNO(flock(999, LOCK_EX), EBADF);
}

TEST(locks, "bad pointers of lock calls, kinds that open files' own locks refuse")
{
	struct flock l = { .l_type = F_WRLCK, .l_pid = 5 };

	set_up();
	EXPECT_ERRNO(fcntl(file, F_SETLK, NULL), EFAULT);
	EXPECT_ERRNO(fcntl(file, F_GETLK, NULL), EFAULT);
	EXPECT_ERRNO(fcntl(file, F_OFD_SETLK, &l), EINVAL);
	EXPECT_ERRNO(fcntl(file, F_OFD_GETLK, &l), EINVAL);
	l.l_type = F_UNLCK;
	EXPECT_ERRNO(fcntl(file, F_GETLK, &l), EINVAL);
}

TEST(locks, "F_SETOWN_EX names a thread, a process or a group, F_GETOWN_EX gives it back")
{
	struct f_owner_ex owner = { F_OWNER_TID, getpid() }, got = { 9, 9 };
	int fds[2];

	ASSERT_OK(pipe(fds));
	EXPECT_OK(fcntl(fds[0], F_SETOWN_EX, &owner));
	EXPECT_OK(fcntl(fds[0], F_GETOWN_EX, &got));
	EXPECT_EQ(got.type, F_OWNER_TID);
	EXPECT_EQ(got.pid, getpid());
	owner.type = F_OWNER_PGRP;
	owner.pid = getpgrp();
	EXPECT_OK(fcntl(fds[0], F_SETOWN_EX, &owner));
	EXPECT_OK(fcntl(fds[0], F_GETOWN_EX, &got));
	EXPECT_EQ(got.type, F_OWNER_PGRP);
	EXPECT_EQ(got.pid, getpgrp());
	owner.type = 3;
	EXPECT_ERRNO(fcntl(fds[0], F_SETOWN_EX, &owner), EINVAL);
	owner.type = F_OWNER_PID;
	owner.pid = 999999;
	EXPECT_ERRNO(fcntl(fds[0], F_SETOWN_EX, &owner), ESRCH);
	EXPECT_ERRNO(fcntl(fds[0], F_SETOWN_EX, NULL), EFAULT);
	EXPECT_ERRNO(fcntl(fds[0], F_GETOWN_EX, NULL), EFAULT);
}

TEST(locks, "F_SETSIG keeps a signal, one that is none is EINVAL")
{
	int fds[2];

	ASSERT_OK(pipe(fds));
	EXPECT_EQ(fcntl(fds[0], F_GETSIG), 0);
	EXPECT_OK(fcntl(fds[0], F_SETSIG, SIGRTMIN));
	EXPECT_EQ(fcntl(fds[0], F_GETSIG), SIGRTMIN);
	EXPECT_ERRNO(fcntl(fds[0], F_SETSIG, 65), EINVAL);
}

TEST(locks, "a hint of how long written data lives is the file's")
{
	uint64_t hint = 77;
	int other;

	set_up();
	EXPECT_OK(fcntl(file, F_GET_RW_HINT, &hint));
	EXPECT_EQ(hint, 0);
	hint = RWH_WRITE_LIFE_LONG;
	EXPECT_OK(fcntl(file, F_SET_RW_HINT, &hint));
	other = ASSERT_OK(open("f", O_RDONLY));
	hint = 0;
	EXPECT_OK(fcntl(other, F_GET_RW_HINT, &hint));
	EXPECT_EQ(hint, RWH_WRITE_LIFE_LONG);
	hint = 6;
	EXPECT_ERRNO(fcntl(file, F_SET_RW_HINT, &hint), EINVAL);
	EXPECT_ERRNO(fcntl(file, F_SET_RW_HINT, NULL), EFAULT);
	EXPECT_ERRNO(fcntl(file, F_GET_RW_HINT, NULL), EFAULT);
}

TEST(locks, "ioctls of every descriptor: FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC")
{
	int on = 1;

	set_up();
	EXPECT_OK(ioctl(file, FIOCLEX));
	EXPECT_EQ(fcntl(file, F_GETFD), FD_CLOEXEC);
	EXPECT_OK(ioctl(file, FIONCLEX));
	EXPECT_EQ(fcntl(file, F_GETFD), 0);
	EXPECT_OK(ioctl(file, FIONBIO, &on));
	EXPECT_EQ(fcntl(file, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	on = 0;
	EXPECT_OK(ioctl(file, FIONBIO, &on));
	EXPECT_EQ(fcntl(file, F_GETFL) & O_NONBLOCK, 0);
	EXPECT_OK(ioctl(file, FIOASYNC, &on));
	on = 1;
	EXPECT_ERRNO(ioctl(file, FIOASYNC, &on), ENOTTY);
	EXPECT_ERRNO(ioctl(file, FIONBIO, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(file, FIOASYNC, NULL), EFAULT);
}

TEST(locks, "ioctls of files: FIONREAD, FIOQSIZE, FIGETBSZ")
{
	int n = 0, fds[2];
	long long size = 0;

	set_up();
	lseek(file, 10, SEEK_SET);
	EXPECT_OK(ioctl(file, FIONREAD, &n));
	EXPECT_EQ(n, 30);
	EXPECT_OK(ioctl(file, FIOQSIZE_, &size));
	EXPECT_EQ(size, 4096);
	EXPECT_OK(ioctl(file, FIGETBSZ, &n));
	EXPECT_EQ(n, 4096);
	ASSERT_OK(pipe(fds));
	EXPECT_ERRNO(ioctl(fds[0], FIOQSIZE_, &size), ENOTTY);
	EXPECT_ERRNO(ioctl(file, FIONREAD, NULL), EFAULT);
}
