/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: the generic timer's virtual counter. */
#ifndef ARCH_IMPL_TIME_H
#define ARCH_IMPL_TIME_H

static inline u64 arch_clock_read(void)
{
	u64 v;

	/* isb: the counter may be read ahead of earlier instructions */
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v) : : "memory");
	return v;
}

#endif
