// SPDX-License-Identifier: BSD-2-Clause
/*
 * The C string functions, in plain C: words where both machines allow unaligned ones, bytes at the ends.
 * What is long an architecture copies in its own way; so it does user memory.
 */
#include <janus/string.h>

#ifndef __JANUS_UNIT__
#include <arch/mmu.h>
#undef memcpy
#undef memset
#undef memcmp
#endif

/* gcc would turn these loops into calls of themselves. */
#define PLAIN_LOOP __attribute__((optimize("no-tree-loop-distribute-patterns")))

typedef u64 __attribute__((may_alias, aligned(1))) word_t;
typedef u32 __attribute__((may_alias, aligned(1))) half_t;
typedef u16 __attribute__((may_alias, aligned(1))) quarter_t;

/* Less than a word: two parts that may overlap. */
static __always_inline void copy_few(u8 *d, const u8 *s, size_t n)
{
	if (n >= 4) {
		u32 first = *(const half_t *)s, last = *(const half_t *)(s + n - 4);

		*(half_t *)d = first;
		*(half_t *)(d + n - 4) = last;
	} else if (n >= 2) {
		u16 first = *(const quarter_t *)s, last = *(const quarter_t *)(s + n - 2);

		*(quarter_t *)d = first;
		*(quarter_t *)(d + n - 2) = last;
	} else if (n) {
		*d = *s;
	}
}

#ifndef __JANUS_UNIT__
static __noinline void *copy_long(u8 *d, const u8 *s, size_t n)
{
	size_t bulk = n & ~(size_t)(ARCH_BULK - 1);

	arch_copy_bulk(d, s, bulk);
	(memcpy)(d + bulk, s + bulk, n - bulk);
	return d;
}
#endif

/* Upwards, and no word is read that was written here: memmove depends on it. */
PLAIN_LOOP void *memcpy(void *to, const void *from, size_t n)
{
	u8 *d = to, *end;
	const u8 *s = from;
	u64 last;

	if (n < 8) {
		copy_few(d, s, n);
		return to;
	}
#ifndef __JANUS_UNIT__
	if (unlikely(n >= ARCH_BULK))
		return copy_long(d, s, n);
#endif
	end = d + n - 8;
	last = *(const word_t *)(s + n - 8);
	for (; end - d >= 32; d += 32, s += 32) {
		u64 a = ((const word_t *)s)[0], b = ((const word_t *)s)[1];
		u64 c = ((const word_t *)s)[2], e = ((const word_t *)s)[3];

		((word_t *)d)[0] = a;
		((word_t *)d)[1] = b;
		((word_t *)d)[2] = c;
		((word_t *)d)[3] = e;
	}
	for (; d < end; d += 8, s += 8)
		*(word_t *)d = *(const word_t *)s;
	*(word_t *)end = last;
	return to;
}

PLAIN_LOOP void *memmove(void *to, const void *from, size_t n)
{
	u8 *d = to;
	const u8 *s = from;

	if (d <= s || d >= s + n)
		return memcpy(to, from, n);
	for (; n >= 8; n -= 8)
		*(word_t *)(d + n - 8) = *(const word_t *)(s + n - 8);
	while (n--)
		d[n] = s[n];
	return to;
}

static __always_inline void set_four(u8 *d, u64 word)
{
	((word_t *)d)[0] = word;
	((word_t *)d)[1] = word;
	((word_t *)d)[2] = word;
	((word_t *)d)[3] = word;
}

PLAIN_LOOP void *memset(void *to, int c, size_t n)
{
	u8 *d = to;
	u64 word = (u8)c * 0x0101010101010101ULL;

	for (; n >= 64; n -= 64, d += 64) {
		set_four(d, word);
		set_four(d + 32, word);
	}
	if (n >= 32) {
		set_four(d, word);
		n -= 32;
		d += 32;
	}
	for (; n >= 8; n -= 8, d += 8)
		*(word_t *)d = word;
	while (n--)
		*d++ = (u8)c;
	return to;
}

PLAIN_LOOP int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	for (; n >= 8 && *(const word_t *)p == *(const word_t *)q; n -= 8, p += 8, q += 8)
		;
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	for (const u8 *p = s; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

PLAIN_LOOP size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i])
		i++;
	return i;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++, b++)
		;
	return n ? (u8)*a - (u8)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t len = strlen(from);

	if (size) {
		size_t n = min(len, size - 1);

		memcpy(to, from, n);
		to[n] = '\0';
	}
	return len;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

u64 strtoull(const char *s, char **end, unsigned base)
{
	u64 value = 0;

	if (s[0] == '0' && (s[1] | 0x20) == 'x' && (base == 0 || base == 16) && digit_value(s[2]) < 16) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = s[0] == '0' ? 8 : 10;
	}
	for (unsigned d; (d = digit_value(*s)) < base; s++)
		value = value * base + d;
	if (end)
		*end = (char *)s;
	return value;
}
