// SPDX-License-Identifier: BSD-2-Clause
/*
 * splice, tee, vmsplice: bytes through a pipe without a visit to user memory.
 *
 * Between pipes the pages themselves move, or are shared (tee). A file's page in the cache is lent to the pipe, as on
 * Linux: what is written to the file meanwhile is seen there. Otherwise the bytes are copied once, by the
 * file's own read and write.
 */
#include "internal.h"

#include <janus/notify.h>
#include <generated/syscalls.h>
#include <janus/signal.h>

#define SPLICE_FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

static bool nonblocking(const struct file *f, unsigned flags)
{
	return (flags & SPLICE_F_NONBLOCK) || (f->flags & O_NONBLOCK);
}

/* The pipe is locked and has something: 1. 0: it never will. Else -errno, unlocked in every case but 1. */
static int lock_filled(struct pipe *p, bool nonblock)
{
	int err;

	for (;;) {
		mutex_lock(&p->lock);
		if (!pipe_empty(p))
			return 1;
		err = !p->writers ? 0 : nonblock ? -EAGAIN : 1;
		mutex_unlock(&p->lock);
		if (err <= 0)
			return err;
		err = wait_event_interruptible(&p->read_wait, !pipe_empty(p) || !READ_ONCE(p->writers));
		if (err)
			return err;
	}
}

/* The same for room. No reader: SIGPIPE. */
static int lock_roomy(struct pipe *p, bool nonblock)
{
	int err;

	for (;;) {
		mutex_lock(&p->lock);
		if (p->readers && !pipe_full(p))
			return 1;
		err = !p->readers ? -EPIPE : nonblock ? -EAGAIN : 1;
		mutex_unlock(&p->lock);
		if (err == -EPIPE)
			signal_send_thread(current, SIGPIPE, NULL);
		if (err <= 0)
			return err;
		err = wait_event_interruptible(&p->write_wait, !pipe_full(p) || !READ_ONCE(p->readers));
		if (err)
			return err;
	}
}

static void drop_front(struct pipe *p)
{
	page_put(pipe_slot(p, p->tail)->page);
	WRITE_ONCE(p->tail, p->tail + 1);
}

static void add_back(struct pipe *p, struct pipe_buf buf)
{
	*pipe_slot(p, p->head) = buf;
	WRITE_ONCE(p->head, p->head + 1);
}

/*
 * From a file whose read may wait for somebody (a terminal): the pipe is not locked meanwhile. What was read
 * must not be lost, so that room for it is then waited for whatever the flags.
 */
static ssize_t stream_to_pipe(struct file *in, struct file *out, size_t len, unsigned flags)
{
	struct pipe *p = file_pipe(out);
	struct page *page = alloc_page(GFP_KERNEL);
	ssize_t n = page ? lock_roomy(p, nonblocking(out, flags)) : -ENOMEM, room;
	struct iov_iter it;

	if (n > 0) {
		mutex_unlock(&p->lock);
		iov_iter_kernel(&it, page_address(page), min(len, PAGE_SIZE));
		if (in->ops->splice_read)
			n = in->ops->splice_read(in, &it, nonblocking(out, flags));
		else
			n = in->ops->read(in, &it, &in->pos);
	}
	if (n <= 0) {
		if (page)
			page_put(page);
		return n;
	}
	do
		room = lock_roomy(p, false);
	while (room == -ERESTARTSYS && !fatal_signal_pending());
	if (room <= 0) {
		page_put(page);
		return room;
	}
	add_back(p, (struct pipe_buf){ .page = page, .len = n });
	mutex_unlock(&p->lock);
	wake_up_all(&p->read_wait);
	pipe_signal_readers(p);
	return n;
}

/* Up to a page of the file's bytes behind the others in the pipe. How many, 0 at the file's end, or -errno. */
static ssize_t add_bytes(struct pipe *p, struct file *in, loff_t *pos, size_t len)
{
	struct page *page = file_lend_page(in, *pos, &len);
	struct iov_iter it;
	ssize_t n;

	if (page) {
		add_back(p, (struct pipe_buf){
			.page = page, .offset = (u32)(*pos & ~PAGE_MASK), .len = (u32)len, .shared = true });
		*pos += (loff_t)len;
		return (ssize_t)len;
	}
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	iov_iter_kernel(&it, page_address(page), min(len, PAGE_SIZE));
	n = in->ops->read(in, &it, pos);
	if (n > 0)
		add_back(p, (struct pipe_buf){ .page = page, .len = (u32)n });
	else
		page_put(page);
	return n;
}

/* *pos may be the file's own, which others move meanwhile: it is read once, and set at the end. */
static ssize_t file_to_pipe(struct file *in, loff_t *pos, struct file *out, size_t len, unsigned flags)
{
	struct pipe *p = file_pipe(out);
	ssize_t done = 0, n = lock_roomy(p, nonblocking(out, flags));
	loff_t at = READ_ONCE(*pos);

	if (n <= 0)
		return n;
	n = 0;
	while (len && !pipe_full(p)) {
		n = add_bytes(p, in, &at, len);
		if (n <= 0)
			break;
		done += n;
		len -= n;
	}
	mutex_unlock(&p->lock);
	if (done) {
		WRITE_ONCE(*pos, at);
		wake_up_all(&p->read_wait);
		pipe_signal_readers(p);
	}
	return done ? done : n;
}

ssize_t splice_to_pipe(struct file *in, loff_t *pos, struct file *out, size_t len, unsigned flags)
{
	struct pipe *p = file_pipe(out);
	int n;

	len = min(len, MAX_RW_COUNT);
	if (in->ops->splice & SPLICE_FROM)
		return in->mode & FMODE_PREAD ? file_to_pipe(in, pos, out, len, flags) :
			stream_to_pipe(in, out, len, flags);
	n = lock_roomy(p, nonblocking(out, flags));	/* that is asked for first */
	if (n > 0)
		mutex_unlock(&p->lock);
	return n > 0 ? -EINVAL : n;
}

static ssize_t pipe_to_file(struct file *in, struct file *out, loff_t *pos, size_t len, unsigned flags)
{
	struct pipe *p = file_pipe(in);
	ssize_t done = 0, n = lock_filled(p, nonblocking(in, flags));
	loff_t at = READ_ONCE(*pos);
	struct iov_iter it;

	if (n <= 0)
		return n;
	while (len && !pipe_empty(p)) {
		struct pipe_buf *buf = pipe_slot(p, p->tail);

		iov_iter_kernel(&it, (u8 *)page_address(buf->page) + buf->offset, min_t(size_t, buf->len, len));
		n = out->ops->write(out, &it, &at);
		if (n <= 0)
			break;
		buf->offset += n;
		buf->len -= n;
		done += n;
		len -= n;
		if (!buf->len)
			drop_front(p);
	}
	mutex_unlock(&p->lock);
	if (done) {
		WRITE_ONCE(*pos, at);
		notify_file(out, IN_MODIFY);
		wake_up_all(&p->write_wait);
		pipe_signal_writers(p);
	}
	return done ? done : n;
}

static void lock_two(struct pipe *a, struct pipe *b)
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_two(struct pipe *a, struct pipe *b)
{
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
}

/* Wait until `from` has something and `to` has room, then lock both: 1; 0: from has ended; or -errno. */
static int lock_flow(struct pipe *from, struct pipe *to, bool nonblock)
{
	int n;

	for (;;) {
		n = lock_filled(from, nonblock);
		if (n <= 0)
			return n;
		mutex_unlock(&from->lock);
		n = lock_roomy(to, nonblock);
		if (n <= 0)
			return n;
		mutex_unlock(&to->lock);
		lock_two(from, to);
		if (!pipe_empty(from) && to->readers && !pipe_full(to))
			return 1;
		unlock_two(from, to);
	}
}

/* Up to len bytes from the front of one pipe to the back of another; with `keep` they stay in the first, too. */
static ssize_t pipe_to_pipe(struct file *in, struct file *out, size_t len, unsigned flags, bool keep)
{
	struct pipe *from = file_pipe(in), *to = file_pipe(out);
	ssize_t done = 0, n = lock_flow(from, to, nonblocking(in, flags) || nonblocking(out, flags));

	if (n <= 0)
		return n;
	for (u32 i = from->tail; len && i != from->head && !pipe_full(to); i++) {
		struct pipe_buf *buf = pipe_slot(from, i), part = *buf;

		part.len = min_t(size_t, buf->len, len);
		part.shared = true;
		buf->shared = true;
		page_get(part.page);
		add_back(to, part);
		done += part.len;
		len -= part.len;
		if (keep)
			continue;
		buf->offset += part.len;
		buf->len -= part.len;
		if (!buf->len)
			drop_front(from);
	}
	unlock_two(from, to);
	wake_up_all(&to->read_wait);
	pipe_signal_readers(to);
	if (!keep) {
		wake_up_all(&from->write_wait);
		pipe_signal_writers(from);
	}
	return done;
}

/* One side is a file, the other a pipe: its position is *pos. */
static ssize_t splice_file(struct file *in, struct file *out, loff_t *pos, size_t len, unsigned flags)
{
	if (file_pipe(in)) {
		if (!(out->ops->splice & SPLICE_TO) || (out->flags & O_APPEND))
			return -EINVAL;
		return pipe_to_file(in, out, pos ? pos : &out->pos, len, flags);
	}
	return splice_to_pipe(in, pos ? pos : &in->pos, out, len, flags);
}

static ssize_t do_splice(struct file *in, uaddr_t off_in, struct file *out, uaddr_t off_out, size_t len, unsigned flags)
{
	bool in_pipe = file_pipe(in), out_pipe = file_pipe(out);
	uaddr_t where = off_in ? off_in : off_out;
	loff_t pos = 0;
	ssize_t n;

	if ((in_pipe && off_in) || (out_pipe && off_out))
		return -ESPIPE;
	if ((off_out && get_user(&pos, off_out)) || (off_in && get_user(&pos, off_in)))
		return -EFAULT;
	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE))
		return -EBADF;
	if (in_pipe && out_pipe)
		return file_pipe(in) == file_pipe(out) ? -EINVAL : pipe_to_pipe(in, out, len, flags, false);
	if (!in_pipe && !out_pipe)
		return -EINVAL;
	if (where) {
		if (!(in_pipe ? out->mode & FMODE_PWRITE : in->mode & FMODE_PREAD))
			return -EINVAL;
		if (pos < 0)
			return -EINVAL;
	}
	n = splice_file(in, out, where ? &pos : NULL, min(len, MAX_RW_COUNT), flags);
	if (n >= 0 && where && put_user(pos, s64, where))	/* nothing moved, and it is written all the same */
		return -EFAULT;
	return n;
}

long sys_splice(unsigned fd_in, uaddr_t off_in, unsigned fd_out, uaddr_t off_out, size_t len, unsigned flags)
{
	struct fd in, out;
	ssize_t n = -EBADF;

	if (!len)
		return 0;
	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	in = fd_get(fd_in);
	if (!in.file)
		return -EBADF;
	out = fd_get(fd_out);
	if (out.file) {
		n = do_splice(in.file, off_in, out.file, off_out, len, flags);
		fd_put(out);
	}
	fd_put(in);
	return n;
}

long sys_tee(unsigned fd_in, unsigned fd_out, size_t len, unsigned flags)
{
	struct fd in, out;
	ssize_t n = -EBADF;

	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	if (!len)
		return 0;
	in = fd_get(fd_in);
	if (!in.file)
		return -EBADF;
	out = fd_get(fd_out);
	if (out.file) {
		if (!(in.file->mode & FMODE_READ) || !(out.file->mode & FMODE_WRITE))
			n = -EBADF;
		else if (!file_pipe(in.file) || !file_pipe(out.file) || file_pipe(in.file) == file_pipe(out.file))
			n = -EINVAL;
		else
			n = pipe_to_pipe(in.file, out.file, len, flags, true);
		fd_put(out);
	}
	fd_put(in);
	return n;
}

/* The user's pages are copied, not lent: what is in the pipe does not change with them. */
static ssize_t do_vmsplice(struct file *f, struct iov_iter *it, unsigned flags)
{
	struct pipe *p = file_pipe(f);
	bool write = f->mode & FMODE_WRITE;
	loff_t pos = 0;
	int n;

	if (!it->count)
		return 0;
	if (!p)
		return -EBADF;
	/* How the file was opened does not matter here. */
	n = write ? lock_roomy(p, flags & SPLICE_F_NONBLOCK) : lock_filled(p, flags & SPLICE_F_NONBLOCK);
	if (n <= 0)
		return n;
	/* As much as there is room for now, so that the write does not wait in the middle. */
	if (write)
		it->count = min_t(size_t, it->count, (p->nr_slots - (p->head - p->tail)) * PAGE_SIZE);
	mutex_unlock(&p->lock);
	return write ? f->ops->write(f, it, &pos) : f->ops->read(f, it, &pos);
}

long sys_vmsplice(unsigned fd, uaddr_t vec, unsigned long nr_segs, unsigned flags)
{
	struct iovec *heap;
	struct iov_iter it;
	struct fd f;
	ssize_t n;

	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	n = -EBADF;
	if (f.file->mode & (FMODE_READ | FMODE_WRITE))
		n = import_iovec(vec, nr_segs, &it, &heap);
	if (n >= 0) {
		n = do_vmsplice(f.file, &it, flags);
		kfree(heap);
	}
	fd_put(f);
	return n;
}
