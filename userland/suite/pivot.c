// SPDX-License-Identifier: BSD-2-Clause
/*
 * Another root: pivot_root, propagation's words, and what umount2 and mount take besides. Each subtest is in a mount
 * namespace of its own where there are such; what it mounts is taken away.
 */
#include <sys/statvfs.h>

#include "mounting.h"

static long pivot_root(const char *new, const char *old)
{
	return syscall(SYS_pivot_root, new, old);
}

TEST(pivot, "refused: what is no mount point EINVAL, no directory, nothing there, a user")
{
	set_up();
	mkdir("plain", 0755);
	mkdir("plain/old", 0755);
	close(scratch_file("file", "", 0644));
	EXPECT_ERRNO(pivot_root("plain", "plain/old"), EINVAL);
	EXPECT_ERRNO(pivot_root("nowhere", "plain"), ENOENT);
	EXPECT_ERRNO(pivot_root("plain", "nowhere"), ENOENT);
	EXPECT_ERRNO(pivot_root("file", "plain"), ENOTDIR);
	EXPECT_ERRNO(pivot_root((void *)8, "plain"), EFAULT);
	become_nobody();
	EXPECT_ERRNO(pivot_root("plain", "plain/old"), EPERM);
}

TEST(pivot, "the initial root cannot be pivoted away: EINVAL")
{
	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_OK(mkdir("m/old", 0755));
	EXPECT_ERRNO(pivot_root("m", "m/old"), EINVAL);
	EXPECT_ERRNO(pivot_root("m", "m"), EINVAL);
	EXPECT_ERRNO(pivot_root("/", "/"), EINVAL);
	tear_down();
}

TEST(pivot, "in a chroot at a mount: the new mount becomes the root, and the old one lies in it")
{
	pid_t child;

	set_up();
	ASSERT_OK(mount("none", "m", "tmpfs", 0, NULL));
	ASSERT_OK(mkdir("m/new", 0755));
	close(scratch_file("m/was", "", 0644));
	child = ktap_fork();
	if (!child) {
		ASSERT_OK(chroot("m"));
		ASSERT_OK(chdir("/"));
		ASSERT_OK(mount("none", "new", "tmpfs", 0, NULL));
		ASSERT_OK(mkdir("new/old", 0755));
		close(scratch_file("new/is", "", 0644));
		EXPECT_ERRNO(pivot_root("new", "."), EBUSY);
		EXPECT_ERRNO(pivot_root("new/old", "new/old"), EINVAL);
		EXPECT_OK(pivot_root("new", "new/old"));
		EXPECT_OK(access("/is", F_OK));
		EXPECT_OK(access("/old/was", F_OK));
		EXPECT_OK(umount2("/old", MNT_DETACH));
		EXPECT_ERRNO(access("/old/was", F_OK), ENOENT);
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
	tear_down();
}

TEST(pivot, "propagation's words: a mount is made private and a slave; of no mount EINVAL")
{
	set_up();
	EXPECT_ERRNO(mount(NULL, "m", NULL, MS_PRIVATE, NULL), EINVAL);
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_OK(mount(NULL, "m", NULL, MS_PRIVATE, NULL));
	EXPECT_OK(mount(NULL, "m", NULL, MS_PRIVATE | MS_REC, NULL));
	EXPECT_OK(mount(NULL, "m", NULL, MS_SLAVE, NULL));
	EXPECT_ERRNO(mount(NULL, "m", NULL, MS_PRIVATE | MS_SLAVE, NULL), EINVAL);
	EXPECT_ERRNO(mount(NULL, "m", NULL, MS_PRIVATE | MS_RDONLY, NULL), EINVAL);
	tear_down();
}

TEST(pivot, "MNT_EXPIRE: EAGAIN the first time, gone the second, unless it is in use")
{
	int fd;

	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_ERRNO(umount2("m", MNT_EXPIRE), EAGAIN);
	EXPECT_OK(umount2("m", MNT_EXPIRE));
	EXPECT_ERRNO(umount2("m", MNT_EXPIRE), EINVAL);
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_ERRNO(umount2("m", MNT_EXPIRE | MNT_DETACH), EINVAL);
	EXPECT_ERRNO(umount2("m", MNT_EXPIRE | MNT_FORCE), EINVAL);
	EXPECT_ERRNO(umount2("m", 0x100), EINVAL);
	fd = open("m/f", O_CREAT | O_RDWR, 0644);
	EXPECT_ERRNO(umount2("m", MNT_EXPIRE), EBUSY);
	close(fd);
	tear_down();
}

TEST(pivot, "UMOUNT_NOFOLLOW takes a link as it is")
{
	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_OK(symlink("m", "link"));
	EXPECT_ERRNO(umount2("link", UMOUNT_NOFOLLOW), EINVAL);
	EXPECT_OK(umount2("link", 0));
	tear_down();
}

TEST(pivot, "the magic number of old programs is taken off the flags")
{
	struct statvfs s;

	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", 0xC0ED0000 | MS_RDONLY, NULL));
	EXPECT_OK(statvfs("m", &s));
	EXPECT_EQ(s.f_flag & ST_RDONLY, ST_RDONLY);
	tear_down();
}

TEST(pivot, "statvfs tells noatime, nosuid, noexec and strictatime's absence of relatime")
{
	struct statvfs s;

	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", MS_NOATIME | MS_NOSUID | MS_NOEXEC, NULL));
	EXPECT_OK(statvfs("m", &s));
	EXPECT_EQ(s.f_flag & (ST_NOATIME | ST_NOSUID | ST_NOEXEC | ST_RELATIME), ST_NOATIME | ST_NOSUID | ST_NOEXEC);
	EXPECT_OK(mount("none", "m", "tmpfs", MS_STRICTATIME, NULL));
	EXPECT_OK(statvfs("m", &s));
	EXPECT_EQ(s.f_flag & (ST_NOATIME | ST_RELATIME), 0);
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_OK(statvfs("m", &s));
	EXPECT_EQ(s.f_flag & (ST_NOATIME | ST_RELATIME), ST_RELATIME);
	tear_down();
}

TEST(pivot, "a remount changes the flags, of what is no mount point EINVAL")
{
	set_up();
	EXPECT_ERRNO(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), EINVAL);
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	EXPECT_ERRNO(open("m/f", O_CREAT | O_RDWR, 0644), EROFS);
	EXPECT_OK(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	EXPECT_OK(open("m/f", O_CREAT | O_RDWR, 0644));
	EXPECT_ERRNO(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	tear_down();
}

TEST(pivot, "a mount is not moved into itself, what is no mount not at all")
{
	set_up();
	mkdir("other", 0755);
	EXPECT_ERRNO(mount("other", "m", NULL, MS_MOVE, NULL), EINVAL);
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_OK(mkdir("m/in", 0755));
	EXPECT_ERRNO(mount("m", "m/in", NULL, MS_MOVE, NULL), ELOOP);
	close(scratch_file("file", "", 0644));
	EXPECT_ERRNO(mount("m", "file", NULL, MS_MOVE, NULL), EINVAL);
	EXPECT_ERRNO(mount("nowhere", "other", NULL, MS_MOVE, NULL), ENOENT);
	tear_down();
}

TEST(pivot, "bad pointers and long words of mount are told")
{
	static char longer[5000];

	set_up();
	memset(longer, 'x', sizeof(longer) - 1);
	EXPECT_ERRNO(mount((void *)8, "m", "tmpfs", 0, NULL), EFAULT);
	EXPECT_ERRNO(mount("none", "m", (void *)8, 0, NULL), EFAULT);
	EXPECT_ERRNO(mount("none", "m", "tmpfs", 0, (void *)8), EFAULT);
	EXPECT_ERRNO(mount(longer, "m", "tmpfs", 0, NULL), EINVAL);
	EXPECT_ERRNO(mount("none", "m", NULL, 0, NULL), EINVAL);
	EXPECT_ERRNO(mount("none", "m", "tmpfs", 0, "size=lots"), EINVAL);
	tear_down();
}
