/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the kernel's memory is in use, by kind and by the call chain that asked for it: /proc/allocinfo of Janus's
 * debug build. Other kernels do not have it; then there is nothing to compare.
 */
#ifndef SUITE_MEMUSE_H
#define SUITE_MEMUSE_H

#include <stdbool.h>
#include <stdint.h>

enum { MEMUSE_CHAINS = 8192, MEMUSE_KINDS = 80 };

struct memuse {
	struct memuse_chain {
		uint64_t hash;		/* of the line behind its count; 0: free */
		long count;
	} chains[MEMUSE_CHAINS];	/* by hash */
	struct memuse_kind {
		char name[32];
		long count;
	} kinds[MEMUSE_KINDS];
	int nr_kinds;
};

/* Look; false: this kernel does not say. What caches alone hold is given back first. */
bool memuse_take(struct memuse *now);
/*
 * Has any kind grown since `before`? Then each chain that grew within such a kind is handed to `tell`. What the
 * kernel frees a little later is waited for. `now` is room for another look.
 */
bool memuse_grew(const struct memuse *before, struct memuse *now, void (*tell)(const char *line));

#endif
