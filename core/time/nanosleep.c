// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sleeping until a time: schedule_timeout() for the kernel, nanosleep and clock_nanosleep for users. A
 * relative sleep that a stopping signal cuts short goes on through restart_syscall(2); one that a
 * handler interrupts reports what was left.
 */
#include "clock.h"
#include <generated/syscalls.h>
#include <janus/sched.h>
#include <janus/uaccess.h>
#include <janus/wait.h>

struct sleeper {
	struct ktimer timer;
	struct thread *thread;
};

static void sleeper_wake(struct ktimer *timer)
{
	wake_up_thread(container_of(timer, struct sleeper, timer)->thread,
		       THREAD_INTERRUPTIBLE | THREAD_UNINTERRUPTIBLE | THREAD_KILLABLE);
}

u64 schedule_timeout(u64 deadline)
{
	struct sleeper s = { .thread = current };
	u64 now;

	if (deadline == TIME_MAX) {
		schedule();
		return TIME_MAX;
	}
	ktimer_init(&s.timer, sleeper_wake);
	ktimer_start(&s.timer, deadline);
	schedule();
	ktimer_cancel(&s.timer);
	now = clock_monotonic();
	return deadline > now ? deadline - now : 0;
}

/* ---- sleeps by clock ---- */

/* 0 when the time came, -EINTR when a signal did. */
static int sleep_steady(u64 deadline)
{
	for (;;) {
		bool over;

		set_current_state(THREAD_INTERRUPTIBLE);
		if (signal_pending())
			break;
		over = !schedule_timeout(deadline);
		if (over)
			return 0;
	}
	set_current_state(THREAD_RUNNING);
	return -EINTR;
}

/* The same for an absolute real time: whenever the clock is set, look again. */
static int sleep_realtime(u64 when)
{
	struct wait_entry e;
	int ret = 0;

	wait_entry_init(&e, false);
	for (;;) {
		u64 offset, deadline;

		wait_prepare(&clock_was_set, &e, THREAD_INTERRUPTIBLE);
		offset = (u64)clock_realtime_offset();
		deadline = when > offset ? when - offset : 0;
		if (deadline <= clock_monotonic())
			break;
		if (signal_pending()) {
			ret = -EINTR;
			break;
		}
		schedule_timeout(deadline);
	}
	wait_finish(&clock_was_set, &e);
	return ret;
}

/* Until a process has used `target` ns of CPU time: it cannot use it faster than all CPUs together. */
static int sleep_cpu_clock(const struct cpu_clock *c, u64 target)
{
	for (;;) {
		u64 used = cpu_clock_read(c);

		if (used >= target)
			return 0;
		if (signal_pending())
			return -EINTR;
		set_current_state(THREAD_INTERRUPTIBLE);
		schedule_timeout(clock_monotonic() + max((target - used) / nr_cpus, TICK_NSEC));
	}
}

/* ---- the calls ---- */

static long nanosleep_restart(struct thread *t);

/* A relative sleep of the running system call; deadline is monotonic. */
static long relative_sleep(u64 deadline, uaddr_t rmtp)
{
	u64 now;

	if (!sleep_steady(deadline))
		return 0;
	now = clock_monotonic();
	if (rmtp && put_user_timespec(rmtp, deadline > now ? deadline - now : 0))
		return -EFAULT;
	current->restart.fn = nanosleep_restart;
	current->restart.arg[0] = deadline;
	current->restart.arg[1] = rmtp;
	return -ERESTART_RESTARTBLOCK;
}

static long nanosleep_restart(struct thread *t)
{
	return relative_sleep(t->restart.arg[0], t->restart.arg[1]);
}

long sys_nanosleep(uaddr_t rqtp, uaddr_t rmtp)
{
	u64 ns;
	int err = get_user_timespec(&ns, rqtp);

	return err ? err : relative_sleep(add_ns(clock_monotonic(), ns), rmtp);
}

static long cpu_clock_sleep(clockid_t clock, bool absolute, u64 ns, uaddr_t rmtp)
{
	struct cpu_clock c;
	u64 target, used;
	long ret;

	ret = cpu_clock_find(clock, false, &c);
	if (ret)
		return ret;
	if (!c.process && c.thread == current) {
		thread_put(c.thread);
		return -EINVAL;		/* nobody can wait for himself */
	}
	target = absolute ? ns : add_ns(cpu_clock_read(&c), ns);
	ret = sleep_cpu_clock(&c, target);
	used = cpu_clock_read(&c);
	thread_put(c.thread);
	if (!ret)
		return 0;
	if (!absolute && rmtp && put_user_timespec(rmtp, target > used ? target - used : 0))
		return -EFAULT;
	return absolute ? -ERESTARTNOHAND : -EINTR;
}

long sys_clock_nanosleep(clockid_t clock, int flags, uaddr_t rqtp, uaddr_t rmtp)
{
	bool absolute = flags & TIMER_ABSTIME;
	u64 ns;
	int err;

	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return -EOPNOTSUPP;
	if (!clock_is_realtime(clock) && !clock_is_steady(clock) && !clock_is_cpu(clock))
		return clock >= CLOCK_MONOTONIC_RAW && clock <= CLOCK_BOOTTIME_ALARM ? -EOPNOTSUPP : -EINVAL;
	err = get_user_timespec(&ns, rqtp);
	if (err)
		return err;
	if (clock_is_cpu(clock))
		return cpu_clock_sleep(clock, absolute, ns, rmtp);
	if (!absolute)
		return relative_sleep(add_ns(clock_monotonic(), ns), rmtp);
	err = clock_is_realtime(clock) ? sleep_realtime(ns) : sleep_steady(ns);
	return err ? -ERESTARTNOHAND : 0;
}
