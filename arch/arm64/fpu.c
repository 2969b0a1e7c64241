// SPDX-License-Identifier: BSD-2-Clause
/*
 * FP and vector state. The kernel uses none of it, so a thread's state stays in the registers until another
 * user thread needs them: a switch to a kernel thread and back loads nothing. It is saved at every switch
 * away, since the thread may wake up on another CPU.
 */
#include <arch/cpu.h>
#include <arch/thread.h>
#include <janus/cpu.h>
#include <janus/string.h>
#include <janus/thread.h>

/* The registers are `t`'s now. */
static void fpu_own(struct thread *t)
{
	struct cpu *cpu = this_cpu();

	cpu->arch.fpu_owner = t;
	t->arch.fpu_cpu = cpu->id;
}

/* Interrupts off, in arch_switch_to(). */
void fpu_switch(struct thread *prev, struct thread *next)
{
	struct cpu *cpu = this_cpu();

	if (!(prev->flags & TF_KERNEL))
		fpu_save(&prev->arch.fpu);
	if (next->flags & TF_KERNEL)
		return;
	if (cpu->arch.fpu_owner == next && next->arch.fpu_cpu == cpu->id)
		return;
	fpu_load(&next->arch.fpu);
	fpu_own(next);
}

void fpu_fork(struct thread *child)
{
	child->arch.fpu.magic = child->arch.fpu.size = 0;
	fpu_save(&child->arch.fpu);
}

/* A fresh program: all zero, and the control register too. */
void fpu_flush(void)
{
	struct thread *t = current;

	memset(&t->arch.fpu, 0, sizeof(t->arch.fpu));
	fpu_load(&t->arch.fpu);
	fpu_own(t);
}
