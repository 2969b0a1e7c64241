// SPDX-License-Identifier: BSD-2-Clause
/*
 * Extended attributes. tmpfs keeps those of the namespaces trusted and security with the inode; of user
 * attributes and ACLs it has none, and takes none.
 */
#include "internal.h"

#include <janus/notify.h>
#include <generated/syscalls.h>
#include <uapi/capability.h>

#define XATTR_CREATE 1
#define XATTR_REPLACE 2
#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536
#define XATTR_LIST_MAX 65536

/* One attribute: its name with the nul, then the value. In inode->xattrs, the newest first. */
struct xattr {
	struct xattr *next;
	size_t name_len, size;
	char name[];
};

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
	if (has_prefix(name, "security.") && op != XATTR_GET &&
	    !capable(strcmp(name, XATTR_NAME_CAPS) ? CAP_SYS_ADMIN : CAP_SETFCAP))
		return -EPERM;
	if (has_prefix(name, "security.") || has_prefix(name, "system.") || has_prefix(name, "trusted."))
		return 0;
	return inode_permission((struct inode *)i, op == XATTR_GET ? MAY_READ : MAY_WRITE);
}

/* tmpfs does not know user attributes. */
static bool namespace_known(const struct inode *i, const char *name)
{
	if (i->sb->magic != TMPFS_MAGIC)
		return false;
	return has_prefix(name, "trusted.") || has_prefix(name, "security.") ||
	       !strcmp(name, "system.posix_acl_access") || !strcmp(name, "system.posix_acl_default");
}

/* ---- the list of an inode ---- */

static u8 *value_of(struct xattr *x)
{
	return (u8 *)x->name + x->name_len;
}

/* Where the attribute hangs, or where the list ends. Inode locked. */
static struct xattr **find(struct inode *i, const char *name)
{
	struct xattr **at = &i->xattrs;

	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	return at;
}

static void drop(struct xattr **at)
{
	struct xattr *x = *at;

	if (!x)
		return;
	*at = x->next;
	kfree(x);
}

void xattrs_free(struct inode *i)
{
	while (i->xattrs)
		drop(&i->xattrs);
}

void xattr_kill_caps(struct inode *i)
{
	drop(find(i, XATTR_NAME_CAPS));
}

ssize_t inode_xattr_get(struct inode *i, const char *name, void *buf, size_t size)
{
	struct xattr *x;
	ssize_t n = -ENODATA;

	down_read(&i->lock);
	x = *find(i, name);
	if (x) {
		n = x->size;
		if (x->size <= size)
			memcpy(buf, value_of(x), x->size);
		else if (size)
			n = -ERANGE;
	}
	up_read(&i->lock);
	return n;
}

/* What is to be set, as the user said it, and then with its name in kernel memory. */
struct xattr_value {
	uaddr_t from;
	size_t size;
	int flags;
	struct xattr *made;
};

static long check_flags(const struct xattr_value *v)
{
	return v->flags & ~(XATTR_CREATE | XATTR_REPLACE) ? -EINVAL : 0;
}

static long read_value(struct xattr_value *v, const char *name)
{
	size_t name_len = strlen(name) + 1;

	if (v->size > XATTR_SIZE_MAX)
		return -E2BIG;
	v->made = kmalloc(sizeof(*v->made) + name_len + v->size, GFP_KERNEL);
	if (!v->made)
		return -ENOMEM;
	*v->made = (struct xattr){ .name_len = name_len, .size = v->size };
	memcpy(v->made->name, name, name_len);
	return copy_from_user(value_of(v->made), v->from, v->size) ? -EFAULT : 0;
}

/* A file's capabilities have a form of their own; those of a user namespace's root, revision 3, are not here. */
static long check_caps(const struct xattr_value *v)
{
	struct vfs_cap_data caps;

	if (!v->size)
		return 0;
	if (v->size != sizeof(caps))
		return -EINVAL;
	memcpy(&caps, value_of(v->made), sizeof(caps));
	if ((caps.magic_etc & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_2)
		return -EINVAL;
	return capable(CAP_SETFCAP) ? 0 : -EPERM;
}

static long set_value(struct inode *i, struct xattr_value *v)
{
	struct xattr **at;
	long err = 0;

	down_write(&i->lock);
	at = find(i, v->made->name);
	if (*at && (v->flags & XATTR_CREATE)) {
		err = -EEXIST;
	} else if (!*at && (v->flags & XATTR_REPLACE)) {
		err = -ENODATA;
	} else {
		if (*at)
			drop(at);
		else
			at = &i->xattrs;
		v->made->next = *at;
		*at = v->made;
		v->made = NULL;
		i->ctime = current_time();
	}
	up_write(&i->lock);
	return err;
}

static long remove_value(struct inode *i, const char *name)
{
	struct xattr **at;
	long err = -ENODATA;

	down_write(&i->lock);
	at = find(i, name);
	if (*at) {
		drop(at);
		i->ctime = current_time();
		err = 0;
	}
	up_write(&i->lock);
	return err;
}

/* ---- the calls ---- */

/* The name is good, a value is read: the rights, and then what is asked. `buf` and its size are a get's. */
static long apply(struct inode *i, const char *name, enum xattr_op op, struct xattr_value *v, u8 *buf, size_t size)
{
	long err = op == XATTR_SET && !strcmp(name, XATTR_NAME_CAPS) ? check_caps(v) : 0;

	if (!err)
		err = check_namespace(i, name, op);
	if (err)
		return err;
	if (!namespace_known(i, name))
		return -EOPNOTSUPP;
	if (!strchr(name, '.')[1])	/* the namespace alone */
		return -EINVAL;
	if (has_prefix(name, "system."))
		return op == XATTR_SET ? -EOPNOTSUPP : -ENODATA;
	switch (op) {
	case XATTR_SET:
		return set_value(i, v);
	case XATTR_REMOVE:
		return remove_value(i, name);
	default:
		return inode_xattr_get(i, name, buf, size);
	}
}

/* Linux's order: may one write here, the flags, the name, the value, and then the rights. */
static long do_xattr(const struct path *p, uaddr_t uname, enum xattr_op op, struct xattr_value *v)
{
	char name[XATTR_NAME_MAX + 2];
	struct inode *i = p->dentry->inode;
	size_t room = op == XATTR_GET ? min_t(size_t, v->size, XATTR_SIZE_MAX) : 0;
	u8 *buf = NULL;
	long n = op != XATTR_GET ? mnt_want_write(p) : 0;

	if (!n && op == XATTR_SET)
		n = check_flags(v);
	if (!n)
		n = get_name(name, uname);
	if (!n && op == XATTR_SET)
		n = read_value(v, name);
	if (!n && room) {
		buf = kmalloc(room, GFP_KERNEL);
		n = buf ? 0 : -ENOMEM;
	}
	if (!n)
		n = apply(i, name, op, v, buf, room);
	if (!n && op != XATTR_GET)
		notify_dentry(p->dentry, IN_ATTRIB);
	if (n > 0 && room && copy_to_user(v->from, buf, n))
		n = -EFAULT;
	kfree(buf);
	if (v)
		kfree(v->made);
	return n;
}

static long by_name(uaddr_t path, unsigned lookup, uaddr_t name, enum xattr_op op, struct xattr_value *v)
{
	struct path p;
	long err = user_path_at(AT_FDCWD, path, lookup, &p);

	if (err)
		return err;
	err = do_xattr(&p, name, op, v);
	path_put(&p);
	return err;
}

static long by_fd(unsigned fd, uaddr_t name, enum xattr_op op, struct xattr_value *v)
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
	struct xattr_value v = { value, size, flags, NULL };

	return by_name(path, LOOKUP_FOLLOW, name, XATTR_SET, &v);
}

long sys_lsetxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t size, int flags)
{
	struct xattr_value v = { value, size, flags, NULL };

	return by_name(path, 0, name, XATTR_SET, &v);
}

long sys_fsetxattr(unsigned fd, uaddr_t name, uaddr_t value, size_t size, int flags)
{
	struct xattr_value v = { value, size, flags, NULL };

	return by_fd(fd, name, XATTR_SET, &v);
}

long sys_getxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t size)
{
	struct xattr_value v = { value, size, 0, NULL };

	return by_name(path, LOOKUP_FOLLOW, name, XATTR_GET, &v);
}

long sys_lgetxattr(uaddr_t path, uaddr_t name, uaddr_t value, size_t size)
{
	struct xattr_value v = { value, size, 0, NULL };

	return by_name(path, 0, name, XATTR_GET, &v);
}

long sys_fgetxattr(unsigned fd, uaddr_t name, uaddr_t value, size_t size)
{
	struct xattr_value v = { value, size, 0, NULL };

	return by_fd(fd, name, XATTR_GET, &v);
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

/* Names with their nuls into buf, which may be too small: how long they are. Others see no trusted ones. */
static size_t list_names(struct inode *i, char *buf, size_t size)
{
	bool trusted = capable(CAP_SYS_ADMIN);
	size_t len = 0;

	down_read(&i->lock);
	for (struct xattr *x = i->xattrs; x; x = x->next) {
		if (!trusted && has_prefix(x->name, "trusted."))
			continue;
		if (len + x->name_len <= size)
			memcpy(buf + len, x->name, x->name_len);
		len += x->name_len;
	}
	up_read(&i->lock);
	return len;
}

static long do_list(const struct path *p, uaddr_t list, size_t size)
{
	size_t room = min_t(size_t, size, XATTR_LIST_MAX), len;
	char *buf = room ? kmalloc(room, GFP_KERNEL) : NULL;
	long n;

	if (room && !buf)
		return -ENOMEM;
	len = list_names(p->dentry->inode, buf, room);
	n = (long)len;
	if (room && len > room)
		n = room == XATTR_LIST_MAX ? -E2BIG : -ERANGE;
	else if (room && len && copy_to_user(list, buf, len))
		n = -EFAULT;
	kfree(buf);
	return n;
}

static long list_by_name(uaddr_t path, unsigned lookup, uaddr_t list, size_t size)
{
	struct path p;
	long n = user_path_at(AT_FDCWD, path, lookup, &p);

	if (n)
		return n;
	n = do_list(&p, list, size);
	path_put(&p);
	return n;
}

long sys_listxattr(uaddr_t path, uaddr_t list, size_t size)
{
	return list_by_name(path, LOOKUP_FOLLOW, list, size);
}

long sys_llistxattr(uaddr_t path, uaddr_t list, size_t size)
{
	return list_by_name(path, 0, list, size);
}

long sys_flistxattr(unsigned fd, uaddr_t list, size_t size)
{
	struct fd f = fd_get(fd);
	long n;

	if (!f.file)
		return -EBADF;
	n = do_list(&f.file->path, list, size);
	fd_put(f);
	return n;
}
