/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restartable sequences: what a thread and the kernel tell each other. Source: linux/rseq.h of 6.1.
 */
#ifndef UAPI_RSEQ_H
#define UAPI_RSEQ_H

#include <janus/types.h>

#define RSEQ_CPU_ID_UNINITIALIZED (-1)
#define RSEQ_FLAG_UNREGISTER (1 << 0)

/* A thread's area. */
struct rseq {
	u32 cpu_id_start;
	u32 cpu_id;
	u64 rseq_cs;		/* address of a struct rseq_cs, or 0 */
	u32 flags;
	u32 pad[3];
};

/* A sequence: [start_ip, start_ip + post_commit_offset), and where to go on if it is broken. */
struct rseq_cs {
	u32 version;
	u32 flags;
	u64 start_ip;
	u64 post_commit_offset;
	u64 abort_ip;
};

#endif
