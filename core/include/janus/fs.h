/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file system layer as a whole, for those who use more than one part of it. core/fs/.
 *
 *   pagecache.h  the pages of a file            inode.h   file system types, superblocks, inodes
 *   dentry.h     names                          mount.h   mounts, paths, root and working directory
 *   file.h       open files and descriptors     poll.h    readiness        device.h  device numbers
 *
 * A path walk runs under RCU without references or allocation; only the dentry it ends at is counted.
 */
#ifndef JANUS_FS_H
#define JANUS_FS_H

#include <janus/dentry.h>
#include <janus/device.h>
#include <janus/file.h>
#include <janus/inode.h>
#include <janus/list.h>
#include <janus/lock.h>
#include <janus/mm.h>
#include <janus/mount.h>
#include <janus/pagecache.h>
#include <janus/poll.h>
#include <janus/types.h>
#include <janus/uaccess.h>
#include <janus/wait.h>
#include <uapi/fcntl.h>
#include <uapi/stat.h>
#include <uapi/time.h>

/* ---- start: core/main.c ---- */
/* caches, rootfs (tmpfs) mounted, current's fs context, devtmpfs and procfs registered */
void vfs_init(void);
void initramfs_unpack(void);	/* boot_info.initrd into the root; a clear line when it is bad */

#endif
