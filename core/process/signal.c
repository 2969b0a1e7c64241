// SPDX-License-Identifier: BSD-2-Clause
/*
 * Delivery: what a thread does about its signals on the way to user mode. It takes them off the queues one by one:
 * the default actions happen here (die, stop, nothing); a handler is given its frame by the architecture. Then
 * the call that was interrupted is restarted, or told EINTR.
 */
#include "process.h"
#include <arch/ptrace.h>
#include <arch/signal.h>
#include <generated/syscalls.h>
#include <janus/entry.h>
#include <janus/rseq.h>
#include <janus/time.h>

/* The choice of a handler: the mask during it, and once-only ones. [sig] */
static void take_handler(struct ksignal *ks, struct sighand *sh)
{
	struct thread *t = current;
	struct sigaction *sa = &sh->action[ks->signo - 1];
	sigset_t blocked = t->blocked | sa->mask;

	ks->action = *sa;
	if (sa->flags & SA_RESETHAND) {
		sa->handler = SIG_DFL;
		sh->caught &= ~SIGMASK(ks->signo);
	}
	if (!(ks->action.flags & SA_NODEFER))
		blocked |= SIGMASK(ks->signo);
	ks->saved_mask = t->blocked;
	if (unlikely(thread_flag(t, TF_RESTORE_MASK))) {
		ks->saved_mask = t->saved_mask;
		thread_clear_flag(t, TF_RESTORE_MASK);
	}
	if (blocked != t->blocked) {
		if (unlikely(t->process->nr_threads > 1))
			signal_retarget(t, blocked & ~t->blocked);
		t->blocked = blocked & ~KILL_STOP_MASK;
		/* Blocking more can only turn the flag off, and it is off already in the common case. */
		if (thread_flag(t, TF_SIGPENDING))
			signal_recalc(t);
	}
}

/* Signals for the process that t now blocks: others are to look. [sig] */
void signal_retarget(struct thread *t, sigset_t mask)
{
	struct process *p = t->process;
	struct thread *other;

	mask &= p->shared_pending.set;
	if (!mask)
		return;
	list_for_each_entry(other, &p->threads, thread_link) {
		if (other == t || thread_flag(other, TF_EXITING) || !(mask & ~other->blocked))
			continue;
		mask &= other->blocked;
		if (!thread_flag(other, TF_SIGPENDING))
			signal_wake(other, false);
		if (!mask)
			break;
	}
}

/* ---- stopping ---- */

void notify_stop(struct process *to, struct thread *t, int why, int status)
{
	siginfo_t info = { .si_signo = SIGCHLD, .si_code = why };
	struct irqflags flags;
	struct sighand *sh;
	struct usage u;

	if (thread_is_leader(t) && why != CLD_TRAPPED)
		usage_process(&u, t->process);
	else
		usage_thread(&u, t);
	info.chld.pid = t->tid;
	info.chld.uid = t->cred->uid;
	info.chld.utime = u.utime / (NSEC_PER_SEC / USER_HZ);
	info.chld.stime = u.stime / (NSEC_PER_SEC / USER_HZ);
	info.chld.status = status;
	sh = sighand_lock(to, &flags);
	if (sig_handler(sh, SIGCHLD) != SIG_IGN &&
	    !((sh->used & SIGMASK(SIGCHLD)) && (sh->action[SIGCHLD - 1].flags & SA_NOCLDSTOP)) && to->nr_threads)
		signal_send_locked(SIGCHLD, &info, to->leader, true, false);
	spin_unlock_irqrestore(&sh->lock, flags);
	wake_up_all(&to->wait_child);
}

void notify_parent_stop(struct process *p, int why)
{
	notify_stop(p->parent, p->leader, why, why == CLD_CONTINUED ? SIGCONT : p->stop_signal);
}

/* A tracer of the leader's, if it is another, hears of it too. */
static void tell_parent(struct process *p, int why)
{
	struct irqflags flags = tasklist_lock_irq();

	notify_parent_stop(p, why);
	if (unlikely(p->leader->tracer) && !traced_by(p->leader, p->parent))
		notify_stop(p->leader->tracer->process, p->leader, why,
			    why == CLD_CONTINUED ? SIGCONT : p->stop_signal);
	tasklist_unlock_irq(flags);
}

bool count_stopped(struct thread *t)
{
	struct process *p = t->process;
	bool counted = t->jobctl & JOBCTL_STOP_CONSUME;

	t->jobctl &= ~JOBCTL_STOP;
	if (!counted || !p->group_stop_count || --p->group_stop_count)
		return false;
	if (p->sig_flags & SIGNAL_STOPPED)
		return false;
	p->sig_flags = (p->sig_flags & ~SIGNAL_CONTINUED) | SIGNAL_STOPPED | SIGNAL_STOP_REPORT;
	return true;
}

void jobctl_leave(struct thread *t, bool *notify)
{
	*notify = false;
	if (t->jobctl & JOBCTL_STOP_PENDING)
		*notify = count_stopped(t);
	t->jobctl = 0;
}

/* A stop signal's action begins: every thread is to stop. [sig] */
static void begin_stop(struct process *p, int signo)
{
	struct thread *t;

	if (!(p->sig_flags & SIGNAL_STOPPED))
		/* else a tracer let this thread go on, but the group is still stopped by the first */
		p->stop_signal = signo;
	p->group_stop_count = 0;
	list_for_each_entry(t, &p->threads, thread_link) {
		if (thread_flag(t, TF_EXITING) || (READ_ONCE(t->state) & THREAD_STOPPED))
			continue;
		t->jobctl |= JOBCTL_STOP;
		t->stop_signal = signo;
		p->group_stop_count++;
		if (unlikely(t->ptrace & PT_SEIZED))
			ptrace_trap_notify(t);
		else if (t != current)
			signal_wake(t, false);
	}
}

/*
 * This thread takes part in the stop. Releases the lock, and sleeps until SIGCONT or SIGKILL. False: it is traced and
 * stops for its tracer instead, as jobctl says now.
 */
static __noinline bool stop_here(struct sighand *sh, struct irqflags flags)
{
	struct thread *t = current;
	bool last;

	if (unlikely(t->ptrace)) {
		t->jobctl |= JOBCTL_TRAP_STOP;
		return false;
	}
	last = count_stopped(t);
	set_current_state(THREAD_STOPPED);
	spin_unlock_irqrestore(&sh->lock, flags);
	if (last)
		tell_parent(t->process, CLD_STOPPED);
	schedule();
	return true;
}

static bool current_pgrp_is_orphaned(void)
{
	struct irqflags flags = tasklist_lock_irq();
	bool orphaned = pgrp_is_orphaned(current->process->pids[PIDTYPE_PGID]);

	tasklist_unlock_irq(flags);
	return orphaned;
}

/* ---- choosing ---- */

enum next { DELIVER, NOTHING, AGAIN };

/* Default action of ks->signo, the lock held; AGAIN: it was released. Dying does not come back. */
static __noinline enum next default_action(struct ksignal *ks, struct sighand **sh, struct irqflags *flags)
{
	struct process *p = current->process;
	int signo = ks->signo;

	if (SIGMASK(signo) & sig_ignored_by_default)
		return NOTHING;
	if ((p->sig_flags & SIGNAL_UNKILLABLE) && !(SIGMASK(signo) & KILL_STOP_MASK))
		return NOTHING;
	if (SIGMASK(signo) & sig_stopping) {
		if (signo != SIGSTOP) {
			bool orphaned;

			spin_unlock_irqrestore(&(*sh)->lock, *flags);
			orphaned = current_pgrp_is_orphaned();
			*sh = sighand_lock(p, flags);
			if (orphaned)
				return NOTHING;
		}
		/* SIGCONT or SIGKILL may have come while the lock was free. */
		if (!(p->sig_flags & SIGNAL_STOP_DEQUEUED) || (p->sig_flags & SIGNAL_GROUP_EXIT))
			return NOTHING;
		begin_stop(p, signo);
		return stop_here(*sh, *flags) ? AGAIN : NOTHING;
	}
	spin_unlock_irqrestore(&(*sh)->lock, *flags);
	do_group_exit(signo);
}

/* The parent is still to hear of a stop or continuation that a sender could not tell it of. Releases the lock if so. */
static bool report_continued(struct process *p, struct sighand *sh, struct irqflags flags)
{
	int why;

	if (likely(!(p->sig_flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED))))
		return false;
	why = p->sig_flags & SIGNAL_CLD_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
	p->sig_flags &= ~(SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED);
	signal_recalc(current);
	spin_unlock_irqrestore(&sh->lock, flags);
	tell_parent(p, why);
	return true;
}

/* The next signal that has a handler; false when there is none. */
static inline bool get_signal(struct ksignal *ks)
{
	struct thread *t = current;
	struct process *p = t->process;
	struct irqflags flags;
	struct sighand *sh;

again:
	sh = sighand_lock(p, &flags);
	if (report_continued(p, sh, flags))
		goto again;
	for (;;) {
		if (unlikely((p->sig_flags & SIGNAL_GROUP_EXIT) ||
			     ((p->sig_flags & SIGNAL_GROUP_EXEC) && p->exec_thread != t))) {
			t->pending.set &= ~SIGMASK(SIGKILL);	/* taken: a tracer may still be told of the end */
			spin_unlock_irqrestore(&sh->lock, flags);
			do_group_exit(SIGKILL);
		}
		if (unlikely(t->jobctl)) {
			if (t->jobctl & JOBCTL_STOP_PENDING && stop_here(sh, flags))
				goto again;
			if (t->jobctl & JOBCTL_TRAP) {
				ptrace_trap(&sh, &flags);
				continue;
			}
		}
		ks->signo = dequeue_signal(~t->blocked, &ks->info);
		if (!ks->signo)
			break;
		if (unlikely(ks->info.si_code == SI_TIMER)) {
			spin_unlock_irqrestore(&sh->lock, flags);
			posix_timer_delivered(&ks->info);
			sh = sighand_lock(p, &flags);
		}
		if (unlikely(t->ptrace) && ks->signo != SIGKILL && !(ks->signo = ptrace_signal(ks, &sh, &flags)))
			continue;
		if (sig_handler(sh, ks->signo) == SIG_IGN)
			continue;
		if (sig_handler(sh, ks->signo) != SIG_DFL) {
			take_handler(ks, sh);
			break;
		}
		if (default_action(ks, &sh, &flags) == AGAIN)
			goto again;
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return ks->signo;
}

/* ---- the interrupted call ---- */

/* A handler will run: is the call restarted after it? */
static void settle_call(struct trapframe *tf, u64 sa_flags)
{
	long error = -tf_return(tf);

	switch (error) {
	case ERESTARTSYS:
		if (sa_flags & SA_RESTART) {
			tf_restart_syscall(tf);
			return;
		}
		break;
	case ERESTARTNOINTR:
		tf_restart_syscall(tf);
		return;
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		break;
	default:
		return;
	}
	tf_set_return(tf, -EINTR);
}

/* No handler runs. */
static void restart_call(struct trapframe *tf)
{
	long error = -tf_return(tf);

	if (error == ERESTARTSYS || error == ERESTARTNOINTR || error == ERESTARTNOHAND)
		tf_restart_syscall(tf);
	else if (error == ERESTART_RESTARTBLOCK)
		tf_restart_syscall_as(tf, __NR_restart_syscall);
	else
		return;
	tf_clear_syscall(tf);
}

void signal_force_segv(int signo)
{
	if (signo == SIGSEGV) {
		struct irqflags flags;
		struct sighand *sh = sighand_lock(current->process, &flags);

		sh->used &= ~SIGMASK(SIGSEGV);
		sh->caught &= ~SIGMASK(SIGSEGV);
		spin_unlock_irqrestore(&sh->lock, flags);
	}
	signal_force(SIGSEGV, NULL);
}

/* False: the handler's frame could not be written. */
static inline bool deliver(struct ksignal *ks, struct trapframe *tf)
{
	struct thread *t = current;

	if (tf_syscall_nr(tf) >= 0) {
		settle_call(tf, ks->action.flags);
		tf_clear_syscall(tf);
	}
	rseq_signal(t, ks, tf);
	if (unlikely(arch_signal_deliver(ks, tf))) {
		set_blocked(ks->saved_mask);
		signal_force_segv(ks->signo);
		return false;
	}
	if (t->altstack_flags & SS_AUTODISARM) {
		t->altstack_sp = 0;
		t->altstack_size = 0;
		t->altstack_flags = SS_DISABLE;
	}
	return true;
}

/* ---- those who are traced ---- */

/* A call whose restart was made before its tracer's stop, where tracers are used to see it so. */
struct early_restart {
	long error;			/* 0: none was made */
	unsigned long behind, again;	/* the call's return address, and its instruction's */
};

static __noinline void restart_early(struct early_restart *r, struct trapframe *tf)
{
	long error = -tf_return(tf);

	if (!arch_restarts_before_stop || tf_syscall_nr(tf) < 0 || error < ERESTARTSYS || error > ERESTART_RESTARTBLOCK)
		return;
	r->error = error;
	r->behind = tf_pc(tf);
	tf_restart_syscall(tf);
	tf_clear_syscall(tf);
	r->again = tf_pc(tf);
}

/* What came of the signal may take the restart back, unless the tracer sent the thread elsewhere. */
static void settle_early(const struct early_restart *r, const struct ksignal *ks, bool taken, struct trapframe *tf)
{
	if (!r->error || tf_pc(tf) != r->again)
		return;
	if (taken && r->error != ERESTARTNOINTR && !(r->error == ERESTARTSYS && ks->action.flags & SA_RESTART)) {
		tf_set_return(tf, -EINTR);
		tf_set_pc(tf, r->behind);
	} else if (!taken && r->error == ERESTART_RESTARTBLOCK) {
		tf_set_pc(tf, r->behind);
		tf_restart_syscall_as(tf, __NR_restart_syscall);
	}
}

/* Before a handler's frame is written, which is to be as the program's own: true: the thread was to make a step. */
static __noinline bool settle_traced(const struct early_restart *r, const struct ksignal *ks, bool taken,
				     struct trapframe *tf)
{
	struct thread *t = current;

	settle_early(r, ks, taken, tf);
	if (!taken || !thread_flag(t, TF_SINGLE_STEP))
		return false;
	thread_clear_flag(t, TF_SINGLE_STEP);
	arch_single_step(t, false);
	return true;
}

void do_signal(struct trapframe *tf)
{
	struct thread *t = current;
	struct early_restart early;
	struct ksignal ks;
	bool taken, stepping = false;

	early.error = 0;
	if (unlikely(t->ptrace))
		restart_early(&early, tf);
	taken = get_signal(&ks);
	if (unlikely(t->ptrace))
		stepping = settle_traced(&early, &ks, taken, tf);
	if (taken) {
		if (likely(deliver(&ks, tf)) && unlikely(stepping))
			(void)ptrace_notify(SIGTRAP, 0);	/* the step led to the handler's first instruction */
		return;
	}
	if (tf_syscall_nr(tf) >= 0)
		restart_call(tf);
	if (thread_flag(t, TF_RESTORE_MASK)) {
		thread_clear_flag(t, TF_RESTORE_MASK);
		set_blocked(t->saved_mask);
	}
}

/* ---- upcalls ---- */

/*
 * What calls left for the way out. A new thread's first: clone's CLONE_CHILD_SETTID is written by the child, in its own
 * memory.
 */
static __noinline void resume_work(struct thread *t)
{
	uaddr_t to = t->set_child_tid;

	thread_clear_flag(t, TF_NOTIFY_RESUME);
	if (this_cpu()->rcu_ready)
		rcu_run_ready();
	if (unlikely(t->call_exit_due))
		ptrace_call_exit(current_frame());
	if (to) {
		t->set_child_tid = 0;
		(void)put_user(t->tid, s32, to);
	}
}

void exit_to_user_work(struct trapframe *tf)
{
	struct thread *t = current;
	u32 flags = READ_ONCE(t->flags);

	do {
		arch_local_irq_enable();
		if (flags & TF_NEED_RESCHED)
			schedule();
		if (flags & TF_NOTIFY_RESUME)
			resume_work(t);
		if (flags & (TF_SIGPENDING | TF_RESTORE_MASK))
			do_signal(tf);
		if (flags & TF_RSEQ)
			rseq_resume(tf, 0);
		arch_local_irq_disable();
		flags = READ_ONCE(t->flags);
	} while (flags & TF_EXIT_WORK);
}

void user_exception(int signo, int code, uaddr_t addr)
{
	tf_clear_syscall(current_frame());
	signal_force_fault(signo, code, addr);
}

long sys_rt_sigreturn(void)
{
	struct trapframe *tf = current_frame();

	current->restart.fn = restart_none;
	if (arch_sigreturn(tf))
		signal_force(SIGSEGV, NULL);
	tf_clear_syscall(tf);
	return tf_return(tf);
}

long restart_none(struct thread *t)
{
	(void)t;
	return -EINTR;
}

long sys_restart_syscall(void)
{
	long (*fn)(struct thread *t) = current->restart.fn;

	current->restart.fn = restart_none;	/* once; an interrupted call sets it again */
	return fn(current);
}
