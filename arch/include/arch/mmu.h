/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: the encoding of an entry, and TLB upkeep. The walker is core's (core/mm/pgtable.c):
 * both machines walk 4 levels of 512 eight-byte entries over 48 bits.
 *
 * Level 0 holds the 4 KiB leaves, level 1 leaves of 2 MiB, level 2 of 1 GiB, level 3 is the root.
 * An entry that is all zero is empty. Entries of one mm change under its page-table lock.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <janus/types.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096UL
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PT_LEVELS	4
#define PT_ENTRIES	512
#define PT_SHIFT(level)	(PAGE_SHIFT + 9 * (level))

typedef struct {
	u64 v;
} pte_t;

/*
 * Core's language for a leaf's attributes; `pte_make` encodes it and `pte_prot` decodes it. Any number would do:
 * these let one of the machines have most bits where they are.
 */
enum pte_prot {
	PTE_R = 1 << 0,		/* W and X come with it; without it nobody may touch the page */
	PTE_W = 1 << 1,		/* hardware-writable now */
	PTE_U = 1 << 2,		/* user may access; kernel may never execute it */
	PTE_DEV = 1 << 4,	/* device memory, uncached */
	PTE_YOUNG = 1 << 5,	/* accessed; set it when making an entry that is about to be used */
	PTE_DIRTY = 1 << 6,	/* written since mapped */
	PTE_G = 1 << 8,		/* kernel: same in every address space */
	PTE_SPECIAL = 1 << 9,	/* no struct page behind it (software bit) */
	PTE_X = 1 << 11,
};

#include <arch/impl/mmu.h>	/* struct arch_mm; ARCH_USER_END and the kernel's layout below */

/*
 * impl/mmu.h defines, as constants:
 *   ARCH_USER_END       first address above user space (Linux's TASK_SIZE)
 *   ARCH_DIRECT_MAP     start of the direct map of physical memory; ARCH_DIRECT_MAP_SIZE
 *   ARCH_VMALLOC_START, ARCH_VMALLOC_END   kernel mappings made at run time
 *   ARCH_VMEMMAP        start of the struct page array, by page frame number from 0
 *   ARCH_IMAGE_BASE     link address of the kernel image
 *   ARCH_PIE_BASE       where a static PIE is loaded (Linux's ELF_ET_DYN_BASE)
 *   ARCH_MMAP_RANDOM_BITS, ARCH_STACK_RANDOM_BITS, ARCH_BRK_RANDOM_BITS   of pages, by which a program's
 *                       areas are moved (Linux's mmap_rnd_bits, STACK_RND_MASK, arch_randomize_brk)
 * and kimage_phys(addr): the physical address of an address inside the image.
 */

static inline pte_t pte_make(phys_t pa, unsigned prot);			/* a level 0 leaf */
static inline pte_t pte_make_block(phys_t pa, unsigned prot, int level);	/* level 1 or 2 leaf */
static inline pte_t pte_table(phys_t table);				/* points to the next level */
static inline bool pte_present(pte_t pte);
static inline bool pte_is_leaf(pte_t pte, int level);
static inline phys_t pte_pa(pte_t pte);
static inline unsigned pte_prot(pte_t pte);				/* of a leaf */
static inline bool pte_special(pte_t pte);				/* one bit of it, for loops over many */
static inline bool pte_writable(pte_t pte);
static inline void pte_set(pte_t *ptep, pte_t pte);			/* one store, then visible to the walker */
static inline pte_t pte_get(const pte_t *ptep);
static inline pte_t pte_clear(pte_t *ptep);		/* atomically empty it; the old entry with its dirty bit */
static inline void pte_wrprotect(pte_t *ptep);		/* atomically make a leaf read-only, dirty kept */

/* A new address space: pa of an empty root page is given; kernel half installed. 0 or -errno. */
int arch_mm_init(struct arch_mm *am, phys_t root);
void arch_mm_destroy(struct arch_mm *am);

/* Run on `am` from now on, this CPU; interrupts off. NULL: no user mappings at all (kernel only). */
void arch_mm_activate(struct arch_mm *am);

/*
 * Forget translations of [start, end) of `am` on every CPU; on return none is left. `freed_tables`
 * says that page-table pages under the range were unhooked too. Interrupts on, no spinlock that an
 * interrupt takes. A whole space is 0..ARCH_USER_END. arch_tlb_flush_kernel: the kernel's half.
 */
void arch_tlb_flush(struct arch_mm *am, uaddr_t start, uaddr_t end, bool freed_tables);
void arch_tlb_flush_kernel(unsigned long start, unsigned long end);

/* This CPU only, one page whose entry was made more permissive or valid by a fault. Cheap. */
static inline void arch_tlb_fault_done(struct arch_mm *am, uaddr_t va);

/* Boot: use the kernel page tables that core built at `root` on this CPU, for ever. */
void arch_kernel_root_install(phys_t root);

/* User code at [addr, addr + len) was written through the direct map or by a copy: make it fetchable. */
void arch_sync_icache(void *kaddr, size_t len);

/* Fast page operations on direct-map addresses, page aligned. */
void arch_clear_page(void *page);

/* Kernel memory, upwards: n is a multiple of ARCH_BULK, and above 0. For memcpy and whole pages. */
#define ARCH_BULK 256u
void arch_copy_bulk(void *to, const void *from, size_t n);
static inline void arch_copy_page(void *to, const void *from) { arch_copy_bulk(to, from, PAGE_SIZE); }

#include <arch/impl/mmu_inline.h>

#endif
