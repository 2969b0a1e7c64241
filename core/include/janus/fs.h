/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VFS: superblock, inode, dentry, mount, file, and the operations each file system supplies. core/fs/.
 *
 * Field legend: [il] inode->lock (rwsem: data and directory contents; order parent before child),
 * [dl] dentry->lock (spinlock), [rcu] also read under RCU, [fl] files->lock, [atomic], [const].
 * Lock order: rename_mutex > inode->lock (directory, then child) > mapping->lock > dentry->lock.
 *
 * A path walk runs under RCU without references or allocation; only the dentry it ends at is counted.
 */
#ifndef JANUS_FS_H
#define JANUS_FS_H

#include <janus/list.h>
#include <janus/lock.h>
#include <janus/mm.h>
#include <janus/radix.h>
#include <janus/types.h>
#include <janus/uaccess.h>
#include <janus/wait.h>
#include <uapi/fcntl.h>
#include <uapi/stat.h>
#include <uapi/time.h>

struct super_block;
struct inode;
struct dentry;
struct file;
struct mount;
struct kstat;
struct kstatfs;
struct poll_table;
struct cred;
struct kattr;
struct dir_context;

struct path { struct mount *mnt; struct dentry *dentry; };

/* ---- the page cache: core/mm/filemap.c ---- */


struct address_space_ops {
	int (*read_page)(struct inode *inode, struct page *page);	/* fill a locked page; NULL: pages start as zeros */
	int (*write_page)(struct inode *inode, struct page *page);	/* NULL: memory is the store */
};

struct address_space {
	struct inode *inode;
	spinlock_t lock;			/* protects pages, page->mapping, index */
	struct radix_tree pages;		/* [lock, rcu] index -> struct page */
	u64 nr_pages;				/* [lock] */
	const struct address_space_ops *ops;	/* [const] */
	spinlock_t mmap_lock;			/* protects mappings */
	struct list_head mappings;		/* vmas, by map_link */
	s32 nr_writable;			/* [atomic] shared writable mappings, or < 0: denied (exec, seals) */
};

void address_space_init(struct address_space *m, struct inode *inode, const struct address_space_ops *ops);
/* Referenced and up to date, or ERR_PTR; create: make it where missing (tmpfs write). */
struct page *mapping_get_page(struct address_space *m, u64 index, bool create);
struct page *mapping_find_page(struct address_space *m, u64 index);	/* referenced, or NULL */
void mapping_truncate(struct address_space *m, u64 from, u64 to);	/* drop bytes [from, to): part pages are zeroed */
/* An unlinked tmpfs file of that size, open for reading and writing: shared anonymous memory, memfd. ERR_PTR. core/fs/tmpfs.c */
struct file *shmem_file_create(const char *name, s64 size);
ssize_t generic_file_read(struct file *f, struct iov_iter *it, loff_t *pos);
ssize_t generic_file_write(struct file *f, struct iov_iter *it, loff_t *pos);
int generic_file_mmap(struct file *f, struct vma *vma);

/* ---- superblocks and file system types ---- */
struct file_system_type {
	const char *name;
	/* A filled super_block with root dentry, or ERR_PTR. data: mount(2)'s option string, kernel memory, may be NULL. */
	struct super_block *(*mount)(struct file_system_type *type, const char *source, u32 flags, char *data);
	bool nodev;			/* /proc/filesystems */
	struct list_head link;
};
int register_filesystem(struct file_system_type *type);

struct super_ops {
	void (*evict_inode)(struct inode *inode);	/* last use, nlink may be 0: free what the fs attached */
	int (*statfs)(struct super_block *sb, struct kstatfs *st);
	int (*sync)(struct super_block *sb);
	void (*put_super)(struct super_block *sb);
	int (*show_options)(char *buf, size_t size, struct super_block *sb);
};

struct super_block {
	struct file_system_type *type;		/* [const] */
	const struct super_ops *ops;		/* [const] */
	struct dentry *root;			/* [const] */
	dev_t dev;				/* [const] st_dev */
	u32 flags;				/* SB_* = MS_* that the superblock keeps */
	u32 block_size;
	u64 max_bytes;
	u64 magic;				/* statfs f_type */
	void *private;
	refcount_t refs;			/* mounts */
	u64 next_ino;				/* [atomic] for memory file systems */
	spinlock_t inode_lock;			/* protects inodes */
	struct list_head inodes;
};
struct super_block *super_alloc(struct file_system_type *type, const struct super_ops *ops);
dev_t anon_dev_alloc(void);

/* ---- inodes ---- */
struct inode_ops {
	/* Directory operations are called with dir->lock held for write (lookup: read or write). */
	/* Fill `dentry` (d_add with an inode or NULL); 0 or -errno. NULL: all names are in the dcache. */
	int (*lookup)(struct inode *dir, struct dentry *dentry);
	int (*create)(struct inode *dir, struct dentry *dentry, mode_t mode);
	int (*mkdir)(struct inode *dir, struct dentry *dentry, mode_t mode);
	int (*mknod)(struct inode *dir, struct dentry *dentry, mode_t mode, dev_t dev);
	int (*symlink)(struct inode *dir, struct dentry *dentry, const char *target);
	int (*link)(struct inode *dir, struct dentry *dentry, struct inode *inode);
	int (*unlink)(struct inode *dir, struct dentry *dentry);
	int (*rmdir)(struct inode *dir, struct dentry *dentry);
	int (*rename)(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new, unsigned flags);
	int (*tmpfile)(struct inode *dir, struct inode **inode, mode_t mode);
	int (*setattr)(struct inode *inode, const struct kattr *attr);	/* permission already checked; NULL: simple_setattr */
	int (*getattr)(struct inode *inode, struct kstat *st);	/* NULL: from the inode */
	/* Text of a symbolic link; *done frees nothing: pointer valid while the inode is. Magic links use follow. */
	const char *(*get_link)(struct inode *inode);
	int (*follow)(struct inode *inode, struct path *out);	/* /proc/PID/fd: jump, no text */
	int (*readlink)(struct dentry *dentry, char *buf, size_t size);	/* length; NULL: get_link's text */
	int (*permission)(struct inode *inode, int mask);	/* NULL: generic_permission */
};

struct inode {
	mode_t mode;				/* [il] */
	uid_t uid;				/* [il] */
	gid_t gid;				/* [il] */
	u32 nlink;				/* [il] */
	ino_t ino;				/* [const] */
	dev_t rdev;				/* [const] of a device node */
	s64 size;				/* [il write; read as is] */
	u64 blocks;				/* 512-byte units; memory file systems: from nr_pages */
	struct timespec atime, mtime, ctime, btime;	/* [il] */
	struct super_block *sb;			/* [const] */
	const struct inode_ops *ops;		/* [const] */
	const struct file_ops *fops;		/* [const] what open gives the file */
	refcount_t refs;
	struct rwsem lock;
	struct address_space mapping;
	void *private;				/* the file system's, or the pipe of a FIFO */
	char *link;				/* [const] symlink text */
	s32 writers;				/* [atomic] open for writing; < 0: being executed (ETXTBSY) */
	u32 iflags;				/* [il] immutable and the like */
	struct list_head sb_link;		/* [sb->inode_lock] */
	struct list_head dentries;		/* [il] aliases */
	spinlock_t flock_lock;			/* protects locks */
	struct list_head locks;			/* POSIX and flock record locks */
	struct rcu_head rcu;
};

struct inode *inode_alloc(struct super_block *sb, mode_t mode);	/* refs 1, times now, uid/gid of current */
static inline struct inode *inode_get(struct inode *i) { ref_get(&i->refs); return i; }
void inode_put(struct inode *inode);
void inode_init_owner(struct inode *inode, const struct inode *dir, mode_t mode);	/* setgid directories */
int inode_permission(struct inode *inode, int mask);	/* MAY_*; 0 or -EACCES, -EPERM, -EROFS */
int generic_permission(struct inode *inode, int mask);
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
void touch_atime(struct file *f);
struct timespec current_time(void);

struct kattr {		/* chmod, chown, truncate, utimes */
	u32 valid;	/* ATTR_* */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	s64 size;
	struct timespec atime, mtime;
};
enum { ATTR_MODE = 1, ATTR_UID = 2, ATTR_GID = 4, ATTR_SIZE = 8, ATTR_ATIME = 16, ATTR_MTIME = 32,
       ATTR_ATIME_SET = 64, ATTR_MTIME_SET = 128, ATTR_KILL_PRIV = 256 };
int simple_setattr(struct inode *inode, const struct kattr *attr);
int notify_change(struct dentry *d, struct mount *mnt, struct kattr *attr);	/* checks, then setattr; takes inode->lock */

/* ---- dentries ---- */
#define DNAME_INLINE 40
struct qstr { const char *name; u32 len; u32 hash; };

struct dentry {
	struct hlist_node hash;			/* [bucket lock, rcu] */
	struct dentry *parent;			/* [rename_lock, rcu] self for a root */
	struct qstr name;			/* [rename seq, rcu] */
	struct inode *inode;			/* [dl, rcu] NULL: negative */
	s32 refs;				/* [atomic] < 0: dead */
	u32 flags;				/* [dl] D_* */
	seqcount_t seq;				/* [dl] changes with name, parent, inode */
	spinlock_t lock;
	struct super_block *sb;			/* [const] */
	const struct dentry_ops *ops;		/* [const] may be NULL */
	struct list_head children, sibling;	/* [parent's dl] */
	struct list_head alias;			/* [il] in inode->dentries */
	struct list_head lru;			/* unused ones, for reclaim */
	void *private;
	struct rcu_head rcu;
	char inline_name[DNAME_INLINE];
};
enum { D_MOUNTED = 1, D_UNHASHED = 2, D_LRU = 4, D_KEEP = 8 /* holds its own reference: tmpfs's names */ };
struct dentry_ops {
	int (*revalidate)(struct dentry *dentry);	/* 1 valid, 0 look up again; under RCU, may not sleep */
	int (*dname)(struct dentry *dentry, char *buf, size_t size);	/* pipe:[N] */
};

struct dentry *d_alloc(struct dentry *parent, const struct qstr *name);	/* refs 1, not hashed */
struct dentry *d_make_root(struct inode *inode);
void d_add(struct dentry *d, struct inode *inode);		/* hash it; takes over the inode reference */
void d_instantiate(struct dentry *d, struct inode *inode);	/* negative -> positive */
void d_delete(struct dentry *d);				/* unlinked: negative or unhashed */
void d_drop(struct dentry *d);					/* unhash: the next look-up asks the file system */
void d_move(struct dentry *d, struct dentry *target);		/* rename; rename_mutex held */
void d_exchange(struct dentry *a, struct dentry *b);
struct dentry *d_lookup(struct dentry *parent, const struct qstr *name);	/* referenced or NULL */
static inline struct dentry *dget(struct dentry *d) { __atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED); return d; }
void dput(struct dentry *d);

/* ---- mounts and paths ---- */

struct mount {
	struct hlist_node hash;			/* [mount_lock, rcu] by (parent, mountpoint) */
	struct mount *parent;			/* [mount_lock, rcu] self for the root */
	struct dentry *mountpoint;		/* [mount_lock, rcu] */
	struct dentry *root;			/* [const] */
	struct super_block *sb;			/* [const] */
	u32 flags;				/* MNT_*: MS_RDONLY, NOSUID, NODEV, NOEXEC, ... */
	refcount_t refs;			/* files, cwd's, child mounts */
	int id;					/* /proc/PID/mountinfo */
	char *source;				/* "none", "/dev/x" */
	struct list_head children, sibling, all;	/* [mount_lock] */
	struct mnt_namespace *ns;
	struct rcu_head rcu;
};
void path_get(const struct path *p);
void path_put(const struct path *p);
int mnt_want_write(const struct path *p);	/* 0 or -EROFS */
/* Absolute path text of p as seen from current's root, built at the end of buf: start, or ERR_PTR(-ENAMETOOLONG, -ERANGE). */
char *d_path(const struct path *p, char *buf, size_t size);

enum lookup_flags {
	LOOKUP_FOLLOW = 1,	/* follow a last symlink */
	LOOKUP_DIRECTORY = 2,	/* must be a directory */
	LOOKUP_EMPTY = 4,	/* "" means the start itself */
	LOOKUP_PARENT = 8,
	LOOKUP_CREATE = 16,
	LOOKUP_NO_SYMLINKS = 32, LOOKUP_BENEATH = 64, LOOKUP_IN_ROOT = 128, LOOKUP_NO_XDEV = 256, LOOKUP_NO_MAGICLINKS = 512,
};
/* Resolve a kernel string from dirfd (AT_FDCWD: the working directory): a counted path, 0 or -errno. */
int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out);
/* The same for a user string. */
int user_path_at(int dirfd, uaddr_t name, unsigned flags, struct path *out);
/* Kernel paths for boot and /proc: */
int vfs_mkdir(const char *path, mode_t mode);
int vfs_mknod(const char *path, mode_t mode, dev_t dev);
int vfs_symlink(const char *target, const char *path);
int do_mount(const char *source, const char *target, const char *type, unsigned long flags, char *data);

/* ---- open files ---- */
struct file_ops {
	ssize_t (*read)(struct file *f, struct iov_iter *it, loff_t *pos);
	ssize_t (*write)(struct file *f, struct iov_iter *it, loff_t *pos);
	loff_t (*llseek)(struct file *f, loff_t offset, int whence);	/* NULL: ESPIPE */
	/* Emit entries from f->pos on until emit returns false; advance f->pos. */
	int (*iterate)(struct file *f, struct dir_context *ctx);
	u32 (*poll)(struct file *f, struct poll_table *pt);		/* POLL* bits; NULL: always ready */
	long (*ioctl)(struct file *f, unsigned cmd, unsigned long arg);	/* NULL: ENOTTY */
	int (*mmap)(struct file *f, struct vma *vma);			/* NULL: ENODEV */
	int (*open)(struct inode *inode, struct file *f);
	int (*flush)(struct file *f);					/* each close */
	void (*release)(struct file *f);				/* the last close */
	int (*fsync)(struct file *f, bool datasync);
	int (*fallocate)(struct file *f, int mode, loff_t offset, loff_t len);
	int (*show_fdinfo)(struct file *f, char *buf, size_t size);
};

struct dir_context {
	/* false: no more room. type is DT_*. next: value of f->pos that continues after this entry. */
	bool (*emit)(struct dir_context *ctx, const char *name, size_t len, loff_t next, ino_t ino, unsigned type);
	loff_t pos;
};

struct file {
	const struct file_ops *ops;		/* [const] */
	u32 flags;				/* [lock; read as is] O_* as F_GETFL shows */
	u32 mode;				/* [const] FMODE_* */
	refcount_t refs;
	loff_t pos;				/* [pos_lock when refs > 1 or the table is shared] */
	struct mutex pos_lock;
	struct path path;			/* [const] */
	struct inode *inode;			/* [const] */
	void *private;				/* [const after open] */
	const struct cred *cred;		/* [const] opener's */
	spinlock_t lock;			/* flags, owner */
	struct pid *owner;			/* [lock] F_SETOWN */
	int owner_sig;
	struct list_head epoll_links;		/* [lock] epoll items that watch us */
	struct rcu_head rcu;
};
enum { FMODE_READ = 1, FMODE_WRITE = 2, FMODE_EXEC = 4, FMODE_PATH = 8, FMODE_ATOMIC_POS = 16,
       FMODE_STREAM = 32 /* no position */, FMODE_PREAD = 64, FMODE_PWRITE = 128, FMODE_WRITER = 256 };

struct file *file_open(const char *path, unsigned flags, mode_t mode);	/* kernel string, from cwd */
struct file *file_alloc_anon(const char *name, const struct file_ops *ops, void *private, unsigned flags);	/* anon inodes */
struct file *file_open_path(const struct path *p, unsigned flags);
static inline struct file *file_get(struct file *f) { ref_get(&f->refs); return f; }
void file_put(struct file *f);
ssize_t kernel_read(struct file *f, void *buf, size_t len, loff_t pos);
ssize_t kernel_write(struct file *f, const void *buf, size_t len, loff_t pos);

/* ---- descriptor tables: core/fs/fdtable.c ---- */
struct fdtable {
	unsigned max;			/* entries */
	struct file **fd;		/* [fl, rcu] */
	unsigned long *open, *cloexec;	/* [fl] bit maps */
	struct rcu_head rcu;
};
#define FD_INLINE 64
struct files {
	refcount_t refs;		/* threads that share it */
	spinlock_t lock;
	struct fdtable *table;		/* [fl, rcu] */
	unsigned next;			/* [fl] no free descriptor below */
	struct fdtable inline_table;
	struct file *inline_fd[FD_INLINE];
	unsigned long inline_open[FD_INLINE / 64], inline_cloexec[FD_INLINE / 64];
};
struct files *files_create(void);
struct files *files_fork(struct files *parent);		/* or NULL */
void files_put(struct files *files);
void files_close_on_exec(void);
int files_unshare(void);

/*
 * A file by descriptor for the time of a call. No reference is taken when current's table is not shared:
 * nobody else can close it meanwhile. Always pair with fd_put.
 */
struct fd { struct file *file; bool counted; };
struct fd fd_get(unsigned fd);			/* .file NULL: EBADF (also for O_PATH) */
struct fd fd_get_raw(unsigned fd);		/* O_PATH files too */
static inline void fd_put(struct fd f) { if (f.counted) file_put(f.file); }
int fd_alloc(unsigned from, unsigned flags);	/* O_CLOEXEC; a reserved number, or -EMFILE */
void fd_install(int fd, struct file *f);	/* takes over the reference */
void fd_release(int fd);			/* undo fd_alloc */
int fd_install_new(struct file *f, unsigned flags);	/* both; puts f on failure */
long do_close(unsigned fd);

struct fs_context {
	refcount_t refs;
	spinlock_t lock;
	struct path root, pwd;		/* [lock] */
	mode_t umask;			/* [atomic] */
};
struct fs_context *fs_context_fork(struct fs_context *parent);
void fs_context_put(struct fs_context *fs);

/* ---- poll: core/fs/poll.c ---- */
struct poll_table {
	/* NULL: only ask. Otherwise put a wait_entry on q. */
	void (*queue)(struct poll_table *pt, struct file *f, struct wait_queue *q);
	u32 key;			/* events of interest */
};
static inline void poll_wait(struct file *f, struct wait_queue *q, struct poll_table *pt)
{
	if (pt && pt->queue)
		pt->queue(pt, f, q);
}

/* ---- devices: core/fs/devices.c ---- */
#define MKDEV(major, minor) ((dev_t)(((minor) & 0xff) | ((major) << 8) | (((minor) & ~0xffu) << 12)))
#define MAJOR(dev) (((dev) >> 8) & 0xfff)
#define MINOR(dev) (((dev) & 0xff) | (((dev) >> 12) & 0xfff00))
/* Character devices major, [first, first + n); also makes name in devtmpfs when n is 1. */
int register_chrdev(unsigned major, unsigned first, unsigned n, const struct file_ops *ops, const char *name, mode_t mode);
int devtmpfs_create(const char *name, mode_t mode, dev_t dev);

/* ---- start ---- */
void vfs_init(void);		/* caches, rootfs (tmpfs) mounted, current's fs context */
void initramfs_unpack(void);	/* boot_info.initrd into the root; a clear line when it is bad */

struct kstat {
	u64 dev, ino, rdev, size, blocks;
	u32 mode, nlink, uid, gid, blksize;
	struct timespec atime, mtime, ctime, btime;
	u64 attributes, attributes_mask;
	u64 mnt_id;
};
struct kstatfs { u64 type, bsize, blocks, bfree, bavail, files, ffree, namelen, frsize, flags; u64 fsid; };
int vfs_getattr(const struct path *p, struct kstat *st);

#endif
