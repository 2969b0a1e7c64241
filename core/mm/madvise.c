// SPDX-License-Identifier: BSD-2-Clause
/*
 * madvise and mincore: what a program knows about its memory, and what it would like to know.
 */
#include "internal.h"

#include <generated/syscalls.h>
#include <janus/slab.h>
#include <janus/thread.h>
#include <uapi/mman.h>

static long zap_part(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct tlb_batch batch;

	batch_init(&batch, vma->mm);
	zap_range(&batch, vma, start, end, false);
	batch_finish(&batch);
	return 0;
}

/* Punch a hole into the file behind a shared mapping. mmap_lock is given up meanwhile. */
static long remove_part(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct file *f = vma->file;
	s64 offset = (s64)((vma->pgoff << PAGE_SHIFT) + (start - vma->start));
	long err;

	if (vma->flags & VM_LOCKED || !f || !f->inode)
		return -EINVAL;
	if ((vma->flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
		return -EACCES;
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	file_get(f);
	up_write(&current->mm->mmap_lock);
	err = f->ops->fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, (s64)(end - start));
	file_put(f);
	down_write(&current->mm->mmap_lock);
	return err;
}

/* Advice that changes VM_* flags: what they become, or -errno. */
static long advised_flags(const struct vma *vma, int advice)
{
	u32 flags = vma->flags;

	switch (advice) {
	case MADV_NORMAL:
		return flags & ~(u32)(VM_SEQUENTIAL | VM_RANDOM);
	case MADV_SEQUENTIAL:
		return (flags & ~(u32)VM_RANDOM) | VM_SEQUENTIAL;
	case MADV_RANDOM:
		return (flags & ~(u32)VM_SEQUENTIAL) | VM_RANDOM;
	case MADV_HUGEPAGE:
		return (flags & ~(u32)VM_NOHUGEPAGE) | VM_HUGEPAGE;
	case MADV_NOHUGEPAGE:
		return (flags & ~(u32)VM_HUGEPAGE) | VM_NOHUGEPAGE;
	case MADV_MERGEABLE:
		return flags & (VM_SHARED | VM_SPECIAL) ? flags : flags | VM_MERGEABLE;
	case MADV_UNMERGEABLE:
		return flags & ~(u32)VM_MERGEABLE;
	case MADV_DONTFORK:
		return flags | VM_DONTFORK;
	case MADV_DOFORK:
		return flags & VM_SPECIAL ? -EINVAL : (long)(flags & ~(u32)VM_DONTFORK);
	case MADV_WIPEONFORK:
		return vma->file || flags & VM_SHARED ? -EINVAL : (long)(flags | VM_WIPEONFORK);
	case MADV_KEEPONFORK:
		return flags & ~(u32)VM_WIPEONFORK;
	case MADV_DONTDUMP:
		return flags | VM_DONTDUMP;
	case MADV_DODUMP:
		return flags & VM_SPECIAL ? -EINVAL : (long)(flags & ~(u32)VM_DONTDUMP);
	default:
		return flags;
	}
}

/* Apply to [start, end) of one area. mmap_lock held for write. */
static long advise_part(struct vma *vma, uaddr_t start, uaddr_t end, int advice)
{
	long flags;

	switch (advice) {
	case MADV_DONTNEED:
		if (vma->flags & VM_LOCKED)
			return -EINVAL;
		return vma->flags & VM_SPECIAL ? -EINVAL : zap_part(vma, start, end);
	case MADV_DONTNEED_LOCKED:
		return vma->flags & VM_SPECIAL ? -EINVAL : zap_part(vma, start, end);
	case MADV_FREE:
		/* Until it is written again a page may keep its contents or read as zeros. It keeps them. */
		return vma->ops || vma->flags & VM_LOCKED ? -EINVAL : 0;
	case MADV_COLD:
	case MADV_PAGEOUT:
		return vma->flags & (VM_LOCKED | VM_SPECIAL) ? -EINVAL : 0;
	case MADV_REMOVE:
		return remove_part(vma, start, end);
	}
	flags = advised_flags(vma, advice);
	if (flags < 0)
		return flags;
	vma = vma_change(vma, start, end, (u32)flags);
	if (IS_ERR(vma))
		return PTR_ERR(vma) == -ENOMEM ? -EAGAIN : PTR_ERR(vma);
	vma_merge(vma);
	if (advice == MADV_DONTFORK)
		current->mm->has_dontfork = true;
	return 0;
}

static bool advice_valid(int advice)
{
	switch (advice) {
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE ... MADV_COLLAPSE:
		return advice != MADV_COLLAPSE;
	default:
		return false;
	}
}

static long advise_range(struct mm *mm, uaddr_t start, uaddr_t end, int advice)
{
	struct vma *vma;
	bool hole = false;
	long err = 0;

	down_write(&mm->mmap_lock);
	while (start < end && !err) {
		uaddr_t part_end;

		vma = vma_find(mm, start);
		if (!vma || vma->start >= end) {
			hole = true;
			break;
		}
		if (vma->start > start) {
			hole = true;
			start = vma->start;
		}
		part_end = min(end, vma->end);
		err = advise_part(vma, start, part_end, advice);
		start = part_end;
	}
	up_write(&mm->mmap_lock);
	return err ? err : hole ? -ENOMEM : 0;
}

long sys_madvise(uaddr_t addr, size_t len_in, int advice)
{
	size_t len = ALIGN_UP(len_in, PAGE_SIZE);
	uaddr_t end = addr + len;

	if (!advice_valid(advice) || addr & ~PAGE_MASK || (len_in && !len) || end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
		return populate(current->mm, addr, end, advice == MADV_POPULATE_WRITE);
	return advise_range(current->mm, addr, end, advice);
}

/* ---- mincore ---- */

static bool resident(struct vma *vma, uaddr_t addr)
{
	struct address_space *m = vma_mapping(vma);
	struct page *page;
	bool there;
	pte_t *entry;

	spin_lock(&vma->mm->pt_lock);
	entry = pt_walk(vma->mm->root, addr);
	there = entry && pte_get(entry).v;
	spin_unlock(&vma->mm->pt_lock);
	if (there || !m)
		return there;
	page = mapping_find_page(m, vma->pgoff + ((addr - vma->start) >> PAGE_SHIFT));
	if (page)
		page_put(page);
	return page;
}

/* Fill out[0..n), one byte a page, up to a hole: how many, or -ENOMEM where it is the first. */
static long mincore_pages(struct mm *mm, uaddr_t addr, u8 *out, size_t n)
{
	size_t i;

	down_read(&mm->mmap_lock);
	for (i = 0; i < n; i++, addr += PAGE_SIZE) {
		struct vma *vma = vma_find(mm, addr);

		if (!vma || vma->start > addr)
			break;
		out[i] = resident(vma, addr);
	}
	up_read(&mm->mmap_lock);
	return i ? (long)i : -ENOMEM;
}

long sys_mincore(uaddr_t addr, size_t len, uaddr_t vec)
{
	size_t pages = len / PAGE_SIZE + !!(len & ~PAGE_MASK);
	u8 *chunk;
	long n = 0;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!access_ok(addr, len))
		return -ENOMEM;
	if (!access_ok(vec, pages))
		return -EFAULT;
	chunk = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!chunk)
		return -EAGAIN;
	for (; pages; pages -= n, addr += n << PAGE_SHIFT, vec += n) {
		n = mincore_pages(current->mm, addr, chunk, min_t(size_t, pages, PAGE_SIZE));
		if (n > 0 && copy_to_user(vec, chunk, n))
			n = -EFAULT;
		if (n < 0)
			break;
		if (fatal_signal_pending()) {
			n = -EINTR;
			break;
		}
		cond_resched();
	}
	kfree(chunk);
	return n < 0 ? n : 0;
}
