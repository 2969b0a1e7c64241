// SPDX-License-Identifier: BSD-2-Clause
/*
 * The names of sockets in the file tree: made by bind, found by connect. Source: unix(7).
 */
#include "internal.h"
#include <janus/notify.h>
#include <janus/socket.h>

static int make_node(const struct path *dir, struct dentry *d, mode_t mode)
{
	struct inode *inode = dir->dentry->inode;
	int err = may_create(inode);

	if (err || !mode)
		return err;
	return inode->ops->mknod ? inode->ops->mknod(inode, d, S_IFSOCK | mode_under_umask(mode), 0) : -EPERM;
}

int socknode_create(const char *name, mode_t mode, struct path *out)
{
	struct pathname p;
	struct path dir;
	struct dentry *d;
	int err = pathname_kernel(&p, name);

	if (err)
		return err;
	err = path_create_begin(AT_FDCWD, p.name, false, &dir, &d);
	if (!err) {
		err = make_node(&dir, d, out ? mode : 0);
		if (!err && out) {
			notify_name(dir.dentry->inode, &d->name, IN_CREATE);
			*out = (struct path){ dir.mnt, d };
			path_get(out);
		}
		path_create_end(&dir, d);
	}
	pathname_put(&p);
	return err == -EEXIST ? -EADDRINUSE : err;
}

int socknode_find(const char *name, struct path *out)
{
	struct pathname p;
	int err = pathname_kernel(&p, name);

	if (err)
		return err;
	err = path_lookup_name(AT_FDCWD, p.name, LOOKUP_FOLLOW, out);
	pathname_put(&p);
	if (err)
		return err;
	err = inode_permission(out->dentry->inode, MAY_WRITE);
	if (!err && !S_ISSOCK(out->dentry->inode->mode))
		err = -ECONNREFUSED;
	if (err)
		path_put(out);
	return err;
}
