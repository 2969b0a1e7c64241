/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File system types, superblocks and inodes: what a file is, apart from its names. core/fs/super.c, inode.c, attr.c.
 *
 * Field legend: [il] inode->lock (rwsem; held for write by every change, read as is where a word will do),
 * [atomic], [const] after creation. Process context.
 */
#ifndef JANUS_INODE_H
#define JANUS_INODE_H

#include <janus/list.h>
#include <janus/lock.h>
#include <janus/pagecache.h>
#include <janus/types.h>
#include <uapi/errno.h>
#include <uapi/time.h>

struct dentry;
struct file_ops;
struct kattr;
struct kstat;
struct kstatfs;
struct mount;
struct path;
struct super_block;

/* ---- file system types: core/fs/super.c ---- */
struct file_system_type {
	const char *name;
	/* A filled super_block with root dentry, or ERR_PTR. data: mount(2)'s option string, kernel memory, may be
	 * NULL. */
	struct super_block *(*mount)(struct file_system_type *type, const char *source, u32 flags, char *data);
	bool nodev;			/* needs no block device; /proc/filesystems says so */
	struct list_head link;		/* [types_lock of super.c] */
};
int register_filesystem(struct file_system_type *type);
struct file_system_type *find_filesystem(const char *name);

struct super_ops {
	void (*evict_inode)(struct inode *inode);	/* last use, nlink may be 0: free what the fs attached */
	int (*statfs)(struct super_block *sb, struct kstatfs *st);	/* NULL: simple_statfs */
	int (*sync)(struct super_block *sb);
	void (*put_super)(struct super_block *sb);	/* the last mount is gone */
	int (*show_options)(char *buf, size_t size, struct super_block *sb);	/* ",size=1k": bytes, may be 0 */
	int (*remount)(struct super_block *sb, u32 flags, char *data);
};

struct super_block {
	struct file_system_type *type;		/* [const] */
	const struct super_ops *ops;		/* [const] */
	struct dentry *root;			/* [const] */
	dev_t dev;				/* [const] st_dev */
	u32 flags;				/* [atomic] SB_RDONLY and the like = MS_* that the superblock keeps */
	/* [atomic] writers of all its inodes: none is left when it becomes read-only */
	u32 writers;
	u32 block_size;				/* [const] */
	u64 max_bytes;				/* [const] largest file */
	u64 magic;				/* [const] statfs f_type */
	u64 attributes_mask;			/* [const] STATX_ATTR_* that its files could have */
	void *private;				/* [const] the file system's */
	refcount_t refs;			/* mounts */
	u64 next_ino;				/* [atomic] for memory file systems */
	struct mutex rename_mutex;		/* renames between directories: first in the lock order */
	struct list_head marks;			/* [marks_lock] of its inodes: janus/notify.h */
	u32 nr_marks;				/* [marks_lock; read as is] */
};
struct super_block *super_alloc(struct file_system_type *type, const struct super_ops *ops, u64 magic);
/* At boot, for kern_mount(): a file system whose files have no names, with nothing but a root. ERR_PTR(-ENOMEM) */
struct super_block *super_pseudo(struct file_system_type *type, u64 magic);
static inline struct super_block *super_get(struct super_block *sb) { ref_get(&sb->refs); return sb; }
void super_put(struct super_block *sb);
int simple_statfs(struct super_block *sb, struct kstatfs *st);
static inline ino_t super_next_ino(struct super_block *sb)
{
	return __atomic_add_fetch(&sb->next_ino, 1, __ATOMIC_RELAXED);
}

/* ---- inodes ---- */
struct inode_ops {
	/* Directory operations are called with dir->lock held for write, names checked, permission granted. */
	/* d_add `dentry` with an inode or NULL; 0 or -errno. NULL: all names are in the dcache (memory file
	 * systems). */
	int (*lookup)(struct inode *dir, struct dentry *dentry);
	/* These make the negative `dentry` positive: d_add_kept(). */
	int (*create)(struct inode *dir, struct dentry *dentry, mode_t mode);
	int (*mkdir)(struct inode *dir, struct dentry *dentry, mode_t mode);
	int (*mknod)(struct inode *dir, struct dentry *dentry, mode_t mode, dev_t dev);
	int (*symlink)(struct inode *dir, struct dentry *dentry, const char *target);
	int (*link)(struct inode *dir, struct dentry *dentry, struct inode *inode);
	/* The caller does d_delete() afterwards, and d_move or d_exchange after rename. */
	int (*unlink)(struct inode *dir, struct dentry *dentry);
	int (*rmdir)(struct inode *dir, struct dentry *dentry);
	int (*rename)(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new,
		      unsigned flags);
	struct inode *(*tmpfile)(struct inode *dir, mode_t mode);	/* an inode without a name, or ERR_PTR */
	/* permission already checked; NULL: attr.c does it */
	int (*setattr)(struct inode *inode, const struct kattr *attr);
	int (*getattr)(struct inode *inode, struct kstat *st);	/* amend what the inode says; NULL: nothing to amend */
	/* Text of a symbolic link, or ERR_PTR: in buf (48 bytes), or valid while the inode is and readable 8 bytes past its
	 * end. NULL: inode->link. */
	const char *(*get_link)(struct inode *inode, char *buf);
	int (*follow)(struct inode *inode, struct path *out);	/* /proc/PID/fd: jump to a counted path, no text */
	int (*readlink)(struct inode *inode, char *buf, size_t size);	/* length; NULL: the link's text */
	/* under RCU, does not sleep; NULL: generic_permission */
	int (*permission)(struct inode *inode, int mask);
};

struct inode {
	mode_t mode;				/* [il] */
	uid_t uid;				/* [il] */
	gid_t gid;				/* [il] */
	u32 nlink;				/* [il] */
	const struct inode_ops *ops;		/* [const] never NULL */
	struct super_block *sb;			/* [const] */
	const struct file_ops *fops;		/* [const] what open gives the file; never NULL */
	ino_t ino;				/* [const] */
	s64 size;				/* [il] */
	u64 blocks;				/* [il] 512-byte units; memory file systems: from nr_pages */
	struct timespec atime, mtime, ctime, btime;	/* [il] but atime */
	dev_t rdev;				/* [const] of a device node */
	refcount_t refs;
	s32 writers;				/* [atomic] open for writing; < 0: being executed (ETXTBSY) */
	u16 iflags;				/* [il] IF_* */
	u8 write_hint;				/* [as is] F_SET_RW_HINT */
	struct rwsem lock;
	struct address_space mapping;
	void *private;				/* the file system's, or the pipe of a FIFO */
	char *link;				/* [const] symlink text, padded; freed with the inode */
	struct xattr *xattrs;			/* [il] extended attributes; freed with the inode */
	spinlock_t flock_lock;
	u32 seals;				/* [il] F_SEAL_* of a memfd; F_SEAL_SEAL elsewhere */
	struct list_head locks;			/* [flock_lock] POSIX and flock record locks */
	struct wait_queue *lock_wait;		/* [flock_lock] who waits for one of them */
	struct hlist_head marks;		/* [marks_lock] who watches it: janus/notify.h */
	struct rcu_head rcu;
};
enum {
	IF_MEMORY = 1,		/* blocks and times live here only */
	IF_NOATIME = 2,
	IF_LINKABLE = 4,	/* O_TMPFILE: linkat may name it */
};

/* refs 1, nlink 1, times now, uid/gid of current, or NULL */
struct inode *inode_alloc(struct super_block *sb, mode_t mode);
static inline struct inode *inode_get(struct inode *i) { ref_get(&i->refs); return i; }
void inode_put(struct inode *inode);
void inode_init_owner(struct inode *inode, const struct inode *dir, mode_t mode);	/* setgid directories */
void inode_init_special(struct inode *inode, dev_t rdev);	/* fops of a device, FIFO or socket */
/* In a locked directory: 0 or -errno. */
int may_create(struct inode *dir);
int may_delete(struct inode *dir, struct dentry *victim, bool isdir);
int inode_permission(struct inode *inode, int mask);	/* MAY_*; 0 or -EACCES, -EPERM, -EROFS */
int generic_permission(struct inode *inode, int mask);
bool inode_owner_or_capable(const struct inode *inode);
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
void touch_atime(struct file *f);
struct timespec current_time(void);	/* tick granularity */
void inode_touch(struct inode *inode);	/* mtime and ctime: now; [il] */

/* Writing and executing exclude each other. */
static inline int inode_get_write(struct inode *i)	/* 0 or -ETXTBSY; undo by inode_put_write */
{
	s32 v = __atomic_load_n(&i->writers, __ATOMIC_RELAXED);

	do {
		if (v < 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&i->writers, &v, v + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	__atomic_fetch_add(&i->sb->writers, 1, __ATOMIC_SEQ_CST);
	return 0;
}
static inline void inode_put_write(struct inode *i)
{
	__atomic_fetch_sub(&i->sb->writers, 1, __ATOMIC_RELEASE);
	__atomic_fetch_sub(&i->writers, 1, __ATOMIC_RELEASE);
}
static inline int inode_deny_write(struct inode *i)	/* exec: 0 or -ETXTBSY; undo by inode_allow_write */
{
	s32 v = __atomic_load_n(&i->writers, __ATOMIC_RELAXED);

	do {
		if (v > 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&i->writers, &v, v - 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return 0;
}
static inline void inode_allow_write(struct inode *i) { __atomic_fetch_add(&i->writers, 1, __ATOMIC_RELEASE); }

struct kattr {		/* chmod, chown, truncate, utimes */
	u32 valid;	/* ATTR_* */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	s64 size;
	struct timespec atime, mtime;
};
enum { ATTR_MODE = 1, ATTR_UID = 2, ATTR_GID = 4, ATTR_SIZE = 8, ATTR_ATIME = 16, ATTR_MTIME = 32,
       ATTR_ATIME_SET = 64, ATTR_MTIME_SET = 128, ATTR_KILL_PRIV = 256,
       ATTR_TIMES_NOW = 512 /* utimes(NULL): write permission is enough */, ATTR_OPEN = 1024 /* O_TRUNC */,
       ATTR_OWNER = 2048 /* only the owner may */ };
int inode_size_allowed(const struct inode *i, s64 size);	/* 0, or -EFBIG, past RLIMIT_FSIZE with SIGXFSZ; [il] */
int notify_change(const struct path *p, struct kattr *attr);	/* checks, then setattr; takes inode->lock */
/* A write or truncate by an unprivileged user takes setuid and setgid off; [il]. */
void file_remove_privs(struct dentry *dentry);

/* ---- extended attributes: core/fs/xattr.c ---- */
void xattrs_free(struct inode *inode);			/* nobody has the inode any more */
void xattr_kill_caps(struct inode *inode);		/* inode->lock held for write */
/* takes it; bytes, -ENODATA, -ERANGE */
ssize_t inode_xattr_get(struct inode *inode, const char *name, void *buf, size_t size);

struct kstat {
	u64 dev, ino, rdev, size, blocks;
	u32 mode, nlink, uid, gid, blksize;
	struct timespec atime, mtime, ctime, btime;
	u64 attributes, attributes_mask;
	u64 mnt_id;
};
struct kstatfs { u64 type, bsize, blocks, bfree, bavail, files, ffree, namelen, frsize, flags; u64 fsid; };

#endif
