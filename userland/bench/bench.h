/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The benchmarks: every operation of the table of costs, each checked for its result before it is timed.
 *
 * One static program for Janus and for Linux. Under QEMU's `-icount shift=0,sleep=off` a nanosecond is one
 * guest instruction, so clock_gettime counts instructions; the loop around an operation is included.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

struct op {
	const char *name;		/* the row of the table */
	long loops;			/* timed repetitions; a tenth of them warm up */
	bool (*check)(void);		/* does it do what it is said to? false: errno says why not */
	void (*run)(long loops);
	long long (*timed)(long loops);	/* instead of run: measures itself by bench_begin and bench_end */
};

/* Each file's rows, ended by a NULL name. */
extern const struct op call_ops[], file_ops[], memory_ops[], process_ops[], wait_ops[], socket_ops[];

/* A set-up step that must work: ends the program with its name otherwise. */
#define NEED(expression) \
	({ long need_ = (long)(expression); if (need_ == -1) bench_fail(#expression); need_; })
void bench_fail(const char *what) __attribute__((noreturn));

long long bench_now(void);		/* nanoseconds, monotonic */
long long bench_begin(void);		/* what is measured begins: the time, for bench_end */
long long bench_end(long long start);	/* and has ended: nanoseconds since then */

extern const char *bench_self;		/* the path of this program */

#endif
