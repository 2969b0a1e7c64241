/* SPDX-License-Identifier: BSD-2-Clause */
/* What semctl(IPC_STAT) tells of a set of semaphores on this machine. */
#ifndef UAPI_ASM_SEMID_H
#define UAPI_ASM_SEMID_H

#include <uapi/ipc.h>

struct semid64_ds {
	struct ipc64_perm perm;
	s64 otime, ctime;
	u64 nsems;
	u64 unused[2];
};
_Static_assert(sizeof(struct semid64_ds) == 88, "semid64_ds is 88 bytes");

#endif
