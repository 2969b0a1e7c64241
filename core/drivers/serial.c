// SPDX-License-Identifier: BSD-2-Clause
/*
 * Serial ports above the chip. Output goes to the chip directly while it has room, which it mostly has, so
 * a write costs no interrupt; what is left goes through a ring. The kernel's messages are written by
 * polling, behind what is in the ring, and work with interrupts off and in a panic.
 */
#include "serial.h"
#include <arch/cpu.h>
#include <janus/cmdline.h>
#include <janus/irq.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/syslog.h>
#include <janus/tty.h>
#include <uapi/errno.h>

#define POLL_LIMIT 1000000u	/* looks at a chip that does not send before a byte is given up */
#define RX_CHUNK 64

static struct serial_port *console;	/* [const] after boot */

/* Lock held. */
static void set_interrupts(struct serial_port *port, u32 bits, bool on)
{
	u32 enabled = on ? port->enabled | bits : port->enabled & ~bits;

	if (enabled == port->enabled)
		return;
	port->enabled = enabled;
	port->chip->enable(port, enabled);
}

/* Lock held: as much of the ring as the chip takes. */
static void drain(struct serial_port *port)
{
	unsigned room;

	while (port->head != port->tail && (room = port->chip->tx_room(port)))
		while (room-- && port->head != port->tail)
			port->chip->tx_byte(port, port->ring[port->tail++ % SERIAL_RING]);
	set_interrupts(port, port->chip->tx_interrupt, port->head != port->tail);
}

static size_t serial_write(void *arg, const u8 *buf, size_t n)
{
	struct serial_port *port = arg;
	struct irqflags flags = spin_lock_irqsave(&port->lock);
	size_t done = 0;
	unsigned room;

	if (port->head == port->tail)
		while (done < n && (room = port->chip->tx_room(port)))
			while (room-- && done < n)
				port->chip->tx_byte(port, buf[done++]);
	while (done < n && port->head - port->tail < SERIAL_RING)
		port->ring[port->head++ % SERIAL_RING] = buf[done++];
	if (port->head != port->tail)
		drain(port);
	spin_unlock_irqrestore(&port->lock, flags);
	return done;
}

static size_t serial_pending(void *arg)
{
	struct serial_port *port = arg;

	return READ_ONCE(port->head) - READ_ONCE(port->tail);
}

static size_t serial_write_room(void *arg)
{
	return SERIAL_RING - serial_pending(arg);
}

static void serial_flush(void *arg)
{
	struct serial_port *port = arg;
	struct irqflags flags = spin_lock_irqsave(&port->lock);

	port->tail = port->head;
	drain(port);
	spin_unlock_irqrestore(&port->lock, flags);
}

static void serial_throttle(void *arg, bool on)
{
	struct serial_port *port = arg;
	struct irqflags flags = spin_lock_irqsave(&port->lock);

	set_interrupts(port, port->chip->rx_interrupts, !on);
	spin_unlock_irqrestore(&port->lock, flags);
}

static const struct tty_driver_ops serial_ops = {
	.write = serial_write,
	.write_room = serial_write_room,
	.pending = serial_pending,
	.flush = serial_flush,
	.throttle = serial_throttle,
};

/* ---- interrupts ---- */

void serial_receive(struct serial_port *port)
{
	u8 buf[RX_CHUNK];
	unsigned n;

	do {
		struct irqflags flags = spin_lock_irqsave(&port->lock);
		int c = SERIAL_NONE;

		for (n = 0; n < RX_CHUNK && (c = port->chip->rx_byte(port)) >= 0; n++)
			buf[n] = (u8)c;
		spin_unlock_irqrestore(&port->lock, flags);
		if (n)
			tty_receive(port->tty, buf, n);
		if (c == SERIAL_BREAK)
			tty_receive_break(port->tty);
	} while (n == RX_CHUNK);
}

void serial_transmit(struct serial_port *port)
{
	struct irqflags flags = spin_lock_irqsave(&port->lock);
	bool wake;

	drain(port);
	wake = port->head - port->tail < SERIAL_RING / 2;
	spin_unlock_irqrestore(&port->lock, flags);
	if (wake)
		tty_write_wakeup(port->tty);
}

/* ---- the console ---- */

static void put_polled(struct serial_port *port, u8 byte)
{
	for (unsigned i = 0; i < POLL_LIMIT && !port->chip->tx_room(port); i++)
		arch_cpu_relax();
	port->chip->tx_byte(port, byte);
}

/* A CPU that stopped inside may hold the lock for ever: after a while, write all the same. */
static bool lock_patiently(spinlock_t *lock)
{
	for (unsigned i = 0; i < POLL_LIMIT; i++) {
		if (spin_trylock(lock))
			return true;
		arch_cpu_relax();
	}
	return false;
}

static void console_write(const char *s, size_t n)
{
	struct serial_port *port = console;
	struct irqflags flags = arch_local_irq_save();
	bool locked = lock_patiently(&port->lock);

	while (port->head != port->tail)
		put_polled(port, port->ring[port->tail++ % SERIAL_RING]);
	for (; n--; s++) {
		if (*s == '\n')
			put_polled(port, '\r');
		put_polled(port, (u8)*s);
	}
	if (locked)
		spin_unlock(&port->lock);
	arch_local_irq_restore(flags);
}

/* console=NAME[,options]: no such word means the machine's own port. */
static bool is_console(const char *name)
{
	const char *wanted = cmdline_get("console");
	size_t n = strlen(name);

	return !wanted || !*wanted || (!strncmp(wanted, name, n) && (!wanted[n] || wanted[n] == ','));
}

int serial_register(const struct serial_chip *chip, unsigned long reg, const char *name, unsigned major, unsigned minor,
		    unsigned irq)
{
	struct serial_port *port = kzalloc(sizeof(*port), GFP_KERNEL);
	int err;

	if (!port)
		return -ENOMEM;
	port->chip = chip;
	port->reg = reg;
	port->tty = tty_register(name, major, minor, &serial_ops, port);
	if (!port->tty)
		return -ENOMEM;
	if (!console && is_console(name)) {
		console = port;
		register_console(console_write);
	}
	printk(KERN_INFO "%s: serial port, interrupt %u\n", name, irq);
	err = request_irq(irq, chip->interrupt, port, name);
	if (err)
		return err;
	chip->start(port);
	serial_throttle(port, false);
	return 0;
}
