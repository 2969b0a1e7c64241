// SPDX-License-Identifier: BSD-2-Clause
/*
 * Record locks: POSIX (owned by a descriptor table), open file description and flock (owned by an open file).
 *
 * The locks of a file hang on its inode under flock_lock. Who must wait sleeps on the inode's lock_wait and
 * tries again when any lock goes. Waiters for POSIX locks are also in a list of the whole system, in which a
 * circle of owners is a deadlock.
 */
#include "internal.h"

#include <generated/syscalls.h>

enum lock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK };

struct file_lock {
	struct list_head link;
	const void *owner;	/* struct files, or struct file */
	enum lock_kind kind;
	s16 type;		/* F_RDLCK, F_WRLCK; F_UNLCK in requests */
	pid_t pid;
	s64 start, end;		/* inclusive */
};

struct lock_waiter {
	struct list_head link;
	const void *owner, *blocker;
};

#define DEADLOCK_HOPS 10

static spinlock_t waiters_lock;
static LIST_HEAD(waiters);		/* [waiters_lock] */

/* flock and record locks do not see each other. */
static bool conflicts(const struct file_lock *l, const struct file_lock *want)
{
	return (l->kind == LOCK_FLOCK) == (want->kind == LOCK_FLOCK) && l->owner != want->owner &&
	       (l->type == F_WRLCK || want->type == F_WRLCK) && l->start <= want->end && want->start <= l->end;
}

static struct file_lock *find_conflict(struct inode *i, const struct file_lock *want)
{
	struct file_lock *l;

	list_for_each_entry(l, &i->locks, link)
		if (conflicts(l, want))
			return l;
	return NULL;
}

static void wake_waiters(struct inode *i)
{
	if (READ_ONCE(i->lock_wait))
		wake_up_all(i->lock_wait);
}

static bool same_owner(const struct file_lock *l, const struct file_lock *want)
{
	return l->kind == want->kind && l->owner == want->owner;
}

/*
 * `want` replaces what its owner has in the range: pieces of equal type melt into it, others are cut. Takes
 * *piece when one lock is cut in two. flock_lock held; want is grown to what it melted with.
 */
static void replace_range(struct inode *i, struct file_lock *want, struct file_lock **piece)
{
	struct file_lock *l, *next, *rest;

	list_for_each_entry_safe(l, next, &i->locks, link) {
		if (!same_owner(l, want))
			continue;
		if (l->type == want->type) {
			if ((want->start && l->end < want->start - 1) ||
			    (want->end < INT64_MAX && l->start > want->end + 1))
				continue;
			want->start = min(want->start, l->start);
			want->end = max(want->end, l->end);
			list_del(&l->link);
			kfree(l);
			continue;
		}
		if (l->end < want->start || l->start > want->end)
			continue;
		if (l->start < want->start && l->end > want->end) {
			rest = *piece;
			*piece = NULL;
			*rest = *l;
			rest->start = want->end + 1;
			l->end = want->start - 1;
			list_add(&rest->link, &l->link);
		} else if (l->start < want->start) {
			l->end = want->start - 1;
		} else if (l->end > want->end) {
			l->start = want->end + 1;
		} else {
			list_del(&l->link);
			kfree(l);
		}
	}
}

/* Would waiting for blocker close a circle? waiters_lock held. */
static bool deadlock(const void *owner, const void *blocker)
{
	struct lock_waiter *w;

	for (int hops = 0; hops < DEADLOCK_HOPS; hops++) {
		bool waits = false;

		list_for_each_entry(w, &waiters, link) {
			if (w->owner != blocker)
				continue;
			if (w->blocker == owner)
				return true;
			blocker = w->blocker;
			waits = true;
			break;
		}
		if (!waits)
			return false;
	}
	return false;
}

/* One attempt, made on the way to sleep too: it may not. 0; -EAGAIN: somebody else has it; -EDEADLK; -ENOLCK: no
 * memory. */
static int try_lock(struct inode *i, const struct file_lock *request, struct lock_waiter *w)
{
	struct file_lock *new = NULL, *piece = NULL, *blocker;
	struct file_lock want = *request;
	int err = 0;

	if (want.type != F_UNLCK)
		new = kmalloc(sizeof(*new), GFP_ATOMIC);
	piece = kmalloc(sizeof(*piece), GFP_ATOMIC);
	if (!piece || (want.type != F_UNLCK && !new)) {
		kfree(new);
		kfree(piece);
		return -ENOLCK;
	}
	spin_lock(&i->flock_lock);
	blocker = want.type == F_UNLCK ? NULL : find_conflict(i, &want);
	if (blocker) {
		err = -EAGAIN;
		if (w && want.kind == LOCK_POSIX && blocker->kind == LOCK_POSIX) {
			spin_lock(&waiters_lock);
			if (deadlock(want.owner, blocker->owner))
				err = -EDEADLK;
			w->blocker = blocker->owner;
			if (list_empty(&w->link))
				list_add(&w->link, &waiters);
			spin_unlock(&waiters_lock);
		}
	} else {
		replace_range(i, &want, &piece);
		if (new) {
			*new = want;
			list_add_tail(&new->link, &i->locks);
			new = NULL;
		}
	}
	spin_unlock(&i->flock_lock);
	kfree(new);
	kfree(piece);
	if (!err)
		wake_waiters(i);
	return err;
}

static int make_wait_queue(struct inode *i)
{
	struct wait_queue *q, *none = NULL;

	if (READ_ONCE(i->lock_wait))
		return 0;
	q = kmalloc(sizeof(*q), GFP_KERNEL);
	if (!q)
		return -ENOLCK;
	wait_queue_init(q);
	if (!__atomic_compare_exchange_n(&i->lock_wait, &none, q, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		kfree(q);
	return 0;
}

static int lock_file(struct file *f, const struct file_lock *want, bool wait)
{
	struct inode *i = f->inode;
	struct lock_waiter w = { .owner = want->owner };
	int err, interrupted;

	if (!wait)
		return try_lock(i, want, NULL);
	err = make_wait_queue(i);
	if (err)
		return err;
	list_init(&w.link);
	interrupted = wait_event_interruptible(i->lock_wait, (err = try_lock(i, want, &w)) != -EAGAIN);
	spin_lock(&waiters_lock);
	list_del_init(&w.link);
	spin_unlock(&waiters_lock);
	return interrupted ? interrupted : err;
}

/* ---- fcntl ---- */

/* The user's struct flock as a range; 0 or -errno. */
static int to_lock(struct file *f, const struct flock *u, struct file_lock *l)
{
	s64 base, start, end;

	switch (u->whence) {
	case SEEK_SET: base = 0; break;
	case SEEK_CUR: base = f->pos; break;
	case SEEK_END: base = READ_ONCE(f->inode->size); break;
	default: return -EINVAL;
	}
	if (u->start > INT64_MAX - base)
		return -EOVERFLOW;
	start = base + u->start;
	if (start < 0)
		return -EINVAL;
	if (u->len > 0) {
		if (u->len - 1 > INT64_MAX - start)
			return -EOVERFLOW;
		end = start + u->len - 1;
	} else if (u->len < 0) {
		if (start + u->len < 0)
			return -EINVAL;
		end = start - 1;
		start += u->len;
	} else {
		end = INT64_MAX;
	}
	if (u->type != F_RDLCK && u->type != F_WRLCK && u->type != F_UNLCK)
		return -EINVAL;
	*l = (struct file_lock){ .type = u->type, .start = start, .end = end,
				 .pid = current->process->tgid, .kind = LOCK_POSIX, .owner = current->files };
	return 0;
}

static int to_ofd(struct file *f, const struct flock *u, struct file_lock *l)
{
	if (u->pid)
		return -EINVAL;
	l->kind = LOCK_OFD;
	l->owner = f;
	l->pid = -1;
	return 0;
}

long fcntl_getlk(struct file *f, unsigned cmd, uaddr_t arg)
{
	struct file_lock want, *l;
	struct flock u;
	int err;

	if (copy_struct_in(&u, arg))
		return -EFAULT;
	if (u.type != F_RDLCK && u.type != F_WRLCK)
		return -EINVAL;
	err = to_lock(f, &u, &want);
	if (!err && cmd == F_OFD_GETLK)
		err = to_ofd(f, &u, &want);
	if (err)
		return err;
	spin_lock(&f->inode->flock_lock);
	l = find_conflict(f->inode, &want);
	if (l) {
		u.type = l->type;
		u.whence = SEEK_SET;
		u.start = l->start;
		u.len = l->end == INT64_MAX ? 0 : l->end - l->start + 1;
		u.pid = l->pid;
	} else {
		u.type = F_UNLCK;
	}
	spin_unlock(&f->inode->flock_lock);
	return copy_struct_out(arg, &u);
}

long fcntl_setlk(unsigned fd, struct file *f, unsigned cmd, uaddr_t arg)
{
	struct file_lock want;
	struct flock u;
	struct fd again;
	int err;

	if (copy_struct_in(&u, arg))
		return -EFAULT;
	err = to_lock(f, &u, &want);
	if (err)
		return err;
	if ((want.type == F_RDLCK && !(f->mode & FMODE_READ)) || (want.type == F_WRLCK && !(f->mode & FMODE_WRITE)))
		return -EBADF;
	if (cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW)
		err = to_ofd(f, &u, &want);
	if (!err)
		err = lock_file(f, &want, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	if (err || want.type == F_UNLCK || want.kind != LOCK_POSIX)
		return err;
	/* Another thread may have closed the descriptor before our lock was there to be seen. */
	again = fd_get(fd);
	if (again.file != f) {
		want.type = F_UNLCK;
		try_lock(f->inode, &want, NULL);
		err = -EBADF;
	}
	if (again.file)
		fd_put(again);
	return err;
}

/* ---- flock ---- */

static int flock_type(unsigned cmd)
{
	switch (cmd & ~LOCK_NB) {
	case LOCK_SH: return F_RDLCK;
	case LOCK_EX: return F_WRLCK;
	case LOCK_UN: return F_UNLCK;
	default: return -EINVAL;
	}
}

/* A conversion gives the old lock up first, as flock(2) warns. True: already held as wanted. */
static bool flock_drop(struct inode *i, const struct file_lock *want)
{
	struct file_lock *l, *found = NULL;
	bool same = false;

	spin_lock(&i->flock_lock);
	list_for_each_entry(l, &i->locks, link)
		if (same_owner(l, want))
			found = l;
	if (found) {
		same = found->type == want->type;
		if (!same)
			list_del(&found->link);
	}
	spin_unlock(&i->flock_lock);
	if (found && !same) {
		kfree(found);
		wake_waiters(i);
	}
	return same;
}

long sys_flock(unsigned fd, unsigned cmd)
{
	int type = flock_type(cmd);
	struct file_lock want;
	struct fd f;
	int err = 0;

	if (cmd & LOCK_MAND)	/* Linux no longer has these, and says so in its log alone */
		return 0;
	if (type < 0)
		return type;
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	if (type != F_UNLCK && !(f.file->mode & (FMODE_READ | FMODE_WRITE))) {
		fd_put(f);
		return -EBADF;
	}
	want = (struct file_lock){ .type = type, .kind = LOCK_FLOCK, .owner = f.file, .start = 0, .end = INT64_MAX,
				   .pid = current->process->tgid };
	if (!flock_drop(f.file->inode, &want) && type != F_UNLCK)
		err = lock_file(f.file, &want, !(cmd & LOCK_NB));
	fd_put(f);
	return err;
}

/* ---- the end ---- */

static void remove_owner(struct inode *i, const void *owner, bool posix)
{
	struct file_lock *l, *next;
	bool any = false;

	spin_lock(&i->flock_lock);
	list_for_each_entry_safe(l, next, &i->locks, link) {
		if (l->owner == owner && (l->kind == LOCK_POSIX) == posix) {
			list_del(&l->link);
			kfree(l);
			any = true;
		}
	}
	spin_unlock(&i->flock_lock);
	if (any)
		wake_waiters(i);
}

void locks_remove_posix(struct file *f, struct files *owner)
{
	remove_owner(f->inode, owner, true);
}

void locks_remove_file(struct file *f)
{
	remove_owner(f->inode, f, false);
}
