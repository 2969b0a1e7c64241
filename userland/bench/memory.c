// SPDX-License-Identifier: BSD-2-Clause
/* Rows about mappings and faults. Costs of a fault are measured over many pages of one mapping. */
#define _GNU_SOURCE
#include "bench.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static bool check_mmap(void)
{
	void *p = mmap(NULL, PAGE, RW, ANON, -1, 0);

	return p != MAP_FAILED && !munmap(p, PAGE);
}
static void run_mmap(long n) { while (n--) munmap(mmap(NULL, PAGE, RW, ANON, -1, 0), PAGE); }

static bool check_touch(void)
{
	volatile char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);

	if (p == MAP_FAILED || *p)
		return false;
	*p = 1;
	return *p == 1 && !munmap((void *)p, PAGE);
}
static void run_touch(long n)
{
	while (n--) {
		volatile char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);

		*p = 1;
		munmap((void *)p, PAGE);
	}
}

#define FAULT_PAGES 4096L
static char *area;

static bool check_fault(void)
{
	if (!area)
		area = mmap(NULL, FAULT_PAGES * PAGE, RW, ANON, -1, 0);
	if (area == MAP_FAILED)
		return false;
	madvise(area, FAULT_PAGES * PAGE, MADV_NOHUGEPAGE);	/* a kernel without huge pages may refuse */
	return !madvise(area, FAULT_PAGES * PAGE, MADV_DONTNEED);
}
static void run_fault(long n)
{
	/* loops is the number of pages; the mapping is emptied first, which costs a call in all. */
	madvise(area, FAULT_PAGES * PAGE, MADV_DONTNEED);
	for (long i = 0; i < n && i < FAULT_PAGES; i++)
		((volatile char *)area)[i * PAGE] = 1;
}

/* The child writes to pages that it shares with its parent; it reports through the shared page. */
static bool check_cow(void)
{
	volatile char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);
	int status;
	pid_t pid;

	if (p == MAP_FAILED)
		return false;
	*p = 1;
	pid = fork();
	if (!pid) {
		*p = 2;
		_exit(*p != 2);
	}
	return check_fault() && pid > 0 && waitpid(pid, &status, 0) == pid && !status && *p == 1 &&
	       !munmap((void *)p, PAGE);
}
/* A child writes to every page and measures that; the pages were its parent's before. */
static long long timed_cow(long n)
{
	long long *elapsed = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), result;
	pid_t pid;

	run_fault(n);
	pid = NEED(fork());
	if (!pid) {
		long long start = bench_begin();

		for (long i = 0; i < n && i < FAULT_PAGES; i++)
			((volatile char *)area)[i * PAGE] = 2;
		*elapsed = bench_end(start);
		_exit(0);
	}
	NEED(waitpid(pid, NULL, 0));
	result = *elapsed;
	munmap(elapsed, PAGE);
	return result;
}

static bool check_mprotect(void)
{
	volatile char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);
	bool ok = p != MAP_FAILED && !mprotect((void *)p, PAGE, PROT_READ) && !mprotect((void *)p, PAGE, RW);

	if (ok)
		*p = 1;
	return ok && !munmap((void *)p, PAGE);
}
static void run_mprotect(long n)
{
	char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);

	*p = 1;
	while (n--) {
		mprotect(p, PAGE, PROT_READ);
		mprotect(p, PAGE, RW);
	}
	munmap(p, PAGE);
}

static long set_break(long at) { return syscall(SYS_brk, at); }
static bool check_brk(void)
{
	long now = (set_break(0) + PAGE - 1) & -PAGE;
	bool ok = set_break(now + PAGE) == now + PAGE;

	if (ok)
		*(volatile char *)now = 1;
	return ok && set_break(now) == now;
}
static void run_brk(long n)
{
	long now = (set_break(0) + PAGE - 1) & -PAGE;

	while (n--) {
		set_break(now + PAGE);
		set_break(now);
	}
}

const struct op memory_ops[] = {
	{ "mmap_munmap", 3000, check_mmap, run_mmap },
	{ "mmap_touch_munmap", 3000, check_touch, run_touch },
	{ "fault_anon", FAULT_PAGES, check_fault, run_fault },
	{ "fault_cow", FAULT_PAGES, check_cow, NULL, timed_cow },
	{ "mprotect_toggle", 3000, check_mprotect, run_mprotect },
	{ "brk", 3000, check_brk, run_brk },
	{ 0 },
};
