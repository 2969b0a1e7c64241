/* SPDX-License-Identifier: BSD-2-Clause */
/* Page table entries: bodies of arch/mmu.h. Source: Intel SDM 3A, section 4.5. */
#ifndef ARCH_IMPL_MMU_INLINE_H
#define ARCH_IMPL_MMU_INLINE_H

#define X86_PTE_P (1UL << 0)
#define X86_PTE_W (1UL << 1)
#define X86_PTE_U (1UL << 2)
#define X86_PTE_PWT (1UL << 3)
#define X86_PTE_PCD (1UL << 4)
#define X86_PTE_A (1UL << 5)
#define X86_PTE_D (1UL << 6)
#define X86_PTE_PS (1UL << 7)
#define X86_PTE_G (1UL << 8)
#define X86_PTE_NONE (1UL << 10)	/* software: there, but nobody may touch it (PROT_NONE) */
#define X86_PTE_NX (1UL << 63)
#define X86_PTE_ADDR 0x000ffffffffff000UL

/* PTE_*, as they are; PTE_X is a bit that the processor ignores, and says with NX what it means. */
#define X86_PTE_PROT (PTE_R | PTE_W | PTE_U | PTE_DEV | PTE_YOUNG | PTE_DIRTY | PTE_G | PTE_SPECIAL | PTE_X)
_Static_assert(PTE_R == X86_PTE_P && PTE_W == X86_PTE_W && PTE_U == X86_PTE_U && PTE_DEV == X86_PTE_PCD &&
	       PTE_YOUNG == X86_PTE_A && PTE_DIRTY == X86_PTE_D && PTE_G == X86_PTE_G, "in the same places");
_Static_assert(!(X86_PTE_PROT & (X86_PTE_PWT | X86_PTE_PS | X86_PTE_NONE)), "none in the others'");

extern u64 x86_pte_nx;	/* NX where the processor has it; set at boot before the first entry is made */

/* What does not depend on the level. A leaf without R is kept, but not for the hardware. */
static inline u64 x86_pte_bits(unsigned prot)
{
	u64 v = prot;

	if (!(prot & PTE_R))
		v |= X86_PTE_NONE;
	if (!(prot & PTE_X))
		v |= x86_pte_nx;
	if (prot & PTE_DEV)
		v |= X86_PTE_PWT;
	return v;
}

static inline pte_t pte_make(phys_t pa, unsigned prot) { return (pte_t){ pa | x86_pte_bits(prot) }; }

static inline pte_t pte_make_block(phys_t pa, unsigned prot, int level)
{
	(void)level;
	return (pte_t){ pa | x86_pte_bits(prot) | X86_PTE_PS };
}

/* A table never restricts: the leaf decides. */
static inline pte_t pte_table(phys_t table)
{
	return (pte_t){ table | X86_PTE_P | X86_PTE_W | X86_PTE_U | X86_PTE_A };
}

static inline bool pte_present(pte_t pte) { return pte.v & (X86_PTE_P | X86_PTE_NONE); }

static inline bool pte_is_leaf(pte_t pte, int level)
{
	return level == 0 || (level < 3 && (pte.v & X86_PTE_PS));
}

static inline phys_t pte_pa(pte_t pte) { return pte.v & X86_PTE_ADDR; }

static inline unsigned pte_prot(pte_t pte) { return pte.v & X86_PTE_PROT; }
static inline bool pte_special(pte_t pte) { return pte.v & PTE_SPECIAL; }
static inline bool pte_writable(pte_t pte) { return pte.v & PTE_W; }

static inline void pte_set(pte_t *ptep, pte_t pte) { *(volatile u64 *)&ptep->v = pte.v; }
static inline pte_t pte_get(const pte_t *ptep) { return (pte_t){ *(const volatile u64 *)&ptep->v }; }
static inline pte_t pte_clear(pte_t *ptep) { return (pte_t){ __atomic_exchange_n(&ptep->v, 0, __ATOMIC_RELAXED) }; }
static inline void pte_wrprotect(pte_t *ptep) { __atomic_fetch_and(&ptep->v, ~X86_PTE_W, __ATOMIC_RELAXED); }

/* The processor drops the entry that faulted, and caches no absent ones. */
static inline void arch_tlb_fault_done(struct arch_mm *am, uaddr_t va)
{
	(void)am;
	(void)va;
}

#endif
