/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The suite's harness: declare a subtest, check what a call gave, print KTAP.
 *
 * A program of the suite is one file, one subject. Each subtest runs in a child of its own process
 * group, so that a crash or a hang is that subtest's failure and not the program's; the parent
 * holds the watchdog. A check that fails prints one line with the file, the line, what was
 * expected and what came, and is counted in shared memory, so that it may be made in any
 * descendant of the subtest (until it executes another program).
 *
 *	TEST(pipe, "a read from an empty pipe with no writer returns 0")
 *	{
 *		...
 *		EXPECT_EQ(read(fds[0], &c, 1), 0);
 *	}
 *
 * EXPECT_* notes a failure and goes on; ASSERT_* notes it and ends the process it is in.
 * Both give back the value they looked at where that is of use.
 *
 * Rules for a subtest: never sleep to synchronise (gates, waits and wait_until_blocked() serve),
 * never lean on another subtest, leave nothing behind (scratch() is cleaned by the harness).
 *
 * Program options: none runs all; a word runs the subtests whose names hold it; -l lists; -n N
 * repeats the run N times. The environment's KTAP_TIMEOUT is the watchdog's seconds a subtest; with
 * KTAP_MAKE_IT_FAIL the subtests' allocations fail by chance (run.c).
 */
#ifndef SUITE_KTAP_H
#define SUITE_KTAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct ktap_test {
	const char *subject;
	const char *name;
	int line;			/* sorts the list in the order of the file */
	void (*run)(void);
};

#define KTAP_CAT_(a, b) a##b
#define KTAP_CAT(a, b) KTAP_CAT_(a, b)

#define KTAP_DECLARE(subj, text, id)							\
	static void KTAP_CAT(ktap_body_, id)(void);					\
	static const struct ktap_test KTAP_CAT(ktap_test_, id) = {			\
		.subject = #subj, .name = text, .line = __LINE__,			\
		.run = KTAP_CAT(ktap_body_, id),					\
	};										\
	static const struct ktap_test *const KTAP_CAT(ktap_entry_, id)			\
		__attribute__((section("ktap_tests"), used)) =				\
		&KTAP_CAT(ktap_test_, id);						\
	static void KTAP_CAT(ktap_body_, id)(void)

#define TEST(subj, text) KTAP_DECLARE(subj, text, __COUNTER__)

/* Where a check stands; fatal ends the process when the check fails. */
struct ktap_at {
	const char *file;
	int line;
	bool fatal;
	const char *text;
};

#define KTAP_AT(fatal, text) (&(const struct ktap_at){ __FILE__, __LINE__, fatal, text })

/* The value must equal `want`. Returns the value. */
long ktap_eq(const struct ktap_at *at, long got, long want);
/* The value must differ from `other`. */
long ktap_ne(const struct ktap_at *at, long got, long other);
/* Signed order: lo <= value <= hi. */
long ktap_in(const struct ktap_at *at, long got, long lo, long hi);
/* A call's result must not be -1. */
long ktap_ok(const struct ktap_at *at, long got);
/* A call's result must be -1 with this errno. */
void ktap_errno(const struct ktap_at *at, long got, int want);
/* A raw call's result (-errno) must be this negative errno, or this value. */
long ktap_raw(const struct ktap_at *at, long got, long want);
bool ktap_true(const struct ktap_at *at, bool got);
void ktap_streq(const struct ktap_at *at, const char *got, const char *want);
void ktap_memeq(const struct ktap_at *at, const void *got, const void *want, size_t n);
/* Wait for a child: it must have exited with `code`, or been killed by `sig`. */
void ktap_exit(const struct ktap_at *at, pid_t pid, int code);
void ktap_killed(const struct ktap_at *at, pid_t pid, int sig);

#define EXPECT_EQ(got, want) ktap_eq(KTAP_AT(false, #got), (long)(got), (long)(want))
#define ASSERT_EQ(got, want) ktap_eq(KTAP_AT(true, #got), (long)(got), (long)(want))
#define EXPECT_NE(got, other) ktap_ne(KTAP_AT(false, #got), (long)(got), (long)(other))
#define ASSERT_NE(got, other) ktap_ne(KTAP_AT(true, #got), (long)(got), (long)(other))
#define EXPECT_IN(got, lo, hi) ktap_in(KTAP_AT(false, #got), (long)(got), (long)(lo), (long)(hi))
#define EXPECT_OK(call) ktap_ok(KTAP_AT(false, #call), (long)(call))
#define ASSERT_OK(call) ktap_ok(KTAP_AT(true, #call), (long)(call))
#define EXPECT_ERRNO(call, err) ktap_errno(KTAP_AT(false, #call), (long)(call), err)
#define ASSERT_ERRNO(call, err) ktap_errno(KTAP_AT(true, #call), (long)(call), err)
#define EXPECT_RAW(got, want) ktap_raw(KTAP_AT(false, #got), (long)(got), (long)(want))
#define EXPECT_TRUE(cond) ktap_true(KTAP_AT(false, #cond), (cond))
#define ASSERT_TRUE(cond) ktap_true(KTAP_AT(true, #cond), (cond))
#define EXPECT_STREQ(got, want) ktap_streq(KTAP_AT(false, #got), got, want)
#define EXPECT_MEMEQ(got, want, n) ktap_memeq(KTAP_AT(false, #got), got, want, n)
#define EXPECT_EXIT(pid, code) ktap_exit(KTAP_AT(false, #pid), pid, code)
#define EXPECT_KILLED(pid, sig) ktap_killed(KTAP_AT(false, #pid), pid, sig)

/* What a program does instead when it is executed with "--reexec" and these words; its result is the exit status. */
int ktap_reexec(int argc, char **argv);
/* Fork; a failure ends the subtest. The child must leave with _exit(). */
pid_t ktap_fork(void);
/* End the whole subtest as skipped, for a reason that is the machine's or the build's. */
void ktap_skip(const char *reason) __attribute__((noreturn));
/* Print a line of diagnostics ("# " is put before it). */
void ktap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *ktap_errno_name(int err);

/*
 * An empty directory of this subtest, made the current one; gone when the subtest ends. It lies
 * below /tmp and anyone may enter and write it. Returns its absolute path.
 */
const char *scratch(void);
/* A file in the current directory with these bytes; returns a descriptor open for reading and
 * writing at offset 0. */
int scratch_file(const char *name, const char *bytes, mode_t mode);
/* Zeroed memory shared with children forked later. */
void *shared_page(void);
/* `pages` pages of zeroed private memory followed by one page that faults. */
char *guarded_pages(int pages);
long page_size(void);
/* Wait until a process (or thread) of ours sleeps in the kernel, or is stopped ('S', 'T', 'Z'). */
void wait_for_state(pid_t pid, char state);
#define wait_until_blocked(pid) wait_for_state(pid, 'S')
/* Raise a signal handler; flags are SA_*. */
void handle(int sig, void (*handler)(int), int flags);
void handle_info(int sig, void (*handler)(int, siginfo_t *, void *), int flags);
/* Block or unblock one signal; how is SIG_BLOCK or SIG_UNBLOCK. */
void mask_signal(int how, int sig);
/* Block it: the set of it alone, to wait for it or to read it from a descriptor. */
sigset_t hold_signal(int sig);
/* Does one wait for this process or thread? */
bool signal_pending(int sig);
long long now_ns(clockid_t clock);
/* Read a whole small file into a static buffer (nul added); NULL when it cannot be opened. */
char *slurp(const char *path);
/* From now on this thread runs on the CPU that it is on, and so do its children. */
void stay_on_this_cpu(void);
/* A new pseudo-terminal: its master, and the name of its other end. Skips the subtest where there are none. */
int open_master(char name[64]);
/* Put the process in user and group 1000 for good, without supplementary groups. */
void become_nobody(void);

/*
 * A gate: one process opens it, another waits at it. Built on a pipe, so it works across fork.
 * Each opening lets one waiter through.
 */
struct gate {
	int fds[2];
};
struct gate gate_new(void);
void gate_open(struct gate *gate);
void gate_wait(struct gate *gate);
/* As the one who closes: after this a waiter that finds no opening left gets through. */
void gate_close(struct gate *gate);

#endif
