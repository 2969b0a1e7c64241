/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting on many files at once, for poll.c and select.c. A poll_waiter lives on the stack of the call.
 */
#ifndef CORE_FS_POLL_WAIT_H
#define CORE_FS_POLL_WAIT_H

#include <janus/poll.h>

struct poll_waiter;

struct poll_entry {
	struct wait_entry wait;
	struct poll_waiter *waiter;
	struct wait_queue *queue;
	struct file *file;		/* counted: keeps the queue */
	struct poll_entry *next;
	u32 key;			/* events that wake */
};

struct poll_waiter {
	struct poll_table table;
	bool triggered;			/* [atomic] an entry was woken since the files were asked */
	int error;
	unsigned nr_inline;
	struct poll_entry *more;
	struct poll_entry inline_entries[4];
};

void poll_waiter_init(struct poll_waiter *w);
void poll_waiter_done(struct poll_waiter *w);
bool poll_waiter_sleep(struct poll_waiter *w, u64 deadline);	/* false: the deadline passed */

/*
 * Ask until something is ready: ask() counts what is and puts entries on queues when w->table.queue is set.
 * deadline 0: once; TIME_MAX: no end. The count, 0 at the deadline, -EINTR, or w->error.
 */
int poll_wait_loop(struct poll_waiter *w, int (*ask)(struct poll_waiter *w, void *arg), void *arg, u64 deadline);

u64 poll_deadline(u64 timeout);		/* ns from now to a deadline */
/* End of ppoll and pselect6: the mask, the time left to the user, and EINTR's restart. */
long finish_timed_wait(long n, uaddr_t timeout, u64 deadline, bool is_timeval);

#endif
