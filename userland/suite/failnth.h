/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No memory, as the subjects nomem... try it: an operation is done again and again, and each time one more of the
 * kernel's allocations goes well before one fails (/proc/thread-self/fail-nth, of Janus's debug build). Each time it
 * must either answer what Linux answers when there is no memory, or do all it was asked for; then it must work as if
 * nothing had been. In the end nothing is in use that was not before. On a kernel that cannot fail on purpose the
 * operation is done once.
 */
#ifndef SUITE_FAILNTH_H
#define SUITE_FAILNTH_H

#include "ktap.h"

struct hunted {
	long (*operation)(void);	/* -1 and errno, or done */
	void (*undo)(void);		/* after it was done; may be NULL */
	int errors[4];			/* what Linux answers beside ENOMEM */
};

void hunt(const struct hunted *h);

/* HUNT(subject, title, operation, undo, more errors...): a subtest in a directory of its own. */
#define HUNT(subject, title, done, undone, ...)									\
	TEST(subject, title)											\
	{													\
		scratch();											\
		hunt(&(const struct hunted){ .operation = done, .undo = undone, .errors = { __VA_ARGS__ } });	\
	}

/* ---- for operations that are done in steps ---- */

extern int fds[8];

void close_fds(int n);				/* the first n of them */
void close_one(void);
void close_two(void);
/* A step failed: close the n descriptors made before it and keep its errno. Returns -1. */
long give_up(int n);

/* ---- for operations that the engine cannot repeat ---- */

/* -1: this kernel cannot fail on purpose. */
int open_nth(void);
/* The nth allocation of the thread that opened `fd` will fail, and no other. */
void arm_nth(int fd, int nth);
/* How many more allocations would have gone well; 0: one has failed. Keeps errno. */
int disarm_nth(int fd);
/* Do all of `fails_at` for 1, 2, ... until it says false, twice: the second time nothing more may come to be in use. */
void sweep_twice(bool (*fails_at)(int nth));

#endif
