// SPDX-License-Identifier: BSD-2-Clause
/*
 * semctl: values, waiters, owners and the end of sets of semaphores. Source: semctl(2).
 */
#include "sem.h"
#include <generated/syscalls.h>
#include <uapi/asm/semid.h>

static long tell_limits(int cmd, uaddr_t buf)
{
	struct seminfo info = {
		.semmap = SEMMNS, .semmni = SEMMNI, .semmns = SEMMNS, .semmnu = SEMMNS, .semmsl = SEMMSL,
		.semopm = SEMOPM, .semume = SEMOPM, .semusz = 20, .semvmx = SEMVMX, .semaem = SEMAEM,
	};

	if (cmd == SEM_INFO) {
		info.semusz = (s32)READ_ONCE(sem_sets.in_use);
		info.semaem = (s32)READ_ONCE(sems_in_use);
	}
	return copy_struct_out(buf, &info) ? -EFAULT : ipc_last_index(&sem_sets);
}

static long tell_set(int id, int cmd, uaddr_t buf)
{
	struct ipc_object *o = cmd == IPC_STAT ? ipc_lock(&sem_sets, id) : ipc_lock_index(&sem_sets, id);
	struct semid64_ds ds = { 0 };
	long result;

	if (IS_ERR(o))
		return PTR_ERR(o);
	result = cmd == SEM_STAT_ANY ? 0 : ipc_permitted(o, IPC_READ);
	ipc_fill_perm(&ds.perm, o);
	ds.otime = sem_set_of(o)->otime;
	ds.ctime = sem_set_of(o)->ctime;
	ds.nsems = sem_set_of(o)->nr;
	if (!result && cmd != IPC_STAT)
		result = o->id;
	ipc_unlock(&sem_sets, o);
	if (result < 0)
		return result;
	return copy_struct_out(buf, &ds) ? -EFAULT : result;
}

static long change_set(int id, const struct semid64_ds *ds)
{
	struct ipc_object *o = ipc_lock_owned(&sem_sets, id);
	long err;

	if (IS_ERR(o))
		return PTR_ERR(o);
	err = ipc_set_perm(o, &ds->perm);
	if (!err)
		sem_set_of(o)->ctime = ipc_now();
	ipc_unlock_owned(&sem_sets, o);
	return err;
}

static long remove_set(int id)
{
	struct ipc_object *o = ipc_lock_owned(&sem_sets, id);

	if (IS_ERR(o))
		return PTR_ERR(o);
	ipc_remove(&sem_sets, o);
	sems_in_use -= sem_set_of(o)->nr;
	sem_release_all(sem_set_of(o));
	ipc_unlock_owned(&sem_sets, o);
	return 0;
}

/* ---- values ---- */

/* The set, locked, if current may do `want`; or ERR_PTR. */
static struct sem_set *set_lock(int id, int want)
{
	struct ipc_object *o = ipc_lock(&sem_sets, id);
	int err;

	if (IS_ERR(o))
		return (struct sem_set *)o;
	err = ipc_permitted(o, want);
	if (!err)
		return sem_set_of(o);
	ipc_unlock(&sem_sets, o);
	return ERR_PTR(err);
}

static long get_one(int id, int num, int cmd)
{
	struct sem_set *s = set_lock(id, IPC_READ);
	long result = -EINVAL;

	if (IS_ERR(s))
		return PTR_ERR(s);
	if (num >= 0 && (u32)num < s->nr) {
		const struct sem *sem = &s->sems[num];

		result = cmd == GETVAL ? sem->value : cmd == GETPID ? sem->pid :
			 (long)sem_count_waiters(s, (u32)num, cmd == GETZCNT);
	}
	ipc_unlock(&sem_sets, &s->obj);
	return result;
}

static long set_one(int id, int num, int value)
{
	struct ipc_object *o;
	struct sem_set *s;
	long err;

	if (value < 0 || value > SEMVMX)
		return -ERANGE;
	o = ipc_lock(&sem_sets, id);
	if (IS_ERR(o))
		return PTR_ERR(o);
	s = sem_set_of(o);
	err = num < 0 || (u32)num >= s->nr ? -EINVAL : ipc_permitted(o, IPC_WRITE);
	if (!err) {
		sem_undo_clear(s, (u32)num, 1);
		s->sems[num] = (struct sem){ value, current->process->tgid };
		s->ctime = ipc_now();
		sem_serve(s);
	}
	ipc_unlock(&sem_sets, o);
	return err;
}

static long get_all(int id, uaddr_t to)
{
	struct sem_set *s = set_lock(id, IPC_READ);
	size_t bytes;
	long err;
	u16 *values;

	if (IS_ERR(s))
		return PTR_ERR(s);
	bytes = s->nr * sizeof(*values);
	values = kmalloc(bytes, GFP_KERNEL);
	for (u32 i = 0; values && i < s->nr; i++)
		values[i] = (u16)s->sems[i].value;
	ipc_unlock(&sem_sets, &s->obj);
	if (!values)
		return -ENOMEM;
	err = copy_to_user(to, values, bytes) ? -EFAULT : 0;
	kfree(values);
	return err;
}

/* [obj] */
static int store_all(struct sem_set *s, const u16 *values)
{
	sem_undo_clear(s, 0, s->nr);
	for (u32 i = 0; i < s->nr; i++)
		s->sems[i] = (struct sem){ values[i], current->process->tgid };
	s->ctime = ipc_now();
	sem_serve(s);
	return 0;
}

/* The set is let go while the values are read, which may wait for a page, but not forgotten. */
static long set_all(int id, uaddr_t from)
{
	struct sem_set *s = set_lock(id, IPC_WRITE);
	u16 *values;
	long err = 0;

	if (IS_ERR(s))
		return PTR_ERR(s);
	mutex_unlock(&s->obj.lock);
	values = memdup_user(from, s->nr * sizeof(*values), SEMMSL * sizeof(*values));
	if (IS_ERR(values)) {
		ipc_put(&sem_sets, &s->obj);
		return PTR_ERR(values);
	}
	for (u32 i = 0; i < s->nr; i++)
		if (values[i] > SEMVMX)
			err = -ERANGE;
	if (err) {
		ipc_put(&sem_sets, &s->obj);
	} else {
		err = ipc_relock(&s->obj);
		if (!err)
			err = store_all(s, values);
		ipc_unlock(&sem_sets, &s->obj);
	}
	kfree(values);
	return err;
}

long sys_semctl(int id, int num, int cmd, unsigned long arg)
{
	struct semid64_ds ds;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return tell_limits(cmd, arg);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return tell_set(id, cmd, arg);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return get_one(id, num, cmd);
	case SETVAL:
		return set_one(id, num, (int)arg);
	case GETALL:
		return get_all(id, arg);
	case SETALL:
		return set_all(id, arg);
	case IPC_SET:
		return copy_struct_in(&ds, arg) ? -EFAULT : change_set(id, &ds);
	case IPC_RMID:
		return remove_set(id);
	}
	return -EINVAL;
}

static void show_line(struct textbuf *t, struct ipc_object *o)
{
	const struct sem_set *s = sem_set_of(o);

	tb_printf(t, "%10u %5u %5u %5u %5u %10ld %10ld\n", s->nr, o->uid, o->gid, o->cuid, o->cgid, (long)s->otime,
		  (long)s->ctime);
}

void ipc_show_semaphores(struct textbuf *t)
{
	tb_puts(t, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
	ipc_show(&sem_sets, t, show_line);
}
