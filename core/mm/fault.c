// SPDX-License-Identifier: BSD-2-Clause
/*
 * Page faults. mmap_lock is held for read, so areas and tables stay; whoever changes an entry does so under
 * pt_lock and looks again first, for another thread may have been there.
 *
 * An entry that was empty is in no TLB. One that forbade the access may be, so this CPU forgets it; one
 * that pointed to another page is emptied and flushed everywhere before the new page goes in.
 */
#include "internal.h"

#include <janus/entry.h>
#include <janus/printk.h>
#include <janus/signal.h>
#include <janus/thread.h>

static phys_t zero_page_phys;	/* [const] what reads of untouched anonymous memory see */

void fault_init(void)
{
	zero_page_phys = virt_to_phys(get_page_zeroed());
}

static unsigned prot_writable(const struct vma *vma)
{
	return vma_pte_prot(vma) | PTE_W | PTE_DIRTY;
}

/* Of a page of the area's own. A debugger may have made one where the program itself must not write. */
static unsigned prot_anon(const struct vma *vma)
{
	return vma->flags & VM_WRITE ? prot_writable(vma) : vma_pte_prot(vma) | PTE_DIRTY;
}

/* ---- anonymous memory ---- */

static int fault_zero_page(struct vma *vma, pte_t *entry)
{
	struct mm *mm = vma->mm;

	spin_lock(&mm->pt_lock);
	if (!pte_get(entry).v)
		pte_set(entry, pte_make(zero_page_phys, vma_pte_prot(vma) | PTE_SPECIAL));
	spin_unlock(&mm->pt_lock);
	return 0;
}

/* Put a page of the area's own into an entry that should be empty; takes over the reference. */
static void install_anon(struct vma *vma, pte_t *entry, struct page *page)
{
	struct mm *mm = vma->mm;

	spin_lock(&mm->pt_lock);
	if (unlikely(pte_get(entry).v)) {
		spin_unlock(&mm->pt_lock);
		free_pages(page, 0);
		return;
	}
	page->flags |= PG_ANON;
	pte_set(entry, pte_make(page_to_phys(page), prot_anon(vma)));
	mm->anon_pages++;
	vma->anon = true;
	spin_unlock(&mm->pt_lock);
	counters()->anon++;
}

/*
 * A first read alone sees the page of zeros. Not among threads: when one of them writes, all CPUs would have
 * to be interrupted to forget the page of zeros, which costs more than the page.
 */
static int fault_anon(struct vma *vma, pte_t *entry, bool write)
{
	struct page *page;

	if (!write && ref_read(&vma->mm->users) == 1)
		return fault_zero_page(vma, entry);
	page = alloc_page(GFP_USER | GFP_ZERO);
	if (unlikely(!page))
		return -ENOMEM;
	install_anon(vma, entry, page);
	return 0;
}

/* ---- files ---- */

static void count_page(struct mm *mm, const struct page *page)
{
	if (page->flags & PG_UNEVICTABLE)
		mm->shmem_pages++;
	else
		mm->file_pages++;
}

/* Put a page of the file itself into the entry. False: truncation took it from the file meanwhile. */
static bool install_file(struct vma *vma, uaddr_t addr, pte_t *entry, struct page *page, bool writable)
{
	struct address_space *mapping = vma_mapping(vma);
	unsigned prot = writable ? prot_writable(vma) : vma_pte_prot(vma);
	struct mm *mm = vma->mm;

	if (vma->flags & VM_EXEC)
		make_fetchable(page);
	spin_lock(&mm->pt_lock);
	if (mapping && READ_ONCE(page->mapping) != mapping) {
		spin_unlock(&mm->pt_lock);
		page_put(page);
		return false;
	}
	if (pte_get(entry).v) {
		spin_unlock(&mm->pt_lock);
		page_put(page);
		return true;
	}
	if (!mapping)	/* the owner keeps it */
		prot |= PTE_SPECIAL;
	else
		count_page(mm, page);
	pte_set(entry, pte_make(page_to_phys(page), prot));
	if (mapping && !writable)
		filemap_map_around(vma, addr, entry, prot);
	spin_unlock(&mm->pt_lock);
	if (!mapping)
		page_put(page);
	return true;
}

/* A private copy of a page of the file. */
static int copy_file_page(struct vma *vma, pte_t *entry, struct page *page)
{
	struct page *copy = alloc_page(GFP_USER);

	if (!copy) {
		page_put(page);
		return -ENOMEM;
	}
	arch_copy_page(page_address(copy), page_address(page));
	page_put(page);
	if (vma->flags & VM_EXEC)
		make_fetchable(copy);
	install_anon(vma, entry, copy);
	return 0;
}

static int fault_file(struct vma *vma, uaddr_t addr, pte_t *entry, bool write)
{
	u64 index = vma->pgoff + ((addr - vma->start) >> PAGE_SHIFT);
	bool shared = vma->flags & VM_SHARED;

	for (;;) {
		struct page *page = vma->ops->fault(vma, index, write && shared);
		bool writable = shared && vma->flags & VM_WRITE;

		if (IS_ERR(page))
			return PTR_ERR(page) == -ENOMEM ? -ENOMEM : -EIO;
		if (write && !shared)
			return copy_file_page(vma, entry, page);
		if (writable && vma->ops->page_mkwrite) {
			int err = write ? vma->ops->page_mkwrite(vma, page) : 0;

			if (err) {
				page_put(page);
				return err == -ENOMEM ? err : -EIO;
			}
			writable = write;
		}
		if (likely(install_file(vma, addr, entry, page, writable)))
			return 0;
	}
}

/* ---- writes to what is there but read-only ---- */

/* A shared file page, mapped read-only so that its first write is noticed. */
static int make_writable(struct vma *vma, uaddr_t addr, pte_t *entry, pte_t old)
{
	struct mm *mm = vma->mm;
	struct page *page = NULL;
	int err = 0;

	spin_lock(&mm->pt_lock);
	if (pte_get(entry).v == old.v && !pte_special(old)) {
		page = phys_to_page(pte_pa(old));
		page_get(page);
	}
	spin_unlock(&mm->pt_lock);
	if (!page)
		return 0;
	if (vma->ops && vma->ops->page_mkwrite)
		err = vma->ops->page_mkwrite(vma, page);
	spin_lock(&mm->pt_lock);
	if (!err && pte_get(entry).v == old.v) {
		pte_set(entry, pte_make(pte_pa(old), prot_writable(vma)));
		arch_tlb_fault_done(&mm->arch, addr);
	}
	spin_unlock(&mm->pt_lock);
	page_put(page);
	return err && err != -ENOMEM ? -EIO : err;
}

/* The page has one owner, and that is this entry: nobody shares it any more. pt_lock held. */
static bool take_back(struct vma *vma, uaddr_t addr, pte_t *entry, pte_t old, struct page *page)
{
	if (!(page->flags & PG_ANON) || __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) != 1)
		return false;
	pte_set(entry, pte_make(pte_pa(old), prot_anon(vma)));
	arch_tlb_fault_done(&vma->mm->arch, addr);
	return true;
}

/* The entry gives up `old` for `copy`. pt_lock held; a reference on the old page passes to the caller. */
static void replace(struct vma *vma, uaddr_t addr, pte_t *entry, struct page *old, struct page *copy)
{
	struct mm *mm = vma->mm;

	if (old)
		arch_copy_page(page_address(copy), page_address(old));
	copy->flags |= PG_ANON;
	if (old && old->flags & PG_ANON) {	/* the next fork copies it at once, whichever side forks */
		copy->flags |= PG_HOT;
		if (!(old->flags & PG_HOT))
			page_set_flag(old, PG_HOT);
	}
	if (vma->flags & VM_EXEC)
		make_fetchable(copy);
	pte_clear(entry);
	arch_tlb_flush(&mm->arch, addr, addr + PAGE_SIZE, false);
	pte_set(entry, pte_make(page_to_phys(copy), prot_anon(vma)));
	if (!old || !(old->flags & PG_ANON)) {
		mm->anon_pages++;
		if (old && old->flags & PG_UNEVICTABLE)
			mm->shmem_pages--;
		else if (old && !(old->flags & PG_RESERVED))
			mm->file_pages--;
	}
	vma->anon = true;
}

static int fault_cow(struct vma *vma, uaddr_t addr, pte_t *entry, pte_t seen)
{
	bool zero = pte_special(seen);
	struct page *page = zero ? NULL : phys_to_page(pte_pa(seen)), *copy;
	struct mm *mm = vma->mm;

	if (zero && pte_pa(seen) != zero_page_phys)
		page = phys_to_page(pte_pa(seen));	/* special, its owner keeps it */
	if (!zero && page->flags & PG_ANON && READ_ONCE(page->refs) == 1) {
		spin_lock(&mm->pt_lock);
		if (pte_get(entry).v != seen.v || take_back(vma, addr, entry, seen, page)) {
			spin_unlock(&mm->pt_lock);
			return 0;
		}
		spin_unlock(&mm->pt_lock);
	}
	copy = alloc_page(page ? GFP_USER : GFP_USER | GFP_ZERO);
	if (unlikely(!copy))
		return -ENOMEM;
	spin_lock(&mm->pt_lock);
	if (pte_get(entry).v != seen.v || (!zero && take_back(vma, addr, entry, seen, page))) {
		spin_unlock(&mm->pt_lock);
		free_pages(copy, 0);
		return 0;
	}
	replace(vma, addr, entry, page, copy);
	spin_unlock(&mm->pt_lock);
	counters()->anon++;
	if (!zero)
		page_put(page);
	return 0;
}

/* ---- the ways in ---- */

int fault_page(struct vma *vma, uaddr_t addr, bool write)
{
	pte_t *entry = pt_walk_alloc(vma->mm, addr), seen;

	if (unlikely(!entry))
		return -ENOMEM;
	seen = pte_get(entry);
	if (!seen.v)
		return vma->ops ? fault_file(vma, addr, entry, write) : fault_anon(vma, entry, write);
	if (write && !pte_writable(seen)) {
		if (vma->flags & VM_SHARED)
			return make_writable(vma, addr, entry, seen);
		return fault_cow(vma, addr, entry, seen);
	}
	/* Another thread was faster, or this CPU's TLB is behind. */
	arch_tlb_fault_done(&vma->mm->arch, addr);
	return 0;
}

static bool access_allowed(const struct vma *vma, unsigned flags)
{
	if (flags & FAULT_WRITE)
		return vma->flags & VM_WRITE;
	if (flags & FAULT_EXEC)
		return vma->flags & VM_EXEC;
	return vma->flags & (VM_READ | VM_WRITE | VM_EXEC);
}

/* Let the stack reach down to addr. Takes mmap_lock for write. 0 or -EFAULT. */
static int grow_stack(struct mm *mm, uaddr_t addr)
{
	struct vma *vma, *prev;
	int err = -EFAULT;
	u64 pages;

	addr &= PAGE_MASK;
	down_write(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	if (!vma || !(vma->flags & VM_GROWSDOWN) || addr < MMAP_MIN_ADDR)
		goto out;
	err = 0;
	if (vma->start <= addr)
		goto out;
	err = -EFAULT;
	prev = vma_prev(vma);
	pages = (vma->start - addr) >> PAGE_SHIFT;
	if (prev && !(prev->flags & VM_GROWSDOWN) && prev->flags & (VM_READ | VM_WRITE | VM_EXEC) &&
	    addr - prev->end < STACK_GUARD_GAP)
		goto out;
	if (vma->end - addr > rlimit(RLIMIT_STACK) || !may_expand(mm, vma->flags, pages) ||
	    (vma->flags & VM_LOCKED && mlock_limit_ok(mm, pages)))
		goto out;
	vma_set_bounds(vma, addr, vma->end);
	vma_account(mm, vma, (s64)pages);
	err = 0;
out:
	up_write(&mm->mmap_lock);
	return err;
}

int handle_mm_fault(struct mm *mm, uaddr_t addr, unsigned flags)
{
	struct vma *vma;
	int err;

	for (;;) {
		down_read(&mm->mmap_lock);
		vma = vma_find(mm, addr);
		if (likely(vma && vma->start <= addr))
			break;
		up_read(&mm->mmap_lock);
		if (!vma || !(vma->flags & VM_GROWSDOWN))
			return -EFAULT;
		err = grow_stack(mm, addr);
		if (err)
			return err;
	}
	err = access_allowed(vma, flags) ? fault_page(vma, addr & PAGE_MASK, flags & FAULT_WRITE) : -EACCES;
	up_read(&mm->mmap_lock);
	return err;
}

/* A fault that the user's own instruction made and that cannot be helped. */
static void fault_signal(int err, uaddr_t addr)
{
	if (err == -ENOMEM) {
		/* The allocator has killed somebody, or could not: then it is us. The access is tried again. */
		if (!fatal_signal_pending() && !oom_kill())
			signal_force_fault(SIGBUS, BUS_ADRERR, addr);
		return;
	}
	if (err == -EIO)
		signal_force_fault(SIGBUS, BUS_ADRERR, addr);
	else
		signal_force_fault(SIGSEGV, err == -EACCES ? SEGV_ACCERR : SEGV_MAPERR, addr);
}

void page_fault(struct trapframe *tf, uaddr_t addr, unsigned flags)
{
	struct cpu *cpu = this_cpu();
	struct mm *mm = current->mm;
	bool user = flags & FAULT_USER;
	int err = -EFAULT;

	if (unlikely(!user && !extable_search(tf_pc(tf))))
		panic_frame(tf, "kernel %s at %#lx", flags & FAULT_EXEC ? "jump" :
			    flags & FAULT_WRITE ? "write" : "read", addr);
	if (likely(addr < ARCH_USER_END && mm && !cpu->irq_depth && !cpu->nofault)) {
		current->min_faults++;
		hunt_spare_allocs(true);
		err = handle_mm_fault(mm, addr, flags);
		hunt_spare_allocs(false);
		if (likely(!err))
			return;
		/* A kernel copy of a thread that is not yet dead may still get its page. */
		if (!user && err == -ENOMEM && !fatal_signal_pending() && oom_kill())
			return;
	}
	if (user)
		fault_signal(err, addr);
	else
		kernel_fixup(tf);
}
