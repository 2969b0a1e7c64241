/* SPDX-License-Identifier: BSD-2-Clause */
/* What mmap and mprotect take on this machine only. */
#ifndef UAPI_ASM_MMAN_H
#define UAPI_ASM_MMAN_H

#define ARCH_MAP_32BIT 0	/* not here */
#define ARCH_PROT_EXTRA 0	/* PROT_BTI (0x10) and PROT_MTE (0x20) when the CPU has them */

#endif
