// SPDX-License-Identifier: BSD-2-Clause
/*
 * From file to file inside the kernel: sendfile, copy_file_range.
 */
#include "internal.h"

#include <janus/notify.h>
#include <generated/syscalls.h>

/* Some bytes of the file that is read: in a page of its own, which is lent to us, or in a buffer of ours. */
struct piece {
	struct page *lent;
	u8 *buffer;		/* NULL until it is needed */
	u8 *bytes;
};

/* Up to n bytes from pos on, at most a page. How many, 0 at the end, or -errno. */
static ssize_t piece_get(struct piece *p, struct file *in, loff_t pos, size_t n, bool lend)
{
	struct iov_iter it;

	p->lent = lend ? file_lend_page(in, pos, &n) : NULL;
	if (p->lent) {
		p->bytes = (u8 *)page_address(p->lent) + ((size_t)pos & ~PAGE_MASK);
		return (ssize_t)n;
	}
	if (!p->buffer)
		p->buffer = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!p->buffer)
		return -ENOMEM;
	p->bytes = p->buffer;
	iov_iter_kernel(&it, p->buffer, min(n, PAGE_SIZE));
	return in->ops->read(in, &it, &pos);
}

static void piece_put(struct piece *p)
{
	if (p->lent)
		page_put(p->lent);
}

/* The piece to the other file. Bytes written, or -errno. */
static ssize_t piece_write(const struct piece *p, size_t n, struct file *out, loff_t *pos)
{
	struct iov_iter it;

	if (!out->ops->write || !(out->ops->splice & SPLICE_TO))
		return -EINVAL;
	iov_iter_kernel(&it, p->bytes, n);
	return out->ops->write(out, &it, pos);
}

/*
 * Move up to count bytes piece by piece. Positions are advanced by what arrived. Bytes moved, or the first error
 * when nothing was.
 */
static ssize_t copy_bytes(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t count)
{
	bool lend = in->inode != out->inode;	/* else a page could be copied onto itself */
	struct piece piece = { .buffer = NULL };
	ssize_t done = 0, n = 0, m;

	while (count) {
		n = piece_get(&piece, in, *in_pos, count, lend);
		if (n <= 0)
			break;
		m = piece_write(&piece, (size_t)n, out, out_pos);
		piece_put(&piece);
		if (m <= 0) {
			n = m;
			break;
		}
		*in_pos += m;
		done += m;
		count -= m;
		if (m < n || signal_pending())
			break;
		cond_resched();
	}
	kfree(piece.buffer);
	if (done) {
		if (S_ISREG(out->inode->mode))	/* told by the bytes' arrival, and once more by the call */
			notify_file(out, IN_MODIFY);
		notify_file(in, IN_ACCESS);
		notify_file(out, IN_MODIFY);
	}
	return done ? done : n;
}

/* Everything about the side that is read comes before the other is looked at. */
static ssize_t check_source(const struct file *in, const loff_t *pos, size_t count)
{
	if (!(in->mode & FMODE_READ))
		return -EBADF;
	if (pos && !(in->mode & FMODE_PREAD))
		return -ESPIPE;
	return (ssize_t)count < 0 || (pos && (*pos < 0 || *pos > INT64_MAX - (s64)count)) ? -EINVAL : 0;
}

static ssize_t do_sendfile(struct file *out, struct file *in, loff_t *pos, size_t count)
{
	loff_t in_pos, out_pos;
	ssize_t n;

	if (!(out->mode & FMODE_WRITE))
		return -EBADF;
	if (file_pipe(out))
		return splice_to_pipe(in, pos ? pos : &in->pos, out, count, 0);
	if (!(in->mode & FMODE_LSEEK) || (out->flags & O_APPEND))
		return -EINVAL;
	if (count && !(in->ops->splice & SPLICE_FROM))
		return -EINVAL;
	/* Both may be one file, with one position: each side has its own until the end. */
	out_pos = out->pos;
	in_pos = pos ? *pos : in->pos;
	n = copy_bytes(in, &in_pos, out, &out_pos, min(count, MAX_RW_COUNT));
	if (n > 0) {
		out->pos = out_pos;
		*(pos ? pos : &in->pos) = in_pos;
	}
	return n == -ERESTARTSYS && (out->flags & O_NONBLOCK) ? -EAGAIN : n;
}

long sys_sendfile(unsigned out_fd, unsigned in_fd, uaddr_t offset, size_t count)
{
	struct fd in, out;
	loff_t pos = 0;
	ssize_t n;

	if (offset && get_user(&pos, offset))
		return -EFAULT;
	in = fd_get(in_fd);
	n = in.file ? check_source(in.file, offset ? &pos : NULL, count) : -EBADF;
	if (!n) {
		out = fd_get(out_fd);
		n = -EBADF;
		if (out.file) {
			n = do_sendfile(out.file, in.file, offset ? &pos : NULL, count);
			fd_put(out);
		}
	}
	if (in.file)
		fd_put(in);
	if (offset && put_user(pos, s64, offset))	/* whatever came of it */
		return -EFAULT;
	return n;
}

static ssize_t check_range(struct file *in, loff_t in_pos, struct file *out, loff_t out_pos, size_t *count)
{
	s64 size;

	if (S_ISDIR(in->inode->mode) || S_ISDIR(out->inode->mode))
		return -EISDIR;
	if (!S_ISREG(in->inode->mode) || !S_ISREG(out->inode->mode))
		return -EINVAL;
	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE) || (out->flags & O_APPEND))
		return -EBADF;
	if (in->inode->sb != out->inode->sb)
		return -EXDEV;
	if ((u64)in_pos + *count < (u64)in_pos || (u64)out_pos + *count < (u64)out_pos)
		return -EOVERFLOW;
	if (in_pos < 0 || out_pos < 0)
		return -EINVAL;
	size = READ_ONCE(in->inode->size);
	*count = in_pos >= size ? 0 : min_t(u64, *count, size - in_pos);
	if ((u64)out_pos >= out->inode->sb->max_bytes)
		return -EFBIG;
	if (in->inode == out->inode && out_pos + (loff_t)*count > in_pos && out_pos < in_pos + (loff_t)*count)
		return -EINVAL;
	return 0;
}

long sys_copy_file_range(unsigned fd_in, uaddr_t off_in, unsigned fd_out, uaddr_t off_out, size_t len, unsigned flags)
{
	loff_t in_pos, out_pos;
	struct fd in = fd_get(fd_in), out = { NULL, false };
	ssize_t n = -EBADF;

	if (in.file)
		out = fd_get(fd_out);
	if (!in.file || !out.file)
		goto out;
	in_pos = in.file->pos;
	out_pos = out.file->pos;
	n = -EFAULT;
	if ((off_in && get_user(&in_pos, off_in)) || (off_out && get_user(&out_pos, off_out)))
		goto out;
	n = -EINVAL;
	if (flags)
		goto out;
	len = min(len, MAX_RW_COUNT);
	n = check_range(in.file, in_pos, out.file, out_pos, &len);
	if (n || !len)
		goto out;
	n = copy_bytes(in.file, &in_pos, out.file, &out_pos, len);
	if (n <= 0)
		goto out;
	if (off_in ? put_user(in_pos, s64, off_in) : (in.file->pos = in_pos, 0))
		n = -EFAULT;
	if (off_out ? put_user(out_pos, s64, off_out) : (out.file->pos = out_pos, 0))
		n = -EFAULT;
out:
	if (out.file)
		fd_put(out);
	if (in.file)
		fd_put(in);
	return n;
}
