// SPDX-License-Identifier: BSD-2-Clause
/*
 * The calls that take a directory descriptor: each with a real one, with AT_FDCWD, with a wrong one,
 * and with an absolute path, which makes the descriptor irrelevant.
 */
#include <sys/sysmacros.h>

#include "ktap.h"

static int dir;		/* a descriptor of scratch/d; the current directory is scratch */
static int file;	/* a descriptor of a file, which is no directory */

static void set_up(void)
{
	scratch();
	ASSERT_OK(mkdir("d", 0777));
	file = scratch_file("plain", "12345", 0644);
	close(scratch_file("d/f", "abc", 0644));
	dir = ASSERT_OK(open("d", O_RDONLY | O_DIRECTORY));
}

TEST(atcalls, "openat")
{
	set_up();
	EXPECT_OK(openat(dir, "f", O_RDONLY));
	EXPECT_OK(openat(dir, "../plain", O_RDONLY));
	EXPECT_OK(openat(AT_FDCWD, "d/f", O_RDONLY));
	EXPECT_ERRNO(openat(file, "f", O_RDONLY), ENOTDIR);
	EXPECT_ERRNO(openat(-5, "f", O_RDONLY), EBADF);
	EXPECT_OK(openat(-5, "/dev/null", O_RDONLY));
	EXPECT_OK(openat(file, "/dev/null", O_RDONLY));
}

TEST(atcalls, "mkdirat")
{
	set_up();
	EXPECT_OK(mkdirat(dir, "x", 0755));
	EXPECT_OK(access("d/x", F_OK));
	EXPECT_ERRNO(mkdirat(file, "x", 0755), ENOTDIR);
	EXPECT_ERRNO(mkdirat(-5, "x", 0755), EBADF);
}

TEST(atcalls, "mknodat")
{
	set_up();
	EXPECT_OK(mknodat(dir, "x", S_IFIFO | 0644, 0));
	EXPECT_OK(access("d/x", F_OK));
	EXPECT_ERRNO(mknodat(file, "x", S_IFIFO | 0644, 0), ENOTDIR);
	EXPECT_ERRNO(mknodat(-5, "x", S_IFIFO | 0644, 0), EBADF);
}

TEST(atcalls, "unlinkat")
{
	set_up();
	EXPECT_ERRNO(unlinkat(file, "f", 0), ENOTDIR);
	EXPECT_ERRNO(unlinkat(-5, "f", 0), EBADF);
	EXPECT_OK(unlinkat(dir, "f", 0));
	EXPECT_ERRNO(access("d/f", F_OK), ENOENT);
}

TEST(atcalls, "linkat, with its two descriptors")
{
	set_up();
	EXPECT_OK(linkat(dir, "f", AT_FDCWD, "g", 0));
	EXPECT_OK(linkat(AT_FDCWD, "plain", dir, "h", 0));
	EXPECT_OK(access("g", F_OK));
	EXPECT_OK(access("d/h", F_OK));
	EXPECT_ERRNO(linkat(file, "f", AT_FDCWD, "i", 0), ENOTDIR);
	EXPECT_ERRNO(linkat(dir, "f", -5, "i", 0), EBADF);
}

TEST(atcalls, "linkat with AT_EMPTY_PATH links the descriptor's file")
{
	struct stat st;

	set_up();
	EXPECT_OK(linkat(file, "", dir, "again", AT_EMPTY_PATH));
	EXPECT_OK(stat("d/again", &st));
	EXPECT_EQ(st.st_size, 5);
	EXPECT_EQ(st.st_nlink, 2);
}

TEST(atcalls, "symlinkat and readlinkat")
{
	char text[8];

	set_up();
	EXPECT_OK(symlinkat("there", dir, "l"));
	EXPECT_EQ(readlinkat(dir, "l", text, sizeof(text)), 5);
	EXPECT_ERRNO(symlinkat("there", file, "l"), ENOTDIR);
	EXPECT_ERRNO(symlinkat("there", -5, "l"), EBADF);
	EXPECT_ERRNO(readlinkat(file, "l", text, sizeof(text)), ENOTDIR);
	EXPECT_ERRNO(readlinkat(-5, "l", text, sizeof(text)), EBADF);
}

TEST(atcalls, "renameat")
{
	set_up();
	EXPECT_OK(renameat(dir, "f", AT_FDCWD, "g"));
	EXPECT_OK(renameat(AT_FDCWD, "g", dir, "h"));
	EXPECT_OK(access("d/h", F_OK));
	EXPECT_ERRNO(renameat(file, "f", dir, "x"), ENOTDIR);
	EXPECT_ERRNO(renameat(dir, "h", -5, "x"), EBADF);
}

TEST(atcalls, "newfstatat")
{
	struct stat st;

	set_up();
	EXPECT_OK(fstatat(dir, "f", &st, 0));
	EXPECT_EQ(st.st_size, 3);
	EXPECT_ERRNO(fstatat(file, "f", &st, 0), ENOTDIR);
	EXPECT_ERRNO(fstatat(-5, "f", &st, 0), EBADF);
	EXPECT_OK(fstatat(-5, "/dev/null", &st, 0));
}

TEST(atcalls, "fchmodat follows links and takes no flags in the kernel")
{
	struct stat st;

	set_up();
	EXPECT_OK(syscall(SYS_fchmodat, dir, "f", 0600));
	EXPECT_OK(stat("d/f", &st));
	EXPECT_EQ(st.st_mode & 07777, 0600);
	EXPECT_ERRNO(syscall(SYS_fchmodat, file, "f", 0600), ENOTDIR);
	EXPECT_ERRNO(syscall(SYS_fchmodat, -5, "f", 0600), EBADF);
}

TEST(atcalls, "fchownat, with AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH")
{
	struct stat st;

	set_up();
	ASSERT_OK(symlinkat("f", dir, "l"));
	EXPECT_OK(fchownat(dir, "l", 5, 6, AT_SYMLINK_NOFOLLOW));
	EXPECT_OK(fstatat(dir, "l", &st, AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ(st.st_uid, 5);
	EXPECT_OK(fstatat(dir, "f", &st, 0));
	EXPECT_EQ(st.st_uid, 0);
	EXPECT_OK(fchownat(dir, "l", 7, -1, 0));
	EXPECT_OK(fstatat(dir, "f", &st, 0));
	EXPECT_EQ(st.st_uid, 7);
	EXPECT_EQ(st.st_gid, 0);
	EXPECT_OK(fchownat(file, "", 8, 9, AT_EMPTY_PATH));
	EXPECT_OK(fstat(file, &st));
	EXPECT_EQ(st.st_gid, 9);
	EXPECT_ERRNO(fchownat(dir, "f", 1, 1, 0x8000), EINVAL);
}

TEST(atcalls, "faccessat")
{
	set_up();
	EXPECT_OK(syscall(SYS_faccessat, dir, "f", R_OK));
	EXPECT_ERRNO(syscall(SYS_faccessat, dir, "missing", F_OK), ENOENT);
	EXPECT_ERRNO(syscall(SYS_faccessat, dir, "f", 8), EINVAL);
	EXPECT_ERRNO(syscall(SYS_faccessat, file, "f", F_OK), ENOTDIR);
	EXPECT_ERRNO(syscall(SYS_faccessat, -5, "f", F_OK), EBADF);
}

TEST(atcalls, "faccessat2 takes AT_EACCESS, AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH")
{
	set_up();
	ASSERT_OK(symlinkat("nowhere", dir, "l"));
	EXPECT_OK(syscall(SYS_faccessat2, dir, "f", R_OK, AT_EACCESS));
	EXPECT_ERRNO(syscall(SYS_faccessat2, dir, "l", F_OK, 0), ENOENT);
	EXPECT_OK(syscall(SYS_faccessat2, dir, "l", F_OK, AT_SYMLINK_NOFOLLOW));
	EXPECT_OK(syscall(SYS_faccessat2, file, "", R_OK, AT_EMPTY_PATH));
	EXPECT_ERRNO(syscall(SYS_faccessat2, dir, "f", R_OK, 0x8000), EINVAL);
}

TEST(atcalls, "utimensat, also on the descriptor itself")
{
	struct timespec times[2] = { { 11, 0 }, { 22, 0 } };
	struct stat st;

	set_up();
	EXPECT_OK(syscall(SYS_utimensat, dir, "f", times, 0));
	EXPECT_OK(stat("d/f", &st));
	EXPECT_EQ(st.st_mtim.tv_sec, 22);
	EXPECT_OK(syscall(SYS_utimensat, file, NULL, times, 0));
	EXPECT_OK(fstat(file, &st));
	EXPECT_EQ(st.st_atim.tv_sec, 11);
	EXPECT_ERRNO(syscall(SYS_utimensat, file, "f", times, 0), ENOTDIR);
	EXPECT_ERRNO(syscall(SYS_utimensat, -5, "f", times, 0), EBADF);
	EXPECT_ERRNO(syscall(SYS_utimensat, AT_FDCWD, NULL, times, 0), EFAULT);
}

TEST(atcalls, "a directory descriptor follows its directory when that is renamed")
{
	set_up();
	ASSERT_OK(rename("d", "moved"));
	EXPECT_OK(openat(dir, "f", O_RDONLY));
	EXPECT_OK(mkdirat(dir, "new", 0755));
	EXPECT_OK(access("moved/new", F_OK));
}

TEST(atcalls, "O_PATH descriptors serve as directories")
{
	set_up();
	int path = ASSERT_OK(open("d", O_PATH));

	EXPECT_OK(openat(path, "f", O_RDONLY));
	EXPECT_OK(mkdirat(path, "x", 0755));
	EXPECT_OK(unlinkat(path, "x", AT_REMOVEDIR));
}
