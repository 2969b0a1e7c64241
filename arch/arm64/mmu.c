// SPDX-License-Identifier: BSD-2-Clause
/*
 * Address spaces for the MMU: ASIDs, TLB upkeep, and the kernel's roots.
 *
 * An ASID belongs to an address space for a generation. When a generation's numbers are used up the
 * next begins: what is running keeps its number, everybody else gets a new one when next activated, and
 * each CPU forgets all its translations before that. So a switch costs no TLB flush.
 */
#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/mmu.h>
#include <janus/cpu.h>
#include <janus/lock.h>
#include <janus/mm.h>
#include <janus/string.h>

#define ASID_BITS_MAX	16
#define ASID_MASK	((1UL << ASID_BITS_MAX) - 1)
#define GENERATION	(1UL << ASID_BITS_MAX)
#define FLUSH_PAGES_MAX	512		/* more than that: forget the whole space */
#define BLOCK_SIZE	(1UL << 21)

static spinlock_t asid_lock = SPINLOCK_INIT;
static u64 asid_generation = GENERATION;		/* [asid_lock], read freely */
static u64 asid_used[(1UL << ASID_BITS_MAX) / 64] = { 1 };	/* [asid_lock] ASID 0 is nobody's */
static unsigned asid_next = 1;				/* [asid_lock] where to look first */

static unsigned asid_count(void)
{
	return cpu_features.asid16 ? 1u << 16 : 1u << 8;
}

static bool asid_take(unsigned asid)
{
	u64 bit = 1UL << (asid % 64);
	bool free = !(asid_used[asid / 64] & bit);

	asid_used[asid / 64] |= bit;
	return free;
}

/* [asid_lock] All numbers are gone. What CPUs run on now stays theirs in the new generation. */
static void asid_new_generation(void)
{
	asid_generation += GENERATION;
	memset(asid_used, 0, sizeof(asid_used));
	asid_take(0);
	for (unsigned i = 0; i < NR_CPUS; i++) {
		struct arch_cpu *ac = &cpus[i].arch;
		u64 active = __atomic_exchange_n(&ac->asid_active, 0, __ATOMIC_RELAXED);

		/* 0: it has not activated anything since the last time: that number is still in use */
		if (active)
			ac->asid_reserved = active;
		asid_take(ac->asid_reserved & ASID_MASK);
		ac->asid_flush = true;
	}
	asid_next = 1;
}

/* [asid_lock] Is this number in use on a CPU? Then it is this space's in the new generation, too. */
static bool asid_keep_reserved(u64 old, u64 new)
{
	bool found = false;

	for (unsigned i = 0; i < NR_CPUS; i++) {
		if (cpus[i].arch.asid_reserved == old) {
			cpus[i].arch.asid_reserved = new;
			found = true;
		}
	}
	return found;
}

/* [asid_lock] A number of this generation for the space. */
static u64 asid_allocate(struct arch_mm *am)
{
	u64 old = am->asid;
	unsigned n = asid_count();

	if (old) {
		u64 same = asid_generation | (old & ASID_MASK);

		if (asid_keep_reserved(old, same) || asid_take(old & ASID_MASK))
			return same;
	}
	for (;;) {
		for (; asid_next < n; asid_next++)
			if (asid_take(asid_next))
				return asid_generation | asid_next++;
		asid_new_generation();
	}
}

static void asid_renew(struct arch_mm *am, struct arch_cpu *ac)
{
	spin_lock(&asid_lock);
	if ((am->asid ^ asid_generation) >> ASID_BITS_MAX)
		WRITE_ONCE(am->asid, asid_allocate(am));
	if (ac->asid_flush) {
		ac->asid_flush = false;
		__asm__ volatile("tlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
	}
	__atomic_store_n(&ac->asid_active, am->asid, __ATOMIC_RELAXED);
	spin_unlock(&asid_lock);
}

int arch_mm_init(struct arch_mm *am, phys_t root)
{
	am->asid = 0;
	am->root = root;
	am->cpus = 0;
	return 0;
}

/* Its number comes back with the next generation, when no CPU can hold a translation of it. */
void arch_mm_destroy(struct arch_mm *am)
{
	am->root = 0;
}

void arch_mm_activate(struct arch_mm *am)
{
	struct cpu *cpu = arch_this_cpu();
	struct arch_cpu *ac = &cpu->arch;
	u64 active, asid;

	if (!am) {
		write_sysreg(ttbr0_el1, kimage_phys(boot_empty_root));
		isb();
		return;
	}
	if (!(READ_ONCE(am->cpus) & 1u << cpu->id)) {
		__atomic_fetch_or(&am->cpus, 1u << cpu->id, __ATOMIC_RELAXED);
		dsb(ish);	/* before the first walk: arch_tlb_flush() looks after its change */
	}
	/* The exchange fails when a new generation took our active number away meanwhile. */
	asid = READ_ONCE(am->asid);
	active = READ_ONCE(ac->asid_active);
	if (!active || (asid ^ READ_ONCE(asid_generation)) >> ASID_BITS_MAX ||
	    !__atomic_compare_exchange_n(&ac->asid_active, &active, asid, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		asid_renew(am, ac);
	write_sysreg(ttbr0_el1, am->root | (am->asid & ASID_MASK) << 48);
	isb();
}

/* ---- forgetting translations ---- */

/* The operand of a TLB instruction by address: the page number's 44 bits and the ASID. */
static u64 tlbi_address(unsigned long va, u64 asid)
{
	return (va >> PAGE_SHIFT & ((1UL << 44) - 1)) | asid << 48;
}

/* One instruction a page, or one for all; `where` is "is" for every CPU, "" for this one. */
#define FLUSH(where, asid, start, end, freed_tables)                                                          \
	do {                                                                                                  \
		if ((end - start) >> PAGE_SHIFT > FLUSH_PAGES_MAX)                                            \
			__asm__ volatile("tlbi aside1" where ", %0" : : "r"(asid << 48) : "memory");          \
		else if (freed_tables)                                                                        \
			for (u64 va = start; va < end; va += PAGE_SIZE)                                       \
				__asm__ volatile("tlbi vae1" where ", %0" : : "r"(tlbi_address(va, asid)) : "memory"); \
		else                                                                                          \
			for (u64 va = start; va < end; va += PAGE_SIZE)                                       \
				__asm__ volatile("tlbi vale1" where ", %0" : : "r"(tlbi_address(va, asid)) : "memory"); \
	} while (0)

void arch_tlb_flush(struct arch_mm *am, uaddr_t start, uaddr_t end, bool freed_tables)
{
	u64 asid;

	dsb(ish);	/* the change is seen before the ASID and the CPUs are asked for */
	asid = READ_ONCE(am->asid) & ASID_MASK;
	if (!asid)	/* it never ran */
		return;
	if (READ_ONCE(am->cpus) == 1u << arch_this_cpu()->id) {
		FLUSH("", asid, start, end, freed_tables);
		dsb(nsh);
	} else {
		FLUSH("is", asid, start, end, freed_tables);
		dsb(ish);
	}
}

void arch_tlb_flush_kernel(unsigned long start, unsigned long end)
{
	dsb(ishst);
	if ((end - start) >> PAGE_SHIFT > FLUSH_PAGES_MAX)
		__asm__ volatile("tlbi vmalle1is" : : : "memory");
	else
		for (unsigned long va = start; va < end; va += PAGE_SIZE)
			__asm__ volatile("tlbi vaae1is, %0" : : "r"(tlbi_address(va, 0)) : "memory");
	dsb(ish);
	isb();
}

/* ---- the kernel's own tables ---- */

static u64 device_pmds[4][PT_ENTRIES] __aligned(4096);	/* 1 GiB of device space each */
static unsigned device_pmds_used;
extern u64 device_pud[PT_ENTRIES];
extern phys_t secondary_root;
extern char replace_kernel_root_phys[];

#define DEVICE_SLOT ((ARCH_DEVICE_MAP >> PT_SHIFT(3)) & (PT_ENTRIES - 1))

void mmu_map_direct_early(phys_t start, phys_t end)
{
	for (phys_t pa = ALIGN_DOWN(start, 1UL << 30); pa < end; pa += 1UL << 30)
		pte_set((pte_t *)&boot_direct_pud[pa >> 30],
			pte_make_block(pa, PTE_R | PTE_W | PTE_G | PTE_DIRTY, 2));
}

volatile void *device_map(phys_t pa, size_t size)
{
	phys_t end = pa + size;

	if (end > ARCH_DEVICE_MAP_SIZE || !size)
		return NULL;
	pte_set((pte_t *)&boot_kernel_root[DEVICE_SLOT], pte_table(kimage_phys(device_pud)));
	for (phys_t at = ALIGN_DOWN(pa, BLOCK_SIZE); at < end; at += BLOCK_SIZE) {
		u64 *pud = &device_pud[at >> 30];
		u64 *pmd;

		if (!*pud) {
			if (device_pmds_used == ARRAY_SIZE(device_pmds))
				return NULL;
			pte_set((pte_t *)pud, pte_table(kimage_phys(device_pmds[device_pmds_used++])));
		}
		pmd = (u64 *)((*pud & DESC_PA) - kimage_base + ARCH_IMAGE_BASE);
		pte_set((pte_t *)&pmd[at >> 21 & (PT_ENTRIES - 1)],
			pte_make_block(at, PTE_R | PTE_W | PTE_G | PTE_DEV, 1));
	}
	return (volatile void *)(ARCH_DEVICE_MAP + pa);
}

/*
 * The boot CPU, with TTBR0 still the boot's, which maps the image one to one; core's root lies in the
 * direct map. Secondary CPUs start on it.
 */
void arch_kernel_root_install(phys_t root)
{
	void (*replace)(phys_t root) = (void (*)(phys_t))kimage_phys(replace_kernel_root_phys);
	struct irqflags flags = arch_local_irq_save();
	pte_t *table = (pte_t *)(ARCH_DIRECT_MAP + root);

	pte_set(&table[DEVICE_SLOT], pte_table(kimage_phys(device_pud)));
	write_sysreg(ttbr0_el1, kimage_phys(boot_user_root));
	isb();
	replace(root);
	secondary_root = root;
	__asm__ volatile("dc cvac, %0\n\tdsb sy" : : "r"(&secondary_root) : "memory");
	write_sysreg(ttbr0_el1, kimage_phys(boot_empty_root));
	isb();
	arch_local_irq_restore(flags);
}

void arch_sync_icache(void *kaddr, size_t len)
{
	u64 ctr = read_sysreg(ctr_el0);
	unsigned long line = 4UL << (ctr >> 16 & 15), end = (unsigned long)kaddr + len;

	if (!(ctr & 1UL << 28)) {	/* IDC: the data cache need not be cleaned */
		for (unsigned long at = ALIGN_DOWN((unsigned long)kaddr, line); at < end; at += line)
			__asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
	}
	/* DIC: nor the instruction cache forgotten. User pages have other addresses, so all of it goes. */
	if (ctr & 1UL << 29)
		__asm__ volatile("dsb ish\n\tisb" : : : "memory");
	else
		__asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}
