/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: interrupt numbers are the GIC's: 0-15 between CPUs, 16-31 private, from 32 shared. */
#ifndef ARCH_IMPL_IRQ_H
#define ARCH_IMPL_IRQ_H

#define ARCH_NR_IRQS 1020

struct trapframe;

#ifndef __ASSEMBLY__
void irqchip_init(void);		/* boot CPU, from the device tree */
void irqchip_init_cpu(void);		/* each CPU */
void irqchip_handle(struct trapframe *tf);	/* all that is pending now; interrupts off */
void irqchip_unmask_private(unsigned irq);	/* this CPU's, 16..31 */

unsigned timer_irq(void);		/* the private interrupt of this CPU's timer */
void generic_timer_init_cpu(void);
void generic_timer_init(void);			/* boot CPU, from the device tree */
void timer_quiet(void);			/* its interrupt was taken: lower the line */
#endif

#endif
