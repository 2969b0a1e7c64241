/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: the machine's half of a thread, and the switch.
 *
 * `struct arch_thread` (impl) is the first member of core's `struct thread`: saved kernel stack
 * pointer, TLS base, FP/vector state, cause of the last fault. Owned by its thread; written by others
 * only while it is not running.
 */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include <janus/types.h>

#include <arch/impl/thread.h>	/* struct arch_thread */

struct thread;
struct trapframe;

#define KSTACK_SIZE 16384UL	/* with an unmapped guard page below; aligned to KSTACK_ALIGN */
#define KSTACK_ALIGN 32768UL

/* Where the user's trap frame of `t` lies: at the very top of its kernel stack. */
static inline struct trapframe *arch_thread_frame(const struct thread *t);

/* Prepare `t`, not yet runnable, to run fn(arg) in the kernel when first switched to. */
void arch_thread_init(struct thread *t, void (*fn)(void *), void *arg);

/*
 * Prepare `child` to return to user mode from the system call current is in, with result 0. sp 0 means
 * the parent's; set_tls says that `tls` replaces the TLS base. Copies live FP/vector state into child->arch.fpu, the
 * one member that has not been cleared. 0 or -errno.
 */
int arch_thread_fork(struct thread *child, unsigned long sp, bool set_tls, unsigned long tls);

/* current executes a new program: TLS, FP/vector and debug state back to their start. */
void arch_thread_flush(void);

/* Free what the machine's half of `t` holds. Not running, never again. */
void arch_thread_release(struct thread *t);

/*
 * Switch stacks and registers from prev (current) to next; interrupts off, run queue locked. Returns
 * in next's context the thread that ran here before it. The address space is already switched.
 */
struct thread *arch_switch_to(struct thread *prev, struct thread *next);

#include <arch/impl/thread_inline.h>

#endif
