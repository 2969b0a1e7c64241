// SPDX-License-Identifier: BSD-2-Clause
/*
 * Kernel objects. A cache has objects of one size; free ones lie in a magazine of each CPU, and behind
 * those in slabs: blocks of pages whose free objects are chained by number inside the objects.
 *
 * Magazines belong to thread context, as those of pages do; interrupt handlers go to the slabs. Debug
 * builds fill free objects with a pattern, check it, and put a red word behind each object.
 */
#include "internal.h"

#include <janus/alloc_site.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/string.h>

#define MAX_CACHES 56
#define MAGAZINE_MAX 31
#define SLAB_END 0xffff
#define SLAB_MAX_ORDER 3

#ifdef CONFIG_DEBUG
#define RED_SIZE 16		/* the red word, and who allocated the object (alloc_site.h) */
#define RED_WORD 0x5ad0face5ad0faceULL
#define POISON_FREE 0x6b
#define POISON_NEW 0xa5
#else
#define RED_SIZE 0
#endif

struct magazine {
	u64 n;				/* [own] thread context */
	void *object[MAGAZINE_MAX];
};

struct kmem_cache {
	struct magazine magazine[NR_CPUS];
	const char *name;		/* [const] */
	u32 size;			/* [const] distance of objects */
	u32 object_size;		/* [const] what callers asked for */
	u16 number;			/* [const] */
	u16 objects;			/* [const] in a slab */
	u16 limit;			/* [const] of a magazine */
	u8 order;			/* [const] of a slab */
	spinlock_t lock;		/* interrupts off */
	struct list_head partial;	/* [lock] slabs with free objects */
	u32 nr_empty;			/* [lock] slabs in partial that are all free */
};

static struct kmem_cache caches[MAX_CACHES];
static u32 nr_caches;			/* [create_lock] */
static spinlock_t create_lock = SPINLOCK_INIT;

/* ---- slabs; cache->lock held ---- */

static void *slab_object(struct kmem_cache *c, struct page *slab, unsigned i)
{
	return (char *)page_address(slab) + (size_t)i * c->size;
}

static struct page *slab_head(struct kmem_cache *c, const void *object)
{
	return pfn_to_page(ALIGN_DOWN(virt_to_phys(object) >> PAGE_SHIFT, 1UL << c->order));
}

#ifdef CONFIG_DEBUG
static u64 *red_words(struct kmem_cache *c, void *object)
{
	return (u64 *)((char *)object + c->size - RED_SIZE);
}

static void debug_new(struct kmem_cache *c, void *object, u32 site)
{
	const u8 *bytes = object;

	for (u32 i = 2; i < c->object_size; i++)
		if (bytes[i] != POISON_FREE)
			panic("slab %s: %p was written at +%u after it was freed", c->name, object, i);
	memset(object, POISON_NEW, c->object_size);
	red_words(c, object)[0] = RED_WORD;
	red_words(c, object)[1] = site;
}

static void debug_free(struct kmem_cache *c, void *object)
{
	if ((virt_to_phys(object) - page_to_phys(slab_head(c, object))) % c->size)
		panic("slab %s: %p is not an object", c->name, object);
	if (red_words(c, object)[0] != RED_WORD)
		panic("slab %s: %p was overrun or freed twice", c->name, object);
	red_words(c, object)[0] = 0;
	alloc_site_leave((u32)red_words(c, object)[1]);
	memset(object, POISON_FREE, c->object_size);
}
#else
static inline void debug_new(struct kmem_cache *c, void *object, u32 site) { (void)c; (void)object; (void)site; }
static inline void debug_free(struct kmem_cache *c, void *object) { (void)c; (void)object; }
#endif

/* Chain the objects of a fresh block. No lock: nobody else knows it. */
static void slab_prepare(struct kmem_cache *c, struct page *slab)
{
	for (unsigned i = 0; i < 1u << c->order; i++) {
		slab[i].flags = PG_SLAB;
		slab[i].slab_cache = c->number;
	}
	for (unsigned i = 0; i < c->objects; i++) {
#ifdef CONFIG_DEBUG
		memset(slab_object(c, slab, i), POISON_FREE, c->object_size);
#endif
		*(u16 *)slab_object(c, slab, i) = i + 1u < c->objects ? (u16)(i + 1) : SLAB_END;
	}
	slab->slab_free = 0;
	slab->slab_inuse = 0;
}

static void *slab_take(struct kmem_cache *c)
{
	struct page *slab;
	void *object;

	if (list_empty(&c->partial))
		return NULL;
	slab = list_first_entry(&c->partial, struct page, list);
	object = slab_object(c, slab, slab->slab_free);
	slab->slab_free = *(u16 *)object;
	if (!slab->slab_inuse++)
		c->nr_empty--;
	if (slab->slab_free == SLAB_END)
		list_del_init(&slab->list);
	return object;
}

/* Returns the slab when it is to be given back to the page allocator. */
static struct page *slab_give(struct kmem_cache *c, void *object)
{
	struct page *slab = slab_head(c, object);

	if (slab->slab_free == SLAB_END)
		list_add(&slab->list, &c->partial);
	*(u16 *)object = slab->slab_free;
	slab->slab_free = (u16)(((char *)object - (char *)page_address(slab)) / c->size);
	if (--slab->slab_inuse)
		return NULL;
	if (!c->nr_empty) {
		c->nr_empty++;
		return NULL;
	}
	list_del(&slab->list);
	return slab;
}

static void slab_release(struct kmem_cache *c, struct page *slab)
{
	counters()->slab -= 1 << c->order;
	free_pages(slab, c->order);
}

/* ---- magazines ---- */

static __noinline void *refill(struct kmem_cache *c, struct magazine *m, unsigned gfp)
{
	unsigned want = m ? c->limit / 2u : 0;
	struct irqflags flags;
	struct page *slab;
	void *object;

	for (;;) {
		flags = spin_lock_irqsave(&c->lock);
		object = slab_take(c);
		while (object && m && m->n < want) {
			void *more = slab_take(c);

			if (!more)
				break;
			m->object[m->n++] = more;
		}
		spin_unlock_irqrestore(&c->lock, flags);
		if (object)
			return object;
		slab = alloc_pages(c->order, (gfp & ~(unsigned)(GFP_ZERO | GFP_USER)) | GFP_PART);
		if (!slab)
			return NULL;
		m = m ? &c->magazine[this_cpu_id()] : NULL;	/* that may have slept */
		slab_prepare(c, slab);
		counters()->slab += 1 << c->order;
		flags = spin_lock_irqsave(&c->lock);
		list_add(&slab->list, &c->partial);
		c->nr_empty++;
		spin_unlock_irqrestore(&c->lock, flags);
	}
}

static void give_back(struct kmem_cache *c, void *object)
{
	struct irqflags flags = spin_lock_irqsave(&c->lock);
	struct page *slab = slab_give(c, object);

	spin_unlock_irqrestore(&c->lock, flags);
	if (slab)
		slab_release(c, slab);
}

/* The magazine is full: half of it goes to the slabs. */
static __noinline void flush_half(struct kmem_cache *c, struct magazine *m)
{
	struct irqflags flags = spin_lock_irqsave(&c->lock);
	struct page *slab = NULL;

	while (m->n > c->limit / 2u && !slab)
		slab = slab_give(c, m->object[--m->n]);
	spin_unlock_irqrestore(&c->lock, flags);
	if (slab)
		slab_release(c, slab);
}

static inline void *alloc_done(struct kmem_cache *c, void *object, unsigned gfp)
{
	debug_new(c, object, gfp & GFP_PART ? 0 : alloc_site_enter(c->name));
	return gfp & GFP_ZERO ? memset(object, 0, c->object_size) : object;
}

static __noinline void *alloc_slow(struct kmem_cache *c, unsigned gfp)
{
	struct cpu *cpu = this_cpu();
	void *object = refill(c, cpu->irq_depth ? NULL : &c->magazine[cpu->id], gfp);

	return object ? alloc_done(c, object, gfp) : NULL;
}

/* The magazine's last object, without a frame: what is seldom is called at the end. */
void *kmem_cache_alloc(struct kmem_cache *c, unsigned gfp)
{
	struct cpu *cpu = this_cpu();
	struct magazine *m = &c->magazine[cpu->id];

	if (!(gfp & GFP_PART) && hunt_alloc_fails())
		return NULL;
	if (unlikely(!m->n || cpu->irq_depth))
		return alloc_slow(c, gfp);
	return alloc_done(c, m->object[--m->n], gfp);
}

static __noinline void free_slow(struct kmem_cache *c, void *object)
{
	struct cpu *cpu = this_cpu();
	struct magazine *m = &c->magazine[cpu->id];

	if (cpu->irq_depth) {
		give_back(c, object);
		return;
	}
	flush_half(c, m);
	m->object[m->n++] = object;
}

void kmem_cache_free(struct kmem_cache *c, void *object)
{
	struct cpu *cpu = this_cpu();
	struct magazine *m = &c->magazine[cpu->id];

	debug_free(c, object);
	if (unlikely(cpu->irq_depth || m->n >= c->limit))
		free_slow(c, object);
	else
		m->object[m->n++] = object;
}

/* ---- caches ---- */

/* The smallest slab that wastes at most an eighth. */
static unsigned choose_order(size_t size)
{
	for (unsigned order = 0; order < SLAB_MAX_ORDER; order++) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes >= size * 4 && bytes % size <= bytes / 8)
			return order;
	}
	return SLAB_MAX_ORDER;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	struct kmem_cache *c;

	spin_lock(&create_lock);
	BUG_ON(nr_caches == MAX_CACHES);
	c = &caches[nr_caches++];
	spin_unlock(&create_lock);
	align = max_t(size_t, align, 8);
	c->name = name;
	c->object_size = (u32)size;
	c->size = (u32)ALIGN_UP(size + RED_SIZE, align);
	c->number = (u16)(c - caches);
	c->order = (u8)choose_order(c->size);
	c->objects = (u16)((PAGE_SIZE << c->order) / c->size);
	c->limit = c->size > 1024 ? 16 : MAGAZINE_MAX;
	BUG_ON(!c->objects);
	spin_init(&c->lock);
	list_init(&c->partial);
	return c;
}

/* ---- kmalloc ---- */

#define KMALLOC_MAX_SLAB 2048
static const u16 kmalloc_sizes[] = { 16, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 2048 };
static const char *const kmalloc_names[] = { "kmalloc-16", "kmalloc-32", "kmalloc-48", "kmalloc-64",
	"kmalloc-96", "kmalloc-128", "kmalloc-192", "kmalloc-256", "kmalloc-512", "kmalloc-1k", "kmalloc-2k" };
static struct kmem_cache *kmalloc_class[KMALLOC_MAX_SLAB / 16 + 1];	/* [const] by size in 16 bytes */

void slab_init(void)
{
	unsigned next = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(kmalloc_sizes); i++) {
		struct kmem_cache *c = kmem_cache_create(kmalloc_names[i], kmalloc_sizes[i], 16);

		for (; next <= kmalloc_sizes[i] / 16u; next++)
			kmalloc_class[next] = c;
	}
}

static void *kmalloc_large(size_t size, unsigned gfp)
{
	unsigned order = 0;
	struct page *page;

	while (order < 11 && PAGE_SIZE << order < size)
		order++;
	page = order < 11 && !hunt_alloc_fails() ? alloc_pages(order, (gfp & ~(unsigned)GFP_USER) | GFP_PART) : NULL;
	if (!page)
		return NULL;
	page_set_site(page, alloc_site_enter("kmalloc-large"));
	page->flags = PG_LARGE;
	page->order = order;
	counters()->slab += 1 << order;
	return page_address(page);
}

void *kmalloc(size_t size, unsigned gfp)
{
	if (unlikely(size > KMALLOC_MAX_SLAB))
		return kmalloc_large(size, gfp);
	return kmem_cache_alloc(kmalloc_class[(size + 15) / 16], gfp);
}

void kfree(const void *object)
{
	struct page *page;

	if (!object)
		return;
	page = virt_to_page(object);
	if (likely(page->flags == PG_SLAB)) {
		kmem_cache_free(&caches[page->slab_cache], (void *)object);
		return;
	}
	BUG_ON(page->flags != PG_LARGE);
	counters()->slab -= 1 << page->order;
	free_pages(page, page->order);
}

char *kstrdup(const char *s, unsigned gfp)
{
	size_t n = strlen(s) + 1;
	char *copy = kmalloc(n, gfp);

	return copy ? memcpy(copy, s, n) : NULL;
}
