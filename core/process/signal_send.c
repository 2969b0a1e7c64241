// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sending: is the signal heard at all, what it undoes (SIGCONT and the stop signals cancel each other), where it
 * queues, and which thread is to wake for it. A signal that is sure to kill the process does so from here: every
 * thread is given SIGKILL, and the exit code is settled.
 */
#include "process.h"

/* TF_SIGPENDING of current (or of a thread that does not run yet). It stays on while a stop is asked for. */
void signal_recalc(struct thread *t)
{
	struct process *p = t->process;

	if (((t->pending.set | p->shared_pending.set) & ~t->blocked) || t->jobctl ||
	    (p->sig_flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)))
		thread_set_flag(t, TF_SIGPENDING);
	else if (thread_flag(t, TF_SIGPENDING))
		thread_clear_flag(t, TF_SIGPENDING);
}

void signal_wake(struct thread *t, bool fatal)
{
	thread_set_flag(t, TF_SIGPENDING);
	if (t == current)
		return;
	if (!wake_up_thread(t, THREAD_INTERRUPTIBLE | (fatal ? THREAD_KILLABLE | THREAD_STOPPED | THREAD_TRACED : 0)))
		kick_thread(t);
}

/* Does nobody want to hear of it, so that it need not be queued? Blocked ones are queued: they may be waited for. */
static bool unheard(struct process *p, struct sighand *sh, struct thread *t, int signo, bool force)
{
	unsigned long handler = sig_handler(sh, signo);

	if (likely(handler != SIG_DFL && handler != SIG_IGN) || (t->blocked | t->waited) & SIGMASK(signo))
		return false;
	if (unlikely(t->ptrace) && signo != SIGKILL)
		return false;	/* a tracer may want to know */
	if ((p->sig_flags & SIGNAL_UNKILLABLE) && handler == SIG_DFL && !(force && (SIGMASK(signo) & KILL_STOP_MASK)))
		return true;
	return handler == SIG_IGN || (handler == SIG_DFL && (SIGMASK(signo) & sig_ignored_by_default));
}

static void flush_everywhere(struct process *p, sigset_t mask)
{
	struct thread *t;

	sigqueue_flush(&p->shared_pending, mask);
	list_for_each_entry(t, &p->threads, thread_link)
		sigqueue_flush(&t->pending, mask);
}

/* The process goes on: all threads leave their stop, and one of them will tell the parent. */
static void undo_stop(struct process *p)
{
	struct thread *t;

	flush_everywhere(p, sig_stopping);
	list_for_each_entry(t, &p->threads, thread_link) {
		t->jobctl &= ~JOBCTL_STOP;
		if (unlikely(t->ptrace & PT_SEIZED))
			ptrace_trap_notify(t);
		else
			wake_up_thread(t, THREAD_STOPPED);
	}
	p->sig_flags &= ~SIGNAL_STOP_DEQUEUED;
	if (p->sig_flags & SIGNAL_STOPPED) {
		p->sig_flags &= ~(SIGNAL_STOPPED | SIGNAL_STOP_REPORT);
		p->sig_flags |= SIGNAL_CONTINUED | SIGNAL_CLD_CONTINUED;
	} else if (p->group_stop_count) {
		p->sig_flags |= SIGNAL_CLD_STOPPED;
	}
	p->group_stop_count = 0;
	if (p->sig_flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED))
		list_for_each_entry(t, &p->threads, thread_link)
			if (!thread_flag(t, TF_EXITING)) {
				signal_wake(t, false);
				break;
			}
}

/* What sending does before queueing; false: nothing is to be queued. Inlined into each way to send. */
static __always_inline bool prepare(struct process *p, struct sighand *sh, struct thread *t, int signo, bool force)
{
	if (unlikely(p->sig_flags & SIGNAL_GROUP_EXIT))
		return false;
	if (unlikely(SIGMASK(signo) & sig_stopping))
		flush_everywhere(p, SIGMASK(SIGCONT));
	else if (unlikely(signo == SIGCONT))
		undo_stop(p);
	return !unheard(p, sh, t, signo, force);
}

/* Can t take it now? A thread that runs or has nothing else to do is best. */
static bool wants(const struct thread *t, int signo)
{
	if ((t->blocked & SIGMASK(signo)) || thread_flag(t, TF_EXITING))
		return false;
	if (signo == SIGKILL)
		return true;
	if (READ_ONCE(t->state) & (THREAD_STOPPED | THREAD_TRACED))
		return false;
	return t->se.on_cpu || !thread_flag(t, TF_SIGPENDING);
}

static struct thread *choose(struct process *p, struct thread *first, int signo, bool to_process)
{
	struct thread *t;

	if (wants(first, signo))
		return first;
	if (to_process && p->nr_threads > 1)
		list_for_each_entry(t, &p->threads, thread_link)
			if (wants(t, signo))
				return t;
	return NULL;
}

/* Is this the end of the process? Default action, and not one that stops or is ignored or asked about first. */
static bool is_fatal(const struct process *p, const struct sighand *sh, int signo)
{
	return !(SIGMASK(signo) & (sig_ignored_by_default | sig_stopping)) && sig_handler(sh, signo) == SIG_DFL &&
	       !((p->sig_flags & SIGNAL_UNKILLABLE) && signo != SIGKILL);
}

static void begin_group_exit(struct process *p, int code)
{
	p->sig_flags = (p->sig_flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
	p->group_exit_code = code;
	p->group_stop_count = 0;
}

void kill_other_threads(struct process *p)
{
	struct thread *t;

	p->group_stop_count = 0;
	list_for_each_entry(t, &p->threads, thread_link) {
		t->jobctl = 0;
		if (t == current || t->exit_state)
			continue;
		t->pending.set |= SIGMASK(SIGKILL);
		signal_wake(t, true);
	}
}

/* A signal is queued: who is to notice? Inlined likewise. */
static __always_inline void complete_send(struct process *p, struct sighand *sh, struct thread *first, int signo,
					  bool to_process)
{
	struct thread *t = choose(p, first, signo, to_process), *other;

	if (!t)
		return;		/* all block it or have enough to do: it waits in the queue */
	if (is_fatal(p, sh, signo) && !(t->waited & SIGMASK(signo)) && (signo == SIGKILL || !first->ptrace)) {
		begin_group_exit(p, signo);
		list_for_each_entry(other, &p->threads, thread_link) {
			other->jobctl = 0;
			other->pending.set |= SIGMASK(SIGKILL);
			signal_wake(other, true);
		}
		return;
	}
	signal_wake(t, signo == SIGKILL);
}

int signal_send_locked(int signo, const siginfo_t *info, struct thread *t, bool to_process, bool force)
{
	struct process *p = t->process;
	struct sighand *sh = p->sighand;
	struct sigqueue *q = to_process ? &p->shared_pending : &t->pending;
	siginfo_t kernel_info;
	bool always;

	if (!prepare(p, sh, t, signo, force))
		return 0;
	if (signo < SIGRTMIN && (q->set & SIGMASK(signo)))
		return 0;	/* one of a kind is enough */
	if (!info) {
		kernel_info = (siginfo_t){ .si_signo = signo, .si_code = SI_KERNEL };
		info = &kernel_info;
	}
	always = signo < SIGRTMIN && info->si_code >= 0;
	if (signo == SIGKILL)
		q->set |= SIGMASK(SIGKILL);
	else if (!sigqueue_add(q, t, signo, info, always)) {
		if (signo >= SIGRTMIN && info->si_code != SI_USER && info->si_code != SI_KERNEL)
			return -EAGAIN;
		q->set |= SIGMASK(signo);	/* the number arrives, the info is lost */
	}
	wake_signalfds(sh);
	complete_send(p, sh, t, signo, to_process);
	return 0;
}

bool signal_send_node(struct siginfo_node *node, int signo, struct thread *t, bool to_process)
{
	struct irqflags flags;
	struct process *p = t->process;
	struct sighand *sh = sighand_lock(p, &flags);
	struct sigqueue *q = to_process ? &p->shared_pending : &t->pending;
	bool sent = false;

	if (p->nr_threads && t->exit_state != EXIT_DEAD && list_empty(&node->link) && prepare(p, sh, t, signo, false)) {
		list_add_tail(&node->link, &q->infos);
		q->set |= SIGMASK(signo);
		wake_signalfds(sh);
		complete_send(p, sh, t, signo, to_process);
		sent = true;
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return sent;
}

int signal_send_thread(struct thread *t, int signo, const siginfo_t *info)
{
	struct irqflags flags;
	struct sighand *sh = sighand_lock(t->process, &flags);
	int err = -ESRCH;

	if (t->exit_state != EXIT_DEAD)
		err = signal_send_locked(signo, info, t, false, !info);
	spin_unlock_irqrestore(&sh->lock, flags);
	return err;
}

int signal_send_process_first(struct thread *first, int signo, const siginfo_t *info)
{
	struct irqflags flags;
	struct process *p = first->process;
	struct sighand *sh = sighand_lock(p, &flags);
	int err = -ESRCH;

	if (p->nr_threads)
		err = signal_send_locked(signo, info, first->exit_state == EXIT_DEAD ? p->leader : first, true, !info);
	spin_unlock_irqrestore(&sh->lock, flags);
	return err;
}

int signal_send_process(struct process *p, int signo, const siginfo_t *info)
{
	return signal_send_process_first(p->leader, signo, info);
}

/* Linux's answer for a group: 0 if one member took it, else the last error, ESRCH for an empty one. */
int signal_send_pgrp_locked(struct pid *pgrp, int signo, const siginfo_t *info)
{
	struct process *p;
	bool success = false;
	int err = -ESRCH;

	for_each_in_pid(p, pgrp, PIDTYPE_PGID) {
		err = signal_send_process(p, signo, info);
		success |= !err;
	}
	return success ? 0 : err;
}

int signal_send_pgrp(struct pid *pgrp, int signo, const siginfo_t *info)
{
	struct irqflags flags = tasklist_lock_irq();
	int err = signal_send_pgrp_locked(pgrp, signo, info);

	tasklist_unlock_irq(flags);
	return err;
}

/* What cannot be handled kills: a handler that is blocked or ignored is taken away, and init loses its shield. */
void signal_force(int signo, const siginfo_t *info)
{
	struct thread *t = current;
	struct irqflags flags;
	struct sighand *sh = sighand_lock(t->process, &flags);
	unsigned long handler = sig_handler(sh, signo);

	if (handler == SIG_IGN || (t->blocked & SIGMASK(signo))) {
		sh->used &= ~SIGMASK(signo);
		sh->ignored &= ~SIGMASK(signo);
		sh->caught &= ~SIGMASK(signo);
		t->blocked &= ~SIGMASK(signo);
		handler = SIG_DFL;
	}
	if (handler == SIG_DFL && !t->ptrace)
		t->process->sig_flags &= ~SIGNAL_UNKILLABLE;
	signal_send_locked(signo, info, t, false, true);
	signal_recalc(t);
	spin_unlock_irqrestore(&sh->lock, flags);
}

void signal_force_fault(int signo, int code, uaddr_t addr)
{
	siginfo_t info = { .si_signo = signo, .si_code = code, .fault = { .addr = addr } };

	signal_force(signo, &info);
}
