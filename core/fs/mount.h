/* SPDX-License-Identifier: BSD-2-Clause */
/* What mount.c offers to the calls in mount_syscalls.c and to /proc/PID/mountinfo. */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include <janus/mount.h>

#define MOUNT_MAX 100000	/* mounts in a namespace: fs.mount-max */

extern struct mutex namespace_sem;	/* one change of the tree at a time; taken before inode->lock */
extern u32 mount_event;			/* [atomic] one more with each change of what /proc/PID/mounts says */
extern struct wait_queue mount_wait;	/* who polls /proc/PID/mounts */

void mounts_changed(void);		/* a mount's flags are others; the rest of mount.c's calls say it themselves */
struct mount *mount_new(struct super_block *sb, struct dentry *root, const char *source, u32 flags);
void mount_attach(struct mount *m, const struct path *at);
void mount_detach(struct mount *m, struct path *old);
void mount_kill_tree(struct mount *m);
struct mount *mount_copy(const struct path *p, bool recurse);
struct mount *mount_next(struct mount *at, struct mount *m);

#endif
