/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of core/process tell each other, and nobody else.
 * Locks are those of janus/thread.h: [tl] tasklist_lock, [sig] process->sighand->lock, both with interrupts off.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <janus/fs.h>
#include <janus/mm.h>
#include <janus/printk.h>
#include <janus/signal.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/uaccess.h>
#include <uapi/capability.h>
#include <uapi/errno.h>
#include <uapi/sched.h>

/* ---- objects: init.c, pid.c, user.c ---- */
extern struct user_struct root_user;
extern struct kmem_cache *thread_cache, *process_cache, *sighand_cache, *cred_cache, *siginfo_cache;
void pid_init(void);
struct pid *pid_alloc_nr(pid_t nr);		/* this number (ERR_PTR(-EEXIST)), or any when it is 0 */
void pid_free_new(struct pid *pid);		/* undo pid_alloc: nobody uses it yet */
/* [tl] */
void pid_attach(struct process *p, enum pid_type type, struct pid *pid);
void pid_detach(struct process *p, enum pid_type type);
void pid_release_if_unused(struct pid *pid);

/* ---- signals ---- */
extern const sigset_t sig_ignored_by_default, sig_stopping, sig_fault;
/* Lock p's handlers: exec may replace them meanwhile, hence the loop. p is referenced or under RCU. */
static inline struct sighand *sighand_lock(struct process *p, struct irqflags *flags)
{
	*flags = arch_local_irq_save();
	for (;;) {
		struct sighand *sh = rcu_dereference(p->sighand);

		spin_lock(&sh->lock);
		if (likely(sh == READ_ONCE(p->sighand)))
			return sh;
		spin_unlock(&sh->lock);
	}
}
void sighand_put(struct sighand *sh);
struct sighand *sighand_alloc(void);
struct sighand *sighand_fork(struct sighand *parent, bool keep_ignored_only);
void sighand_flush(struct sighand *sh);			/* exec: handlers go, ignored ones stay. [sig] */
static inline unsigned long sig_handler(const struct sighand *sh, int signo)
{
	return sh->used & SIGMASK(signo) ? sh->action[signo - 1].handler : SIG_DFL;
}
/* Readers and pollers of signalfds who wait for signals of sh. Shared by hash and never freed, for an epoll set may be
 * left on it by a process that is gone. */
#define SIGNALFD_QUEUES 16
extern struct wait_queue signalfd_queues[SIGNALFD_QUEUES];
void signalfd_init(void);
static inline struct wait_queue *signalfd_queue(const struct sighand *sh)
{
	return &signalfd_queues[((unsigned long)sh >> 8) % SIGNALFD_QUEUES];
}
/* All of them: some wait for others' signals. Whoever comes to the queue now looks for signals behind us. [sig] */
static inline void wake_signalfds(const struct sighand *sh)
{
	struct wait_queue *q = signalfd_queue(sh);

	if (unlikely(!list_empty(&q->entries)))
		wake_up_key(q, WAKE_ANY | WAKE_SYNC, ~0u);
}
/* [sig] of t's process. info as in signal.h; force: also an init without a handler. */
int signal_send_locked(int signo, const siginfo_t *info, struct thread *t, bool to_process, bool force);
void siginfo_user(siginfo_t *info, int signo, int code);	/* from current, by kill(2) and the like */
void sigqueue_init(struct sigqueue *q);
bool sigqueue_add(struct sigqueue *q, struct thread *t, int signo, const siginfo_t *info, bool always);
void sigqueue_flush(struct sigqueue *q, sigset_t mask);		/* drop what is in mask. [sig] */
void signal_wake(struct thread *t, bool fatal);			/* [sig] */
void signal_recalc(struct thread *t);				/* TF_SIGPENDING of current or a new thread. [sig] */
/* For current, when its memory is not as signo's delivery needs it (0: as its way out does): SIGSEGV. The handler of
 * SIGSEGV itself would fail likewise, and is not called. */
void signal_force_segv(int signo);
void signal_retarget(struct thread *t, sigset_t mask);		/* others are to take what t will not. [sig] */
void kill_other_threads(struct process *p);			/* [sig]; SIGKILL to all but current */
/* an exiting thread counts no longer in a stop. [sig] */
void jobctl_leave(struct thread *t, bool *notify);
/* t takes part; true: the last, tell the parent. [sig] */
bool count_stopped(struct thread *t);
void notify_parent_stop(struct process *p, int why);		/* CLD_STOPPED, CLD_CONTINUED. [tl] */
/* the same to anyone; CLD_TRAPPED. [tl] */
void notify_stop(struct process *to, struct thread *t, int why, int status);
/* t ended, a leader or traced: tell who waits for it. True: nobody will, reap it now. [tl] */
bool notify_parent_exit(struct thread *t);
long restart_none(struct thread *t);

/* ---- being traced: ptrace_stop.c. All but the first two for current. ---- */
static inline bool traced_by(const struct thread *t, const struct process *p)	/* [tl] */
{
	return t->tracer && t->tracer->process == p;
}
void ptrace_trap_notify(struct thread *t);			/* its group was stopped or continued. [sig] */
/* which to take, 0: none. [sig] */
int ptrace_signal(struct ksignal *ks, struct sighand **sh, struct irqflags *flags);
void ptrace_trap(struct sighand **sh, struct irqflags *flags);	/* what jobctl asks for. [sig], released meanwhile */
/* stop with SIGTRAP and code; the signal to go on with */
int ptrace_notify(int code, unsigned long message);
bool ptrace_event(int event, unsigned long message);		/* stop, if the tracer wants to know: did it? */
void ptrace_exec(pid_t old_tid);				/* a program was executed */
void ptrace_call_exit(struct trapframe *tf);			/* call_exit_due */
int ptrace_clone_event(u64 clone_flags, int exit_signal);	/* the event of such a child, 0: not wanted */

/* ---- ptrace.c ---- */
void ptrace_init_child(struct thread *child, bool follow);	/* follow: current's tracer traces it too. [tl, sig] */
void ptrace_unlink(struct thread *t);				/* t's tracer lets go. [tl] */
void ptrace_exit(struct thread *tracer, struct list_head *dead);	/* it lets all go. [tl] */

/* ---- life and death ---- */
void do_exit(int code) __noreturn;				/* this thread alone; code is a wait status */
void vfork_release(struct thread *t);				/* exec or exit: the vfork parent goes on */
/* off every list, numbers free. [tl]; then thread_put() */
void thread_release(struct thread *t);
/* The same, onto `dead` by thread_link; a leader that waited for t as its last goes too, or its parent hears of
 * it. [tl] */
void thread_reap(struct thread *t, struct list_head *dead);
void put_dead(struct list_head *dead);				/* outside of locks */
void pgrp_orphan_check(struct process *p, struct process *dying_parent);	/* session.c. [tl] */
struct pid *pidfd_pid_flags(unsigned fd, unsigned *flags);	/* referenced, or ERR_PTR(-EBADF) */
struct pid *pidfd_or_proc_pid(unsigned fd);			/* the same; also of a descriptor of /proc/PID */
struct file *pidfd_file(struct pid *pid, unsigned flags);	/* takes a reference of its own */

/* Times of a process or thread, for rusage and friends. [tl] */
struct usage { u64 utime, stime, min_faults, maj_faults, nvcsw, nivcsw, maxrss; };
void usage_thread(struct usage *u, const struct thread *t);
void usage_process(struct usage *u, const struct process *p);	/* dead and living threads */
static inline u64 mm_maxrss_kib(struct mm *mm)
{
	mm_rss(mm);
	return mm->max_rss * (PAGE_SIZE / 1024);
}
/* Every thread that setpriority's `which` (PRIO_*) and `who` name; other values of which: none. [tl] */
void for_each_named(int which, int who, void (*each)(struct thread *t, void *arg), void *arg);
int put_user_rusage(uaddr_t to, const struct usage *u);

/* ---- credentials ---- */
bool cred_has_cap(const struct cred *c, int cap);

#endif
