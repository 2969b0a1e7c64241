/* SPDX-License-Identifier: BSD-2-Clause */
/* The address space's layout, and the machine's half of an mm. */
#ifndef ARCH_IMPL_MMU_H
#define ARCH_IMPL_MMU_H

#define ARCH_USER_END 0x7ffffffff000UL

#define ARCH_DIRECT_MAP 0xffff888000000000UL
#define ARCH_DIRECT_MAP_SIZE (64UL << 40)
#define ARCH_VMALLOC_START 0xffffc90000000000UL
#define ARCH_VMALLOC_END 0xffffe90000000000UL
#define ARCH_VMEMMAP 0xffffea0000000000UL
#define ARCH_IMAGE_BASE 0xffffffff80000000UL	/* physical address 0; the image starts 1 MiB above */
#define ARCH_PIE_BASE 0x555555554000UL
#define ARCH_MMAP_RANDOM_BITS 28
#define ARCH_STACK_RANDOM_BITS 22
#define ARCH_BRK_RANDOM_BITS 13

static inline phys_t kimage_phys(const void *addr) { return (unsigned long)addr - ARCH_IMAGE_BASE; }

/*
 * `cpus` has the CPUs whose CR3 holds this space [atomic]: a bit is set before CR3 is loaded and cleared
 * after another is, so whoever changes an entry and then reads it misses no CPU.
 */
struct arch_mm {
	phys_t root;	/* [const] */
	u32 cpus;
};

#endif
