// SPDX-License-Identifier: BSD-2-Clause
/*
 * The strings of a program to be: arguments and environment are copied out of the old program into pages of the kernel,
 * within Linux's limits, since the old program's memory will be gone when the new stack is written.
 */
#include "exec.h"

void string_block_free(struct string_block *b)
{
	for (u32 i = 0; i < b->nr_pages; i++)
		free_page_addr(b->page[i]);
	kfree(b->page);
}

/* Room for another page of strings. */
static int block_grow(struct string_block *b)
{
	if (b->nr_pages == b->room) {
		u32 room = b->room ? b->room * 2 : 8;
		void **page = kmalloc(room * sizeof(void *), GFP_KERNEL);

		if (!page)
			return -ENOMEM;
		if (b->nr_pages)
			memcpy(page, b->page, b->nr_pages * sizeof(void *));
		kfree(b->page);
		b->page = page;
		b->room = room;
	}
	struct page *fresh = alloc_page(GFP_KERNEL);

	if (!fresh)
		return -ENOMEM;
	b->page[b->nr_pages++] = page_address(fresh);
	return 0;
}

/* One user string with its NUL, at most `limit` bytes, to the end of the block: its length, or -errno. */
static long block_add_user(struct string_block *b, uaddr_t from, size_t limit)
{
	size_t total = 0;

	for (;;) {
		size_t at = b->bytes % PAGE_SIZE, n = PAGE_SIZE - at;
		long got;

		if (!at && block_grow(b))
			return -ENOMEM;
		got = strncpy_from_user(b->page[b->nr_pages - 1] + at, from + total, n);
		if (got < 0)
			return -EFAULT;
		if ((size_t)got < n)
			got++, n = 0;		/* the NUL */
		b->bytes += got;
		total += got;
		if (total > limit)
			return -E2BIG;
		if (!n)
			return (long)total;
	}
}

/* All strings of a NULL-terminated user array; a NULL array is an empty one. */
static int block_add_array(struct exec *x, struct string_block *b, uaddr_t array)
{
	for (; array; b->count++) {
		uaddr_t s;
		long n;

		if (get_user(&s, array + b->count * sizeof(uaddr_t)))
			return -EFAULT;
		if (!s)
			break;
		if (x->room < 8)
			return -E2BIG;
		x->room -= 8;		/* its pointer on the stack */
		n = block_add_user(b, s, min_t(size_t, MAX_ARG_STRLEN, x->room));
		if (n < 0)
			return n;
		x->room -= n;
		if (!b->count)
			b->first = n;
		if (!(b->count % 1024) && fatal_signal_pending())
			return -ERESTARTNOHAND;
	}
	return 0;
}

static int block_add_kernel(struct string_block *b, const char *s)
{
	size_t n = strlen(s) + 1;

	if (!b->count)
		b->first = n;
	b->count++;
	while (n) {
		size_t at = b->bytes % PAGE_SIZE, step = min_t(size_t, n, PAGE_SIZE - at);

		if (!at && block_grow(b))
			return -ENOMEM;
		memcpy(b->page[b->nr_pages - 1] + at, s, step);
		b->bytes += step;
		s += step;
		n -= step;
	}
	return 0;
}

/* The first call replaces argv[0], which is no longer used; later ones go before what was put. */
int exec_push_front(struct exec *x, const char *s)
{
	size_t n = strlen(s) + 1;
	char *prefix;

	if (n > x->room)
		return -E2BIG;
	prefix = kmalloc(x->prefix_bytes + n, GFP_KERNEL);
	if (!prefix)
		return -ENOMEM;
	memcpy(prefix, s, n);
	memcpy(prefix + n, x->prefix, x->prefix_bytes);
	kfree(x->prefix);
	x->prefix = prefix;
	x->prefix_bytes += n;
	x->prefix_count++;
	x->room -= n;
	return 0;
}

/* A quarter of the stack limit, but at least 128 KiB and at most 6 MiB, for strings and pointers together. */
static int limit_strings(struct exec *x)
{
	size_t limit = min_t(size_t, max_t(size_t, rlimit(RLIMIT_STACK) / 4, MAX_ARG_STRLEN), MAX_ARG_BYTES);
	size_t name = strlen(x->filename) + 1;

	if (limit < name)
		return -E2BIG;
	x->room = limit - name;
	return 0;
}

int exec_gather_user(struct exec *x, uaddr_t argv, uaddr_t envp)
{
	int err = limit_strings(x);

	if (!err)
		err = block_add_array(x, &x->argv, argv);
	if (!err)
		err = block_add_array(x, &x->envp, envp);
	/* A program always has an argv[0]. */
	if (!err && !x->argv.count)
		err = block_add_kernel(&x->argv, "");
	return err;
}

int exec_gather_kernel(struct exec *x, const char *const argv[], const char *const envp[])
{
	int err = limit_strings(x);

	for (; !err && *argv; argv++)
		err = block_add_kernel(&x->argv, *argv);
	for (; !err && *envp; envp++)
		err = block_add_kernel(&x->envp, *envp);
	return err;
}
