// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one page-table walker. Both machines have 4 levels of 512 entries; what an entry looks like is the
 * machine's, where it lies is here.
 *
 * Tables of user space appear under pt_lock and vanish only while mmap_lock is held for write and no area
 * needs them, so a walk is safe under mmap_lock held for read, or under pt_lock for an address that lies
 * in an area which is still on its mapping's list.
 */
#include "internal.h"

#include <janus/alloc_site.h>

/*
 * Empty tables are all zeros and stay so while they are free: a new one costs no clearing.
 * [own] thread context.
 */
#define TABLES_KEPT 24
static struct table_magazine {
	unsigned n;
	pte_t *table[TABLES_KEPT];
} __cacheline_aligned table_magazines[NR_CPUS];

/* A table's direct-map address, all its entries empty, or NULL; may sleep. */
static pte_t *pt_alloc(void)
{
	struct cpu *cpu = this_cpu();
	struct table_magazine *m = &table_magazines[cpu->id];
	struct page *page;

	if (hunt_alloc_fails())
		return NULL;
	if (likely(m->n && !cpu->irq_depth)) {
		page = virt_to_page(m->table[--m->n]);
	} else {
		page = alloc_page(GFP_USER | GFP_ZERO | GFP_PART);
		if (!page)
			return NULL;
		page->flags = PG_TABLE;
	}
	counters()->tables++;
	page_set_site(page, alloc_site_enter("page table"));
	return page_address(page);
}

void pt_free(pte_t *table)
{
	struct cpu *cpu = this_cpu();
	struct table_magazine *m = &table_magazines[cpu->id];

	counters()->tables--;
	alloc_site_leave(page_take_site(virt_to_page(table)));
	if (likely(m->n < TABLES_KEPT && !cpu->irq_depth))
		m->table[m->n++] = table;
	else
		free_pages(virt_to_page(table), 0);
}

pte_t *pt_walk(pte_t *root, uaddr_t va)
{
	pte_t *table = root;

#pragma GCC unroll 4
	for (int level = PT_LEVELS - 1; level > 0; level--) {
		pte_t entry = pte_get(&table[pt_index(va, level)]);

		if (!entry.v || pte_is_leaf(entry, level))
			return NULL;
		table = pt_child(entry);
	}
	return &table[pt_index(va, 0)];
}

/* Hook a new table into *slot, unless another CPU was faster. */
static __noinline bool table_hook(struct mm *mm, pte_t *slot)
{
	pte_t *table = pt_alloc();

	if (unlikely(!table))
		return false;
	spin_lock(&mm->pt_lock);
	if (likely(!pte_get(slot).v)) {
		struct page *page = virt_to_page(table);

		page->slot = slot;
		list_add(&page->list, &mm->tables);
		pte_set(slot, pte_table(page_to_phys(page)));
		mm->table_pages++;
		table = NULL;
	}
	spin_unlock(&mm->pt_lock);
	if (unlikely(table))
		pt_free(table);
	return true;
}

pte_t *pt_walk_alloc(struct mm *mm, uaddr_t va)
{
	pte_t *table = mm->root;

#pragma GCC unroll 4
	for (int level = PT_LEVELS - 1; level > 0; level--) {
		pte_t *slot = &table[pt_index(va, level)];

		if (unlikely(!pte_get(slot).v) && !table_hook(mm, slot))
			return NULL;
		table = pt_child(pte_get(slot));
	}
	return &table[pt_index(va, 0)];
}

pte_t *pt_table_at(pte_t *root, uaddr_t va, uaddr_t end, uaddr_t *next)
{
	pte_t *table = root;

#pragma GCC unroll 4
	for (int level = PT_LEVELS - 1; level > 0; level--) {
		pte_t entry = pte_get(&table[pt_index(va, level)]);

		if (!entry.v) {
			*next = pt_boundary(va, end, level);
			return NULL;
		}
		table = pt_child(entry);
	}
	*next = pt_boundary(va, end, 1);
	return table;
}
