// SPDX-License-Identifier: BSD-2-Clause
/*
 * Formatted printing into a buffer: C99's conversions without floating point, and %pS, which names the
 * function that a kernel address lies in. Never writes past the buffer; returns what it would have written.
 */
#include <janus/kallsyms.h>
#include <janus/printk.h>
#include <janus/string.h>

struct out {
	char *buf;
	size_t size, len;
};

struct spec {
	bool left, zero, plus, space, alt, upper;
	int width, precision;	/* precision -1: none given */
	unsigned size;		/* of the integer, in bytes */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_many(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_string(struct out *o, const char *s, const struct spec *f)
{
	size_t limit = f->precision < 0 ? SIZE_MAX : (size_t)f->precision;
	int n;

	if (!s)
		s = "(null)";
	n = (int)strnlen(s, limit);
	if (!f->left)
		put_many(o, ' ', f->width - n);
	for (int i = 0; i < n; i++)
		put(o, s[i]);
	if (f->left)
		put_many(o, ' ', f->width - n);
}

static void put_number(struct out *o, u64 value, unsigned base, bool negative, const struct spec *f)
{
	const char *digits = f->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24], prefix[3];
	int n = 0, np = 0, zeros, pad;

	if (negative)
		prefix[np++] = '-';
	else if (f->plus || f->space)
		prefix[np++] = f->plus ? '+' : ' ';
	if (f->alt && base == 16 && value) {
		prefix[np++] = '0';
		prefix[np++] = f->upper ? 'X' : 'x';
	}
	for (u64 v = value; v; v /= base)
		text[n++] = digits[v % base];
	if (!n && f->precision != 0)
		text[n++] = '0';
	if (f->alt && base == 8 && (!n || text[n - 1] != '0'))
		text[n++] = '0';
	zeros = f->precision - n;
	if (f->zero && !f->left && f->precision < 0)
		zeros = f->width - n - np;
	zeros = max(zeros, 0);
	pad = f->width - n - np - zeros;
	if (!f->left)
		put_many(o, ' ', pad);
	for (int i = 0; i < np; i++)
		put(o, prefix[i]);
	put_many(o, '0', zeros);
	while (n)
		put(o, text[--n]);
	if (f->left)
		put_many(o, ' ', pad);
}

/* "name+0xoffset", or the bare address where no function is known. */
static void put_symbol(struct out *o, unsigned long addr)
{
	static const struct spec plain = { .precision = -1 };
	static const struct spec hex = { .precision = -1, .alt = true };
	unsigned long offset;
	const char *name = kallsyms_lookup(addr, &offset);

	if (!name) {
		put_number(o, addr, 16, false, &hex);
		return;
	}
	put_string(o, name, &plain);
	put(o, '+');
	put_number(o, offset, 16, false, &hex);
}

static const char *parse_spec(const char *s, struct spec *f, va_list *ap)
{
	*f = (struct spec){ .precision = -1, .size = sizeof(int) };
	for (;; s++) {
		if (*s == '-')
			f->left = true;
		else if (*s == '0')
			f->zero = true;
		else if (*s == '+')
			f->plus = true;
		else if (*s == ' ')
			f->space = true;
		else if (*s == '#')
			f->alt = true;
		else
			break;
	}
	if (*s == '*') {
		f->width = va_arg(*ap, int);
		if (f->width < 0) {
			f->left = true;
			f->width = -f->width;
		}
		s++;
	} else {
		f->width = (int)strtoull(s, (char **)&s, 10);
	}
	if (*s == '.') {
		s++;
		if (*s == '*') {
			f->precision = va_arg(*ap, int);
			s++;
		} else {
			f->precision = (int)strtoull(s, (char **)&s, 10);
		}
	}
	for (;; s++) {
		if (*s == 'l' || *s == 'z' || *s == 't' || *s == 'j')
			f->size = 8;
		else if (*s == 'h')
			f->size = f->size == 2 ? 1 : 2;
		else
			return s;
	}
}

static void put_integer(struct out *o, char conversion, struct spec *f, va_list *ap)
{
	u64 raw = f->size == 8 ? va_arg(*ap, u64) : va_arg(*ap, unsigned);
	unsigned shift = 64 - 8 * f->size;

	if (conversion == 'd' || conversion == 'i') {
		s64 value = (s64)(raw << shift) >> shift;

		put_number(o, value < 0 ? -(u64)value : (u64)value, 10, value < 0, f);
		return;
	}
	f->upper = conversion == 'X';
	put_number(o, raw << shift >> shift, conversion == 'u' ? 10 : conversion == 'o' ? 8 : 16, false, f);
}

static const char *put_pointer(struct out *o, const char *s, struct spec *f, va_list *ap)
{
	unsigned long value = va_arg(*ap, unsigned long);

	if (s[1] == 'S') {
		put_symbol(o, value);
		return s + 1;
	}
	f->zero = true;
	f->width = f->width ? f->width : 16;
	put_number(o, value, 16, false, f);
	return s;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { buf, size, 0 };
	va_list ap;

	va_copy(ap, args);
	for (const char *s = fmt; *s; s++) {
		struct spec f;

		if (*s != '%') {
			put(&o, *s);
			continue;
		}
		s = parse_spec(s + 1, &f, &ap);
		if (*s == 's')
			put_string(&o, va_arg(ap, const char *), &f);
		else if (*s == 'c')
			put(&o, (char)va_arg(ap, int));
		else if (*s == 'p')
			s = put_pointer(&o, s, &f, &ap);
		else if (*s && strchr("diuoxX", *s))
			put_integer(&o, *s, &f, &ap);
		else if (*s)
			put(&o, *s);
		else
			break;
	}
	va_end(ap);
	if (size)
		buf[min(o.len, size - 1)] = '\0';
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return size ? min(n, (int)size - 1) : 0;
}
