// SPDX-License-Identifier: BSD-2-Clause
/*
 * The line discipline's input side: what the modes make of each byte that comes from the device, and what
 * a reader gets of it.
 */
#include "ldisc.h"
#include <janus/string.h>
#include <uapi/signal.h>

static void mark_special(struct ldisc *l, u8 c)
{
	if (c)				/* 0 in c_cc means: none */
		l->special[c / 32] |= 1u << (c % 32);
}

static bool is_special(const struct ldisc *l, u8 c) { return l->special[c / 32] & 1u << (c % 32); }

static void find_specials(struct ldisc *l)
{
	static const u8 canonical[] = { VERASE, VKILL, VEOF, VEOL };
	static const u8 extended[] = { VWERASE, VLNEXT, VEOL2, VREPRINT };
	static const u8 signals[] = { VINTR, VQUIT, VSUSP };

	memset(l->special, 0, sizeof(l->special));
	if (I_MODE(l, IGNCR | ICRNL))
		mark_special(l, '\r');
	if (I_MODE(l, INLCR) || L_MODE(l, ICANON))
		mark_special(l, '\n');
	if (L_MODE(l, ICANON)) {
		for (unsigned i = 0; i < ARRAY_SIZE(canonical); i++)
			mark_special(l, l->t.c_cc[canonical[i]]);
		for (unsigned i = 0; L_MODE(l, IEXTEN) && i < ARRAY_SIZE(extended); i++)
			mark_special(l, l->t.c_cc[extended[i]]);
	}
	if (I_MODE(l, IXON)) {
		mark_special(l, l->t.c_cc[VSTART]);
		mark_special(l, l->t.c_cc[VSTOP]);
	}
	for (unsigned i = 0; L_MODE(l, ISIG) && i < ARRAY_SIZE(signals); i++)
		mark_special(l, l->t.c_cc[signals[i]]);
}

void ldisc_init(struct ldisc *l, const struct ldisc_host *host, void *arg, const struct termios2 *t)
{
	memset(l, 0, sizeof(*l));
	l->host = host;
	l->arg = arg;
	l->t = *t;
	find_specials(l);
}

void ldisc_set_termios(struct ldisc *l, const struct termios2 *t)
{
	struct termios2 old = l->t;

	l->t = *t;
	find_specials(l);
	if ((old.c_lflag ^ t->c_lflag) & (ICANON | EXTPROC)) {
		memset(l->line_end, 0, sizeof(l->line_end));
		l->push = L_MODE(l, ICANON) && l->head != l->tail;
		l->canon_head = l->tail;
		if (l->push) {
			u32 last = (l->head - 1) % LDISC_BUF;

			l->line_end[last / 32] |= 1u << (last % 32);
			l->canon_head = l->head;
		}
		l->erasing = l->lnext = false;
		l->wake_readers = true;
	}
	/* Nobody is left to send ^Q. */
	if (!I_MODE(l, IXON) && (old.c_iflag & IXON) && !l->tco_stopped && l->stopped)
		ldisc_start(l);
	if (l->packet && ((old.c_iflag ^ t->c_iflag) & IXON || old.c_cc[VSTART] != t->c_cc[VSTART] ||
			  old.c_cc[VSTOP] != t->c_cc[VSTOP])) {
		bool ordinary = I_MODE(l, IXON) && t->c_cc[VSTART] == 021 && t->c_cc[VSTOP] == 023;

		l->packet_status &= (u8)~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
		l->packet_status |= ordinary ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP;
	}
}

/* ---- from the device ---- */

void ldisc_take(struct ldisc *l, u8 c)
{
	l->buf[l->head++ % LDISC_BUF] = c;
}

/* With PARMRK, 0xff is told from the mark of an error by doubling it. */
static void take_marked(struct ldisc *l, u8 c)
{
	if (c == 0xff && I_MODE(l, PARMRK))
		ldisc_take(l, c);
	ldisc_take(l, c);
}

static void plain_char(struct ldisc *l, u8 c)
{
	if (l->stopped && !l->tco_stopped && I_MODE(l, IXON) && I_MODE(l, IXANY))
		ldisc_start(l);
	if (L_MODE(l, ECHO)) {
		ldisc_finish_erasing(l);
		if (l->canon_head == l->head)
			l->canon_column = l->column;
		ldisc_echo(l, c);
	}
	take_marked(l, c);
}

static void signal_char(struct ldisc *l, int signo, u8 c)
{
	l->signals |= 1ULL << (signo - 1);
	if (!L_MODE(l, NOFLSH)) {
		ldisc_flush_output(l);
		ldisc_flush_input(l);
	}
	if (I_MODE(l, IXON))
		ldisc_start(l);
	if (L_MODE(l, ECHO))
		ldisc_echo(l, c);
}

static bool flow_char(struct ldisc *l, u8 c)
{
	if (is_control_char(l, c, VSTART))
		ldisc_start(l);
	else if (is_control_char(l, c, VSTOP))
		ldisc_stop(l);
	else
		return false;
	return true;
}

static int signal_of(const struct ldisc *l, u8 c)
{
	if (is_control_char(l, c, VINTR))
		return SIGINT;
	if (is_control_char(l, c, VQUIT))
		return SIGQUIT;
	return is_control_char(l, c, VSUSP) ? SIGTSTP : 0;
}

static void special_char(struct ldisc *l, u8 c)
{
	int signo = L_MODE(l, ISIG) ? signal_of(l, c) : 0;

	if (I_MODE(l, IXON) && flow_char(l, c))
		return;
	if (signo) {
		signal_char(l, signo, c);
		return;
	}
	if (c == '\r') {
		if (I_MODE(l, IGNCR))
			return;
		if (I_MODE(l, ICRNL))
			c = '\n';
	} else if (c == '\n' && I_MODE(l, INLCR)) {
		c = '\r';
	}
	if (L_MODE(l, ICANON) && ldisc_edit(l, c))
		return;
	if (c == '\n' && L_MODE(l, ECHO)) {
		ldisc_finish_erasing(l);
		ldisc_echo_raw(l, '\n');
		ldisc_take(l, c);
		return;
	}
	plain_char(l, c);
}

static void receive_char(struct ldisc *l, u8 c)
{
	if (I_MODE(l, ISTRIP))
		c &= 0x7f;
	if (I_MODE(l, IUCLC) && L_MODE(l, IEXTEN) && c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (l->lnext) {
		l->lnext = false;
		plain_char(l, c);
	} else if (L_MODE(l, EXTPROC) || !is_special(l, c)) {
		L_MODE(l, EXTPROC) ? ldisc_take(l, c) : plain_char(l, c);
	} else {
		special_char(l, c);
	}
}

/*
 * Room for input. A line that is too long in canonical mode always has room for one more byte: it
 * replaces the last one, so that the end of the line still gets in.
 */
static s32 free_space(const struct ldisc *l)
{
	s32 space = (s32)(LDISC_BUF - (l->head - l->tail));

	return (I_MODE(l, PARMRK) ? (space + 3) / 3 : space) - 1;
}

static bool overlong(const struct ldisc *l)
{
	return L_MODE(l, ICANON) && l->canon_head == l->tail;
}

size_t ldisc_receive_room(const struct ldisc *l)
{
	s32 space = free_space(l);

	return space > 0 ? (size_t)space : overlong(l);
}

size_t ldisc_receive(struct ldisc *l, const u8 *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		s32 space = free_space(l);

		if (space <= 0) {
			if (!overlong(l))
				break;
			while (free_space(l) < 0)
				l->head--;
		}
		receive_char(l, buf[done++]);
	}
	ldisc_echo_flush(l);
	if (ldisc_readable(l, 1))
		l->wake_readers = true;
	return done;
}

void ldisc_break(struct ldisc *l)
{
	if (I_MODE(l, IGNBRK))
		return;
	if (I_MODE(l, BRKINT)) {
		l->signals |= 1ULL << (SIGINT - 1);
		if (!L_MODE(l, NOFLSH)) {
			ldisc_flush_output(l);
			ldisc_flush_input(l);
		}
		return;
	}
	if (free_space(l) < 3)
		return;
	if (I_MODE(l, PARMRK)) {
		ldisc_take(l, 0xff);
		ldisc_take(l, 0);
	}
	ldisc_take(l, 0);
	l->wake_readers = true;
}

/* ---- to the reader ---- */

static bool canonical(const struct ldisc *l) { return L_MODE(l, ICANON) && !L_MODE(l, EXTPROC); }

bool ldisc_readable(const struct ldisc *l, unsigned min)
{
	if (canonical(l))
		return l->canon_head != l->tail;
	return l->head - l->tail >= min;
}

static bool ends_line(const struct ldisc *l, u32 pos)
{
	pos %= LDISC_BUF;
	return l->line_end[pos / 32] & 1u << (pos % 32);
}

static void forget_line_end(struct ldisc *l, u32 pos)
{
	pos %= LDISC_BUF;
	l->line_end[pos / 32] &= ~(1u << (pos % 32));
}

/* One line or a part of it. An end-of-file mark (a line end that is 0) is not part of the text. */
static size_t read_line(struct ldisc *l, u8 *to, size_t n, bool *line_done)
{
	size_t done = 0;

	*line_done = false;
	while (l->tail != l->canon_head) {
		u8 c = ldisc_at(l, l->tail);
		bool end = ends_line(l, l->tail), eof = end && !c && !l->push;

		/* An end of file right behind the last byte wanted goes with it, not with the next read. */
		if (done == n && !eof)
			break;
		if (end) {
			forget_line_end(l, l->tail);
			l->push = false;
		}
		l->tail++;
		if (!eof)
			to[done++] = c;
		if (end) {
			*line_done = true;
			break;
		}
	}
	return done;
}

size_t ldisc_read(struct ldisc *l, u8 *to, size_t n, bool *line_done)
{
	size_t done = 0;

	if (canonical(l))
		return read_line(l, to, n, line_done);
	*line_done = false;
	while (done < n && l->tail != l->head)
		to[done++] = ldisc_at(l, l->tail++);
	if ((s32)(l->tail - l->canon_head) > 0)
		l->canon_head = l->tail;
	return done;
}

size_t ldisc_input_count(const struct ldisc *l)
{
	size_t n = 0;

	if (!canonical(l))
		return l->head - l->tail;
	for (u32 pos = l->tail; pos != l->canon_head; pos++)
		n += !(ends_line(l, pos) && !ldisc_at(l, pos));
	return n;
}

void ldisc_flush_input(struct ldisc *l)
{
	l->head = l->canon_head = l->tail = 0;
	memset(l->line_end, 0, sizeof(l->line_end));
	l->lnext = l->erasing = l->push = false;
	if (l->packet) {
		l->packet_status |= TIOCPKT_FLUSHREAD;
		l->wake_readers = true;
	}
}
