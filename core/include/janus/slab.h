/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel objects: kmalloc, object caches, and kernel virtual mappings. Any context with GFP_ATOMIC.
 * core/mm/slab.c, core/mm/vmalloc.c.
 */
#ifndef JANUS_SLAB_H
#define JANUS_SLAB_H

#include <janus/page.h>

struct kmem_cache;

/* Objects of one size; freed ones sit in per-CPU magazines. NULL on no memory. */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align);
void *kmem_cache_alloc(struct kmem_cache *cache, unsigned gfp);
void kmem_cache_free(struct kmem_cache *cache, void *object);

void *kmalloc(size_t size, unsigned gfp);	/* any size; large ones are whole pages */
static inline void *kzalloc(size_t size, unsigned gfp) { return kmalloc(size, gfp | GFP_ZERO); }
void kfree(const void *object);			/* NULL is fine */
char *kstrdup(const char *s, unsigned gfp);

/* Page-wise memory at ARCH_VMALLOC_*, with an unmapped guard page on both sides. May sleep. */
void *vmalloc(size_t size);
void vfree(const void *addr);
void *ioremap(phys_t pa, size_t size);		/* device memory */
/* Kernel stacks: KSTACK_SIZE at KSTACK_ALIGN, guard below; cached per CPU. NULL on no memory. */
void *kstack_alloc(void);
void kstack_free(void *stack);

#endif
