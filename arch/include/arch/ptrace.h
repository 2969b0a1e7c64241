/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing: a stopped thread's registers, single-step, and the way into the kernel for those whose calls are watched.
 *
 * Called by core/process/ptrace*.c, process context. `t` is stopped and off its CPU, or current. What is set is a
 * stranger's word: it goes through arch_sanitise_frame() or is refused.
 *
 * While a thread has one of TF_WATCHED, arch_switch_to() lets its calls end in syscall_dispatch_traced(), and so does
 * arch_trace_calls() for current. That stays so for who runs next on the CPU until arch_untrace_calls().
 */
#ifndef ARCH_PTRACE_H
#define ARCH_PTRACE_H

#include <janus/types.h>

struct thread;
struct trapframe;

/* A register set by its note type, as PTRACE_GETREGSET names it and a core file would. */
struct regset {
	u32 note;			/* NT_* */
	u32 word;			/* what is read or written is a multiple of it */
	u32 size;
	bool whole;			/* it cannot be set in part */
	void (*get)(struct thread *t, void *buf);
	int (*set)(struct thread *t, const void *buf);	/* 0, -EIO, -EINVAL */
};
const struct regset *arch_regset(unsigned note);	/* NULL: this machine has none */

/* Requests that this machine alone has; -EIO for all others. */
long arch_ptrace(struct thread *t, long request, unsigned long addr, uaddr_t data);

/* At a signal's stop an interrupted call is already set to be restarted. */
extern const bool arch_restarts_before_stop;

/* si_code of the SIGTRAP for a step that led over a call. */
extern const int arch_call_step_code;

/* t traps behind its next instruction, or no longer does. */
void arch_single_step(struct thread *t, bool on);

/* This CPU's calls, which are t's, end in syscall_dispatch_traced(). Interrupts off; t runs here, or is about to. */
void arch_trace_calls(const struct thread *t);

/* This CPU's calls end in syscall_dispatch() again. */
void arch_untrace_calls(void);

/*
 * Around a stop at a call: what the machine shows the tracer besides, and at entry the first argument as the tracer
 * left it. The word goes from begin to end.
 */
unsigned long arch_syscall_stop_begin(struct trapframe *tf, bool exit);
void arch_syscall_stop_end(struct trapframe *tf, bool exit, unsigned long word);

#endif
