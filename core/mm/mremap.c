// SPDX-License-Identifier: BSD-2-Clause
/*
 * mremap: an area grows, shrinks or moves. Moving moves the entries, not the pages.
 */
#include "internal.h"

#include <generated/syscalls.h>
#include <janus/thread.h>
#include <uapi/capability.h>
#include <uapi/mman.h>

/* Move the entries of [from, from + len) to `to`; the two do not overlap. mmap_lock held for write. 0 or -ENOMEM. */
static int move_entries(struct mm *mm, uaddr_t from, uaddr_t to, size_t len)
{
	uaddr_t next, end = from + len;
	int err = 0;

	for (uaddr_t at = from; at < end && !err; at = next) {
		pte_t *table = pt_table_at(mm->root, at, end, &next);

		for (; table && at < next; at += PAGE_SIZE) {
			pte_t *source = &table[pt_index(at, 0)], *target;

			if (!pte_get(source).v)
				continue;
			target = pt_walk_alloc(mm, to + (at - from));
			if (!target) {
				err = -ENOMEM;
				break;
			}
			spin_lock(&mm->pt_lock);
			if (pte_get(source).v)
				pte_set(target, pte_clear(source));
			spin_unlock(&mm->pt_lock);
		}
	}
	mm->kept_tables = true;
	arch_tlb_flush(&mm->arch, from, end, false);
	return err;
}

/* An area like vma at `to`, with its pages of the first `len` bytes from addr. */
static int copy_area(struct vma *vma, uaddr_t addr, size_t len, uaddr_t to, size_t new_len)
{
	struct mm *mm = vma->mm;
	struct vma *copy = vma_copy(vma);
	int err;

	if (!copy)
		return -ENOMEM;
	copy->pgoff = vma->pgoff + ((addr - vma->start) >> PAGE_SHIFT);
	copy->start = to;
	copy->end = to + new_len;
	vma_link(mm, copy);
	err = move_entries(mm, addr, to, len);
	if (err) {	/* back with what has moved: those tables exist */
		move_entries(mm, to, addr, len);
		unmap_region(mm, to, to + new_len);
	}
	return err;
}

/* Memory that nobody has touched is at home where it has gone: as on Linux, one with its neighbours. */
static void settle(struct mm *mm, uaddr_t to)
{
	struct vma *vma = vma_find(mm, to);

	if (vma->ops || vma->file || vma->anon)
		return;
	vma->pgoff = vma->start >> PAGE_SHIFT;
	vma_merge(vma);
}

/* vma's [addr, addr + old_len) goes to `to`. The new address or -errno. */
static long move_vma(struct vma *vma, uaddr_t addr, size_t old_len, uaddr_t to, size_t new_len, unsigned flags)
{
	struct mm *mm = vma->mm;
	int err;

	if (mm->nr_vmas >= MAX_MAP_COUNT - 3)
		return -ENOMEM;
	err = copy_area(vma, addr, old_len, to, new_len);
	if (err)
		return err;
	if (flags & MREMAP_DONTUNMAP)
		vma->flags &= ~(u32)VM_LOCKED;
	else if (old_len)
		err = unmap_region(mm, addr, addr + old_len);
	if (err)
		return err;
	settle(mm, to);
	return (long)to;
}

/* May [addr, addr + old_len) become new_len long? The area, or ERR_PTR. */
static struct vma *resizable(struct mm *mm, uaddr_t addr, size_t old_len, size_t new_len)
{
	struct vma *vma = vma_find(mm, addr);
	u64 pages = (new_len - old_len) >> PAGE_SHIFT;

	if (!vma || vma->start > addr)
		return ERR_PTR(-EFAULT);
	if (!old_len && !(vma->flags & VM_SHARED))
		return ERR_PTR(-EINVAL);
	if (old_len > vma->end - addr)
		return ERR_PTR(-EFAULT);
	if (new_len <= old_len)
		return vma;
	if (vma->flags & VM_SPECIAL)
		return ERR_PTR(-EFAULT);
	if (vma->flags & VM_LOCKED && mlock_limit_ok(mm, pages))
		return ERR_PTR(-EAGAIN);
	if (!may_expand(mm, vma->flags, pages) ||
	    ((vma->flags & (VM_WRITE | VM_SHARED | VM_NORESERVE)) == VM_WRITE && pages > nr_total_pages))
		return ERR_PTR(-ENOMEM);
	return vma;
}

static long remap_to(struct mm *mm, uaddr_t addr, size_t old_len, uaddr_t to, size_t new_len, unsigned flags)
{
	struct vma *vma;
	int err;

	if (to & ~PAGE_MASK || new_len > ARCH_USER_END || to > ARCH_USER_END - new_len)
		return -EINVAL;
	if (addr + old_len > to && to + new_len > addr)
		return -EINVAL;
	if (flags & MREMAP_FIXED) {
		err = to < MMAP_MIN_ADDR && !capable(CAP_SYS_RAWIO) ? -EPERM : unmap_region(mm, to, to + new_len);
		if (err)
			return err;
	}
	if (old_len > new_len) {
		err = do_munmap(mm, addr + new_len, old_len - new_len);
		if (err)
			return err;
		old_len = new_len;
	}
	vma = resizable(mm, addr, old_len, new_len);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (flags & MREMAP_DONTUNMAP) {
		if (vma->flags & VM_SPECIAL)
			return -EINVAL;
		if (!may_expand(mm, vma->flags, old_len >> PAGE_SHIFT))
			return -ENOMEM;
	}
	if (!(flags & MREMAP_FIXED)) {
		if (to < MMAP_MIN_ADDR || !range_is_free(mm, to, to + new_len))
			to = find_gap(mm, new_len);
		if (!to)
			return -ENOMEM;
	}
	return move_vma(vma, addr, old_len, to, new_len, flags);
}

static long remap(struct mm *mm, uaddr_t addr, size_t old_len, size_t new_len, unsigned flags, uaddr_t *filled)
{
	struct vma *vma = vma_find(mm, addr);
	uaddr_t to;
	int err;

	if (!vma || vma->start > addr)
		return -EFAULT;
	if (old_len >= new_len) {
		err = old_len > new_len ? do_munmap(mm, addr + new_len, old_len - new_len) : 0;
		return err ? err : (long)addr;
	}
	vma = resizable(mm, addr, old_len, new_len);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (old_len == vma->end - addr && new_len <= ARCH_USER_END - addr &&
	    range_is_free(mm, vma->end, addr + new_len)) {
		s64 pages = (s64)((new_len - old_len) >> PAGE_SHIFT);

		vma_set_bounds(vma, vma->start, addr + new_len);
		vma_account(mm, vma, pages);
		vma = vma_merge(vma);
		if (vma->flags & VM_LOCKED)
			*filled = addr + old_len;
		return (long)addr;
	}
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	to = new_len <= ARCH_USER_END ? find_gap(mm, new_len) : 0;
	return to ? move_vma(vma, addr, old_len, to, new_len, flags) : -ENOMEM;
}

long sys_mremap(uaddr_t addr, unsigned long old_len, unsigned long new_len, unsigned long flags, uaddr_t new_addr)
{
	struct mm *mm = current->mm;
	uaddr_t filled = 0;
	long result;

	if (flags & ~(unsigned long)(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
		return -EINVAL;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && old_len != new_len)
		return -EINVAL;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	old_len = ALIGN_UP(old_len, PAGE_SIZE);
	new_len = ALIGN_UP(new_len, PAGE_SIZE);
	if (!new_len)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		struct vma *vma = vma_find(mm, addr);

		result = vma && vma->start <= addr ? remap_to(mm, addr, old_len, new_addr, new_len, (unsigned)flags)
						   : -EFAULT;
	} else {
		result = remap(mm, addr, old_len, new_len, (unsigned)flags, &filled);
	}
	up_write(&mm->mmap_lock);
	if (filled && result >= 0)
		populate(mm, filled, addr + new_len, true);
	return result;
}
