// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tree of mounts.
 *
 * A mount is found by (parent mount, dentry it covers), under RCU. Every change is made with namespace_sem held
 * and, for the instant it becomes visible, mount_lock and rename_seq: a path walk that overlaps it starts again.
 */
#include "internal.h"
#include "mount.h"

#include <janus/poll.h>

#define NR_BUCKETS 256

spinlock_t mount_lock;
struct mutex namespace_sem = MUTEX_INIT(namespace_sem);
struct mnt_namespace init_mnt_ns;

u32 mount_event;
struct wait_queue mount_wait = WAIT_QUEUE_INIT(mount_wait);

static struct hlist_head buckets[NR_BUCKETS];	/* [mount_lock, rcu] */
static int next_id;				/* [mount_lock] */

static struct hlist_head *bucket_of(const struct mount *parent, const struct dentry *at)
{
	u64 h = ((u64)parent >> 6) ^ ((u64)at >> 6);

	return &buckets[(h * HASH_MULTIPLIER) >> 56];
}

struct mount *mount_lookup_rcu(const struct mount *parent, const struct dentry *at)
{
	struct mount *m;

	hlist_for_each_entry(m, bucket_of(parent, at), hash)
		if (m->parent == parent && m->mountpoint == at)
			return m;
	return NULL;
}

bool mnt_get_live(struct mount *m)
{
	return ref_get_not_zero(&m->refs);
}

struct mount *mount_on(const struct path *at)
{
	struct mount *m, *above;

	rcu_read_lock();
	m = mount_lookup_rcu(at->mnt, at->dentry);
	while (m && (above = mount_lookup_rcu(m, m->root)))
		m = above;
	if (m && !mnt_get_live(m))
		m = NULL;
	rcu_read_unlock();
	return m;
}

void path_get(const struct path *p)
{
	mnt_get(p->mnt);
	dget(p->dentry);
}

void path_put(const struct path *p)
{
	dput(p->dentry);
	mnt_put(p->mnt);
}

int mnt_want_write(const struct path *p)
{
	return (p->mnt->flags | p->mnt->sb->flags) & MS_RDONLY ? -EROFS : 0;
}

/* A mount of `root` in no tree; takes a reference on the superblock and the dentry. */
struct mount *mount_new(struct super_block *sb, struct dentry *root, const char *source, u32 flags)
{
	struct mount *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return NULL;
	m->source = kstrdup(source && *source ? source : "none", GFP_KERNEL);
	if (!m->source) {
		kfree(m);
		return NULL;
	}
	m->parent = m;
	m->root = dget(root);
	m->mountpoint = root;
	m->sb = super_get(sb);
	m->flags = flags;
	ref_set(&m->refs, 1);
	list_init(&m->children);
	list_init(&m->sibling);
	list_init(&m->all);
	spin_lock(&mount_lock);
	m->id = ++next_id;
	spin_unlock(&mount_lock);
	return m;
}

static void mount_free_rcu(struct rcu_head *head)
{
	struct mount *m = container_of(head, struct mount, rcu);

	kfree(m->source);
	kfree(m);
}

void mnt_put(struct mount *m)
{
	if (unlikely(m->expire))
		m->expire = false;
	if (!ref_put(&m->refs))
		return;
	dput(m->root);
	super_put(m->sb);
	call_rcu(&m->rcu, mount_free_rcu);
}

static void change_begin(void)
{
	spin_lock(&rename_lock);
	spin_lock(&mount_lock);
	seq_write_begin(&rename_seq);
}

/* The list of mounts, or what /proc/PID/mounts says of one, is another. */
void mounts_changed(void)
{
	__atomic_fetch_add(&mount_event, 1, __ATOMIC_SEQ_CST);
	wake_up_poll(&mount_wait, POLLERR | POLLPRI);
}

static void change_end(void)
{
	seq_write_end(&rename_seq);
	spin_unlock(&mount_lock);
	spin_unlock(&rename_lock);
	mounts_changed();
}

static bool is_mountpoint(const struct dentry *d)
{
	struct mount *m;

	for (unsigned i = 0; i < NR_BUCKETS; i++)
		hlist_for_each_entry(m, &buckets[i], hash)
			if (m->mountpoint == d)
				return true;
	return false;
}

static void mark_mountpoint(struct dentry *d, bool on)
{
	spin_lock(&d->lock);
	d->flags = on ? d->flags | D_MOUNTED : d->flags & ~D_MOUNTED;
	spin_unlock(&d->lock);
}

/* The first mount of the tree `m`, in mount_next()'s order, that is not below `at`, or NULL. */
static struct mount *mount_after(struct mount *at, struct mount *m)
{
	for (; at != m; at = at->parent)
		if (at->sibling.next != &at->parent->children)
			return list_entry(at->sibling.next, struct mount, sibling);
	return NULL;
}

/* Everything below `m`, m first, parents before children: next one after `at`, or NULL. mount_lock or
 * namespace_sem held. */
struct mount *mount_next(struct mount *at, struct mount *m)
{
	if (!list_empty(&at->children))
		return list_first_entry(&at->children, struct mount, sibling);
	return mount_after(at, m);
}

/* Put the tree `m` at `at`. namespace_sem held; the tree's own reference is the caller's. */
void mount_attach(struct mount *m, const struct path *at)
{
	struct mnt_namespace *ns = at->mnt->ns;

	change_begin();
	m->parent = mnt_get(at->mnt);
	m->mountpoint = dget(at->dentry);
	mark_mountpoint(at->dentry, true);
	hlist_add_head(&m->hash, bucket_of(m->parent, m->mountpoint));
	list_add_tail(&m->sibling, &m->parent->children);
	for (struct mount *x = m; x; x = mount_next(x, m)) {
		x->ns = ns;
		if (ns && list_empty(&x->all)) {
			list_add_tail(&x->all, &ns->mounts);
			ns->nr_mounts++;
		}
	}
	change_end();
}

/* Unhook one mount from its parent; what it held of it is in *old, for path_put. change_begin() done. */
static void unhook(struct mount *m, struct path *old)
{
	*old = (struct path){ m->parent, m->mountpoint };
	hlist_del_init(&m->hash);
	list_del_init(&m->sibling);
	m->parent = m;
	m->mountpoint = m->root;
	if (!is_mountpoint(old->dentry))
		mark_mountpoint(old->dentry, false);
}

static void leave_namespace(struct mount *m)
{
	if (!list_empty(&m->all)) {
		list_del_init(&m->all);
		m->ns->nr_mounts--;
	}
	m->ns = NULL;
}

/* Take the tree `m` out of its place; it stays whole and keeps its own reference. */
void mount_detach(struct mount *m, struct path *old)
{
	change_begin();
	unhook(m, old);
	change_end();
}

/* Unmount `m` and everything below it, leaves first. namespace_sem held. */
void mount_kill_tree(struct mount *m)
{
	struct mount *leaf;
	struct path old;

	do {
		for (leaf = m; !list_empty(&leaf->children); )
			leaf = list_last_entry(&leaf->children, struct mount, sibling);
		change_begin();
		unhook(leaf, &old);
		leave_namespace(leaf);
		change_end();
		if (old.mnt != leaf)
			path_put(&old);
		mnt_put(leaf);
		cond_resched();
	} while (leaf != m);
}

/* Below `copy`, which is of p, what lies below p: as deep as the user stacked it, so without recursion. 0 or
 * -ENOMEM. */
static int copy_below(struct mount *copy, const struct path *p)
{
	struct mount *top = p->mnt, *last = top, *last_copy = copy, *m = mount_next(top, top);

	while (m) {
		struct path at;

		if (m->parent == top && !d_ancestor(p->dentry, m->mountpoint)) {
			m = mount_after(m, top);
			continue;
		}
		for (; last != m->parent; last = last->parent)
			last_copy = last_copy->parent;
		at = (struct path){ last_copy, m->mountpoint };
		last = m;
		last_copy = mount_new(m->sb, m->root, m->source, m->flags);
		if (!last_copy)
			return -ENOMEM;
		mount_attach(last_copy, &at);
		m = mount_next(m, top);
	}
	return 0;
}

/* A copy of the mount (with `recurse`, of the tree) at p for a bind mount, in no tree; or ERR_PTR. namespace_sem
 * held. */
struct mount *mount_copy(const struct path *p, bool recurse)
{
	struct mount *copy = mount_new(p->mnt->sb, p->dentry, p->mnt->source, p->mnt->flags);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (recurse && copy_below(copy, p)) {
		mount_kill_tree(copy);
		return ERR_PTR(-ENOMEM);
	}
	return copy;
}

struct mount *kern_mount(struct file_system_type *type)
{
	struct super_block *sb = type->mount(type, type->name, 0, NULL);
	struct mount *m;

	if (IS_ERR(sb))
		return ERR_PTR(PTR_ERR(sb));
	m = mount_new(sb, sb->root, type->name, 0);
	super_put(sb);
	return m ? m : ERR_PTR(-ENOMEM);
}

/* ustat(2): some mount of the file system on device dev, counted; 0 or -EINVAL. */
int mount_of_device(dev_t dev, struct path *out)
{
	struct mount *m;
	int err = -EINVAL;

	spin_lock(&mount_lock);
	list_for_each_entry(m, &init_mnt_ns.mounts, all) {
		if (m->sb->dev == dev) {
			*out = (struct path){ mnt_get(m), dget(m->root) };
			err = 0;
			break;
		}
	}
	spin_unlock(&mount_lock);
	return err;
}

void mount_init(void)
{
	struct fs_context *fs = kzalloc(sizeof(*fs), GFP_KERNEL);
	struct mount *m = kern_mount(&rootfs_type);

	if (!fs || IS_ERR(m))
		panic("cannot mount the root file system");
	ref_set(&init_mnt_ns.refs, 1);
	init_mnt_ns.root = m;
	list_init(&init_mnt_ns.mounts);
	list_add_tail(&m->all, &init_mnt_ns.mounts);
	init_mnt_ns.nr_mounts = 1;
	m->ns = &init_mnt_ns;
	ref_set(&fs->refs, 1);
	fs->umask = 022;
	fs->root = fs->pwd = (struct path){ m, m->root };
	path_get(&fs->root);
	path_get(&fs->pwd);
	current->fs = fs;
}
