/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sparse arrays of pointers by a 64-bit index: a radix tree of 64-slot nodes. The owner's lock covers
 * changes; look-ups may run under RCU beside them. Nodes are freed after a grace period. core/lib/radix.c.
 */
#ifndef JANUS_RADIX_H
#define JANUS_RADIX_H

#include <janus/types.h>

struct radix_tree {
	void *root;		/* the node at the top, NULL when empty */
	unsigned height;	/* levels below root */
};

void *radix_lookup(const struct radix_tree *t, u64 index);
/* The slot of index and those behind it up to the next multiple of 64; NULL: they are all empty. Under the owner's
 * lock. */
void *const *radix_run(const struct radix_tree *t, u64 index);
/* The slot must be empty. 0 or -ENOMEM. Allocates without sleeping. */
int radix_insert(struct radix_tree *t, u64 index, void *item);
void *radix_delete(struct radix_tree *t, u64 index);	/* the item that was there, or NULL */
/* First item at or after *index; *index becomes its place. NULL: none. */
void *radix_next(const struct radix_tree *t, u64 *index);

#endif
