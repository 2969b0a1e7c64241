// SPDX-License-Identifier: BSD-2-Clause
/*
 * truncate, ftruncate and fallocate: shorter, longer, and what lies in between.
 */
#include "ktap.h"

static long size_of(int fd)
{
	struct stat st;

	ASSERT_OK(fstat(fd, &st));
	return st.st_size;
}

TEST(trunc, "shorter loses the tail, longer again gives zeros")
{
	char out[8];

	scratch();
	int fd = scratch_file("f", "abcdefgh", 0644);
	EXPECT_OK(ftruncate(fd, 3));
	EXPECT_EQ(size_of(fd), 3);
	EXPECT_OK(ftruncate(fd, 8));
	EXPECT_EQ(read(fd, out, 8), 8);
	EXPECT_MEMEQ(out, "abc\0\0\0\0\0", 8);
}

TEST(trunc, "across pages too")
{
	static char out[20000], zero[20000];

	scratch();
	int fd = scratch_file("f", "", 0644);
	memset(out, 'x', sizeof(out));
	ASSERT_EQ(write(fd, out, sizeof(out)), sizeof(out));
	EXPECT_OK(ftruncate(fd, 5000));
	EXPECT_OK(ftruncate(fd, 20000));
	EXPECT_EQ(pread(fd, out, 15000, 5000), 15000);
	EXPECT_MEMEQ(out, zero, 15000);
}

TEST(trunc, "the offset stays where it was")
{
	scratch();
	int fd = scratch_file("f", "abcdefgh", 0644);
	EXPECT_EQ(lseek(fd, 6, SEEK_SET), 6);
	EXPECT_OK(ftruncate(fd, 2));
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 6);
	EXPECT_EQ(write(fd, "z", 1), 1);
	EXPECT_EQ(size_of(fd), 7);
}

TEST(trunc, "a negative length is EINVAL")
{
	scratch();
	int fd = scratch_file("f", "abc", 0644);
	EXPECT_ERRNO(ftruncate(fd, -1), EINVAL);
	EXPECT_ERRNO(truncate("f", -1), EINVAL);
	EXPECT_EQ(size_of(fd), 3);
}

TEST(trunc, "ftruncate needs a descriptor open for writing")
{
	int fds[2];

	scratch();
	close(scratch_file("f", "abc", 0644));
	EXPECT_ERRNO(ftruncate(ASSERT_OK(open("f", O_RDONLY)), 0), EINVAL);
	EXPECT_ERRNO(ftruncate(-1, 0), EBADF);
	ASSERT_OK(pipe(fds));
	EXPECT_ERRNO(ftruncate(fds[1], 0), EINVAL);
}

TEST(trunc, "truncate by path: directory EISDIR, missing ENOENT, not writable EACCES")
{
	scratch();
	close(scratch_file("f", "abc", 0644));
	EXPECT_ERRNO(truncate(".", 0), EISDIR);
	EXPECT_ERRNO(truncate("missing", 0), ENOENT);
	EXPECT_OK(truncate("f", 1));
	become_nobody();
	EXPECT_ERRNO(truncate("f", 0), EACCES);
}

TEST(trunc, "a sparse file reads as zeros and takes few blocks")
{
	struct stat st;
	char c = 1;

	scratch();
	int fd = scratch_file("f", "", 0644);
	EXPECT_OK(ftruncate(fd, 1L << 32));
	EXPECT_EQ(pread(fd, &c, 1, (1L << 32) - 1), 1);
	EXPECT_EQ(c, 0);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 1L << 32);
	EXPECT_TRUE(st.st_blocks < 1000);
	EXPECT_EQ(pwrite(fd, "x", 1, 1L << 31), 1);
	EXPECT_EQ(pread(fd, &c, 1, 1L << 31), 1);
	EXPECT_EQ(c, 'x');
}

TEST(trunc, "the size limit stops ftruncate with EFBIG and SIGXFSZ")
{
	unsigned long limit[2] = { 100, 100 };

	scratch();
	int fd = scratch_file("f", "", 0644);
	signal(SIGXFSZ, SIG_IGN);
	ASSERT_OK(syscall(SYS_prlimit64, 0, 1, limit, NULL));
	EXPECT_OK(ftruncate(fd, 100));
	EXPECT_ERRNO(ftruncate(fd, 101), EFBIG);
	pid_t pid = ktap_fork();
	if (pid == 0) {
		signal(SIGXFSZ, SIG_DFL);
		ftruncate(fd, 101);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGXFSZ);
}

TEST(trunc, "a change of size changes the times of the file's status and contents, not of access")
{
	static const struct timespec epoch[2];
	struct stat st, then;

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	ASSERT_OK(futimens(fd, epoch));
	ASSERT_OK(fstat(fd, &then));
	do {
		EXPECT_OK(ftruncate(fd, 2));
		ASSERT_OK(fstat(fd, &st));
	} while (!memcmp(&st.st_ctim, &then.st_ctim, sizeof(st.st_ctim)));
	EXPECT_NE(st.st_mtime, 0);
	EXPECT_EQ(st.st_atime, 0);
}

TEST(trunc, "O_TRUNC on a file that another has open empties it for both")
{
	char c;

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	close(ASSERT_OK(open("f", O_WRONLY | O_TRUNC)));
	EXPECT_EQ(read(fd, &c, 1), 0);
}

TEST(trunc, "fallocate makes a file longer, or not with FALLOC_FL_KEEP_SIZE")
{
	scratch();
	int fd = scratch_file("f", "abc", 0644);
	EXPECT_OK(fallocate(fd, 0, 0, 10000));
	EXPECT_EQ(size_of(fd), 10000);
	EXPECT_OK(fallocate(fd, 1, 0, 20000));
	EXPECT_EQ(size_of(fd), 10000);
	EXPECT_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(fallocate(fd, 0, -1, 10), EINVAL);
	/* collapse or insert with anything else, unshare with more than keep size, punch without keep size */
	EXPECT_ERRNO(fallocate(fd, 0x09, 0, 10), EINVAL);
	EXPECT_ERRNO(fallocate(fd, 0x21, 0, 10), EINVAL);
	EXPECT_ERRNO(fallocate(-1, 0x50, 0, 10), EBADF);
	EXPECT_ERRNO(fallocate(fd, 0x50, 0, 10), EINVAL);
	EXPECT_ERRNO(fallocate(fd, 2, 0, 10), EOPNOTSUPP);
	EXPECT_ERRNO(fallocate(fd, 4, 0, 10), EOPNOTSUPP);
	EXPECT_ERRNO(fallocate(fd, 0x100, 0, 10), EOPNOTSUPP);
}

TEST(trunc, "the size limit stops fallocate with EFBIG and SIGXFSZ, with FALLOC_FL_KEEP_SIZE too")
{
	scratch();
	int fd = scratch_file("f", "", 0644);

	for (int mode = 0; mode <= 1 /* keep size */; mode++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			struct rlimit limit = { 5000, 5000 };

			signal(SIGXFSZ, SIG_IGN);
			ASSERT_OK(setrlimit(RLIMIT_FSIZE, &limit));
			EXPECT_OK(fallocate(fd, mode, 0, 5000));
			EXPECT_ERRNO(fallocate(fd, mode, 4000, 1001), EFBIG);
			signal(SIGXFSZ, SIG_DFL);
			fallocate(fd, mode, 5000, 1);
			_exit(0);
		}
		EXPECT_KILLED(pid, SIGXFSZ);
	}
	EXPECT_EQ(size_of(fd), 5000);
}

TEST(trunc, "fallocate can punch a hole")
{
	static char out[12288];

	scratch();
	int fd = scratch_file("f", "", 0644);
	memset(out, 'x', sizeof(out));
	ASSERT_EQ(write(fd, out, sizeof(out)), sizeof(out));
	EXPECT_OK(fallocate(fd, 3 /* punch, keep size */, 4000, 4200));
	EXPECT_EQ(pread(fd, out, sizeof(out), 0), sizeof(out));
	EXPECT_EQ(out[3999], 'x');
	EXPECT_EQ(out[4000], 0);
	EXPECT_EQ(out[8199], 0);
	EXPECT_EQ(out[8200], 'x');
}

TEST(trunc, "a stranger's truncate takes set-group-id away, also without group execution")
{
	struct stat st;
	pid_t pid;

	scratch();
	close(scratch_file("f", "text", 0666));
	ASSERT_EQ(chmod("f", 02766), 0);
	pid = ktap_fork();
	if (!pid) {
		become_nobody();
		EXPECT_EQ(truncate("f", 1), 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	stat("f", &st);
	EXPECT_EQ(st.st_mode & 07777, 0766);
	chmod("f", 02766);
	EXPECT_EQ(truncate("f", 0), 0);
	stat("f", &st);
	EXPECT_EQ(st.st_mode & 07777, 02766);
}
