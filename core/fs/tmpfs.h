/* SPDX-License-Identifier: BSD-2-Clause */
/* What tmpfs.c shares with its options (tmpfs_options.c), devtmpfs and memfds. Process context. */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include <janus/inode.h>

/* An instance: the superblock's private part. */
struct tmpfs {
	u64 max_pages, max_inodes;	/* 0: no limit */
	s64 used_pages, used_inodes;	/* [atomic] */
	mode_t mode;			/* of the root, and its owner */
	uid_t uid;
	gid_t gid;
};

/* mount(2)'s option string into t; 0 or -EINVAL. */
int tmpfs_parse(struct tmpfs *t, char *data);
struct super_block *tmpfs_mount(struct file_system_type *type, const char *source, u32 flags, char *data);
bool inode_is_tmpfs_file(const struct inode *i);

#endif
