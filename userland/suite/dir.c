// SPDX-License-Identifier: BSD-2-Clause
/*
 * Directories: making, removing, reading, standing in one, and saying where one stands.
 */
#include <dirent.h>

#include "ktap.h"

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static char listing[65536];

/* Read the rest of a directory in steps of `step` bytes; counts the entries called `name`, or all. */
static int count(int fd, size_t step, const char *name)
{
	int found = 0;
	long n;

	while ((n = syscall(SYS_getdents64, fd, listing, step)) > 0)
		for (long at = 0; at < n; at += ((struct entry *)(listing + at))->reclen)
			if (!name || !strcmp(((struct entry *)(listing + at))->name, name))
				found++;
	EXPECT_EQ(n, 0);
	return found;
}

TEST(dir, "mkdir makes an empty directory with the umask applied")
{
	struct stat st;

	scratch();
	umask(027);
	EXPECT_OK(mkdir("d", 0777));
	EXPECT_OK(stat("d", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 0750);
	EXPECT_EQ(count(ASSERT_OK(open("d", O_RDONLY)), 4096, NULL), 2);
}

TEST(dir, "mkdir keeps the sticky bit and drops set-user-id")
{
	struct stat st;

	scratch();
	EXPECT_OK(mkdir("d", 07777));
	EXPECT_OK(stat("d", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 01755);
}

TEST(dir, "mkdir of what exists is EEXIST, whatever it is")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("f", "", 0644));
	ASSERT_OK(symlink("nowhere", "l"));
	EXPECT_ERRNO(mkdir("d", 0755), EEXIST);
	EXPECT_ERRNO(mkdir("f", 0755), EEXIST);
	EXPECT_ERRNO(mkdir("l", 0755), EEXIST);
	EXPECT_ERRNO(mkdir(".", 0755), EEXIST);
	EXPECT_ERRNO(mkdir("..", 0755), EEXIST);
	EXPECT_ERRNO(mkdir("/", 0755), EEXIST);
}

TEST(dir, "mkdir takes a trailing slash")
{
	scratch();
	EXPECT_OK(mkdir("d/", 0755));
	EXPECT_OK(access("d", F_OK));
}

TEST(dir, "mkdir below a missing or wrong parent is ENOENT or ENOTDIR")
{
	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(mkdir("missing/d", 0755), ENOENT);
	EXPECT_ERRNO(mkdir("f/d", 0755), ENOTDIR);
	EXPECT_ERRNO(mkdir("", 0755), ENOENT);
}

TEST(dir, "rmdir removes an empty directory only")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("d/f", "", 0644));
	EXPECT_ERRNO(rmdir("d"), ENOTEMPTY);
	ASSERT_OK(unlink("d/f"));
	EXPECT_OK(rmdir("d"));
	EXPECT_ERRNO(rmdir("d"), ENOENT);
}

TEST(dir, "rmdir of a file is ENOTDIR, of . EINVAL, of .. ENOTEMPTY, of / EBUSY")
{
	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(rmdir("f"), ENOTDIR);
	EXPECT_ERRNO(rmdir("."), EINVAL);
	EXPECT_ERRNO(rmdir(".."), ENOTEMPTY);
	EXPECT_ERRNO(rmdir("/"), EBUSY);
}

TEST(dir, "rmdir does not follow a symbolic link")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	ASSERT_OK(symlink("d", "l"));
	EXPECT_ERRNO(rmdir("l"), ENOTDIR);
	EXPECT_OK(access("d", F_OK));
}

TEST(dir, "getdents64 lists ., .. and each entry once")
{
	scratch();
	close(scratch_file("one", "", 0644));
	close(scratch_file("two", "", 0644));
	ASSERT_OK(mkdir("three", 0755));
	int fd = ASSERT_OK(open(".", O_RDONLY));
	EXPECT_EQ(count(fd, sizeof(listing), NULL), 5);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(count(fd, sizeof(listing), "two"), 1);
}

TEST(dir, "getdents64 tells types and inode numbers as stat does")
{
	struct stat st;
	int checked = 0;

	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(mkdir("d", 0755));
	ASSERT_OK(symlink("f", "l"));
	ASSERT_OK(mkfifo("p", 0644));
	long n = ASSERT_OK(syscall(SYS_getdents64, ASSERT_OK(open(".", O_RDONLY)), listing, 4096));
	for (long at = 0; at < n; at += ((struct entry *)(listing + at))->reclen) {
		struct entry *e = (struct entry *)(listing + at);

		EXPECT_EQ(e->reclen % 8, 0);
		if (!strcmp(e->name, ".."))
			continue;
		ASSERT_OK(lstat(e->name, &st));
		EXPECT_EQ(e->ino, st.st_ino);
		EXPECT_EQ(e->type, (st.st_mode & S_IFMT) >> 12);
		checked++;
	}
	EXPECT_EQ(checked, 5);
}

TEST(dir, "getdents64 with room for one entry at a time lists all of 300")
{
	char name[16];

	scratch();
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		close(scratch_file(name, "", 0644));
	}
	int fd = ASSERT_OK(open(".", O_RDONLY));
	EXPECT_EQ(count(fd, 32, NULL), 302);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(count(fd, 1000, NULL), 302);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(count(fd, 200, "f299"), 1);
}

TEST(dir, "getdents64 into too little room is EINVAL")
{
	int fd;

	scratch();
	close(scratch_file("f", "", 0644));
	fd = ASSERT_OK(open(".", O_RDONLY));
	EXPECT_ERRNO(syscall(SYS_getdents64, fd, listing, 8), EINVAL);
	EXPECT_EQ(count(fd, 4096, NULL), 3);
}

TEST(dir, "getdents64 of a file is ENOTDIR, of a closed descriptor EBADF, to a bad page EFAULT")
{
	scratch();
	EXPECT_ERRNO(syscall(SYS_getdents64, scratch_file("f", "", 0644), listing, 4096), ENOTDIR);
	EXPECT_ERRNO(syscall(SYS_getdents64, -1, listing, 4096), EBADF);
	EXPECT_ERRNO(syscall(SYS_getdents64, ASSERT_OK(open(".", O_RDONLY)), 16, 4096), EFAULT);
}

TEST(dir, "entries removed while listing disturb no other entry")
{
	char name[16];
	int seen = 0;
	long n;

	scratch();
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		close(scratch_file(name, "", 0644));
	}
	int fd = ASSERT_OK(open(".", O_RDONLY));
	while ((n = syscall(SYS_getdents64, fd, listing, 256)) > 0)
		for (long at = 0; at < n; at += ((struct entry *)(listing + at))->reclen) {
			struct entry *e = (struct entry *)(listing + at);

			if (e->name[0] != 'f')
				continue;
			EXPECT_OK(unlink(e->name));
			seen++;
		}
	EXPECT_EQ(seen, 50);
}

TEST(dir, "a removed directory that is still open reads as empty")
{
	scratch();
	ASSERT_OK(mkdir("d", 0755));
	int fd = ASSERT_OK(open("d", O_RDONLY));
	ASSERT_OK(rmdir("d"));
	EXPECT_ERRNO(syscall(SYS_getdents64, fd, listing, 4096), ENOENT);
	EXPECT_ERRNO(openat(fd, "f", O_RDWR | O_CREAT, 0644), ENOENT);
	EXPECT_ERRNO(mkdirat(fd, "e", 0755), ENOENT);
	EXPECT_ERRNO(symlinkat("x", fd, "l"), ENOENT);
	EXPECT_ERRNO(mknodat(fd, "p", S_IFIFO | 0644, 0), ENOENT);
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(linkat(AT_FDCWD, "f", fd, "g", 0), ENOENT);
	EXPECT_ERRNO(renameat(AT_FDCWD, "f", fd, "g"), ENOENT);
}

TEST(dir, "a name with a slash behind it is made a directory only")
{
	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(open("n/", O_RDWR | O_CREAT, 0644), EISDIR);
	EXPECT_ERRNO(mknod("n/", S_IFIFO | 0644, 0), ENOENT);
	EXPECT_ERRNO(symlink("f", "n/"), ENOENT);
	EXPECT_ERRNO(link("f", "n/"), ENOENT);
	EXPECT_ERRNO(rename("f", "n/"), ENOTDIR);
	EXPECT_OK(mkdir("n/", 0755));
}

TEST(dir, "getcwd says where chdir went, through links and dots")
{
	char cwd[PATH_MAX], want[PATH_MAX];
	const char *top = scratch();

	ASSERT_OK(mkdir("d", 0755));
	ASSERT_OK(symlink("d", "l"));
	EXPECT_OK(chdir("l/../l/."));
	snprintf(want, sizeof(want), "%s/d", top);
	EXPECT_STREQ(getcwd(cwd, sizeof(cwd)), want);
	EXPECT_OK(chdir("/"));
	EXPECT_STREQ(getcwd(cwd, sizeof(cwd)), "/");
}

TEST(dir, "getcwd returns the length with the nul, and ERANGE when it does not fit")
{
	char cwd[64];

	ASSERT_OK(chdir("/proc"));
	EXPECT_EQ(syscall(SYS_getcwd, cwd, sizeof(cwd)), 6);
	EXPECT_ERRNO(syscall(SYS_getcwd, cwd, 5), ERANGE);
	EXPECT_ERRNO(syscall(SYS_getcwd, cwd, 0), ERANGE);
	EXPECT_ERRNO(syscall(SYS_getcwd, 16, 64), EFAULT);
}

TEST(dir, "getcwd in a removed directory is ENOENT")
{
	char cwd[64];

	scratch();
	ASSERT_OK(mkdir("d", 0755));
	ASSERT_OK(chdir("d"));
	ASSERT_OK(rmdir("../d"));
	EXPECT_ERRNO(syscall(SYS_getcwd, cwd, sizeof(cwd)), ENOENT);
	EXPECT_ERRNO(open("f", O_RDWR | O_CREAT, 0644), ENOENT);
}

TEST(dir, "chdir to a file is ENOTDIR, to nothing ENOENT, without search permission EACCES")
{
	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(mkdir("d", 0600));
	EXPECT_ERRNO(chdir("f"), ENOTDIR);
	EXPECT_ERRNO(chdir("missing"), ENOENT);
	EXPECT_OK(access("d", X_OK));
	become_nobody();
	EXPECT_ERRNO(chdir("d"), EACCES);
}

TEST(dir, "fchdir goes where the descriptor is")
{
	char cwd[64];
	int fd = ASSERT_OK(open("/proc", O_RDONLY)), path = ASSERT_OK(open("/dev", O_PATH));

	scratch();
	EXPECT_OK(fchdir(fd));
	EXPECT_STREQ(getcwd(cwd, sizeof(cwd)), "/proc");
	EXPECT_OK(fchdir(path));
	EXPECT_STREQ(getcwd(cwd, sizeof(cwd)), "/dev");
	EXPECT_ERRNO(syscall(SYS_fchdir, ASSERT_OK(open("/dev/null", O_RDONLY))), ENOTDIR);
	EXPECT_ERRNO(syscall(SYS_fchdir, -1), EBADF);
}

TEST(dir, "a child starts in its parent's directory and moves alone")
{
	char cwd[64];
	pid_t pid;

	ASSERT_OK(chdir("/proc"));
	pid = ktap_fork();
	if (pid == 0) {
		EXPECT_STREQ(getcwd(cwd, sizeof(cwd)), "/proc");
		EXPECT_OK(chdir("/"));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_STREQ(getcwd(cwd, sizeof(cwd)), "/proc");
}

TEST(dir, "chroot makes a new top that .. does not leave")
{
	struct stat st;
	pid_t pid;

	scratch();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("d/inside", "", 0644));
	pid = ktap_fork();
	if (pid == 0) {
		EXPECT_OK(chroot("d"));
		EXPECT_OK(chdir("/"));
		EXPECT_OK(stat("/inside", &st));
		EXPECT_OK(stat("../../../inside", &st));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	become_nobody();
	EXPECT_ERRNO(chroot("d"), EPERM);
}

TEST(dir, "readdir and seekdir find an entry again")
{
	char name[16], first[256];
	struct dirent *e;
	long where;

	scratch();
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		close(scratch_file(name, "", 0644));
	}
	DIR *d = opendir(".");
	ASSERT_TRUE(d != NULL);
	for (int i = 0; i < 7; i++)
		readdir(d);
	where = telldir(d);
	e = readdir(d);
	ASSERT_TRUE(e != NULL);
	strcpy(first, e->d_name);
	readdir(d);
	seekdir(d, where);
	e = readdir(d);
	ASSERT_TRUE(e != NULL);
	EXPECT_STREQ(e->d_name, first);
	closedir(d);
}
