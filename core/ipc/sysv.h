/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What System V's messages, semaphores and shared memory have in common, for the files of core/ipc/ only: objects
 * with a key, an id, an owner and a mode. sysv.c.
 *
 * Process context; no spinlock held. Lock order: mmap_lock > ids->lock > object->lock. No user memory is touched and
 * nobody sleeps for long under either.
 *
 * An id is a place (15 bits) and how often the places have been gone through: an id that is no more is not soon
 * another's.
 * Field legend: [ids] ids->lock; [obj] object->lock; [const] after creation.
 * Source: sysvipc(7), Linux 6.1.
 */
#ifndef IPC_SYSV_H
#define IPC_SYSV_H

#include <janus/ipc.h>
#include <janus/list.h>
#include <janus/lock.h>
#include <janus/radix.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/textbuf.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <janus/uaccess.h>
#include <uapi/capability.h>
#include <uapi/errno.h>
#include <uapi/ipc.h>
#include <uapi/stat.h>

#define IPC_INDEX_BITS 15
#define IPC_INDEX_MASK ((1 << IPC_INDEX_BITS) - 1)
#define IPC_KEY_BUCKETS 64
#define IPC_READ 0444		/* what ipc_permitted() may be asked for */
#define IPC_WRITE 0222

struct ipc_object {
	refcount_t refs;		/* the table, and who looks at it */
	struct mutex lock;
	bool removed;			/* [obj] */
	int id;				/* [const] */
	s32 key;			/* [ids + obj; either to read] */
	struct hlist_node key_link;	/* [ids] */
	uid_t uid, cuid;		/* [obj] */
	gid_t gid, cgid;		/* [obj] */
	u32 mode;			/* [obj] permissions, and the kind's own bits above them */
};

struct ipc_ids {
	struct mutex lock;
	struct radix_tree slots;	/* [ids] struct ipc_object by place */
	struct hlist_head keys[IPC_KEY_BUCKETS];	/* [ids] */
	u32 limit;			/* [const] objects */
	u32 in_use;			/* [ids] */
	int last_index;			/* [ids] -1: none yet */
	u32 rounds;			/* [ids] */
	void (*free)(struct ipc_object *o);	/* [const] the last reference is gone */
};
#define IPC_IDS_INIT(name, max, free_fn) \
	{ .lock = MUTEX_INIT((name).lock), .limit = (max), .last_index = -1, .free = (free_fn) }

struct ipc_get_ops {
	struct ipc_object *(*create)(size_t size, int flags, s32 key);	/* refs 0, not in the table; or ERR_PTR */
	int (*fits)(struct ipc_object *o, size_t size);			/* an old one: 0 or -errno. [obj] */
};
/* msgget and friends: an id or -errno. */
long ipc_get(struct ipc_ids *ids, s32 key, int flags, size_t size, const struct ipc_get_ops *ops);

/* The object, referenced and locked, or ERR_PTR: -EINVAL none has this id, -EIDRM one had. */
struct ipc_object *ipc_lock(struct ipc_ids *ids, int id);
struct ipc_object *ipc_lock_index(struct ipc_ids *ids, int index);	/* *_STAT: by place alone */
int ipc_relock(struct ipc_object *o);		/* a referenced one: 0 or -EIDRM, locked in either case */
void ipc_unlock(struct ipc_ids *ids, struct ipc_object *o);	/* and put */
void ipc_put(struct ipc_ids *ids, struct ipc_object *o);
/* For IPC_SET and IPC_RMID: the same with ids->lock held too, if current may; ipc_unlock_owned() ends it. */
struct ipc_object *ipc_lock_owned(struct ipc_ids *ids, int id);
void ipc_unlock_owned(struct ipc_ids *ids, struct ipc_object *o);
void ipc_remove(struct ipc_ids *ids, struct ipc_object *o);		/* nobody finds it any more. [ids + obj] */
void ipc_forget_key(struct ipc_object *o);				/* it is private from now on. [ids + obj] */

int ipc_permitted(const struct ipc_object *o, int want);	/* want: rwxrwxrwx as of a mode. 0 or -EACCES. [obj] */
void ipc_fill_perm(struct ipc64_perm *to, const struct ipc_object *o);	/* [obj] */
int ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *from);	/* 0 or -EINVAL. [obj] */
/* A line of each object, for /proc; `line` is called with the object's lock held. */
void ipc_show(struct ipc_ids *ids, struct textbuf *t, void (*line)(struct textbuf *t, struct ipc_object *o));
int ipc_last_index(struct ipc_ids *ids);			/* the highest place in use, 0 when none is */
static inline s64 ipc_now(void) { return (s64)(clock_realtime() / NSEC_PER_SEC); }

#endif
