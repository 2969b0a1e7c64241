/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serial ports. The machine's platform code says where they are; `reg` is a number for arch/io.h, irq a
 * line of arch/irq.h. Boot CPU, arch_init_devices(). 0 or -errno.
 */
#ifndef JANUS_UART_H
#define JANUS_UART_H

int uart_16550_register(unsigned long reg, unsigned irq);
int uart_pl011_register(unsigned long reg, unsigned irq);

#endif
