// SPDX-License-Identifier: BSD-2-Clause
/*
 * mprotect: areas change their protection, and the entries that are there follow at once. What became
 * more permissive needs no flush: a stale entry costs one fault that finds nothing to do.
 */
#include "internal.h"

#include <arch/misc.h>
#include <generated/syscalls.h>
#include <janus/thread.h>
#include <uapi/mman.h>

/* The entry's protection as the area now wants it. A page that others may share waits for its write fault. */
static unsigned reprotected(const struct vma *vma, pte_t old)
{
	unsigned keep = pte_prot(old) & (PTE_SPECIAL | PTE_DIRTY), prot = vma_pte_prot(vma) | keep;

	if (vma->flags & VM_WRITE && !(keep & PTE_SPECIAL)) {
		const struct page *page = phys_to_page(pte_pa(old));

		if (vma->flags & VM_SHARED ? !vma->ops->page_mkwrite || keep & PTE_DIRTY :
		    page->flags & PG_ANON && page->refs == 1)
			prot |= PTE_W | PTE_DIRTY;
	}
	return prot;
}

/* Entries of one table; true when some allow less than they did. pt_lock held. */
static bool change_table(struct vma *vma, pte_t *entry, unsigned n)
{
	bool less = false;

	for (; n; n--, entry++) {
		pte_t old = pte_get(entry), new;
		unsigned prot;

		if (!old.v)
			continue;
		prot = reprotected(vma, old);
		new = pte_make(pte_pa(old), prot);
		if (new.v == old.v)
			continue;
		less |= pte_prot(old) & ~prot & (PTE_R | PTE_W | PTE_X);
		pte_clear(entry);
		pte_set(entry, new);
	}
	return less;
}

static void change_entries(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct mm *mm = vma->mm;
	bool flush = false;
	uaddr_t next;

	for (uaddr_t at = start; at < end; at = next) {
		pte_t *table = pt_table_at(mm->root, at, end, &next);

		if (!table)
			continue;
		spin_lock(&mm->pt_lock);
		flush |= change_table(vma, table + pt_index(at, 0), (unsigned)((next - at) >> PAGE_SHIFT));
		spin_unlock(&mm->pt_lock);
	}
	if (flush)
		arch_tlb_flush(&mm->arch, start, end, false);
}

/* Change the attributes of [start, end) of vma, splitting and joining. The area afterwards, or ERR_PTR. */
struct vma *vma_change(struct vma *vma, uaddr_t start, uaddr_t end, u32 flags)
{
	struct mm *mm = vma->mm;
	int err = 0;
	s64 pages;

	if (vma->flags == flags)
		return vma;
	if (start > vma->start) {
		err = vma_split(vma, start);
		if (err)
			return ERR_PTR(err);
		vma = vma_next(vma);
	}
	if (end < vma->end)
		err = vma_split(vma, end);
	if (err)
		return ERR_PTR(err);
	pages = (s64)((vma->end - vma->start) >> PAGE_SHIFT);
	vma_account(mm, vma, -pages);
	vma->flags = flags;
	vma_account(mm, vma, pages);
	return vma;
}

static int protect_part(struct vma **vmap, uaddr_t start, uaddr_t end, u32 access)
{
	struct vma *vma = *vmap;
	u32 flags = (vma->flags & ~(u32)(VM_READ | VM_WRITE | VM_EXEC)) | access;
	u64 pages = (end - start) >> PAGE_SHIFT;

	/* VM_MAY* are the same three bits, shifted. */
	if (access & ~(vma->flags / VM_MAYREAD) & (VM_READ | VM_WRITE | VM_EXEC))
		return -EACCES;
	if (flags == vma->flags)
		return 0;
	if (flags & ~vma->flags & VM_WRITE && !(flags & VM_SHARED) &&
	    (pages > nr_total_pages || !may_expand(vma->mm, flags, pages)) && !(vma->flags & VM_GROWSDOWN))
		return -ENOMEM;
	vma = vma_change(vma, start, end, flags);
	if (IS_ERR(vma))
		return (int)PTR_ERR(vma);
	change_entries(vma, start, end);
	*vmap = vma_merge(vma);
	return 0;
}

static int protect_range(struct mm *mm, uaddr_t start, uaddr_t end, u32 access, unsigned prot)
{
	struct vma *vma = vma_find(mm, start);
	int err = 0;

	if (!vma)
		return -ENOMEM;
	if (prot & PROT_GROWSDOWN) {
		if (vma->start >= end)
			return -ENOMEM;
		if (!(vma->flags & VM_GROWSDOWN))
			return -EINVAL;
		start = vma->start;
	} else if (vma->start > start) {
		return -ENOMEM;
	} else if (prot & PROT_GROWSUP) {
		return -EINVAL;
	}
	while (!err && start < end) {
		uaddr_t part_end;

		if (!vma || vma->start > start)
			return -ENOMEM;
		part_end = min(end, vma->end);
		err = protect_part(&vma, start, part_end, access);
		start = part_end;
		if (vma->end <= start)
			vma = vma_next(vma);
	}
	return err;
}

long sys_mprotect(uaddr_t addr, size_t len, unsigned long prot)
{
	unsigned grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	struct mm *mm = current->mm;
	uaddr_t end;
	u32 access;
	long err;

	prot &= ~(unsigned long)(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || addr & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	end = addr + ALIGN_UP(len, PAGE_SIZE);
	if (end <= addr)
		return -ENOMEM;
	if (prot & ~(unsigned long)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	access = (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) |
		 (prot & PROT_EXEC ? VM_EXEC : 0);
	down_write(&mm->mmap_lock);
	err = protect_range(mm, addr, end, access, grows);
	up_write(&mm->mmap_lock);
	return err;
}

/* There are no protection keys: what Linux answers on a processor without them, or on a machine without the calls. */
long sys_pkey_mprotect(uaddr_t addr, size_t len, unsigned long prot, int pkey)
{
	if (!arch_has_pkeys)
		return -ENOSYS;
	/* There is no other key; to protect nothing takes none. */
	return pkey == -1 || !len ? sys_mprotect(addr, len, prot) : -EINVAL;
}

long sys_pkey_alloc(unsigned long flags, unsigned long init_val)
{
	if (!arch_has_pkeys)
		return -ENOSYS;
	return flags || init_val & ~3UL ? -EINVAL : -ENOSPC;
}

long sys_pkey_free(int pkey)
{
	(void)pkey;
	return arch_has_pkeys ? -EINVAL : -ENOSYS;
}
