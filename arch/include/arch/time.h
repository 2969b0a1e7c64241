/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock: one counter that never goes back and agrees on all CPUs, and one timer a CPU. Any context; the timer
 * with interrupts off. Called by core/time/ alone, and by core/time/vdso/ in user mode.
 */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include <janus/types.h>

static inline u64 arch_clock_read(void);	/* ticks since some point before boot */
u64 arch_clock_hz(void);			/* ticks a second; constant after arch_init() */

/* This CPU's timer fires once when the counter reaches `deadline` (ticks); ~0 turns it off. */
void arch_timer_set(u64 deadline);

/* Seconds since 1970 UTC from the machine's clock chip; 0 when there is none. Boot only. */
s64 arch_rtc_read(void);

#include <arch/impl/time.h>

#endif
