// SPDX-License-Identifier: BSD-2-Clause
/*
 * fcntl: flags, copies, record locks, leases of nothing.
 */
#include <sys/file.h>
#include <sys/sendfile.h>

#include "ktap.h"

TEST(fcntl, "F_DUPFD gives the lowest number from its argument on")
{
	EXPECT_EQ(fcntl(0, F_DUPFD, 50), 50);
	EXPECT_EQ(fcntl(0, F_DUPFD, 50), 51);
	EXPECT_EQ(fcntl(0, F_DUPFD_CLOEXEC, 50), 52);
	EXPECT_EQ(fcntl(52, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(51, F_GETFD), 0);
}

TEST(fcntl, "F_DUPFD from a negative number or beyond the limit is EINVAL")
{
	EXPECT_ERRNO(fcntl(0, F_DUPFD, -1), EINVAL);
	EXPECT_ERRNO(fcntl(0, F_DUPFD, sysconf(_SC_OPEN_MAX)), EINVAL);
}

TEST(fcntl, "F_SETFD sets and clears close-on-exec, other bits are ignored")
{
	int fd = ASSERT_OK(dup(0));

	EXPECT_OK(fcntl(fd, F_SETFD, FD_CLOEXEC | 0x40));
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_OK(fcntl(fd, F_SETFD, 0));
	EXPECT_EQ(fcntl(fd, F_GETFD), 0);
}

TEST(fcntl, "F_GETFL tells the access mode and the flags that last")
{
	scratch();
	int fd = ASSERT_OK(open("f", O_WRONLY | O_CREAT | O_TRUNC | O_EXCL | O_APPEND, 0644));

	EXPECT_EQ(fcntl(fd, F_GETFL) & ~0100000 & ~0400000, O_WRONLY | O_APPEND);
}

TEST(fcntl, "F_SETFL changes O_APPEND and O_NONBLOCK, never the access mode")
{
	scratch();
	int fd = ASSERT_OK(open("f", O_RDONLY | O_CREAT, 0644));

	EXPECT_OK(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK | O_APPEND));
	EXPECT_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND),
		  O_RDONLY | O_NONBLOCK | O_APPEND);
	EXPECT_OK(fcntl(fd, F_SETFL, 0));
	EXPECT_EQ(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND), 0);
}

TEST(fcntl, "a bad descriptor is EBADF and an unknown command EINVAL")
{
	EXPECT_ERRNO(fcntl(-1, F_GETFD), EBADF);
	EXPECT_ERRNO(fcntl(900, F_GETFL), EBADF);
	EXPECT_ERRNO(fcntl(0, 9999), EINVAL);
}

static struct flock lock(int type, long start, long len)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
}

TEST(fcntl, "a write lock of another process is EAGAIN for F_SETLK")
{
	struct gate held = gate_new(), done = gate_new();
	struct flock l = lock(F_WRLCK, 0, 10), far = lock(F_WRLCK, 10, 10);

	scratch();
	int fd = scratch_file("f", "", 0644);
	pid_t pid = ktap_fork();
	if (pid == 0) {
		EXPECT_OK(fcntl(fd, F_SETLK, &l));
		gate_open(&held);
		gate_wait(&done);
		_exit(0);
	}
	gate_wait(&held);
	EXPECT_ERRNO(fcntl(fd, F_SETLK, &l), EAGAIN);
	EXPECT_OK(fcntl(fd, F_SETLK, &far));
	gate_open(&done);
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(fcntl(fd, F_SETLK, &l));
}

TEST(fcntl, "F_GETLK names the holder and its range")
{
	struct gate held = gate_new(), done = gate_new();
	struct flock l = lock(F_WRLCK, 5, 7), ask = lock(F_RDLCK, 0, 0);

	scratch();
	int fd = scratch_file("f", "", 0644);
	EXPECT_OK(fcntl(fd, F_GETLK, &ask));
	EXPECT_EQ(ask.l_type, F_UNLCK);
	pid_t pid = ktap_fork();
	if (pid == 0) {
		EXPECT_OK(fcntl(fd, F_SETLK, &l));
		gate_open(&held);
		gate_wait(&done);
		_exit(0);
	}
	gate_wait(&held);
	ask = lock(F_RDLCK, 0, 0);
	EXPECT_OK(fcntl(fd, F_GETLK, &ask));
	EXPECT_EQ(ask.l_type, F_WRLCK);
	EXPECT_EQ(ask.l_pid, pid);
	EXPECT_EQ(ask.l_start, 5);
	EXPECT_EQ(ask.l_len, 7);
	gate_open(&done);
	EXPECT_EXIT(pid, 0);
}

TEST(fcntl, "F_SETLKW waits until the holder lets go")
{
	struct gate held = gate_new();
	struct flock l = lock(F_WRLCK, 0, 0), none = lock(F_UNLCK, 0, 0);
	int fds[2];
	char c;

	ASSERT_OK(pipe(fds));
	scratch();
	int fd = scratch_file("f", "", 0644);
	EXPECT_OK(fcntl(fd, F_SETLK, &l));
	pid_t pid = ktap_fork();
	if (pid == 0) {
		gate_open(&held);
		EXPECT_OK(fcntl(fd, F_SETLKW, &l));
		EXPECT_EQ(read(fds[0], &c, 1), 1);
		_exit(0);
	}
	gate_wait(&held);
	wait_until_blocked(pid);
	write(fds[1], "x", 1);
	EXPECT_OK(fcntl(fd, F_SETLK, &none));
	EXPECT_EXIT(pid, 0);
}

TEST(fcntl, "closing any descriptor of the file drops the process's locks")
{
	struct flock l = lock(F_WRLCK, 0, 0);

	scratch();
	int fd = scratch_file("f", "", 0644);
	EXPECT_OK(fcntl(fd, F_SETLK, &l));
	close(ASSERT_OK(open("f", O_RDONLY)));
	pid_t pid = ktap_fork();
	if (pid == 0)
		_exit(fcntl(fd, F_SETLK, &l) == 0 ? 0 : 1);
	EXPECT_EXIT(pid, 0);
}

TEST(fcntl, "a write lock needs a descriptor open for writing")
{
	struct flock w = lock(F_WRLCK, 0, 0), r = lock(F_RDLCK, 0, 0);

	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(fcntl(ASSERT_OK(open("f", O_RDONLY)), F_SETLK, &w), EBADF);
	EXPECT_ERRNO(fcntl(ASSERT_OK(open("f", O_WRONLY)), F_SETLK, &r), EBADF);
}

TEST(fcntl, "flock locks belong to the open file, so a forked copy holds them too")
{
	scratch();
	int fd = scratch_file("f", "", 0644);
	EXPECT_OK(flock(fd, LOCK_EX));
	pid_t pid = ktap_fork();
	if (pid == 0) {
		EXPECT_OK(flock(fd, LOCK_EX | LOCK_NB));
		EXPECT_ERRNO(flock(ASSERT_OK(open("f", O_RDWR)), LOCK_EX | LOCK_NB), EAGAIN);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(flock(fd, LOCK_UN));
	EXPECT_OK(flock(ASSERT_OK(open("f", O_RDWR)), LOCK_EX | LOCK_NB));
}

TEST(fcntl, "F_SETOWN and F_GETOWN keep a process and a group")
{
	int fds[2];

	ASSERT_OK(pipe(fds));
	EXPECT_OK(fcntl(fds[0], F_SETOWN, getpid()));
	EXPECT_EQ(fcntl(fds[0], F_GETOWN), getpid());
	EXPECT_OK(fcntl(fds[0], F_SETOWN, -getpgrp()));
	EXPECT_EQ(syscall(SYS_fcntl, fds[0], F_GETOWN) == -getpgrp() ||
		  fcntl(fds[0], F_GETOWN) == -getpgrp(), 1);
}

static long ofd_lock(int fd, int cmd, struct flock *lock, short type, pid_t pid)
{
	*lock = (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10, .l_pid = pid };
	return fcntl(fd, cmd, lock);
}

TEST(fcntl, "an open file's own lock: two openings of one process exclude each other, copies do not")
{
	int one, two, copy;
	struct flock lock;

	scratch();
	one = scratch_file("f", "", 0644);
	two = ASSERT_OK(open("f", O_RDWR));
	copy = ASSERT_OK(dup(one));
	EXPECT_ERRNO(ofd_lock(one, F_OFD_SETLK, &lock, F_WRLCK, 1), EINVAL);
	EXPECT_OK(ofd_lock(one, F_OFD_SETLK, &lock, F_WRLCK, 0));
	EXPECT_ERRNO(ofd_lock(two, F_OFD_SETLK, &lock, F_RDLCK, 0), EAGAIN);
	EXPECT_OK(ofd_lock(copy, F_OFD_SETLK, &lock, F_RDLCK, 0));
	EXPECT_OK(ofd_lock(two, F_OFD_SETLK, &lock, F_RDLCK, 0));
	EXPECT_OK(ofd_lock(two, F_OFD_GETLK, &lock, F_WRLCK, 0));
	EXPECT_EQ(lock.l_type, F_RDLCK);
	EXPECT_EQ(lock.l_pid, -1);
	EXPECT_EQ(lock.l_start, 10);
	EXPECT_EQ(lock.l_len, 10);
}

TEST(fcntl, "an open file's own lock goes with its last descriptor, not with the process's others")
{
	int one, two, other;
	struct flock lock;

	scratch();
	one = scratch_file("f", "", 0644);
	two = ASSERT_OK(open("f", O_RDWR));
	other = ASSERT_OK(open("f", O_RDWR));
	EXPECT_OK(ofd_lock(one, F_OFD_SETLK, &lock, F_WRLCK, 0));
	close(other);
	EXPECT_ERRNO(ofd_lock(two, F_OFD_SETLK, &lock, F_WRLCK, 0), EAGAIN);
	EXPECT_ERRNO(ofd_lock(two, F_SETLK, &lock, F_WRLCK, 0), EAGAIN);
	other = ASSERT_OK(dup(one));
	close(one);
	EXPECT_ERRNO(ofd_lock(two, F_OFD_SETLK, &lock, F_WRLCK, 0), EAGAIN);
	close(other);
	EXPECT_OK(ofd_lock(two, F_OFD_SETLK, &lock, F_WRLCK, 0));
}

TEST(fcntl, "flock's mandatory locks are gone: nothing happens, whatever the descriptor")
{
	EXPECT_EQ(syscall(SYS_flock, -1, 32 | LOCK_SH), 0);
	EXPECT_ERRNO(syscall(SYS_flock, -1, LOCK_SH), EBADF);
}

TEST(fcntl, "sendfile within one file leaves the position at the end of what was read")
{
	int fd;

	scratch();
	fd = scratch_file("f", "0123456789", 0644);
	EXPECT_EQ(sendfile(fd, fd, NULL, 24), 10);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 10);
}
