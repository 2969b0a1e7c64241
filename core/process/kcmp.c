// SPDX-License-Identifier: BSD-2-Clause
/*
 * kcmp: do two threads share something of the kernel's? Source: kcmp(2).
 */
#include "process.h"
#include <generated/syscalls.h>
#include <janus/file.h>
#include <janus/poll.h>
#include <janus/random.h>
#include <janus/uaccess.h>
#include <uapi/errno.h>

enum kcmp_type { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM, KCMP_EPOLL_TFD };

struct kcmp_epoll_slot { u32 efd, tfd, toff; };

/*
 * 0: equal, 1: less, 2: greater. It is an order, so that who compares many may sort them; but one that tells nothing of
 * where they lie: both are turned by numbers that only we know.
 */
static long compare(const void *a, const void *b)
{
	static u64 mask, factor;		/* [atomic once] factor is odd, or not yet there */
	u64 none = 0, x = (u64)a, y = (u64)b;

	if (!__atomic_load_n(&factor, __ATOMIC_ACQUIRE)) {
		u64 fresh = random_u64();

		__atomic_compare_exchange_n(&mask, &none, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		none = 0;
		__atomic_compare_exchange_n(&factor, &none, random_u64() | 1, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED);
	}
	x = (x ^ mask) * factor;
	y = (y ^ mask) * factor;
	return x < y ? 1 : x > y ? 2 : 0;
}

static long compare_files(struct thread *a, struct thread *b, unsigned long fd_a, unsigned long fd_b)
{
	struct file *f = file_of_thread(a, (unsigned)fd_a), *g = file_of_thread(b, (unsigned)fd_b);
	long result = f && g ? compare(f, g) : -EBADF;

	if (f)
		file_put(f);
	if (g)
		file_put(g);
	return result;
}

/* Is fd_a's file what the toff-th item of that number in b's epoll set watches? */
static long compare_epoll(struct thread *a, struct thread *b, unsigned long fd_a, uaddr_t uslot)
{
	struct kcmp_epoll_slot slot;
	struct file *f, *set;
	const struct file *target;
	long result = -EBADF;

	if (copy_struct_in(&slot, uslot))
		return -EFAULT;
	f = file_of_thread(a, (unsigned)fd_a);
	set = file_of_thread(b, slot.efd);
	if (f && set) {
		target = eventpoll_target(set, slot.tfd, slot.toff);
		result = IS_ERR(target) ? PTR_ERR(target) : compare(f, target);
	}
	if (f)
		file_put(f);
	if (set)
		file_put(set);
	return result;
}

static long compare_threads(struct thread *a, struct thread *b, int type, unsigned long idx1, unsigned long idx2)
{
	switch (type) {
	case KCMP_FILE:
		return compare_files(a, b, idx1, idx2);
	case KCMP_VM:
		return compare(READ_ONCE(a->mm), READ_ONCE(b->mm));
	case KCMP_FILES:
		return compare(READ_ONCE(a->files), READ_ONCE(b->files));
	case KCMP_FS:
		return compare(READ_ONCE(a->fs), READ_ONCE(b->fs));
	case KCMP_SIGHAND:
		return compare(READ_ONCE(a->process->sighand), READ_ONCE(b->process->sighand));
	case KCMP_IO:
		return 0;	/* nobody has a context for I/O, as on a Linux whose disks' scheduler needs none */
	case KCMP_SYSVSEM:
		return compare(READ_ONCE(a->sem_undos), READ_ONCE(b->sem_undos));
	case KCMP_EPOLL_TFD:
		return compare_epoll(a, b, idx1, idx2);
	default:
		return -EINVAL;
	}
}

long sys_kcmp(pid_t pid1, pid_t pid2, int type, unsigned long idx1, unsigned long idx2)
{
	struct thread *a = get_thread_by_tid(pid1), *b = get_thread_by_tid(pid2);
	long result = -ESRCH;

	if (a && b)
		result = thread_may_access(a) && thread_may_access(b) ? compare_threads(a, b, type, idx1, idx2) : -EPERM;
	if (a)
		thread_put(a);
	if (b)
		thread_put(b);
	return result;
}
