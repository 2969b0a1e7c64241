// SPDX-License-Identifier: BSD-2-Clause
/*
 * Signals for I/O: owners of files, the lists of those that want to know, and what they are told.
 *
 * One lock for all of it, for any context: who has no use for these signals never takes it. Lock order: fasync_lock >
 * tasklist_lock > sighand->lock.
 */
#include "internal.h"

#include <janus/fasync.h>
#include <uapi/poll.h>

#define ROOT 0

static spinlock_t fasync_lock = SPINLOCK_INIT;	/* interrupts off */

/* ---- telling ---- */

static s64 band_of(int code)
{
	static const u16 bands[] = {
		[POLL_IN] = POLLIN | POLLRDNORM,
		[POLL_OUT] = POLLOUT | POLLWRNORM | POLLWRBAND,
		[POLL_MSG] = POLLIN | POLLRDNORM | POLLMSG,
		[POLL_ERR] = POLLERR,
		[POLL_PRI] = POLLPRI | POLLRDBAND,
		[POLL_HUP] = POLLHUP | POLLERR,
	};

	return bands[code];
}

/* Their si_code says what of theirs happened, so that POLL_IN there would be something else. */
static bool has_own_codes(int signo)
{
	return SIGMASK(signo) & (SIGMASK(SIGILL) | SIGMASK(SIGFPE) | SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) |
				 SIGMASK(SIGTRAP) | SIGMASK(SIGCHLD) | SIGMASK(SIGSYS));
}

/* Might who named the owner have signalled t himself? RCU. */
static bool allowed(const struct file_owner *o, struct thread *t)
{
	const struct cred *c = rcu_dereference(t->cred);

	return o->euid == ROOT || o->euid == c->suid || o->euid == c->uid || o->uid == c->suid || o->uid == c->uid;
}

static int send(const struct file_owner *o, struct thread *t, int signo, const siginfo_t *info)
{
	return o->type == F_OWNER_TID ? signal_send_thread(t, signo, info) : signal_send_process_first(t, signo, info);
}

/* SIGURG is sent as it is; any other is the chosen one with its particulars, or SIGIO. */
static void tell(const struct file_owner *o, struct thread *t, int signo, int code)
{
	int chosen = o->sig;
	siginfo_t info = { .si_signo = chosen, .si_code = code, .poll = { .fd = o->fd } };

	if (!allowed(o, t))
		return;
	if (signo == SIGURG) {
		send(o, t, SIGURG, NULL);
		return;
	}
	if (chosen) {
		info.poll.band = band_of(code);
		if (has_own_codes(chosen))
			info.si_code = SI_SIGIO;
		if (!send(o, t, chosen, &info))
			return;
	}
	send(o, t, SIGIO, NULL);
}

/* fasync_lock held. */
static void tell_owner(const struct file_owner *o, int signo, int code)
{
	struct pid *pid = o->pid;
	struct process *p;
	struct thread *t;

	if (!pid)
		return;
	rcu_read_lock();
	if (o->type == F_OWNER_PGRP) {
		struct irqflags flags = tasklist_lock_irq();

		for_each_in_pid(p, pid, PIDTYPE_PGID)
			tell(o, p->leader, signo, code);
		tasklist_unlock_irq(flags);
	} else {
		t = rcu_dereference(pid->thread);
		p = t ? NULL : rcu_dereference(pid->process);
		if (t || p)
			tell(o, t ? t : p->leader, signo, code);
	}
	rcu_read_unlock();
}

void fasync_send(struct fasync_list *list, u32 modes, int signo, int code)
{
	struct irqflags flags = spin_lock_irqsave(&fasync_lock);

	for (struct file_owner *o = list->first; o; o = o->next)
		if ((o->mode & modes) && !(signo == SIGURG && !o->sig))
			tell_owner(o, SIGIO, code);
	spin_unlock_irqrestore(&fasync_lock, flags);
}

void file_send_urgent(struct file *f, struct fasync_list *list)
{
	struct irqflags flags;

	if (!READ_ONCE(f->owner))
		return;
	flags = spin_lock_irqsave(&fasync_lock);
	if (f->owner)
		tell_owner(f->owner, SIGURG, 0);
	spin_unlock_irqrestore(&fasync_lock, flags);
	fasync_send(list, FMODE_READ | FMODE_WRITE, SIGURG, POLL_PRI);
}

/* ---- owners ---- */

/* The file's, made now if it has none; NULL on no memory. */
static struct file_owner *owner_of(struct file *f)
{
	struct file_owner *o = READ_ONCE(f->owner), *fresh;

	if (o)
		return o;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return NULL;
	fresh->mode = f->mode;
	spin_lock(&f->lock);
	o = f->owner;
	if (!o)
		__atomic_store_n(&f->owner, fresh, __ATOMIC_RELEASE);
	spin_unlock(&f->lock);
	if (!o)
		return fresh;
	kfree(fresh);
	return o;
}

/* Takes the reference to pid over, also on failure; 0 or -ENOMEM. */
static int name_owner(struct file *f, struct pid *pid, int type, bool replace)
{
	struct file_owner *o = owner_of(f);
	struct irqflags flags;

	if (!o) {
		pid_put(pid);
		return -ENOMEM;
	}
	flags = spin_lock_irqsave(&fasync_lock);
	if (replace || !o->pid) {
		struct pid *old = o->pid;

		o->pid = pid;
		o->type = type;
		o->uid = current->cred->uid;
		o->euid = current->cred->euid;
		pid = old;
	}
	spin_unlock_irqrestore(&fasync_lock, flags);
	pid_put(pid);
	return 0;
}

int file_default_owner(struct file *f, struct pid *pid, int type)
{
	return name_owner(f, pid_get(pid), type, false);
}

static long set_owner(struct file *f, int type, pid_t nr)
{
	struct pid *pid = nr ? get_pid(nr) : NULL;

	if (nr && !pid)
		return -ESRCH;
	return name_owner(f, pid, type, true);
}

long file_set_owner(struct file *f, int who)
{
	if (who == INT32_MIN)
		return -EINVAL;
	return who < 0 ? set_owner(f, F_OWNER_PGRP, -who) : set_owner(f, F_OWNER_PID, who);
}

/* The owner's number, 0 when nobody has it any more; *type is F_OWNER_TID where there never was one. */
static pid_t owner_number(struct file *f, int *type)
{
	struct file_owner *o = READ_ONCE(f->owner);
	struct irqflags flags;
	pid_t nr = 0;

	*type = F_OWNER_TID;
	if (!o)
		return 0;
	flags = spin_lock_irqsave(&fasync_lock);
	*type = o->type;
	if (o->pid && (o->pid->thread || o->pid->process || !list_empty(&o->pid->users[PIDTYPE_PGID])))
		nr = o->pid->nr;
	spin_unlock_irqrestore(&fasync_lock, flags);
	return nr;
}

long file_get_owner(struct file *f)
{
	int type;
	pid_t nr = owner_number(f, &type);

	return type == F_OWNER_PGRP ? -nr : nr;
}

static long set_owner_ex(struct file *f, uaddr_t arg)
{
	struct f_owner_ex owner;

	if (copy_struct_in(&owner, arg))
		return -EFAULT;
	if (owner.type < F_OWNER_TID || owner.type > F_OWNER_PGRP)
		return -EINVAL;
	return set_owner(f, owner.type, owner.pid);
}

static long get_owner_ex(struct file *f, uaddr_t arg)
{
	struct f_owner_ex owner;

	owner.pid = owner_number(f, &owner.type);
	return copy_struct_out(arg, &owner);
}

static long get_owner_uids(struct file *f, uaddr_t arg)
{
	struct file_owner *o = READ_ONCE(f->owner);
	u32 ids[2] = { 0, 0 };
	struct irqflags flags;

	if (o) {
		flags = spin_lock_irqsave(&fasync_lock);
		ids[0] = o->uid;
		ids[1] = o->euid;
		spin_unlock_irqrestore(&fasync_lock, flags);
	}
	return copy_struct_out(arg, &ids);
}

static long set_signal(struct file *f, unsigned long signo)
{
	struct file_owner *o;

	if (signo > NSIG)
		return -EINVAL;
	if (!signo && !f->owner)
		return 0;
	o = owner_of(f);
	if (!o)
		return -ENOMEM;
	WRITE_ONCE(o->sig, (int)signo);
	return 0;
}

long fasync_fcntl(struct file *f, unsigned cmd, unsigned long arg)
{
	switch (cmd) {
	case F_SETOWN:
		return file_set_owner(f, (int)arg);
	case F_GETOWN:
		return file_get_owner(f);
	case F_SETOWN_EX:
		return set_owner_ex(f, arg);
	case F_GETOWN_EX:
		return get_owner_ex(f, arg);
	case F_GETOWNER_UIDS:
		return get_owner_uids(f, arg);
	case F_SETSIG:
		return set_signal(f, arg);
	default:		/* F_GETSIG */
		return f->owner ? f->owner->sig : 0;
	}
}

/* ---- the lists ---- */

/* fasync_lock held. */
static void leave(struct file_owner *o)
{
	struct file_owner **at = &o->list->first;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	o->list = NULL;
}

int fasync_set(struct fasync_list *list, struct file *f, int fd, bool on)
{
	struct file_owner *o = on ? owner_of(f) : f->owner;
	struct irqflags flags;

	if (!o && on)
		return -ENOMEM;
	flags = spin_lock_irqsave(&fasync_lock);
	if (on && !o->list) {
		o->list = list;
		o->next = list->first;
		WRITE_ONCE(list->first, o);
	} else if (!on && o && o->list) {
		leave(o);
	}
	if (o)
		o->fd = fd;
	spin_unlock_irqrestore(&fasync_lock, flags);
	spin_lock(&f->lock);
	f->flags = on ? f->flags | FASYNC : f->flags & ~FASYNC;
	spin_unlock(&f->lock);
	return 0;
}

void fasync_clear(struct fasync_list *list)
{
	struct irqflags flags = spin_lock_irqsave(&fasync_lock);

	while (list->first)
		leave(list->first);
	spin_unlock_irqrestore(&fasync_lock, flags);
}

void file_owner_free(struct file *f)
{
	struct file_owner *o = f->owner;
	struct irqflags flags = spin_lock_irqsave(&fasync_lock);

	f->owner = NULL;
	if (o->list)
		leave(o);
	spin_unlock_irqrestore(&fasync_lock, flags);
	pid_put(o->pid);
	kfree(o);
}
