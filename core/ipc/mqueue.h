/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX message queues between mqueue.c, which has what flows through them, and mqueue_fs.c, which has their names.
 *
 * Process context; no spinlock held. No user memory is touched with a queue's lock held.
 * Field legend: [q] queue->lock; [const] after creation. Source: mq_overview(7), Linux 6.1.
 */
#ifndef IPC_MQUEUE_H
#define IPC_MQUEUE_H

#include <janus/fs.h>
#include <janus/list.h>
#include <janus/lock.h>
#include <janus/poll.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <janus/uaccess.h>
#include <janus/wait.h>
#include <uapi/capability.h>
#include <uapi/errno.h>
#include <uapi/mqueue.h>

struct mqueue {
	struct mutex lock;
	struct list_head messages;	/* [q] the most urgent first, of those the oldest */
	u64 max_messages, message_size;	/* [const] */
	u64 count, bytes;		/* [q] */
	u32 receivers;			/* [q] who sleep until a message comes */
	struct wait_queue readable, writable;
	struct user_struct *user;	/* [const] who pays */
	u64 charged;			/* [const] bytes of RLIMIT_MSGQUEUE */
	/* Who is to be told of the first message that comes to an empty queue. [q] */
	struct pid *notify;		/* a process; counted; NULL: nobody */
	int notify_kind, notify_signal;	/* SIGEV_* */
	sigval_t notify_value;
};

extern const struct file_ops mqueue_fops;
static inline struct mqueue *mqueue_of(const struct file *f) { return f->inode->private; }
struct mqueue *mqueue_create(u64 max_messages, u64 message_size);	/* current's user pays; or ERR_PTR */
void mqueue_free(struct mqueue *q);					/* nobody has it open, no name is left */

#endif
