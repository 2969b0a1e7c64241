// SPDX-License-Identifier: BSD-2-Clause
/*
 * The path walk.
 *
 * Kernel code is not preempted, so a walk that does not sleep is one RCU read section: it goes from
 * dentry to dentry without a reference, a lock or an allocation, and counts only where it ends. Renames and mounts
 * change rename_seq; a walk that overlaps one starts again. Where a file system must be asked for a name (it may
 * sleep), the walk first counts what it stands on (walk_hold) and goes on from there.
 */
#include "internal.h"

#define BYTES(b) (~0ULL / 255 * (b))

/* Sets the high bit of the first zero byte of w (and maybe of later ones). */
static inline u64 zero_byte(u64 w)
{
	return (w - BYTES(1)) & ~w & BYTES(0x80);
}

/* The component at `name`: length and hash in one pass, eight bytes at a time. Returns its last bytes, zero-padded. */
static inline u64 hash_component(const char *name, struct qstr *q)
{
	u64 h = dname_salt, w, stop, tail = 0;
	u32 len = 0;

	for (;; len += 8) {
		w = load_word(name + len);
		stop = zero_byte(w) | zero_byte(w ^ BYTES('/'));
		if (likely(stop))
			break;
		h = (h ^ w) * HASH_MULTIPLIER;
		tail = w;
	}
	w &= (stop ^ (stop - 1)) >> 8;		/* the bytes before the first that stops */
	len += __builtin_ctzll(stop) / 8;
	if (likely(w)) {
		h = (h ^ w) * HASH_MULTIPLIER;
		tail = w;
	}
	*q = (struct qstr){ name, len, h >> 32 };
	return tail;
}

static inline enum last_type component_type(const struct qstr *q)
{
	if (likely(q->name[0] != '.'))
		return LAST_NORM;
	if (q->len == 1)
		return LAST_DOT;
	return q->len == 2 && q->name[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

/* current's root or working directory, not counted: good under RCU. */
static inline struct path fs_path(const struct path *which)
{
	struct fs_context *fs = current->fs;
	struct path p;

	if (likely(__atomic_load_n(&fs->refs.n, __ATOMIC_ACQUIRE) == 1))
		return *which;
	spin_lock(&fs->lock);
	p = *which;
	spin_unlock(&fs->lock);
	return p;
}

static inline const struct path *walk_root(struct walk *w)
{
	if (!w->root.mnt)
		w->root = fs_path(&current->fs->root);
	return &w->root;
}

static bool path_get_live(const struct path *p)
{
	if (!dget_live(p->dentry))
		return false;
	if (mnt_get_live(p->mnt))
		return true;
	dput(p->dentry);
	return false;
}

/* Count everything the walk stands on, so that it may sleep. 0, or -ECHILD: too late, start again. */
static int walk_hold(struct walk *w)
{
	struct path old = { NULL, NULL };

	if (w->flags & LOOKUP_CACHED)
		return -EAGAIN;
	if (!(w->held & HELD_ANCHOR) || !path_equal(&w->anchor, &w->path)) {
		if (!path_get_live(&w->path))
			return -ECHILD;
		if (w->held & HELD_ANCHOR)
			old = w->anchor;
		w->anchor = w->path;
		w->held |= HELD_ANCHOR;
	}
	if (w->root.mnt && !(w->held & HELD_ROOT)) {
		if (!path_get_live(&w->root)) {
			w->root.mnt = NULL;
			goto late;
		}
		w->held |= HELD_ROOT;
	}
	for (; w->nr_counted < w->nr_links; w->nr_counted++) {
		if (!ref_get_not_zero(&w->link[w->nr_counted]->refs))
			goto late;
		w->held |= HELD_LINKS;
	}
	if (!walk_valid(w))
		goto late;
	if (old.mnt)
		path_put(&old);
	return 0;
late:
	if (old.mnt)
		path_put(&old);
	return -ECHILD;
}

/* Ask the file system for a name: counted, positive or negative. dir->lock held. */
struct dentry *lookup_locked(struct dentry *dir, const struct qstr *q)
{
	struct dentry *d = d_lookup(dir, q);
	struct inode *inode = dir->inode;
	int err;

	if (d) {
		if (!d->ops || !d->ops->revalidate || d->ops->revalidate(d))
			return d;
		d_drop(d);
		dput(d);
	}
	if (q->len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	if (!inode->nlink)
		return ERR_PTR(-ENOENT);
	d = d_alloc(dir, q);
	if (!d)
		return ERR_PTR(-ENOMEM);
	if (!inode->ops->lookup)
		return d;		/* not there; whoever makes it hashes it */
	err = inode->ops->lookup(inode, d);
	if (err) {
		dput(d);
		return ERR_PTR(err);
	}
	return d;
}

/* The name is not in the cache: from here on the walk holds where it stands. */
static int walk_slow(struct walk *w, const struct qstr *q, struct dentry **out)
{
	struct dentry *dir = w->path.dentry, *d;
	int err = walk_hold(w);

	if (err)
		return err;
	down_write(&w->inode->lock);
	d = lookup_locked(dir, q);
	up_write(&w->inode->lock);
	w->seq = seq_begin(&rename_seq);
	if (IS_ERR(d))
		return PTR_ERR(d);
	if (!READ_ONCE(d->inode)) {
		dput(d);
		return -ENOENT;
	}
	/* The child holds its parent, so the anchor moves on to the child. */
	w->anchor.dentry = d;
	dput(dir);
	*out = d;
	return 0;
}

static int walk_cross_mounts(struct walk *w, struct path *p)
{
	while (unlikely(READ_ONCE(p->dentry->flags) & D_MOUNTED)) {
		struct mount *m = mount_lookup_rcu(p->mnt, p->dentry);

		if (!m)
			break;
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
		p->mnt = m;
		p->dentry = m->root;
	}
	return 0;
}

static int walk_up(struct walk *w)
{
	const struct path *root = walk_root(w);
	struct path p = w->path;
	int err;

	for (;;) {
		if (path_equal(&p, root)) {
			if (w->flags & LOOKUP_BENEATH)
				return -EXDEV;
			break;
		}
		if (p.dentry != p.mnt->root) {
			p.dentry = rcu_dereference(p.dentry->parent);
			break;
		}
		if (p.mnt->parent == p.mnt)
			break;
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
		p = (struct path){ p.mnt->parent, p.mnt->mountpoint };
	}
	err = walk_cross_mounts(w, &p);
	if (err)
		return err;
	w->path = p;
	w->inode = READ_ONCE(p.dentry->inode);
	return w->inode ? 0 : -ENOENT;
}

/* In a sticky directory that all may write to, follow only links of one's own or of the directory's owner. */
static bool may_follow(const struct walk *w, const struct inode *link)
{
	const struct inode *dir = w->inode;

	return !protected_symlinks || link->uid == current->cred->fsuid ||
	       (dir->mode & (S_ISVTX | 02)) != (S_ISVTX | 02) || dir->uid == link->uid;
}

static int walk_magic(struct walk *w, struct inode *inode)
{
	struct path p;
	int err;

	if (w->flags & (LOOKUP_NO_MAGICLINKS | LOOKUP_BENEATH | LOOKUP_IN_ROOT))
		return w->flags & LOOKUP_NO_MAGICLINKS ? -ELOOP : -EXDEV;
	w->link[w->nr_links++] = inode;
	err = walk_hold(w);
	if (!err)
		err = inode->ops->follow(inode, &p);
	if (err)
		return err;
	if ((w->flags & LOOKUP_NO_XDEV) && p.mnt != w->path.mnt) {
		path_put(&p);
		return -EXDEV;
	}
	path_put(&w->anchor);
	w->anchor = w->path = p;
	w->seq = seq_begin(&rename_seq);
	w->inode = READ_ONCE(p.dentry->inode);
	return w->inode ? 0 : -ENOENT;
}

/* w still stands at the link's directory. 1: w->text is to be walked next; 0: we jumped; or -errno. */
static int walk_link(struct walk *w, struct mount *mnt, struct inode *inode, bool final)
{
	if (w->nr_links >= WALK_MAX_LINKS || (w->flags & LOOKUP_NO_SYMLINKS) || (mnt->flags & MS_NOSYMFOLLOW))
		return -ELOOP;
	if (final && !may_follow(w, inode))
		return -EACCES;
	if ((w->flags & LOOKUP_CACHED) && atime_is_due(mnt, inode))
		return -EAGAIN;
	touch_atime_at(mnt, inode);
	if (inode->ops->follow)
		return walk_magic(w, inode);
	w->text = inode->ops->get_link ? inode->ops->get_link(inode, w->link_buf) : inode->link;
	if (IS_ERR(w->text))
		return PTR_ERR(w->text);
	if (!*w->text)
		return -ENOENT;
	w->link[w->nr_links++] = inode;
	if (*w->text == '/') {
		if (w->flags & LOOKUP_BENEATH)
			return -EXDEV;
		if ((w->flags & LOOKUP_NO_XDEV) && walk_root(w)->mnt != w->path.mnt)
			return -EXDEV;
		w->path = *walk_root(w);
		w->inode = READ_ONCE(w->path.dentry->inode);
	}
	return 1;
}

/* One step down. As walk_link(). */
static inline int walk_down(struct walk *w, const struct qstr *q, u64 tail, bool final)
{
	struct dentry *d = d_lookup_rcu(w->path.dentry, q, tail);
	struct path p = { w->path.mnt, NULL };
	struct inode *inode;
	int err;

	if (unlikely(d && d->ops && d->ops->revalidate && !d->ops->revalidate(d)))
		d = NULL;
	if (unlikely(!d)) {
		if (w->flags & LOOKUP_CACHED)	/* that it is not there would have to be found out */
			return -EAGAIN;
		if (q->len > NAME_MAX)
			return -ENAMETOOLONG;
		if (!w->inode->ops->lookup)
			return -ENOENT;
		err = walk_slow(w, q, &d);
		if (err)
			return err;
	}
	inode = rcu_dereference(d->inode);
	if (!inode)
		return -ENOENT;
	p.dentry = d;
	if (unlikely(READ_ONCE(d->flags) & D_MOUNTED)) {
		err = walk_cross_mounts(w, &p);
		if (err)
			return err;
		inode = READ_ONCE(p.dentry->inode);
	}
	if (unlikely(S_ISLNK(inode->mode)) && (!final || (w->flags & LOOKUP_FOLLOW)))
		return walk_link(w, p.mnt, inode, final);
	w->path = p;
	w->inode = inode;
	return 0;
}

static inline int may_walk(struct inode *dir)
{
	if (likely((dir->mode & (S_IFMT | 0111)) == (S_IFDIR | 0111) && !dir->ops->permission))
		return 0;
	return S_ISDIR(dir->mode) ? inode_permission(dir, MAY_EXEC) : -ENOTDIR;
}

static inline const char *skip_slashes(const char *name)
{
	while (*name == '/')
		name++;
	return name;
}

/* Behind a component that is not simply followed by another: was it the last of all? *name goes over its slashes. */
static inline bool is_final(struct walk *w, const char **name)
{
	bool slash = **name;

	*name = skip_slashes(*name);
	if (**name || w->pending)
		return false;
	if (slash) {
		w->trailing = true;
		w->flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
	}
	return true;
}

/* The text of a link is done: go on with what was left behind it. NULL: nothing was. */
static const char *walk_pop(struct walk *w)
{
	while (w->depth) {
		const char *rest = w->rest[--w->depth];

		if (*rest) {
			w->pending--;
			return rest;
		}
	}
	return NULL;
}

/* The last name gave an error; 1: it is only missing, and whoever asked may make it. */
static __noinline int last_failed(struct walk *w, const struct qstr *q, int err)
{
	if (err != -ENOENT || !(w->flags & LOOKUP_CREATE) || w->nr_links)
		return err;
	w->last = *q;
	w->last_type = component_type(q);
	return 1;
}

static int walk_components(struct walk *w, const char *name)
{
	enum last_type type;
	struct qstr q;
	bool final;
	u64 tail;
	int err;

	for (name = skip_slashes(name);;) {
		if (unlikely(!*name)) {		/* "/", or a link to it */
			name = walk_pop(w);
			if (name)
				continue;
			w->last_type = LAST_ROOT;
			break;
		}
		err = may_walk(w->inode);
		if (unlikely(err))
			return err;
		tail = hash_component(name, &q);
		type = component_type(&q);
		name += q.len;
		final = false;
		if (likely(*name) && likely(name[1]) && likely(name[1] != '/'))
			name++;
		else
			final = is_final(w, &name);
		if (final && (w->flags & LOOKUP_PARENT)) {
			w->last = q;
			w->last_type = type;
			return 0;
		}
		if (likely(type == LAST_NORM))
			err = walk_down(w, &q, tail, final);
		else
			err = type == LAST_DOTDOT ? walk_up(w) : 0;
		if (unlikely(err < 0))
			return final ? last_failed(w, &q, err) : err;
		if (unlikely(err)) {
			w->rest[w->depth++] = name;
			w->pending += *name != 0;
			name = skip_slashes(w->text);
			continue;
		}
		if (!*name) {
			name = walk_pop(w);
			if (!name)
				break;
		}
	}
	if (unlikely((w->flags & LOOKUP_DIRECTORY) && !S_ISDIR(w->inode->mode)))
		return -ENOTDIR;
	return 0;
}

static int walk_start(struct walk *w, const struct path *base, int dirfd, const char *name)
{
	if (*name == '/' && !(w->flags & (LOOKUP_IN_ROOT | LOOKUP_BENEATH))) {
		w->path = *walk_root(w);
	} else if (*name == '/' && (w->flags & LOOKUP_BENEATH)) {
		return -EXDEV;
	} else if (base) {
		w->path = *base;
	} else if (dirfd == AT_FDCWD) {
		w->path = fs_path(&current->fs->pwd);
	} else {
		w->start = fd_get_raw(dirfd);
		if (!w->start.file)
			return -EBADF;
		w->held |= HELD_START;
		w->path = w->start.file->path;
		if (*name && !S_ISDIR(w->start.file->inode->mode))
			return -ENOTDIR;
	}
	if (w->flags & (LOOKUP_IN_ROOT | LOOKUP_BENEATH))
		w->root = w->path;
	w->inode = READ_ONCE(w->path.dentry->inode);
	return w->inode ? 0 : -ENOENT;
}

int walk_begin(struct walk *w, const struct path *base, int dirfd, const char *name, unsigned flags)
{
	int err;

	w->flags = flags;
	w->held = 0;
	w->depth = w->pending = w->nr_links = w->nr_counted = 0;
	w->trailing = false;
	w->last_type = LAST_NORM;
	w->root.mnt = NULL;
	w->seq = seq_begin(&rename_seq);
	err = walk_start(w, base, dirfd, name);
	return err ? err : walk_components(w, name);
}

int walk_take(struct walk *w, struct path *out)
{
	if ((w->held & HELD_ANCHOR) && path_equal(&w->anchor, &w->path))
		w->held &= ~HELD_ANCHOR;
	else if (unlikely(!path_get_live(&w->path)))
		return -ECHILD;
	*out = w->path;
	if (likely(READ_ONCE(out->dentry->inode) == w->inode && walk_valid(w)))
		return 0;
	path_put(out);
	return -ECHILD;
}

/* Who renames without end does not keep a long walk from letting others run, nor from dying. */
bool walk_again(void)
{
	cond_resched();
	return !fatal_signal_pending();
}

static __noinline void walk_release(struct walk *w)
{
	if (w->held & HELD_ANCHOR)
		path_put(&w->anchor);
	if (w->held & HELD_ROOT)
		path_put(&w->root);
	if (w->held & HELD_START)
		fd_put(w->start);
	while (w->nr_counted)
		inode_put(w->link[--w->nr_counted]);
}

void walk_end(struct walk *w)
{
	if (w->held)
		walk_release(w);
}
