// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who may do what to a file: mode bits, owners, groups, sticky directories, umask, access.
 */
#include <grp.h>

#include "ktap.h"

static mode_t mode_of(const char *path)
{
	struct stat st;

	ASSERT_OK(stat(path, &st));
	return st.st_mode & 07777;
}

static void become(uid_t uid, gid_t gid)
{
	ASSERT_OK(setgroups(0, NULL));
	ASSERT_OK(setresgid(gid, gid, gid));
	ASSERT_OK(setresuid(uid, uid, uid));
}

TEST(perm, "the owner's bits hold for the owner, even where others have more")
{
	scratch();
	close(scratch_file("f", "x", 0066));
	ASSERT_OK(chown("f", 1000, 2000));
	become(1000, 2000);
	EXPECT_ERRNO(open("f", O_RDONLY), EACCES);
}

TEST(perm, "the group's bits hold for the group, even where others have more")
{
	scratch();
	close(scratch_file("f", "x", 0606));
	ASSERT_OK(chown("f", 1000, 2000));
	become(1001, 2000);
	EXPECT_ERRNO(open("f", O_RDONLY), EACCES);
}

TEST(perm, "the others' bits hold for others")
{
	scratch();
	close(scratch_file("f", "x", 0604));
	ASSERT_OK(chown("f", 1000, 2000));
	become(1001, 2001);
	EXPECT_OK(open("f", O_RDONLY));
	EXPECT_ERRNO(open("f", O_WRONLY), EACCES);
}

TEST(perm, "a supplementary group counts as the group")
{
	gid_t groups[2] = { 3000, 2000 };

	scratch();
	close(scratch_file("f", "x", 0640));
	ASSERT_OK(chown("f", 1000, 2000));
	ASSERT_OK(setgroups(2, groups));
	ASSERT_OK(setresgid(1, 1, 1));
	ASSERT_OK(setresuid(1001, 1001, 1001));
	EXPECT_OK(open("f", O_RDONLY));
	EXPECT_ERRNO(open("f", O_WRONLY), EACCES);
}

TEST(perm, "a path needs search permission on every directory")
{
	scratch();
	ASSERT_OK(mkdir("a", 0755));
	ASSERT_OK(mkdir("a/b", 0755));
	close(scratch_file("a/b/f", "", 0666));
	ASSERT_OK(chmod("a", 0744));
	become(1000, 1000);
	EXPECT_ERRNO(open("a/b/f", O_RDONLY), EACCES);
	EXPECT_ERRNO(access("a/b/missing", F_OK), EACCES);
	EXPECT_OK(open("a", O_RDONLY));
}

TEST(perm, "listing a directory needs read, making a file in it write and search")
{
	scratch();
	ASSERT_OK(mkdir("x", 0711));
	ASSERT_OK(mkdir("w", 0722));
	ASSERT_OK(chmod("w", 0722));
	become(1000, 1000);
	EXPECT_ERRNO(open("x", O_RDONLY), EACCES);
	EXPECT_ERRNO(open("w/f", O_WRONLY | O_CREAT, 0644), EACCES);
	EXPECT_ERRNO(open("x/f", O_WRONLY | O_CREAT, 0644), EACCES);
}

TEST(perm, "unlink asks the directory, not the file")
{
	scratch();
	ASSERT_OK(mkdir("d", 0777));
	ASSERT_OK(chmod("d", 0777));
	close(scratch_file("d/f", "", 0000));
	become(1000, 1000);
	EXPECT_OK(unlink("d/f"));
}

TEST(perm, "in a sticky directory others' files stay")
{
	scratch();
	ASSERT_OK(mkdir("d", 0777));
	ASSERT_OK(chmod("d", 01777));
	close(scratch_file("d/f", "", 0666));
	ASSERT_OK(mkdir("d/e", 0777));
	become(1000, 1000);
	EXPECT_ERRNO(unlink("d/f"), EPERM);
	EXPECT_ERRNO(rmdir("d/e"), EPERM);
	close(scratch_file("d/own", "", 0644));
	EXPECT_OK(unlink("d/own"));
}

TEST(perm, "the owner of a sticky directory removes anybody's files")
{
	scratch();
	ASSERT_OK(mkdir("d", 0777));
	ASSERT_OK(chmod("d", 01777));
	close(scratch_file("d/f", "", 0666));
	ASSERT_OK(chown("d", 1000, 1000));
	become(1000, 1000);
	EXPECT_OK(unlink("d/f"));
}

TEST(perm, "root reads and writes anything, but executes only what has an x bit")
{
	scratch();
	close(scratch_file("f", "x", 0000));
	EXPECT_OK(open("f", O_RDWR));
	EXPECT_OK(access("f", R_OK | W_OK));
	EXPECT_ERRNO(access("f", X_OK), EACCES);
	ASSERT_OK(chmod("f", 0001));
	EXPECT_OK(access("f", X_OK));
}

TEST(perm, "access uses the real user, AT_EACCESS the effective one")
{
	scratch();
	close(scratch_file("f", "x", 0600));
	ASSERT_OK(setresuid(1000, 0, 0));
	EXPECT_ERRNO(access("f", R_OK), EACCES);
	EXPECT_OK(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
	EXPECT_OK(open("f", O_RDONLY));
}

TEST(perm, "access with a bad mode is EINVAL")
{
	EXPECT_ERRNO(access("/", 8), EINVAL);
	EXPECT_ERRNO(access("/", -1), EINVAL);
}

TEST(perm, "chmod sets twelve bits and ignores the rest")
{
	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_OK(chmod("f", 07777));
	EXPECT_EQ(mode_of("f"), 07777);
	EXPECT_OK(chmod("f", S_IFDIR | 0640));
	EXPECT_EQ(mode_of("f"), 0640);
}

TEST(perm, "chmod is for the owner and root")
{
	scratch();
	close(scratch_file("f", "", 0666));
	close(scratch_file("own", "", 0666));
	ASSERT_OK(chown("own", 1000, 1000));
	become(1000, 1000);
	EXPECT_ERRNO(chmod("f", 0777), EPERM);
	EXPECT_OK(chmod("own", 0600));
	EXPECT_EQ(mode_of("own"), 0600);
}

TEST(perm, "chmod by one outside the file's group loses set-group-id")
{
	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(chown("f", 1000, 2000));
	become(1000, 1000);
	EXPECT_OK(chmod("f", 02755));
	EXPECT_EQ(mode_of("f"), 0755);
}

TEST(perm, "fchmod works on a descriptor open for reading")
{
	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_OK(fchmod(ASSERT_OK(open("f", O_RDONLY)), 0751));
	EXPECT_EQ(mode_of("f"), 0751);
	EXPECT_ERRNO(syscall(SYS_fchmod, -1, 0), EBADF);
}

TEST(perm, "chown by root sets owner and group, -1 keeps")
{
	struct stat st;

	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_OK(chown("f", 11, 22));
	EXPECT_OK(chown("f", -1, 33));
	EXPECT_OK(chown("f", 44, -1));
	EXPECT_OK(stat("f", &st));
	EXPECT_EQ(st.st_uid, 44);
	EXPECT_EQ(st.st_gid, 33);
}

TEST(perm, "chown by the owner: to a group of one's own only, never the user")
{
	gid_t groups[1] = { 2000 };

	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(chown("f", 1000, 1000));
	ASSERT_OK(setgroups(1, groups));
	ASSERT_OK(setresgid(1000, 1000, 1000));
	ASSERT_OK(setresuid(1000, 1000, 1000));
	EXPECT_ERRNO(chown("f", 1001, -1), EPERM);
	EXPECT_ERRNO(chown("f", -1, 3000), EPERM);
	EXPECT_OK(chown("f", -1, 2000));
	EXPECT_OK(chown("f", 1000, 1000));
}

TEST(perm, "chown clears set-user-id, and set-group-id where the group may execute")
{
	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(chmod("f", 06755));
	EXPECT_OK(chown("f", 1, 1));
	EXPECT_EQ(mode_of("f"), 0755);
	ASSERT_OK(chmod("f", 06745));
	EXPECT_OK(chown("f", 2, 2));
	EXPECT_EQ(mode_of("f"), 02745);
}

TEST(perm, "chown to nobody new, -1 and -1, clears set-user-id all the same, of a directory nothing")
{
	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(chmod("f", 06755));
	EXPECT_OK(chown("f", -1, -1));
	EXPECT_EQ(mode_of("f"), 0755);
	ASSERT_OK(mkdir("d", 0755));
	ASSERT_OK(chmod("d", 06755));
	EXPECT_OK(chown("d", -1, -1));
	EXPECT_EQ(mode_of("d"), 06755);
}

TEST(perm, "lchown changes the symbolic link, chown its target")
{
	struct stat st;

	scratch();
	close(scratch_file("f", "", 0644));
	ASSERT_OK(symlink("f", "l"));
	EXPECT_OK(lchown("l", 5, 5));
	EXPECT_OK(chown("l", 6, 6));
	EXPECT_OK(lstat("l", &st));
	EXPECT_EQ(st.st_uid, 5);
	EXPECT_OK(stat("f", &st));
	EXPECT_EQ(st.st_uid, 6);
}

TEST(perm, "umask returns the old mask, keeps nine bits, and is inherited")
{
	pid_t pid;

	umask(022);
	EXPECT_EQ(umask(07777), 022);
	EXPECT_EQ(umask(0123), 0777);
	pid = ktap_fork();
	if (pid == 0)
		_exit(umask(0) == 0123 ? 0 : 1);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(umask(022), 0123);
}

TEST(perm, "a file made in a set-group-id directory takes its group, a directory the bit too")
{
	struct stat st;

	scratch();
	ASSERT_OK(mkdir("d", 0777));
	ASSERT_OK(chown("d", 0, 2000));
	ASSERT_OK(chmod("d", 02777));
	close(scratch_file("d/f", "", 0644));
	ASSERT_OK(mkdir("d/e", 0755));
	EXPECT_OK(stat("d/f", &st));
	EXPECT_EQ(st.st_gid, 2000);
	EXPECT_OK(stat("d/e", &st));
	EXPECT_EQ(st.st_gid, 2000);
	EXPECT_EQ(st.st_mode & 07777, 02755);
}

TEST(perm, "permission is checked when a file is opened, not when it is read")
{
	char c;

	scratch();
	close(scratch_file("f", "x", 0644));
	int fd = ASSERT_OK(open("f", O_RDONLY));
	ASSERT_OK(chmod("f", 0000));
	become(1000, 1000);
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_ERRNO(open("f", O_RDONLY), EACCES);
}

TEST(perm, "one who gave up root cannot take it back")
{
	scratch();
	EXPECT_TRUE(access("/proc/self/exe", X_OK) == 0);
	become(1000, 1000);
	EXPECT_ERRNO(setuid(0), EPERM);
	EXPECT_ERRNO(setresuid(0, -1, -1), EPERM);
	EXPECT_OK(setuid(1000));
}

/* A file of user 2000 that anybody may write. */
static void others_file(void)
{
	scratch();
	close(scratch_file("f", "", 0666));
	ASSERT_OK(chown("f", 2000, 2000));
	become(1000, 1000);
}

TEST(perm, "who may write a file may set its times to now, and to nothing else")
{
	static const struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	static const struct timespec one[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
	static const struct timespec epoch[2];

	others_file();
	EXPECT_OK(utimensat(AT_FDCWD, "f", NULL, 0));
	EXPECT_OK(utimensat(AT_FDCWD, "f", now, 0));
	EXPECT_ERRNO(utimensat(AT_FDCWD, "f", one, 0), EPERM);
	EXPECT_ERRNO(utimensat(AT_FDCWD, "f", epoch, 0), EPERM);
}

TEST(perm, "who may only read a file may not set its times: EACCES for now, EPERM for others")
{
	static const struct timespec epoch[2];

	scratch();
	close(scratch_file("f", "", 0644));
	become(1000, 1000);
	EXPECT_ERRNO(utimensat(AT_FDCWD, "f", NULL, 0), EACCES);
	EXPECT_ERRNO(utimensat(AT_FDCWD, "f", epoch, 0), EPERM);
}
