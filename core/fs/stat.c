// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a file is: stat and its family, statx, statfs.
 *
 * stat by name needs no reference: the inode that the walk ends at stays readable until we sleep, so
 * its fields are taken under RCU and believed if no rename came in between.
 */
#include "internal.h"

#include <generated/syscalls.h>
#include <uapi/asm/stat.h>

#define STATX_ATTR_AUTOMOUNT 0x1000
#define STATX_ATTR_DAX 0x200000

static void kstat_fill(struct kstat *st, const struct inode *i)
{
	*st = (struct kstat){
		.dev = i->sb->dev, .ino = i->ino, .rdev = i->rdev, .size = i->size, .blocks = inode_blocks(i),
		.mode = i->mode, .nlink = i->nlink, .uid = i->uid, .gid = i->gid, .blksize = i->sb->block_size,
		.atime = i->atime, .mtime = i->mtime, .ctime = i->ctime, .btime = i->btime,
	};
}

static int vfs_getattr(const struct path *p, struct kstat *st)
{
	struct inode *i = p->dentry->inode;

	kstat_fill(st, i);
	st->mnt_id = p->mnt->id;
	st->attributes_mask = i->sb->attributes_mask | STATX_ATTR_AUTOMOUNT | STATX_ATTR_DAX | STATX_ATTR_MOUNT_ROOT;
	if (p->dentry == p->mnt->root)
		st->attributes = STATX_ATTR_MOUNT_ROOT;
	return i->ops->getattr ? i->ops->getattr(i, st) : 0;
}

/* Field by field, here and below: an initialiser would clear all of it, and hold every value until then. */
static void stat_fill(struct stat *s, const struct kstat *k)
{
	s->st_dev = k->dev, s->st_ino = k->ino, s->st_rdev = k->rdev;
	s->st_mode = k->mode, s->st_nlink = k->nlink, s->st_uid = k->uid, s->st_gid = k->gid;
	s->st_size = k->size, s->st_blksize = k->blksize, s->st_blocks = k->blocks;
	s->st_atime = k->atime.tv_sec, s->st_atime_nsec = k->atime.tv_nsec;
	s->st_mtime = k->mtime.tv_sec, s->st_mtime_nsec = k->mtime.tv_nsec;
	s->st_ctime = k->ctime.tv_sec, s->st_ctime_nsec = k->ctime.tv_nsec;
	stat_clear_pads(s);
}

/* Straight from the inode, as most calls ask for it. */
static inline void stat_inode(struct stat *s, const struct inode *i)
{
	s->st_dev = i->sb->dev, s->st_ino = i->ino, s->st_rdev = i->rdev;
	s->st_mode = i->mode, s->st_nlink = i->nlink, s->st_uid = i->uid, s->st_gid = i->gid;
	s->st_size = i->size, s->st_blksize = i->sb->block_size, s->st_blocks = inode_blocks(i);
	s->st_atime = i->atime.tv_sec, s->st_atime_nsec = i->atime.tv_nsec;
	s->st_mtime = i->mtime.tv_sec, s->st_mtime_nsec = i->mtime.tv_nsec;
	s->st_ctime = i->ctime.tv_sec, s->st_ctime_nsec = i->ctime.tv_nsec;
	stat_clear_pads(s);
}

static int stat_path(struct stat *s, const struct path *p)
{
	struct kstat k;
	int err = vfs_getattr(p, &k);

	if (!err)
		stat_fill(s, &k);
	return err;
}

/* A name that is in kernel memory. */
static int stat_name(int dirfd, const char *name, unsigned lookup, struct stat *s)
{
	struct path p;
	struct walk w;
	int err;

	do {
		err = walk_begin(&w, NULL, dirfd, name, lookup);
		if (likely(!err && !w.inode->ops->getattr)) {
			stat_inode(s, w.inode);
			if (unlikely(!walk_valid(&w)))
				err = -ECHILD;
		} else if (!err) {
			err = walk_take(&w, &p);
			if (!err) {
				err = stat_path(s, &p);
				path_put(&p);
			}
		} else if (!walk_valid(&w)) {
			err = -ECHILD;
		}
		walk_end(&w);
	} while (unlikely(err == -ECHILD) && walk_again());
	return err;
}

static int stat_fd(unsigned fd, struct stat *s)
{
	struct fd f = fd_get_raw(fd);
	int err = 0;

	if (unlikely(!f.file))
		return -EBADF;
	if (likely(!f.file->inode->ops->getattr))
		stat_inode(s, f.file->inode);
	else
		err = stat_path(s, &f.file->path);
	fd_put(f);
	return err;
}

static long stat_user(int dirfd, uaddr_t path, unsigned lookup, uaddr_t buf)
{
	struct pathname name;
	struct stat s;
	int err = pathname_get(&name, path, lookup);

	if (unlikely(err))
		return err;
	if (unlikely(!*name.name && dirfd >= 0))
		err = stat_fd(dirfd, &s);
	else
		err = stat_name(dirfd, name.name, lookup, &s);
	pathname_put(&name);
	return err ? err : copy_struct_out(buf, &s);
}

long sys_stat(uaddr_t path, uaddr_t buf)
{
	return stat_user(AT_FDCWD, path, LOOKUP_FOLLOW, buf);
}

long sys_lstat(uaddr_t path, uaddr_t buf)
{
	return stat_user(AT_FDCWD, path, 0, buf);
}

long sys_newfstatat(int dirfd, uaddr_t path, uaddr_t buf, int flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	return stat_user(dirfd, path, (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
				      (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), buf);
}

long sys_fstat(unsigned fd, uaddr_t buf)
{
	struct stat s;
	int err = stat_fd(fd, &s);

	return err ? err : copy_struct_out(buf, &s);
}

/* ---- statx ---- */

static struct statx_timestamp statx_time(const struct timespec *t)
{
	return (struct statx_timestamp){ t->tv_sec, t->tv_nsec, 0 };
}

long sys_statx(int dirfd, uaddr_t path, unsigned flags, unsigned mask, uaddr_t buf)
{
	unsigned lookup =
		(flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	struct statx x;
	struct kstat k;
	struct path p;
	int err;

	if (mask & STATX__RESERVED)
		return -EINVAL;
	if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	err = user_path_at(dirfd, path, lookup, &p);
	if (err)
		return err;
	err = vfs_getattr(&p, &k);
	path_put(&p);
	if (err)
		return err;
	x = (struct statx){
		.mask = STATX_BASIC_STATS | STATX_MNT_ID | (k.btime.tv_sec ? mask & STATX_BTIME : 0),
		.blksize = k.blksize,
		.attributes = k.attributes, .attributes_mask = k.attributes_mask, .nlink = k.nlink,
		.uid = k.uid, .gid = k.gid, .mode = k.mode, .ino = k.ino, .size = k.size, .blocks = k.blocks,
		.atime = statx_time(&k.atime), .mtime = statx_time(&k.mtime), .ctime = statx_time(&k.ctime),
		.rdev_major = MAJOR(k.rdev), .rdev_minor = MINOR(k.rdev),
		.dev_major = MAJOR(k.dev), .dev_minor = MINOR(k.dev), .mnt_id = k.mnt_id,
	};
	if (x.mask & STATX_BTIME)
		x.btime = statx_time(&k.btime);
	return copy_struct_out(buf, &x);
}

/* ---- statfs ---- */

/* A mount's flags as statfs reports them. */
static u64 statfs_flags(const struct mount *m)
{
	static const struct { u32 ms, st; } map[] = {
		{ MS_RDONLY, 1 }, { MS_NOSUID, 2 }, { MS_NODEV, 4 }, { MS_NOEXEC, 8 }, { MS_NOATIME, 0x400 },
		{ MS_NODIRATIME, 0x800 }, { MS_RELATIME, 0x1000 }, { MS_NOSYMFOLLOW, 0x2000 },
	};
	u64 flags = ST_VALID | (m->sb->flags & (MS_SYNCHRONOUS | MS_MANDLOCK)) | (m->sb->flags & MS_RDONLY);

	for (unsigned i = 0; i < ARRAY_SIZE(map); i++)
		if (m->flags & map[i].ms)
			flags |= map[i].st;
	return flags;
}

static int kstatfs_get(const struct path *p, struct kstatfs *k)
{
	struct super_block *sb = p->mnt->sb;
	int err = sb->ops && sb->ops->statfs ? sb->ops->statfs(sb, k) : simple_statfs(sb, k);

	k->flags = statfs_flags(p->mnt);
	return err;
}

static long statfs_out(const struct path *p, uaddr_t buf)
{
	struct kstatfs k;
	struct statfs s;
	int err = kstatfs_get(p, &k);

	if (err)
		return err;
	s = (struct statfs){
		.type = k.type, .bsize = k.bsize, .blocks = k.blocks, .bfree = k.bfree, .bavail = k.bavail,
		.files = k.files, .ffree = k.ffree, .fsid = { (s32)k.fsid, (s32)(k.fsid >> 32) },
		.namelen = k.namelen, .frsize = k.frsize, .flags = k.flags,
	};
	return copy_struct_out(buf, &s);
}

long sys_statfs(uaddr_t path, uaddr_t buf)
{
	struct path p;
	long err = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW, &p);

	if (!err) {
		err = statfs_out(&p, buf);
		path_put(&p);
	}
	return err;
}

long sys_fstatfs(unsigned fd, uaddr_t buf)
{
	struct fd f = fd_get_raw(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = statfs_out(&f.file->path, buf);
	fd_put(f);
	return err;
}

struct ustat { s32 tfree; u64 tinode; char fname[6], fpack[6]; };

long sys_ustat(unsigned dev, uaddr_t ubuf)
{
	struct ustat u = { 0 };
	struct kstatfs k;
	struct path p;
	int err = mount_of_device(dev, &p);

	if (err)
		return err;
	err = kstatfs_get(&p, &k);
	path_put(&p);
	if (err)
		return err;
	u.tfree = k.bfree;
	u.tinode = k.ffree;
	return copy_struct_out(ubuf, &u);
}
