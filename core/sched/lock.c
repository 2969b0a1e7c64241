// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sleeping locks. Free and uncontended ones cost one atomic operation; the rest is here under wait_lock.
 * A woken waiter looks again under wait_lock, so whoever woke it has let go of the lock by then, and the
 * lock may lie in memory that is freed soon after.
 */
#include <janus/lock.h>
#include <janus/thread.h>

/* ---- mutexes ---- */

#define MUTEX_WAITERS 1UL

struct mutex_waiter {
	struct list_head link;		/* [m->wait_lock] */
	struct thread *thread;
};

void mutex_init(struct mutex *m)
{
	m->owner = 0;
	spin_init(&m->wait_lock);
	list_init(&m->waiters);
}

static bool mutex_cas(struct mutex *m, unsigned long from, unsigned long to)
{
	return __atomic_compare_exchange_n(&m->owner, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static bool mutex_trylock(struct mutex *m)
{
	return mutex_cas(m, 0, (unsigned long)current);
}

/* wait_lock held, the caller queued: take the lock if it is free, else leave word that somebody waits. */
static bool mutex_take_or_mark(struct mutex *m)
{
	for (;;) {
		unsigned long owner = READ_ONCE(m->owner);

		if (!(owner & ~MUTEX_WAITERS)) {
			bool others = m->waiters.next->next != &m->waiters;

			if (mutex_cas(m, owner, (unsigned long)current | (others ? MUTEX_WAITERS : 0)))
				return true;
		} else if ((owner & MUTEX_WAITERS) || mutex_cas(m, owner, owner | MUTEX_WAITERS)) {
			return false;
		}
	}
}

static __noinline void mutex_lock_slow(struct mutex *m)
{
	struct mutex_waiter w = { .thread = current };

	spin_lock(&m->wait_lock);
	list_add_tail(&w.link, &m->waiters);
	while (!mutex_take_or_mark(m)) {
		WRITE_ONCE(current->state, THREAD_UNINTERRUPTIBLE);
		spin_unlock(&m->wait_lock);
		schedule();
		spin_lock(&m->wait_lock);
	}
	list_del(&w.link);
	WRITE_ONCE(current->state, THREAD_RUNNING);
	spin_unlock(&m->wait_lock);
}

void mutex_lock(struct mutex *m)
{
	might_sleep();
	if (unlikely(!mutex_trylock(m)))
		mutex_lock_slow(m);
}

static __noinline void mutex_unlock_slow(struct mutex *m)
{
	spin_lock(&m->wait_lock);
	if (list_empty(&m->waiters)) {
		__atomic_store_n(&m->owner, 0, __ATOMIC_RELEASE);
	} else {
		__atomic_store_n(&m->owner, MUTEX_WAITERS, __ATOMIC_RELEASE);
		wake_up_thread(list_first_entry(&m->waiters, struct mutex_waiter, link)->thread,
			       THREAD_UNINTERRUPTIBLE);
	}
	spin_unlock(&m->wait_lock);
}

void mutex_unlock(struct mutex *m)
{
	if (unlikely(!mutex_cas(m, (unsigned long)current, 0)))
		mutex_unlock_slow(m);
}

/* ---- readers and writers ---- */

/*
 * In order of arrival: whoever comes while others wait, waits behind them. A release looks for waiters
 * after its atomic step, a waiter tries the count after it is on the list: one of them sees the other.
 */
struct rwsem_waiter {
	struct list_head link;		/* [s->wait_lock] */
	struct thread *thread;
	bool write;
	bool granted;			/* [s->wait_lock] */
};

void rwsem_init(struct rwsem *s)
{
	s->count = 0;
	spin_init(&s->wait_lock);
	list_init(&s->waiters);
}

static bool rwsem_try_read(struct rwsem *s)
{
	s32 count = READ_ONCE(s->count);

	while (count >= 0)
		if (__atomic_compare_exchange_n(&s->count, &count, count + 1, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
	return false;
}

static bool rwsem_try_write(struct rwsem *s)
{
	s32 free = 0;

	return __atomic_compare_exchange_n(&s->count, &free, -1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* wait_lock held: let in the first waiter, or the readers before the first writer. */
static void rwsem_grant(struct rwsem *s)
{
	while (!list_empty(&s->waiters)) {
		struct rwsem_waiter *w = list_first_entry(&s->waiters, struct rwsem_waiter, link);

		if (w->write ? !rwsem_try_write(s) : !rwsem_try_read(s))
			return;
		list_del_init(&w->link);
		w->granted = true;
		if (w->thread != current)
			wake_up_thread(w->thread, THREAD_UNINTERRUPTIBLE);
	}
}

static __noinline void rwsem_wait(struct rwsem *s, bool write)
{
	struct rwsem_waiter w = { .thread = current, .write = write };

	spin_lock(&s->wait_lock);
	list_add_tail(&w.link, &s->waiters);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	rwsem_grant(s);
	while (!w.granted) {
		WRITE_ONCE(current->state, THREAD_UNINTERRUPTIBLE);
		spin_unlock(&s->wait_lock);
		schedule();
		spin_lock(&s->wait_lock);
	}
	WRITE_ONCE(current->state, THREAD_RUNNING);
	spin_unlock(&s->wait_lock);
}

static __noinline void rwsem_release_slow(struct rwsem *s)
{
	spin_lock(&s->wait_lock);
	rwsem_grant(s);
	spin_unlock(&s->wait_lock);
}

static bool rwsem_contended(const struct rwsem *s)
{
	return READ_ONCE(s->waiters.next) != &s->waiters;
}

static bool down_read_trylock(struct rwsem *s)
{
	return !rwsem_contended(s) && rwsem_try_read(s);
}

void down_read(struct rwsem *s)
{
	might_sleep();
	if (unlikely(!down_read_trylock(s)))
		rwsem_wait(s, false);
}

void up_read(struct rwsem *s)
{
	if (__atomic_fetch_sub(&s->count, 1, __ATOMIC_SEQ_CST) == 1 && unlikely(rwsem_contended(s)))
		rwsem_release_slow(s);
}

static bool down_write_trylock(struct rwsem *s)
{
	return !rwsem_contended(s) && rwsem_try_write(s);
}

void down_write(struct rwsem *s)
{
	might_sleep();
	if (unlikely(!down_write_trylock(s)))
		rwsem_wait(s, true);
}

void up_write(struct rwsem *s)
{
	__atomic_exchange_n(&s->count, 0, __ATOMIC_SEQ_CST);
	if (unlikely(rwsem_contended(s)))
		rwsem_release_slow(s);
}
