// SPDX-License-Identifier: BSD-2-Clause
/*
 * The line discipline's editing in canonical mode: erasing a character, a word or the line on the screen
 * and in the buffer, quoting, reprinting, and the ends of lines.
 */
#include "ldisc.h"

/* Leave the \.../ in which ECHOPRT shows what is erased. */
void ldisc_finish_erasing(struct ldisc *l)
{
	if (l->erasing) {
		ldisc_echo_raw(l, '/');
		l->erasing = false;
	}
}

static void rub_out(struct ldisc *l)
{
	ldisc_echo_raw(l, '\b');
	ldisc_echo_raw(l, ' ');
	ldisc_echo_raw(l, '\b');
}

/* The column, modulo 8, up to which the text still in the line reaches. */
static u32 columns_before_tab(struct ldisc *l)
{
	u32 columns = l->canon_column, pos = l->head;

	while (pos != l->canon_head) {
		u8 c = ldisc_at(l, --pos);

		if (c == '\t') {
			columns -= l->canon_column;	/* a tab stop is a multiple of 8 */
			break;
		}
		if (is_control(c))
			columns += L_MODE(l, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(l, c))
			columns++;
	}
	return columns;
}

static void erase_tab(struct ldisc *l)
{
	u32 width = 8 - columns_before_tab(l) % 8;

	while (width--)
		ldisc_echo_raw(l, '\b');
}

/* ECHOPRT: show the bytes of the erased character between \ and /. */
static void show_erased(struct ldisc *l, u32 count)
{
	if (!l->erasing) {
		ldisc_echo_raw(l, '\\');
		l->erasing = true;
	}
	ldisc_echo(l, ldisc_at(l, l->head));
	for (u32 i = 1; i < count; i++)
		ldisc_echo_raw(l, ldisc_at(l, l->head + i));
}

/* The character whose first byte is c, `count` bytes long, has left the buffer: now the screen. */
static void echo_erase(struct ldisc *l, u8 c, u32 count, bool single)
{
	if (L_MODE(l, ECHOPRT)) {
		show_erased(l, count);
	} else if (single && !L_MODE(l, ECHOE)) {
		ldisc_echo(l, l->t.c_cc[VERASE]);
	} else if (c == '\t') {
		erase_tab(l);
	} else {
		if (is_control(c) && L_MODE(l, ECHOCTL))
			rub_out(l);
		if (!is_control(c) || L_MODE(l, ECHOCTL))
			rub_out(l);
	}
}

static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

enum erase { ERASE_CHAR, ERASE_WORD, ERASE_LINE };

static void erase(struct ldisc *l, enum erase what)
{
	bool in_word = false;

	if (l->head == l->canon_head)
		return;
	while (l->head != l->canon_head) {
		u32 pos = l->head, count;
		u8 c;

		do {
			c = ldisc_at(l, --pos);
		} while (is_continuation(l, c) && pos != l->canon_head);
		if (is_continuation(l, c))
			break;		/* its first byte is part of a finished line */
		if (what == ERASE_WORD) {
			if (is_word(c))
				in_word = true;
			else if (in_word)
				break;
		}
		count = l->head - pos;
		l->head = pos;
		if (L_MODE(l, ECHO))
			echo_erase(l, c, count, what == ERASE_CHAR);
		if (what == ERASE_CHAR)
			break;
	}
	if (l->head == l->canon_head && L_MODE(l, ECHO))
		ldisc_finish_erasing(l);
}

static void kill_line(struct ldisc *l)
{
	if (l->head == l->canon_head)
		return;
	if (L_MODE(l, ECHO) && L_MODE(l, ECHOK) && L_MODE(l, ECHOKE) && L_MODE(l, ECHOE)) {
		erase(l, ERASE_LINE);
		return;
	}
	l->head = l->canon_head;
	if (!L_MODE(l, ECHO))
		return;
	ldisc_finish_erasing(l);
	ldisc_echo(l, l->t.c_cc[VKILL]);
	if (L_MODE(l, ECHOK))
		ldisc_echo_raw(l, '\n');
}

static void reprint(struct ldisc *l, u8 c)
{
	ldisc_finish_erasing(l);
	ldisc_echo(l, c);
	ldisc_echo_raw(l, '\n');
	for (u32 pos = l->canon_head; pos != l->head; pos++)
		ldisc_echo(l, ldisc_at(l, pos));
}

static void end_line(struct ldisc *l, u8 c)
{
	u32 pos = l->head % LDISC_BUF;

	l->line_end[pos / 32] |= 1u << (pos % 32);
	ldisc_take(l, c);
	l->canon_head = l->head;
	l->wake_readers = true;
}

static bool ends_line_here(struct ldisc *l, u8 c)
{
	if (c == '\n') {
		if (L_MODE(l, ECHO | ECHONL))
			ldisc_echo_raw(l, '\n');
		end_line(l, c);
	} else if (is_control_char(l, c, VEOF)) {
		end_line(l, 0);
	} else if (is_control_char(l, c, VEOL) || (is_control_char(l, c, VEOL2) && L_MODE(l, IEXTEN))) {
		if (L_MODE(l, ECHO))
			ldisc_echo(l, c);
		end_line(l, c);
	} else {
		return false;
	}
	return true;
}

bool ldisc_edit(struct ldisc *l, u8 c)
{
	bool extended = L_MODE(l, IEXTEN);

	if (is_control_char(l, c, VERASE)) {
		erase(l, ERASE_CHAR);
	} else if (is_control_char(l, c, VKILL)) {
		kill_line(l);
	} else if (extended && is_control_char(l, c, VWERASE)) {
		erase(l, ERASE_WORD);
	} else if (extended && is_control_char(l, c, VLNEXT)) {
		l->lnext = true;
		if (L_MODE(l, ECHO)) {
			ldisc_finish_erasing(l);
			if (L_MODE(l, ECHOCTL)) {
				ldisc_echo_raw(l, '^');
				ldisc_echo_raw(l, '\b');
			}
		}
	} else if (extended && L_MODE(l, ECHO) && is_control_char(l, c, VREPRINT)) {
		reprint(l, c);
	} else {
		return ends_line_here(l, c);
	}
	return true;
}
