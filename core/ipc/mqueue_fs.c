// SPDX-License-Identifier: BSD-2-Clause
/*
 * The names of POSIX message queues: a file system of one directory, which mounting it anywhere shows; mq_open and
 * mq_unlink work in it, mounted or not. Source: mq_overview(7), mq_open(3).
 */
#include "mqueue.h"
#include <generated/syscalls.h>
#include <janus/ipc.h>
#include <janus/printk.h>

#define MQUEUE_MAGIC 0x19800202
#define FILE_SIZE 80			/* what a queue's file says of itself */
#define NAME_SIZE 20			/* and a name adds to the directory */
#define QUEUES_MAX 256			/* fs.mqueue.queues_max, and the two others */
#define MESSAGES_MAX 10
#define MESSAGE_SIZE_MAX 8192
#define HARD_MESSAGES_MAX 65536		/* for who has CAP_SYS_RESOURCE */
#define HARD_MESSAGE_SIZE_MAX (16 << 20)

static struct mount *mqueue_mount;
static u32 queues;			/* [root->lock] */

/* ---- the directory: its lock is held ---- */

static int check_attr(const struct mq_attr *attr)
{
	bool may = capable(CAP_SYS_RESOURCE);

	if (attr->mq_maxmsg <= 0 || attr->mq_msgsize <= 0)
		return -EINVAL;
	if (attr->mq_maxmsg > (may ? HARD_MESSAGES_MAX : MESSAGES_MAX) ||
	    attr->mq_msgsize > (may ? HARD_MESSAGE_SIZE_MAX : MESSAGE_SIZE_MAX))
		return -EINVAL;
	return 0;
}

static int make_queue(struct inode *dir, struct dentry *d, mode_t mode, const struct mq_attr *attr)
{
	int err = check_attr(attr);
	struct mqueue *q;
	struct inode *i;

	if (err)
		return err;
	if (queues >= QUEUES_MAX && !capable(CAP_SYS_RESOURCE))
		return -ENOSPC;
	i = inode_alloc(dir->sb, S_IFREG | (mode & 07777));
	if (!i)
		return -ENOMEM;
	q = mqueue_create((u64)attr->mq_maxmsg, (u64)attr->mq_msgsize);
	if (IS_ERR(q)) {
		inode_put(i);
		return (int)PTR_ERR(q);
	}
	i->private = q;
	i->fops = &mqueue_fops;
	i->size = FILE_SIZE;
	queues++;
	dir->size += NAME_SIZE;
	dir->mtime = dir->ctime = current_time();
	d_add_kept(d, i);
	return 0;
}

static int mqueue_create_name(struct inode *dir, struct dentry *d, mode_t mode)
{
	const struct mq_attr usual = { .mq_maxmsg = MESSAGES_MAX, .mq_msgsize = MESSAGE_SIZE_MAX };

	return make_queue(dir, d, mode, &usual);
}

static int mqueue_unlink_name(struct inode *dir, struct dentry *d)
{
	queues--;
	d->inode->nlink--;
	dir->size -= NAME_SIZE;
	d->inode->ctime = dir->mtime = dir->ctime = current_time();
	d_unkeep(d);		/* the caller has another reference */
	return 0;
}

static const struct inode_ops dir_ops = { .create = mqueue_create_name, .unlink = mqueue_unlink_name };

/* ---- the file system ---- */

static void mqueue_evict(struct inode *i)
{
	if (i->private)
		mqueue_free(i->private);
}

static const struct super_ops mqueue_super_ops = { .evict_inode = mqueue_evict };

static struct super_block *mqueue_super(struct file_system_type *type, const char *source, u32 flags, char *data)
{
	struct super_block *sb;
	struct inode *root;

	if (mqueue_mount)
		return super_get(mqueue_mount->sb);
	sb = super_alloc(type, &mqueue_super_ops, MQUEUE_MAGIC);
	root = sb ? inode_alloc(sb, S_IFDIR | S_ISVTX | 0777) : NULL;
	if (!root)
		return ERR_PTR(-ENOMEM);
	root->ops = &dir_ops;
	root->fops = &dcache_dir_fops;
	root->nlink = 2;
	root->size = 2 * NAME_SIZE;
	sb->root = d_make_root(root);
	return sb->root ? sb : ERR_PTR(-ENOMEM);
}

static struct file_system_type mqueue_type = { .name = "mqueue", .mount = mqueue_super, .nodev = true };

void mqueue_init(void)
{
	mqueue_mount = kern_mount(&mqueue_type);
	if (IS_ERR(mqueue_mount))
		panic("no memory for message queues");
	register_filesystem(&mqueue_type);
}

/* ---- the calls ---- */

/* The entry of a user's name in the locked directory, counted; or ERR_PTR. */
static struct dentry *entry(struct dentry *root, const char *name)
{
	struct qstr q = { name, (u32)strlen(name), 0 };
	int err = inode_permission(root->inode, MAY_EXEC);

	if (err)
		return ERR_PTR(err);
	if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return ERR_PTR(-EACCES);
	q.hash = dname_hash(name, q.len);
	return lookup_locked(root, &q);
}

/* The queue at d is there when this returns 0, and current may open it. [root->lock] */
static int have_queue(const struct path *at, int flags, mode_t mode, const struct mq_attr *attr)
{
	static const u8 wanted[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE };
	struct inode *dir = mqueue_mount->sb->root->inode;
	int err;

	if (!at->dentry->inode) {
		if (!(flags & O_CREAT))
			return -ENOENT;
		err = may_create(dir);
		mode &= ~READ_ONCE(current->fs->umask);
		if (err)
			return err;
		return attr ? make_queue(dir, at->dentry, mode, attr) : mqueue_create_name(dir, at->dentry, mode);
	}
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	return inode_permission(at->dentry->inode, wanted[flags & O_ACCMODE]);
}

static struct file *open_queue(const char *name, int flags, mode_t mode, const struct mq_attr *attr)
{
	struct dentry *root = mqueue_mount->sb->root;
	struct path at = { .mnt = mqueue_mount };
	struct file *f;
	int err;

	down_write(&root->inode->lock);
	at.dentry = entry(root, name);
	err = IS_ERR(at.dentry) ? (int)PTR_ERR(at.dentry) : have_queue(&at, flags, mode, attr);
	up_write(&root->inode->lock);
	f = err ? ERR_PTR(err) : file_open_path(&at, (unsigned)flags);
	if (!IS_ERR(f))
		f->flags |= (u32)flags & O_CLOEXEC;	/* open does not keep it, Linux's mq_open does */
	if (!IS_ERR(at.dentry))
		dput(at.dentry);
	return f;
}

long sys_mq_open(uaddr_t uname, int flags, mode_t mode, uaddr_t uattr)
{
	struct mq_attr attr;
	struct file *f;
	char *name;
	int fd;

	if (uattr && copy_struct_in(&attr, uattr))
		return -EFAULT;
	name = path_from_user(uname, false);
	if (IS_ERR(name))
		return PTR_ERR(name);
	fd = fd_alloc(0, O_CLOEXEC);	/* first, so that without one no queue is made */
	f = fd < 0 ? ERR_PTR(fd) : open_queue(name, flags, mode, uattr ? &attr : NULL);
	path_free(name);
	if (!IS_ERR(f)) {
		fd_install(fd, f);
		return fd;
	}
	if (fd >= 0)
		fd_release(fd);
	return PTR_ERR(f);
}

/* [root->lock] */
static int unlink_entry(struct dentry *root, struct dentry *d)
{
	int err = may_delete(root->inode, d, false);
	struct inode *i = d->inode;

	if (err)
		return err;
	inode_get(i);
	down_write(&i->lock);
	mqueue_unlink_name(root->inode, d);
	up_write(&i->lock);
	d_delete(d);
	inode_put(i);
	return 0;
}

long sys_mq_unlink(uaddr_t uname)
{
	struct dentry *root = mqueue_mount->sb->root, *d;
	char *name = path_from_user(uname, false);
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	down_write(&root->inode->lock);
	d = entry(root, name);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : unlink_entry(root, d);
	up_write(&root->inode->lock);
	if (!IS_ERR(d))
		dput(d);
	path_free(name);
	return err;
}
