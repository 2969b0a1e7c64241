/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restartable sequences: what the scheduler, signals, fork and membarrier tell core/process/rseq.c. For current, in its
 * own context, interrupts on, but where it is said; fields and their rules are in struct thread. Source: rseq(2).
 */
#ifndef JANUS_RSEQ_H
#define JANUS_RSEQ_H

#include <janus/thread.h>
#include <janus/uaccess.h>
#include <uapi/rseq.h>

/* On the way to user mode, with TF_RSEQ or for signo (0: none). May sleep. What cannot be becomes SIGSEGV. */
void rseq_resume(struct trapframe *tf, int signo);
void rseq_break_for(const struct ksignal *ks, struct trapframe *tf);	/* rseq_break() and rseq_resume() */

/* Whatever sequence t is in must be broken. Any context. */
static inline void rseq_break(struct thread *t)
{
	if (!t->rseq)
		return;
	WRITE_ONCE(t->rseq_event, true);
	thread_set_flag(t, TF_RSEQ);
}

/* The scheduler: t has another CPU, which it is to be told. Its old queue is locked. */
static inline void rseq_moved(struct thread *t)
{
	if (t->rseq)
		thread_set_flag(t, TF_RSEQ);
}

/*
 * The scheduler: another thread takes over from t, which is current. Nothing to do when it is in a system call, for no
 * sequence may contain one (rseq(2)), but has slept in a page fault or lost its turn. Its queue is locked.
 */
static inline void rseq_switch_away(struct thread *t)
{
	if (t->rseq && unlikely(tf_syscall_nr(arch_thread_frame(t)) < 0))
		rseq_break(t);
}

/* Which sequence does t's area, which is at `area`, name? 0 with t->rseq_named, or -EFAULT. */
static inline int rseq_read_named(struct thread *t, uaddr_t area)
{
	return arch_get_user(&t->rseq_named, area + offsetof(struct rseq, rseq_cs), sizeof(u64));
}

/* Before the frame of a handler is written. */
static inline void rseq_signal(struct thread *t, const struct ksignal *ks, struct trapframe *tf)
{
	if (likely(t->rseq) && unlikely(rseq_read_named(t, t->rseq) || t->rseq_named))
		rseq_break_for(ks, tf);
}

/* The child, not yet started and on the CPU of current, is to have a copy of its memory, old or not. */
static inline void rseq_fork(struct thread *child)
{
	child->rseq = current->rseq;
	child->rseq_sig = current->rseq_sig;
	child->flags |= READ_ONCE(current->flags) & TF_RSEQ;
}

#endif
