// SPDX-License-Identifier: BSD-2-Clause
/*
 * A new program's first stack, from the top down: a zero word, the name it was executed by, its environment and
 * argument strings, the platform's name and 16 random bytes, then the vectors: argc, argv, envp, auxv.
 */
#include "exec.h"
#include <arch/misc.h>
#include <janus/random.h>
#include <janus/time.h>
#include <uapi/elf.h>

static int put_block(uaddr_t to, const struct string_block *b, size_t from)
{
	while (from < b->bytes) {
		size_t at = from % PAGE_SIZE, n = min_t(size_t, PAGE_SIZE - at, b->bytes - from);

		if (copy_to_user(to, b->page[from / PAGE_SIZE] + at, n))
			return -EFAULT;
		to += n;
		from += n;
	}
	return 0;
}

/* The strings, ending at x->stack_top. Scripts' strings stand for the first of argv. */
static int put_strings(struct exec *x, uaddr_t *execfn)
{
	struct mm *mm = current->mm;
	size_t skip = x->prefix_count ? x->argv.first : 0, name = strlen(x->filename) + 1;
	uaddr_t p = x->stack_top - 8 - name;

	*execfn = p;
	if (copy_to_user(p, x->filename, name))
		return -EFAULT;
	mm->env_end = p;
	p -= x->envp.bytes;
	mm->env_start = mm->arg_end = p;
	if (put_block(p, &x->envp, 0))
		return -EFAULT;
	p -= x->argv.bytes - skip;
	if (put_block(p, &x->argv, skip))
		return -EFAULT;
	p -= x->prefix_bytes;
	if (copy_to_user(p, x->prefix, x->prefix_bytes))
		return -EFAULT;
	mm->arg_start = p;
	x->sp = p;
	return 0;
}

/* Everything auxv says. Order and contents are Linux's. */
static u32 fill_auxv(u64 *v, struct exec *x, const struct elf_image *image, uaddr_t platform, uaddr_t random,
		     uaddr_t execfn)
{
	const struct cred *c = current->cred;
	u32 n = 0;

#define AUX(type, value) (v[n++] = (type), v[n++] = (value))
	if (current->mm->sigreturn_page)
		AUX(AT_SYSINFO_EHDR, current->mm->sigreturn_page);
	AUX(AT_MINSIGSTKSZ, arch_minsigstksz());
	AUX(AT_HWCAP, arch_hwcap());
	AUX(AT_PAGESZ, PAGE_SIZE);
	AUX(AT_CLKTCK, USER_HZ);
	AUX(AT_PHDR, image->phdr);
	AUX(AT_PHENT, sizeof(struct elf64_phdr));
	AUX(AT_PHNUM, image->phnum);
	AUX(AT_BASE, image->interp_base);
	AUX(AT_FLAGS, 0);
	AUX(AT_ENTRY, image->entry);
	AUX(AT_UID, c->uid);
	AUX(AT_EUID, c->euid);
	AUX(AT_GID, c->gid);
	AUX(AT_EGID, c->egid);
	AUX(AT_SECURE, x->secure);
	AUX(AT_RANDOM, random);
	AUX(AT_HWCAP2, arch_hwcap2());
	AUX(AT_EXECFN, execfn);
	if (platform)
		AUX(AT_PLATFORM, platform);
	AUX(AT_NULL, 0);
#undef AUX
	return n;
}

/* A vector of pointers to `count` strings that begin at *s, and its NULL; the place behind it, or 0. */
static uaddr_t put_pointers(uaddr_t to, uaddr_t *s, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		char buf[128];
		long n;

		if (put_user(*s, u64, to))
			return 0;
		to += 8;
		/* Over the string to the next one. */
		do {
			n = strncpy_from_user(buf, *s, sizeof(buf));
			if (n < 0)
				return 0;
			*s += n;
		} while (n == sizeof(buf));
		*s += 1;
	}
	return put_user(0, u64, to) ? 0 : to + 8;
}

static int put_vectors(struct exec *x, const u64 *auxv, u32 auxv_len)
{
	struct mm *mm = current->mm;
	u32 argc = x->argv.count - (x->prefix_count ? 1 : 0) + x->prefix_count;
	size_t words = 1 + argc + 1 + x->envp.count + 1 + auxv_len;
	uaddr_t p = (x->sp - words * 8) & ~15UL, s = mm->arg_start;

	x->sp = p;
	if (put_user(argc, u64, p))
		return -EFAULT;
	p = put_pointers(p + 8, &s, argc);
	if (p)
		p = put_pointers(p, &s, x->envp.count);
	if (!p || copy_to_user(p, auxv, auxv_len * 8))
		return -EFAULT;
	mm->stack_start = x->sp;
	return 0;
}

static int make_area(struct exec *x)
{
	struct mm *mm = current->mm;
	struct vma *vma;
	int err;

	x->stack_top = ALIGN_UP(ARCH_USER_END, PAGE_SIZE) - exec_random_pages(ARCH_STACK_RANDOM_BITS);
	down_write(&mm->mmap_lock);
	err = setup_stack_vma(mm, x->stack_top);
	vma = err ? NULL : vma_find(mm, x->stack_top - 1);
	if (vma && x->executable_stack)
		vma->flags |= VM_EXEC;
	up_write(&mm->mmap_lock);
	return err;
}

int setup_stack(struct exec *x, const struct elf_image *image)
{
	struct mm *mm = current->mm;
	const char *name = arch_platform();
	uaddr_t platform = 0, execfn;
	u8 random[16];
	int err = make_area(x);

	if (!err)
		err = put_strings(x, &execfn);
	if (err)
		return err;
	if (exec_randomize())
		x->sp -= random_u64() % 8192;
	x->sp &= ~15UL;
	if (name) {
		x->sp -= strlen(name) + 1;
		platform = x->sp;
		if (copy_to_user(platform, name, strlen(name) + 1))
			return -EFAULT;
	}
	random_bytes(random, sizeof(random));
	x->sp -= sizeof(random);
	if (copy_to_user(x->sp, random, sizeof(random)))
		return -EFAULT;
	mm->auxv_len = fill_auxv(mm->auxv, x, image, platform, x->sp, execfn);
	return put_vectors(x, mm->auxv, mm->auxv_len);
}
