/* SPDX-License-Identifier: BSD-2-Clause */
/* struct epoll_event of this machine. */
#ifndef UAPI_ASM_EPOLL_H
#define UAPI_ASM_EPOLL_H

#include <janus/types.h>

struct epoll_event {
	u32 events;
	u64 data;
} __attribute__((packed));
_Static_assert(sizeof(struct epoll_event) == 12, "epoll_event is 12 bytes");

#endif
