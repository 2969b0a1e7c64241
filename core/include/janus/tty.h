/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals: struct tty, its line discipline (n_tty), the drivers below, job control. core/drivers/tty/.
 */
#ifndef JANUS_TTY_H
#define JANUS_TTY_H

#include <janus/lock.h>
#include <janus/types.h>
#include <janus/wait.h>
#include <uapi/termios.h>

struct tty;
struct pid;
struct process;

struct tty_driver_ops {
	size_t (*write)(struct tty *tty, const u8 *buf, size_t n);	/* bytes accepted; under tty->out_lock */
	size_t (*write_room)(struct tty *tty);
	void (*set_termios)(struct tty *tty);
	void (*hangup)(struct tty *tty);
};
/* Bytes from a device; interrupt context allowed. */
void tty_receive(struct tty *tty, const u8 *buf, size_t n);
/* A serial port becomes ttyS0 or ttyAMA0 and, when it is the chosen console, /dev/console. */
struct tty *tty_register(const char *name, unsigned major, unsigned minor, const struct tty_driver_ops *ops, void *port);
void tty_write_wakeup(struct tty *tty);
void tty_init(void);
void tty_disassociate(struct process *p, bool on_exit);	/* a session leader ends or gives it up */

#endif
