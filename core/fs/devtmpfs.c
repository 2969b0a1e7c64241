// SPDX-License-Identifier: BSD-2-Clause
/*
 * devtmpfs: one tmpfs for the whole system, in which each device has its node as soon as its driver is there.
 * Mounting it anywhere shows the same files.
 */
#include "internal.h"
#include "tmpfs.h"

static struct super_block *dev_sb;

static struct super_block *devtmpfs_mount(struct file_system_type *type, const char *source, u32 flags, char *data)
{
	return super_get(dev_sb);
}

static struct file_system_type devtmpfs_type = { .name = "devtmpfs", .mount = devtmpfs_mount, .nodev = true };

/* The entry `name` of a locked directory, negative if it is new; or ERR_PTR. */
static struct dentry *entry(struct dentry *dir, const char *name, size_t len)
{
	struct qstr q = { name, len, dname_hash(name, len) };

	return lookup_locked(dir, &q);
}

/* Walk to the directory part, making what is missing; *name is left at the last component. Counted. */
static struct dentry *make_parents(const char **name)
{
	struct dentry *dir = dget(dev_sb->root), *d;
	const char *slash;
	int err = 0;

	while ((slash = strchr(*name, '/'))) {
		down_write(&dir->inode->lock);
		d = entry(dir, *name, slash - *name);
		if (!IS_ERR(d) && !d->inode)
			err = dir->inode->ops->mkdir(dir->inode, d, 0755);
		up_write(&dir->inode->lock);
		dput(dir);
		if (IS_ERR(d))
			return d;
		if (err) {
			dput(d);
			return ERR_PTR(err);
		}
		dir = d;
		*name = slash + 1;
	}
	return dir;
}

int devtmpfs_create(const char *name, mode_t mode, dev_t dev)
{
	struct dentry *dir = make_parents(&name), *d;
	int err;

	if (IS_ERR(dir))
		return PTR_ERR(dir);
	down_write(&dir->inode->lock);
	d = entry(dir, name, strlen(name));
	if (IS_ERR(d))
		err = PTR_ERR(d);
	else if (d->inode)
		err = -EEXIST;
	else
		err = dir->inode->ops->mknod(dir->inode, d, mode, dev);
	up_write(&dir->inode->lock);
	if (!IS_ERR(d))
		dput(d);
	dput(dir);
	return err;
}

void devtmpfs_init(void)
{
	char options[] = "mode=0755";

	dev_sb = tmpfs_mount(&devtmpfs_type, "devtmpfs", 0, options);
	if (IS_ERR(dev_sb))
		panic("no memory for devtmpfs");
	register_filesystem(&devtmpfs_type);
}
