// SPDX-License-Identifier: BSD-2-Clause
/*
 * Futexes: sleep while a user word has a value, wake who sleeps there.
 *
 * A word is known by its key: the address space and address when it is private, otherwise the file behind it and the
 * place therein. Keys hash to buckets; a waiter queues in its bucket and then looks at the word, both under the
 * bucket's lock, and a waker changes the word before it looks at the bucket, so neither misses the other. The word is
 * read with interrupts off, where a fault fails instead of sleeping; then the page is brought in without the lock and
 * all starts over. A bucket counts who waits or is about to: waking an idle futex takes no lock.
 */
#include "futex.h"
#include <generated/syscalls.h>
#include <janus/entry.h>
#include <janus/fs.h>
#include <janus/mm.h>
#include <janus/sched.h>
#include <janus/signal.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <janus/uaccess.h>

static struct futex_bucket futex_buckets[FUTEX_BUCKETS];

struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
	u64 h = ((u64)(unsigned long)key->object >> 6) ^ (key->offset >> 2);

	h *= 0x9e3779b97f4a7c15ULL;
	return &futex_buckets[h >> 56];
}

/* ---- keys ---- */

/* A word in memory that may be shared: who is behind it? */
static __noinline int shared_key(struct futex_key *key, uaddr_t addr)
{
	struct mm *mm = current->mm;
	struct vma *vma;
	int err = 0;

	down_read(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	if (!vma || vma->start > addr) {
		err = -EFAULT;
	} else if (!(vma->flags & (vma->file ? VM_READ | VM_WRITE : VM_WRITE))) {
		err = -EFAULT;	/* nobody touches the word, or, of anonymous memory, nobody changes it */
	} else if (vma->file && (vma->flags & VM_SHARED)) {
		key->object = vma->file->inode;
		key->offset = ((u64)vma->pgoff << PAGE_SHIFT) + (addr - vma->start);
	} else {
		key->object = mm;
		key->offset = addr;
	}
	up_read(&mm->mmap_lock);
	return err;
}

int futex_get_key(struct futex_key *key, uaddr_t addr, bool private)
{
	if (unlikely(addr % sizeof(u32)))
		return -EINVAL;
	if (unlikely(!access_ok(addr, sizeof(u32))))
		return -EFAULT;
	if (!private)
		return shared_key(key, addr);
	key->object = current->mm;
	key->offset = addr;
	return 0;
}

/* The key of a word that is not read: as on Linux, its page is brought in all the same when others may share it. */
static inline int get_key_unread(struct futex_key *key, uaddr_t addr, bool private)
{
	int err = futex_get_key(key, addr, private);
	u32 word;

	return err || private ? err : get_user(&word, addr);
}

/* ---- waking ---- */

/* w leaves its queue; its thread may be gone as soon as bucket is NULL. [bucket->lock] */
static void wake(struct futex_bucket *b, struct futex_waiter *w)
{
	struct thread *t = w->thread;

	list_del(&w->link);
	__atomic_fetch_sub(&b->waiters, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);
	wake_up_sync(t, THREAD_INTERRUPTIBLE);	/* not freed before a grace period: we are not preempted */
}

static u32 wake_matching(struct futex_bucket *b, const struct futex_key *key, u32 nr, u32 bitset)
{
	struct futex_waiter *w, *next;
	u32 woken = 0;

	if (!nr || !b->queue.next)
		return 0;
	list_for_each_entry_safe(w, next, &b->queue, link)
		if (futex_same_key(&w->key, key) && (w->bitset & bitset) && !w->pi) {
			wake(b, w);
			if (++woken >= nr)
				break;
		}
	return woken;
}

/* The number is an int, and asked about only after somebody was woken. */
static inline u32 one_at_least(u32 nr) { return (s32)nr > 0 ? nr : 1; }

long futex_wake(uaddr_t addr, bool private, u32 nr, u32 bitset)
{
	struct futex_key key;
	struct irqflags flags;
	struct futex_bucket *b;
	int err;
	u32 n;

	if (unlikely(!bitset))
		return -EINVAL;
	err = get_key_unread(&key, addr, private);
	if (unlikely(err))
		return err;
	b = futex_bucket_of(&key);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* the user's change of the word before this look */
	if (!__atomic_load_n(&b->waiters, __ATOMIC_RELAXED))
		return 0;
	flags = spin_lock_irqsave(&b->lock);
	n = wake_matching(b, &key, one_at_least(nr), bitset);
	spin_unlock_irqrestore(&b->lock, flags);
	return n;
}

/* Two words, and where who waits for them is queued. */
struct futex_pair {
	struct futex_key key[2];
	struct futex_bucket *bucket[2];
	struct irqflags flags;		/* while locked */
};

static int find_pair(struct futex_pair *p, uaddr_t addr, uaddr_t addr2, bool private)
{
	int err = get_key_unread(&p->key[0], addr, private);

	if (!err)
		err = get_key_unread(&p->key[1], addr2, private);
	if (err)
		return err;
	p->bucket[0] = futex_bucket_of(&p->key[0]);
	p->bucket[1] = futex_bucket_of(&p->key[1]);
	return 0;
}

/* Both locks, in order of address. */
static void lock_pair(struct futex_pair *p)
{
	struct futex_bucket *a = min(p->bucket[0], p->bucket[1]), *b = max(p->bucket[0], p->bucket[1]);

	p->flags = arch_local_irq_save();
	spin_lock(&a->lock);
	if (a != b)
		spin_lock(&b->lock);
	futex_bucket_ready(a);
	futex_bucket_ready(b);
}

static void unlock_pair(struct futex_pair *p)
{
	spin_unlock(&p->bucket[0]->lock);
	if (p->bucket[0] != p->bucket[1])
		spin_unlock(&p->bucket[1]->lock);
	arch_local_irq_restore(p->flags);
}

static void move(struct futex_waiter *w, struct futex_bucket *from, struct futex_bucket *to,
		 const struct futex_key *key)
{
	w->key = *key;
	if (from == to)
		return;
	list_move_tail(&w->link, &to->queue);
	__atomic_fetch_add(&to->waiters, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&from->waiters, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&w->bucket, to, __ATOMIC_RELEASE);
}

/* Wake nr_wake waiters of addr, and let up to nr_move others wait at addr2 instead. expected: only if *addr is that. */
static long requeue(uaddr_t addr, uaddr_t addr2, bool private, int nr_wake, int nr_move, const u32 *expected)
{
	struct futex_pair p;
	struct futex_waiter *w, *next;
	int moved = 0, woken, err;
	u32 value;

	if (nr_wake < 0 || nr_move < 0)
		return -EINVAL;
	err = find_pair(&p, addr, addr2, private);
	if (err)
		return err;
again:
	lock_pair(&p);
	if (expected) {
		err = get_user_nofault(&value, addr);
		if (unlikely(err)) {
			unlock_pair(&p);
			if (get_user(&value, addr))
				return -EFAULT;
			goto again;
		}
		if (value != *expected) {
			unlock_pair(&p);
			return -EAGAIN;
		}
	}
	woken = (int)wake_matching(p.bucket[0], &p.key[0], nr_wake, FUTEX_BITSET_MATCH_ANY);
	list_for_each_entry_safe(w, next, &p.bucket[0]->queue, link) {
		if (moved >= nr_move)
			break;
		if (!futex_same_key(&w->key, &p.key[0]) || w->pi)
			continue;
		move(w, p.bucket[0], p.bucket[1], &p.key[1]);
		moved++;
	}
	unlock_pair(&p);
	return woken + moved;
}

static __noinline long cmp_requeue(uaddr_t addr, uaddr_t addr2, bool private, int nr_wake, int nr_move, u32 expected)
{
	return requeue(addr, addr2, private, nr_wake, nr_move, &expected);
}

/* ---- FUTEX_WAKE_OP ---- */

static bool op_value(u32 op, u32 arg, u32 old, u32 *new)
{
	switch (op) {
	case 0: *new = arg; return true;
	case 1: *new = old + arg; return true;
	case 2: *new = old | arg; return true;
	case 3: *new = old & ~arg; return true;
	case 4: *new = old ^ arg; return true;
	}
	return false;
}

static bool op_compare(u32 cmp, s32 old, s32 arg, bool *result)
{
	switch (cmp) {
	case 0: *result = old == arg; return true;
	case 1: *result = old != arg; return true;
	case 2: *result = old < arg; return true;
	case 3: *result = old <= arg; return true;
	case 4: *result = old > arg; return true;
	case 5: *result = old >= arg; return true;
	}
	return false;
}

static s32 sign_extend12(u32 v) { return (s32)(v << 20) >> 20; }

/* Change the word at addr as `encoded` says; *wake2: does its old value ask for the second wake-up? 0 or -errno. */
static int change_word(uaddr_t addr, u32 encoded, bool *wake2)
{
	u32 op = encoded >> 28 & 7, cmp = encoded >> 24 & 15, arg = sign_extend12(encoded >> 12 & 0xfff);
	s32 cmparg = sign_extend12(encoded & 0xfff);
	u32 old, seen, new;
	int err;

	if (encoded & (8u << 28))
		arg = 1u << (arg & 31);
	err = get_user_nofault(&old, addr);
	if (err)
		return err;
	for (;;) {
		if (!op_value(op, arg, old, &new))
			return -ENOSYS;
		err = cmpxchg_user_nofault(&seen, addr, old, new);
		if (err)
			return err;
		if (seen == old)
			break;
		old = seen;
	}
	return op_compare(cmp, (s32)old, cmparg, wake2) ? 0 : -ENOSYS;
}

static __noinline long wake_op(uaddr_t addr, uaddr_t addr2, bool private, u32 nr, u32 nr2, u32 encoded)
{
	struct futex_pair p;
	bool wake2 = false;
	int err = find_pair(&p, addr, addr2, private);
	u32 n;

	if (err)
		return err;
again:
	lock_pair(&p);
	err = change_word(addr2, encoded, &wake2);
	if (unlikely(err == -EFAULT)) {
		struct mm *mm = current->mm;

		unlock_pair(&p);
		if (handle_mm_fault(mm, addr2, FAULT_WRITE | FAULT_USER))
			return -EFAULT;
		goto again;
	}
	if (unlikely(err)) {
		unlock_pair(&p);
		return err;
	}
	n = wake_matching(p.bucket[0], &p.key[0], one_at_least(nr), FUTEX_BITSET_MATCH_ANY);
	if (wake2)
		n += wake_matching(p.bucket[1], &p.key[1], one_at_least(nr2), FUTEX_BITSET_MATCH_ANY);
	unlock_pair(&p);
	return n;
}

/* ---- waiting ---- */

/* Off the queue, if nobody woke us meanwhile; false: we were woken. A requeue may move us while we look. */
bool futex_unqueue(struct futex_waiter *w)
{
	struct futex_bucket *b;

	while ((b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE))) {
		struct irqflags flags = spin_lock_irqsave(&b->lock);
		bool mine = b == w->bucket;

		if (mine) {
			list_del(&w->link);
			__atomic_fetch_sub(&b->waiters, 1, __ATOMIC_RELAXED);
		}
		spin_unlock_irqrestore(&b->lock, flags);
		if (mine)
			return true;
	}
	return false;
}

/* Queue w for the word at addr if that still has `value`: 0, -EAGAIN when not, -EFAULT. */
int futex_queue_if_equal(struct futex_waiter *w, uaddr_t addr, u32 value)
{
	struct futex_bucket *b = futex_bucket_of(&w->key);
	struct irqflags flags;
	u32 now;

	for (;;) {
		int err;

		__atomic_fetch_add(&b->waiters, 1, __ATOMIC_SEQ_CST);
		flags = spin_lock_irqsave(&b->lock);
		err = get_user_nofault(&now, addr);
		if (likely(!err && now == value)) {
			futex_bucket_ready(b);
			w->bucket = b;
			list_add_tail(&w->link, &b->queue);
			spin_unlock_irqrestore(&b->lock, flags);
			return 0;
		}
		spin_unlock_irqrestore(&b->lock, flags);
		__atomic_fetch_sub(&b->waiters, 1, __ATOMIC_RELAXED);
		if (!err)
			return -EAGAIN;
		if (get_user(&now, addr))
			return -EFAULT;
	}
}

static long restart_wait(struct thread *t);

/* deadline: ns, monotonic; TIME_MAX: none. */
static long wait(uaddr_t addr, bool private, u32 value, u64 deadline, u32 bitset)
{
	struct thread *t = current;
	struct futex_waiter w;
	int err;

	if (unlikely(!bitset))
		return -EINVAL;
	err = futex_get_key(&w.key, addr, private);
	if (unlikely(err))
		return err;
	w.thread = t;
	w.bitset = bitset;
	w.pi = false;
	for (;;) {
		u64 left = 1;

		err = futex_queue_if_equal(&w, addr, value);
		if (err)
			return err;
		set_current_state(THREAD_INTERRUPTIBLE);
		if (__atomic_load_n(&w.bucket, __ATOMIC_ACQUIRE) && !signal_pending()) {
			if (deadline == TIME_MAX)
				schedule();
			else
				left = schedule_timeout(deadline);
		}
		WRITE_ONCE(t->state, THREAD_RUNNING);
		if (!__atomic_load_n(&w.bucket, __ATOMIC_ACQUIRE) || !futex_unqueue(&w))
			return 0;
		if (!left)
			return -ETIMEDOUT;
		if (signal_pending())
			break;
	}
	if (deadline == TIME_MAX)
		return -ERESTARTSYS;
	t->restart.fn = restart_wait;
	t->restart.arg[0] = addr;
	t->restart.arg[1] = private;
	t->restart.arg[2] = value;
	t->restart.arg[3] = deadline;
	t->restart.arg[4] = bitset;
	return -ERESTART_RESTARTBLOCK;
}

static long restart_wait(struct thread *t)
{
	return wait(t->restart.arg[0], t->restart.arg[1], (u32)t->restart.arg[2], t->restart.arg[3],
		    (u32)t->restart.arg[4]);
}

/* ---- the call ---- */

/* The deadline of a waiting call. FUTEX_WAIT's time is relative, the others' absolute. */
int futex_read_deadline(uaddr_t utime, bool relative, bool realtime, u64 *deadline)
{
	u64 ns, now;
	int err;

	*deadline = TIME_MAX;
	if (!utime)
		return 0;
	now = clock_monotonic();
	err = get_user_timespec(&ns, utime);
	if (err)
		return err;
	if (relative) {
		*deadline = now + ns < now ? TIME_MAX : now + ns;
	} else if (realtime) {
		s64 offset = clock_realtime_offset();

		*deadline = ns > (u64)offset ? ns - (u64)offset : 0;
	} else {
		*deadline = ns;
	}
	/* TIME_MAX stands for no deadline at all. */
	if (*deadline == TIME_MAX)
		*deadline = TIME_MAX - 1;
	return 0;
}

static __noinline long timed_wait(uaddr_t addr, int op, u32 value, uaddr_t utime, u32 bitset)
{
	u64 deadline;
	int err = futex_read_deadline(utime, (op & FUTEX_CMD_MASK) == FUTEX_WAIT, op & FUTEX_CLOCK_REALTIME, &deadline);

	return err ? err : wait(addr, op & FUTEX_PRIVATE_FLAG, value, deadline, bitset);
}

static long wait_call(uaddr_t addr, int op, u32 value, uaddr_t utime, u32 bitset)
{
	return utime ? timed_wait(addr, op, value, utime, bitset)
		     : wait(addr, op & FUTEX_PRIVATE_FLAG, value, TIME_MAX, bitset);
}

/* A private word without a time, as most are: one that differs is answered without a look at the queues. */
static __noinline long wait_private(uaddr_t addr, u32 value)
{
	u64 now;

	if (!arch_get_user(&now, addr, sizeof(u32)) && (u32)now != value)
		return -EAGAIN;
	return wait(addr, true, value, TIME_MAX, FUTEX_BITSET_MATCH_ANY);
}

/* What a lock that is not contended after all asks for: no waiter in the bucket, nothing to do. */
static inline bool nobody_waits(uaddr_t addr)
{
	struct futex_key key = { current->mm, addr };

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !__atomic_load_n(&futex_bucket_of(&key)->waiters, __ATOMIC_RELAXED);
}

static long __noinline futex_call(uaddr_t addr, int op, u32 val, uaddr_t utime, uaddr_t addr2, u32 val3);

/* What programs ask for most comes first: nobody to wake, and a wait that often finds another word. */
long sys_futex(uaddr_t addr, int op, u32 val, uaddr_t utime, uaddr_t addr2, u32 val3)
{
	if (!(addr % sizeof(u32)) && access_ok(addr, sizeof(u32))) {
		if (op == (FUTEX_WAKE | FUTEX_PRIVATE_FLAG)) {
			if (nobody_waits(addr))
				return 0;
		} else if (op == (FUTEX_WAIT | FUTEX_PRIVATE_FLAG) && !utime) {
			return wait_private(addr, val);
		}
	}
	return futex_call(addr, op, val, utime, addr2, val3);
}

/* Each case is the end of it: nothing here needs a frame. */
static long futex_call(uaddr_t addr, int op, u32 val, uaddr_t utime, uaddr_t addr2, u32 val3)
{
	bool private = op & FUTEX_PRIVATE_FLAG;
	int cmd = op & FUTEX_CMD_MASK;

	if (unlikely((op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_LOCK_PI2))
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return wait_call(addr, op, val, utime, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return wait_call(addr, op, val, utime, val3);
	case FUTEX_WAKE:
		return futex_wake(addr, private, val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(addr, private, val, val3);
	case FUTEX_REQUEUE:
		return requeue(addr, addr2, private, (int)val, (int)utime, NULL);
	case FUTEX_CMP_REQUEUE:
		return cmp_requeue(addr, addr2, private, (int)val, (int)utime, val3);
	case FUTEX_WAKE_OP:
		return wake_op(addr, addr2, private, val, (u32)utime, val3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(addr, op, utime);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(addr, private);
	}
	return -ENOSYS;
}
