// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's random numbers. Source of the block function: RFC 8439, section 2.3.
 */
#include <arch/boot.h>
#include <arch/time.h>
#include <janus/lock.h>
#include <janus/random.h>
#include <janus/string.h>

/* What a block is made of: each has the next number. */
struct stream {
	u32 key[8];
	u64 counter;
};

static spinlock_t key_lock = SPINLOCK_INIT;
static struct stream source;	/* [key_lock] */
static u32 ready[16];		/* [key_lock] output to be handed out, from byte `used` on */
static size_t used = sizeof(ready);

static u32 rotate(u32 v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static __always_inline void quarter_round(u32 *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

/* Output goes anywhere. */
typedef u32 __attribute__((may_alias, aligned(1))) out_t;

static void chacha_block(struct stream *s, out_t out[16])
{
	const u32 start[16] = {
		0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
		s->key[0], s->key[1], s->key[2], s->key[3], s->key[4], s->key[5], s->key[6], s->key[7],
		(u32)s->counter, (u32)(s->counter >> 32), 0, 0,
	};
	u32 x[16];

	s->counter++;
	memcpy(x, start, sizeof(x));
	for (int i = 0; i < 10; i++) {
		quarter_round(x, 0, 4, 8, 12);
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15);
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		out[i] = x[i] + start[i];
}

/* A fresh block: its first half is the next key, its second half is to be handed out. */
static void refill(void)
{
	chacha_block(&source, ready);
	memcpy(source.key, ready, sizeof(source.key));
	memset(ready, 0, sizeof(source.key));
	used = sizeof(source.key);
}

/* Up to n of the bytes that are ready, which are then not kept; how many. */
static size_t take_ready(u8 *to, size_t n)
{
	size_t part;

	if (used == sizeof(ready))
		refill();
	part = min(n, sizeof(ready) - used);
	memcpy(to, (u8 *)ready + used, part);
	memset((u8 *)ready + used, 0, part);
	used += part;
	return part;
}

/* Also where the compiler sees that nobody will read it: n is a multiple of 8. */
static void forget(void *what, size_t n)
{
	for (volatile u64 *p = what; n; n -= 8)
		*p++ = 0;
}

/* Much is made outside the lock, in whole blocks, from a key of its own that is forgotten at the end. */
static void make_many(u8 *to, size_t n)
{
	struct stream own = { .counter = 0 };
	u32 block[16] __attribute__((aligned(8)));

	random_bytes(own.key, sizeof(own.key));
	for (; n >= sizeof(block); n -= sizeof(block), to += sizeof(block))
		chacha_block(&own, (out_t *)to);
	if (n) {
		chacha_block(&own, block);
		memcpy(to, block, n);
		forget(block, sizeof(block));
	}
	forget(&own, sizeof(own));
}

void random_bytes(void *buf, size_t n)
{
	u8 *to = buf;

	if (n > sizeof(ready)) {
		make_many(to, n);
		return;
	}
	while (n) {
		struct irqflags flags = spin_lock_irqsave(&key_lock);
		size_t part = take_ready(to, n);

		spin_unlock_irqrestore(&key_lock, flags);
		to += part;
		n -= part;
	}
}

void random_add(const void *buf, size_t n)
{
	struct irqflags flags = spin_lock_irqsave(&key_lock);
	const u8 *from = buf;
	u32 block[16];

	for (size_t i = 0; i < n; i++) {
		((u8 *)source.key)[i % sizeof(source.key)] ^= from[i];
		if (i % sizeof(source.key) == sizeof(source.key) - 1 || i + 1 == n) {
			chacha_block(&source, block);
			memcpy(source.key, block, sizeof(source.key));
		}
	}
	used = sizeof(ready);
	spin_unlock_irqrestore(&key_lock, flags);
}

void random_init(void)
{
	u64 seed[9] = { 0 };

	seed[8] = arch_clock_read();
	arch_random_seed(seed, 64);	/* may deliver less, or nothing */
	random_add(seed, sizeof(seed));
}
