/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of core/mm share among themselves. Nobody else includes this.
 */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include <arch/boot.h>
#include <arch/mmu.h>
#include <janus/cpu.h>
#include <janus/fs.h>
#include <janus/mm.h>
#include <janus/page.h>
#include <uapi/errno.h>

/* The linker script's marks. */
extern char __image_start[], __image_end[], __text_start[], __text_end[], __rodata_start[], __rodata_end[];

/* ---- early.c: [const] after mm_init ---- */
#define MAX_RANGES 96
struct range_set {
	unsigned n;
	struct boot_range r[MAX_RANGES];	/* sorted, disjoint, page aligned */
};
extern struct range_set ram_present;	/* RAM that has struct pages, reserved or not */
void early_init(void);
const struct range_set *early_finish(void);	/* what early_alloc() has not taken; ends its use */

/* ---- boot steps, in this order ---- */
void page_alloc_init(void);		/* page_alloc.c */
void slab_init(void);
void vmalloc_init(void);
void mm_caches_init(void);		/* mm.c */

/* ---- counters: each CPU its own, summed by mem_stats() ---- */
struct mm_counters {
	s64 anon, cached, shmem, slab, tables, kstack;	/* pages; [own], thread context only */
} __cacheline_aligned;
extern struct mm_counters mm_counters[NR_CPUS];
static inline struct mm_counters *counters(void) { return &mm_counters[this_cpu_id()]; }

/* ---- pgtable.c ---- */
static inline unsigned pt_index(uaddr_t va, int level) { return (va >> PT_SHIFT(level)) & (PT_ENTRIES - 1); }
static inline pte_t *pt_child(pte_t entry) { return phys_to_virt(pte_pa(entry)); }
/* The end of the table of `level` entries (2: what one level 1 table spans) that holds va, or `end`. */
static inline uaddr_t pt_boundary(uaddr_t va, uaddr_t end, int level)
{
	uaddr_t next = ((va >> PT_SHIFT(level)) + 1) << PT_SHIFT(level);

	return next - 1 < end - 1 ? next : end;
}
/* Over what is empty behind `entry`, which is empty: the last such before one that may not be. */
static inline pte_t *pt_skip_empty(pte_t *entry, const pte_t *end)
{
	while (entry + 8 < end && !(entry[1].v | entry[2].v | entry[3].v | entry[4].v |
				    entry[5].v | entry[6].v | entry[7].v | entry[8].v))
		entry += 8;
	if (entry + 4 < end && !(entry[1].v | entry[2].v | entry[3].v | entry[4].v))
		entry += 4;
	return entry;
}
/* Entries of many pages with the same protection differ in the address alone. */
static inline pte_t pte_at(pte_t base, const struct page *page) { return (pte_t){ base.v | page_to_phys(page) }; }

/* The level 0 table that holds va, or NULL; *next is where the next one starts, at most end. */
pte_t *pt_table_at(pte_t *root, uaddr_t va, uaddr_t end, uaddr_t *next);

/* PTE_* of a page of vma as its protection allows it, without PTE_W. */
static inline unsigned vma_pte_prot(const struct vma *vma)
{
	unsigned prot = PTE_U | PTE_YOUNG;

	if (vma->flags & (VM_READ | VM_WRITE))
		prot |= PTE_R;
	if (vma->flags & VM_EXEC)
		prot |= PTE_R | PTE_X;
	return prot;
}

/* ---- unmap.c ---- */
#define BATCH_PAGES 60
/* Pages that are unmapped but may still be in a TLB: flushed once, then freed. Lives on the stack. */
struct tlb_batch {
	struct mm *mm;
	uaddr_t start, end;		/* what has changed; start >= end: nothing */
	pte_t *tables;			/* unhooked tables, chained through their first entry */
	unsigned nr;
	struct page *pages[BATCH_PAGES];
};
void batch_init(struct tlb_batch *b, struct mm *mm);
void batch_finish(struct tlb_batch *b);
/* Clear the entries of vma in [start, end). keep_anon: private copies stay. Takes pt_lock. */
void zap_range(struct tlb_batch *b, struct vma *vma, uaddr_t start, uaddr_t end, bool keep_anon);
void exit_mmap(struct mm *mm);

/* ---- vma.c: all with mmap_lock held for write ---- */
static inline struct vma *vma_prev(struct vma *vma) { return vma_at(vma->mm, vma->link.prev); }
/* The area below `next`, which is the first one of some address on; NULL: below nothing, so the last. */
static inline struct vma *vma_below(struct mm *mm, struct vma *next)
{
	return vma_at(mm, next ? next->link.prev : mm->areas.prev);
}
void vma_init(void);
struct vma *vma_alloc(struct mm *mm);
struct vma *vma_copy(const struct vma *vma);
void vma_free(struct vma *vma);			/* drops the file, calls close */
void vma_link(struct mm *mm, struct vma *vma);	/* into the tree, the list and the mapping's list; counts it */
/* Where a search of the tree ended: to the left or right of parent (NULL: the first area), unbalanced. */
void vma_hang(struct mm *mm, struct vma *vma, struct rb_node *parent, struct rb_node **link);
void vma_unlink(struct mm *mm, struct vma *vma);
void vma_link_file(struct vma *vma);		/* the mapping's list alone */
void vma_unlink_file(struct vma *vma);
struct vma *vma_change(struct vma *vma, uaddr_t start, uaddr_t end, u32 flags);	/* mprotect.c; splits, does not join */
int vma_split(struct vma *vma, uaddr_t at);	/* the new part is above: vma_next(vma) */
struct vma *vma_merge(struct vma *vma);		/* with its neighbours; what it became */
/* Grow a neighbour over the free range instead of making an area; NULL when none fits. */
struct vma *vma_extend(struct mm *mm, uaddr_t start, uaddr_t end, u32 flags, struct file *file, u64 pgoff);
uaddr_t find_gap(struct mm *mm, size_t len);	/* 0: none */
uaddr_t find_gap_low(struct mm *mm, size_t len, uaddr_t end);	/* below 2 GiB and the like */
bool range_is_free(struct mm *mm, uaddr_t start, uaddr_t end);
void vma_account(struct mm *mm, const struct vma *vma, s64 pages);
void vma_set_bounds(struct vma *vma, uaddr_t start, uaddr_t end);
struct address_space *vma_mapping(const struct vma *vma);
void gap_opened(struct mm *mm, uaddr_t start, uaddr_t end);

#define MAX_MAP_COUNT 65530
#define MMAP_MIN_ADDR 65536UL
#define STACK_GUARD_GAP (256UL << PAGE_SHIFT)

/* ---- fault.c, mmap.c ---- */
void fault_init(void);
/* Bring one page in, as the area's protection or (write to a private area) a debugger needs it. mmap_lock held. */
int fault_page(struct vma *vma, uaddr_t addr, bool write);
int populate(struct mm *mm, uaddr_t start, uaddr_t end, bool write);	/* takes mmap_lock */
bool may_expand(struct mm *mm, u32 flags, u64 pages);			/* RLIMIT_AS, RLIMIT_DATA */
int mlock_limit_ok(struct mm *mm, u64 pages);				/* 0, -EAGAIN (caller's errno varies) */
/* Remove [start, end) of the tree's areas and their pages; start and end are page aligned. */
int unmap_region(struct mm *mm, uaddr_t start, uaddr_t end);
/* User code came from the kernel's hands: let the instruction fetch see it. */
static inline void make_fetchable(struct page *page)
{
	if (likely(page->flags & PG_ICACHE))
		return;
	arch_sync_icache(page_address(page), PAGE_SIZE);
	page_set_flag(page, PG_ICACHE);
}
/* Map cached pages around a read fault, pt_lock held: many for a program that starts, few for a child of fork. */
#define AROUND_MIN 4
#define AROUND_MAX 64
void filemap_map_around(struct vma *vma, uaddr_t addr, pte_t *ptep, unsigned prot);

/* ---- reclaim.c, oom.c ---- */
u64 reclaim_pages(u64 wanted);
bool oom_wait(void);	/* false: current shall fail instead */

#endif
