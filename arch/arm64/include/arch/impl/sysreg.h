/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: system registers and barriers. */
#ifndef ARCH_IMPL_SYSREG_H
#define ARCH_IMPL_SYSREG_H

#include <janus/types.h>

/* A system register, by its name or by s<op0>_<op1>_c<n>_c<m>_<op2>. */
#define read_sysreg(name) \
	({ u64 _v; __asm__ volatile("mrs %0, " #name : "=r"(_v)); _v; })
#define write_sysreg(name, value) \
	do { u64 _v = (u64)(value); __asm__ volatile("msr " #name ", %x0" : : "rZ"(_v) : "memory"); } while (0)
#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb(kind) __asm__ volatile("dsb " #kind : : : "memory")
#define dmb(kind) __asm__ volatile("dmb " #kind : : : "memory")

#endif
