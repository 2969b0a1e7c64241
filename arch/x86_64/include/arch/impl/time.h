/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock is the time stamp counter. */
#ifndef ARCH_IMPL_TIME_H
#define ARCH_IMPL_TIME_H

static inline u64 arch_clock_read(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

#endif
