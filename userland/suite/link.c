// SPDX-License-Identifier: BSD-2-Clause
/*
 * Names: link, symlink, readlink, unlink, mknod.
 */
#include <sys/sysmacros.h>

#include "ktap.h"

TEST(link, "a second name is the same file, and the count says so")
{
	struct stat a, b;

	scratch();
	close(scratch_file("a", "x", 0644));
	EXPECT_OK(link("a", "b"));
	EXPECT_OK(stat("a", &a));
	EXPECT_OK(stat("b", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(a.st_nlink, 2);
	EXPECT_OK(unlink("a"));
	EXPECT_OK(stat("b", &b));
	EXPECT_EQ(b.st_nlink, 1);
}

TEST(link, "onto an existing name is EEXIST, from a missing one ENOENT")
{
	scratch();
	close(scratch_file("a", "", 0644));
	close(scratch_file("b", "", 0644));
	EXPECT_ERRNO(link("a", "b"), EEXIST);
	EXPECT_ERRNO(link("a", "a"), EEXIST);
	EXPECT_ERRNO(link("missing", "c"), ENOENT);
	EXPECT_ERRNO(link("a", "missing/c"), ENOENT);
}

TEST(link, "a directory cannot be linked")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	EXPECT_ERRNO(link("d", "e"), EPERM);
}

TEST(link, "another file system is EXDEV")
{
	scratch();
	EXPECT_ERRNO(link("/proc/version", "v"), EXDEV);
}

TEST(link, "of a symbolic link links the symbolic link")
{
	struct stat st;

	scratch();
	ASSERT_OK(symlink("nowhere", "l"));
	EXPECT_OK(link("l", "m"));
	EXPECT_OK(lstat("m", &st));
	EXPECT_TRUE(S_ISLNK(st.st_mode));
	EXPECT_EQ(st.st_nlink, 2);
}

TEST(link, "linkat with AT_SYMLINK_FOLLOW links the target")
{
	struct stat st;

	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(symlink("f", "l"));
	EXPECT_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "m", AT_SYMLINK_FOLLOW));
	EXPECT_OK(lstat("m", &st));
	EXPECT_TRUE(S_ISREG(st.st_mode));
	EXPECT_ERRNO(linkat(AT_FDCWD, "l", AT_FDCWD, "n", 0x8000), EINVAL);
}

TEST(link, "linkat gives an O_TMPFILE a name through /proc/self/fd")
{
	char path[64];
	struct stat st;

	scratch();
	int fd = ASSERT_OK(open(".", O_TMPFILE | O_RDWR, 0644));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	EXPECT_OK(stat("named", &st));
	EXPECT_EQ(st.st_nlink, 1);
}

TEST(link, "readlink gives the text without a nul, cut to the room")
{
	char text[16];

	scratch();
	ASSERT_OK(symlink("some/where", "l"));
	memset(text, 'z', sizeof(text));
	EXPECT_EQ(readlink("l", text, sizeof(text)), 10);
	EXPECT_MEMEQ(text, "some/wherezz", 12);
	EXPECT_EQ(readlink("l", text, 4), 4);
}

TEST(link, "readlink of what is no link, or with no room, is EINVAL")
{
	char text[4];

	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(symlink("x", "l"));
	EXPECT_ERRNO(readlink("f", text, 4), EINVAL);
	EXPECT_ERRNO(readlink(".", text, 4), EINVAL);
	EXPECT_ERRNO(readlink("missing", text, 4), ENOENT);
	EXPECT_ERRNO(syscall(SYS_readlinkat, AT_FDCWD, "l", text, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_readlinkat, AT_FDCWD, "l", 16, 4), EFAULT);
}

TEST(link, "symlink onto an existing name is EEXIST, an empty target ENOENT")
{
	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(symlink("x", "f"), EEXIST);
	EXPECT_ERRNO(symlink("", "l"), ENOENT);
	EXPECT_ERRNO(symlink("x", "missing/l"), ENOENT);
}

TEST(link, "a relative symbolic link is walked from its own directory")
{
	struct stat st;

	scratch();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("d/f", "abc", 0644));
	ASSERT_OK(symlink("f", "d/l"));
	EXPECT_OK(stat("d/l", &st));
	EXPECT_EQ(st.st_size, 3);
}

TEST(link, "an absolute symbolic link is walked from the root")
{
	char target[128];
	struct stat st;

	snprintf(target, sizeof(target), "%s/f", scratch());
	close(scratch_file("f", "abcd", 0644));
	ASSERT_OK(symlink(target, "l"));
	ASSERT_OK(chdir("/"));
	target[strlen(target) - 1] = 'l';
	EXPECT_OK(stat(target, &st));
	EXPECT_EQ(st.st_size, 4);
}

TEST(link, "a symbolic link in the middle of a path is walked, with .. after its target")
{
	struct stat st;

	scratch();
	ASSERT_OK(mkdir("a", 0755));
	ASSERT_OK(mkdir("a/b", 0755));
	close(scratch_file("a/f", "12", 0644));
	ASSERT_OK(symlink("a/b", "l"));
	EXPECT_OK(stat("l/../f", &st));
	EXPECT_EQ(st.st_size, 2);
}

TEST(link, "a long symbolic link target of 4095 bytes is kept, 4096 is ENAMETOOLONG")
{
	static char target[4097], back[4200];

	memset(target, 'x', 4095);
	scratch();
	EXPECT_OK(symlink(target, "l"));
	EXPECT_EQ(readlink("l", back, sizeof(back)), 4095);
	EXPECT_MEMEQ(back, target, 4095);
	target[4095] = 'x';
	EXPECT_ERRNO(symlink(target, "m"), ENAMETOOLONG);
}

TEST(link, "unlink of a directory is EISDIR, of nothing ENOENT")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	EXPECT_ERRNO(unlink("d"), EISDIR);
	EXPECT_ERRNO(unlink("missing"), ENOENT);
	EXPECT_ERRNO(unlink(""), ENOENT);
	EXPECT_ERRNO(unlink("."), EISDIR);
	EXPECT_ERRNO(unlink("/"), EISDIR);
}

TEST(link, "unlink removes a symbolic link, not its target")
{
	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(symlink("f", "l"));
	EXPECT_OK(unlink("l"));
	EXPECT_OK(access("f", F_OK));
	EXPECT_ERRNO(unlink("f/"), ENOTDIR);
}

TEST(link, "unlinkat takes AT_REMOVEDIR and no other flag")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(unlinkat(AT_FDCWD, "d", 0), EISDIR);
	EXPECT_ERRNO(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
	EXPECT_ERRNO(unlinkat(AT_FDCWD, "f", 1), EINVAL);
	EXPECT_OK(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
	EXPECT_OK(unlinkat(AT_FDCWD, "f", 0));
}

TEST(link, "mknod makes files, FIFOs and devices")
{
	struct stat st;
	char c = 1;

	scratch();
	EXPECT_OK(mknod("f", S_IFREG | 0640, 0));
	EXPECT_OK(mknod("p", S_IFIFO | 0600, 0));
	EXPECT_OK(mknod("z", S_IFCHR | 0666, makedev(1, 5)));
	EXPECT_OK(stat("f", &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0640);
	EXPECT_OK(stat("p", &st));
	EXPECT_EQ(st.st_mode, S_IFIFO | 0600);
	EXPECT_OK(stat("z", &st));
	EXPECT_EQ(st.st_rdev, makedev(1, 5));
	EXPECT_EQ(read(ASSERT_OK(open("z", O_RDONLY)), &c, 1), 1);
	EXPECT_EQ(c, 0);
}

TEST(link, "mknod refuses directories, existing names, and devices from non-root")
{
	scratch();
	EXPECT_ERRNO(mknod("d", S_IFDIR | 0755, 0), EPERM);
	EXPECT_ERRNO(mknod("x", S_IFLNK | 0755, 0), EINVAL);
	EXPECT_OK(mknod("f", 0644, 0));
	EXPECT_ERRNO(mknod("f", 0644, 0), EEXIST);
	become_nobody();
	EXPECT_ERRNO(mknod("z", S_IFCHR | 0666, makedev(1, 5)), EPERM);
	EXPECT_OK(mknod("p", S_IFIFO | 0600, 0));
}

TEST(link, "a device that nobody drives opens with ENXIO")
{
	scratch();
	EXPECT_OK(mknod("x", S_IFCHR | 0666, makedev(240, 77)));
	EXPECT_ERRNO(open("x", O_RDONLY), ENXIO);
}

TEST(link, "a FIFO joins an opener for reading with one for writing")
{
	pid_t pid;
	char c;

	scratch();
	ASSERT_OK(mkfifo("p", 0600));
	pid = ktap_fork();
	if (pid == 0)
		_exit(write(ASSERT_OK(open("p", O_WRONLY)), "x", 1) == 1 ? 0 : 1);
	int fd = ASSERT_OK(open("p", O_RDONLY));
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_EQ(read(fd, &c, 1), 0);
	EXPECT_EXIT(pid, 0);
}

TEST(link, "a FIFO opened non-blocking: for reading at once, for writing ENXIO without a reader")
{
	scratch();
	ASSERT_OK(mkfifo("p", 0600));
	EXPECT_ERRNO(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	EXPECT_OK(open("p", O_RDONLY | O_NONBLOCK));
	EXPECT_OK(open("p", O_WRONLY | O_NONBLOCK));
}

TEST(link, "a FIFO has no device number")
{
	struct stat st;

	scratch();
	ASSERT_OK(mknod("f", S_IFIFO | 0600, 0x105));
	ASSERT_OK(stat("f", &st));
	EXPECT_EQ(st.st_rdev, 0);
}
