/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wait queues: sleep until somebody wakes you. core/sched/wait.c.
 *
 * wait_event_*() set the thread's state before testing the condition, so a wake-up between test and
 * sleep is not lost. Wakers change the condition first, then call wake_up*(): any context. Process
 * context only for waiters; no spinlock held.
 */
#ifndef JANUS_WAIT_H
#define JANUS_WAIT_H

#include <janus/list.h>
#include <janus/lock.h>
#include <janus/types.h>

struct thread;
struct wait_entry;
void schedule(void);

/* Called with the queue's lock held, interrupts off. True: consumed as an exclusive wake-up. */
typedef bool (*wake_fn_t)(struct wait_entry *entry, u32 key);

struct wait_queue {
	spinlock_t lock;		/* taken with interrupts off; protects entries */
	struct list_head entries;
};

struct wait_entry {
	struct list_head link;		/* [queue lock] empty when off the queue */
	struct thread *thread;
	wake_fn_t wake;			/* wake_default, or a poller's */
	bool exclusive;			/* wake_up() stops after one of these */
};

#define WAIT_QUEUE_INIT(name) { SPINLOCK_INIT, LIST_HEAD_INIT((name).entries) }

void wait_queue_init(struct wait_queue *q);
void wait_entry_init(struct wait_entry *e, bool exclusive);	/* for current, wake_default */
bool wake_default(struct wait_entry *entry, u32 key);
bool wake_and_stay(struct wait_entry *entry, u32 key);		/* the entry is left on the queue */

/* Queue e (if it is not) and set current's state to `state` (THREAD_*); remove and set running again. */
void wait_prepare(struct wait_queue *q, struct wait_entry *e, u32 state);
void wait_finish(struct wait_queue *q, struct wait_entry *e);
void wait_add(struct wait_queue *q, struct wait_entry *e);	/* without touching the state: pollers */
void wait_remove(struct wait_queue *q, struct wait_entry *e);

/* key: what happened, a mask of POLL* bits for pollers; WAKE_ANY for all. */
#define WAKE_ANY 0xffffu
#define WAKE_SYNC (1u << 16)	/* the waker is about to sleep: run the woken thread in its place */
void wake_up_key(struct wait_queue *q, u32 key, unsigned nr_exclusive);
static inline bool wait_queue_active(const struct wait_queue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* the waker's condition before this look */
	return !list_empty(&q->entries);
}
static inline void wake_up(struct wait_queue *q) { if (wait_queue_active(q)) wake_up_key(q, WAKE_ANY, 1); }
static inline void wake_up_all(struct wait_queue *q) { if (wait_queue_active(q)) wake_up_key(q, WAKE_ANY, ~0u); }
/* The same from one who is about to sleep, or to die. */
static inline void wake_up_all_sync(struct wait_queue *q)
{
	if (wait_queue_active(q))
		wake_up_key(q, WAKE_ANY | WAKE_SYNC, ~0u);
}
/* Wake one, and run it in our place when it is on this CPU: the waker is about to sleep anyway. */
static inline void wake_up_poll(struct wait_queue *q, u32 key)
{
	if (wait_queue_active(q))
		wake_up_key(q, key | WAKE_SYNC, 1);
}

/* Woken when somebody set CLOCK_REALTIME: absolute sleepers and timers look again. core/time/clock.c */
extern struct wait_queue clock_was_set;

#define WAIT_EVENT(q, condition, state, interrupted)                        \
	({                                                                   \
		long _ret = 0;                                               \
		if (!(condition)) {                                          \
			struct wait_entry _e;                                \
			wait_entry_init(&_e, false);                         \
			for (;;) {                                           \
				wait_prepare(q, &_e, state);                 \
				if (condition)                               \
					break;                               \
				if (interrupted) {                           \
					_ret = -ERESTARTSYS;                 \
					break;                               \
				}                                            \
				schedule();                                  \
				if (condition)	/* woken: mostly off the queue already */ \
					break;                               \
			}                                                    \
			wait_finish(q, &_e);                                 \
		}                                                            \
		_ret;                                                        \
	})

/* 0, or -ERESTARTSYS when a signal is pending. */
#define wait_event_interruptible(q, condition) \
	WAIT_EVENT(q, condition, THREAD_INTERRUPTIBLE, signal_pending())
/* Only SIGKILL ends the wait. */
#define wait_event_killable(q, condition) \
	WAIT_EVENT(q, condition, THREAD_KILLABLE, fatal_signal_pending())
#define wait_event(q, condition) ((void)WAIT_EVENT(q, condition, THREAD_UNINTERRUPTIBLE, false))

/* Something that happens once. May lie on the waiter's stack: complete() does not touch it after the waiter woke. */
struct completion {
	bool done;			/* [wait.lock] */
	struct wait_queue wait;
};

void completion_init(struct completion *c);
void complete(struct completion *c);		/* any context */
void wait_for_completion(struct completion *c);

#endif
