/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page cache: the pages of a file, one set for read, write and mmap. core/mm/filemap.c.
 *
 * Process context; the functions may sleep. Lock order: inode->lock > mmap_lock of the copy > mapping->lock.
 */
#ifndef JANUS_PAGECACHE_H
#define JANUS_PAGECACHE_H

#include <janus/list.h>
#include <janus/lock.h>
#include <janus/radix.h>
#include <janus/types.h>

struct address_space;
struct file;
struct inode;
struct iov_iter;
struct page;
struct vma;

struct address_space_ops {
	/* fill a locked page; NULL: memory is the store */
	int (*read_page)(struct inode *inode, struct page *page);
	/* A page is about to be added (pages > 0: 0 or -ENOSPC) or pages were removed (< 0). May be NULL. */
	int (*charge)(struct inode *inode, s64 pages);
};

struct address_space {
	struct inode *inode;			/* [const] */
	spinlock_t lock;			/* also page->mapping, page->index */
	struct radix_tree pages;		/* [lock, rcu] index -> struct page */
	u64 nr_pages;				/* [lock] */
	const struct address_space_ops *ops;	/* [const] */
	spinlock_t mmap_lock;
	struct list_head mappings;		/* [mmap_lock] vmas, by map_link */
	s32 nr_writable;			/* [atomic] shared writable mappings, or < 0: denied (exec, seals) */
};

void address_space_init(struct address_space *m, struct inode *inode, const struct address_space_ops *ops);
/* A page of a file that memory alone backs, which is no data until it is written, mapped or reserved again. 0 or
 * -errno. */
int mapping_reserve(struct address_space *m, u64 index);
struct page *mapping_find_page(struct address_space *m, u64 index);	/* referenced, or NULL */
/* drop bytes [from, to): part pages are zeroed */
void mapping_truncate(struct address_space *m, u64 from, u64 to);
/* An unlinked tmpfs file of that size, open for reading and writing: shared anonymous memory, memfd. ERR_PTR.
 * core/fs/tmpfs.c */
struct file *shmem_file_create(const char *name, s64 size);
/* The same file opened once more, with other operations. */
struct file *shmem_file_reopen(struct file *f, const struct file_ops *ops, unsigned flags);
ssize_t generic_file_read(struct file *f, struct iov_iter *it, loff_t *pos);
/*
 * The page that a read of f at pos would copy from, counted, for one who needs no copy of it; *n is cut to what of it
 * may be read. NULL: f has none there that is at hand, or does not read from the cache: read it in the common way.
 */
struct page *file_lend_page(struct file *f, loff_t pos, size_t *n);
ssize_t generic_file_write(struct file *f, struct iov_iter *it, loff_t *pos);
int generic_file_mmap(struct file *f, struct vma *vma);
struct page *filemap_fault(struct vma *vma, u64 index, bool write);	/* vm_ops->fault of every mapped file */

#endif
