// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interval timers: setitimer, getitimer, alarm, and the CPU-time limits that the tick looks at.
 *
 * ITIMER_REAL is a ktimer. The other two count down with the ticks of the process's threads. The
 * real timer's function takes no lock that a canceller holds; callers take turns on itimer_mutex.
 */
#include "clock.h"
#include <generated/syscalls.h>
#include <janus/signal.h>
#include <janus/string.h>
#include <janus/uaccess.h>

#define MIN_REARM (20 * NSEC_PER_USEC)	/* shortest distance of two interrupts on a user's behalf */

static struct mutex itimer_mutex = MUTEX_INIT(itimer_mutex);

/* ---- ITIMER_REAL ---- */

static void real_expired(struct ktimer *timer)
{
	struct itimer *it = container_of(timer, struct itimer, timer);
	struct process *p = container_of(it, struct process, itimer_real);
	u64 interval = READ_ONCE(it->interval), now, next;

	if (interval) {
		now = clock_monotonic();
		/* Nobody has taken the last one yet: no need to hurry. */
		if (READ_ONCE(p->shared_pending.set) & SIGMASK(SIGALRM))
			next = now + max(interval, TICK_NSEC);
		else
			next = add_ns(timer->expires, interval);
		ktimer_start(timer, max(next, now + MIN_REARM));
	}
	signal_send_process(p, SIGALRM, NULL);
}

static u64 real_left(struct process *p)
{
	u64 now = clock_monotonic();

	if (!READ_ONCE(p->itimer_real.timer.cpu))
		return 0;
	return p->itimer_real.timer.expires > now ? p->itimer_real.timer.expires - now : NSEC_PER_USEC;
}

/* Set to `value` ns from now; 0 stops it. What was left and the former interval. */
static void set_real(u64 value, u64 interval, u64 *old_value, u64 *old_interval)
{
	struct process *p = current->process;
	struct ktimer *timer = &p->itimer_real.timer;

	mutex_lock(&itimer_mutex);
	*old_value = real_left(p);
	*old_interval = p->itimer_real.interval;
	ktimer_cancel(timer);
	p->itimer_real.interval = value ? interval : 0;
	if (value)
		ktimer_start(timer, add_ns(clock_monotonic(), value));
	mutex_unlock(&itimer_mutex);
}

/* ---- ITIMER_VIRTUAL and ITIMER_PROF ---- */

static u64 round_to_ticks(u64 ns)
{
	return ns ? min(ns, TIME_MAX / 2) + TICK_NSEC - 1 - (min(ns, TIME_MAX / 2) - 1) % TICK_NSEC : 0;
}

static void set_virtual(unsigned which, u64 value, u64 interval, u64 *old_value, u64 *old_interval)
{
	struct process *p = current->process;
	struct irqflags flags = spin_lock_irqsave(&p->sighand->lock);

	*old_value = p->itimer_virt[which];
	*old_interval = p->itimer_virt_interval[which];
	p->itimer_virt[which] = round_to_ticks(value);
	p->itimer_virt_interval[which] = round_to_ticks(interval);
	spin_unlock_irqrestore(&p->sighand->lock, flags);
}

static void count_down(struct process *p, unsigned which, u64 delta, int signo)
{
	struct irqflags flags;
	bool expired = false;

	if (likely(!READ_ONCE(p->itimer_virt[which])))
		return;
	flags = spin_lock_irqsave(&p->sighand->lock);
	if (p->itimer_virt[which]) {
		expired = p->itimer_virt[which] <= delta;
		p->itimer_virt[which] = expired ? p->itimer_virt_interval[which] : p->itimer_virt[which] - delta;
	}
	spin_unlock_irqrestore(&p->sighand->lock, flags);
	if (expired)
		signal_send_process(p, signo, NULL);
}

/* RLIMIT_CPU: SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one. By ticks. */
static void check_cpu_limit(struct process *p, u64 delta)
{
	struct rlimit *limit = &p->rlimits[RLIMIT_CPU];
	u64 soft = READ_ONCE(limit->cur), hard = READ_ONCE(limit->max), used = 0;
	struct thread *t;

	if (likely(soft == RLIM_INFINITY && hard == RLIM_INFINITY))
		return;
	spin_lock(&p->sighand->lock);
	used = p->utime + p->stime;
	list_for_each_entry(t, &p->threads, thread_link)
		used += t->utime + t->stime;
	spin_unlock(&p->sighand->lock);
	if (hard != RLIM_INFINITY && used / NSEC_PER_SEC >= hard)
		signal_send_process(p, SIGKILL, NULL);
	else if (soft != RLIM_INFINITY && used / NSEC_PER_SEC >= soft && used % NSEC_PER_SEC < delta)
		signal_send_process(p, SIGXCPU, NULL);
}

void cpu_timers_tick(u64 delta, bool user)
{
	struct process *p = current->process;

	if (current->flags & (TF_KERNEL | TF_EXITING))
		return;
	if (user)
		count_down(p, 0, delta, SIGVTALRM);
	count_down(p, 1, delta, SIGPROF);
	check_cpu_limit(p, delta);
	posix_cpu_timers_tick(p);
}

/* ---- the calls ---- */

static int set_itimer(int which, u64 value, u64 interval, u64 *old_value, u64 *old_interval)
{
	switch (which) {
	case ITIMER_REAL:
		set_real(value, interval, old_value, old_interval);
		return 0;
	case ITIMER_VIRTUAL:
	case ITIMER_PROF:
		set_virtual((unsigned)which - ITIMER_VIRTUAL, value, interval, old_value, old_interval);
		return 0;
	default:
		return -EINVAL;
	}
}

static u64 timeval_ns(const struct timeval *tv)
{
	struct timespec ts = { tv->tv_sec, tv->tv_usec * (s64)NSEC_PER_USEC };

	return timespec_to_ns(&ts);
}

static int put_itimerval(uaddr_t to, u64 value, u64 interval)
{
	struct itimerval it = {
		{ (s64)(interval / NSEC_PER_SEC), (s64)(interval % NSEC_PER_SEC / NSEC_PER_USEC) },
		{ (s64)(value / NSEC_PER_SEC), (s64)(value % NSEC_PER_SEC / NSEC_PER_USEC) },
	};

	return copy_struct_out(to, &it);
}

static bool timeval_valid(const struct timeval *tv)
{
	return tv->tv_sec >= 0 && (u64)tv->tv_usec < 1000000;
}

long sys_setitimer(int which, uaddr_t value, uaddr_t ovalue)
{
	struct itimerval new = { 0 };
	u64 old_value, old_interval;
	int err;

	if (value && copy_struct_in(&new, value))
		return -EFAULT;
	if (!timeval_valid(&new.it_value) || !timeval_valid(&new.it_interval))
		return -EINVAL;
	err = set_itimer(which, timeval_ns(&new.it_value), timeval_ns(&new.it_interval), &old_value, &old_interval);
	if (err || !ovalue)
		return err;
	return put_itimerval(ovalue, old_value, old_interval);
}

long sys_getitimer(int which, uaddr_t value)
{
	struct process *p = current->process;
	u64 left, interval;

	if (which == ITIMER_REAL) {
		mutex_lock(&itimer_mutex);
		left = real_left(p);
		interval = p->itimer_real.interval;
		mutex_unlock(&itimer_mutex);
	} else if (which == ITIMER_VIRTUAL || which == ITIMER_PROF) {
		left = READ_ONCE(p->itimer_virt[which - ITIMER_VIRTUAL]);
		interval = READ_ONCE(p->itimer_virt_interval[which - ITIMER_VIRTUAL]);
	} else {
		return -EINVAL;
	}
	return put_itimerval(value, left, interval);
}

#ifdef __NR_alarm
long sys_alarm(unsigned int seconds)
{
	u64 left, interval;

	set_real(seconds * NSEC_PER_SEC, 0, &left, &interval);
	if (!left)
		return 0;
	/* Rounded to the nearest, but what runs is never reported as 0. */
	return left < NSEC_PER_SEC ? 1 : (long)((left + NSEC_PER_SEC / 2) / NSEC_PER_SEC);
}
#endif

/* ---- processes come and go ---- */

void process_timers_init(struct process *p)
{
	ktimer_init(&p->itimer_real.timer, real_expired);
	p->itimer_real.interval = 0;
	memset(p->itimer_virt, 0, sizeof(p->itimer_virt));
	memset(p->itimer_virt_interval, 0, sizeof(p->itimer_virt_interval));
	p->timers = NULL;
}

void process_timers_exit(struct process *p)
{
	p->itimer_real.interval = 0;
	ktimer_cancel(&p->itimer_real.timer);
	posix_timers_exec(p);
}
