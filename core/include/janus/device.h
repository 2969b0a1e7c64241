/* SPDX-License-Identifier: BSD-2-Clause */
/* Device numbers in Linux's 32-bit encoding, character devices, and devtmpfs. core/fs/chrdev.c, devtmpfs.c. */
#ifndef JANUS_DEVICE_H
#define JANUS_DEVICE_H

#include <janus/types.h>

struct file_ops;
struct textbuf;

#define MKDEV(major, minor) ((dev_t)(((minor) & 0xff) | ((major) << 8) | (((minor) & ~0xffu) << 12)))
#define MAJOR(dev) (((dev) >> 8) & 0xfff)
#define MINOR(dev) (((dev) & 0xff) | (((dev) >> 12) & 0xfff00))

/* Character devices major, [first, first + n); also makes /dev/name when n is 1 and name is not NULL. Boot. */
int register_chrdev(unsigned major, unsigned first, unsigned n, const struct file_ops *ops, const char *name,
		    mode_t mode);
/* A node in devtmpfs; directories in name are made. mode holds S_IFCHR or S_IFBLK. 0 or -errno; before vfs_init too. */
int devtmpfs_create(const char *name, mode_t mode, dev_t dev);
void show_chrdevs(struct textbuf *t);		/* /proc/devices */

#endif
