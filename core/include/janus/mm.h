/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces: areas, page tables, faults. core/mm/.
 *
 * Field legend: [ml] mm->mmap_lock (rwsem: faults read, changes write), [pt] mm->pt_lock (spinlock: entries),
 * [atomic]. Lock order: mmap_lock > mapping locks > pt_lock > allocator.
 */
#ifndef JANUS_MM_H
#define JANUS_MM_H

#include <arch/mmu.h>
#include <janus/list.h>
#include <janus/lock.h>
#include <janus/page.h>
#include <janus/rbtree.h>
#include <janus/types.h>

struct file;
struct mm;
struct vma;
struct thread;

enum vm_flags {
	VM_READ = 1 << 0,
	VM_WRITE = 1 << 1,
	VM_EXEC = 1 << 2,
	VM_SHARED = 1 << 3,
	VM_MAYREAD = 1 << 4,	/* mprotect may add it */
	VM_MAYWRITE = 1 << 5,
	VM_MAYEXEC = 1 << 6,
	VM_GROWSDOWN = 1 << 7,	/* the stack */
	VM_LOCKED = 1 << 8,
	VM_DONTFORK = 1 << 9,
	VM_WIPEONFORK = 1 << 10,
	VM_NORESERVE = 1 << 11,
	VM_SPECIAL = 1 << 12,	/* pages given by the owner, no struct page games: vDSO, device */
	VM_DONTDUMP = 1 << 13,
	/* advice that is remembered, and so keeps areas apart: */
	VM_SEQUENTIAL = 1 << 14,
	VM_RANDOM = 1 << 15,
	VM_HUGEPAGE = 1 << 16,
	VM_NOHUGEPAGE = 1 << 17,
	VM_MERGEABLE = 1 << 18,
};

struct vm_ops {
	/* The page of the file at `index` (pages) for a fault: referenced and up to date, or ERR_PTR:
	 * -EFAULT or -EIO give SIGBUS, -ENOMEM the OOM answer. */
	struct page *(*fault)(struct vma *vma, u64 index, bool write);
	/* A shared file page is about to become writable. 0 or -errno. NULL: nothing to do. */
	int (*page_mkwrite)(struct vma *vma, struct page *page);
	void (*open)(struct vma *vma);
	void (*close)(struct vma *vma);
	const char *name;		/* for /proc/PID/maps when there is no file */
};

struct vma {
	uaddr_t start, end;		/* [ml] page aligned, [start, end) */
	u32 flags;			/* [ml] VM_* */
	struct rb_node node;		/* [ml] in mm->vmas */
	struct list_head link;		/* [ml] in mm->areas */
	struct mm *mm;
	struct file *file;		/* [ml] NULL: anonymous */
	u64 pgoff;			/* [ml] offset in the file, in pages; anonymous: start >> PAGE_SHIFT at birth */
	const struct vm_ops *ops;	/* [const] NULL: private anonymous memory */
	struct list_head map_link;	/* [mapping->mmap_lock] in mapping->mappings */
	bool anon;			/* [pt] may hold anonymous pages: what fork must copy */
};

struct mm {
	struct arch_mm arch;		/* ASID and the like; arch's rules */
	pte_t *root;			/* [const] direct-map address of the root table */
	refcount_t users;		/* threads that run in it; 0: unmap all */
	refcount_t refs;		/* also borrowers (active_mm, /proc); 0: free the struct */
	struct rwsem mmap_lock;
	spinlock_t pt_lock;
	struct list_head tables;	/* [pt] page tables but the root, by page->list */
	struct rb_root vmas;		/* [ml] the areas, to find one by address */
	struct list_head areas;		/* [ml] and in the order of their addresses */
	struct vma *last;		/* [ml] hint: the last one found */
	u32 nr_vmas;			/* [ml] */
	u64 total_vm, locked_vm, data_vm, stack_vm, exec_vm;	/* [ml] pages */
	s64 anon_pages, file_pages, shmem_pages, table_pages;	/* [pt] resident */
	u64 max_rss;			/* [pt] brought up to date by mm_rss() */
	uaddr_t code_start, code_end, data_start, data_end;	/* [ml] */
	uaddr_t brk_start, brk;		/* [ml] */
	uaddr_t stack_start;		/* [ml] */
	uaddr_t arg_start, arg_end, env_start, env_end;	/* [ml] */
	uaddr_t mmap_base;		/* [const] top-down allocation starts below */
	uaddr_t sigreturn_page;		/* [const] the machine's trampoline (vDSO), 0 when it has none */
	u32 auxv_len;			/* in words */
	u32 site;			/* [const] who made it: janus/alloc_site.h, debug builds */
	struct file *exe;		/* [ml] */
	bool dumpable;			/* [as is] PR_SET_DUMPABLE */
	u32 membarriers;		/* [atomic] the private commands of membarrier(2) that it registered for */
	bool thp_disabled;		/* racy; PR_SET_THP_DISABLE, and nothing else: there are no huge pages */
	u32 def_flags;			/* [ml] VM_LOCKED after mlockall(MCL_FUTURE) */
	bool has_dontfork;		/* [ml] some area has, or had, VM_DONTFORK */
	u8 around;			/* pages, a power of 2: what a file fault maps besides; racy, a hint */
	bool kept_tables;		/* [ml] there may be empty tables where no area is */
	s64 swept_tables;		/* [ml] table_pages when they were last looked for */
	uaddr_t gap_hint, gap_above;	/* [ml] no gap larger than gap_above lies between gap_hint and mmap_base */
	u64 auxv[48];			/* [const after exec; auxv_len words] for /proc/PID/auxv */
};

extern struct mm kernel_mm;		/* root of the kernel half; no vmas */

struct mm *mm_create(void);			/* empty; users = refs = 1 */
struct mm *mm_fork(struct mm *parent);		/* copy-on-write copy, or ERR_PTR */
void mm_put(struct mm *mm);			/* drop a user; the last unmaps everything */
void mm_drop(struct mm *mm);			/* drop a borrower */
struct mm *thread_mm_get(struct thread *t);	/* users reference to t's mm, or NULL */
void mm_switch(struct mm *next);		/* this CPU runs on next (NULL: borrow); interrupts off */
void exec_mmap(struct mm *mm);			/* current changes to a fresh mm and puts its old one */

struct vma *vma_find(struct mm *mm, uaddr_t addr);	/* first with end > addr; [ml] */
/* Kernel's own mmap: length > 0, addr hint or MAP_FIXED; takes a file reference. mmap_lock held for write. */
long do_mmap(struct mm *mm, struct file *file, uaddr_t addr, size_t len, unsigned prot, unsigned flags, u64 pgoff);
int do_munmap(struct mm *mm, uaddr_t addr, size_t len);
/* `ops->fault` gives pages that the owner keeps for as long as the area lives: they are not counted. */
int mm_map_special(struct mm *mm, uaddr_t addr, size_t len, u32 vm_flags, const struct vm_ops *ops);
int setup_stack_vma(struct mm *mm, uaddr_t top);	/* exec: the stack area below top */
long do_brk_vma(struct mm *mm, uaddr_t start, size_t len, u32 vm_flags);	/* anonymous area of bss and heap */
u64 mm_rss(struct mm *mm);			/* resident pages; raises max_rss */

/* A fault of current (or of a kernel access to user memory): 0 done; -EFAULT MAPERR, -EACCES ACCERR,
 * -EIO (beyond end of file) SIGBUS, -ENOMEM. Takes mmap_lock. */
int handle_mm_fault(struct mm *mm, uaddr_t addr, unsigned flags);
/* Read or write another address space (or one's own bypassing protections): bytes done. ptrace, /proc/PID/mem. */
size_t access_mm(struct mm *mm, uaddr_t addr, void *buf, size_t len, bool write);
/* The same, within what its protections allow: process_vm_readv. */
size_t access_mm_protected(struct mm *mm, uaddr_t addr, void *buf, size_t len, bool write);
/* Unmap every user mapping of pages [first, last] of a mapping: truncate, invalidate. Private copies stay unless
 * even_cows. */
void unmap_mapping_range(struct address_space *mapping, u64 first, u64 last, bool even_cows);

/*
 * /proc/PID/smaps: what is resident in [vma->start, vma->end), in pages. mmap_lock held for read.
 */
struct vma_usage {
	u64 rss, pss_x4096, shared_clean, shared_dirty, private_clean, private_dirty, referenced, anonymous;
};
void vma_usage(struct vma *vma, struct vma_usage *usage);
/* The area at a place of mm's list; NULL past either end. mmap_lock held. */
static inline struct vma *vma_at(struct mm *mm, struct list_head *at)
{
	return at == &mm->areas ? NULL : list_entry(at, struct vma, link);
}
static inline struct vma *vma_next(struct vma *vma) { return vma_at(vma->mm, vma->link.next); }

/* ---- page tables: the one walker (core/mm/pgtable.c) ---- */
pte_t *pt_walk(pte_t *root, uaddr_t va);			/* level 0 entry, or NULL where tables are missing */
pte_t *pt_walk_alloc(struct mm *mm, uaddr_t va);		/* makes tables, taking pt_lock; NULL on no memory */
int kernel_map(unsigned long va, phys_t pa, size_t size, unsigned prot);	/* may use large blocks */
void kernel_unmap(unsigned long va, size_t size);

/* ---- running out ---- */
bool oom_kill(void);		/* choose, kill and say so; false when there is nobody */

#endif
