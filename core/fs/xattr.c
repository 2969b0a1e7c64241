// SPDX-License-Identifier: BSD-2-Clause
/*
 * Extended attributes. No file system here stores any yet: what can be asked is answered as a file system
 * that could, and has none; what would have to be stored is not supported.
 */
#include "internal.h"
#include "tmpfs.h"

#include <generated/syscalls.h>

#define XATTR_CREATE 1
#define XATTR_REPLACE 2
#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536

enum xattr_op { XATTR_GET, XATTR_SET, XATTR_REMOVE };

static int get_name(char *name, uaddr_t from)
{
	long n = strncpy_from_user(name, from, XATTR_NAME_MAX + 1);

	if (n < 0)
		return n;
	return n == 0 || n > XATTR_NAME_MAX ? -ERANGE : 0;
}

static bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* Rights by namespace, in Linux's order. */
static long check_namespace(const struct inode *i, const char *name, enum xattr_op op)
{
	if (has_prefix(name, "trusted.") && !capable(CAP_SYS_ADMIN))
		return op == XATTR_GET ? -ENODATA : -EPERM;
	if (has_prefix(name, "user.")) {
		if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
			return op == XATTR_GET ? -ENODATA : -EPERM;
		if (S_ISDIR(i->mode) && (i->mode & S_ISVTX) && op != XATTR_GET && !inode_owner_or_capable(i))
			return -EPERM;
		return inode_permission((struct inode *)i, op == XATTR_GET ? MAY_READ : MAY_WRITE);
	}
	if (has_prefix(name, "security.") && op != XATTR_GET && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	return 0;
}

/* Does the file system know the name's namespace? tmpfs does not know user attributes. */
static bool namespace_known(const struct inode *i, const char *name)
{
	if (i->sb->magic != TMPFS_MAGIC)
		return false;
	return has_prefix(name, "trusted.") || has_prefix(name, "security.") ||
	       !strcmp(name, "system.posix_acl_access") || !strcmp(name, "system.posix_acl_default");
}

/* What is to be set: must be readable, though no file system of ours keeps it. */
struct xattr_value {
	uaddr_t from;
	size_t size;
	int flags;
};

static long check_flags(const struct xattr_value *v)
{
	return v->flags & ~(XATTR_CREATE | XATTR_REPLACE) ? -EINVAL : 0;
}

static long check_value(const struct xattr_value *v)
{
	u8 piece[128];

	if (v->size > XATTR_SIZE_MAX)
		return -E2BIG;
	for (size_t at = 0; at < v->size; at += sizeof(piece))
		if (copy_from_user(piece, v->from + at, min_t(size_t, v->size - at, sizeof(piece))))
			return -EFAULT;
	return 0;
}

/* Linux's order: may one write here, the flags, the name, the value, and then the rights. */
static long do_xattr(const struct path *p, uaddr_t uname, enum xattr_op op, const struct xattr_value *v)
{
	char name[XATTR_NAME_MAX + 2];
	struct inode *i = p->dentry->inode;
	long err = op != XATTR_GET ? mnt_want_write(p) : 0;

	if (!err && v)
		err = check_flags(v);
	if (!err)
		err = get_name(name, uname);
	if (!err && v)
		err = check_value(v);
	if (err)
		return err;
	err = check_namespace(i, name, op);
	if (err)
		return err;
	if (!namespace_known(i, name))
		return -EOPNOTSUPP;
	return op == XATTR_SET ? -EOPNOTSUPP : -ENODATA;
}

static long by_name(uaddr_t path, unsigned lookup, uaddr_t name, enum xattr_op op, const struct xattr_value *v)
{
	struct path p;
	long err = user_path_at(AT_FDCWD, path, lookup, &p);

	if (err)
		return err;
	err = do_xattr(&p, name, op, v);
	path_put(&p);
	return err;
}

static long by_fd(unsigned fd, uaddr_t name, enum xattr_op op, const struct xattr_value *v)
{
	struct fd f = fd_get(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = do_xattr(&f.file->path, name, op, v);
	fd_put(f);
	return err;
}

long sys_setxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t size, int flags)
{
	struct xattr_value v = { value, size, flags };

	return by_name(path, LOOKUP_FOLLOW, name, XATTR_SET, &v);
}

long sys_lsetxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t size, int flags)
{
	struct xattr_value v = { value, size, flags };

	return by_name(path, 0, name, XATTR_SET, &v);
}

long sys_fsetxattr(unsigned fd, uaddr_t name, uaddr_t value, size_t size, int flags)
{
	struct xattr_value v = { value, size, flags };

	return by_fd(fd, name, XATTR_SET, &v);
}

long sys_getxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t size)
{
	return by_name(path, LOOKUP_FOLLOW, name, XATTR_GET, NULL);
}

long sys_lgetxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t size)
{
	return by_name(path, 0, name, XATTR_GET, NULL);
}

long sys_fgetxattr(unsigned fd, uaddr_t name, uaddr_t value, size_t size)
{
	return by_fd(fd, name, XATTR_GET, NULL);
}

long sys_removexattr(uaddr_t path, uaddr_t name)
{
	return by_name(path, LOOKUP_FOLLOW, name, XATTR_REMOVE, NULL);
}

long sys_lremovexattr(uaddr_t path, uaddr_t name)
{
	return by_name(path, 0, name, XATTR_REMOVE, NULL);
}

long sys_fremovexattr(unsigned fd, uaddr_t name)
{
	return by_fd(fd, name, XATTR_REMOVE, NULL);
}

/* The list of what there is: empty. */
static long list_by_name(uaddr_t path, unsigned lookup)
{
	struct path p;
	long err = user_path_at(AT_FDCWD, path, lookup, &p);

	if (!err)
		path_put(&p);
	return err;
}

long sys_listxattr(uaddr_t path, uaddr_t list, size_t size)
{
	return list_by_name(path, LOOKUP_FOLLOW);
}

long sys_llistxattr(uaddr_t path, uaddr_t list, size_t size)
{
	return list_by_name(path, 0);
}

long sys_flistxattr(unsigned fd, uaddr_t list, size_t size)
{
	struct fd f = fd_get(fd);

	if (!f.file)
		return -EBADF;
	fd_put(f);
	return 0;
}
