// SPDX-License-Identifier: BSD-2-Clause
/*
 * /proc: what ps, top, free, mount and uptime read, and what a process can learn about itself.
 */
#include <dirent.h>
#include <sys/prctl.h>

#include "ktap.h"

static long field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	ASSERT_TRUE(at != NULL);
	return strtol(at + strlen(name), NULL, 0);
}

/* The nth field (from 1) of a stat line, whose second is a name in brackets. */
static long stat_field(const char *path, int n)
{
	char *text = slurp(path), *at;

	ASSERT_TRUE(text != NULL);
	if (n == 1)
		return atol(text);
	at = strrchr(text, ')');
	ASSERT_TRUE(at != NULL);
	at += 2;
	for (int i = 3; i < n; i++) {
		at = strchr(at, ' ');
		ASSERT_TRUE(at != NULL);
		at++;
	}
	return n == 3 ? *at : strtol(at, NULL, 10);
}

TEST(proc, "self is a link to one's pid, thread-self to the thread")
{
	char text[64] = "", want[64];

	EXPECT_TRUE(readlink("/proc/self", text, 63) > 0);
	EXPECT_EQ(atoi(text), getpid());
	memset(text, 0, sizeof(text));
	EXPECT_TRUE(readlink("/proc/thread-self", text, 63) > 0);
	snprintf(want, sizeof(want), "%d/task/%d", getpid(), gettid());
	EXPECT_STREQ(text, want);
}

TEST(proc, "stat: pid, name, state, parent, group, session, threads, memory")
{
	static char used[256 * 4096];

	memset(used, 1, sizeof(used));
	prctl(PR_SET_NAME, "a (b) c");
	EXPECT_TRUE(strstr(slurp("/proc/self/stat"), " (a (b) c) R ") != NULL);
	EXPECT_EQ(stat_field("/proc/self/stat", 1), getpid());
	EXPECT_EQ(stat_field("/proc/self/stat", 4), getppid());
	EXPECT_EQ(stat_field("/proc/self/stat", 5), getpgrp());
	EXPECT_EQ(stat_field("/proc/self/stat", 6), getsid(0));
	EXPECT_EQ(stat_field("/proc/self/stat", 20), 1);
	EXPECT_EQ(stat_field("/proc/self/stat", 19), 0);
	EXPECT_TRUE(stat_field("/proc/self/stat", 23) > 100000);
	EXPECT_TRUE(stat_field("/proc/self/stat", 24) > 128);
}

TEST(proc, "stat has 52 fields on one line")
{
	char *text = slurp("/proc/self/stat"), *at = strrchr(text, ')');
	int fields = 2;

	for (at++; *at && *at != '\n'; at++)
		fields += *at == ' ';
	EXPECT_EQ(fields, 52);
	EXPECT_STREQ(at, "\n");
}

TEST(proc, "states: R, S, T and Z")
{
	char path[64];
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	EXPECT_EQ(stat_field("/proc/self/stat", 3), 'R');
	wait_for_state(pid, 'S');
	kill(pid, SIGSTOP);
	wait_for_state(pid, 'T');
	kill(pid, SIGKILL);
	wait_for_state(pid, 'Z');
	EXPECT_EQ(stat_field(path, 23), 0);
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_TRUE(slurp(path) == NULL);
	EXPECT_EQ(errno, ENOENT);
}

TEST(proc, "times in stat grow with work")
{
	long long began = now_ns(CLOCK_PROCESS_CPUTIME_ID);

	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) - began < 60000000)
		;
	EXPECT_TRUE(stat_field("/proc/self/stat", 14) + stat_field("/proc/self/stat", 15) >= 4);
}

TEST(proc, "status: names, ids, threads, signals")
{
	char want[64];
	char *text;

	prctl(PR_SET_NAME, "suite-name");
	signal(SIGUSR1, SIG_IGN);
	ASSERT_OK(setresgid(11, 22, 33));
	ASSERT_OK(setresuid(44, 55, 66));
	text = slurp("/proc/self/status");
	ASSERT_TRUE(text != NULL);
	EXPECT_TRUE(!strncmp(text, "Name:\tsuite-name\n", 17));
	EXPECT_TRUE(strstr(text, "\nState:\tR (running)\n") != NULL);
	EXPECT_EQ(field(text, "\nTgid:\t"), getpid());
	EXPECT_EQ(field(text, "\nPid:\t"), getpid());
	EXPECT_EQ(field(text, "\nPPid:\t"), getppid());
	EXPECT_TRUE(strstr(text, "\nUid:\t44\t55\t66\t55\n") != NULL);
	EXPECT_TRUE(strstr(text, "\nGid:\t11\t22\t33\t22\n") != NULL);
	EXPECT_EQ(field(text, "\nThreads:\t"), 1);
	EXPECT_TRUE(field(text, "\nVmRSS:\t") > 0);
	snprintf(want, sizeof(want), "\nSigIgn:\t%016lx\n", 1UL << (SIGUSR1 - 1));
	EXPECT_TRUE(strstr(text, want) != NULL);
}

TEST(proc, "cmdline holds the arguments with nuls, of a kernel thread or zombie nothing")
{
	char path[64], *text = slurp("/proc/self/cmdline");
	pid_t pid;

	ASSERT_TRUE(text != NULL);
	EXPECT_TRUE(strlen(text) > 0);
	pid = ktap_fork();
	if (pid == 0)
		_exit(0);
	wait_for_state(pid, 'Z');
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	EXPECT_STREQ(slurp(path), "");
	EXPECT_EXIT(pid, 0);
}

TEST(proc, "comm can be read, and written by oneself")
{
	int fd;

	prctl(PR_SET_NAME, "one");
	EXPECT_STREQ(slurp("/proc/self/comm"), "one\n");
	fd = ASSERT_OK(open("/proc/self/comm", O_WRONLY));
	EXPECT_EQ(write(fd, "two", 3), 3);
	close(fd);
	EXPECT_STREQ(slurp("/proc/self/comm"), "two\n");
}

TEST(proc, "exe, cwd and root are links that can be followed")
{
	char text[256] = "";
	struct stat a, b;

	ASSERT_OK(chdir("/dev"));
	EXPECT_EQ(readlink("/proc/self/cwd", text, sizeof(text)), 4);
	EXPECT_MEMEQ(text, "/dev", 4);
	EXPECT_EQ(readlink("/proc/self/root", text, sizeof(text)), 1);
	memset(text, 0, sizeof(text));
	EXPECT_TRUE(readlink("/proc/self/exe", text, sizeof(text) - 1) > 0);
	EXPECT_OK(stat("/proc/self/exe", &a));
	EXPECT_OK(stat(text, &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
}

TEST(proc, "fd lists descriptors and links to what they are")
{
	char path[64], text[128] = "", want[128];
	struct dirent *e;
	int fds[2], seen = 0;
	struct stat st;
	const char *top = scratch();
	int fd = scratch_file("named", "", 0644);
	DIR *d;

	ASSERT_OK(pipe(fds));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_TRUE(readlink(path, text, 127) > 0);
	snprintf(want, sizeof(want), "%s/named", top);
	EXPECT_STREQ(text, want);
	memset(text, 0, sizeof(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	EXPECT_TRUE(readlink(path, text, 127) > 0);
	ASSERT_OK(fstat(fds[0], &st));
	snprintf(want, sizeof(want), "pipe:[%ld]", (long)st.st_ino);
	EXPECT_STREQ(text, want);
	d = opendir("/proc/self/fd");
	ASSERT_TRUE(d != NULL);
	while ((e = readdir(d)))
		seen += e->d_name[0] != '.' && (atoi(e->d_name) == fd || atoi(e->d_name) == fds[1]);
	EXPECT_EQ(seen, 2);
}

TEST(proc, "a descriptor opened again through fd is another open of the same file")
{
	char path[64], c;

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	EXPECT_EQ(read(fd, &c, 1), 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = ASSERT_OK(open(path, O_RDONLY));
	EXPECT_EQ(read(again, &c, 1), 1);
	EXPECT_EQ(c, 'a');
	ASSERT_OK(unlink("f"));
	EXPECT_OK(open(path, O_RDWR));
}

TEST(proc, "a removed file's link says (deleted)")
{
	char path[64], text[128] = "", want[128];
	const char *top = scratch();
	int fd = scratch_file("gone", "", 0644);

	ASSERT_OK(unlink("gone"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_TRUE(readlink(path, text, 127) > 0);
	snprintf(want, sizeof(want), "%s/gone (deleted)", top);
	EXPECT_STREQ(text, want);
}

TEST(proc, "maps shows each mapping with its rights, the stack, the heap and files")
{
	char want[64], *text;
	char *p = mmap(NULL, 3 * page_size(), PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	text = slurp("/proc/self/maps");
	ASSERT_TRUE(text != NULL);
	snprintf(want, sizeof(want), "%08lx-%08lx r--s ", (long)p, (long)p + 3 * page_size());
	EXPECT_TRUE(strstr(text, want) != NULL);
	EXPECT_TRUE(strstr(text, "[stack]") != NULL);
	EXPECT_TRUE(strstr(text, "r-xp") != NULL);
	EXPECT_TRUE(strstr(text, "proc\n") != NULL);
}

TEST(proc, "maps follows munmap and mprotect")
{
	char want[64];
	char *p = mmap(NULL, 3 * page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_OK(mprotect(p + page_size(), page_size(), PROT_NONE));
	snprintf(want, sizeof(want), "%08lx-%08lx ---p ", (long)p + page_size(),
		 (long)p + 2 * page_size());
	EXPECT_TRUE(strstr(slurp("/proc/self/maps"), want) != NULL);
	ASSERT_OK(munmap(p, 3 * page_size()));
	EXPECT_TRUE(strstr(slurp("/proc/self/maps"), want) == NULL);
}

TEST(proc, "another's files are closed to a user")
{
	become_nobody();
	EXPECT_ERRNO(open("/proc/1/maps", O_RDONLY), EACCES);
	EXPECT_ERRNO(readlink("/proc/1/exe", (char[8]){ 0 }, 8), EACCES);
	EXPECT_OK(open("/proc/1/stat", O_RDONLY));
}

TEST(proc, "statm counts pages, and agrees with stat")
{
	long size, resident, shared;

	ASSERT_EQ(sscanf(slurp("/proc/self/statm"), "%ld %ld %ld", &size, &resident, &shared), 3);
	EXPECT_TRUE(size > 0 && resident > 0 && resident <= size);
	EXPECT_EQ(size, stat_field("/proc/self/stat", 23) / page_size());
}

TEST(proc, "the root lists every process, among them 1 and oneself")
{
	struct dirent *e;
	int seen = 0;
	DIR *d = opendir("/proc");

	ASSERT_TRUE(d != NULL);
	while ((e = readdir(d)))
		seen += atoi(e->d_name) == 1 || atoi(e->d_name) == getpid();
	EXPECT_EQ(seen, 2);
}

TEST(proc, "task lists threads")
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", gettid());
	EXPECT_EQ(stat_field(path, 1), gettid());
}

TEST(proc, "uptime and loadavg")
{
	double up, idle, one, five, fifteen;
	int running, all, last;

	EXPECT_EQ(sscanf(slurp("/proc/uptime"), "%lf %lf", &up, &idle), 2);
	EXPECT_TRUE(up > 0);
	EXPECT_EQ(sscanf(slurp("/proc/loadavg"), "%lf %lf %lf %d/%d %d", &one, &five, &fifteen,
			 &running, &all, &last), 6);
	EXPECT_TRUE(running >= 1 && all >= running);
}

TEST(proc, "meminfo: total, free, available, buffers and cached")
{
	char *text = slurp("/proc/meminfo");

	ASSERT_TRUE(text != NULL);
	EXPECT_TRUE(field(text, "MemTotal:") > 16 << 10);
	EXPECT_TRUE(field(text, "MemFree:") > 0);
	EXPECT_TRUE(field(text, "MemAvailable:") > 0);
	EXPECT_TRUE(field(text, "Buffers:") >= 0);
	EXPECT_TRUE(field(text, "Cached:") >= 0);
	EXPECT_TRUE(field(text, "SwapTotal:") >= 0);
	EXPECT_TRUE(field(text, "MemFree:") <= field(text, "MemTotal:"));
}

TEST(proc, "free memory falls when memory is used and comes back")
{
	enum { MEGABYTES = 24 };
	char *p = mmap(NULL, MEGABYTES << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	long before = field(slurp("/proc/meminfo"), "MemFree:"), during, after;

	for (long i = 0; i < MEGABYTES << 20; i += page_size())
		p[i] = 1;
	during = field(slurp("/proc/meminfo"), "MemFree:");
	EXPECT_TRUE(before - during > (MEGABYTES - 8) << 10);
	ASSERT_OK(munmap(p, MEGABYTES << 20));
	after = field(slurp("/proc/meminfo"), "MemFree:");
	EXPECT_TRUE(after - during > (MEGABYTES - 8) << 10);
}

TEST(proc, "stat of the system: cpu lines, switches, boot time, processes")
{
	long before, cpus = 0;
	char *text = slurp("/proc/stat");

	ASSERT_TRUE(text != NULL);
	EXPECT_TRUE(!strncmp(text, "cpu  ", 5));
	for (char *at = text; (at = strstr(at, "\ncpu")); at++)
		cpus++;
	EXPECT_EQ(cpus, sysconf(_SC_NPROCESSORS_ONLN));
	EXPECT_TRUE(field(text, "\nctxt ") > 0);
	EXPECT_TRUE(field(text, "\nbtime ") >= 0);
	before = field(text, "\nprocesses ");
	pid_t pid = ktap_fork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	EXPECT_TRUE(field(slurp("/proc/stat"), "\nprocesses ") > before);
}

TEST(proc, "version, cpuinfo, filesystems and mounts")
{
	EXPECT_TRUE(!strncmp(slurp("/proc/version"), "Linux version ", 14));
	EXPECT_TRUE(strstr(slurp("/proc/cpuinfo"), "processor\t: 0\n") != NULL);
	EXPECT_TRUE(strstr(slurp("/proc/filesystems"), "\ttmpfs\n") != NULL);
	EXPECT_TRUE(strstr(slurp("/proc/filesystems"), "nodev\tproc\n") != NULL);
	EXPECT_TRUE(strstr(slurp("/proc/mounts"), " /proc proc ") != NULL);
	EXPECT_TRUE(strstr(slurp("/proc/self/mounts"), " /tmp tmpfs rw") != NULL);
	EXPECT_TRUE(strstr(slurp("/proc/self/mountinfo"), " /proc ") != NULL);
	EXPECT_TRUE(slurp("/proc/cmdline") != NULL);
}

TEST(proc, "a file is read in pieces without losing or doubling a byte")
{
	char whole[4096], part[4096];
	int fd = ASSERT_OK(open("/proc/version", O_RDONLY));
	long n = ASSERT_OK(read(fd, whole, sizeof(whole))), got = 0, k;

	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	while ((k = read(fd, part + got, 7)) > 0)
		got += k;
	EXPECT_EQ(got, n);
	EXPECT_MEMEQ(part, whole, n);
	EXPECT_EQ(pread(fd, part, 5, 6), 5);
	EXPECT_MEMEQ(part, whole + 6, 5);
}

TEST(proc, "nothing can be made or removed there")
{
	EXPECT_ERRNO(open("/proc/new", O_WRONLY | O_CREAT, 0644), ENOENT);
	EXPECT_ERRNO(mkdir("/proc/new", 0755), ENOENT);
	EXPECT_ERRNO(unlink("/proc/version"), EPERM);
	EXPECT_ERRNO(rename("/proc/version", "/proc/v"), ENOENT);
	EXPECT_ERRNO(open("/proc/999999", O_RDONLY), ENOENT);
	EXPECT_ERRNO(open("/proc/01", O_RDONLY), ENOENT);
}

TEST(proc, "sizes are 0, and files are owned by their process's user")
{
	struct stat st;

	EXPECT_OK(stat("/proc/version", &st));
	EXPECT_EQ(st.st_size, 0);
	EXPECT_EQ(st.st_mode, S_IFREG | 0444);
	become_nobody();
	prctl(PR_SET_DUMPABLE, 1);
	EXPECT_OK(stat("/proc/self/status", &st));
	EXPECT_EQ(st.st_uid, 1000);
}

TEST(proc, "mem reads and writes one's own memory")
{
	static volatile int word = 5;
	int got = 0, value = 9, fd = ASSERT_OK(open("/proc/self/mem", O_RDWR));

	EXPECT_EQ(pread(fd, &got, 4, (long)&word), 4);
	EXPECT_EQ(got, 5);
	EXPECT_EQ(pwrite(fd, &value, 4, (long)&word), 4);
	EXPECT_EQ(word, 9);
	EXPECT_ERRNO(pread(fd, &got, 4, 16), EIO);
}

TEST(proc, "sys/kernel: ostype, osrelease, pid_max, hostname")
{
	EXPECT_STREQ(slurp("/proc/sys/kernel/ostype"), "Linux\n");
	EXPECT_TRUE(atoi(slurp("/proc/sys/kernel/pid_max")) >= 32768);
	EXPECT_TRUE(strlen(slurp("/proc/sys/kernel/osrelease")) > 1);
	EXPECT_TRUE(strlen(slurp("/proc/sys/kernel/hostname")) > 1);
	EXPECT_TRUE(strlen(slurp("/proc/sys/kernel/random/boot_id")) == 37);
}

TEST(proc, "one's own descriptors stay open to oneself when the ids have changed")
{
	char path[32], text[16];
	pid_t pid;
	int fd;

	scratch();
	fd = scratch_file("f", "x", 0666);
	pid = ktap_fork();
	if (!pid) {
		become_nobody();
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		EXPECT_OK(readlink(path, text, sizeof(text)));
		EXPECT_OK(open(path, O_RDONLY));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	close(fd);
}

TEST(proc, "drop_caches takes 1 to 4, and not even root reads it")
{
	int fd = ASSERT_OK(open("/proc/sys/vm/drop_caches", O_WRONLY));

	EXPECT_EQ(pwrite(fd, "1\n", 2, 0), 2);
	EXPECT_EQ(pwrite(fd, "4", 1, 0), 1);
	EXPECT_ERRNO(pwrite(fd, "0", 1, 0), EINVAL);
	EXPECT_ERRNO(pwrite(fd, "5", 1, 0), EINVAL);
	EXPECT_ERRNO(pwrite(fd, "all", 3, 0), EINVAL);
	close(fd);
	EXPECT_ERRNO(open("/proc/sys/vm/drop_caches", O_RDONLY), EACCES);
	EXPECT_ERRNO(open("/proc/sys/vm/drop_caches", O_RDWR), EACCES);
}

TEST(proc, "/proc/mounts is a file to a process with a long number")
{
	struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, size; } args = { 0 };
	pid_t number = 30123, pid;
	char c;

	args.exit_signal = SIGCHLD;
	args.set_tid = (uintptr_t)&number;
	args.size = 1;
	pid = ASSERT_OK(syscall(435 /* clone3 */, &args, sizeof(args)));
	if (pid == 0)
		_exit(read(open("/proc/mounts", O_RDONLY), &c, 1) == 1 ? 0 : 1);
	EXPECT_EQ(pid, number);
	EXPECT_EXIT(pid, 0);
}
