/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: where in the vDSO the way back from a signal handler is; vdso.ld holds it there. */
#ifndef ARCH_IMPL_VDSO_H
#define ARCH_IMPL_VDSO_H

#define VDSO_TEXT	0x800
#define VDSO_SIGTRAMP	0x804

#endif
