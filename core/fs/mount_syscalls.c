// SPDX-License-Identifier: BSD-2-Clause
/*
 * mount(2), umount2(2), pivot_root(2).
 */
#include "internal.h"
#include "mount.h"

#include <generated/syscalls.h>

/* What a mount keeps of mount(2)'s flags; the superblock keeps SB_FLAGS. */
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | \
		     MS_NOSYMFOLLOW)
#define ATIME_FLAGS (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)
#define SB_FLAGS (MS_RDONLY | MS_SYNCHRONOUS | MS_MANDLOCK | MS_DIRSYNC | MS_LAZYTIME | MS_POSIXACL)
#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static bool may_mount(void)
{
	return capable(CAP_SYS_ADMIN);
}

static u32 mount_flags(unsigned long flags)
{
	u32 f = flags & MOUNT_FLAGS;

	if (!(flags & MS_NOATIME))
		f |= MS_RELATIME;
	if (flags & MS_STRICTATIME)
		f &= ~(MS_RELATIME | MS_NOATIME);
	if (f & MS_NOATIME)
		f &= ~MS_RELATIME;
	return f;
}

/* Can something be mounted at `at`? namespace_sem held. */
static int check_place(const struct path *at, const struct dentry *root)
{
	if (!at->mnt->ns)
		return -EINVAL;
	if (d_unhashed(at->dentry) && !d_is_root(at->dentry))
		return -ENOENT;
	if (S_ISDIR(at->dentry->inode->mode) != S_ISDIR(root->inode->mode))
		return -ENOTDIR;
	if (at->mnt->ns->nr_mounts >= MOUNT_MAX)
		return -ENOSPC;
	return 0;
}

/* Somebody may have mounted on `at` since it was looked up: go to the top. */
static void to_top(struct path *at)
{
	struct mount *m;

	while ((m = mount_lookup_rcu(at->mnt, at->dentry))) {
		struct path top = { m, m->root };

		path_get(&top);
		path_put(at);
		*at = top;
	}
}

/* A file system becomes read-only when nobody has a file of it open for writing. Who opens one counts himself, then
 * looks at the flag; we set the flag, then look at the count. */
static int change_super(struct super_block *sb, u32 flags, char *data)
{
	u32 old = sb->flags;
	int err = 0;

	__atomic_store_n(&sb->flags, (old & ~SB_FLAGS) | flags, __ATOMIC_SEQ_CST);
	if ((flags & ~old & MS_RDONLY) && __atomic_load_n(&sb->writers, __ATOMIC_SEQ_CST))
		err = -EBUSY;
	else if (sb->ops && sb->ops->remount)
		err = sb->ops->remount(sb, flags, data);
	if (err)
		__atomic_store_n(&sb->flags, old, __ATOMIC_RELEASE);
	return err;
}

static int do_remount(struct path *at, unsigned long flags, char *data)
{
	u32 f = mount_flags(flags);
	int err = 0;

	if (at->dentry != at->mnt->root || !at->mnt->ns)
		return -EINVAL;
	if (!(flags & ATIME_FLAGS))		/* none given: they stay as they are */
		f = (f & ~ATIME_FLAGS) | (at->mnt->flags & ATIME_FLAGS);
	if (!(flags & MS_BIND))
		err = change_super(at->mnt->sb, flags & SB_FLAGS, data);
	if (err)
		return err;
	spin_lock(&mount_lock);
	at->mnt->flags = f;
	spin_unlock(&mount_lock);
	mounts_changed();
	return 0;
}

/* Would the tree m be too many for the place `at`? */
static bool too_many(const struct path *at, struct mount *m)
{
	u64 n = at->mnt->ns->nr_mounts;

	for (struct mount *x = m; x; x = mount_next(x, m))
		n++;
	return n > MOUNT_MAX;
}

static int lookup_source(const char *source, struct path *from)
{
	if (!source || !*source)
		return -EINVAL;
	return path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, from);
}

static int do_bind(struct path *at, const char *source, bool recurse)
{
	struct path from;
	struct mount *m;
	int err;

	err = lookup_source(source, &from);
	if (err)
		return err;
	mutex_lock(&namespace_sem);
	to_top(at);
	err = from.mnt->ns ? check_place(at, from.dentry) : -EINVAL;
	if (!err) {
		m = mount_copy(&from, recurse);
		if (IS_ERR(m)) {
			err = PTR_ERR(m);
		} else if (too_many(at, m)) {
			mount_kill_tree(m);
			err = -ENOSPC;
		} else {
			mount_attach(m, at);
		}
	}
	mutex_unlock(&namespace_sem);
	path_put(&from);
	return err;
}

static int do_move(struct path *at, const char *source)
{
	struct path from, old = { NULL, NULL };
	struct mount *m;
	int err;

	err = lookup_source(source, &from);
	if (err)
		return err;
	mutex_lock(&namespace_sem);
	to_top(at);
	m = from.mnt;
	if (from.dentry != m->root || m->parent == m || !m->ns ||
	    S_ISDIR(at->dentry->inode->mode) != S_ISDIR(m->root->inode->mode))
		err = -EINVAL;
	else
		err = check_place(at, m->root);
	for (struct mount *x = at->mnt; !err; x = x->parent) {
		if (x == m)
			err = -ELOOP;
		if (x->parent == x)
			break;
	}
	if (!err) {
		mount_detach(m, &old);
		mount_attach(m, at);
	}
	mutex_unlock(&namespace_sem);
	if (old.mnt)
		path_put(&old);
	path_put(&from);
	return err;
}

static int do_new_mount(struct path *at, const char *source, const char *type, unsigned long flags, char *data)
{
	struct file_system_type *t;
	struct super_block *sb;
	struct mount *m = NULL;
	int err;

	if (!type)
		return -EINVAL;
	t = find_filesystem(type);
	if (!t)
		return -ENODEV;
	sb = t->mount(t, source, flags & SB_FLAGS, data);
	if (IS_ERR(sb))
		return PTR_ERR(sb);
	sb->flags |= flags & SB_FLAGS;
	mutex_lock(&namespace_sem);
	to_top(at);
	err = check_place(at, sb->root);
	if (!err && at->mnt->sb == sb && at->mnt->root == at->dentry)
		err = -EBUSY;
	if (!err) {
		m = mount_new(sb, sb->root, source, mount_flags(flags));
		if (m)
			mount_attach(m, at);
		else
			err = -ENOMEM;
	}
	mutex_unlock(&namespace_sem);
	super_put(sb);
	return err;
}

/* Mounts do not propagate here: all are private, which is what a slave without a master is too. */
static int do_propagation(const struct path *at, unsigned long flags)
{
	unsigned long type = flags & ~(MS_REC | MS_SILENT);

	if (at->dentry != at->mnt->root)
		return -EINVAL;
	return type == MS_PRIVATE || type == MS_SLAVE ? 0 : -EINVAL;
}

static int mount_at(struct path *at, const char *source, const char *type, unsigned long flags, char *data)
{
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	if (!may_mount())
		return -EPERM;
	if (flags & MS_REMOUNT)
		return do_remount(at, flags, data);
	if (flags & MS_BIND)
		return do_bind(at, source, flags & MS_REC);
	if (flags & PROPAGATION)
		return do_propagation(at, flags);
	if (flags & MS_MOVE)
		return do_move(at, source);
	return do_new_mount(at, source, type, flags, data);
}

/* A string argument of mount(2): NULL stays NULL. */
static char *mount_string(uaddr_t from)
{
	char *s;
	long n;

	if (!from)
		return NULL;
	s = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	n = strncpy_from_user(s, from, PATH_MAX);
	if (n >= 0 && n < PATH_MAX)
		return s;
	kfree(s);
	return ERR_PTR(n < 0 ? n : -EINVAL);
}

/* The data argument: up to a page, as much as can be read, ended by a NUL. */
static char *mount_data(uaddr_t from)
{
	char *s;
	size_t left;

	if (!from)
		return NULL;
	s = kzalloc(PAGE_SIZE + 1, GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	left = copy_from_user(s, from, PAGE_SIZE);
	if (left == PAGE_SIZE) {
		kfree(s);
		return ERR_PTR(-EFAULT);
	}
	return s;
}

static void free_string(char *s)
{
	if (!IS_ERR(s))
		kfree(s);
}

long sys_mount(uaddr_t source, uaddr_t target, uaddr_t fstype, unsigned long flags, uaddr_t data)
{
	char *type = mount_string(fstype), *from = NULL, *options = NULL;
	struct path at;
	long err = 0;

	if (IS_ERR(type))
		return PTR_ERR(type);
	from = mount_string(source);
	if (IS_ERR(from))
		err = PTR_ERR(from);
	if (!err) {
		options = mount_data(data);
		if (IS_ERR(options))
			err = PTR_ERR(options);
	}
	if (!err)
		err = user_path_at(AT_FDCWD, target, LOOKUP_FOLLOW, &at);
	if (!err) {
		err = mount_at(&at, from, type, flags, options);
		path_put(&at);
	}
	free_string(options);
	free_string(from);
	free_string(type);
	return err;
}

/* Is a mount in use beyond its place in the tree and the path that names it? */
static bool mount_busy(const struct mount *m)
{
	return ref_read(&m->refs) > 2 || !list_empty(&m->children);
}

static int umount_locked(struct path *p, int flags)
{
	struct mount *m = p->mnt;

	if (p->dentry != m->root || !m->ns)
		return -EINVAL;
	if (flags & MNT_EXPIRE) {
		if (m->parent == m || (flags & (MNT_FORCE | MNT_DETACH)))
			return -EINVAL;
		if (mount_busy(m))
			return -EBUSY;
		if (!m->expire)
			return -EAGAIN;
	}
	if (m->parent == m)			/* the root of all */
		return -EINVAL;
	if (!(flags & MNT_DETACH) && mount_busy(m))
		return -EBUSY;
	mount_kill_tree(m);
	return 0;
}

long sys_umount2(uaddr_t target, int flags)
{
	unsigned lookup = flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path p;
	int err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	err = user_path_at(AT_FDCWD, target, lookup, &p);
	if (err)
		return err;
	if (!may_mount()) {
		path_put(&p);
		return -EPERM;
	}
	mutex_lock(&namespace_sem);
	err = umount_locked(&p, flags);
	path_put(&p);
	if (err == -EAGAIN)		/* after path_put, which takes the mark off; still in the tree */
		p.mnt->expire = true;
	mutex_unlock(&namespace_sem);
	return err;
}

/* Is `p` at or below `top`, going up through mounts? namespace_sem held. */
static bool below(struct path p, const struct path *top)
{
	while (p.mnt != top->mnt && p.mnt->parent != p.mnt)
		p = (struct path){ p.mnt->parent, p.mnt->mountpoint };
	return p.mnt == top->mnt && d_ancestor(top->dentry, p.dentry);
}

static int pivot_check(const struct path *new, const struct path *old, const struct path *root)
{
	/* the mount that all others hang on is nailed down */
	if (!new->mnt->ns || !root->mnt->ns || new->mnt->parent == new->mnt)
		return -EINVAL;
	if (new->mnt == root->mnt || old->mnt == root->mnt)
		return -EBUSY;
	if (root->dentry != root->mnt->root || root->mnt->parent == root->mnt)
		return -EINVAL;
	if (new->dentry != new->mnt->root)
		return -EINVAL;
	if (d_unhashed(old->dentry) && !d_is_root(old->dentry))
		return -ENOENT;
	if (!below(*old, new) || !below(*new, root))
		return -EINVAL;
	return 0;
}

/* Threads that stood at the old root or had it as root move to the new one. */
static void pivot_threads(const struct path *from, const struct path *to)
{
	struct fs_context *fs = current->fs;
	unsigned puts = 0;

	spin_lock(&fs->lock);
	if (path_equal(&fs->root, from)) {
		path_get(to);
		fs->root = *to;
		puts++;
	}
	if (path_equal(&fs->pwd, from)) {
		path_get(to);
		fs->pwd = *to;
		puts++;
	}
	spin_unlock(&fs->lock);
	while (puts--)
		path_put(from);
}

static int pivot(struct path *new, struct path *old)
{
	struct path root = fs_root_get(current->fs), at_new, at_root;
	int err;

	mutex_lock(&namespace_sem);
	to_top(old);
	err = pivot_check(new, old, &root);
	if (!err) {
		mount_detach(new->mnt, &at_new);
		mount_detach(root.mnt, &at_root);
		mount_attach(root.mnt, old);
		mount_attach(new->mnt, &at_root);
		path_put(&at_new);
		path_put(&at_root);
	}
	mutex_unlock(&namespace_sem);
	if (!err)
		pivot_threads(&root, new);
	path_put(&root);
	return err;
}

long sys_pivot_root(uaddr_t new_root, uaddr_t put_old)
{
	struct path new, old;
	int err;

	if (!may_mount())
		return -EPERM;
	err = user_path_at(AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new);
	if (err)
		return err;
	err = user_path_at(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
	if (!err) {
		err = pivot(&new, &old);
		path_put(&old);
	}
	path_put(&new);
	return err;
}
