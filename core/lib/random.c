// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's random numbers. Source of the block function: RFC 8439, section 2.3.
 */
#include <arch/boot.h>
#include <arch/time.h>
#include <janus/lock.h>
#include <janus/random.h>
#include <janus/string.h>

static spinlock_t key_lock = SPINLOCK_INIT;
static u32 key[8];	/* [key_lock] */
static u64 counter;	/* [key_lock] */
static u32 ready[16];	/* [key_lock] output to be handed out, from byte `used` on */
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

static void chacha_block(u32 out[16])
{
	u32 start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(start + 4, key, sizeof(key));
	start[12] = (u32)counter;
	start[13] = (u32)(counter >> 32);
	counter++;
	memcpy(out, start, sizeof(start));
	for (int i = 0; i < 10; i++) {
#pragma GCC unroll 4
		for (unsigned c = 0; c < 4; c++)
			quarter_round(out, c, 4 + c, 8 + c, 12 + c);
#pragma GCC unroll 4
		for (unsigned c = 0; c < 4; c++)
			quarter_round(out, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
	}
	for (int i = 0; i < 16; i++)
		out[i] += start[i];
}

/* A fresh block: its first half is the next key, its second half is to be handed out. */
static void refill(void)
{
	chacha_block(ready);
	memcpy(key, ready, sizeof(key));
	memset(ready, 0, sizeof(key));
	used = sizeof(key);
}

void random_bytes(void *buf, size_t n)
{
	u8 *to = buf;

	while (n) {
		struct irqflags flags = spin_lock_irqsave(&key_lock);
		size_t part;

		if (used == sizeof(ready))
			refill();
		part = min(n, sizeof(ready) - used);
		memcpy(to, (u8 *)ready + used, part);
		memset((u8 *)ready + used, 0, part);	/* what was handed out is not kept */
		used += part;
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
		((u8 *)key)[i % sizeof(key)] ^= from[i];
		if (i % sizeof(key) == sizeof(key) - 1 || i + 1 == n) {
			chacha_block(block);
			memcpy(key, block, sizeof(key));
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
