// SPDX-License-Identifier: BSD-2-Clause
/*
 * inotify: which events what is done to a file makes, in which order, and what the descriptor does.
 */
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "ktap.h"

static int watcher;
static uint32_t last_cookie;

static void begin(void)
{
	scratch();
	watcher = ASSERT_OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

static int watch(const char *name, uint32_t mask)
{
	return ASSERT_OK(inotify_add_watch(watcher, name, mask));
}

static const char *const bit_names[32] = {
	"access", "modify", "attrib", "close_write", "close", "open", "from", "to", "create", "delete", "delete_self",
	"move_self", [13] = "unmount", [14] = "overflow", [15] = "ignored", [30] = "dir",
};

static size_t describe(char *to, size_t size, const struct inotify_event *e)
{
	size_t n = snprintf(to, size, "%d:", e->wd);

	for (int bit = 0, first = 1; bit < 32; bit++)
		if (e->mask >> bit & 1) {
			n += snprintf(to + n, size - n, "%s%s", first ? "" : "+", bit_names[bit] ? bit_names[bit] : "?");
			first = 0;
		}
	if (e->len)
		n += snprintf(to + n, size - n, "(%s)", e->name);
	if (e->cookie) {
		n += snprintf(to + n, size - n, "%s", e->cookie == last_cookie ? "=" : "#");
		last_cookie = e->cookie;
	}
	return n + snprintf(to + n, size - n, " ");
}

/* All that is queued, in words: "1:create(f) 1:open(f) ". A cookie is "#", or "=" when it is the one before. */
static const char *heard(void)
{
	static char text[4096], buf[4096] __attribute__((aligned(8)));
	size_t at = 0;
	ssize_t n;

	*text = 0;
	last_cookie = 0;
	while ((n = read(watcher, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n; p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len)
			at += describe(text + at, sizeof(text) - at, (struct inotify_event *)p);
	if (at)
		text[at - 1] = 0;
	return text;
}

static void make(const char *name)
{
	close(ASSERT_OK(open(name, O_CREAT | O_RDWR | O_TRUNC, 0644)));
}

TEST(inotify, "a file's life in a watched directory")
{
	int fd;

	begin();
	EXPECT_EQ(watch(".", IN_ALL_EVENTS), 1);
	fd = ASSERT_OK(open("f", O_CREAT | O_RDWR, 0644));
	EXPECT_STREQ(heard(), "1:create(f) 1:open(f)");
	write(fd, "abc", 3);
	EXPECT_STREQ(heard(), "1:modify(f)");
	lseek(fd, 0, SEEK_SET);
	read(fd, (char[3]){ 0 }, 3);
	EXPECT_STREQ(heard(), "1:access(f)");
	close(fd);
	EXPECT_STREQ(heard(), "1:close_write(f)");
	fd = ASSERT_OK(open("f", O_RDONLY));
	close(fd);
	EXPECT_STREQ(heard(), "1:open(f) 1:close(f)");
	chmod("f", 0600);
	EXPECT_STREQ(heard(), "1:attrib(f)");
	unlink("f");
	EXPECT_STREQ(heard(), "1:delete(f)");
}

TEST(inotify, "a watched file: no name, attrib when its last name goes, and the end when nobody has it open")
{
	int fd;

	begin();
	make("f");
	watch("f", IN_ALL_EVENTS);
	fd = ASSERT_OK(open("f", O_RDWR));
	write(fd, "x", 1);
	EXPECT_STREQ(heard(), "1:open 1:modify");
	unlink("f");
	EXPECT_STREQ(heard(), "1:attrib");
	write(fd, "x", 1);
	close(fd);
	EXPECT_STREQ(heard(), "1:modify 1:close_write 1:delete_self 1:ignored");
	EXPECT_ERRNO(inotify_rm_watch(watcher, 1), EINVAL);
}

TEST(inotify, "directory and file both watched: the directory hears first")
{
	begin();
	make("f");
	EXPECT_EQ(watch("f", IN_ALL_EVENTS), 1);
	EXPECT_EQ(watch(".", IN_ALL_EVENTS), 2);
	close(open("f", O_RDONLY));
	EXPECT_STREQ(heard(), "2:open(f) 1:open 2:close(f) 1:close");
	unlink("f");
	EXPECT_STREQ(heard(), "1:attrib 1:delete_self 1:ignored 2:delete(f)");
}

TEST(inotify, "what was open before the watch is heard, also through a descriptor of another process")
{
	struct gate go = gate_new();
	int fd;
	pid_t pid;

	begin();
	fd = scratch_file("f", "abcdef", 0644);
	pid = ktap_fork();
	if (!pid) {
		gate_wait(&go);
		read(fd, (char[1]){ 0 }, 1);
		_exit(0);
	}
	watch("f", IN_ACCESS | IN_MODIFY);
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
	EXPECT_STREQ(heard(), "1:access");
	pwrite(fd, "x", 1, 0);
	EXPECT_STREQ(heard(), "1:modify");
	pread(fd, (char[1]){ 0 }, 1, 0);
	EXPECT_STREQ(heard(), "1:access");
}

TEST(inotify, "every way to read and write")
{
	struct iovec v = { "xy", 2 };
	char got[2];
	struct iovec in = { got, 2 };
	int fd, other, ends[2];
	off_t at = 0;

	begin();
	fd = scratch_file("f", "abcdef", 0644);
	other = scratch_file("other", "", 0644);
	ASSERT_OK(pipe(ends));
	watch("f", IN_ACCESS | IN_MODIFY);
	watch("other", IN_ACCESS | IN_MODIFY);
	EXPECT_EQ(writev(fd, &v, 1), 2);
	EXPECT_STREQ(heard(), "1:modify");
	EXPECT_EQ(pwritev(fd, &v, 1, 0), 2);
	EXPECT_STREQ(heard(), "1:modify");
	EXPECT_EQ(readv(fd, &in, 1), 2);
	EXPECT_STREQ(heard(), "1:access");
	EXPECT_EQ(preadv(fd, &in, 1, 0), 2);
	EXPECT_STREQ(heard(), "1:access");
	EXPECT_EQ(sendfile(other, fd, &at, 2), 2);
	EXPECT_STREQ(heard(), "2:modify 1:access 2:modify");
	at = 0;
	EXPECT_EQ(copy_file_range(fd, &at, other, NULL, 2, 0), 2);
	EXPECT_STREQ(heard(), "2:modify 1:access 2:modify");
	EXPECT_EQ(read(fd, got, 0), 0);
	EXPECT_EQ(write(fd, got, 0), 0);
	EXPECT_EQ(pread(fd, got, 2, 100), 0);
	EXPECT_STREQ(heard(), "");
}

TEST(inotify, "splice: what comes into a file is heard, what is taken out is not")
{
	int fd, ends[2];
	loff_t at = 0;

	begin();
	fd = scratch_file("f", "abcdef", 0644);
	ASSERT_OK(pipe(ends));
	watch("f", IN_ACCESS | IN_MODIFY);
	EXPECT_EQ(splice(fd, &at, ends[1], NULL, 2, 0), 2);
	EXPECT_STREQ(heard(), "");
	EXPECT_EQ(splice(ends[0], NULL, fd, NULL, 2, 0), 2);
	EXPECT_STREQ(heard(), "1:modify");
}

TEST(inotify, "truncate, fallocate, O_TRUNC: modify")
{
	int fd;

	begin();
	fd = scratch_file("f", "abcdef", 0644);
	watch("f", IN_ALL_EVENTS);
	EXPECT_OK(ftruncate(fd, 3));
	EXPECT_STREQ(heard(), "1:modify");
	EXPECT_OK(truncate("f", 3));
	EXPECT_STREQ(heard(), "1:modify");
	EXPECT_OK(fallocate(fd, 0, 0, 10));
	EXPECT_STREQ(heard(), "1:modify");
	close(open("f", O_WRONLY | O_TRUNC));
	EXPECT_STREQ(heard(), "1:modify 1:open 1:close_write");
	EXPECT_ERRNO(ftruncate(fd, -1), EINVAL);
	EXPECT_STREQ(heard(), "");
}

TEST(inotify, "modes, owners, times and extended attributes")
{
	struct timespec both[2] = { { 1, 0 }, { 2, 0 } }, atime[2] = { { 1, 0 }, { 0, UTIME_OMIT } },
			mtime[2] = { { 0, UTIME_OMIT }, { 1, 0 } };

	begin();
	make("f");
	watch("f", IN_ALL_EVENTS);
	EXPECT_OK(chmod("f", 0600));
	EXPECT_STREQ(heard(), "1:attrib");
	EXPECT_OK(chown("f", 1, -1));
	EXPECT_STREQ(heard(), "1:attrib");
	EXPECT_OK(chown("f", -1, -1));
	EXPECT_STREQ(heard(), "");
	EXPECT_OK(utimensat(AT_FDCWD, "f", both, 0));
	EXPECT_STREQ(heard(), "1:attrib");
	EXPECT_OK(utimensat(AT_FDCWD, "f", atime, 0));
	EXPECT_STREQ(heard(), "1:access");
	EXPECT_OK(utimensat(AT_FDCWD, "f", mtime, 0));
	EXPECT_STREQ(heard(), "1:modify");
	EXPECT_OK(setxattr("f", "trusted.a", "x", 1, 0));
	EXPECT_STREQ(heard(), "1:attrib");
	EXPECT_OK(removexattr("f", "trusted.a"));
	EXPECT_STREQ(heard(), "1:attrib");
}

TEST(inotify, "a write that takes the setuid bit off is a change of attributes too")
{
	int fd;
	pid_t pid;

	begin();
	fd = scratch_file("f", "abc", 0644);
	ASSERT_OK(fchmod(fd, 04777));
	watch("f", IN_ALL_EVENTS);
	pid = ktap_fork();
	if (!pid) {
		become_nobody();
		_exit(write(fd, "x", 1) != 1);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_STREQ(heard(), "1:attrib 1:modify");
}

TEST(inotify, "names made in a watched directory")
{
	struct sockaddr_un a = { AF_UNIX, "sock" };
	int s;

	begin();
	watch(".", IN_CREATE | IN_DELETE);
	mkdir("d", 0755);
	symlink("x", "l");
	mkfifo("p", 0644);
	EXPECT_STREQ(heard(), "1:create+dir(d) 1:create(l) 1:create(p)");
	s = ASSERT_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	EXPECT_OK(bind(s, (void *)&a, sizeof(a)));
	EXPECT_STREQ(heard(), "1:create(sock)");
	rmdir("d");
	unlink("l");
	unlink("p");
	EXPECT_STREQ(heard(), "1:delete+dir(d) 1:delete(l) 1:delete(p)");
	EXPECT_ERRNO(mkdir("sock", 0755), EEXIST);
	EXPECT_ERRNO(unlink("none"), ENOENT);
	EXPECT_STREQ(heard(), "");
}

TEST(inotify, "a link: attrib for the file, then create for the directory")
{
	begin();
	make("f");
	watch(".", IN_ALL_EVENTS);
	watch("f", IN_ALL_EVENTS);
	EXPECT_OK(link("f", "g"));
	EXPECT_STREQ(heard(), "2:attrib 1:create(g)");
	unlink("f");
	EXPECT_STREQ(heard(), "2:attrib 1:delete(f)");
	unlink("g");
	EXPECT_STREQ(heard(), "2:attrib 2:delete_self 2:ignored 1:delete(g)");
}

TEST(inotify, "a rename: two halves with one cookie, and the file's own move")
{
	begin();
	ASSERT_OK(mkdir("a", 0755));
	ASSERT_OK(mkdir("b", 0755));
	make("a/f");
	watch("a", IN_ALL_EVENTS);
	watch("b", IN_ALL_EVENTS);
	watch("a/f", IN_ALL_EVENTS);
	EXPECT_OK(rename("a/f", "a/g"));
	EXPECT_STREQ(heard(), "1:from(f)# 1:to(g)= 3:move_self");
	EXPECT_OK(rename("a/g", "b/h"));
	EXPECT_STREQ(heard(), "1:from(g)# 2:to(h)= 3:move_self");
	EXPECT_OK(rename("b/h", "b/h"));
	EXPECT_STREQ(heard(), "");
	/* Its directory is another one now. */
	close(open("b/h", O_RDONLY));
	EXPECT_STREQ(heard(), "2:open(h) 3:open 2:close(h) 3:close");
}

TEST(inotify, "a rename onto a file: the victim loses a name, and then itself")
{
	begin();
	make("f");
	make("victim");
	watch(".", IN_ALL_EVENTS);
	watch("victim", IN_ALL_EVENTS);
	EXPECT_OK(rename("f", "victim"));
	EXPECT_STREQ(heard(), "1:from(f)# 1:to(victim)= 2:attrib 2:delete_self 2:ignored");
}

TEST(inotify, "directories renamed and exchanged")
{
	begin();
	ASSERT_OK(mkdir("d", 0755));
	make("f");
	watch(".", IN_ALL_EVENTS & ~(IN_OPEN | IN_CLOSE | IN_ACCESS));
	watch("d", IN_MOVE_SELF);
	EXPECT_OK(rename("d", "e"));
	EXPECT_STREQ(heard(), "1:from+dir(d)# 1:to+dir(e)= 2:move_self");
	EXPECT_OK(syscall(SYS_renameat2, AT_FDCWD, "e", AT_FDCWD, "f", 2));
	EXPECT_STREQ(heard(), "1:from+dir(e)# 1:to+dir(f)= 2:move_self 1:from(f)# 1:to(e)=");
}

TEST(inotify, "a watched directory: opened, read, removed")
{
	char buf[1024];
	int fd;

	begin();
	ASSERT_OK(mkdir("d", 0755));
	watch("d", IN_ALL_EVENTS);
	watch(".", IN_ALL_EVENTS);
	fd = ASSERT_OK(open("d", O_RDONLY));
	EXPECT_STREQ(heard(), "2:open+dir(d) 1:open+dir");
	EXPECT_IN(syscall(SYS_getdents64, fd, buf, sizeof(buf)), 1, sizeof(buf));
	EXPECT_STREQ(heard(), "2:access+dir(d) 1:access+dir");
	EXPECT_EQ(syscall(SYS_getdents64, fd, buf, sizeof(buf)), 0);
	EXPECT_STREQ(heard(), "2:access+dir(d) 1:access+dir");
	close(fd);
	EXPECT_STREQ(heard(), "2:close+dir(d) 1:close+dir");
	rmdir("d");
	EXPECT_STREQ(heard(), "1:delete_self 1:ignored 2:delete+dir(d)");
}

TEST(inotify, "executing a file opens it, and its end closes it")
{
	pid_t pid;
	int from, to;
	struct stat st;

	begin();
	from = ASSERT_OK(open("/proc/self/exe", O_RDONLY));
	ASSERT_OK(fstat(from, &st));
	to = ASSERT_OK(open("prog", O_CREAT | O_WRONLY, 0755));
	EXPECT_EQ(sendfile(to, from, NULL, st.st_size), st.st_size);
	close(to);
	watch("prog", IN_OPEN | IN_CLOSE | IN_MODIFY);
	pid = ktap_fork();
	if (!pid) {
		close(1);
		execl("./prog", "prog", "-l", NULL);
		_exit(1);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_STREQ(heard(), "1:open 1:close");
}

TEST(inotify, "O_PATH descriptors, stat, access and readlink are not heard")
{
	struct stat st;
	char buf[10];

	begin();
	make("f");
	ASSERT_OK(symlink("f", "l"));
	watch(".", IN_ALL_EVENTS);
	close(ASSERT_OK(open("f", O_PATH)));
	stat("f", &st);
	access("f", R_OK);
	EXPECT_EQ(readlink("l", buf, sizeof(buf)), 1);
	EXPECT_STREQ(heard(), "");
}

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

TEST(inotify, "unlinked files: heard by their directory, unless it asked not to")
{
	int fd;

	begin();
	fd = scratch_file("f", "abc", 0644);
	watch(".", IN_MODIFY | IN_DELETE);
	unlink("f");
	write(fd, "x", 1);
	EXPECT_STREQ(heard(), "1:delete(f) 1:modify(f)");
	watch(".", IN_MODIFY | IN_DELETE | IN_EXCL_UNLINK);
	write(fd, "x", 1);
	EXPECT_STREQ(heard(), "");
}

TEST(inotify, "a file without a name has one for its directory: its number")
{
	char name[40], want[80];
	struct stat st;
	int fd;

	begin();
	watch(".", IN_ALL_EVENTS);
	fd = ASSERT_OK(open(".", O_TMPFILE | O_RDWR, 0644));
	ASSERT_OK(fstat(fd, &st));
	snprintf(want, sizeof(want), "1:open(#%lu)", (unsigned long)st.st_ino);
	EXPECT_STREQ(heard(), want);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	EXPECT_EQ(watch(name, IN_MODIFY), 2);
	write(fd, "x", 1);
	snprintf(want, sizeof(want), "1:modify(#%lu) 2:modify", (unsigned long)st.st_ino);
	EXPECT_STREQ(heard(), want);
}

TEST(inotify, "a fifo that is watched: open, modify, access, close")
{
	int r, w;

	begin();
	ASSERT_OK(mkfifo("p", 0644));
	watch("p", IN_ALL_EVENTS);
	r = ASSERT_OK(open("p", O_RDONLY | O_NONBLOCK));
	w = ASSERT_OK(open("p", O_WRONLY));
	write(w, "ab", 2);
	read(r, (char[2]){ 0 }, 2);
	close(w);
	close(r);
	EXPECT_STREQ(heard(), "1:open 1:modify 1:access 1:close_write 1:close");
}

TEST(inotify, "an unmounted file system says so")
{
	begin();
	ASSERT_OK(mkdir("m", 0755));
	if (mount("none", "m", "tmpfs", 0, "") && errno == EPERM)
		ktap_skip("may not mount");
	make("m/f");
	watch("m/f", IN_OPEN);
	EXPECT_OK(umount("m"));
	EXPECT_STREQ(heard(), "1:unmount 1:ignored");
	rmdir("m");
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
