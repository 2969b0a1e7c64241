/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: what the files of this face say to each other about the machine they run on. All of it is
 * found by boot.c and platform.c from the device tree, on the boot CPU, and constant after boot.
 */
#ifndef ARCH_IMPL_PLATFORM_H
#define ARCH_IMPL_PLATFORM_H

#include <janus/fdt.h>
#include <janus/types.h>

extern struct fdt device_tree;		/* boot.c */

/* An `interrupts` entry of a GIC's child as the GIC's number; 0 when it is not there. */
unsigned fdt_irq(int node, unsigned index);

/* platform.c: before printk can say anything, and PSCI before anything can be stopped. */
void platform_console_early(void);
void platform_psci_init(void);
/* 0, or PSCI's negative error. */
int platform_cpu_on(u64 mpidr, phys_t entry, u64 argument);

#endif
