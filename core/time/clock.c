// SPDX-License-Identifier: BSD-2-Clause
/*
 * Clocks: the machine's counter as nanoseconds. Monotonic time is counted from time_init(); real time is
 * monotonic time plus an offset that settimeofday(2) changes.
 */
#include <arch/time.h>
#include <janus/printk.h>
#include <janus/time.h>
#include <janus/uaccess.h>
#include <janus/vdso.h>
#include <janus/wait.h>
#include "clock.h"

/* The counter at boot, its rate and real time's offset, where programs read them too. */
union vdso_page vdso_page __aligned(4096);
static struct vdso_data *const data = &vdso_page.data;

static u64 ticks_per_ns;	/* [const] 32.32 fixed point */
static u64 ticks_per_count;	/* [const] coarse ticks in one of the counter's; 0.64 fixed point */

struct wait_queue clock_was_set = WAIT_QUEUE_INIT(clock_was_set);

static inline u64 scale(u64 value, u64 factor)
{
	return (u64)((unsigned __int128)value * factor >> 32);
}

u64 clock_monotonic(void)
{
	return scale(arch_clock_read() - data->base, data->ns_per_tick);
}

/* The first counter value at which clock_monotonic() is at least ns. */
u64 clock_ticks_at(u64 ns)
{
	if (ns > UINT64_MAX / 4)
		return UINT64_MAX;
	return data->base + scale(ns, ticks_per_ns) + 1;
}

/*
 * Whole ticks, by one multiplication: never ahead of clock_monotonic(), whose rounded factor ours is made of and
 * rounded down again.
 */
static inline u64 coarse_now(void)
{
	u64 ticks = (u64)((unsigned __int128)(arch_clock_read() - data->base) * ticks_per_count >> 64);

	return ticks * TICK_NSEC;
}

u64 clock_monotonic_coarse(void)
{
	return coarse_now();
}

static inline s64 realtime_offset(void)
{
	return __atomic_load_n(&data->realtime_offset, __ATOMIC_RELAXED);
}

s64 clock_realtime_offset(void)
{
	return realtime_offset();
}

struct timespec clock_realtime_coarse(void)
{
	return ns_to_timespec(coarse_now() + (u64)realtime_offset());
}

u64 clock_realtime(void)
{
	return clock_monotonic() + (u64)clock_realtime_offset();
}

/* As Linux: the clock cannot be set to before the boot would then have been in 1970. */
int clock_set_realtime(u64 ns)
{
	u64 now = clock_monotonic();

	if (ns < now || ns > INT64_MAX)
		return -EINVAL;
	__atomic_store_n(&data->realtime_offset, (s64)(ns - now), __ATOMIC_RELAXED);
	wake_up_all(&clock_was_set);
	return 0;
}

void time_init(void)
{
	u64 hz = arch_clock_hz();
	s64 seconds = arch_rtc_read();

	data->ns_per_tick = (NSEC_PER_SEC << 32) / hz;
	ticks_per_ns = (hz << 32) / NSEC_PER_SEC;
	ticks_per_count = (data->ns_per_tick / TICK_NSEC << 32) + (data->ns_per_tick % TICK_NSEC << 32) / TICK_NSEC;
	data->base = arch_clock_read();
	data->realtime_offset = seconds > 0 ? seconds * (s64)NSEC_PER_SEC : 0;
}

/* ---- conversions ---- */

u64 timespec_to_ns(const struct timespec *ts)
{
	if (ts->tv_sec >= INT64_MAX / (s64)NSEC_PER_SEC)
		return INT64_MAX;
	return (u64)ts->tv_sec * NSEC_PER_SEC + (u64)ts->tv_nsec;
}

int get_user_timespec(u64 *ns, uaddr_t from)
{
	struct timespec ts;

	if (copy_struct_in(&ts, from))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	*ns = timespec_to_ns(&ts);
	return 0;
}

int put_user_timespec(uaddr_t to, u64 ns)
{
	struct timespec ts = ns_to_timespec(ns);

	return copy_struct_out(to, &ts);
}
