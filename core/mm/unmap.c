// SPDX-License-Identifier: BSD-2-Clause
/*
 * Taking mappings away. Entries are cleared under pt_lock and what they pointed to is put aside; then the
 * TLBs forget the range, once; only then pages and tables go back to the allocator.
 */
#include "internal.h"

#include <janus/printk.h>
#include <janus/thread.h>

/* Tables that may pile up before empty ones are looked for. */
#define TABLES_SWEEP 128
/* Above the last area nothing is mapped, up to the end of the tables that hold it. */
#define USER_CEILING ALIGN_UP(ARCH_USER_END, 1UL << PT_SHIFT(PT_LEVELS - 1))

void batch_init(struct tlb_batch *b, struct mm *mm)
{
	b->mm = mm;
	b->start = ~0UL;
	b->end = 0;
	b->tables = NULL;
	b->nr = 0;
}

static void batch_flush(struct tlb_batch *b)
{
	if (b->start < b->end || b->tables)
		arch_tlb_flush(&b->mm->arch, min(b->start, b->end), b->end, b->tables);
	b->start = ~0UL;
	b->end = 0;
	while (b->nr)
		page_put_owner(b->pages[--b->nr]);
	while (b->tables) {
		pte_t *table = b->tables;

		b->tables = (pte_t *)table[0].v;
		table[0].v = 0;
		pt_free(table);
	}
}

void batch_finish(struct tlb_batch *b)
{
	batch_flush(b);
}

/* ---- entries ---- */

/* A file's page is mapped once less; what was written through this entry is remembered. pt_lock held. */
static void file_entry_gone(struct mm *mm, struct vma *vma, pte_t old, struct page *page)
{
	if (page->flags & PG_UNEVICTABLE) {
		mm->shmem_pages--;
		return;
	}
	mm->file_pages--;
	if (vma->flags & VM_SHARED && pte_writable(old) && !(page->flags & PG_DIRTY))
		page_set_flag(page, PG_DIRTY);
}

/* What becomes of the page behind an entry that was just cleared. pt_lock held. */
static inline void entry_gone(struct tlb_batch *b, struct vma *vma, pte_t old)
{
	struct page *page;

	if (pte_special(old))
		return;
	page = phys_to_page(pte_pa(old));
	if (page->flags & PG_ANON)
		b->mm->anon_pages--;
	else
		file_entry_gone(b->mm, vma, old, page);
	b->pages[b->nr++] = page;
}

/* [start, end) lies under one table. Returns where it stopped: the batch may be full. */
static uaddr_t zap_table(struct tlb_batch *b, struct vma *vma, pte_t *table, uaddr_t start, uaddr_t end, bool keep_anon)
{
	struct mm *mm = b->mm;
	pte_t *entry = &table[pt_index(start, 0)], *last = entry + ((end - start) >> PAGE_SHIFT);

	spin_lock(&mm->pt_lock);
	for (; start < end && b->nr < BATCH_PAGES; start += PAGE_SIZE, entry++) {
		pte_t old = pte_get(entry);

		if (!old.v) {
			pte_t *empty = pt_skip_empty(entry, last);

			start += (uaddr_t)(empty - entry) << PAGE_SHIFT;
			entry = empty;
			continue;
		}
		if (unlikely(keep_anon) && !pte_special(old) && phys_to_page(pte_pa(old))->flags & PG_ANON)
			continue;
		old = pte_clear(entry);
		b->start = min(b->start, start);
		b->end = max(b->end, start + PAGE_SIZE);
		entry_gone(b, vma, old);
	}
	spin_unlock(&mm->pt_lock);
	return start;
}

void zap_range(struct tlb_batch *b, struct vma *vma, uaddr_t start, uaddr_t end, bool keep_anon)
{
	while (start < end) {
		uaddr_t next;
		pte_t *table = pt_table_at(b->mm->root, start, end, &next);

		if (table)
			next = zap_table(b, vma, table, start, next, keep_anon);
		start = next;
		if (b->nr == BATCH_PAGES)
			batch_flush(b);
	}
}

/* ---- tables ---- */

static void unhook(struct tlb_batch *b, pte_t *slot)
{
	pte_t *table = pt_child(pte_clear(slot));

	list_del(&virt_to_page(table)->list);
	b->mm->table_pages--;
	table[0].v = (u64)b->tables;	/* it is empty, and nothing walks it but the hardware, until the flush */
	b->tables = table;
}

/* The entries of `table`, which is of `level`, for [start, end). pt_lock held. */
static void free_level(struct tlb_batch *b, pte_t *table, int level, uaddr_t start, uaddr_t end,
		       uaddr_t floor, uaddr_t ceiling)
{
	uaddr_t size = 1UL << PT_SHIFT(level), next;

	for (; start < end; start = next) {
		pte_t *slot = &table[pt_index(start, level)];
		uaddr_t base = start & ~(size - 1);

		next = pt_boundary(start, end, level);
		if (!pte_get(slot).v)
			continue;
		if (level > 1)
			free_level(b, pt_child(pte_get(slot)), level - 1, start, next, floor, ceiling);
		if (base >= floor && ceiling - base >= size && ceiling > base)
			unhook(b, slot);
	}
}

/* Unhook the tables under [start, end) that lie wholly in [floor, ceiling), where no area is left. */
static void free_tables(struct tlb_batch *b, uaddr_t start, uaddr_t end, uaddr_t floor, uaddr_t ceiling)
{
	b->start = min(b->start, start);
	b->end = max(b->end, end);
	spin_lock(&b->mm->pt_lock);
	free_level(b, b->mm->root, PT_LEVELS - 1, start, end, floor, ceiling);
	spin_unlock(&b->mm->pt_lock);
}

/* Free the tables in every gap between areas. mmap_lock held for write. */
static void sweep_tables(struct tlb_batch *b)
{
	struct mm *mm = b->mm;
	uaddr_t floor = 0;
	struct vma *vma;

	list_for_each_entry(vma, &mm->areas, link) {
		if (vma->start > floor)
			free_tables(b, floor, vma->start, floor, vma->start);
		floor = vma->end;
	}
	free_tables(b, floor, USER_CEILING, floor, USER_CEILING);
	mm->kept_tables = false;
	mm->swept_tables = mm->table_pages;
}

/*
 * After the areas of [start, end) are gone. A small range leaves its tables, empty ones, to whoever maps
 * there next, and now and then all gaps are swept; a large one takes them along.
 */
static void unmap_tables(struct tlb_batch *b, uaddr_t start, uaddr_t end)
{
	struct mm *mm = b->mm;
	struct vma *next, *prev;
	uaddr_t floor, ceiling;

	if (end - start < 1UL << PT_SHIFT(1)) {
		mm->kept_tables = true;
		if (mm->table_pages > mm->swept_tables + TABLES_SWEEP)
			sweep_tables(b);
		return;
	}
	next = vma_find(mm, end);
	prev = vma_below(mm, next);
	floor = prev ? prev->end : 0;
	ceiling = next ? next->start : USER_CEILING;
	/* With tables left in the gap, all of it must be walked, or one would be freed that is not empty. */
	if (mm->kept_tables)
		free_tables(b, floor, ceiling, floor, ceiling);
	else
		free_tables(b, start, end, floor, ceiling);
}

/* ---- areas ---- */

/* One area loses [start, end), at one of its ends or as a whole. */
static void unmap_part(struct tlb_batch *b, struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct mm *mm = b->mm;

	if (start == vma->start && end == vma->end) {
		vma_unlink(mm, vma);
		zap_range(b, vma, start, end, false);
		vma_free(vma);
		return;
	}
	if (start == vma->start)
		vma_set_bounds(vma, end, vma->end);
	else
		vma_set_bounds(vma, vma->start, start);
	vma_account(mm, vma, -(s64)((end - start) >> PAGE_SHIFT));
	zap_range(b, vma, start, end, false);
}

int unmap_region(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct vma *vma = vma_find(mm, start);
	struct tlb_batch batch;
	int err;

	if (!vma || vma->start >= end)
		return 0;
	if (vma->start < start && vma->end > end) {
		err = vma_split(vma, end);
		if (err)
			return err;
	}
	if (end - start >= 16 * PAGE_SIZE)
		mm_rss(mm);	/* the peak may be now */
	batch_init(&batch, mm);
	while (vma && vma->start < end) {
		struct vma *next = vma_next(vma);

		unmap_part(&batch, vma, max(start, vma->start), min(end, vma->end));
		vma = next;
	}
	gap_opened(mm, start, end);
	unmap_tables(&batch, start, end);
	batch_finish(&batch);
	return 0;
}

/* Entries of one table of a space that nobody runs in: pages go at once. */
static void exit_entries(struct tlb_batch *b, struct vma *vma, pte_t *entry, const pte_t *end)
{
	struct mm *mm = b->mm;
	s64 anon = 0;

	spin_lock(&mm->pt_lock);
	for (; entry < end; entry++) {
		pte_t old = *entry;
		struct page *page;

		if (!old.v) {
			entry = pt_skip_empty(entry, end);
			continue;
		}
		entry->v = 0;
		if (pte_special(old))
			continue;
		page = phys_to_page(pte_pa(old));
		if (page->flags & PG_ANON) {
			anon++;
			page_put_owner(page);
		} else {
			file_entry_gone(mm, vma, old, page);
			page_put(page);		/* its file has it too, nearly always */
		}
	}
	mm->anon_pages -= anon;
	spin_unlock(&mm->pt_lock);
}

static void exit_area(struct tlb_batch *b, struct vma *vma)
{
	uaddr_t at = vma->start, next;

	for (; at < vma->end; at = next) {
		pte_t *table = pt_table_at(b->mm->root, at, vma->end, &next);

		if (!table)
			continue;
		exit_entries(b, vma, &table[pt_index(at, 0)], &table[pt_index(at, 0)] + ((next - at) >> PAGE_SHIFT));
		cond_resched();
	}
}

/* Every table is unhooked from the one above it, so that all are empty in the end. */
static void exit_tables(struct tlb_batch *b)
{
	struct mm *mm = b->mm;
	struct page *page;

	spin_lock(&mm->pt_lock);
	list_for_each_entry(page, &mm->tables, list)
		page->slot->v = 0;
	list_for_each_entry(page, &mm->tables, list) {
		pte_t *table = page_address(page);

		table[0].v = (u64)b->tables;
		b->tables = table;
		mm->table_pages--;
	}
	list_init(&mm->tables);
	spin_unlock(&mm->pt_lock);
}

/*
 * The last user is gone. Nobody runs here any more, so pages go back at once; tables only after the TLBs,
 * which walk them of their own accord, have forgotten them. Truncation may still look in until an area is
 * off its file's list.
 */
void exit_mmap(struct mm *mm)
{
	struct vma *vma, *next;
	struct tlb_batch batch;

	batch_init(&batch, mm);
	list_for_each_entry_safe(vma, next, &mm->areas, link) {
		vma_unlink_file(vma);
		exit_area(&batch, vma);
		vma_free(vma);
	}
	exit_tables(&batch);
	batch.start = 0;
	batch.end = ARCH_USER_END;
	batch_flush(&batch);
	mm->vmas = RB_ROOT;
	list_init(&mm->areas);
	mm->last = NULL;
	mm->nr_vmas = 0;
	WARN_ON(mm->table_pages || mm->anon_pages);
}

/* Clear what one area maps of pages [first, last] of its file. mapping->mmap_lock held: it stays. */
static void unmap_vma_pages(struct vma *vma, u64 first, u64 last, bool even_cows)
{
	u64 vma_last = vma->pgoff + ((vma->end - vma->start) >> PAGE_SHIFT) - 1;
	struct tlb_batch batch;

	if (first > vma_last || last < vma->pgoff)
		return;
	first = max(first, vma->pgoff);
	last = min(last, vma_last);
	batch_init(&batch, vma->mm);
	zap_range(&batch, vma, vma->start + ((first - vma->pgoff) << PAGE_SHIFT),
		  vma->start + ((last - vma->pgoff + 1) << PAGE_SHIFT), !even_cows);
	batch_finish(&batch);
}

void unmap_mapping_range(struct address_space *mapping, u64 first, u64 last, bool even_cows)
{
	struct vma *vma;

	/* The pages are the file's no more before we look who maps it: who comes now sees that when it faults. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (list_empty(&mapping->mappings))
		return;
	spin_lock(&mapping->mmap_lock);
	list_for_each_entry(vma, &mapping->mappings, map_link)
		unmap_vma_pages(vma, first, last, even_cows);
	spin_unlock(&mapping->mmap_lock);
}
