// SPDX-License-Identifier: BSD-2-Clause
/*
 * The ioctls of terminals: modes in their three historical shapes, window size, flow, queues.
 */
#include "tty_struct.h"
#include <janus/string.h>
#include <uapi/capability.h>
#include <uapi/errno.h>

/* ---- modes ---- */

static const u32 speeds[] = { 0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
static const u32 fast_speeds[] = { 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000,
				   2000000, 2500000, 3000000, 3500000, 4000000 };

/* Bits per second of a CBAUD code; BOTHER keeps what is there. */
static u32 speed_of(u32 code, u32 current_speed)
{
	if (!(code & CBAUDEX))
		return speeds[code & 15];
	code &= 15;
	return code && code <= ARRAY_SIZE(fast_speeds) ? fast_speeds[code - 1] : current_speed;
}

static void set_speeds(struct termios2 *t)
{
	u32 in = (t->c_cflag >> IBSHIFT) & CBAUD;

	t->c_ospeed = speed_of(t->c_cflag & CBAUD, t->c_ospeed);
	t->c_ispeed = in ? speed_of(in, t->c_ispeed) : t->c_ospeed;
}

static struct termios2 modes_of(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);
	struct termios2 t = tty->ldisc.t;

	tty_unlock(tty, flags);
	return t;
}

static bool output_drained(struct tty *tty)
{
	struct irqflags flags = tty_lock(tty);
	bool empty = tty->ldisc.echo_head == tty->ldisc.echo_tail && !tty->ops->pending(tty->port);

	tty_unlock(tty, flags);
	return empty;
}

static long drain(struct tty *tty)
{
	return wait_event_interruptible(&tty->write_wait, output_drained(tty));
}

enum when { NOW, DRAIN, FLUSH };	/* TCSANOW, TCSADRAIN, TCSAFLUSH */

/* TIOCSLCKTRMIOS: what is not zero there stays as it is. Lock held. */
static void keep_locked(const struct tty *tty, struct termios2 *t)
{
	const struct termios *locked = &tty->locked;
	const struct termios2 *old = &tty->ldisc.t;

	t->c_iflag = (t->c_iflag & ~locked->c_iflag) | (old->c_iflag & locked->c_iflag);
	t->c_oflag = (t->c_oflag & ~locked->c_oflag) | (old->c_oflag & locked->c_oflag);
	t->c_cflag = (t->c_cflag & ~locked->c_cflag) | (old->c_cflag & locked->c_cflag);
	t->c_lflag = (t->c_lflag & ~locked->c_lflag) | (old->c_lflag & locked->c_lflag);
	if (locked->c_line)
		t->c_line = old->c_line;
	for (int i = 0; i < NCCS; i++)
		if (locked->c_cc[i])
			t->c_cc[i] = old->c_cc[i];
}

static long get_locked(struct tty *tty, uaddr_t to)
{
	struct irqflags flags = tty_lock(tty);
	struct termios locked = tty->locked;

	tty_unlock(tty, flags);
	return copy_struct_out(to, &locked);
}

static long set_locked(struct tty *tty, uaddr_t from)
{
	struct termios locked;
	struct irqflags flags;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_struct_in(&locked, from))
		return -EFAULT;
	flags = tty_lock(tty);
	tty->locked = locked;
	tty_unlock(tty, flags);
	return 0;
}

static long set_modes(struct tty *tty, const struct termios2 *t, enum when when)
{
	struct termios2 new;
	struct irqflags flags;
	long ret = tty_check_change(tty, SIGTTOU);

	if (!ret && when == FLUSH) {
		flags = tty_lock(tty);
		ldisc_flush_input(&tty->ldisc);
		tty_unlock(tty, flags);
	}
	if (!ret && when != NOW)
		ret = drain(tty);
	if (ret)
		return ret;
	flags = tty_lock(tty);
	new = *t;
	keep_locked(tty, &new);
	ldisc_set_termios(&tty->ldisc, &new);
	tty_unlock(tty, flags);
	return 0;
}

static long set_termios(struct tty *tty, uaddr_t from, size_t size, enum when when)
{
	struct termios2 t = modes_of(tty);

	if (copy_from_user(&t, from, size))
		return -EFAULT;
	if (size == sizeof(struct termios2) && (t.c_cflag & CBAUD) == BOTHER)
		t.c_ispeed = t.c_ispeed ? t.c_ispeed : t.c_ospeed;
	else
		set_speeds(&t);
	return set_modes(tty, &t, when);
}

static long get_termios(struct tty *tty, uaddr_t to, size_t size)
{
	struct termios2 t = modes_of(tty);

	return copy_to_user(to, &t, size) ? -EFAULT : 0;
}

static long get_termio(struct tty *tty, uaddr_t to)
{
	struct termios2 t = modes_of(tty);
	struct termio old = { (u16)t.c_iflag, (u16)t.c_oflag, (u16)t.c_cflag, (u16)t.c_lflag, t.c_line, { 0 } };

	memcpy(old.c_cc, t.c_cc, sizeof(old.c_cc));
	return copy_struct_out(to, &old);
}

static long set_termio(struct tty *tty, uaddr_t from, enum when when)
{
	struct termios2 t = modes_of(tty);
	struct termio old;

	if (copy_struct_in(&old, from))
		return -EFAULT;
	t.c_iflag = (t.c_iflag & ~0xffffu) | old.c_iflag;
	t.c_oflag = (t.c_oflag & ~0xffffu) | old.c_oflag;
	t.c_cflag = (t.c_cflag & ~0xffffu) | old.c_cflag;
	t.c_lflag = (t.c_lflag & ~0xffffu) | old.c_lflag;
	t.c_line = old.c_line;
	memcpy(t.c_cc, old.c_cc, sizeof(old.c_cc));
	set_speeds(&t);
	return set_modes(tty, &t, when);
}

static long mode_ioctl(struct tty *tty, unsigned cmd, unsigned long arg)
{
	switch (cmd) {
	case TIOCGLCKTRMIOS:
		return get_locked(tty, arg);
	case TIOCSLCKTRMIOS:
		return set_locked(tty, arg);
	case TCGETS:
		return get_termios(tty, arg, sizeof(struct termios));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_termios(tty, arg, sizeof(struct termios), cmd - TCSETS);
	case TCGETS2:
		return get_termios(tty, arg, sizeof(struct termios2));
	case TCSETS2:
		return set_termios(tty, arg, sizeof(struct termios2), NOW);
	case TCSETSW2:
		return set_termios(tty, arg, sizeof(struct termios2), DRAIN);
	case TCSETSF2:
		return set_termios(tty, arg, sizeof(struct termios2), FLUSH);
	case TCGETA:
		return get_termio(tty, arg);
	case TCSETA:
	case TCSETAW:
	case TCSETAF:
		return set_termio(tty, arg, cmd - TCSETA);
	default:
		return -ENOIOCTLCMD;
	}
}

/* ---- flow, queues, breaks ---- */

static long flush_queues(struct tty *tty, unsigned long which)
{
	struct irqflags flags;
	long ret = tty_check_change(tty, SIGTTOU);

	if (ret)
		return ret;
	if (which > TCIOFLUSH)
		return -EINVAL;
	flags = tty_lock(tty);
	if (which != TCOFLUSH) {
		ldisc_flush_input(&tty->ldisc);
		if (tty->throttled) {
			tty->throttled = false;
			tty->ops->throttle(tty->port, false);
		}
		tty->wake_master = true;
	}
	if (which != TCIFLUSH)
		ldisc_flush_output(&tty->ldisc);
	tty_unlock(tty, flags);
	return 0;
}

/* tcflow(): hold or free the output, or ask the other end to by its control characters. */
static long flow(struct tty *tty, unsigned long action)
{
	struct ldisc *l = &tty->ldisc;
	struct irqflags flags;
	u8 c;
	long ret = tty_check_change(tty, SIGTTOU);

	if (ret)
		return ret;
	if (action > TCION)
		return -EINVAL;
	flags = tty_lock(tty);
	switch (action) {
	case TCOOFF:
		ldisc_stop(l);
		l->tco_stopped = true;
		break;
	case TCOON:
		l->tco_stopped = false;
		ldisc_start(l);
		break;
	default:
		c = l->t.c_cc[action == TCIOFF ? VSTOP : VSTART];
		if (c)
			tty->ops->write(tty->port, &c, 1);
		break;
	}
	tty_unlock(tty, flags);
	return 0;
}

/* A break cannot be seen in QEMU's ports: only the waiting for output is left of it. */
static long send_break(struct tty *tty)
{
	long ret = tty_check_change(tty, SIGTTOU);

	return ret ? ret : drain(tty);
}

static long input_count(struct tty *tty, uaddr_t to)
{
	struct irqflags flags = tty_lock(tty);
	int n = (int)ldisc_input_count(&tty->ldisc);

	tty_unlock(tty, flags);
	return put_user(n, int, to);
}

static long output_count(struct tty *tty, uaddr_t to)
{
	struct irqflags flags = tty_lock(tty);
	int n = (int)tty->ops->pending(tty->port);

	tty_unlock(tty, flags);
	return put_user(n, int, to);
}

/* TIOCSTI: type a byte on one's own terminal. */
static long fake_input(struct tty *tty, uaddr_t from)
{
	u8 c;

	if (READ_ONCE(current->process->tty) != tty && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user(&c, from))
		return -EFAULT;
	tty_receive(tty, &c, 1);
	return 0;
}

/* ---- window size ---- */

static long get_window(struct tty *tty, uaddr_t to)
{
	struct irqflags flags = tty_lock(tty);
	struct winsize w = tty->winsize;

	tty_unlock(tty, flags);
	return copy_struct_out(to, &w);
}

static long set_window(struct tty *tty, uaddr_t from)
{
	struct winsize w;
	struct irqflags flags;

	if (copy_struct_in(&w, from))
		return -EFAULT;
	flags = tty_lock(tty);
	if (memcmp(&w, &tty->winsize, sizeof(w))) {
		tty->winsize = w;
		tty->ldisc.signals |= 1ULL << (SIGWINCH - 1);
	}
	tty_unlock(tty, flags);
	return 0;
}

/* ---- all together ---- */

static long set_exclusive(struct tty *tty, bool on)
{
	struct irqflags flags = tty_lock(tty);

	tty->exclusive = on;
	tty_unlock(tty, flags);
	return 0;
}

static long state_ioctl(struct tty *tty, unsigned cmd, unsigned long arg)
{
	struct termios2 t;

	switch (cmd) {
	case TIOCEXCL:
	case TIOCNXCL:
		return set_exclusive(tty, cmd == TIOCEXCL);
	case TIOCGEXCL:
		return put_user(READ_ONCE(tty->exclusive), int, arg);
	case TIOCGDEV:
		return put_user(tty->dev, u32, arg);
	case TIOCGETD:
		return put_user(0, int, arg);		/* N_TTY */
	case TIOCSETD: {
		int number, err = get_user(&number, arg);

		return err ? err : number ? -EINVAL : 0;
	}
	case TIOCGSOFTCAR:
		t = modes_of(tty);
		return put_user(t.c_cflag & CLOCAL ? 1 : 0, int, arg);
	case TIOCVHANGUP:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(tty, false);
		return 0;
	default:
		return -ENOIOCTLCMD;
	}
}

long tty_common_ioctl(struct tty *tty, bool master, struct file *f, unsigned cmd, unsigned long arg)
{
	long ret;

	switch (cmd) {
	case TIOCGWINSZ:
		return get_window(tty, arg);
	case TIOCSWINSZ:
		return set_window(tty, arg);
	case TCFLSH:
		return flush_queues(tty, arg);
	case TCXONC:
		return flow(tty, arg);
	case TCSBRK:
	case TCSBRKP:
		return send_break(tty);
	case TIOCSTI:
		return fake_input(tty, arg);
	}
	ret = mode_ioctl(tty, cmd, arg);
	if (ret == -ENOIOCTLCMD)
		ret = tty_job_ioctl(tty, master, f, cmd, arg);
	if (ret == -ENOIOCTLCMD)
		ret = state_ioctl(tty, cmd, arg);
	return ret;
}

long tty_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	struct tty_file *tf = f->private;
	long ret;

	if (hung_up(tf))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	switch (cmd) {
	case FIONREAD:
		return input_count(tf->tty, arg);
	case TIOCOUTQ:
		return output_count(tf->tty, arg);
	case TIOCGPTPEER:
		return -EIO;		/* only a master has another end to open */
	}
	ret = tty_common_ioctl(tf->tty, false, f, cmd, arg);
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}
