// SPDX-License-Identifier: BSD-2-Clause
/*
 * Physical pages: a buddy allocator of blocks of 1 to 1024 pages, and before it a magazine of single
 * pages on each CPU.
 *
 * A magazine belongs to its CPU's thread context, which is never preempted: it needs neither lock nor
 * masking. Interrupt handlers go to the buddy lists, whose lock is taken with interrupts off.
 */
#include "internal.h"

#include <janus/alloc_site.h>
#include <janus/printk.h>
#include <janus/string.h>
#include <janus/thread.h>

#define MAX_ORDER 10
#define MAGAZINE_PAGES 63
#define MAGAZINE_BATCH 31

static spinlock_t buddy_lock = SPINLOCK_INIT;		/* interrupts off */
static struct list_head buddy_list[MAX_ORDER + 1];	/* [buddy_lock] */
static u64 buddy_free;					/* [buddy_lock] pages */
static u64 reserve;		/* [const] pages that user memory leaves to the kernel */
u64 nr_total_pages;		/* [const] given to the allocator */

static struct page_magazine {
	u64 n;
	struct page *page[MAGAZINE_PAGES];
} __cacheline_aligned magazines[NR_CPUS];	/* [own] thread context */

struct mm_counters mm_counters[NR_CPUS];

/* Is there a struct page? */
static bool pfn_valid(u64 pfn)
{
	phys_t pa = pfn << PAGE_SHIFT;

	for (unsigned i = 0; i < ram_present.n; i++)
		if (pa >= ram_present.r[i].start && pa < ram_present.r[i].end)
			return true;
	return false;
}

/* ---- the buddy lists; buddy_lock held ---- */

static void block_add(struct page *page, unsigned order)
{
	page->flags = PG_BUDDY;
	page->refs = 0;
	page->order = order;
	list_add(&page->list, &buddy_list[order]);
}

static void block_free(struct page *page, unsigned order)
{
	u64 pfn = page_to_pfn(page);

	buddy_free += 1UL << order;
	while (order < MAX_ORDER) {
		u64 other_pfn = pfn ^ (1UL << order);
		struct page *other = pfn_to_page(other_pfn);

		if (!pfn_valid(other_pfn) || other->flags != PG_BUDDY || other->order != order)
			break;
		list_del(&other->list);
		other->flags = 0;
		pfn &= ~(1UL << order);
		order++;
	}
	block_add(pfn_to_page(pfn), order);
}

static struct page *block_take(unsigned order)
{
	for (unsigned o = order; o <= MAX_ORDER; o++) {
		struct page *page;

		if (list_empty(&buddy_list[o]))
			continue;
		page = list_first_entry(&buddy_list[o], struct page, list);
		list_del(&page->list);
		while (o > order) {
			o--;
			block_add(page + (1UL << o), o);
		}
		page->flags = 0;
		buddy_free -= 1UL << order;
		return page;
	}
	return NULL;
}

static struct page *buddy_take(unsigned order, bool keep_reserve)
{
	struct irqflags flags = spin_lock_irqsave(&buddy_lock);
	struct page *page = NULL;

	if (!keep_reserve || buddy_free >= reserve + (1UL << order))
		page = block_take(order);
	spin_unlock_irqrestore(&buddy_lock, flags);
	return page;
}

/* ---- magazines ---- */

/* The pages of the smallest free block, or of a part of it when there is room for fewer. buddy_lock held. */
static void magazine_add_block(struct page_magazine *m, u64 room)
{
	unsigned order = 0;
	struct page *page;

	while (list_empty(&buddy_list[order]) && 2UL << order <= room)
		order++;
	page = block_take(order);	/* not NULL: nothing smaller is free, and something is */
	for (u64 i = 0; i < 1UL << order; i++) {
		page[i].flags = 0;
		m->page[m->n++] = page + i;
	}
}

static struct page *magazine_refill(struct page_magazine *m, bool keep_reserve)
{
	struct irqflags flags = spin_lock_irqsave(&buddy_lock);
	struct page *page = NULL;

	if (!keep_reserve || buddy_free > reserve) {
		while (m->n < MAGAZINE_BATCH && buddy_free > reserve)
			magazine_add_block(m, min(MAGAZINE_BATCH - m->n, buddy_free - reserve));
		page = m->n ? m->page[--m->n] : block_take(0);
	}
	spin_unlock_irqrestore(&buddy_lock, flags);
	return page;
}

static void magazine_drain(struct page_magazine *m, u64 keep)
{
	struct irqflags flags = spin_lock_irqsave(&buddy_lock);

	while (m->n > keep)
		block_free(m->page[--m->n], 0);
	spin_unlock_irqrestore(&buddy_lock, flags);
}

/* This CPU's magazine. */
static void page_alloc_drain(void)
{
	magazine_drain(&magazines[this_cpu_id()], 0);
}

/* ---- the two calls ---- */

/* Take one more time, after making room as far as gfp allows. */
static __noinline struct page *alloc_hard(unsigned order, unsigned gfp)
{
	bool user = gfp & GFP_USER;

	if (gfp & GFP_ATOMIC || this_cpu()->irq_depth || arch_irqs_disabled())
		return buddy_take(order, false);
	for (;;) {
		struct page *page = buddy_take(order, user);

		if (page)
			return page;
		page_alloc_drain();
		if (reclaim_pages(max_t(u64, 32, 1UL << order)) || (page = buddy_take(order, user))) {
			if (page)
				return page;
			continue;
		}
		if (!user || order || gfp & GFP_NOWARN || !oom_wait())
			return NULL;
	}
}

static __noinline struct page *alloc_slow(unsigned order, unsigned gfp)
{
	struct cpu *cpu = this_cpu();
	struct page *page = NULL;

	if (!order && !cpu->irq_depth)
		page = magazine_refill(&magazines[cpu->id], gfp & GFP_USER);
	else if (order <= MAX_ORDER)
		page = buddy_take(order, gfp & GFP_USER);
	else
		return NULL;
	return page ? page : alloc_hard(order, gfp);
}

static void clear_pages(struct page *page, unsigned order)
{
	for (char *at = page_address(page), *end = at + (PAGE_SIZE << order); at < end; at += PAGE_SIZE)
		arch_clear_page(at);
}

struct page *alloc_pages(unsigned order, unsigned gfp)
{
	struct cpu *cpu = this_cpu();
	struct page_magazine *m = &magazines[cpu->id];
	struct page *page;

	if (!(gfp & GFP_PART) && hunt_alloc_fails())
		return NULL;
	if (likely(!order && m->n && !cpu->irq_depth))
		page = m->page[--m->n];
	else
		page = alloc_slow(order, gfp);
	if (unlikely(!page))
		return NULL;
	page->refs = 1;
	if (!(gfp & GFP_PART))
		page_set_site(page, alloc_site_enter("page"));
	if (gfp & GFP_ZERO)
		clear_pages(page, order);
	return page;
}

void free_pages(struct page *page, unsigned order)
{
	struct cpu *cpu = this_cpu();
	struct page_magazine *m = &magazines[cpu->id];
	struct irqflags flags;

#ifdef CONFIG_DEBUG
	BUG_ON(page->flags & (PG_BUDDY | PG_RESERVED));
	alloc_site_leave(page_take_site(page));
	memset(page_address(page), 0x6b, PAGE_SIZE << order);
#endif
	page->flags = 0;
	page->refs = 0;
	if (likely(!order && !cpu->irq_depth)) {
		if (unlikely(m->n == MAGAZINE_PAGES))
			magazine_drain(m, MAGAZINE_PAGES - MAGAZINE_BATCH);
		m->page[m->n++] = page;
		return;
	}
	flags = spin_lock_irqsave(&buddy_lock);
	block_free(page, order);
	spin_unlock_irqrestore(&buddy_lock, flags);
}

void page_free_last(struct page *page)
{
	if (unlikely(page->flags & PG_RESERVED))
		return;
	if (page->flags & PG_ANON)
		counters()->anon--;
	free_pages(page, 0);
}

void *get_page_zeroed(void)
{
	struct page *page = alloc_page(GFP_KERNEL | GFP_ZERO);

	return page ? page_address(page) : NULL;
}

void free_page_addr(void *addr)
{
	if (addr)
		free_pages(virt_to_page(addr), 0);
}

/* ---- boot and statistics ---- */

/* [start, end) becomes free, as the largest aligned blocks that fit. */
static void seed(phys_t start, phys_t end)
{
	struct irqflags flags = spin_lock_irqsave(&buddy_lock);
	u64 pfn = start >> PAGE_SHIFT, end_pfn = end >> PAGE_SHIFT;

	nr_total_pages += end_pfn - pfn;
	while (pfn < end_pfn) {
		unsigned order = pfn ? min_t(unsigned, MAX_ORDER, (unsigned)__builtin_ctzll(pfn)) : MAX_ORDER;

		while (pfn + (1UL << order) > end_pfn)
			order--;
		block_free(pfn_to_page(pfn), order);
		pfn += 1UL << order;
	}
	spin_unlock_irqrestore(&buddy_lock, flags);
}

void mm_free_range(phys_t start, phys_t end)
{
	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start >= end)
		return;
	for (u64 pfn = start >> PAGE_SHIFT; pfn < end >> PAGE_SHIFT; pfn++) {
		pfn_to_page(pfn)->flags = 0;
		pfn_to_page(pfn)->refs = 0;
	}
	seed(start, end);
}

/* Pages in use before there was an allocator: theirs for ever. */
static void mark_reserved(phys_t start, phys_t end)
{
	for (u64 pfn = start >> PAGE_SHIFT; pfn < end >> PAGE_SHIFT; pfn++) {
		pfn_to_page(pfn)->flags = PG_RESERVED;
		pfn_to_page(pfn)->refs = 1;
	}
}

void page_alloc_init(void)
{
	const struct range_set *free = early_finish();

	for (unsigned o = 0; o <= MAX_ORDER; o++)
		list_init(&buddy_list[o]);
	for (unsigned i = 0; i < ram_present.n; i++) {
		phys_t at = ram_present.r[i].start, end = ram_present.r[i].end;

		for (unsigned j = 0; j < free->n; j++) {
			if (free->r[j].start >= free->r[j].end || free->r[j].start < at || free->r[j].end > end)
				continue;
			mark_reserved(at, free->r[j].start);
			at = free->r[j].end;
		}
		mark_reserved(at, end);
	}
	for (unsigned i = 0; i < free->n; i++)
		if (free->r[i].start < free->r[i].end)
			seed(free->r[i].start, free->r[i].end);
	reserve = min_t(u64, max_t(u64, nr_total_pages / 128, 48), 2048);
}

static u64 pages_free(void)
{
	u64 n = READ_ONCE(buddy_free);

	for (unsigned i = 0; i < NR_CPUS; i++)
		n += READ_ONCE(magazines[i].n);
	return n;
}

void mem_stats(struct mem_stats *s)
{
	struct mm_counters sum = { 0 };

	for (unsigned i = 0; i < NR_CPUS; i++) {
		const struct mm_counters *c = &mm_counters[i];

		sum.anon += c->anon;
		sum.cached += c->cached;
		sum.shmem += c->shmem;
		sum.slab += c->slab;
		sum.tables += c->tables;
		sum.kstack += c->kstack;
	}
	*s = (struct mem_stats){ .total = nr_total_pages, .free = pages_free(), .cached = (u64)sum.cached,
		.shmem = (u64)sum.shmem, .anon = (u64)sum.anon, .slab = (u64)sum.slab,
		.page_tables = (u64)sum.tables, .kstack = (u64)sum.kstack };
	s->available = s->free + s->cached - s->shmem;
	s->available -= min(s->available, reserve);
}
