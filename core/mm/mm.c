// SPDX-License-Identifier: BSD-2-Clause
/*
 * The life of an address space: made for exec or fork, shared by threads, borrowed by CPUs that run a
 * kernel thread, emptied with its last user, freed with its last borrower.
 *
 * A CPU's active_mm is kept alive by current's own use of it, or, when current has none (any more), by a
 * reference: cpu->mm_borrowed. So a switch between user threads touches no count.
 */
#include "internal.h"

#include <janus/alloc_site.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/thread.h>

#define MM_KEPT 4

static struct kmem_cache *mm_cache;

/* Dead address spaces with their root table and machine part in working order. [own] thread context */
static struct mm_magazine {
	u64 n;
	struct mm *mm[MM_KEPT];
} __cacheline_aligned mm_magazines[NR_CPUS];

void mm_caches_init(void)
{
	mm_cache = kmem_cache_create("mm", sizeof(struct mm), 16);
	vma_init();
	fault_init();
}

static struct mm *mm_new(void)
{
	struct mm *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL | GFP_ZERO | GFP_PART);
	struct page *root = mm ? alloc_page(GFP_KERNEL | GFP_ZERO | GFP_PART) : NULL;

	if (root) {
		root->flags = PG_TABLE;
		mm->root = page_address(root);
		if (!arch_mm_init(&mm->arch, page_to_phys(root)))
			return mm;
		free_pages(root, 0);
	}
	if (mm)
		kmem_cache_free(mm_cache, mm);
	return NULL;
}

struct mm *mm_create(void)
{
	struct mm_magazine *m = &mm_magazines[this_cpu_id()];
	struct mm *mm;

	if (hunt_alloc_fails())
		return NULL;
	if (likely(m->n)) {
		mm = m->mm[--m->n];
		memset(&mm->users, 0, offsetof(struct mm, auxv) - offsetof(struct mm, users));
	} else {
		mm = mm_new();
		if (!mm)
			return NULL;
	}
	ref_set(&mm->users, 1);
	ref_set(&mm->refs, 1);
	rwsem_init(&mm->mmap_lock);
	list_init(&mm->tables);
	list_init(&mm->areas);
	mm->mmap_base = ALIGN_DOWN(ARCH_USER_END - (128UL << 20), PAGE_SIZE);
	mm->dumpable = true;
	mm->around = AROUND_MAX;
	alloc_site_set(&mm->site, "mm");
	return mm;
}

void mm_drop(struct mm *mm)
{
	struct cpu *cpu = this_cpu();
	struct mm_magazine *m = &mm_magazines[cpu->id];

	if (!ref_put(&mm->refs))
		return;
	if (likely(m->n < MM_KEPT && !cpu->irq_depth)) {
		m->mm[m->n++] = mm;
		return;
	}
	arch_mm_destroy(&mm->arch);
	free_pages(virt_to_page(mm->root), 0);
	kmem_cache_free(mm_cache, mm);
}

void mm_put(struct mm *mm)
{
	struct irqflags flags = arch_local_irq_save();
	struct cpu *cpu = this_cpu();

	/* current has let go of it, but this CPU still runs on it until the next switch. */
	if (cpu->active_mm == mm && current->mm != mm && !cpu->mm_borrowed) {
		ref_get(&mm->refs);
		cpu->mm_borrowed = true;
	}
	arch_local_irq_restore(flags);
	if (!ref_put(&mm->users))
		return;
	exit_mmap(mm);
	if (mm->exe)
		file_put(mm->exe);
	mm->exe = NULL;
	alloc_site_leave(mm->site);	/* an idle CPU may borrow the rest of it for as long as it likes */
	mm_drop(mm);
}

struct mm *thread_mm_get(struct thread *t)
{
	struct mm *mm;

	spin_lock(&t->lock);
	mm = t->mm;
	if (mm && !ref_get_not_zero(&mm->users))
		mm = NULL;
	spin_unlock(&t->lock);
	return mm;
}

void mm_switch(struct mm *next)
{
	struct cpu *cpu = this_cpu();
	struct mm *active = cpu->active_mm;

	if (!next) {
		if (active && !cpu->mm_borrowed) {
			ref_get(&active->refs);
			cpu->mm_borrowed = true;
		}
		return;
	}
	if (next != active) {
		cpu->active_mm = next;
		arch_mm_activate(&next->arch);
	}
	if (cpu->mm_borrowed) {
		cpu->mm_borrowed = false;
		mm_drop(active);
	}
}

void exec_mmap(struct mm *mm)
{
	struct mm *old = current->mm;
	struct irqflags flags;

	spin_lock(&current->lock);
	current->mm = mm;
	spin_unlock(&current->lock);
	flags = arch_local_irq_save();
	mm_switch(mm);
	arch_local_irq_restore(flags);
	if (old)
		mm_put(old);
}

u64 mm_rss(struct mm *mm)
{
	s64 rss = READ_ONCE(mm->anon_pages) + READ_ONCE(mm->file_pages) + READ_ONCE(mm->shmem_pages);

	if (rss < 0)
		rss = 0;
	if ((u64)rss > mm->max_rss)
		mm->max_rss = (u64)rss;
	return (u64)rss;
}
