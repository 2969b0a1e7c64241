/* SPDX-License-Identifier: BSD-2-Clause */
/* Device registers: ports below 64 KiB, memory above. */
#ifndef ARCH_IMPL_IO_H
#define ARCH_IMPL_IO_H

#define IO_PORTS 0x10000UL

static inline u8 inb(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 inw(u16 port)
{
	u16 value;

	asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 inl(u16 port)
{
	u32 value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outb(u16 port, u8 value) { asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory"); }
static inline void outw(u16 port, u16 value) { asm volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory"); }
static inline void outl(u16 port, u32 value) { asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory"); }

static inline u8 arch_io_read8(unsigned long reg)
{
	return reg < IO_PORTS ? inb((u16)reg) : *(volatile u8 *)reg;
}

static inline u16 arch_io_read16(unsigned long reg)
{
	return reg < IO_PORTS ? inw((u16)reg) : *(volatile u16 *)reg;
}

static inline u32 arch_io_read32(unsigned long reg)
{
	return reg < IO_PORTS ? inl((u16)reg) : *(volatile u32 *)reg;
}

static inline void arch_io_write8(unsigned long reg, u8 value)
{
	if (reg < IO_PORTS)
		outb((u16)reg, value);
	else
		*(volatile u8 *)reg = value;
}

static inline void arch_io_write16(unsigned long reg, u16 value)
{
	if (reg < IO_PORTS)
		outw((u16)reg, value);
	else
		*(volatile u16 *)reg = value;
}

static inline void arch_io_write32(unsigned long reg, u32 value)
{
	if (reg < IO_PORTS)
		outl((u16)reg, value);
	else
		*(volatile u32 *)reg = value;
}

#endif
