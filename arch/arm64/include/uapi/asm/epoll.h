/* SPDX-License-Identifier: BSD-2-Clause */
/* struct epoll_event of this machine. */
#ifndef UAPI_ASM_EPOLL_H
#define UAPI_ASM_EPOLL_H

#include <janus/types.h>

struct epoll_event {
	u32 events;
	u64 data;
};
_Static_assert(sizeof(struct epoll_event) == 16, "epoll_event is 16 bytes");

#endif
