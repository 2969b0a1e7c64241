// SPDX-License-Identifier: BSD-2-Clause
/*
 * Inflate: the deflate format of RFC 1951 inside the gzip format of RFC 1952. Canonical Huffman codes are
 * decoded a bit at a time from counts and sorted symbols: small rather than fast; a boot runs it once.
 */
#include <janus/inflate.h>
#include <janus/string.h>
#include <uapi/errno.h>

#define MAX_BITS 15
#define MAX_LITERALS 288
#define MAX_DISTANCES 30

struct huffman {
	u16 count[MAX_BITS + 1];	/* codes of each length */
	u16 symbol[MAX_LITERALS];	/* in code order */
};

struct bits {
	struct gunzip *g;
	u32 hold;
	unsigned n;	/* bits in hold */
	int error;	/* the first one; reads return 0 from then on */
};

static u32 take_bits(struct bits *b, unsigned want)
{
	u32 value;

	while (b->n < want) {
		if (!b->g->in_len) {
			b->error = b->error ? b->error : -EIO;
			return 0;
		}
		b->hold |= (u32)*b->g->in++ << b->n;
		b->g->in_len--;
		b->n += 8;
	}
	value = b->hold & ((1u << want) - 1);
	b->hold >>= want;
	b->n -= want;
	return value;
}

/* Lengths of n symbols to a decoder. Negative: over-subscribed. Positive: incomplete. */
static int build_code(struct huffman *h, const u8 *length, unsigned n)
{
	u16 offset[MAX_BITS + 1];
	int left = 1;

	memset(h->count, 0, sizeof(h->count));
	for (unsigned s = 0; s < n; s++)
		h->count[length[s]]++;
	if (h->count[0] == n)
		return 0;
	for (unsigned len = 1; len <= MAX_BITS; len++) {
		left = 2 * left - h->count[len];
		if (left < 0)
			return left;
	}
	offset[1] = 0;
	for (unsigned len = 1; len < MAX_BITS; len++)
		offset[len + 1] = (u16)(offset[len] + h->count[len]);
	for (unsigned s = 0; s < n; s++)
		if (length[s])
			h->symbol[offset[length[s]]++] = (u16)s;
	return left;
}

static int decode(struct bits *b, const struct huffman *h)
{
	int code = 0, first = 0, index = 0;

	for (unsigned len = 1; len <= MAX_BITS; len++) {
		int count = h->count[len];

		code |= (int)take_bits(b, 1);
		if (b->error)
			return b->error;
		if (code - count < first)
			return h->symbol[index + (code - first)];
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	return -EINVAL;
}

static int put_byte(struct gunzip *g, u8 byte)
{
	if (g->out_len >= g->out_size)
		return -ENOSPC;
	g->out[g->out_len++] = byte;
	return 0;
}

/* A length symbol came: copy from the window. `start` is where this member's output begins. */
static int copy_match(struct bits *b, int symbol, const struct huffman *distances, size_t start)
{
	static const u16 length_base[29] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59,
					     67, 83, 99, 115, 131, 163, 195, 227, 258 };
	static const u8 length_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
					     4, 4, 4, 4, 5, 5, 5, 5, 0 };
	struct gunzip *g = b->g;
	size_t length, distance;

	symbol -= 257;
	if (symbol >= 29)
		return -EINVAL;
	length = length_base[symbol] + take_bits(b, length_extra[symbol]);
	symbol = decode(b, distances);
	if (symbol < 0)
		return symbol;
	if (symbol >= MAX_DISTANCES)
		return -EINVAL;
	if (symbol < 4)
		distance = (size_t)symbol + 1;
	else
		distance = ((2u + (symbol & 1)) << (symbol / 2 - 1)) + 1 + take_bits(b, (unsigned)symbol / 2 - 1);
	if (b->error)
		return b->error;
	if (distance > g->out_len - start)
		return -EINVAL;
	if (length > g->out_size - g->out_len)
		return -ENOSPC;
	for (; length; length--, g->out_len++)
		g->out[g->out_len] = g->out[g->out_len - distance];
	return 0;
}

static int inflate_codes(struct bits *b, const struct huffman *literals, const struct huffman *distances, size_t start)
{
	for (;;) {
		int symbol = decode(b, literals), err;

		if (symbol < 0)
			return symbol;
		if (symbol == 256)
			return 0;
		err = symbol < 256 ? put_byte(b->g, (u8)symbol) : copy_match(b, symbol, distances, start);
		if (err)
			return err;
	}
}

static int inflate_stored(struct bits *b)
{
	struct gunzip *g = b->g;
	size_t length;

	b->hold = 0;
	b->n = 0;
	if (g->in_len < 4)
		return -EIO;
	length = g->in[0] | (size_t)g->in[1] << 8;
	if ((length ^ 0xffff) != (g->in[2] | (size_t)g->in[3] << 8))
		return -EINVAL;
	g->in += 4;
	g->in_len -= 4;
	if (length > g->in_len)
		return -EIO;
	if (length > g->out_size - g->out_len)
		return -ENOSPC;
	memcpy(g->out + g->out_len, g->in, length);
	g->out_len += length;
	g->in += length;
	g->in_len -= length;
	return 0;
}

static int inflate_fixed(struct bits *b, struct huffman *literals, struct huffman *distances, size_t start)
{
	u8 length[MAX_LITERALS];

	for (unsigned s = 0; s < MAX_LITERALS; s++)
		length[s] = s < 144 ? 8 : s < 256 ? 9 : s < 280 ? 7 : 8;
	build_code(literals, length, MAX_LITERALS);
	memset(length, 5, MAX_DISTANCES);
	build_code(distances, length, MAX_DISTANCES);
	return inflate_codes(b, literals, distances, start);
}

/* The code lengths of both codes, run-length packed and themselves Huffman coded. */
static int read_lengths(struct bits *b, const struct huffman *code, u8 *length, unsigned n)
{
	for (unsigned i = 0; i < n;) {
		int symbol = decode(b, code);
		unsigned repeat;
		u8 value = 0;

		if (symbol < 0)
			return symbol;
		if (symbol < 16) {
			length[i++] = (u8)symbol;
			continue;
		}
		if (symbol == 16) {
			if (!i)
				return -EINVAL;
			value = length[i - 1];
			repeat = 3 + take_bits(b, 2);
		} else {
			repeat = symbol == 17 ? 3 + take_bits(b, 3) : 11 + take_bits(b, 7);
		}
		if (b->error)
			return b->error;
		if (repeat > n - i)
			return -EINVAL;
		memset(length + i, value, repeat);
		i += repeat;
	}
	return 0;
}

static int inflate_dynamic(struct bits *b, struct huffman *literals, struct huffman *distances, size_t start)
{
	static const u8 order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	u8 length[MAX_LITERALS + MAX_DISTANCES + 2] = { 0 };
	unsigned nlen = 257 + take_bits(b, 5), ndist = 1 + take_bits(b, 5), ncode = 4 + take_bits(b, 4);
	int err;

	if (b->error)
		return b->error;
	if (nlen > 286 || ndist > MAX_DISTANCES)
		return -EINVAL;
	for (unsigned i = 0; i < ncode; i++)
		length[order[i]] = (u8)take_bits(b, 3);
	if (b->error)
		return b->error;
	if (build_code(literals, length, 19))
		return -EINVAL;
	err = read_lengths(b, literals, length, nlen + ndist);
	if (err)
		return err;
	if (!length[256])
		return -EINVAL;
	/* An incomplete code is valid only when it has a single symbol. */
	err = build_code(literals, length, nlen);
	if (err && (err < 0 || nlen != (unsigned)literals->count[0] + literals->count[1]))
		return -EINVAL;
	err = build_code(distances, length + nlen, ndist);
	if (err && (err < 0 || ndist != (unsigned)distances->count[0] + distances->count[1]))
		return -EINVAL;
	return inflate_codes(b, literals, distances, start);
}

static int inflate(struct gunzip *g)
{
	struct bits b = { .g = g };
	struct huffman literals, distances;
	size_t start = g->out_len;
	bool last;
	int err;

	do {
		last = take_bits(&b, 1);
		switch (take_bits(&b, 2)) {
		case 0:
			err = inflate_stored(&b);
			break;
		case 1:
			err = inflate_fixed(&b, &literals, &distances, start);
			break;
		case 2:
			err = inflate_dynamic(&b, &literals, &distances, start);
			break;
		default:
			err = -EINVAL;
		}
		if (b.error || err)
			return b.error ? b.error : err;
	} while (!last);
	return 0;
}

static u32 crc32(const u8 *p, size_t n)
{
	static u32 table[256];	/* the same values whoever fills it */
	u32 crc = ~0u;

	if (!table[255]) {
		for (u32 i = 0; i < 256; i++) {
			u32 c = i;

			for (int k = 0; k < 8; k++)
				c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
			table[i] = c;
		}
	}
	while (n--)
		crc = table[(crc ^ *p++) & 0xff] ^ (crc >> 8);
	return ~crc;
}

static u32 read_le32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

/* Skip n header bytes, or up to and with a NUL when n is 0. */
static int skip(struct gunzip *g, size_t n)
{
	if (!n) {
		const u8 *end = memchr(g->in, 0, g->in_len);

		if (!end)
			return -EIO;
		n = (size_t)(end - g->in) + 1;
	}
	if (n > g->in_len)
		return -EIO;
	g->in += n;
	g->in_len -= n;
	return 0;
}

static int skip_header(struct gunzip *g)
{
	enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };
	u8 flags;

	if (g->in_len < 10)
		return -EIO;
	if (g->in[0] != 0x1f || g->in[1] != 0x8b || g->in[2] != 8 || g->in[3] & RESERVED)
		return -EINVAL;
	flags = g->in[3];
	skip(g, 10);
	if (flags & FEXTRA) {
		if (g->in_len < 2 || skip(g, 2u + g->in[0] + ((size_t)g->in[1] << 8)))
			return -EIO;
	}
	if ((flags & FNAME) && skip(g, 0))
		return -EIO;
	if ((flags & FCOMMENT) && skip(g, 0))
		return -EIO;
	return flags & FHCRC ? skip(g, 2) : 0;
}

int gunzip(struct gunzip *g)
{
	size_t start = g->out_len;
	int err = skip_header(g);

	if (!err)
		err = inflate(g);
	if (err)
		return err;
	if (g->in_len < 8)
		return -EIO;
	if (read_le32(g->in) != crc32(g->out + start, g->out_len - start) ||
	    read_le32(g->in + 4) != (u32)(g->out_len - start))
		return -EINVAL;
	return skip(g, 8);
}
