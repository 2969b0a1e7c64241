/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program on its way to being run: what exec.c gathers, script.c redirects, elf.c loads and stack.c lays out.
 * Process context; owned by the thread that executes.
 */
#ifndef PROCESS_EXEC_H
#define PROCESS_EXEC_H

#include "process.h"

#define EXEC_HEAD 256			/* bytes of the file that decide its format */
#define MAX_ARG_STRLEN (32 * PAGE_SIZE)
#define MAX_ARG_BYTES (6UL << 20)	/* three quarters of the default stack limit */

/* Strings with their NULs, one behind the other, in pages. */
struct string_block {
	void **page;			/* direct-map addresses */
	u32 nr_pages, room;		/* pages in use; entries of `page` */
	size_t bytes;
	u32 count;
	size_t first;			/* bytes of the first string, its NUL counted */
};

struct exec {
	struct file *file;		/* what is loaded: at last the ELF program */
	char *filename;			/* as the caller said it, or /dev/fd/N: AT_EXECFN */
	bool inaccessible;		/* filename will not open any more: a descriptor closed by exec */
	char head[EXEC_HEAD];		/* start of file, zero padded */
	struct string_block argv, envp;
	char *prefix;			/* strings that scripts put before argv (without its first) */
	size_t prefix_bytes;
	u32 prefix_count;
	size_t room;			/* bytes that strings may still take */
	struct cred *cred;
	bool secure;			/* AT_SECURE */
	bool fs_marked;			/* current->fs->in_exec is ours */
	bool point_of_no_return;
	bool executable_stack;
	uaddr_t stack_top;		/* where the strings end */
	uaddr_t sp;
};

/* What the auxiliary vector says of the loaded image. */
struct elf_image {
	uaddr_t entry, phdr, interp_base;
	u16 phnum;
};

struct file *exec_open(const char *name);	/* closed to writers; or ERR_PTR */
int exec_gather_user(struct exec *x, uaddr_t argv, uaddr_t envp);
int exec_gather_kernel(struct exec *x, const char *const argv[], const char *const envp[]);
void string_block_free(struct string_block *b);
int exec_push_front(struct exec *x, const char *s);		/* one more string before argv */
int script_load(struct exec *x);		/* 0: x->file is the interpreter now; -ENOEXEC: no script */
int elf_load(struct exec *x);			/* runs it: 0, or -errno (before or after the point of no return) */
int begin_new_exec(struct exec *x);		/* the point of no return: a fresh, empty address space */
int setup_stack(struct exec *x, const struct elf_image *image);
bool exec_randomize(void);			/* does this program get a random layout? */
u64 exec_random_pages(unsigned bits);		/* bytes, whole pages; 0 without randomisation */

#endif
