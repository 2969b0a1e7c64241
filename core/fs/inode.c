// SPDX-License-Identifier: BSD-2-Clause
/*
 * Inodes: birth, references, death, permission, times.
 */
#include "internal.h"

static struct kmem_cache *inode_cache;

int protected_symlinks = 1, protected_hardlinks = 1;	/* Debian's kernels start so */

struct timespec current_time(void)
{
	return clock_realtime_coarse();
}

void inode_touch(struct inode *inode)
{
	struct timespec now = clock_realtime_coarse();

	inode->mtime = now;
	inode->ctime = now;
}

struct inode *inode_alloc(struct super_block *sb, mode_t mode)
{
	struct inode *i;

	i = kmem_cache_alloc(inode_cache, GFP_KERNEL);
	if (!i)
		return NULL;
	*i = (struct inode){
		.mode = mode, .nlink = 1, .sb = sb, .refs = REFCOUNT_INIT(1),
		.uid = current->cred->fsuid, .gid = current->cred->fsgid,
		.ops = &null_inode_ops, .fops = &null_fops, .seals = F_SEAL_SEAL,
		.ino = super_next_ino(sb),
	};
	i->atime = i->mtime = i->ctime = i->btime = current_time();
	rwsem_init(&i->lock);
	list_init(&i->locks);
	address_space_init(&i->mapping, i, NULL);
	return i;
}

static void inode_free_rcu(struct rcu_head *head)
{
	struct inode *i = container_of(head, struct inode, rcu);

	kfree(i->link);
	xattrs_free(i);
	kfree(i->lock_wait);
	kmem_cache_free(inode_cache, i);
}

void inode_put(struct inode *i)
{
	if (!ref_put(&i->refs))
		return;
	if (i->mapping.nr_pages)
		mapping_truncate(&i->mapping, 0, UINT64_MAX);
	if (i->sb->ops && i->sb->ops->evict_inode)
		i->sb->ops->evict_inode(i);
	call_rcu(&i->rcu, inode_free_rcu);
}

void inode_init_owner(struct inode *i, const struct inode *dir, mode_t mode)
{
	i->uid = current->cred->fsuid;
	i->gid = current->cred->fsgid;
	if (dir && (dir->mode & S_ISGID)) {
		i->gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
		else if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
			 !in_group(i->gid) && !capable(CAP_FSETID))
			mode &= ~S_ISGID;
	}
	i->mode = mode;
}

void inode_init_special(struct inode *i, dev_t rdev)
{
	i->rdev = rdev;
	if (S_ISCHR(i->mode))
		i->fops = &chrdev_fops;
	else if (S_ISFIFO(i->mode))
		i->fops = &pipe_fops;
}

/* The mode says no. */
static __noinline int capable_permission(struct inode *i, int mask)
{
	if (S_ISDIR(i->mode)) {
		if (!(mask & MAY_WRITE) && capable(CAP_DAC_READ_SEARCH))
			return 0;
		return capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == MAY_READ && capable(CAP_DAC_READ_SEARCH))
		return 0;
	if ((!(mask & MAY_EXEC) || (i->mode & 0111)) && capable(CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}

static inline int mode_permission(struct inode *i, mode_t mode, int mask)
{
	return likely(!(mask & ~mode & 7)) ? 0 : capable_permission(i, mask);
}

/* The group has other rights than the rest. */
static __noinline int group_permission(struct inode *i, int mask)
{
	return mode_permission(i, in_group(i->gid) ? i->mode >> 3 : i->mode, mask);
}

int generic_permission(struct inode *i, int mask)
{
	mode_t mode = i->mode;

	if (current->cred->fsuid == i->uid)
		return mode_permission(i, mode >> 6, mask);
	if (((mode >> 3) ^ mode) & mask & 7)
		return group_permission(i, mask);
	return mode_permission(i, mode, mask);
}

int inode_permission(struct inode *i, int mask)
{
	mask &= MAY_READ | MAY_WRITE | MAY_EXEC;
	if ((mask & MAY_WRITE) && (i->sb->flags & MS_RDONLY) &&
	    (S_ISREG(i->mode) || S_ISDIR(i->mode) || S_ISLNK(i->mode)))
		return -EROFS;
	if (i->ops->permission)
		return i->ops->permission(i, mask);
	return generic_permission(i, mask);
}

bool inode_owner_or_capable(const struct inode *i)
{
	return current->cred->fsuid == i->uid || capable(CAP_FOWNER);
}

static inline __int128 both_words(const struct timespec *t) { return (__int128)t->tv_sec << 64 | (u64)t->tv_nsec; }

/* Without a branch: it costs the same whenever a second has just begun. */
static inline bool before(const struct timespec *a, const struct timespec *b) { return both_words(a) <= both_words(b); }

/* Under "relatime", an access is recorded when the record is not newer than the last change, or a day old. */
static inline bool due_at(const struct mount *mnt, const struct inode *i, const struct timespec *now)
{
	if ((mnt->flags & MS_RELATIME) && !before(&i->atime, &i->mtime) && !before(&i->atime, &i->ctime))
		return now->tv_sec - i->atime.tv_sec >= 24 * 60 * 60;
	return true;
}

/* Neither the mount nor the inode is without. */
static inline bool has_atime(const struct mount *mnt, const struct inode *i)
{
	if ((mnt->flags & (MS_NOATIME | MS_RDONLY)) || ((mnt->flags & MS_NODIRATIME) && S_ISDIR(i->mode)))
		return false;
	return !(i->iflags & IF_NOATIME) && !(i->sb->flags & MS_RDONLY);
}

bool atime_is_due(const struct mount *mnt, const struct inode *i)
{
	struct timespec now = clock_realtime_coarse();

	return has_atime(mnt, i) && due_at(mnt, i, &now) &&
	       (now.tv_nsec != i->atime.tv_nsec || now.tv_sec != i->atime.tv_sec);
}

void touch_atime_at(const struct mount *mnt, struct inode *i)
{
	struct timespec now;

	if (!has_atime(mnt, i))
		return;
	now = clock_realtime_coarse();
	if (due_at(mnt, i, &now))
		i->atime = now;		/* not under the lock: two readers that race write about the same */
}

void touch_atime(struct file *f)
{
	if (!(f->flags & O_NOATIME))
		touch_atime_at(f->path.mnt, f->inode);
}

void inode_init(void)
{
	inode_cache = kmem_cache_create("inode", sizeof(struct inode), 64);
	if (!inode_cache)
		panic("no memory for inodes");
}
