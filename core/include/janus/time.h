/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: nanoseconds in u64; clocks and one-shot timers. core/time/.
 *
 * Monotonic time starts at boot. Timers are per CPU, in a tree by expiry; the next one programs the
 * CPU's arch timer: no periodic tick on an idle CPU.
 */
#ifndef JANUS_TIME_H
#define JANUS_TIME_H

#include <arch/time.h>
#include <janus/lock.h>
#include <janus/rbtree.h>
#include <janus/types.h>
#include <uapi/time.h>		/* struct timespec, timeval, itimerspec; CLOCK_* */

#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define USER_HZ 100		/* clock_t of times(2) and /proc */
#define TICK_NSEC (NSEC_PER_SEC / 250)	/* scheduler tick while a CPU is busy; CONFIG_HZ of Debian's kernels */
#define TIME_MAX UINT64_MAX

void time_init(void);
u64 clock_monotonic(void);	/* ns; any context */
u64 clock_realtime(void);	/* ns since 1970 */
int clock_set_realtime(u64 ns);
s64 clock_realtime_offset(void);	/* realtime - monotonic */

struct ktimer {
	struct rb_node node;			/* [timer queue lock] */
	u64 expires;				/* ns, monotonic */
	void (*fn)(struct ktimer *timer);	/* in the timer interrupt, interrupts off; may re-arm */
	struct cpu *cpu;			/* [atomic] queue it is on, or NULL */
};

void ktimer_init(struct ktimer *t, void (*fn)(struct ktimer *));
void ktimer_start(struct ktimer *t, u64 expires);	/* (re)arm; any context; the owner lets one at a time do so */
bool ktimer_cancel(struct ktimer *t);	/* true: was armed. On return fn is not running on another CPU. */
void timer_tick_start(u64 now);		/* this CPU became busy / idle: tick on / off; interrupts off */
void timer_tick_stop(void);
void ktimer_init_cpu(void);		/* this CPU's timer is up: boot, and each secondary */

struct process;
struct siginfo;
/* itimer.c, posix_timers.c: for process creation, exec and the end of a process (no lock held). */
void process_timers_init(struct process *p);
void process_timers_exit(struct process *p);
void posix_timers_exec(struct process *p);
/* A timer's signal left the queue on its way to a handler: fill in the overrun, arm the next turn. */
void posix_timer_delivered(struct siginfo *info);
void cpu_timers_tick(u64 delta, bool user);	/* sched_tick: ITIMER_VIRTUAL/PROF, RLIMIT_CPU of current */

/* Coarse clocks move in ticks. */
u64 clock_monotonic_coarse(void);
struct timespec clock_realtime_coarse(void);
static inline struct timespec ns_to_timespec(u64 ns)
{
	return (struct timespec){ (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC) };
}
/* Saturates. */
u64 timespec_to_ns(const struct timespec *ts);
static inline bool timespec_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && (u64)ts->tv_nsec < NSEC_PER_SEC;
}

int get_user_timespec(u64 *ns, uaddr_t from);	/* EINVAL unless 0 <= nsec < 1e9 and sec >= 0; saturates */
int put_user_timespec(uaddr_t to, u64 ns);

#endif
