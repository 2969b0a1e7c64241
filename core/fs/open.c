// SPDX-License-Identifier: BSD-2-Clause
/*
 * Opening files.
 */
#include "internal.h"

#include <janus/notify.h>
#include <generated/syscalls.h>

#define VALID_OPEN_FLAGS                                                                            \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | FASYNC | \
	 O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | __O_TMPFILE)
#define PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)
#define FLAGS_NOT_KEPT (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* What open was asked, in the terms of what follows. */
struct open_args {
	unsigned flags;		/* O_* */
	mode_t mode;		/* permission bits of a new file */
	unsigned lookup;	/* LOOKUP_* */
	int acc_mode;		/* MAY_* */
};

static __noinline unsigned lookup_of_resolve(u64 resolve)
{
	static const struct { u32 resolve, lookup; } same[] = {
		{ RESOLVE_NO_XDEV, LOOKUP_NO_XDEV }, { RESOLVE_NO_MAGICLINKS, LOOKUP_NO_MAGICLINKS },
		{ RESOLVE_NO_SYMLINKS, LOOKUP_NO_SYMLINKS }, { RESOLVE_BENEATH, LOOKUP_BENEATH },
		{ RESOLVE_IN_ROOT, LOOKUP_IN_ROOT }, { RESOLVE_CACHED, LOOKUP_CACHED },
	};
	unsigned lookup = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(same); i++)
		if (resolve & same[i].resolve)
			lookup |= same[i].lookup;
	return lookup;
}

static int check_open_how(const struct open_how *how, struct open_args *a)
{
	static const u8 acc[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE };
	unsigned flags = how->flags;

	a->mode = how->mode;
	a->acc_mode = acc[flags & O_ACCMODE];
	a->lookup = 0;
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	if (flags & __O_TMPFILE) {
		if ((flags & (O_TMPFILE | O_CREAT)) != O_TMPFILE || !(a->acc_mode & MAY_WRITE))
			return -EINVAL;
	}
	if (flags & O_PATH)
		a->acc_mode = 0;
	if (flags & __O_SYNC)
		flags |= O_DSYNC;
	if (flags & O_TRUNC)
		a->acc_mode |= MAY_WRITE;
	if (flags & O_DIRECTORY)
		a->lookup |= LOOKUP_DIRECTORY;
	if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
		a->lookup |= LOOKUP_FOLLOW;
	if (unlikely(how->resolve))
		a->lookup |= lookup_of_resolve(how->resolve);
	a->flags = flags;
	return 0;
}

/* open's own flags are forgiving: what is unknown is dropped. */
static int plain_open_how(unsigned flags, mode_t mode, struct open_args *a)
{
	struct open_how how = { .flags = flags & VALID_OPEN_FLAGS, .mode = mode & 07777 };

	if (how.flags & O_PATH)
		how.flags &= PATH_FLAGS;
	if (!(how.flags & (O_CREAT | __O_TMPFILE)))
		how.mode = 0;
	return check_open_how(&how, a);
}

static int may_open(const struct path *p, const struct open_args *a, int acc_mode)
{
	struct inode *inode = p->dentry->inode;
	int err;

	switch (inode->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (acc_mode & MAY_WRITE)
			return -EISDIR;
		if (acc_mode & MAY_EXEC)
			return -EACCES;
		break;
	case S_IFBLK:
	case S_IFCHR:
		if (p->mnt->flags & MS_NODEV)
			return -EACCES;
		break;
	case S_IFREG:
		if ((acc_mode & MAY_EXEC) && (p->mnt->flags & MS_NOEXEC))
			return -EACCES;
		break;
	}
	err = acc_mode ? inode_permission(inode, acc_mode) : 0;
	if (err)
		return err;
	if (unlikely(a->flags & O_NOATIME) && !inode_owner_or_capable(inode))
		return -EPERM;
	return 0;
}

/*
 * A file for p, whose references it takes over, also on failure. The file system's open may put other
 * operations in its place.
 */
static struct file *open_counted(const struct path *p, unsigned flags)
{
	/* The fourth access mode asks for both rights and gives a descriptor for ioctl alone. */
	static const u8 modes[] = { FMODE_READ, FMODE_WRITE, FMODE_READ | FMODE_WRITE, 0 };
	struct file *f = file_alloc();
	struct inode *inode = p->dentry->inode;
	int err = 0;

	if (unlikely(!f)) {
		path_put(p);
		return ERR_PTR(-ENOMEM);
	}
	f->path = *p;
	f->inode = inode;
	f->ops = inode->fops;
	f->flags = flags;			/* all of them, for open to see */
	if (unlikely(flags & O_PATH)) {
		f->flags &= ~FLAGS_NOT_KEPT;
		f->mode = FMODE_PATH;
		return f;
	}
	f->mode = modes[flags & O_ACCMODE] | FMODE_PREAD | FMODE_PWRITE;
	if (S_ISREG(inode->mode) || S_ISDIR(inode->mode))
		f->mode |= FMODE_ATOMIC_POS | FMODE_CAREFUL;
	if ((f->mode & FMODE_WRITE) && S_ISREG(inode->mode)) {
		err = inode_get_write(inode);
		if (!err) {
			f->mode |= FMODE_WRITER;
			err = mnt_want_write(p);	/* now that it is counted: a remount may have come between */
		}
	}
	/* no file system here goes past the page cache; a socket does not open */
	if (!err && (flags & O_DIRECT))
		err = S_ISSOCK(inode->mode) ? -ENXIO : -EINVAL;
	if (!err && f->ops->open)
		err = f->ops->open(inode, f);
	f->flags &= ~FLAGS_NOT_KEPT;
	if (unlikely(err)) {
		if (f->mode & FMODE_WRITER)
			inode_put_write(inode);
		f->mode = FMODE_PATH;	/* nothing but its path is left to let go of */
		file_put(f);
		return ERR_PTR(err);
	}
	if (f->ops->llseek)
		f->mode |= FMODE_LSEEK;
	else
		f->mode &= ~(FMODE_PREAD | FMODE_PWRITE);
	return f;
}

static __noinline int truncate_opened(const struct path *p)
{
	struct kattr attr = { .valid = ATTR_SIZE | ATTR_MTIME | ATTR_OPEN };

	return notify_change(p, &attr);
}

/* p was found or made: check it and open it. Takes over p's references. */
static struct file *open_found(const struct path *p, const struct open_args *a, bool created)
{
	struct inode *inode = p->dentry->inode;
	int acc_mode = created ? 0 : a->acc_mode, err = 0;
	bool truncate = false;
	struct file *f;

	if (unlikely(a->flags & O_PATH))
		return open_counted(p, a->flags);
	if ((a->flags & O_CREAT) && !created) {
		if (a->flags & O_EXCL)
			err = -EEXIST;
		else if (S_ISDIR(inode->mode))
			err = -EISDIR;
	}
	if (!err && (a->lookup & LOOKUP_DIRECTORY) && !S_ISDIR(inode->mode))
		err = -ENOTDIR;
	if (!err && (a->flags & O_TRUNC) && !created && S_ISREG(inode->mode)) {
		truncate = true;
		err = mnt_want_write(p);
	}
	if (!err)
		err = may_open(p, a, acc_mode);
	if (!err && (acc_mode & MAY_WRITE) && (S_ISREG(inode->mode) || S_ISDIR(inode->mode)))
		err = mnt_want_write(p);
	if (unlikely(err)) {
		path_put(p);
		return ERR_PTR(err);
	}
	f = open_counted(p, a->flags);
	if (unlikely(truncate) && !IS_ERR(f)) {
		err = truncate_opened(p);
		if (err) {
			file_put(f);
			return ERR_PTR(err);
		}
	}
	return f;
}

/* dir is locked and `d` negative: make the file. */
static int create_in(const struct path *dir, struct dentry *d, const struct open_args *a)
{
	struct inode *inode = dir->dentry->inode;
	int err = mnt_want_write(dir);

	if (!err)
		err = may_create(inode);
	if (err)
		return err;
	if (!inode->ops->create)
		return -EACCES;
	return inode->ops->create(inode, d, S_IFREG | mode_under_umask(a->mode));
}

/*
 * The last step of an open with O_CREAT, in the directory p->path. 0: *out is counted; 1: a symlink in the
 * way, *out is it; -ECHILD: the name is there and needs an ordinary walk (a mount point).
 */
static int create_step(const struct parent *p, const struct open_args *a, struct path *out, bool *created)
{
	struct inode *dir = p->path.dentry->inode;
	struct dentry *d;
	int err = 0;

	down_write(&dir->lock);
	d = lookup_locked(p->path.dentry, &p->last);
	if (IS_ERR(d)) {
		up_write(&dir->lock);
		return PTR_ERR(d);
	}
	*created = false;
	if (!d->inode) {
		err = create_in(&p->path, d, a);
		*created = !err;
		if (!err)
			notify_name(dir, &d->name, IN_CREATE);
	} else if (d->flags & D_MOUNTED) {
		err = -ECHILD;
	} else if (S_ISLNK(d->inode->mode) && (a->lookup & LOOKUP_FOLLOW)) {
		err = 1;
	}
	up_write(&dir->lock);
	if (err < 0) {
		dput(d);
		return err;
	}
	*out = (struct path){ mnt_get(p->path.mnt), d };
	return err;
}

/* The text of the symlink `link` into `name`. */
static int follow_text(const struct path *link, struct pathname *name)
{
	struct inode *inode = link->dentry->inode;
	char buf[LINK_BUF_SIZE];
	const char *text;

	if (inode->ops->follow)
		return -ELOOP;		/* found by a walk if it can be followed at all */
	text = inode->ops->get_link ? inode->ops->get_link(inode, buf) : inode->link;
	if (IS_ERR(text))
		return PTR_ERR(text);
	return *text ? pathname_kernel(name, text) : -ENOENT;
}

/* O_CREAT, and nothing was there a moment ago, in *p where that is known. */
static struct file *open_create(int dirfd, const char *name, struct parent *p, bool known, const struct open_args *a)
{
	struct pathname text;
	struct path base = { NULL, NULL }, found;
	bool created = false;
	int err = 0;

	text.name = text.text;
	for (int links = 0; ; links++, known = false) {
		if (!known)
			err = path_parent(base.mnt ? &base : NULL, dirfd, name, a->lookup, p);
		if (base.mnt)
			path_put(&base);
		if (err)
			break;
		if (p->type != LAST_NORM || p->trailing)
			err = -EISDIR;
		else
			err = create_step(p, a, &found, &created);
		base = p->path;
		if (err <= 0) {
			path_put(&base);
			break;
		}
		/* A symlink whose target was missing: make that one. */
		pathname_put(&text);
		err = links < WALK_MAX_LINKS ? follow_text(&found, &text) : -ELOOP;
		path_put(&found);
		if (err) {
			path_put(&base);
			break;
		}
		name = text.name;
	}
	pathname_put(&text);
	return err ? ERR_PTR(err) : open_found(&found, a, created);
}

static struct file *open_tmpfile(int dirfd, const char *name, const struct open_args *a)
{
	struct inode *dir, *inode;
	struct path p, file;
	struct dentry *d;
	int err = path_lookup_name(dirfd, name, a->lookup | LOOKUP_DIRECTORY, &p);

	if (err)
		return ERR_PTR(err);
	dir = p.dentry->inode;
	err = mnt_want_write(&p);
	if (!err)
		err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
	if (!err && !dir->ops->tmpfile)
		err = -EOPNOTSUPP;
	inode = err ? NULL : dir->ops->tmpfile(dir, S_IFREG | mode_under_umask(a->mode));
	if (inode && IS_ERR(inode))
		err = PTR_ERR(inode);
	if (!err) {
		char label[24];
		struct qstr q = { .name = label };

		q.len = snprintf(label, sizeof(label), "#%lu", (unsigned long)inode->ino);
		d = d_alloc(p.dentry, &q);	/* not hashed: nobody finds it, but it tells where the file is */
		if (d)
			d->inode = inode;
		else
			inode_put(inode);
		err = d ? 0 : -ENOMEM;
	}
	if (err) {
		path_put(&p);
		return ERR_PTR(err);
	}
	file = (struct path){ mnt_get(p.mnt), d };
	path_put(&p);
	if (a->flags & O_EXCL)
		inode->iflags &= ~IF_LINKABLE;
	return open_counted(&file, a->flags);
}

/* A slash behind its last component, which is none of the dots. */
static bool has_trailing_slash(const char *name)
{
	size_t end = strlen(name), start;

	if (!end || name[end - 1] != '/')
		return false;
	while (end && name[end - 1] == '/')
		end--;
	for (start = end; start && name[start - 1] != '/'; start--)
		;
	return end > start &&
	       !(name[start] == '.' && (end == start + 1 || (end == start + 2 && name[start + 1] == '.')));
}

static __noinline struct file *open_or_create(int dirfd, const char *name, const struct open_args *a)
{
	struct parent parent;
	struct path p;
	struct file *f;
	int err;

	do {
		err = path_lookup_create(dirfd, name, a->lookup, &p, &parent);
		if (!err && unlikely(a->flags & O_EXCL) && has_trailing_slash(name)) {
			path_put(&p);
			err = -EISDIR;	/* of which O_CREAT makes none, rather than EEXIST */
		}
		if (!err)
			return open_found(&p, a, false);
		if (err != 1 && err != -ENOENT && err != -ENOTDIR)
			return ERR_PTR(err);
		f = open_create(dirfd, name, &parent, err == 1, a);
	} while (f == ERR_PTR(-ECHILD) && walk_again());
	return f;
}

static struct file *do_open(int dirfd, const char *name, const struct open_args *a)
{
	struct path p;
	int err;

	if (unlikely(a->flags & __O_TMPFILE))
		return open_tmpfile(dirfd, name, a);
	if (a->flags & O_CREAT)
		return open_or_create(dirfd, name, a);
	err = path_lookup_name(dirfd, name, a->lookup, &p);
	return likely(!err) ? open_found(&p, a, false) : ERR_PTR(err);
}

static long open_user(int dirfd, uaddr_t path, const struct open_args *a)
{
	struct pathname name;
	struct file *f;
	int fd, err = pathname_get(&name, path, 0);

	if (err)
		return err;
	fd = fd_alloc(0, a->flags);
	if (likely(fd >= 0)) {
		f = do_open(dirfd, name.name, a);
		if (likely(!IS_ERR(f))) {
			notify_file(f, IN_OPEN);
			fd_install(fd, f);
		} else {
			fd_release(fd);
			fd = PTR_ERR(f);
		}
	}
	pathname_put(&name);
	return fd;
}

static long open_plain(int dirfd, uaddr_t path, unsigned flags, mode_t mode)
{
	struct open_args a;
	int err = plain_open_how(flags | O_LARGEFILE, mode, &a);

	return err ? err : open_user(dirfd, path, &a);
}

long sys_openat(int dirfd, uaddr_t path, int flags, mode_t mode)
{
	return open_plain(dirfd, path, flags, mode);
}

long sys_open(uaddr_t path, int flags, mode_t mode)
{
	return open_plain(AT_FDCWD, path, flags, mode);
}

long sys_creat(uaddr_t path, mode_t mode)
{
	return open_plain(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

long sys_openat2(int dirfd, uaddr_t path, uaddr_t uhow, size_t usize)
{
	struct open_how how;
	struct open_args a;
	int err;

	if (usize < sizeof(how))
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&how, sizeof(how), uhow, usize);
	if (err)
		return err;
	if (how.flags & ~(u64)VALID_OPEN_FLAGS)
		return -EINVAL;
	if (how.resolve & ~0x3fULL)
		return -EINVAL;
	if ((how.resolve & RESOLVE_BENEATH) && (how.resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if (how.flags & (O_CREAT | __O_TMPFILE) ? how.mode & ~07777ULL : how.mode)
		return -EINVAL;
	if ((how.flags & O_PATH) && (how.flags & ~(u64)PATH_FLAGS))
		return -EINVAL;
	if ((how.resolve & RESOLVE_CACHED) && (how.flags & (O_TRUNC | O_CREAT | __O_TMPFILE)))
		return -EAGAIN;
	if (!(how.flags & O_PATH))
		how.flags |= O_LARGEFILE;
	err = check_open_how(&how, &a);
	return err ? err : open_user(dirfd, path, &a);
}

/* ---- for the kernel itself ---- */

struct file *file_open(const char *path, unsigned flags, mode_t mode)
{
	struct pathname name;
	struct open_args a;
	struct file *f;
	int err = plain_open_how(flags, mode, &a);

	if (!err)
		err = pathname_kernel(&name, path);
	if (err)
		return ERR_PTR(err);
	f = do_open(AT_FDCWD, name.name, &a);
	pathname_put(&name);
	return f;
}

struct file *file_open_path(const struct path *p, unsigned flags)
{
	path_get(p);
	return open_counted(p, flags);
}

/* p can be executed: a file for it. Takes over p's references. */
static struct file *open_exec(const struct path *p)
{
	struct open_args a = { .flags = O_RDONLY };
	struct file *f;
	int err = may_open(p, &a, MAY_EXEC);

	if (!err && !S_ISREG(p->dentry->inode->mode))
		err = -EACCES;
	if (err) {
		path_put(p);
		return ERR_PTR(err);
	}
	f = open_counted(p, O_RDONLY);
	if (!IS_ERR(f))
		notify_file(f, IN_OPEN);
	return f;
}

struct file *file_open_exec_at(int dirfd, uaddr_t path, unsigned at_flags)
{
	unsigned lookup = (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
			  (at_flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct path p;
	int err;

	if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return ERR_PTR(-EINVAL);
	err = user_path_at(dirfd, path, lookup, &p);
	return err ? ERR_PTR(err) : open_exec(&p);
}

struct file *file_open_exec(const char *path)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &p);

	return err ? ERR_PTR(err) : open_exec(&p);
}
