// SPDX-License-Identifier: BSD-2-Clause
/*
 * File system types and superblocks.
 */
#include "internal.h"

#include <janus/notify.h>
#include <janus/textbuf.h>

static struct mutex types_lock = MUTEX_INIT(types_lock);
static LIST_HEAD(types);		/* [types_lock] only ever grows */

static ssize_t null_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return -EINVAL;
}

static int null_open(struct inode *inode, struct file *f)
{
	return -ENXIO;			/* a socket's name, a block device without a driver */
}

const struct file_ops null_fops = { .open = null_open, .read = null_read };
const struct inode_ops null_inode_ops = { 0 };

int register_filesystem(struct file_system_type *type)
{
	GUARD(mutex, &types_lock);
	list_add_tail(&type->link, &types);
	return 0;
}

struct file_system_type *find_filesystem(const char *name)
{
	struct file_system_type *t;

	GUARD(mutex, &types_lock);
	list_for_each_entry(t, &types, link)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

void show_filesystems(struct textbuf *b)
{
	struct file_system_type *t;

	GUARD(mutex, &types_lock);
	list_for_each_entry(t, &types, link)
		tb_printf(b, "%s\t%s\n", t->nodev ? "nodev" : "", t->name);
}

static dev_t anon_dev_alloc(void)
{
	static u32 next;

	return MKDEV(0, __atomic_add_fetch(&next, 1, __ATOMIC_RELAXED));
}

struct super_block *super_alloc(struct file_system_type *type, const struct super_ops *ops, u64 magic)
{
	struct super_block *sb = kzalloc(sizeof(*sb), GFP_KERNEL);

	if (!sb)
		return NULL;
	sb->type = type;
	sb->ops = ops;
	sb->magic = magic;
	sb->dev = anon_dev_alloc();
	sb->block_size = PAGE_SIZE;
	sb->max_bytes = INT64_MAX;
	ref_set(&sb->refs, 1);
	mutex_init(&sb->rename_mutex);
	list_init(&sb->marks);
	return sb;
}

struct super_block *super_pseudo(struct file_system_type *type, u64 magic)
{
	struct super_block *sb = super_alloc(type, NULL, magic);
	struct inode *root = sb ? inode_alloc(sb, S_IFDIR | S_IRUSR | S_IWUSR) : NULL;

	if (root)
		sb->root = d_make_root(root);
	return root && sb->root ? sb : ERR_PTR(-ENOMEM);
}

void super_put(struct super_block *sb)
{
	if (!ref_put(&sb->refs))
		return;
	notify_unmount(sb);
	if (sb->root) {
		d_genocide(sb->root);
		dput(sb->root);
	}
	if (sb->ops && sb->ops->put_super)
		sb->ops->put_super(sb);
	/* Path walks may still look at inodes of it. */
	synchronize_rcu();
	kfree(sb);
}

int simple_statfs(struct super_block *sb, struct kstatfs *st)
{
	*st = (struct kstatfs){ .type = sb->magic, .bsize = PAGE_SIZE, .frsize = PAGE_SIZE, .namelen = NAME_MAX };
	return 0;
}
