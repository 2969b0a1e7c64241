// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/drivers/tty/ldisc*.c: what is typed, what is echoed, what is read. The expectations are Linux's n_tty's.
 */
#include "../../core/drivers/tty/ldisc.h"
#include <janus/string.h>
#include <uapi/signal.h>

#include "unit.h"

static struct ldisc l;
static u8 screen[16384];	/* what the device got */
static size_t on_screen;
static size_t room;

static size_t device_write(void *arg, const u8 *buf, size_t n)
{
	n = min(n, room);
	memcpy(screen + on_screen, buf, n);
	on_screen += n;
	room -= n;
	return n;
}

static size_t device_room(void *arg) { return room; }
static void device_flush(void *arg) { }

static const struct ldisc_host host = { device_write, device_room, device_flush };

static const struct termios2 cooked = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = CS8 | CREAD,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = { [VINTR] = 3, [VQUIT] = 034, [VERASE] = 0177, [VKILL] = 025, [VEOF] = 4, [VMIN] = 1, [VSTART] = 021,
		  [VSTOP] = 023, [VSUSP] = 032, [VREPRINT] = 022, [VWERASE] = 027, [VLNEXT] = 026 },
};

static void fresh(void)
{
	ldisc_init(&l, &host, NULL, &cooked);
	on_screen = 0;
	room = sizeof(screen);
}

static void change(u32 iflag, u32 oflag, u32 lflag)
{
	struct termios2 t = l.t;

	t.c_iflag = iflag;
	t.c_oflag = oflag;
	t.c_lflag = lflag;
	ldisc_set_termios(&l, &t);
}

static size_t type(const char *s) { return ldisc_receive(&l, (const u8 *)s, strlen(s)); }

static bool shows(const char *s)
{
	bool same = on_screen == strlen(s) && !memcmp(screen, s, on_screen);

	on_screen = 0;
	return same;
}

/* Does a read of n bytes give this text, and say this about the end of the line? */
static bool reads(size_t n, const char *s, bool end)
{
	u8 buf[8192];
	bool line_done;
	size_t got = ldisc_read(&l, buf, n, &line_done);

	return got == strlen(s) && !memcmp(buf, s, got) && line_done == end;
}

UNIT(a_line)
{
	fresh();
	CHECK(type("ab") == 2);
	CHECK(!ldisc_readable(&l, 1));
	CHECK(ldisc_input_count(&l) == 0);
	type("c\r");
	CHECK(shows("abc\r\n"));
	CHECK(ldisc_readable(&l, 1));
	CHECK(ldisc_input_count(&l) == 4);
	CHECK(reads(2, "ab", false));
	CHECK(reads(100, "c\n", true));
	CHECK(!ldisc_readable(&l, 1));
}

UNIT(two_lines_are_two_reads)
{
	fresh();
	type("a\nb\n");
	CHECK(reads(100, "a\n", true));
	CHECK(reads(100, "b\n", true));
}

UNIT(end_of_file)
{
	fresh();
	type("\4");
	CHECK(ldisc_readable(&l, 1));
	CHECK(reads(100, "", true));
	type("ab\4cd\n");
	CHECK(ldisc_input_count(&l) == 5);
	CHECK(reads(2, "ab", true));	/* the mark goes with the bytes before it */
	CHECK(reads(100, "cd\n", true));
}

UNIT(erase)
{
	fresh();
	type("abc\177");
	CHECK(shows("abc\b \b"));
	type("\177\177\177\177x\n");
	CHECK(reads(100, "x\n", true));
	fresh();
	type("\001\177");
	CHECK(shows("^A\b \b\b \b"));
	fresh();
	type("a\tb\177\177");
	CHECK(shows("a\tb\b \b\b\b\b\b\b\b\b"));
}

UNIT(erase_word_and_line)
{
	fresh();
	type("one two  \027");
	CHECK(shows("one two  \b \b\b \b\b \b\b \b\b \b"));
	type("\n");
	CHECK(reads(100, "one \n", true));
	on_screen = 0;
	type("xyz\025w\n");
	CHECK(shows("xyz\b \b\b \b\b \bw\r\n"));
	CHECK(reads(100, "w\n", true));
	change(l.t.c_iflag, l.t.c_oflag, l.t.c_lflag & ~(u32)ECHOKE);
	type("ab\025");
	CHECK(shows("ab^U\r\n"));
}

UNIT(utf8_is_one_character)
{
	fresh();
	change(l.t.c_iflag | IUTF8, l.t.c_oflag, l.t.c_lflag);
	type("a\303\244\177");
	CHECK(shows("a\303\244\b \b"));
	type("\n");
	CHECK(reads(100, "a\n", true));
}

UNIT(literal_next)
{
	fresh();
	type("\026\003\026\177\n");
	CHECK(!l.signals);
	CHECK(shows("^\b^C^\b^?\r\n"));
	CHECK(reads(100, "\003\177\n", true));
}

UNIT(reprint)
{
	fresh();
	type("ab\022");
	CHECK(shows("ab^R\r\nab"));
}

UNIT(signals_flush)
{
	fresh();
	type("abc\003");
	CHECK(l.signals == 1u << (SIGINT - 1));
	CHECK(shows("^C"));		/* echoes not sent yet are flushed with the rest */
	type("\n");
	CHECK(reads(100, "\n", true));
	fresh();
	change(l.t.c_iflag, l.t.c_oflag, l.t.c_lflag | NOFLSH);
	type("abc\032\n");
	CHECK(l.signals == 1u << (SIGTSTP - 1));
	CHECK(reads(100, "abc\n", true));
}

UNIT(stop_and_start)
{
	fresh();
	type("\023");
	CHECK(ldisc_write(&l, (const u8 *)"x", 1) == 0);
	type("ab");
	CHECK(shows(""));
	type("\021");
	CHECK(shows("ab"));
	CHECK(ldisc_write(&l, (const u8 *)"x\n", 2) == 2);
	CHECK(shows("x\r\n"));
}

UNIT(long_line)
{
	static u8 many[5000];
	u8 buf[8192];
	bool line_done;

	fresh();
	memset(many, 'a', sizeof(many));
	CHECK(ldisc_receive(&l, many, sizeof(many)) == sizeof(many));
	type("\n");
	CHECK(ldisc_read(&l, buf, sizeof(buf), &line_done) == 4096);
	CHECK(line_done && buf[4094] == 'a' && buf[4095] == '\n');
	CHECK(ldisc_receive_room(&l) == 4095);
}

UNIT(full_of_lines_takes_no_more)
{
	static u8 many[5000];

	fresh();
	memset(many, '\n', sizeof(many));
	CHECK(ldisc_receive(&l, many, sizeof(many)) == 4095);
	CHECK(ldisc_receive_room(&l) == 0);
	CHECK(reads(10, "\n", true));
	CHECK(ldisc_receive_room(&l) == 1);
}

UNIT(raw)
{
	fresh();
	change(0, 0, 0);
	type("a\003\r\n\4");
	CHECK(!l.signals && shows(""));
	CHECK(ldisc_readable(&l, 5) && !ldisc_readable(&l, 6));
	CHECK(ldisc_input_count(&l) == 5);
	CHECK(reads(100, "a\003\r\n\4", false));
	CHECK(ldisc_write(&l, (const u8 *)"x\n", 2) == 2);
	CHECK(shows("x\n"));
}

UNIT(changing_to_canonical_and_back)
{
	fresh();
	change(l.t.c_iflag, l.t.c_oflag, l.t.c_lflag & ~(u32)ICANON);
	type("abc");
	change(l.t.c_iflag, l.t.c_oflag, l.t.c_lflag | ICANON);
	CHECK(ldisc_readable(&l, 1));		/* what was there counts as a line */
	CHECK(reads(100, "abc", true));
	type("def");
	CHECK(!ldisc_readable(&l, 1));
	change(l.t.c_iflag, l.t.c_oflag, l.t.c_lflag & ~(u32)ICANON);
	CHECK(reads(100, "def", false));
}

UNIT(input_modes)
{
	fresh();
	change(INLCR | IGNCR | ISTRIP, l.t.c_oflag, 0);
	type("\r\n\341");
	CHECK(reads(100, "\ra", false));
	change(PARMRK, l.t.c_oflag, 0);
	type("\377");
	CHECK(reads(100, "\377\377", false));
}

UNIT(output_modes)
{
	fresh();
	change(0, OPOST | XTABS | OLCUC | OCRNL, 0);
	CHECK(ldisc_write(&l, (const u8 *)"ab\tc\r", 5) == 5);
	CHECK(shows("AB      C\n"));
	change(0, OPOST | ONOCR, 0);
	ldisc_write(&l, (const u8 *)"\n", 1);
	l.column = 0;
	on_screen = 0;
	ldisc_write(&l, (const u8 *)"\rx\r", 3);
	CHECK(shows("x\r"));
}

UNIT(little_room)
{
	fresh();
	room = 1;
	CHECK(ldisc_write(&l, (const u8 *)"\n", 1) == 0);
	room = 3;
	CHECK(ldisc_write(&l, (const u8 *)"ab\nc", 4) == 3 || on_screen == 3 || on_screen == 2);
	room = 100;
}

UNIT(noise)
{
	static u8 bytes[200000];
	u32 state = 7;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] = (u8)(state >> 24);
	}
	fresh();
	for (size_t i = 0; i < sizeof(bytes); i += 100) {
		u8 buf[256];
		bool line_done;

		on_screen = 0;
		room = 64 + bytes[i];
		ldisc_receive(&l, bytes + i, 100);
		if (bytes[i] & 1)
			ldisc_read(&l, buf, bytes[i + 1], &line_done);
		if (bytes[i] > 250)
			change(l.t.c_iflag ^ bytes[i + 2], l.t.c_oflag ^ bytes[i + 3], l.t.c_lflag ^ bytes[i + 4]);
		ldisc_write(&l, bytes + i, 50);
		CHECK(l.head - l.tail <= LDISC_BUF);
		CHECK(l.canon_head - l.tail <= l.head - l.tail);
	}
}
