// SPDX-License-Identifier: BSD-2-Clause
/*
 * Iterators over the buffers of a read or a write: segments of user memory, or one kernel buffer. The
 * copies stop at the first byte that cannot be reached and say how far they came, as Linux's do.
 */
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/uaccess.h>

#define UIO_MAXIOV 1024
#define MAX_RW_COUNT (0x7fffffffUL & PAGE_MASK)

/* Leave `n` bytes of the segment at hand behind. */
static inline void segment_advance(struct iov_iter *it, size_t n)
{
	it->at += n;
	it->here -= n;
	it->count -= n;
}

/* How many of the next n bytes the segment at hand has; when it has none, the next one is taken up. */
static inline size_t segment_part(struct iov_iter *it, size_t n)
{
	while (!it->here && it->nr) {
		it->at = it->next->base;
		it->here = it->next->len;
		it->next++;
		it->nr--;
	}
	return min_t(size_t, n, it->here);
}

static void kernel_advance(struct iov_iter *it, size_t n)
{
	it->kbuf = (char *)it->kbuf + n;
	it->count -= n;
}

size_t copy_to_pieces(const void *from, size_t n, struct iov_iter *it)
{
	size_t done = 0;

	if (it->kind == ITER_KERNEL) {
		memcpy(it->kbuf, from, n);
		kernel_advance(it, n);
		return n;
	}
	while (done < n) {
		size_t part = segment_part(it, n - done);
		size_t left = copy_to_user(it->at, (const char *)from + done, part);

		segment_advance(it, part - left);
		done += part - left;
		if (unlikely(left))
			break;
	}
	return done;
}

size_t copy_from_pieces(void *to, size_t n, struct iov_iter *it)
{
	size_t done = 0;

	if (it->kind == ITER_KERNEL) {
		memcpy(to, it->kbuf, n);
		kernel_advance(it, n);
		return n;
	}
	while (done < n) {
		size_t part = segment_part(it, n - done);
		size_t left = copy_from_user((char *)to + done, it->at, part);

		segment_advance(it, part - left);
		done += part - left;
		if (unlikely(left))
			break;
	}
	return done;
}

size_t zero_pieces(size_t n, struct iov_iter *it)
{
	size_t done = 0;

	if (it->kind == ITER_KERNEL) {
		memset(it->kbuf, 0, n);
		kernel_advance(it, n);
		return n;
	}
	while (done < n) {
		size_t part = segment_part(it, n - done);
		size_t left = clear_user(it->at, part);

		segment_advance(it, part - left);
		done += part - left;
		if (unlikely(left))
			break;
	}
	return done;
}

/* Judge the segments and cut the total to what one call may move. */
static ssize_t iovec_check(struct iovec *iov, unsigned long nr)
{
	size_t total = 0;

	for (unsigned long i = 0; i < nr; i++) {
		if ((s64)iov[i].len < 0)
			return -EINVAL;
		if (!access_ok(iov[i].base, iov[i].len))
			return -EFAULT;
		iov[i].len = min_t(u64, iov[i].len, MAX_RW_COUNT - total);
		total += iov[i].len;
	}
	return (ssize_t)total;
}

/* One segment needs no vector: it is the iterator. */
static ssize_t import_one(uaddr_t uvec, struct iov_iter *it)
{
	struct iovec one;
	ssize_t total = copy_struct_in(&one, uvec) ? -EFAULT : iovec_check(&one, 1);

	if (total >= 0)
		iov_iter_user(it, one.base, (size_t)total);
	return total;
}

ssize_t import_iovec(uaddr_t uvec, unsigned long nr, struct iov_iter *it, struct iovec **heap)
{
	struct iovec *iov;
	ssize_t total;

	*heap = NULL;
	if (nr > UIO_MAXIOV)
		return -EINVAL;
	if (nr == 1)
		return import_one(uvec, it);
	if (!nr) {
		iov_iter_user(it, 0, 0);
		return 0;
	}
	iov = kmalloc(nr * sizeof(*iov), GFP_KERNEL);
	if (!iov)
		return -ENOMEM;
	total = copy_from_user(iov, uvec, nr * sizeof(*iov)) ? -EFAULT : iovec_check(iov, nr);
	if (total < 0) {
		kfree(iov);
		return total;
	}
	*heap = iov;
	*it = (struct iov_iter){ .kind = ITER_VECTOR, .nr = (u32)nr, .count = (size_t)total, .next = iov };
	return total;
}
