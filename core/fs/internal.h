/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of core/fs/ share among themselves and nobody else may use.
 */
#ifndef FS_INTERNAL_H
#define FS_INTERNAL_H

#include <janus/fs.h>
#include <janus/pipe.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <uapi/capability.h>
#include <uapi/errno.h>
#include <uapi/mount.h>

struct textbuf;

/* ---- dcache.c ---- */
/* Memory file systems: `d` is the last entry of its directory now. */
void d_order(struct dentry *d);
void dcache_init(void);

#define HASH_MULTIPLIER 0x9e3779b97f4a7c15ULL
extern u64 dname_salt;

static inline u64 load_word(const char *p)
{
	u64 w;

	__builtin_memcpy(&w, p, sizeof(w));
	return w;
}

extern struct hlist_head *dentry_buckets;	/* [const]; the chains: each its bucket lock, or RCU */
extern unsigned dentry_bucket_shift;		/* [const] 64 - log2 of their number */

static inline unsigned dentry_bucket(const struct dentry *parent, u32 hash)
{
	return ((((u64)parent >> 6) ^ hash) * HASH_MULTIPLIER) >> dentry_bucket_shift;
}

/* d is zero-padded; `tail` has the last 1 to 8 bytes of q, zero-padded too. */
static inline bool name_equal(const struct qstr *d, const struct qstr *q, u64 tail)
{
	const char *a = d->name, *b = q->name;
	u32 len = q->len;

	if (d->hash != q->hash || d->len != len)
		return false;
	for (; unlikely(len > 8); len -= 8, a += 8, b += 8)
		if (load_word(a) != load_word(b))
			return false;
	return load_word(a) == tail;
}

/* The child of that name, not counted; NULL. Under RCU; true only if rename_seq did not change meanwhile. */
static inline struct dentry *d_lookup_rcu(const struct dentry *parent, const struct qstr *q, u64 tail)
{
	struct dentry *d;

	hlist_for_each_entry(d, &dentry_buckets[dentry_bucket(parent, q->hash)], hash)
		if (d->parent == parent && name_equal(&d->name, q, tail))
			return d;
	return NULL;
}

/* ---- namei.c ---- */
#define WALK_MAX_LINKS 40
#define LINK_BUF_SIZE 48	/* text of a link that differs by reader: /proc/self */

enum last_type { LAST_NORM, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

/*
 * A walk along a path. The place it stands at is good until the caller sleeps: walk_take() counts it. What the
 * walk itself holds counted, because it slept, is in anchor, link[0..nr_counted) and the bits of `held`.
 */
struct walk {
	struct path path;		/* where we are */
	struct inode *inode;		/* path.dentry's, read once */
	struct path root;		/* what "/" and ".." stop at; mnt NULL: not yet asked */
	struct qstr last;		/* LOOKUP_PARENT: the last component; LOOKUP_CREATE: that which is missing */
	enum last_type last_type;	/* and its kind */
	bool trailing;			/* a slash followed it */
	unsigned flags;			/* LOOKUP_* */
	u32 seq;			/* rename_seq at the start */
	u32 held;			/* HELD_* */
	u32 depth;			/* symlinks whose text is being walked */
	u32 pending;			/* of which some path is left behind them */
	u32 nr_links;			/* symlinks followed so far */
	u32 nr_counted;			/* of which the inode is counted */
	struct path anchor;		/* counted if HELD_ANCHOR */
	struct fd start;		/* dirfd's file, if HELD_START */
	const char *text;		/* of the symlink just met */
	const char *rest[WALK_MAX_LINKS];	/* by depth: what is left behind the link */
	struct inode *link[WALK_MAX_LINKS];	/* the symlinks followed */
	char link_buf[LINK_BUF_SIZE];
};
enum { HELD_ANCHOR = 1, HELD_ROOT = 2, HELD_START = 4, HELD_LINKS = 8 /* nr_counted is not 0 */ };

/*
 * Walk `name` (padded by 8 readable bytes) from base, or dirfd where it is NULL. 0 or -errno; with LOOKUP_CREATE also
 * 1: all is there but the last name, and the walk stands at its directory. walk_end() in any case.
 */
int walk_begin(struct walk *w, const struct path *base, int dirfd, const char *name, unsigned flags);
/* Count the place and end the walk: 0, or -ECHILD: start again. */
int walk_take(struct walk *w, struct path *out);
void walk_end(struct walk *w);
bool walk_again(void);		/* after -ECHILD: true; false: we are to die, and nobody will see the error */
/* May what was found be believed? Else start again. */
static inline bool walk_valid(const struct walk *w) { return !seq_retry(&rename_seq, w->seq); }

/* A path string copied from the user, with the padding a walk needs. Short ones need no allocation. */
#define PATHNAME_INLINE 120
struct pathname {
	char *name;
	char text[PATHNAME_INLINE + 8];
};
int pathname_get(struct pathname *p, uaddr_t from, unsigned flags);	/* LOOKUP_EMPTY; 0 or -errno */
int pathname_kernel(struct pathname *p, const char *name);
void pathname_free(struct pathname *p);
static inline void pathname_put(struct pathname *p) { if (p->name != p->text) pathname_free(p); }

/* Padded names: */
void namei_init(void);
int path_lookup_name(int dirfd, const char *name, unsigned flags, struct path *out);

/* The directory of a last component and its name; dir->lock is taken by the caller. The name lies in the pathname. */
struct parent {
	struct path path;		/* counted */
	struct qstr last;
	enum last_type type;
	bool trailing;
};
/* As path_lookup_name(); 1: only the last name is missing, and *parent is known instead. */
int path_lookup_create(int dirfd, const char *name, unsigned flags, struct path *out, struct parent *parent);
int path_parent(const struct path *base, int dirfd, const char *name, unsigned flags, struct parent *out);
/* For creating: parent locked and a negative dentry in *d; 0 or -errno (then nothing is held). */
int path_create_begin(int dirfd, const char *name, bool directory, struct path *dir, struct dentry **d);
void path_create_end(struct path *dir, struct dentry *d);
static inline mode_t mode_under_umask(mode_t mode) { return mode & ~READ_ONCE(current->fs->umask); }

/* ---- mount.c ---- */
extern spinlock_t mount_lock;
struct mount *mount_lookup_rcu(const struct mount *parent, const struct dentry *at);
bool mnt_get_live(struct mount *m);	/* under RCU */
void mount_init(void);
int mount_of_device(dev_t dev, struct path *out);
struct mnt_namespace {
	refcount_t refs;
	struct mount *root;
	struct list_head mounts;	/* [mount_lock] by mount.all */
	u32 nr_mounts;			/* [mount_lock] */
};
extern struct mnt_namespace init_mnt_ns;

/* ---- inode.c ---- */
extern int protected_symlinks, protected_hardlinks;	/* /proc/sys/fs */
void touch_atime_at(const struct mount *mnt, struct inode *i);
bool atime_is_due(const struct mount *mnt, const struct inode *i);	/* would touch_atime_at write it? */
void inode_init(void);

/* ---- super.c ---- */
void show_filesystems(struct textbuf *t);
extern const struct file_ops null_fops;		/* nothing works: the fops of inodes that cannot be opened */
extern const struct inode_ops null_inode_ops;

/* ---- file.c ---- */
struct file *file_alloc(void);			/* refs 1, current's cred, or NULL */
int file_close(struct file *f);			/* flush, record locks, put: close(2)'s half */
void file_init(void);
u64 file_count(void);				/* open files: fs.file-nr */

/* ---- fdtable.c, dup.c ---- */
void fdtable_init(void);
long fcntl_dupfd(unsigned fd, unsigned long from, unsigned flags);
bool fd_cloexec(unsigned fd);
void fd_set_cloexec(unsigned fd, bool on);

/* ---- attr.c ---- */
/* what notify_change does where no inode_ops say; inode->lock */
int simple_setattr(struct inode *i, const struct kattr *a);

/* ---- locks.c ---- */
void locks_remove_posix(struct file *f, struct files *owner);	/* each close */
void locks_remove_file(struct file *f);			/* the last close: flock and OFD */
long fcntl_getlk(struct file *f, unsigned cmd, uaddr_t arg);
long fcntl_setlk(unsigned fd, struct file *f, unsigned cmd, uaddr_t arg);

/* ---- splice.c ---- */
/* Up to len bytes from `in`, at *pos where it has places, to the pipe of `out`; SPLICE_F_NONBLOCK in flags. */
ssize_t splice_to_pipe(struct file *in, loff_t *pos, struct file *out, size_t len, unsigned flags);

/* ---- tmpfs.c ---- */
extern struct file_system_type rootfs_type;
void tmpfs_init(void);
long memfd_fcntl(struct file *f, unsigned cmd, unsigned long arg);	/* F_ADD_SEALS, F_GET_SEALS */

/* In units of 512 bytes; what lies in the page cache alone is counted there. */
static inline u64 inode_blocks(const struct inode *i)
{
	return i->iflags & IF_MEMORY ? i->mapping.nr_pages * (PAGE_SIZE / 512) : i->blocks;
}

/* ---- the rest ---- */
extern const struct file_ops chrdev_fops;		/* chrdev.c: open finds the driver */
void devtmpfs_init(void);
void mem_devices_init(void);
void procfs_init(void);

#endif
