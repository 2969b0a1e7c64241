/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: interrupts are masked by PSTATE.I. */
#ifndef ARCH_IMPL_IRQFLAGS_H
#define ARCH_IMPL_IRQFLAGS_H

#define DAIF_I (1UL << 7)

static inline void arch_local_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void arch_local_irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

static inline struct irqflags arch_local_irq_save(void)
{
	struct irqflags flags;

	__asm__ volatile("mrs %0, daif\n\tmsr daifset, #2" : "=r"(flags.bits) : : "memory");
	return flags;
}

static inline void arch_local_irq_restore(struct irqflags flags)
{
	__asm__ volatile("msr daif, %0" : : "r"(flags.bits) : "memory");
}

static inline bool arch_irqs_disabled(void)
{
	unsigned long daif;

	__asm__ volatile("mrs %0, daif" : "=r"(daif));
	return daif & DAIF_I;
}

#endif
