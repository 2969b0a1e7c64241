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
size_t copy_from_user_nofault(void *to, uaddr_t from, size_t n);
size_t copy_to_user_nofault(uaddr_t to, const void *from, size_t n);
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
long strncpy_from_user(char *to, uaddr_t from, size_t n);
/* A path: a kmalloc'ed copy (free with path_free), ERR_PTR(-EFAULT, -ENAMETOOLONG, -ENOENT for "" unless empty_ok, -ENOMEM). */
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

/* Segments still to be filled or drained. Either user memory (iov) or one kernel buffer (kbuf). */
struct iov_iter {
	const struct iovec *iov;	/* checked: each access_ok, total <= SSIZE_MAX rounded as Linux */
	u32 nr;
	size_t offset;			/* in iov[0] */
	size_t count;			/* bytes left in all */
	void *kbuf;			/* kernel memory instead, when not NULL */
	struct iovec one;		/* storage for the single-buffer case */
};
static inline void iov_iter_user(struct iov_iter *it, uaddr_t buf, size_t len)
{
	it->one.base = buf;
	it->one.len = len;
	it->iov = &it->one;
	it->nr = 1;
	it->offset = 0;
	it->count = len;
	it->kbuf = NULL;
}
void iov_iter_kernel(struct iov_iter *it, void *buf, size_t len);
/* Copy up to n bytes and advance; bytes copied (short on a fault). */
size_t copy_to_iter(const void *from, size_t n, struct iov_iter *it);
size_t copy_from_iter(void *to, size_t n, struct iov_iter *it);
size_t zero_iter(size_t n, struct iov_iter *it);
void iov_iter_advance(struct iov_iter *it, size_t n);
/* readv's argument: copies and checks nr segments; *heap to be kfree'd. Total length or -errno. */
ssize_t import_iovec(uaddr_t uvec, unsigned long nr, struct iov_iter *it, struct iovec **heap);

#endif
