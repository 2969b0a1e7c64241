// SPDX-License-Identifier: BSD-2-Clause
/*
 * An address space seen from outside: reading and writing the memory of another process, faulting a range
 * in ahead of its use, and what is resident in an area.
 */
#include "internal.h"

#include <janus/string.h>
#include <janus/thread.h>

/*
 * The page behind addr, referenced, brought in if need be; NULL where there is none. mmap_lock held for
 * read. A debugger may read and write whatever the area could ever be made to allow.
 */
static struct page *page_for_access(struct vma *vma, uaddr_t addr, bool write)
{
	struct mm *mm = vma->mm;

	for (int try = 0; try < 3; try++) {
		struct page *page = NULL;
		pte_t *entry, seen;

		spin_lock(&mm->pt_lock);
		entry = pt_walk(mm->root, addr);
		seen = entry ? pte_get(entry) : (pte_t){ 0 };
		/* For a write the page must be one that nobody else sees, or shared by intent. */
		if (seen.v &&
		    (!write || pte_writable(seen) || vma->flags & VM_SHARED ||
		     (phys_to_page(pte_pa(seen))->flags & PG_ANON && phys_to_page(pte_pa(seen))->refs == 1))) {
			page = phys_to_page(pte_pa(seen));
			page_get(page);
		}
		spin_unlock(&mm->pt_lock);
		if (page)
			return page;
		if (fault_page(vma, addr & PAGE_MASK, write))
			return NULL;
	}
	return NULL;
}

static bool access_possible(const struct vma *vma, bool write, bool force)
{
	if (!force)
		return vma->flags & (write ? VM_WRITE : VM_READ);
	if (!write)
		return vma->flags & (VM_READ | VM_MAYREAD);
	return vma->flags & VM_WRITE || (vma->flags & (VM_MAYWRITE | VM_SHARED)) == VM_MAYWRITE;
}

static size_t access_as(struct mm *mm, uaddr_t addr, void *buf, size_t len, bool write, bool force)
{
	size_t done = 0;

	down_read(&mm->mmap_lock);
	while (done < len) {
		size_t offset = (addr + done) & ~PAGE_MASK, n = min_t(size_t, PAGE_SIZE - offset, len - done);
		struct vma *vma = addr + done < ARCH_USER_END ? vma_find(mm, addr + done) : NULL;
		struct page *page;
		char *at;

		if (!vma || vma->start > addr + done || !access_possible(vma, write, force))
			break;
		page = page_for_access(vma, addr + done, write);
		if (!page)
			break;
		at = (char *)page_address(page) + offset;
		if (write) {
			memcpy(at, (char *)buf + done, n);
			if (vma->flags & VM_EXEC)
				arch_sync_icache(at, n);
		} else {
			memcpy((char *)buf + done, at, n);
		}
		page_put(page);
		done += n;
	}
	up_read(&mm->mmap_lock);
	return done;
}

size_t access_mm(struct mm *mm, uaddr_t addr, void *buf, size_t len, bool write)
{
	return access_as(mm, addr, buf, len, write, true);
}

size_t access_mm_protected(struct mm *mm, uaddr_t addr, void *buf, size_t len, bool write)
{
	return access_as(mm, addr, buf, len, write, false);
}

/* Fault [start, end) in. 0, -ENOMEM (a hole, or no memory), -EFAULT (protection, end of file). */
int populate(struct mm *mm, uaddr_t start, uaddr_t end, bool write)
{
	int err = 0;

	down_read(&mm->mmap_lock);
	for (; start < end && !err; start += PAGE_SIZE) {
		struct vma *vma = vma_find(mm, start);

		if (!vma || vma->start > start)
			err = -ENOMEM;
		else if (!(vma->flags & (write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC)))
			err = -EINVAL;
		else if (fatal_signal_pending())
			err = -EFAULT;
		else
			err = fault_page(vma, start, write && vma->flags & VM_WRITE);
		cond_resched();
	}
	up_read(&mm->mmap_lock);
	return err == -EIO ? -EFAULT : err;
}

void vma_usage(struct vma *vma, struct vma_usage *usage)
{
	struct mm *mm = vma->mm;
	uaddr_t next;

	memset(usage, 0, sizeof(*usage));
	spin_lock(&mm->pt_lock);
	for (uaddr_t at = vma->start; at < vma->end; at = next) {
		pte_t *table = pt_table_at(mm->root, at, vma->end, &next);

		for (; table && at < next; at += PAGE_SIZE) {
			pte_t entry = pte_get(&table[pt_index(at, 0)]);
			struct page *page;
			bool shared, dirty;

			if (!entry.v || pte_special(entry))
				continue;
			page = phys_to_page(pte_pa(entry));
			/* The page cache holds one reference of its own. */
			shared = page->refs > (page->flags & PG_ANON ? 1 : 2);
			dirty = pte_prot(entry) & PTE_DIRTY || page->flags & PG_DIRTY;
			usage->rss++;
			usage->referenced++;
			usage->anonymous += !!(page->flags & PG_ANON);
			usage->pss_x4096 += PAGE_SIZE / (shared ? (u32)page->refs - !(page->flags & PG_ANON) : 1);
			*(shared ? dirty ? &usage->shared_dirty : &usage->shared_clean :
			  dirty ? &usage->private_dirty : &usage->private_clean) += 1;
		}
	}
	spin_unlock(&mm->pt_lock);
}
