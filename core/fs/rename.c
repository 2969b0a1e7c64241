// SPDX-License-Identifier: BSD-2-Clause
/*
 * rename, renameat2: moving names, within a directory and across.
 */
#include "internal.h"

#include <janus/notify.h>
#include <generated/syscalls.h>

/* The two ends of a rename. Counted dentries; both directories locked. */
struct renaming {
	struct parent from, to;
	struct dentry *old, *new;
	struct dentry *trap;	/* the child of one directory on the way to the other, or NULL */
	unsigned flags;		/* RENAME_* */
};

/* The child of `above` through which `d` is reached; NULL when d is not below. */
static struct dentry *child_towards(const struct dentry *above, struct dentry *d)
{
	for (; !d_is_root(d); d = d->parent)
		if (d->parent == above)
			return d;
	return NULL;
}

/* Lock both directories, the upper one first. */
static void lock_both(struct renaming *r)
{
	struct dentry *a = r->from.path.dentry, *b = r->to.path.dentry;

	r->trap = NULL;
	if (a == b) {
		down_write(&a->inode->lock);
		return;
	}
	mutex_lock(&a->sb->rename_mutex);	/* no directory moves meanwhile */
	if ((r->trap = child_towards(b, a))) {
		down_write(&b->inode->lock);
		down_write(&a->inode->lock);
		return;
	}
	r->trap = child_towards(a, b);
	down_write(&a->inode->lock);
	down_write(&b->inode->lock);
}

static void unlock_both(struct renaming *r)
{
	struct dentry *a = r->from.path.dentry, *b = r->to.path.dentry;

	up_write(&a->inode->lock);
	if (a != b) {
		up_write(&b->inode->lock);
		mutex_unlock(&a->sb->rename_mutex);
	}
}

/* What the names must be, before anybody's permission is asked. */
static int check_names(const struct renaming *r)
{
	if (!r->old->inode)
		return -ENOENT;
	if ((r->flags & RENAME_NOREPLACE) && r->new->inode)
		return -EEXIST;
	if (r->flags & RENAME_EXCHANGE) {
		if (!r->new->inode)
			return -ENOENT;
		if (!S_ISDIR(r->new->inode->mode) && r->to.trailing)
			return -ENOTDIR;
	}
	if (!S_ISDIR(r->old->inode->mode)) {
		if (r->from.trailing)
			return -ENOTDIR;
		if (!(r->flags & RENAME_EXCHANGE) && r->to.trailing)
			return -ENOTDIR;
	}
	if (r->old == r->trap)
		return -EINVAL;
	if (r->new == r->trap)
		return r->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int check_rights(const struct renaming *r)
{
	struct inode *old_dir = r->from.path.dentry->inode, *new_dir = r->to.path.dentry->inode;
	bool is_dir = S_ISDIR(r->old->inode->mode), exchange = r->flags & RENAME_EXCHANGE;
	int err = may_delete(old_dir, r->old, is_dir);

	if (err)
		return err;
	if (!r->new->inode)
		err = may_create(new_dir);
	else
		err = may_delete(new_dir, r->new, exchange ? S_ISDIR(r->new->inode->mode) : is_dir);
	if (err)
		return err;
	if (!old_dir->ops->rename)
		return -EPERM;
	/* A directory that moves has its ".." rewritten. */
	if (old_dir != new_dir) {
		if (is_dir)
			err = inode_permission(r->old->inode, MAY_WRITE);
		if (!err && exchange && S_ISDIR(r->new->inode->mode))
			err = inode_permission(r->new->inode, MAY_WRITE);
	}
	return err;
}

static void tell_watchers(const struct renaming *r, struct inode *victim)
{
	struct inode *from = r->from.path.dentry->inode, *to = r->to.path.dentry->inode, *moved = r->old->inode;
	bool exchange = r->flags & RENAME_EXCHANGE;

	notify_move(from, &r->from.last, to, &r->to.last, moved, exchange ? NULL : victim);
	if (exchange)
		notify_move(to, &r->to.last, from, &r->from.last, victim, NULL);
}

/* Everything is locked, and allowed. */
static int do_rename(struct renaming *r)
{
	struct inode *old_dir = r->from.path.dentry->inode, *new_dir = r->to.path.dentry->inode;
	struct inode *victim = r->new->inode;
	int err;

	if ((r->old->flags | r->new->flags) & D_MOUNTED)
		return -EBUSY;
	if (victim) {
		inode_get(victim);
		down_write(&victim->lock);
	}
	err = old_dir->ops->rename(old_dir, r->old, new_dir, r->new, r->flags);
	if (!err) {
		if (r->flags & RENAME_EXCHANGE)
			d_exchange(r->old, r->new);
		else
			d_move(r->old, r->new);
		d_order(r->old);
		if (r->flags & RENAME_EXCHANGE)
			d_order(r->new);
	}
	if (victim)
		up_write(&victim->lock);
	if (!err)
		tell_watchers(r, victim);
	if (victim)
		inode_put(victim);
	return err;
}

static int rename_locked(struct renaming *r)
{
	int err;

	r->old = lookup_locked(r->from.path.dentry, &r->from.last);
	if (IS_ERR(r->old))
		return PTR_ERR(r->old);
	r->new = lookup_locked(r->to.path.dentry, &r->to.last);
	if (IS_ERR(r->new)) {
		dput(r->old);
		return PTR_ERR(r->new);
	}
	err = check_names(r);
	if (!err && r->old->inode != r->new->inode) {	/* two names of one file: nothing to do */
		err = check_rights(r);
		if (!err)
			err = do_rename(r);
	}
	return err;
}

static int check_parents(const struct renaming *r)
{
	if (r->from.path.mnt != r->to.path.mnt)
		return -EXDEV;
	if (r->from.type != LAST_NORM)
		return -EBUSY;
	if (r->to.type != LAST_NORM)
		return r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	return mnt_want_write(&r->from.path);
}

/* The parent of a user's name; the name is kept for as long as the parent's last component is used. */
static int user_path_parent(int dirfd, uaddr_t uname, struct pathname *name, struct parent *out)
{
	int err = pathname_get(name, uname, 0);

	if (err)
		return err;
	err = path_parent(NULL, dirfd, name->name, 0, out);
	if (err)
		pathname_put(name);
	return err;
}

/* Both parents are known. */
static int rename_between(struct renaming *r)
{
	int err = check_parents(r);

	if (err)
		return err;
	lock_both(r);
	err = rename_locked(r);
	unlock_both(r);
	if (!IS_ERR_OR_NULL(r->new)) {
		dput(r->new);
		dput(r->old);
	}
	return err;
}

/* The whole of the old name is looked at before the new one is. */
long sys_renameat2(int olddirfd, uaddr_t oldname, int newdirfd, uaddr_t newname, unsigned flags)
{
	struct renaming r = { .flags = flags };
	struct pathname old, new;
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
		return -EINVAL;
	err = user_path_parent(olddirfd, oldname, &old, &r.from);
	if (err)
		return err;
	err = user_path_parent(newdirfd, newname, &new, &r.to);
	if (!err) {
		err = rename_between(&r);
		path_put(&r.to.path);
		pathname_put(&new);
	}
	path_put(&r.from.path);
	pathname_put(&old);
	return err;
}

long sys_renameat(int olddirfd, uaddr_t oldname, int newdirfd, uaddr_t newname)
{
	return sys_renameat2(olddirfd, oldname, newdirfd, newname, 0);
}

long sys_rename(uaddr_t oldname, uaddr_t newname)
{
	return sys_renameat2(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}
