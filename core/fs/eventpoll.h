/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An epoll set and its items, for the files eventpoll*.c alone. Source: epoll(7).
 *
 * An item sits on its file's wait queue for as long as it is in the set; a wake-up puts it on the ready list.
 * epoll_wait asks each ready item's file again before it reports it. Items hold no reference to their file:
 * the last close takes them out (eventpoll_release).
 *
 * Lock order: tree_mutex > ep->mutex > wait queue > ep->ready_lock. Who calls is a thread that may sleep, but where a
 * wake-up makes an item ready.
 */
#ifndef FS_EVENTPOLL_H
#define FS_EVENTPOLL_H

#include <janus/fs.h>
#include <janus/poll.h>
#include <janus/rbtree.h>
#include <janus/wait.h>
#include <uapi/asm/epoll.h>

#define EPOLL_PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)

struct eventpoll {
	struct mutex mutex;		/* the items, and who goes through them */
	spinlock_t ready_lock;		/* interrupts off */
	struct list_head ready;		/* [ready_lock] an item leaves it with mutex held too */
	struct rb_root items;		/* [mutex] by (file, fd) */
	struct wait_queue wait;		/* epoll_wait */
	struct wait_queue poll_wait;	/* those who poll this set */
	struct file *file;		/* [const] our own */
	struct user_struct *user;	/* [const] counted; pays for the items */
	unsigned mark;			/* [tree_mutex] visited by the loop check */
	int levels;			/* [tree_mutex] what that visit found */
};

/* An item's place on one of its file's wait queues (a file has one or two). */
struct epoll_hook {
	struct wait_entry wait;		/* [queue's lock] */
	struct epoll_item *item;	/* [const] */
	struct wait_queue *queue;	/* [const] */
	struct epoll_hook *next;	/* [ep->mutex] */
};

struct epoll_item {
	struct rb_node node;		/* [ep->mutex] */
	struct list_head ready_link;	/* [ready_lock] */
	/* [ready_lock; cleared under mutex] it became ready (again) while on the list */
	bool rung;
	struct list_head file_link;	/* [tree_mutex] in file->epoll_links */
	/* [tree_mutex] of the first in that list: the file was visited by the check of paths */
	unsigned mark;
	struct eventpoll *ep;		/* [const] */
	struct file *file;		/* [const] not counted */
	unsigned fd;			/* [const] */
	struct epoll_event event;	/* [ep->mutex; events is read as is by wake-ups] */
	struct epoll_hook *hooks;	/* [ep->mutex] */
};

extern const struct file_ops eventpoll_fops;
static inline bool is_epoll(const struct file *f) { return f->ops == &eventpoll_fops; }
/* Is anything on the ready list? As is, without a lock. */
static inline bool epoll_maybe_ready(const struct eventpoll *ep) { return !list_empty(&ep->ready); }

/* ---- sets within sets: eventpoll_nest.c. tree_mutex held ---- */

/* May the set at `inner` be put into ep: 0, or -ELOOP (a circle, or too many levels). */
int eventpoll_check_levels(struct eventpoll *inner, struct eventpoll *ep);
/* f, which has just been put into a set: does it, or what is in it, wake others on few enough ways? */
bool eventpoll_few_paths(const struct file *f);

#endif
