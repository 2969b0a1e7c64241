/* SPDX-License-Identifier: BSD-2-Clause */
/* Futex numbers and structures. Source: futex(2), Linux 6.1 uapi. */
#ifndef IPC_FUTEX_H
#define IPC_FUTEX_H

#include <janus/types.h>

struct thread;

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_CMD_MASK 0x7f
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_BITSET_MATCH_ANY 0xffffffff

#define FUTEX_WAITERS 0x80000000
#define FUTEX_OWNER_DIED 0x40000000
#define FUTEX_TID_MASK 0x3fffffff
#define ROBUST_LIST_LIMIT 2048

struct robust_list_head { u64 next; s64 futex_offset; u64 list_op_pending; };

#define FUTEX_32 2
#define FUTEX_WAITV_MAX 128
struct futex_waitv { u64 val, uaddr; u32 flags, reserved; };

/* Wake up to nr waiters of the futex at addr whose bitset meets `bitset`; how many, or -errno. */
long futex_wake(uaddr_t addr, bool private, u32 nr, u32 bitset);

#endif
