// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a program says about its signals: actions, the mask, the alternate stack; and the calls that wait for one.
 */
#include "process.h"
#include <generated/syscalls.h>
#include <janus/time.h>
#include <uapi/asm/sigcontext.h>

#define UAPI_SA_FLAGS (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
		       SA_RESETHAND | SA_EXPOSE_TAGBITS | SA_RESTORER)

static void store_action(struct sighand *sh, int signo, const struct sigaction *sa)
{
	sigset_t bit = SIGMASK(signo);

	sh->action[signo - 1] = *sa;
	sh->used |= bit;
	sh->ignored &= ~bit;
	sh->caught &= ~bit;
	if (sa->handler == SIG_IGN)
		sh->ignored |= bit;
	else if (sa->handler != SIG_DFL)
		sh->caught |= bit;
}

/* POSIX: an ignored signal is dropped even if it was pending and blocked. [sig] */
static void drop_ignored(struct process *p, int signo, unsigned long handler)
{
	struct thread *t;

	if (handler != SIG_IGN && !(handler == SIG_DFL && (SIGMASK(signo) & sig_ignored_by_default)))
		return;
	sigqueue_flush(&p->shared_pending, SIGMASK(signo));
	list_for_each_entry(t, &p->threads, thread_link)
		sigqueue_flush(&t->pending, SIGMASK(signo));
}

long sys_rt_sigaction(int sig, uaddr_t act, uaddr_t oact, size_t sigsetsize)
{
	struct process *p = current->process;
	struct sigaction new, old = { 0 };
	struct irqflags flags;
	struct sighand *sh;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (act && copy_struct_in(&new, act))
		return -EFAULT;
	if (sig < 1 || sig > NSIG || (act && (SIGMASK(sig) & KILL_STOP_MASK)))
		return -EINVAL;
	sh = sighand_lock(p, &flags);
	if (sh->used & SIGMASK(sig))
		old = sh->action[sig - 1];
	if (act) {
		new.flags &= UAPI_SA_FLAGS;
		new.mask &= ~KILL_STOP_MASK;
		store_action(sh, sig, &new);
		drop_ignored(p, sig, new.handler);
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return oact ? copy_struct_out(oact, &old) : 0;
}

void set_blocked(sigset_t mask)
{
	struct thread *t = current;
	struct irqflags flags;
	struct sighand *sh;

	mask &= ~KILL_STOP_MASK;
	if (mask == t->blocked)
		return;
	sh = sighand_lock(t->process, &flags);
	if (t->process->nr_threads > 1)
		signal_retarget(t, mask & ~t->blocked);
	t->blocked = mask;
	signal_recalc(t);
	spin_unlock_irqrestore(&sh->lock, flags);
}

long sys_rt_sigprocmask(int how, uaddr_t set, uaddr_t oset, size_t sigsetsize)
{
	sigset_t old = current->blocked, mask;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (set) {
		if (get_user(&mask, set))
			return -EFAULT;
		if (how == SIG_BLOCK)
			mask |= old;
		else if (how == SIG_UNBLOCK)
			mask = old & ~mask;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		set_blocked(mask);
	}
	return oset ? put_user(old, u64, oset) : 0;
}

long sys_rt_sigpending(uaddr_t set, size_t sigsetsize)
{
	struct thread *t = current;
	sigset_t pending;

	if (sigsetsize > sizeof(sigset_t))
		return -EINVAL;
	pending = (t->pending.set | t->process->shared_pending.set) & t->blocked;
	return copy_to_user(set, &pending, sigsetsize) ? -EFAULT : 0;
}

bool signal_ignored(int signo)
{
	struct thread *t = current;

	return (t->blocked & SIGMASK(signo)) || (t->process->sighand->ignored & SIGMASK(signo));
}

bool fatal_signal_pending(void)
{
	return signal_pending() && (current->pending.set & SIGMASK(SIGKILL));
}

/* ---- masks for the time of a call ---- */

int take_user_sigmask(uaddr_t mask, size_t size)
{
	sigset_t set;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(&set, mask))
		return -EFAULT;
	current->saved_mask = current->blocked;
	thread_set_flag(current, TF_RESTORE_MASK);
	set_blocked(set);
	return 0;
}

void restore_saved_sigmask(void)
{
	thread_clear_flag(current, TF_RESTORE_MASK);
	set_blocked(current->saved_mask);
}

long sys_rt_sigsuspend(uaddr_t newset, size_t sigsetsize)
{
	int err = take_user_sigmask(newset, sigsetsize);

	if (err)
		return err;
	for (;;) {
		set_current_state(THREAD_INTERRUPTIBLE);
		if (signal_pending())
			break;
		schedule();
	}
	set_current_state(THREAD_RUNNING);
	return -ERESTARTNOHAND;
}

long sys_pause(void)
{
	for (;;) {
		set_current_state(THREAD_INTERRUPTIBLE);
		if (signal_pending())
			break;
		schedule();
	}
	set_current_state(THREAD_RUNNING);
	return -ERESTARTNOHAND;
}

/* ---- rt_sigtimedwait ---- */

int copy_siginfo_to_user(uaddr_t to, const siginfo_t *info)
{
	if (copy_to_user(to, info, SIGINFO_USED) || clear_user(to + SIGINFO_USED, sizeof(*info) - SIGINFO_USED))
		return -EFAULT;
	return 0;
}

/*
 * Take one of `these`, and when there is none, sleep with them open until one comes, the deadline (-EAGAIN) or
 * another signal (-EINTR).
 */
static int take_or_wait(sigset_t these, siginfo_t *info, bool may_wait, u64 deadline)
{
	struct thread *t = current;
	struct process *p = t->process;
	struct irqflags flags;
	struct sighand *sh = sighand_lock(p, &flags);
	int signo = dequeue_signal(these, info), ret = -EAGAIN;

	if (!signo && may_wait) {
		t->waited = t->blocked;
		t->blocked &= ~these;
		signal_recalc(t);
		set_current_state(THREAD_INTERRUPTIBLE);
		spin_unlock_irqrestore(&sh->lock, flags);
		if (signal_pending() || schedule_timeout(deadline))
			ret = -EINTR;
		set_current_state(THREAD_RUNNING);
		sh = sighand_lock(p, &flags);
		t->blocked = t->waited;
		t->waited = 0;
		signo = dequeue_signal(these, info);
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	if (signo && info->si_code == SI_TIMER)
		posix_timer_delivered(info);
	return signo ? signo : ret;
}

long sys_rt_sigtimedwait(uaddr_t set, uaddr_t uinfo, uaddr_t timeout, size_t sigsetsize)
{
	u64 ns = TIME_MAX, deadline = TIME_MAX;
	siginfo_t info;
	sigset_t these;
	int signo, err;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (get_user(&these, set))
		return -EFAULT;
	these &= ~KILL_STOP_MASK;
	if (timeout) {
		err = get_user_timespec(&ns, timeout);
		if (err)
			return err;
		deadline = clock_monotonic() + ns;
		if (deadline < ns)
			deadline = TIME_MAX;
	}
	signo = take_or_wait(these, &info, ns != 0, deadline);
	if (signo < 0)
		return signo;
	if (uinfo && copy_siginfo_to_user(uinfo, &info))
		return -EFAULT;
	return signo;
}

/* ---- the alternate stack ---- */

static bool on_altstack(const struct thread *t, unsigned long sp)
{
	if (t->altstack_flags & SS_AUTODISARM)
		return false;
	return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

static void get_altstack(struct stack_t *old, const struct thread *t, unsigned long sp)
{
	*old = (struct stack_t){ .sp = t->altstack_sp, .size = t->altstack_size };
	if (!t->altstack_size)
		old->flags = SS_DISABLE;
	else
		old->flags = on_altstack(t, sp) ? SS_ONSTACK : 0;
	old->flags |= t->altstack_flags & SS_AUTODISARM;
}

static int set_altstack(struct thread *t, const struct stack_t *new, unsigned long sp)
{
	u32 mode = new->flags & ~SS_AUTODISARM;

	if (on_altstack(t, sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != SS_DISABLE && new->size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack_sp = mode == SS_DISABLE ? 0 : new->sp;
	t->altstack_size = mode == SS_DISABLE ? 0 : new->size;
	t->altstack_flags = new->flags;
	return 0;
}

long sys_sigaltstack(uaddr_t ss, uaddr_t oss)
{
	struct thread *t = current;
	unsigned long sp = tf_sp(current_frame());
	struct stack_t new, old;
	int err;

	if (ss && copy_struct_in(&new, ss))
		return -EFAULT;
	get_altstack(&old, t, sp);
	if (ss) {
		err = set_altstack(t, &new, sp);
		if (err)
			return err;
	}
	return oss ? copy_struct_out(oss, &old) : 0;
}
