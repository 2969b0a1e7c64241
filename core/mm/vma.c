// SPDX-License-Identifier: BSD-2-Clause
/*
 * Areas of an address space: a tree and a list by address, and the arithmetic of finding, splitting, joining
 * and making room. All of it under mmap_lock: held for write, vma_find() for read or write.
 *
 * Truncation looks at the bounds of an area without mmap_lock, through its file's mapping: they change
 * under the mapping's mmap_lock too.
 */
#include "internal.h"

#include <janus/slab.h>

static struct kmem_cache *vma_cache;

void vma_init(void)
{
	vma_cache = kmem_cache_create("vma", sizeof(struct vma), 0);
}

struct vma *vma_alloc(struct mm *mm)
{
	struct vma *vma = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (likely(vma))
		*vma = (struct vma){ .mm = mm, .map_link = LIST_HEAD_INIT(vma->map_link) };
	return vma;
}

/* An area like this one, with references of its own, in no tree and on no list. */
struct vma *vma_copy(const struct vma *vma)
{
	struct vma *copy = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (unlikely(!copy))
		return NULL;
	*copy = *vma;
	list_init(&copy->map_link);
	if (copy->file)
		file_get(copy->file);
	if (copy->ops && copy->ops->open)
		copy->ops->open(copy);
	return copy;
}

void vma_free(struct vma *vma)
{
	if (vma->ops && vma->ops->close)
		vma->ops->close(vma);
	if (vma->file)
		file_put(vma->file);
	kmem_cache_free(vma_cache, vma);
}

struct address_space *vma_mapping(const struct vma *vma)
{
	return vma->file && vma->file->inode && !(vma->flags & VM_SPECIAL) ? &vma->file->inode->mapping : NULL;
}

struct vma *vma_find(struct mm *mm, uaddr_t addr)
{
	struct vma *best = READ_ONCE(mm->last);
	struct rb_node *n;

	if (likely(best && addr >= best->start && addr < best->end))
		return best;
	best = NULL;
	for (n = mm->vmas.node; n;) {
		struct vma *vma = rb_entry(n, struct vma, node);

		if (vma->end > addr) {
			best = vma;
			if (vma->start <= addr)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	if (best)
		WRITE_ONCE(mm->last, best);	/* a hint: readers may race, each value is a live area */
	return best;
}

/* ---- the tree and the mapping's list ---- */

void vma_account(struct mm *mm, const struct vma *vma, s64 pages)
{
	mm->total_vm += pages;
	if (vma->flags & VM_GROWSDOWN)
		mm->stack_vm += pages;
	else if ((vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
		mm->data_vm += pages;
	else if ((vma->flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		mm->exec_vm += pages;
	if (vma->flags & VM_LOCKED)
		mm->locked_vm += pages;
}

void vma_link_file(struct vma *vma)
{
	struct address_space *m = vma_mapping(vma);

	if (!m)
		return;
	if ((vma->flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE))
		__atomic_fetch_add(&m->nr_writable, 1, __ATOMIC_RELAXED);
	spin_lock(&m->mmap_lock);
	list_add(&vma->map_link, &m->mappings);
	spin_unlock(&m->mmap_lock);
}

void vma_unlink_file(struct vma *vma)
{
	struct address_space *m = vma_mapping(vma);

	if (!m)
		return;
	if ((vma->flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE))
		__atomic_fetch_sub(&m->nr_writable, 1, __ATOMIC_RELAXED);
	spin_lock(&m->mmap_lock);
	list_del_init(&vma->map_link);
	spin_unlock(&m->mmap_lock);
}

void vma_hang(struct mm *mm, struct vma *vma, struct rb_node *parent, struct rb_node **link)
{
	struct list_head *after = &mm->areas;

	rb_link_node(&vma->node, parent, link);
	if (parent) {
		after = &rb_entry(parent, struct vma, node)->link;
		if (link == &parent->left)
			after = after->prev;
	}
	list_add(&vma->link, after);
}

void vma_link(struct mm *mm, struct vma *vma)
{
	struct rb_node **link = &mm->vmas.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = vma->start < rb_entry(parent, struct vma, node)->start ? &parent->left : &parent->right;
	}
	vma_hang(mm, vma, parent, link);
	rb_insert_fixup(&mm->vmas, &vma->node);
	mm->nr_vmas++;
	mm->last = vma;		/* it is about to be touched */
	vma_account(mm, vma, (s64)((vma->end - vma->start) >> PAGE_SHIFT));
	vma_link_file(vma);
}

void vma_unlink(struct mm *mm, struct vma *vma)
{
	vma_unlink_file(vma);
	rb_erase(&mm->vmas, &vma->node);
	list_del(&vma->link);
	mm->nr_vmas--;
	mm->last = NULL;
	vma_account(mm, vma, -(s64)((vma->end - vma->start) >> PAGE_SHIFT));
}

/* Move the ends; what the area is stays the same. Does not count pages. */
void vma_set_bounds(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct address_space *m = vma_mapping(vma);

	if (m)
		spin_lock(&m->mmap_lock);
	vma->pgoff += (s64)(start - vma->start) >> PAGE_SHIFT;
	vma->start = start;
	vma->end = end;
	if (m)
		spin_unlock(&m->mmap_lock);
}

/* ---- splitting and joining ---- */

int vma_split(struct vma *vma, uaddr_t at)
{
	struct mm *mm = vma->mm;
	struct vma *upper;

	if (mm->nr_vmas >= MAX_MAP_COUNT)
		return -ENOMEM;
	upper = vma_copy(vma);
	if (!upper)
		return -ENOMEM;
	upper->pgoff += (at - vma->start) >> PAGE_SHIFT;
	upper->start = at;
	vma_account(mm, upper, -(s64)((upper->end - at) >> PAGE_SHIFT));	/* vma_link adds it again */
	vma_set_bounds(vma, vma->start, at);
	vma_link(mm, upper);
	return 0;
}

/* May an area with these attributes begin where `vma` ends (pgoff is that of the joint)? */
static bool joinable(const struct vma *vma, u32 flags, struct file *file, u64 pgoff)
{
	if (vma->flags != flags || vma->file != file || flags & VM_SPECIAL)
		return false;
	if (vma->ops && vma->ops->close)
		return false;
	return !vma->ops || vma->pgoff + ((vma->end - vma->start) >> PAGE_SHIFT) == pgoff;
}

/* `upper` disappears into `lower`. */
static void absorb(struct vma *lower, struct vma *upper)
{
	struct mm *mm = lower->mm;
	uaddr_t end = upper->end;

	lower->anon |= upper->anon;
	vma_unlink(mm, upper);
	vma_account(mm, lower, (s64)((end - upper->start) >> PAGE_SHIFT));
	vma_set_bounds(lower, lower->start, end);
	vma_free(upper);
}

struct vma *vma_merge(struct vma *vma)
{
	struct vma *prev = vma_prev(vma), *next;

	if (prev && prev->end == vma->start && prev->ops == vma->ops &&
	    joinable(prev, vma->flags, vma->file, vma->pgoff)) {
		absorb(prev, vma);
		vma = prev;
	}
	next = vma_next(vma);
	if (next && vma->end == next->start && vma->ops == next->ops &&
	    joinable(vma, next->flags, next->file, next->pgoff))
		absorb(vma, next);
	return vma;
}

struct vma *vma_extend(struct mm *mm, uaddr_t start, uaddr_t end, u32 flags, struct file *file, u64 pgoff)
{
	struct vma *next = vma_find(mm, end), *prev = vma_below(mm, next);
	s64 pages = (s64)((end - start) >> PAGE_SHIFT);

	if (prev && prev->end == start && joinable(prev, flags, file, pgoff)) {
		vma_set_bounds(prev, prev->start, end);
		vma_account(mm, prev, pages);
		return vma_merge(prev);
	}
	if (next && next->start == end && next->flags == flags && next->file == file && !(flags & VM_SPECIAL) &&
	    !(next->ops && (next->ops->close || next->pgoff != pgoff + (u64)pages))) {
		vma_set_bounds(next, start, next->end);
		vma_account(mm, next, pages);
		return next;
	}
	return NULL;
}

/* ---- room ---- */

/* Nothing is placed closer than this below an area. */
static uaddr_t guarded_start(const struct vma *vma)
{
	if (!(vma->flags & VM_GROWSDOWN))
		return vma->start;
	return vma->start > STACK_GUARD_GAP ? vma->start - STACK_GUARD_GAP : 0;
}

bool range_is_free(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct vma *vma = vma_find(mm, start);

	return !vma || guarded_start(vma) >= end;
}

/* The lowest gap of len in [start, end), or 0. */
static uaddr_t gap_upward(struct mm *mm, size_t len, uaddr_t start, uaddr_t end)
{
	struct vma *vma = vma_find(mm, start);

	for (; len <= end - start; vma = vma_next(vma)) {
		if (!vma || guarded_start(vma) >= start + len)
			return start;
		start = max(start, vma->end);
		if (start >= end)
			break;
	}
	return 0;
}

uaddr_t find_gap_low(struct mm *mm, size_t len, uaddr_t end)
{
	return gap_upward(mm, len, end / 2, end);
}

/*
 * The highest gap below mmap_base. The search starts where the last one ended when everything above is
 * known to be too small, so a program that maps one thing after another does not walk all its areas.
 */
uaddr_t find_gap(struct mm *mm, size_t len)
{
	uaddr_t end = mm->mmap_base;
	struct vma *vma;

	if (mm->gap_hint && mm->gap_hint <= end && len > mm->gap_above)
		end = mm->gap_hint;
	else
		mm->gap_above = 0;
	vma = vma_find(mm, end - 1);
	if (vma)
		end = min(end, guarded_start(vma));
	for (vma = vma_below(mm, vma);; vma = vma_prev(vma)) {
		uaddr_t low = vma ? vma->end : MMAP_MIN_ADDR;

		if (end > low && end - low >= len) {
			mm->gap_hint = end;
			return end - len;
		}
		if (!vma)
			break;
		if (end > low)
			mm->gap_above = max(mm->gap_above, end - low);
		end = min(end, guarded_start(vma));
	}
	mm->gap_hint = 0;
	return gap_upward(mm, len, ALIGN_UP(ARCH_USER_END / 3, PAGE_SIZE), ARCH_USER_END);
}

/* [start, end) is free now: keep what find_gap() knows true. */
void gap_opened(struct mm *mm, uaddr_t start, uaddr_t end)
{
	if (start > mm->gap_hint) {
		mm->gap_above = ~0UL;
	} else if (end > mm->gap_hint) {
		struct vma *next = vma_find(mm, end);

		mm->gap_hint = next ? min(mm->mmap_base, guarded_start(next)) : mm->mmap_base;
	}
}
