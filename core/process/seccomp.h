/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seccomp: which calls a thread may make. core/process/seccomp.c. Process context. Source: seccomp(2).
 *
 * A thread with it has TF_SECCOMP, and its calls end in syscall_dispatch_traced(); no other thread pays for it.
 */
#ifndef PROCESS_SECCOMP_H
#define PROCESS_SECCOMP_H

#include "process.h"
#include <arch/trapframe.h>
#include <uapi/seccomp.h>

/* May current, which has TF_SECCOMP, make the call in tf? False: its result is there. May not come back at all. */
bool seccomp_allows(struct trapframe *tf);
void seccomp_fork(struct thread *child);	/* current's filters are the child's too. [sig] */
void seccomp_exit(struct thread *t);		/* current, which makes no more calls */
long seccomp_prctl_set(unsigned long mode, uaddr_t filter);

#endif
