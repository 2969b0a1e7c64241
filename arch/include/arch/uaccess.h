/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User memory: the copying instructions, and nothing else. The only place where SMAP or PAN is opened.
 *
 * Addresses were checked against ARCH_USER_END by core's access_ok(); a fault that core cannot resolve
 * is fixed up by the exception table: 8-byte entries { s32 insn - ., s32 fixup - . } between
 * __extable_start and __extable_end, sorted by core at boot, searched by core (core/uaccess/extable.c).
 * May sleep in the page fault, but where core forbids it (cpu->nofault). Callers: core/uaccess and janus/uaccess.h,
 * and where a word of checked memory is all there is to it, core/ipc/futex*.c, core/fs/eventpoll_wait.c and
 * core/process/rseq.c with janus/rseq.h.
 */
#ifndef ARCH_UACCESS_H
#define ARCH_UACCESS_H

#include <janus/types.h>

/* Bytes NOT copied; exact to the byte at a fault. */
size_t arch_copy_from_user(void *to, uaddr_t from, size_t n);
size_t arch_copy_to_user(uaddr_t to, const void *from, size_t n);
size_t arch_clear_user(uaddr_t to, size_t n);

/* At most n bytes incl. the NUL; length without NUL, n when there was none, or -EFAULT. */
long arch_strncpy_from_user(char *to, uaddr_t from, long n);

/* One aligned or unaligned scalar of 1, 2, 4 or 8 bytes; 0 or -EFAULT. */
int arch_get_user(u64 *value, uaddr_t from, unsigned size);
int arch_put_user(u64 value, uaddr_t to, unsigned size);

/* Atomic compare-and-exchange on an aligned user u32: 0 with the old value in *old, or -EFAULT. */
int arch_cmpxchg_user(u32 *old, uaddr_t addr, u32 expected, u32 desired);

#endif
