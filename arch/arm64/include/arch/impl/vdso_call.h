/* SPDX-License-Identifier: BSD-2-Clause */
/* The vDSO's names on arm64. */
#ifndef ARCH_IMPL_VDSO_CALL_H
#define ARCH_IMPL_VDSO_CALL_H

#define ARCH_VDSO_NAME(name) __kernel_##name

#endif
