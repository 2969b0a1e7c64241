/* SPDX-License-Identifier: BSD-2-Clause */
/* struct stat of this machine. */
#ifndef UAPI_ASM_STAT_H
#define UAPI_ASM_STAT_H

#include <janus/types.h>

struct stat {
	u64 st_dev, st_ino, st_nlink;
	u32 st_mode, st_uid, st_gid, pad0;
	u64 st_rdev;
	s64 st_size, st_blksize, st_blocks;
	u64 st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
	s64 unused[3];
};
_Static_assert(sizeof(struct stat) == 144, "stat is 144 bytes");

/* What stands between and behind the fields. */
static inline void stat_clear_pads(struct stat *s)
{
	s->pad0 = 0;
	s->unused[0] = s->unused[1] = s->unused[2] = 0;
}

#endif
