// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a thread's end does to futexes: its robust locks are marked ownerless and one waiter each is woken, and the word
 * of CLONE_CHILD_CLEARTID is cleared, which is what pthread_join sleeps on. The list is the user's own memory: every
 * step of it is bounded and may fail.
 */
#include "futex.h"
#include <generated/syscalls.h>
#include <janus/fs.h>
#include <janus/mm.h>
#include <janus/thread.h>
#include <janus/uaccess.h>

long sys_set_robust_list(uaddr_t head, size_t len)
{
	if (len != sizeof(struct robust_list_head))
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

long sys_get_robust_list(pid_t pid, uaddr_t head, uaddr_t len)
{
	struct thread *t = current;
	uaddr_t list;
	bool allowed;

	if (pid) {
		t = get_thread_by_tid(pid);
		if (!t)
			return -ESRCH;
	} else {
		thread_get(t);
	}
	allowed = thread_may_access(t);
	list = t->robust_list;
	thread_put(t);
	if (!allowed)
		return -EPERM;
	if (put_user(sizeof(struct robust_list_head), u64, len))
		return -EFAULT;
	return put_user(list, u64, head);
}

/* A lock that t held: say that its owner died. `pending`: t may have died between taking the lock and saying so. */
static int owner_died(uaddr_t addr, struct thread *t, bool pending)
{
	u32 value, seen;

	if (addr % sizeof(u32) || !access_ok(addr, sizeof(u32)) || get_user(&value, addr))
		return -EFAULT;
	for (;;) {
		if (pending && !value) {
			futex_wake(addr, false, 1, FUTEX_BITSET_MATCH_ANY);
			return 0;
		}
		if ((value & FUTEX_TID_MASK) != (u32)t->tid)
			return 0;
		if (arch_cmpxchg_user(&seen, addr, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
			return -EFAULT;
		if (seen == value)
			break;
		value = seen;
	}
	if (value & FUTEX_WAITERS)
		futex_wake(addr, false, 1, FUTEX_BITSET_MATCH_ANY);
	return 0;
}

/* The lowest bit of a link says that its lock is one of futex_pi.c's. */
static bool read_link(uaddr_t from, uaddr_t *entry, bool *pi)
{
	if (get_user(entry, from))
		return false;
	*pi = *entry & 1;
	*entry &= ~1UL;
	return true;
}

static void walk_robust_list(struct thread *t)
{
	uaddr_t head = t->robust_list, entry, next, pending;
	bool pi, next_pi = false, pending_pi;
	s64 offset;

	if (!read_link(head, &entry, &pi) ||
	    get_user(&offset, head + offsetof(struct robust_list_head, futex_offset)) ||
	    !read_link(head + offsetof(struct robust_list_head, list_op_pending), &pending, &pending_pi))
		return;
	for (unsigned n = 0; entry != head && n < ROBUST_LIST_LIMIT; n++) {
		bool more = read_link(entry, &next, &next_pi);	/* before the lock may be freed by its next owner */

		if (entry != pending &&
		    (pi ? futex_pi_robust(entry + offset, t) : owner_died(entry + offset, t, false)))
			return;
		if (!more)
			return;
		entry = next;
		pi = next_pi;
		cond_resched();
	}
	if (pending && pending_pi)
		futex_pi_robust(pending + offset, t);
	else if (pending)
		owner_died(pending + offset, t, true);
}

void mm_release_futexes(struct thread *t)
{
	uaddr_t word = t->clear_child_tid;

	if (unlikely(t->robust_list)) {
		walk_robust_list(t);
		t->robust_list = 0;
	}
	if (word) {
		t->clear_child_tid = 0;
		/* Nobody else is left to see it when the memory goes with us. */
		if (ref_read(&t->mm->users) > 1 && !put_user(0, u32, word))
			futex_wake(word, false, 1, FUTEX_BITSET_MATCH_ANY);
	}
}
