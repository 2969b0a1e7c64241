/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: sending, queueing, delivery. core/process/signal*.c.
 *
 * signal_send*() may be called from any context; they take sighand->lock with interrupts off.
 */
#ifndef JANUS_SIGNAL_H
#define JANUS_SIGNAL_H

#include <janus/list.h>
#include <janus/lock.h>
#include <janus/types.h>
#include <janus/wait.h>
#include <uapi/signal.h>	/* sigset_t (one u64), siginfo_t, struct sigaction, SIG*, SA_*, *_si codes */

struct process;
struct thread;
struct trapframe;
struct pid;

/* Queued signals of a thread or process. [sig] */
struct sigqueue {
	sigset_t set;			/* numbers that are pending */
	struct list_head infos;		/* struct siginfo_node, oldest first */
};

struct sighand {
	refcount_t refs;
	spinlock_t lock;		/* interrupts off */
	struct sigaction action[64];	/* [lock] index signo - 1 */
	struct wait_queue signalfd_wait;
};

/* A signal on its way to a handler. */
struct ksignal {
	siginfo_t info;
	struct sigaction action;
	int signo;
	sigset_t saved_mask;		/* what sigreturn restores */
};

#define SIGMASK(n) (1ULL << ((n) - 1))
#define KILL_STOP_MASK (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

/* Kernel-made signals carry si_code SI_KERNEL unless info says otherwise; info NULL: SI_KERNEL. */
int signal_send_thread(struct thread *t, int signo, const siginfo_t *info);
int signal_send_process(struct process *p, int signo, const siginfo_t *info);
int signal_send_pgrp(struct pid *pgrp, int signo, const siginfo_t *info);	/* takes tasklist_lock */
void signal_force(int signo, const siginfo_t *info);	/* to current: cannot be blocked or ignored */
void signal_force_fault(int signo, int code, uaddr_t addr);
bool signal_ignored(int signo);			/* current ignores or blocks it: SIGTTIN, SIGTTOU */
void set_blocked(sigset_t mask);		/* current's; recomputes TF_SIGPENDING */
void recalc_sigpending(void);			/* current, [sig] held */
/* exit_to_user_work: deliver what is pending, or arrange the restart of the interrupted call. */
void do_signal(struct trapframe *tf);

/* Results a handler may return that never reach user mode: do_signal turns them into a restart or EINTR. */
#define ERESTARTSYS 512			/* restart if the handler has SA_RESTART */
#define ERESTARTNOINTR 513		/* always restart */
#define ERESTARTNOHAND 514		/* restart only if no handler ran */
#define ERESTART_RESTARTBLOCK 516	/* through restart_syscall(2) */

#endif
