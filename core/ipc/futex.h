/* SPDX-License-Identifier: BSD-2-Clause */
/* Futex numbers and structures. Source: futex(2), Linux 6.1 uapi. */
#ifndef IPC_FUTEX_H
#define IPC_FUTEX_H

#include <janus/list.h>
#include <janus/lock.h>
#include <janus/types.h>

struct thread;

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_LOCK_PI 6
#define FUTEX_UNLOCK_PI 7
#define FUTEX_TRYLOCK_PI 8
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_LOCK_PI2 13
#define FUTEX_CMD_MASK 0x7f
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_BITSET_MATCH_ANY 0xffffffff

#define FUTEX_WAITERS 0x80000000
#define FUTEX_OWNER_DIED 0x40000000
#define FUTEX_TID_MASK 0x3fffffff
#define ROBUST_LIST_LIMIT 2048

struct robust_list_head { u64 next; s64 futex_offset; u64 list_op_pending; };

#define FUTEX_32 2
#define FUTEX_WAITV_MAX 128
struct futex_waitv { u64 val, uaddr; u32 flags, reserved; };

struct futex_key {
	const void *object;		/* the mm, or the inode of a shared mapping */
	u64 offset;			/* address, or offset in the file */
};

struct futex_bucket {
	spinlock_t lock;		/* interrupts off; order: by address where two are taken */
	u32 waiters;			/* [atomic] queued or about to be */
	struct list_head queue;		/* [lock] struct futex_waiter, oldest first */
} __cacheline_aligned;

struct futex_waiter {
	struct list_head link;		/* [bucket->lock] */
	struct futex_key key;		/* [bucket->lock] */
	struct futex_bucket *bucket;		/* [atomic; changes under both buckets' locks] NULL: woken */
	struct thread *thread;
	u32 bitset;
	bool pi;			/* waits for a lock that is handed over: futex_pi.c */
};

#define FUTEX_BUCKETS 256

/* Static zero is no list: an empty bucket is made ready when it is first locked for queueing. */
static inline void futex_bucket_ready(struct futex_bucket *b)
{
	if (unlikely(!b->queue.next))
		list_init(&b->queue);
}

static inline bool futex_same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

/* The key of the word at addr: 0, -EINVAL for one that is not aligned, -EFAULT. */
int futex_get_key(struct futex_key *key, uaddr_t addr, bool private);
struct futex_bucket *futex_bucket_of(const struct futex_key *key);
/* Queue w for the word at addr if that still has `value`: 0, -EAGAIN when not, -EFAULT. */
int futex_queue_if_equal(struct futex_waiter *w, uaddr_t addr, u32 value);
bool futex_unqueue(struct futex_waiter *w);	/* false: it was woken */
/* utime 0: TIME_MAX. 0 or -errno. */
int futex_read_deadline(uaddr_t utime, bool relative, bool realtime, u64 *deadline);

/* futex_pi.c */
long futex_lock_pi(uaddr_t addr, int op, uaddr_t utime);
long futex_unlock_pi(uaddr_t addr, bool private);
int futex_pi_robust(uaddr_t addr, struct thread *t);	/* a lock on the dying t's robust list: 0 or -EFAULT */

/* Wake up to nr waiters of the futex at addr whose bitset meets `bitset`; how many, or -errno. */
long futex_wake(uaddr_t addr, bool private, u32 nr, u32 bitset);

#endif
