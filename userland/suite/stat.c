// SPDX-License-Identifier: BSD-2-Clause
/*
 * stat, fstat, newfstatat, statx and the times of files: every field that a program can rely on.
 */
#include <sys/sysmacros.h>
#include <sys/statfs.h>

#include "ktap.h"

#ifndef STATX_BASIC_STATS	/* a C library without statx */
#define STATX_BASIC_STATS 0x7ffU
struct statx_time {
	int64_t tv_sec;
	uint32_t tv_nsec;
	int32_t pad;
};
struct statx {
	uint32_t stx_mask, stx_blksize;
	uint64_t stx_attributes;
	uint32_t stx_nlink, stx_uid, stx_gid;
	uint16_t stx_mode, pad0;
	uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
	struct statx_time stx_atime, stx_btime, stx_ctime, stx_mtime;
	uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
	uint64_t stx_mnt_id, pad1[13];
};
#endif

TEST(stat, "a new file: type, mode, size, links, owner, blocks")
{
	struct stat st;

	scratch();
	close(scratch_file("f", "hello", 0640));
	EXPECT_OK(stat("f", &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0640);
	EXPECT_EQ(st.st_size, 5);
	EXPECT_EQ(st.st_nlink, 1);
	EXPECT_EQ(st.st_uid, 0);
	EXPECT_EQ(st.st_gid, 0);
	EXPECT_EQ(st.st_blksize, 4096);
	EXPECT_TRUE(st.st_ino != 0);
	EXPECT_EQ(st.st_blocks % 8, 0);
}

TEST(stat, "the owner of a new file is its maker's effective user and group")
{
	struct stat st;

	scratch();
	become_nobody();
	close(scratch_file("f", "", 0644));
	EXPECT_OK(stat("f", &st));
	EXPECT_EQ(st.st_uid, 1000);
	EXPECT_EQ(st.st_gid, 1000);
}

TEST(stat, "stat, fstat and newfstatat of one file agree")
{
	struct stat a, b, c;

	scratch();
	int fd = scratch_file("f", "hello", 0640);
	EXPECT_OK(stat("f", &a));
	EXPECT_OK(fstat(fd, &b));
	EXPECT_OK(fstatat(AT_FDCWD, "f", &c, 0));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(a.st_ino, c.st_ino);
	EXPECT_EQ(a.st_dev, b.st_dev);
	EXPECT_EQ(b.st_mode, c.st_mode);
	EXPECT_EQ(b.st_size, c.st_size);
}

TEST(stat, "two files have two inode numbers on one device")
{
	struct stat a, b;

	scratch();
	EXPECT_OK(fstat(scratch_file("a", "", 0644), &a));
	EXPECT_OK(fstat(scratch_file("b", "", 0644), &b));
	EXPECT_NE(a.st_ino, b.st_ino);
	EXPECT_EQ(a.st_dev, b.st_dev);
}

TEST(stat, "lstat sees the symbolic link, stat its target")
{
	struct stat st;

	scratch();
	close(scratch_file("f", "x", 0644));
	ASSERT_OK(symlink("f", "l"));
	EXPECT_OK(lstat("l", &st));
	EXPECT_EQ(st.st_mode, S_IFLNK | 0777);
	EXPECT_EQ(st.st_size, 1);
	EXPECT_OK(stat("l", &st));
	EXPECT_TRUE(S_ISREG(st.st_mode));
}

TEST(stat, "a dangling symbolic link is ENOENT for stat, not for lstat")
{
	struct stat st;

	scratch();
	ASSERT_OK(symlink("nowhere", "l"));
	EXPECT_ERRNO(stat("l", &st), ENOENT);
	EXPECT_OK(lstat("l", &st));
	EXPECT_EQ(st.st_size, 7);
}

TEST(stat, "AT_EMPTY_PATH looks at the descriptor itself, without it ENOENT")
{
	struct stat st;

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	EXPECT_OK(fstatat(fd, "", &st, AT_EMPTY_PATH));
	EXPECT_EQ(st.st_size, 3);
	EXPECT_ERRNO(syscall(SYS_newfstatat, fd, "", &st, 0), ENOENT);
	EXPECT_OK(syscall(SYS_newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH));
	EXPECT_TRUE(S_ISDIR(st.st_mode));
}

TEST(stat, "newfstatat refuses flags it does not know")
{
	struct stat st;

	EXPECT_ERRNO(syscall(SYS_newfstatat, AT_FDCWD, "/", &st, 0x10000), EINVAL);
}

TEST(stat, "bad descriptors and pointers: EBADF and EFAULT")
{
	struct stat st;

	EXPECT_ERRNO(syscall(SYS_fstat, -1, &st), EBADF);
	EXPECT_ERRNO(syscall(SYS_fstat, 900, &st), EBADF);
	EXPECT_ERRNO(syscall(SYS_fstat, 0, 16), EFAULT);
	EXPECT_ERRNO(syscall(SYS_newfstatat, AT_FDCWD, 16, &st, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_newfstatat, AT_FDCWD, "/", 16, 0), EFAULT);
}

TEST(stat, "/dev/null and /dev/zero are character devices 1:3 and 1:5")
{
	struct stat st;

	EXPECT_OK(stat("/dev/null", &st));
	EXPECT_EQ(st.st_mode & S_IFMT, S_IFCHR);
	EXPECT_EQ(major(st.st_rdev), 1);
	EXPECT_EQ(minor(st.st_rdev), 3);
	EXPECT_OK(stat("/dev/zero", &st));
	EXPECT_EQ(minor(st.st_rdev), 5);
}

TEST(stat, "a directory has 2 links and one more for each directory in it")
{
	struct stat st;

	scratch();
	ASSERT_OK(mkdir("d", 0755));
	EXPECT_OK(stat("d", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 0755);
	EXPECT_EQ(st.st_nlink, 2);
	ASSERT_OK(mkdir("d/e", 0755));
	close(scratch_file("d/f", "", 0644));
	EXPECT_OK(stat("d", &st));
	EXPECT_EQ(st.st_nlink, 3);
	ASSERT_OK(rmdir("d/e"));
	EXPECT_OK(stat("d", &st));
	EXPECT_EQ(st.st_nlink, 2);
}

TEST(stat, "statx gives what stat gives, and tells what it filled")
{
	struct statx sx;
	struct stat st;

	scratch();
	close(scratch_file("f", "hello", 0640));
	EXPECT_OK(stat("f", &st));
	memset(&sx, 0xaa, sizeof(sx));
	EXPECT_OK(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx));
	EXPECT_EQ(sx.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	EXPECT_EQ(sx.stx_mode, st.st_mode);
	EXPECT_EQ(sx.stx_size, 5);
	EXPECT_EQ(sx.stx_ino, st.st_ino);
	EXPECT_EQ(sx.stx_nlink, 1);
	EXPECT_EQ(sx.stx_blksize, st.st_blksize);
	EXPECT_EQ(makedev(sx.stx_dev_major, sx.stx_dev_minor), st.st_dev);
	EXPECT_EQ(sx.stx_mtime.tv_sec, st.st_mtim.tv_sec);
	EXPECT_EQ(sx.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
}

TEST(stat, "statx refuses the reserved mask bit and contradicting sync flags")
{
	struct statx sx;

	EXPECT_ERRNO(syscall(SYS_statx, AT_FDCWD, "/", 0, 0x80000000U, &sx), EINVAL);
	EXPECT_ERRNO(syscall(SYS_statx, AT_FDCWD, "/", 0x6000, STATX_BASIC_STATS, &sx), EINVAL);
	EXPECT_ERRNO(syscall(SYS_statx, AT_FDCWD, "/", 0, STATX_BASIC_STATS, 16), EFAULT);
}

TEST(stat, "utimensat sets both times to the nanosecond")
{
	struct timespec times[2] = { { 123456789, 123456789 }, { 987654321, 987654321 } };
	struct stat st;

	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_OK(utimensat(AT_FDCWD, "f", times, 0));
	EXPECT_OK(stat("f", &st));
	EXPECT_EQ(st.st_atim.tv_sec, 123456789);
	EXPECT_EQ(st.st_atim.tv_nsec, 123456789);
	EXPECT_EQ(st.st_mtim.tv_sec, 987654321);
	EXPECT_EQ(st.st_mtim.tv_nsec, 987654321);
	EXPECT_TRUE(st.st_ctim.tv_sec > 1000000000);
}

TEST(stat, "UTIME_OMIT keeps a time and UTIME_NOW sets the clock's")
{
	struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };
	struct timespec again[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
	struct stat st;

	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_OK(utimensat(AT_FDCWD, "f", times, 0));
	EXPECT_OK(utimensat(AT_FDCWD, "f", again, 0));
	EXPECT_OK(stat("f", &st));
	EXPECT_EQ(st.st_atim.tv_sec, 1000);
	EXPECT_TRUE(st.st_mtim.tv_sec > 2000);
}

TEST(stat, "utimensat with nanoseconds out of range is EINVAL")
{
	struct timespec times[2] = { { 1, 1000000000 }, { 1, 0 } };

	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(utimensat(AT_FDCWD, "f", times, 0), EINVAL);
	EXPECT_ERRNO(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
}

TEST(stat, "setting times to now needs write permission, to a value ownership")
{
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

	scratch();
	close(scratch_file("writable", "", 0666));
	close(scratch_file("locked", "", 0644));
	become_nobody();
	EXPECT_OK(utimensat(AT_FDCWD, "writable", NULL, 0));
	EXPECT_ERRNO(utimensat(AT_FDCWD, "writable", times, 0), EPERM);
	EXPECT_ERRNO(utimensat(AT_FDCWD, "locked", NULL, 0), EACCES);
}

TEST(stat, "making and removing entries changes the directory's times")
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;

	scratch();
	ASSERT_OK(mkdir("d", 0755));
	ASSERT_OK(utimensat(AT_FDCWD, "d", old, 0));
	close(scratch_file("d/f", "", 0644));
	EXPECT_OK(stat("d", &st));
	EXPECT_TRUE(st.st_mtim.tv_sec > 1000);
	ASSERT_OK(utimensat(AT_FDCWD, "d", old, 0));
	ASSERT_OK(unlink("d/f"));
	EXPECT_OK(stat("d", &st));
	EXPECT_TRUE(st.st_mtim.tv_sec > 1000);
}

TEST(stat, "chmod changes ctime and not mtime")
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;

	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(utimensat(AT_FDCWD, "f", old, 0));
	EXPECT_OK(chmod("f", 0600));
	EXPECT_OK(stat("f", &st));
	EXPECT_EQ(st.st_mtim.tv_sec, 1000);
	EXPECT_TRUE(st.st_ctim.tv_sec > 1000);
}

TEST(stat, "statfs names tmpfs by its magic and counts in pages")
{
	struct statfs fs;

	EXPECT_OK(statfs("/tmp", &fs));
	EXPECT_EQ(fs.f_type, 0x01021994);
	EXPECT_EQ(fs.f_bsize, 4096);
	EXPECT_EQ(fs.f_namelen, 255);
	EXPECT_OK(statfs("/proc", &fs));
	EXPECT_EQ(fs.f_type, 0x9fa0);
	EXPECT_ERRNO(statfs("/missing", &fs), ENOENT);
	EXPECT_ERRNO(fstatfs(-1, &fs), EBADF);
}

TEST(stat, "what is in no tree has no flags of a mount, and a file of /proc no time of birth")
{
	struct statx x;
	struct statfs st;
	int fds[2];

	ASSERT_EQ(pipe(fds), 0);
	ASSERT_EQ(fstatfs(fds[0], &st), 0);
	EXPECT_EQ(st.f_flags, 0x20);		/* ST_VALID */
	ASSERT_EQ(syscall(SYS_statx, AT_FDCWD, "/proc/version", 0, 0xfff, &x), 0);
	EXPECT_EQ(x.stx_mask & 0x800, 0);	/* STATX_BTIME */
	close(fds[0]);
	close(fds[1]);
}
