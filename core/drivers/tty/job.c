// SPDX-License-Identifier: BSD-2-Clause
/*
 * Job control: which session a terminal belongs to, who is in its foreground, and what the others are told
 * when they read it, write to it or change it.
 */
#include "tty_struct.h"
#include <janus/signal.h>
#include <uapi/capability.h>
#include <uapi/errno.h>

/* ---- current's terminal ---- */

struct tty *current_tty(void)
{
	struct process *p = current->process;
	struct irqflags flags = spin_lock_irqsave(&p->sighand->lock);
	struct tty *tty = p->tty;

	if (tty)
		tty_get(tty);
	spin_unlock_irqrestore(&p->sighand->lock, flags);
	return tty;
}

static bool is_current_tty(const struct tty *tty)
{
	return READ_ONCE(current->process->tty) == tty;
}

static struct pid *current_pgrp(void) { return READ_ONCE(current->process->pids[PIDTYPE_PGID]); }
static struct pid *current_session(void) { return READ_ONCE(current->process->pids[PIDTYPE_SID]); }

/*
 * current, if in the background of its terminal, wants to read (SIGTTIN), or to write or change it
 * (SIGTTOU): it is stopped, unless it ignores the signal or nobody is left who could continue it.
 */
int tty_check_change(struct tty *tty, int signo)
{
	struct pid *pgrp = current_pgrp();
	struct irqflags flags;
	bool background, orphaned;

	if (!is_current_tty(tty))
		return 0;
	flags = tty_lock(tty);
	background = tty->pgrp && tty->pgrp != pgrp;
	tty_unlock(tty, flags);
	if (!background)
		return 0;
	if (signal_ignored(signo))
		return signo == SIGTTIN ? -EIO : 0;
	flags = spin_lock_irqsave(&tasklist_lock);
	orphaned = pgrp_is_orphaned(current_pgrp());
	if (!orphaned)
		signal_send_pgrp_locked(current_pgrp(), signo, NULL);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (orphaned)
		return -EIO;
	thread_set_flag(current, TF_SIGPENDING);
	return -ERESTARTSYS;
}

/* ---- a session and its terminal ---- */

static void set_process_tty(struct process *p, struct tty *tty)
{
	struct sighand *s = p->sighand;

	if (!s) {
		p->tty = tty;
		return;
	}
	spin_lock(&s->lock);
	p->tty = tty;
	spin_unlock(&s->lock);
}

/* [tl] No process of the session has the terminal any more. */
static void clear_session(struct pid *session)
{
	struct process *p;

	list_for_each_entry(p, &session->users[PIDTYPE_SID], pid_links[PIDTYPE_SID])
		set_process_tty(p, NULL);
}

/* The terminal's group and session become these (uncounted); the former ones come back, counted. */
static void exchange(struct tty *tty, struct pid **pgrp, struct pid **session)
{
	struct pid *old_pgrp, *old_session;

	spin_lock(&tty->lock);
	old_pgrp = tty->pgrp;
	old_session = tty->session;
	tty->pgrp = *pgrp ? pid_get(*pgrp) : NULL;
	tty->session = *session ? pid_get(*session) : NULL;
	spin_unlock(&tty->lock);
	*pgrp = old_pgrp;
	*session = old_session;
}

static void put_pids(struct pid *a, struct pid *b)
{
	if (a)
		pid_put(a);
	if (b)
		pid_put(b);
}

/* [tl] current's session takes the terminal. */
static void take(struct tty *tty, struct pid **old_pgrp, struct pid **old_session)
{
	*old_pgrp = current_pgrp();
	*old_session = current_session();
	exchange(tty, old_pgrp, old_session);
	set_process_tty(current->process, tty);
}

void tty_acquire_on_open(struct tty *tty, struct file *f)
{
	struct process *p = current->process;
	struct pid *pgrp = NULL, *session = NULL;
	struct irqflags flags;

	if (!p->session_leader || READ_ONCE(p->tty) || READ_ONCE(tty->session) || !(f->mode & FMODE_READ))
		return;
	flags = spin_lock_irqsave(&tasklist_lock);
	if (p->session_leader && !p->tty && !tty->session)
		take(tty, &pgrp, &session);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	put_pids(pgrp, session);
}

static long set_controlling(struct tty *tty, struct file *f, unsigned long arg)
{
	struct process *p = current->process;
	struct pid *pgrp = NULL, *session = NULL;
	bool admin = capable(CAP_SYS_ADMIN);
	struct irqflags flags = spin_lock_irqsave(&tasklist_lock);
	long ret = 0;

	if (p->session_leader && p->tty == tty && tty->session == p->pids[PIDTYPE_SID])
		goto out;
	if (!p->session_leader || p->tty) {
		ret = -EPERM;
	} else if (tty->session && !(arg == 1 && admin)) {
		ret = -EPERM;
	} else if (!(f->mode & FMODE_READ) && !admin) {
		ret = -EPERM;
	} else {
		if (tty->session)
			clear_session(tty->session);
		take(tty, &pgrp, &session);
	}
out:
	spin_unlock_irqrestore(&tasklist_lock, flags);
	put_pids(pgrp, session);
	return ret;
}

/* ---- letting go ---- */

/*
 * The line is gone: the session leader is told by SIGHUP and SIGCONT and remembers the foreground group for
 * its own end; when it is ending already, the group is told at once.
 */
void tty_hangup_session(struct tty *tty, bool session_ends)
{
	struct irqflags flags = spin_lock_irqsave(&tasklist_lock);
	struct pid *pgrp = NULL, *session = NULL, *old = NULL;
	struct process *p;

	exchange(tty, &pgrp, &session);
	if (session) {
		list_for_each_entry(p, &session->users[PIDTYPE_SID], pid_links[PIDTYPE_SID]) {
			set_process_tty(p, NULL);
			if (!p->session_leader || !p->sighand)
				continue;
			signal_send_process(p, SIGHUP, NULL);
			signal_send_process(p, SIGCONT, NULL);
			old = p->tty_old_pgrp;
			p->tty_old_pgrp = pgrp ? pid_get(pgrp) : NULL;
		}
	}
	if (session_ends && pgrp)
		signal_send_pgrp_locked(pgrp, SIGHUP, NULL);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	put_pids(pgrp, session);
	put_pids(old, NULL);
}

/* A leader that exits or gives up the terminal: its foreground group, then nobody, has it. */
static void give_up(struct process *p, struct tty *tty)
{
	struct pid *pgrp = NULL, *session = NULL;
	struct irqflags flags = spin_lock_irqsave(&tasklist_lock);

	if (tty->session == p->pids[PIDTYPE_SID])
		exchange(tty, &pgrp, &session);
	clear_session(p->pids[PIDTYPE_SID]);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	put_pids(pgrp, session);
}

void tty_disassociate(struct process *p, bool on_exit)
{
	struct tty *tty = current_tty();
	struct pid *pgrp = NULL;
	struct irqflags flags;

	if (!p->session_leader) {
		if (tty && !on_exit) {
			flags = spin_lock_irqsave(&tasklist_lock);
			set_process_tty(p, NULL);
			spin_unlock_irqrestore(&tasklist_lock, flags);
		}
		if (tty)
			tty_put(tty);
		return;
	}
	if (tty && on_exit && !tty->pty) {
		tty_hangup(tty, true);
	} else if (tty) {
		flags = tty_lock(tty);
		pgrp = tty->pgrp ? pid_get(tty->pgrp) : NULL;
		tty_unlock(tty, flags);
	}
	flags = spin_lock_irqsave(&tasklist_lock);
	if (!tty && on_exit)
		pgrp = p->tty_old_pgrp;
	else if (p->tty_old_pgrp)
		pid_put(p->tty_old_pgrp);
	p->tty_old_pgrp = NULL;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	if (pgrp) {
		signal_send_pgrp(pgrp, SIGHUP, NULL);
		if (!tty || !on_exit)
			signal_send_pgrp(pgrp, SIGCONT, NULL);
		pid_put(pgrp);
	}
	if (tty) {
		give_up(p, tty);
		tty_put(tty);
	}
}

void tty_of_process(struct process *p, dev_t *dev, pid_t *foreground)
{
	struct irqflags flags = spin_lock_irqsave(&tasklist_lock);
	struct tty *tty = p->tty;

	*dev = 0;
	*foreground = -1;
	if (tty) {
		*dev = tty->dev;
		spin_lock(&tty->lock);
		if (tty->pgrp)
			*foreground = tty->pgrp->nr;
		spin_unlock(&tty->lock);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

/* ---- ioctls ---- */

/* [tl] the session of the processes in a group, or NULL. */
static struct pid *session_of(struct pid *pgrp)
{
	if (list_empty(&pgrp->users[PIDTYPE_PGID]))
		return NULL;
	return list_first_entry(&pgrp->users[PIDTYPE_PGID], struct process,
				pid_links[PIDTYPE_PGID])->pids[PIDTYPE_SID];
}

static long set_foreground(struct tty *tty, uaddr_t arg)
{
	struct pid *pgrp, *old = NULL;
	struct irqflags flags;
	pid_t nr;
	long ret = tty_check_change(tty, SIGTTOU);

	if (ret)
		return ret == -EIO ? -ENOTTY : ret;
	if (!is_current_tty(tty) || READ_ONCE(tty->session) != current_session())
		return -ENOTTY;
	if (get_user(&nr, arg))
		return -EFAULT;
	if (nr < 0)
		return -EINVAL;
	flags = spin_lock_irqsave(&tasklist_lock);
	pgrp = find_pid(nr);
	if (!pgrp) {
		ret = -ESRCH;
	} else if (session_of(pgrp) != current_session()) {
		ret = -EPERM;
	} else {
		spin_lock(&tty->lock);
		old = tty->pgrp;
		tty->pgrp = pid_get(pgrp);
		spin_unlock(&tty->lock);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	put_pids(old, NULL);
	return ret;
}

static long get_number(struct tty *tty, bool master, bool session, uaddr_t arg)
{
	struct irqflags flags;
	struct pid *pid;
	pid_t nr = 0;

	if (!master && !is_current_tty(tty))
		return -ENOTTY;
	flags = tty_lock(tty);
	pid = session ? tty->session : tty->pgrp;
	if (pid)
		nr = pid->nr;
	tty_unlock(tty, flags);
	if (session && !pid)
		return -ENOTTY;
	return put_user(nr, pid_t, arg);
}

long tty_job_ioctl(struct tty *tty, bool master, struct file *f, unsigned cmd, unsigned long arg)
{
	switch (cmd) {
	case TIOCSCTTY:
		return set_controlling(tty, f, arg);
	case TIOCNOTTY:
		if (!is_current_tty(tty))
			return -ENOTTY;
		tty_disassociate(current->process, false);
		return 0;
	case TIOCGPGRP:
		return get_number(tty, master, false, arg);
	case TIOCSPGRP:
		return set_foreground(tty, arg);
	case TIOCGSID:
		return get_number(tty, master, true, arg);
	default:
		return -ENOIOCTLCMD;
	}
}
