// SPDX-License-Identifier: BSD-2-Clause
/*
 * Directories: reading them, and making and removing names.
 */
#include "internal.h"

#include <janus/notify.h>
#include <generated/syscalls.h>

/* ---- getdents ---- */

struct linux_dirent64 { u64 ino; s64 off; u16 reclen; u8 type; char name[]; };
struct linux_dirent { u64 ino, off; u16 reclen; char name[]; };	/* the type is the last byte of the record */

struct getdents {
	struct dir_context ctx;
	uaddr_t at, last;	/* where the next record goes; the last one written */
	size_t left;
	int error;
	bool old;
};

#define RECORD_MAX ALIGN_UP(offsetof(struct linux_dirent64, name) + NAME_MAX + 2, 8)

/* A record is complete, with the place after it, when it is copied: no second visit to user memory. */
static bool emit_record(struct dir_context *ctx, const char *name, size_t len, loff_t next, ino_t ino, unsigned type)
{
	struct getdents *g = container_of(ctx, struct getdents, ctx);
	u64 record[RECORD_MAX / 8];
	size_t head = g->old ? offsetof(struct linux_dirent, name) : offsetof(struct linux_dirent64, name);
	size_t size = ALIGN_UP(head + len + (g->old ? 2 : 1), 8);

	if (len > NAME_MAX) {
		g->error = -EIO;
		return false;
	}
	if (size > g->left) {
		g->error = -EINVAL;	/* counts only when nothing fitted */
		return false;
	}
	record[size / 8 - 1] = 0;
	record[0] = ino;
	record[1] = next;
	((struct linux_dirent64 *)record)->reclen = size;
	if (g->old)
		((u8 *)record)[size - 1] = type;
	else
		((struct linux_dirent64 *)record)->type = type;
	memcpy((char *)record + head, name, len);
	((char *)record)[head + len] = 0;
	if (copy_to_user(g->at, record, size)) {
		g->error = -EFAULT;
		return false;
	}
	g->at += size;
	g->left -= size;
	return true;
}

static long do_getdents(unsigned fd, uaddr_t buf, unsigned count, bool old)
{
	struct getdents g = { .ctx = { .emit = emit_record }, .at = buf, .left = count, .old = old };
	struct fd f = fd_get(fd);
	struct inode *inode;
	bool locked = false;
	long err;

	if (!f.file)
		return -EBADF;
	inode = f.file->inode;
	err = -ENOTDIR;
	if (f.file->ops->iterate) {
		if (ref_read(&f.file->refs) > 1) {
			mutex_lock(&f.file->pos_lock);
			locked = true;
		}
		down_read(&inode->lock);
		err = -ENOENT;
		if (inode->nlink) {
			err = f.file->ops->iterate(f.file, &g.ctx);
			touch_atime(f.file);
			notify_file(f.file, IN_ACCESS);
		}
		up_read(&inode->lock);
		if (locked)
			mutex_unlock(&f.file->pos_lock);
		if (g.at != buf)
			err = g.at - buf;
		else if (!err)
			err = g.error;
	}
	fd_put(f);
	return err;
}

long sys_getdents64(unsigned fd, uaddr_t dirent, unsigned count)
{
	return do_getdents(fd, dirent, count, false);
}

long sys_getdents(unsigned fd, uaddr_t dirent, unsigned count)
{
	return do_getdents(fd, dirent, count, true);
}

/* ---- making names ---- */

/* dir is locked, d negative: what mkdir, mknod and symlink check. */
static int check_create(const struct path *dir)
{
	return may_create(dir->dentry->inode);
}

long sys_mkdirat(int dirfd, uaddr_t path, mode_t mode)
{
	struct pathname name;
	struct path dir;
	struct dentry *d;
	int err = pathname_get(&name, path, 0);

	if (err)
		return err;
	err = path_create_begin(dirfd, name.name, true, &dir, &d);
	if (!err) {
		struct inode *inode = dir.dentry->inode;

		err = check_create(&dir);
		if (!err)
			err = inode->ops->mkdir ? inode->ops->mkdir(inode, d, mode_under_umask(mode & 01777)) : -EPERM;
		if (!err)
			notify_name(inode, &d->name, IN_CREATE | IN_ISDIR);
		path_create_end(&dir, d);
	}
	pathname_put(&name);
	return err;
}

long sys_mkdir(uaddr_t path, mode_t mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

static int check_mknod(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK: case 0:
		return 0;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

static int mknod_in(const struct path *dir, struct dentry *d, mode_t mode, unsigned dev)
{
	struct inode *inode = dir->dentry->inode;
	int err = check_create(dir);

	if (err)
		return err;
	/* Character device 0, 0 is a whiteout, which opens nothing. */
	if ((S_ISBLK(mode) || (S_ISCHR(mode) && dev)) && !capable(CAP_MKNOD))
		return -EPERM;
	if (S_ISREG(mode))
		return inode->ops->create ? inode->ops->create(inode, d, mode) : -EACCES;
	return inode->ops->mknod ? inode->ops->mknod(inode, d, mode, dev) : -EPERM;
}

long sys_mknodat(int dirfd, uaddr_t path, mode_t mode, unsigned dev)
{
	struct pathname name;
	struct path dir;
	struct dentry *d;
	int err = check_mknod(mode);

	if (err)
		return err;
	err = pathname_get(&name, path, 0);
	if (err)
		return err;
	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	err = path_create_begin(dirfd, name.name, false, &dir, &d);
	if (!err) {
		err = mknod_in(&dir, d, (mode & S_IFMT) | mode_under_umask(mode & 07777), dev);
		if (!err)
			notify_name(dir.dentry->inode, &d->name, IN_CREATE);
		path_create_end(&dir, d);
	}
	pathname_put(&name);
	return err;
}

long sys_mknod(uaddr_t path, mode_t mode, unsigned dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

long sys_symlinkat(uaddr_t target, int dirfd, uaddr_t path)
{
	struct pathname text, name;
	struct path dir;
	struct dentry *d;
	int err = pathname_get(&text, target, 0);

	if (err)
		return err;
	err = pathname_get(&name, path, 0);
	if (!err) {
		err = path_create_begin(dirfd, name.name, false, &dir, &d);
		if (!err) {
			struct inode *inode = dir.dentry->inode;

			err = check_create(&dir);
			if (!err)
				err = inode->ops->symlink ? inode->ops->symlink(inode, d, text.name) : -EPERM;
			if (!err)
				notify_name(inode, &d->name, IN_CREATE);
			path_create_end(&dir, d);
		}
		pathname_put(&name);
	}
	pathname_put(&text);
	return err;
}

long sys_symlink(uaddr_t target, uaddr_t path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

/* Without rights over a file, one may link it only if it is plain and one may write it. */
static int may_link(const struct inode *inode)
{
	struct inode *i = (struct inode *)inode;

	if (!protected_hardlinks || inode_owner_or_capable(inode))
		return 0;
	if (!S_ISREG(i->mode) || (i->mode & S_ISUID) || (i->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		return -EPERM;
	return inode_permission(i, MAY_READ | MAY_WRITE) ? -EPERM : 0;
}

static int link_in(const struct path *dir, struct dentry *d, const struct path *from)
{
	struct inode *inode = from->dentry->inode, *parent = dir->dentry->inode;
	int err;

	if (dir->mnt != from->mnt)
		return -EXDEV;
	err = may_link(inode);
	if (!err)
		err = check_create(dir);
	if (err)
		return err;
	if (!parent->ops->link || S_ISDIR(inode->mode))
		return -EPERM;
	down_write(&inode->lock);
	/* The last name may have gone meanwhile; one made by O_TMPFILE never had one. */
	if (!inode->nlink && !(inode->iflags & IF_LINKABLE))
		err = -ENOENT;
	else
		err = parent->ops->link(parent, d, inode);
	if (!err)
		inode->iflags &= ~IF_LINKABLE;
	up_write(&inode->lock);
	if (!err) {
		notify_inode(inode, IN_ATTRIB);		/* its number of names */
		notify_name(parent, &d->name, IN_CREATE);
	}
	return err;
}

long sys_linkat(int olddirfd, uaddr_t oldname, int newdirfd, uaddr_t newname, int flags)
{
	unsigned lookup = (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct pathname name;
	struct path from, dir;
	struct dentry *d;
	int err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !capable(CAP_DAC_READ_SEARCH))
		return -ENOENT;
	err = user_path_at(olddirfd, oldname, lookup, &from);
	if (err)
		return err;
	err = pathname_get(&name, newname, 0);
	if (!err) {
		err = path_create_begin(newdirfd, name.name, false, &dir, &d);
		if (!err) {
			err = link_in(&dir, d, &from);
			path_create_end(&dir, d);
		}
		pathname_put(&name);
	}
	path_put(&from);
	return err;
}

long sys_link(uaddr_t oldname, uaddr_t newname)
{
	return sys_linkat(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}

/* ---- removing names ---- */

static int remove_locked(struct inode *dir, struct dentry *d, bool isdir, bool trailing)
{
	struct inode *inode = d->inode;
	int err;

	if (!inode)
		return -ENOENT;
	if (trailing && !isdir)
		return S_ISDIR(inode->mode) ? -EISDIR : -ENOTDIR;
	err = may_delete(dir, d, isdir);
	if (err)
		return err;
	if (!(isdir ? dir->ops->rmdir : dir->ops->unlink))
		return -EPERM;
	inode_get(inode);
	down_write(&inode->lock);
	if (d->flags & D_MOUNTED)
		err = -EBUSY;
	else
		err = isdir ? dir->ops->rmdir(dir, d) : dir->ops->unlink(dir, d);
	up_write(&inode->lock);
	if (!err) {
		if (!isdir)
			notify_inode(inode, IN_ATTRIB);
		d_delete(d);
		notify_name(dir, &d->name, IN_DELETE | (isdir ? IN_ISDIR : 0));
	}
	inode_put(inode);	/* the contents go with no lock of the directory's files held */
	return err;
}

static int remove_name(int dirfd, const char *name, bool isdir)
{
	struct parent p;
	struct dentry *d;
	struct inode *dir;
	int err = path_parent(NULL, dirfd, name, 0, &p);

	if (err)
		return err;
	dir = p.path.dentry->inode;
	if (p.type != LAST_NORM) {
		err = !isdir ? -EISDIR : p.type == LAST_DOT ? -EINVAL : p.type == LAST_DOTDOT ? -ENOTEMPTY : -EBUSY;
		path_put(&p.path);
		return err;
	}
	err = mnt_want_write(&p.path);
	if (!err) {
		down_write(&dir->lock);
		d = lookup_locked(p.path.dentry, &p.last);
		err = IS_ERR(d) ? PTR_ERR(d) : remove_locked(dir, d, isdir, p.trailing);
		up_write(&dir->lock);
		if (!IS_ERR(d))
			dput(d);
	}
	path_put(&p.path);
	return err;
}

static long remove_user(int dirfd, uaddr_t path, bool isdir)
{
	struct pathname name;
	int err = pathname_get(&name, path, 0);

	if (err)
		return err;
	err = remove_name(dirfd, name.name, isdir);
	pathname_put(&name);
	return err;
}

int vfs_unlink(const char *path)
{
	struct pathname name;
	int err = pathname_kernel(&name, path);

	if (!err)
		err = remove_name(AT_FDCWD, name.name, false);
	pathname_put(&name);
	return err;
}

long sys_unlinkat(int dirfd, uaddr_t path, int flag)
{
	if (flag & ~AT_REMOVEDIR)
		return -EINVAL;
	return remove_user(dirfd, path, flag & AT_REMOVEDIR);
}

long sys_unlink(uaddr_t path)
{
	return remove_user(AT_FDCWD, path, false);
}

long sys_rmdir(uaddr_t path)
{
	return remove_user(AT_FDCWD, path, true);
}

/* ---- readlink ---- */

static long readlink_path(const struct path *p, uaddr_t buf, int size)
{
	struct inode *inode = p->dentry->inode;
	char link_buf[LINK_BUF_SIZE], *page = NULL;
	const char *text;
	long n;

	if (!S_ISLNK(inode->mode))
		return -EINVAL;
	touch_atime_at(p->mnt, inode);
	if (inode->ops->readlink) {
		page = kmalloc(PATH_MAX, GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		n = inode->ops->readlink(inode, page, PATH_MAX);
		text = page;
	} else {
		text = inode->ops->get_link ? inode->ops->get_link(inode, link_buf) : inode->link;
		n = IS_ERR(text) ? PTR_ERR(text) : (long)strlen(text);
	}
	if (n >= 0) {
		n = min_t(long, n, size);
		if (copy_to_user(buf, text, n))
			n = -EFAULT;
	}
	kfree(page);
	return n;
}

long sys_readlinkat(int dirfd, uaddr_t path, uaddr_t buf, int bufsiz)
{
	struct pathname name;
	struct path p;
	long n;

	if (bufsiz <= 0)
		return -EINVAL;
	n = pathname_get(&name, path, LOOKUP_EMPTY);
	if (n)
		return n;
	n = path_lookup_name(dirfd, name.name, LOOKUP_EMPTY, &p);
	if (!n) {
		/* "" means a descriptor of a symlink, opened with O_PATH; of anything else it is a wrong name. */
		if (!*name.name && !S_ISLNK(p.dentry->inode->mode))
			n = -ENOENT;
		else
			n = readlink_path(&p, buf, bufsiz);
		path_put(&p);
	}
	pathname_put(&name);
	return n;
}

long sys_readlink(uaddr_t path, uaddr_t buf, int bufsiz)
{
	return sys_readlinkat(AT_FDCWD, path, buf, bufsiz);
}
