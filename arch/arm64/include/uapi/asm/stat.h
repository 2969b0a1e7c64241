/* SPDX-License-Identifier: BSD-2-Clause */
/* struct stat of this machine (asm-generic). */
#ifndef UAPI_ASM_STAT_H
#define UAPI_ASM_STAT_H

#include <janus/types.h>

struct stat {
	u64 st_dev, st_ino;
	u32 st_mode, st_nlink, st_uid, st_gid;
	u64 st_rdev, pad1;
	s64 st_size;
	s32 st_blksize, pad2;
	s64 st_blocks;
	u64 st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
	u32 unused[2];
};
_Static_assert(sizeof(struct stat) == 128, "stat is 128 bytes");

/* What stands between and behind the fields. */
static inline void stat_clear_pads(struct stat *s)
{
	s->pad1 = 0;
	s->pad2 = 0;
	s->unused[0] = s->unused[1] = 0;
}

#endif
