/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling those who watch files what is done to them. core/fs/notify/notify.c.
 *
 * A mark is one watcher's interest in one inode. What happens to a file is told to the marks of its inode, and by
 * name to those of the directory that the name is in. As long as nobody watches anything, a hook is one test of
 * notify_active. read and write do not even do that: FMODE_WATCHED, which they see in f->mode, sends them the long
 * way. Process context; no lock of the caller's matters but marks_lock and rename_lock, which must be free. Source:
 * inotify(7).
 */
#ifndef JANUS_NOTIFY_H
#define JANUS_NOTIFY_H

#include <janus/dentry.h>
#include <janus/file.h>
#include <janus/inode.h>
#include <janus/list.h>
#include <uapi/inotify.h>

struct notify_event {
	u32 mask;			/* one IN_* or more, with IN_ISDIR */
	u32 cookie;
	const struct qstr *name;	/* in the directory of the mark; NULL: the marked inode itself */
	const struct dentry *dentry;	/* through which it was done to a file, or NULL */
};

struct notify_mark;
struct notify_ops {
	/* Both with marks_lock held; neither sleeps. False: once was enough, the mark goes. */
	bool (*event)(struct notify_mark *mark, const struct notify_event *e);
	void (*gone)(struct notify_mark *mark);		/* it hears no more: its inode is gone, or it was taken off */
	void (*free)(struct notify_mark *mark);		/* without the lock */
};

struct notify_mark {
	const struct notify_ops *ops;	/* [const] */
	struct inode *inode;		/* [const] counted */
	u32 mask;			/* [marks_lock] IN_* of interest */
	struct hlist_node on_inode;	/* [marks_lock] unhashed: taken off */
	struct list_head on_sb;		/* [marks_lock] */
};

extern spinlock_t marks_lock;		/* inode->marks, sb->marks; outside every lock of a watcher's queue */
extern u32 notify_active;		/* [marks_lock; read as is] marks there are */

/* The mark starts to hear; takes a reference of its own on inode. marks_lock held. */
void notify_mark_add(struct notify_mark *mark, struct inode *inode);
/* After marks were added, without a lock: files of sb that were open before are told of from now on. May sleep. */
void notify_watch_open_files(struct super_block *sb);
/* Take it off: gone(). marks_lock held; notify_mark_free() follows without it. */
void notify_mark_remove(struct notify_mark *mark);
void notify_mark_free(struct notify_mark *mark);

/* ---- hooks ---- */
/* Cold: the common way is to have no frame for the sake of these calls. */
#define NOTIFY_SLOW __attribute__((cold)) void
NOTIFY_SLOW notify_dentry_slow(struct dentry *d, u32 mask);
NOTIFY_SLOW notify_file_slow(struct file *f, u32 mask);
NOTIFY_SLOW notify_name_slow(struct inode *dir, const struct qstr *name, u32 mask, u32 cookie);
NOTIFY_SLOW notify_inode_slow(struct inode *inode, u32 mask);
NOTIFY_SLOW notify_inode_gone_slow(struct inode *inode);
NOTIFY_SLOW notify_unmount_slow(struct super_block *sb);
NOTIFY_SLOW notify_move_slow(struct inode *from, const struct qstr *old, struct inode *to, const struct qstr *new,
			     struct inode *moved, struct inode *victim);

/* Never, as far as the layout of the code goes. */
#define NOTIFIED() __builtin_expect_with_probability(READ_ONCE(notify_active) != 0, 0, 1.0)

/* Something was done to the file by this name: its own marks and its directory's. */
static inline void notify_dentry(struct dentry *d, u32 mask) { if (NOTIFIED()) notify_dentry_slow(d, mask); }
static inline void notify_file(struct file *f, u32 mask) { if (NOTIFIED()) notify_file_slow(f, mask); }
/* A name came into dir, or went. IN_ISDIR is the caller's to say. */
static inline void notify_name(struct inode *dir, const struct qstr *name, u32 mask)
{
	if (NOTIFIED())
		notify_name_slow(dir, name, mask, 0);
}
/* Its own marks only. */
static inline void notify_inode(struct inode *inode, u32 mask) { if (NOTIFIED()) notify_inode_slow(inode, mask); }
/* A name has let go of it; the caller still has it. When that was the last, its marks go too. */
static inline void notify_inode_gone(struct inode *inode) { if (NOTIFIED()) notify_inode_gone_slow(inode); }
static inline void notify_unmount(struct super_block *sb) { if (NOTIFIED()) notify_unmount_slow(sb); }
/* victim: what the new name was until now, or NULL. */
static inline void notify_move(struct inode *from, const struct qstr *old, struct inode *to, const struct qstr *new,
			       struct inode *moved, struct inode *victim)
{
	if (NOTIFIED())
		notify_move_slow(from, old, to, new, moved, victim);
}
/* A descriptor gets this file. Nothing sleeps between this and its store: notify_watch_open_files() relies on it. */
static inline void notify_mark_file(struct file *f)
{
	if (NOTIFIED() && f->inode->sb->nr_marks)
		__atomic_fetch_or(&f->mode, FMODE_WATCHED | FMODE_CAREFUL, __ATOMIC_RELAXED);
}

#endif
