// SPDX-License-Identifier: BSD-2-Clause
/*
 * Waiting for children: wait4 and waitid are one search over the list of children, for what each option asks, with a
 * sleep around it.
 */
#include "process.h"
#include <generated/syscalls.h>

struct wait_request {
	int type;			/* P_ALL, P_PID, P_PGID */
	pid_t nr;			/* of P_PID */
	struct pid *pgrp;		/* of P_PGID and P_PIDFD; referenced */
	u32 options;
	/* the answer */
	pid_t pid;			/* 0: nothing yet */
	uid_t uid;
	int status;			/* wait4's word */
	int code, code_status;		/* waitid's si_code and si_status */
	struct usage usage;
	struct list_head dead;		/* threads to be put once the lock is free */
};

static bool names(const struct wait_request *w, const struct thread *t)
{
	switch (w->type) {
	case P_PID:
		return t->tid == w->nr;
	case P_PGID:
		return t->process->pids[PIDTYPE_PGID] == w->pgrp;
	case P_PIDFD:
		return t->pid == w->pgrp;
	}
	return true;
}

/* __WCLONE asks for children that do not send SIGCHLD, no option for those that do, __WALL for both. */
static bool eligible(const struct wait_request *w, const struct process *p)
{
	if ((w->options & __WNOTHREAD) && p->parent_thread != current)
		return false;
	if (!names(w, p->leader))
		return false;
	return (w->options & __WALL) || (p->leader->exit_signal != SIGCHLD) == !!(w->options & __WCLONE);
}

static void answer(struct wait_request *w, struct thread *t, int status, int code, int code_status)
{
	w->pid = t->tid;
	w->uid = t->cred->uid;
	w->status = status;
	w->code = code;
	w->code_status = code_status;
	if (thread_is_leader(t))
		usage_process(&w->usage, t->process);
	else
		usage_thread(&w->usage, t);
}

static void answer_end(struct wait_request *w, struct thread *t)
{
	const struct process *p = t->process;
	int status = p->sig_flags & SIGNAL_GROUP_EXIT ? p->group_exit_code : t->exit_code;

	if (status & 0x7f)
		answer(w, t, status, status & 0x80 ? CLD_DUMPED : CLD_KILLED, status & 0x7f);
	else
		answer(w, t, status, CLD_EXITED, status >> 8);
}

/* The dead child's times are ours to report from now on. */
static void inherit_usage(struct process *self, const struct process *p, const struct usage *u)
{
	self->cutime += u->utime + p->cutime;
	self->cstime += u->stime + p->cstime;
	self->cmin_faults += u->min_faults + p->cmin_faults;
	self->cmaj_faults += u->maj_faults + p->cmaj_faults;
	self->cnvcsw += u->nvcsw + p->cnvcsw;
	self->cnivcsw += u->nivcsw + p->cnivcsw;
	self->cmaxrss = max(self->cmaxrss, max(u->maxrss, p->cmaxrss));
}

static void take_zombie(struct wait_request *w, struct process *p)
{
	struct usage own;

	answer_end(w, p->leader);
	own = w->usage;
	w->usage.utime += p->cutime;
	w->usage.stime += p->cstime;
	w->usage.min_faults += p->cmin_faults;
	w->usage.maj_faults += p->cmaj_faults;
	w->usage.nvcsw += p->cnvcsw;
	w->usage.nivcsw += p->cnivcsw;
	w->usage.maxrss = max(own.maxrss, p->cmaxrss);
	if (w->options & WNOWAIT)
		return;
	inherit_usage(current->process, p, &own);
	thread_reap(p->leader, &w->dead);
}

/* A stop or continuation of p that nobody has been told of. The flags are p's handlers' lock's. */
static bool take_stop(struct wait_request *w, struct process *p)
{
	struct irqflags flags;
	struct sighand *sh = sighand_lock(p, &flags);
	bool found = true;

	if ((w->options & WSTOPPED) && (p->sig_flags & SIGNAL_STOPPED) && (p->sig_flags & SIGNAL_STOP_REPORT)) {
		if (!(w->options & WNOWAIT))
			p->sig_flags &= ~SIGNAL_STOP_REPORT;
		answer(w, p->leader, p->stop_signal << 8 | 0x7f, CLD_STOPPED, p->stop_signal);
	} else if ((w->options & WCONTINUED) && (p->sig_flags & SIGNAL_CONTINUED)) {
		if (!(w->options & WNOWAIT))
			p->sig_flags &= ~SIGNAL_CONTINUED;
		answer(w, p->leader, 0xffff, CLD_CONTINUED, SIGCONT);
	} else {
		found = false;
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return found;
}

/* ---- those we trace ---- */

/* The end of a thread that we trace. A process of another's is then that one's to wait for. */
static void take_traced_zombie(struct wait_request *w, struct thread *t)
{
	struct process *p = t->process;

	if (thread_is_leader(t) && p->parent == current->process) {
		take_zombie(w, p);
		return;
	}
	answer_end(w, t);
	if (w->options & WNOWAIT)
		return;
	ptrace_unlink(t);
	if (!thread_is_leader(t) || notify_parent_exit(t))
		thread_reap(t, &w->dead);
}

static bool take_traced_stop(struct wait_request *w, struct thread *t)
{
	struct irqflags flags;
	struct sighand *sh = sighand_lock(t->process, &flags);
	int code = t->stop_code;
	bool found = READ_ONCE(t->state) == THREAD_TRACED && !(t->ptrace & PT_LISTENING) && code;

	if (found) {
		answer(w, t, code << 8 | 0x7f, CLD_TRAPPED, code);
		if (!(w->options & WNOWAIT))
			t->stop_code = 0;
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return found;
}

/* True: w has an answer. */
static bool take_traced(struct wait_request *w, struct thread *t)
{
	if (t->exit_state == EXIT_ZOMBIE) {
		if (!(w->options & WEXITED) || (thread_is_leader(t) && t->process->nr_threads > 1))
			return false;
		take_traced_zombie(w, t);
		return true;
	}
	return take_traced_stop(w, t) ||
	       ((t->process->sig_flags & SIGNAL_CONTINUED) && (w->options & WCONTINUED) && take_stop(w, t->process));
}

/* As search(), over the threads that `tracer` traces. */
static int search_traced(struct wait_request *w, struct thread *tracer)
{
	struct thread *t;
	int err = -ECHILD;

	list_for_each_entry(t, &tracer->tracees, tracee_link) {
		if (!names(w, t))
			continue;
		err = 0;
		if (take_traced(w, t))
			break;
	}
	return err;
}

static int search_all_traced(struct wait_request *w)
{
	struct thread *tracer;
	int err = -ECHILD;

	list_for_each_entry(tracer, &current->process->threads, thread_link) {
		if (likely(list_empty(&tracer->tracees)) || ((w->options & __WNOTHREAD) && tracer != current))
			continue;
		if (!search_traced(w, tracer))
			err = 0;
		if (w->pid)
			break;
	}
	return err;
}

/* ---- the search ---- */

static int search_children(struct wait_request *w)
{
	struct process *self = current->process, *p;
	int err = -ECHILD;

	list_for_each_entry(p, &self->children, sibling) {
		struct thread *leader = p->leader;

		if (!eligible(w, p) || (unlikely(leader->tracer) && traced_by(leader, self)))
			continue;
		if (leader->exit_state == EXIT_ZOMBIE && p->nr_threads == 1) {
			if (unlikely(leader->tracer))
				err = 0;	/* ours when its tracer has waited */
			if (!(w->options & WEXITED) || leader->tracer)
				continue;
			take_zombie(w, p);
			return 0;
		}
		err = 0;
		if ((p->sig_flags & (SIGNAL_STOP_REPORT | SIGNAL_CONTINUED)) && take_stop(w, p))
			break;
	}
	return err;
}

/* 0: w has an answer, or there are children to wait for; -ECHILD otherwise. */
static int search(struct wait_request *w)
{
	struct irqflags flags = tasklist_lock_irq();
	int err = search_children(w);

	if (!w->pid && !search_all_traced(w))
		err = 0;
	tasklist_unlock_irq(flags);
	return err;
}

/* The child's number, 0 with WNOHANG and nothing to tell, or -errno. */
static long do_wait(struct wait_request *w)
{
	struct wait_queue *q = &current->process->wait_child;
	struct wait_entry entry;
	long err;

	list_init(&w->dead);
	err = search(w);
	if (!err && !w->pid && !(w->options & WNOHANG)) {
		wait_entry_init(&entry, false);
		for (;;) {
			wait_prepare(q, &entry, THREAD_INTERRUPTIBLE);
			err = search(w);
			if (err || w->pid)
				break;
			if (signal_pending()) {
				err = -ERESTARTSYS;
				break;
			}
			schedule();
		}
		wait_finish(q, &entry);
	}
	put_dead(&w->dead);
	return err ? err : w->pid;
}

long sys_wait4(pid_t upid, uaddr_t stat_addr, int options, uaddr_t ru)
{
	struct wait_request w = { .options = options | WEXITED };
	long ret;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (upid == INT32_MIN)
		return -ESRCH;
	if (upid == -1) {
		w.type = P_ALL;
	} else if (upid > 0) {
		w.type = P_PID;
		w.nr = upid;
	} else {
		w.type = P_PGID;
		w.pgrp = upid ? get_pid(-upid) : pid_get(current->process->pids[PIDTYPE_PGID]);
	}
	ret = do_wait(&w);
	pid_put(w.pgrp);
	if (ret > 0) {
		if (stat_addr && put_user(w.status, s32, stat_addr))
			return -EFAULT;
		if (ru && put_user_rusage(ru, &w.usage))
			return -EFAULT;
	}
	return ret;
}

/* Whom waitid means. */
static int set_target(struct wait_request *w, int which, pid_t upid)
{
	unsigned flags;

	w->type = which;
	switch (which) {
	case P_ALL:
		return 0;
	case P_PID:
		w->nr = upid;
		return upid <= 0 ? -EINVAL : 0;
	case P_PGID:
		if (upid < 0)
			return -EINVAL;
		w->pgrp = upid ? get_pid(upid) : pid_get(current->process->pids[PIDTYPE_PGID]);
		return 0;
	case P_PIDFD:
		if (upid < 0)
			return -EINVAL;
		w->pgrp = pidfd_pid_flags(upid, &flags);
		if (IS_ERR(w->pgrp)) {
			int err = PTR_ERR(w->pgrp);

			w->pgrp = NULL;
			return err;
		}
		/* A non-blocking descriptor: as WNOHANG, but nothing yet is EAGAIN. */
		if (flags & O_NONBLOCK)
			w->options |= WNOHANG;
		return flags & O_NONBLOCK ? 1 : 0;
	}
	return -EINVAL;
}

/* The fields waitid fills in; the others stay as they are. */
static int put_wait_info(uaddr_t to, const struct wait_request *w)
{
	bool found = w->pid != 0;
	s32 head[3] = { found ? SIGCHLD : 0, 0, found ? w->code : 0 };
	s32 body[3] = { w->pid, found ? (s32)w->uid : 0, found ? w->code_status : 0 };

	if (copy_to_user(to, head, sizeof(head)) ||
	    copy_to_user(to + offsetof(siginfo_t, chld), body, sizeof(body)))
		return -EFAULT;
	return 0;
}

static long do_waitid(int which, pid_t upid, int options, struct wait_request *w)
{
	long ret;
	int err;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	err = set_target(w, which, upid);
	if (err < 0)
		return err;
	ret = do_wait(w);
	pid_put(w->pgrp);
	return !ret && err && !(options & WNOHANG) ? -EAGAIN : ret;
}

/* The caller's siginfo is written even when there is an error, as Linux does: then with zeros. */
long sys_waitid(int which, pid_t upid, uaddr_t infop, int options, uaddr_t ru)
{
	struct wait_request w = { .options = options };
	long ret = do_waitid(which, upid, options, &w);

	if (ret > 0 && ru && put_user_rusage(ru, &w.usage))
		return -EFAULT;
	if (infop && put_wait_info(infop, &w))
		return -EFAULT;
	return min(ret, 0L);
}
