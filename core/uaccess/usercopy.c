// SPDX-License-Identifier: BSD-2-Clause
/*
 * Copies of whole things from user memory: extensible structures, strings, paths, blocks. Each is copied
 * once into the kernel and judged there.
 */
#include <janus/cpu.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/uaccess.h>

#define PATH_MAX 4096

int get_user_nofault(u32 *value, uaddr_t from)
{
	u64 word = 0;
	int err;

	if (!access_ok(from, sizeof(u32)))
		return -EFAULT;
	this_cpu()->nofault++;
	err = arch_get_user(&word, from, sizeof(u32));
	this_cpu()->nofault--;
	*value = (u32)word;
	return err;
}

int cmpxchg_user_nofault(u32 *old, uaddr_t addr, u32 expected, u32 desired)
{
	int err;

	if (!access_ok(addr, sizeof(u32)))
		return -EFAULT;
	this_cpu()->nofault++;
	err = arch_cmpxchg_user(old, addr, expected, desired);
	this_cpu()->nofault--;
	return err;
}

/* Are user bytes [from, from + n) all zero? 1, 0 or -EFAULT. */
static int user_is_zero(uaddr_t from, size_t n)
{
	u8 chunk[64];

	while (n) {
		size_t part = min_t(size_t, n, sizeof(chunk));

		if (copy_from_user(chunk, from, part))
			return -EFAULT;
		for (size_t i = 0; i < part; i++)
			if (chunk[i])
				return 0;
		from += part;
		n -= part;
	}
	return 1;
}

int copy_struct_from_user(void *to, size_t ksize, uaddr_t from, size_t usize)
{
	size_t both = min(ksize, usize);

	if (usize > ksize) {	/* newer than we are: what we do not know must be zero */
		int zero = user_is_zero(from + ksize, usize - ksize);

		if (zero <= 0)
			return zero ? zero : -E2BIG;
	}
	if (usize < ksize)
		memset((char *)to + usize, 0, ksize - usize);
	return copy_from_user(to, from, both) ? -EFAULT : 0;
}

/* Paths live in a page each: the magazines of the page allocator make that the cheapest 4 KiB there is. */
char *path_from_user(uaddr_t from, bool empty_ok)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *path;
	long len;

	if (unlikely(!page))
		return ERR_PTR(-ENOMEM);
	path = page_address(page);
	len = strncpy_from_user(path, from, PATH_MAX);
	if (likely(len > 0 && len < PATH_MAX))
		return path;
	if (!len && empty_ok)
		return path;
	free_pages(page, 0);
	return ERR_PTR(!len ? -ENOENT : len < 0 ? len : -ENAMETOOLONG);
}

void path_free(char *path)
{
	free_pages(virt_to_page(path), 0);
}

void *memdup_user(uaddr_t from, size_t n, size_t limit)
{
	void *copy;

	if (n > limit)
		return ERR_PTR(-EINVAL);
	copy = kmalloc(n ? n : 1, GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(copy, from, n)) {
		kfree(copy);
		return ERR_PTR(-EFAULT);
	}
	return copy;
}
