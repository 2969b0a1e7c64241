// SPDX-License-Identifier: BSD-2-Clause
/*
 * The line discipline's output side: output processing, which keeps the cursor's column, echo, and ^S/^Q.
 * Echoes go through output processing when they are made and wait, ready to send, in a ring of
 * their own while the device is stopped or full; they are sent before anything written later.
 */
#include "ldisc.h"
#include <janus/string.h>

#define CHUNK 256u
#define LONGEST 8u		/* bytes that one may become: a tab */

/* What output processing makes of c: up to LONGEST bytes at `out`; how many. */
static size_t process(struct ldisc *l, u8 c, u8 *out)
{
	size_t n = 1;

	switch (c) {
	case '\n':
		if (O_MODE(l, ONLRET))
			l->column = 0;
		if (O_MODE(l, ONLCR)) {
			l->canon_column = l->column = 0;
			out[0] = '\r';
			out[1] = '\n';
			return 2;
		}
		l->canon_column = l->column;
		break;
	case '\r':
		if (O_MODE(l, ONOCR) && !l->column)
			return 0;
		if (O_MODE(l, OCRNL)) {
			c = '\n';
			if (!O_MODE(l, ONLRET))
				break;
		}
		l->canon_column = l->column = 0;
		break;
	case '\t':
		n = 8 - l->column % 8;
		l->column += (u32)n;
		if (O_MODE(l, TABDLY) == XTABS) {
			memset(out, ' ', n);
			return n;
		}
		n = 1;
		break;
	case '\b':
		if (l->column)
			l->column--;
		break;
	default:
		if (is_control(c))
			break;
		if (O_MODE(l, OLCUC) && c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		if (!is_continuation(l, c))
			l->column++;
		break;
	}
	out[0] = c;
	return n;
}

/* ---- echo ---- */

static void queue_echo(struct ldisc *l, const u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n && l->echo_head - l->echo_tail < LDISC_ECHO; i++)
		l->echo[l->echo_head++ % LDISC_ECHO] = bytes[i];
}

void ldisc_echo_flush(struct ldisc *l)
{
	if (ldisc_output_stopped(l))
		return;
	while (l->echo_tail != l->echo_head) {
		u32 start = l->echo_tail % LDISC_ECHO;
		size_t n = min_t(size_t, l->echo_head - l->echo_tail, LDISC_ECHO - start);
		size_t sent = l->host->write(l->arg, l->echo + start, n);

		if (!sent)
			break;
		l->echo_tail += (u32)sent;
	}
}

void ldisc_echo_raw(struct ldisc *l, u8 c)
{
	u8 out[LONGEST];

	if (O_MODE(l, OPOST))
		queue_echo(l, out, process(l, c, out));
	else
		queue_echo(l, &c, 1);
}

void ldisc_echo(struct ldisc *l, u8 c)
{
	if (L_MODE(l, ECHOCTL) && is_control(c) && c != '\t') {
		u8 pair[2] = { '^', c ^ 0100 };

		queue_echo(l, pair, 2);
		l->column += 2;
	} else {
		ldisc_echo_raw(l, c);
	}
}

/* ---- written output ---- */

/* Process up to a chunk of buf; the bytes of buf taken. `room` is what the device takes. */
static size_t write_chunk(struct ldisc *l, const u8 *buf, size_t n, size_t room)
{
	u8 out[CHUNK];
	size_t used = 0, done = 0;

	room = min_t(size_t, room, CHUNK);
	while (done < n && used + LONGEST <= room)
		used += process(l, buf[done++], out + used);
	if (!done && n && room) {
		/* Nearly full: one byte may still fit. Its column counts only if it does. */
		u32 column = l->column, canon_column = l->canon_column;
		u8 one[LONGEST];
		size_t length = process(l, buf[0], one);

		if (length > room) {
			l->column = column;
			l->canon_column = canon_column;
			return 0;
		}
		l->host->write(l->arg, one, length);
		return 1;
	}
	if (used)
		l->host->write(l->arg, out, used);
	return done;
}

size_t ldisc_write(struct ldisc *l, const u8 *buf, size_t n)
{
	size_t done = 0;

	ldisc_echo_flush(l);
	if (ldisc_output_stopped(l) || l->echo_head != l->echo_tail)
		return 0;
	if (!O_MODE(l, OPOST))
		return l->host->write(l->arg, buf, n);
	while (done < n) {
		size_t taken = write_chunk(l, buf + done, n - done, l->host->write_room(l->arg));

		if (!taken)
			break;
		done += taken;
	}
	return done;
}

/* ---- stopping and going on ---- */

void ldisc_stop(struct ldisc *l)
{
	if (l->stopped)
		return;
	l->stopped = true;
	if (l->packet) {
		l->packet_status = (u8)((l->packet_status & ~TIOCPKT_START) | TIOCPKT_STOP);
		l->wake_readers = true;
	}
}

void ldisc_start(struct ldisc *l)
{
	if (!l->stopped || l->tco_stopped)
		return;
	l->stopped = false;
	if (l->packet) {
		l->packet_status = (u8)((l->packet_status & ~TIOCPKT_STOP) | TIOCPKT_START);
		l->wake_readers = true;
	}
	ldisc_echo_flush(l);
	l->wake_writers = true;
}

void ldisc_flush_output(struct ldisc *l)
{
	l->echo_tail = l->echo_head;
	l->host->flush(l->arg);
	if (l->packet) {
		l->packet_status |= TIOCPKT_FLUSHWRITE;
		l->wake_readers = true;
	}
	l->wake_writers = true;
}
