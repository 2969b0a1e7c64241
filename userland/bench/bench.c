// SPDX-License-Identifier: BSD-2-Clause
/*
 * bench [NAME...]: run the named rows, or all, each in a program of its own (bench --row NAME): what one leaves in
 * memory, the next would copy at each fork and count as its own. A line a row on standard output:
 *
 *     bench NAME LOOPS NANOSECONDS       measured
 *     bench NAME missing ERRNO           the kernel does not have it, or does it wrong
 */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *bench_self;

void bench_fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

long long bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Be idle for a while, so that what earlier rows left for a grace period to free is not paid for by this one. */
static void settle(void)
{
	struct timespec ts = { .tv_nsec = 40000000 };

	nanosleep(&ts, NULL);
}

static void measure(const struct op *op)
{
	long long start;

	settle();
	errno = 0;
	if (!op->check()) {
		printf("bench %s missing %s\n", op->name, errno ? strerrorname_np(errno) : "wrong result");
		return;
	}
	if (op->timed) {
		op->timed(op->loops);
		printf("bench %s %ld %lld\n", op->name, op->loops, op->timed(op->loops));
		return;
	}
	op->run(op->loops / 10 + 1);
	start = bench_now();
	op->run(op->loops);
	printf("bench %s %ld %lld\n", op->name, op->loops, bench_now() - start);
}

/* The row in a fresh program, which inherits nothing but the console. */
static void spawn(const struct op *op)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(bench_self, bench_self, "--row", op->name, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		bench_fail(op->name);
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct op *const groups[] = {
		call_ops, file_ops, wait_ops, socket_ops, process_ops, memory_ops,
	};
	bool one = argc == 3 && !strcmp(argv[1], "--row");

	if (argc == 2 && !strcmp(argv[1], "--exit"))
		_exit(0);	/* what the exec rows run */
	bench_self = argv[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct op *op = groups[g]; op->name; op++)
			if (wanted(op->name, argv + 1 + one))
				(one ? measure : spawn)(op);
	if (!one)
		puts("bench done");
	return 0;
}
