/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's half of a CPU: what entry code reaches by gs, and this CPU's task state segment.
 * All fields are [own], interrupts off, but for apic_id and the descriptor table, constant after boot.
 */
#ifndef ARCH_IMPL_CPU_H
#define ARCH_IMPL_CPU_H

#include <janus/types.h>

struct arch_mm;

/* The task state segment: all that is left of it is which stack a trap switches to. */
struct tss {
	u32 reserved0;
	u64 rsp0;		/* traps from user: the top of the running thread's kernel stack */
	u64 rsp1, rsp2;
	u64 reserved1;
	u64 ist[7];		/* ist[n - 1]: stacks of the traps that must not use the current one */
	u64 reserved2;
	u16 reserved3;
	u16 iomap_base;		/* past the limit: no port is open to user mode */
} __packed;

#define IST_NMI 1
#define IST_DEBUG 2
#define IST_FATAL 3	/* double fault, machine check */

struct arch_cpu {
	struct cpu *self;
	u64 scratch;			/* the user's stack pointer, for the first instructions of an entry */
	struct thread *user_owner;	/* whose FP and segment state the registers hold; compared only */
	u64 user_gs_base;		/* what that state has */
	struct arch_mm *loaded_mm;	/* what CR3 holds; NULL: the kernel's own root */
	u32 apic_id;
	u16 user_selectors;		/* or of its ds, es, fs, gs */
	u16 pad;
	u32 pad2;			/* so that tss.rsp0 is aligned */
	struct tss tss;
	u64 gdt[16] __aligned(8);
};

#endif
