// SPDX-License-Identifier: BSD-2-Clause
/*
 * remap_file_pages: part of a shared mapping shows other pages of its file. As in Linux since 4.0 it is mmap
 * by another name, and makes areas of its own. Source: remap_file_pages(2).
 */
#include "internal.h"

#include <generated/syscalls.h>
#include <janus/file.h>
#include <janus/thread.h>
#include <uapi/errno.h>
#include <uapi/mman.h>

/* The first of the areas that [start, end) lies in without a gap, all shared, of one file and kind; or NULL. [ml] */
static struct vma *one_mapping(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct vma *first = vma_find(mm, start), *v, *next;

	if (!first || first->start > start || !(first->flags & VM_SHARED) || !first->file)
		return NULL;
	for (v = first; v->end < end; v = next) {
		next = vma_find(mm, v->end);
		if (!next || next->start != v->end || next->file != first->file || next->flags != first->flags)
			return NULL;
	}
	return first;
}

static unsigned prot_of(u32 vm)
{
	return (vm & VM_READ ? PROT_READ : 0) | (vm & VM_WRITE ? PROT_WRITE : 0) | (vm & VM_EXEC ? PROT_EXEC : 0);
}

long sys_remap_file_pages(uaddr_t start, unsigned long size, unsigned long prot, unsigned long pgoff,
			  unsigned long flags)
{
	struct mm *mm = current->mm;
	struct file *file = NULL;
	struct vma *v;
	long where = -EINVAL;

	start &= PAGE_MASK;
	size &= PAGE_MASK;
	if (prot || start + size <= start || pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	v = one_mapping(mm, start, start + size);
	if (v) {
		file = file_get(v->file);	/* the new area may take the place of the last one that held it */
		where = do_mmap(mm, file, start, size, prot_of(v->flags),
				MAP_SHARED | MAP_FIXED | (v->flags & VM_LOCKED ? MAP_LOCKED : 0), pgoff);
	}
	up_write(&mm->mmap_lock);
	if (file)
		file_put(file);
	if (where < 0)
		return where;
	if (!(flags & MAP_NONBLOCK))
		populate(mm, start, start + size, false);
	return 0;
}
