// SPDX-License-Identifier: BSD-2-Clause
/*
 * Locks whose word names their owner: FUTEX_LOCK_PI and its kin. The kernel hands the lock to the longest waiter when
 * it is given back, or when its owner dies. Nobody's priority is raised meanwhile: with fair scheduling an owner runs
 * in any case.
 *
 * The word changes under its bucket's lock, interrupts off, where a fault fails; then the page is brought in and all
 * starts over.
 */
#include "futex.h"
#include <janus/entry.h>
#include <janus/mm.h>
#include <janus/sched.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <janus/uaccess.h>

/* The first two waiters of a lock, oldest first. [bucket->lock] */
static struct futex_waiter *first_waiter(struct futex_bucket *b, const struct futex_key *key, bool *more)
{
	struct futex_waiter *w, *first = NULL;

	*more = false;
	if (!b->queue.next)
		return NULL;
	list_for_each_entry(w, &b->queue, link)
		if (w->pi && futex_same_key(&w->key, key)) {
			if (first) {
				*more = true;
				break;
			}
			first = w;
		}
	return first;
}

/* Make the word writable and present, outside of any lock. */
static int bring_in(uaddr_t addr)
{
	return handle_mm_fault(current->mm, addr, FAULT_WRITE | FAULT_USER) ? -EFAULT : 0;
}

enum attempt { TAKEN, QUEUED, FAULTED };

/* Take the free lock, or queue w behind its owner. An enum attempt or -errno. */
static int try_lock(struct futex_waiter *w, struct futex_bucket *b, uaddr_t addr, bool only_try)
{
	struct irqflags flags = spin_lock_irqsave(&b->lock);
	u32 me = (u32)current->tid, word, seen, new;
	bool more;
	int ret;

	futex_bucket_ready(b);
	for (;;) {
		if (get_user_nofault(&word, addr)) {
			ret = FAULTED;
			break;
		}
		ret = -EDEADLK;
		if ((word & FUTEX_TID_MASK) == me)
			break;
		if (!(word & FUTEX_TID_MASK)) {
			new = me | (word & FUTEX_OWNER_DIED) | (first_waiter(b, &w->key, &more) ? FUTEX_WAITERS : 0);
			ret = TAKEN;
		} else {
			new = word | FUTEX_WAITERS;	/* on Linux too before the owner is looked for */
			ret = !find_thread((pid_t)(word & FUTEX_TID_MASK)) ? -ESRCH : only_try ? -EAGAIN : QUEUED;
		}
		if (cmpxchg_user_nofault(&seen, addr, word, new)) {
			ret = FAULTED;
			break;
		}
		if (seen == word)
			break;
	}
	if (ret == QUEUED) {
		w->bucket = b;
		__atomic_fetch_add(&b->waiters, 1, __ATOMIC_SEQ_CST);
		list_add_tail(&w->link, &b->queue);
	}
	spin_unlock_irqrestore(&b->lock, flags);
	return ret;
}

long futex_lock_pi(uaddr_t addr, int op, uaddr_t utime)
{
	int cmd = op & FUTEX_CMD_MASK, err;
	bool realtime = cmd == FUTEX_LOCK_PI || (op & FUTEX_CLOCK_REALTIME);
	struct futex_waiter w = { .thread = current, .bitset = FUTEX_BITSET_MATCH_ANY, .pi = true };
	u64 deadline = TIME_MAX, left = 1;

	err = cmd == FUTEX_TRYLOCK_PI ? 0 : futex_read_deadline(utime, false, realtime, &deadline);
	if (!err)
		err = futex_get_key(&w.key, addr, op & FUTEX_PRIVATE_FLAG);
	/* A word that others may share is asked to be writable before it is read, as Linux pins its page to name it. */
	if (!err && !(op & FUTEX_PRIVATE_FLAG))
		err = bring_in(addr);
	if (err)
		return err;
	for (;;) {
		err = try_lock(&w, futex_bucket_of(&w.key), addr, cmd == FUTEX_TRYLOCK_PI);
		if (err == FAULTED) {
			if (bring_in(addr))
				return -EFAULT;
			continue;
		}
		if (err != QUEUED)
			return err;
		set_current_state(THREAD_INTERRUPTIBLE);
		if (__atomic_load_n(&w.bucket, __ATOMIC_ACQUIRE) && !signal_pending())
			left = schedule_timeout(deadline);
		set_current_state(THREAD_RUNNING);
		if (!futex_unqueue(&w))
			return 0;	/* handed to us: the word has our number */
		if (!left)
			return -ETIMEDOUT;
		if (signal_pending())
			return -ERESTARTNOINTR;
	}
}

/* Give the lock of `word` to its first waiter, or to nobody. 0, -EFAULT, or -EAGAIN when the word changed.
 * [bucket->lock] */
static int hand_over(struct futex_bucket *b, const struct futex_key *key, uaddr_t addr, u32 word, u32 keep)
{
	bool more;
	struct futex_waiter *w = first_waiter(b, key, &more);
	u32 new = keep | (w ? (u32)w->thread->tid : 0) | (more ? FUTEX_WAITERS : 0), seen;

	if (cmpxchg_user_nofault(&seen, addr, word, new))
		return -EFAULT;
	if (seen != word)
		return -EAGAIN;
	if (w) {
		struct thread *t = w->thread;

		list_del(&w->link);
		__atomic_fetch_sub(&b->waiters, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);
		wake_up_thread(t, THREAD_INTERRUPTIBLE);
	}
	return 0;
}

long futex_unlock_pi(uaddr_t addr, bool private)
{
	struct futex_key key;
	struct futex_bucket *b;
	u32 word;
	int err;

	do {
		struct irqflags flags;

		if (get_user(&word, addr))
			return -EFAULT;
		if ((word & FUTEX_TID_MASK) != (u32)current->tid)
			return -EPERM;
		err = futex_get_key(&key, addr, private);
		if (err)
			return err;
		b = futex_bucket_of(&key);
		flags = spin_lock_irqsave(&b->lock);
		err = hand_over(b, &key, addr, word, 0);
		spin_unlock_irqrestore(&b->lock, flags);
		if (err == -EFAULT && bring_in(addr))
			return -EFAULT;
	} while (err);
	return 0;
}

/* A robust PI lock of the dying t: its next owner learns of the death. */
int futex_pi_robust(uaddr_t addr, struct thread *t)
{
	struct futex_key key;
	u32 word;

	for (unsigned tries = 0; tries < 16; tries++) {
		struct futex_bucket *b;
		struct irqflags flags;
		int err;

		/* Whether the lock was taken as private is not known here: look where somebody waits. */
		if (addr % sizeof(u32) || !access_ok(addr, sizeof(u32)) || get_user(&word, addr))
			return -EFAULT;
		if ((word & FUTEX_TID_MASK) != (u32)t->tid || futex_get_key(&key, addr, false))
			return 0;
		b = futex_bucket_of(&key);
		flags = spin_lock_irqsave(&b->lock);
		err = hand_over(b, &key, addr, word, FUTEX_OWNER_DIED);
		spin_unlock_irqrestore(&b->lock, flags);
		if (!err)
			return 0;
		if (err == -EFAULT && bring_in(addr))
			return -EFAULT;
	}
	return 0;
}
