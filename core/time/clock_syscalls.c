// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading and setting clocks: clock_gettime and its family, gettimeofday, time, adjtimex (which reports
 * an undisciplined clock; disciplining it is not supported).
 */
#include "clock.h"
#include <generated/syscalls.h>
#include <janus/string.h>
#include <janus/uaccess.h>
#include <uapi/capability.h>

#define STA_UNSYNC 0x40
#define TIME_ERROR 5		/* adjtimex: the clock is not synchronised */
#define ADJ_OFFSET_SS_READ 0xa001
#define MAX_ZONE_MINUTES (15 * 60)

static struct timezone zone;	/* [plain words] kept for gettimeofday only */

/* ---- CPU clocks ---- */

static struct thread *process_leader(pid_t pid)
{
	struct process *p;
	struct thread *t = NULL;

	rcu_read_lock();
	p = pid ? find_process(pid) : current->process;
	if (p) {
		t = p->leader;
		if (t && !ref_get_not_zero(&t->refs))
			t = NULL;
	}
	rcu_read_unlock();
	return t;
}

static struct thread *own_thread(pid_t tid)
{
	struct thread *t;

	if (!tid) {
		thread_get(current);
		return current;
	}
	t = get_thread_by_tid(tid);
	if (t && t->process != current->process) {
		thread_put(t);
		t = NULL;
	}
	return t;
}

int cpu_clock_find(clockid_t clock, bool reading, struct cpu_clock *out)
{
	pid_t pid = clock < 0 ? ~(clock >> 3) : 0;

	out->which = clock < 0 ? (unsigned)clock & 3 : CPU_SCHED;
	out->process = clock < 0 ? !(clock & 4) : clock == CLOCK_PROCESS_CPUTIME_ID;
	if (out->which > CPU_SCHED)
		return -EINVAL;
	if (out->process && reading && pid == current->tid)
		pid = 0;
	out->thread = out->process ? process_leader(pid) : own_thread(pid);
	return out->thread ? 0 : -EINVAL;
}

u64 cpu_clock_read(const struct cpu_clock *c)
{
	u64 utime, stime;

	if (!c->process) {
		if (c->which == CPU_SCHED)
			return thread_runtime(c->thread);
		thread_cputime(c->thread, &utime, &stime);
	} else {
		struct irqflags flags = spin_lock_irqsave(&tasklist_lock);

		process_cputime(c->thread->process, &utime, &stime);
		spin_unlock_irqrestore(&tasklist_lock, flags);
	}
	return c->which == CPU_VIRT ? utime : utime + stime;
}

static int cpu_clock_gettime(clockid_t clock, u64 *ns)
{
	struct cpu_clock c;
	int err;

	if (clock == CLOCK_THREAD_CPUTIME_ID) {
		*ns = thread_runtime(current);
		return 0;
	}
	err = cpu_clock_find(clock, true, &c);
	if (err)
		return err;
	*ns = cpu_clock_read(&c);
	thread_put(c.thread);
	return 0;
}

/* ---- by number ---- */

static int read_clock(clockid_t clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
	case CLOCK_REALTIME_ALARM:
		*ns = clock_realtime();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_monotonic();
		return 0;
	case CLOCK_REALTIME_COARSE:
		*ns = clock_monotonic_coarse() + (u64)clock_realtime_offset();
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		*ns = clock_monotonic_coarse();
		return 0;
	default:
		return clock_is_cpu(clock) ? cpu_clock_gettime(clock, ns) : -EINVAL;
	}
}

long sys_clock_gettime(clockid_t clock, uaddr_t tp)
{
	u64 ns;
	int err = read_clock(clock, &ns);

	return err ? err : put_user_timespec(tp, ns);
}

long sys_clock_getres(clockid_t clock, uaddr_t tp)
{
	u64 ns, res = 1;
	int err = read_clock(clock, &ns);

	if (err)
		return err;
	if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ||
	    (clock < 0 && (clock & 3) != CPU_SCHED))
		res = TICK_NSEC;
	return tp ? put_user_timespec(tp, res) : 0;
}

long sys_clock_settime(clockid_t clock, uaddr_t tp)
{
	struct timespec ts;
	u64 ns;
	int err;

	/* A CPU's clock by another's number exists and may not be set; one's own, by its name, cannot be. */
	if (clock != CLOCK_REALTIME && (clock >= 0 || !clock_is_cpu(clock)))
		return -EINVAL;
	if (copy_struct_in(&ts, tp))
		return -EFAULT;
	if (clock != CLOCK_REALTIME) {
		err = read_clock(clock, &ns);
		return err ? err : -EPERM;
	}
	if (!timespec_valid(&ts))
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	return clock_set_realtime(timespec_to_ns(&ts));
}

long sys_gettimeofday(uaddr_t tv, uaddr_t tz)
{
	if (tv) {
		u64 ns = clock_realtime();
		struct timeval now = { (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };

		if (copy_struct_out(tv, &now))
			return -EFAULT;
	}
	return tz ? copy_struct_out(tz, &zone) : 0;
}

long sys_settimeofday(uaddr_t utv, uaddr_t utz)
{
	struct timeval tv;
	struct timezone tz;
	struct timespec ts;

	if (utv) {
		if (copy_struct_in(&tv, utv))
			return -EFAULT;
		if ((u64)tv.tv_usec > 1000000)
			return -EINVAL;
		ts = (struct timespec){ tv.tv_sec, tv.tv_usec * (s64)NSEC_PER_USEC };
		if (!timespec_valid(&ts))
			return -EINVAL;
	}
	if (utz && copy_struct_in(&tz, utz))
		return -EFAULT;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (utz) {
		if (tz.tz_minuteswest > MAX_ZONE_MINUTES || tz.tz_minuteswest < -MAX_ZONE_MINUTES)
			return -EINVAL;
		zone = tz;
	}
	return utv ? clock_set_realtime(timespec_to_ns(&ts)) : 0;
}

#ifdef __NR_time
long sys_time(uaddr_t tloc)
{
	s64 now = (s64)(clock_realtime() / NSEC_PER_SEC);

	if (tloc && put_user(now, s64, tloc))
		return -EFAULT;
	return now;
}
#endif

/* ---- adjtimex ---- */

static long report_timex(uaddr_t to, struct timex *tx)
{
	u64 now = clock_realtime();

	if (tx->modes && tx->modes != ADJ_OFFSET_SS_READ)
		return capable(CAP_SYS_TIME) ? -EINVAL : -EPERM;
	memset(&tx->offset, 0, sizeof(*tx) - offsetof(struct timex, offset));
	tx->maxerror = tx->esterror = 16000000;	/* us: as far out as is counted */
	tx->status = STA_UNSYNC;
	tx->constant = 2;
	tx->precision = 1;
	tx->tolerance = 32768000;
	tx->time = (struct timeval){ (s64)(now / NSEC_PER_SEC), (s64)(now % NSEC_PER_SEC / NSEC_PER_USEC) };
	tx->tick = 10000;
	return copy_struct_out(to, tx) ? -EFAULT : TIME_ERROR;
}

long sys_adjtimex(uaddr_t utx)
{
	struct timex tx;

	return copy_struct_in(&tx, utx) ? -EFAULT : report_timex(utx, &tx);
}

long sys_clock_adjtime(clockid_t clock, uaddr_t utx)
{
	struct timex tx;
	u64 ns;

	if (copy_struct_in(&tx, utx))
		return -EFAULT;
	if (clock == CLOCK_REALTIME)
		return report_timex(utx, &tx);
	return read_clock(clock, &ns) ? -EINVAL : -EOPNOTSUPP;
}
