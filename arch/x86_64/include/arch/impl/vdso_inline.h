/* SPDX-License-Identifier: BSD-2-Clause */
/* A system call from the vDSO. */
#ifndef ARCH_IMPL_VDSO_INLINE_H
#define ARCH_IMPL_VDSO_INLINE_H

static inline long arch_vdso_syscall(long nr, long arg0, long arg1)
{
	long result;

	asm volatile("syscall" : "=a"(result) : "0"(nr), "D"(arg0), "S"(arg1) : "rcx", "r11", "memory");
	return result;
}

#endif
