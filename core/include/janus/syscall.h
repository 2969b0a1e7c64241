/* SPDX-License-Identifier: BSD-2-Clause */
/* What system calls share besides the handlers' prototypes, which are in <generated/syscalls.h>. core/syscall/. */
#ifndef JANUS_SYSCALL_H
#define JANUS_SYSCALL_H

#include <janus/types.h>

/* The node's name, as uname(2) and /proc/sys/kernel give it: NUL-terminated, at most 64 bytes; may change at any
 * time. */
extern char system_nodename[65], system_domainname[65];

#endif
