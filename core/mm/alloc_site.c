// SPDX-License-Identifier: BSD-2-Clause
/*
 * Call chains that allocate, and how much of what each has allocated is in use: a table of open addressing that
 * only grows. A slot is claimed by its hash in one atomic step; its chain is filled in a moment later, and who finds
 * the same hash takes it for the same chain.
 */
#ifdef CONFIG_DEBUG

#include "internal.h"

#include <arch/misc.h>
#include <janus/alloc_site.h>
#include <janus/textbuf.h>

#define MAX_SITES 8192		/* a power of two; a run of the whole suite fills about a fifth */
#define CHAIN 5
#define PROBES 64

static struct site {
	u64 hash;		/* [atomic] 0: free */
	s64 count;		/* [atomic] in use */
	const char *kind;	/* [const once set] NULL: not yet */
	unsigned long pc[CHAIN];	/* [const once set] return addresses, innermost first */
} sites[MAX_SITES];

struct chain {
	unsigned n;
	unsigned long pc[CHAIN];
};

static bool chain_add(void *arg, unsigned long pc)
{
	struct chain *chain = arg;

	chain->pc[chain->n++] = pc;
	return chain->n < CHAIN;
}

/* Source of the mixing: the 64-bit FNV-1a hash, here by words. */
static u64 chain_hash(const char *kind, const struct chain *chain)
{
	u64 hash = 0xcbf29ce484222325ULL ^ (unsigned long)kind;

	for (unsigned i = 0; i < chain->n; i++)
		hash = (hash ^ chain->pc[i]) * 0x100000001b3ULL;
	return hash ^ hash >> 29 ? hash ^ hash >> 29 : 1;
}

static struct site *site_claim(u64 hash, bool *fresh)
{
	for (unsigned i = 0; i < PROBES; i++) {
		struct site *s = &sites[(hash + i) & (MAX_SITES - 1)];
		u64 seen = __atomic_load_n(&s->hash, __ATOMIC_ACQUIRE);

		*fresh = !seen && __atomic_compare_exchange_n(&s->hash, &seen, hash, false, __ATOMIC_ACQ_REL,
							       __ATOMIC_ACQUIRE);
		if (*fresh || seen == hash)
			return s;
	}
	return NULL;
}

u32 alloc_site_enter_at(const char *kind, unsigned long fp)
{
	struct chain chain = { 0 };
	struct site *s;
	bool fresh;

	arch_stack_walk(NULL, fp, chain_add, &chain);
	s = site_claim(chain_hash(kind, &chain), &fresh);
	if (!s)
		return 0;
	if (fresh) {
		for (unsigned i = 0; i < chain.n; i++)
			s->pc[i] = chain.pc[i];
		__atomic_store_n(&s->kind, kind, __ATOMIC_RELEASE);
	}
	__atomic_fetch_add(&s->count, 1, __ATOMIC_RELAXED);
	return (u32)(s - sites) + 1;
}

void alloc_site_leave(u32 site)
{
	if (site)
		__atomic_fetch_sub(&sites[site - 1].count, 1, __ATOMIC_RELAXED);
}

void alloc_sites_show(struct textbuf *t)
{
	for (unsigned i = 0; i < MAX_SITES; i++) {
		const struct site *s = &sites[i];
		const char *kind = __atomic_load_n(&s->kind, __ATOMIC_ACQUIRE);
		s64 count = __atomic_load_n(&s->count, __ATOMIC_RELAXED);

		if (!kind || !count)
			continue;
		tb_printf(t, "%ld %s", (long)count, kind);
		for (unsigned n = 0; n < CHAIN && s->pc[n]; n++)
			tb_printf(t, " < %pS", (void *)s->pc[n]);
		tb_putc(t, '\n');
	}
}

#endif
