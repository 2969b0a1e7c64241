/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks by their Linux numbers, for the files of core/time/ only. */
#ifndef TIME_CLOCK_H
#define TIME_CLOCK_H

#include <janus/thread.h>
#include <janus/time.h>

u64 clock_ticks_at(u64 ns);	/* for the timer: counter value of a monotonic time */

/* a + b, stopping at TIME_MAX. */
static inline u64 add_ns(u64 a, u64 b) { return a + b < a ? TIME_MAX : a + b; }

/* Clocks that a timer or a sleep can follow by monotonic time. */
static inline bool clock_is_realtime(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_TAI; }
static inline bool clock_is_steady(clockid_t clock) { return clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME; }

/*
 * CPU clocks: a number that is negative holds the inverted pid above three bits: 4 says one thread, the
 * low two what is counted.
 */
enum { CPU_PROF = 0, CPU_VIRT = 1, CPU_SCHED = 2 };
struct cpu_clock {
	struct thread *thread;		/* counted; of a process: its leader */
	bool process;
	unsigned which;
};
/* 0 or -EINVAL. Counts out->thread. reading: clock_gettime may name its own thread as a process. */
int cpu_clock_find(clockid_t clock, bool reading, struct cpu_clock *out);
u64 cpu_clock_read(const struct cpu_clock *c);
static inline bool clock_is_cpu(clockid_t clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

/* posix_timers.c: the tick looks at the timers of current's process that follow CPU clocks. */
void posix_cpu_timers_tick(struct process *p);

#endif
