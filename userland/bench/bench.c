// SPDX-License-Identifier: BSD-2-Clause
/*
 * bench [NAME...]: run the named rows, or all, each in a program of its own (bench --row NAME): what one leaves in
 * memory, the next would copy at each fork and count as its own. A line a row on standard output:
 *
 *     bench NAME LOOPS NANOSECONDS       measured
 *     bench NAME missing ERRNO           the kernel does not have it, or does it wrong
 *
 * bench --events [NAME...]: go FEW turns through each operation, and then MORE turns, each time between two calls of
 * bench_mark, where a recorder (ci/janus/events.py) stops the guest and logs what it executes. The difference is what
 * the turns themselves did.
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

#define MARK 0x6a616e757362656eUL	/* no other program has this in its registers at bench_mark's address */
#define WARM 40
#define FEW 1
#define TICK 100
#define TRIES 2				/* a tick may come in one of them */

const char *bench_self;
static const char *marked;		/* the row of --events, or NULL: then the clock alone measures */
static long marked_turns;

/* turns: of the operation that follow; 0: they have ended, or there is no more to come. */
__attribute__((noipa)) void bench_mark(const char *name, long turns, unsigned long mark)
{
	(void)name, (void)turns, (void)mark;	/* they are in the registers of arguments: noipa passes them */
}

/* Where the log begins to count. */
__attribute__((noipa)) void bench_marked(void) { }

/*
 * The name is touched, so that its page is there for one who reads it from outside. While the guest is stopped its
 * clock may go on to the next tick, which then comes at once: the log does not count until that is over.
 */
static void mark(long turns)
{
	if (!marked || !*(const volatile char *)marked)
		return;
	bench_mark(marked, turns, MARK);
	for (volatile int i = 0; i < TICK; i++)
		;
	bench_marked();
}

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

long long bench_begin(void)
{
	mark(marked_turns);
	return bench_now();
}

long long bench_end(long long start)
{
	long long elapsed = bench_now() - start;

	mark(0);
	return elapsed;
}

/* Be idle for a while, so that what earlier rows left for a grace period to free is not paid for by this one. */
static void settle(void)
{
	struct timespec ts = { .tv_nsec = 40000000 };

	nanosleep(&ts, NULL);
}

static long long go(const struct op *op, long turns)
{
	long long start;

	if (op->timed)
		return op->timed(turns);
	start = bench_begin();
	op->run(turns);
	return bench_end(start);
}

static void measure(const struct op *op)
{
	settle();
	errno = 0;
	if (!op->check()) {
		printf("bench %s missing %s\n", op->name, errno ? strerrorname_np(errno) : "wrong result");
		return;
	}
	go(op, op->timed ? op->loops : op->loops / 10 + 1);
	printf("bench %s %ld %lld\n", op->name, op->loops, go(op, op->loops));
}

/* As many turns as a log of single instructions can hold. */
static long more_turns(const struct op *op)
{
	long turns = op->loops / 400;

	return FEW + (turns < 16 ? turns : 16);
}

static void show_events(const struct op *op)
{
	const long turns[] = { FEW, more_turns(op) };

	settle();
	if (!op->check())
		return;
	go(op, WARM);
	for (int i = 0; i < 2 * TRIES; i++) {
		go(op, turns[i % 2]);	/* the logged turns find what these left */
		marked = op->name;
		marked_turns = turns[i % 2];
		go(op, turns[i % 2]);
		marked = NULL;
	}
}

/* The row in a fresh program, which inherits nothing but the console. */
static void spawn(const struct op *op, const char *how)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(bench_self, bench_self, how, op->name, NULL);
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
	const char *how = argc > 1 ? argv[1] : "";
	bool row = !strcmp(how, "--row"), events_row = !strcmp(how, "--events-row"), events = !strcmp(how, "--events");
	char **names = argv + 1 + (row || events_row || events);

	if (argc == 2 && !strcmp(argv[1], "--exit"))
		_exit(0);	/* what the exec rows run */
	bench_self = argv[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct op *op = groups[g]; op->name; op++) {
			if (!wanted(op->name, names))
				continue;
			if (row)
				measure(op);
			else if (events_row)
				show_events(op);
			else
				spawn(op, events ? "--events-row" : "--row");
		}
	if (events) {
		marked = how;
		mark(0);
	}
	if (!row && !events_row)
		puts("bench done");
	return 0;
}
