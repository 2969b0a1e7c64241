// SPDX-License-Identifier: BSD-2-Clause
/*
 * memfd_create and seals.
 */
#include "internal.h"
#include "tmpfs.h"

#include <generated/syscalls.h>

#define MFD_NAME_MAX (NAME_MAX - 6)	/* "memfd:" comes before it */
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

long sys_memfd_create(uaddr_t uname, unsigned flags)
{
	char name[NAME_MAX + 1] = "memfd:";
	struct file *f;
	long n;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB))
		return -EINVAL;
	if (flags & MFD_HUGETLB)
		return -ENOSYS;		/* no huge pages here */
	n = strncpy_from_user(name + 6, uname, MFD_NAME_MAX + 1);
	if (n < 0)
		return n;
	if (n > MFD_NAME_MAX)
		return -EINVAL;
	f = shmem_file_create(name, 0);
	if (IS_ERR(f))
		return PTR_ERR(f);
	f->flags |= O_LARGEFILE;
	if (flags & MFD_ALLOW_SEALING)
		f->inode->seals = 0;
	return fd_install_new(f, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}

/* Deny shared writable mappings from now on; -EBUSY when there are some. */
static int deny_writable(struct inode *i)
{
	s32 none = 0;

	if (i->seals & F_SEAL_WRITE)
		return 0;
	return __atomic_compare_exchange_n(&i->mapping.nr_writable, &none, -1, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED) ? 0 : -EBUSY;
}

static long add_seals(struct file *f, unsigned seals)
{
	struct inode *i = f->inode;
	long err = 0;

	if (!(f->mode & FMODE_WRITE))
		return -EPERM;
	if (seals & ~ALL_SEALS || !inode_is_tmpfs_file(i))
		return -EINVAL;
	down_write(&i->lock);
	if (i->seals & F_SEAL_SEAL)
		err = -EPERM;
	else if (seals & F_SEAL_WRITE)
		err = deny_writable(i);
	if (!err)
		i->seals |= seals;
	up_write(&i->lock);
	return err;
}

long memfd_fcntl(struct file *f, unsigned cmd, unsigned long arg)
{
	if (cmd == F_ADD_SEALS)
		return arg >> 32 ? -EINVAL : add_seals(f, arg);
	return inode_is_tmpfs_file(f->inode) ? (long)READ_ONCE(f->inode->seals) : -EINVAL;
}
