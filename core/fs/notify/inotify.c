// SPDX-License-Identifier: BSD-2-Clause
/*
 * inotify: a descriptor from which one reads what happened to the inodes one watches. Source: inotify(7).
 */
#include <janus/fasync.h>
#include <janus/notify.h>
#include <janus/radix.h>
#include <generated/syscalls.h>
#include <uapi/termios.h>

#include "../internal.h"
#include "inotify.h"

struct inotify {
	spinlock_t lock;		/* inside marks_lock */
	struct list_head events;	/* [lock] oldest first */
	u32 nr_events;			/* [lock] */
	u32 max_events;			/* [const] */
	u32 nr_bytes;			/* [lock] what a reader would get: FIONREAD */
	bool overflowed;		/* [lock] the event that says so is queued */
	struct wait_queue wait;
	struct fasync_list async;
	struct user_struct *user;	/* [const] counted: whose limits */
	struct radix_tree watches;	/* [marks_lock] by wd */
	s32 last_wd;			/* [marks_lock] numbers are not used again until they wrap */
	bool closed;			/* [marks_lock] */
	refcount_t refs;		/* the file, and each watch */
};

struct watch {
	struct notify_mark mark;
	struct inotify *group;		/* [const] counted */
	s32 wd;				/* [marks_lock] */
	u32 flags;			/* [marks_lock] IN_EXCL_UNLINK, IN_ONESHOT */
};

struct queued {
	struct list_head link;
	u32 name_len;			/* with the padding: what a reader gets */
	struct inotify_event event;
};

#define WATCH_FLAGS (IN_EXCL_UNLINK | IN_ONESHOT)
#define KNOWN_BITS (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ISDIR | IN_ONLYDIR | IN_DONT_FOLLOW | \
		    IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ONESHOT)

int inotify_max_events = 16384, inotify_max_instances = 128, inotify_max_watches;

static void group_put(struct inotify *g)
{
	if (!ref_put(&g->refs))
		return;
	__atomic_fetch_sub(&g->user->inotify_instances, 1, __ATOMIC_RELAXED);
	user_put(g->user);
	kfree(g);
}

/* ---- the queue ---- */

static struct queued *queued_alloc(s32 wd, u32 mask, u32 cookie, const struct qstr *name)
{
	u32 len = name ? ALIGN_UP(name->len + 1, sizeof(struct inotify_event)) : 0;
	struct queued *q = kzalloc(sizeof(*q) + len, GFP_ATOMIC);

	if (!q)
		return NULL;
	q->event = (struct inotify_event){ .wd = wd, .mask = mask, .cookie = cookie, .len = len };
	if (name)
		memcpy(q->event.name, name->name, name->len);
	return q;
}

/* It says no more than the last one does. */
static bool repeats(const struct inotify *g, const struct queued *q)
{
	const struct inotify_event *last;

	if (list_empty(&g->events))
		return false;
	last = &list_last_entry(&g->events, struct queued, link)->event;
	return !(last->mask & IN_IGNORED) && last->mask == q->event.mask && last->wd == q->event.wd &&
	       last->len == q->event.len && !memcmp(last->name, q->event.name, last->len);
}

static void append(struct inotify *g, struct queued *q)
{
	list_add_tail(&q->link, &g->events);
	g->nr_events++;
	g->nr_bytes += sizeof(q->event) + q->event.len;
}

/* The queue is full, or there is no memory for an event: one that says so is in the queue once. */
static struct queued *overflow(struct inotify *g)
{
	struct queued *q = g->overflowed ? NULL : queued_alloc(-1, IN_Q_OVERFLOW, 0, NULL);

	if (q)
		g->overflowed = true;
	return q;
}

static void queue_event(struct inotify *g, s32 wd, u32 mask, u32 cookie, const struct qstr *name)
{
	struct queued *q = queued_alloc(wd, mask, cookie, name);

	spin_lock(&g->lock);
	if (!q || g->nr_events >= g->max_events) {
		kfree(q);
		q = overflow(g);
	} else if (repeats(g, q)) {
		kfree(q);
		q = NULL;
	}
	if (q)
		append(g, q);
	spin_unlock(&g->lock);
	if (q && wait_queue_active(&g->wait))
		wake_up_key(&g->wait, POLLIN, 1);
	if (q)
		fasync_signal(&g->async, FMODE_READ, POLL_IN);
}

/* The oldest event, or NULL; ERR_PTR(-EINVAL) when it needs more than `room` bytes, and stays. */
static struct queued *take_event(struct inotify *g, size_t room)
{
	struct queued *q;

	GUARD(spin, &g->lock);
	if (list_empty(&g->events))
		return NULL;
	q = list_first_entry(&g->events, struct queued, link);
	if (sizeof(q->event) + q->event.len > room)
		return ERR_PTR(-EINVAL);
	list_del(&q->link);
	g->nr_events--;
	g->nr_bytes -= sizeof(q->event) + q->event.len;
	if (q->event.mask & IN_Q_OVERFLOW)
		g->overflowed = false;
	return q;
}

/* ---- watches ---- */

static struct watch *watch_of(struct notify_mark *mark)
{
	return container_of(mark, struct watch, mark);
}

static bool watch_event(struct notify_mark *mark, const struct notify_event *e)
{
	struct watch *w = watch_of(mark);
	u32 mask = e->mask;

	if ((w->flags & IN_EXCL_UNLINK) && e->dentry && d_unhashed(e->dentry) && !d_is_root(e->dentry))
		return true;
	if (mask & (IN_MOVE_SELF | IN_DELETE_SELF))
		mask &= ~IN_ISDIR;
	queue_event(w->group, w->wd, mask, e->cookie, e->name);
	return !(w->flags & IN_ONESHOT);
}

static void watch_gone(struct notify_mark *mark)
{
	struct watch *w = watch_of(mark);

	radix_delete(&w->group->watches, w->wd);
	__atomic_fetch_sub(&w->group->user->inotify_watches, 1, __ATOMIC_RELAXED);
	if (!w->group->closed)
		queue_event(w->group, w->wd, IN_IGNORED, 0, NULL);
}

static void watch_free(struct notify_mark *mark)
{
	struct watch *w = watch_of(mark);

	group_put(w->group);
	kfree(w);
}

static const struct notify_ops watch_ops = { .event = watch_event, .gone = watch_gone, .free = watch_free };

/* The group's watch of an inode. marks_lock held. */
static struct watch *find_watch(struct inotify *g, struct inode *inode)
{
	struct notify_mark *mark;

	hlist_for_each_entry(mark, &inode->marks, on_inode)
		if (mark->ops == &watch_ops && watch_of(mark)->group == g)
			return watch_of(mark);
	return NULL;
}

static long change_watch(struct watch *w, u32 mask)
{
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	if (!(mask & IN_MASK_ADD)) {
		w->mark.mask = 0;
		w->flags = 0;
	}
	w->mark.mask |= mask & IN_ALL_EVENTS;
	w->flags |= mask & WATCH_FLAGS;
	return w->wd;
}

/* marks_lock held. w: filled, and taken over when a wd is returned. */
static long new_watch(struct inotify *g, struct watch *w, struct inode *inode)
{
	s32 wd = g->last_wd;
	int err;

	do {
		wd = wd == INT32_MAX ? 1 : wd + 1;
	} while (radix_lookup(&g->watches, wd));
	g->last_wd = w->wd = wd;	/* also when nothing comes of it */
	if (READ_ONCE(g->user->inotify_watches) >= READ_ONCE(inotify_max_watches))
		return -ENOSPC;
	err = radix_insert(&g->watches, wd, w);
	if (err)
		return err;
	__atomic_fetch_add(&g->user->inotify_watches, 1, __ATOMIC_RELAXED);
	ref_get(&g->refs);
	notify_mark_add(&w->mark, inode);
	return wd;
}

static long watch_inode(struct inotify *g, struct inode *inode, u32 mask)
{
	struct watch *w = kmalloc(sizeof(*w), GFP_KERNEL), *old;
	bool first;
	long wd;

	if (!w)
		return -ENOMEM;
	*w = (struct watch){ .mark = { .ops = &watch_ops, .mask = mask & IN_ALL_EVENTS }, .group = g,
			     .flags = mask & WATCH_FLAGS };
	spin_lock(&marks_lock);
	first = !inode->sb->nr_marks;
	old = find_watch(g, inode);
	wd = old ? change_watch(old, mask) : new_watch(g, w, inode);
	spin_unlock(&marks_lock);
	if (old || wd < 0)
		kfree(w);
	else if (first)
		notify_watch_open_files(inode->sb);
	return wd;
}

/* ---- the descriptor ---- */

/* -EAGAIN: nothing is there. */
static ssize_t read_event(struct inotify *g, struct iov_iter *it)
{
	struct queued *q = take_event(g, it->count);
	size_t size;
	ssize_t n;

	if (IS_ERR_OR_NULL(q))
		return q ? PTR_ERR(q) : -EAGAIN;
	size = sizeof(q->event) + q->event.len;
	n = copy_to_iter(&q->event, size, it) == size ? (ssize_t)size : -EFAULT;
	kfree(q);
	return n;
}

/* As many events as fit; waits for the first. */
static ssize_t inotify_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct inotify *g = f->private;
	ssize_t n, done = 0;

	for (;;) {
		n = read_event(g, it);
		if (n > 0) {
			done += n;
			continue;
		}
		if (n != -EAGAIN || done || (f->flags & O_NONBLOCK))
			break;
		n = wait_event_interruptible(&g->wait, !list_empty(&g->events));
		if (n)
			break;
	}
	return done && n != -EFAULT ? done : n;
}

static u32 inotify_poll(struct file *f, struct poll_table *pt)
{
	struct inotify *g = f->private;

	poll_wait(f, &g->wait, pt);
	return READ_ONCE(g->nr_events) ? POLLIN | POLLRDNORM : 0;
}

static long inotify_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	struct inotify *g = f->private;

	return cmd == FIONREAD ? put_user(READ_ONCE(g->nr_bytes), s32, arg) : -ENOTTY;
}

static int inotify_fdinfo(struct file *f, char *buf, size_t size)
{
	struct inotify *g = f->private;
	struct watch *w;
	int n = 0;

	GUARD(spin, &marks_lock);
	for (u64 wd = 0; (w = radix_next(&g->watches, &wd)); wd++)
		n += scnprintf(buf + n, size - n, "inotify wd:%x ino:%lx sdev:%x mask:%x ignored_mask:0 \n", w->wd,
			       (unsigned long)w->mark.inode->ino, (unsigned)w->mark.inode->sb->dev,
			       w->mark.mask | w->flags);
	return n;
}

static void inotify_release(struct file *f)
{
	struct inotify *g = f->private;
	struct watch *w;
	struct queued *q;
	u64 wd;

	for (;;) {
		wd = 0;
		spin_lock(&marks_lock);
		g->closed = true;
		w = radix_next(&g->watches, &wd);
		if (w)
			notify_mark_remove(&w->mark);
		spin_unlock(&marks_lock);
		if (!w)
			break;
		notify_mark_free(&w->mark);
	}
	while ((q = take_event(g, SIZE_MAX)))
		kfree(q);
	group_put(g);
}

static int inotify_fasync(struct file *f, int fd, bool on)
{
	struct inotify *g = f->private;

	return fasync_set(&g->async, f, fd, on);
}

static const struct file_ops inotify_fops = {
	.fasync = inotify_fasync,
	.read = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.llseek = noop_llseek,
	.each = EACH_READ,
	.release = inotify_release,
	.show_fdinfo = inotify_fdinfo,
};

/* ---- the calls ---- */

static struct inotify *group_alloc(void)
{
	struct inotify *g = kzalloc(sizeof(*g), GFP_KERNEL);
	struct user_struct *user = g ? user_find(current->cred->euid) : NULL;

	if (!user) {
		kfree(g);
		return ERR_PTR(-ENOMEM);
	}
	g->user = user;
	g->max_events = READ_ONCE(inotify_max_events);
	ref_set(&g->refs, 1);
	list_init(&g->events);
	wait_queue_init(&g->wait);
	if (__atomic_add_fetch(&user->inotify_instances, 1, __ATOMIC_RELAXED) > READ_ONCE(inotify_max_instances)) {
		group_put(g);
		return ERR_PTR(-EMFILE);
	}
	return g;
}

long sys_inotify_init1(int flags)
{
	struct inotify *g;
	struct file *f;

	if (flags & ~(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	g = group_alloc();
	if (IS_ERR(g))
		return PTR_ERR(g);
	f = file_alloc_anon("inotify", &inotify_fops, g, O_RDONLY | (flags & IN_NONBLOCK));
	if (IS_ERR(f)) {
		group_put(g);
		return PTR_ERR(f);
	}
	return fd_install_new(f, flags & IN_CLOEXEC);
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

static long add_watch(struct file *f, uaddr_t name, u32 mask)
{
	struct path p;
	long wd;

	if ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE))
		return -EINVAL;
	if (f->ops != &inotify_fops)
		return -EINVAL;
	wd = user_path_at(AT_FDCWD, name, (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) |
					  (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0), &p);
	if (wd)
		return wd;
	wd = inode_permission(p.dentry->inode, MAY_READ);
	if (!wd)
		wd = watch_inode(f->private, p.dentry->inode, mask);
	path_put(&p);
	return wd;
}

long sys_inotify_add_watch(unsigned fd, uaddr_t path, u32 mask)
{
	struct fd f;
	long wd;

	if ((mask & ~KNOWN_BITS) || !(mask & KNOWN_BITS))
		return -EINVAL;
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	wd = add_watch(f.file, path, mask);
	fd_put(f);
	return wd;
}

static long remove_watch(struct file *f, int wd)
{
	struct inotify *g = f->private;
	struct watch *w;

	if (f->ops != &inotify_fops)
		return -EINVAL;
	spin_lock(&marks_lock);
	w = wd > 0 ? radix_lookup(&g->watches, wd) : NULL;
	if (w)
		notify_mark_remove(&w->mark);
	spin_unlock(&marks_lock);
	if (!w)
		return -EINVAL;
	notify_mark_free(&w->mark);
	return 0;
}

long sys_inotify_rm_watch(unsigned fd, int wd)
{
	struct fd f = fd_get(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = remove_watch(f.file, wd);
	fd_put(f);
	return err;
}

/* Linux's default: a hundredth of memory, in units of what it would need for a watch. */
void inotify_init(void)
{
	enum { LINUX_WATCH_COST = 1320 };

	inotify_max_watches =
		max_t(u64, 8192, min_t(u64, nr_total_pages / 100 * PAGE_SIZE / LINUX_WATCH_COST, 1048576));
}
