// SPDX-License-Identifier: BSD-2-Clause
/*
 * No memory: an operation is done again and again, and each time one more of the kernel's allocations goes well
 * before one fails (/proc/thread-self/fail-nth, of Janus's debug build). Each time it must either answer what
 * Linux answers when there is no memory, or do all it was asked for; then it must work as if nothing had been.
 * In the end nothing is in use that was not before. On a kernel that cannot fail on purpose the operation is done once.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "ktap.h"
#include "memuse.h"

enum { NTH_MAX = 2000, NTH_FD = 100 };

static struct memuse before, now;
static int fds[8];
static char *area;

/* ---- one failure after the other ---- */

static int open_nth(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

static void arm(int fd, int nth)
{
	char text[16];

	pwrite(fd, text, sprintf(text, "%d", nth), 0);
}

/* How many more allocations would have gone well; 0: one has failed. */
static int disarm(int fd)
{
	char text[16] = "";
	int err = errno;

	pread(fd, text, sizeof(text) - 1, 0);
	arm(fd, 0);
	errno = err;
	return atoi(text);
}

struct hunted {
	long (*operation)(void);	/* -1 and errno, or done */
	void (*undo)(void);		/* after it was done; may be NULL */
	int errors[4];			/* what Linux answers beside ENOMEM */
};

static bool expected(const struct hunted *h, int err)
{
	for (int i = 0; i < 4; i++)
		if (h->errors[i] && err == h->errors[i])
			return true;
	return err == ENOMEM;
}

static void do_once(const struct hunted *h)
{
	ASSERT_OK(h->operation());
	if (h->undo)
		h->undo();
}

/* Fail the nth allocation; false: there are fewer. */
static bool fail_at(const struct hunted *h, int fd, int nth)
{
	long got;
	bool failed;

	errno = 0;
	arm(fd, nth);
	got = h->operation();
	failed = !disarm(fd);
	if (got == -1 && !(failed && expected(h, errno)))
		ktap_note("allocation %d%s: %s", nth, failed ? " failed" : "", ktap_errno_name(errno));
	EXPECT_TRUE(got != -1 || (failed && expected(h, errno)));
	if (got != -1 && h->undo)
		h->undo();
	if (failed)
		do_once(h);
	return failed;
}

static void sweep(const struct hunted *h, int fd)
{
	for (int nth = 1; fail_at(h, fd, nth); nth++)
		ASSERT_TRUE(nth < NTH_MAX);
}

static void note_leak(const char *line)
{
	ktap_note("%s", line);
}

/* The first sweep fills what is filled only once. */
static void hunt(const struct hunted *h)
{
	int fd = open_nth();

	do_once(h);
	if (fd < 0)
		return;
	sweep(h, fd);
	memuse_take(&now);
	ASSERT_TRUE(memuse_take(&before));
	sweep(h, fd);
	EXPECT_TRUE(!memuse_grew(&before, &now, note_leak));
	close(fd);
}

/* HUNT(title, operation, undo, more errors...) */
#define HUNT(title, done, undone, ...)										\
	TEST(nomem, title)											\
	{													\
		scratch();											\
		hunt(&(const struct hunted){ .operation = done, .undo = undone, .errors = { __VA_ARGS__ } });	\
	}

static void close_two(void)
{
	close(fds[0]);
	close(fds[1]);
}

static void close_one(void)
{
	close(fds[0]);
}

/* ---- descriptors ---- */

static long do_pipe(void) { return pipe(fds); }
HUNT("pipe", do_pipe, close_two, ENFILE)

static long do_pipe_write(void)
{
	static char bytes[20000];
	long n;

	if (pipe(fds) < 0)
		return -1;
	n = write(fds[1], bytes, sizeof(bytes));
	if (n < 0) {
		int err = errno;

		close_two();
		errno = err;
	}
	return n;
}
HUNT("a pipe with bytes inside", do_pipe_write, close_two, ENFILE)

/* Done in steps: what was made before the one that failed is closed, and its errno kept. */
static long give_up(int n)
{
	int err = errno;

	for (int i = 0; i < n; i++)
		close(fds[i]);
	errno = err;
	return -1;
}

static long do_pipe_size(void)
{
	if (pipe(fds) < 0)
		return -1;
	return fcntl(fds[0], F_SETPIPE_SZ, 1 << 18) < 0 ? give_up(2) : 0;
}
HUNT("a pipe made larger", do_pipe_size, close_two, ENFILE)

static long do_eventfd(void) { return fds[0] = eventfd(1, 0); }
HUNT("eventfd", do_eventfd, close_one)

static long do_timerfd(void)
{
	struct itimerspec soon = { .it_value.tv_sec = 1000 };

	fds[0] = timerfd_create(CLOCK_MONOTONIC, 0);
	if (fds[0] < 0)
		return -1;
	return timerfd_settime(fds[0], 0, &soon, NULL) < 0 ? give_up(1) : 0;
}
HUNT("timerfd", do_timerfd, close_one)

static long do_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (pipe(fds) < 0)
		return -1;
	fds[2] = epoll_create1(0);
	if (fds[2] < 0)
		return give_up(2);
	if (epoll_ctl(fds[2], EPOLL_CTL_ADD, fds[0], &event) < 0 || epoll_ctl(fds[2], EPOLL_CTL_ADD, fds[1], &event) < 0)
		return give_up(3);
	return 0;
}

static void close_three(void)
{
	close_two();
	close(fds[2]);
}
HUNT("epoll with two members", do_epoll, close_three, ENFILE)

static long do_poll_many(void)
{
	struct pollfd many[200];

	for (int i = 0; i < 200; i++)
		many[i] = (struct pollfd){ .fd = i % 3, .events = POLLIN | POLLOUT };
	return poll(many, 200, 0);
}
HUNT("poll of many descriptors", do_poll_many, NULL)

static long do_select_high(void)
{
	struct timeval none = { 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(1000, &set);
	if (dup2(0, 1000) < 0)
		return -1;
	return select(1001, NULL, &set, NULL, &none);
}

static void close_high(void)
{
	close(1000);
}
HUNT("select of a high descriptor", do_select_high, close_high)

static long do_many_descriptors(void)
{
	return dup2(0, 900);
}

/* The table never shrinks: it grows in a process of its own. */
static long do_grow_table(void)
{
	int status;
	pid_t pid;
	int fd;

	pid = fork();
	if (pid == 0) {
		_exit(0);
	}
	if (pid < 0)
		return -1;
	waitpid(pid, &status, 0);
	fd = do_many_descriptors();
	if (fd >= 0)
		close(fd);
	return fd;
}
HUNT("fork and a larger descriptor table", do_grow_table, NULL)

/* ---- names ---- */

static long do_creat(void) { return fds[0] = open("file", O_CREAT | O_RDWR, 0600); }
static void undo_creat(void)
{
	close(fds[0]);
	unlink("file");
}
HUNT("a file made", do_creat, undo_creat, ENOSPC)

static long do_write_file(void)
{
	static char bytes[30000];
	int err;

	fds[0] = open("file", O_CREAT | O_RDWR, 0600);
	if (fds[0] < 0)
		return -1;
	if (write(fds[0], bytes, sizeof(bytes)) > 0 && pwrite(fds[0], "x", 1, 1 << 30) == 1)
		return 0;
	err = errno;
	undo_creat();
	errno = err;
	return -1;
}
HUNT("a file written far and wide", do_write_file, undo_creat, ENOSPC)

static long do_tmpfile(void) { return fds[0] = open(".", O_TMPFILE | O_RDWR, 0600); }
HUNT("O_TMPFILE", do_tmpfile, close_one, ENOSPC)

static long do_mkdir(void) { return mkdir("dir", 0700); }
static void undo_mkdir(void) { rmdir("dir"); }
HUNT("mkdir", do_mkdir, undo_mkdir, ENOSPC)

static char long_target[1000];

static long do_symlink(void)
{
	memset(long_target, 'x', sizeof(long_target) - 1);
	return symlink(long_target, "a name that is longer than what lies in the entry itself");
}

static void undo_symlink(void)
{
	unlink("a name that is longer than what lies in the entry itself");
}
HUNT("symlink", do_symlink, undo_symlink, ENOSPC)

static long do_mknod(void) { return mknod("fifo", S_IFIFO | 0600, 0); }
static void undo_mknod(void) { unlink("fifo"); }
HUNT("mknod", do_mknod, undo_mknod, ENOSPC)

static long do_names(void)
{
	long got;
	int err;

	fds[0] = open("one", O_CREAT | O_RDWR, 0600);
	if (fds[0] < 0)
		return -1;
	close(fds[0]);
	got = link("one", "two") || rename("two", "three") || mkdir("d", 0700) || rename("three", "d/four") ? -1 : 0;
	err = errno;
	unlink("one");
	unlink("two");
	unlink("three");
	unlink("d/four");
	rmdir("d");
	errno = err;
	return got;
}
HUNT("names linked and moved", do_names, NULL, ENOSPC)

static long do_stat_missing(void)
{
	struct stat st;

	return stat("missing/none", &st) < 0 && errno == ENOENT ? 0 : -1;
}
HUNT("a name that is not there", do_stat_missing, NULL)

static long do_getcwd(void)
{
	char path[PATH_MAX];

	return syscall(SYS_getcwd, path, sizeof(path));
}
HUNT("getcwd", do_getcwd, NULL)

static long do_readlink(void)
{
	char path[PATH_MAX];

	return readlink("/proc/self/exe", path, sizeof(path));
}
HUNT("readlink in /proc", do_readlink, NULL)

static long do_list(void)
{
	char entries[4096];
	long n;

	fds[0] = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	if (fds[0] < 0)
		return -1;
	n = syscall(SYS_getdents64, fds[0], entries, sizeof(entries));
	return n < 0 ? give_up(1) : 0;
}
HUNT("a directory of /proc listed", do_list, close_one)

static long read_whole(const char *path)
{
	static char text[65536];
	long n;

	fds[0] = open(path, O_RDONLY);
	if (fds[0] < 0)
		return -1;
	n = read(fds[0], text, sizeof(text));
	return n < 0 ? give_up(1) : 0;
}

static long do_maps(void) { return read_whole("/proc/self/maps"); }
HUNT("/proc/self/maps", do_maps, close_one)

static long do_environ(void) { return read_whole("/proc/self/environ"); }
HUNT("/proc/self/environ", do_environ, close_one)

static long do_mountinfo(void) { return read_whole("/proc/self/mountinfo"); }
HUNT("/proc/self/mountinfo", do_mountinfo, close_one)

static long do_comm(void)
{
	fds[0] = open("/proc/self/comm", O_WRONLY);
	if (fds[0] < 0)
		return -1;
	return write(fds[0], "other", 5) < 0 ? give_up(1) : 0;
}
HUNT("/proc/self/comm written", do_comm, close_one)

static long do_chdir(void)
{
	return chdir("/proc/self") || chdir("/tmp") ? -1 : 0;
}
HUNT("chdir", do_chdir, NULL)

static long do_mount(void)
{
	long got;
	int err;

	if (mkdir("m", 0700) < 0)
		return -1;
	got = mount("none", "m", "tmpfs", 0, "size=1m");
	if (got == 0)
		got = umount("m");
	err = errno;
	rmdir("m");
	errno = err;
	return got;
}
HUNT("mount of a tmpfs", do_mount, NULL, ENOSPC)

static long do_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 }, middle = { .l_type = F_UNLCK, .l_start = 14, .l_len = 2 };

	fds[0] = open("file", O_CREAT | O_RDWR, 0600);
	if (fds[0] < 0)
		return -1;
	if (fcntl(fds[0], F_SETLK, &lock) < 0 || fcntl(fds[0], F_SETLK, &middle) < 0)
		return give_up(1);
	return flock(fds[0], LOCK_EX) < 0 ? give_up(1) : 0;
}
HUNT("locks of files", do_lock, undo_creat, ENOSPC, ENOLCK)

static long do_memfd(void)
{
	fds[0] = memfd_create("a name", 0);
	if (fds[0] < 0)
		return -1;
	return ftruncate(fds[0], 10000) < 0 || fallocate(fds[0], 0, 0, 8192) < 0 ? give_up(1) : 0;
}
HUNT("memfd", do_memfd, close_one, ENOSPC, ENFILE)

static long do_copy(void)
{
	long n;

	fds[0] = memfd_create("from", 0);
	if (fds[0] < 0)
		return -1;
	fds[1] = memfd_create("to", 0);
	if (fds[1] < 0)
		return give_up(1);
	if (pipe(fds + 2) < 0)
		return give_up(2);
	if (ftruncate(fds[0], 9000) < 0)
		return give_up(4);
	n = sendfile(fds[1], fds[0], NULL, 9000);
	if (n >= 0)
		n = splice(fds[0], &(off64_t){ 0 }, fds[3], NULL, 9000, 0);
	if (n >= 0)
		n = splice(fds[2], NULL, fds[1], NULL, 9000, 0);
	return n < 0 ? give_up(4) : 0;
}

static void close_four(void)
{
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}
HUNT("sendfile and splice", do_copy, close_four, ENOSPC, ENFILE)

static long do_writev(void)
{
	struct iovec parts[64];

	for (int i = 0; i < 64; i++)
		parts[i] = (struct iovec){ "x", 1 };
	fds[0] = open("/dev/null", O_WRONLY);
	if (fds[0] < 0)
		return -1;
	return writev(fds[0], parts, 64) < 0 ? give_up(1) : 0;
}
HUNT("writev of many parts", do_writev, close_one)

static long do_pty(void)
{
	int zero = 0, number;
	char path[32];

	fds[0] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (fds[0] < 0)
		return -1;
	if (ioctl(fds[0], TIOCSPTLCK, &zero) < 0 || ioctl(fds[0], TIOCGPTN, &number) < 0)
		return give_up(1);
	sprintf(path, "/dev/pts/%d", number);
	fds[1] = open(path, O_RDWR | O_NOCTTY);
	if (fds[1] < 0)
		return give_up(1);
	return write(fds[1], "hello\n", 6) < 0 ? give_up(2) : 0;
}
HUNT("a pseudo-terminal", do_pty, close_two)

/* ---- sockets ---- */

static long do_socketpair(void) { return socketpair(AF_UNIX, SOCK_STREAM, 0, fds); }
HUNT("socketpair", do_socketpair, close_two, ENFILE)

static long do_send_fds(void)
{
	char space[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec part = { "bytes", 5 };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	char got[16];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) < 0)
		return -1;
	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(2 * sizeof(int)) };
	memcpy(CMSG_DATA(c), (int[]){ 0, 1 }, 2 * sizeof(int));
	if (sendmsg(fds[0], &msg, MSG_DONTWAIT) < 0)
		return give_up(2);
	if (send(fds[0], "left inside", 11, MSG_DONTWAIT) < 0)
		return give_up(2);
	return recv(fds[1], got, sizeof(got), MSG_DONTWAIT) < 0 ? give_up(2) : 0;
}
HUNT("descriptors sent and not taken", do_send_fds, close_two, ENFILE, ENOBUFS)

static long do_connect(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
	long got = -1;
	int err;

	fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fds[0] < 0)
		return -1;
	fds[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fds[1] < 0)
		return give_up(1);
	if (!bind(fds[0], (void *)&name, sizeof(name)) && !listen(fds[0], 4) && !connect(fds[1], (void *)&name, sizeof(name)))
		got = fds[2] = accept(fds[0], NULL, NULL);
	if (got >= 0 && write(fds[2], "hello", 5) == 5)
		return 0;
	err = errno;
	unlink("socket");
	errno = err;
	return give_up(got >= 0 ? 3 : 2);
}

static void undo_connect(void)
{
	unlink("socket");
	close_three();
}
HUNT("a socket bound, connected and accepted", do_connect, undo_connect, ENFILE, ENOBUFS, ENOSPC)

/* ---- memory ---- */

static void unmap_area(void)
{
	munmap(area, 16 * 4096);
}

static long do_mmap(void)
{
	area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	memset(area, 1, 16 * 4096);
	return 0;
}
HUNT("mmap, then touched", do_mmap, unmap_area)

static long do_populate(void)
{
	area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return area == MAP_FAILED ? -1 : 0;
}
HUNT("shared memory populated", do_populate, unmap_area, ENOSPC, ENFILE)

static long do_split(void)
{
	int err = 0;

	area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	area[0] = 1;
	if (mprotect(area + 4 * 4096, 4096, PROT_READ) < 0 || munmap(area + 8 * 4096, 4096) < 0 ||
	    madvise(area + 12 * 4096, 4096, MADV_DONTFORK) < 0 || mlock(area, 2 * 4096) < 0)
		err = errno;
	if (err)
		unmap_area();
	errno = err;
	return err ? -1 : 0;
}
HUNT("an area split", do_split, unmap_area, EAGAIN)

static long do_mremap(void)
{
	char *moved, *other = mmap(NULL, 64 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (other == MAP_FAILED)
		return -1;
	if (do_mmap() < 0) {
		err = errno;
		munmap(other, 64 * 4096);
		errno = err;
		return -1;
	}
	moved = mremap(area, 16 * 4096, 16 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, other);
	err = errno;
	if (moved == MAP_FAILED)
		unmap_area();
	munmap(other, 64 * 4096);
	errno = err;
	return moved == MAP_FAILED ? -1 : 0;
}
HUNT("mremap", do_mremap, NULL)

static long do_brk(void)
{
	char *was = (char *)syscall(SYS_brk, 0), *got = (char *)syscall(SYS_brk, was + (8 << 20));

	if (got == was) {
		errno = ENOMEM;
		return -1;
	}
	got[-1] = 1;
	syscall(SYS_brk, was);
	return 0;
}
HUNT("brk", do_brk, NULL)

/* ---- processes ---- */

static pid_t child;

static long do_fork(void)
{
	child = fork();
	if (child == 0)
		_exit(0);
	return child;
}

static void reap(void)
{
	waitpid(child, NULL, 0);
}
HUNT("fork", do_fork, reap)

static long do_fork_wide(void)
{
	int i, err;

	for (i = 0; i < 40; i++) {
		char *at = mmap((void *)(0x100000000000 + (long)i * (1L << 30)), 8192, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		if (at == MAP_FAILED)
			break;
		*at = 1;
	}
	err = errno;
	child = i == 40 ? fork() : -1;
	if (child == 0)
		_exit(0);
	err = i == 40 ? errno : err;
	while (i--)
		munmap((void *)(0x100000000000 + (long)i * (1L << 30)), 8192);
	errno = err;
	return child;
}
HUNT("fork of a wide address space", do_fork_wide, reap)

static void *nothing(void *arg)
{
	return arg;
}

static long do_thread(void)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, nothing, NULL);

	if (err) {
		errno = err;
		return -1;
	}
	return pthread_join(t, NULL) ? -1 : 0;
}
HUNT("a thread", do_thread, NULL, EAGAIN)

static long do_pidfd(void)
{
	return fds[0] = syscall(SYS_pidfd_open, getpid(), 0);
}
HUNT("pidfd_open", do_pidfd, close_one)

static long do_unshare(void)
{
	return unshare(CLONE_FILES | CLONE_FS);
}
HUNT("unshare", do_unshare, NULL)

static long do_groups(void)
{
	gid_t groups[100] = { 1, 2, 3 };

	return setgroups(100, groups) || setgroups(0, groups) ? -1 : 0;
}
HUNT("setgroups", do_groups, NULL)

static long do_setuid(void)
{
	return setresuid(12345, 0, 0);
}

static void undo_setuid(void)
{
	setresuid(0, 0, 0);
}
HUNT("setresuid", do_setuid, undo_setuid, EAGAIN)

static timer_t timer;

static long do_timer(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	int id;

	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, &id) < 0)
		return -1;
	timer = (timer_t)(long)id;
	return 0;
}

static void undo_timer(void)
{
	syscall(SYS_timer_delete, (int)(long)timer);
}
HUNT("timer_create", do_timer, undo_timer, EAGAIN)

static long do_sigqueue(void)
{
	return sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 5 });
}

static void take_signals(void)
{
	struct timespec none = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
}

TEST(nomem, "sigqueue")
{
	mask_signal(SIG_BLOCK, SIGRTMIN + 3);
	hunt(&(const struct hunted){ .operation = do_sigqueue, .undo = take_signals, .errors = { EAGAIN } });
}

/* ---- exec: in a child, which tells how it went by its end ---- */

enum { NOT_FAILED = 9 };

/* The program that exec starts: was there an allocation to fail? */
int ktap_reexec(int argc, char **argv)
{
	return disarm(NTH_FD) ? NOT_FAILED : 0;
}

static const char *exec_path;

static void run_exec(int nth)
{
	char *argv[] = { "nomem", "--reexec", "an argument", NULL };
	int fd = open("/proc/thread-self/fail-nth", O_RDWR);

	dup2(fd, NTH_FD);
	close(fd);
	if (nth)
		arm(NTH_FD, nth);
	execv(exec_path, argv);
	/* Linux has E2BIG for an argument page that it does not get, and ENOEXEC for the program headers. */
	if (nth && !disarm(NTH_FD) && (errno == ENOMEM || errno == E2BIG || errno == ENOEXEC))
		_exit(0);
	ktap_note("allocation %d: %s", nth, ktap_errno_name(errno));
	_exit(1);
}

/* Exit status 0, NOT_FAILED, or death by SIGSEGV where there is no way back: Linux's three ways. */
static bool exec_fails_at(int nth)
{
	pid_t pid = ktap_fork();
	int status;

	if (pid == 0)
		run_exec(nth);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FAILED)
		return false;
	if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV))
		ktap_note("allocation %d: status %#x", nth, status);
	EXPECT_TRUE(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV));
	return true;
}

static void hunt_exec(const char *path)
{
	int fd = open_nth();

	exec_path = path;
	if (fd < 0) {
		EXPECT_TRUE(exec_fails_at(0));
		return;
	}
	close(fd);
	for (int turn = 0; turn < 2; turn++) {
		memuse_take(&now);
		ASSERT_TRUE(memuse_take(&before));
		for (int nth = 1; exec_fails_at(nth); nth++)
			ASSERT_TRUE(nth < NTH_MAX);
	}
	EXPECT_TRUE(!memuse_grew(&before, &now, note_leak));
}

TEST(nomem, "exec")
{
	hunt_exec("/proc/self/exe");
}

TEST(nomem, "exec of a script")
{
	char self[200] = "", script[300];
	int fd;

	scratch();
	ASSERT_OK(readlink("/proc/self/exe", self, sizeof(self) - 1));
	snprintf(script, sizeof(script), "#!%s --reexec\n", self);
	fd = scratch_file("script", script, 0755);
	close(fd);
	hunt_exec("./script");
}
