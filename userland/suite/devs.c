// SPDX-License-Identifier: BSD-2-Clause
/*
 * The devices of memory, the kernel's log, and the switches below /proc.
 */
#include <linux/futex.h>
#include <linux/random.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "ktap.h"

static int device(const char *path, int flags)
{
	return ASSERT_OK(open(path, flags));
}

TEST(devs, "null swallows and is empty; zero reads zeros, swallows, seeks nowhere")
{
	char got[4] = "abc";
	int null = device("/dev/null", O_RDWR), zero = device("/dev/zero", O_RDWR);

	EXPECT_EQ(write(null, "x", 1), 1);
	EXPECT_EQ(read(null, got, 4), 0);
	EXPECT_EQ(read(zero, got, 4), 4);
	EXPECT_MEMEQ(got, "\0\0\0\0", 4);
	EXPECT_EQ(lseek(zero, 100, SEEK_SET), 0);
	EXPECT_ERRNO(read(zero, (void *)8, 4), EFAULT);
	EXPECT_EQ(write(zero, (void *)8, 4), 4);
}

TEST(devs, "full reads zeros and has no room")
{
	char got = 1;
	int full = device("/dev/full", O_RDWR);

	EXPECT_EQ(read(full, &got, 1), 1);
	EXPECT_EQ(got, 0);
	EXPECT_ERRNO(write(full, "x", 1), ENOSPC);
}

TEST(devs, "a shared mapping of zero is memory that a child shares, a private one is not")
{
	int zero = device("/dev/zero", O_RDWR);
	char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
	char *private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
	pid_t child;

	ASSERT_TRUE(shared != MAP_FAILED && private != MAP_FAILED);
	EXPECT_EQ(shared[5000], 0);
	child = ktap_fork();
	if (!child) {
		shared[5000] = private[5000] = 'x';
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
	EXPECT_EQ(shared[5000], 'x');
	EXPECT_EQ(private[5000], 0);
}

TEST(devs, "read into several pieces, a fault in the middle tells what came")
{
	char *page = guarded_pages(1);
	struct iovec two[2] = { { page, 10 }, { page + page_size() - 10, 20 } };

	EXPECT_IN(readv(device("/dev/zero", O_RDONLY), two, 2), 10, 20);
	EXPECT_IN(readv(device("/dev/urandom", O_RDONLY), two, 2), 10, 20);
}

TEST(devs, "random takes what is written and gives other bytes each time")
{
	char first[32], second[32];
	int random = device("/dev/random", O_RDWR);

	EXPECT_EQ(write(random, "some bytes", 10), 10);
	EXPECT_EQ(read(random, first, 32), 32);
	EXPECT_EQ(read(random, second, 32), 32);
	EXPECT_TRUE(memcmp(first, second, 32));
	EXPECT_ERRNO(write(random, (void *)8, 5), EFAULT);
	EXPECT_ERRNO(read(random, (void *)8, 5), EFAULT);
}

TEST(devs, "random's ioctls: the count for all, the rest for root")
{
	int n = -1, random = device("/dev/random", O_RDWR);

	EXPECT_OK(ioctl(random, RNDGETENTCNT, &n));
	EXPECT_IN(n, 1, 4096);
	n = 8;
	EXPECT_OK(ioctl(random, RNDADDTOENTCNT, &n));
	n = -8;
	EXPECT_ERRNO(ioctl(random, RNDADDTOENTCNT, &n), EINVAL);
	EXPECT_ERRNO(ioctl(random, RNDADDTOENTCNT, NULL), EFAULT);
	EXPECT_OK(ioctl(random, RNDZAPENTCNT));
	EXPECT_OK(ioctl(random, RNDCLEARPOOL));
	EXPECT_ERRNO(ioctl(random, _IO('R', 0x70)), EINVAL);
	become_nobody();
	n = 8;
	EXPECT_ERRNO(ioctl(random, RNDADDTOENTCNT, &n), EPERM);
	EXPECT_ERRNO(ioctl(random, RNDZAPENTCNT), EPERM);
	EXPECT_ERRNO(ioctl(random, RNDCLEARPOOL), EPERM);
	EXPECT_OK(ioctl(random, RNDGETENTCNT, &n));
}

TEST(devs, "syslog: the size, the lines, from the newest that fit")
{
	static char all[1 << 18], some[100];
	int size = ASSERT_OK(klogctl(10, NULL, 0)), n;

	EXPECT_TRUE(size >= 4096);
	n = EXPECT_OK(klogctl(3, all, sizeof(all)));
	EXPECT_IN(n, 100, sizeof(all));
	EXPECT_EQ(all[0], '<');
	EXPECT_EQ(all[n - 1], '\n');
	n = EXPECT_OK(klogctl(3, some, sizeof(some)));
	EXPECT_IN(n, 0, sizeof(some));
	EXPECT_TRUE(!n || (some[0] == '<' && some[n - 1] == '\n'));
	EXPECT_EQ(klogctl(3, all, 0), 0);
	EXPECT_OK(klogctl(9, NULL, 0));
	EXPECT_OK(klogctl(0, NULL, 0));
	EXPECT_OK(klogctl(1, NULL, 0));
}

TEST(devs, "syslog refuses: no buffer EINVAL, a bad one EFAULT, levels out of range, unknown kinds")
{
	char c;

	EXPECT_ERRNO(klogctl(3, NULL, 10), EINVAL);
	EXPECT_ERRNO(klogctl(3, &c, -1), EINVAL);
	EXPECT_ERRNO(klogctl(3, (void *)8, 10000), EFAULT);
	EXPECT_ERRNO(klogctl(8, NULL, 0), EINVAL);
	EXPECT_ERRNO(klogctl(8, NULL, 9), EINVAL);
	EXPECT_ERRNO(klogctl(99, NULL, 0), EINVAL);
	EXPECT_ERRNO(klogctl(-1, NULL, 0), EINVAL);
}

TEST(devs, "syslog's reading that clears, and its console's level, are root's")
{
	become_nobody();
	EXPECT_ERRNO(klogctl(5, NULL, 0), EPERM);
	EXPECT_ERRNO(klogctl(6, NULL, 0), EPERM);
	EXPECT_ERRNO(klogctl(8, NULL, 4), EPERM);
	EXPECT_ERRNO(klogctl(9, NULL, 0), EPERM);
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int err = errno;

	if (fd >= 0)
		close(fd);
	errno = err;
	return n == (ssize_t)strlen(text);
}

TEST(devs, "oom_score_adj: read, written, bounded, raised by all, lowered again by root")
{
	int error;

	EXPECT_STREQ(slurp("/proc/self/oom_score_adj"), "0\n");
	EXPECT_TRUE(put("/proc/self/oom_score_adj", "500"));
	EXPECT_STREQ(slurp("/proc/self/oom_score_adj"), "500\n");
	EXPECT_TRUE(put("/proc/self/oom_score_adj", "-10\n"));
	EXPECT_STREQ(slurp("/proc/self/oom_score_adj"), "-10\n");
	EXPECT_TRUE(!put("/proc/self/oom_score_adj", "1001"));
	error = errno;
	EXPECT_EQ(error, EINVAL);
	EXPECT_TRUE(!put("/proc/self/oom_score_adj", "-1001"));
	EXPECT_TRUE(!put("/proc/self/oom_score_adj", "much"));
	error = errno;
	EXPECT_EQ(error, EINVAL);
	EXPECT_TRUE(atoi(slurp("/proc/self/oom_score")) >= 0);
}

TEST(devs, "limits tells each limit with its unit")
{
	struct rlimit r = { 77, 99 };
	char *text;

	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &r));
	text = slurp("/proc/self/limits");
	ASSERT_TRUE(text != NULL);
	EXPECT_TRUE(strstr(text, "Limit                     Soft Limit           Hard Limit           Units     \n") == text);
	EXPECT_TRUE(strstr(text, "Max open files            77                   99                   files     \n"));
	EXPECT_TRUE(strstr(text, "Max cpu time              unlimited            unlimited            seconds   \n"));
}

TEST(devs, "personality, wchan and schedstat of a process")
{
	unsigned long run, waited, slices;

	do {		/* they are counted by and by: at a tick, or a switch that not each wait is */
		if (!ktap_fork())
			_exit(0);
		wait(NULL);
		ASSERT_EQ(sscanf(slurp("/proc/self/schedstat"), "%lu %lu %lu", &run, &waited, &slices), 3);
	} while (!run || !slices);
	EXPECT_STREQ(slurp("/proc/self/personality"), "00000000\n");
	EXPECT_STREQ(slurp("/proc/self/wchan"), "0");
}

static char *call_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	return slurp(path);
}

TEST(devs, "syscall: the call that a sleeper is in, with its arguments, stack and place")
{
	static int word = 7;
	unsigned long sp, pc;
	char want[200], *text;
	int at = 0;
	pid_t pid = ktap_fork();

	if (pid == 0) {
		syscall(SYS_futex, &word, FUTEX_WAIT, 7, NULL, 0x5555L, 0x6666L);
		_exit(0);
	}
	wait_until_blocked(pid);
	snprintf(want, sizeof(want), "%ld %p 0x0 0x7 0x0 0x5555 0x6666 ", (long)SYS_futex, (void *)&word);
	text = call_of(pid);
	ASSERT_TRUE(text != NULL);
	EXPECT_MEMEQ(text, want, strlen(want));
	EXPECT_EQ(sscanf(text + strlen(want), "0x%lx 0x%lx\n%n", &sp, &pc, &at), 2);
	EXPECT_EQ(text[strlen(want) + at], '\0');
	EXPECT_TRUE(labs((long)(sp - (unsigned long)&pid)) < 1 << 16);
	EXPECT_TRUE(pc != 0);
	kill(pid, SIGKILL);
	wait_for_state(pid, 'Z');
	EXPECT_STREQ(call_of(pid), "-1 0x0 0x0\n");
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_EQ(strtol(call_of(getpid()), NULL, 10), SYS_read);
}

TEST(devs, "syscall: running, or stopped outside of a call; only for who may trace it")
{
	unsigned long sp = 0, pc = 0;
	volatile unsigned *turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = ktap_fork();
	int fd;

	while (pid == 0)
		++*turns;
	while (!*turns)
		sched_yield();
	EXPECT_STREQ(call_of(pid), "running\n");
	kill(pid, SIGSTOP);
	wait_for_state(pid, 'T');
	EXPECT_EQ(sscanf(call_of(pid), "-1 0x%lx 0x%lx\n", &sp, &pc), 2);
	EXPECT_TRUE(sp && pc);
	fd = open("/proc/1/syscall", O_RDONLY);
	EXPECT_OK(fd);
	become_nobody();
	EXPECT_TRUE(call_of(pid) == NULL);
	EXPECT_EQ(errno, EACCES);
	EXPECT_ERRNO(read(fd, (char[8]){ 0 }, 8), EPERM);
}

TEST(devs, "auxv and environ are those of the program")
{
	unsigned long *aux = (unsigned long *)slurp("/proc/self/auxv");
	bool page = false;

	ASSERT_TRUE(aux != NULL);
	for (; aux[0]; aux += 2)
		page |= aux[0] == 6 && aux[1] == (unsigned long)page_size();
	EXPECT_TRUE(page);
	EXPECT_TRUE(slurp("/proc/self/environ") != NULL);
}

TEST(devs, "smaps tells of each mapping what of it is there")
{
	char *memory = mmap(NULL, 16 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static char text[1 << 16];
	char start[40], *at;
	long size = 0, rss = 0;
	int fd = device("/proc/self/smaps", O_RDONLY);
	size_t n = 0;
	ssize_t got;

	mmap(memory + 16 * page_size() - page_size(), page_size(), PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
	     -1, 0);
	for (int i = 0; i < 5; i++)
		memory[i * page_size()] = 1;
	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	snprintf(start, sizeof(start), "%lx-", (unsigned long)memory);
	at = strstr(text, start);
	ASSERT_TRUE(at != NULL);
	EXPECT_EQ(sscanf(strstr(at, "\nSize:"), " Size: %ld kB", &size), 1);
	EXPECT_EQ(sscanf(strstr(at, "\nRss:"), " Rss: %ld kB", &rss), 1);
	EXPECT_EQ(size, 15 * page_size() / 1024);
	EXPECT_EQ(rss, 5 * page_size() / 1024);
	EXPECT_TRUE(strstr(at, "\nPrivate_Dirty:") && strstr(at, "\nVmFlags: rd wr mr mw me "));
}

TEST(devs, "fdinfo tells position, flags, and what the file is for")
{
	int file, fd = 0;
	char path[64], *text;

	scratch();
	file = scratch_file("f", "0123456789", 0644);
	lseek(file, 7, SEEK_SET);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file);
	text = slurp(path);
	ASSERT_TRUE(text != NULL);
	EXPECT_TRUE(!strncmp(text, "pos:\t7\nflags:\t0", 15));
	EXPECT_TRUE(strstr(text, "\nmnt_id:\t") && strstr(text, "\nino:\t"));
	fd = ASSERT_OK(syscall(SYS_eventfd2, 42, 0));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT_TRUE(strstr(slurp(path), "eventfd-count:               2a\n"));
	fd = ASSERT_OK(syscall(SYS_pidfd_open, getpid(), 0));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(strchr(path, 0) + 1, 20, "\nPid:\t%d\n", getpid());
	EXPECT_TRUE(strstr(slurp(path), strchr(path, 0) + 1));
	EXPECT_ERRNO(open("/proc/self/fdinfo/999", O_RDONLY), ENOENT);
}

TEST(devs, "fdinfo's flags tell whether an exec closes it")
{
	int fd = ASSERT_OK(open("/dev/null", O_WRONLY | O_CLOEXEC));
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT_EQ(strtoul(strstr(slurp(path), "flags:\t") + 7, NULL, 8) & ~O_LARGEFILE, O_WRONLY | O_CLOEXEC);
	EXPECT_OK(fcntl(fd, F_SETFD, 0));
	EXPECT_EQ(strtoul(strstr(slurp(path), "flags:\t") + 7, NULL, 8) & ~O_LARGEFILE, O_WRONLY);
}

TEST(devs, "fdinfo of a timerfd tells its clock, ticks, flags and times")
{
	struct itimerspec far = { .it_value = { 2000000000, 5 }, .it_interval = { 7, 9 } };
	int fd = ASSERT_OK(timerfd_create(CLOCK_MONOTONIC, 0));
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT_TRUE(strstr(slurp(path),
			   "clockid: 1\nticks: 0\nsettime flags: 00\nit_value: (0, 0)\nit_interval: (0, 0)\n"));
	EXPECT_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &far, NULL));
	text = slurp(path);
	EXPECT_TRUE(strstr(text, "ticks: 0\nsettime flags: 01\nit_value: (1999"));
	EXPECT_TRUE(strstr(text, "\nit_interval: (7, 9)\n"));
	far = (struct itimerspec){ .it_value = { 0, 1 } };
	EXPECT_OK(timerfd_settime(fd, 0, &far, NULL));
	EXPECT_EQ(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, -1), 1);
	EXPECT_TRUE(strstr(slurp(path), "ticks: 1\nsettime flags: 00\nit_value: (0, 0)\n"));
}

TEST(devs, "files of a process keep their modes, its directory all; a length that is set is not kept")
{
	struct stat s;

	EXPECT_ERRNO(chmod("/proc/self/comm", 0600), EPERM);
	EXPECT_ERRNO(chmod("/proc/self/fd", 0700), EPERM);
	EXPECT_ERRNO(chmod("/proc/self/", 0700), EPERM);
	EXPECT_ERRNO(chown("/proc/self/", 0, 0), EPERM);
	EXPECT_OK(truncate("/proc/self/comm", 1000));
	EXPECT_OK(stat("/proc/self/comm", &s));
	EXPECT_EQ(s.st_size, 0);
	EXPECT_EQ(s.st_blksize, 1024);
	EXPECT_EQ(s.st_mode, S_IFREG | 0644);
}

TEST(devs, "fdinfo of a signalfd tells its mask, links and limits stay one's own")
{
	uint64_t mask = 1ull << (SIGUSR1 - 1);
	int fd = ASSERT_OK(syscall(SYS_signalfd4, -1, &mask, 8, 0));
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT_TRUE(strstr(slurp(path), "sigmask:\t0000000000000200\n"));
}

TEST(devs, "sys/kernel: the host's name is written by root, seen by uname, and cut at its newline")
{
	char was[100];

	strcpy(was, slurp("/proc/sys/kernel/hostname"));
	EXPECT_TRUE(put("/proc/sys/kernel/hostname", "two-faces\n"));
	EXPECT_STREQ(slurp("/proc/sys/kernel/hostname"), "two-faces\n");
	EXPECT_TRUE(put("/proc/sys/kernel/hostname", was));
	become_nobody();
	EXPECT_TRUE(!put("/proc/sys/kernel/hostname", "x"));
}

TEST(devs, "sys/fs: protected_symlinks is a switch of 0 and 1")
{
	char was[20];

	strcpy(was, slurp("/proc/sys/fs/protected_symlinks"));
	EXPECT_TRUE(put("/proc/sys/fs/protected_symlinks", "1\n"));
	EXPECT_STREQ(slurp("/proc/sys/fs/protected_symlinks"), "1\n");
	EXPECT_TRUE(!put("/proc/sys/fs/protected_symlinks", "2\n"));
	EXPECT_TRUE(!put("/proc/sys/fs/protected_symlinks", "on\n"));
	EXPECT_TRUE(put("/proc/sys/fs/protected_symlinks", was));
}

TEST(devs, "sys: elsewhere than at the start, a number's write is dropped and a name's goes on from there")
{
	char was[100];
	int fd = ASSERT_OK(open("/proc/sys/fs/protected_symlinks", O_RDWR));

	EXPECT_EQ(pwrite(fd, "junk\n", 5, 1), 5);
	strcpy(was, slurp("/proc/sys/kernel/hostname"));
	EXPECT_TRUE(put("/proc/sys/kernel/hostname", "two-faces\n"));
	fd = ASSERT_OK(open("/proc/sys/kernel/hostname", O_RDWR));
	EXPECT_EQ(pwrite(fd, "doors\n", 6, 4), 6);
	EXPECT_STREQ(slurp("/proc/sys/kernel/hostname"), "two-doors\n");
	EXPECT_EQ(pwrite(fd, "far", 3, 60), 3);
	EXPECT_STREQ(slurp("/proc/sys/kernel/hostname"), "two-doors\n");
	EXPECT_TRUE(put("/proc/sys/kernel/hostname", was));
}

TEST(devs, "sys: limits of the system, and uuids that differ")
{
	unsigned long used, free, most;
	char uuid[40];

	EXPECT_EQ(sscanf(slurp("/proc/sys/fs/file-nr"), "%lu %lu %lu", &used, &free, &most), 3);
	EXPECT_TRUE(used < most);
	EXPECT_TRUE(strtoul(slurp("/proc/sys/fs/file-max"), NULL, 10) > 1000);
	EXPECT_TRUE(strtoul(slurp("/proc/sys/kernel/threads-max"), NULL, 10) > 100);
	strcpy(uuid, slurp("/proc/sys/kernel/random/uuid"));
	EXPECT_EQ(strlen(uuid), 37);
	EXPECT_EQ(uuid[14], '4');
	EXPECT_TRUE(strcmp(uuid, slurp("/proc/sys/kernel/random/uuid")));
	strcpy(uuid, slurp("/proc/sys/kernel/random/boot_id"));
	EXPECT_STREQ(slurp("/proc/sys/kernel/random/boot_id"), uuid);
}

TEST(devs, "devices, interrupts, swaps and partitions have their headings")
{
	EXPECT_TRUE(!strncmp(slurp("/proc/devices"), "Character devices:\n", 19));
	EXPECT_TRUE(strstr(slurp("/proc/devices"), "  1 mem\n"));
	EXPECT_TRUE(strstr(slurp("/proc/interrupts"), "CPU0"));
	EXPECT_TRUE(!strncmp(slurp("/proc/swaps"), "Filename\t\t\t\tType", 16));
	EXPECT_TRUE(slurp("/proc/partitions") != NULL);
}

TEST(devs, "task lists the threads, from an offset on too; a thread's own files")
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", getpid());
	EXPECT_TRUE(slurp(path) != NULL);
	EXPECT_ERRNO(open("/proc/self/task/999999/comm", O_RDONLY), ENOENT);
	EXPECT_ERRNO(open("/proc/self/task/1/comm", O_RDONLY), ENOENT);
}
