// SPDX-License-Identifier: BSD-2-Clause
/*
 * Dying. A thread gives back what it holds, hands its children to somebody, and tells its parent when it was the last
 * of its process. A zombie leader keeps number and exit status until it is waited for; every other thread releases
 * itself.
 */
#include "process.h"
#include "seccomp.h"
#include <generated/syscalls.h>
#include <janus/sched.h>
#include <janus/time.h>
#include <janus/tty.h>
#include <uapi/ptrace.h>

/* ---- letting go ---- */

static void account_gone(struct process *p, const struct thread *t)
{
	p->utime += t->utime;
	p->stime += t->stime;
	p->sum_exec += t->se.sum_exec;
	p->min_faults += t->min_faults;
	p->maj_faults += t->maj_faults;
	p->nvcsw += t->nvcsw;
	p->nivcsw += t->nivcsw;
}

static void release_process(struct process *p)
{
	list_del(&p->sibling);
	list_del(&p->all_link);
	pid_detach(p, PIDTYPE_PGID);
	pid_detach(p, PIDTYPE_SID);
	p->pids[PIDTYPE_TGID]->process = NULL;
}

void thread_release(struct thread *t)
{
	struct process *p = t->process;
	struct irqflags flags;
	struct sighand *sh;

	if (unlikely(t->tracer))
		ptrace_unlink(t);
	sh = sighand_lock(p, &flags);
	list_del(&t->thread_link);
	p->nr_threads--;
	sigqueue_flush(&t->pending, ~0UL);
	if (!p->nr_threads)
		sigqueue_flush(&p->shared_pending, ~0UL);
	t->exit_state = EXIT_DEAD;
	account_gone(p, t);
	spin_unlock_irqrestore(&sh->lock, flags);
	__atomic_fetch_sub(&t->cred->user->processes, 1, __ATOMIC_RELAXED);
	t->pid->thread = NULL;
	if (!p->nr_threads)
		release_process(p);
	pid_release_if_unused(t->pid);
}

static void exit_mm(struct thread *t)
{
	struct mm *mm = t->mm;

	if (!mm)
		return;
	mm_release_futexes(t);
	vfork_release(t);
	t->process->maxrss = max(t->process->maxrss, mm_maxrss_kib(mm));
	arch_local_irq_disable();
	spin_lock(&t->lock);
	t->mm = NULL;
	spin_unlock(&t->lock);
	mm_switch(NULL);
	arch_local_irq_enable();
	mm_put(mm);
}

static void exit_files(struct thread *t)
{
	struct files *files = t->files;
	struct fs_context *fs = t->fs;

	spin_lock(&t->lock);
	t->files = NULL;
	t->fs = NULL;
	spin_unlock(&t->lock);
	if (files)
		files_put(files);
	if (fs)
		fs_context_put(fs);
}

/* Signals go past us from here on: to the other threads, also those we had been chosen for. */
static void exit_signals(struct thread *t)
{
	struct process *p = t->process;
	struct irqflags flags;
	struct sighand *sh = sighand_lock(p, &flags);
	bool stopped;

	thread_set_flag(t, TF_EXITING);
	jobctl_leave(t, &stopped);
	if (p->nr_threads > 1)
		signal_retarget(t, ~t->blocked);
	spin_unlock_irqrestore(&sh->lock, flags);
	if (unlikely(stopped)) {
		flags = tasklist_lock_irq();
		notify_parent_stop(p, CLD_STOPPED);
		tasklist_unlock_irq(flags);
	}
}

/* ---- telling the parent ---- */

static void fill_exit_info(siginfo_t *info, int signo, struct thread *t)
{
	struct process *p = t->process;
	int code = p->sig_flags & SIGNAL_GROUP_EXIT ? p->group_exit_code : t->exit_code;
	struct usage u;

	if (thread_is_leader(t))
		usage_process(&u, p);
	else
		usage_thread(&u, t);
	memset(info, 0, SIGINFO_USED);
	info->si_signo = signo;
	info->chld.pid = t->tid;
	info->chld.uid = t->cred->uid;
	info->chld.utime = u.utime / (NSEC_PER_SEC / USER_HZ);
	info->chld.stime = u.stime / (NSEC_PER_SEC / USER_HZ);
	if (code & 0x7f) {
		info->si_code = code & 0x80 ? CLD_DUMPED : CLD_KILLED;
		info->chld.status = code & 0x7f;
	} else {
		info->si_code = CLD_EXITED;
		info->chld.status = code >> 8;
	}
}

/* The thread that traces t or that forked p is asked first whether it wants the signal. */
static struct thread *asked_first(const struct process *p, const struct thread *t, const struct process *parent)
{
	struct thread *to = t->tracer ? t->tracer : p->parent_thread;

	return to && to->exit_state != EXIT_DEAD ? to : parent->leader;
}

bool notify_parent_exit(struct thread *t)
{
	struct process *p = t->process, *parent = p->parent;
	bool traced = t->tracer;
	int signo = t->exit_signal;
	bool autoreap = false, ignored;
	struct irqflags flags;
	struct sighand *sh;
	siginfo_t info;

	wake_up_all(&t->pid->wait_pidfd);
	if (unlikely(traced)) {
		if (!thread_is_leader(t) || p->nr_threads > 1 || !traced_by(t, parent))
			signo = SIGCHLD;
		parent = t->tracer->process;
	}
	if (parent == &kernel_process)
		return true;	/* nobody waits for kernel threads */
	sh = sighand_lock(parent, &flags);
	ignored = sig_handler(sh, SIGCHLD) == SIG_IGN;
	if (signo == SIGCHLD && !traced &&
	    (ignored || ((sh->used & SIGMASK(SIGCHLD)) && (sh->action[SIGCHLD - 1].flags & SA_NOCLDWAIT))))
		autoreap = true;
	if (signo > 0 && signo <= NSIG && !(signo == SIGCHLD && ignored) && parent->nr_threads &&
	    /* the usual parent has no handler: spare the message that nobody hears */
	    (sig_handler(sh, signo) != SIG_DFL || signo != SIGCHLD || (parent->leader->blocked & SIGMASK(SIGCHLD)) ||
	     parent->nr_threads > 1 || parent->leader->waited || parent->leader->ptrace)) {
		fill_exit_info(&info, signo, t);
		signal_send_locked(signo, &info, asked_first(p, t, parent), true, false);
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	wake_up_all_sync(&parent->wait_child);
	return autoreap;
}

/* ---- children ---- */

/* A thread of p that still runs, other than t; NULL: none. */
static struct thread *living_thread(struct process *p, const struct thread *t)
{
	struct thread *other;

	list_for_each_entry(other, &p->threads, thread_link)
		if (other != t && !thread_flag(other, TF_EXITING))
			return other;
	return NULL;
}

static struct process *find_reaper(struct process *p, struct thread **thread)
{
	struct process *up;

	if (p->has_child_subreaper)
		for (up = p->parent; up != &kernel_process && up != init_process; up = up->parent)
			if (up->child_subreaper && (*thread = living_thread(up, NULL)))
				return up;
	*thread = init_process->leader;
	return init_process;
}

/* c's parent died: it is `reaper`'s now. True: c was a zombie that nobody will wait for. */
static bool adopt(struct process *c, struct process *dying, struct process *reaper)
{
	c->parent = reaper;
	list_move_tail(&c->sibling, &reaper->children);
	c->leader->exit_signal = SIGCHLD;
	if (c->leader->exit_state == EXIT_ZOMBIE && c->nr_threads == 1 && !c->leader->tracer &&
	    notify_parent_exit(c->leader))
		return true;
	pgrp_orphan_check(c, dying);
	return false;
}

/* The children of t, or of the whole process when t was its last. Zombies to be freed are put on *dead. */
static void forget_children(struct thread *t, bool last, struct list_head *dead)
{
	struct process *p = t->process, *reaper = NULL, *c, *next;
	struct thread *heir = NULL;

	if (last)
		reaper = find_reaper(p, &heir);
	else
		heir = living_thread(p, t);
	list_for_each_entry_safe(c, next, &p->children, sibling) {
		if (c->parent_thread == t && c->leader->pdeath_signal)
			signal_send_process(c, c->leader->pdeath_signal, NULL);
		if (c->parent_thread == t || last)
			c->parent_thread = heir ? heir : p->leader;
		if (last && adopt(c, p, reaper)) {
			struct thread *leader = c->leader;

			thread_release(leader);
			list_add(&leader->thread_link, dead);
		}
	}
}

void thread_reap(struct thread *t, struct list_head *dead)
{
	struct thread *leader = t->process->leader;

	thread_release(t);
	list_add(&t->thread_link, dead);
	/* The leader went before and waited for us, the last of the others. */
	if (t != leader && leader->process->nr_threads == 1 && leader->exit_state == EXIT_ZOMBIE &&
	    !(leader->process->sig_flags & SIGNAL_GROUP_EXEC) && notify_parent_exit(leader)) {
		thread_release(leader);
		list_add(&leader->thread_link, dead);
	}
}

void put_dead(struct list_head *dead)
{
	while (!list_empty(dead)) {
		struct thread *gone = list_first_entry(dead, struct thread, thread_link);

		list_del(&gone->thread_link);
		thread_put(gone);
	}
}

/* t is done: a zombie for its parent or tracer, or gone. */
static void exit_notify(struct thread *t, bool last)
{
	struct process *p = t->process;
	struct irqflags flags;
	LIST_HEAD(dead);
	bool autoreap = true;

	flags = tasklist_lock_irq();
	if (unlikely(!list_empty(&t->tracees)))
		ptrace_exit(t, &dead);
	if (!list_empty(&p->children))
		forget_children(t, last, &dead);
	if (last)
		pgrp_orphan_check(p, NULL);
	t->exit_state = EXIT_ZOMBIE;
	if (unlikely(t->tracer))
		autoreap = notify_parent_exit(t);
	else if (thread_is_leader(t))
		autoreap = p->nr_threads == 1 && notify_parent_exit(t);
	if (unlikely(p->sig_flags & SIGNAL_GROUP_EXEC))
		wake_up_thread(p->exec_thread, THREAD_KILLABLE);
	if (autoreap)
		thread_reap(t, &dead);
	tasklist_unlock_irq(flags);
	put_dead(&dead);
}

/* ---- the calls ---- */

static void check_init(struct process *p, int code)
{
	if (likely(p != init_process))
		return;
	if (p->sig_flags & SIGNAL_GROUP_EXIT)
		code = p->group_exit_code;
	panic("Attempted to kill init! exitcode=0x%08x", code);
}

/* This thread ends; code is a wait status. */
void do_exit(int code)
{
	struct thread *t = current;
	struct process *p = t->process;
	bool last;

	if (unlikely(t->ptrace))
		ptrace_event(PTRACE_EVENT_EXIT, (unsigned)code);
	exit_signals(t);
	seccomp_exit(t);
	t->exit_code = code;
	last = __atomic_sub_fetch(&p->nr_live, 1, __ATOMIC_ACQ_REL) == 0;
	if (last) {
		check_init(p, code);
		process_timers_exit(p);
	}
	exit_mm(t);
	sem_undo_exit();
	exit_files(t);
	if (last && p->session_leader)
		tty_disassociate(p, true);
	exit_notify(t, last);
	arch_local_irq_disable();
	t->state = THREAD_DEAD;
	arch_local_irq_enable();
	schedule();
	panic("a dead thread runs");
}

void do_group_exit(int code)
{
	struct process *p = current->process;
	struct irqflags flags;
	struct sighand *sh;

	if (p->sig_flags & SIGNAL_GROUP_EXIT) {
		code = p->group_exit_code;
	} else {
		sh = sighand_lock(p, &flags);
		if (p->sig_flags & SIGNAL_GROUP_EXIT) {
			code = p->group_exit_code;
		} else if (p->sig_flags & SIGNAL_GROUP_EXEC && p->exec_thread != current) {
			code = 0;
		} else {
			p->group_exit_code = code;
			p->sig_flags = (p->sig_flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
			if (p->nr_threads > 1)
				kill_other_threads(p);
		}
		spin_unlock_irqrestore(&sh->lock, flags);
	}
	do_exit(code);
}

long sys_exit(int error_code)
{
	do_exit((error_code & 0xff) << 8);
}

long sys_exit_group(int error_code)
{
	do_group_exit((error_code & 0xff) << 8);
}
