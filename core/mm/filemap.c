// SPDX-License-Identifier: BSD-2-Clause
/*
 * The page cache: one copy of a file's pages for read, write and mmap.
 *
 * A page in the cache has one reference from there. Truncation takes it out first (page->mapping becomes
 * NULL) and unmaps it then, so a fault that looks at page->mapping under pt_lock, after which nothing can
 * unmap what it is about to install before it has, never leaves a page behind that is no longer the file's.
 */
#include "internal.h"

#include <janus/printk.h>
#include <janus/radix.h>
#include <janus/signal.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <uapi/fcntl.h>

static struct wait_queue page_wait = WAIT_QUEUE_INIT(page_wait);	/* for PG_LOCKED of any page */

void address_space_init(struct address_space *m, struct inode *inode, const struct address_space_ops *ops)
{
	*m = (struct address_space){ .inode = inode, .ops = ops };
	spin_init(&m->lock);
	spin_init(&m->mmap_lock);
	list_init(&m->mappings);
}

/* Memory is the store: nothing to read from, nothing to write to, and no page may go. */
static bool memory_backed(const struct address_space *m)
{
	return !m->ops || !m->ops->read_page;
}

struct page *mapping_find_page(struct address_space *m, u64 index)
{
	struct page *page;

	spin_lock(&m->lock);
	page = radix_lookup(&m->pages, index);
	if (page)
		page_get(page);
	spin_unlock(&m->lock);
	return page;
}

static void count_cached(const struct page *page, s64 n)
{
	counters()->cached += n;
	if (page->flags & PG_UNEVICTABLE)
		counters()->shmem += n;
}

/* Tell the owner of a file system with a limit: `n` pages come (0 or -ENOSPC) or went. */
static int charge(struct address_space *m, s64 n)
{
	return m->ops && m->ops->charge ? m->ops->charge(m->inode, n) : 0;
}

/*
 * Put a new page at index. The caller's reference becomes the cache's, and it gets one of its own. 0,
 * -EEXIST, -ENOMEM, -ENOSPC.
 */
static int mapping_insert(struct address_space *m, u64 index, struct page *page)
{
	int err = charge(m, 1);

	if (err)
		return err;
	page->mapping = m;
	page->index = index;
	page->refs = 2;
	spin_lock(&m->lock);
	err = radix_insert(&m->pages, index, page);
	if (!err)
		m->nr_pages++;
	spin_unlock(&m->lock);
	if (err) {
		charge(m, -1);
		page->mapping = NULL;
		page->refs = 1;
		return err;
	}
	count_cached(page, 1);
	return 0;
}

/* Another thread fills the page: wait until it is done. */
static int page_wait_uptodate(struct page *page)
{
	wait_event(&page_wait, !(READ_ONCE(page->flags) & PG_LOCKED));
	return READ_ONCE(page->flags) & PG_UPTODATE ? 0 : -EIO;
}

static void mapping_remove(struct address_space *m, struct page *page);

/* A page that is not there yet: cleared, with these flags too, or read from the store. */
static struct page *mapping_fill(struct address_space *m, u64 index, unsigned gfp, u32 flags)
{
	struct page *page = alloc_page(memory_backed(m) ? gfp | GFP_ZERO : gfp);
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	page->flags = memory_backed(m) ? PG_UPTODATE | PG_UNEVICTABLE | flags : PG_LOCKED;
	err = mapping_insert(m, index, page);
	if (err) {
		free_pages(page, 0);
		return ERR_PTR(err);
	}
	if (page->flags & PG_UPTODATE)
		return page;
	err = m->ops->read_page(m->inode, page);
	if (!err)
		page_set_flag(page, PG_UPTODATE);
	page_clear_flag(page, PG_LOCKED);
	wake_up_all(&page_wait);
	if (!err)
		return page;
	mapping_remove(m, page);
	page_put(page);
	return ERR_PTR(err);
}

static struct page *get_page(struct address_space *m, u64 index, bool create, unsigned gfp)
{
	for (;;) {
		struct page *page = mapping_find_page(m, index);

		if (likely(page)) {
			if (likely(!(page->flags & (PG_LOCKED | PG_HOLLOW))))
				return page;
			if (page->flags & PG_HOLLOW && create)
				page_clear_flag(page, PG_HOLLOW);
			if (!page_wait_uptodate(page))
				return page;
			page_put(page);
			return ERR_PTR(-EIO);
		}
		if (!create && memory_backed(m))
			return ERR_PTR(-ENOENT);
		page = mapping_fill(m, index, gfp, 0);
		if (page != ERR_PTR(-EEXIST))
			return page;
	}
}

int mapping_reserve(struct address_space *m, u64 index)
{
	struct page *page;
	bool fresh;

	do {
		page = mapping_find_page(m, index);
		fresh = !page;
		if (fresh)
			page = mapping_fill(m, index, GFP_USER, PG_HOLLOW);
	} while (page == ERR_PTR(-EEXIST));
	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	if (!fresh && page->flags & PG_HOLLOW)	/* the second time it is data, on Linux too */
		page_clear_flag(page, PG_HOLLOW);
	page_put(page);
	return 0;
}

/* ---- truncation ---- */

static void mapping_remove(struct address_space *m, struct page *page)
{
	spin_lock(&m->lock);
	if (page->mapping == m) {
		radix_delete(&m->pages, page->index);
		WRITE_ONCE(page->mapping, NULL);
		m->nr_pages--;
		count_cached(page, -1);
		spin_unlock(&m->lock);
		charge(m, -1);
		page_put(page);
		return;
	}
	spin_unlock(&m->lock);
}

static void zero_part(struct address_space *m, u64 index, size_t from, size_t to)
{
	struct page *page = mapping_find_page(m, index);

	if (!page)
		return;
	memset((char *)page_address(page) + from, 0, to - from);
	page_put(page);
}

/* Take the pages [first, last] out of the tree. */
static void remove_pages(struct address_space *m, u64 first, u64 last)
{
	s64 removed = 0;

	for (; m->nr_pages; removed++) {
		struct page *page;

		spin_lock(&m->lock);
		page = radix_next(&m->pages, &first);
		if (!page || first > last) {
			spin_unlock(&m->lock);
			break;
		}
		radix_delete(&m->pages, first);
		WRITE_ONCE(page->mapping, NULL);
		m->nr_pages--;
		count_cached(page, -1);
		spin_unlock(&m->lock);
		page_put_owner(page);
	}
	if (removed)
		charge(m, -removed);
}

void mapping_truncate(struct address_space *m, u64 from, u64 to)
{
	u64 first = (from + PAGE_SIZE - 1) >> PAGE_SHIFT, end = to >> PAGE_SHIFT;
	bool tail = to >= (u64)INT64_MAX;

	if (from >= to || !m->nr_pages)
		return;
	if (from & ~PAGE_MASK) {
		u64 page_start = from & PAGE_MASK;

		zero_part(m, from >> PAGE_SHIFT, from - page_start, min_t(u64, PAGE_SIZE, to - page_start));
	}
	if (!tail && to & ~PAGE_MASK && end >= first)
		zero_part(m, end, 0, to & ~PAGE_MASK);
	if (tail)
		end = (u64)INT64_MAX >> PAGE_SHIFT;
	if (first >= end)
		return;
	remove_pages(m, first, end - 1);
	unmap_mapping_range(m, first, end - 1, tail);
}

/* ---- read and write ---- */

#define RUN 16	/* pages that one look at the tree takes */

/* The pages from index on that are there and filled, up to nr, each counted; how many. */
static inline unsigned find_run(struct address_space *m, u64 index, unsigned nr, struct page **run)
{
	void *const *slot;
	unsigned n = 0;

	spin_lock(&m->lock);
	slot = radix_run(&m->pages, index);
	nr = likely(slot) ? min_t(unsigned, nr, 64 - index % 64) : 0;
	for (; n < nr; n++) {
		struct page *page = slot[n];

		if (unlikely(!page || page->flags & PG_LOCKED))
			break;
		page_get(page);
		run[n] = page;
	}
	spin_unlock(&m->lock);
	return n;
}

/* A page that is not there: a hole, or to be read from the store. Bytes, 0 on a fault, or -errno. */
static __noinline ssize_t read_missing(struct address_space *m, s64 at, size_t n, struct iov_iter *it)
{
	struct page *page = get_page(m, (u64)at >> PAGE_SHIFT, false, GFP_USER);
	size_t copied;

	if (page == ERR_PTR(-ENOENT))
		return (ssize_t)zero_iter(n, it);
	if (IS_ERR(page))
		return PTR_ERR(page);
	copied = copy_to_iter((char *)page_address(page) + ((size_t)at & ~PAGE_MASK), n, it);
	page_put(page);
	return (ssize_t)copied;
}

/* From one page, as most reads are. Bytes, 0 on a fault, or -errno. */
static inline ssize_t read_page(struct address_space *m, s64 at, size_t n, struct iov_iter *it)
{
	struct page *page;
	size_t copied;

	if (unlikely(!find_run(m, (u64)at >> PAGE_SHIFT, 1, &page)))
		return read_missing(m, at, n, it);
	copied = copy_to_iter((char *)page_address(page) + ((size_t)at & ~PAGE_MASK), n, it);
	page_put(page);
	return (ssize_t)copied;
}

/* Up to `left` bytes, as many as one look finds. Bytes, 0 on a fault at the first, or -errno. */
static __noinline ssize_t read_run(struct address_space *m, s64 at, size_t left, struct iov_iter *it)
{
	size_t offset = (size_t)at & ~PAGE_MASK, done = 0;
	struct page *run[RUN];
	unsigned nr = min_t(size_t, (offset + left + PAGE_SIZE - 1) >> PAGE_SHIFT, RUN);

	nr = find_run(m, (u64)at >> PAGE_SHIFT, nr, run);
	if (unlikely(!nr))
		return read_missing(m, at, min(left, PAGE_SIZE - offset), it);
	for (unsigned i = 0; i < nr; i++) {
		size_t n = min(left, PAGE_SIZE - offset);
		size_t copied = copy_to_iter((char *)page_address(run[i]) + offset, n, it);

		page_put(run[i]);
		done += copied;
		left = likely(copied == n) ? left - n : 0;	/* a fault: the others only go back */
		offset = 0;
	}
	return (ssize_t)done;
}

ssize_t generic_file_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct inode *inode = f->inode;
	s64 size = READ_ONCE(inode->size), at = *pos;
	ssize_t done = 0, n;

	if (at < 0)
		return -EINVAL;
	while (it->count && at < size) {
		size_t left = min_t(u64, it->count, (u64)(size - at));

		n = ((size_t)at & ~PAGE_MASK) + left <= PAGE_SIZE ? read_page(&inode->mapping, at, left, it)
								   : read_run(&inode->mapping, at, left, it);
		if (unlikely(n <= 0)) {
			if (!done)
				return n ? n : -EFAULT;
			break;
		}
		at += n;
		done += n;
		if (unlikely(it->count))
			cond_resched();
	}
	*pos = at;
	touch_atime(f);
	return done;
}

struct page *file_lend_page(struct file *f, loff_t pos, size_t *n)
{
	s64 size = READ_ONCE(f->inode->size);
	struct page *page;

	if (f->ops->read != generic_file_read || pos < 0 || pos >= size)
		return NULL;
	if (!find_run(&f->inode->mapping, (u64)pos >> PAGE_SHIFT, 1, &page))
		return NULL;
	*n = min(min(*n, (size_t)(size - pos)), PAGE_SIZE - ((size_t)pos & ~PAGE_MASK));
	touch_atime(f);
	return page;
}

/* A whole page of a memory file that is not there yet: filled before anybody can see it, never cleared. */
static ssize_t write_new_page(struct address_space *m, u64 index, struct iov_iter *it)
{
	struct page *page = alloc_page(GFP_USER | GFP_NOWARN);
	size_t copied;
	int err;

	if (!page)
		return -ENOSPC;
	copied = copy_from_iter(page_address(page), PAGE_SIZE, it);
	if (!copied) {
		free_pages(page, 0);
		return 0;
	}
	memset((char *)page_address(page) + copied, 0, PAGE_SIZE - copied);
	page->flags = PG_UPTODATE | PG_UNEVICTABLE;
	err = mapping_insert(m, index, page);
	if (!err) {
		page_put(page);
		return (ssize_t)copied;
	}
	if (err == -EEXIST) {	/* a fault was faster: its page gets what we have */
		struct page *there = mapping_find_page(m, index);

		if (there) {
			arch_copy_page(page_address(there), page_address(page));
			page_put(there);
			err = 0;
		}
	}
	free_pages(page, 0);
	return err ? err : (ssize_t)copied;
}

/* Up to the end of one page. Bytes, 0 when the user's memory cannot be read, or -errno. */
static ssize_t write_page(struct address_space *m, s64 at, size_t n, struct iov_iter *it)
{
	size_t offset = (size_t)at & ~PAGE_MASK, copied;
	u64 index = (u64)at >> PAGE_SHIFT;
	struct page *page = mapping_find_page(m, index);

	if (!page && n == PAGE_SIZE && memory_backed(m))
		return write_new_page(m, index, it);
	if (!page || page->flags & (PG_LOCKED | PG_HOLLOW)) {
		if (page)
			page_put(page);
		page = get_page(m, index, true, GFP_USER | GFP_NOWARN);
		if (IS_ERR(page))
			return PTR_ERR(page) == -ENOMEM ? -ENOSPC : PTR_ERR(page);
	}
	copied = copy_from_iter((char *)page_address(page) + offset, n, it);
	if (page->flags & PG_ICACHE)
		page_clear_flag(page, PG_ICACHE);
	if (!(page->flags & (PG_DIRTY | PG_UNEVICTABLE)))
		page_set_flag(page, PG_DIRTY);
	page_put(page);
	return (ssize_t)copied;
}

/* Where and how much may be written: Linux's generic_write_checks. Bytes, or -errno. inode->lock held. */
static ssize_t write_checks(struct file *f, struct iov_iter *it, s64 *at)
{
	u64 max = f->inode->sb->max_bytes ? f->inode->sb->max_bytes : (u64)INT64_MAX;
	u64 limit = rlimit(RLIMIT_FSIZE), n = it->count;

	if (f->flags & O_APPEND)
		*at = f->inode->size;
	if (*at < 0 || (s64)((u64)*at + n) < 0)
		return -EINVAL;
	if (unlikely(f->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ||
		     (f->inode->seals & F_SEAL_GROW && (u64)*at + n > (u64)f->inode->size)))
		return -EPERM;
	if (limit != RLIM_INFINITY) {
		if ((u64)*at >= limit) {
			signal_send_thread(current, SIGXFSZ, NULL);
			return -EFBIG;
		}
		n = min(n, limit - (u64)*at);
	}
	if ((u64)*at >= max)
		return -EFBIG;
	return (ssize_t)min(n, max - (u64)*at);
}

static ssize_t write_locked(struct file *f, struct iov_iter *it, s64 *pos, ssize_t count)
{
	struct inode *inode = f->inode;
	s64 at = *pos;
	ssize_t done = 0, n = 0;

	while (done < count) {
		size_t part = min_t(size_t, PAGE_SIZE - ((size_t)at & ~PAGE_MASK), (size_t)(count - done));

		n = write_page(&inode->mapping, at, part, it);
		if (n <= 0)
			break;
		at += n;
		done += n;
		if (at > inode->size)
			WRITE_ONCE(inode->size, at);
		if ((size_t)n < part)
			break;
		if (done < count)
			cond_resched();
	}
	*pos = at;
	if (done)
		return done;
	return n ? n : -EFAULT;
}

ssize_t generic_file_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct inode *inode = f->inode;
	s64 at = *pos;
	ssize_t n;

	if (!it->count)
		return 0;
	down_write(&inode->lock);
	n = write_checks(f, it, &at);
	if (n > 0) {
		file_remove_privs(f->path.dentry);
		n = write_locked(f, it, &at, n);
		if (n > 0)
			inode_touch(inode);
	}
	up_write(&inode->lock);
	if (n > 0)
		*pos = at;
	return n;
}

/* ---- mmap ---- */

struct page *filemap_fault(struct vma *vma, u64 index, bool write)
{
	struct inode *inode = vma->file->inode;
	u64 pages = ((u64)READ_ONCE(inode->size) + PAGE_SIZE - 1) >> PAGE_SHIFT;

	(void)write;
	if (index >= pages)
		return ERR_PTR(-EIO);
	return get_page(&inode->mapping, index, true, GFP_USER);
}

static int filemap_mkwrite(struct vma *vma, struct page *page)
{
	(void)vma;
	page_set_flag(page, PG_DIRTY);
	return 0;
}

static const struct vm_ops filemap_vm_ops = { .fault = filemap_fault, .page_mkwrite = filemap_mkwrite };
static const struct vm_ops filemap_mem_vm_ops = { .fault = filemap_fault };

int generic_file_mmap(struct file *f, struct vma *vma)
{
	vma->ops = memory_backed(&f->inode->mapping) ? &filemap_mem_vm_ops : &filemap_vm_ops;
	touch_atime(f);
	return 0;
}

/* Pages that lie side by side in the cache's tree, into the entries that are empty: how many. */
static s64 map_run(const struct vma *vma, void *const *slot, pte_t *entry, const pte_t *end, pte_t base)
{
	s64 mapped = 0;

	for (; entry < end; entry++, slot++) {
		struct page *page = *slot;

		if (!page || (page->flags & (PG_UPTODATE | PG_LOCKED | PG_HOLLOW)) != PG_UPTODATE || pte_get(entry).v)
			continue;
		if (vma->flags & VM_EXEC)
			make_fetchable(page);
		page_get(page);
		pte_set(entry, pte_at(base, page));
		mapped++;
	}
	return mapped;
}

/*
 * Map what the cache has around addr, where entries are empty. The window lies under one table; it grows with
 * each fault of a child that turns out to live.
 */
void filemap_map_around(struct vma *vma, uaddr_t addr, pte_t *ptep, unsigned prot)
{
	struct address_space *m = vma_mapping(vma);
	size_t size = vma->mm->around * PAGE_SIZE;
	uaddr_t window = addr & ~(size - 1), start = max(window, vma->start), end = min(window + size, vma->end);
	u64 index = vma->pgoff + ((start - vma->start) >> PAGE_SHIFT), last = index + ((end - start) >> PAGE_SHIFT);
	pte_t *entry = ptep - ((addr - start) >> PAGE_SHIFT);
	pte_t base = pte_make(0, prot);
	s64 mapped = 0;

	if (vma->ops->fault != filemap_fault)
		return;
	if (vma->mm->around < AROUND_MAX)
		vma->mm->around *= 2;
	last = min(last, ((u64)READ_ONCE(m->inode->size) + PAGE_SIZE - 1) >> PAGE_SHIFT);
	spin_lock(&m->lock);
	while (index < last) {
		u64 n = min(last, (index | 63) + 1) - index;
		void *const *slots = radix_run(&m->pages, index);

		if (slots)
			mapped += map_run(vma, slots, entry, entry + n, base);
		index += n;
		entry += n;
	}
	spin_unlock(&m->lock);
	if (memory_backed(m))
		vma->mm->shmem_pages += mapped;
	else
		vma->mm->file_pages += mapped;
}
