/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What serial ports have in common: a ring for output that the chip cannot take at once, the kernel's
 * console, and the terminal above. For core/drivers/ only.
 */
#ifndef DRIVERS_SERIAL_H
#define DRIVERS_SERIAL_H

#include <janus/lock.h>
#include <janus/types.h>

#define SERIAL_RING 4096u	/* a power of two */

struct serial_port;
struct tty;

/* The chip. Called with the port's lock held and interrupts off, but for start, once at boot, and interrupt. */
struct serial_chip {
	u32 tx_interrupt, rx_interrupts;			/* bits of its mask: there is room; input, or a break */
	void (*start)(struct serial_port *port);		/* from now on it may raise its interrupt */
	unsigned (*tx_room)(struct serial_port *port);		/* bytes it takes now without loss */
	void (*tx_byte)(struct serial_port *port, u8 byte);
	int (*rx_byte)(struct serial_port *port);		/* SERIAL_NONE, SERIAL_BREAK, or the byte */
	void (*enable)(struct serial_port *port, u32 interrupts);	/* these, and no others */
	bool (*interrupt)(void *port);				/* an irq handler: was it this port? */
};
enum { SERIAL_NONE = -1, SERIAL_BREAK = -2 };

struct serial_port {
	const struct serial_chip *chip;	/* [const] */
	unsigned long reg;		/* [const] for arch/io.h */
	struct tty *tty;		/* [const] */
	spinlock_t lock;		/* interrupts off; all below */
	u32 enabled;			/* the chip's interrupt mask */
	unsigned head, tail;		/* of the ring: bytes in and out, ever */
	u8 ring[SERIAL_RING];
};

/* A port becomes a terminal, and the kernel's console unless the command line names another. 0 or -errno. */
int serial_register(const struct serial_chip *chip, unsigned long reg, const char *name, unsigned major, unsigned minor,
		    unsigned irq);
/* For the chip's interrupt: it has input; it has room. Without the lock. */
void serial_receive(struct serial_port *port);
void serial_transmit(struct serial_port *port);

#endif
