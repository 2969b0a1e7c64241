/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot: what the machine tells the core before the first page is allocated, and how it stops.
 *
 * The boot code of an architecture enters kernel_main() on the boot CPU with the MMU on, the kernel
 * image mapped at its link address, a direct map that covers at least the image, the initrd and the
 * device tree or tables it still needs, interrupts off, and a stack. Everything after that is the
 * list in core/main.c.
 */
#ifndef ARCH_BOOT_H
#define ARCH_BOOT_H

#include <janus/types.h>

#define BOOT_MAX_MEMORY   32
#define BOOT_CMDLINE_SIZE 2048

/* A physical range [start, end), bytes. */
struct boot_range {
	phys_t start, end;
};

/* Filled in by arch_init_early(), read-only after that. */
struct boot_info {
	char cmdline[BOOT_CMDLINE_SIZE];
	struct boot_range memory[BOOT_MAX_MEMORY];	/* usable RAM, sorted, disjoint */
	unsigned nr_memory;
	struct boot_range reserved[BOOT_MAX_MEMORY];	/* RAM in use: image, tables, device tree */
	unsigned nr_reserved;
	struct boot_range initrd;			/* empty when there is none; also reserved */
	unsigned nr_cpus;				/* present, 1..NR_CPUS, boot CPU is 0 */
};

extern struct boot_info boot_info;

/* Boot CPU, interrupts off, no allocator: console for printk, traps, CPU features, boot_info. */
void arch_init_early(void);

/* Boot CPU, allocators and final page tables up, interrupts off: interrupt controller, clock, timer. */
void arch_init(void);

/* Boot CPU, scheduler up, interrupts on: probe the platform's devices (UART with interrupts, RTC). */
void arch_init_devices(void);

/* Turn the machine off, or restart it. Any context; do not return. */
enum machine_stop { MACHINE_POWER_OFF, MACHINE_RESTART, MACHINE_HALT };
void arch_machine_stop(enum machine_stop how) __attribute__((noreturn));

/* One character to the machine's console, polled; any context, no lock: for panics and early boot. */
void arch_early_putc(char c);

/* Fill buf with entropy the machine offers (RDRAND, RNDR, the boot's seed); bytes delivered, may be 0. */
size_t arch_random_seed(void *buf, size_t len);

#endif
