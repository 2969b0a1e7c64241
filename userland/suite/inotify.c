// SPDX-License-Identifier: BSD-2-Clause
/*
 * inotify, its descriptor: watches and what they ask for, reading and waiting, the queue's end, limits, refusals.
 */
#include <linux/fs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "heard.h"

TEST(inotify, "equal events in a row are one, other events between keep them apart")
{
	int fd;

	begin();
	fd = scratch_file("f", "abcdef", 0644);
	watch("f", IN_ALL_EVENTS);
	write(fd, "x", 1);
	write(fd, "x", 1);
	pread(fd, (char[1]){ 0 }, 1, 0);
	write(fd, "x", 1);
	EXPECT_STREQ(heard(), "1:modify 1:access 1:modify");
}

TEST(inotify, "only what was asked for is heard; a watch made again is changed, or added to")
{
	begin();
	make("f");
	EXPECT_EQ(watch("f", IN_OPEN), 1);
	close(open("f", O_RDONLY));
	EXPECT_STREQ(heard(), "1:open");
	EXPECT_EQ(watch("f", IN_CLOSE), 1);
	close(open("f", O_RDONLY));
	EXPECT_STREQ(heard(), "1:close");
	EXPECT_EQ(watch("f", IN_OPEN | IN_MASK_ADD), 1);
	close(open("f", O_RDONLY));
	EXPECT_STREQ(heard(), "1:open 1:close");
	EXPECT_ERRNO(inotify_add_watch(watcher, "f", IN_OPEN | IN_MASK_CREATE), EEXIST);
	EXPECT_EQ(watch(".", IN_OPEN | IN_MASK_CREATE), 2);
}

TEST(inotify, "one-shot: heard once, then ignored")
{
	begin();
	make("f");
	watch("f", IN_OPEN | IN_ONESHOT);
	close(open("f", O_RDONLY));
	close(open("f", O_RDONLY));
	EXPECT_STREQ(heard(), "1:open 1:ignored");
	EXPECT_EQ(watch("f", IN_OPEN), 2);
}

TEST(inotify, "a watch that is removed says ignored; its number is not used again")
{
	begin();
	make("f");
	EXPECT_EQ(watch("f", IN_OPEN), 1);
	close(open("f", O_RDONLY));
	EXPECT_OK(inotify_rm_watch(watcher, 1));
	close(open("f", O_RDONLY));
	EXPECT_STREQ(heard(), "1:open 1:ignored");
	EXPECT_EQ(watch("f", IN_OPEN), 2);
	EXPECT_ERRNO(inotify_rm_watch(watcher, 1), EINVAL);
	EXPECT_ERRNO(inotify_rm_watch(watcher, -1), EINVAL);
	EXPECT_ERRNO(inotify_rm_watch(watcher, 0), EINVAL);
}

TEST(inotify, "two instances hear the same")
{
	int first;

	begin();
	make("f");
	watch("f", IN_OPEN);
	first = watcher;
	watcher = ASSERT_OK(inotify_init1(IN_NONBLOCK));
	EXPECT_EQ(watch("f", IN_OPEN), 1);
	close(open("f", O_RDONLY));
	EXPECT_STREQ(heard(), "1:open");
	watcher = first;
	EXPECT_STREQ(heard(), "1:open");
}

TEST(inotify, "a read takes whole events, and says EINVAL when not one fits")
{
	char buf[100] __attribute__((aligned(8)));
	struct inotify_event *e = (void *)buf;
	int ready = -1;

	begin();
	watch(".", IN_CREATE);
	EXPECT_ERRNO(read(watcher, buf, sizeof(buf)), EAGAIN);
	make("a");
	make("fifteen-letters");
	make("sixteen--letters");
	EXPECT_OK(ioctl(watcher, FIONREAD, &ready));
	EXPECT_EQ(ready, 32 + 32 + 48);
	EXPECT_ERRNO(read(watcher, buf, 31), EINVAL);
	EXPECT_ERRNO(read(watcher, buf, 0), EINVAL);
	EXPECT_EQ(read(watcher, buf, 63), 32);
	EXPECT_EQ(e->len, 16);
	EXPECT_STREQ(e->name, "a");
	EXPECT_EQ(read(watcher, buf, 100), 80);
	EXPECT_EQ(e->len, 16);
	e = (void *)(buf + 32);
	EXPECT_EQ(e->len, 32);
	EXPECT_STREQ(e->name, "sixteen--letters");
	EXPECT_OK(ioctl(watcher, FIONREAD, &ready));
	EXPECT_EQ(ready, 0);
}

TEST(inotify, "a vector is read piece by piece: no event spans two of them")
{
	char buf[3][40] __attribute__((aligned(8)));
	struct iovec v[3] = { { buf[0], 32 }, { buf[1], 31 }, { buf[2], 32 } };

	begin();
	watch(".", IN_CREATE);
	make("a");
	make("b");
	make("c");
	EXPECT_ERRNO(readv(watcher, v + 1, 2), EINVAL);
	EXPECT_EQ(readv(watcher, v, 3), 32);
	v[1].iov_len = 33;
	EXPECT_EQ(readv(watcher, v + 1, 2), 32);
	EXPECT_EQ(readv(watcher, v, 3), 32);
	EXPECT_ERRNO(syscall(SYS_preadv2, watcher, v, 1L, -1L, 0L, RWF_SYNC), EOPNOTSUPP);
}

TEST(inotify, "a reader waits for an event, a signal ends its waiting")
{
	char buf[100] __attribute__((aligned(8)));
	pid_t pid;

	begin();
	make("f");
	ASSERT_OK(fcntl(watcher, F_SETFL, 0));
	watch("f", IN_OPEN);
	pid = ktap_fork();
	if (!pid)
		_exit(read(watcher, buf, sizeof(buf)) != 16);
	wait_until_blocked(pid);
	close(open("f", O_RDONLY));
	EXPECT_EXIT(pid, 0);
	pid = ktap_fork();
	if (!pid) {
		read(watcher, buf, sizeof(buf));
		_exit(0);
	}
	wait_until_blocked(pid);
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(inotify, "poll says when there is something to read")
{
	struct pollfd p;

	begin();
	make("f");
	watch("f", IN_OPEN);
	p = (struct pollfd){ watcher, POLLIN | POLLOUT, 0 };
	EXPECT_EQ(poll(&p, 1, 0), 0);
	close(open("f", O_RDONLY));
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents, POLLIN);
	heard();
	EXPECT_EQ(poll(&p, 1, 0), 0);
}

TEST(inotify, "a full queue says overflow once, and goes on when it is read")
{
	char *old = slurp("/proc/sys/fs/inotify/max_queued_events"), saved[20];
	int limit;

	if (!old)
		ktap_skip("no limits in /proc");
	snprintf(saved, sizeof(saved), "%s", old);
	limit = ASSERT_OK(open("/proc/sys/fs/inotify/max_queued_events", O_WRONLY));
	EXPECT_EQ(write(limit, "2\n", 2), 2);
	begin();
	pwrite(limit, saved, strlen(saved), 0);
	make("f");
	watch("f", IN_ALL_EVENTS);
	for (int i = 0; i < 3; i++)
		make("f");
	EXPECT_STREQ(heard(), "1:modify 1:open -1:overflow");
	chmod("f", 0600);
	EXPECT_STREQ(heard(), "1:attrib");
}

TEST(inotify, "a user has so many instances and watches, and no more")
{
	int instances = ASSERT_OK(open("/proc/sys/fs/inotify/max_user_instances", O_WRONLY)),
	    watches = ASSERT_OK(open("/proc/sys/fs/inotify/max_user_watches", O_WRONLY));
	char saved_instances[20], saved_watches[20];
	int first;
	pid_t pid;

	scratch();
	make("f");
	make("g");
	snprintf(saved_instances, sizeof(saved_instances), "%s", slurp("/proc/sys/fs/inotify/max_user_instances"));
	snprintf(saved_watches, sizeof(saved_watches), "%s", slurp("/proc/sys/fs/inotify/max_user_watches"));
	EXPECT_EQ(write(instances, "1", 1), 1);
	EXPECT_EQ(write(watches, "1", 1), 1);
	pid = ktap_fork();
	if (!pid) {
		become_nobody();
		first = ASSERT_OK(inotify_init());
		EXPECT_ERRNO(inotify_init(), EMFILE);
		EXPECT_EQ(inotify_add_watch(first, "f", IN_OPEN), 1);
		EXPECT_ERRNO(inotify_add_watch(first, "g", IN_OPEN), ENOSPC);
		EXPECT_EQ(inotify_add_watch(first, "f", IN_CLOSE), 1);
		EXPECT_OK(inotify_rm_watch(first, 1));
		EXPECT_EQ(inotify_add_watch(first, "g", IN_OPEN), 3);	/* 2 was not given out */
		close(first);
		first = ASSERT_OK(inotify_init());
		EXPECT_EQ(inotify_add_watch(first, "g", IN_OPEN), 1);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(pwrite(instances, saved_instances, strlen(saved_instances), 0), strlen(saved_instances));
	EXPECT_EQ(pwrite(watches, saved_watches, strlen(saved_watches), 0), strlen(saved_watches));
}

TEST(inotify, "what is refused")
{
	int fd;

	begin();
	fd = scratch_file("f", "", 0644);
	ASSERT_OK(symlink("f", "l"));
	EXPECT_ERRNO(inotify_init1(1), EINVAL);
	EXPECT_ERRNO(inotify_add_watch(watcher, "f", 0), EINVAL);
	EXPECT_ERRNO(inotify_add_watch(watcher, "f", 0x1000), EINVAL);
	EXPECT_ERRNO(inotify_add_watch(watcher, "f", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), EINVAL);
	EXPECT_ERRNO(inotify_add_watch(watcher, "none", IN_OPEN), ENOENT);
	EXPECT_ERRNO(inotify_add_watch(watcher, (char *)16, IN_OPEN), EFAULT);
	EXPECT_ERRNO(inotify_add_watch(watcher, "f", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	EXPECT_ERRNO(inotify_add_watch(watcher, "l", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	EXPECT_ERRNO(inotify_add_watch(fd, "f", IN_OPEN), EINVAL);
	EXPECT_ERRNO(inotify_add_watch(-1, "f", IN_OPEN), EBADF);
	EXPECT_ERRNO(inotify_rm_watch(fd, 1), EINVAL);
	EXPECT_ERRNO(inotify_rm_watch(-1, 1), EBADF);
	EXPECT_ERRNO(write(watcher, "x", 1), EBADF);
	EXPECT_EQ(lseek(watcher, 10, SEEK_SET), 0);
	EXPECT_EQ(watch("l", IN_OPEN), 1);
	EXPECT_EQ(watch("f", IN_OPEN), 1);
	EXPECT_EQ(watch("l", IN_OPEN | IN_DONT_FOLLOW), 2);
}

TEST(inotify, "a file that one may not read may not be watched")
{
	pid_t pid;

	begin();
	make("f");
	ASSERT_OK(chmod("f", 0200));
	pid = ktap_fork();
	if (!pid) {
		become_nobody();
		EXPECT_ERRNO(inotify_add_watch(watcher, "f", IN_OPEN), EACCES);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(inotify, "the descriptor in /proc: its name, and a line for each watch")
{
	char path[40], link[40] = "", want[100], *text;
	struct stat st;

	begin();
	make("f");
	ASSERT_OK(stat("f", &st));
	watch("f", IN_OPEN | IN_CLOSE | IN_ONESHOT);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", watcher);
	EXPECT_IN(readlink(path, link, sizeof(link) - 1), 1, sizeof(link));
	EXPECT_STREQ(link, "anon_inode:inotify");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", watcher);
	text = slurp(path);
	ASSERT_TRUE(text);
	snprintf(want, sizeof(want), "inotify wd:1 ino:%lx sdev:", (unsigned long)st.st_ino);
	EXPECT_TRUE(strstr(text, want));
	EXPECT_TRUE(strstr(text, " mask:80000038 ignored_mask:0 "));
	EXPECT_OK(inotify_rm_watch(watcher, 1));
	EXPECT_TRUE(!strstr(slurp(path), "inotify wd"));
}
