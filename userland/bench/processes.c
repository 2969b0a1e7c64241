// SPDX-License-Identifier: BSD-2-Clause
/* Rows about lives: threads, fork, vfork, exec. The program itself is the 800 KB static one that is copied. */
#define _GNU_SOURCE
#include "bench.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void *nothing(void *arg) { return arg; }
static bool check_thread(void)
{
	pthread_t thread;
	void *result;

	return !pthread_create(&thread, NULL, nothing, (void *)&bench_self) && !pthread_join(thread, &result) &&
	       result == &bench_self;
}
static void run_thread(long n)
{
	pthread_t thread;

	while (n--) {
		pthread_create(&thread, NULL, nothing, NULL);
		pthread_join(thread, NULL);
	}
}

static bool reap(pid_t pid, int want)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == want;
}

static pid_t spawn(pid_t pid)
{
	if (!pid) {
		execl(bench_self, bench_self, "--exit", NULL);
		_exit(127);
	}
	return pid;
}

static bool check_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(3);
	return reap(pid, 3);
}
static void run_fork(long n)
{
	while (n--) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static bool check_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(3);
	return reap(pid, 3);
}
static void run_vfork(long n)
{
	while (n--) {
		pid_t pid = vfork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static bool check_fork_exec(void) { return reap(spawn(fork()), 0); }
static void run_fork_exec(long n) { while (n--) waitpid(spawn(fork()), NULL, 0); }

static bool check_vfork_exec(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(bench_self, bench_self, "--exit", NULL);
		_exit(127);
	}
	return reap(pid, 0);
}
static void run_vfork_exec(long n)
{
	while (n--) {
		pid_t pid = vfork();

		if (!pid) {
			execl(bench_self, bench_self, "--exit", NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
}

const struct op process_ops[] = {
	{ "thread", 3000, check_thread, run_thread },
	{ "fork_exit_wait", 1500, check_fork, run_fork },
	{ "vfork_exit_wait", 3000, check_vfork, run_vfork },
	{ "fork_exec_wait", 400, check_fork_exec, run_fork_exec },
	{ "vfork_exec_wait", 400, check_vfork_exec, run_vfork_exec },
	{ 0 },
};
