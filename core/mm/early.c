// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory before there is an allocator: the ranges of RAM that the machine reported, less what it said is
 * in use, handed out from the bottom and never taken back. What is left goes to the buddy allocator.
 */
#include "internal.h"

#include <janus/printk.h>
#include <janus/string.h>

#define LOW_MEMORY_END (1UL << 20)	/* left to the machine's own needs until the allocator is up */

struct range_set ram_present;
static struct range_set early_free;
static bool early_over;

static void range_add(struct range_set *set, phys_t start, phys_t end)
{
	unsigned i = set->n;

	if (start >= end)
		return;
	if (set->n == MAX_RANGES) {
		printk(KERN_WARNING "memory: too many ranges, ignoring %#llx-%#llx\n",
		       (unsigned long long)start, (unsigned long long)end);
		return;
	}
	for (; i && set->r[i - 1].start > start; i--)
		set->r[i] = set->r[i - 1];
	set->r[i] = (struct boot_range){ start, end };
	set->n++;
}

/* Join ranges that touch or overlap. */
static void range_coalesce(struct range_set *set)
{
	unsigned to = 0;

	for (unsigned i = 1; i < set->n; i++) {
		if (set->r[i].start <= set->r[to].end)
			set->r[to].end = max(set->r[to].end, set->r[i].end);
		else
			set->r[++to] = set->r[i];
	}
	if (set->n)
		set->n = to + 1;
}

static void range_remove(struct range_set *set, phys_t start, phys_t end)
{
	unsigned n = set->n;

	for (unsigned i = 0; i < n; i++) {
		struct boot_range *r = &set->r[i];
		phys_t old_end = r->end;

		if (end <= r->start || start >= r->end)
			continue;
		r->end = max(r->start, start);
		if (r->start == r->end)
			*r = (struct boot_range){ min(end, old_end), old_end };
		else if (end < old_end) {
			range_add(set, end, old_end);
			n = set->n;
		}
	}
}

void early_init(void)
{
	for (unsigned i = 0; i < boot_info.nr_memory; i++) {
		phys_t start = ALIGN_UP(boot_info.memory[i].start, PAGE_SIZE);
		phys_t end = ALIGN_DOWN(boot_info.memory[i].end, PAGE_SIZE);

		range_add(&early_free, start, end);
		range_add(&ram_present, start, end);
	}
	for (unsigned i = 0; i < boot_info.nr_reserved; i++) {
		phys_t start = ALIGN_DOWN(boot_info.reserved[i].start, PAGE_SIZE);
		phys_t end = ALIGN_UP(boot_info.reserved[i].end, PAGE_SIZE);

		if (start < end) {
			range_add(&ram_present, start, end);
			range_remove(&early_free, start, end);
		}
	}
	range_coalesce(&ram_present);
}

void *early_alloc(size_t size, size_t align)
{
	BUG_ON(early_over);
	size = ALIGN_UP(size, 16UL);
	align = max_t(size_t, align, 16);
	for (unsigned i = 0; i < early_free.n; i++) {
		struct boot_range *r = &early_free.r[i];
		phys_t start = ALIGN_UP(max_t(phys_t, r->start, LOW_MEMORY_END), align), old = r->start;

		if (start + size > r->end)
			continue;
		r->start = start + size;
		if (ALIGN_DOWN(start, PAGE_SIZE) > ALIGN_UP(old, PAGE_SIZE))
			range_add(&early_free, ALIGN_UP(old, PAGE_SIZE), ALIGN_DOWN(start, PAGE_SIZE));
		return memset(phys_to_virt(start), 0, size);
	}
	panic("early memory: no room for %lu bytes", (unsigned long)size);
}

const struct range_set *early_finish(void)
{
	early_over = true;
	for (unsigned i = 0; i < early_free.n; i++)
		early_free.r[i].start = min_t(phys_t, ALIGN_UP(early_free.r[i].start, PAGE_SIZE),
					      early_free.r[i].end);
	return &early_free;
}
