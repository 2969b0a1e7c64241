// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/lib/radix.c: sparse arrays, with memory that runs out at any step.
 */
#include <janus/radix.h>
#include <uapi/errno.h>

#include "kernel.h"
#include "unit.h"

static char things[8];
static const u64 far_apart[] = { 0, 1, 63, 64, 4095, 1ull << 32, ~0ull - 1, ~0ull };

UNIT(what_is_put_in_is_found_where_it_is)
{
	struct radix_tree tree = { 0 };
	u64 at = 0;

	for (int i = 0; i < 8; i++)
		CHECK(radix_insert(&tree, far_apart[i], &things[i]) == 0);
	for (int i = 0; i < 8; i++)
		CHECK(radix_lookup(&tree, far_apart[i]) == &things[i]);
	CHECK(!radix_lookup(&tree, 2) && !radix_lookup(&tree, 1ull << 33));
	for (int i = 0; i < 8; i++, at++)
		CHECK(radix_next(&tree, &at) == &things[i] && at == far_apart[i]);
	for (int i = 7; i >= 0; i--)
		CHECK(radix_delete(&tree, far_apart[i]) == &things[i]);
	CHECK(!radix_delete(&tree, 0));
	CHECK(unit_in_use == 0);
}

UNIT(many_in_a_row)
{
	struct radix_tree tree = { 0 };
	u64 at = 0;
	int wrong = 0;

	for (u64 i = 0; i < 5000; i++)
		wrong += radix_insert(&tree, i, &things[i % 8]) != 0;
	for (u64 i = 0; i < 5000; i += 2)
		wrong += radix_delete(&tree, i) != &things[i % 8];
	for (u64 i = 1; i < 5000; i += 2, at++)
		wrong += radix_next(&tree, &at) != &things[i % 8] || at != i;
	CHECK(!wrong);
	CHECK(!radix_next(&tree, &at));
	for (u64 i = 1; i < 5000; i += 2)
		radix_delete(&tree, i);
	CHECK(unit_in_use == 0);
}

UNIT(no_memory_is_an_error_and_loses_nothing)
{
	for (int allowed = 0; allowed < 12; allowed++) {
		struct radix_tree tree = { 0 };
		int result;

		CHECK(radix_insert(&tree, 5, &things[0]) == 0);
		unit_allocations = allowed;
		result = radix_insert(&tree, 1ull << 40, &things[1]);
		unit_allocations = -1;
		CHECK(result == 0 || result == -ENOMEM);
		CHECK(radix_lookup(&tree, 5) == &things[0]);
		CHECK(radix_lookup(&tree, 1ull << 40) == (result ? NULL : &things[1]));
		if (!result)
			radix_delete(&tree, 1ull << 40);
		radix_delete(&tree, 5);
	}
}
