// SPDX-License-Identifier: BSD-2-Clause
/*
 * The copy of an address space that fork makes. Areas are copied; of their pages only the anonymous ones,
 * since what a file holds can be found again by a fault. A shared page becomes read-only on both sides,
 * and the parent's TLBs are told once at the end.
 */
#include "internal.h"

#include <janus/string.h>
#include <janus/thread.h>

#define SPARE_PAGES 6

struct fork {
	struct mm *parent, *child;
	struct page *spare[SPARE_PAGES];	/* for pages to be copied at once */
	unsigned nr_spare;
	bool flush;		/* entries of the parent were write-protected */
};

/*
 * A page that was written soon after the last fork will be after this one, by both: the stack, the thread's
 * own data. A copy now costs less than the two faults.
 */
static bool copy_hot_page(struct fork *f, struct vma *vma, const struct page *page, pte_t *to)
{
	struct page *copy;

	if (!f->nr_spare || !(vma->flags & VM_WRITE))
		return false;
	copy = f->spare[--f->nr_spare];
	arch_copy_page(page_address(copy), page_address(page));
	copy->flags = PG_ANON | PG_HOT;
	counters()->anon++;
	pte_set(to, pte_make(page_to_phys(copy), vma_pte_prot(vma) | PTE_W | PTE_DIRTY));
	return true;
}

/* Copy the entries of anonymous pages that lie under one table. */
static void copy_table(struct fork *f, struct vma *vma, pte_t *from, pte_t *end, pte_t *to)
{
	s64 copied = 0;

	spin_lock(&f->parent->pt_lock);
	spin_lock(&f->child->pt_lock);
	for (; from < end; from++, to++) {
		pte_t entry = pte_get(from);
		struct page *page;

		if (!entry.v) {
			pte_t *last = pt_skip_empty(from, end);

			to += last - from;
			from = last;
			continue;
		}
		if (pte_special(entry))
			continue;
		page = phys_to_page(pte_pa(entry));
		if (!(page->flags & PG_ANON))
			continue;
		copied++;
		if (page->flags & PG_HOT && copy_hot_page(f, vma, page, to))
			continue;
		if (pte_writable(entry)) {
			pte_wrprotect(from);
			entry = pte_get(from);
			f->flush = true;
		}
		page_get(page);
		pte_set(to, entry);
	}
	f->child->anon_pages += copied;
	spin_unlock(&f->child->pt_lock);
	spin_unlock(&f->parent->pt_lock);
}

static int copy_pages(struct fork *f, struct vma *vma)
{
	uaddr_t at = vma->start, next;

	for (; at < vma->end; at = next) {
		pte_t *from = pt_table_at(f->parent->root, at, vma->end, &next), *to;

		if (!from)
			continue;
		to = pt_walk_alloc(f->child, at);
		if (!to)
			return -ENOMEM;
		from += pt_index(at, 0);
		copy_table(f, vma, from, from + ((next - at) >> PAGE_SHIFT), to);
		cond_resched();
	}
	return 0;
}

/* An area like vma for the child, in no tree yet. */
static struct vma *copy_vma(struct fork *f, struct vma *vma)
{
	struct vma *copy = vma_copy(vma);

	if (!copy)
		return NULL;
	copy->mm = f->child;
	copy->flags &= ~(u32)VM_LOCKED;
	if (vma->flags & VM_WIPEONFORK)
		copy->anon = false;
	return copy;
}

/*
 * The subtree at n, of the same shape: no area is looked for, nothing is balanced. What has been copied when
 * memory runs out is a tree in order, good enough for exit_mmap().
 */
static int copy_tree(struct fork *f, struct rb_node *n, struct rb_node *parent, struct rb_node **link)
{
	struct vma *vma = rb_entry(n, struct vma, node), *copy = copy_vma(f, vma);
	int err;

	if (!copy)
		return -ENOMEM;
	vma_hang(f->child, copy, parent, link);
	copy->node.parent_color |= n->parent_color & 1;
	vma_link_file(copy);
	err = copy->anon ? copy_pages(f, vma) : 0;
	if (!err && n->left)
		err = copy_tree(f, n->left, &copy->node, &copy->node.left);
	if (!err && n->right)
		err = copy_tree(f, n->right, &copy->node, &copy->node.right);
	return err;
}

/* One after the other, where some areas are not to be inherited. */
static int copy_some(struct fork *f)
{
	struct vma *vma, *copy;
	int err = 0;

	list_for_each_entry(vma, &f->parent->areas, link) {
		if (vma->flags & VM_DONTFORK)
			continue;
		copy = copy_vma(f, vma);
		if (!copy)
			return -ENOMEM;
		vma_link(f->child, copy);
		err = copy->anon ? copy_pages(f, vma) : 0;
		if (err)
			break;
	}
	return err;
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
	child->membarriers = READ_ONCE(parent->membarriers);
	child->thp_disabled = parent->thp_disabled;
	child->gap_hint = parent->gap_hint;
	child->gap_above = parent->gap_above;
	child->around = AROUND_MIN;
	child->auxv_len = parent->auxv_len;
	memcpy(child->auxv, parent->auxv, parent->auxv_len * sizeof(child->auxv[0]));
	child->exe = parent->exe;
	if (child->exe)
		file_get(child->exe);
}

static void copy_counts(struct mm *child, const struct mm *parent)
{
	child->nr_vmas = parent->nr_vmas;
	child->total_vm = parent->total_vm;
	child->data_vm = parent->data_vm;
	child->stack_vm = parent->stack_vm;
	child->exec_vm = parent->exec_vm;
}

struct mm *mm_fork(struct mm *parent)
{
	struct fork f = { .parent = parent, .child = mm_create() };
	int err = 0;

	if (!f.child)
		return ERR_PTR(-ENOMEM);
	while (f.nr_spare < SPARE_PAGES && (f.spare[f.nr_spare] = alloc_page(GFP_USER | GFP_NOWARN)))
		f.nr_spare++;
	down_write(&parent->mmap_lock);
	copy_layout(f.child, parent);
	if (parent->has_dontfork) {
		err = copy_some(&f);
	} else if (parent->vmas.node) {
		copy_counts(f.child, parent);
		err = copy_tree(&f, parent->vmas.node, NULL, &f.child->vmas.node);
	}
	if (f.flush)
		arch_tlb_flush(&parent->arch, 0, ARCH_USER_END, false);
	up_write(&parent->mmap_lock);
	while (f.nr_spare)
		free_pages(f.spare[--f.nr_spare], 0);
	if (err) {
		mm_put(f.child);
		return ERR_PTR(err);
	}
	return f.child;
}
