// SPDX-License-Identifier: BSD-2-Clause
/*
 * mount and umount: what hides what, what is busy, which flags are felt. Each subtest has a mount
 * namespace of its own where there are such, so that nothing is left behind.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "mounting.h"

TEST(mount, "a new tmpfs hides what was there, and umount shows it again")
{
	set_up();
	close(scratch_file("m/below", "", 0644));
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_ERRNO(access("m/below", F_OK), ENOENT);
	close(scratch_file("m/above", "", 0644));
	EXPECT_OK(umount("m"));
	EXPECT_OK(access("m/below", F_OK));
	EXPECT_ERRNO(access("m/above", F_OK), ENOENT);
	tear_down();
}

TEST(mount, "another device number, and .. leads out")
{
	struct stat in, out, up;

	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_OK(stat("m", &in));
	EXPECT_OK(stat(".", &out));
	EXPECT_OK(stat("m/..", &up));
	EXPECT_NE(in.st_dev, out.st_dev);
	EXPECT_EQ(up.st_ino, out.st_ino);
	EXPECT_EQ(up.st_dev, out.st_dev);
	tear_down();
}

TEST(mount, "getcwd and /proc/self/mounts know the place")
{
	const char *top = set_up();
	char cwd[128], want[160];

	EXPECT_OK(mount("source", "m", "tmpfs", 0, NULL));
	ASSERT_OK(chdir("m"));
	ASSERT_OK(mkdir("d", 0755));
	ASSERT_OK(chdir("d"));
	snprintf(want, sizeof(want), "%s/m/d", top);
	EXPECT_STREQ(getcwd(cwd, sizeof(cwd)), want);
	snprintf(want, sizeof(want), "source %s/m tmpfs rw", top);
	EXPECT_TRUE(strstr(slurp("/proc/self/mounts"), want) != NULL);
	tear_down();
}

TEST(mount, "/proc/self/mounts tells the mount's flags before the file system's options, mountinfo apart")
{
	const char *top = set_up();
	char want[160];

	EXPECT_OK(mount("source", "m", "tmpfs", MS_NOSUID | MS_SYNCHRONOUS, "size=8k,inode64,huge=never"));
	snprintf(want, sizeof(want), "source %s/m tmpfs rw,sync,nosuid,relatime,size=8k,inode64 0 0\n", top);
	EXPECT_TRUE(strstr(slurp("/proc/self/mounts"), want) != NULL);
	snprintf(want, sizeof(want), " / %s/m rw,nosuid,relatime - tmpfs source rw,sync,size=8k,inode64\n", top);
	EXPECT_TRUE(strstr(slurp("/proc/self/mountinfo"), want) != NULL);
	EXPECT_OK(mount("source", "m", "tmpfs", MS_REMOUNT, "size=16k,inode64"));
	tear_down();
}

TEST(mount, "poll of /proc/self/mounts tells each change once: a mount, another flag, an umount")
{
	struct pollfd p = { .events = POLLPRI };
	struct epoll_event e = { .events = EPOLLPRI };
	int epoll = ASSERT_OK(epoll_create1(0)), other;

	set_up();
	p.fd = ASSERT_OK(open("/proc/self/mounts", O_RDONLY));
	other = ASSERT_OK(open("/proc/self/mountinfo", O_RDONLY));
	EXPECT_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, other, &e));
	EXPECT_EQ(poll(&p, 1, 0), 0);
	EXPECT_EQ(epoll_wait(epoll, &e, 1, 0), 0);
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_EQ(epoll_wait(epoll, &e, 1, -1), 1);
	EXPECT_EQ(e.events, EPOLLPRI | EPOLLERR);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLPRI | POLLERR);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	EXPECT_OK(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL));
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_OK(umount("m"));
	p.events = POLLIN | POLLOUT | POLLRDNORM | POLLPRI;
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN | POLLRDNORM | POLLPRI | POLLERR);
	close(p.fd);
	close(other);
	tear_down();
}

/* Nearly all of its time is in the kernel, in calls that follow each other. */
static void stay_in_calls(void)
{
	static char room[1 << 20];
	struct iovec many[64];
	int zero = ASSERT_OK(open("/dev/zero", O_RDONLY));

	for (int i = 0; i < 64; i++)
		many[i] = (struct iovec){ room, sizeof(room) };
	for (;;)
		ASSERT_OK(readv(zero, many, 64));
}

TEST(mount, "file systems go while processes on other processors are hardly ever out of the kernel")
{
	pid_t pids[3];

	set_up();
	for (int i = 0; i < 3; i++) {
		pids[i] = ktap_fork();
		if (pids[i] == 0)
			stay_in_calls();
	}
	for (int i = 0; i < 20; i++) {
		EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
		EXPECT_OK(umount("m"));
	}
	for (int i = 0; i < 3; i++) {
		kill(pids[i], SIGKILL);
		EXPECT_KILLED(pids[i], SIGKILL);
	}
	tear_down();
}

TEST(mount, "an open file makes it busy; MNT_DETACH takes it away all the same")
{
	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	int fd = scratch_file("m/f", "abc", 0644);
	char c;
	EXPECT_ERRNO(umount("m"), EBUSY);
	EXPECT_OK(umount2("m", MNT_DETACH));
	EXPECT_ERRNO(access("m/f", F_OK), ENOENT);
	EXPECT_EQ(read(fd, &c, 1), 1);
	tear_down();
}

TEST(mount, "two on one place: the last one is seen, and goes first")
{
	set_up();
	EXPECT_OK(mount("a", "m", "tmpfs", 0, NULL));
	close(scratch_file("m/a", "", 0644));
	EXPECT_OK(mount("b", "m", "tmpfs", 0, NULL));
	EXPECT_ERRNO(access("m/a", F_OK), ENOENT);
	EXPECT_OK(umount("m"));
	EXPECT_OK(access("m/a", F_OK));
	EXPECT_OK(umount("m"));
	EXPECT_ERRNO(umount("m"), EINVAL);
	tear_down();
}

TEST(mount, "a mount point cannot be removed or renamed")
{
	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	EXPECT_ERRNO(rmdir("m"), EBUSY);
	EXPECT_ERRNO(rename("m", "n"), EBUSY);
	tear_down();
}

TEST(mount, "MS_RDONLY: everything that writes is EROFS")
{
	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	close(scratch_file("m/f", "abc", 0644));
	EXPECT_OK(mount("none", "m", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
	EXPECT_ERRNO(open("m/f", O_WRONLY), EROFS);
	EXPECT_ERRNO(open("m/g", O_WRONLY | O_CREAT, 0644), EROFS);
	EXPECT_ERRNO(mkdir("m/d", 0755), EROFS);
	EXPECT_ERRNO(unlink("m/f"), EROFS);
	EXPECT_ERRNO(chmod("m/f", 0600), EROFS);
	EXPECT_ERRNO(access("m/f", W_OK), EROFS);
	EXPECT_ERRNO(truncate("m/f", 0), EROFS);
	EXPECT_OK(open("m/f", O_RDONLY));
	tear_down();
}

TEST(mount, "MS_NOEXEC and MS_NODEV")
{
	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", MS_NOEXEC | MS_NODEV, NULL));
	close(scratch_file("m/x", "#!/bin/sh\n", 0755));
	ASSERT_OK(mknod("m/null", S_IFCHR | 0666, makedev(1, 3)));
	EXPECT_ERRNO(execl("m/x", "x", NULL), EACCES);
	EXPECT_ERRNO(access("m/x", X_OK), EACCES);
	EXPECT_ERRNO(open("m/null", O_RDONLY), EACCES);
	tear_down();
}

TEST(mount, "MS_BIND shows a directory in a second place")
{
	set_up();
	ASSERT_OK(mkdir("d", 0755));
	close(scratch_file("d/f", "abc", 0644));
	EXPECT_OK(mount("d", "m", NULL, MS_BIND, NULL));
	EXPECT_OK(access("m/f", F_OK));
	close(scratch_file("m/g", "", 0644));
	EXPECT_OK(access("d/g", F_OK));
	EXPECT_ERRNO(rename("m/g", "d/h"), EXDEV);
	EXPECT_ERRNO(link("m/g", "d/h"), EXDEV);
	EXPECT_OK(umount("m"));
	tear_down();
}

TEST(mount, "MS_BIND of a file onto a file")
{
	char c;

	set_up();
	close(scratch_file("a", "A", 0644));
	close(scratch_file("b", "B", 0644));
	EXPECT_OK(mount("a", "b", NULL, MS_BIND, NULL));
	EXPECT_EQ(read(ASSERT_OK(open("b", O_RDONLY | O_CLOEXEC)), &c, 1), 1);
	EXPECT_EQ(c, 'A');
	EXPECT_OK(umount2("b", MNT_DETACH));
	tear_down();
}

TEST(mount, "errors: no type ENODEV, no place ENOENT, a file ENOTDIR, a user EPERM")
{
	set_up();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(mount("none", "m", "nosuchfs", 0, NULL), ENODEV);
	EXPECT_ERRNO(mount("none", "missing", "tmpfs", 0, NULL), ENOENT);
	EXPECT_ERRNO(mount("none", "f", "tmpfs", 0, NULL), ENOTDIR);
	EXPECT_ERRNO(umount("f"), EINVAL);
	EXPECT_ERRNO(umount("missing"), ENOENT);
	EXPECT_ERRNO(umount2("m", 0x100), EINVAL);
	EXPECT_ERRNO(mount((void *)16, "m", "tmpfs", 0, NULL), EFAULT);
	become_nobody();
	EXPECT_ERRNO(mount("none", "m", "tmpfs", 0, NULL), EPERM);
	EXPECT_ERRNO(umount("m"), EPERM);
}

TEST(mount, "tmpfs takes size and mode, and is full with ENOSPC")
{
	static char bytes[300000];
	struct statfs fs;
	struct stat st;

	set_up();
	EXPECT_OK(mount("none", "m", "tmpfs", 0, "size=128k,mode=0711,uid=5,gid=6"));
	EXPECT_OK(stat("m", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 0711);
	EXPECT_EQ(st.st_uid, 5);
	EXPECT_EQ(st.st_gid, 6);
	EXPECT_OK(statfs("m", &fs));
	EXPECT_EQ(fs.f_blocks, 32);
	int fd = scratch_file("m/f", "", 0644);
	EXPECT_EQ(write(fd, bytes, sizeof(bytes)), 128 << 10);
	EXPECT_ERRNO(write(fd, bytes, 1), ENOSPC);
	EXPECT_OK(ftruncate(fd, 0));
	EXPECT_EQ(write(fd, bytes, 4096), 4096);
	EXPECT_ERRNO(mount("none", "m", "tmpfs", 0, "nonsense=1"), EINVAL);
	close(fd);
	tear_down();
}

TEST(mount, "a second proc shows the same processes")
{
	char path[64];

	set_up();
	EXPECT_OK(mount("proc", "m", "proc", 0, NULL));
	snprintf(path, sizeof(path), "m/%d/stat", getpid());
	EXPECT_OK(access(path, R_OK));
	EXPECT_OK(umount("m"));
	tear_down();
}

TEST(mount, "MS_MOVE takes a mount elsewhere")
{
	set_up();
	ASSERT_OK(mkdir("n", 0755));
	EXPECT_OK(mount("none", "m", "tmpfs", 0, NULL));
	close(scratch_file("m/f", "", 0644));
	EXPECT_OK(mount("m", "n", NULL, MS_MOVE, NULL));
	EXPECT_OK(access("n/f", F_OK));
	EXPECT_ERRNO(access("m/f", F_OK), ENOENT);
	EXPECT_OK(umount("n"));
	tear_down();
}

TEST(mount, "a mounted file that is deleted leaves the place in /proc/mounts as it is")
{
	char line[512], want[128];
	const char *here = scratch();
	bool found = false;
	FILE *mounts;

	close(scratch_file("from", "", 0644));
	close(scratch_file("place", "", 0644));
	snprintf(want, sizeof(want), "%s/place ", here);
	ASSERT_OK(mount("from", "place", "", MS_BIND, NULL));
	ASSERT_OK(unlink("from"));
	mounts = fopen("/proc/mounts", "r");
	ASSERT_TRUE(mounts != NULL);
	while (fgets(line, sizeof(line), mounts))
		found |= strstr(line, want) != NULL;
	fclose(mounts);
	EXPECT_TRUE(found);
	EXPECT_OK(umount("place"));
}

TEST(mount, "a recursive bind takes a stack of 400 mounts, and umount takes them off one by one")
{
	struct stat top_one, copied;
	int n = 0;

	set_up();
	ASSERT_OK(mkdir("n", 0755));
	ASSERT_OK(mount("none", "m", "tmpfs", 0, NULL));
	ASSERT_OK(chdir("m"));		/* the lowest of them */
	for (int i = 1; i < 400; i++)
		ASSERT_OK(mount("none", "../m", "tmpfs", 0, NULL));
	ASSERT_OK(mount(".", "../n", NULL, MS_BIND | MS_REC, NULL));
	EXPECT_OK(stat("../m", &top_one));
	EXPECT_OK(stat("../n", &copied));
	EXPECT_EQ(copied.st_dev, top_one.st_dev);
	while (umount2("../n", 0) == 0)
		n++;
	EXPECT_EQ(n, 400);
	tear_down();
}
