// SPDX-License-Identifier: BSD-2-Clause
/*
 * The memory of a process: maps, smaps, cmdline, environ, auxv, mem, exe.
 */
#include "proc.h"

/* ---- maps ---- */

static const char *area_name(const struct mm *mm, const struct vma *v)
{
	if (v->ops && v->ops->name)
		return v->ops->name;
	if (v->file)
		return NULL;
	if (v->start <= mm->brk && v->end >= mm->brk_start && mm->brk > mm->brk_start)
		return "[heap]";
	if (v->start <= mm->stack_start && v->end >= mm->stack_start)
		return "[stack]";
	return NULL;
}

static void area_line(struct textbuf *t, const struct mm *mm, const struct vma *v, char *page)
{
	const struct inode *i = v->file ? v->file->inode : NULL;
	const char *name = area_name(mm, v);
	const char rights[] = {
		' ', v->flags & VM_READ ? 'r' : '-', v->flags & VM_WRITE ? 'w' : '-', v->flags & VM_EXEC ? 'x' : '-',
		v->flags & VM_SHARED ? 's' : 'p', ' ',
	};
	size_t start = t->len;

	if (!name && v->file) {
		name = d_path(&v->file->path, page, PAGE_SIZE);
		if (IS_ERR(name))
			name = NULL;
	}
	tb_hex(t, v->start, 8);
	tb_putc(t, '-');
	tb_hex(t, v->end, 8);
	tb_write(t, rights, sizeof(rights));
	tb_hex(t, i ? (u64)v->pgoff << PAGE_SHIFT : 0, 8);
	tb_putc(t, ' ');
	tb_hex(t, i ? MAJOR(i->sb->dev) : 0, 2);
	tb_putc(t, ':');
	tb_hex(t, i ? MINOR(i->sb->dev) : 0, 2);
	tb_printf(t, " %lu ", i ? (unsigned long)i->ino : 0);
	if (name) {
		tb_pad(t, start, 73);
		tb_escape(t, name, "\n");
	}
	tb_putc(t, '\n');
}

static int show_areas(struct textbuf *t, const struct proc_target *target,
		      void (*more)(struct textbuf *t, struct vma *v))
{
	struct mm *mm = target->mm;
	char *page;

	if (!mm)
		return 0;
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (page) {
		down_read(&mm->mmap_lock);
		for (struct vma *v = vma_find(mm, 0); v && !t->full; v = vma_find(mm, v->end)) {
			area_line(t, mm, v, page);
			if (more)
				more(t, v);
		}
		up_read(&mm->mmap_lock);
		kfree(page);
	}
	return page ? 0 : -ENOMEM;
}

int proc_show_maps(struct textbuf *t, const struct proc_target *target)
{
	return show_areas(t, target, NULL);
}

/* In the order of Linux's bits. */
static void area_flags(struct textbuf *t, u32 flags)
{
	static const struct { u32 flag; const char *word; } words[] = {
		{ VM_READ, "rd" }, { VM_WRITE, "wr" }, { VM_EXEC, "ex" }, { VM_SHARED, "sh" },
		{ VM_MAYREAD, "mr" }, { VM_MAYWRITE, "mw" }, { VM_MAYEXEC, "me" }, { VM_SHARED, "ms" },
		{ VM_GROWSDOWN, "gd" }, { VM_LOCKED, "lo" }, { VM_SEQUENTIAL, "sr" }, { VM_RANDOM, "rr" },
		{ VM_DONTFORK, "dc" }, { VM_NORESERVE, "nr" }, { VM_WIPEONFORK, "wf" }, { VM_DONTDUMP, "dd" },
		{ VM_HUGEPAGE, "hg" }, { VM_NOHUGEPAGE, "nh" }, { VM_MERGEABLE, "mg" },
	};

	tb_puts(t, "VmFlags: ");
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (flags & words[i].flag)
			tb_printf(t, "%s ", words[i].word);
	tb_putc(t, '\n');
}

static void area_usage(struct textbuf *t, struct vma *v)
{
	struct vma_usage u;

	vma_usage(v, &u);
#define KB(pages) ((unsigned long)(pages) * (PAGE_SIZE / 1024))
	tb_printf(t, "Size:           %8lu kB\nKernelPageSize: %8lu kB\nMMUPageSize:    %8lu kB\n",
		  (v->end - v->start) / 1024, PAGE_SIZE / 1024, PAGE_SIZE / 1024);
	tb_printf(t, "Rss:            %8lu kB\nPss:            %8lu kB\n", KB(u.rss),
		  (unsigned long)(u.pss_x4096 / 1024));
	tb_printf(t, "Shared_Clean:   %8lu kB\nShared_Dirty:   %8lu kB\n"
		  "Private_Clean:  %8lu kB\nPrivate_Dirty:  %8lu kB\n",
		  KB(u.shared_clean), KB(u.shared_dirty), KB(u.private_clean), KB(u.private_dirty));
	tb_printf(t, "Referenced:     %8lu kB\nAnonymous:      %8lu kB\nSwap:                  0 kB\n",
		  KB(u.referenced), KB(u.anonymous));
#undef KB
	area_flags(t, v->flags);
}

int proc_show_smaps(struct textbuf *t, const struct proc_target *target)
{
	return show_areas(t, target, area_usage);
}

/* ---- what exec put on the stack ---- */

static int show_range(struct textbuf *t, struct mm *mm, uaddr_t start, uaddr_t end)
{
	while (start < end && !t->full) {
		size_t n = min(end - start, t->size - t->len), got;

		if (!n) {
			t->full = true;
			break;
		}
		got = access_mm(mm, start, t->buf + t->len, n, false);
		t->len += got;
		start += got;
		if (got < n)
			break;
	}
	return 0;
}

int proc_show_cmdline(struct textbuf *t, const struct proc_target *target)
{
	struct mm *mm = thread_mm_get(target->thread);

	if (!mm)
		return 0;
	show_range(t, mm, mm->arg_start, mm->arg_end);
	mm_put(mm);
	return 0;
}

int proc_show_environ(struct textbuf *t, const struct proc_target *target)
{
	struct mm *mm = target->mm;

	if (!mm)
		return 0;
	show_range(t, mm, mm->env_start, mm->env_end);
	return 0;
}

int proc_show_auxv(struct textbuf *t, const struct proc_target *target)
{
	struct mm *mm = target->mm;

	if (!mm)
		return 0;
	tb_write(t, mm->auxv, min_t(size_t, mm->auxv_len * sizeof(mm->auxv[0]), sizeof(mm->auxv)));
	return 0;
}

/* ---- mem ---- */

/* Borrowed only: a descriptor keeps no pages of a process that ended or executed another program. */
int proc_mm_open(struct inode *i, struct mm **opened)
{
	struct thread *t = proc_thread(proc_of(i));
	struct mm *mm;

	if (!t)
		return -ESRCH;
	mm = thread_mm_get(t);	/* before the question: an exec meanwhile leaves us the old one */
	if (!thread_may_access(t)) {
		if (mm)
			mm_put(mm);
		thread_put(t);
		return -EACCES;
	}
	thread_put(t);
	if (mm) {
		ref_get(&mm->refs);
		mm_put(mm);
	}
	*opened = mm;
	return 0;
}

static int mem_open(struct inode *i, struct file *f)
{
	struct mm *mm;
	int err = proc_mm_open(i, &mm);

	if (!err)
		f->private = mm;
	return err;
}

static void mem_release(struct file *f)
{
	if (f->private)
		mm_drop(f->private);
}

static ssize_t mem_access(struct file *f, struct iov_iter *it, loff_t *pos, bool write)
{
	struct mm *mm = f->private;
	size_t done = 0;
	char *page;

	if (!mm || !it->count || !ref_get_not_zero(&mm->users))
		return 0;
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	while (page && it->count) {
		size_t n = min(it->count, PAGE_SIZE), got;

		if (write && copy_from_iter(page, n, it) < n)
			break;
		got = access_mm(mm, *pos, page, n, write);
		if (!write)
			got = copy_to_iter(page, got, it);
		done += got;
		*pos += got;
		if (got < n || fatal_signal_pending())
			break;
		cond_resched();
	}
	mm_put(mm);
	if (!page)
		return -ENOMEM;
	kfree(page);
	return done ? (ssize_t)done : -EIO;
}

static ssize_t mem_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return mem_access(f, it, pos, false);
}

static ssize_t mem_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return mem_access(f, it, pos, true);
}

/* Any address is a position, those with the high bit too. */
static loff_t mem_llseek(struct file *f, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += f->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	return f->pos = offset;
}

const struct file_ops proc_mem_fops = {
	.open = mem_open, .read = mem_read, .write = mem_write, .llseek = mem_llseek, .release = mem_release,
};
