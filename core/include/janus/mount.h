/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounts, and paths from names. core/fs/mount.c, namei.c.
 *
 * mount_lock (spinlock) protects the tree of mounts; path walks read it under RCU. namespace_sem (mutex,
 * in mount.c) keeps mount and umount apart. Process context.
 */
#ifndef JANUS_MOUNT_H
#define JANUS_MOUNT_H

#include <janus/dentry.h>
#include <janus/list.h>
#include <janus/lock.h>
#include <janus/types.h>

struct file_system_type;
struct mnt_namespace;
struct super_block;

struct mount {
	struct hlist_node hash;			/* [mount_lock, rcu] by (parent, mountpoint) */
	struct mount *parent;			/* [mount_lock, rcu] self for a root */
	struct dentry *mountpoint;		/* [mount_lock, rcu] counted */
	struct dentry *root;			/* [const] counted */
	struct super_block *sb;			/* [const] */
	/* [mount_lock; read as is] MS_RDONLY, NOSUID, NODEV, NOEXEC, NOATIME, RELATIME, ... */
	u32 flags;
	refcount_t refs;			/* paths, child mounts, and the tree's own */
	int id;					/* [const] /proc/PID/mountinfo */
	char *source;				/* [const] "none", "/dev/x" */
	struct list_head children, sibling;	/* [mount_lock] */
	/* [mount_lock] in ns's list, in order of mounting; empty when detached */
	struct list_head all;
	struct mnt_namespace *ns;		/* [mount_lock, rcu] NULL: detached */
	bool expire;				/* [mount_lock] MNT_EXPIRE was asked once */
	struct rcu_head rcu;
};
void path_get(const struct path *p);
void path_put(const struct path *p);
static inline struct mount *mnt_get(struct mount *m) { ref_get(&m->refs); return m; }
void mnt_put(struct mount *m);
static inline bool path_equal(const struct path *a, const struct path *b)
{
	return a->mnt == b->mnt && a->dentry == b->dentry;
}
struct mount *mount_on(const struct path *at);	/* what is mounted there, the topmost; counted, or NULL */
int mnt_want_write(const struct path *p);	/* 0 or -EROFS */
/* Absolute path text of p as seen from current's root, built at the end of buf: start, or ERR_PTR(-ENAMETOOLONG).
 * Deleted ones end in " (deleted)". d_path_root: as seen from *root; *outside says that p is not below it. */
char *d_path(const struct path *p, char *buf, size_t size);
char *d_path_root(const struct path *p, const struct path *root, char *buf, size_t size, bool *outside);

enum lookup_flags {
	LOOKUP_FOLLOW = 1,	/* follow a last symlink */
	LOOKUP_DIRECTORY = 2,	/* must be a directory */
	LOOKUP_EMPTY = 4,	/* "" means the start itself */
	LOOKUP_PARENT = 8,
	LOOKUP_CREATE = 16,	/* the last name may be missing */
	LOOKUP_NO_SYMLINKS = 32, LOOKUP_BENEATH = 64, LOOKUP_IN_ROOT = 128, LOOKUP_NO_XDEV = 256,
	LOOKUP_NO_MAGICLINKS = 512,
	LOOKUP_CACHED = 1024,
};
/* Resolve a kernel string from dirfd (AT_FDCWD: the working directory): a counted path, 0 or -errno. */
int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out);
/* The same for a user string. */
int user_path_at(int dirfd, uaddr_t name, unsigned flags, struct path *out);
/* Kernel paths for boot: as root, no permission asked. 0 or -errno. */
int vfs_mkdir(const char *path, mode_t mode);
int vfs_mknod(const char *path, mode_t mode, dev_t dev);
int vfs_symlink(const char *target, const char *path);
int vfs_link(const char *old, const char *new);
int vfs_unlink(const char *path);
/* A mount that is in no tree: for anonymous files and memfds. */
struct mount *kern_mount(struct file_system_type *type);

/* ---- root and working directory of threads: core/fs/fs_context.c ---- */
struct fs_context {
	refcount_t refs;		/* threads that share it */
	spinlock_t lock;
	struct path root, pwd;		/* [lock, rcu] counted */
	mode_t umask;			/* [atomic] */
	/* [lock to set] a program that gains rights starts: nobody may come to share it */
	bool in_exec;
};
struct fs_context *fs_context_fork(struct fs_context *parent);	/* NULL on no memory */
/* counted; NULL while one who has it executes with new rights */
struct fs_context *fs_context_share(struct fs_context *fs);
void fs_context_put(struct fs_context *fs);
struct path fs_root_get(struct fs_context *fs);	/* counted */
struct path fs_pwd_get(struct fs_context *fs);

#endif
