// SPDX-License-Identifier: BSD-2-Clause
/*
 * From names to paths: path strings of the user, look-ups that end at a counted path, and the parent
 * directories of names that are to be made or removed. The walk itself is in walk.c.
 */
#include "internal.h"

static struct kmem_cache *names_cache;

/* A string that did not fit in the pathname itself. */
static int pathname_get_long(struct pathname *p, uaddr_t from)
{
	long n;

	p->name = kmem_cache_alloc(names_cache, GFP_KERNEL);
	if (!p->name) {
		p->name = p->text;
		return -ENOMEM;
	}
	n = strncpy_from_user(p->name, from, PATH_MAX);
	if (n < 0 || n >= PATH_MAX) {
		pathname_free(p);
		return n < 0 ? n : -ENAMETOOLONG;
	}
	return 0;
}

int pathname_get(struct pathname *p, uaddr_t from, unsigned flags)
{
	long n;

	p->name = p->text;
	n = strncpy_from_user(p->text, from, PATHNAME_INLINE);
	if (unlikely(n <= 0)) {
		if (n < 0)
			return n;
		p->text[0] = 0;
		return flags & LOOKUP_EMPTY ? 0 : -ENOENT;
	}
	if (unlikely(n >= PATHNAME_INLINE))
		return pathname_get_long(p, from);
	return 0;
}

int pathname_kernel(struct pathname *p, const char *name)
{
	size_t n = strlen(name);

	p->name = p->text;
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	if (n >= PATHNAME_INLINE) {
		p->name = kmem_cache_alloc(names_cache, GFP_KERNEL);
		if (!p->name) {
			p->name = p->text;
			return -ENOMEM;
		}
	}
	memcpy(p->name, name, n + 1);
	return 0;
}

void pathname_free(struct pathname *p)
{
	if (p->name != p->text)
		kmem_cache_free(names_cache, p->name);
	p->name = p->text;
}

static int path_lookup_at(const struct path *base, int dirfd, const char *name, unsigned flags, struct path *out)
{
	struct walk w;
	int err;

	do {
		err = walk_begin(&w, base, dirfd, name, flags);
		if (!err)
			err = walk_take(&w, out);
		else if (!walk_valid(&w))
			err = -ECHILD;
		walk_end(&w);
	} while (unlikely(err == -ECHILD) && walk_again());
	return err;
}

int path_lookup_name(int dirfd, const char *name, unsigned flags, struct path *out)
{
	return path_lookup_at(NULL, dirfd, name, flags, out);
}

int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out)
{
	struct pathname p;
	int err = pathname_kernel(&p, name);

	if (!err)
		err = path_lookup_name(dirfd, p.name, flags, out);
	pathname_put(&p);
	return err;
}

int user_path_at(int dirfd, uaddr_t name, unsigned flags, struct path *out)
{
	struct pathname p;
	int err = pathname_get(&p, name, flags);

	if (!err) {
		err = path_lookup_name(dirfd, p.name, flags, out);
		pathname_put(&p);
	}
	return err;
}

/* The walk ended at the directory of its last name. 0 or -ECHILD. */
static int walk_take_parent(struct walk *w, struct parent *out)
{
	out->last = w->last;
	out->type = w->last_type;
	out->trailing = w->trailing;
	return walk_take(w, &out->path);
}

int path_lookup_create(int dirfd, const char *name, unsigned flags, struct path *out, struct parent *parent)
{
	struct walk w;
	int found;

	do {
		int err;

		found = walk_begin(&w, NULL, dirfd, name, flags | LOOKUP_CREATE);
		if (found < 0)
			err = walk_valid(&w) ? 0 : -ECHILD;
		else
			err = found ? walk_take_parent(&w, parent) : walk_take(&w, out);
		if (err)
			found = err;
		walk_end(&w);
	} while (unlikely(found == -ECHILD) && walk_again());
	return found;
}

int path_parent(const struct path *base, int dirfd, const char *name, unsigned flags, struct parent *out)
{
	struct walk w;
	int err;

	do {
		err = walk_begin(&w, base, dirfd, name, (flags & ~LOOKUP_DIRECTORY) | LOOKUP_PARENT);
		if (!err) {
			err = walk_take_parent(&w, out);
		} else if (!walk_valid(&w)) {
			err = -ECHILD;
		}
		walk_end(&w);
	} while (unlikely(err == -ECHILD) && walk_again());
	return err;
}

/* ---- may a directory be changed? Its lock is held. ---- */

int may_create(struct inode *dir)
{
	if (!dir->nlink)
		return -ENOENT;
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

/* In a sticky directory, only the owner of the file or of the directory removes or renames. */
static int check_sticky(const struct inode *dir, const struct inode *inode)
{
	uid_t uid = current->cred->fsuid;

	if (!(dir->mode & S_ISVTX) || inode->uid == uid || dir->uid == uid || capable(CAP_FOWNER))
		return 0;
	return -EPERM;
}

int may_delete(struct inode *dir, struct dentry *victim, bool isdir)
{
	struct inode *inode = victim->inode;
	int err;

	if (!inode)
		return -ENOENT;
	err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	err = check_sticky(dir, inode);
	if (err)
		return err;
	if (isdir) {
		if (!S_ISDIR(inode->mode))
			return -ENOTDIR;
		if (d_is_root(victim))
			return -EBUSY;
	} else if (S_ISDIR(inode->mode)) {
		return -EISDIR;
	}
	return dir->nlink ? 0 : -ENOENT;
}

int path_create_begin(int dirfd, const char *name, bool directory, struct path *dir, struct dentry **out)
{
	struct parent p;
	struct dentry *d;
	int err = path_parent(NULL, dirfd, name, 0, &p), ro;

	if (err)
		return err;
	if (p.type != LAST_NORM) {
		path_put(&p.path);
		return -EEXIST;
	}
	ro = mnt_want_write(&p.path);
	down_write(&p.path.dentry->inode->lock);
	d = lookup_locked(p.path.dentry, &p.last);
	if (IS_ERR(d))
		err = PTR_ERR(d);
	else if (d->inode)
		err = -EEXIST;
	else if (p.trailing && !directory)
		err = -ENOENT;
	else
		err = ro;
	if (err) {
		if (!IS_ERR(d))
			dput(d);
		up_write(&p.path.dentry->inode->lock);
		path_put(&p.path);
		return err;
	}
	*dir = p.path;
	*out = d;
	return 0;
}

void path_create_end(struct path *dir, struct dentry *d)
{
	up_write(&dir->dentry->inode->lock);
	dput(d);
	path_put(dir);
}

/* ---- names for boot: root's rights, no questions ---- */

static int kernel_create(const char *path, mode_t mode, dev_t dev, const char *target)
{
	struct pathname p;
	struct path dir;
	struct dentry *d;
	struct inode *inode;
	int err = pathname_kernel(&p, path);

	if (!err)
		err = path_create_begin(AT_FDCWD, p.name, S_ISDIR(mode), &dir, &d);
	if (err) {
		pathname_put(&p);
		return err;
	}
	inode = dir.dentry->inode;
	err = -EPERM;
	if (S_ISDIR(mode) && inode->ops->mkdir)
		err = inode->ops->mkdir(inode, d, mode & 07777);
	else if (S_ISLNK(mode) && inode->ops->symlink)
		err = inode->ops->symlink(inode, d, target);
	else if (!S_ISDIR(mode) && !S_ISLNK(mode) && inode->ops->mknod)
		err = inode->ops->mknod(inode, d, mode, dev);
	path_create_end(&dir, d);
	pathname_put(&p);
	return err;
}

int vfs_mkdir(const char *path, mode_t mode)
{
	return kernel_create(path, S_IFDIR | (mode & 07777), 0, NULL);
}

int vfs_mknod(const char *path, mode_t mode, dev_t dev)
{
	return kernel_create(path, mode, dev, NULL);
}

int vfs_symlink(const char *target, const char *path)
{
	return kernel_create(path, S_IFLNK | 0777, 0, target);
}

int vfs_link(const char *old, const char *new)
{
	struct pathname p;
	struct path from, dir;
	struct dentry *d;
	int err = path_lookup(AT_FDCWD, old, 0, &from);

	if (err)
		return err;
	err = pathname_kernel(&p, new);
	if (!err)
		err = path_create_begin(AT_FDCWD, p.name, false, &dir, &d);
	if (!err) {
		err = -EPERM;
		if (dir.mnt == from.mnt && dir.dentry->inode->ops->link && !S_ISDIR(from.dentry->inode->mode))
			err = dir.dentry->inode->ops->link(dir.dentry->inode, d, from.dentry->inode);
		path_create_end(&dir, d);
	}
	pathname_put(&p);
	path_put(&from);
	return err;
}

void namei_init(void)
{
	names_cache = kmem_cache_create("names", PATH_MAX + 8, 8);
	if (!names_cache)
		panic("no memory for path names");
}
