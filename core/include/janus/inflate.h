/* SPDX-License-Identifier: BSD-2-Clause */
/* Decompression of gzip members. Pure code, no allocation; any context, about 3 KiB of stack. */
#ifndef JANUS_INFLATE_H
#define JANUS_INFLATE_H

#include <janus/types.h>

/* Where to read from and write to. */
struct gunzip {
	const u8 *in;		/* compressed bytes; gunzip() leaves it behind the member */
	size_t in_len;
	u8 *out;		/* decompressed bytes go here */
	size_t out_size;	/* room */
	size_t out_len;		/* bytes produced */
};

/*
 * Decompress one gzip member (RFC 1952) from g->in. 0; -EINVAL: not gzip or damaged (header, code, CRC, length);
 * -EIO: it ends early; -ENOSPC: more than out_size bytes.
 */
int gunzip(struct gunzip *g);

#endif
