// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pipes: what flows, who waits for whom, how the ends close, and how much fits.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "ktap.h"

static int fds[2];

static void make_pipe(int flags)
{
	ASSERT_OK(pipe2(fds, flags));
}

/* Fill a non-blocking pipe; returns the bytes it took. */
static long fill(int fd, size_t chunk)
{
	static char bytes[65536];
	long total = 0, n;

	while ((n = write(fd, bytes, chunk)) > 0)
		total += n;
	EXPECT_ERRNO(n, EAGAIN);
	return total;
}

TEST(pipe, "bytes come out in the order they went in")
{
	char out[8] = "";

	make_pipe(0);
	EXPECT_EQ(write(fds[1], "abc", 3), 3);
	EXPECT_EQ(write(fds[1], "def", 3), 3);
	EXPECT_EQ(read(fds[0], out, 4), 4);
	EXPECT_EQ(read(fds[0], out + 4, 4), 2);
	EXPECT_MEMEQ(out, "abcdef", 6);
}

TEST(pipe, "the two descriptors are the lowest free ones, the reading end first")
{
	int low = ASSERT_OK(dup(0));

	close(low);
	make_pipe(0);
	EXPECT_EQ(fds[0], low);
	EXPECT_EQ(fds[1], low + 1);
}

TEST(pipe, "a read from an empty pipe with no writer returns 0")
{
	char c;

	make_pipe(0);
	close(fds[1]);
	EXPECT_EQ(read(fds[0], &c, 1), 0);
	EXPECT_EQ(read(fds[0], &c, 1), 0);
}

TEST(pipe, "what was written before the writer closed is still read, then 0")
{
	char out[4];

	make_pipe(0);
	EXPECT_EQ(write(fds[1], "xy", 2), 2);
	close(fds[1]);
	EXPECT_EQ(read(fds[0], out, 4), 2);
	EXPECT_EQ(read(fds[0], out, 4), 0);
}

TEST(pipe, "a write with no reader raises SIGPIPE")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		make_pipe(0);
		close(fds[0]);
		write(fds[1], "x", 1);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGPIPE);
}

TEST(pipe, "a write with no reader is EPIPE when SIGPIPE is ignored")
{
	signal(SIGPIPE, SIG_IGN);
	make_pipe(0);
	close(fds[0]);
	EXPECT_ERRNO(write(fds[1], "x", 1), EPIPE);
}

TEST(pipe, "a write of 0 bytes with no reader succeeds")
{
	make_pipe(0);
	close(fds[0]);
	EXPECT_EQ(write(fds[1], "x", 0), 0);
}

TEST(pipe, "reading the writing end and writing the reading end are EBADF")
{
	char c = 0;

	make_pipe(0);
	EXPECT_ERRNO(read(fds[1], &c, 1), EBADF);
	EXPECT_ERRNO(write(fds[0], &c, 1), EBADF);
}

TEST(pipe, "a non-blocking read from an empty pipe with a writer is EAGAIN")
{
	char c;

	make_pipe(O_NONBLOCK);
	EXPECT_ERRNO(read(fds[0], &c, 1), EAGAIN);
}

TEST(pipe, "O_NONBLOCK and O_CLOEXEC of pipe2 are set on both ends")
{
	make_pipe(O_NONBLOCK | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		EXPECT_TRUE(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
	}
}

TEST(pipe, "pipe2 refuses flags it does not know")
{
	EXPECT_ERRNO(pipe2(fds, O_CREAT), EINVAL);
	EXPECT_ERRNO(pipe2(fds, 1 << 30), EINVAL);
}

TEST(pipe, "pipe2 with a bad pointer is EFAULT and leaks no descriptor")
{
	int low = ASSERT_OK(dup(0));

	close(low);
	EXPECT_ERRNO(pipe2((int *)1, 0), EFAULT);
	EXPECT_EQ(dup(0), low);
	EXPECT_EQ(dup(0), low + 1);
}

TEST(pipe, "access modes are O_RDONLY and O_WRONLY")
{
	make_pipe(0);
	EXPECT_EQ(fcntl(fds[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	EXPECT_EQ(fcntl(fds[1], F_GETFL) & O_ACCMODE, O_WRONLY);
}

TEST(pipe, "a pipe holds 65536 bytes")
{
	make_pipe(O_NONBLOCK);
	EXPECT_EQ(fill(fds[1], 4096), 65536);
}

TEST(pipe, "F_GETPIPE_SZ tells 65536 and F_SETPIPE_SZ changes it to a power of two")
{
	make_pipe(O_NONBLOCK);
	EXPECT_EQ(fcntl(fds[0], F_GETPIPE_SZ), 65536);
	EXPECT_EQ(fcntl(fds[1], F_SETPIPE_SZ, 5000), 8192);
	EXPECT_EQ(fill(fds[1], 4096), 8192);
	EXPECT_ERRNO(fcntl(fds[1], F_SETPIPE_SZ, 4096), EBUSY);
}

TEST(pipe, "a small write goes behind the last bytes, up to a page's last one")
{
	static char bytes[4095];

	make_pipe(O_NONBLOCK);
	for (int i = 0; i < 16; i++) {
		EXPECT_EQ(write(fds[1], bytes, sizeof(bytes)), sizeof(bytes));
		EXPECT_EQ(write(fds[1], bytes, 1), 1);
	}
	EXPECT_ERRNO(write(fds[1], bytes, 1), EAGAIN);
}

TEST(pipe, "a change of size keeps what is inside, in its order, and is EBUSY when that does not fit")
{
	static char page[4096];

	make_pipe(0);
	for (int i = 0; i < 6; i++) {		/* the first two are read: what is left begins in the middle */
		page[0] = 'a' + i;
		EXPECT_EQ(write(fds[1], page, sizeof(page)), sizeof(page));
		if (i < 2)
			EXPECT_EQ(read(fds[0], page, sizeof(page)), sizeof(page));
	}
	EXPECT_ERRNO(fcntl(fds[1], F_SETPIPE_SZ, 2 * 4096), EBUSY);
	EXPECT_EQ(fcntl(fds[1], F_SETPIPE_SZ, 4 * 4096), 4 * 4096);
	EXPECT_EQ(fcntl(fds[1], F_SETPIPE_SZ, 32 * 4096), 32 * 4096);
	for (int i = 2; i < 6; i++) {
		EXPECT_EQ(read(fds[0], page, sizeof(page)), sizeof(page));
		EXPECT_EQ(page[0], 'a' + i);
	}
}

TEST(pipe, "a pipe made larger wakes the writer that waits for room")
{
	static char bytes[20000];
	pid_t pid;

	make_pipe(0);
	EXPECT_EQ(fcntl(fds[1], F_SETPIPE_SZ, 4096), 4096);
	pid = ktap_fork();
	if (pid == 0)
		_exit(write(fds[1], bytes, sizeof(bytes)) == sizeof(bytes) ? 9 : 1);
	wait_until_blocked(pid);
	EXPECT_EQ(fcntl(fds[0], F_SETPIPE_SZ, 65536), 65536);
	EXPECT_EXIT(pid, 9);
}

TEST(pipe, "beyond a mebibyte only the privileged make one larger")
{
	make_pipe(0);
	EXPECT_EQ(fcntl(fds[1], F_SETPIPE_SZ, 2 << 20), 2 << 20);
	become_nobody();
	make_pipe(0);
	EXPECT_ERRNO(fcntl(fds[1], F_SETPIPE_SZ, 2 << 20), EPERM);
	EXPECT_EQ(fcntl(fds[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
}

TEST(pipe, "a big write to a non-blocking pipe writes what fits")
{
	static char bytes[70000];

	make_pipe(O_NONBLOCK);
	EXPECT_EQ(write(fds[1], bytes, sizeof(bytes)), 65536);
	EXPECT_ERRNO(write(fds[1], bytes, 1), EAGAIN);
}

TEST(pipe, "a write of PIPE_BUF bytes or less is all or nothing")
{
	static char bytes[65536];

	make_pipe(O_NONBLOCK);
	EXPECT_EQ(write(fds[1], bytes, 65536 - 4000), 65536 - 4000);
	EXPECT_ERRNO(write(fds[1], bytes, 4096), EAGAIN);
}

TEST(pipe, "a blocked reader wakes when bytes come")
{
	struct gate gate = gate_new();
	pid_t pid;
	char c;

	make_pipe(0);
	pid = ktap_fork();
	if (pid == 0) {
		close(fds[1]);
		gate_open(&gate);
		_exit(read(fds[0], &c, 1) == 1 && c == 'w' ? 9 : 1);
	}
	gate_wait(&gate);
	wait_until_blocked(pid);
	EXPECT_EQ(write(fds[1], "w", 1), 1);
	EXPECT_EXIT(pid, 9);
}

TEST(pipe, "a blocked reader wakes with 0 when the last writer closes")
{
	pid_t pid;
	char c;

	make_pipe(0);
	pid = ktap_fork();
	if (pid == 0) {
		close(fds[1]);
		_exit(read(fds[0], &c, 1) == 0 ? 9 : 1);
	}
	wait_until_blocked(pid);
	close(fds[1]);
	EXPECT_EXIT(pid, 9);
}

TEST(pipe, "a blocked writer wakes when room is made and writes everything")
{
	static char bytes[100000], back[100000];
	size_t got = 0;
	ssize_t n;
	pid_t pid;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 + (i >> 8);
	make_pipe(0);
	pid = ktap_fork();
	if (pid == 0)
		_exit(write(fds[1], bytes, sizeof(bytes)) == sizeof(bytes) ? 9 : 1);
	close(fds[1]);
	wait_until_blocked(pid);
	while ((n = read(fds[0], back + got, sizeof(back) - got)) > 0)
		got += n;
	EXPECT_EQ(got, sizeof(back));
	EXPECT_MEMEQ(back, bytes, sizeof(bytes));
	EXPECT_EXIT(pid, 9);
}

TEST(pipe, "a sleeping reader is woken by a writer that then waits for room itself")
{
	static char bytes[100000];
	size_t got = 0;
	ssize_t n;
	pid_t pid;

	make_pipe(0);
	pid = ktap_fork();
	if (pid == 0) {
		close(fds[1]);
		while ((n = read(fds[0], bytes, sizeof(bytes))) > 0)
			got += n;
		_exit(got == sizeof(bytes) ? 9 : 1);
	}
	wait_until_blocked(pid);
	EXPECT_EQ(write(fds[1], bytes, sizeof(bytes)), sizeof(bytes));
	close(fds[1]);
	EXPECT_EXIT(pid, 9);
}

TEST(pipe, "a blocked writer gets SIGPIPE when the last reader closes")
{
	static char bytes[70000];
	pid_t pid;

	make_pipe(0);
	pid = ktap_fork();
	if (pid == 0) {
		close(fds[0]);
		write(fds[1], bytes, sizeof(bytes));
		_exit(1);
	}
	wait_until_blocked(pid);
	close(fds[0]);
	EXPECT_KILLED(pid, SIGPIPE);
}

TEST(pipe, "FIONREAD counts the bytes inside")
{
	int n = -1;

	make_pipe(0);
	EXPECT_OK(ioctl(fds[0], FIONREAD, &n));
	EXPECT_EQ(n, 0);
	EXPECT_EQ(write(fds[1], "12345", 5), 5);
	EXPECT_OK(ioctl(fds[0], FIONREAD, &n));
	EXPECT_EQ(n, 5);
}

TEST(pipe, "lseek, pread and pwrite are ESPIPE")
{
	char c = 0;

	make_pipe(0);
	EXPECT_ERRNO(lseek(fds[0], 0, SEEK_CUR), ESPIPE);
	EXPECT_ERRNO(pread(fds[0], &c, 1, 0), ESPIPE);
	EXPECT_ERRNO(pwrite(fds[1], &c, 1, 0), ESPIPE);
}

TEST(pipe, "fstat tells a FIFO with mode 0600")
{
	struct stat st;

	make_pipe(0);
	EXPECT_OK(fstat(fds[0], &st));
	EXPECT_EQ(st.st_mode, S_IFIFO | 0600);
	EXPECT_EQ(st.st_nlink, 1);
	EXPECT_EQ(st.st_size, 0);
}

TEST(pipe, "poll tells readable, writable and hung up")
{
	struct pollfd p[2];

	make_pipe(0);
	p[0] = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	EXPECT_EQ(poll(p, 2, 0), 1);
	EXPECT_EQ(p[0].revents, 0);
	EXPECT_EQ(p[1].revents, POLLOUT);
	write(fds[1], "x", 1);
	EXPECT_EQ(poll(p, 1, 0), 1);
	EXPECT_EQ(p[0].revents, POLLIN);
	close(fds[1]);
	EXPECT_EQ(poll(p, 1, 0), 1);
	EXPECT_EQ(p[0].revents, POLLIN | POLLHUP);
}

TEST(pipe, "poll on the writing end without a reader tells POLLERR")
{
	struct pollfd p;

	make_pipe(0);
	close(fds[0]);
	p = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLOUT | POLLERR);
}

TEST(pipe, "O_DIRECT keeps packets apart and drops the rest of a short read")
{
	char out[8];

	make_pipe(O_DIRECT);
	EXPECT_EQ(write(fds[1], "first", 5), 5);
	EXPECT_EQ(write(fds[1], "second", 6), 6);
	EXPECT_EQ(read(fds[0], out, 3), 3);
	EXPECT_EQ(read(fds[0], out, 8), 6);
	EXPECT_MEMEQ(out, "second", 6);
}

TEST(pipe, "a read takes one packet, however much more room it has")
{
	char out[16];

	make_pipe(O_DIRECT);
	write(fds[1], "abc", 3);
	write(fds[1], "de", 2);
	EXPECT_EQ(read(fds[0], out, sizeof(out)), 3);
	EXPECT_EQ(read(fds[0], out, sizeof(out)), 2);
	EXPECT_MEMEQ(out, "de", 2);
}

TEST(pipe, "a FIFO without a first writer is not hung up, after its last one it is")
{
	struct pollfd p = { .events = POLLIN };
	int writer;

	scratch();
	ASSERT_OK(mkfifo("p", 0600));
	p.fd = ASSERT_OK(open("p", O_RDONLY | O_NONBLOCK));
	EXPECT_EQ(poll(&p, 1, 0), 0);
	writer = ASSERT_OK(open("p", O_WRONLY));
	EXPECT_EQ(poll(&p, 1, 0), 0);
	close(writer);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLHUP);
}

TEST(pipe, "a reader that waits for a FIFO's writer is let through by one that is gone at once")
{
	pid_t pid;
	int fd;

	scratch();
	ASSERT_OK(mkfifo("p", 0600));
	pid = ktap_fork();
	if (pid == 0)
		_exit(open("p", O_RDONLY) >= 0 ? 9 : 1);
	wait_until_blocked(pid);
	fd = ASSERT_OK(open("p", O_WRONLY | O_NONBLOCK));
	close(fd);
	EXPECT_EXIT(pid, 9);
}

TEST(pipe, "a FIFO's times: of access by reading, of change by writing")
{
	static const struct timespec epoch[2];
	struct stat st;
	char c;
	int fd;

	scratch();
	ASSERT_OK(mkfifo("p", 0600));
	fd = ASSERT_OK(open("p", O_RDWR));
	ASSERT_OK(futimens(fd, epoch));
	EXPECT_EQ(write(fd, "x", 1), 1);
	ASSERT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_atime, 0);
	EXPECT_NE(st.st_mtime, 0);
	EXPECT_EQ(read(fd, &c, 1), 1);
	ASSERT_OK(fstat(fd, &st));
	EXPECT_NE(st.st_atime, 0);
}

TEST(pipe, "two writers never mix within PIPE_BUF")
{
	char block[512];
	pid_t pids[2];

	make_pipe(0);
	for (int w = 0; w < 2; w++) {
		pids[w] = ktap_fork();
		if (pids[w] == 0) {
			memset(block, 'a' + w, sizeof(block));
			for (int i = 0; i < 200; i++)
				if (write(fds[1], block, sizeof(block)) != sizeof(block))
					_exit(1);
			_exit(0);
		}
	}
	close(fds[1]);
	for (int i = 0; i < 400; i++) {
		for (size_t got = 0; got < sizeof(block);)
			got += ASSERT_OK(read(fds[0], block + got, sizeof(block) - got));
		for (size_t k = 1; k < sizeof(block); k++)
			ASSERT_EQ(block[k], block[0]);
	}
	EXPECT_EXIT(pids[0], 0);
	EXPECT_EXIT(pids[1], 0);
}

static void nothing(int sig)
{
	(void)sig;
}

TEST(pipe, "a caught signal ends a blocked read with EINTR")
{
	pid_t pid;
	char c;

	make_pipe(0);
	handle(SIGUSR1, nothing, 0);
	pid = ktap_fork();
	if (pid == 0)
		_exit(read(fds[0], &c, 1) == -1 && errno == EINTR ? 9 : 1);
	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	EXPECT_EXIT(pid, 9);
}

TEST(pipe, "with SA_RESTART a blocked read goes on after the handler")
{
	pid_t pid;
	char c;

	make_pipe(0);
	handle(SIGUSR1, nothing, SA_RESTART);
	pid = ktap_fork();
	if (pid == 0)
		_exit(read(fds[0], &c, 1) == 1 && c == 'r' ? 9 : 1);
	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	EXPECT_EQ(write(fds[1], "r", 1), 1);
	EXPECT_EXIT(pid, 9);
}

TEST(pipe, "an end is opened again through /proc/self/fd without waiting for the other")
{
	char path[32], c;
	int fds[2], again;

	ASSERT_EQ(pipe(fds), 0);
	ASSERT_EQ(write(fds[1], "x", 1), 1);
	close(fds[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	again = ASSERT_OK(open(path, O_RDONLY));
	EXPECT_EQ(read(again, &c, 1), 1);
	EXPECT_EQ(read(again, &c, 1), 0);
	close(again);
	close(fds[0]);
}

TEST(pipe, "of O_DIRECT only the writing end knows, and notification pipes are not there")
{
	int fds[2];

	ASSERT_EQ(pipe2(fds, O_DIRECT | O_NONBLOCK), 0);
	EXPECT_EQ(fcntl(fds[0], F_GETFL), O_RDONLY | O_NONBLOCK);
	EXPECT_EQ(fcntl(fds[1], F_GETFL), O_WRONLY | O_NONBLOCK | O_DIRECT);
	EXPECT_ERRNO(pipe2(fds, O_EXCL), ENOPKG);
	close(fds[0]);
	close(fds[1]);
}

TEST(pipe, "splice takes from /proc/mounts, but not from /dev/zero, an eventfd or what a process says of itself")
{
	static const char *const none[] = { "/dev/zero", "/dev/full", "/dev/null", "/proc/self/stat",
		"/proc/self/maps" };
	int fds[2], fd;

	ASSERT_EQ(pipe2(fds, O_NONBLOCK), 0);
	for (unsigned i = 0; i < sizeof(none) / sizeof(*none); i++) {
		fd = ASSERT_OK(open(none[i], O_RDONLY));
		EXPECT_ERRNO(splice(fd, NULL, fds[1], NULL, 10, 0), EINVAL);
		close(fd);
	}
	fd = ASSERT_OK(eventfd(1, 0));
	EXPECT_ERRNO(splice(fd, NULL, fds[1], NULL, 8, 0), EINVAL);
	close(fd);
	fd = ASSERT_OK(open("/proc/self/mounts", O_RDONLY));
	EXPECT_EQ(splice(fd, NULL, fds[1], NULL, 10, 0), 10);
	close(fd);
	close(fds[0]);
	close(fds[1]);
}

TEST(pipe, "a user's pipes have room for 16384 pages; then they get two each, and no larger")
{
	int last[2], before[2];

	become_nobody();
	for (int i = 0; i < 64; i++) {
		ASSERT_OK(pipe(i ? last : before));
		ASSERT_EQ(fcntl(i ? last[1] : before[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
	}
	ASSERT_OK(pipe(last));
	EXPECT_EQ(fcntl(last[1], F_GETPIPE_SZ), 2 * page_size());
	EXPECT_ERRNO(fcntl(last[1], F_SETPIPE_SZ, 4 * page_size()), EPERM);
	EXPECT_EQ(fcntl(last[1], F_SETPIPE_SZ, 1), page_size());
	close(before[0]);
	close(before[1]);
	EXPECT_EQ(fcntl(last[1], F_SETPIPE_SZ, 16 * page_size()), 16 * page_size());
}
