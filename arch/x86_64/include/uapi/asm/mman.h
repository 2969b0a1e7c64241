/* SPDX-License-Identifier: BSD-2-Clause */
/* What mmap and mprotect take on this machine only. */
#ifndef UAPI_ASM_MMAN_H
#define UAPI_ASM_MMAN_H

#define ARCH_MAP_32BIT 0x40	/* below 2 GiB */
#define ARCH_PROT_EXTRA 0	/* further PROT_* bits that are accepted */

#endif
