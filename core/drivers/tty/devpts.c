// SPDX-License-Identifier: BSD-2-Clause
/*
 * devpts: one directory with a node for each open pseudo-terminal, and `ptmx`. There is one instance;
 * every mount shows it. Its options (uid, gid, mode, ptmxmode, max) are those of the last mount that named them.
 */
#include "tty_struct.h"
#include <janus/printk.h>
#include <janus/string.h>
#include <uapi/errno.h>

#define DEVPTS_MAGIC 0x1cd1
#define DEFAULT_MAX 4096u

static struct options {
	bool set_uid, set_gid;
	uid_t uid;
	gid_t gid;
	mode_t mode, ptmxmode;
	unsigned max;
} options = { .mode = 0600, .max = DEFAULT_MAX };	/* [plain words; written by mount] */

static struct super_block *instance;	/* [const] after boot */
static struct mount *internal_mount;	/* [const] after boot: where TIOCGPTPEER finds nodes that no mount shows */

unsigned devpts_max(void) { return READ_ONCE(options.max); }

static const struct inode_ops plain_ops;

/* ---- nodes ---- */

static struct qstr number_name(unsigned index, char *buf, size_t size)
{
	u32 len = (u32)scnprintf(buf, size, "%u", index);

	return (struct qstr){ buf, len, dname_hash(buf, len) };
}

static int add_node(const struct qstr *name, mode_t mode, dev_t dev, ino_t ino)
{
	struct inode *inode = inode_alloc(instance, S_IFCHR | mode);
	struct dentry *d;

	if (!inode)
		return -ENOMEM;
	inode->ino = ino;
	inode->ops = &plain_ops;
	inode_init_special(inode, dev);
	d = d_lookup(instance->root, name);	/* somebody may have asked for it before it was there */
	if (!d)
		d = d_alloc(instance->root, name);
	if (!d) {
		inode_put(inode);
		return -ENOMEM;
	}
	if (MAJOR(dev) != 5) {
		inode->uid = options.set_uid ? options.uid : current->cred->fsuid;
		inode->gid = options.set_gid ? options.gid : current->cred->fsgid;
	}
	d_add_kept(d, inode);
	dput(d);
	return 0;
}

int devpts_add(unsigned index)
{
	struct inode *dir = instance->root->inode;
	char buf[24] = { 0 };
	struct qstr name = number_name(index, buf, sizeof(buf));
	int err;

	down_write(&dir->lock);
	err = add_node(&name, options.mode, MKDEV(PTY_MAJOR, index), index + 3);
	up_write(&dir->lock);
	return err;
}

void devpts_remove(unsigned index)
{
	struct inode *dir = instance->root->inode;
	char buf[24] = { 0 };
	struct qstr name = number_name(index, buf, sizeof(buf));
	struct dentry *d;

	down_write(&dir->lock);
	d = d_lookup(instance->root, &name);
	if (d) {
		WRITE_ONCE(d->inode->nlink, 0);
		d_unkeep(d);
		d_drop(d);
		dput(d);
	}
	up_write(&dir->lock);
}

bool devpts_has(const struct inode *inode)
{
	return inode->sb == instance && READ_ONCE(inode->nlink);
}

/* Where one who opened this ptmx sees the nodes: beside it, or in "pts" beside it. Counted. */
static struct mount *mount_beside(const struct path *ptmx)
{
	static const char text[8] = "pts";
	const struct qstr name = { text, 3, dname_hash(text, 3) };
	struct path pts = { ptmx->mnt, NULL };
	struct mount *m = NULL;
	struct dentry *dir;

	if (ptmx->mnt->sb == instance)
		return mnt_get(ptmx->mnt);
	rcu_read_lock();
	dir = rcu_dereference(ptmx->dentry->parent);
	if (!dget_live(dir))
		dir = NULL;
	rcu_read_unlock();
	if (dir) {
		pts.dentry = d_lookup(dir, &name);
		dput(dir);
	}
	if (pts.dentry) {
		m = mount_on(&pts);
		dput(pts.dentry);
	}
	if (m && m->sb == instance)
		return m;
	if (m)
		mnt_put(m);
	return mnt_get(internal_mount);
}

/* TIOCGPTPEER: whatever name leads to it now, this slave; its own name is what /proc/self/fd says. */
long devpts_open_slave(const struct file *ptmx, unsigned index, unsigned flags)
{
	char buf[24] = { 0 };
	struct qstr name = number_name(index, buf, sizeof(buf));
	struct path path = { NULL, d_lookup(instance->root, &name) };
	struct file *f;

	if (!path.dentry)
		return -EIO;
	path.mnt = mount_beside(&ptmx->path);
	f = file_open_path(&path, flags & ~O_CLOEXEC);
	path_put(&path);
	return fd_install_new(f, flags & O_CLOEXEC);
}

/* ---- the file system ---- */

static unsigned long number_after(const char *s, unsigned base)
{
	return (unsigned long)strtoull(s, NULL, base);
}

/* "gid=5,mode=620,ptmxmode=666": 0 or -EINVAL. */
static int parse_options(char *data)
{
	struct options o = options;

	while (data && *data) {
		char *next = strchr(data, ',');

		if (next)
			*next++ = '\0';
		if (!strncmp(data, "uid=", 4)) {
			o.uid = (uid_t)number_after(data + 4, 10);
			o.set_uid = true;
		} else if (!strncmp(data, "gid=", 4)) {
			o.gid = (gid_t)number_after(data + 4, 10);
			o.set_gid = true;
		} else if (!strncmp(data, "mode=", 5)) {
			o.mode = (mode_t)number_after(data + 5, 8) & 07777;
		} else if (!strncmp(data, "ptmxmode=", 9)) {
			o.ptmxmode = (mode_t)number_after(data + 9, 8) & 07777;
		} else if (!strncmp(data, "max=", 4)) {
			o.max = (unsigned)number_after(data + 4, 10);
		} else if (*data && strcmp(data, "newinstance")) {
			return -EINVAL;
		}
		data = next;
	}
	options = o;
	return 0;
}

static int show_options(char *buf, size_t size, struct super_block *sb)
{
	int n = 0;

	(void)sb;
	if (options.set_uid)
		n += scnprintf(buf + n, size - (size_t)n, ",uid=%u", options.uid);
	if (options.set_gid)
		n += scnprintf(buf + n, size - (size_t)n, ",gid=%u", options.gid);
	n += scnprintf(buf + n, size - (size_t)n, ",mode=%03o,ptmxmode=%03o", options.mode, options.ptmxmode);
	if (options.max < DEFAULT_MAX)
		n += scnprintf(buf + n, size - (size_t)n, ",max=%u", options.max);
	return n;
}

static int remount(struct super_block *sb, u32 flags, char *data)
{
	(void)sb;
	(void)flags;
	return parse_options(data);
}

static const struct super_ops devpts_super_ops = {
	.show_options = show_options,
	.remount = remount,
};

static struct super_block *devpts_mount(struct file_system_type *type, const char *source, u32 flags, char *data)
{
	int err = parse_options(data);
	static const struct qstr ptmx_name = { "ptmx\0\0\0\0\0\0\0", 4, 0 };
	struct qstr name = ptmx_name;
	struct dentry *d;

	(void)type;
	(void)source;
	(void)flags;
	if (err)
		return ERR_PTR(err);
	name.hash = dname_hash(name.name, name.len);
	d = d_lookup(instance->root, &name);
	if (d) {
		down_write(&d->inode->lock);
		d->inode->mode = S_IFCHR | options.ptmxmode;
		up_write(&d->inode->lock);
		dput(d);
	}
	return super_get(instance);
}

static struct file_system_type devpts_type = { .name = "devpts", .mount = devpts_mount, .nodev = true };

void devpts_init(void)
{
	struct qstr name = { "ptmx\0\0\0\0\0\0\0", 4, 0 };
	struct inode *root;

	instance = super_alloc(&devpts_type, &devpts_super_ops, DEVPTS_MAGIC);
	if (instance)
		instance->block_size = 1024;
	root = instance ? inode_alloc(instance, S_IFDIR | 0755) : NULL;
	if (!root)
		panic("devpts: no memory at boot");
	root->ino = 1;
	root->ops = &plain_ops;
	root->fops = &dcache_dir_fops;
	root->nlink = 2;
	instance->root = d_make_root(root);
	name.hash = dname_hash(name.name, name.len);
	if (!instance->root || add_node(&name, options.ptmxmode, MKDEV(5, 2), 2))
		panic("devpts: no memory at boot");
	register_filesystem(&devpts_type);
	internal_mount = kern_mount(&devpts_type);
}
