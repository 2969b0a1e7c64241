/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: where the frame is. struct thread begins with struct arch_thread. */
#ifndef ARCH_IMPL_THREAD_INLINE_H
#define ARCH_IMPL_THREAD_INLINE_H

#include <arch/impl/trapframe.h>

static inline struct trapframe *arch_thread_frame(const struct thread *t)
{
	return (struct trapframe *)((const struct arch_thread *)t)->kstack_top - 1;
}

#endif
