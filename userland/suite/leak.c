// SPDX-License-Identifier: BSD-2-Clause
/*
 * Leaks: after many rounds of an operation the memory that is free is about what it was. Caches may
 * fill once, so the first rounds do not count, and the best of several looks does.
 */
#include <poll.h>
#include <pthread.h>

#include "ktap.h"

static long free_kib(void)
{
	long kib = 0;
	char *at = strstr(slurp("/proc/meminfo"), "MemFree:");

	ASSERT_TRUE(at != NULL);
	sscanf(at, "MemFree: %ld", &kib);
	return kib;
}

/* What is missing since `before`, when no more than `allowed` is, or at last: some memory is free only when every
 * CPU has been through its scheduler (a grace period), which they do as soon as they are idle. */
static long missing_kib(long before, long allowed)
{
	long lost = before - free_kib();

	for (int tries = 0; tries < 5000 && lost > allowed; tries++) {
		poll(NULL, 0, 1);
		lost = before - free_kib();
	}
	return lost;
}

/* A leak of a page a round must show: `rounds` pages are far more than is allowed to be missing. */
static void no_leak(void (*operation)(void), int rounds)
{
	long before, lost = LONG_MAX;

	for (int i = 0; i < rounds / 4; i++)
		operation();
	for (int look = 0; look < 4 && lost > rounds; look++) {
		before = free_kib();
		for (int i = 0; i < rounds; i++)
			operation();
		lost = missing_kib(before, rounds);
	}
	if (lost > rounds)
		ktap_note("%ld KiB lost in %d rounds", lost, rounds);
	EXPECT_TRUE(lost <= rounds);
}

static void fork_once(void)
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(0);
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(leak, "fork and exit")
{
	no_leak(fork_once, 200);
}

int ktap_reexec(int argc, char **argv)
{
	(void)argv;
	return argc;
}

static void exec_once(void)
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		execl("/proc/self/exe", "leak", "--reexec", NULL);
		_exit(1);
	}
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(leak, "exec")
{
	no_leak(exec_once, 120);
}

static void exec_fails(void)
{
	char *argv[] = { "x", (char *)16, NULL };

	EXPECT_ERRNO(syscall(SYS_execve, "/proc/self/exe", argv, NULL), EFAULT);
}

TEST(leak, "an exec that fails half way")
{
	no_leak(exec_fails, 300);
}

static void map_once(void)
{
	char *p = mmap(NULL, 16 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	for (int i = 0; i < 16; i++)
		p[i * page_size()] = 1;
	munmap(p, 16 * page_size());
}

TEST(leak, "mmap, touch and munmap")
{
	no_leak(map_once, 400);
}

/* The child writes to pages of the parent's: each is copied, and in the end both are free. */
static void copy_once(void)
{
	char *p = mmap(NULL, 8 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	for (int i = 0; i < 8; i++)
		p[i * page_size()] = 1;
	pid = ktap_fork();
	if (pid == 0) {
		for (int i = 0; i < 8; i++)
			p[i * page_size()] = 2;
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	munmap(p, 8 * page_size());
}

TEST(leak, "copies on write")
{
	no_leak(copy_once, 200);
}

static void pipe_once(void)
{
	int fds[2];

	ASSERT_OK(pipe(fds));
	write(fds[1], "left inside", 11);
	close(fds[0]);
	close(fds[1]);
}

TEST(leak, "pipes closed with bytes inside")
{
	no_leak(pipe_once, 500);
}

static void file_once(void)
{
	static char bytes[20000];
	int fd = ASSERT_OK(open("f", O_RDWR | O_CREAT, 0644));

	write(fd, bytes, sizeof(bytes));
	close(fd);
	unlink("f");
}

TEST(leak, "files written and removed")
{
	scratch();
	no_leak(file_once, 300);
}

static void names_once(void)
{
	mkdir("d", 0755);
	symlink("target", "d/l");
	rename("d/l", "d/m");
	link("d/m", "d/n");
	access("d/missing", F_OK);
	unlink("d/m");
	unlink("d/n");
	rmdir("d");
}

TEST(leak, "names made, moved and removed")
{
	scratch();
	no_leak(names_once, 300);
}

static void *nothing(void *arg)
{
	return arg;
}

static void thread_once(void)
{
	pthread_t t;

	ASSERT_EQ(pthread_create(&t, NULL, nothing, NULL), 0);
	pthread_join(t, NULL);
}

TEST(leak, "threads")
{
	no_leak(thread_once, 200);
}

static void crash_once(void)
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		int fds[2];

		pipe(fds);
		map_once();
		*(volatile int *)8 = 1;
	}
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(leak, "processes that crash")
{
	no_leak(crash_once, 150);
}

static void signals_once(void)
{
	sigset_t set;
	pid_t pid = ktap_fork();

	if (pid == 0) {
		sigfillset(&set);
		sigprocmask(SIG_BLOCK, &set, NULL);
		for (int i = 0; i < 20; i++)
			sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 });
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(leak, "signals left in the queue")
{
	no_leak(signals_once, 150);
}
