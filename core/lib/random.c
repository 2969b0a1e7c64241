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

static u32 rotate(u32 v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void quarter_round(u32 *x, unsigned a, unsigned b, unsigned c, unsigned d)
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
		for (unsigned c = 0; c < 4; c++)
			quarter_round(out, c, 4 + c, 8 + c, 12 + c);
		for (unsigned c = 0; c < 4; c++)
			quarter_round(out, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
	}
	for (int i = 0; i < 16; i++)
		out[i] += start[i];
}

void random_bytes(void *buf, size_t n)
{
	struct irqflags flags = spin_lock_irqsave(&key_lock);
	u32 block[16];
	u8 *to = buf;

	/* The first half of the first block is the next key; what follows is handed out. */
	chacha_block(block);
	u32 next[8];
	memcpy(next, block, sizeof(next));
	size_t part = min(n, sizeof(block) / 2);

	memcpy(to, block + 8, part);
	for (to += part, n -= part; n; to += part, n -= part) {
		chacha_block(block);
		part = min(n, sizeof(block));
		memcpy(to, block, part);
	}
	memcpy(key, next, sizeof(key));
	spin_unlock_irqrestore(&key_lock, flags);
	memset(block, 0, sizeof(block));
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
	spin_unlock_irqrestore(&key_lock, flags);
}

void random_init(void)
{
	u64 seed[9] = { 0 };

	seed[8] = arch_clock_read();
	arch_random_seed(seed, 64);	/* may deliver less, or nothing */
	random_add(seed, sizeof(seed));
}
