/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: the machine's half of a thread.
 */
#ifndef ARCH_IMPL_THREAD_H
#define ARCH_IMPL_THREAD_H

#include <janus/types.h>

/* FP and vector state, in the layout of the record that a signal frame has of it (struct fpsimd_context). */
struct fpu_state {
	u32 magic, size;		/* the frame's, else unused */
	u32 fpsr;
	u32 fpcr;
	u64 vregs[32][2];
} __aligned(16);

_Static_assert(sizeof(struct fpu_state) == 528, "the ABI");

struct arch_thread {
	u64 saved[12];			/* x19..x30 while not running */
	u64 sp;				/* kernel stack pointer while not running */
	char *kstack_top;		/* [const] the user's frame lies below it */
	u64 tls;			/* tpidr_el0 while not running */
	u64 cause_address;		/* of the last exception that may become a signal */
	u64 cause_esr;			/* and its syndrome */
	u64 fault_address;		/* the same of the last one that did: sigcontext shows it */
	u64 fault_esr;			/* 0: none yet */
	unsigned fpu_cpu;		/* CPU whose registers were last loaded from or saved to fpu */
	struct fpu_state fpu;		/* while not running */
};

#define FPU_NO_CPU (~0u)

struct thread;
struct trapframe;

/* switch.S */
struct thread *switch_stack(struct thread *prev, struct thread *next);
void fpu_save(struct fpu_state *to);
void fpu_load(const struct fpu_state *from);

/* fpu.c */
void fpu_switch(struct thread *prev, struct thread *next);
void fpu_fork(struct thread *child);
void fpu_flush(void);

/* ptrace.c: this CPU's calls are watched, and next's steps; interrupts off */
void stop_stepping(void);	/* on this CPU; the calls are watched as before */

/* entry.S: the first instruction of every new thread. */
void thread_entry(void);

#endif
