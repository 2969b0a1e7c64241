/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who holds the kernel's memory, in debug builds: every object, page, page table and kernel stack in use is counted
 * under the call chain that allocated it, and /proc/allocinfo lists the chains. A leak names its place: what a chain
 * has more of after a program than before it. In release builds all of it is nothing.
 *
 * For the allocators alone; any context, no lock. core/mm/alloc_site.c.
 */
#ifndef JANUS_ALLOC_SITE_H
#define JANUS_ALLOC_SITE_H

#include <janus/page.h>

struct textbuf;

#ifdef CONFIG_DEBUG

#define alloc_sites_on true

/* One more of `kind`, a constant string, for the caller of the allocator that calls this: the chain's number, which
 * goes with what is allocated; 0 when there are too many chains. */
#define alloc_site_enter(kind) alloc_site_enter_at(kind, (unsigned long)__builtin_frame_address(0))
#define alloc_site_set(site, kind) (*(site) = alloc_site_enter(kind))	/* of what keeps a place for it in itself */
u32 alloc_site_enter_at(const char *kind, unsigned long fp);
void alloc_site_leave(u32 site);		/* one less; 0: it was not counted */
void alloc_sites_show(struct textbuf *t);	/* "COUNT KIND < CALLER < ITS CALLER ..." a line */

static inline void page_set_site(struct page *page, u32 site) { page->site = site; }

/* The page's chain; it has none after this. */
static inline u32 page_take_site(struct page *page)
{
	u32 site = page->site;

	page->site = 0;
	return site;
}

#else

#define alloc_sites_on false
static inline u32 alloc_site_enter(const char *kind) { (void)kind; return 0; }
static inline void alloc_site_set(u32 *site, const char *kind) { (void)site; (void)kind; }
static inline void alloc_site_leave(u32 site) { (void)site; }
static inline void page_set_site(struct page *page, u32 site) { (void)page; (void)site; }
static inline u32 page_take_site(struct page *page) { (void)page; return 0; }

#endif
#endif
