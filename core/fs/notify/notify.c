// SPDX-License-Identifier: BSD-2-Clause
/*
 * Marks on inodes, and what is told to them.
 *
 * One lock covers all marks: it is taken only when something that is marked, or lies in a marked directory, is used.
 */
#include <janus/notify.h>

#include "../internal.h"

spinlock_t marks_lock;
u32 notify_active;

/* ---- marks ---- */

void notify_mark_add(struct notify_mark *mark, struct inode *inode)
{
	mark->inode = inode_get(inode);
	hlist_add_head(&mark->on_inode, &inode->marks);
	list_add_tail(&mark->on_sb, &inode->sb->marks);
	WRITE_ONCE(inode->sb->nr_marks, inode->sb->nr_marks + 1);
	WRITE_ONCE(notify_active, notify_active + 1);
}

void notify_mark_remove(struct notify_mark *mark)
{
	hlist_del_init(&mark->on_inode);
	list_del_init(&mark->on_sb);
	WRITE_ONCE(mark->inode->sb->nr_marks, mark->inode->sb->nr_marks - 1);
	WRITE_ONCE(notify_active, notify_active - 1);
	mark->ops->gone(mark);
}

void notify_mark_free(struct notify_mark *mark)
{
	inode_put(mark->inode);
	mark->ops->free(mark);
}

/* Marks that were removed under the lock, linked by on_sb: free them without it. */
static void free_all(struct list_head *removed)
{
	struct notify_mark *mark, *next;

	list_for_each_entry_safe(mark, next, removed, on_sb)
		notify_mark_free(mark);
}

static void remove_onto(struct notify_mark *mark, struct list_head *removed)
{
	notify_mark_remove(mark);
	list_add_tail(&mark->on_sb, removed);
}

/*
 * Who opens a file sees sb->nr_marks before he stores the file in his table; after a grace period, all who did not see
 * it have stored. A table copied meanwhile is looked at by files_fork() itself.
 */
void notify_watch_open_files(struct super_block *sb)
{
	struct thread *t;
	struct file *f;

	synchronize_rcu();
	for (pid_t tid = 0; (t = thread_next(tid)); tid = t->tid + 1) {
		for (unsigned fd = 0; (f = file_of_thread_next(t, &fd)); fd++) {
			if (f->inode->sb == sb)
				__atomic_fetch_or(&f->mode, FMODE_WATCHED | FMODE_CAREFUL, __ATOMIC_RELAXED);
			file_put(f);
		}
		thread_put(t);
	}
}

/* ---- telling ---- */

/* marks_lock held. */
static void tell(struct inode *inode, const struct notify_event *e, struct list_head *removed)
{
	struct notify_mark *mark;
	struct hlist_node *next;

	for (struct hlist_node *n = inode->marks.first; n; n = next) {
		next = n->next;
		mark = container_of(n, struct notify_mark, on_inode);
		if ((mark->mask & e->mask & IN_ALL_EVENTS) && !mark->ops->event(mark, e))
			remove_onto(mark, removed);
	}
}

static void tell_alone(struct inode *inode, const struct notify_event *e)
{
	LIST_HEAD(removed);

	if (!READ_ONCE(inode->marks.first))
		return;
	spin_lock(&marks_lock);
	tell(inode, e, &removed);
	spin_unlock(&marks_lock);
	free_all(&removed);
}

static u32 kind(const struct inode *inode)
{
	return S_ISDIR(inode->mode) ? IN_ISDIR : 0;
}

/* The directory first, as on Linux. rename_lock keeps d's name and place while they are told. */
void notify_dentry_slow(struct dentry *d, u32 mask)
{
	struct inode *inode = d->inode, *dir = NULL;
	struct notify_event e = { .mask = mask | kind(inode), .dentry = d };
	LIST_HEAD(removed);

	if (!inode->sb->nr_marks)
		return;
	spin_lock(&rename_lock);
	if (!d_is_root(d))
		dir = d->parent->inode;
	if (READ_ONCE(inode->marks.first) || (dir && READ_ONCE(dir->marks.first))) {
		spin_lock(&marks_lock);
		if (dir) {
			e.name = &d->name;
			tell(dir, &e, &removed);
			e.name = NULL;
		}
		tell(inode, &e, &removed);
		spin_unlock(&marks_lock);
	}
	spin_unlock(&rename_lock);
	free_all(&removed);
}

void notify_file_slow(struct file *f, u32 mask)
{
	if (!(f->mode & FMODE_PATH))
		notify_dentry_slow(f->path.dentry, mask);
}

void notify_name_slow(struct inode *dir, const struct qstr *name, u32 mask, u32 cookie)
{
	struct notify_event e = { .mask = mask, .cookie = cookie, .name = name };

	tell_alone(dir, &e);
}

void notify_inode_slow(struct inode *inode, u32 mask)
{
	struct notify_event e = { .mask = mask | kind(inode) };

	tell_alone(inode, &e);
}

void notify_move_slow(struct inode *from, const struct qstr *old, struct inode *to, const struct qstr *new,
		      struct inode *moved, struct inode *victim)
{
	static u32 last_cookie;
	u32 cookie = __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED);

	notify_name_slow(from, old, IN_MOVED_FROM | kind(moved), cookie);
	notify_name_slow(to, new, IN_MOVED_TO | kind(moved), cookie);
	if (victim)
		notify_inode_slow(victim, IN_ATTRIB);
	notify_inode_slow(moved, IN_MOVE_SELF);
}

/* ---- the end of what is marked ---- */

void notify_inode_gone_slow(struct inode *inode)
{
	LIST_HEAD(removed);

	if (READ_ONCE(inode->nlink) || !READ_ONCE(inode->marks.first))
		return;
	notify_inode_slow(inode, IN_DELETE_SELF);
	spin_lock(&marks_lock);
	while (inode->marks.first)
		remove_onto(container_of(inode->marks.first, struct notify_mark, on_inode), &removed);
	spin_unlock(&marks_lock);
	free_all(&removed);
}

void notify_unmount_slow(struct super_block *sb)
{
	struct notify_event e = { .mask = IN_UNMOUNT };
	LIST_HEAD(removed);

	spin_lock(&marks_lock);
	while (!list_empty(&sb->marks)) {
		struct notify_mark *mark = list_first_entry(&sb->marks, struct notify_mark, on_sb);

		mark->ops->event(mark, &e);
		remove_onto(mark, &removed);
	}
	spin_unlock(&marks_lock);
	free_all(&removed);
}
