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
void seccomp_inherit(struct thread *child);
void seccomp_release(struct thread *t);
/* Current's filters are the child's too. [sig] */
static inline void seccomp_fork(struct thread *child)
{
	if (unlikely(current->seccomp_mode))
		seccomp_inherit(child);
}
/* t is current, and makes no more calls. */
static inline void seccomp_exit(struct thread *t)
{
	if (unlikely(t->seccomp_mode))
		seccomp_release(t);
}
long seccomp_prctl_set(unsigned long mode, uaddr_t filter);

#endif
