/* SPDX-License-Identifier: BSD-2-Clause */
/* The vDSO's names on x86_64. */
#ifndef ARCH_IMPL_VDSO_CALL_H
#define ARCH_IMPL_VDSO_CALL_H

#define ARCH_VDSO_NAME(name) __vdso_##name

#endif
