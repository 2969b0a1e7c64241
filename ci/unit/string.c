// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/lib/string.c, at every alignment that word-wise copies can trip over.
 */
#include <janus/string.h>

#include "unit.h"

UNIT(memcpy_at_every_alignment_and_length)
{
	u8 from[96], to[96];

	for (unsigned i = 0; i < sizeof(from); i++)
		from[i] = i * 7 + 1;
	for (unsigned source = 0; source < 9; source++)
		for (unsigned target = 0; target < 9; target++)
			for (unsigned n = 0; n < 70; n++) {
				int wrong = 0;

				for (unsigned i = 0; i < sizeof(to); i++)
					to[i] = 0xee;
				CHECK(memcpy(to + target, from + source, n) == to + target);
				for (unsigned i = 0; i < sizeof(to); i++)
					wrong += to[i] != (i >= target && i < target + n ?
							   from[source + i - target] : 0xee);
				CHECK(!wrong);
			}
}

UNIT(memmove_of_overlapping_memory)
{
	for (int shift = -9; shift <= 9; shift++)
		for (unsigned n = 0; n < 40; n++) {
			u8 bytes[80];
			int wrong = 0;

			for (unsigned i = 0; i < sizeof(bytes); i++)
				bytes[i] = i;
			memmove(bytes + 20 + shift, bytes + 20, n);
			for (unsigned i = 0; i < n; i++)
				wrong += bytes[20 + shift + i] != 20 + i;
			CHECK(!wrong);
		}
}

UNIT(memset_touches_its_bytes_only)
{
	for (unsigned start = 0; start < 9; start++)
		for (unsigned n = 0; n < 70; n++) {
			u8 bytes[96] = { 0 };
			int wrong = 0;

			memset(bytes + start, 0x1a5, n);
			for (unsigned i = 0; i < sizeof(bytes); i++)
				wrong += bytes[i] != (i >= start && i < start + n ? 0xa5 : 0);
			CHECK(!wrong);
		}
}

UNIT(compare_as_unsigned_bytes)
{
	CHECK(memcmp("a\x80", "a\x7f", 2) > 0);
	CHECK(memcmp("abc", "abd", 2) == 0);
	CHECK(memcmp("x", "y", 0) == 0);
	CHECK(strcmp("a", "ab") < 0);
	CHECK(strcmp("\xff", "a") > 0);
	CHECK(strcmp("", "") == 0);
	CHECK(strncmp("abc", "abd", 2) == 0);
	CHECK(strncmp("abc", "abd", 3) < 0);
	CHECK(strncmp("ab", "ab\0c", 4) == 0);
}

UNIT(lengths_and_searches)
{
	const char *text = "janus";

	CHECK(strlen("") == 0 && strlen(text) == 5);
	CHECK(strnlen(text, 3) == 3 && strnlen(text, 9) == 5);
	CHECK(strchr(text, 'n') == text + 2);
	CHECK(strchr(text, 0) == text + 5);
	CHECK(!strchr(text, 'x'));
	CHECK(strrchr("a/b/c", '/')[1] == 'c');
	CHECK(memchr(text, 'u', 3) == NULL && memchr(text, 'u', 4) == text + 3);
}

UNIT(strlcpy_ends_its_string_and_tells_the_length)
{
	char room[4];

	CHECK(strlcpy(room, "abcdef", sizeof(room)) == 6);
	CHECK(!strcmp(room, "abc"));
	CHECK(strlcpy(room, "x", sizeof(room)) == 1 && !strcmp(room, "x"));
	CHECK(strlcpy(room, "y", 0) == 1 && !strcmp(room, "x"));
}

UNIT(numbers_in_text)
{
	char *end;

	CHECK(strtoull("123x", &end, 10) == 123 && *end == 'x');
	CHECK(strtoull("0x1F", &end, 0) == 31 && !*end);
	CHECK(strtoull("017", &end, 0) == 15);
	CHECK(strtoull("ff", &end, 16) == 255);
	CHECK(strtoull("", &end, 10) == 0);
	CHECK(strtoull("18446744073709551615", &end, 10) == ~0ull);
}
