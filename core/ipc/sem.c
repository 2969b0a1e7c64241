// SPDX-License-Identifier: BSD-2-Clause
/*
 * System V semaphores: semget, semop, semtimedop. Several operations are done as one or not at all. Who has to wait
 * leaves its operations with the set, and whoever changes the set does them for it when they have become possible.
 * Source: semop(2), semget(2).
 */
#include "sem.h"
#include <generated/syscalls.h>

#define WAITING 1			/* a result beyond 0 and -errno */

u32 sems_in_use;

struct sem_waiter {
	struct list_head link;		/* [obj] while result is WAITING */
	struct thread *thread;
	const struct sembuf *ops;
	u32 nr;
	u32 blocking;			/* [obj] the operation that cannot be done */
	struct sem_undo *undo;
	int result;			/* [obj, read as is] */
};

static void set_free(struct ipc_object *o)
{
	if (!o->removed)	/* it never came into the table */
		sems_in_use -= sem_set_of(o)->nr;
	kfree(sem_set_of(o));
}

struct ipc_ids sem_sets = IPC_IDS_INIT(sem_sets, SEMMNI, set_free);

static struct ipc_object *set_create(size_t nr, int flags, s32 key)
{
	struct sem_set *s;

	if (!nr)
		return ERR_PTR(-EINVAL);
	if (sems_in_use + nr > SEMMNS)
		return ERR_PTR(-ENOSPC);
	s = kzalloc(sizeof(*s) + nr * sizeof(s->sems[0]), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	list_init(&s->waiters);
	list_init(&s->undos);
	s->nr = (u32)nr;
	sems_in_use += s->nr;
	s->ctime = ipc_now();
	return &s->obj;
}

static int set_fits(struct ipc_object *o, size_t nr)
{
	return nr > sem_set_of(o)->nr ? -EINVAL : 0;
}

long sys_semget(int key, int nr, int flags)
{
	static const struct ipc_get_ops ops = { .create = set_create, .fits = set_fits };

	if (nr < 0 || nr > SEMMSL)
		return -EINVAL;
	return ipc_get(&sem_sets, key, flags, (size_t)nr, &ops);
}

/* ---- operations. [obj] ---- */

/* One operation: 0, WAITING, or -errno. */
static int do_one(struct sem_set *s, const struct sembuf *op, struct sem_undo *undo)
{
	struct sem *sem = &s->sems[op->sem_num];
	int value = sem->value + op->sem_op;

	if ((!op->sem_op && sem->value) || value < 0)
		return op->sem_flg & IPC_NOWAIT ? -EAGAIN : WAITING;
	if (value > SEMVMX)
		return -ERANGE;
	if (op->sem_flg & SEM_UNDO) {
		int adjust = undo->adjust[op->sem_num] - op->sem_op;

		if (adjust < -SEMAEM - 1 || adjust > SEMAEM)
			return -ERANGE;
		undo->adjust[op->sem_num] = (s16)adjust;
	}
	sem->value = value;
	return 0;
}

static void take_back(struct sem_set *s, const struct sembuf *op, struct sem_undo *undo)
{
	s->sems[op->sem_num].value -= op->sem_op;
	if (op->sem_flg & SEM_UNDO)
		undo->adjust[op->sem_num] = (s16)(undo->adjust[op->sem_num] + op->sem_op);
}

/* All of w's operations or none. */
static int do_all(struct sem_set *s, struct sem_waiter *w)
{
	for (u32 i = 0; i < w->nr; i++) {
		int result = do_one(s, &w->ops[i], w->undo);

		if (result) {
			w->blocking = i;
			while (i--)
				take_back(s, &w->ops[i], w->undo);
			return result;
		}
	}
	for (u32 i = 0; i < w->nr; i++)
		s->sems[w->ops[i].sem_num].pid = w->thread->process->tgid;
	s->otime = ipc_now();
	return 0;
}

static bool alters(const struct sembuf *ops, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		if (ops[i].sem_op)
			return true;
	return false;
}

/* Its thread cannot go before it has had the set's lock, so w is there to the end of this. */
static void release(struct sem_waiter *w, int result)
{
	list_del(&w->link);
	WRITE_ONCE(w->result, result);
	wake_up_thread(w->thread, THREAD_INTERRUPTIBLE);
}

void sem_release_all(struct sem_set *s)
{
	while (!list_empty(&s->waiters))
		release(list_first_entry(&s->waiters, struct sem_waiter, link), -EIDRM);
}

u32 sem_count_waiters(const struct sem_set *s, u32 num, bool for_zero)
{
	struct sem_waiter *w;
	u32 n = 0;

	list_for_each_entry(w, &s->waiters, link) {
		const struct sembuf *op = &w->ops[w->blocking];

		n += op->sem_num == num && !op->sem_op == for_zero;
	}
	return n;
}

void sem_serve(struct sem_set *s)
{
	struct sem_waiter *w, *next;
	bool changed;

	do {
		changed = false;
		list_for_each_entry_safe(w, next, &s->waiters, link) {
			int result = do_all(s, w);

			if (result == WAITING) {
				cond_resched();
				continue;
			}
			changed = !result && alters(w->ops, w->nr);
			release(w, result);
			if (changed)
				break;		/* it may be the turn of an older one now */
		}
	} while (changed);
}

/* ---- waiting ---- */

/* Leave w's operations with the set until somebody has done them: the call's result. [obj], released meanwhile. */
static int wait_for_turn(struct sem_set *s, struct sem_waiter *w, u64 deadline)
{
	bool late = false;

	w->result = WAITING;
	list_add_tail(&w->link, &s->waiters);
	while (w->result == WAITING) {
		if (late || signal_pending()) {
			list_del(&w->link);
			return late ? -EAGAIN : -EINTR;
		}
		set_current_state(THREAD_INTERRUPTIBLE);
		mutex_unlock(&s->obj.lock);
		if (READ_ONCE(w->result) == WAITING && !signal_pending())
			late = !schedule_timeout(deadline);
		set_current_state(THREAD_RUNNING);
		mutex_lock(&s->obj.lock);
	}
	return w->result;
}

static int operate(struct sem_set *s, const struct sembuf *ops, u32 nr, u64 deadline)
{
	struct sem_waiter w = { .thread = current, .ops = ops, .nr = nr };
	bool alter = alters(ops, nr), undo = false;
	int result;

	for (u32 i = 0; i < nr; i++)
		undo |= ops[i].sem_flg & SEM_UNDO;
	if (undo) {
		w.undo = sem_undo_get(s);
		if (!w.undo)
			return -ENOMEM;
	}
	for (u32 i = 0; i < nr; i++)
		if (ops[i].sem_num >= s->nr)
			return -EFBIG;
	result = ipc_permitted(&s->obj, alter ? IPC_WRITE : IPC_READ);
	if (result)
		return result;
	result = do_all(s, &w);
	if (!result && alter)
		sem_serve(s);
	return result == WAITING ? wait_for_turn(s, &w, deadline) : result;
}

static long semtimedop(int id, const struct sembuf *ops, u32 nr, u64 deadline)
{
	struct ipc_object *o = ipc_lock(&sem_sets, id);
	long result;

	if (IS_ERR(o))
		return PTR_ERR(o);
	result = operate(sem_set_of(o), ops, nr, deadline);
	ipc_unlock(&sem_sets, o);
	return result;
}

/* utime 0: for ever. */
long sys_semtimedop(int id, uaddr_t uops, unsigned nr, uaddr_t utime)
{
	struct timespec ts = { 0, 0 };
	u64 deadline = TIME_MAX;
	struct sembuf *ops;
	long result;

	if (utime && copy_struct_in(&ts, utime))
		return -EFAULT;
	if (nr > SEMOPM)
		return -E2BIG;
	if (nr < 1)
		return -EINVAL;
	ops = memdup_user(uops, nr * sizeof(*ops), SEMOPM * sizeof(*ops));
	if (IS_ERR(ops))
		return PTR_ERR(ops);
	if (utime)
		deadline = clock_monotonic() + timespec_to_ns(&ts);	/* each below 2^63 */
	result = id < 0 || !timespec_valid(&ts) ? -EINVAL : semtimedop(id, ops, nr, deadline);
	kfree(ops);
	return result;
}

long sys_semop(int id, uaddr_t ops, unsigned nr)
{
	return sys_semtimedop(id, ops, nr, 0);
}
