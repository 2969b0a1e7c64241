// SPDX-License-Identifier: BSD-2-Clause
/*
 * process_vm_readv and process_vm_writev: bytes between two address spaces, for one who could trace the other. Unlike a
 * tracer they do not go past the protections of memory.
 */
#include "process.h"
#include <generated/syscalls.h>

/* One segment of the other's through a page of ours; bytes done. */
static size_t transfer(struct mm *mm, uaddr_t addr, size_t len, struct iov_iter *it, void *page, bool write)
{
	size_t done = 0;

	while (done < len && it->count) {
		size_t n = min_t(size_t, PAGE_SIZE - (addr + done) % PAGE_SIZE, min(len - done, it->count)), got;

		if (write && copy_from_iter(page, n, it) < n)
			break;
		got = access_mm_protected(mm, addr + done, page, n, write);
		if (!write)
			got = copy_to_iter(page, got, it);
		done += got;
		if (got < n)
			break;
		cond_resched();
	}
	return done;
}

static long transfer_all(struct mm *mm, const struct iovec *remote, unsigned long nr, struct iov_iter *it, bool write)
{
	void *page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	size_t total = 0;
	long err = 0;

	if (!page)
		return -ENOMEM;
	for (unsigned long i = 0; i < nr && it->count && !err; i++) {
		size_t want = min_t(u64, remote[i].len, it->count);
		size_t got = transfer(mm, remote[i].base, want, it, page, write);

		total += got;
		if (got < want)
			err = -EFAULT;
	}
	kfree(page);
	return total ? (long)total : err;
}

/* The other's memory, if we may have it; or ERR_PTR. */
static struct mm *mm_of(pid_t pid)
{
	struct thread *t = get_thread_by_tid(pid);
	struct mm *mm;

	if (!t)
		return ERR_PTR(-ESRCH);
	mm = thread_mm_get(t);		/* before the question: an exec meanwhile leaves us the old one */
	if (!thread_may_access(t)) {
		if (mm)
			mm_put(mm);
		mm = ERR_PTR(-EPERM);
	} else if (!mm) {
		mm = ERR_PTR(-ESRCH);
	}
	thread_put(t);
	return mm;
}

static long with_remote(pid_t pid, const struct iovec *remote, unsigned long nr, struct iov_iter *it, bool write)
{
	struct mm *mm;
	u64 any = 0;
	long ret;

	for (unsigned long i = 0; i < nr; i++) {
		if ((s64)remote[i].len < 0)
			return -EINVAL;
		any |= remote[i].len;
	}
	if (!any)
		return 0;
	mm = mm_of(pid);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	ret = transfer_all(mm, remote, nr, it, write);
	mm_put(mm);
	return ret;
}

static long process_vm(pid_t pid, uaddr_t lvec, unsigned long liovcnt, uaddr_t rvec, unsigned long riovcnt,
		       unsigned long flags, bool write)
{
	struct iovec *heap, *remote;
	struct iov_iter it;
	long ret;

	if (flags)
		return -EINVAL;
	ret = import_iovec(lvec, liovcnt, &it, &heap);
	if (ret < 0)
		return ret;
	if (ret && riovcnt > UIO_MAXIOV) {
		ret = -EINVAL;
	} else if (ret && riovcnt) {
		remote = memdup_user(rvec, riovcnt * sizeof(*remote), UIO_MAXIOV * sizeof(*remote));
		if (IS_ERR(remote)) {
			ret = PTR_ERR(remote);
		} else {
			ret = with_remote(pid, remote, riovcnt, &it, write);
			kfree(remote);
		}
	} else {
		ret = 0;
	}
	kfree(heap);
	return ret;
}

long sys_process_vm_readv(pid_t pid, uaddr_t lvec, unsigned long liovcnt, uaddr_t rvec, unsigned long riovcnt,
			  unsigned long flags)
{
	return process_vm(pid, lvec, liovcnt, rvec, riovcnt, flags, false);
}

long sys_process_vm_writev(pid_t pid, uaddr_t lvec, unsigned long liovcnt, uaddr_t rvec, unsigned long riovcnt,
			   unsigned long flags)
{
	return process_vm(pid, lvec, liovcnt, rvec, riovcnt, flags, true);
}
