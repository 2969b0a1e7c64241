/* SPDX-License-Identifier: BSD-2-Clause */
/* The C string functions the kernel uses. Any context. core/lib/string.c. */
#ifndef JANUS_STRING_H
#define JANUS_STRING_H

#include <janus/types.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
#ifndef __JANUS_UNIT__
/* -ffreestanding hides these from the compiler. It open-codes small constant sizes, and calls the functions for
 * others. */
#define memcpy(to, from, n) __builtin_memcpy(to, from, n)
#define memset(to, c, n) __builtin_memset(to, c, n)
#define memcmp(a, b, n) __builtin_memcmp(a, b, n)
#endif
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
/* Copy at most size - 1 bytes and always terminate; the length of `from`. */
size_t strlcpy(char *to, const char *from, size_t size);
/* Number in base 2..16 or 0 for C's prefixes; *end is where it stopped. */
u64 strtoull(const char *s, char **end, unsigned base);

#endif
