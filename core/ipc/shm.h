/* SPDX-License-Identifier: BSD-2-Clause */
/* System V shared memory between shm.c, which has the segments, and shmctl.c. sysv.h tells of contexts and locks. */
#ifndef IPC_SHM_H
#define IPC_SHM_H

#include "sysv.h"

struct shm_segment {
	struct ipc_object obj;
	struct file *file;		/* [const] what it is made of */
	size_t size;			/* [const] bytes, as asked for */
	u64 pages;			/* [const] */
	u64 attached;			/* [obj] areas, and calls of shmat() under way */
	s64 atime, dtime, ctime;	/* [obj] */
	pid_t cpid, lpid;		/* [obj] */
};

extern struct ipc_ids shm_segments;
extern u64 shm_total_pages;		/* [shm_segments.lock, read as is] */
static inline struct shm_segment *segment_of(struct ipc_object *o) { return container_of(o, struct shm_segment, obj); }
void shm_remove(struct shm_segment *s);	/* [shm_segments.lock + obj] */

#endif
