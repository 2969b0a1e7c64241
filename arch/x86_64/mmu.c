// SPDX-License-Identifier: BSD-2-Clause
/*
 * Address spaces on the processor: which root each CPU has loaded, and making the others forget what
 * changed. Entries that core frees are flushed here first, on every CPU that has the space loaded.
 */
#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/mmu.h>
#include <janus/cpu.h>
#include <janus/page.h>
#include <janus/string.h>

/* From this many pages on, a flush drops everything: as Linux, where single pages stop paying. */
#define FLUSH_ALL_PAGES 33

static phys_t kernel_root;

void arch_kernel_root_install(phys_t root)
{
	kernel_root = root;
	write_cr3(root);
}

void mmu_init_secondary(void)
{
	write_cr3(kernel_root);
}

/* The kernel's half is the same tables for all: core made them before the first space, so the copy stays true. */
int arch_mm_init(struct arch_mm *am, phys_t root)
{
	const pte_t *from = phys_to_virt(kernel_root);
	pte_t *to = phys_to_virt(root);

	memcpy(to + PT_ENTRIES / 2, from + PT_ENTRIES / 2, PT_ENTRIES / 2 * sizeof(pte_t));
	am->root = root;
	am->cpus = 0;
	return 0;
}

void arch_mm_activate(struct arch_mm *am)
{
	struct cpu *cpu = this_cpu();
	struct arch_mm *old = cpu->arch.loaded_mm;

	if (am == old)
		return;
	if (am)
		__atomic_fetch_or(&am->cpus, 1u << cpu->id, __ATOMIC_SEQ_CST);
	write_cr3(am ? am->root : kernel_root);
	cpu->arch.loaded_mm = am;
	if (old)
		__atomic_fetch_and(&old->cpus, ~(1u << cpu->id), __ATOMIC_RELEASE);
}

/* Nobody runs in it, but this CPU may still have it loaded. */
void arch_mm_destroy(struct arch_mm *am)
{
	struct irqflags flags = arch_local_irq_save();

	if (this_cpu()->arch.loaded_mm == am)
		arch_mm_activate(NULL);
	arch_local_irq_restore(flags);
}

/* ---- flushing ---- */

struct flush {
	const struct arch_mm *am;	/* NULL: the kernel's half */
	unsigned long start, end;
};

static void flush_global(void)
{
	unsigned long cr4 = read_cr4();

	if (cr4 & CR4_PGE) {
		write_cr4(cr4 & ~CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
}

/* On one CPU; interrupts off or the thread stays put. Unhooked tables go with any invlpg of the range. */
static void flush_here(void *arg)
{
	const struct flush *f = arg;

	if (f->am && this_cpu()->arch.loaded_mm != f->am)
		return;		/* left it since: loading CR3 forgot all */
	if ((f->end - f->start) >> PAGE_SHIFT >= FLUSH_ALL_PAGES) {
		if (f->am)
			write_cr3(read_cr3());
		else
			flush_global();
		return;
	}
	for (unsigned long va = f->start; va < f->end; va += PAGE_SIZE)
		invlpg(va);
}

void arch_tlb_flush(struct arch_mm *am, uaddr_t start, uaddr_t end, bool freed_tables)
{
	struct flush f = { am, start, end };
	struct irqflags flags;
	u32 others;

	(void)freed_tables;	/* invlpg drops the paging-structure caches too (SDM 3A, 4.10.4.1) */
	arch_mb();		/* entries before the mask: pairs with arch_mm_activate() */
	others = READ_ONCE(am->cpus);
	flags = arch_local_irq_save();
	others &= ~(1u << this_cpu_id());
	flush_here(&f);
	arch_local_irq_restore(flags);
	if (others)
		smp_call(others, flush_here, &f);
}

void arch_tlb_flush_kernel(unsigned long start, unsigned long end)
{
	struct flush f = { NULL, start, end };
	u32 others = 0;

	for_each_cpu(c)
		if (READ_ONCE(c->online) && c->id != this_cpu_id())
			others |= 1u << c->id;
	flush_here(&f);
	if (others)
		smp_call(others, flush_here, &f);
}

/* The instruction cache sees stores of its own CPU and of others. */
void arch_sync_icache(void *kaddr, size_t len)
{
	(void)kaddr;
	(void)len;
}

void arch_clear_page(void *page)
{
	size_t words = PAGE_SIZE / 8;

	asm volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(0) : "memory");
}

void arch_copy_bulk(void *to, const void *from, size_t n)
{
	size_t words = n / 8;

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}
