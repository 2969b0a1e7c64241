// SPDX-License-Identifier: BSD-2-Clause
/*
 * inotify: which events what is done to a file makes, and in which order.
 */
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "heard.h"

TEST(inotifyev, "a file's life in a watched directory")
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

TEST(inotifyev, "a vector that is read is heard of though it is empty or at the end, a plain read is not")
{
	struct iovec v = { (char[1]){ 0 }, 1 };
	int fd;

	begin();
	make("f");
	watch("f", IN_ACCESS | IN_MODIFY);
	fd = ASSERT_OK(open("f", O_RDWR));
	EXPECT_EQ(read(fd, v.iov_base, 1), 0);
	EXPECT_EQ(writev(fd, &v, 0), 0);
	EXPECT_STREQ(heard(), "");
	EXPECT_EQ(readv(fd, &v, 0), 0);
	EXPECT_STREQ(heard(), "1:access");
	EXPECT_EQ(preadv(fd, &v, 1, 100), 0);
	EXPECT_STREQ(heard(), "1:access");
}

TEST(inotifyev, "a watched file: no name, attrib when its last name goes, and the end when nobody has it open")
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

TEST(inotifyev, "directory and file both watched: the directory hears first")
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

TEST(inotifyev, "what was open before the watch is heard, also through a descriptor of another process")
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

TEST(inotifyev, "every way to read and write")
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

TEST(inotifyev, "splice: what comes into a file is heard, what is taken out is not")
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

TEST(inotifyev, "truncate, fallocate, O_TRUNC: modify")
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

TEST(inotifyev, "modes, owners, times and extended attributes")
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

TEST(inotifyev, "a write that takes the setuid bit off is a change of attributes too")
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

TEST(inotifyev, "names made in a watched directory")
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

TEST(inotifyev, "a link: attrib for the file, then create for the directory")
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

TEST(inotifyev, "a rename: two halves with one cookie, and the file's own move")
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

TEST(inotifyev, "a rename onto a file: the victim loses a name, and then itself")
{
	begin();
	make("f");
	make("victim");
	watch(".", IN_ALL_EVENTS);
	watch("victim", IN_ALL_EVENTS);
	EXPECT_OK(rename("f", "victim"));
	EXPECT_STREQ(heard(), "1:from(f)# 1:to(victim)= 2:attrib 2:delete_self 2:ignored");
}

TEST(inotifyev, "directories renamed and exchanged")
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

TEST(inotifyev, "a watched directory: opened, read, removed")
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

TEST(inotifyev, "executing a file opens it, and its end closes it")
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

TEST(inotifyev, "O_PATH descriptors, stat, access and readlink are not heard")
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

TEST(inotifyev, "unlinked files: heard by their directory, unless it asked not to")
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

TEST(inotifyev, "a file without a name has one for its directory: its number")
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

TEST(inotifyev, "a fifo that is watched: open, modify, access, close")
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

TEST(inotifyev, "an unmounted file system says so")
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
