// SPDX-License-Identifier: BSD-2-Clause
/*
 * readv, writev, preadv, pwritev and their second versions: vectors good and bad.
 */
#include <linux/fs.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "ktap.h"

static int file(const char *text)
{
	scratch();
	return scratch_file("f", text, 0644);
}

TEST(readv, "pieces are written one after the other and scattered back")
{
	char a[3] = "", b[5] = "";
	struct iovec out[2] = { { "abc", 3 }, { "defgh", 5 } };
	struct iovec in[2] = { { a, 3 }, { b, 5 } };
	int fd = file("");

	EXPECT_EQ(writev(fd, out, 2), 8);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(readv(fd, in, 2), 8);
	EXPECT_MEMEQ(a, "abc", 3);
	EXPECT_MEMEQ(b, "defgh", 5);
}

TEST(readv, "a short file fills the first pieces")
{
	char a[3] = "", b[5] = "zzzz";
	struct iovec in[2] = { { a, 3 }, { b, 5 } };

	EXPECT_EQ(readv(file("abcd"), in, 2), 4);
	EXPECT_MEMEQ(b, "dzzz", 4);
}

TEST(readv, "no vectors, and empty ones, are 0 bytes")
{
	struct iovec empty[2] = { { (void *)16, 0 }, { NULL, 0 } };
	int fd = file("abc");

	EXPECT_EQ(readv(fd, empty, 0), 0);
	EXPECT_EQ(readv(fd, empty, 2), 0);
	EXPECT_EQ(writev(fd, empty, 2), 0);
	EXPECT_EQ(readv(fd, NULL, 0), 0);
}

TEST(readv, "1024 vectors are taken, 1025 and -1 are EINVAL")
{
	static struct iovec many[1025];
	static char bytes[1025];
	int fd = file("");

	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){ bytes + i, 1 };
	EXPECT_EQ(writev(fd, many, 1024), 1024);
	EXPECT_ERRNO(writev(fd, many, 1025), EINVAL);
	EXPECT_ERRNO(readv(fd, many, -1), EINVAL);
}

TEST(readv, "a negative length is EINVAL before anything moves")
{
	char a[4] = "";
	struct iovec in[2] = { { a, 1 }, { a, (size_t)-1 } };
	int fd = file("abc");

	EXPECT_ERRNO(readv(fd, in, 2), EINVAL);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

TEST(readv, "a bad vector array is EFAULT")
{
	EXPECT_ERRNO(readv(file("abc"), (void *)16, 1), EFAULT);
	EXPECT_ERRNO(syscall(SYS_writev, 1, -4096L, 2), EFAULT);
}

TEST(readv, "a bad second piece makes a read short, a bad first one EFAULT")
{
	char a[2];
	struct iovec in[2] = { { a, 2 }, { (void *)16, 2 } };
	int fd = file("abcd");

	EXPECT_EQ(readv(fd, in, 2), 2);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 2);
	EXPECT_ERRNO(readv(fd, in + 1, 1), EFAULT);
}

TEST(readv, "preadv and pwritev leave the offset alone")
{
	char a[2], b[2];
	struct iovec in[2] = { { a, 2 }, { b, 2 } };
	int fd = file("abcdef");

	EXPECT_EQ(preadv(fd, in, 2, 2), 4);
	EXPECT_MEMEQ(b, "ef", 2);
	EXPECT_EQ(pwritev(fd, in, 2, 0), 4);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
	EXPECT_ERRNO(preadv(fd, in, 2, -1), EINVAL);
}

TEST(readv, "preadv on a pipe is ESPIPE")
{
	char a[2];
	struct iovec in = { a, 2 };
	int fds[2];

	ASSERT_OK(pipe(fds));
	EXPECT_ERRNO(preadv(fds[0], &in, 1, 0), ESPIPE);
}

TEST(readv, "preadv2 with offset -1 uses and moves the offset")
{
	char a[2];
	struct iovec in = { a, 2 };
	int fd = file("abcd");

	EXPECT_EQ(syscall(SYS_preadv2, fd, &in, 1L, -1L, -1L, 0), 2);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 2);
}

TEST(readv, "pwritev2 with RWF_APPEND writes at the end, and moves the file's own position with -1 only")
{
	struct iovec out = { "xy", 2 };
	int fd = file("0123456789");

	ASSERT_EQ(lseek(fd, 1, SEEK_SET), 1);
	EXPECT_EQ(syscall(SYS_pwritev2, fd, &out, 1L, 0L, 0L, RWF_APPEND), 2);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 1);
	EXPECT_EQ(syscall(SYS_pwritev2, fd, &out, 1L, -1L, 0L, RWF_APPEND), 2);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 14);
}

TEST(readv, "preadv2 and pwritev2 take no flags for a directory, a timerfd or an eventfd, but with no bytes")
{
	char bytes[8] = "";
	struct iovec v = { bytes, 8 };
	int fds[] = { ASSERT_OK(open("/", O_RDONLY)), ASSERT_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)),
		      ASSERT_OK(eventfd(1, EFD_NONBLOCK)) };

	EXPECT_ERRNO(syscall(SYS_preadv2, fds[0], &v, 1L, 0L, 0L, RWF_DSYNC), EOPNOTSUPP);
	EXPECT_EQ(syscall(SYS_preadv2, fds[0], &v, 0L, 0L, 0L, RWF_DSYNC), 0);
	EXPECT_ERRNO(syscall(SYS_preadv2, fds[1], &v, 1L, -1L, 0L, RWF_DSYNC), EOPNOTSUPP);
	EXPECT_ERRNO(syscall(SYS_preadv2, fds[1], &v, 1L, -1L, 0L, 0), EAGAIN);
	EXPECT_ERRNO(syscall(SYS_pwritev2, fds[2], &v, 1L, -1L, 0L, RWF_DSYNC), EOPNOTSUPP);
	EXPECT_EQ(syscall(SYS_pwritev2, fds[2], &v, 1L, -1L, 0L, 0), 8);
	/* it is never written */
	EXPECT_ERRNO(syscall(SYS_pwritev2, fds[1], &v, 1L, -1L, 0L, RWF_NOWAIT), EINVAL);
	EXPECT_ERRNO(syscall(SYS_pwritev2, fds[1], &v, 0L, -1L, 0L, RWF_NOWAIT), EINVAL);
}

TEST(readv, "RWF_NOWAIT: an eventfd does not wait, null, zero and random never do, others refuse it")
{
	static const struct { const char *name; long result; } devices[] = {
		{ "/dev/null", 0 }, { "/dev/zero", 8 }, { "/dev/random", 8 }, { "/dev/urandom", 8 },
	};
	char bytes[8] = "";
	struct iovec v = { bytes, 8 };
	int counter = ASSERT_OK(eventfd(7, 0)), fds[2];

	EXPECT_EQ(syscall(SYS_preadv2, counter, &v, 1L, -1L, 0L, RWF_NOWAIT), 8);
	EXPECT_EQ(bytes[0], 7);
	EXPECT_ERRNO(syscall(SYS_preadv2, counter, &v, 1L, -1L, 0L, RWF_NOWAIT), EAGAIN);
	EXPECT_ERRNO(syscall(SYS_pwritev2, counter, &v, 1L, -1L, 0L, RWF_NOWAIT), EOPNOTSUPP);
	for (int i = 0; i < 4; i++) {
		int fd = ASSERT_OK(open(devices[i].name, O_RDWR));

		EXPECT_EQ(syscall(SYS_preadv2, fd, &v, 1L, -1L, 0L, RWF_NOWAIT), devices[i].result);
		EXPECT_EQ(syscall(SYS_preadv2, fd, &v, 1L, 0L, 0L, RWF_NOWAIT), devices[i].result);
		EXPECT_EQ(syscall(SYS_pwritev2, fd, &v, 1L, -1L, 0L, RWF_NOWAIT), 8);
	}
	ASSERT_OK(pipe(fds));
	EXPECT_ERRNO(syscall(SYS_pwritev2, fds[1], &v, 1L, -1L, 0L, RWF_NOWAIT), EOPNOTSUPP);
	EXPECT_ERRNO(syscall(SYS_preadv2, file("abc"), &v, 1L, 0L, 0L, RWF_NOWAIT), EOPNOTSUPP);
}

TEST(readv, "pwritev2 refuses flags it does not know")
{
	struct iovec out = { "x", 1 };

	EXPECT_ERRNO(syscall(SYS_pwritev2, file(""), &out, 1L, 0L, 0L, 1 << 20), EOPNOTSUPP);
}

TEST(readv, "a vector write to a pipe is one message")
{
	struct iovec out[3] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };
	char in[8];
	int fds[2];

	ASSERT_OK(pipe(fds));
	EXPECT_EQ(writev(fds[1], out, 3), 3);
	EXPECT_EQ(read(fds[0], in, 8), 3);
	EXPECT_MEMEQ(in, "abc", 3);
}
