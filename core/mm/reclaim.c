// SPDX-License-Identifier: BSD-2-Clause
/*
 * Making room when memory is short: whoever holds memory that it could do without has registered a
 * shrinker (the dentry cache, spare kernel stacks).
 */
#include "internal.h"

#include <janus/lock.h>

static struct shrinker *shrinkers;	/* [const] after boot */

void register_shrinker(struct shrinker *s)
{
	s->next = shrinkers;
	shrinkers = s;
}

u64 reclaim_pages(u64 wanted)
{
	u64 freed = 0;

	for (struct shrinker *s = shrinkers; s && freed < wanted; s = s->next)
		freed += s->shrink(wanted - freed);
	return freed;
}

/* What RCU frees may itself be the last holder of something that RCU frees. */
void drop_caches(void)
{
	while (reclaim_pages(UINT32_MAX))
		;
	rcu_barrier();
	rcu_barrier();
}
