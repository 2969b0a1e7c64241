// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading, writing and seeking.
 */
#include "internal.h"

#include <janus/notify.h>
#include <generated/syscalls.h>

/*
 * The file position. Calls on a regular file or directory take turns; no turn is needed when this
 * descriptor is the only reference and nobody shares the table (then f was not counted either).
 */
static inline bool pos_lock(struct file *f)
{
	if (!(f->mode & FMODE_ATOMIC_POS) || likely(ref_read(&f->refs) == 1))
		return false;
	mutex_lock(&f->pos_lock);
	return true;
}

static inline void pos_unlock(struct file *f, bool locked)
{
	if (unlikely(locked))
		mutex_unlock(&f->pos_lock);
}

static inline bool is_alone(const struct file *f)
{
	return likely(ref_read(&f->refs) == 1 && !(f->mode & FMODE_WATCHED));
}

/*
 * read, write and lseek have a short way, for a file of fd_own() that nobody else can use meanwhile: no turn to be
 * taken, nothing counted, nobody to be told. What is not as simple as that, and every error, goes the long way.
 */
static inline bool is_simple(const struct file *f, u32 mode)
{
	return likely(f && (f->mode & mode)) && (!(f->mode & FMODE_CAREFUL) || is_alone(f));
}

/* Would the end of a transfer lie beyond the largest position? */
static inline bool too_far(loff_t pos, size_t count)
{
	return unlikely((loff_t)((u64)pos + min(count, MAX_RW_COUNT)) < 0);
}

typedef ssize_t (*transfer_fn)(struct file *, struct iov_iter *, loff_t *);

/* Such a file can do it, and the buffer is all there is to it. */
static inline bool is_plain(transfer_fn op, uaddr_t buf, size_t count)
{
	return likely(op && count <= MAX_RW_COUNT && access_ok(buf, count));
}

static inline transfer_fn transfer_of(const struct file *f, bool write)
{
	return write ? f->ops->write : f->ops->read;
}

static inline transfer_fn nowait_of(const struct file *f, bool write)
{
	return write ? f->ops->write_nowait : f->ops->read_nowait;
}

/* Whoever watches the file is told. */
static inline void transferred(struct file *f, ssize_t n, bool write)
{
	if (n > 0)
		notify_file(f, write ? IN_MODIFY : IN_ACCESS);
}

/* May f be read or written at all? */
static inline ssize_t may_transfer(const struct file *f, bool write)
{
	if (unlikely(!(f->mode & (write ? FMODE_WRITE : FMODE_READ))))
		return -EBADF;
	return likely(transfer_of(f, write) != NULL) ? 0 : -EINVAL;
}

static __noinline ssize_t long_transfer(unsigned fd, uaddr_t buf, size_t count, bool write)
{
	struct fd f = fd_get(fd);
	struct iov_iter it;
	ssize_t n;
	bool locked;

	if (!f.file)
		return -EBADF;
	n = may_transfer(f.file, write);
	if (!n && !access_ok(buf, count))
		n = -EFAULT;
	if (!n) {
		iov_iter_user(&it, buf, min(count, MAX_RW_COUNT));
		locked = pos_lock(f.file);
		n = transfer_of(f.file, write)(f.file, &it, &f.file->pos);
		pos_unlock(f.file, locked);
		transferred(f.file, n, write);
	}
	fd_put(f);
	return n;
}

long sys_read(unsigned fd, uaddr_t buf, size_t count)
{
	struct file *f = fd_own(fd);
	struct iov_iter it;

	if (is_simple(f, FMODE_READ) && is_plain(f->ops->read, buf, count)) {
		iov_iter_user(&it, buf, count);
		return f->ops->read(f, &it, &f->pos);
	}
	return long_transfer(fd, buf, count, false);
}

long sys_write(unsigned fd, uaddr_t buf, size_t count)
{
	struct file *f = fd_own(fd);
	struct iov_iter it;

	if (is_simple(f, FMODE_WRITE) && is_plain(f->ops->write, buf, count)) {
		iov_iter_user(&it, buf, count);
		return f->ops->write(f, &it, &f->pos);
	}
	return long_transfer(fd, buf, count, true);
}

/* pread64 and pwrite64 have the same two ways; a place of their own needs no turn. */
static __noinline ssize_t long_transfer_at(unsigned fd, uaddr_t buf, size_t count, loff_t pos, bool write)
{
	struct iov_iter it;
	struct fd f;
	ssize_t n;

	if (pos < 0)
		return -EINVAL;
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	n = -ESPIPE;
	if (f.file->mode & (write ? FMODE_PWRITE : FMODE_PREAD)) {
		n = may_transfer(f.file, write);
		if (!n && too_far(pos, count))
			n = -EINVAL;
		if (!n && !access_ok(buf, count))
			n = -EFAULT;
		if (!n) {
			iov_iter_user(&it, buf, min(count, MAX_RW_COUNT));
			n = transfer_of(f.file, write)(f.file, &it, &pos);
			transferred(f.file, n, write);
		}
	}
	fd_put(f);
	return n;
}

static inline bool is_simple_at(const struct file *f, u32 mode, loff_t pos)
{
	return likely(f && (f->mode & (mode | FMODE_WATCHED)) == mode && pos >= 0 &&
		      pos <= INT64_MAX - (loff_t)MAX_RW_COUNT);
}

long sys_pread64(unsigned fd, uaddr_t buf, size_t count, loff_t pos)
{
	struct file *f = fd_own(fd);
	struct iov_iter it;

	if (is_simple_at(f, FMODE_READ | FMODE_PREAD, pos) && is_plain(f->ops->read, buf, count)) {
		iov_iter_user(&it, buf, count);
		return f->ops->read(f, &it, &pos);
	}
	return long_transfer_at(fd, buf, count, pos, false);
}

long sys_pwrite64(unsigned fd, uaddr_t buf, size_t count, loff_t pos)
{
	struct file *f = fd_own(fd);
	struct iov_iter it;

	if (is_simple_at(f, FMODE_WRITE | FMODE_PWRITE, pos) && is_plain(f->ops->write, buf, count)) {
		iov_iter_user(&it, buf, count);
		return f->ops->write(f, &it, &pos);
	}
	return long_transfer_at(fd, buf, count, pos, true);
}

/* ---- vectors ---- */

#define RWF_KNOWN (RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND)

/* Each segment by itself, until one is not moved whole; behind one that was, empty ones are passed over. */
static ssize_t each_segment(struct file *f, transfer_fn op, const struct iovec *iov, unsigned long nr, loff_t *pos)
{
	ssize_t done = 0, n;
	struct iov_iter it;

	for (unsigned long i = 0; i < nr; i++) {
		if (i && !iov[i].len)
			continue;
		iov_iter_user(&it, iov[i].base, iov[i].len);
		n = op(f, &it, pos);
		if (n < 0)
			return done ? done : n;
		done += n;
		if ((size_t)n != iov[i].len)
			break;
	}
	return done;
}

/* readv and writev: at *pos, or at the own position of the file; a bad vector is told before a wrong mode. */
static ssize_t do_vector(struct file *f, uaddr_t vec, unsigned long nr, loff_t *pos, bool write, bool nowait)
{
	transfer_fn op = nowait ? nowait_of(f, write) : transfer_of(f, write);
	ssize_t n;
	struct iov_iter it;
	struct iovec *heap;
	bool locked = false;

	n = import_iovec(vec, nr, &it, &heap);
	if (n < 0)
		return n;
	if (!(f->mode & (write ? FMODE_WRITE : FMODE_READ))) {
		n = -EBADF;
	} else if (!op) {
		n = -EINVAL;
	} else if (pos && too_far(*pos, n)) {
		n = -EINVAL;
	} else if (n) {
		locked = !pos && pos_lock(f);
		if (unlikely(heap && (f->ops->each & (write ? EACH_WRITE : EACH_READ))))
			n = each_segment(f, op, heap, nr, pos ? pos : &f->pos);
		else
			n = op(f, &it, pos ? pos : &f->pos);
		pos_unlock(f, locked);
		transferred(f, n, write);
	}
	if (!n && !write)
		notify_file(f, IN_ACCESS);	/* unlike a read, a vector of nothing, or at the end, is heard of */
	kfree(heap);
	return n;
}

static long vector_at(unsigned fd, uaddr_t vec, unsigned long nr, loff_t pos, bool write, bool nowait)
{
	struct fd f;
	ssize_t n = -ESPIPE;

	if (pos < 0)
		return -EINVAL;
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	if (f.file->mode & (write ? FMODE_PWRITE : FMODE_PREAD))
		n = do_vector(f.file, vec, nr, &pos, write, nowait);
	fd_put(f);
	return n;
}

static long vector_here(unsigned fd, uaddr_t vec, unsigned long nr, bool write, bool nowait)
{
	struct fd f = fd_get(fd);
	ssize_t n;

	if (!f.file)
		return -EBADF;
	n = do_vector(f.file, vec, nr, NULL, write, nowait);
	fd_put(f);
	return n;
}

long sys_readv(unsigned fd, uaddr_t vec, unsigned long vlen)
{
	return vector_here(fd, vec, vlen, false, false);
}

long sys_writev(unsigned fd, uaddr_t vec, unsigned long vlen)
{
	return vector_here(fd, vec, vlen, true, false);
}

/* On a 64-bit machine the low word is the whole position. */
long sys_preadv(unsigned fd, uaddr_t vec, unsigned long vlen, unsigned long pos_low, unsigned long pos_high)
{
	return vector_at(fd, vec, vlen, pos_low, false, false);
}

long sys_pwritev(unsigned fd, uaddr_t vec, unsigned long vlen, unsigned long pos_low, unsigned long pos_high)
{
	return vector_at(fd, vec, vlen, pos_low, true, false);
}

/*
 * A directory, and what is handed one segment after the other, takes no flag but RWF_HIPRI; RWF_NOWAIT takes who
 * knows how. Our files live in memory, so syncing is nothing to do.
 */
static bool rwf_refused(unsigned fd, int flags, bool write)
{
	struct fd f;
	bool refused;

	if (flags & ~RWF_KNOWN)
		return true;
	if (!(flags & ~RWF_HIPRI))
		return false;
	f = fd_get(fd);
	if (!f.file)
		return false;
	refused = S_ISDIR(f.file->inode->mode) || f.file->ops->each & (write ? EACH_WRITE : EACH_READ) ||
		  (flags & RWF_NOWAIT && !nowait_of(f.file, write));
	fd_put(f);
	return refused;
}

/* With refused flags: what is wrong with the other arguments comes first, and no bytes are no error. */
static long refuse_rwf(unsigned fd, uaddr_t vec, unsigned long nr, loff_t pos, bool write)
{
	struct iovec *heap = NULL;
	struct iov_iter it;
	ssize_t n = -EBADF;
	struct fd f;

	if (pos < -1)
		return -EINVAL;
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	if (pos != -1 && !(f.file->mode & (write ? FMODE_PWRITE : FMODE_PREAD)))
		n = -ESPIPE;
	else
		n = import_iovec(vec, nr, &it, &heap);
	if (n >= 0) {
		n = may_transfer(f.file, write);
		if (!n && it.count)
			n = -EOPNOTSUPP;
		if (!n && !write)
			notify_file(f.file, IN_ACCESS);
		kfree(heap);
	}
	fd_put(f);
	return n;
}

long sys_preadv2(unsigned fd, uaddr_t vec, unsigned long vlen, unsigned long pos_low, unsigned long pos_high, int flags)
{
	if (rwf_refused(fd, flags, false))
		return refuse_rwf(fd, vec, vlen, pos_low, false);
	if (pos_low == -1UL)
		return vector_here(fd, vec, vlen, false, flags & RWF_NOWAIT);
	return vector_at(fd, vec, vlen, pos_low, false, flags & RWF_NOWAIT);
}

/* RWF_APPEND: at the end, whatever the position; the file's own moves there when pos is -1. */
static long append_vector(unsigned fd, uaddr_t vec, unsigned long vlen, loff_t pos, bool nowait)
{
	struct fd f = fd_get(fd);
	loff_t end;
	ssize_t n;

	if (!f.file)
		return -EBADF;
	end = READ_ONCE(f.file->inode->size);
	n = pos != -1 && !(f.file->mode & FMODE_PWRITE) ? -ESPIPE : do_vector(f.file, vec, vlen, &end, true, nowait);
	if (n > 0 && pos == -1) {
		bool locked = pos_lock(f.file);

		f.file->pos = end;
		pos_unlock(f.file, locked);
	}
	fd_put(f);
	return n;
}

long sys_pwritev2(unsigned fd, uaddr_t vec, unsigned long vlen, unsigned long pos_low, unsigned long pos_high,
		  int flags)
{
	if (rwf_refused(fd, flags, true))
		return refuse_rwf(fd, vec, vlen, pos_low, true);
	if (flags & RWF_APPEND)
		return append_vector(fd, vec, vlen, pos_low, flags & RWF_NOWAIT);
	if (pos_low == -1UL)
		return vector_here(fd, vec, vlen, true, flags & RWF_NOWAIT);
	return vector_at(fd, vec, vlen, pos_low, true, flags & RWF_NOWAIT);
}

/* ---- seeking ---- */

loff_t noop_llseek(struct file *f, loff_t offset, int whence)
{
	return f->pos;
}

loff_t dir_llseek(struct file *f, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += f->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	return f->pos = offset;
}

static bool is_data(const struct page *page)
{
	return page && !(READ_ONCE(page->flags) & PG_HOLLOW);
}

/* First byte at or after offset that a page holds (data), or that none does. */
static loff_t find_data(struct inode *inode, loff_t offset, bool data)
{
	u64 index = (u64)offset >> PAGE_SHIFT, at = index;
	loff_t found;

	if (offset < 0 || offset >= inode->size)
		return -ENXIO;
	if (data) {
		struct page *page;

		while ((page = radix_next(&inode->mapping.pages, &at)) && !is_data(page))
			at++;
		if (!page)
			return -ENXIO;
	} else {
		while (is_data(radix_lookup(&inode->mapping.pages, at)) && (loff_t)(at << PAGE_SHIFT) < inode->size)
			at++;
	}
	found = max_t(loff_t, at << PAGE_SHIFT, offset);
	if (found >= inode->size)
		return data ? -ENXIO : inode->size;
	return found;
}

static inline loff_t seek_to(struct file *f, loff_t offset)
{
	if (unlikely(offset < 0 || (u64)offset > f->inode->sb->max_bytes))
		return -EINVAL;
	return f->pos = offset;
}

/* SEEK_END, SEEK_DATA and SEEK_HOLE. */
static __noinline loff_t seek_by_contents(struct file *f, loff_t offset, int whence)
{
	struct inode *inode = f->inode;

	if (whence == SEEK_END) {
		offset = (loff_t)((u64)offset + (u64)READ_ONCE(inode->size));
	} else if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		down_read(&inode->lock);
		offset = find_data(inode, offset, whence == SEEK_DATA);
		up_read(&inode->lock);
		if (offset < 0)
			return offset;
	} else {
		return -EINVAL;
	}
	return seek_to(f, offset);
}

loff_t generic_llseek(struct file *f, loff_t offset, int whence)
{
	if (unlikely(whence > SEEK_CUR))
		return seek_by_contents(f, offset, whence);
	if (whence == SEEK_CUR) {
		if (!offset)
			return f->pos;
		offset = (loff_t)((u64)offset + (u64)f->pos);	/* too far is negative, and EINVAL */
	}
	return seek_to(f, offset);
}

loff_t plain_llseek(struct file *f, loff_t offset, int whence)
{
	loff_t size = READ_ONCE(f->inode->size);

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_llseek(f, offset, whence);
	return offset >= size ? -ENXIO : seek_to(f, whence == SEEK_DATA ? offset : size);
}

static __noinline loff_t long_lseek(unsigned fd, loff_t offset, unsigned whence)
{
	struct fd f = fd_get(fd);
	bool locked;
	loff_t n;

	if (!f.file)
		return -EBADF;
	if (whence > SEEK_HOLE) {
		n = -EINVAL;
	} else if (!(f.file->mode & FMODE_LSEEK)) {
		n = -ESPIPE;
	} else {
		locked = pos_lock(f.file);
		n = f.file->ops->llseek(f.file, offset, whence);
		pos_unlock(f.file, locked);
	}
	fd_put(f);
	return n;
}

long sys_lseek(unsigned fd, loff_t offset, unsigned whence)
{
	struct file *f = fd_own(fd);

	/* Nobody is told of a new position. */
	if (likely(f && (f->mode & FMODE_LSEEK)) &&
	    (!(f->mode & FMODE_ATOMIC_POS) || likely(ref_read(&f->refs) == 1)) && likely(whence <= SEEK_HOLE))
		return f->ops->llseek(f, offset, whence);
	return long_lseek(fd, offset, whence);
}
