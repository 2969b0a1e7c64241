// SPDX-License-Identifier: BSD-2-Clause
/*
 * The devices without a device: null, zero, full, random, urandom.
 */
#include "internal.h"

#include <janus/random.h>
#include <uapi/ioctl.h>

#define MEM_MAJOR 1
#define RNDGETENTCNT _IOR('R', 0x00, int)
#define RNDADDTOENTCNT _IOW('R', 0x01, int)
#define RNDZAPENTCNT _IO('R', 0x04)
#define RNDCLEARPOOL _IO('R', 0x06)
#define RNDRESEEDCRNG _IO('R', 0x07)
#define ENTROPY_BITS 256

static ssize_t null_dev_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return 0;
}

static ssize_t null_dev_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return it->count;
}

static loff_t null_llseek(struct file *f, loff_t offset, int whence)
{
	return f->pos = 0;
}

static ssize_t zero_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	size_t done = 0, n;

	if (likely(it->count <= PAGE_SIZE)) {
		n = it->count;
		done = zero_iter(n, it);
		return done || !n ? (ssize_t)done : -EFAULT;
	}
	/* Long ones stop for a signal. */
	while (it->count) {
		size_t want = min_t(size_t, it->count, 16 * PAGE_SIZE);

		n = zero_iter(want, it);
		done += n;
		if (n < want)
			return done ? (ssize_t)done : -EFAULT;
		if (signal_pending())
			break;
		cond_resched();
	}
	return done;
}

static ssize_t full_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return -ENOSPC;
}

/* Memory that is zero until it is written: private pages, or a file of its own when it is shared. */
static int zero_mmap(struct file *f, struct vma *vma)
{
	struct file *shared;

	if (!(vma->flags & VM_SHARED)) {
		vma->ops = NULL;
		return 0;
	}
	shared = shmem_file_create("dev/zero", vma->end - vma->start);
	if (IS_ERR(shared))
		return PTR_ERR(shared);
	file_put(vma->file);
	vma->file = shared;
	vma->pgoff = 0;
	return shared->ops->mmap(shared, vma);
}

static ssize_t random_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	u8 block[256];
	size_t done = 0;

	while (it->count) {
		size_t n = min(it->count, sizeof(block)), copied;

		random_bytes(block, n);
		copied = copy_to_iter(block, n, it);
		done += copied;
		if (copied < n) {
			memset(block, 0, sizeof(block));
			return done ? (ssize_t)done : -EFAULT;
		}
		if (signal_pending())
			break;
		cond_resched();
	}
	memset(block, 0, sizeof(block));
	return done;
}

static ssize_t random_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	u8 block[256];
	size_t done = 0;

	while (it->count) {
		size_t n = min(it->count, sizeof(block)), copied = copy_from_iter(block, n, it);

		random_add(block, copied);
		done += copied;
		if (copied < n)
			return done ? (ssize_t)done : -EFAULT;
		cond_resched();
	}
	return done;
}

static long random_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	int v;

	switch (cmd) {
	case RNDGETENTCNT:
		return put_user(ENTROPY_BITS, s32, arg);
	case RNDADDTOENTCNT:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		if (get_user(&v, arg))
			return -EFAULT;
		return v < 0 ? -EINVAL : 0;
	case RNDZAPENTCNT:
	case RNDCLEARPOOL:
	case RNDRESEEDCRNG:
		return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
	default:
		return -EINVAL;
	}
}

static const struct file_ops null_dev_ops = {
	.read = null_dev_read, .write = null_dev_write, .llseek = null_llseek, .splice = SPLICE_TO,
	.read_nowait = null_dev_read, .write_nowait = null_dev_write,
};
static const struct file_ops zero_ops = {
	.read = zero_read, .write = null_dev_write, .llseek = null_llseek, .mmap = zero_mmap, .splice = SPLICE_TO,
	.read_nowait = zero_read, .write_nowait = null_dev_write,
};
static const struct file_ops full_ops = { .read = zero_read, .write = full_write, .llseek = null_llseek };
static const struct file_ops random_ops = {
	.read = random_read, .write = random_write, .llseek = noop_llseek, .ioctl = random_ioctl,
	.splice = SPLICE_FROM | SPLICE_TO, .read_nowait = random_read, .write_nowait = random_write,
};

void mem_devices_init(void)
{
	register_chrdev(MEM_MAJOR, 3, 1, &null_dev_ops, "null", 0666);
	register_chrdev(MEM_MAJOR, 5, 1, &zero_ops, "zero", 0666);
	register_chrdev(MEM_MAJOR, 7, 1, &full_ops, "full", 0666);
	register_chrdev(MEM_MAJOR, 8, 1, &random_ops, "random", 0666);
	register_chrdev(MEM_MAJOR, 9, 1, &random_ops, "urandom", 0666);
}
