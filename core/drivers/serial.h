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

/* The chip. Called with the port's lock held, interrupts off. */
struct serial_chip {
	unsigned (*tx_room)(struct serial_port *port);		/* bytes it takes now without loss */
	void (*tx_byte)(struct serial_port *port, u8 byte);
	void (*tx_interrupt)(struct serial_port *port, bool on);	/* when there is room */
	void (*rx_interrupt)(struct serial_port *port, bool on);
	int (*rx_byte)(struct serial_port *port);		/* SERIAL_NONE, SERIAL_BREAK, or the byte */
};
enum { SERIAL_NONE = -1, SERIAL_BREAK = -2 };

struct serial_port {
	const struct serial_chip *chip;	/* [const] */
	unsigned long reg;		/* [const] for arch/io.h */
	struct tty *tty;		/* [const] */
	spinlock_t lock;		/* interrupts off; all below */
	u32 shadow;			/* the chip's interrupt mask */
	bool tx_on;			/* the interrupt for room is on */
	unsigned head, tail;		/* of the ring: bytes in and out, ever */
	u8 ring[SERIAL_RING];
};

/* The port becomes a terminal, and the kernel's console unless the command line names another. 0 or -errno. */
int serial_register(struct serial_port *port, const char *name, unsigned major, unsigned minor, unsigned irq);
/* Interrupt handlers: the chip has input; the chip has room. Without the lock. */
void serial_receive(struct serial_port *port);
void serial_transmit(struct serial_port *port);

#endif
