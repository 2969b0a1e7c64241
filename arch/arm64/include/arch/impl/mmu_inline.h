/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: the encoding of page-table entries (stage 1, 4 KiB granule), and the cheap half of TLB upkeep.
 *
 * Accessed is always set. A writable entry counts as dirty, and a software bit keeps that when it is
 * write-protected: hardware dirty state is not needed for what core does.
 */
#ifndef ARCH_IMPL_MMU_INLINE_H
#define ARCH_IMPL_MMU_INLINE_H

#define DESC_VALID	(1UL << 0)
#define DESC_TABLE	(1UL << 1)	/* at levels 1..3: not a block; at level 0: a page */
#define DESC_ATTR(n)	((u64)(n) << 2)
#define DESC_USER	(1UL << 6)
#define DESC_RDONLY	(1UL << 7)
#define DESC_INNER	(3UL << 8)
#define DESC_AF		(1UL << 10)
#define DESC_NG		(1UL << 11)
#define DESC_PXN	(1UL << 53)
#define DESC_UXN	(1UL << 54)
#define DESC_DIRTY	(1UL << 55)	/* software */
#define DESC_SPECIAL	(1UL << 56)	/* software */
#define DESC_NONE	(1UL << 57)	/* software: PROT_NONE, present for core but not valid */
#define DESC_PA		0x0000fffffffff000UL

/* MAIR_EL1's entries (boot.S loads them). */
#define ATTR_DEVICE	0
#define ATTR_UNCACHED	1
#define ATTR_NORMAL	2

/* The bit `from` of bits, at the place of `to`, which is higher; and back. */
#define BIT_UP(bits, from, to)		(((bits) & (u64)(from)) * ((to) / (from)))
#define BIT_DOWN(bits, from, to)	(((bits) & (u64)(from)) / ((from) / (to)))

static inline u64 pte_attributes(unsigned prot)
{
	u64 v = DESC_AF | DESC_VALID, not = ~(u64)prot;

	v |= prot & PTE_DEV ? DESC_ATTR(ATTR_DEVICE) : DESC_ATTR(ATTR_NORMAL) | DESC_INNER;
	v |= BIT_UP(not, PTE_G, DESC_NG) | BIT_UP(not, PTE_W, DESC_RDONLY);
	v |= BIT_UP(prot, PTE_DIRTY, DESC_DIRTY) | BIT_UP(prot, PTE_W, DESC_DIRTY) |
	     BIT_UP(prot, PTE_SPECIAL, DESC_SPECIAL);
	if (!(prot & PTE_U))
		return v | DESC_UXN | BIT_UP(not, PTE_X, DESC_PXN);
	if (!(prot & PTE_R))
		v ^= DESC_VALID | DESC_NONE;
	return v | DESC_USER | DESC_PXN | BIT_UP(not, PTE_X, DESC_UXN);
}

static inline pte_t pte_make(phys_t pa, unsigned prot)
{
	return (pte_t){ pa | pte_attributes(prot) | DESC_TABLE };
}

static inline pte_t pte_make_block(phys_t pa, unsigned prot, int level)
{
	(void)level;
	return (pte_t){ pa | pte_attributes(prot) };
}

static inline pte_t pte_table(phys_t table)
{
	return (pte_t){ table | DESC_TABLE | DESC_VALID };
}

static inline bool pte_present(pte_t pte)
{
	return pte.v & (DESC_VALID | DESC_NONE);
}

static inline bool pte_is_leaf(pte_t pte, int level)
{
	return level == 0 || !(pte.v & DESC_TABLE);
}

static inline phys_t pte_pa(pte_t pte)
{
	return pte.v & DESC_PA;
}

static inline unsigned pte_prot(pte_t pte)
{
	u64 not = ~pte.v, exec = pte.v & DESC_USER ? BIT_DOWN(not, DESC_UXN, PTE_X) : BIT_DOWN(not, DESC_PXN, PTE_X);
	u64 prot = PTE_YOUNG;

	if (!(pte.v & DESC_NONE))
		prot |= PTE_R | BIT_DOWN(not, DESC_RDONLY, PTE_W) | exec;
	prot |= BIT_DOWN(pte.v, DESC_USER, PTE_U) | BIT_DOWN(not, DESC_NG, PTE_G);
	prot |= BIT_DOWN(pte.v, DESC_DIRTY, PTE_DIRTY) | BIT_DOWN(pte.v, DESC_SPECIAL, PTE_SPECIAL);
	return (pte.v & DESC_ATTR(7)) == DESC_ATTR(ATTR_DEVICE) ? prot | PTE_DEV : prot;
}

static inline bool pte_special(pte_t pte)
{
	return pte.v & DESC_SPECIAL;
}

static inline bool pte_writable(pte_t pte)
{
	return !(pte.v & (DESC_RDONLY | DESC_NONE));
}

/*
 * Release: what a new table holds is seen before the table. A user's leaf needs no barrier, for the way
 * back to the user is one and a walk that comes too early faults once more; the kernel's own do.
 */
static inline void pte_set(pte_t *ptep, pte_t pte)
{
	__atomic_store_n(&ptep->v, pte.v, __ATOMIC_RELEASE);
	if ((pte.v & (DESC_VALID | DESC_USER)) == DESC_VALID) {
		dsb(ishst);
		isb();
	}
}

static inline pte_t pte_get(const pte_t *ptep)
{
	return (pte_t){ READ_ONCE(ptep->v) };
}

/* No hardware writes entries here, and the page-table lock is held: a load and a store are enough. */
static inline pte_t pte_clear(pte_t *ptep)
{
	pte_t old = pte_get(ptep);

	WRITE_ONCE(ptep->v, 0);
	return old;
}

static inline void pte_wrprotect(pte_t *ptep)
{
	WRITE_ONCE(ptep->v, pte_get(ptep).v | DESC_RDONLY);
}

/*
 * The entry was empty, or forbade what it now allows; in the second case this CPU may still hold the
 * old one. Other CPUs that do take a fault of their own and end here too.
 */
static inline void arch_tlb_fault_done(struct arch_mm *am, uaddr_t va)
{
	u64 arg = (va << 16 >> 28) | (am->asid & 0xffff) << 48;

	__asm__ volatile("dsb nshst\n\ttlbi vale1, %0\n\tdsb nsh" : : "r"(arg) : "memory");
}

/* The physical address the image was loaded at; boot.S. */
extern phys_t kimage_base;

static inline phys_t kimage_phys(const void *addr)
{
	return (unsigned long)addr - ARCH_IMAGE_BASE + kimage_base;
}

#endif
