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
struct posix_timer;
struct user_struct;

/* The part of siginfo_t that anything kernel-made or queued uses; the rest is zero. */
#define SIGINFO_USED 48

struct siginfo_node {
	struct list_head link;		/* [sig] in sigqueue.infos */
	struct user_struct *user;	/* whose RLIMIT_SIGPENDING it counts against; NULL: the queue's own slot */
	struct posix_timer *timer;	/* whose node it is: not freed with delivery. NULL: nobody's */
	u8 info[SIGINFO_USED] __aligned(8);
};

/*
 * Queued signals of a thread or process. [sig] The slot is the info of the common case, one ordinary signal on its way:
 * it needs no allocation and counts for nobody.
 */
struct sigqueue {
	sigset_t set;			/* numbers that are pending */
	struct list_head infos;		/* struct siginfo_node, oldest first */
	struct siginfo_node slot;
	bool slot_used;
};

/*
 * Dispositions. Only entries of `action` with their bit in `used` mean anything, the others are SIG_DFL; so that
 * fork and exec touch only what a program set. `ignored` and `caught` follow from action (/proc, quick tests).
 */
struct sighand {
	refcount_t refs;
	spinlock_t lock;		/* interrupts off */
	sigset_t used;			/* [lock] action[] entries that are filled in */
	sigset_t ignored;		/* [lock] SIG_IGN */
	sigset_t caught;		/* [lock] a handler */
	struct sigaction action[64];	/* [lock] index signo - 1 */
};

/* A signal on its way to a handler. */
struct ksignal {
	siginfo_t info;			/* SIGINFO_USED bytes of it; the rest of a handler's is zero */
	struct sigaction action;
	int signo;
	sigset_t saved_mask;		/* what sigreturn restores */
};

#define SIGMASK(n) (1ULL << ((n) - 1))
#define KILL_STOP_MASK (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

/* Kernel-made signals carry si_code SI_KERNEL unless info says otherwise; info NULL: SI_KERNEL. */
int signal_send_thread(struct thread *t, int signo, const siginfo_t *info);
int signal_send_process(struct process *p, int signo, const siginfo_t *info);
/* The same, where `first` is asked first whether it wants it. RCU. */
int signal_send_process_first(struct thread *first, int signo, const siginfo_t *info);
int signal_send_pgrp(struct pid *pgrp, int signo, const siginfo_t *info);	/* takes tasklist_lock */
int signal_send_pgrp_locked(struct pid *pgrp, int signo, const siginfo_t *info);	/* tasklist_lock held */
/*
 * A timer's own node: its signal is never lost, and queued once at a time. send: false when it is ignored, or queued
 * already. free takes it off the queue first, if it is on one; current's process.
 */
struct siginfo_node *signal_node_alloc(void);
void signal_node_free(struct siginfo_node *node);
bool signal_send_node(struct siginfo_node *node, int signo, struct thread *t, bool to_process);
void signal_force(int signo, const siginfo_t *info);	/* to current: cannot be blocked or ignored */
void signal_force_fault(int signo, int code, uaddr_t addr);
bool signal_ignored(int signo);			/* current ignores or blocks it: SIGTTIN, SIGTTOU */
void set_blocked(sigset_t mask);		/* current's, KILL and STOP left out; recomputes TF_SIGPENDING */
/* ppoll, pselect, epoll_pwait: take a mask for the time of the call; restored by the way out (TF_RESTORE_MASK). */
int take_user_sigmask(uaddr_t mask, size_t size);
static inline int set_user_sigmask(uaddr_t mask, size_t size) { return mask ? take_user_sigmask(mask, size) : 0; }
void restore_saved_sigmask(void);		/* end of such a call: see restore_saved_sigmask_unless() */
int copy_siginfo_to_user(uaddr_t to, const siginfo_t *info);
/* Take the first of `mask` off current's queues: its number, or 0; fills SIGINFO_USED bytes. [sig] held; when
 * info->si_code is SI_TIMER, the caller calls posix_timer_delivered(info) once the lock is released. */
int dequeue_signal(sigset_t mask, siginfo_t *info);
/* exit_to_user_work: deliver what is pending, or arrange the restart of the interrupted call. */
void do_signal(struct trapframe *tf);

/* Results a handler may return that never reach user mode: do_signal turns them into a restart or EINTR. */
#define ERESTARTSYS 512			/* restart if the handler has SA_RESTART */
#define ERESTARTNOINTR 513		/* always restart */
#define ERESTARTNOHAND 514		/* restart only if no handler ran */
#define ERESTART_RESTARTBLOCK 516	/* through restart_syscall(2) */

#endif
