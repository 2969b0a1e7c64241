/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables, for fdtable.c and dup.c alone; what all may call is in janus/file.h.
 *
 * A table that only one thread uses changes without a lock: nobody else looks at its bit maps, and those who
 * read its slots (/proc, under RCU) expect them to change. A shared one changes under files->lock. Growing
 * makes a new table; the old one is freed after a grace period.
 */
#ifndef FS_FDTABLE_H
#define FS_FDTABLE_H

#include "internal.h"

#define NR_OPEN_MAX 1048576U		/* fs.nr_open */

static inline bool files_shared(const struct files *files)
{
	return __atomic_load_n(&files->refs.n, __ATOMIC_ACQUIRE) != 1;
}

/* True: the lock was taken. */
static inline bool table_lock(struct files *files)
{
	if (likely(!files_shared(files)))
		return false;
	spin_lock(&files->lock);
	return true;
}

static inline void table_unlock(struct files *files, bool locked)
{
	if (unlikely(locked))
		spin_unlock(&files->lock);
}

static inline void set_cloexec(struct fdtable *t, unsigned fd, bool on)
{
	if (on)
		t->cloexec[fd / 64] |= 1UL << (fd % 64);
	else
		t->cloexec[fd / 64] &= ~(1UL << (fd % 64));
}

/* Make room for fd; drops and retakes the lock. 0 or -ENOMEM. */
int table_grow(struct files *files, unsigned fd, bool locked);
/* Without the lock: take the file out of its slot; NULL if there is none. */
struct file *fd_take(struct files *files, unsigned fd);

#endif
