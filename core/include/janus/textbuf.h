/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text that is made by many small writes into one buffer: the contents of /proc files. The buffer grows to `limit`
 * where memory is at hand. What does not fit sets `full`; then the owner makes it all again in a larger one. One
 * thread; any context. core/fs/textbuf.c.
 */
#ifndef JANUS_TEXTBUF_H
#define JANUS_TEXTBUF_H

#include <janus/types.h>

struct textbuf {
	char *buf;
	size_t size;		/* bytes of buf */
	size_t len;		/* bytes used, never more than size */
	size_t limit;		/* 0: buf does not grow; else it is kmalloc's */
	bool full;		/* something did not fit */
};

void tb_printf(struct textbuf *t, const char *fmt, ...) __printf(2, 3);
void tb_write(struct textbuf *t, const void *bytes, size_t n);
void tb_puts(struct textbuf *t, const char *s);
void tb_putc(struct textbuf *t, char c);
void tb_pad(struct textbuf *t, size_t start, size_t width);	/* with blanks until what began at start is so wide */
void tb_hex(struct textbuf *t, u64 value, unsigned width);	/* with zeros before it up to width, at most 16 */
/* s with the characters of `what` and backslash as \ooo: paths in /proc/mounts. */
void tb_escape(struct textbuf *t, const char *s, const char *what);

#endif
