/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers, for the drivers that both machines share.
 *
 * A register is named by one number: where the machine has I/O ports, a value below 64 KiB is a port;
 * everything else is the virtual address of a device mapping. One access each, of that width, in
 * program order with other device accesses. Any context. All inline.
 */
#ifndef ARCH_IO_H
#define ARCH_IO_H

#include <janus/types.h>

static inline u8 arch_io_read8(unsigned long reg);
static inline u16 arch_io_read16(unsigned long reg);
static inline u32 arch_io_read32(unsigned long reg);
static inline void arch_io_write8(unsigned long reg, u8 value);
static inline void arch_io_write16(unsigned long reg, u16 value);
static inline void arch_io_write32(unsigned long reg, u32 value);

#include <arch/impl/io.h>

#endif
