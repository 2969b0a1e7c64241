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
	PG_LARGE = 1 << 7,	/* head of a large kmalloc of `order` */
	PG_TABLE = 1 << 9,	/* a page table */
	PG_UNEVICTABLE = 1 << 10,	/* tmpfs: memory is the store */
	PG_ICACHE = 1 << 12,	/* made fetchable since it was last written by the kernel */
	PG_HOT = 1 << 13,	/* anonymous, written soon after a fork: fork copies it at once */
	/* tmpfs: set aside by fallocate once, not written nor mapped since: SEEK_DATA passes it */
	PG_HOLLOW = 1 << 14,
};

/*
 * 32 bytes a page, so that the array of a 512 MiB machine takes 4 MiB. How many entries map a page is not
 * counted: `refs` holds one for each, and an anonymous page with one reference has one owner.
 */
struct page {
	u32 flags;			/* [atomic] where a page is shared, else its owner's */
	s32 refs;			/* [atomic] 0: free */
	union {
		struct {			/* page cache */
			struct address_space *mapping;	/* [mapping->lock] */
			u64 index;			/* in pages */
		};
		struct list_head list;		/* buddy free list, slab list, a list of the owner's */
	};
	union {
		struct {			/* slab; [cache lock] */
			u16 slab_cache;		/* number of the cache; on each page of the slab */
			u16 slab_free;		/* first free object, SLAB_END: none */
			u16 slab_inuse;
			u16 slab_pad;
		};
		struct {
			u32 order;		/* of a free block or a large kmalloc */
			u32 private;
		};
		pte_t *slot;			/* page table: the entry it hangs from; `list` has the mm's tables */
	};
#ifdef CONFIG_DEBUG
	u32 site;			/* its owner's: who allocated it, janus/alloc_site.h */
#endif
};

enum gfp {
	GFP_KERNEL = 0,
	GFP_ZERO = 1 << 0,	/* cleared */
	GFP_ATOMIC = 1 << 1,	/* may not sleep: interrupt or spinlock held */
	/* for user memory: leaves a reserve, may start the OOM answer, fails when current is its victim */
	GFP_USER = 1 << 2,
	GFP_NOWARN = 1 << 3,
	GFP_PART = 1 << 4,	/* for what a caller of ours is asked for: hunts look at that, not at this */
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

/* One reference of what is, most often, its only owner: no atomic when it is. */
static inline void page_put_owner(struct page *p)
{
	if (__atomic_load_n(&p->refs, __ATOMIC_ACQUIRE) == 1)
		page_free_last(p);
	else
		page_put(p);
}

static inline void page_set_flag(struct page *p, u32 flag) { __atomic_fetch_or(&p->flags, flag, __ATOMIC_RELEASE); }
static inline void page_clear_flag(struct page *p, u32 flag) { __atomic_fetch_and(&p->flags, ~flag, __ATOMIC_RELEASE); }

#define mem_map ((struct page *)ARCH_VMEMMAP)
static inline u64 page_to_pfn(const struct page *p) { return (u64)(p - mem_map); }
static inline struct page *pfn_to_page(u64 pfn) { return mem_map + pfn; }
static inline phys_t page_to_phys(const struct page *p) { return page_to_pfn(p) << PAGE_SHIFT; }
static inline struct page *phys_to_page(phys_t pa) { return pfn_to_page(pa >> PAGE_SHIFT); }
static inline void *phys_to_virt(phys_t pa) { return (void *)(ARCH_DIRECT_MAP + pa); }
static inline phys_t virt_to_phys(const void *va) { return (phys_t)va - ARCH_DIRECT_MAP; }	/* direct map only */
static inline void *page_address(const struct page *p) { return phys_to_virt(page_to_phys(p)); }
static inline struct page *virt_to_page(const void *va) { return phys_to_page(virt_to_phys(va)); }

/* A page table is given back with all its entries empty. */
void pt_free(pte_t *table);

/*
 * Called when memory is short, to give some back: pages freed. Registered once, at boot; process context,
 * may be called under any sleeping lock, so it only tries locks.
 */
struct shrinker {
	u64 (*shrink)(u64 wanted);
	struct shrinker *next;
};
void register_shrinker(struct shrinker *s);
void drop_caches(void);		/* all that shrinkers give, and what waits for a grace period; sleeps */

/* Early boot: before the buddy allocator; zeroed, never freed. core/mm/early.c. */
void *early_alloc(size_t size, size_t align);
void mm_init(void);		/* early allocator -> final kernel tables, buddy, slab, vmalloc */
void mm_init_late(void);	/* free what the boot no longer needs (initrd, boot tables) */
void mm_free_range(phys_t start, phys_t end);	/* give reserved RAM to the allocator */

/* pages */
struct mem_stats { u64 total, free, available, cached, buffers, shmem, anon, slab, page_tables, kstack; };
void mem_stats(struct mem_stats *s);
extern u64 nr_total_pages;

#endif
