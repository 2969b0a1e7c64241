/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt masking: the IF bit. */
#ifndef ARCH_IMPL_IRQFLAGS_H
#define ARCH_IMPL_IRQFLAGS_H

#define IRQFLAGS_IF 0x200UL

static inline void arch_local_irq_enable(void) { asm volatile("sti" : : : "memory"); }
static inline void arch_local_irq_disable(void) { asm volatile("cli" : : : "memory"); }

static inline struct irqflags arch_local_irq_save(void)
{
	struct irqflags flags;

	asm volatile("pushfq; popq %0; cli" : "=r"(flags.bits) : : "memory");
	return flags;
}

static inline void arch_local_irq_restore(struct irqflags flags)
{
	if (flags.bits & IRQFLAGS_IF)
		arch_local_irq_enable();
}

static inline bool arch_irqs_disabled(void)
{
	unsigned long bits;

	asm volatile("pushfq; popq %0" : "=r"(bits) : : "memory");
	return !(bits & IRQFLAGS_IF);
}

#endif
