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
	bool plain;		/* none of what follows but upper and size was given */
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

static void put_text(struct out *o, const char *s, size_t n)
{
	if (o->len + n < o->size)
		memcpy(o->buf + o->len, s, n);
	else if (o->len + 1 < o->size)
		memcpy(o->buf + o->len, s, o->size - 1 - o->len);
	o->len += n;
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
	put_text(o, s, (size_t)n);
	if (f->left)
		put_many(o, ' ', f->width - n);
}

/* The digits of value, the last one before `end`; where they start. 0 has none. */
static char *put_digits(char *end, u64 value, unsigned base, const char *digits)
{
	if (base == 10)		/* by a constant, which is no division */
		for (; value; value /= 10)
			*--end = digits[value % 10];
	else
		for (unsigned shift = base == 16 ? 4 : 3; value; value >>= shift)
			*--end = digits[value & (base - 1)];
	return end;
}

static void put_number(struct out *o, u64 value, unsigned base, bool negative, const struct spec *f)
{
	const char *digits = f->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24], *end = text + sizeof(text), *at = put_digits(end, value, base, digits), prefix[3];
	int n, np = 0, zeros, pad;

	if (f->plain) {		/* the common case */
		if (at == end)
			*--at = '0';
		if (negative)
			*--at = '-';
		put_text(o, at, (size_t)(end - at));
		return;
	}
	if (negative)
		prefix[np++] = '-';
	else if (f->plus || f->space)
		prefix[np++] = f->plus ? '+' : ' ';
	if (f->alt && base == 16 && value) {
		prefix[np++] = '0';
		prefix[np++] = f->upper ? 'X' : 'x';
	}
	if (at == end && f->precision != 0)
		*--at = '0';
	if (f->alt && base == 8 && (at == end || *at != '0'))
		*--at = '0';
	n = (int)(end - at);
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
	put_text(o, at, (size_t)n);
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

static int parse_int(const char **s)
{
	int n = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++)
		n = n * 10 + **s - '0';
	return n;
}

static const char *parse_flags(const char *s, struct spec *f)
{
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
			return s;
	}
}

static const char *parse_width(const char *s, struct spec *f, va_list *ap)
{
	if (*s == '*') {
		f->width = va_arg(*ap, int);
		if (f->width < 0) {
			f->left = true;
			f->width = -f->width;
		}
		s++;
	} else {
		f->width = parse_int(&s);
	}
	if (*s != '.')
		return s;
	s++;
	if (*s == '*') {
		f->precision = va_arg(*ap, int);
		s++;
	} else {
		f->precision = parse_int(&s);
	}
	return s;
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static const char *parse_spec(const char *s, struct spec *f, va_list *ap)
{
	*f = (struct spec){ .plain = is_letter(*s), .precision = -1, .size = sizeof(int) };
	if (!f->plain)
		s = parse_width(parse_flags(s, f), f, ap);
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
	f->plain = false;
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
		switch (*s) {
		case 's':
			put_string(&o, va_arg(ap, const char *), &f);
			break;
		case 'c':
			put(&o, (char)va_arg(ap, int));
			break;
		case 'p':
			s = put_pointer(&o, s, &f, &ap);
			break;
		case 'd': case 'i': case 'u': case 'o': case 'x': case 'X':
			put_integer(&o, *s, &f, &ap);
			break;
		case '\0':
			s--;	/* the text ends within a conversion */
			break;
		default:
			put(&o, *s);
		}
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
