/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt lines. Numbers are the architecture's own small integers below ARCH_NR_IRQS; who has which comes from
 * the platform (ACPI or device tree), by the architecture's platform code. Core keeps the handlers
 * (core/drivers/irq.c) and alone calls this, at boot. A line stays on: nothing here is taken out again.
 */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include <janus/types.h>

#include <arch/impl/irq.h>	/* ARCH_NR_IRQS */

void arch_irq_unmask(unsigned irq);	/* route to the boot CPU and enable */

#endif
