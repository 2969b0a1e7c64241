/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: the tree of dentries and its hash. core/fs/dcache.c.
 *
 * A dentry holds a reference on its parent and on its inode. Nobody referring to it (refs 0), it stays in
 * the hash, on the LRU, until memory is short. Dead ones (refs < 0) are freed after a grace period, so a walk under
 * RCU may stand on any dentry it meets. Field legend: [rl] rename_lock, [dl] dentry->lock, [rcu] also read under RCU.
 * Lock order: sb->rename_mutex > inode->lock (parent, then child) > rename_lock > dentry->lock (parent, then
 * child) > hash bucket.
 */
#ifndef JANUS_DENTRY_H
#define JANUS_DENTRY_H

#include <janus/list.h>
#include <janus/lock.h>
#include <janus/types.h>

struct inode;
struct mount;
struct super_block;

#define DNAME_INLINE 40
/*
 * A name: text, length, hash (dname_hash). Whoever looks one up reads up to the next multiple of 8; where walked paths
 * are, 8 bytes after the end are readable.
 */
struct qstr { const char *name; u32 len; u32 hash; };

struct dentry {
	struct hlist_node hash;			/* [bucket lock, rcu] */
	struct dentry *parent;			/* [rl, rcu] self for a root */
	struct qstr name;			/* [rl, rcu] zero-padded to a multiple of 8 */
	struct inode *inode;			/* [dl, rcu] NULL: negative */
	s32 refs;				/* [atomic] < 0: dead */
	u32 flags;				/* [dl] D_*; D_MOUNTED under mount_lock too */
	spinlock_t lock;
	const struct dentry_ops *ops;		/* [const] may be NULL */
	struct super_block *sb;			/* [const] */
	struct list_head children, sibling;	/* [parent's dl] */
	struct list_head lru;			/* [lru_lock] unused ones, for reclaim */
	/* [parent's dl] memory file systems: place in getdents, rising along children */
	u64 offset;
	u64 next_offset;			/* [dl] that of the next child */
	struct rcu_head rcu;
	char inline_name[DNAME_INLINE];
};
enum { D_MOUNTED = 1, D_UNHASHED = 2, D_LRU = 4, D_KEEP = 8 /* holds its own reference: tmpfs's names */ };
struct dentry_ops {
	int (*revalidate)(struct dentry *dentry);	/* 1 valid, 0 look up again; under RCU, may not sleep */
	int (*dname)(struct dentry *dentry, char *buf, size_t size);	/* pipe:[N]: length */
	bool transient;			/* not kept when the last reference goes */
};

/* A place in the tree of mounts. */
struct path { struct mount *mnt; struct dentry *dentry; };

u32 dname_hash(const char *name, u32 len);	/* any kernel string */
struct dentry *d_alloc(struct dentry *parent, const struct qstr *name);	/* refs 1, not hashed; NULL on no memory */
struct dentry *d_make_root(struct inode *inode);	/* takes over the inode's reference, also on failure (NULL) */
/* A name outside every tree: pipes, anonymous files. Takes over the inode's reference. */
struct dentry *d_alloc_pseudo(struct super_block *sb, struct inode *inode, const char *name,
			      const struct dentry_ops *ops);
/* hash it; takes over the inode reference (may be NULL) */
void d_add(struct dentry *d, struct inode *inode);
void d_delete(struct dentry *d);				/* unlinked: negative or unhashed */
void d_drop(struct dentry *d);					/* unhash: the next look-up asks the file system */
/* After a rename. Both parents' inode->lock held (and sb->rename_mutex when they differ). */
void d_move(struct dentry *d, struct dentry *target);
void d_exchange(struct dentry *a, struct dentry *b);
/* Counted, positive or negative, of a name in a locked directory, asking the file system; or ERR_PTR. */
struct dentry *lookup_locked(struct dentry *dir, const struct qstr *name);
struct dentry *d_lookup(struct dentry *parent, const struct qstr *name);	/* referenced or NULL */
static inline struct dentry *dget(struct dentry *d) { __atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED); return d; }
bool dget_live(struct dentry *d);				/* under RCU: a reference unless it is dead */
void dput(struct dentry *d);
/* Memory file systems, dir->lock held for write: negative -> positive, the last of its
 * directory, with a reference of the name's own until d_unkeep(). */
void d_add_kept(struct dentry *d, struct inode *inode);
void d_unkeep(struct dentry *d);
/* above is d or over it; [rl] or RCU with rename_seq */
bool d_ancestor(const struct dentry *above, const struct dentry *d);
static inline bool d_unhashed(const struct dentry *d) { return READ_ONCE(d->flags) & D_UNHASHED; }
static inline bool d_is_root(const struct dentry *d) { return d->parent == d; }
void d_shrink_children(struct dentry *parent);	/* unused ones below a directory */
void d_genocide(struct dentry *root);		/* umount: drop D_KEEP references of a whole tree, then the unused */

extern spinlock_t rename_lock;
extern seqcount_t rename_seq;			/* changes with every d_move: readers of names and parents retry */

#endif
