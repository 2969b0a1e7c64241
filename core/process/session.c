// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sessions and process groups, and the calls that say who one is.
 */
#include "process.h"
#include <generated/syscalls.h>
#include <janus/tty.h>

long sys_getpid(void) { return current->process->tgid; }
long sys_gettid(void) { return current->tid; }

/* Kernel code is not preempted: a parent that is being replaced is not freed under us. */
long sys_getppid(void)
{
	return READ_ONCE(current->process->parent)->tgid;
}

long sys_getpgrp(void)
{
	return READ_ONCE(current->process->pids[PIDTYPE_PGID])->nr;
}

/* The number of pid's group or session; pid 0: our own. A thread's number will do. */
static long number_of(pid_t nr, enum pid_type type)
{
	struct process *p = NULL;
	struct pid *pid;
	long ret = -ESRCH;

	rcu_read_lock();
	if (nr) {
		struct thread *t = find_thread(nr);

		p = t ? t->process : find_process(nr);
	} else {
		p = current->process;
	}
	pid = p ? rcu_dereference(p->pids[type]) : NULL;
	if (pid)
		ret = pid->nr;
	rcu_read_unlock();
	return ret;
}

long sys_getpgid(pid_t pid)
{
	return number_of(pid, PIDTYPE_PGID);
}

long sys_getsid(pid_t pid)
{
	return number_of(pid, PIDTYPE_SID);
}

static void move(struct process *p, enum pid_type type, struct pid *to)
{
	struct pid *from = p->pids[type];

	if (from == to)
		return;
	list_del(&p->pid_links[type]);
	pid_attach(p, type, to);
	pid_release_if_unused(from);
}

/* [tl] */
static int setpgid_locked(pid_t pid, pid_t pgid)
{
	struct process *self = current->process, *p = pid == self->tgid ? self : find_process(pid);
	struct pid *pgrp;

	if (!p)
		return find_thread(pid) ? -EINVAL : -ESRCH;
	if (p->parent == self && p != self) {
		if (p->pids[PIDTYPE_SID] != self->pids[PIDTYPE_SID])
			return -EPERM;
		if (!thread_flag(p->leader, TF_FORKED_NOEXEC))
			return -EACCES;
	} else if (p != self) {
		return -ESRCH;
	}
	if (p->session_leader)
		return -EPERM;
	pgrp = p->pids[PIDTYPE_TGID];
	if (pgid != pid) {
		struct process *member;

		pgrp = find_pid(pgid);
		if (!pgrp || list_empty(&pgrp->users[PIDTYPE_PGID]))
			return -EPERM;
		member = list_first_entry(&pgrp->users[PIDTYPE_PGID], struct process, pid_links[PIDTYPE_PGID]);
		if (member->pids[PIDTYPE_SID] != self->pids[PIDTYPE_SID])
			return -EPERM;
	}
	move(p, PIDTYPE_PGID, pgrp);
	return 0;
}

long sys_setpgid(pid_t pid, pid_t pgid)
{
	struct irqflags flags;
	int err;

	if (!pid)
		pid = current->process->tgid;
	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	flags = tasklist_lock_irq();
	err = setpgid_locked(pid, pgid);
	tasklist_unlock_irq(flags);
	return err;
}

long sys_setsid(void)
{
	struct process *p = current->process;
	struct pid *pid = p->pids[PIDTYPE_TGID];
	struct irqflags flags = tasklist_lock_irq();
	long ret = -EPERM;

	if (!p->session_leader && list_empty(&pid->users[PIDTYPE_PGID])) {
		struct irqflags sig_flags;
		struct sighand *sh;

		p->session_leader = true;
		move(p, PIDTYPE_SID, pid);
		move(p, PIDTYPE_PGID, pid);
		sh = sighand_lock(p, &sig_flags);
		p->tty = NULL;
		spin_unlock_irqrestore(&sh->lock, sig_flags);
		ret = pid->nr;
	}
	tasklist_unlock_irq(flags);
	return ret;
}

/* Would p, as a member of its group, be somebody's to continue: a parent in the session but outside the group? */
static bool watched(const struct process *p, const struct pid *pgrp)
{
	const struct process *parent = p->parent;

	return parent->pids[PIDTYPE_PGID] != pgrp && parent->pids[PIDTYPE_SID] == p->pids[PIDTYPE_SID];
}

static bool orphaned_without(struct pid *pgrp, const struct process *ignored)
{
	struct process *p;

	for_each_in_pid(p, pgrp, PIDTYPE_PGID) {
		if (p == ignored || (p->leader->exit_state && p->nr_threads == 1) || p->parent == init_process)
			continue;
		if (watched(p, pgrp))
			return false;
	}
	return true;
}

bool pgrp_is_orphaned(struct pid *pgrp)
{
	return orphaned_without(pgrp, NULL);
}

static bool has_stopped(struct pid *pgrp)
{
	struct process *p;

	for_each_in_pid(p, pgrp, PIDTYPE_PGID)
		if (p->sig_flags & SIGNAL_STOPPED)
			return true;
	return false;
}

/*
 * p's death, or the death of its parent (then `dying_parent` was that), may leave p's group orphaned: if a member is
 * stopped nobody would continue it, so the group gets SIGHUP and SIGCONT. [tl]
 */
void pgrp_orphan_check(struct process *p, struct process *dying_parent)
{
	struct pid *pgrp = p->pids[PIDTYPE_PGID];
	const struct process *parent = dying_parent ? dying_parent : p->parent;
	const struct process *ignored = dying_parent ? NULL : p;

	if (parent->pids[PIDTYPE_PGID] == pgrp || parent->pids[PIDTYPE_SID] != p->pids[PIDTYPE_SID])
		return;
	if (orphaned_without(pgrp, ignored) && has_stopped(pgrp)) {
		signal_send_pgrp_locked(pgrp, SIGHUP, NULL);
		signal_send_pgrp_locked(pgrp, SIGCONT, NULL);
	}
}
