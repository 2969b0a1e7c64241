// SPDX-License-Identifier: BSD-2-Clause
/*
 * Wait queues and completions: the meeting of one who waits with one who wakes.
 *
 * A waking takes the entry off the queue, so that a thread woken twice costs once. The waiter may leave,
 * and its stack with the entry be gone, as soon as it sees the entry unlinked: unlinking is the last
 * touch of it, and its two stores are ordered for a look without the lock. A poller's entries stay until it takes
 * them off itself: it looks more than once without putting them there again.
 */
#include <janus/sched.h>
#include <janus/thread.h>
#include <janus/wait.h>

#define SLEEPING (THREAD_INTERRUPTIBLE | THREAD_UNINTERRUPTIBLE | THREAD_KILLABLE)

void wait_queue_init(struct wait_queue *q)
{
	spin_init(&q->lock);
	list_init(&q->entries);
}

void wait_entry_init(struct wait_entry *e, bool exclusive)
{
	list_init(&e->link);
	e->thread = current;
	e->wake = wake_default;
	e->exclusive = exclusive;
}

static void unlink_entry(struct wait_entry *e)
{
	list_del(&e->link);
	e->link.prev = &e->link;
	__atomic_store_n(&e->link.next, &e->link, __ATOMIC_RELEASE);
}

static bool entry_unlinked(const struct wait_entry *e)
{
	return __atomic_load_n(&e->link.next, __ATOMIC_ACQUIRE) == &e->link && READ_ONCE(e->link.prev) == &e->link;
}

bool wake_and_stay(struct wait_entry *e, u32 key)
{
	return key & WAKE_SYNC ? wake_up_sync(e->thread, SLEEPING) : wake_up_thread(e->thread, SLEEPING);
}

bool wake_default(struct wait_entry *e, u32 key)
{
	bool woken = wake_and_stay(e, key);

	if (woken)
		unlink_entry(e);
	return woken;
}

/* Exclusive entries go to the end: everybody else is told before one of them is chosen. */
static void link_entry(struct wait_queue *q, struct wait_entry *e)
{
	if (e->exclusive)
		list_add_tail(&e->link, &q->entries);
	else
		list_add(&e->link, &q->entries);
}

void wait_prepare(struct wait_queue *q, struct wait_entry *e, u32 state)
{
	struct irqflags flags = spin_lock_irqsave(&q->lock);

	if (list_empty(&e->link))
		link_entry(q, e);
	WRITE_ONCE(current->state, state);
	spin_unlock_irqrestore(&q->lock, flags);
	/* on the queue and in this state before the condition is read */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wait_finish(struct wait_queue *q, struct wait_entry *e)
{
	WRITE_ONCE(current->state, THREAD_RUNNING);
	if (!entry_unlinked(e))
		wait_remove(q, e);
}

void wait_add(struct wait_queue *q, struct wait_entry *e)
{
	struct irqflags flags = spin_lock_irqsave(&q->lock);

	link_entry(q, e);
	spin_unlock_irqrestore(&q->lock, flags);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* on the queue before the poller looks: wait_queue_active() */
}

void wait_remove(struct wait_queue *q, struct wait_entry *e)
{
	struct irqflags flags = spin_lock_irqsave(&q->lock);

	list_del_init(&e->link);
	spin_unlock_irqrestore(&q->lock, flags);
}

static inline void wake_locked(struct wait_queue *q, u32 key, unsigned nr_exclusive)
{
	struct wait_entry *e, *next;

	list_for_each_entry_safe(e, next, &q->entries, link) {
		bool exclusive = e->exclusive;

		if (e->wake(e, key) && exclusive && !--nr_exclusive)
			break;
	}
}

void wake_up_key(struct wait_queue *q, u32 key, unsigned nr_exclusive)
{
	struct irqflags flags = spin_lock_irqsave(&q->lock);

	wake_locked(q, key, nr_exclusive);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* ---- completions ---- */

void completion_init(struct completion *c)
{
	c->done = false;
	wait_queue_init(&c->wait);
}

void complete(struct completion *c)
{
	struct irqflags flags = spin_lock_irqsave(&c->wait.lock);

	c->done = true;
	wake_locked(&c->wait, WAKE_ANY, ~0u);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

/* The flag is read under the lock only: so complete() has let go of it before the waiter returns. */
static bool completed(struct completion *c)
{
	struct irqflags flags = spin_lock_irqsave(&c->wait.lock);
	bool done = c->done;

	spin_unlock_irqrestore(&c->wait.lock, flags);
	return done;
}

void wait_for_completion(struct completion *c)
{
	wait_event(&c->wait, completed(c));
}
