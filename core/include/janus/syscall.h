/* SPDX-License-Identifier: BSD-2-Clause */
/* The dispatcher's own words; the handlers' prototypes are in <generated/syscalls.h>. core/syscall/dispatch.c. */
#ifndef JANUS_SYSCALL_H
#define JANUS_SYSCALL_H

#include <janus/types.h>

struct thread;

/* Print the names of t's last four system calls, newest first, as one line. Any context: panics call it. */
void syscall_print_recent(const struct thread *t);

/* The node's name, as uname(2) and /proc/sys/kernel give it: NUL-terminated, at most 64 bytes; may change at any time. */
extern char system_nodename[65], system_domainname[65];

#endif
