// SPDX-License-Identifier: BSD-2-Clause
/*
 * Terminals: their life, opening them by their many names, input from drivers, hanging up.
 */
#include "tty_struct.h"
#include <janus/cmdline.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <generated/syscalls.h>
#include <uapi/capability.h>
#include <uapi/errno.h>

#define MAX_SERIAL 4
#define DEV_TTY MKDEV(5, 0)
#define DEV_CONSOLE MKDEV(5, 1)

const struct termios2 tty_default_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = {
		[VINTR] = 003, [VQUIT] = 034, [VERASE] = 0177, [VKILL] = 025, [VEOF] = 004, [VMIN] = 1,
		[VSTART] = 021, [VSTOP] = 023, [VSUSP] = 032, [VREPRINT] = 022, [VDISCARD] = 017,
		[VWERASE] = 027, [VLNEXT] = 026,
	},
	.c_ispeed = 38400,
	.c_ospeed = 38400,
};

static const struct file_ops tty_file_ops;
static struct tty *serial[MAX_SERIAL];	/* [const] after boot */
static unsigned nr_serial;
static struct tty *console_tty;		/* [const] after boot */

/* ---- the lock and what follows it ---- */

struct irqflags tty_lock(struct tty *tty)
{
	return spin_lock_irqsave(&tty->lock);
}

static void send_signals(struct pid *pgrp, u64 signals)
{
	for (int signo = 1; signals; signo++, signals >>= 1)
		if (signals & 1)
			signal_send_pgrp(pgrp, signo, NULL);
	pid_put(pgrp);
}

void tty_unlock(struct tty *tty, struct irqflags flags)
{
	struct ldisc *l = &tty->ldisc;
	u64 signals = l->signals;
	struct pid *pgrp = signals && tty->pgrp ? pid_get(tty->pgrp) : NULL;
	bool readers = l->wake_readers, writers = l->wake_writers, master = tty->wake_master;
	bool room = writers && tty->short_of_room && !ldisc_output_stopped(l) && tty->ops->write_room(tty->port) > 0;

	if (unlikely(room))
		tty->short_of_room = false;
	l->signals = 0;
	l->wake_readers = l->wake_writers = tty->wake_master = false;
	spin_unlock_irqrestore(&tty->lock, flags);
	if (readers)
		wake_up_poll(&tty->read_wait, POLLIN | POLLRDNORM);
	if (writers)
		wake_up_key(&tty->write_wait, POLLOUT | POLLWRNORM, ~0u);
	if (readers)
		fasync_signal(&tty->async, FMODE_READ | FMODE_WRITE, POLL_IN);
	if (unlikely(room))
		fasync_signal(&tty->async, FMODE_READ | FMODE_WRITE, POLL_OUT);
	if (tty->pty && (master || readers))
		pty_wake_master(tty);
	if (pgrp)
		send_signals(pgrp, signals);
}

/* ---- the device below ---- */

static size_t host_write(void *arg, const u8 *buf, size_t n)
{
	struct tty *tty = arg;

	return tty->ops->write(tty->port, buf, n);
}

static size_t host_write_room(void *arg)
{
	struct tty *tty = arg;

	return tty->ops->write_room(tty->port);
}

static void host_flush(void *arg)
{
	struct tty *tty = arg;

	tty->ops->flush(tty->port);
}

static const struct ldisc_host tty_host = { host_write, host_write_room, host_flush };

void tty_receive(struct tty *tty, const u8 *buf, size_t n)
{
	struct irqflags flags = tty_lock(tty);

	ldisc_receive(&tty->ldisc, buf, n);
	if (!tty->throttled && ldisc_receive_room(&tty->ldisc) < 128 && tty->ops->throttle) {
		tty->throttled = ldisc_readable(&tty->ldisc, 1);
		if (tty->throttled)
			tty->ops->throttle(tty->port, true);
	}
	tty_unlock(tty, flags);
}

void tty_receive_break(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);

	ldisc_break(&tty->ldisc);
	tty_unlock(tty, flags);
}

void tty_write_wakeup(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);

	ldisc_echo_flush(&tty->ldisc);
	tty->ldisc.wake_writers = true;
	tty_unlock(tty, flags);
}

/* ---- life ---- */

void tty_setup(struct tty *tty, const struct tty_driver_ops *ops, void *port, dev_t dev, const struct termios2 *t)
{
	ref_set(&tty->refs, 1);
	spin_init(&tty->lock);
	tty->ops = ops;
	tty->port = port;
	tty->dev = dev;
	wait_queue_init(&tty->read_wait);
	wait_queue_init(&tty->write_wait);
	mutex_init(&tty->read_mutex);
	ldisc_init(&tty->ldisc, &tty_host, tty, t);
}

void tty_put(struct tty *tty)
{
	if (ref_put(&tty->refs) && tty->pty)
		pty_free(tty);
}

static bool is_console_name(const char *name)
{
	const char *wanted = cmdline_get("console");
	size_t n = strlen(name);

	return wanted && !strncmp(wanted, name, n) && (!wanted[n] || wanted[n] == ',');
}

struct tty *tty_register(const char *name, unsigned major, unsigned minor, const struct tty_driver_ops *ops, void *port)
{
	struct termios2 t = tty_default_termios;
	struct tty *tty;

	if (nr_serial == MAX_SERIAL)
		return NULL;
	tty = kzalloc(sizeof(*tty), GFP_KERNEL);
	if (!tty)
		return NULL;
	t.c_cflag = B9600 | CS8 | CREAD | HUPCL | CLOCAL;
	t.c_ispeed = t.c_ospeed = 9600;
	tty_setup(tty, ops, port, MKDEV(major, minor), &t);
	serial[nr_serial++] = tty;
	if (!console_tty || is_console_name(name))
		console_tty = tty;
	register_chrdev(major, minor, 1, &tty_file_ops, name, 0600);
	return tty;
}

/* ---- opening and closing ---- */

/* Takes over the reference on success. */
static int tty_open_file(struct tty *tty, struct file *f, bool no_ctty, bool console)
{
	struct tty_file *tf = kmalloc(sizeof(*tf), GFP_KERNEL);
	struct irqflags flags;
	int err = 0;

	if (!tf)
		return -ENOMEM;
	flags = tty_lock(tty);
	if (tty->pty && !pty_slave_usable(tty))
		err = -EIO;
	else if (tty->exclusive && tty->opens && !capable(CAP_SYS_ADMIN))
		err = -EBUSY;
	else
		tty->opens++;
	*tf = (struct tty_file){ tty, tty->hangups, console };
	tty_unlock(tty, flags);
	if (err) {
		kfree(tf);
		return err;
	}
	f->private = tf;
	f->mode |= FMODE_STREAM;
	if (tty->pty)
		pty_slave_opened(tty);
	if (!no_ctty && !(f->flags & O_NOCTTY))
		tty_acquire_on_open(tty, f);
	return 0;
}

static struct tty *find_by_number(dev_t dev)
{
	for (unsigned i = 0; i < nr_serial; i++)
		if (serial[i]->dev == dev) {
			tty_get(serial[i]);
			return serial[i];
		}
	return MAJOR(dev) == PTY_MAJOR ? pty_find(MINOR(dev)) : NULL;
}

static int tty_open(struct inode *inode, struct file *f)
{
	bool console = inode->rdev == DEV_CONSOLE, own = inode->rdev == DEV_TTY;
	struct tty *tty;
	int err;

	if (own) {
		tty = current_tty();
	} else if (console) {
		tty = console_tty;
		if (tty)
			tty_get(tty);
	} else {
		tty = find_by_number(inode->rdev);
		/* Of a pseudo terminal the number alone says nothing: it may be the next owner's by now. */
		if (tty && tty->pty && !devpts_has(inode)) {
			tty_put(tty);
			tty = NULL;
		}
	}
	if (!tty)
		return own ? -ENXIO : console ? -ENODEV : -EIO;
	err = tty_open_file(tty, f, own || console, console);
	if (err)
		tty_put(tty);
	return err;
}

static void tty_release(struct file *f)
{
	struct tty_file *tf = f->private;
	struct tty *tty = tf->tty;
	struct irqflags flags = tty_lock(tty);
	bool last = !--tty->opens;

	if (last)
		tty->exclusive = false;
	tty_unlock(tty, flags);
	if (last && tty->pty)
		pty_slave_closed(tty);
	kfree(tf);
	tty_put(tty);
}

/* Where nobody is named to be told, the foreground group is, or who asks. */
static int tty_fasync(struct file *f, int fd, bool on)
{
	struct tty_file *tf = f->private;
	struct tty *tty = tf->tty;
	struct irqflags flags;
	struct pid *pgrp;
	int err;

	if (hung_up(tf))
		return -ENOTTY;
	err = fasync_set(&tty->async, f, fd, on);
	if (err || !on)
		return err;
	flags = tty_lock(tty);
	pgrp = tty->pgrp ? pid_get(tty->pgrp) : NULL;
	tty_unlock(tty, flags);
	err = file_default_owner(f, pgrp ? pgrp : current->pid, pgrp ? F_OWNER_PGRP : F_OWNER_PID);
	pid_put(pgrp);
	return err;
}

static const struct file_ops tty_file_ops = {
	.fasync = tty_fasync,
	.open = tty_open,
	.release = tty_release,
	.read = tty_file_read,
	.write = tty_file_write,
	.poll = tty_file_poll,
	.ioctl = tty_ioctl,
	.splice = SPLICE_FROM | SPLICE_TO,
};

/* ---- hanging up ---- */

/* Every open file of the terminal is dead; its session loses it. session_ends: its leader is exiting. */
void tty_hangup(struct tty *tty, bool session_ends)
{
	struct irqflags flags;

	tty_hangup_session(tty, session_ends);
	fasync_clear(&tty->async);
	flags = tty_lock(tty);
	tty->hangups++;
	ldisc_flush_input(&tty->ldisc);
	tty->ldisc.stopped = tty->ldisc.tco_stopped = false;
	tty->ldisc.wake_readers = tty->ldisc.wake_writers = true;
	tty_unlock(tty, flags);
	wake_up_key(&tty->read_wait, POLLIN | POLLRDNORM | POLLHUP | POLLERR, ~0u);
	wake_up_key(&tty->write_wait, POLLOUT | POLLWRNORM | POLLHUP | POLLERR, ~0u);
}

long sys_vhangup(void)
{
	struct tty *tty;

	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	tty = current_tty();
	if (tty) {
		tty_hangup(tty, true);
		tty_put(tty);
	}
	return 0;
}

void tty_init(void)
{
	register_chrdev(5, 0, 1, &tty_file_ops, "tty", 0666);
	register_chrdev(5, 1, 1, &tty_file_ops, "console", 0600);
	register_chrdev(5, 2, 1, &ptmx_file_ops, "ptmx", 0666);
	register_chrdev(PTY_MAJOR, 0, MAX_PTYS, &tty_file_ops, "pts", 0);
	devpts_init();
}
