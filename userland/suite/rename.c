// SPDX-License-Identifier: BSD-2-Clause
/*
 * rename and renameat2: what moves, what is replaced, what is refused.
 */
#include "ktap.h"

enum { NOREPLACE = 1, EXCHANGE = 2, WHITEOUT = 4 };

static long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -errno : st.st_size;
}

static void file(const char *name, const char *text)
{
	close(scratch_file(name, text, 0644));
}

TEST(rename, "a file takes its new name and loses the old")
{
	scratch();
	file("a", "abc");
	EXPECT_OK(rename("a", "b"));
	EXPECT_EQ(size_of("a"), -ENOENT);
	EXPECT_EQ(size_of("b"), 3);
}

TEST(rename, "an existing file is replaced, and lives on where it is open")
{
	char c;

	scratch();
	file("a", "new");
	int fd = scratch_file("b", "o", 0644);
	EXPECT_OK(rename("a", "b"));
	EXPECT_EQ(size_of("b"), 3);
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_EQ(c, 'o');
}

TEST(rename, "onto itself, or onto another name of the same file, does nothing")
{
	scratch();
	file("a", "abc");
	ASSERT_OK(link("a", "b"));
	EXPECT_OK(rename("a", "a"));
	EXPECT_OK(rename("a", "b"));
	EXPECT_EQ(size_of("a"), 3);
	EXPECT_EQ(size_of("b"), 3);
}

TEST(rename, "a missing source is ENOENT, a missing target directory too")
{
	scratch();
	file("a", "");
	EXPECT_ERRNO(rename("missing", "b"), ENOENT);
	EXPECT_ERRNO(rename("a", "missing/b"), ENOENT);
	EXPECT_ERRNO(rename("a", ""), ENOENT);
}

TEST(rename, "a directory replaces an empty directory only")
{
	scratch();
	ASSERT_OK(mkdir("a", 0755));
	ASSERT_OK(mkdir("empty", 0755));
	ASSERT_OK(mkdir("full", 0755));
	file("full/f", "");
	EXPECT_ERRNO(rename("a", "full"), ENOTEMPTY);
	EXPECT_OK(rename("a", "empty"));
	EXPECT_EQ(size_of("a"), -ENOENT);
}

TEST(rename, "a file does not replace a directory, nor a directory a file")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	file("f", "");
	EXPECT_ERRNO(rename("f", "d"), EISDIR);
	EXPECT_ERRNO(rename("d", "f"), ENOTDIR);
}

TEST(rename, "a directory cannot move into itself")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	ASSERT_OK(mkdir("d/e", 0755));
	EXPECT_ERRNO(rename("d", "d/e/x"), EINVAL);
	EXPECT_ERRNO(rename("d", "d/x"), EINVAL);
	EXPECT_ERRNO(rename("d/e", "d"), ENOTEMPTY);
}

TEST(rename, "a moved directory's .. is its new parent")
{
	struct stat up, d;

	scratch();
	ASSERT_OK(mkdir("a", 0755));
	ASSERT_OK(mkdir("b", 0755));
	ASSERT_OK(mkdir("a/x", 0755));
	EXPECT_OK(rename("a/x", "b/x"));
	EXPECT_OK(stat("b/x/..", &up));
	EXPECT_OK(stat("b", &d));
	EXPECT_EQ(up.st_ino, d.st_ino);
	EXPECT_EQ(d.st_nlink, 3);
	EXPECT_OK(stat("a", &d));
	EXPECT_EQ(d.st_nlink, 2);
}

TEST(rename, ". and .. are EBUSY")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	EXPECT_ERRNO(rename(".", "x"), EBUSY);
	EXPECT_ERRNO(rename("d/..", "x"), EBUSY);
	EXPECT_ERRNO(rename("d", "."), EBUSY);
}

TEST(rename, "another file system is EXDEV")
{
	scratch();
	file("a", "");
	EXPECT_ERRNO(rename("a", "/dev/suite-a"), EXDEV);
}

TEST(rename, "a symbolic link itself is moved")
{
	struct stat st;

	scratch();
	file("f", "");
	ASSERT_OK(symlink("f", "l"));
	EXPECT_OK(rename("l", "m"));
	EXPECT_OK(lstat("m", &st));
	EXPECT_TRUE(S_ISLNK(st.st_mode));
	file("g", "123");
	EXPECT_OK(rename("g", "m"));
	EXPECT_OK(lstat("m", &st));
	EXPECT_TRUE(S_ISREG(st.st_mode));
	EXPECT_EQ(size_of("f"), 0);
}

TEST(rename, "a trailing slash asks for a directory")
{
	scratch();
	file("f", "");
	ASSERT_OK(mkdir("d", 0755));
	EXPECT_ERRNO(rename("f/", "g"), ENOTDIR);
	EXPECT_ERRNO(rename("f", "g/"), ENOTDIR);
	EXPECT_OK(rename("d/", "e/"));
}

TEST(rename, "RENAME_NOREPLACE refuses an existing target")
{
	scratch();
	file("a", "1");
	file("b", "22");
	EXPECT_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", NOREPLACE), EEXIST);
	EXPECT_OK(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c", NOREPLACE));
	EXPECT_EQ(size_of("c"), 1);
}

TEST(rename, "RENAME_EXCHANGE swaps a file with a directory")
{
	struct stat st;

	scratch();
	file("f", "1");
	ASSERT_OK(mkdir("d", 0755));
	EXPECT_OK(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "d", EXCHANGE));
	EXPECT_OK(stat("f", &st));
	EXPECT_TRUE(S_ISDIR(st.st_mode));
	EXPECT_EQ(size_of("d"), 1);
	EXPECT_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "missing", EXCHANGE), ENOENT);
}

TEST(rename, "unknown flags, and exchange with noreplace, are EINVAL")
{
	scratch();
	file("a", "");
	EXPECT_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 8), EINVAL);
	EXPECT_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", NOREPLACE | EXCHANGE),
		     EINVAL);
}

TEST(rename, "renameat moves between directory descriptors")
{
	scratch();
	ASSERT_OK(mkdir("a", 0755));
	ASSERT_OK(mkdir("b", 0755));
	file("a/f", "1");
	int a = ASSERT_OK(open("a", O_RDONLY)), b = ASSERT_OK(open("b", O_PATH));
	EXPECT_OK(renameat(a, "f", b, "g"));
	EXPECT_EQ(size_of("b/g"), 1);
	EXPECT_ERRNO(renameat(-1, "f", b, "g"), EBADF);
}

TEST(rename, "in a sticky directory only the owner may rename")
{
	scratch();
	ASSERT_OK(mkdir("d", 0777));
	ASSERT_OK(chmod("d", 01777));
	file("d/roots", "");
	become_nobody();
	EXPECT_ERRNO(rename("d/roots", "d/mine"), EPERM);
	EXPECT_ERRNO(unlink("d/roots"), EPERM);
	file("d/own", "");
	EXPECT_OK(rename("d/own", "d/still"));
	EXPECT_ERRNO(rename("d/still", "d/roots"), EPERM);
}

TEST(rename, "needs write permission on both directories")
{
	scratch();
	ASSERT_OK(mkdir("shut", 0755));
	ASSERT_OK(mkdir("free", 0777));
	ASSERT_OK(chmod("free", 0777));
	file("shut/f", "");
	close(scratch_file("free/g", "", 0666));
	become_nobody();
	EXPECT_ERRNO(rename("shut/f", "free/f"), EACCES);
	EXPECT_ERRNO(rename("free/g", "shut/g"), EACCES);
	EXPECT_OK(rename("free/g", "free/h"));
}

TEST(rename, "the target never disappears for one who looks during a replace")
{
	pid_t pid;

	scratch();
	file("target", "0");
	pid = ktap_fork();
	if (pid == 0) {
		for (int i = 0; i < 300; i++) {
			file("next", "1");
			if (rename("next", "target") < 0)
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < 1000; i++)
		ASSERT_OK(access("target", F_OK));
	EXPECT_EXIT(pid, 0);
}

TEST(rename, "the old name's directory is wrong before the new name is looked at")
{
	scratch();
	file("a", "");
	EXPECT_ERRNO(renameat(-1, "x", AT_FDCWD, ""), EBADF);
	EXPECT_ERRNO(renameat(AT_FDCWD, "a/b", AT_FDCWD, ""), ENOTDIR);
	EXPECT_ERRNO(syscall(SYS_renameat2, -1, "x", AT_FDCWD, NULL, 0), EBADF);
	EXPECT_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, NULL, 0), EFAULT);
}
