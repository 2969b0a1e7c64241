// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pseudo-terminals. The slave is a terminal whose device is a ring; the master, an open /dev/ptmx, reads
 * the ring and types into the slave's line discipline. Both ends share the slave's lock.
 */
#include "tty_struct.h"
#include <janus/printk.h>
#include <janus/slab.h>
#include <uapi/errno.h>

#define RING 4096u		/* a power of two */
#define CHUNK 512u

struct pty {
	struct tty slave;
	unsigned index;			/* [const] */
	struct wait_queue master_wait;	/* output to read, room to type */
	struct fasync_list async;	/* the master's */
	bool fresh;			/* [atomic] output that it was not told of yet */
	/* [slave.lock] */
	bool locked;			/* TIOCSPTLCK: the slave cannot be opened yet */
	bool master_open;
	bool slave_closed;		/* it was open, and is not now */
	u32 head, tail;			/* of the ring: bytes in and out, ever */
	u8 ring[RING];
};

static spinlock_t table_lock = SPINLOCK_INIT;	/* interrupts off; the table */
static struct pty *table[MAX_PTYS];

/* ---- the slave's device ---- */

static size_t ring_room(void *port)
{
	struct pty *pty = port;

	return pty->master_open ? RING - (pty->head - pty->tail) : 0;
}

static size_t ring_write(void *port, const u8 *buf, size_t n)
{
	struct pty *pty = port;

	n = min_t(size_t, n, ring_room(pty));
	for (size_t i = 0; i < n; i++)
		pty->ring[pty->head++ % RING] = buf[i];
	if (n)
		pty->fresh = pty->slave.wake_master = true;
	return n;
}

static size_t ring_pending(void *port)
{
	(void)port;
	return 0;			/* as in Linux: what is written has left the terminal */
}

static void ring_flush(void *port)
{
	struct pty *pty = port;

	pty->tail = pty->head;
}

static const struct tty_driver_ops pty_ops = {
	.write = ring_write,
	.write_room = ring_room,
	.pending = ring_pending,
	.flush = ring_flush,
};

/* ---- what the terminal asks of the pair ---- */

void pty_wake_master(struct tty *tty)
{
	wake_up_poll(&tty->pty->master_wait, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	if (__atomic_exchange_n(&tty->pty->fresh, false, __ATOMIC_RELAXED))
		fasync_signal(&tty->pty->async, FMODE_READ | FMODE_WRITE, POLL_IN);
}

bool pty_slave_usable(struct tty *tty)
{
	return !tty->pty->locked && tty->pty->master_open;
}

bool pty_master_gone(struct tty *tty)
{
	return !READ_ONCE(tty->pty->master_open);
}

void pty_slave_opened(struct tty *tty)
{
	WRITE_ONCE(tty->pty->slave_closed, false);
}

void pty_slave_closed(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);

	if (!tty->opens)
		tty->pty->slave_closed = true;
	tty_unlock(tty, flags);
	wake_up_key(&tty->pty->master_wait, POLLIN | POLLHUP, ~0u);
}

struct tty *pty_find(unsigned index)
{
	struct irqflags flags;
	struct tty *tty = NULL;

	if (index >= MAX_PTYS)
		return NULL;
	flags = spin_lock_irqsave(&table_lock);
	if (table[index]) {
		tty = &table[index]->slave;
		tty_get(tty);
	}
	spin_unlock_irqrestore(&table_lock, flags);
	return tty;
}

static void put_pid(struct pid *pid)
{
	if (pid)
		pid_put(pid);
}

void pty_free(struct tty *tty)
{
	put_pid(tty->pgrp);
	put_pid(tty->session);
	kfree(tty->pty);
}

/* ---- opening and closing the master ---- */

static bool assign_index(struct pty *pty)
{
	struct irqflags flags = spin_lock_irqsave(&table_lock);
	unsigned limit = min(MAX_PTYS, devpts_max());

	for (pty->index = 0; pty->index < limit && table[pty->index]; pty->index++)
		;
	if (pty->index < limit)
		table[pty->index] = pty;
	spin_unlock_irqrestore(&table_lock, flags);
	return pty->index < limit;
}

static void release_index(struct pty *pty)
{
	struct irqflags flags = spin_lock_irqsave(&table_lock);

	table[pty->index] = NULL;
	spin_unlock_irqrestore(&table_lock, flags);
}

static int ptmx_open(struct inode *inode, struct file *f)
{
	struct termios2 t = tty_default_termios;
	struct pty *pty = kzalloc(sizeof(*pty), GFP_KERNEL);
	int err;

	(void)inode;
	if (!pty)
		return -ENOMEM;
	t.c_cflag = B38400 | CS8 | CREAD;
	wait_queue_init(&pty->master_wait);
	tty_setup(&pty->slave, &pty_ops, pty, 0, &t);
	pty->slave.pty = pty;
	pty->locked = pty->master_open = true;
	if (!assign_index(pty)) {
		kfree(pty);
		return -ENOSPC;
	}
	pty->slave.dev = MKDEV(PTY_MAJOR, pty->index);
	err = devpts_add(pty->index);
	if (err) {
		release_index(pty);
		tty_put(&pty->slave);	/* by its number it may have been found already */
		return err;
	}
	f->private = pty;
	f->mode |= FMODE_STREAM;
	return 0;
}

static void ptmx_release(struct file *f)
{
	struct pty *pty = f->private;
	struct irqflags flags;

	devpts_remove(pty->index);
	release_index(pty);
	flags = tty_lock(&pty->slave);
	pty->master_open = false;
	tty_unlock(&pty->slave, flags);
	tty_hangup(&pty->slave, false);
	tty_put(&pty->slave);
}

/* ---- the master's reads and writes ---- */

static bool nonblocking(const struct file *f) { return READ_ONCE(f->flags) & O_NONBLOCK; }

/* [lock] */
static bool has_output(struct pty *pty)
{
	const struct ldisc *l = &pty->slave.ldisc;

	return pty->head != pty->tail || (l->packet && l->packet_status);
}

static bool master_readable(struct pty *pty)
{
	struct irqflags flags = tty_lock(&pty->slave);
	bool ready = has_output(pty) || pty->slave_closed;

	tty_unlock(&pty->slave, flags);
	return ready;
}

/* Up to n bytes for the master into `to`, in packet mode behind a byte that says what they are. [lock] */
static size_t take_output(struct pty *pty, u8 *to, size_t n)
{
	struct ldisc *l = &pty->slave.ldisc;
	size_t done = 0;

	if (l->packet) {
		u8 status = l->packet_status;

		l->packet_status = 0;
		if (!status && pty->head == pty->tail)
			return 0;
		to[done++] = status;
		if (status)
			return done;
	}
	while (done < n && pty->head != pty->tail)
		to[done++] = pty->ring[pty->tail++ % RING];
	l->wake_writers = true;
	ldisc_echo_flush(l);
	return done;
}

static ssize_t master_take(struct pty *pty, struct iov_iter *it)
{
	u8 chunk[CHUNK];
	ssize_t done = 0;
	bool packet;

	do {
		struct irqflags flags = tty_lock(&pty->slave);
		size_t n = has_output(pty) ? take_output(pty, chunk, min_t(size_t, it->count, CHUNK)) : 0;

		packet = pty->slave.ldisc.packet;
		tty_unlock(&pty->slave, flags);
		if (!n)
			break;
		if (copy_to_iter(chunk, n, it) != n)
			return -EFAULT;
		done += (ssize_t)n;
	} while (it->count && !packet);
	return done;
}

static ssize_t ptmx_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct pty *pty = f->private;

	(void)pos;
	while (it->count) {
		ssize_t n = master_take(pty, it);
		long ret;

		if (n)
			return n;
		if (READ_ONCE(pty->slave_closed))
			return -EIO;
		if (nonblocking(f))
			return -EAGAIN;
		ret = wait_event_interruptible(&pty->master_wait, master_readable(pty));
		if (ret)
			return ret;
	}
	return 0;
}

static bool master_writable(struct pty *pty)
{
	struct irqflags flags = tty_lock(&pty->slave);
	bool ready = ldisc_receive_room(&pty->slave.ldisc) > 0;

	tty_unlock(&pty->slave, flags);
	return ready;
}

static long type_chunk(struct pty *pty, struct file *f, const u8 *buf, size_t n, ssize_t *done)
{
	for (;;) {
		struct irqflags flags = tty_lock(&pty->slave);
		size_t taken = ldisc_receive(&pty->slave.ldisc, buf, n);
		long ret;

		tty_unlock(&pty->slave, flags);
		*done += (ssize_t)taken;
		buf += taken;
		n -= taken;
		if (!n)
			return 0;
		if (nonblocking(f))
			return -EAGAIN;
		ret = wait_event_interruptible(&pty->master_wait, master_writable(pty));
		if (ret)
			return ret;
	}
}

static ssize_t ptmx_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct pty *pty = f->private;
	u8 chunk[CHUNK];
	ssize_t done = 0;
	long ret = 0;

	(void)pos;
	while (it->count && !ret) {
		size_t n = copy_from_iter(chunk, min_t(size_t, it->count, CHUNK), it);

		if (!n)
			return done ? done : -EFAULT;
		ret = type_chunk(pty, f, chunk, n, &done);
		cond_resched();
	}
	return done ? done : ret;
}

static u32 ptmx_poll(struct file *f, struct poll_table *pt)
{
	struct pty *pty = f->private;
	struct irqflags flags;
	u32 events = 0;

	poll_wait(f, &pty->master_wait, pt);
	flags = tty_lock(&pty->slave);
	if (has_output(pty))
		events |= POLLIN | POLLRDNORM;
	if (pty->slave.ldisc.packet && pty->slave.ldisc.packet_status)
		events |= POLLPRI;
	if (pty->slave_closed)
		events |= POLLHUP;
	if (ldisc_receive_room(&pty->slave.ldisc) > 0)
		events |= POLLOUT | POLLWRNORM;
	tty_unlock(&pty->slave, flags);
	return events;
}

/* ---- the master's ioctls ---- */

static long set_packet_mode(struct pty *pty, uaddr_t arg)
{
	struct irqflags flags;
	int on;

	if (get_user(&on, arg))
		return -EFAULT;
	flags = tty_lock(&pty->slave);
	if (on && !pty->slave.ldisc.packet)
		pty->slave.ldisc.packet_status = 0;
	pty->slave.ldisc.packet = on;
	tty_unlock(&pty->slave, flags);
	return 0;
}

static long set_lock(struct pty *pty, uaddr_t arg)
{
	int on;

	if (get_user(&on, arg))
		return -EFAULT;
	WRITE_ONCE(pty->locked, on != 0);
	return 0;
}

static long send_signal(struct pty *pty, unsigned long signo)
{
	struct irqflags flags;

	if (signo != SIGINT && signo != SIGQUIT && signo != SIGTSTP)
		return -EINVAL;
	flags = tty_lock(&pty->slave);
	pty->slave.ldisc.signals |= 1ULL << (signo - 1);
	tty_unlock(&pty->slave, flags);
	return 0;
}

static long ptmx_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	struct pty *pty = f->private;
	long ret;

	switch (cmd) {
	case TIOCSPTLCK:
		return set_lock(pty, arg);
	case TIOCGPTLCK:
		return put_user(READ_ONCE(pty->locked), int, arg);
	case TIOCGPTN:
		return put_user(pty->index, u32, arg);
	case TIOCGPTPEER:
		return devpts_open_slave(f, pty->index, (unsigned)arg);
	case TIOCPKT:
		return set_packet_mode(pty, arg);
	case TIOCGPKT:
		return put_user(READ_ONCE(pty->slave.ldisc.packet), int, arg);
	case TIOCSIG:
		return send_signal(pty, arg);
	case FIONREAD:
		return put_user(READ_ONCE(pty->head) - READ_ONCE(pty->tail), int, arg);
	case TIOCOUTQ:
		return put_user(0, int, arg);
	case TIOCGDEV:
		return put_user(MKDEV(PTY_MAJOR, pty->index), u32, arg);
	case TIOCSCTTY:
		return -EPERM;
	}
	ret = tty_common_ioctl(&pty->slave, true, f, cmd, arg);
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

static int ptmx_fasync(struct file *f, int fd, bool on)
{
	struct pty *pty = f->private;
	int err = fasync_set(&pty->async, f, fd, on);

	return err || !on ? err : file_default_owner(f, current->pid, F_OWNER_PID);
}

static int ptmx_fdinfo(struct file *f, char *buf, size_t size)
{
	const struct pty *pty = f->private;

	return scnprintf(buf, size, "tty-index:\t%u\n", pty->index);
}

const struct file_ops ptmx_file_ops = {
	.fasync = ptmx_fasync,
	.open = ptmx_open,
	.release = ptmx_release,
	.read = ptmx_read,
	.write = ptmx_write,
	.poll = ptmx_poll,
	.ioctl = ptmx_ioctl,
	.show_fdinfo = ptmx_fdinfo,
	.splice = SPLICE_FROM | SPLICE_TO,
};
