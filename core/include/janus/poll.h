/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking a file what it is ready for, and being told when that changes. core/fs/poll.c. */
#ifndef JANUS_POLL_H
#define JANUS_POLL_H

#include <janus/file.h>
#include <janus/types.h>
#include <janus/wait.h>
#include <uapi/poll.h>

struct poll_table {
	/* NULL: only ask. Otherwise put a wait_entry on q. */
	void (*queue)(struct poll_table *pt, struct file *f, struct wait_queue *q);
	u32 key;			/* events of interest */
};

static inline bool poll_waits(const struct poll_table *pt) { return unlikely(pt && pt->queue); }
/* For a file_ops.poll handler, before it looks at its state. pt may be NULL. */
static inline void poll_wait(struct file *f, struct wait_queue *q, struct poll_table *pt)
{
	if (poll_waits(pt))
		pt->queue(pt, f, q);
}

/* What f is ready for now: its handler's answer, or ready for all where it has none. */
static inline u32 file_poll(struct file *f, struct poll_table *pt)
{
	return likely(f->ops->poll) ? f->ops->poll(f, pt) : POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

/* The last reference to f goes: take it out of every epoll set. core/fs/eventpoll.c */
void eventpoll_release(struct file *f);
/* The nth file that the set watches by this number, for comparison only; ERR_PTR(-EINVAL): no set; ERR_PTR(-ENOENT). */
const struct file *eventpoll_target(struct file *set, unsigned fd, unsigned nth);
void eventpoll_init(void);		/* boot */
extern long epoll_max_watches;		/* files that one user's sets may watch: /proc/sys/fs/epoll/max_user_watches */

#endif
