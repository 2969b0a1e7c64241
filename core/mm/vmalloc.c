// SPDX-License-Identifier: BSD-2-Clause
/*
 * Kernel virtual memory: allocations of pages that need not be contiguous, device registers, and kernel
 * stacks. Areas are kept in order of address in one list, each with an unmapped page behind it.
 *
 * Only the first 512 GiB of the vmalloc range are used, so that one entry of the root table, made at boot,
 * covers them in every address space.
 */
#include "internal.h"

#include <arch/thread.h>
#include <janus/alloc_site.h>
#include <janus/printk.h>
#include <janus/slab.h>

#define VMALLOC_SPAN (1UL << PT_SHIFT(3))
#define STACKS_KEPT 15

struct vm_area {
	struct list_head link;		/* [vmalloc_lock] by address */
	unsigned long start, size;	/* [const] mapped bytes */
	bool device;			/* [const] the pages are not ours */
};

static spinlock_t vmalloc_lock = SPINLOCK_INIT;
static LIST_HEAD(vm_areas);
static struct kmem_cache *vm_area_cache;

/* Free kernel stacks, mapped and ready. [own] thread context */
static struct stack_magazine {
	u64 n;
	void *stack[STACKS_KEPT];
} __cacheline_aligned stack_magazines[NR_CPUS];

/* First fit. The guard page in front of an area is the one behind its predecessor. */
static struct vm_area *area_reserve(size_t size, size_t align, unsigned gfp)
{
	struct vm_area *area = kmem_cache_alloc(vm_area_cache, gfp), *other;
	unsigned long at = ALIGN_UP(ARCH_VMALLOC_START + PAGE_SIZE, align);
	unsigned long limit = ARCH_VMALLOC_START + VMALLOC_SPAN;
	struct list_head *before = &vm_areas;

	if (!area)
		return NULL;
	limit = (limit & ~(VMALLOC_SPAN - 1)) < ARCH_VMALLOC_END ? limit & ~(VMALLOC_SPAN - 1) : ARCH_VMALLOC_END;
	spin_lock(&vmalloc_lock);
	list_for_each_entry(other, &vm_areas, link) {
		if (at + size + PAGE_SIZE <= other->start)
			break;
		at = max_t(unsigned long, at, ALIGN_UP(other->start + other->size + PAGE_SIZE, align));
		before = &other->link;
	}
	if (size < limit && at + size + PAGE_SIZE <= limit) {
		*area = (struct vm_area){ .start = at, .size = size };
		list_add(&area->link, before);
		spin_unlock(&vmalloc_lock);
		return area;
	}
	spin_unlock(&vmalloc_lock);
	kmem_cache_free(vm_area_cache, area);
	return NULL;
}

static struct vm_area *area_find(unsigned long start)
{
	struct vm_area *area, *found = NULL;

	spin_lock(&vmalloc_lock);
	list_for_each_entry(area, &vm_areas, link) {
		if (area->start == start) {
			found = area;
			break;
		}
	}
	spin_unlock(&vmalloc_lock);
	return found;
}

/* Unmap the first `mapped` bytes, free their pages when they are ours, and forget the area. */
static void area_release(struct vm_area *area, size_t mapped)
{
	struct page *pages[16];
	size_t done = 0;

	while (done < mapped) {
		size_t n = min_t(size_t, ARRAY_SIZE(pages), (mapped - done) / PAGE_SIZE);

		for (size_t i = 0; i < n && !area->device; i++) {
			pte_t *entry = pt_walk(kernel_mm.root, area->start + done + i * PAGE_SIZE);

			pages[i] = phys_to_page(pte_pa(pte_get(entry)));
		}
		kernel_unmap(area->start + done, n * PAGE_SIZE);
		for (size_t i = 0; i < n && !area->device; i++)
			free_pages(pages[i], 0);
		done += n * PAGE_SIZE;
	}
	spin_lock(&vmalloc_lock);
	list_del(&area->link);
	spin_unlock(&vmalloc_lock);
	kmem_cache_free(vm_area_cache, area);
}

static void *vmalloc_aligned(size_t size, size_t align, unsigned gfp)
{
	struct vm_area *area;

	size = ALIGN_UP(size, PAGE_SIZE);
	if (!size || size >> PAGE_SHIFT > nr_total_pages)
		return NULL;
	area = area_reserve(size, align, gfp);
	if (!area)
		return NULL;
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		struct page *page = alloc_page(gfp);

		if (page && !kernel_map(area->start + done, page_to_phys(page), PAGE_SIZE, PTE_R | PTE_W))
			continue;
		if (page)
			free_pages(page, 0);
		area_release(area, done);
		return NULL;
	}
	return (void *)area->start;
}

void *vmalloc(size_t size)
{
	return vmalloc_aligned(size, PAGE_SIZE, GFP_KERNEL);
}

void vfree(const void *addr)
{
	struct vm_area *area = addr ? area_find((unsigned long)addr) : NULL;

	if (!addr || WARN_ON(!area))
		return;
	area_release(area, area->size);
}

void *ioremap(phys_t pa, size_t size)
{
	size_t offset = pa & ~PAGE_MASK;
	struct vm_area *area;

	size = ALIGN_UP(size + offset, PAGE_SIZE);
	area = area_reserve(size, PAGE_SIZE, GFP_KERNEL);
	if (!area)
		return NULL;
	area->device = true;
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		if (kernel_map(area->start + done, (pa - offset) + done, PAGE_SIZE, PTE_R | PTE_W | PTE_DEV)) {
			area_release(area, done);
			return NULL;
		}
	}
	return (void *)(area->start + offset);
}

/*
 * Stacks are aligned to twice their size: the upper half of each place is never mapped and guards the
 * stack above it. A stack given back where nothing can be unmapped waits on a list, chained through its
 * first word.
 */
static spinlock_t stack_lock = SPINLOCK_INIT;	/* interrupts off */
static void **spare_stacks;			/* [stack_lock] */

static void *spare_take(void)
{
	struct irqflags flags = spin_lock_irqsave(&stack_lock);
	void **stack = spare_stacks;

	if (stack)
		spare_stacks = *stack;
	spin_unlock_irqrestore(&stack_lock, flags);
	return stack;
}

static void spare_put(void **stack)
{
	struct irqflags flags = spin_lock_irqsave(&stack_lock);

	*stack = spare_stacks;
	spare_stacks = stack;
	spin_unlock_irqrestore(&stack_lock, flags);
}

/* A stack's lowest page says who asked for it. */
static inline struct page *stack_page(void *stack)
{
	return phys_to_page(pte_pa(pte_get(pt_walk(kernel_mm.root, (unsigned long)stack))));
}

static __noinline void *stack_new(void)
{
	void *stack = READ_ONCE(spare_stacks) ? spare_take() : NULL;

	if (stack)
		return stack;
	stack = vmalloc_aligned(KSTACK_SIZE, KSTACK_ALIGN, GFP_KERNEL | GFP_PART);
	if (stack)
		counters()->kstack += KSTACK_SIZE / PAGE_SIZE;
	return stack;
}

void *kstack_alloc(void)
{
	struct stack_magazine *m = &stack_magazines[this_cpu_id()];
	void *stack;

	if (hunt_alloc_fails())
		return NULL;
	stack = likely(m->n) ? m->stack[--m->n] : stack_new();
	if (alloc_sites_on && stack)
		page_set_site(stack_page(stack), alloc_site_enter("kernel stack"));
	return stack;
}

static void stack_unmap(void *stack)
{
	counters()->kstack -= KSTACK_SIZE / PAGE_SIZE;
	vfree(stack);
}

void kstack_free(void *stack)
{
	struct cpu *cpu = this_cpu();
	struct stack_magazine *m = &stack_magazines[cpu->id];

	if (alloc_sites_on)
		alloc_site_leave(page_take_site(stack_page(stack)));
	if (likely(m->n < STACKS_KEPT && !cpu->irq_depth))
		m->stack[m->n++] = stack;
	else if (cpu->irq_depth || arch_irqs_disabled())
		spare_put(stack);
	else
		stack_unmap(stack);
}

static u64 stacks_shrink(u64 wanted)
{
	u64 freed = 0;
	void *stack;

	for (; freed < wanted && (stack = spare_take()); freed += KSTACK_SIZE / PAGE_SIZE)
		stack_unmap(stack);
	return freed;
}

static struct shrinker stack_shrinker = { .shrink = stacks_shrink };

void vmalloc_init(void)
{
	vm_area_cache = kmem_cache_create("vm_area", sizeof(struct vm_area), 0);
	register_shrinker(&stack_shrinker);
}
