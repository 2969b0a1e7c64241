// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's half of a thread: how one comes to be, and the switch. A new thread's stack pointer is at the
 * user's frame and its first switch ends in thread_entry.
 */
#include <arch/cpu.h>
#include <arch/misc.h>
#include <arch/mmu.h>
#include <arch/ptrace.h>
#include <arch/thread.h>
#include <janus/cpu.h>
#include <janus/string.h>
#include <janus/thread.h>

/* Where the registers x19, x20 and x30 lie in arch_thread.saved. */
enum { SAVED_X19 = 0, SAVED_X20 = 1, SAVED_LR = 11 };

static void prepare_stack(struct thread *t)
{
	struct arch_thread *at = &t->arch;

	at->kstack_top = (char *)t->kstack + KSTACK_SIZE;
	at->fpu_cpu = FPU_NO_CPU;
	memset(at->saved, 0, sizeof(at->saved));
	at->saved[SAVED_LR] = (u64)thread_entry;
	at->sp = (u64)arch_thread_frame(t);
}

void arch_thread_init(struct thread *t, void (*fn)(void *), void *arg)
{
	memset(&t->arch, 0, sizeof(t->arch));
	prepare_stack(t);
	t->arch.saved[SAVED_X19] = (u64)fn;
	t->arch.saved[SAVED_X20] = (u64)arg;
	tf_start_user(arch_thread_frame(t), 0, 0);	/* until it executes a program */
}

int arch_thread_fork(struct thread *child, unsigned long sp, bool set_tls, unsigned long tls)
{
	struct arch_thread *at = &child->arch;
	struct trapframe *tf;

	prepare_stack(child);
	tf = arch_thread_frame(child);
	*tf = *arch_thread_frame(current);
	tf->regs[0] = 0;
	if (sp)
		tf->sp = sp;
	at->tls = set_tls ? tls : read_sysreg(tpidr_el0);
	at->cause_address = at->cause_esr = at->fault_address = at->fault_esr = 0;
	fpu_fork(child);
	return 0;
}

void arch_thread_flush(void)
{
	struct arch_thread *at = &current->arch;

	at->cause_address = at->cause_esr = at->fault_address = at->fault_esr = 0;
	write_sysreg(tpidr_el0, 0);
	fpu_flush();
}

/* Nothing is allocated. Registers that still hold its FP state name a CPU, which a new thread does not. */
void arch_thread_release(struct thread *t)
{
	t->arch.fpu_cpu = FPU_NO_CPU;
}

struct thread *arch_switch_to(struct thread *prev, struct thread *next)
{
	if (!(prev->flags & TF_KERNEL))
		prev->arch.tls = read_sysreg(tpidr_el0);
	if (!(next->flags & TF_KERNEL))
		write_sysreg(tpidr_el0, next->arch.tls);
	if (unlikely(next->flags & TF_WATCHED))
		arch_trace_calls(next);
	fpu_switch(prev, next);
	return switch_stack(prev, next);
}

/* The stack that fp is in: t's own, or the one we stand on. */
static bool stack_bounds(struct thread *t, unsigned long fp, unsigned long *low)
{
	extern char overflow_stacks[];
	unsigned long here = (unsigned long)__builtin_frame_address(0);

	*low = ALIGN_DOWN(fp, KSTACK_ALIGN);
	if (t)
		return *low == (unsigned long)t->kstack;
	if (*low == ALIGN_DOWN(here, KSTACK_ALIGN))
		return true;
	/* a report from the overflow stack: on the stack that overflowed */
	return ALIGN_DOWN(here, KSTACK_ALIGN) == (unsigned long)overflow_stacks && current &&
	       *low == (unsigned long)current->kstack;
}

void arch_stack_walk(struct thread *t, unsigned long fp, bool (*fn)(void *arg, unsigned long pc), void *arg)
{
	unsigned long low;

	if (!stack_bounds(t, fp, &low))
		return;
	while (fp >= low && fp <= low + KSTACK_SIZE - 16 && !(fp & 7)) {
		const unsigned long *record = (const unsigned long *)fp;

		if (!record[1] || !fn(arg, record[1]) || record[0] <= fp)
			return;
		fp = record[0];
	}
}
