// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loading ELF programs: fixed, position independent, and those that name an interpreter, which is then loaded beside
 * them. The headers are hostile: each number is checked before it is used, and what they ask for goes through mmap.
 */
#include "exec.h"
#include <arch/misc.h>
#include <janus/random.h>
#include <janus/vdso.h>
#include <uapi/elf.h>
#include <uapi/mman.h>

#define PATH_MAX 4096
#define PHDRS_MAX (PAGE_SIZE / sizeof(struct elf64_phdr))

/* A file's headers, in memory. */
struct elf {
	struct file *file;
	struct elf64_ehdr ehdr;
	struct elf64_phdr *phdr;	/* kmalloc'ed */
};

static bool ehdr_ok(const struct elf64_ehdr *e)
{
	return !memcmp(e->e_ident, ELFMAG, 4) && (e->e_type == ET_EXEC || e->e_type == ET_DYN) &&
	       e->e_machine == arch_elf_machine;
}

/* Whatever keeps us from the program headers, the file is no program: ENOEXEC, as on Linux. */
static int read_phdrs(struct elf *e)
{
	size_t size = e->ehdr.e_phnum * sizeof(struct elf64_phdr);
	ssize_t n;

	if (e->ehdr.e_phentsize != sizeof(struct elf64_phdr) || !e->ehdr.e_phnum || e->ehdr.e_phnum > PHDRS_MAX)
		return -ENOEXEC;
	e->phdr = kmalloc(size, GFP_KERNEL);
	if (!e->phdr || e->ehdr.e_phoff > INT64_MAX)
		return -ENOEXEC;
	n = kernel_read(e->file, e->phdr, size, (loff_t)e->ehdr.e_phoff);
	return n == (ssize_t)size ? 0 : -ENOEXEC;
}

/* ---- mapping ---- */

static unsigned segment_prot(u32 flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

/* From the first byte of the first segment to the last of the last one; 0 when there is none. */
static u64 total_size(const struct elf *e)
{
	u64 low = ~0ULL, high = 0;
	bool any = false;

	for (unsigned i = 0; i < e->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &e->phdr[i];

		if (ph->p_type != PT_LOAD)
			continue;
		any = true;
		low = min(low, ALIGN_DOWN(ph->p_vaddr, PAGE_SIZE));
		high = max(high, ph->p_vaddr + ph->p_memsz);
	}
	return any && high > low ? high - low : 0;
}

static u64 largest_alignment(const struct elf *e)
{
	u64 alignment = 0;

	for (unsigned i = 0; i < e->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &e->phdr[i];

		if (ph->p_type == PT_LOAD && ph->p_align && !(ph->p_align & (ph->p_align - 1)))
			alignment = max(alignment, ph->p_align);
	}
	return ALIGN_UP(alignment, PAGE_SIZE);
}

static bool segment_sane(const struct elf64_phdr *ph, uaddr_t at)
{
	return at < ARCH_USER_END && ph->p_filesz <= ph->p_memsz && ph->p_memsz <= ARCH_USER_END &&
	       ARCH_USER_END - ph->p_memsz >= at;
}

/* The part of a segment that the file does not fill: the rest of its last page, and pages of their own. */
static int map_bss(const struct elf64_phdr *ph, uaddr_t at)
{
	struct mm *mm = current->mm;
	uaddr_t file_end = at + ph->p_filesz, end = at + ph->p_memsz;
	uaddr_t page_end = ALIGN_UP(file_end, PAGE_SIZE);
	u32 vm = VM_READ | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	long err = 0;

	if (ph->p_flags & PF_W)
		vm |= VM_WRITE;
	if (ph->p_flags & PF_X)
		vm |= VM_EXEC;
	if (!ph->p_filesz)
		page_end = ALIGN_DOWN(at, PAGE_SIZE);
	if (end > page_end) {
		down_write(&mm->mmap_lock);
		err = do_brk_vma(mm, page_end, ALIGN_UP(end, PAGE_SIZE) - page_end, vm);
		up_write(&mm->mmap_lock);
	}
	if (err < 0)
		return (int)err;
	if (ph->p_filesz && (ph->p_flags & PF_W) && file_end < page_end && clear_user(file_end, page_end - file_end))
		return -EFAULT;
	return 0;
}

/* Map the file's part of segment ph at `at`; the address of its first byte, or -errno. */
static int map_file_part(struct elf *e, const struct elf64_phdr *ph, uaddr_t at, unsigned flags)
{
	struct mm *mm = current->mm;
	u64 skew = at & ~PAGE_MASK;
	long where;

	if (!ph->p_filesz)
		return 0;
	if ((ph->p_offset & ~PAGE_MASK) != skew)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	where = do_mmap(mm, e->file, at - skew, ph->p_filesz + skew, segment_prot(ph->p_flags), MAP_PRIVATE | flags,
			ph->p_offset >> PAGE_SHIFT);
	up_write(&mm->mmap_lock);
	return where < 0 ? (int)where : 0;
}

/* A hole of `size` bytes for a position independent image, found by mapping and unmapping it. */
static long find_hole(u64 size, uaddr_t hint)
{
	struct mm *mm = current->mm;
	long where;

	down_write(&mm->mmap_lock);
	where = do_mmap(mm, NULL, hint, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);
	if (where >= 0)
		do_munmap(mm, (uaddr_t)where, size);
	up_write(&mm->mmap_lock);
	return where;
}

static void note_bounds(const struct elf64_phdr *ph, uaddr_t at)
{
	struct mm *mm = current->mm;

	if ((ph->p_flags & PF_X) && (!mm->code_start || at < mm->code_start))
		mm->code_start = at;
	if ((ph->p_flags & PF_X) && at + ph->p_filesz > mm->code_end)
		mm->code_end = at + ph->p_filesz;
	if (at > mm->data_start)
		mm->data_start = at;
	if (at + ph->p_filesz > mm->data_end)
		mm->data_end = at + ph->p_filesz;
	if (at + ph->p_memsz > mm->brk)
		mm->brk_start = mm->brk = ALIGN_UP(at + ph->p_memsz, PAGE_SIZE);
}

/* Where a position independent image goes: its load bias. */
static int choose_bias(const struct elf *e, uaddr_t hint, u64 *bias)
{
	u64 size = total_size(e), alignment = largest_alignment(e), low = ~0ULL;
	long where;

	*bias = 0;
	if (!size)
		return -EINVAL;
	for (unsigned i = 0; i < e->ehdr.e_phnum; i++)
		if (e->phdr[i].p_type == PT_LOAD)
			low = min(low, ALIGN_DOWN(e->phdr[i].p_vaddr, PAGE_SIZE));
	if (size > ARCH_USER_END)
		return -ENOMEM;
	if (alignment > PAGE_SIZE && alignment < 1UL << 30)
		size += alignment;
	else
		alignment = PAGE_SIZE;
	where = find_hole(ALIGN_UP(size, PAGE_SIZE), hint);
	if (where < 0)
		return (int)where;
	*bias = ALIGN_UP((u64)where, alignment) - low;
	return 0;
}

/* Map every segment. `main`: the program itself, whose bounds /proc shows. */
static int map_segments(struct elf *e, u64 bias, bool main)
{
	unsigned fixed = MAP_FIXED_NOREPLACE;

	for (unsigned i = 0; i < e->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &e->phdr[i];
		uaddr_t at = ph->p_vaddr + bias;
		int err;

		if (ph->p_type != PT_LOAD)
			continue;
		if (!segment_sane(ph, at))
			return -EINVAL;
		err = map_file_part(e, ph, at, fixed);
		if (!err && ph->p_memsz > ph->p_filesz)
			err = map_bss(ph, at);
		if (err)
			return err;
		if (main)
			note_bounds(ph, at);
		fixed = MAP_FIXED;	/* segments may share a page */
	}
	return 0;
}

/* ---- the interpreter ---- */

/* Its headers, or -errno; nothing is mapped yet. `ph` is the program's PT_INTERP. */
static int open_interpreter(struct elf *program, const struct elf64_phdr *ph, struct elf *interp)
{
	char *name;
	ssize_t n;
	int err = 0;

	if (ph->p_filesz > PATH_MAX || ph->p_filesz < 2)
		return -ENOEXEC;
	name = kmalloc(ph->p_filesz, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	n = kernel_read(program->file, name, ph->p_filesz, (loff_t)ph->p_offset);
	if (n != (ssize_t)ph->p_filesz)
		err = n < 0 ? (int)n : -EIO;
	else if (name[n - 1])
		err = -ENOEXEC;
	if (!err) {
		interp->file = exec_open(name);
		if (IS_ERR(interp->file)) {
			err = PTR_ERR(interp->file);
			interp->file = NULL;
		}
	}
	kfree(name);
	if (err)
		return err;
	n = kernel_read(interp->file, &interp->ehdr, sizeof(interp->ehdr), 0);
	if (n != sizeof(interp->ehdr))
		return n < 0 ? (int)n : -EIO;
	if (!ehdr_ok(&interp->ehdr) || read_phdrs(interp))
		return -ELIBBAD;
	return 0;
}

static void elf_free(struct elf *e)
{
	kfree(e->phdr);
	if (e->file)
		file_put(e->file);
}

/* ---- the program ---- */

static int scan(struct exec *x, struct elf *program, struct elf *interp)
{
	bool seen = false;
	int err;

	for (unsigned i = 0; i < program->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &program->phdr[i];

		if (ph->p_type == PT_GNU_STACK) {
			x->executable_stack = ph->p_flags & PF_X;
		} else if (ph->p_type == PT_INTERP && !seen) {
			seen = true;
			err = open_interpreter(program, ph, interp);
			if (err)
				return err;
		}
	}
	return 0;
}

/* The address of the program headers in the mapped image; 0 when no segment holds them. */
static uaddr_t find_phdr(const struct elf *e, u64 bias)
{
	u64 phoff = e->ehdr.e_phoff;

	for (unsigned i = 0; i < e->ehdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &e->phdr[i];

		if (ph->p_type == PT_LOAD && ph->p_offset <= phoff && phoff - ph->p_offset < ph->p_filesz)
			return phoff - ph->p_offset + ph->p_vaddr + bias;
	}
	return bias;
}

static void place_brk(bool pie_alone)
{
	struct mm *mm = current->mm;

	if (pie_alone)
		mm->brk_start = ARCH_PIE_BASE;	/* away from the mmap area, where the image went */
	if (exec_randomize())
		mm->brk_start = ALIGN_UP(mm->brk_start, PAGE_SIZE) + exec_random_pages(ARCH_BRK_RANDOM_BITS);
	mm->brk = mm->brk_start;
}

static int map_program(struct elf *program, struct elf *interp, struct elf_image *image)
{
	bool pie = program->ehdr.e_type == ET_DYN;
	u64 bias = 0;
	int err = 0;

	if (pie) {
		uaddr_t hint = interp->file ? ARCH_PIE_BASE + exec_random_pages(ARCH_MMAP_RANDOM_BITS) : 0;

		err = choose_bias(program, hint, &bias);
	} else if (!total_size(program)) {
		err = -EINVAL;
	}
	if (!err)
		err = map_segments(program, bias, true);
	if (err)
		return err;
	image->entry = program->ehdr.e_entry + bias;
	image->phdr = find_phdr(program, bias);
	image->phnum = program->ehdr.e_phnum;
	place_brk(pie && !interp->file);
	return 0;
}

static int map_interpreter(struct elf *interp, uaddr_t *entry, struct elf_image *image)
{
	u64 bias = 0;
	int err = 0;

	if (interp->ehdr.e_type == ET_DYN)
		err = choose_bias(interp, 0, &bias);
	if (!err)
		err = map_segments(interp, bias, false);
	if (err)
		return err;
	image->interp_base = bias;
	*entry = interp->ehdr.e_entry + bias;
	return *entry < ARCH_USER_END ? 0 : -EINVAL;
}

/* ---- the vDSO ---- */

static struct page *vdso_fault(struct vma *vma, u64 index, bool write)
{
	size_t size;
	const char *image = arch_vdso_image(&size);
	struct page *page;

	(void)vma, (void)write;
	if (index >= size >> PAGE_SHIFT)
		return ERR_PTR(-EFAULT);
	page = phys_to_page(kimage_phys(image + (index << PAGE_SHIFT)));
	page_get(page);
	return page;
}

static struct page *vvar_fault(struct vma *vma, u64 index, bool write)
{
	struct page *page = phys_to_page(kimage_phys(&vdso_page));

	(void)vma, (void)index, (void)write;
	page_get(page);
	return page;
}

static const struct vm_ops vdso_ops = { .fault = vdso_fault, .name = "[vdso]" };
static const struct vm_ops vvar_ops = { .fault = vvar_fault, .name = "[vvar]" };

/* The image, and right below it the page of clocks that its code reads. */
static int map_vdso(void)
{
	struct mm *mm = current->mm;
	size_t size;
	const void *image = arch_vdso_image(&size);
	long at;
	int err;

	if (!image)
		return 0;
	at = find_hole(PAGE_SIZE + size, 0);
	if (at < 0)
		return (int)at;
	down_write(&mm->mmap_lock);
	err = mm_map_special(mm, (uaddr_t)at, PAGE_SIZE, VM_READ | VM_MAYREAD, &vvar_ops);
	at += PAGE_SIZE;
	if (!err)
		err = mm_map_special(mm, (uaddr_t)at, size, VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
				     &vdso_ops);
	up_write(&mm->mmap_lock);
	mm->sigreturn_page = err ? 0 : (uaddr_t)at;
	return err;
}

/* ---- the whole ---- */

static int load_checked(struct exec *x, struct elf *program, struct elf *interp)
{
	struct elf_image image = { 0 };
	uaddr_t entry;
	int err = scan(x, program, interp);

	if (!err)
		err = begin_new_exec(x);
	if (!err)
		err = map_program(program, interp, &image);
	entry = image.entry;
	if (!err && interp->file)
		err = map_interpreter(interp, &entry, &image);
	else if (!err && entry >= ARCH_USER_END)
		err = -EINVAL;
	if (!err)
		err = map_vdso();
	if (!err)
		err = setup_stack(x, &image);
	if (!err) {
		long nr = tf_syscall_nr(current_frame());

		tf_start_user(current_frame(), entry, x->sp);
		tf_set_syscall_nr(current_frame(), nr);	/* a tracer sees that it comes out of execve */
	}
	return err;
}

int elf_load(struct exec *x)
{
	struct elf program = { .file = file_get(x->file) }, interp = { .file = NULL };
	int err;

	memcpy(&program.ehdr, x->head, sizeof(program.ehdr));
	if (!ehdr_ok(&program.ehdr) || !x->file->ops->mmap)
		err = -ENOEXEC;
	else
		err = read_phdrs(&program);
	if (!err)
		err = load_checked(x, &program, &interp);
	elf_free(&program);
	elf_free(&interp);
	return err;
}
