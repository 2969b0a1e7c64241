// SPDX-License-Identifier: BSD-2-Clause
/* futex_waitv: sleep on many words at once, until one is woken. */
#include "futex.h"
#include <generated/syscalls.h>
#include <janus/sched.h>
#include <janus/slab.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <janus/uaccess.h>

/* Queue on all words; the index of one that differs or faults ends it with *err. How many are queued. */
static u32 queue_all(struct futex_waiter *w, const struct futex_waitv *v, u32 nr, int *err)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		*err = futex_queue_if_equal(&w[i], v[i].uaddr, (u32)v[i].val);
		if (*err)
			break;
	}
	return i;
}

/* Off all queues; the last one that was woken, or -1. */
static int unqueue_all(struct futex_waiter *w, u32 nr)
{
	int woken = -1;

	for (u32 i = 0; i < nr; i++)
		if (!futex_unqueue(&w[i]))
			woken = (int)i;
	return woken;
}

static bool any_woken(struct futex_waiter *w, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		if (!__atomic_load_n(&w[i].bucket, __ATOMIC_ACQUIRE))
			return true;
	return false;
}

static long wait_many(struct futex_waiter *w, const struct futex_waitv *v, u32 nr, u64 deadline)
{
	for (;;) {
		int err = 0, woken;
		u64 left = 1;
		u32 queued = queue_all(w, v, nr, &err);

		if (!err) {
			set_current_state(THREAD_INTERRUPTIBLE);
			if (!any_woken(w, nr) && !signal_pending())
				left = schedule_timeout(deadline);
			set_current_state(THREAD_RUNNING);
		}
		woken = unqueue_all(w, queued);
		if (woken >= 0)
			return woken;
		if (err)
			return err;
		if (!left)
			return -ETIMEDOUT;
		if (signal_pending())
			return -ERESTARTSYS;
	}
}

static int check_waitv(const struct futex_waitv *v, u32 nr, struct futex_waiter *w)
{
	for (u32 i = 0; i < nr; i++) {
		int err;

		if ((v[i].flags & ~(u32)(FUTEX_32 | FUTEX_PRIVATE_FLAG)) || !(v[i].flags & FUTEX_32) || v[i].reserved)
			return -EINVAL;
		err = futex_get_key(&w[i].key, v[i].uaddr, v[i].flags & FUTEX_PRIVATE_FLAG);
		if (err)
			return err;
		w[i].thread = current;
		w[i].bitset = FUTEX_BITSET_MATCH_ANY;
		w[i].pi = false;
	}
	return 0;
}

long sys_futex_waitv(uaddr_t waiters, unsigned int nr, unsigned int flags, uaddr_t timeout, clockid_t clock)
{
	struct futex_waitv *v;
	struct futex_waiter *w;
	u64 deadline = TIME_MAX;
	long ret = 0;

	if (flags || !nr || nr > FUTEX_WAITV_MAX || !waiters)
		return -EINVAL;
	if (timeout) {
		if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
			return -EINVAL;
		ret = futex_read_deadline(timeout, false, clock == CLOCK_REALTIME, &deadline);
		if (ret)
			return ret;
	}
	v = memdup_user(waiters, nr * sizeof(*v), FUTEX_WAITV_MAX * sizeof(*v));
	if (IS_ERR(v))
		return PTR_ERR(v);
	w = kmalloc(nr * sizeof(*w), GFP_KERNEL);
	if (!w)
		ret = -ENOMEM;
	if (!ret)
		ret = check_waitv(v, nr, w);
	if (!ret)
		ret = wait_many(w, v, nr, deadline);
	kfree(w);
	kfree(v);
	return ret;
}
