// SPDX-License-Identifier: BSD-2-Clause
/*
 * splice, tee and sendfile in depth: every pair of ends, offsets, waiting, and what is refused.
 */
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "ktap.h"

static int in[2], out[2];

static void ignore(int sig) { (void)sig; }

static void pipes(void)
{
	ASSERT_OK(pipe(in));
	ASSERT_OK(pipe(out));
}

static void expect_bytes(int fd, const char *want)
{
	char got[200] = "";

	EXPECT_EQ(read(fd, got, sizeof(got) - 1), strlen(want));
	EXPECT_STREQ(got, want);
}

TEST(splice, "from a pipe to a file: at its offset, or at one that is given and moved")
{
	loff_t at = 2;
	char got[20] = "";
	int file;

	scratch();
	pipes();
	file = scratch_file("f", "abcdefgh", 0644);
	write(in[1], "12345", 5);
	EXPECT_EQ(splice(in[0], NULL, file, &at, 3, 0), 3);
	EXPECT_EQ(at, 5);
	EXPECT_EQ(lseek(file, 0, SEEK_CUR), 0);
	EXPECT_EQ(splice(in[0], NULL, file, NULL, 100, 0), 2);
	EXPECT_EQ(lseek(file, 0, SEEK_CUR), 2);
	EXPECT_EQ(pread(file, got, sizeof(got), 0), 8);
	EXPECT_STREQ(got, "45123fgh");
}

TEST(splice, "from a file to a pipe, across pages, and 0 at its end")
{
	static char bytes[10000], got[10000];
	loff_t at = 100;
	size_t n = 0;
	int file;

	scratch();
	pipes();
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7;
	file = scratch_file("f", "", 0644);
	EXPECT_EQ(write(file, bytes, sizeof(bytes)), sizeof(bytes));
	EXPECT_EQ(splice(file, &at, in[1], NULL, sizeof(bytes), 0), sizeof(bytes) - 100);
	EXPECT_EQ(at, sizeof(bytes));
	EXPECT_EQ(splice(file, &at, in[1], NULL, 10, 0), 0);
	while (n < sizeof(bytes) - 100)
		n += ASSERT_OK(read(in[0], got + n, sizeof(got) - n));
	EXPECT_MEMEQ(got, bytes + 100, n);
}

TEST(splice, "between pipes it moves, whole pieces and parts of them")
{
	pipes();
	write(in[1], "abcdef", 6);
	EXPECT_EQ(splice(in[0], NULL, out[1], NULL, 2, 0), 2);
	expect_bytes(out[0], "ab");
	EXPECT_EQ(splice(in[0], NULL, out[1], NULL, 100, 0), 4);
	expect_bytes(out[0], "cdef");
	EXPECT_ERRNO(splice(in[0], NULL, out[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	close(in[1]);
	EXPECT_EQ(splice(in[0], NULL, out[1], NULL, 1, 0), 0);
}

TEST(splice, "of the devices random can be moved to a pipe, zero and null cannot")
{
	char got[64];
	int random = open("/dev/urandom", O_RDONLY), zero = open("/dev/zero", O_RDONLY),
	    null = open("/dev/null", O_RDONLY);

	pipes();
	EXPECT_EQ(splice(random, NULL, in[1], NULL, 64, 0), 64);
	EXPECT_EQ(read(in[0], got, sizeof(got)), 64);
	EXPECT_ERRNO(splice(zero, NULL, in[1], NULL, 64, 0), EINVAL);
	EXPECT_ERRNO(splice(null, NULL, in[1], NULL, 64, 0), EINVAL);
}

TEST(splice, "null swallows what a pipe gives, full does not take part")
{
	int null = open("/dev/null", O_WRONLY), full = open("/dev/full", O_WRONLY);

	pipes();
	write(in[1], "12345", 5);
	EXPECT_EQ(splice(in[0], NULL, null, NULL, 2, 0), 2);
	EXPECT_ERRNO(splice(in[0], NULL, full, NULL, 2, 0), EINVAL);
	expect_bytes(in[0], "345");
}

TEST(splice, "from and to a socket")
{
	int pair[2];

	pipes();
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	write(in[1], "hello", 5);
	EXPECT_EQ(splice(in[0], NULL, pair[0], NULL, 5, 0), 5);
	EXPECT_EQ(splice(pair[1], NULL, out[1], NULL, 100, 0), 5);
	expect_bytes(out[0], "hello");
	shutdown(pair[0], SHUT_WR);
	EXPECT_EQ(splice(pair[1], NULL, out[1], NULL, 100, 0), 0);
}

TEST(splice, "it waits for a pipe's bytes, and for its room")
{
	pid_t child;
	int file, size;
	char c;

	scratch();
	pipes();
	file = scratch_file("f", "", 0644);
	child = ktap_fork();
	if (!child) {
		close(in[1]);
		EXPECT_EQ(splice(in[0], NULL, file, NULL, 10, 0), 4);
		EXPECT_EQ(splice(in[0], NULL, file, NULL, 10, 0), 0);
		_exit(0);
	}
	wait_until_blocked(child);
	write(in[1], "four", 4);
	wait_until_blocked(child);
	close(in[1]);
	EXPECT_EXIT(child, 0);

	size = fcntl(out[1], F_SETPIPE_SZ, 4096);
	for (int i = 0; i < size; i += 4096)
		write(out[1], memset(malloc(4096), 'x', 4096), 4096);
	child = ktap_fork();
	if (!child) {
		loff_t at = 0;

		EXPECT_EQ(splice(file, &at, out[1], NULL, 4, 0), 4);
		_exit(0);
	}
	wait_until_blocked(child);
	for (int i = 0; i < size; i++)
		read(out[0], &c, 1);
	EXPECT_EXIT(child, 0);
	expect_bytes(out[0], "four");
}

TEST(splice, "a caught signal ends the waiting with EINTR, SPLICE_F_NONBLOCK with EAGAIN")
{
	pid_t child;
	int file;

	scratch();
	pipes();
	file = scratch_file("f", "", 0644);
	EXPECT_ERRNO(splice(in[0], NULL, file, NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
	child = ktap_fork();
	if (!child) {
		handle(SIGUSR1, ignore, 0);
		EXPECT_ERRNO(splice(in[0], NULL, file, NULL, 10, 0), EINTR);
		_exit(0);
	}
	wait_until_blocked(child);
	kill(child, SIGUSR1);
	EXPECT_EXIT(child, 0);
}

TEST(splice, "a pipe whose readers are gone: EPIPE and SIGPIPE")
{
	int file;

	scratch();
	pipes();
	file = scratch_file("f", "bytes", 0644);
	handle(SIGPIPE, SIG_IGN, 0);
	close(in[0]);
	EXPECT_ERRNO(splice(file, NULL, in[1], NULL, 5, 0), EPIPE);
	if (!ktap_fork()) {
		handle(SIGPIPE, SIG_DFL, 0);
		splice(file, NULL, in[1], NULL, 5, 0);
		_exit(0);
	}
	int status;

	wait(&status);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

TEST(splice, "refused: no pipe, the same pipe, an offset of a pipe, O_APPEND, wrong directions")
{
	void *fixed = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	loff_t at = 0;
	int file, append, readonly;

	scratch();
	pipes();
	file = scratch_file("f", "bytes", 0644);
	append = open("f", O_WRONLY | O_APPEND);
	readonly = open("f", O_RDONLY);
	write(in[1], "x", 1);
	EXPECT_ERRNO(splice(file, NULL, readonly, NULL, 1, 0), EBADF);
	EXPECT_ERRNO(splice(file, NULL, file, NULL, 1, 0), EINVAL);
	EXPECT_ERRNO(splice(in[0], NULL, in[1], NULL, 1, 0), EINVAL);
	EXPECT_ERRNO(splice(in[0], &at, file, NULL, 1, 0), ESPIPE);
	EXPECT_ERRNO(splice(file, NULL, in[1], &at, 1, 0), ESPIPE);
	EXPECT_ERRNO(splice(in[0], NULL, append, NULL, 1, 0), EINVAL);
	EXPECT_ERRNO(splice(in[0], NULL, readonly, NULL, 1, 0), EBADF);
	EXPECT_ERRNO(splice(in[1], NULL, file, NULL, 1, 0), EBADF);
	EXPECT_ERRNO(splice(in[0], NULL, file, NULL, 1, 0x80), EINVAL);
	EXPECT_ERRNO(splice(in[0], NULL, file, (loff_t *)8, 1, 0), EFAULT);
	/* written though nothing moves */
	EXPECT_ERRNO(splice(scratch_file("e", "", 0644), fixed, in[1], NULL, 1, 0), EFAULT);
	at = -1;
	EXPECT_ERRNO(splice(in[0], NULL, file, &at, 1, 0), EINVAL);
	EXPECT_EQ(splice(in[0], NULL, file, NULL, 0, 0), 0);
}

TEST(splice, "tee leaves the bytes where they are, waits, and refuses the same pipe")
{
	pipes();
	write(in[1], "abc", 3);
	EXPECT_EQ(tee(in[0], out[1], 2, 0), 2);
	expect_bytes(out[0], "ab");
	EXPECT_EQ(tee(in[0], out[1], 100, 0), 3);
	expect_bytes(out[0], "abc");
	expect_bytes(in[0], "abc");
	EXPECT_ERRNO(tee(in[0], out[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
	EXPECT_ERRNO(tee(in[0], in[1], 1, 0), EINVAL);
	EXPECT_ERRNO(tee(in[0], 0, 1, 0x80), EINVAL);
	close(in[1]);
	EXPECT_EQ(tee(in[0], out[1], 1, 0), 0);
}

TEST(splice, "sendfile: to a socket and a file, bad offsets, no input that cannot seek")
{
	int file, other, pair[2];
	off_t at = 1, *fixed;
	char got[10];

	scratch();
	pipes();
	file = scratch_file("f", "abcdef", 0644);
	other = scratch_file("g", "", 0644);
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	EXPECT_EQ(sendfile(pair[0], file, &at, 3), 3);
	EXPECT_EQ(read(pair[1], got, sizeof(got)), 3);
	EXPECT_MEMEQ(got, "bcd", 3);
	EXPECT_EQ(sendfile(other, file, NULL, 100), 6);
	EXPECT_EQ(sendfile(other, file, NULL, 100), 0);
	at = -1;
	EXPECT_ERRNO(sendfile(other, file, &at, 1), EINVAL);
	EXPECT_ERRNO(sendfile(other, file, (off_t *)8, 1), EFAULT);
	fixed = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_ERRNO(sendfile(other, -1, fixed, 1), EFAULT);	/* it is written whatever comes of the rest */
	EXPECT_ERRNO(sendfile(other, pair[1], NULL, 1), EINVAL);
}

/* Both pipes hold "abc", and the same page. */
static void share_page(void)
{
	pipes();
	write(in[1], "abc", 3);
	ASSERT_EQ(tee(in[0], out[1], 3, 0), 3);
}

TEST(splice, "after a tee what is written to one pipe does not show in the other")
{
	share_page();
	write(in[1], "xyz", 3);
	write(out[1], "123", 3);
	expect_bytes(in[0], "abcxyz");
	expect_bytes(out[0], "abc123");
}

TEST(splice, "a page that a tee shares is not used again by the pipe that has read it")
{
	share_page();
	expect_bytes(in[0], "abc");
	write(in[1], "xyz", 3);
	expect_bytes(out[0], "abc");
	expect_bytes(in[0], "xyz");
}

TEST(splice, "sendfile to a pipe is splice: as much as there is room for, and from a stream too")
{
	int file, null, pair[2];
	off_t at = 1;

	scratch();
	pipes();
	file = scratch_file("f", "abcdef", 0644);
	null = ASSERT_OK(open("/dev/null", O_RDONLY));
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	EXPECT_EQ(sendfile(out[1], file, &at, 3), 3);
	EXPECT_EQ(at, 4);
	expect_bytes(out[0], "bcd");
	write(pair[0], "hello", 5);
	EXPECT_EQ(sendfile(out[1], pair[1], NULL, 100), 5);
	expect_bytes(out[0], "hello");
	EXPECT_ERRNO(sendfile(out[1], pair[1], &at, 1), ESPIPE);
	EXPECT_ERRNO(sendfile(out[1], in[0], NULL, 1), EINVAL);
	ASSERT_OK(fcntl(out[1], F_SETFL, O_NONBLOCK));	/* for the socket it counts, too */
	EXPECT_ERRNO(sendfile(out[1], pair[1], NULL, 1), EAGAIN);
	EXPECT_ERRNO(sendfile(out[1], pair[1], NULL, 0), EAGAIN);
	EXPECT_EQ(sendfile(out[1], file, NULL, 0), 0);

	ASSERT_OK(ftruncate(file, 1 << 20));
	ASSERT_EQ(fcntl(out[1], F_SETPIPE_SZ, 8192), 8192);
	EXPECT_EQ(sendfile(out[1], file, NULL, 1 << 20), 8192);
	EXPECT_EQ(lseek(file, 0, SEEK_CUR), 8192);
	EXPECT_ERRNO(sendfile(out[1], file, NULL, 1), EAGAIN);
	EXPECT_ERRNO(sendfile(out[1], null, NULL, 1), EAGAIN);
}

TEST(splice, "a file's page is lent to the pipe: what is written to the file shows there, what is cut off stays")
{
	static char bytes[4096];
	int file;

	scratch();
	pipes();
	memset(bytes, 'a', sizeof(bytes));
	file = scratch_file("f", "", 0644);
	EXPECT_EQ(write(file, bytes, sizeof(bytes)), sizeof(bytes));
	lseek(file, 0, SEEK_SET);
	EXPECT_EQ(splice(file, NULL, in[1], NULL, 6, 0), 6);
	write(in[1], "xyz", 3);
	EXPECT_EQ(pread(file, bytes, 10, 0), 10);
	EXPECT_MEMEQ(bytes, "aaaaaaaaaa", 10);	/* nothing was added to the file's page */
	EXPECT_EQ(pwrite(file, "bcd", 3, 0), 3);
	expect_bytes(in[0], "bcdaaaxyz");
	lseek(file, 0, SEEK_SET);
	EXPECT_EQ(splice(file, NULL, in[1], NULL, 4, 0), 4);
	EXPECT_OK(ftruncate(file, 0));
	EXPECT_EQ(write(file, "new", 3), 3);
	expect_bytes(in[0], "bcda");
}

TEST(splice, "sendfile within one file, also where the ends overlap")
{
	char got[20] = "";
	loff_t from = 0;
	int file;

	scratch();
	file = scratch_file("f", "abcdefgh", 0644);
	lseek(file, 4, SEEK_SET);
	EXPECT_EQ(sendfile(file, file, &from, 3), 3);
	EXPECT_EQ(pread(file, got, sizeof(got), 0), 8);
	EXPECT_STREQ(got, "abcdabch");
	from = 4;
	lseek(file, 0, SEEK_SET);
	EXPECT_EQ(sendfile(file, file, &from, 100), 4);
	EXPECT_EQ(pread(file, got, sizeof(got), 0), 8);
	EXPECT_STREQ(got, "abchabch");
}
