/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt masking on this CPU. The saved state is a struct so that it cannot be mixed up with an
 * integer. Any context. All inline.
 */
#ifndef ARCH_IRQFLAGS_H
#define ARCH_IRQFLAGS_H

#include <janus/types.h>

struct irqflags {
	unsigned long bits;
};

static inline void arch_local_irq_enable(void);
static inline void arch_local_irq_disable(void);
static inline struct irqflags arch_local_irq_save(void);	/* disable, return the former state */
static inline void arch_local_irq_restore(struct irqflags flags);
static inline bool arch_irqs_disabled(void);

#include <arch/impl/irqflags.h>

#endif
