// SPDX-License-Identifier: BSD-2-Clause
/*
 * sync and its family, and advice about files. What lives in memory is always in sync; a file system with a
 * store has super_ops.sync and file_ops.fsync.
 */
#include "internal.h"
#include "mount.h"

#include <generated/syscalls.h>

#define SYNC_FILE_RANGE_KNOWN 7
#define FADV_MAX 5

long sys_sync(void)
{
	struct mount *m;

	mutex_lock(&namespace_sem);
	for (m = init_mnt_ns.root; m; m = mount_next(m, init_mnt_ns.root))
		if (m->sb->ops && m->sb->ops->sync)
			m->sb->ops->sync(m->sb);
	mutex_unlock(&namespace_sem);
	return 0;
}

long sys_syncfs(unsigned fd)
{
	struct fd f = fd_get(fd);
	struct super_block *sb;
	long err;

	if (!f.file)
		return -EBADF;
	sb = f.file->path.mnt->sb;
	err = sb->ops && sb->ops->sync ? sb->ops->sync(sb) : 0;
	fd_put(f);
	return err;
}

static long do_fsync(unsigned fd, bool datasync)
{
	struct fd f = fd_get(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = f.file->ops->fsync ? f.file->ops->fsync(f.file, datasync) : -EINVAL;
	fd_put(f);
	return err;
}

long sys_fsync(unsigned fd)
{
	return do_fsync(fd, false);
}

long sys_fdatasync(unsigned fd)
{
	return do_fsync(fd, true);
}

long sys_sync_file_range(unsigned fd, loff_t offset, loff_t nbytes, unsigned flags)
{
	struct fd f = fd_get(fd);
	mode_t mode;
	long err = 0;

	if (!f.file)
		return -EBADF;
	mode = f.file->inode->mode;
	if ((flags & ~SYNC_FILE_RANGE_KNOWN) || offset < 0 || nbytes < 0 || (loff_t)((u64)offset + (u64)nbytes) < 0)
		err = -EINVAL;
	else if (!S_ISREG(mode) && !S_ISBLK(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
		err = -ESPIPE;
	else if (flags && f.file->ops->fsync)
		err = f.file->ops->fsync(f.file, true);
	fd_put(f);
	return err;
}

/* Advice is checked and not needed: nothing is read ahead of its use. */
long sys_fadvise64(unsigned fd, loff_t offset, size_t len, int advice)
{
	struct fd f = fd_get(fd);
	long err = 0;

	if (!f.file)
		return -EBADF;
	if (S_ISFIFO(f.file->inode->mode))
		err = -ESPIPE;
	else if ((ssize_t)len < 0 || advice < 0 || advice > FADV_MAX)
		err = -EINVAL;
	fd_put(f);
	return err;
}

long sys_readahead(unsigned fd, loff_t offset, size_t count)
{
	struct fd f = fd_get(fd);
	long err = 0;

	if (!f.file)
		return -EBADF;
	if (!(f.file->mode & FMODE_READ))
		err = -EBADF;
	else if (!S_ISREG(f.file->inode->mode) && !S_ISBLK(f.file->inode->mode))
		err = -EINVAL;
	fd_put(f);
	return err;
}
