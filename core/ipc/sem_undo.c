// SPDX-License-Identifier: BSD-2-Clause
/*
 * SEM_UNDO: what a process took from semaphores is given back when it ends, and the other way round.
 * The list hangs off the thread; threads made with CLONE_SYSVSEM share it, and the last of them gives back.
 */
#include "sem.h"

/* Lock order: a set's lock > lock. */
struct sem_undo_list {
	refcount_t refs;		/* threads */
	struct mutex lock;
	struct list_head undos;		/* [lock] struct sem_undo, by of_list */
};

static struct sem_undo_list *list_get(void)
{
	struct sem_undo_list *l = current->sem_undos;

	if (l)
		return l;
	l = kmalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return NULL;
	ref_set(&l->refs, 1);
	mutex_init(&l->lock);
	list_init(&l->undos);
	current->sem_undos = l;
	return l;
}

static void undo_free(struct sem_undo *u)
{
	list_del(&u->of_list);
	ipc_put(&sem_sets, &u->set->obj);
	kfree(u);
}

/* The list's undo of the set; those of removed sets go on the way. [lock] */
static struct sem_undo *find(struct sem_undo_list *l, const struct sem_set *s)
{
	struct sem_undo *u, *next;

	list_for_each_entry_safe(u, next, &l->undos, of_list) {
		if (u->set == s)
			return u;
		if (READ_ONCE(u->set->obj.removed))
			undo_free(u);
	}
	return NULL;
}

struct sem_undo *sem_undo_get(struct sem_set *s)
{
	struct sem_undo_list *l = list_get();
	struct sem_undo *u;

	if (!l)
		return NULL;
	mutex_lock(&l->lock);
	u = find(l, s);
	if (!u) {
		u = kzalloc(sizeof(*u) + s->nr * sizeof(u->adjust[0]), GFP_KERNEL);
		if (u) {
			ref_get(&s->obj.refs);
			u->set = s;
			list_add_tail(&u->of_list, &l->undos);
			list_add_tail(&u->of_set, &s->undos);
		}
	}
	mutex_unlock(&l->lock);
	return u;
}

void sem_undo_clear(struct sem_set *s, u32 first, u32 n)
{
	struct sem_undo *u;

	list_for_each_entry(u, &s->undos, of_set)
		memset(u->adjust + first, 0, n * sizeof(u->adjust[0]));
}

static void give_back(struct sem_undo *u)
{
	struct sem_set *s = u->set;

	mutex_lock(&s->obj.lock);
	if (!s->obj.removed) {
		list_del(&u->of_set);
		for (u32 i = 0; i < s->nr; i++) {
			if (!u->adjust[i])
				continue;
			s->sems[i].value = min(max(s->sems[i].value + u->adjust[i], 0), SEMVMX);
			s->sems[i].pid = current->process->tgid;
		}
		s->otime = ipc_now();
		sem_serve(s);
	}
	mutex_unlock(&s->obj.lock);
	undo_free(u);
}

void sem_undo_exit(void)
{
	struct sem_undo_list *l = current->sem_undos;
	struct sem_undo *u, *next;

	current->sem_undos = NULL;
	if (likely(!l) || !ref_put(&l->refs))
		return;
	list_for_each_entry_safe(u, next, &l->undos, of_list)
		give_back(u);
	kfree(l);
}

int sem_undo_fork(struct thread *child, bool share)
{
	struct sem_undo_list *l;

	if (!share)
		return 0;
	l = list_get();
	if (!l)
		return -ENOMEM;
	ref_get(&l->refs);
	child->sem_undos = l;
	return 0;
}

void sem_undo_unfork(struct thread *child)
{
	if (child->sem_undos)
		ref_put(&child->sem_undos->refs);	/* never the last: current shares it */
}
