// SPDX-License-Identifier: BSD-2-Clause
/*
 * open and openat: what is made, what is found, what is refused, and which flags stay.
 */
#include "ktap.h"

static const char *const long_name =
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaa"; /* 256 */

TEST(open, "a missing file is ENOENT without O_CREAT and is made with it")
{
	scratch();
	EXPECT_ERRNO(open("f", O_RDONLY), ENOENT);
	EXPECT_OK(open("f", O_RDONLY | O_CREAT, 0644));
	EXPECT_OK(open("f", O_RDONLY));
}

TEST(open, "the lowest free descriptor is given")
{
	int a = ASSERT_OK(open("/dev/null", O_RDONLY));
	int b = ASSERT_OK(open("/dev/null", O_RDONLY));

	EXPECT_EQ(b, a + 1);
	close(a);
	EXPECT_EQ(open("/dev/null", O_RDONLY), a);
}

TEST(open, "O_EXCL with O_CREAT refuses an existing file")
{
	scratch();
	EXPECT_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0644));
	EXPECT_ERRNO(open("f", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
}

TEST(open, "O_EXCL with O_CREAT does not follow a symbolic link")
{
	scratch();
	ASSERT_OK(symlink("nowhere", "l"));
	EXPECT_ERRNO(open("l", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	EXPECT_ERRNO(access("nowhere", F_OK), ENOENT);
}

TEST(open, "O_CREAT through a dangling symbolic link makes its target")
{
	scratch();
	ASSERT_OK(symlink("target", "l"));
	EXPECT_OK(open("l", O_RDWR | O_CREAT, 0644));
	EXPECT_OK(access("target", F_OK));
}

TEST(open, "the mode of a new file is masked by the umask")
{
	struct stat st;

	scratch();
	umask(027);
	int fd = ASSERT_OK(open("f", O_RDWR | O_CREAT, 0666));
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0640);
}

TEST(open, "a file made with mode 0 can be written through the descriptor that made it")
{
	scratch();
	become_nobody();
	int fd = ASSERT_OK(open("f", O_RDWR | O_CREAT, 0));
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_ERRNO(open("f", O_RDONLY), EACCES);
}

TEST(open, "O_TRUNC empties a file")
{
	struct stat st;

	scratch();
	close(scratch_file("f", "hello", 0644));
	EXPECT_OK(open("f", O_WRONLY | O_TRUNC));
	EXPECT_OK(stat("f", &st));
	EXPECT_EQ(st.st_size, 0);
}

TEST(open, "O_APPEND writes at the end wherever the offset is")
{
	char out[8];

	scratch();
	close(scratch_file("f", "abc", 0644));
	int fd = ASSERT_OK(open("f", O_RDWR | O_APPEND));
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(write(fd, "de", 2), 2);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
	EXPECT_EQ(pread(fd, out, 8, 0), 5);
	EXPECT_MEMEQ(out, "abcde", 5);
}

TEST(open, "pwrite on an O_APPEND descriptor appends all the same")
{
	char out[8];

	scratch();
	close(scratch_file("f", "abc", 0644));
	int fd = ASSERT_OK(open("f", O_RDWR | O_APPEND));
	EXPECT_EQ(pwrite(fd, "X", 1, 0), 1);
	EXPECT_EQ(pread(fd, out, 8, 0), 4);
	EXPECT_MEMEQ(out, "abcX", 4);
}

TEST(open, "a directory opens for reading only")
{
	scratch();
	EXPECT_OK(open(".", O_RDONLY));
	EXPECT_ERRNO(open(".", O_WRONLY), EISDIR);
	EXPECT_ERRNO(open(".", O_RDWR), EISDIR);
	EXPECT_ERRNO(open(".", O_RDONLY | O_CREAT, 0644), EISDIR);
}

TEST(open, "O_DIRECTORY refuses what is no directory")
{
	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	EXPECT_OK(open(".", O_RDONLY | O_DIRECTORY));
}

TEST(open, "a file used as a directory is ENOTDIR")
{
	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(open("f/x", O_RDONLY), ENOTDIR);
	EXPECT_ERRNO(open("f/x", O_RDWR | O_CREAT, 0644), ENOTDIR);
	EXPECT_ERRNO(open("f/", O_RDONLY), ENOTDIR);
}

TEST(open, "a trailing slash on a new name is EISDIR with O_CREAT")
{
	scratch();
	EXPECT_ERRNO(open("new/", O_RDWR | O_CREAT, 0644), EISDIR);
	EXPECT_ERRNO(open("new/", O_RDONLY), ENOENT);
}

TEST(open, "an empty path is ENOENT")
{
	EXPECT_ERRNO(open("", O_RDONLY), ENOENT);
	EXPECT_ERRNO(open("", O_RDWR | O_CREAT, 0644), ENOENT);
}

TEST(open, "a component of 256 bytes is ENAMETOOLONG, one of 255 is not")
{
	scratch();
	EXPECT_EQ(strlen(long_name), 256);
	EXPECT_ERRNO(open(long_name, O_RDWR | O_CREAT, 0644), ENAMETOOLONG);
	EXPECT_OK(open(long_name + 1, O_RDWR | O_CREAT, 0644));
	EXPECT_OK(unlink(long_name + 1));
}

TEST(open, "a path of 4096 bytes is ENAMETOOLONG, one of 4095 is not")
{
	char path[4100];

	scratch();
	close(scratch_file("f", "", 0644));
	memset(path, '/', sizeof(path));
	for (int i = 0; i < 4094; i += 2)
		memcpy(path + i, "./", 2);
	strcpy(path + 4094, "f");
	EXPECT_EQ(strlen(path), 4095);
	EXPECT_OK(open(path, O_RDONLY));
	strcpy(path + 4094, "/f");
	EXPECT_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
}

TEST(open, "repeated slashes, . and .. are walked")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("f", "", 0644));
	EXPECT_OK(open("d/..//./f", O_RDONLY));
	EXPECT_ERRNO(open("missing/../f", O_RDONLY), ENOENT);
}

TEST(open, ".. of the root is the root")
{
	struct stat root, up;

	EXPECT_OK(stat("/", &root));
	EXPECT_OK(stat("/../../..", &up));
	EXPECT_EQ(root.st_ino, up.st_ino);
	EXPECT_EQ(root.st_dev, up.st_dev);
}

TEST(open, "forty symbolic links in a row are followed, one more is ELOOP")
{
	char from[16], to[16];

	scratch();
	close(scratch_file("l0", "", 0644));
	for (int i = 1; i <= 41; i++) {
		snprintf(to, sizeof(to), "l%d", i - 1);
		snprintf(from, sizeof(from), "l%d", i);
		ASSERT_OK(symlink(to, from));
	}
	EXPECT_OK(open("l40", O_RDONLY));
	EXPECT_ERRNO(open("l41", O_RDONLY), ELOOP);
}

TEST(open, "a symbolic link to itself is ELOOP")
{
	scratch();
	ASSERT_OK(symlink("loop", "loop"));
	EXPECT_ERRNO(open("loop", O_RDONLY), ELOOP);
}

TEST(open, "O_NOFOLLOW on a symbolic link is ELOOP, in the middle it does not matter")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("d/f", "", 0644));
	ASSERT_OK(symlink("d", "l"));
	EXPECT_ERRNO(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	EXPECT_OK(open("l/f", O_RDONLY | O_NOFOLLOW));
	EXPECT_ERRNO(open("l", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
}

TEST(open, "O_PATH gives a descriptor that cannot be read or written")
{
	struct stat st;
	char c;

	scratch();
	close(scratch_file("f", "x", 0644));
	int fd = ASSERT_OK(open("f", O_PATH));
	EXPECT_ERRNO(read(fd, &c, 1), EBADF);
	EXPECT_ERRNO(write(fd, &c, 1), EBADF);
	EXPECT_ERRNO(lseek(fd, 0, SEEK_SET), EBADF);
	EXPECT_ERRNO(syscall(SYS_fchmod, fd, 0600), EBADF);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 1);
}

TEST(open, "O_PATH with O_NOFOLLOW opens the symbolic link itself")
{
	struct stat st;
	char text[8] = "";

	scratch();
	ASSERT_OK(symlink("where", "l"));
	int fd = ASSERT_OK(open("l", O_PATH | O_NOFOLLOW));
	EXPECT_OK(fstat(fd, &st));
	EXPECT_TRUE(S_ISLNK(st.st_mode));
	EXPECT_EQ(readlinkat(fd, "", text, sizeof(text)), 5);
	EXPECT_MEMEQ(text, "where", 5);
}

TEST(open, "O_CLOEXEC is set on the descriptor, not the file")
{
	int fd = ASSERT_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));

	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(dup(fd), F_GETFD), 0);
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_CLOEXEC, 0);
}

TEST(open, "a read on a write-only descriptor is EBADF, and a write on a read-only one")
{
	char c = 0;

	EXPECT_ERRNO(read(open("/dev/zero", O_WRONLY), &c, 1), EBADF);
	EXPECT_ERRNO(write(open("/dev/zero", O_RDONLY), &c, 1), EBADF);
}

TEST(open, "an unlinked file lives until its last descriptor closes")
{
	char c = 0;
	struct stat st;

	scratch();
	int fd = scratch_file("f", "x", 0644);
	EXPECT_OK(unlink("f"));
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_EQ(c, 'x');
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_nlink, 0);
}

TEST(open, "O_TMPFILE makes a file without a name")
{
	struct stat st;

	scratch();
	int fd = ASSERT_OK(open(".", O_TMPFILE | O_RDWR, 0600));
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_nlink, 0);
	EXPECT_EQ(st.st_mode, S_IFREG | 0600);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_ERRNO(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

TEST(open, "RLIMIT_NOFILE descriptors open gives EMFILE")
{
	int last = -1, fd;

	while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
		last = fd;
		if (fd >= 4096)
			ktap_skip("the limit is above 4096");
	}
	EXPECT_EQ(errno, EMFILE);
	EXPECT_EQ(last, sysconf(_SC_OPEN_MAX) - 1);
}

TEST(open, "openat follows the directory descriptor, an absolute path ignores it")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("d/f", "", 0644));
	int dir = ASSERT_OK(open("d", O_RDONLY | O_DIRECTORY));
	EXPECT_OK(openat(dir, "f", O_RDONLY));
	EXPECT_ERRNO(openat(dir, "d/f", O_RDONLY), ENOENT);
	EXPECT_OK(openat(-1, "/dev/null", O_RDONLY));
	EXPECT_ERRNO(openat(-1, "f", O_RDONLY), EBADF);
	EXPECT_ERRNO(openat(open("d/f", O_RDONLY), "f", O_RDONLY), ENOTDIR);
}

TEST(open, "a read-only file opens for writing for root alone")
{
	scratch();
	close(scratch_file("f", "x", 0444));
	EXPECT_OK(open("f", O_WRONLY));
	become_nobody();
	EXPECT_ERRNO(open("f", O_WRONLY), EACCES);
	EXPECT_OK(open("f", O_RDONLY));
}

TEST(open, "the access mode 3 asks for both rights and gives neither")
{
	char c = 0;

	scratch();
	close(scratch_file("f", "x", 0644));
	int fd = ASSERT_OK(open("f", O_ACCMODE));
	EXPECT_ERRNO(read(fd, &c, 1), EBADF);
	EXPECT_ERRNO(write(fd, &c, 1), EBADF);
}

TEST(open, "close of a closed or wild descriptor is EBADF")
{
	int fd = ASSERT_OK(dup(0));

	EXPECT_OK(close(fd));
	EXPECT_ERRNO(close(fd), EBADF);
	EXPECT_ERRNO(close(-1), EBADF);
	EXPECT_ERRNO(close(INT_MAX), EBADF);
}

TEST(open, "openat2 refuses to leave its directory with RESOLVE_BENEATH")
{
	struct { uint64_t flags, mode, resolve; } how = { .flags = O_RDONLY, .resolve = 0x08 };

	scratch();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("d/f", "", 0644));
	int dir = ASSERT_OK(open("d", O_PATH));
	EXPECT_OK(syscall(SYS_openat2, dir, "f", &how, sizeof(how)));
	EXPECT_ERRNO(syscall(SYS_openat2, dir, "../d/f", &how, sizeof(how)), EXDEV);
	EXPECT_ERRNO(syscall(SYS_openat2, dir, "/dev/null", &how, sizeof(how)), EXDEV);
	how.flags = 1ULL << 40;
	EXPECT_ERRNO(syscall(SYS_openat2, dir, "f", &how, sizeof(how)), EINVAL);
}

TEST(open, "O_CREAT of a name with a slash behind it is EISDIR, with O_EXCL too; of a dot it is there")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	EXPECT_ERRNO(open("d/", O_RDWR | O_CREAT | O_EXCL, 0644), EISDIR);
	EXPECT_ERRNO(open("d//", O_RDWR | O_CREAT, 0644), EISDIR);
	EXPECT_ERRNO(open("x/", O_RDWR | O_CREAT | O_EXCL, 0644), EISDIR);
	EXPECT_ERRNO(open("d", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	EXPECT_ERRNO(open("d/./", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	EXPECT_ERRNO(open("..", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
}

TEST(open, "openat2 with RESOLVE_CACHED is EAGAIN for what it would have to look for or write")
{
	struct { uint64_t flags, mode, resolve; } how = { .flags = O_RDONLY, .resolve = 0x20 };
	struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };

	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(symlink("f", "l"));
	ASSERT_OK(utimensat(AT_FDCWD, "l", old, AT_SYMLINK_NOFOLLOW));
	EXPECT_OK(syscall(SYS_openat2, AT_FDCWD, "f", &how, sizeof(how)));
	EXPECT_ERRNO(syscall(SYS_openat2, AT_FDCWD, "x", &how, sizeof(how)), EAGAIN);
	EXPECT_ERRNO(syscall(SYS_openat2, AT_FDCWD, "l", &how, sizeof(how)), EAGAIN);	/* its time is to be written */
	how.resolve = 0;
	EXPECT_OK(syscall(SYS_openat2, AT_FDCWD, "l", &how, sizeof(how)));
	how.flags = O_CREAT, how.resolve = 0x20;
	EXPECT_ERRNO(syscall(SYS_openat2, AT_FDCWD, "f", &how, sizeof(how)), EAGAIN);
}

TEST(open, "the fourth access mode asks for both rights, and the descriptor neither reads nor writes")
{
	char c;
	int fd;

	scratch();
	close(scratch_file("f", "text", 0644));
	fd = ASSERT_OK(open("f", O_RDWR | O_WRONLY));
	EXPECT_EQ(fcntl(fd, F_GETFL) & 3, 3);
	EXPECT_ERRNO(read(fd, &c, 1), EBADF);
	EXPECT_ERRNO(write(fd, "x", 1), EBADF);
	EXPECT_ERRNO(ftruncate(fd, 0), EINVAL);
	close(fd);
	mkfifo("p", 0644);
	EXPECT_ERRNO(open("p", O_RDWR | O_WRONLY), EINVAL);
}
