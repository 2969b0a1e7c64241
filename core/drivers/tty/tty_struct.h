/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal itself, for the files of core/drivers/tty/ only.
 *
 * [tl] tasklist_lock, [lock] tty->lock (spinlock, interrupts off), [const] after creation. Lock order:
 * tasklist_lock > sighand->lock > tty->lock > the driver's lock. Signals and wake-ups that something under
 * tty->lock asks for are sent by tty_unlock(), after the lock is dropped.
 *
 * A process's tty pointer is not counted: whoever lets a terminal go first takes it from its session.
 */
#ifndef TTY_STRUCT_H
#define TTY_STRUCT_H

#include "ldisc.h"
#include <janus/fasync.h>
#include <janus/fs.h>
#include <janus/lock.h>
#include <janus/thread.h>
#include <janus/tty.h>
#include <janus/wait.h>

struct pty;

struct tty {
	refcount_t refs;		/* open files, the registry, whoever uses current's */
	spinlock_t lock;
	struct ldisc ldisc;		/* [lock] */
	const struct tty_driver_ops *ops;	/* [const] */
	void *port;			/* [const] */
	struct pty *pty;		/* [const] the pair this is the slave of, or NULL */
	dev_t dev;			/* [const] */
	struct wait_queue read_wait;	/* input, hang-up */
	struct wait_queue write_wait;	/* room for output, hang-up, the end of a write */
	struct fasync_list async;
	bool short_of_room;		/* [lock] somebody with O_ASYNC could not write all */
	struct mutex read_mutex;	/* one reader copies at a time */
	bool writing;			/* [lock] one writer at a time */
	bool throttled;			/* [lock] the driver was asked to stop */
	bool exclusive;			/* [lock] TIOCEXCL */
	bool wake_master;		/* [lock] for tty_unlock(), as the ldisc's */
	u32 hangups;			/* [lock; read as is] files of before the last one are dead */
	unsigned opens;			/* [lock] */
	struct winsize winsize;		/* [lock] */
	struct termios locked;		/* [lock] TIOCSLCKTRMIOS */
	struct pid *pgrp, *session;	/* [lock] foreground group, session; counted */
};

/* An open file of a terminal. */
struct tty_file {
	struct tty *tty;		/* counted */
	u32 hangups;
	bool console;			/* opened as /dev/console: no job control */
};

static inline bool hung_up(const struct tty_file *tf) { return READ_ONCE(tf->tty->hangups) != tf->hangups; }

/* tty.c */
extern const struct termios2 tty_default_termios;
void tty_setup(struct tty *tty, const struct tty_driver_ops *ops, void *port, dev_t dev, const struct termios2 *t);
static inline void tty_get(struct tty *tty) { ref_get(&tty->refs); }
void tty_put(struct tty *tty);
struct irqflags tty_lock(struct tty *tty);
void tty_unlock(struct tty *tty, struct irqflags flags);
void tty_hangup(struct tty *tty, bool session_ends);

/* tty_file.c */
ssize_t tty_file_read(struct file *f, struct iov_iter *it, loff_t *pos);
ssize_t tty_file_write(struct file *f, struct iov_iter *it, loff_t *pos);
u32 tty_file_poll(struct file *f, struct poll_table *pt);

/* tty_ioctl.c */
long tty_ioctl(struct file *f, unsigned cmd, unsigned long arg);
/* What both ends of a pair share; master: asked through the master. -ENOIOCTLCMD when it is none of these. */
long tty_common_ioctl(struct tty *tty, bool master, struct file *f, unsigned cmd, unsigned long arg);
#define ENOIOCTLCMD 515

/* job.c */
struct tty *current_tty(void);			/* counted, or NULL */
int tty_check_change(struct tty *tty, int signo);	/* 0, -EIO, or -ERESTARTSYS after a signal */
void tty_acquire_on_open(struct tty *tty, struct file *f);
long tty_job_ioctl(struct tty *tty, bool master, struct file *f, unsigned cmd, unsigned long arg);
void tty_hangup_session(struct tty *tty, bool session_ends);

/* pty.c */
void pty_free(struct tty *tty);
void pty_slave_opened(struct tty *tty);
void pty_slave_closed(struct tty *tty);
bool pty_slave_usable(struct tty *tty);		/* unlocked, and the master is open */
bool pty_master_gone(struct tty *tty);
void pty_wake_master(struct tty *tty);
#define PTY_MAJOR 136		/* the minor number is the terminal's */
#define MAX_PTYS 4096u		/* also devpts's default limit in Linux */
struct tty *pty_find(unsigned index);		/* counted slave, or NULL */
extern const struct file_ops ptmx_file_ops;
/* TIOCGPTPEER opens the slave's node. */

/* devpts.c */
void devpts_init(void);
int devpts_add(unsigned index);			/* a node for a new slave: 0 or -errno */
void devpts_remove(unsigned index);		/* before the number is free */
bool devpts_has(const struct inode *inode);	/* a node of it that was not removed */
/* a new descriptor, or -errno */
long devpts_open_slave(const struct file *ptmx, unsigned index, unsigned flags);
unsigned devpts_max(void);

#endif
