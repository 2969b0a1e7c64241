// SPDX-License-Identifier: BSD-2-Clause
/*
 * tmpfs: files in memory. The dcache holds the names (each has a reference of its own, D_KEEP), the page cache
 * the contents. rootfs and devtmpfs are instances of it; memfd_create and shared anonymous memory are files in
 * an internal one.
 */
#include "internal.h"
#include "tmpfs.h"

#include <janus/textbuf.h>

#define DIRENT_SIZE 20		/* what a name adds to its directory's size: as Linux says it */

static struct kmem_cache *tmpfs_cache;
static struct mount *shm_mount;

static inline struct tmpfs *tmpfs_of(const struct super_block *sb)
{
	return sb->private;
}

/* ---- limits ---- */

/* Count n against a limit; 0: none. */
static bool charge(s64 *used, u64 max, s64 n)
{
	s64 now = __atomic_add_fetch(used, n, __ATOMIC_RELAXED);

	if (n <= 0 || !max || (u64)now <= max)
		return true;
	__atomic_sub_fetch(used, n, __ATOMIC_RELAXED);
	return false;
}

static int tmpfs_charge(struct inode *inode, s64 pages)
{
	struct tmpfs *t = tmpfs_of(inode->sb);

	return charge(&t->used_pages, t->max_pages, pages) ? 0 : -ENOSPC;
}

static const struct address_space_ops tmpfs_aops = { .charge = tmpfs_charge };

/* ---- inodes ---- */

static const struct file_ops tmpfs_file_ops;
static const struct inode_ops tmpfs_dir_ops;
static const struct inode_ops tmpfs_file_inode_ops = { 0 };
static const struct inode_ops symlink_inode_ops = { 0 };

static struct inode *tmpfs_inode(struct super_block *sb, const struct inode *dir, mode_t mode, dev_t dev)
{
	struct tmpfs *t = tmpfs_of(sb);
	struct inode *i;

	if (!charge(&t->used_inodes, t->max_inodes, 1))
		return ERR_PTR(-ENOSPC);
	i = inode_alloc(sb, mode);
	if (!i) {
		charge(&t->used_inodes, 0, -1);
		return ERR_PTR(-ENOSPC);
	}
	inode_init_owner(i, dir, mode);
	i->iflags = IF_MEMORY;
	i->mapping.ops = &tmpfs_aops;
	switch (i->mode & S_IFMT) {
	case S_IFREG:
		i->ops = &tmpfs_file_inode_ops;
		i->fops = &tmpfs_file_ops;
		break;
	case S_IFDIR:
		i->nlink = 2;
		i->size = 2 * DIRENT_SIZE;
		i->ops = &tmpfs_dir_ops;
		i->fops = &dcache_dir_fops;
		break;
	case S_IFLNK:
		i->ops = &symlink_inode_ops;
		break;
	default:
		inode_init_special(i, dev);
	}
	return i;
}

static void tmpfs_evict(struct inode *i)
{
	charge(&tmpfs_of(i->sb)->used_inodes, 0, -1);
}

/* ---- directory operations: dir->lock is held ---- */

static void name_appears(struct inode *dir, struct dentry *d, struct inode *inode)
{
	d_add_kept(d, inode);
	dir->size += DIRENT_SIZE;
	inode_touch(dir);
}

static void name_goes(struct inode *dir, struct dentry *d)
{
	d_unkeep(d);		/* the caller has another reference */
	dir->size -= DIRENT_SIZE;
	inode_touch(dir);
}

static int tmpfs_mknod(struct inode *dir, struct dentry *d, mode_t mode, dev_t dev)
{
	bool device = S_ISCHR(mode) || S_ISBLK(mode);
	struct inode *i = tmpfs_inode(dir->sb, dir, mode, device ? dev : 0);

	if (IS_ERR(i))
		return PTR_ERR(i);
	name_appears(dir, d, i);
	return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *d, mode_t mode)
{
	return tmpfs_mknod(dir, d, S_IFREG | (mode & 07777), 0);
}

static int tmpfs_mkdir(struct inode *dir, struct dentry *d, mode_t mode)
{
	int err = tmpfs_mknod(dir, d, S_IFDIR | (mode & 07777), 0);

	if (!err)
		dir->nlink++;
	return err;
}

static int tmpfs_symlink(struct inode *dir, struct dentry *d, const char *target)
{
	size_t len = strlen(target);
	struct inode *i = tmpfs_inode(dir->sb, dir, S_IFLNK | 0777, 0);

	if (IS_ERR(i))
		return PTR_ERR(i);
	i->link = kmalloc(len + 9, GFP_KERNEL);		/* a walk reads 8 bytes at a time */
	if (!i->link) {
		inode_put(i);
		return -ENOMEM;
	}
	memcpy(i->link, target, len + 1);
	i->size = len;
	name_appears(dir, d, i);
	return 0;
}

static int tmpfs_link(struct inode *dir, struct dentry *d, struct inode *inode)
{
	struct tmpfs *t = tmpfs_of(dir->sb);

	/* Each name beyond the first counts as an inode. */
	if (inode->nlink && !charge(&t->used_inodes, t->max_inodes, 1))
		return -ENOSPC;
	inode->nlink++;
	inode->ctime = current_time();
	name_appears(dir, d, inode_get(inode));
	return 0;
}

static int tmpfs_unlink(struct inode *dir, struct dentry *d)
{
	struct inode *i = d->inode;

	if (i->nlink > 1 && !S_ISDIR(i->mode))
		charge(&tmpfs_of(dir->sb)->used_inodes, 0, -1);
	i->nlink--;
	name_goes(dir, d);
	i->ctime = dir->ctime;
	return 0;
}

static bool dir_is_empty(struct dentry *d)
{
	struct dentry *child;
	bool empty = true;

	spin_lock(&d->lock);
	list_for_each_entry(child, &d->children, sibling) {
		if (child->inode && !d_unhashed(child)) {
			empty = false;
			break;
		}
	}
	spin_unlock(&d->lock);
	return empty;
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *d)
{
	if (!dir_is_empty(d))
		return -ENOTEMPTY;
	if (!list_empty(&d->children))
		d_shrink_children(d);
	d->inode->nlink--;
	dir->nlink--;
	return tmpfs_unlink(dir, d);
}

static int tmpfs_exchange(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new)
{
	int moved = S_ISDIR(old->inode->mode) - S_ISDIR(new->inode->mode);

	if (old_dir != new_dir) {
		old_dir->nlink -= moved;
		new_dir->nlink += moved;
	}
	inode_touch(old_dir);
	inode_touch(new_dir);
	old->inode->ctime = new->inode->ctime = old_dir->ctime;
	return 0;
}

static int tmpfs_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new,
			unsigned flags)
{
	bool is_dir = S_ISDIR(old->inode->mode);

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE)
		return tmpfs_exchange(old_dir, old, new_dir, new);
	if (new->inode) {
		if (is_dir) {
			if (!dir_is_empty(new))
				return -ENOTEMPTY;
			d_shrink_children(new);
			new->inode->nlink--;
			new_dir->nlink--;
		}
		tmpfs_unlink(new_dir, new);
	}
	if (is_dir && old_dir != new_dir) {
		old_dir->nlink--;
		new_dir->nlink++;
	}
	old_dir->size -= DIRENT_SIZE;
	new_dir->size += DIRENT_SIZE;
	inode_touch(old_dir);
	inode_touch(new_dir);
	old->inode->ctime = old_dir->ctime;
	return 0;
}

static struct inode *tmpfs_tmpfile(struct inode *dir, mode_t mode)
{
	struct inode *i = tmpfs_inode(dir->sb, dir, mode, 0);

	if (!IS_ERR(i)) {
		i->nlink = 0;
		i->iflags |= IF_LINKABLE;
	}
	return i;
}

static const struct inode_ops tmpfs_dir_ops = {
	.create = tmpfs_create, .mkdir = tmpfs_mkdir, .mknod = tmpfs_mknod, .symlink = tmpfs_symlink,
	.link = tmpfs_link, .unlink = tmpfs_unlink, .rmdir = tmpfs_rmdir, .rename = tmpfs_rename,
	.tmpfile = tmpfs_tmpfile,
};

/* ---- reading a directory that is in the dcache ---- */

static bool emit_dots(struct file *f, struct dir_context *ctx)
{
	struct dentry *d = f->path.dentry;

	if (f->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 1, f->inode->ino, DT_DIR))
			return false;
		f->pos = 1;
	}
	if (f->pos == 1) {
		/* The parent's inode stays while we hold the directory's lock and a reference below it. */
		const struct inode *up = rcu_dereference(d->parent)->inode;

		if (!ctx->emit(ctx, "..", 2, 2, up ? up->ino : f->inode->ino, DT_DIR))
			return false;
		f->pos = 2;
	}
	return true;
}

/* First entry whose place is f->pos or later, counted. The list is in the order of places. */
static struct dentry *next_entry(struct dentry *dir, u64 from, struct dentry *after)
{
	struct dentry *d;

	spin_lock(&dir->lock);
	d = after && after->parent == dir ? after : list_entry(&dir->children, struct dentry, sibling);
	for (;;) {
		d = list_entry(d->sibling.next, struct dentry, sibling);
		if (&d->sibling == &dir->children) {
			d = NULL;
			break;
		}
		if (d->offset >= from && d->inode && !d_unhashed(d) && dget_live(d))
			break;
	}
	spin_unlock(&dir->lock);
	return d;
}

static int dcache_iterate(struct file *f, struct dir_context *ctx)
{
	struct dentry *dir = f->path.dentry, *d, *last = NULL;

	if (!emit_dots(f, ctx))
		return 0;
	while ((d = next_entry(dir, f->pos, last))) {
		const struct inode *i = d->inode;

		if (last)
			dput(last);
		last = d;
		if (!ctx->emit(ctx, d->name.name, d->name.len, d->offset + 1, i->ino, (i->mode & S_IFMT) >> 12))
			break;
		f->pos = d->offset + 1;
	}
	if (last)
		dput(last);
	return 0;
}

static ssize_t dir_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return -EISDIR;
}

static int noop_fsync(struct file *f, bool datasync)
{
	return 0;
}

const struct file_ops dcache_dir_fops = {
	.read = dir_read, .llseek = dir_llseek, .iterate = dcache_iterate, .fsync = noop_fsync,
};

/* ---- files ---- */

static void punch(struct inode *i, loff_t offset, loff_t end)
{
	mapping_truncate(&i->mapping, offset, min_t(loff_t, end, ALIGN_UP(i->size, PAGE_SIZE)));
}

static int allocate(struct inode *i, loff_t offset, loff_t end)
{
	for (u64 index = offset >> PAGE_SHIFT; index <= (u64)(end - 1) >> PAGE_SHIFT; index++) {
		int err = mapping_reserve(&i->mapping, index);

		if (err)
			return err == -ENOMEM ? -ENOSPC : err;
		if (fatal_signal_pending())
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static int tmpfs_fallocate(struct file *f, int mode, loff_t offset, loff_t len)
{
	struct inode *i = f->inode;
	loff_t end = offset + len;
	int err = 0;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	down_write(&i->lock);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		err = i->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ? -EPERM : 0;
		if (!err)
			punch(i, offset, end);
	} else {
		err = inode_size_allowed(i, end);	/* of bytes past the end too, which FALLOC_FL_KEEP_SIZE hides */
		if (!err && (i->seals & F_SEAL_GROW) && end > i->size)
			err = -EPERM;
		if (!err)
			err = allocate(i, offset, end);
		if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && end > i->size)
			i->size = end;
	}
	if (!err) {
		file_remove_privs(f->path.dentry);
		inode_touch(i);
	}
	up_write(&i->lock);
	return err;
}

static const struct file_ops tmpfs_file_ops = {
	.read = generic_file_read, .write = generic_file_write, .llseek = generic_llseek, .mmap = generic_file_mmap,
	.fsync = noop_fsync, .fallocate = tmpfs_fallocate, .splice = SPLICE_FROM | SPLICE_TO,
};

bool inode_is_tmpfs_file(const struct inode *i)
{
	return i->fops == &tmpfs_file_ops;
}

/* ---- the file system ---- */

static int tmpfs_statfs(struct super_block *sb, struct kstatfs *st)
{
	struct tmpfs *t = tmpfs_of(sb);
	s64 used = max_t(s64, READ_ONCE(t->used_pages), 0), inodes = READ_ONCE(t->used_inodes);

	simple_statfs(sb, st);
	if (t->max_pages) {
		st->blocks = t->max_pages;
		st->bfree = st->bavail = t->max_pages - min_t(u64, used, t->max_pages);
	}
	if (t->max_inodes) {
		st->files = t->max_inodes;
		st->ffree = t->max_inodes - min_t(u64, inodes, t->max_inodes);
	}
	st->fsid = sb->dev;
	return 0;
}

static void tmpfs_put_super(struct super_block *sb)
{
	kmem_cache_free(tmpfs_cache, sb->private);
}

static int tmpfs_show_options(char *buf, size_t size, struct super_block *sb)
{
	struct tmpfs *t = tmpfs_of(sb);
	struct textbuf b = { .buf = buf, .size = size };

	if (t->max_pages && t->max_pages != nr_total_pages / 2)
		tb_printf(&b, ",size=%luk", (unsigned long)t->max_pages * (PAGE_SIZE / 1024));
	if (t->max_inodes && t->max_inodes != nr_total_pages / 2)
		tb_printf(&b, ",nr_inodes=%lu", (unsigned long)t->max_inodes);
	if (t->mode != 01777)
		tb_printf(&b, ",mode=%03o", t->mode);
	if (t->uid)
		tb_printf(&b, ",uid=%u", t->uid);
	if (t->gid)
		tb_printf(&b, ",gid=%u", t->gid);
	tb_puts(&b, ",inode64");
	return b.len;
}

static int tmpfs_remount(struct super_block *sb, u32 flags, char *data)
{
	struct tmpfs *t = tmpfs_of(sb), new = *t;
	int err = tmpfs_parse(&new, data);

	if (err)
		return err;
	if ((new.max_pages && (u64)t->used_pages > new.max_pages) ||
	    (new.max_inodes && (u64)t->used_inodes > new.max_inodes) || (!new.max_pages != !t->max_pages))
		return -EINVAL;
	t->max_pages = new.max_pages;
	t->max_inodes = new.max_inodes;
	return 0;
}

static const struct super_ops tmpfs_super_ops = {
	.evict_inode = tmpfs_evict, .statfs = tmpfs_statfs, .put_super = tmpfs_put_super,
	.show_options = tmpfs_show_options, .remount = tmpfs_remount,
};

struct super_block *tmpfs_mount(struct file_system_type *type, const char *source, u32 flags, char *data)
{
	struct tmpfs *t = kmem_cache_alloc(tmpfs_cache, GFP_KERNEL | GFP_ZERO);
	struct super_block *sb;
	struct inode *root;
	int err;

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->max_pages = t->max_inodes = nr_total_pages / 2;
	t->mode = 01777;
	t->uid = current->cred->fsuid;
	t->gid = current->cred->fsgid;
	err = tmpfs_parse(t, data);
	sb = err ? NULL : super_alloc(type, &tmpfs_super_ops, TMPFS_MAGIC);
	if (!sb) {
		kmem_cache_free(tmpfs_cache, t);
		return ERR_PTR(err ? err : -ENOMEM);
	}
	sb->private = t;
	sb->attributes_mask = STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE | STATX_ATTR_NODUMP;
	root = tmpfs_inode(sb, NULL, S_IFDIR | t->mode, 0);
	if (!IS_ERR(root)) {
		root->uid = t->uid;
		root->gid = t->gid;
		sb->root = d_make_root(root);
	}
	if (!sb->root) {
		super_put(sb);
		return ERR_PTR(-ENOMEM);
	}
	return sb;
}

/* The root's own: world-readable, and the initramfs decides the rest. */
static struct super_block *rootfs_mount(struct file_system_type *type, const char *source, u32 flags, char *data)
{
	char options[] = "mode=755";

	return tmpfs_mount(type, source, flags, options);
}

static struct file_system_type tmpfs_type = { .name = "tmpfs", .mount = tmpfs_mount, .nodev = true };
struct file_system_type rootfs_type = { .name = "rootfs", .mount = rootfs_mount, .nodev = true };

/* ---- files without a name in a tree ---- */

/* "/memfd:name (deleted)", as a path outside every root. */
static int shm_dname(struct dentry *d, char *buf, size_t size)
{
	return snprintf(buf, size, "/%s (deleted)", d->name.name);
}

static const struct dentry_ops shm_dentry_ops = { .dname = shm_dname, .transient = true };

struct file *shmem_file_create(const char *name, s64 size)
{
	struct inode *i;

	if (size < 0 || (u64)size > (u64)INT64_MAX)
		return ERR_PTR(-EINVAL);
	i = tmpfs_inode(shm_mount->sb, NULL, S_IFREG | 0777, 0);
	if (IS_ERR(i))
		return ERR_PTR(PTR_ERR(i));
	i->nlink = 0;
	i->size = size;
	return file_alloc_pseudo(shm_mount, i, name, &shm_dentry_ops, &tmpfs_file_ops, O_RDWR);
}

struct file *shmem_file_reopen(struct file *f, const struct file_ops *ops, unsigned flags)
{
	return file_alloc_pseudo(shm_mount, inode_get(f->inode), f->path.dentry->name.name, &shm_dentry_ops, ops,
				 flags);
}

void tmpfs_init(void)
{
	tmpfs_cache = kmem_cache_create("tmpfs", sizeof(struct tmpfs), 8);
	if (!tmpfs_cache)
		panic("no memory for tmpfs");
	register_filesystem(&rootfs_type);
	register_filesystem(&tmpfs_type);
	shm_mount = kern_mount(&tmpfs_type);
	if (IS_ERR(shm_mount))
		panic("no memory for tmpfs");
	tmpfs_of(shm_mount->sb)->max_pages = tmpfs_of(shm_mount->sb)->max_inodes = 0;
}
