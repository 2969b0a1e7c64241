// SPDX-License-Identifier: BSD-2-Clause
/*
 * timer_create and its family.
 *
 * A periodic timer that sent its signal stands still until the signal is on its way to a handler
 * (posix_timer_delivered): the turns missed meanwhile are the overrun. So no interval, however short, makes
 * more interrupts than there are deliveries. Times of a timer are in its own clock; the ktimer runs
 * on monotonic time. Timers of CPU clocks have no ktimer, the tick looks at them.
 *
 * Lock order: clock_was_set.lock > posix_timers.lock > sighand->lock. No lock is held in ktimer_cancel().
 */
#include "clock.h"
#include <generated/syscalls.h>
#include <janus/signal.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/uaccess.h>
#include <janus/wait.h>

#define OVERRUN_MAX INT32_MAX	/* DELAYTIMER_MAX */

struct posix_timers {
	spinlock_t lock;		/* interrupts off; all below, and the timers' fields */
	struct list_head list;
	int next_id;
	unsigned nr_cpu;		/* timers on CPU clocks */
};

struct posix_timer {
	struct list_head link;
	struct process *process;	/* [const] */
	int id;				/* [const] */
	clockid_t clock;		/* [const] */
	int notify, signo;		/* [const] */
	struct thread *target;		/* [const] counted; SIGEV_THREAD_ID's */
	struct cpu_clock cpu;		/* [const] thread counted, of a CPU clock */
	struct siginfo_node *node;	/* [const] counted against RLIMIT_SIGPENDING, so that timers are limited */
	struct wait_entry clock_set;	/* on clock_was_set */
	struct ktimer ktimer;
	bool armed;			/* it will expire, or has and waits for delivery */
	bool waiting;			/* its signal is queued; the next turn is set on delivery */
	bool absolute;			/* follows the real-time clock when that is set */
	u64 expires, interval;		/* ns of its clock */
	u64 overrun, last_overrun;
};

static bool on_cpu_clock(const struct posix_timer *t) { return t->cpu.thread != NULL; }

/* ---- the timer's clock ---- */

/* CPU time of a process, read at most once for all timers that a tick looks at. */
struct process_time {
	bool known;
	u64 utime, stime;
};

/* posix_timers.lock held: so a process's threads are read under sighand->lock here. */
static void read_process_time(struct process *p, struct process_time *pt)
{
	if (pt->known)
		return;
	spin_lock(&p->sighand->lock);
	process_cputime(p, &pt->utime, &pt->stime);
	spin_unlock(&p->sighand->lock);
	pt->known = true;
}

static u64 cpu_timer_now(struct posix_timer *t, struct process_time *pt)
{
	u64 utime, stime;

	if (t->cpu.process) {
		read_process_time(t->process, pt);
		utime = pt->utime;
		stime = pt->stime;
	} else if (t->cpu.which == CPU_SCHED) {
		return thread_runtime(t->cpu.thread);
	} else {
		thread_cputime(t->cpu.thread, &utime, &stime);
	}
	return t->cpu.which == CPU_VIRT ? utime : utime + stime;
}

static u64 timer_now(struct posix_timer *t)
{
	struct process_time pt = { 0 };

	if (on_cpu_clock(t))
		return cpu_timer_now(t, &pt);
	return t->absolute ? clock_realtime() : clock_monotonic();
}

static void start_ktimer(struct posix_timer *t)
{
	u64 offset = t->absolute ? (u64)clock_realtime_offset() : 0;

	if (!on_cpu_clock(t))
		ktimer_start(&t->ktimer, t->expires > offset ? t->expires - offset : 0);
}

/* Move a periodic timer's expiry beyond `now`; the turns that passed without a signal. */
static u64 forward(struct posix_timer *t, u64 now)
{
	u64 missed;

	if (now < t->expires)
		return 0;
	missed = (now - t->expires) / t->interval;
	t->expires = add_ns(t->expires, (missed + 1) * t->interval);
	return missed;
}

/* ---- expiry ---- */

static void expire(struct posix_timer *t)
{
	bool queued = t->notify == SIGEV_NONE ||
		      signal_send_node(t->node, t->signo, t->target ? t->target : t->process->leader, !t->target);

	if (!t->interval) {
		t->armed = false;
		if (!queued)
			t->overrun++;
	} else if (queued) {
		t->waiting = true;
	} else {
		/* Ignored, or one is queued already: nobody will take it soon, so turns are a tick at least. */
		t->overrun += 1 + forward(t, max(timer_now(t), t->expires));
		t->expires = max(t->expires, add_ns(timer_now(t), TICK_NSEC));
		start_ktimer(t);
	}
}

static void ktimer_expired(struct ktimer *k)
{
	struct posix_timer *t = container_of(k, struct posix_timer, ktimer);
	struct posix_timers *ts = t->process->timers;
	struct irqflags flags = spin_lock_irqsave(&ts->lock);

	/* It may have been set anew while we came here: then it is not yet time. */
	if (t->armed && !t->waiting && timer_now(t) >= t->expires)
		expire(t);
	spin_unlock_irqrestore(&ts->lock, flags);
}

/* In the tick, interrupts off; p is current's. */
void posix_cpu_timers_tick(struct process *p)
{
	struct posix_timers *ts = READ_ONCE(p->timers);
	struct process_time pt = { 0 };
	struct posix_timer *t;

	if (likely(!ts || !READ_ONCE(ts->nr_cpu)))
		return;
	spin_lock(&ts->lock);
	list_for_each_entry(t, &ts->list, link)
		if (on_cpu_clock(t) && t->armed && !t->waiting && cpu_timer_now(t, &pt) >= t->expires)
			expire(t);
	spin_unlock(&ts->lock);
}

/* CLOCK_REALTIME was set: what counts in real time moves. Called as a waiter of clock_was_set. */
static bool clock_moved(struct wait_entry *e, u32 key)
{
	struct posix_timer *t = container_of(e, struct posix_timer, clock_set);
	struct posix_timers *ts = t->process->timers;
	struct irqflags flags = spin_lock_irqsave(&ts->lock);

	(void)key;
	if (t->armed && !t->waiting && t->absolute)
		start_ktimer(t);
	spin_unlock_irqrestore(&ts->lock, flags);
	return false;
}

static struct posix_timer *find_timer(struct posix_timers *ts, int id)
{
	struct posix_timer *t;

	list_for_each_entry(t, &ts->list, link)
		if (t->id == id)
			return t;
	return NULL;
}

void posix_timer_delivered(struct siginfo *info)
{
	struct posix_timers *ts = READ_ONCE(current->process->timers);
	struct posix_timer *t;
	struct irqflags flags;

	if (!ts)
		return;
	flags = spin_lock_irqsave(&ts->lock);
	t = find_timer(ts, info->timer.tid);
	if (t) {
		if (t->waiting) {
			t->waiting = false;
			t->overrun += forward(t, timer_now(t));
			start_ktimer(t);
		}
		t->last_overrun = min_t(u64, t->overrun, OVERRUN_MAX);
		t->overrun = 0;
		info->timer.overrun = (s32)t->last_overrun;
	}
	spin_unlock_irqrestore(&ts->lock, flags);
}

/* ---- creation and deletion ---- */

static struct posix_timers *own_timers(void)
{
	struct process *p = current->process;
	struct posix_timers *ts = READ_ONCE(p->timers), *none = NULL;

	if (ts)
		return ts;
	ts = kzalloc(sizeof(*ts), GFP_KERNEL);
	if (!ts)
		return NULL;
	list_init(&ts->list);
	if (!__atomic_compare_exchange_n(&p->timers, &none, ts, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		kfree(ts);		/* another thread was first */
		ts = none;
	}
	return ts;
}

/* Off the list already. */
static void free_timer(struct posix_timer *t)
{
	if (t->clock_set.wake)
		wait_remove(&clock_was_set, &t->clock_set);
	ktimer_cancel(&t->ktimer);
	if (t->node)
		signal_node_free(t->node);
	if (t->target)
		thread_put(t->target);
	if (t->cpu.thread)
		thread_put(t->cpu.thread);
	kfree(t);
}

static int check_clock(clockid_t clock)
{
	if (clock_is_realtime(clock) || clock_is_steady(clock) || clock_is_cpu(clock))
		return 0;
	return clock >= CLOCK_MONOTONIC_RAW && clock <= CLOCK_BOOTTIME_ALARM ? -EOPNOTSUPP : -EINVAL;
}

static int take_cpu(clockid_t clock, struct cpu_clock *cpu)
{
	int err = clock_is_cpu(clock) ? cpu_clock_find(clock, false, cpu) : 0;

	if (!err && cpu->thread && cpu->thread->process != current->process) {
		thread_put(cpu->thread);	/* the tick looks at a process's own timers only */
		cpu->thread = NULL;
		err = -EINVAL;
	}
	return err;
}

static int take_event(struct posix_timer *t, const struct sigevent *ev)
{
	t->notify = ev->notify;
	t->signo = ev->signo;
	switch (ev->notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_THREAD_ID:
		t->target = get_thread_by_tid(ev->tid);
		if (!t->target || t->target->process != current->process)
			return -EINVAL;
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		break;
	default:
		return -EINVAL;
	}
	return ev->signo < 1 || ev->signo > NSIG ? -EINVAL : 0;
}

static void fill_node(struct posix_timer *t, sigval_t value)
{
	siginfo_t info = { .si_signo = t->signo, .si_code = SI_TIMER };

	info.timer.tid = t->id;
	info.timer.value = value;
	memcpy(t->node->info, &info, sizeof(t->node->info));
	t->node->timer = t;
}

static void assign_id(struct posix_timers *ts, struct posix_timer *t)
{
	spin_lock_irq(&ts->lock);
	do {
		t->id = ts->next_id;
		ts->next_id = (int)(((unsigned)ts->next_id + 1) & INT32_MAX);
	} while (find_timer(ts, t->id));
	spin_unlock_irq(&ts->lock);
}

static void publish(struct posix_timers *ts, struct posix_timer *t)
{
	if (clock_is_realtime(t->clock)) {
		wait_entry_init(&t->clock_set, false);
		t->clock_set.wake = clock_moved;
		wait_add(&clock_was_set, &t->clock_set);
	}
	spin_lock_irq(&ts->lock);
	list_add_tail(&t->link, &ts->list);
	ts->nr_cpu += on_cpu_clock(t);
	spin_unlock_irq(&ts->lock);
}

long sys_timer_create(clockid_t clock, uaddr_t event, uaddr_t created_timer_id)
{
	struct sigevent ev = { .notify = SIGEV_SIGNAL, .signo = SIGALRM };
	struct posix_timers *ts;
	struct posix_timer *t;
	int err;

	if (event && copy_struct_in(&ev, event))
		return -EFAULT;
	ts = own_timers();
	t = ts ? kzalloc(sizeof(*t), GFP_KERNEL) : NULL;
	if (!t)
		return -EAGAIN;
	ktimer_init(&t->ktimer, ktimer_expired);
	t->process = current->process;
	t->clock = clock;
	err = check_clock(clock);
	if (!err && !(t->node = signal_node_alloc()))
		err = -EAGAIN;
	if (!err) {
		assign_id(ts, t);	/* and uses it up, whatever comes of the rest */
		err = take_event(t, &ev);
	}
	if (!err) {
		if (!event)
			ev.value.sival_int = t->id;
		fill_node(t, ev.value);
		err = put_user(t->id, int, created_timer_id);
	}
	if (!err)
		err = take_cpu(clock, &t->cpu);
	if (err) {
		free_timer(t);
		return err;
	}
	publish(ts, t);
	return 0;
}

/* Take timer `id` (or, negative, the first one) off the list. */
static struct posix_timer *unlink_timer(struct posix_timers *ts, int id)
{
	struct posix_timer *t = NULL;
	struct irqflags flags = spin_lock_irqsave(&ts->lock);

	if (id >= 0)
		t = find_timer(ts, id);
	else if (!list_empty(&ts->list))
		t = list_first_entry(&ts->list, struct posix_timer, link);
	if (t) {
		list_del_init(&t->link);
		t->armed = false;
		ts->nr_cpu -= on_cpu_clock(t);
	}
	spin_unlock_irqrestore(&ts->lock, flags);
	return t;
}

long sys_timer_delete(int timer_id)
{
	struct posix_timers *ts = READ_ONCE(current->process->timers);
	struct posix_timer *t = ts && timer_id >= 0 ? unlink_timer(ts, timer_id) : NULL;

	if (!t)
		return -EINVAL;
	free_timer(t);
	return 0;
}

/* exec, or the end of the process: no other thread is left. */
void posix_timers_exec(struct process *p)
{
	struct posix_timers *ts = p->timers;
	struct posix_timer *t;

	if (!ts)
		return;
	while ((t = unlink_timer(ts, -1)))
		free_timer(t);
	p->timers = NULL;
	kfree(ts);
}

/* ---- setting and asking ---- */

/* posix_timers.lock held. */
static void describe(struct posix_timer *t, u64 *value, u64 *interval)
{
	u64 now = timer_now(t);

	*interval = t->interval;
	*value = 0;
	if (!t->armed)
		return;
	if (t->interval && (t->waiting || t->notify == SIGEV_NONE)) {
		u64 passed = forward(t, now);

		/* Turns go on in what is told; a queued signal's overrun counts the one just skipped too. */
		if (t->waiting)
			t->overrun += passed;
	}
	if (t->expires > now)
		*value = t->expires - now;
	else
		*value = t->notify == SIGEV_NONE ? 0 : 1;
}

static int put_setting(uaddr_t to, u64 value, u64 interval)
{
	struct itimerspec its = { ns_to_timespec(interval), ns_to_timespec(value) };

	return copy_struct_out(to, &its);
}

/* The timer stands still and its ktimer's function is over; what it was set to. */
static bool stop(struct posix_timers *ts, int id, u64 *value, u64 *interval)
{
	struct posix_timer *t;
	bool found;

	spin_lock_irq(&ts->lock);
	t = find_timer(ts, id);
	found = t != NULL;
	if (found) {
		describe(t, value, interval);
		t->armed = t->waiting = false;
		t->overrun = 0;
	}
	spin_unlock_irq(&ts->lock);
	return found;
}

static void start(struct posix_timer *t, bool absolute, u64 value, u64 interval)
{
	t->armed = true;
	t->interval = interval;
	t->absolute = absolute && clock_is_realtime(t->clock);
	t->last_overrun = 0;
	t->expires = absolute ? value : add_ns(timer_now(t), value);
	if (t->notify != SIGEV_NONE)
		start_ktimer(t);
}

long sys_timer_settime(int timer_id, int flags, uaddr_t new, uaddr_t old)
{
	struct posix_timers *ts = READ_ONCE(current->process->timers);
	struct itimerspec its;
	struct posix_timer *t;
	u64 old_value, old_interval, value;

	if (!new)
		return -EINVAL;
	if (copy_struct_in(&its, new))
		return -EFAULT;
	if (!timespec_valid(&its.it_value) || !timespec_valid(&its.it_interval))
		return -EINVAL;
	if (!ts || timer_id < 0 || !stop(ts, timer_id, &old_value, &old_interval))
		return -EINVAL;
	value = timespec_to_ns(&its.it_value);
	spin_lock_irq(&ts->lock);
	t = find_timer(ts, timer_id);
	if (t && value)
		start(t, flags & TIMER_ABSTIME, value, timespec_to_ns(&its.it_interval));
	else if (t)
		t->interval = 0;
	spin_unlock_irq(&ts->lock);
	return old ? put_setting(old, old_value, old_interval) : 0;
}

long sys_timer_gettime(int timer_id, uaddr_t setting)
{
	struct posix_timers *ts = READ_ONCE(current->process->timers);
	struct posix_timer *t = NULL;
	u64 value = 0, interval = 0;

	if (ts && timer_id >= 0) {
		spin_lock_irq(&ts->lock);
		t = find_timer(ts, timer_id);
		if (t)
			describe(t, &value, &interval);
		spin_unlock_irq(&ts->lock);
	}
	return t ? put_setting(setting, value, interval) : -EINVAL;
}

long sys_timer_getoverrun(int timer_id)
{
	struct posix_timers *ts = READ_ONCE(current->process->timers);
	struct posix_timer *t = NULL;
	long overrun = 0;

	if (ts && timer_id >= 0) {
		spin_lock_irq(&ts->lock);
		t = find_timer(ts, timer_id);
		if (t)
			overrun = (long)t->last_overrun;
		spin_unlock_irq(&ts->lock);
	}
	return t ? overrun : -EINVAL;
}
