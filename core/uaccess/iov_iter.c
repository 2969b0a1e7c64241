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

void iov_iter_kernel(struct iov_iter *it, void *buf, size_t len)
{
	*it = (struct iov_iter){ .count = len, .kbuf = buf };
}

/* Leave `n` bytes of the current segment behind. */
static inline void segment_advance(struct iov_iter *it, size_t n)
{
	it->count -= n;
	it->offset += n;
	while (it->nr > 1 && it->offset >= it->iov->len) {
		it->offset -= it->iov->len;
		it->iov++;
		it->nr--;
	}
}

void iov_iter_advance(struct iov_iter *it, size_t n)
{
	n = min(n, it->count);
	if (it->kbuf) {
		it->kbuf = (char *)it->kbuf + n;
		it->count -= n;
		return;
	}
	while (n) {
		size_t part = min_t(size_t, n, it->iov->len - it->offset);

		segment_advance(it, part);
		n -= part;
	}
}

/* The user address of the next bytes; *n is cut to what the segment still has. */
static inline uaddr_t segment_part(struct iov_iter *it, size_t *n)
{
	while (unlikely(it->offset >= it->iov->len && it->nr > 1))
		segment_advance(it, 0);
	*n = min_t(size_t, *n, it->iov->len - it->offset);
	return it->iov->base + it->offset;
}

/* One user segment, the usual case: it was checked when the iterator was made, and holds all that is counted. */
static inline bool single(const struct iov_iter *it)
{
	return likely(it->nr == 1 && !it->kbuf);
}

static inline size_t single_advance(struct iov_iter *it, size_t n)
{
	it->offset += n;
	it->count -= n;
	return n;
}

size_t copy_to_iter(const void *from, size_t n, struct iov_iter *it)
{
	size_t done = 0;

	n = min(n, it->count);
	if (single(it))
		return single_advance(it, n - arch_copy_to_user(it->iov->base + it->offset, from, n));
	if (it->kbuf) {
		memcpy(it->kbuf, from, n);
		iov_iter_advance(it, n);
		return n;
	}
	while (done < n) {
		size_t part = n - done, left;
		uaddr_t to = segment_part(it, &part);

		left = copy_to_user(to, (const char *)from + done, part);
		segment_advance(it, part - left);
		done += part - left;
		if (unlikely(left))
			break;
	}
	return done;
}

size_t copy_from_iter(void *to, size_t n, struct iov_iter *it)
{
	size_t done = 0;

	n = min(n, it->count);
	if (single(it))
		return single_advance(it, n - arch_copy_from_user(to, it->iov->base + it->offset, n));
	if (it->kbuf) {
		memcpy(to, it->kbuf, n);
		iov_iter_advance(it, n);
		return n;
	}
	while (done < n) {
		size_t part = n - done, left;
		uaddr_t from = segment_part(it, &part);

		left = copy_from_user((char *)to + done, from, part);
		segment_advance(it, part - left);
		done += part - left;
		if (unlikely(left))
			break;
	}
	return done;
}

size_t zero_iter(size_t n, struct iov_iter *it)
{
	size_t done = 0;

	n = min(n, it->count);
	if (single(it))
		return single_advance(it, n - arch_clear_user(it->iov->base + it->offset, n));
	if (it->kbuf) {
		memset(it->kbuf, 0, n);
		iov_iter_advance(it, n);
		return n;
	}
	while (done < n) {
		size_t part = n - done, left;
		uaddr_t to = segment_part(it, &part);

		left = clear_user(to, part);
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

ssize_t import_iovec(uaddr_t uvec, unsigned long nr, struct iov_iter *it, struct iovec **heap)
{
	struct iovec *iov = &it->one;
	ssize_t total;

	*heap = NULL;
	if (nr > UIO_MAXIOV)
		return -EINVAL;
	if (nr > 1) {
		iov = kmalloc(nr * sizeof(*iov), GFP_KERNEL);
		if (!iov)
			return -ENOMEM;
	}
	total = copy_from_user(iov, uvec, nr * sizeof(*iov)) ? -EFAULT : iovec_check(iov, nr);
	if (total < 0) {
		if (nr > 1)
			kfree(iov);
		return total;
	}
	if (nr > 1)
		*heap = iov;
	if (!nr)
		it->one = (struct iovec){ 0, 0 };
	it->iov = iov;
	it->nr = nr ? (u32)nr : 1;
	it->offset = 0;
	it->count = (size_t)total;
	it->kbuf = NULL;
	return total;
}
