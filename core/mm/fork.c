// SPDX-License-Identifier: BSD-2-Clause
/*
 * The copy of an address space that fork makes. Areas are copied; of their pages only the anonymous ones,
 * since what a file holds can be found again by a fault. A shared page becomes read-only on both sides,
 * and the parent's TLBs are told once at the end.
 */
#include "internal.h"

#include <janus/slab.h>
#include <janus/string.h>
#include <janus/thread.h>

/* Copy the entries of anonymous pages under one table; true: some of the parent's were write-protected. */
static bool copy_table(struct mm *child, struct mm *parent, pte_t *from, pte_t *to, unsigned n)
{
	bool protected = false;
	s64 copied = 0;

	spin_lock(&parent->pt_lock);
	spin_lock(&child->pt_lock);
	for (; n; n--, from++, to++) {
		pte_t entry = pte_get(from);
		struct page *page;

		if (!entry.v || pte_prot(entry) & PTE_SPECIAL)
			continue;
		page = phys_to_page(pte_pa(entry));
		if (!(page->flags & PG_ANON))
			continue;
		if (pte_prot(entry) & PTE_W) {
			pte_wrprotect(from);
			entry = pte_get(from);
			protected = true;
		}
		page_get(page);
		pte_set(to, entry);
		copied++;
	}
	child->anon_pages += copied;
	spin_unlock(&child->pt_lock);
	spin_unlock(&parent->pt_lock);
	return protected;
}

/* 0 or -ENOMEM; *flush is set when the parent's entries have changed. */
static int copy_pages(struct mm *child, struct vma *vma, bool *flush)
{
	uaddr_t at = vma->start, next;

	for (; at < vma->end; at = next) {
		pte_t *from = pt_table_at(vma->mm->root, at, vma->end, &next), *to;

		if (!from)
			continue;
		to = pt_walk_alloc(child, at);
		if (!to)
			return -ENOMEM;
		if (copy_table(child, vma->mm, from + pt_index(at, 0), to, (next - at) >> PAGE_SHIFT))
			*flush = true;
	}
	return 0;
}

static int copy_vma(struct mm *child, struct vma *vma, bool *flush)
{
	struct vma *copy = vma_alloc(child);

	if (!copy)
		return -ENOMEM;
	*copy = *vma;
	copy->mm = child;
	copy->flags &= ~(u32)VM_LOCKED;
	list_init(&copy->map_link);
	if (copy->file)
		file_get(copy->file);
	if (copy->ops && copy->ops->open)
		copy->ops->open(copy);
	if (vma->flags & VM_WIPEONFORK)
		copy->anon = false;
	vma_link(child, copy);
	return copy->anon ? copy_pages(child, vma, flush) : 0;
}

/* What is laid out the same in the child. */
static void copy_layout(struct mm *child, const struct mm *parent)
{
	child->code_start = parent->code_start;
	child->code_end = parent->code_end;
	child->data_start = parent->data_start;
	child->data_end = parent->data_end;
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->stack_start = parent->stack_start;
	child->arg_start = parent->arg_start;
	child->arg_end = parent->arg_end;
	child->env_start = parent->env_start;
	child->env_end = parent->env_end;
	child->mmap_base = parent->mmap_base;
	child->sigreturn_page = parent->sigreturn_page;
	child->dumpable = parent->dumpable;
	child->gap_hint = parent->gap_hint;
	child->gap_above = parent->gap_above;
	child->auxv_len = parent->auxv_len;
	memcpy(child->auxv, parent->auxv, parent->auxv_len * sizeof(child->auxv[0]));
	child->exe = parent->exe;
	if (child->exe)
		file_get(child->exe);
}

struct mm *mm_fork(struct mm *parent)
{
	struct mm *child = mm_create();
	bool flush = false;
	int err = 0;

	if (!child)
		return ERR_PTR(-ENOMEM);
	down_write(&parent->mmap_lock);
	copy_layout(child, parent);
	for (struct rb_node *n = rb_first(&parent->vmas); n && !err; n = rb_next(n)) {
		struct vma *vma = rb_entry(n, struct vma, node);

		if (!(vma->flags & VM_DONTFORK))
			err = copy_vma(child, vma, &flush);
	}
	if (flush)
		arch_tlb_flush(&parent->arch, 0, ARCH_USER_END, false);
	up_write(&parent->mmap_lock);
	if (err) {
		mm_put(child);
		return ERR_PTR(err);
	}
	return child;
}
