/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: the kernel's address space and the types behind arch/mmu.h.
 *
 * User space hangs off TTBR0, the kernel's off TTBR1: an address space holds no kernel half.
 */
#ifndef ARCH_IMPL_MMU_H
#define ARCH_IMPL_MMU_H

/* Assembly and the linker script take the numbers without C's suffix. */
#if defined(__ASSEMBLER__) || defined(__LINKER__)
#define ADDRESSES_ONLY
#define ADDRESS(x)		x
#else
#define ADDRESS(x)		x##UL
#endif

#define ARCH_USER_END		ADDRESS(0x0001000000000000)
#define ARCH_DIRECT_MAP		ADDRESS(0xffff000000000000)
#define ARCH_DIRECT_MAP_SIZE	ADDRESS(0x0000800000000000)
#define ARCH_IMAGE_BASE		ADDRESS(0xffff800008000000)
#define ARCH_VMALLOC_START	ADDRESS(0xffff800010000000)
#define ARCH_VMALLOC_END	ADDRESS(0xffff808000000000)
#define ARCH_VMEMMAP		ADDRESS(0xffffc00000000000)
/* Devices the face itself drives, from the first line on: 512 GiB of physical space by 2 MiB blocks. */
#define ARCH_DEVICE_MAP		ADDRESS(0xffffff8000000000)
#define ARCH_DEVICE_MAP_SIZE	ADDRESS(0x0000008000000000)
/* Two thirds of user space, as Linux. */
#define ARCH_PIE_BASE		ADDRESS(0x0000aaaaaaaaa000)
#define ARCH_MMAP_RANDOM_BITS	18
#define ARCH_STACK_RANDOM_BITS	18
#define ARCH_BRK_RANDOM_BITS	18

#ifndef ADDRESSES_ONLY

#include <arch/impl/sysreg.h>

struct arch_mm {
	u64 asid;	/* [atomic] generation above bit 16, ASID below; 0: none yet */
	phys_t root;	/* [const] */
	u32 cpus;	/* [atomic] CPUs that ran in it: others hold no translation of it */
};

/* mmu.c, boot.S */
void mmu_map_direct_early(phys_t start, phys_t end);	/* boot tables: 1 GiB blocks around a range */
volatile void *device_map(phys_t pa, size_t size);	/* registers of a device; boot CPU, at boot */

extern u64 boot_kernel_root[], boot_user_root[], boot_direct_pud[], boot_empty_root[];

#endif
#endif
