// SPDX-License-Identifier: BSD-2-Clause
/*
 * Text made by many small writes: see janus/textbuf.h.
 */
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/textbuf.h>

/* Make room for n bytes and a NUL. Locks may be held. */
static bool grow(struct textbuf *t, size_t n)
{
	size_t size = t->size;
	char *buf;

	while (size - t->len <= n && size < t->limit)
		size *= 2;
	if (size - t->len <= n || size > t->limit)
		return false;
	buf = kmalloc(size, GFP_ATOMIC | GFP_NOWARN);
	if (!buf)
		return false;
	memcpy(buf, t->buf, t->len);
	kfree(t->buf);
	t->buf = buf;
	t->size = size;
	return true;
}

void tb_printf(struct textbuf *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	do {
		va_start(ap, fmt);
		n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
		va_end(ap);
		if (likely(n >= 0 && (size_t)n < t->size - t->len)) {
			t->len += n;
			return;
		}
	} while (n >= 0 && grow(t, (size_t)n));
	t->full = true;
	t->len = t->size;
}

void tb_write(struct textbuf *t, const void *bytes, size_t n)
{
	if (unlikely(n > t->size - t->len) && !grow(t, n)) {
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

void tb_pad(struct textbuf *t, size_t start, size_t width)
{
	static const char blanks[] = "                                                                                ";

	if (t->len - start < width)
		tb_write(t, blanks, min(width - (t->len - start), sizeof(blanks) - 1));
}

void tb_hex(struct textbuf *t, u64 value, unsigned width)
{
	char text[16], *end = text + sizeof(text), *at = end;

	for (; value || end - at < (long)width; value >>= 4)
		*--at = "0123456789abcdef"[value & 15];
	tb_write(t, at, (size_t)(end - at));
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
