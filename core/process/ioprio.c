// SPDX-License-Identifier: BSD-2-Clause
/*
 * ioprio_get and ioprio_set: how urgent a thread's transfers are. No disk is here to ask it; programs that set it
 * read it back, and their children have it. Source: ioprio_set(2).
 */
#include "process.h"
#include <generated/syscalls.h>

/* A value: the level, hints for the disk above it, the class. */
#define LEVEL_MASK 7
#define CLASS_SHIFT 13
enum { CLASS_NONE, CLASS_RT, CLASS_BE, CLASS_IDLE };
enum { WHO_PROCESS = 1, WHO_USER = 3 };		/* PRIO_PROCESS and PRIO_USER, each one higher */

static int check_value(int ioprio)
{
	switch (ioprio >> CLASS_SHIFT & 7) {
	case CLASS_RT:
		return capable(CAP_SYS_ADMIN) || capable(CAP_SYS_NICE) ? 0 : -EPERM;
	case CLASS_BE:
	case CLASS_IDLE:
		return 0;
	case CLASS_NONE:
		return ioprio & LEVEL_MASK ? -EINVAL : 0;
	}
	return -EINVAL;
}

/* What a thread counts as when several are asked about; without a class of its own, by its policy and nice value. */
static int effective(const struct thread *t)
{
	int own = READ_ONCE(t->ioprio);

	if (own >> CLASS_SHIFT != CLASS_NONE)
		return own;
	if (t->se.policy == SCHED_IDLE)
		return CLASS_IDLE << CLASS_SHIFT | (t->se.nice + 20) / 5;
	if (t->se.policy == SCHED_FIFO || t->se.policy == SCHED_RR)
		return CLASS_RT << CLASS_SHIFT | (t->se.nice + 20) / 5;
	return CLASS_BE << CLASS_SHIFT | (t->se.nice + 20) / 5;
}

struct request {
	int ioprio;
	bool one;		/* get: a thread by its number, as it was set */
	long result;
};

static void get_thread(struct thread *t, void *arg)
{
	struct request *r = arg;
	int theirs = r->one ? READ_ONCE(t->ioprio) : effective(t);

	r->result = r->result < 0 ? theirs : min_t(long, r->result, theirs);
}

static void set_thread(struct thread *t, void *arg)
{
	const struct cred *c = current->cred, *other = rcu_dereference(t->cred);
	struct request *r = arg;

	if (r->result && r->result != -ESRCH)
		return;		/* the first that it may not change ends it */
	r->result = 0;
	if (other->uid != c->euid && other->uid != c->uid && !capable(CAP_SYS_NICE))
		r->result = -EPERM;
	else
		WRITE_ONCE(t->ioprio, (u16)r->ioprio);
}

static long for_named(int which, int who, void (*each)(struct thread *t, void *arg), int ioprio)
{
	struct request r = { ioprio, which == WHO_PROCESS, -ESRCH };
	struct irqflags flags;

	if (which < WHO_PROCESS || which > WHO_USER)
		return -EINVAL;
	flags = tasklist_lock_irq();
	for_each_named(which - 1, who, each, &r);
	tasklist_unlock_irq(flags);
	return r.result;
}

long sys_ioprio_set(int which, int who, int ioprio)
{
	int err = check_value(ioprio);

	return err ? err : for_named(which, who, set_thread, ioprio);
}

long sys_ioprio_get(int which, int who)
{
	return for_named(which, who, get_thread, 0);
}
