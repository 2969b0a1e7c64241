/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt lines: global system interrupts of the I/O APICs, 0 up. Line n comes in at vector
 * IRQ_VECTOR_BASE + n. An ISA line (UART: 4) is named by arch_isa_irq(), which knows ACPI's overrides.
 */
#ifndef ARCH_IMPL_IRQ_H
#define ARCH_IMPL_IRQ_H

#define ARCH_NR_IRQS 128

#define IRQ_VECTOR_BASE 48
#define VECTOR_TIMER 0xec
#define VECTOR_IPI 0xfd
#define VECTOR_SPURIOUS 0xff

unsigned arch_isa_irq(unsigned line);

#endif
