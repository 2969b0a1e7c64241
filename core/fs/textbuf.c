// SPDX-License-Identifier: BSD-2-Clause
/*
 * Text made by many small writes: see janus/textbuf.h.
 */
#include <janus/printk.h>
#include <janus/string.h>
#include <janus/textbuf.h>

void tb_printf(struct textbuf *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->size - t->len) {
		t->full = true;
		t->len = t->size;
	} else {
		t->len += n;
	}
}

void tb_write(struct textbuf *t, const void *bytes, size_t n)
{
	if (n > t->size - t->len) {
		t->full = true;
		n = t->size - t->len;
	}
	memcpy(t->buf + t->len, bytes, n);
	t->len += n;
}

void tb_puts(struct textbuf *t, const char *s)
{
	tb_write(t, s, strlen(s));
}

void tb_putc(struct textbuf *t, char c)
{
	tb_write(t, &c, 1);
}

void tb_escape(struct textbuf *t, const char *s, const char *what)
{
	const char *plain = s;		/* what goes as it is, up to s */

	for (; *s; s++) {
		if (likely(*s != '\\' && !strchr(what, *s)))
			continue;
		tb_write(t, plain, (size_t)(s - plain));
		tb_printf(t, "\\%03o", (unsigned char)*s);
		plain = s + 1;
	}
	tb_write(t, plain, (size_t)(s - plain));
}
