// SPDX-License-Identifier: BSD-2-Clause
/*
 * Changing what a file is: modes, owners, times, size.
 */
#include "internal.h"

#include <janus/notify.h>
#include <generated/syscalls.h>
#include <janus/signal.h>

int simple_setattr(struct inode *i, const struct kattr *a)
{
	if (a->valid & ATTR_SIZE) {
		bool grows = a->size > i->size;

		i->size = a->size;
		if (!grows)	/* nor may what a mapping left behind the end come back */
			mapping_truncate(&i->mapping, a->size, UINT64_MAX);
	}
	if (a->valid & ATTR_UID)
		i->uid = a->uid;
	if (a->valid & ATTR_GID)
		i->gid = a->gid;
	if (a->valid & ATTR_MODE)
		i->mode = (i->mode & S_IFMT) | (a->mode & 07777);
	if (a->valid & ATTR_ATIME)
		i->atime = a->atime;
	if (a->valid & ATTR_MTIME)
		i->mtime = a->mtime;
	i->ctime = current_time();
	return 0;
}

/* What setuid and setgid bits become when a file changes hands or contents. */
static mode_t without_privs(const struct inode *i)
{
	mode_t mode = i->mode & ~S_ISUID;

	/* Without group execution the bit once meant locks; only the group, or one who may set it, keeps it. */
	if ((mode & S_ISGID) && ((mode & S_IXGRP) || (!in_group(i->gid) && !capable(CAP_FSETID))))
		mode &= ~S_ISGID;
	return mode;
}

void file_remove_privs(struct dentry *d)
{
	struct inode *i = d->inode;

	if (unlikely(i->xattrs))
		xattr_kill_caps(i);
	if (likely(!(i->mode & (S_ISUID | S_ISGID))) || !S_ISREG(i->mode) || capable(CAP_FSETID))
		return;
	i->mode = without_privs(i);
	notify_dentry(d, IN_ATTRIB);
}

static int may_chown(const struct inode *i, const struct kattr *a)
{
	uid_t me = current->cred->fsuid;

	if (capable(CAP_CHOWN))
		return 0;
	if ((a->valid & ATTR_UID) && (me != i->uid || a->uid != i->uid))
		return -EPERM;
	if ((a->valid & ATTR_GID) && (me != i->uid || (a->gid != i->gid && !in_group(a->gid))))
		return -EPERM;
	return 0;
}

/* Inode locked: may current do this? May change a->mode. */
static int may_change(struct inode *i, struct kattr *a)
{
	int err;

	if (a->valid & (ATTR_UID | ATTR_GID)) {
		err = may_chown(i, a);
		if (err)
			return err;
	}
	if (a->valid & ATTR_MODE) {
		if (!inode_owner_or_capable(i))
			return -EPERM;
		if (!in_group(a->valid & ATTR_GID ? a->gid : i->gid) && !capable(CAP_FSETID))
			a->mode &= ~S_ISGID;
	}
	if ((a->valid & (ATTR_ATIME_SET | ATTR_MTIME_SET | ATTR_OWNER)) && !inode_owner_or_capable(i))
		return -EPERM;
	if ((a->valid & ATTR_TIMES_NOW) && !inode_owner_or_capable(i))
		return inode_permission(i, MAY_WRITE);
	return 0;
}

int inode_size_allowed(const struct inode *i, s64 size)
{
	if (size <= i->size)
		return 0;
	if ((u64)size > rlimit(RLIMIT_FSIZE)) {
		signal_send_thread(current, SIGXFSZ, NULL);
		return -EFBIG;
	}
	return (u64)size > i->sb->max_bytes ? -EFBIG : 0;
}

static int check_size(const struct inode *i, s64 size)
{
	int err = inode_size_allowed(i, size);

	if (err)
		return err;
	if ((size < i->size && (i->seals & F_SEAL_SHRINK)) || (size > i->size && (i->seals & F_SEAL_GROW)))
		return -EPERM;
	return 0;
}

static void tell_watchers(struct dentry *d, u32 valid)
{
	u32 mask = valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? IN_ATTRIB : 0;

	if (valid & ATTR_SIZE)
		mask |= IN_MODIFY;
	/* Both times are somebody's touch; one alone is what an access or a change would have done. */
	if ((valid & (ATTR_ATIME | ATTR_MTIME)) == (ATTR_ATIME | ATTR_MTIME))
		mask |= IN_ATTRIB;
	else if (valid & (ATTR_ATIME | ATTR_MTIME))
		mask |= valid & ATTR_ATIME ? IN_ACCESS : IN_MODIFY;
	if (mask)
		notify_dentry(d, mask);
}

int notify_change(const struct path *p, struct kattr *a)
{
	struct inode *i = p->dentry->inode;
	struct timespec now = current_time();
	int err;

	if (!a->valid)
		return 0;
	err = mnt_want_write(p);
	if (err)
		return err;
	down_write(&i->lock);
	if ((a->valid & ATTR_ATIME) && !(a->valid & ATTR_ATIME_SET))
		a->atime = now;
	if ((a->valid & ATTR_MTIME) && !(a->valid & ATTR_MTIME_SET))
		a->mtime = now;
	if ((a->valid & ATTR_KILL_PRIV) && !S_ISDIR(i->mode) && (i->mode & (S_ISUID | S_ISGID))) {
		a->valid |= ATTR_MODE;
		a->mode = without_privs(i);
	}
	err = may_change(i, a);
	if (!err && (a->valid & ATTR_KILL_PRIV) && !S_ISDIR(i->mode))
		xattr_kill_caps(i);
	if (!err && (a->valid & ATTR_SIZE)) {
		err = check_size(i, a->size);
		if (!err)
			file_remove_privs(p->dentry);
	}
	if (!err)
		err = i->ops->setattr ? i->ops->setattr(i, a) : simple_setattr(i, a);
	up_write(&i->lock);
	if (!err)
		tell_watchers(p->dentry, a->valid);
	return err;
}

/* ---- chmod, chown ---- */

static long change_fd(unsigned fd, struct kattr *a)
{
	struct fd f = fd_get(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = notify_change(&f.file->path, a);
	fd_put(f);
	return err;
}

static long change_name(int dirfd, uaddr_t name, unsigned lookup, struct kattr *a)
{
	struct path p;
	long err = user_path_at(dirfd, name, lookup, &p);

	if (err)
		return err;
	err = notify_change(&p, a);
	path_put(&p);
	return err;
}

static struct kattr mode_attr(mode_t mode)
{
	return (struct kattr){ .valid = ATTR_MODE, .mode = mode & 07777 };
}

/* The setuid bits go, whoever changes the owner. -1 leaves one of the two alone. */
static struct kattr owner_attr(uid_t uid, gid_t gid)
{
	struct kattr a = { .valid = ATTR_KILL_PRIV, .uid = uid, .gid = gid };

	if (uid != (uid_t)-1)
		a.valid |= ATTR_UID;
	if (gid != (gid_t)-1)
		a.valid |= ATTR_GID;
	return a;
}

long sys_fchmod(unsigned fd, mode_t mode)
{
	struct kattr a = mode_attr(mode);

	return change_fd(fd, &a);
}

long sys_fchmodat(int dirfd, uaddr_t path, mode_t mode)
{
	struct kattr a = mode_attr(mode);

	return change_name(dirfd, path, LOOKUP_FOLLOW, &a);
}

long sys_chmod(uaddr_t path, mode_t mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

long sys_fchown(unsigned fd, uid_t uid, gid_t gid)
{
	struct kattr a = owner_attr(uid, gid);

	return change_fd(fd, &a);
}

long sys_fchownat(int dirfd, uaddr_t path, uid_t uid, gid_t gid, int flag)
{
	struct kattr a = owner_attr(uid, gid);

	if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_name(dirfd, path, (flag & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
					(flag & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), &a);
}

long sys_chown(uaddr_t path, uid_t uid, gid_t gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(uaddr_t path, uid_t uid, gid_t gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

/* ---- times ---- */

/* times: NULL for now, else access and modification time. */
static int times_attr(const struct timespec *t, struct kattr *a)
{
	a->valid = ATTR_ATIME | ATTR_MTIME;
	if (!t || (t[0].tv_nsec == UTIME_NOW && t[1].tv_nsec == UTIME_NOW)) {
		a->valid |= ATTR_TIMES_NOW;
		return 0;
	}
	for (int i = 0; i < 2; i++)
		if (t[i].tv_nsec != UTIME_NOW && t[i].tv_nsec != UTIME_OMIT && (u64)t[i].tv_nsec >= NSEC_PER_SEC)
			return -EINVAL;
	if (t[0].tv_nsec == UTIME_OMIT)
		a->valid &= ~ATTR_ATIME;
	else if (t[0].tv_nsec != UTIME_NOW)
		a->valid |= ATTR_ATIME_SET;
	if (t[1].tv_nsec == UTIME_OMIT)
		a->valid &= ~ATTR_MTIME;
	else if (t[1].tv_nsec != UTIME_NOW)
		a->valid |= ATTR_MTIME_SET;
	/* One of them now, the other not: only the owner may. */
	if (!(a->valid & (ATTR_ATIME_SET | ATTR_MTIME_SET)) && a->valid)
		a->valid |= ATTR_OWNER;
	a->atime = t[0];
	a->mtime = t[1];
	return 0;
}

static long do_utimes(int dirfd, uaddr_t path, const struct timespec *t, int flags)
{
	unsigned lookup =
		(flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct kattr a;
	int err = times_attr(t, &a);
	long found;

	/* Wrong times are told after a wrong name or descriptor: then nothing is changed. */
	if (err)
		a = (struct kattr){ .valid = 0 };
	if (!path && dirfd != AT_FDCWD)
		found = flags ? -EINVAL : change_fd(dirfd, &a);
	else if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		found = -EINVAL;
	else
		found = change_name(dirfd, path, lookup, &a);
	return found ? found : err;
}

long sys_utimensat(int dirfd, uaddr_t path, uaddr_t times, int flags)
{
	struct timespec t[2];

	if (times) {
		if (copy_struct_in(&t, times))
			return -EFAULT;
		if (t[0].tv_nsec == UTIME_OMIT && t[1].tv_nsec == UTIME_OMIT)
			return 0;
	}
	return do_utimes(dirfd, path, times ? t : NULL, flags);
}

long sys_futimesat(int dirfd, uaddr_t path, uaddr_t times)
{
	struct timeval v[2];
	struct timespec t[2];

	if (!times)
		return do_utimes(dirfd, path, NULL, 0);
	if (copy_struct_in(&v, times))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (v[i].tv_usec >= 1000000 || v[i].tv_usec < 0)
			return -EINVAL;
		t[i] = (struct timespec){ v[i].tv_sec, v[i].tv_usec * 1000 };
	}
	return do_utimes(dirfd, path, t, 0);
}

long sys_utimes(uaddr_t path, uaddr_t times)
{
	return sys_futimesat(AT_FDCWD, path, times);
}

long sys_utime(uaddr_t path, uaddr_t times)
{
	struct utimbuf u;
	struct timespec t[2];

	if (!times)
		return do_utimes(AT_FDCWD, path, NULL, 0);
	if (copy_struct_in(&u, times))
		return -EFAULT;
	t[0] = (struct timespec){ u.actime, 0 };
	t[1] = (struct timespec){ u.modtime, 0 };
	return do_utimes(AT_FDCWD, path, t, 0);
}

/* ---- size ---- */

static int do_truncate(const struct path *p, s64 length)
{
	struct kattr a = { .valid = ATTR_SIZE | ATTR_MTIME, .size = length };

	return notify_change(p, &a);
}

long sys_truncate(uaddr_t path, long length)
{
	struct inode *inode;
	struct path p;
	int err;

	if (length < 0)
		return -EINVAL;
	err = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	inode = p.dentry->inode;
	if (S_ISDIR(inode->mode))
		err = -EISDIR;
	else if (!S_ISREG(inode->mode))
		err = -EINVAL;
	if (!err)
		err = mnt_want_write(&p);
	if (!err)
		err = inode_permission(inode, MAY_WRITE);
	if (!err)
		err = inode_get_write(inode);
	if (!err) {
		err = do_truncate(&p, length);
		inode_put_write(inode);
	}
	path_put(&p);
	return err;
}

long sys_ftruncate(unsigned fd, unsigned long length)
{
	struct fd f;
	long err;

	if ((long)length < 0)
		return -EINVAL;
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	if (!S_ISREG(f.file->inode->mode) || !(f.file->mode & FMODE_WRITE))
		err = -EINVAL;
	else
		err = do_truncate(&f.file->path, length);
	fd_put(f);
	return err;
}

#define FALLOC_KNOWN (FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE | \
		      FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE)

/* Which modes go together, whatever the file is. */
static long check_falloc_mode(int mode)
{
	int deed = mode & ~FALLOC_FL_KEEP_SIZE;

	if (mode & ~FALLOC_KNOWN)
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && (!(mode & FALLOC_FL_KEEP_SIZE) || mode & FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_COLLAPSE_RANGE && mode != FALLOC_FL_COLLAPSE_RANGE) ||
	    (mode & FALLOC_FL_INSERT_RANGE && mode != FALLOC_FL_INSERT_RANGE) ||
	    (mode & FALLOC_FL_UNSHARE_RANGE && deed != FALLOC_FL_UNSHARE_RANGE))
		return -EINVAL;
	return 0;
}

static long do_fallocate(struct file *f, int mode, loff_t offset, loff_t len)
{
	long err;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	err = check_falloc_mode(mode);
	if (err)
		return err;
	if (!(f->mode & FMODE_WRITE))
		return -EBADF;
	if (S_ISFIFO(f->inode->mode))
		return -ESPIPE;
	if (S_ISDIR(f->inode->mode))
		return -EISDIR;
	if (!S_ISREG(f->inode->mode) && !S_ISBLK(f->inode->mode))
		return -ENODEV;
	if (offset + (u64)len > f->inode->sb->max_bytes)
		return -EFBIG;
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	err = f->ops->fallocate(f, mode, offset, len);
	if (!err)
		notify_file(f, IN_MODIFY);
	return err;
}

long sys_fallocate(unsigned fd, int mode, loff_t offset, loff_t len)
{
	struct fd f = fd_get(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = do_fallocate(f.file, mode, offset, len);
	fd_put(f);
	return err;
}

/* ---- access ---- */

/* access(2) asks for the real user. Capabilities follow: all of the permitted ones for root, else none. */
static struct cred *real_cred(void)
{
	const struct cred *c = current->cred;
	struct cred *real;

	if (c->fsuid == c->uid && c->fsgid == c->gid &&
	    c->cap_effective == (c->uid ? 0 : c->cap_permitted))
		return NULL;
	real = cred_copy();
	if (!real)
		return ERR_PTR(-ENOMEM);
	real->fsuid = real->uid;
	real->fsgid = real->gid;
	real->cap_effective = real->uid ? 0 : real->cap_permitted;
	return real;
}

static int check_access(int dirfd, uaddr_t path, int mode, unsigned lookup)
{
	struct inode *inode;
	struct path p;
	int err = user_path_at(dirfd, path, lookup, &p);

	if (err)
		return err;
	inode = p.dentry->inode;
	if ((mode & MAY_EXEC) && S_ISREG(inode->mode) && (p.mnt->flags & MS_NOEXEC))
		err = -EACCES;
	if (!err && mode)
		err = inode_permission(inode, mode);
	if (!err && (mode & MAY_WRITE) && (S_ISREG(inode->mode) || S_ISDIR(inode->mode) || S_ISLNK(inode->mode)))
		err = mnt_want_write(&p);
	path_put(&p);
	return err;
}

long sys_faccessat2(int dirfd, uaddr_t path, int mode, int flags)
{
	const struct cred *saved = current->cred;
	struct cred *real = NULL;
	int err;

	if (mode & ~7)
		return -EINVAL;
	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!(flags & AT_EACCESS))
		real = real_cred();
	if (IS_ERR(real))
		return PTR_ERR(real);
	if (real)
		current->cred = real;
	err = check_access(dirfd, path, mode, (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
					      (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
	if (real) {
		current->cred = saved;
		cred_put(real);
	}
	return err;
}

long sys_faccessat(int dirfd, uaddr_t path, int mode)
{
	return sys_faccessat2(dirfd, path, mode, 0);
}

long sys_access(uaddr_t path, int mode)
{
	return sys_faccessat2(AT_FDCWD, path, mode, 0);
}
