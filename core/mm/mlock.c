// SPDX-License-Identifier: BSD-2-Clause
/*
 * The mlock family and msync. Nothing is ever swapped out, so locking is bringing in, and counting against
 * RLIMIT_MEMLOCK.
 */
#include "internal.h"

#include <generated/syscalls.h>
#include <janus/thread.h>
#include <uapi/capability.h>
#include <uapi/mman.h>

/* Set or clear VM_LOCKED on [start, end). -ENOMEM at a hole, after what came before it. mmap_lock held for write. */
static long lock_range(struct mm *mm, uaddr_t start, uaddr_t end, u32 locked)
{
	while (start < end) {
		struct vma *vma = vma_find(mm, start);
		uaddr_t part_end;

		if (!vma || vma->start > start)
			return -ENOMEM;
		part_end = min(end, vma->end);
		if (!(vma->flags & VM_SPECIAL)) {
			vma = vma_change(vma, start, part_end, (vma->flags & ~(u32)VM_LOCKED) | locked);
			if (IS_ERR(vma))
				return PTR_ERR(vma);
			vma_merge(vma);
		}
		start = part_end;
	}
	return 0;
}

/* Bring what is locked in [start, end) in. 0 or an error, which ends it when `strict`. */
static long fill_locked(struct mm *mm, uaddr_t start, uaddr_t end, bool strict)
{
	int err = 0;

	while (start < end && !(strict && err)) {
		struct vma *vma;
		uaddr_t part_end = end;
		bool fill = false, write = false;

		down_read(&mm->mmap_lock);
		vma = vma_find(mm, start);
		if (vma && vma->start < end) {
			start = max(start, vma->start);
			part_end = min(end, vma->end);
			fill = vma->flags & VM_LOCKED;
			write = (vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
		}
		up_read(&mm->mmap_lock);
		if (fill)
			err = populate(mm, start, part_end, write) ?: err;
		start = part_end;
	}
	return err == -EFAULT || err == -EINVAL ? -ENOMEM : err == -ENOMEM ? -EAGAIN : err;
}

static u64 locked_pages(struct mm *mm, uaddr_t start, uaddr_t end)
{
	u64 pages = 0;

	for (struct vma *vma = vma_find(mm, start); vma && vma->start < end; vma = vma_next(vma))
		if (vma->flags & VM_LOCKED)
			pages += (min(end, vma->end) - max(start, vma->start)) >> PAGE_SHIFT;
	return pages;
}

static long do_mlock(uaddr_t addr, size_t len, bool fill)
{
	struct mm *mm = current->mm;
	uaddr_t start = addr & PAGE_MASK, end;
	u64 limit = rlimit(RLIMIT_MEMLOCK), pages;
	long err;

	if (!limit && !capable(CAP_IPC_LOCK))
		return -EPERM;
	len = ALIGN_UP(len + (addr & ~PAGE_MASK), PAGE_SIZE);
	end = start + len;
	pages = len >> PAGE_SHIFT;
	down_write(&mm->mmap_lock);
	if (limit != RLIM_INFINITY && !capable(CAP_IPC_LOCK) &&
	    mm->locked_vm + pages - (end > start ? locked_pages(mm, start, end) : 0) > limit >> PAGE_SHIFT)
		err = -ENOMEM;
	else if (end < start)
		err = -EINVAL;
	else
		err = lock_range(mm, start, end, VM_LOCKED);
	up_write(&mm->mmap_lock);
	return err || !fill ? err : fill_locked(mm, start, end, true);
}

long sys_mlock(uaddr_t addr, size_t len)
{
	return do_mlock(addr, len, true);
}

long sys_mlock2(uaddr_t addr, size_t len, int flags)
{
	return flags & ~MLOCK_ONFAULT ? -EINVAL : do_mlock(addr, len, !(flags & MLOCK_ONFAULT));
}

long sys_munlock(uaddr_t addr, size_t len)
{
	struct mm *mm = current->mm;
	uaddr_t start = addr & PAGE_MASK, end = start + ALIGN_UP(len + (addr & ~PAGE_MASK), PAGE_SIZE);
	long err;

	if (end < start)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	err = lock_range(mm, start, end, 0);
	up_write(&mm->mmap_lock);
	return err;
}

/* Set or clear VM_LOCKED on everything there is. mmap_lock held for write. */
static void lock_all(struct mm *mm, u32 locked)
{
	struct vma *vma = vma_find(mm, 0);

	while (vma) {
		if (!(vma->flags & VM_SPECIAL)) {
			struct vma *changed =
				vma_change(vma, vma->start, vma->end, (vma->flags & ~(u32)VM_LOCKED) | locked);

			vma = IS_ERR(changed) ? vma : vma_merge(changed);
		}
		vma = vma_next(vma);
	}
}

long sys_mlockall(int flags)
{
	struct mm *mm = current->mm;
	u64 limit = rlimit(RLIMIT_MEMLOCK);
	long err = 0;

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!limit && !capable(CAP_IPC_LOCK))
		return -EPERM;
	down_write(&mm->mmap_lock);
	if (flags & MCL_CURRENT && limit != RLIM_INFINITY && mm->total_vm > limit >> PAGE_SHIFT &&
	    !capable(CAP_IPC_LOCK))
		err = -ENOMEM;
	if (!err) {
		mm->def_flags = flags & MCL_FUTURE ? VM_LOCKED : 0;
		if (flags & MCL_CURRENT)
			lock_all(mm, VM_LOCKED);
	}
	up_write(&mm->mmap_lock);
	if (!err && (flags & (MCL_CURRENT | MCL_ONFAULT)) == MCL_CURRENT)
		fill_locked(mm, 0, ARCH_USER_END, false);
	return err;
}

long sys_munlockall(void)
{
	struct mm *mm = current->mm;

	down_write(&mm->mmap_lock);
	mm->def_flags = 0;
	lock_all(mm, 0);
	up_write(&mm->mmap_lock);
	return 0;
}

/* ---- msync ---- */

/* Sync the file behind a shared area that covers start, outside the lock. 0 or -errno. */
static long sync_area(struct mm *mm, struct file *f)
{
	long err = 0;

	file_get(f);
	up_read(&mm->mmap_lock);
	if (f->ops->fsync)
		err = f->ops->fsync(f, true);
	file_put(f);
	down_read(&mm->mmap_lock);
	return err;
}

long sys_msync(uaddr_t addr, size_t len, int flags)
{
	struct mm *mm = current->mm;
	uaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	bool hole = false;
	long err = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr & ~PAGE_MASK ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	down_read(&mm->mmap_lock);
	while (addr < end && !err) {
		struct vma *vma = vma_find(mm, addr);

		hole |= !vma || vma->start > addr;
		if (!vma || vma->start >= end)
			break;
		addr = min(end, vma->end);
		if (flags & MS_INVALIDATE && vma->flags & VM_LOCKED)
			err = -EBUSY;
		else if (flags & MS_SYNC && vma->file && vma->flags & VM_SHARED)
			err = sync_area(mm, vma->file);
	}
	up_read(&mm->mmap_lock);
	return err ? err : hole ? -ENOMEM : 0;
}
