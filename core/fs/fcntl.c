// SPDX-License-Identifier: BSD-2-Clause
/*
 * fcntl and ioctl: what can be done to an open file besides reading and writing it.
 */
#include "internal.h"

#include <janus/fasync.h>
#include <generated/syscalls.h>
#include <uapi/termios.h>

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)
#define FIBMAP _IO(0x00, 1)
#define FIGETBSZ _IO(0x00, 2)
#define FIFREEZE _IOWR('X', 119, int)
#define FITHAW _IOWR('X', 120, int)

static long set_flags(unsigned fd, struct file *f, unsigned flags)
{
	int err = 0;

	if ((flags & ~f->flags & O_NOATIME) && !inode_owner_or_capable(f->inode))
		return -EPERM;
	if ((flags & O_DIRECT) && !S_ISFIFO(f->inode->mode))
		return -EINVAL;
	if (((flags ^ f->flags) & FASYNC) && f->ops->fasync)
		err = f->ops->fasync(f, (int)fd, flags & FASYNC);
	if (err)
		return err;
	spin_lock(&f->lock);
	f->flags = (flags & SETFL_MASK) | (f->flags & ~SETFL_MASK);
	spin_unlock(&f->lock);
	return 0;
}

/* ---- fcntl ---- */

#define RW_HINT_MAX 5

static long set_write_hint(struct inode *inode, uaddr_t arg)
{
	u64 hint;

	if (get_user(&hint, arg))
		return -EFAULT;
	if (hint > RW_HINT_MAX)
		return -EINVAL;
	inode->write_hint = hint;
	return 0;
}

static __noinline long do_fcntl(unsigned fd, struct file *f, unsigned cmd, unsigned long arg)
{
	switch (cmd) {
	case F_DUPFD:
		return fcntl_dupfd(fd, arg, 0);
	case F_DUPFD_CLOEXEC:
		return fcntl_dupfd(fd, arg, O_CLOEXEC);
	case F_GETFD:
		return fd_cloexec(fd) ? FD_CLOEXEC : 0;
	case F_SETFD:
		fd_set_cloexec(fd, arg & FD_CLOEXEC);
		return 0;
	case F_GETFL:
		return f->flags;
	}
	if (f->mode & FMODE_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL:
		return set_flags(fd, f, arg);
	case F_GETLK:
	case F_OFD_GETLK:
		return fcntl_getlk(f, cmd, arg);
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_setlk(fd, f, cmd, arg);
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_GETOWNER_UIDS:
	case F_SETSIG:
	case F_GETSIG:
		return fasync_fcntl(f, cmd, arg);
	case F_GETLEASE:
		return F_UNLCK;
	case F_NOTIFY:			/* taking back a request that was never made */
		return !arg ? 0 : S_ISDIR(f->inode->mode) ? -EINVAL : -ENOTDIR;
	case F_GET_RW_HINT:
		return put_user(f->inode->write_hint, u64, arg);
	case F_SET_RW_HINT:
		return set_write_hint(f->inode, arg);
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
		return pipe_fcntl(f, cmd, arg);
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return memfd_fcntl(f, cmd, arg);
	default:
		return -EINVAL;
	}
}

long sys_fcntl(unsigned fd, unsigned cmd, unsigned long arg)
{
	struct fd f = fd_get_raw(fd);
	long n;

	if (unlikely(!f.file))
		return -EBADF;
	if (likely(cmd == F_GETFL))
		n = f.file->flags;
	else
		n = do_fcntl(fd, f.file, cmd, arg);
	fd_put(f);
	return n;
}

/* ---- ioctl ---- */

static long set_nonblock(struct file *f, uaddr_t arg)
{
	int on;

	if (get_user(&on, arg))
		return -EFAULT;
	spin_lock(&f->lock);
	f->flags = on ? f->flags | O_NONBLOCK : f->flags & ~O_NONBLOCK;
	spin_unlock(&f->lock);
	return 0;
}

static long set_async(unsigned fd, struct file *f, uaddr_t arg)
{
	int on;

	if (get_user(&on, arg))
		return -EFAULT;
	if (!on == !(f->flags & FASYNC))
		return 0;
	return f->ops->fasync ? f->ops->fasync(f, (int)fd, on) : -ENOTTY;
}

static long regular_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	switch (cmd) {
	case FIONREAD:
		return put_user(READ_ONCE(f->inode->size) - f->pos, s32, arg);
	case FIBMAP:
		return capable(CAP_SYS_RAWIO) ? -EINVAL : -EPERM;
	default:
		return -ENOTTY;
	}
}

static long do_ioctl(unsigned fd, struct file *f, unsigned cmd, unsigned long arg)
{
	mode_t mode = f->inode->mode;

	switch (cmd) {
	case FIOCLEX:
		fd_set_cloexec(fd, true);
		return 0;
	case FIONCLEX:
		fd_set_cloexec(fd, false);
		return 0;
	case FIONBIO:
		return set_nonblock(f, arg);
	case FIOASYNC:
		return set_async(fd, f, arg);
	case FIOQSIZE:
		if (!S_ISDIR(mode) && !S_ISREG(mode) && !S_ISLNK(mode))
			return -ENOTTY;
		return put_user((s64)inode_blocks(f->inode) * 512, s64, arg);
	case FIFREEZE:
	case FITHAW:			/* no file system here can be frozen */
		return !capable(CAP_SYS_ADMIN) ? -EPERM : cmd == FITHAW ? -EINVAL : -EOPNOTSUPP;
	case FIGETBSZ:
		if (!arg || !f->inode->sb->block_size)
			return -EINVAL;
		return put_user(f->inode->sb->block_size, s32, arg);
	}
	if (f->ops->ioctl)
		return f->ops->ioctl(f, cmd, arg);
	return S_ISREG(mode) ? regular_ioctl(f, cmd, arg) : -ENOTTY;
}

long sys_ioctl(unsigned fd, unsigned cmd, unsigned long arg)
{
	struct fd f = fd_get(fd);
	long n;

	if (!f.file)
		return -EBADF;
	n = do_ioctl(fd, f.file, cmd, arg);
	fd_put(f);
	return n;
}
