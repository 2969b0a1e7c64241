/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: what the machine keeps per CPU, and the features found at boot.
 *
 * Fields are the CPU's own, written with interrupts off, unless they say otherwise.
 */
#ifndef ARCH_IMPL_CPU_H
#define ARCH_IMPL_CPU_H

#include <arch/impl/sysreg.h>
#include <janus/types.h>

struct trapframe;

struct arch_cpu {
	void *overflow_stack;		/* [const] top of the stack for a report of a stack overflow */
	u64 mpidr;			/* [const] affinity, as PSCI and the GIC name the CPU */
	u64 midr;			/* [const] what core it is */
	struct thread *fpu_owner;	/* whose FP/vector state was last in the registers */
	u64 asid_active;		/* [atomic] generation and ASID in use, 0 while they are revised */
	u64 asid_reserved;		/* [asid_lock] what was in use when the generation ended */
	bool asid_flush;		/* [asid_lock] forget all translations before the next activation */
	volatile void *redistributor;	/* [const] GICv3: this CPU's part */
};

/* The optional features that the kernel itself uses. [const] after arch_init_early(). */
struct cpu_features {
	bool pan;			/* privileged access never */
	bool rndr;			/* random numbers */
	bool asid16;
	bool gic_sysregs;		/* the GICv3 CPU interface */
};
extern struct cpu_features cpu_features;

/* cpu.c */
void cpu_features_detect(void);		/* boot CPU */
void cpu_features_enable(void);		/* each CPU */
bool cpu_emulate_mrs(struct trapframe *tf, u32 esr);	/* a user's read of an id register */

/* boot.c, for smp.c: the affinity of each CPU that the device tree lists, boot CPU first. */
extern u64 cpu_affinity[NR_CPUS];

#define MPIDR_AFFINITY 0xff00ffffffUL

#endif
