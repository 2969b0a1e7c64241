/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For code that runs in the vDSO, in user mode (core/time/vdso/): the name a function has there on this
 * machine, and the way into the kernel when it cannot answer by itself. All inline.
 */
#ifndef ARCH_VDSO_H
#define ARCH_VDSO_H

/* ARCH_VDSO_NAME(clock_gettime): the symbol that C libraries look for. */
#include <arch/impl/vdso_call.h>

static inline long arch_vdso_syscall(long nr, long arg0, long arg1);

#include <arch/impl/vdso_inline.h>

#endif
