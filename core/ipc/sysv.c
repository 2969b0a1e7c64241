// SPDX-License-Identifier: BSD-2-Clause
/*
 * System V IPC: keys, ids, owners and permissions, for the three kinds of objects alike.
 */
#include "sysv.h"

/* Places are taken in turn, in a window that grows with what is in use: Linux's ids come out the same. */
#define FIRST_WINDOW 64

static struct hlist_head *bucket_of(struct ipc_ids *ids, s32 key)
{
	return &ids->keys[(u32)key * 0x9e3779b1u >> 26];
}
_Static_assert(IPC_KEY_BUCKETS == 1 << 6, "six bits of the product");

static struct ipc_object *find_key(struct ipc_ids *ids, s32 key)
{
	struct ipc_object *o;

	hlist_for_each_entry(o, bucket_of(ids, key), key_link)
		if (o->key == key)
			return o;
	return NULL;
}

/* ---- coming and going ---- */

static int free_index(struct ipc_ids *ids)
{
	u32 window = min(max(ids->in_use * 3 / 2, (u32)FIRST_WINDOW), ids->limit);
	u32 start = (u32)(ids->last_index + 1);

	for (u32 i = 0; i < window; i++) {
		u32 index = (start + i) % window;

		if (!radix_lookup(&ids->slots, index))
			return (int)index;
	}
	return -ENOSPC;
}

static int insert(struct ipc_ids *ids, struct ipc_object *o)
{
	int index, err;

	if (ids->in_use >= ids->limit)
		return -ENOSPC;
	index = free_index(ids);
	if (index < 0)
		return index;
	err = radix_insert(&ids->slots, (u64)index, o);
	if (err)
		return err;
	if (index <= ids->last_index)
		ids->rounds = (ids->rounds + 1) & 0xffff;
	ids->last_index = index;
	ids->in_use++;
	o->id = (int)(ids->rounds << IPC_INDEX_BITS) | index;
	ref_set(&o->refs, 1);
	if (o->key != IPC_PRIVATE)
		hlist_add_head(&o->key_link, bucket_of(ids, o->key));
	return o->id;
}

void ipc_forget_key(struct ipc_object *o)
{
	if (o->key != IPC_PRIVATE)
		hlist_del_init(&o->key_link);
	o->key = IPC_PRIVATE;
}

void ipc_remove(struct ipc_ids *ids, struct ipc_object *o)
{
	ipc_forget_key(o);
	radix_delete(&ids->slots, (u64)(o->id & IPC_INDEX_MASK));
	ids->in_use--;
	o->removed = true;
	ref_put(&o->refs);	/* the table's; the caller has one of its own */
}

static long create(struct ipc_ids *ids, s32 key, int flags, size_t size, const struct ipc_get_ops *ops)
{
	struct ipc_object *o = ops->create(size, flags, key);
	const struct cred *me = current->cred;
	int id;

	if (IS_ERR(o))
		return PTR_ERR(o);
	mutex_init(&o->lock);
	o->key = key;
	o->uid = o->cuid = me->euid;
	o->gid = o->cgid = me->egid;
	o->mode = flags & 0777;
	id = insert(ids, o);
	if (id < 0)
		ids->free(o);
	return id;
}

static long existing(struct ipc_object *o, int flags, size_t size, const struct ipc_get_ops *ops)
{
	int err;

	if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	mutex_lock(&o->lock);
	err = ops->fits ? ops->fits(o, size) : 0;
	if (!err)
		err = ipc_permitted(o, flags);
	mutex_unlock(&o->lock);
	return err ? err : o->id;
}

long ipc_get(struct ipc_ids *ids, s32 key, int flags, size_t size, const struct ipc_get_ops *ops)
{
	struct ipc_object *o;
	GUARD(mutex, &ids->lock);

	o = key == IPC_PRIVATE ? NULL : find_key(ids, key);
	if (o)
		return existing(o, flags, size, ops);
	if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
		return -ENOENT;
	return create(ids, key, flags, size, ops);
}

/* ---- finding ---- */

static struct ipc_object *find_id(struct ipc_ids *ids, int id, bool whole)
{
	struct ipc_object *o = id < 0 ? NULL : radix_lookup(&ids->slots, (u64)(id & IPC_INDEX_MASK));

	if (!o)
		return ERR_PTR(-EINVAL);
	if (whole && o->id != id)
		return ERR_PTR(-EIDRM);
	ref_get(&o->refs);
	return o;
}

static struct ipc_object *find_and_lock(struct ipc_ids *ids, int id, bool whole)
{
	struct ipc_object *o;
	int err;

	mutex_lock(&ids->lock);
	o = find_id(ids, id, whole);
	mutex_unlock(&ids->lock);
	if (IS_ERR(o))
		return o;
	err = ipc_relock(o);
	if (err) {
		ipc_unlock(ids, o);
		return ERR_PTR(err);
	}
	return o;
}

struct ipc_object *ipc_lock(struct ipc_ids *ids, int id)
{
	return find_and_lock(ids, id, true);
}

struct ipc_object *ipc_lock_index(struct ipc_ids *ids, int index)
{
	return find_and_lock(ids, index, false);
}

int ipc_relock(struct ipc_object *o)
{
	mutex_lock(&o->lock);
	return o->removed ? -EIDRM : 0;
}

void ipc_put(struct ipc_ids *ids, struct ipc_object *o)
{
	if (ref_put(&o->refs))
		ids->free(o);
}

void ipc_unlock(struct ipc_ids *ids, struct ipc_object *o)
{
	mutex_unlock(&o->lock);
	ipc_put(ids, o);
}

struct ipc_object *ipc_lock_owned(struct ipc_ids *ids, int id)
{
	uid_t euid = current->cred->euid;
	struct ipc_object *o;

	mutex_lock(&ids->lock);
	o = find_id(ids, id, true);
	if (IS_ERR(o)) {
		mutex_unlock(&ids->lock);
		return o;
	}
	mutex_lock(&o->lock);
	if (euid == o->uid || euid == o->cuid || capable(CAP_SYS_ADMIN))
		return o;
	ipc_unlock_owned(ids, o);
	return ERR_PTR(-EPERM);
}

void ipc_unlock_owned(struct ipc_ids *ids, struct ipc_object *o)
{
	mutex_unlock(&o->lock);
	mutex_unlock(&ids->lock);
	ipc_put(ids, o);
}

int ipc_last_index(struct ipc_ids *ids)
{
	int last = 0;
	u64 index = 0;
	GUARD(mutex, &ids->lock);

	for (; radix_next(&ids->slots, &index); index++)
		last = (int)index;
	return last;
}

void ipc_show(struct ipc_ids *ids, struct textbuf *t, void (*line)(struct textbuf *t, struct ipc_object *o))
{
	struct ipc_object *o;
	u64 index = 0;
	GUARD(mutex, &ids->lock);

	for (; (o = radix_next(&ids->slots, &index)); index++) {
		mutex_lock(&o->lock);
		tb_printf(t, "%10d %10d  %4o ", o->key, o->id, o->mode);
		line(t, o);
		mutex_unlock(&o->lock);
	}
}

/* ---- permissions ---- */

int ipc_permitted(const struct ipc_object *o, int want)
{
	uid_t euid = current->cred->euid;
	u32 granted = o->mode;

	want = (want >> 6 | want >> 3 | want) & 7;
	if (euid == o->uid || euid == o->cuid)
		granted >>= 6;
	else if (in_group(o->cgid) || in_group(o->gid))
		granted >>= 3;
	return (u32)want & ~granted && !capable(CAP_IPC_OWNER) ? -EACCES : 0;
}

void ipc_fill_perm(struct ipc64_perm *to, const struct ipc_object *o)
{
	to->key = o->key;
	to->uid = o->uid;
	to->gid = o->gid;
	to->cuid = o->cuid;
	to->cgid = o->cgid;
	to->mode = o->mode;
	to->seq = (u16)(o->id >> IPC_INDEX_BITS);
}

int ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *from)
{
	if (from->uid == ~0u || from->gid == ~0u)
		return -EINVAL;
	o->uid = from->uid;
	o->gid = from->gid;
	o->mode = (o->mode & ~0777u) | (from->mode & 0777);
	return 0;
}
