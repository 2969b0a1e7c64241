// SPDX-License-Identifier: BSD-2-Clause
/*
 * Limits and what was used: the rlimit and rusage families, times, and the nice value.
 */
#include "process.h"
#include <generated/syscalls.h>
#include <janus/sched.h>
#include <janus/time.h>

#define NR_OPEN_MAX 1048576	/* RLIMIT_NOFILE is not raised above it (fs.nr_open) */

/* 0 or -errno. Raising the hard limit takes a capability. */
static int set_limit(struct process *p, unsigned which, const struct rlimit *new)
{
	struct rlimit *limit = &p->rlimits[which];
	int err = 0;

	if (new->cur > new->max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new->max > NR_OPEN_MAX)
		return -EPERM;
	spin_lock(&p->leader->lock);
	if (new->max > limit->max && !capable(CAP_SYS_RESOURCE))
		err = -EPERM;
	else
		*limit = *new;
	spin_unlock(&p->leader->lock);
	/* Nothing less than a second can be measured: RLIMIT_CPU of 0 means 1. */
	if (!err && which == RLIMIT_CPU && !limit->cur)
		limit->cur = 1;
	return err;
}

long sys_getrlimit(unsigned int resource, uaddr_t rlim)
{
	struct rlimit limit;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	limit = current->process->rlimits[resource];
	return copy_struct_out(rlim, &limit);
}

long sys_setrlimit(unsigned int resource, uaddr_t rlim)
{
	struct rlimit new;

	if (copy_struct_in(&new, rlim))
		return -EFAULT;
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	return set_limit(current->process, resource, &new);
}

static bool may_limit(struct thread *t)
{
	const struct cred *c = current->cred, *other;
	bool ok;

	if (t == current)
		return true;
	rcu_read_lock();
	other = rcu_dereference(t->cred);
	ok = c->uid == other->euid && c->uid == other->suid && c->uid == other->uid && c->gid == other->egid &&
	     c->gid == other->sgid && c->gid == other->gid;
	rcu_read_unlock();
	return ok || capable(CAP_SYS_RESOURCE);
}

long sys_prlimit64(pid_t pid, unsigned int resource, uaddr_t new_rlim, uaddr_t old_rlim)
{
	struct rlimit new, old;
	struct thread *t;
	int err = 0;

	if (new_rlim && copy_struct_in(&new, new_rlim))
		return -EFAULT;
	if (pid) {
		t = get_thread_by_tid(pid);
		if (!t)
			return -ESRCH;
	} else {
		t = current;
		thread_get(t);
	}
	if (!may_limit(t))
		err = -EPERM;
	else if (resource >= RLIM_NLIMITS)
		err = -EINVAL;
	if (!err) {
		old = t->process->rlimits[resource];
		if (new_rlim)
			err = set_limit(t->process, resource, &new);
	}
	thread_put(t);
	if (!err && old_rlim)
		err = copy_struct_out(old_rlim, &old);
	return err;
}

/* ---- what was used ---- */

void usage_thread(struct usage *u, const struct thread *t)
{
	thread_cputime((struct thread *)t, &u->utime, &u->stime);
	u->min_faults = t->min_faults;
	u->maj_faults = t->maj_faults;
	u->nvcsw = t->nvcsw;
	u->nivcsw = t->nivcsw;
	u->maxrss = t->process->maxrss;
}

void usage_process(struct usage *u, const struct process *p)
{
	struct thread *t;

	process_cputime((struct process *)p, &u->utime, &u->stime);
	u->min_faults = p->min_faults;
	u->maj_faults = p->maj_faults;
	u->nvcsw = p->nvcsw;
	u->nivcsw = p->nivcsw;
	u->maxrss = p->maxrss;
	list_for_each_entry(t, &p->threads, thread_link) {
		u->min_faults += t->min_faults;
		u->maj_faults += t->maj_faults;
		u->nvcsw += t->nvcsw;
		u->nivcsw += t->nivcsw;
	}
}

static void usage_children(struct usage *u, const struct process *p)
{
	u->utime = p->cutime;
	u->stime = p->cstime;
	u->min_faults = p->cmin_faults;
	u->maj_faults = p->cmaj_faults;
	u->nvcsw = p->cnvcsw;
	u->nivcsw = p->cnivcsw;
	u->maxrss = p->cmaxrss;
}

static struct timeval ns_to_timeval(u64 ns)
{
	return (struct timeval){ (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
}

int put_user_rusage(uaddr_t to, const struct usage *u)
{
	struct rusage ru = {
		.utime = ns_to_timeval(u->utime),
		.stime = ns_to_timeval(u->stime),
		.maxrss = (s64)u->maxrss,
		.minflt = (s64)u->min_faults,
		.majflt = (s64)u->maj_faults,
		.nvcsw = (s64)u->nvcsw,
		.nivcsw = (s64)u->nivcsw,
	};

	return copy_struct_out(to, &ru);
}

long sys_getrusage(int who, uaddr_t ru)
{
	struct process *p = current->process;
	struct irqflags flags;
	struct usage u;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	flags = tasklist_lock_irq();
	if (who == RUSAGE_SELF)
		usage_process(&u, p);
	else if (who == RUSAGE_CHILDREN)
		usage_children(&u, p);
	else
		usage_thread(&u, current);
	tasklist_unlock_irq(flags);
	if (who != RUSAGE_CHILDREN)
		u.maxrss = max(u.maxrss, mm_maxrss_kib(current->mm));
	return put_user_rusage(ru, &u);
}

static s64 ns_to_clock(u64 ns) { return (s64)(ns / (NSEC_PER_SEC / USER_HZ)); }

long sys_times(uaddr_t tbuf)
{
	struct process *p = current->process;
	struct irqflags flags;
	struct tms tms;
	u64 utime, stime;

	if (tbuf) {
		flags = tasklist_lock_irq();
		process_cputime(p, &utime, &stime);
		tms = (struct tms){ ns_to_clock(utime), ns_to_clock(stime), ns_to_clock(p->cutime),
				    ns_to_clock(p->cstime) };
		tasklist_unlock_irq(flags);
		if (copy_struct_out(tbuf, &tms))
			return -EFAULT;
	}
	return ns_to_clock(clock_monotonic());
}

/* ---- nice ---- */

/* May current change t's nice value to `nice`? 0 or -errno. RCU. */
static int set_one(struct thread *t, int nice)
{
	const struct cred *c = current->cred, *other = rcu_dereference(t->cred);

	if (c->euid != other->uid && c->euid != other->euid && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (nice < t->se.nice && 20 - nice > (s64)min_t(u64, t->process->rlimits[RLIMIT_NICE].cur, 40) &&
	    !capable(CAP_SYS_NICE))
		return -EACCES;
	if (!may_schedule(t))
		return -EPERM;
	set_nice(t, nice);
	return 0;
}

struct nice_request {
	bool set;
	int nice;		/* set: the new one */
	long result;		/* set: 0 or an error so far; get: highest 20 - nice so far */
};

static void nice_thread(struct thread *t, void *arg)
{
	struct nice_request *r = arg;

	if (r->set) {
		int err = set_one(t, r->nice);

		if (err || r->result == -ESRCH)
			r->result = err;
	} else {
		r->result = max_t(long, r->result, 20 - t->se.nice);
	}
}

static void each_of_process(struct process *p, void (*each)(struct thread *t, void *arg), void *arg)
{
	struct thread *t;

	list_for_each_entry(t, &p->threads, thread_link)
		each(t, arg);
}

void for_each_named(int which, int who, void (*each)(struct thread *t, void *arg), void *arg)
{
	struct thread *t;
	struct process *p;
	struct pid *pid;

	switch (which) {
	case PRIO_PROCESS:
		t = who ? find_thread(who) : current;
		if (t)
			each(t, arg);
		break;
	case PRIO_PGRP:
		pid = who ? find_pid(who) : current->process->pids[PIDTYPE_PGID];
		if (pid)
			for_each_in_pid(p, pid, PIDTYPE_PGID)
				each_of_process(p, each, arg);
		break;
	case PRIO_USER:
		list_for_each_entry(p, &all_processes, all_link)
			if (p->leader->cred->uid == (who ? (uid_t)who : current->cred->uid))
				each_of_process(p, each, arg);
		break;
	}
}

static long nice_call(struct nice_request *r, int which, int who)
{
	struct irqflags flags;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	r->result = -ESRCH;
	flags = tasklist_lock_irq();
	for_each_named(which, who, nice_thread, r);
	tasklist_unlock_irq(flags);
	return r->result;
}

long sys_setpriority(int which, int who, int niceval)
{
	struct nice_request r = { .set = true, .nice = niceval < -20 ? -20 : niceval > 19 ? 19 : niceval };

	return nice_call(&r, which, who);
}

/* The raw call answers 20 - nice, 1..40: never negative. */
long sys_getpriority(int which, int who)
{
	struct nice_request r = { .set = false };

	return nice_call(&r, which, who);
}
