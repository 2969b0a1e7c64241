// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/lib/kallsyms.c: from an address to its function.
 */
#include <janus/kallsyms.h>

#include "unit.h"

#define BASE 0xffffffff80000000ul

const unsigned int kallsyms_num = 3;
const unsigned long kallsyms_base = BASE;
const unsigned int kallsyms_addresses[] = { 0, 0x10, 0x40 };
const unsigned int kallsyms_offsets[] = { 0, 4, 8 };
const char kallsyms_names[] = "one\0two\0six";

static int is(unsigned long addr, const char *name, unsigned long want)
{
	unsigned long offset = ~0ul;
	const char *found = kallsyms_lookup(addr, &offset);

	return found && !__builtin_strcmp(found, name) && offset == want;
}

UNIT(the_first_byte_of_each_function)
{
	CHECK(is(BASE, "one", 0));
	CHECK(is(BASE + 0x10, "two", 0));
	CHECK(is(BASE + 0x40, "six", 0));
}

UNIT(the_last_byte_of_each_function)
{
	CHECK(is(BASE + 0xf, "one", 0xf));
	CHECK(is(BASE + 0x3f, "two", 0x2f));
	CHECK(is(BASE + 0x41, "six", 1));
}

UNIT(addresses_outside_the_kernel_have_no_name)
{
	unsigned long offset;

	CHECK(!kallsyms_lookup(0, &offset));
	CHECK(!kallsyms_lookup(BASE - 1, &offset));
	CHECK(!kallsyms_lookup(BASE + 0x40 + 0x10000, &offset));
	CHECK(!kallsyms_lookup(~0ul, &offset));
}
