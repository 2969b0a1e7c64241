// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading, writing and polling a terminal: the waiting around the line discipline.
 */
#include "tty_struct.h"
#include <janus/sched.h>
#include <janus/time.h>
#include <uapi/errno.h>

#define CHUNK 512u
#define DECISECOND (NSEC_PER_SEC / 10)		/* VTIME's unit */

static bool nonblocking(const struct file *f) { return READ_ONCE(f->flags) & O_NONBLOCK; }

/* ---- reading ---- */

/* When a read is content; from the modes at its start. */
struct read_rule {
	bool canonical;
	unsigned min;			/* bytes */
	u64 gap;			/* longest wait between bytes, ns; 0: for ever */
	u64 deadline;			/* TIME_MAX: for ever; 0: no wait at all */
};

static struct read_rule rule_of(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);
	const struct ldisc *l = &tty->ldisc;
	struct read_rule rule = {
		.canonical = L_MODE(l, ICANON) && !L_MODE(l, EXTPROC), .min = 1, .deadline = TIME_MAX,
	};
	u64 time = l->t.c_cc[VTIME] * DECISECOND;

	if (!rule.canonical) {
		rule.min = max_t(unsigned, l->t.c_cc[VMIN], 1);
		if (l->t.c_cc[VMIN])
			rule.gap = time;
		else
			rule.deadline = time ? clock_monotonic() + time : 0;
	}
	tty_unlock(tty, flags);
	return rule;
}

static bool readable(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);
	bool ready = ldisc_readable(&tty->ldisc, 1);

	tty_unlock(tty, flags);
	return ready;
}

/* 1: input; 0: none will come (hung up, time over); or -errno. */
static long wait_for_input(struct tty_file *tf, struct file *f, u64 deadline)
{
	struct tty *tty = tf->tty;
	struct wait_entry e;
	long ret = 0;

	if (readable(tty))
		return 1;
	if (!deadline || hung_up(tf))
		return 0;
	if (nonblocking(f))
		return -EAGAIN;
	wait_entry_init(&e, false);
	for (;;) {
		wait_prepare(&tty->read_wait, &e, THREAD_INTERRUPTIBLE);
		if (readable(tty))
			ret = 1;
		else if (signal_pending())
			ret = -ERESTARTSYS;
		if (ret || hung_up(tf) || (deadline != TIME_MAX && clock_monotonic() >= deadline))
			break;
		schedule_timeout(deadline);
	}
	wait_finish(&tty->read_wait, &e);
	return ret;
}

/* The reader made room: the driver, or the master, may go on. */
static void made_room(struct tty *tty)
{
	tty->wake_master = tty->pty != NULL;
	if (tty->throttled && ldisc_receive_room(&tty->ldisc) >= LDISC_BUF / 2) {
		tty->throttled = false;
		tty->ops->throttle(tty->port, false);
	}
}

/* Move what is there, at most a line in canonical mode. Bytes, or -EFAULT. */
static ssize_t take_input(struct tty *tty, struct iov_iter *it, bool canonical)
{
	u8 chunk[CHUNK];
	ssize_t done = 0;
	bool line_done = false;

	mutex_lock(&tty->read_mutex);
	while (it->count && !(canonical && line_done)) {
		struct irqflags flags = tty_lock(tty);
		size_t n = ldisc_read(&tty->ldisc, chunk, min_t(size_t, it->count, CHUNK), &line_done);

		if (n || line_done)
			made_room(tty);
		tty_unlock(tty, flags);
		if (!n)
			break;
		if (copy_to_iter(chunk, n, it) != n) {
			done = -EFAULT;
			break;
		}
		done += (ssize_t)n;
	}
	mutex_unlock(&tty->read_mutex);
	return done;
}

ssize_t tty_file_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct tty_file *tf = f->private;
	struct read_rule rule;
	ssize_t done = 0;
	long ret;

	(void)pos;
	if (hung_up(tf))
		return 0;
	ret = tf->console ? 0 : tty_check_change(tf->tty, SIGTTIN);
	if (ret)
		return ret;
	rule = rule_of(tf->tty);
	while (it->count) {
		ssize_t n;

		ret = wait_for_input(tf, f, rule.deadline);
		if (ret <= 0)
			break;
		n = take_input(tf->tty, it, rule.canonical);
		if (n < 0)
			return n;
		done += n;
		if (rule.canonical || done >= (ssize_t)rule.min)
			break;
		if (rule.gap)
			rule.deadline = clock_monotonic() + rule.gap;
	}
	return done ? done : ret < 0 ? ret : 0;
}

/* ---- writing ---- */

/* Room, and not stopped. */
static bool tty_output_ready(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);
	bool ready = !ldisc_output_stopped(&tty->ldisc) && tty->ops->write_room(tty->port) > 0;

	tty_unlock(tty, flags);
	return ready;
}

/* One writer at a time, so that writes of several processes do not mix in their chunks. */
static bool try_begin_write(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);
	bool mine = !tty->writing;

	tty->writing = true;
	tty_unlock(tty, flags);
	return mine;
}

static void end_write(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);

	tty->writing = false;
	tty->ldisc.wake_writers = true;
	tty_unlock(tty, flags);
}

static bool write_is_dead(struct tty_file *tf)
{
	return hung_up(tf) || (tf->tty->pty && pty_master_gone(tf->tty));
}

/* Not all could be written: who has O_ASYNC is told once there is room. */
static void want_room(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);

	tty->short_of_room = true;
	tty_unlock(tty, flags);
}

/* All n bytes of buf, waiting for room. *done counts them. 0 or -errno. */
static long write_chunk(struct tty_file *tf, struct file *f, const u8 *buf, size_t n, ssize_t *done)
{
	struct tty *tty = tf->tty;

	for (;;) {
		struct irqflags flags;
		size_t taken;
		long ret;

		if (write_is_dead(tf))
			return -EIO;
		flags = tty_lock(tty);
		taken = ldisc_write(&tty->ldisc, buf, n);
		tty_unlock(tty, flags);
		*done += (ssize_t)taken;
		buf += taken;
		n -= taken;
		if (!n)
			return 0;
		if (taken)
			continue;
		if (unlikely(tty->async.first != NULL))
			want_room(tty);
		if (nonblocking(f))
			return -EAGAIN;
		ret = wait_event_interruptible(&tty->write_wait, tty_output_ready(tty) || write_is_dead(tf));
		if (ret)
			return ret;
	}
}

static long write_all(struct tty_file *tf, struct file *f, struct iov_iter *it, ssize_t *done)
{
	u8 chunk[CHUNK];
	long ret = 0;

	while (it->count && !ret) {
		size_t n = min_t(size_t, it->count, CHUNK);

		n = copy_from_iter(chunk, n, it);
		if (!n)
			return -EFAULT;
		ret = write_chunk(tf, f, chunk, n, done);
		cond_resched();
	}
	return ret;
}

ssize_t tty_file_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct tty_file *tf = f->private;
	struct tty *tty = tf->tty;
	ssize_t done = 0;
	long ret;

	(void)pos;
	if (hung_up(tf))
		return -EIO;
	if (L_MODE(&tty->ldisc, TOSTOP) && !tf->console) {
		ret = tty_check_change(tty, SIGTTOU);
		if (ret)
			return ret;
	}
	if (!try_begin_write(tty)) {
		if (nonblocking(f))
			return -EAGAIN;
		ret = wait_event_interruptible(&tty->write_wait, try_begin_write(tty));
		if (ret)
			return ret;
	}
	ret = write_all(tf, f, it, &done);
	end_write(tty);
	return done ? done : ret;
}

/* ---- polling ---- */

u32 tty_file_poll(struct file *f, struct poll_table *pt)
{
	struct tty_file *tf = f->private;
	struct tty *tty = tf->tty;
	struct irqflags flags;
	const struct ldisc *l = &tty->ldisc;
	unsigned min;
	u32 events = 0;

	poll_wait(f, &tty->read_wait, pt);
	poll_wait(f, &tty->write_wait, pt);
	if (hung_up(tf))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	flags = tty_lock(tty);
	min = l->t.c_cc[VTIME] || !l->t.c_cc[VMIN] ? 1 : l->t.c_cc[VMIN];
	if (ldisc_readable(l, min))
		events |= POLLIN | POLLRDNORM;
	if (!ldisc_output_stopped(l) && tty->ops->write_room(tty->port) > 0)
		events |= POLLOUT | POLLWRNORM;
	tty_unlock(tty, flags);
	if (tty->pty && pty_master_gone(tty))
		events |= POLLHUP;
	return events;
}
