// SPDX-License-Identifier: BSD-2-Clause
/*
 * eventfd: a counter behind a descriptor. Source: eventfd(2).
 */
#include <janus/fs.h>
#include <janus/poll.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/thread.h>
#include <generated/syscalls.h>

struct eventfd {
	spinlock_t lock;		/* protects count */
	u64 count;
	bool semaphore;			/* [const] */
	struct wait_queue wait;		/* readers and writers */
};

#define COUNT_MAX (~0ULL - 1)

static bool take(struct eventfd *e, u64 *value)
{
	spin_lock(&e->lock);
	*value = e->semaphore && e->count ? 1 : e->count;
	e->count -= *value;
	spin_unlock(&e->lock);
	return *value != 0;
}

static bool add(struct eventfd *e, u64 value)
{
	bool fits;

	spin_lock(&e->lock);
	fits = value <= COUNT_MAX - e->count;
	if (fits)
		e->count += value;
	spin_unlock(&e->lock);
	return fits;
}

static ssize_t read_count(struct file *f, struct iov_iter *it, bool nonblock)
{
	struct eventfd *e = f->private;
	u64 value;
	long err;

	if (it->count < sizeof(value))
		return -EINVAL;
	if (!take(e, &value)) {
		if (nonblock)
			return -EAGAIN;
		err = wait_event_interruptible(&e->wait, take(e, &value));
		if (err)
			return err;
	}
	wake_up_poll(&e->wait, POLLOUT);
	return copy_to_iter(&value, sizeof(value), it) == sizeof(value) ? (ssize_t)sizeof(value) : -EFAULT;
}

static ssize_t eventfd_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	(void)pos;
	return read_count(f, it, f->flags & O_NONBLOCK);
}

static ssize_t eventfd_read_nowait(struct file *f, struct iov_iter *it, loff_t *pos)
{
	(void)pos;
	return read_count(f, it, true);
}

static ssize_t eventfd_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct eventfd *e = f->private;
	u64 value;
	long err;

	(void)pos;
	if (it->count < sizeof(value))
		return -EINVAL;
	if (copy_from_iter(&value, sizeof(value), it) != sizeof(value))
		return -EFAULT;
	if (value == ~0ULL)
		return -EINVAL;
	if (!add(e, value)) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&e->wait, add(e, value));
		if (err)
			return err;
	}
	wake_up_poll(&e->wait, POLLIN);
	return sizeof(value);
}

static u32 eventfd_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->private;
	u64 count;

	poll_wait(f, &e->wait, pt);
	count = READ_ONCE(e->count);
	return (count ? POLLIN : 0) | (count == ~0ULL ? POLLERR : 0) | (count < COUNT_MAX ? POLLOUT : 0);
}

static int eventfd_fdinfo(struct file *f, char *buf, size_t size)
{
	struct eventfd *e = f->private;

	return scnprintf(buf, size, "eventfd-count: %16llx\n", (unsigned long long)READ_ONCE(e->count));
}

static void eventfd_release(struct file *f)
{
	kfree(f->private);
}

static const struct file_ops eventfd_fops = {
	.read = eventfd_read,
	.read_nowait = eventfd_read_nowait,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.llseek = noop_llseek,
	.release = eventfd_release,
	.show_fdinfo = eventfd_fdinfo,
	.each = EACH_WRITE,
};

long sys_eventfd2(unsigned count, int flags)
{
	struct eventfd *e;
	struct file *f;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	e->count = count;
	e->semaphore = flags & EFD_SEMAPHORE;
	wait_queue_init(&e->wait);
	f = file_alloc_anon("[eventfd]", &eventfd_fops, e, O_RDWR | (flags & EFD_NONBLOCK));
	if (IS_ERR(f)) {
		kfree(e);
		return PTR_ERR(f);
	}
	return fd_install_new(f, flags & EFD_CLOEXEC);
}

long sys_eventfd(unsigned count)
{
	return sys_eventfd2(count, 0);
}
