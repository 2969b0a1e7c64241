/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User memory: the copy policy. Process context, interrupts on, no spinlock held (a copy may fault and
 * sleep). Every user value is copied once, then checked. core/uaccess/.
 */
#ifndef JANUS_UACCESS_H
#define JANUS_UACCESS_H

#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <janus/lockcheck.h>
#include <janus/types.h>
#include <uapi/errno.h>

/* Does [addr, addr + n) lie in user space? No wrap-around. */
static inline bool access_ok(uaddr_t addr, size_t n)
{
	return n <= ARCH_USER_END && addr <= ARCH_USER_END - n;
}

/* Bytes not copied, as Linux. */
static inline size_t copy_from_user(void *to, uaddr_t from, size_t n)
{
	might_sleep();
	return access_ok(from, n) ? arch_copy_from_user(to, from, n) : n;
}
static inline size_t copy_to_user(uaddr_t to, const void *from, size_t n)
{
	might_sleep();
	return access_ok(to, n) ? arch_copy_to_user(to, from, n) : n;
}
static inline size_t clear_user(uaddr_t to, size_t n)
{
	might_sleep();
	return access_ok(to, n) ? arch_clear_user(to, n) : n;
}

/* The same where nothing may sleep (a spinlock is held): a page that is not there is not brought in. */
int get_user_nofault(u32 *value, uaddr_t from);		/* 0 or -EFAULT */
int cmpxchg_user_nofault(u32 *old, uaddr_t addr, u32 expected, u32 desired);

/* Whole objects: 0 or -EFAULT. */
#define copy_struct_in(ptr, from) (copy_from_user((ptr), (from), sizeof(*(ptr))) ? -EFAULT : 0)
#define copy_struct_out(to, ptr) (copy_to_user((to), (ptr), sizeof(*(ptr))) ? -EFAULT : 0)

/* A scalar by its C type: int err = get_user(&value, addr). */
#define get_user(ptr, from)                                                         \
	({                                                                          \
		u64 _v = 0;                                                         \
		uaddr_t _from = (from);                                             \
		int _err = access_ok(_from, sizeof(*(ptr))) ?                       \
			arch_get_user(&_v, _from, sizeof(*(ptr))) : -EFAULT;        \
		*(ptr) = (typeof(*(ptr)))_v;                                        \
		_err;                                                               \
	})
#define put_user(value, type, to)                                                   \
	({                                                                          \
		uaddr_t _to = (to);                                                 \
		access_ok(_to, sizeof(type)) ?                                      \
			arch_put_user((u64)(type)(value), _to, sizeof(type)) : -EFAULT; \
	})

/* Like copy_from_user for extensible structs (clone3, openat2): usize from user, ksize known. 0, -EFAULT, -E2BIG. */
int copy_struct_from_user(void *to, size_t ksize, uaddr_t from, size_t usize);
/* A NUL-terminated string of at most n - 1 bytes: length, -EFAULT, or n when too long (not terminated). */
static inline long strncpy_from_user(char *to, uaddr_t from, size_t n)
{
	size_t room;
	long len;

	might_sleep();
	if (from >= ARCH_USER_END)
		return -EFAULT;
	room = min_t(size_t, n, ARCH_USER_END - from);
	len = arch_strncpy_from_user(to, from, (long)room);
	/* The string ran into the end of user space. */
	return len == (long)room && room < n ? -EFAULT : len;
}
/* A path: a kmalloc'ed copy (free with path_free), ERR_PTR(-EFAULT, -ENAMETOOLONG, -ENOENT for "" unless empty_ok,
 * -ENOMEM). */
char *path_from_user(uaddr_t from, bool empty_ok);
void path_free(char *path);
/* A kmalloc'ed copy of n user bytes, n <= limit, or ERR_PTR. */
void *memdup_user(uaddr_t from, size_t n, size_t limit);

struct extable_entry {
	s32 insn, fixup;	/* relative to their own address */
};
/* The fix-up address for a fault at kernel address pc, or 0. */
unsigned long extable_search(unsigned long pc);
void extable_sort(void);

/* ---- iterators over user or kernel buffers: what read and write handlers are given ---- */
struct iovec { uaddr_t base; u64 len; };

/* What is still to be filled or drained: one piece of user memory, several, or a kernel buffer. */
struct iov_iter {
	enum { ITER_USER, ITER_VECTOR, ITER_KERNEL } kind;
	u32 nr;				/* ITER_VECTOR: segments behind the one at hand */
	uaddr_t at;			/* next user byte; checked: access_ok with all of its segment */
	size_t count;			/* bytes left in all; <= SSIZE_MAX rounded as Linux */
	size_t here;			/* ITER_VECTOR: bytes left in the segment at hand */
	const struct iovec *next;	/* ITER_VECTOR: the nr segments behind it, each checked */
	void *kbuf;			/* ITER_KERNEL: next byte */
};
static inline void iov_iter_user(struct iov_iter *it, uaddr_t buf, size_t len)
{
	it->kind = ITER_USER;
	it->at = buf;
	it->count = len;
}
static inline void iov_iter_kernel(struct iov_iter *it, void *buf, size_t len)
{
	it->kind = ITER_KERNEL;
	it->kbuf = buf;
	it->count = len;
}
/* core/uaccess/iov_iter.c, for iterators that are not ITER_USER: */
size_t copy_to_pieces(const void *from, size_t n, struct iov_iter *it);
size_t copy_from_pieces(void *to, size_t n, struct iov_iter *it);
size_t zero_pieces(size_t n, struct iov_iter *it);

static inline size_t iov_iter_moved(struct iov_iter *it, size_t n)
{
	it->at += n;
	it->count -= n;
	return n;
}

/* Copy up to n bytes and advance; bytes copied (short on a fault). */
static inline size_t copy_to_iter(const void *from, size_t n, struct iov_iter *it)
{
	n = min(n, it->count);
	if (unlikely(it->kind != ITER_USER))
		return copy_to_pieces(from, n, it);
	might_sleep();
	return iov_iter_moved(it, n - arch_copy_to_user(it->at, from, n));
}

static inline size_t copy_from_iter(void *to, size_t n, struct iov_iter *it)
{
	n = min(n, it->count);
	if (unlikely(it->kind != ITER_USER))
		return copy_from_pieces(to, n, it);
	might_sleep();
	return iov_iter_moved(it, n - arch_copy_from_user(to, it->at, n));
}

static inline size_t zero_iter(size_t n, struct iov_iter *it)
{
	n = min(n, it->count);
	if (unlikely(it->kind != ITER_USER))
		return zero_pieces(n, it);
	might_sleep();
	return iov_iter_moved(it, n - arch_clear_user(it->at, n));
}
/* readv's argument: copies and checks nr segments; *heap to be kfree'd. Total length or -errno. */
ssize_t import_iovec(uaddr_t uvec, unsigned long nr, struct iov_iter *it, struct iovec **heap);

#endif
