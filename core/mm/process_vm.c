// SPDX-License-Identifier: BSD-2-Clause
/*
 * process_vm_readv and process_vm_writev: copies between current's memory and that of a process it might
 * trace. A page of the kernel's lies between, so neither side's locks are held while the other is touched.
 */
#include "internal.h"

#include <generated/syscalls.h>
#include <janus/slab.h>
#include <janus/thread.h>
#include <janus/uaccess.h>

#define UIO_MAXIOV 1024

/* The far side's segments, a copy to be kfree'd, or ERR_PTR. Addresses are judged when they are used. */
static struct iovec *remote_segments(uaddr_t vec, unsigned long nr)
{
	struct iovec *iov;

	if (nr > UIO_MAXIOV)
		return ERR_PTR(-EINVAL);
	iov = memdup_user(vec, nr * sizeof(*iov), UIO_MAXIOV * sizeof(*iov));
	for (unsigned long i = 0; !IS_ERR(iov) && i < nr; i++) {
		if ((s64)iov[i].len < 0) {
			kfree(iov);
			return ERR_PTR(-EINVAL);
		}
	}
	return iov;
}

/* One segment of the far side. Bytes; fewer than both sides have left when memory could not be reached. */
static size_t copy_segment(struct mm *mm, const struct iovec *far, struct iov_iter *near, void *page, bool write)
{
	size_t done = 0;

	while (done < far->len && near->count) {
		uaddr_t at = far->base + done;
		size_t n = min_t(size_t, min_t(size_t, PAGE_SIZE - (at & ~PAGE_MASK), far->len - done), near->count), got;

		if (fatal_signal_pending())
			break;
		got = write ? copy_from_iter(page, n, near) : access_mm(mm, at, page, n, false);
		got = write ? access_mm(mm, at, page, got, true) : copy_to_iter(page, got, near);
		done += got;
		if (got < n)
			break;
	}
	return done;
}

static long copy_segments(struct mm *mm, const struct iovec *far, unsigned long nr, struct iov_iter *near, bool write)
{
	void *page = get_page_zeroed();
	long done = 0;

	if (!page)
		return -ENOMEM;
	for (unsigned long i = 0; i < nr && near->count; i++) {
		size_t want = min_t(size_t, far[i].len, near->count), got = copy_segment(mm, &far[i], near, page, write);

		done += (long)got;
		if (got < want) {
			if (!done)
				done = -EFAULT;
			break;
		}
	}
	free_page_addr(page);
	return done;
}

static long copy_with_process(pid_t pid, const struct iovec *far, unsigned long nr, struct iov_iter *near, bool write)
{
	struct thread *t = get_thread_by_tid(pid);
	struct mm *mm = NULL;
	long err;

	if (!t)
		return -ESRCH;
	err = thread_may_access(t) ? 0 : -EPERM;
	if (!err) {
		mm = thread_mm_get(t);
		err = mm ? 0 : -ESRCH;
	}
	thread_put(t);
	if (err)
		return err;
	err = copy_segments(mm, far, nr, near, write);
	mm_put(mm);
	return err;
}

static long process_vm_rw(pid_t pid, uaddr_t lvec, unsigned long nr_local, uaddr_t rvec, unsigned long nr_remote,
			  unsigned long flags, bool write)
{
	struct iovec *heap, *far;
	struct iov_iter near;
	size_t total = 0;
	long result;

	if (flags)
		return -EINVAL;
	result = import_iovec(lvec, nr_local, &near, &heap);
	if (result <= 0)
		goto out;
	far = remote_segments(rvec, nr_remote);
	if (IS_ERR(far)) {
		result = PTR_ERR(far);
		goto out;
	}
	for (unsigned long i = 0; i < nr_remote; i++)
		total += far[i].len;
	result = total ? copy_with_process(pid, far, nr_remote, &near, write) : 0;
	kfree(far);
out:
	kfree(heap);
	return result;
}

long sys_process_vm_readv(pid_t pid, uaddr_t lvec, unsigned long liovcnt, uaddr_t rvec, unsigned long riovcnt,
			  unsigned long flags)
{
	return process_vm_rw(pid, lvec, liovcnt, rvec, riovcnt, flags, false);
}

long sys_process_vm_writev(pid_t pid, uaddr_t lvec, unsigned long liovcnt, uaddr_t rvec, unsigned long riovcnt,
			   unsigned long flags)
{
	return process_vm_rw(pid, lvec, liovcnt, rvec, riovcnt, flags, true);
}
