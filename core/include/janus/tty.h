/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals, for the drivers below them and for processes. core/drivers/tty/.
 *
 * Driver operations are called with the terminal's lock held and interrupts off: they do not sleep and
 * do not call back into the terminal.
 */
#ifndef JANUS_TTY_H
#define JANUS_TTY_H

#include <janus/types.h>
#include <uapi/termios.h>

struct tty;
struct pid;
struct process;

struct tty_driver_ops {
	size_t (*write)(void *port, const u8 *buf, size_t n);	/* bytes accepted */
	size_t (*write_room)(void *port);
	size_t (*pending)(void *port);			/* bytes accepted and not yet sent */
	void (*flush)(void *port);			/* forget them */
	void (*throttle)(void *port, bool on);		/* stop or go on calling tty_receive() */
};

/* A serial port becomes /dev/NAME, and /dev/console when console= or the machine says so. Boot. NULL on no memory. */
struct tty *tty_register(const char *name, unsigned major, unsigned minor, const struct tty_driver_ops *ops,
			 void *port);
/* Bytes from the device, outside the driver's lock. Any context. When throttle() was asked for, the rest is lost. */
void tty_receive(struct tty *tty, const u8 *buf, size_t n);
void tty_receive_break(struct tty *tty);
/* The device can take more. Any context, outside the driver's lock. */
void tty_write_wakeup(struct tty *tty);

/* Devices /dev/tty, /dev/console, /dev/ptmx and the file system devpts. Boot, before the serial ports. */
void tty_init(void);

/* A session leader ends (on_exit) or gives its terminal up. Process context, no lock held. */
void tty_disassociate(struct process *p, bool on_exit);
/* Where /proc/PID/stat asks: device number and foreground group of p's terminal (0, -1 when there is none). */
void tty_of_process(struct process *p, dev_t *dev, pid_t *foreground);

#endif
