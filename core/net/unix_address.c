// SPDX-License-Identifier: BSD-2-Clause
/*
 * Names of unix sockets: a path, an abstract string, or none. Source: unix(7).
 */
#include "unix.h"
#include <janus/printk.h>

#define BUCKETS 64

static spinlock_t names_lock = SPINLOCK_INIT;
static struct unix_sock *bound[BUCKETS];	/* [names_lock] by bound_next */

static struct unix_sock **bucket_of_inode(const struct inode *inode)
{
	return &bound[(inode->ino ^ (unsigned long)inode >> 8) % BUCKETS];
}

static struct unix_sock **bucket_of_name(const char *path, int len)
{
	u32 hash = 0;

	for (int i = 0; i < len; i++)
		hash = hash * 31 + (u8)path[i];
	return &bound[hash % BUCKETS];
}

static bool is_abstract(const struct unix_address *a) { return !a->name.path[0]; }

static struct unix_sock **bucket_of(const struct unix_sock *u)
{
	const struct unix_address *a = u->address;

	return is_abstract(a) ? bucket_of_name(a->name.path, a->len - UNIX_NAME_OFFSET)
			      : bucket_of_inode(u->path.dentry->inode);
}

/* Under names_lock. Each type has abstract names of its own. */
static struct unix_sock *find_abstract(const char *path, int len, int type)
{
	for (struct unix_sock *u = *bucket_of_name(path, len); u; u = u->bound_next)
		if (u->socket.type == type && is_abstract(u->address) && u->address->len == len + UNIX_NAME_OFFSET &&
		    !memcmp(u->address->name.path, path, (size_t)len))
			return u;
	return NULL;
}

static struct unix_sock *find_inode(const struct inode *inode)
{
	for (struct unix_sock *u = *bucket_of_inode(inode); u; u = u->bound_next)
		if (!is_abstract(u->address) && u->path.dentry->inode == inode)
			return u;
	return NULL;
}

/* Give u the name, if an abstract one is free: 0 or -EADDRINUSE. Under state_mutex; takes the address over on
 * success. */
static int publish(struct unix_sock *u, struct unix_address *a, const struct path *path)
{
	struct unix_sock **bucket;

	GUARD(spin, &names_lock);
	if (is_abstract(a) && find_abstract(a->name.path, a->len - UNIX_NAME_OFFSET, u->socket.type))
		return -EADDRINUSE;
	if (path)
		u->path = *path;
	__atomic_store_n(&u->address, a, __ATOMIC_RELEASE);
	bucket = bucket_of(u);
	u->bound_next = *bucket;
	*bucket = u;
	return 0;
}

void unix_unbind(struct unix_sock *u)
{
	if (!u->address || (!is_abstract(u->address) && !u->path.dentry))
		return;		/* unnamed, or an accepted one with its listener's name */
	GUARD(spin, &names_lock);
	for (struct unix_sock **p = bucket_of(u); *p; p = &(*p)->bound_next) {
		if (*p == u) {
			*p = u->bound_next;
			return;
		}
	}
}

int unix_check_address(const struct sockaddr_storage *addr, int len)
{
	if (len <= UNIX_NAME_OFFSET || len > UNIX_NAME_OFFSET + UNIX_PATH_MAX || addr->family != AF_UNIX)
		return -EINVAL;
	return 0;
}

static struct unix_address *make_address(const char *path, int len)
{
	struct unix_address *a = kzalloc(sizeof(*a), GFP_KERNEL);

	if (!a)
		return NULL;
	ref_set(&a->refs, 1);
	a->name.family = AF_UNIX;
	memcpy(a->name.path, path, (size_t)len);
	a->len = UNIX_NAME_OFFSET + len;
	if (path[0])	/* up to its NUL, which counts */
		a->len = UNIX_NAME_OFFSET + (int)strlen(a->name.path) + 1;
	return a;
}

/* Five hexadecimal digits that nobody has. */
int unix_autobind(struct unix_sock *u)
{
	static u32 next;	/* [S] */
	struct unix_address *a;
	int err = -EADDRINUSE;
	char name[8] = "";

	GUARD(mutex, &unix_state_mutex);
	if (u->address)
		return 0;
	a = make_address(name, 6);
	if (!a)
		return -ENOMEM;
	for (u32 tries = 0; err && tries < 0x100000; tries++) {
		snprintf(name + 1, 6, "%05x", next++ & 0xfffff);
		memcpy(a->name.path, name, 6);
		err = publish(u, a, NULL);
	}
	if (err)
		kfree(a);
	return err == -EADDRINUSE ? -ENOSPC : err;
}

int unix_bind(struct socket *s, const struct sockaddr_storage *addr, int len)
{
	struct unix_sock *u = unix_of(s);
	struct unix_address *a;
	struct path path;
	int err;

	if (len == UNIX_NAME_OFFSET && addr->family == AF_UNIX)
		return unix_autobind(u);
	err = unix_check_address(addr, len);
	if (err)
		return err;
	a = make_address(addr->data, len - UNIX_NAME_OFFSET);
	if (!a)
		return -ENOMEM;
	if (!is_abstract(a)) {
		/* An address stays once it is set: asking first leaves no node behind but in a race. */
		if (READ_ONCE(u->address)) {
			err = socknode_create(a->name.path, 0777, NULL) ?: -EINVAL;
			goto free;
		}
		err = socknode_create(a->name.path, 0777, &path);
		if (err)
			goto free;
	}
	mutex_lock(&unix_state_mutex);
	err = u->address ? -EINVAL : publish(u, a, is_abstract(a) ? NULL : &path);
	mutex_unlock(&unix_state_mutex);
	if (!err)
		return 0;
	if (!is_abstract(a))
		path_put(&path);	/* another thread's bind was first: the node stays, as a name of nobody */
free:
	kfree(a);
	return err;
}

int unix_copy_name(struct unix_sock *u, struct sockaddr_storage *to)
{
	const struct unix_address *a = __atomic_load_n(&u->address, __ATOMIC_ACQUIRE);

	to->family = AF_UNIX;
	if (!a)
		return UNIX_NAME_OFFSET;
	memcpy(to, &a->name, (size_t)a->len);
	return a->len;
}

int unix_getname(struct socket *s, struct sockaddr_storage *addr, bool peer)
{
	struct unix_sock *u = unix_of(s), *other;
	int len;

	if (!peer)
		return unix_copy_name(u, addr);
	other = unix_peer_get(u);
	if (!other)
		return -ENOTCONN;
	len = unix_copy_name(other, addr);
	unix_put(other);
	return len;
}

/* The socket bound to a node of the tree. */
static struct unix_sock *find_path(const char *name)
{
	struct unix_sock *u;
	struct path path;
	int err = socknode_find(name, &path);

	if (err)
		return ERR_PTR(err);
	spin_lock(&names_lock);
	u = find_inode(path.dentry->inode);
	if (u)
		unix_get(u);
	spin_unlock(&names_lock);
	path_put(&path);
	return u ? u : ERR_PTR(-ECONNREFUSED);
}

struct unix_sock *unix_find(const struct sockaddr_storage *addr, int len, int type)
{
	char name[UNIX_PATH_MAX + 1] = "";
	struct unix_sock *u;
	int err = unix_check_address(addr, len);

	if (err)
		return ERR_PTR(err);
	memcpy(name, addr->data, (size_t)(len - UNIX_NAME_OFFSET));
	if (name[0]) {
		u = find_path(name);
	} else {
		spin_lock(&names_lock);
		u = find_abstract(name, len - UNIX_NAME_OFFSET, type);
		u = u ? unix_get(u) : ERR_PTR(-ECONNREFUSED);
		spin_unlock(&names_lock);
	}
	if (!IS_ERR(u) && u->socket.type != type) {
		unix_put(u);
		return ERR_PTR(-EPROTOTYPE);
	}
	return u;
}
