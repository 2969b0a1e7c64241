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
	struct thread *dead;		/* to be put once the lock is free */
};

static bool names(const struct wait_request *w, const struct process *p)
{
	switch (w->type) {
	case P_PID:
		return p->tgid == w->nr;
	case P_PGID:
		return p->pids[PIDTYPE_PGID] == w->pgrp;
	case P_PIDFD:
		return p->pids[PIDTYPE_TGID] == w->pgrp;
	}
	return true;
}

/* __WCLONE asks for children that do not send SIGCHLD, no option for those that do, __WALL for both. */
static bool eligible(const struct wait_request *w, const struct process *p)
{
	if ((w->options & __WNOTHREAD) && p->parent_thread != current)
		return false;
	if (!names(w, p))
		return false;
	return (w->options & __WALL) || (p->leader->exit_signal != SIGCHLD) == !!(w->options & __WCLONE);
}

static void answer(struct wait_request *w, struct process *p, int status, int code, int code_status)
{
	w->pid = p->tgid;
	w->uid = p->leader->cred->uid;
	w->status = status;
	w->code = code;
	w->code_status = code_status;
	usage_process(&w->usage, p);
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
	int status = p->sig_flags & SIGNAL_GROUP_EXIT ? p->group_exit_code : p->leader->exit_code;
	struct usage own;

	if (status & 0x7f)
		answer(w, p, status, status & 0x80 ? CLD_DUMPED : CLD_KILLED, status & 0x7f);
	else
		answer(w, p, status, CLD_EXITED, status >> 8);
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
	w->dead = p->leader;
	thread_release(p->leader);
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
		answer(w, p, p->stop_signal << 8 | 0x7f, CLD_STOPPED, p->stop_signal);
	} else if ((w->options & WCONTINUED) && (p->sig_flags & SIGNAL_CONTINUED)) {
		if (!(w->options & WNOWAIT))
			p->sig_flags &= ~SIGNAL_CONTINUED;
		answer(w, p, 0xffff, CLD_CONTINUED, SIGCONT);
	} else {
		found = false;
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return found;
}

/* 0: w has an answer, or there are children to wait for; -ECHILD otherwise. */
static int search(struct wait_request *w)
{
	struct irqflags flags = tasklist_lock_irq();
	struct process *p;
	int err = -ECHILD;

	list_for_each_entry(p, &current->process->children, sibling) {
		if (!eligible(w, p))
			continue;
		if (p->leader->exit_state == EXIT_ZOMBIE && p->nr_threads == 1) {
			if (!(w->options & WEXITED))
				continue;
			take_zombie(w, p);
			err = 0;
			break;
		}
		err = 0;
		if ((p->sig_flags & (SIGNAL_STOP_REPORT | SIGNAL_CONTINUED)) && take_stop(w, p))
			break;
	}
	tasklist_unlock_irq(flags);
	return err;
}

/* The child's number, 0 with WNOHANG and nothing to tell, or -errno. */
static long do_wait(struct wait_request *w)
{
	struct wait_queue *q = &current->process->wait_child;
	struct wait_entry entry;
	long err = search(w);

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
	if (w->dead)
		thread_put(w->dead);
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
