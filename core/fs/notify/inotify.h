/* SPDX-License-Identifier: BSD-2-Clause */
/* inotify's limits, which /proc/sys/fs/inotify shows and sets; and its start at boot. */
#ifndef FS_INOTIFY_H
#define FS_INOTIFY_H

extern int inotify_max_events;		/* in one queue */
extern int inotify_max_instances;	/* descriptors of one user */
extern int inotify_max_watches;		/* of one user */
void inotify_init(void);

#endif
