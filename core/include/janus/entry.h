/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The upcalls: what an architecture calls in the core. The other half of the contract is arch/include/arch/.
 * Besides these, arch code uses core/lib, printk, the data types of core headers, and the few functions that
 * ci/checks/layers.py lists: each reason stands there, and one more fails the test.
 */
#ifndef JANUS_ENTRY_H
#define JANUS_ENTRY_H

#include <janus/types.h>

struct cpu;
struct thread;
struct trapframe;

/* The boot CPU, once, as arch/include/arch/boot.h says. */
void kernel_main(void) __noreturn;

/* Another CPU, on the stack of its idle thread, interrupts off, current and this-CPU set up. */
void secondary_main(struct cpu *cpu) __noreturn;

/*
 * A system call, frame saved, interrupts ON. The result is what the frame is to say. The one dispatcher of all
 * doors: both machines have C's first six arguments where a call has its own, and so none of them moves.
 */
long syscall_dispatch(unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
		      unsigned long f, unsigned long number);

/* The same in the place of syscall_dispatch() for a thread that has one of TF_WATCHED, and for
 * others until arch_untrace_calls(). It goes by current's frame, which a tracer may change. */
long syscall_dispatch_traced(void);

/* A call whose number and arguments are in tf only; the result goes there too. */
void syscall_dispatch_frame(struct trapframe *tf);

/* A device interrupt, interrupts off; the architecture has acknowledged it or will at return. */
void irq_dispatch(unsigned irq);

/* This CPU's timer fired; interrupts off. tf tells user from kernel for accounting. */
void timer_interrupt(struct trapframe *tf);

/* Another CPU sent arch_send_ipi(); interrupts off. */
void ipi_dispatch(void);

/* A data or instruction abort. Called with interrupts on if they were on in the interrupted context. */
enum fault_flags {
	FAULT_WRITE = 1 << 0,
	FAULT_EXEC = 1 << 1,
	FAULT_USER = 1 << 2,	/* came from user mode */
	FAULT_PRESENT = 1 << 3,	/* a permission fault: an entry was there */
};
void page_fault(struct trapframe *tf, uaddr_t addr, unsigned flags);

/*
 * An exception in user mode that is a signal: queue it to current (forced: a blocked or ignored one
 * kills). Interrupts on. `addr` is si_addr.
 */
void user_exception(int signo, int code, uaddr_t addr);

/* A fatal exception in kernel mode: fix up by the exception table (true), else the caller panics. */
bool kernel_fixup(struct trapframe *tf);

/* Print the cause and the frame, backtrace, last system calls, and stop the machine. Any context. */
void panic_frame(const struct trapframe *tf, const char *fmt, ...) __noreturn __printf(2, 3);

/*
 * Work before going back to user mode, in one loop over current->flags: called by the return path with
 * interrupts OFF when (current->flags & TF_EXIT_WORK) is not 0; may enable them and sleep inside;
 * returns with interrupts off and no work left.
 */
void exit_to_user_work(struct trapframe *tf);

/*
 * After an interrupt taken in kernel mode: nothing to do, kernel code is not preempted. A new thread's
 * first instruction after arch_switch_to() calls this with the thread that ran before; interrupts off
 * at entry, on at return. Then the architecture calls fn(arg), or returns to user mode.
 */
void thread_start(struct thread *prev);

#endif
