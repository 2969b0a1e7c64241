// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/mm/vma.c: areas against a plain array of pages that is asked the same questions.
 */
#include "../../core/mm/internal.h"

#include <janus/slab.h>

#include "kernel.h"
#include "unit.h"

#define BASE 0x100000UL
#define PAGES 256
#define RW (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE)
#define RO (VM_READ | VM_MAYREAD | VM_MAYWRITE)

/* What vma.c asks of the rest of the kernel. */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	static size_t sizes[4];
	static int n;

	(void)name;
	(void)align;
	sizes[n] = size;
	return (struct kmem_cache *)&sizes[n++];
}

void *kmem_cache_alloc(struct kmem_cache *cache, unsigned gfp)
{
	return kmalloc(*(size_t *)cache, gfp);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	(void)cache;
	kfree(object);
}

void file_put(struct file *f)
{
	(void)f;
}

static u64 seed;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % n;
}

static uaddr_t page_addr(unsigned i)
{
	return BASE + i * PAGE_SIZE;
}

static void map(struct mm *mm, uaddr_t start, uaddr_t end, u32 flags)
{
	struct vma *vma;

	if (vma_extend(mm, start, end, flags, NULL, 0))
		return;
	vma = vma_alloc(mm);
	vma->start = start;
	vma->end = end;
	vma->flags = flags;
	vma_link(mm, vma);
}

static void unmap(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct vma *vma = vma_find(mm, start);

	if (vma && vma->start < start) {
		vma_split(vma, start);
		vma = vma_next(vma);
	}
	while (vma && vma->start < end) {
		struct vma *next;

		if (vma->end > end)
			vma_split(vma, end);
		next = vma_next(vma);
		vma_unlink(mm, vma);
		vma_free(vma);
		vma = next;
	}
	gap_opened(mm, start, end);
}

/* Areas say what the array says, are in order, and none touches an equal one. */
static int disagreements(struct mm *mm, const u32 *model)
{
	struct vma *vma, *before = NULL;
	u64 total = 0;
	int wrong = 0;

	for (unsigned i = 0; i < PAGES; i++) {
		vma = vma_find(mm, page_addr(i));
		if (vma && vma->start > page_addr(i))
			vma = NULL;
		wrong += (vma ? vma->flags : 0) != model[i];
		total += vma != NULL;
	}
	list_for_each_entry(vma, &mm->areas, link) {
		wrong += before && (before->end > vma->start ||
				    (before->end == vma->start && before->flags == vma->flags));
		before = vma;
	}
	return wrong + (total != mm->total_vm);
}

static uaddr_t model_gap(const u32 *model, unsigned len)
{
	for (unsigned end = PAGES; end >= len; end--) {
		unsigned i = 0;

		while (i < len && !model[end - len + i])
			i++;
		if (i == len)
			return page_addr(end - len);
	}
	return 0;
}

UNIT(areas_are_what_was_asked_for)
{
	vma_init();
	for (seed = 1; seed < 40; seed++) {
		struct mm mm = { .mmap_base = page_addr(PAGES), .areas = LIST_HEAD_INIT(mm.areas) };
		u32 model[PAGES] = { 0 };
		int wrong = 0;
		u64 keep = seed;

		for (int step = 0; step < 300; step++) {
			unsigned from = draw(PAGES), n = 1 + draw(12), to = min(from + n, (unsigned)PAGES);
			u32 flags = draw(3) ? draw(2) ? RW : RO : 0;

			unmap(&mm, page_addr(from), page_addr(to));
			if (flags)
				map(&mm, page_addr(from), page_addr(to), flags);
			for (unsigned i = from; i < to; i++)
				model[i] = flags;
			wrong += disagreements(&mm, model);
		}
		CHECK(!wrong);
		unmap(&mm, page_addr(0), page_addr(PAGES));
		CHECK(!mm.nr_vmas && !mm.total_vm && !mm.data_vm);
		seed = keep;
	}
	CHECK(unit_in_use == 0);
}

UNIT(the_highest_gap_is_found)
{
	struct mm mm = { .mmap_base = page_addr(PAGES), .areas = LIST_HEAD_INIT(mm.areas) };
	u32 model[PAGES] = { 0 };
	int wrong = 0;

	seed = 7;
	for (int step = 0; step < 20000; step++) {
		unsigned len = 1 + draw(9), from = draw(PAGES), to = min(from + len, (unsigned)PAGES);

		if (draw(2)) {
			uaddr_t want = model_gap(model, len), got = find_gap(&mm, len * PAGE_SIZE);

			/* Where the model has no room there is some below it. */
			wrong += want ? got != want : got + len * PAGE_SIZE > BASE + (len - 1) * PAGE_SIZE;
			if (!want)
				continue;
			map(&mm, got, got + len * PAGE_SIZE, RW);
			for (unsigned i = 0; i < len; i++)
				model[(got - BASE) / PAGE_SIZE + i] = RW;
		} else {
			unmap(&mm, page_addr(from), page_addr(to));
			for (unsigned i = from; i < to; i++)
				model[i] = 0;
		}
	}
	CHECK(!wrong);
	unmap(&mm, 0, page_addr(PAGES));
	CHECK(unit_in_use == 0);
}
