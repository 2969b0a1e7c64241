/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking many files at once and waiting for them, for poll.c and select.c. Process context.
 */
#ifndef CORE_FS_POLL_WAIT_H
#define CORE_FS_POLL_WAIT_H

#include <janus/poll.h>

/* Counts what is ready, or -errno; puts entries on the files' queues while pt->queue is set. */
typedef int (*poll_ask_fn)(struct poll_table *pt, void *arg);

/* Nothing was ready: sleep until something is. The count, 0 at the deadline, -EINTR or another error. */
int poll_files_wait(poll_ask_fn ask, void *arg, u64 deadline);

/* deadline: 0: only ask; TIME_MAX: no end. */
static __always_inline int poll_files(poll_ask_fn ask, void *arg, u64 deadline)
{
	struct poll_table pt = { .queue = NULL };
	int n = ask(&pt, arg);

	return n || !deadline ? n : poll_files_wait(ask, arg, deadline);
}

u64 poll_deadline(u64 timeout);		/* ns from now to a deadline */
/* End of ppoll and pselect6: the mask, the time left to the user, and EINTR's restart. */
long finish_timed_wait(long n, uaddr_t timeout, u64 deadline, bool is_timeval);

#endif
