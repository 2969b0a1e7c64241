// SPDX-License-Identifier: BSD-2-Clause
/*
 * From an address to the function that holds it: a binary search over the table that the build made.
 */
#include <janus/kallsyms.h>

/* The farthest an address may lie from its function's start: past it, the address is no code. */
#define FUNCTION_MAX 0x10000ul

const char *kallsyms_lookup(unsigned long addr, unsigned long *offset)
{
	unsigned int low = 0, high = kallsyms_num;
	unsigned long relative = addr - kallsyms_base;

	if (!kallsyms_num || addr < kallsyms_base)
		return (const char *)0;
	while (high - low > 1) {
		unsigned int middle = low + (high - low) / 2;

		if (kallsyms_addresses[middle] <= relative)
			low = middle;
		else
			high = middle;
	}
	*offset = relative - kallsyms_addresses[low];
	if (*offset >= FUNCTION_MAX)
		return (const char *)0;
	return kallsyms_names + kallsyms_offsets[low];
}
