// SPDX-License-Identifier: BSD-2-Clause
/*
 * The start of the file system layer: its caches, the root, and the file systems that come with the kernel.
 */
#include "internal.h"
#include "notify/inotify.h"

void vfs_init(void)
{
	dcache_init();
	inode_init();
	namei_init();
	tmpfs_init();
	mount_init();
	file_init();
	eventpoll_init();
	inotify_init();
	fdtable_init();
	devtmpfs_init();
	mem_devices_init();
	procfs_init();
	loadavg_init();
}
