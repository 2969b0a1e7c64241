/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files and descriptor tables. core/fs/file.c, fdtable.c, dup.c.
 *
 * A struct file comes from a cache whose objects stay files for a grace period, so a look-up under RCU takes a
 * reference and then looks again. Field legend: [fl] files->lock, [rcu], [atomic], [const] after open. Process context.
 */
#ifndef JANUS_FILE_H
#define JANUS_FILE_H

#include <janus/lock.h>
#include <janus/mount.h>
#include <janus/thread.h>
#include <janus/types.h>
#include <janus/uaccess.h>
#include <janus/wait.h>

struct cred;
struct dir_context;
struct file;
struct file_owner;
struct inode;
struct pid;
struct poll_table;
struct vma;

struct file_ops {
	/* Bytes moved, or -errno. *pos is the place; the caller stores it back. */
	ssize_t (*read)(struct file *f, struct iov_iter *it, loff_t *pos);	/* NULL: EINVAL */
	ssize_t (*write)(struct file *f, struct iov_iter *it, loff_t *pos);	/* NULL: EINVAL */
	/* with RWF_NOWAIT; NULL: EOPNOTSUPP */
	ssize_t (*read_nowait)(struct file *f, struct iov_iter *it, loff_t *pos);
	/* with RWF_NOWAIT; NULL: EOPNOTSUPP */
	ssize_t (*write_nowait)(struct file *f, struct iov_iter *it, loff_t *pos);
	loff_t (*llseek)(struct file *f, loff_t offset, int whence);	/* NULL: ESPIPE, and no pread or pwrite */
	/* Emit entries from f->pos on until emit returns false; advance f->pos. dir->lock held for read. */
	int (*iterate)(struct file *f, struct dir_context *ctx);
	/* fasync_set() on its list; NULL: it sends no signals */
	int (*fasync)(struct file *f, int fd, bool on);
	u32 (*poll)(struct file *f, struct poll_table *pt);		/* POLL* bits; NULL: always ready */
	long (*ioctl)(struct file *f, unsigned cmd, unsigned long arg);	/* NULL: ENOTTY */
	int (*mmap)(struct file *f, struct vma *vma);			/* NULL: ENODEV */
	int (*open)(struct inode *inode, struct file *f);
	int (*flush)(struct file *f);					/* each close */
	void (*release)(struct file *f);				/* the last close */
	int (*fsync)(struct file *f, bool datasync);			/* NULL: EINVAL */
	int (*fallocate)(struct file *f, int mode, loff_t offset, loff_t len);	/* NULL: EOPNOTSUPP */
	int (*show_fdinfo)(struct file *f, char *buf, size_t size);	/* bytes */
	long (*fcntl)(struct file *f, unsigned cmd, unsigned long arg);	/* F_SETPIPE_SZ, F_GETPIPE_SZ; NULL: EBADF */
	/* SPLICE_FROM, SPLICE_TO: splice and sendfile move its bytes to and from a pipe; else EINVAL */
	u32 splice;
	/* What splice reads of one that may wait, where that is not what read does; it->count may be 0. */
	ssize_t (*splice_read)(struct file *f, struct iov_iter *it, bool nonblock);
	u32 each;		/* EACH_READ, EACH_WRITE: readv and writev hand it one segment after the other */
};

enum { SPLICE_FROM = 1, SPLICE_TO = 2 };
enum { EACH_READ = 1, EACH_WRITE = 2 };

struct dir_context {
	/* false: no more room. type is DT_*. next: value of f->pos that continues after this entry. */
	bool (*emit)(struct dir_context *ctx, const char *name, size_t len, loff_t next, ino_t ino, unsigned type);
	loff_t pos;		/* where this entry is */
};

struct file {
	const struct file_ops *ops;		/* [const] */
	u32 flags;				/* [lock; read as is] O_* as F_GETFL shows */
	u32 mode;				/* [const] FMODE_*, but FMODE_WATCHED comes by an atomic operation */
	refcount_t refs;
	spinlock_t lock;			/* flags */
	loff_t pos;				/* [pos_lock when refs > 1 or the table is shared] */
	struct path path;			/* [const] counted */
	struct inode *inode;			/* [const] path.dentry's */
	void *private;				/* [const after open] */
	const struct cred *cred;		/* [const] opener's */
	struct mutex pos_lock;
	/* [lock, once] signals for I/O: janus/fasync.h; NULL: nobody asked for any */
	struct file_owner *owner;
	u32 site;				/* [const] who opened it: janus/alloc_site.h, debug builds */
	struct list_head epoll_links;		/* [tree_mutex of eventpoll.c] epoll items that watch us */
	struct rcu_head rcu;
};
enum { FMODE_READ = 1, FMODE_WRITE = 2, FMODE_EXEC = 4, FMODE_PATH = 8,
       FMODE_ATOMIC_POS = 16,	/* regular files and directories: calls take turns on pos */
       FMODE_WATCHED = 32,	/* somebody watches its file system: janus/notify.h */
       FMODE_PREAD = 64, FMODE_PWRITE = 128,
       FMODE_WRITER = 256,	/* counted in inode->writers */
       FMODE_STREAM = 512,	/* no position */
       FMODE_CAREFUL = 2048,	/* FMODE_ATOMIC_POS or FMODE_WATCHED: the one bit that a short way looks at */
       FMODE_LSEEK = 1024,	/* lseek is ops->llseek; else ESPIPE */ };

struct file *file_open(const char *path, unsigned flags, mode_t mode);	/* kernel string, from cwd; or ERR_PTR */
struct file *file_open_path(const struct path *p, unsigned flags);	/* takes references of its own */
/* A program: regular, executable by current, not on a noexec mount; else ERR_PTR(-EACCES...). The caller denies
 * writing. */
struct file *file_open_exec(const char *path);
/* user string; AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW */
struct file *file_open_exec_at(int dirfd, uaddr_t path, unsigned at_flags);
/* A file of an inode with no name in a tree: takes over the inode's reference, also on failure. `ops` are its own. */
struct file *file_alloc_pseudo(struct mount *mnt, struct inode *inode, const char *name, const struct dentry_ops *dops,
			       const struct file_ops *ops, unsigned flags);
/* anon inodes; or ERR_PTR */
struct file *file_alloc_anon(const char *name, const struct file_ops *ops, void *private, unsigned flags);
static inline struct file *file_get(struct file *f) { ref_get(&f->refs); return f; }
void file_put(struct file *f);
ssize_t kernel_read(struct file *f, void *buf, size_t len, loff_t pos);
ssize_t kernel_write(struct file *f, const void *buf, size_t len, loff_t pos);
/* regular files of the page cache; SEEK_DATA, SEEK_HOLE */
loff_t generic_llseek(struct file *f, loff_t offset, int whence);
loff_t plain_llseek(struct file *f, loff_t offset, int whence);	/* its bytes are no pages: all is data */
loff_t noop_llseek(struct file *f, loff_t offset, int whence);		/* the position stays */
extern const struct file_ops dcache_dir_fops;	/* directories whose names are all in the dcache: tmpfs, devtmpfs */
loff_t dir_llseek(struct file *f, loff_t offset, int whence);		/* SEEK_SET and SEEK_CUR */

/* ---- descriptor tables: core/fs/fdtable.c. A table of one thread alone is that thread's, without the lock ---- */
struct fdtable {
	unsigned max;			/* entries; a multiple of 64 */
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
/* Another thread's file, counted, or NULL; t->lock not held. For /proc and pidfd_getfd. */
struct file *file_of_thread(struct thread *t, unsigned fd);
bool fd_cloexec_of_thread(struct thread *t, unsigned fd);	/* does an exec close it? */
/* The process whose directory /proc/PID the file is, counted; NULL when it is something else. */
struct pid *proc_pid_of_file(const struct file *f);
/* The next open descriptor of t from *fd on, counted, or NULL. */
struct file *file_of_thread_next(struct thread *t, unsigned *fd);

/*
 * A file by descriptor for the time of a call. No reference is taken when current's table is not shared:
 * nobody else can close it meanwhile. Always pair with fd_put.
 */
struct fd { struct file *file; bool counted; };
struct fd fd_get_shared(unsigned fd, u32 without);

static inline struct fd fd_lookup(unsigned fd, u32 without)
{
	struct files *files = current->files;

	if (likely(__atomic_load_n(&files->refs.n, __ATOMIC_ACQUIRE) == 1)) {
		struct fdtable *t = files->table;
		struct file *f = likely(fd < t->max) ? t->fd[fd] : NULL;

		if (unlikely(f && (f->mode & without)))
			f = NULL;
		return (struct fd){ f, false };
	}
	return fd_get_shared(fd, without);
}
/*
 * For calls with a short way: the file that a table of current alone has, which nobody can close meanwhile and nothing
 * counts; also O_PATH files. NULL: there is none, or the table is shared: the long way asks again.
 */
static inline struct file *fd_own(unsigned fd)
{
	struct files *files = current->files;
	struct fdtable *t = files->table;

	if (unlikely(__atomic_load_n(&files->refs.n, __ATOMIC_ACQUIRE) != 1 || fd >= t->max))
		return NULL;
	return t->fd[fd];
}
/* .file NULL: EBADF (also for O_PATH) */
static inline struct fd fd_get(unsigned fd) { return fd_lookup(fd, FMODE_PATH); }
static inline struct fd fd_get_raw(unsigned fd) { return fd_lookup(fd, 0); }	/* O_PATH files too */
static inline void fd_put(struct fd f) { if (unlikely(f.counted)) file_put(f.file); }

int fd_alloc(unsigned from, unsigned flags);	/* O_CLOEXEC; a reserved number, or -EMFILE */
void fd_install(int fd, struct file *f);	/* takes over the reference */
void fd_release(int fd);			/* undo fd_alloc */
int fd_install_new(struct file *f, unsigned flags);	/* both; puts f on failure; f may be ERR_PTR */

#endif
