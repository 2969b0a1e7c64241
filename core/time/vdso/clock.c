// SPDX-License-Identifier: BSD-2-Clause
/*
 * The clock calls that need no kernel: this file runs in every program, in the vDSO, and reads [vvar]. What it
 * cannot answer goes in by the front door. It may use no other code and no data of its own.
 */
#include <arch/time.h>
#include <arch/vdso.h>
#include <generated/syscall_nr.h>
#include <janus/vdso.h>
#include <uapi/time.h>

#define NSEC_PER_SEC 1000000000ULL
#define VDSO __attribute__((visibility("default")))

/* The linker script puts it one page below the image. */
extern struct vdso_data vdso_data __attribute__((visibility("hidden")));

static inline u64 monotonic(void)
{
	return (u64)((unsigned __int128)(arch_clock_read() - vdso_data.base) * vdso_data.ns_per_tick >> 32);
}

/* The offset is one word: a reader while it is set sees the old clock or the new one. */
static inline u64 realtime(void)
{
	return monotonic() + (u64)__atomic_load_n(&vdso_data.realtime_offset, __ATOMIC_RELAXED);
}

static inline long answer(struct timespec *ts, u64 ns)
{
	ts->tv_sec = (s64)(ns / NSEC_PER_SEC);
	ts->tv_nsec = (s64)(ns % NSEC_PER_SEC);
	return 0;
}

VDSO long ARCH_VDSO_NAME(clock_gettime)(clockid_t clock, struct timespec *ts);
VDSO long ARCH_VDSO_NAME(clock_gettime)(clockid_t clock, struct timespec *ts)
{
	switch (clock) {
	case CLOCK_REALTIME:
		return answer(ts, realtime());
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
		return answer(ts, monotonic());
	default:
		return arch_vdso_syscall(__NR_clock_gettime, clock, (long)ts);
	}
}

VDSO long ARCH_VDSO_NAME(gettimeofday)(struct timeval *tv, struct timezone *tz);
VDSO long ARCH_VDSO_NAME(gettimeofday)(struct timeval *tv, struct timezone *tz)
{
	u64 ns;

	if (tz)
		return arch_vdso_syscall(__NR_gettimeofday, (long)tv, (long)tz);
	if (tv) {
		ns = realtime();
		tv->tv_sec = (s64)(ns / NSEC_PER_SEC);
		tv->tv_usec = (s64)(ns % NSEC_PER_SEC / 1000);
	}
	return 0;
}

VDSO long ARCH_VDSO_NAME(clock_getres)(clockid_t clock, struct timespec *res);
VDSO long ARCH_VDSO_NAME(clock_getres)(clockid_t clock, struct timespec *res)
{
	return arch_vdso_syscall(__NR_clock_getres, clock, (long)res);
}
