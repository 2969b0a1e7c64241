// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's own half of the address space, built once at boot: the image by its sections, all RAM in the
 * direct map, the array of struct page for the RAM there is, and the tables under the vmalloc area.
 *
 * Nothing is both writable and executable; the direct map's view of text and rodata is read-only too.
 * After boot no entry of the root changes, so a machine may copy the kernel half into every root.
 */
#include "internal.h"

#include <janus/printk.h>

#define BLOCK_SIZE (1UL << PT_SHIFT(1))
#define VMALLOC_SPAN (1UL << PT_SHIFT(3))	/* what one root entry holds */

struct mm kernel_mm = {
	.users = REFCOUNT_INIT(1),
	.refs = REFCOUNT_INIT(1),
	.mmap_lock = RWSEM_INIT(kernel_mm.mmap_lock),
};
static spinlock_t kernel_pt_lock = SPINLOCK_INIT;	/* entries of the kernel half */
static bool allocator_up;

/* For ever: the kernel's tables are not freed. kernel_pt_lock is held, so no sleep. */
static pte_t *kernel_table_new(void)
{
	struct page *page;

	if (!allocator_up)
		return early_alloc(PAGE_SIZE, PAGE_SIZE);
	page = hunt_alloc_fails() ? NULL : alloc_page(GFP_ATOMIC | GFP_ZERO | GFP_PART);
	if (!page)
		return NULL;
	page->flags = PG_TABLE;
	counters()->tables++;
	return page_address(page);
}

/* A block becomes a table of the same mappings, so that part of it can change. */
static int block_split(pte_t *slot, int level)
{
	pte_t *table = kernel_table_new(), old = pte_get(slot);
	unsigned prot = pte_prot(old);

	if (!table)
		return -ENOMEM;
	for (unsigned i = 0; i < PT_ENTRIES; i++) {
		phys_t pa = pte_pa(old) + ((phys_t)i << PT_SHIFT(level - 1));

		table[i] = level == 1 ? pte_make(pa, prot) : pte_make_block(pa, prot, level - 1);
	}
	pte_set(slot, pte_table(virt_to_phys(table)));
	return 0;
}

/* The entry of `level` for va, with tables made on the way. kernel_pt_lock held. */
static pte_t *kernel_slot(unsigned long va, int level)
{
	pte_t *table = kernel_mm.root;

	for (int l = PT_LEVELS - 1; l > level; l--) {
		pte_t *slot = &table[pt_index(va, l)];

		if (!pte_get(slot).v) {
			pte_t *new = kernel_table_new();

			if (!new)
				return NULL;
			pte_set(slot, pte_table(virt_to_phys(new)));
		} else if (pte_is_leaf(pte_get(slot), l) && block_split(slot, l)) {
			return NULL;
		}
		table = pt_child(pte_get(slot));
	}
	return &table[pt_index(va, level)];
}

int kernel_map(unsigned long va, phys_t pa, size_t size, unsigned prot)
{
	int err = 0;

	prot |= PTE_R | PTE_G | PTE_YOUNG | (prot & PTE_W ? PTE_DIRTY : 0);
	spin_lock(&kernel_pt_lock);
	while (size) {
		int level = IS_ALIGNED(va | pa, BLOCK_SIZE) && size >= BLOCK_SIZE;
		size_t step = 1UL << PT_SHIFT(level);
		pte_t *slot = kernel_slot(va, level);

		if (!slot) {
			err = -ENOMEM;
			break;
		}
		pte_set(slot, level ? pte_make_block(pa, prot, level) : pte_make(pa, prot));
		va += step;
		pa += step;
		size -= min(step, size);
	}
	spin_unlock(&kernel_pt_lock);
	return err;
}

/* A range that was mapped with 4 KiB pages. */
void kernel_unmap(unsigned long va, size_t size)
{
	spin_lock(&kernel_pt_lock);
	for (unsigned long at = va; at < va + size; at += PAGE_SIZE) {
		pte_t *entry = pt_walk(kernel_mm.root, at);

		if (entry && pte_present(pte_get(entry)))
			pte_clear(entry);
	}
	spin_unlock(&kernel_pt_lock);
	arch_tlb_flush_kernel(va, va + size);
}

static void map_image_part(const char *start, const char *end, unsigned prot)
{
	kernel_map((unsigned long)start, kimage_phys(start), ALIGN_UP((size_t)(end - start), PAGE_SIZE), prot);
}

static void map_image(void)
{
	map_image_part(__text_start, __text_end, PTE_R | PTE_X);
	map_image_part(__rodata_start, __rodata_end, PTE_R);
	map_image_part(__rodata_end, __image_end, PTE_R | PTE_W);
}

static void map_direct_part(phys_t start, phys_t end, unsigned prot)
{
	if (start < end)
		kernel_map(ARCH_DIRECT_MAP + start, start, end - start, prot);
}

static void map_direct(phys_t start, phys_t end)
{
	phys_t text = kimage_phys(__text_start), rodata_end = kimage_phys(__rodata_end);

	if (end <= text || start >= rodata_end) {
		map_direct_part(start, end, PTE_R | PTE_W);
		return;
	}
	map_direct_part(start, max(start, text), PTE_R | PTE_W);
	map_direct_part(max(start, text), min(end, rodata_end), PTE_R);
	map_direct_part(min(end, rodata_end), end, PTE_R | PTE_W);
}

/* Memory for the struct pages of one range of RAM; the pages at its ends may be shared with neighbours. */
static void map_struct_pages(phys_t start, phys_t end)
{
	unsigned long va = ALIGN_DOWN((unsigned long)phys_to_page(start), PAGE_SIZE);
	unsigned long va_end = ALIGN_UP((unsigned long)phys_to_page(end), PAGE_SIZE);
	size_t size;

	while (va < va_end && pt_walk(kernel_mm.root, va) && pte_present(pte_get(pt_walk(kernel_mm.root, va))))
		va += PAGE_SIZE;
	if (va >= va_end)
		return;
	size = va_end - va;
	kernel_map(va, virt_to_phys(early_alloc(size, PAGE_SIZE)), size, PTE_R | PTE_W);
}

static void kernel_tables_init(void)
{
	kernel_mm.root = early_alloc(PAGE_SIZE, PAGE_SIZE);
	map_image();
	for (unsigned i = 0; i < ram_present.n; i++)
		map_direct(ram_present.r[i].start, ram_present.r[i].end);
	for (unsigned i = 0; i < ram_present.n; i++)
		map_struct_pages(ram_present.r[i].start, ram_present.r[i].end);
	spin_lock(&kernel_pt_lock);
	kernel_slot(ARCH_VMALLOC_START, 1);
	kernel_slot(min_t(unsigned long, ARCH_VMALLOC_START + VMALLOC_SPAN, ARCH_VMALLOC_END) - PAGE_SIZE, 1);
	spin_unlock(&kernel_pt_lock);
	arch_kernel_root_install(virt_to_phys(kernel_mm.root));
	allocator_up = true;
}

void mm_init(void)
{
	extable_sort();
	early_init();
	kernel_tables_init();
	page_alloc_init();
	slab_init();
	vmalloc_init();
	mm_caches_init();
}

/* What the boot no longer needs: the initrd, once it is unpacked. */
void mm_init_late(void)
{
	struct boot_range *initrd = &boot_info.initrd;

	if (initrd->start < initrd->end)
		mm_free_range(initrd->start, initrd->end);
	initrd->start = initrd->end = 0;
}
