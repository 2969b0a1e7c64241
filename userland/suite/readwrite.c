// SPDX-License-Identifier: BSD-2-Clause
/*
 * read, write, pread and pwrite on files and the simple devices.
 */
#include <sys/sendfile.h>

#include "ktap.h"

TEST(readwrite, "what is written is read back")
{
	char out[32];

	scratch();
	int fd = scratch_file("f", "", 0644);
	EXPECT_EQ(write(fd, "hello world", 11), 11);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(read(fd, out, sizeof(out)), 11);
	EXPECT_MEMEQ(out, "hello world", 11);
}

TEST(readwrite, "a read at the end is 0, across the end is short")
{
	char out[8];

	scratch();
	int fd = scratch_file("f", "abcdef", 0644);
	EXPECT_EQ(lseek(fd, 4, SEEK_SET), 4);
	EXPECT_EQ(read(fd, out, 8), 2);
	EXPECT_EQ(read(fd, out, 8), 0);
	EXPECT_EQ(lseek(fd, 100, SEEK_SET), 100);
	EXPECT_EQ(read(fd, out, 8), 0);
}

TEST(readwrite, "a write past the end leaves a hole of zeros")
{
	char out[5000], zero[5000] = "";
	struct stat st;

	scratch();
	int fd = scratch_file("f", "", 0644);
	EXPECT_EQ(pwrite(fd, "x", 1, 4999), 1);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 5000);
	EXPECT_EQ(read(fd, out, 5000), 5000);
	EXPECT_MEMEQ(out, zero, 4999);
	EXPECT_EQ(out[4999], 'x');
}

TEST(readwrite, "pread and pwrite leave the offset alone")
{
	char out[4];

	scratch();
	int fd = scratch_file("f", "abcdef", 0644);
	EXPECT_EQ(lseek(fd, 2, SEEK_SET), 2);
	EXPECT_EQ(pread(fd, out, 2, 4), 2);
	EXPECT_MEMEQ(out, "ef", 2);
	EXPECT_EQ(pwrite(fd, "X", 1, 0), 1);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 2);
}

TEST(readwrite, "pread and pwrite at a negative offset are EINVAL")
{
	char c = 0;

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	EXPECT_ERRNO(pread(fd, &c, 1, -1), EINVAL);
	EXPECT_ERRNO(pwrite(fd, &c, 1, -1), EINVAL);
}

TEST(readwrite, "a read of 0 bytes is 0, even with a wild pointer")
{
	scratch();
	int fd = scratch_file("f", "abc", 0644);
	EXPECT_EQ(read(fd, (void *)16, 0), 0);
	EXPECT_EQ(write(fd, (void *)16, 0), 0);
}

TEST(readwrite, "a read into a bad page is EFAULT and does not move the offset")
{
	scratch();
	int fd = scratch_file("f", "abc", 0644);
	EXPECT_ERRNO(read(fd, (void *)16, 3), EFAULT);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

TEST(readwrite, "a write from a bad page is EFAULT and leaves the file as it was")
{
	struct stat st;

	scratch();
	int fd = scratch_file("f", "", 0644);
	EXPECT_ERRNO(write(fd, (void *)16, 3), EFAULT);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 0);
}

TEST(readwrite, "a directory cannot be read")
{
	char c;

	EXPECT_ERRNO(read(open("/", O_RDONLY), &c, 1), EISDIR);
}

TEST(readwrite, "a closed descriptor is EBADF for each of the four")
{
	char c = 0;

	EXPECT_ERRNO(read(-1, &c, 1), EBADF);
	EXPECT_ERRNO(write(1000, &c, 1), EBADF);
	EXPECT_ERRNO(pread(-1, &c, 1, 0), EBADF);
	EXPECT_ERRNO(pwrite(1000, &c, 1, 0), EBADF);
}

TEST(readwrite, "large and odd sizes keep every byte")
{
	static unsigned char in[300001], out[300001];
	size_t done = 0, step = 1;

	scratch();
	int fd = scratch_file("f", "", 0644);
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = i * 31 + (i >> 9);
	while (done < sizeof(in)) {
		size_t n = step < sizeof(in) - done ? step : sizeof(in) - done;

		ASSERT_EQ(write(fd, in + done, n), n);
		done += n;
		step = step * 3 + 1;
	}
	EXPECT_EQ(pread(fd, out, sizeof(out), 0), sizeof(out));
	EXPECT_MEMEQ(out, in, sizeof(in));
}

TEST(readwrite, "an overwrite in the middle changes those bytes alone")
{
	static char in[12288], out[12288];

	scratch();
	int fd = scratch_file("f", "", 0644);
	memset(in, 'a', sizeof(in));
	ASSERT_EQ(write(fd, in, sizeof(in)), sizeof(in));
	memset(in + 4090, 'b', 12);
	EXPECT_EQ(pwrite(fd, in + 4090, 12, 4090), 12);
	EXPECT_EQ(pread(fd, out, sizeof(out), 0), sizeof(out));
	EXPECT_MEMEQ(out, in, sizeof(in));
}

TEST(readwrite, "two descriptors of one open share the offset, two opens do not")
{
	char c;

	scratch();
	int a = scratch_file("f", "abc", 0644);
	int b = ASSERT_OK(dup(a)), other = ASSERT_OK(open("f", O_RDONLY));
	EXPECT_EQ(read(a, &c, 1), 1);
	EXPECT_EQ(read(b, &c, 1), 1);
	EXPECT_EQ(c, 'b');
	EXPECT_EQ(read(other, &c, 1), 1);
	EXPECT_EQ(c, 'a');
}

TEST(readwrite, "a forked child shares the offset with its parent")
{
	char c;

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	pid_t pid = ktap_fork();
	if (pid == 0)
		_exit(read(fd, &c, 1) == 1 && c == 'a' ? 0 : 1);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_EQ(c, 'b');
}

TEST(readwrite, "/dev/null swallows writes and reads as empty")
{
	int fd = ASSERT_OK(open("/dev/null", O_RDWR));
	char c;

	EXPECT_EQ(write(fd, "abc", 3), 3);
	EXPECT_EQ(read(fd, &c, 1), 0);
	EXPECT_EQ(write(fd, (void *)16, 3), 3);
}

TEST(readwrite, "/dev/zero reads as zeros and swallows writes")
{
	char out[5000], zero[5000] = "";
	int fd = ASSERT_OK(open("/dev/zero", O_RDWR));

	memset(out, 1, sizeof(out));
	EXPECT_EQ(read(fd, out, sizeof(out)), sizeof(out));
	EXPECT_MEMEQ(out, zero, sizeof(out));
	EXPECT_EQ(write(fd, out, 77), 77);
}

TEST(readwrite, "/dev/full refuses writes with ENOSPC")
{
	int fd = open("/dev/full", O_RDWR);
	char c = 1;

	ASSERT_OK(fd);
	EXPECT_ERRNO(write(fd, "x", 1), ENOSPC);
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_EQ(c, 0);
}

TEST(readwrite, "/dev/urandom does not repeat itself")
{
	char a[32], b[32];
	int fd = ASSERT_OK(open("/dev/urandom", O_RDONLY));

	EXPECT_EQ(read(fd, a, 32), 32);
	EXPECT_EQ(read(fd, b, 32), 32);
	EXPECT_NE(memcmp(a, b, 32), 0);
}

TEST(readwrite, "a length that would wrap the address space is EFAULT")
{
	char out[4];

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	EXPECT_ERRNO(syscall(SYS_read, fd, out, (size_t)1 << 63), EFAULT);
	EXPECT_EQ(syscall(SYS_read, fd, out, (size_t)4), 3);
}

TEST(readwrite, "a write across the file size limit is short, then SIGXFSZ and EFBIG")
{
	scratch();
	int fd = scratch_file("f", "", 0644);
	pid_t pid = ktap_fork();

	if (pid == 0) {
		struct { unsigned long soft, hard; } limit = { 10, 10 };

		signal(SIGXFSZ, SIG_IGN);
		ASSERT_OK(syscall(SYS_prlimit64, 0, 1 /* RLIMIT_FSIZE */, &limit, NULL));
		EXPECT_EQ(write(fd, "0123456789abcdef", 16), 10);
		EXPECT_ERRNO(write(fd, "x", 1), EFBIG);
		signal(SIGXFSZ, SIG_DFL);
		write(fd, "x", 1);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGXFSZ);
}

TEST(readwrite, "a write changes mtime and ctime, a read neither")
{
	struct timespec old[2] = { { 1000, 5 }, { 2000, 7 } };
	struct stat st;
	char c;

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	ASSERT_OK(futimens(fd, old));
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_mtim.tv_sec, 2000);
	EXPECT_EQ(st.st_mtim.tv_nsec, 7);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_TRUE(st.st_mtim.tv_sec > 2000);
}

TEST(readwrite, "a write by another user clears set-user-id")
{
	struct stat st;

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	ASSERT_OK(fchmod(fd, 06777));
	pid_t pid = ktap_fork();
	if (pid == 0) {
		become_nobody();
		_exit(write(fd, "x", 1) == 1 ? 0 : 1);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_mode & 07777, 0777);
}

TEST(readwrite, "sendfile from where the end of it would be no offset is EINVAL")
{
	off_t at = INT64_MAX;
	int in, out;

	scratch();
	in = scratch_file("in", "text", 0644);
	out = scratch_file("out", "", 0644);
	EXPECT_ERRNO(sendfile(out, in, &at, 1), EINVAL);
	at = INT64_MAX - 1;
	EXPECT_EQ(sendfile(out, in, &at, 1), 0);
	close(in);
	close(out);
}

TEST(readwrite, "copy_file_range at offsets that are none, behind the end, and where a file cannot reach")
{
	loff_t in_at = -1, out_at = 0;
	int in, out;

	scratch();
	in = scratch_file("in", "text", 0644);
	out = scratch_file("out", "", 0644);
	EXPECT_ERRNO(copy_file_range(in, &in_at, out, &out_at, 5, 0), EOVERFLOW);
	in_at = -100;
	EXPECT_ERRNO(copy_file_range(in, &in_at, out, &out_at, 5, 0), EINVAL);
	in_at = INT64_MAX;
	EXPECT_EQ(copy_file_range(in, &in_at, out, &out_at, 5, 0), 0);
	in_at = 0;
	out_at = INT64_MAX;
	EXPECT_ERRNO(copy_file_range(in, &in_at, out, &out_at, 5, 0), EFBIG);
	close(in);
	close(out);
}
