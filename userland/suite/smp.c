// SPDX-License-Identifier: BSD-2-Clause
/*
 * Many at once: what several CPUs may do to each other. Every loop is bounded; on one CPU the same
 * subtests pass, with less to fear.
 */
#include <pthread.h>

#include "ktap.h"

enum { WORKERS = 4 };

/* Run `work` in several children at once; each must exit with 0. */
static void together(int (*work)(int number))
{
	pid_t pids[WORKERS];

	for (int i = 0; i < WORKERS; i++) {
		pids[i] = ktap_fork();
		if (pids[i] == 0)
			_exit(work(i));
	}
	for (int i = 0; i < WORKERS; i++)
		EXPECT_EXIT(pids[i], 0);
}

static int fork_and_wait(int number)
{
	for (int i = 0; i < 40; i++) {
		int status;
		pid_t pid = ktap_fork();

		if (pid == 0)
			_exit((i + number) & 127);
		if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != ((i + number) & 127))
			return 1;
	}
	return 0;
}

TEST(smp, "four processes fork and wait at once")
{
	together(fork_and_wait);
}

int ktap_reexec(int argc, char **argv)
{
	return argc ? atoi(argv[0]) : 0;
}

static int exec_and_wait(int number)
{
	char code[8];

	for (int i = 0; i < 15; i++) {
		int status;
		pid_t pid;

		snprintf(code, sizeof(code), "%d", i + number);
		pid = ktap_fork();
		if (pid == 0) {
			execl("/proc/self/exe", "smp", "--reexec", code, NULL);
			_exit(126);
		}
		if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != i + number)
			return 1;
	}
	return 0;
}

TEST(smp, "four processes execute programs at once")
{
	together(exec_and_wait);
}

static int look_below_parent(int number)
{
	char path[48], text[16];

	(void)number;
	snprintf(path, sizeof(path), "/proc/%d/comm", getppid());
	for (int i = 0; i < 400; i++) {
		int fd = open(path, O_RDONLY);

		if (fd < 0 || read(fd, text, sizeof(text)) <= 0)
			return 1;
		close(fd);
	}
	return 0;
}

TEST(smp, "four processes open and close the same file below /proc/PID at once")
{
	together(look_below_parent);
}

static int files(int number)
{
	char mine[32], other[32];

	for (int i = 0; i < 80; i++) {
		int fd;

		snprintf(mine, sizeof(mine), "f%d", number);
		snprintf(other, sizeof(other), "g%d", (number + i) % WORKERS);
		fd = open(mine, O_RDWR | O_CREAT, 0644);
		if (fd < 0 || write(fd, "x", 1) != 1)
			return 1;
		close(fd);
		if (rename(mine, other) < 0)
			return 2;
		if (unlink(other) < 0 && errno != ENOENT)
			return 3;
	}
	return 0;
}

TEST(smp, "four processes make, rename and remove files in one directory")
{
	scratch();
	together(files);
}

static int directories(int number)
{
	char a[32], b[32];

	for (int i = 0; i < 50; i++) {
		snprintf(a, sizeof(a), "d%d", (number + i) % 3);
		snprintf(b, sizeof(b), "d%d/e", (number + i + 1) % 3);
		if (mkdir(a, 0755) < 0 && errno != EEXIST)
			return 1;
		if (rename(a, b) < 0 && errno != ENOENT && errno != EINVAL && errno != ENOTEMPTY &&
		    errno != EEXIST)
			return 2;
		if (rmdir(b) < 0 && errno != ENOENT && errno != ENOTEMPTY)
			return 3;
	}
	return 0;
}

TEST(smp, "four processes move directories into each other")
{
	scratch();
	together(directories);
}

static char *shared;

static int count_up(int number)
{
	long *counter = (long *)shared;

	(void)number;
	for (int i = 0; i < 20000; i++)
		__atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
	return 0;
}

TEST(smp, "atomic additions of four processes in shared memory are all counted")
{
	shared = shared_page();
	together(count_up);
	EXPECT_EQ(*(long *)shared, 4 * 20000);
}

static int touch_all(int number)
{
	for (long i = 0; i < 256; i++) {
		char *at = shared + ((i * 7 + number * 61) % 256) * page_size();

		__atomic_fetch_add((int *)at, 1, __ATOMIC_SEQ_CST);
	}
	return 0;
}

TEST(smp, "four processes fault the same shared pages in at once")
{
	shared = mmap(NULL, 256 * page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	ASSERT_TRUE(shared != MAP_FAILED);
	together(touch_all);
	for (int i = 0; i < 256; i++)
		EXPECT_EQ(*(int *)(shared + i * page_size()), 4);
}

static void *map_and_touch(void *arg)
{
	for (int i = 0; i < 40; i++) {
		long size = (i % 8 + 1) * page_size();
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return NULL;
		for (long k = 0; k < size; k += page_size()) {
			if (p[k])
				return NULL;
			p[k] = 1;
		}
		mprotect(p, page_size(), PROT_READ);
		if (munmap(p, size) < 0)
			return NULL;
	}
	return arg;
}

TEST(smp, "four threads map, touch and unmap in one address space")
{
	pthread_t t[WORKERS];
	void *value;

	for (long i = 0; i < WORKERS; i++)
		ASSERT_EQ(pthread_create(&t[i], NULL, map_and_touch, (void *)(i + 1)), 0);
	for (long i = 0; i < WORKERS; i++) {
		EXPECT_EQ(pthread_join(t[i], &value), 0);
		EXPECT_EQ(value, i + 1);
	}
}

static void *fault_one_area(void *arg)
{
	for (long i = 0; i < 512; i++)
		__atomic_fetch_add((int *)(shared + i * page_size()), 1, __ATOMIC_SEQ_CST);
	return arg;
}

TEST(smp, "four threads fault the same private pages in: none is lost")
{
	pthread_t t[WORKERS];

	shared = mmap(NULL, 512 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	for (int i = 0; i < WORKERS; i++)
		ASSERT_EQ(pthread_create(&t[i], NULL, fault_one_area, NULL), 0);
	for (int i = 0; i < WORKERS; i++)
		EXPECT_EQ(pthread_join(t[i], NULL), 0);
	for (int i = 0; i < 512; i++)
		EXPECT_EQ(*(int *)(shared + i * page_size()), 4);
}

static volatile bool stop;
static volatile long written;

static void *keep_writing(void *arg)
{
	while (!stop) {
		for (long i = 0; i < 64; i++)
			((volatile long *)shared)[i * page_size() / sizeof(long)]++;
		written++;
	}
	return arg;
}

TEST(smp, "forks while another thread writes: each child has one moment, whole")
{
	pthread_t t;

	shared = mmap(NULL, 64 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	ASSERT_EQ(pthread_create(&t, NULL, keep_writing, NULL), 0);
	while (!written)
		sched_yield();
	for (int i = 0; i < 30; i++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			long before[64];

			for (long k = 0; k < 64; k++)
				before[k] = *(volatile long *)(shared + k * page_size());
			for (int n = 0; n < 10; n++)
				sched_yield();
			for (long k = 0; k < 64; k++)
				if (*(volatile long *)(shared + k * page_size()) != before[k])
					_exit(1);
			_exit(0);
		}
		EXPECT_EXIT(pid, 0);
	}
	stop = true;
	EXPECT_EQ(pthread_join(t, NULL), 0);
	EXPECT_EQ(*(long *)shared, written);
	EXPECT_EQ(*(long *)(shared + 63 * page_size()), written);
}

static int pipes[WORKERS][2];

static int pass_on(int number)
{
	int in = pipes[number][0], out = pipes[(number + 1) % WORKERS][1], token;

	for (int i = 0; i < 100; i++) {
		if (read(in, &token, sizeof(token)) != sizeof(token))
			return 1;
		token++;
		if (write(out, &token, sizeof(token)) != sizeof(token))
			return 2;
	}
	return 0;
}

TEST(smp, "a token goes a hundred times round a ring of four processes")
{
	int token = 0;

	for (int i = 0; i < WORKERS; i++)
		ASSERT_OK(pipe(pipes[i]));
	ASSERT_EQ(write(pipes[0][1], &token, sizeof(token)), sizeof(token));
	together(pass_on);
	EXPECT_EQ(read(pipes[0][0], &token, sizeof(token)), sizeof(token));
	EXPECT_EQ(token, 400);
}

static volatile int signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

TEST(smp, "signals from four processes at once: real-time ones are all delivered")
{
	pid_t me = getpid(), pids[WORKERS];

	handle(SIGRTMIN, count_signal, SA_RESTART);
	for (int i = 0; i < WORKERS; i++) {
		pids[i] = ktap_fork();
		if (pids[i] == 0) {
			for (int k = 0; k < 50; k++)
				if (sigqueue(me, SIGRTMIN, (union sigval){ 0 }) < 0)
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < WORKERS; i++)
		EXPECT_EXIT(pids[i], 0);
	EXPECT_EQ(signals, 200);
}

static int kill_children(int number)
{
	(void)number;
	for (int i = 0; i < 40; i++) {
		int status;
		pid_t pid = ktap_fork();

		if (pid == 0)
			for (;;)
				getppid();
		if (kill(pid, SIGKILL) < 0 || waitpid(pid, &status, 0) != pid ||
		    WTERMSIG(status) != SIGKILL)
			return 1;
	}
	return 0;
}

TEST(smp, "processes killed on other CPUs in the middle of a call")
{
	together(kill_children);
}

static void *exit_soon(void *arg)
{
	sched_yield();
	return arg;
}

TEST(smp, "a process ends while its threads come and go, forty times")
{
	for (int i = 0; i < 40; i++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			pthread_t t;

			for (int k = 0; k < 5; k++)
				pthread_create(&t, NULL, exit_soon, NULL);
			_exit(i & 7);
		}
		EXPECT_EXIT(pid, i & 7);
	}
}

static int read_proc(int number)
{
	char path[64];

	for (int i = 0; i < 40; i++) {
		pid_t pid = ktap_fork();

		if (pid == 0)
			_exit(0);
		snprintf(path, sizeof(path), "/proc/%d/%s", pid,
			 number == 0 ? "stat" : number == 1 ? "maps" : number == 2 ? "status" : "cmdline");
		slurp(path);
		if (waitpid(pid, NULL, 0) != pid)
			return 1;
		slurp(path);
	}
	return 0;
}

TEST(smp, "/proc is read while processes come and go")
{
	together(read_proc);
}
