// SPDX-License-Identifier: BSD-2-Clause
/*
 * Character devices: which driver has which numbers. Opening a device node hands the file over to its driver.
 */
#include "internal.h"

#include <janus/textbuf.h>

struct chrdev {
	struct list_head link;
	unsigned major, first, n;
	const struct file_ops *ops;
	const char *name;
};

static struct mutex chrdevs_lock = MUTEX_INIT(chrdevs_lock);
static LIST_HEAD(chrdevs);		/* [chrdevs_lock] only ever grows */

static const struct file_ops *find_driver(dev_t dev)
{
	struct chrdev *c;

	GUARD(mutex, &chrdevs_lock);
	list_for_each_entry(c, &chrdevs, link)
		if (c->major == MAJOR(dev) && MINOR(dev) - c->first < c->n)
			return c->ops;
	return NULL;
}

static int chrdev_open(struct inode *inode, struct file *f)
{
	const struct file_ops *ops = find_driver(inode->rdev);

	if (!ops)
		return -ENXIO;
	f->ops = ops;
	if (!ops->llseek || ops->llseek == noop_llseek)
		f->mode |= FMODE_STREAM;
	return ops->open ? ops->open(inode, f) : 0;
}

const struct file_ops chrdev_fops = { .open = chrdev_open };

int register_chrdev(unsigned major, unsigned first, unsigned n, const struct file_ops *ops, const char *name,
		    mode_t mode)
{
	struct chrdev *c = kmalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	*c = (struct chrdev){ .major = major, .first = first, .n = n, .ops = ops, .name = name };
	mutex_lock(&chrdevs_lock);
	list_add_tail(&c->link, &chrdevs);
	mutex_unlock(&chrdevs_lock);
	return n == 1 && name ? devtmpfs_create(name, S_IFCHR | mode, MKDEV(major, first)) : 0;
}

/* "  1 mem": a line for each driver; the memory devices have one name between them. */
void show_chrdevs(struct textbuf *t)
{
	struct chrdev *c;
	unsigned last = 0;

	tb_puts(t, "Character devices:\n");
	mutex_lock(&chrdevs_lock);
	list_for_each_entry(c, &chrdevs, link) {
		if (c->major == last && c->major == 1)
			continue;
		last = c->major;
		tb_printf(t, "%3u %s\n", c->major, c->major == 1 ? "mem" : c->name ? c->name : "?");
	}
	mutex_unlock(&chrdevs_lock);
	tb_puts(t, "\nBlock devices:\n");
}
