/* SPDX-License-Identifier: BSD-2-Clause */
/* A system call from the vDSO. */
#ifndef ARCH_IMPL_VDSO_INLINE_H
#define ARCH_IMPL_VDSO_INLINE_H

static inline long arch_vdso_syscall(long nr, long arg0, long arg1)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = arg0;
	register long x1 __asm__("x1") = arg1;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	return x0;
}

#endif
