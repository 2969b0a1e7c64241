/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes: ChaCha20 (RFC 8439) keyed from the machine's entropy, re-keyed after each request so that
 * what was handed out cannot be computed back. Any context. core/lib/random.c.
 */
#ifndef JANUS_RANDOM_H
#define JANUS_RANDOM_H

#include <janus/types.h>

void random_init(void);
void random_bytes(void *buf, size_t n);
void random_add(const void *buf, size_t n);	/* stir in what a user or a device gives */
static inline u64 random_u64(void) { u64 v; random_bytes(&v, sizeof(v)); return v; }

#endif
