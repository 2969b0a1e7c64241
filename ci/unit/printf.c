// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/lib/printf.c.
 */
#include <janus/kallsyms.h>
#include <janus/printk.h>
#include <janus/string.h>

#include "unit.h"

const char *kallsyms_lookup(unsigned long addr, unsigned long *offset)
{
	*offset = addr & 0xff;
	return addr >> 8 == 0x1234 ? "name" : NULL;
}

static char text[64];

#define IS(want, ...) CHECK(snprintf(text, sizeof(text), __VA_ARGS__) == (int)strlen(want) && !strcmp(text, want))

UNIT(numbers)
{
	IS("0 -1 4294967295", "%d %d %u", 0, -1, -1);
	IS("-9223372036854775808", "%ld", (long)(1ul << 63));
	IS("ff FF 0xff", "%x %X %#x", 255, 255, 255);
	IS("17 017", "%o %#o", 15, 15);
	IS("18446744073709551615", "%llu", ~0ull);
	IS("200", "%hhu", (unsigned char)200);
	IS("42 42", "%zu %ld", (size_t)42, 42l);
}

UNIT(widths_and_precisions)
{
	IS("   42|42   |00042", "%5d|%-5d|%05d", 42, 42, 42);
	IS("+42|-42", "%+d|%+d", 42, -42);
	IS("  007", "%5.3d", 7);
	IS("   42", "%*d", 5, 42);
	IS("abc|  abc|abc  ", "%.3s|%5s|%-5s", "abcdef", "abc", "abc");
	IS("ab", "%.*s", 2, "abcdef");
}

UNIT(characters_strings_and_percent)
{
	IS("x%y", "%c%%%c", 'x', 'y');
	IS("plain", "plain");
	IS("", "%s", "");
}

UNIT(too_little_room_is_cut_and_ended)
{
	memset(text, 'z', sizeof(text));
	CHECK(snprintf(text, 4, "%s", "abcdef") == 6);
	CHECK(!strcmp(text, "abc") && text[4] == 'z');
	CHECK(snprintf(text, 0, "%d", 12345) == 5 && text[0] == 'a');
	CHECK(scnprintf(text, 4, "%s", "abcdef") == 3);
}
