/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: device registers are memory of device type; the barriers order them against plain memory. */
#ifndef ARCH_IMPL_IO_H
#define ARCH_IMPL_IO_H

#define ARCH_IO_READ(name, type, insn, reg)                                            \
static inline type name(unsigned long r)                                              \
{                                                                                      \
	type v;                                                                        \
									               \
	__asm__ volatile(insn " %" reg "0, [%1]\n\tdmb oshld" : "=r"(v) : "r"(r) : "memory"); \
	return v;                                                                      \
}
#define ARCH_IO_WRITE(name, type, insn, reg)                                           \
static inline void name(unsigned long r, type v)                                      \
{                                                                                      \
	__asm__ volatile("dmb oshst\n\t" insn " %" reg "0, [%1]" : : "rZ"(v), "r"(r) : "memory"); \
}

ARCH_IO_READ(arch_io_read8, u8, "ldrb", "w")
ARCH_IO_READ(arch_io_read16, u16, "ldrh", "w")
ARCH_IO_READ(arch_io_read32, u32, "ldr", "w")
ARCH_IO_WRITE(arch_io_write8, u8, "strb", "w")
ARCH_IO_WRITE(arch_io_write16, u16, "strh", "w")
ARCH_IO_WRITE(arch_io_write32, u32, "str", "w")

#endif
