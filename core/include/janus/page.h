/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical pages: one `struct page` for each 4 KiB of RAM, the buddy allocator, and the direct map.
 *
 * alloc_pages() may reclaim and sleep unless GFP_ATOMIC; free_pages() from any context. Per-CPU magazines of
 * order 0 make the common case lock free (interrupts off). core/mm/page_alloc.c.
 */
#ifndef JANUS_PAGE_H
#define JANUS_PAGE_H

#include <arch/mmu.h>
#include <janus/list.h>
#include <janus/lock.h>
#include <janus/types.h>

struct address_space;

enum page_flag {
	PG_RESERVED = 1 << 0,	/* never in the allocator */
	PG_BUDDY = 1 << 1,	/* free, head of a block of `order` */
	PG_SLAB = 1 << 2,
	PG_UPTODATE = 1 << 3,	/* page cache: contents are valid */
	PG_DIRTY = 1 << 4,	/* page cache: newer than the backing store */
	PG_LOCKED = 1 << 5,	/* page cache: contents in transit; wait on it */
	PG_ANON = 1 << 6,	/* belongs to anonymous memory */
	PG_LRU = 1 << 7,
	PG_REFERENCED = 1 << 8,
	PG_TABLE = 1 << 9,	/* a page table */
	PG_UNEVICTABLE = 1 << 10,	/* tmpfs: memory is the store */
	PG_WRITEBACK = 1 << 11,
};

struct page {
	u32 flags;			/* [atomic] */
	s32 refs;			/* [atomic] 0: free */
	union {
		struct {			/* page cache */
			struct address_space *mapping;	/* [mapping->lock] */
			u64 index;			/* in pages */
		};
		struct {			/* slab */
			struct kmem_cache *cache;
			void *freelist;
			u32 inuse, objects;
		};
		struct {			/* page table: live entries [pt lock] */
			u32 pt_entries;
		};
		u32 order;			/* buddy head */
	};
	s32 mapcount;			/* [atomic] user page table entries that map it */
	u32 private;
	struct list_head lru;		/* buddy free list, LRU or slab list */
};

enum gfp {
	GFP_KERNEL = 0,
	GFP_ZERO = 1 << 0,	/* cleared */
	GFP_ATOMIC = 1 << 1,	/* may not sleep: interrupt or spinlock held */
	GFP_USER = 1 << 2,	/* for user memory: may start the OOM answer, fails when current is its victim */
	GFP_NOWARN = 1 << 3,
};

struct page *alloc_pages(unsigned order, unsigned gfp);	/* NULL when there is none */
void free_pages(struct page *page, unsigned order);
static inline struct page *alloc_page(unsigned gfp) { return alloc_pages(0, gfp); }
void *get_page_zeroed(void);			/* direct-map address; kernel's own use */
void free_page_addr(void *addr);

static inline void page_get(struct page *p) { __atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED); }
void page_free_last(struct page *p);
static inline void page_put(struct page *p)
{
	if (__atomic_fetch_sub(&p->refs, 1, __ATOMIC_ACQ_REL) == 1)
		page_free_last(p);
}

#define mem_map ((struct page *)ARCH_VMEMMAP)
static inline u64 page_to_pfn(const struct page *p) { return (u64)(p - mem_map); }
static inline struct page *pfn_to_page(u64 pfn) { return mem_map + pfn; }
static inline phys_t page_to_phys(const struct page *p) { return page_to_pfn(p) << PAGE_SHIFT; }
static inline struct page *phys_to_page(phys_t pa) { return pfn_to_page(pa >> PAGE_SHIFT); }
static inline void *phys_to_virt(phys_t pa) { return (void *)(ARCH_DIRECT_MAP + pa); }
static inline phys_t virt_to_phys(const void *va) { return (phys_t)va - ARCH_DIRECT_MAP; }	/* direct map only */
static inline void *page_address(const struct page *p) { return phys_to_virt(page_to_phys(p)); }
static inline struct page *virt_to_page(const void *va) { return phys_to_page(virt_to_phys(va)); }
bool pfn_valid(u64 pfn);		/* is there a struct page */

/* Early boot: before the buddy allocator; zeroed, never freed. core/mm/early.c. */
void *early_alloc(size_t size, size_t align);
void mm_init(void);		/* early allocator -> final kernel tables, buddy, slab, vmalloc */
void mm_init_late(void);	/* free what the boot no longer needs (initrd, boot tables) */
void mm_free_range(phys_t start, phys_t end);	/* give reserved RAM to the allocator */

struct mem_stats { u64 total, free, available, cached, buffers, shmem, anon, slab, page_tables, kstack; };	/* pages */
void mem_stats(struct mem_stats *s);
extern u64 nr_total_pages;

#endif
