// SPDX-License-Identifier: BSD-2-Clause
/*
 * timerfd: a timer whose expirations are read from a descriptor. Source: timerfd_create(2).
 */
#include <janus/fs.h>
#include <janus/poll.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <generated/syscalls.h>

struct timerfd {
	spinlock_t lock;		/* interrupts off; protects all but timer */
	struct ktimer timer;
	int clock;			/* [const] */
	bool absolute_real;		/* expires is a wall-clock time */
	bool cancel_on_set;
	int flags;			/* of the last settime */
	bool expired;			/* `expires` has passed; a periodic timer stands still until somebody asks */
	s64 real_offset;		/* realtime - monotonic when it was armed */
	u64 expires;			/* ns, monotonic; 0: disarmed */
	u64 interval;			/* ns */
	u64 ticks;			/* expirations not yet read */
	struct wait_queue wait;
};

#define CAP_WAKE_ALARM 35

static void timerfd_expired(struct ktimer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);

	u64 now = clock_monotonic();

	spin_lock(&t->lock);
	if (t->expires && !t->expired && t->expires <= now) {	/* else it was set anew meanwhile */
		t->ticks++;
		t->expired = true;
	}
	spin_unlock(&t->lock);
	wake_up_key(&t->wait, POLLIN, ~0u);
}

/* [lock] Count the turns missed since the last expiry and set the next: no more interrupts than questions. */
static void catch_up(struct timerfd *t)
{
	u64 missed;

	if (!t->expired)
		return;
	t->expired = false;
	if (!t->interval) {
		t->expires = 0;
		return;
	}
	missed = (clock_monotonic() - t->expires) / t->interval;
	t->ticks += missed;
	t->expires += (missed + 1) * t->interval;
	ktimer_start(&t->timer, t->expires);
}

/* Has the wall clock been set since the timer that asked to be told was armed? [lock] */
static bool clock_moved(struct timerfd *t)
{
	if (t->cancel_on_set && t->absolute_real && clock_realtime_offset() != t->real_offset) {
		t->real_offset = clock_realtime_offset();
		return true;
	}
	return false;
}

/* 1: *ticks was taken; 0: nothing yet; -ECANCELED. */
static int take_ticks(struct timerfd *t, u64 *ticks)
{
	struct irqflags flags = spin_lock_irqsave(&t->lock);
	int ret;

	catch_up(t);
	*ticks = t->ticks;
	ret = clock_moved(t) ? -ECANCELED : *ticks != 0;
	t->ticks = 0;
	spin_unlock_irqrestore(&t->lock, flags);
	return ret;
}

static ssize_t timerfd_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct timerfd *t = f->private;
	u64 ticks;
	int got;
	long err;

	(void)pos;
	if (it->count < sizeof(ticks))
		return -EINVAL;
	got = take_ticks(t, &ticks);
	if (!got) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&t->wait, (got = take_ticks(t, &ticks)));
		if (err)
			return err;
	}
	if (got < 0)
		return got;
	return copy_to_iter(&ticks, sizeof(ticks), it) == sizeof(ticks) ? (ssize_t)sizeof(ticks) : -EFAULT;
}

static u32 timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *t = f->private;

	poll_wait(f, &t->wait, pt);
	return READ_ONCE(t->ticks) ? POLLIN : 0;
}

/* [lock] What gettime shows: time to the next expiration. */
static struct itimerspec remaining(const struct timerfd *t)
{
	u64 now = clock_monotonic(), left = 0;

	if (t->expires)
		left = t->expires > now ? t->expires - now : 1;
	return (struct itimerspec){ ns_to_timespec(t->interval), ns_to_timespec(left) };
}

static int timerfd_fdinfo(struct file *f, char *buf, size_t size)
{
	struct timerfd *t = f->private;
	struct irqflags irq = spin_lock_irqsave(&t->lock);
	struct itimerspec now = remaining(t);
	unsigned long ticks = t->ticks;
	int flags = t->flags;

	if (t->expired)
		now.it_value = (struct timespec){ 0 };
	spin_unlock_irqrestore(&t->lock, irq);
	return scnprintf(buf, size, "clockid: %d\nticks: %lu\nsettime flags: 0%o\nit_value: (%lu, %lu)\n"
			 "it_interval: (%lu, %lu)\n", t->clock, ticks, flags,
			 (unsigned long)now.it_value.tv_sec, (unsigned long)now.it_value.tv_nsec,
			 (unsigned long)now.it_interval.tv_sec, (unsigned long)now.it_interval.tv_nsec);
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;

	ktimer_cancel(&t->timer);
	kfree(t);
}

static const struct file_ops timerfd_fops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.llseek = noop_llseek,
	.release = timerfd_release,
	.show_fdinfo = timerfd_fdinfo,
	.each = EACH_READ,
};

long sys_timerfd_create(int clockid, int flags)
{
	struct timerfd *t;
	struct file *f;
	bool alarm = clockid == CLOCK_REALTIME_ALARM || clockid == CLOCK_BOOTTIME_ALARM;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	if (clockid != CLOCK_REALTIME && clockid != CLOCK_MONOTONIC && clockid != CLOCK_BOOTTIME && !alarm)
		return -EINVAL;
	if (alarm && !capable(CAP_WAKE_ALARM))
		return -EPERM;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	t->clock = clockid;
	wait_queue_init(&t->wait);
	ktimer_init(&t->timer, timerfd_expired);
	f = file_alloc_anon("[timerfd]", &timerfd_fops, t, O_RDWR | (flags & TFD_NONBLOCK));
	if (IS_ERR(f)) {
		kfree(t);
		return PTR_ERR(f);
	}
	return fd_install_new(f, flags & TFD_CLOEXEC);
}

/* The timer behind fd, or ERR_PTR; the caller puts *held. */
static struct timerfd *timerfd_get(unsigned fd, struct fd *held)
{
	*held = fd_get(fd);
	if (!held->file)
		return ERR_PTR(-EBADF);
	if (held->file->ops != &timerfd_fops) {
		fd_put(*held);
		return ERR_PTR(-EINVAL);
	}
	return held->file->private;
}

/* [lock] */
static void arm(struct timerfd *t, int flags, const struct itimerspec *new)
{
	u64 value = timespec_to_ns(&new->it_value);
	bool real = t->clock == CLOCK_REALTIME || t->clock == CLOCK_REALTIME_ALARM;

	t->ticks = 0;
	t->expires = 0;
	t->expired = false;
	t->interval = timespec_to_ns(&new->it_interval);
	t->absolute_real = real && (flags & TFD_TIMER_ABSTIME);
	t->flags = flags;
	t->cancel_on_set = flags & TFD_TIMER_CANCEL_ON_SET;
	t->real_offset = clock_realtime_offset();
	if (!value)
		return;
	if (!(flags & TFD_TIMER_ABSTIME))
		t->expires = clock_monotonic() + value;
	else if (real)
		t->expires = (s64)value > t->real_offset ? value - (u64)t->real_offset : 1;
	else
		t->expires = value;
	ktimer_start(&t->timer, t->expires);
}

long sys_timerfd_settime(unsigned fd, int flags, uaddr_t new, uaddr_t old)
{
	struct itimerspec value, before;
	struct irqflags irq;
	struct timerfd *t;
	struct fd held;

	if (copy_struct_in(&value, new))
		return -EFAULT;
	if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) || !timespec_valid(&value.it_value) ||
	    !timespec_valid(&value.it_interval))
		return -EINVAL;
	t = timerfd_get(fd, &held);
	if (IS_ERR(t))
		return PTR_ERR(t);
	ktimer_cancel(&t->timer);
	irq = spin_lock_irqsave(&t->lock);
	catch_up(t);
	before = remaining(t);
	arm(t, flags, &value);
	spin_unlock_irqrestore(&t->lock, irq);
	fd_put(held);
	return old ? copy_struct_out(old, &before) : 0;
}

long sys_timerfd_gettime(unsigned fd, uaddr_t value)
{
	struct itimerspec now;
	struct irqflags irq;
	struct timerfd *t;
	struct fd held;

	t = timerfd_get(fd, &held);
	if (IS_ERR(t))
		return PTR_ERR(t);
	irq = spin_lock_irqsave(&t->lock);
	catch_up(t);
	now = remaining(t);
	spin_unlock_irqrestore(&t->lock, irq);
	fd_put(held);
	return copy_struct_out(value, &now);
}
