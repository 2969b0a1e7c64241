/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V semaphores between sem.c, which has the sets, semctl.c, and sem_undo.c, which has what exit gives back.
 * sysv.h tells of contexts and locks.
 */
#ifndef IPC_SEM_H
#define IPC_SEM_H

#include "sysv.h"

struct sem {
	s32 value;
	pid_t pid;			/* who changed it last */
};

struct sem_set {
	struct ipc_object obj;
	s64 otime, ctime;		/* [obj] */
	struct list_head waiters;	/* [obj] struct sem_waiter, the oldest first */
	struct list_head undos;		/* [obj] struct sem_undo, by of_set */
	u32 nr;				/* [const] */
	struct sem sems[];		/* [obj] */
};

/* What one process, or those who share by CLONE_SYSVSEM, is to give back to one set. */
struct sem_undo {
	struct list_head of_list;	/* [undos->lock] */
	struct list_head of_set;	/* [obj] meaningless once the set is removed */
	struct sem_set *set;		/* [const] referenced */
	s16 adjust[];			/* [obj] by semaphore */
};

extern struct ipc_ids sem_sets;
static inline struct sem_set *sem_set_of(struct ipc_object *o) { return container_of(o, struct sem_set, obj); }
extern u32 sems_in_use;			/* [sem_sets.lock, read as is] in all sets */
void sem_serve(struct sem_set *s);	/* let go on whose turn has come after a change. [obj] */
void sem_release_all(struct sem_set *s);	/* the set is gone. [obj] */
u32 sem_count_waiters(const struct sem_set *s, u32 num, bool for_zero);	/* who waits because of this one. [obj] */
/* current's undo of this set, made when it has none; or NULL, no memory. [obj] */
struct sem_undo *sem_undo_get(struct sem_set *s);
/* Nobody is to give anything back to semaphores [first, first + n). [obj] */
void sem_undo_clear(struct sem_set *s, u32 first, u32 n);

#endif
