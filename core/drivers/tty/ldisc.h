/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line discipline (Linux's n_tty) as a state machine: bytes from the device in, bytes to the reader
 * and echoes out. It knows no lock, no process and no device: its owner holds the terminal's lock around every
 * call and afterwards does what `signals`, `wake_readers` and `wake_writers` ask for. So it is
 * tested on the build machine (ci/unit/ldisc.c).
 *
 * Positions in the ring are bytes since the start, never reduced; [tail, canon_head) are complete lines in
 * canonical mode, [canon_head, head) is the line being edited.
 */
#ifndef TTY_LDISC_H
#define TTY_LDISC_H

#include <janus/types.h>
#include <uapi/termios.h>

#define LDISC_BUF 4096u		/* a power of two; the longest line incl. its end, as in Linux */
#define LDISC_ECHO 4096u	/* echoes that a stopped device keeps waiting */

/* The device below. */
struct ldisc_host {
	size_t (*write)(void *arg, const u8 *buf, size_t n);	/* bytes accepted */
	size_t (*write_room)(void *arg);
	void (*flush)(void *arg);				/* forget accepted output */
};

struct ldisc {
	struct termios2 t;
	const struct ldisc_host *host;
	void *arg;
	u32 special[8];			/* input bytes that need a second look, by the modes */

	u8 buf[LDISC_BUF];
	u32 line_end[LDISC_BUF / 32];	/* bytes of buf that end a line */
	u32 head, canon_head, tail;
	bool lnext;			/* the next byte is taken literally */
	bool erasing;			/* ECHOPRT: inside \.../ */
	bool push;			/* what was typed before canonical mode came on counts as a line */

	bool stopped;			/* output: ^S */
	bool tco_stopped;		/* output: tcflow(), which ^Q does not undo */
	u32 column, canon_column;	/* of the cursor; where the edited line began */
	u8 echo[LDISC_ECHO];
	u32 echo_head, echo_tail;

	bool packet;			/* a pseudo-terminal's master wants to hear of ... */
	u8 packet_status;		/* TIOCPKT_* ... these */

	/* For the owner: */
	u64 signals;			/* to the foreground group, bit n - 1 */
	bool wake_readers, wake_writers;
};

/* Modes by name. */
#define I_MODE(l, m) ((l)->t.c_iflag & (m))
#define O_MODE(l, m) ((l)->t.c_oflag & (m))
#define L_MODE(l, m) ((l)->t.c_lflag & (m))
static inline bool is_control_char(const struct ldisc *l, u8 c, unsigned which) { return c && c == l->t.c_cc[which]; }
static inline bool is_control(u8 c) { return c < 0x20 || c == 0x7f; }
static inline u8 ldisc_at(const struct ldisc *l, u32 pos) { return l->buf[pos % LDISC_BUF]; }
static inline bool is_continuation(const struct ldisc *l, u8 c) { return I_MODE(l, IUTF8) && (c & 0xc0) == 0x80; }

/* ldisc.c: input */
void ldisc_init(struct ldisc *l, const struct ldisc_host *host, void *arg, const struct termios2 *t);
void ldisc_set_termios(struct ldisc *l, const struct termios2 *t);
size_t ldisc_receive(struct ldisc *l, const u8 *buf, size_t n);	/* bytes taken; fewer when the reader is behind */
void ldisc_break(struct ldisc *l);
size_t ldisc_receive_room(const struct ldisc *l);
bool ldisc_readable(const struct ldisc *l, unsigned min);	/* a line, or min bytes in raw mode */
/* Up to n bytes to `to`. Canonical: of one line; *line_done says that its end was reached (a count of 0 is end of
 * file). */
size_t ldisc_read(struct ldisc *l, u8 *to, size_t n, bool *line_done);
size_t ldisc_input_count(const struct ldisc *l);		/* FIONREAD */
void ldisc_flush_input(struct ldisc *l);
void ldisc_take(struct ldisc *l, u8 c);			/* into the ring, for ldisc_edit.c */

/* ldisc_edit.c: editing a line */
bool ldisc_edit(struct ldisc *l, u8 c);			/* canonical mode: true when c was more than a character */
void ldisc_finish_erasing(struct ldisc *l);

/* ldisc_out.c: output and echo */
size_t ldisc_write(struct ldisc *l, const u8 *buf, size_t n);	/* bytes taken, 0 when stopped or full */
void ldisc_start(struct ldisc *l);
void ldisc_stop(struct ldisc *l);
void ldisc_flush_output(struct ldisc *l);
void ldisc_echo(struct ldisc *l, u8 c);			/* as a reader sees it: ^X for a control character */
void ldisc_echo_raw(struct ldisc *l, u8 c);		/* through output processing only */
void ldisc_echo_flush(struct ldisc *l);
static inline bool ldisc_output_stopped(const struct ldisc *l) { return l->stopped || l->tco_stopped; }

#endif
