/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies of arch/thread.h. struct arch_thread is struct thread's first member. */
#ifndef ARCH_IMPL_THREAD_INLINE_H
#define ARCH_IMPL_THREAD_INLINE_H

#include <arch/impl/trapframe.h>

static inline struct trapframe *arch_thread_frame(const struct thread *t)
{
	return (struct trapframe *)((const struct arch_thread *)t)->kstack_top - 1;
}

#endif
