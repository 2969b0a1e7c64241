// SPDX-License-Identifier: BSD-2-Clause
/*
 * madvise, mlock and what a fork makes of it.
 */
#include <sys/resource.h>

#include "ktap.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

static char *memory(int pages)
{
	char *p = mmap(NULL, pages * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(p != MAP_FAILED);
	memset(p, 'x', pages * page_size());
	return p;
}

static bool there(char *p)
{
	unsigned char seen = 0;

	ASSERT_OK(mincore(p, page_size(), &seen));
	return seen & 1;
}

TEST(advise, "MADV_DONTNEED empties private memory, and shows a private file mapping's file again")
{
	char *p = memory(2);
	int file;

	EXPECT_OK(madvise(p, page_size(), MADV_DONTNEED));
	EXPECT_EQ(p[0], 0);
	EXPECT_EQ(p[page_size()], 'x');
	scratch();
	file = scratch_file("f", "file", 0644);
	p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	p[0] = 'M';
	EXPECT_OK(madvise(p, page_size(), MADV_DONTNEED));
	EXPECT_EQ(p[0], 'f');
}

TEST(advise, "MADV_DONTNEED of locked memory is EINVAL, MADV_DONTNEED_LOCKED is not")
{
	char *p = memory(1);

	EXPECT_OK(mlock(p, page_size()));
	EXPECT_ERRNO(madvise(p, page_size(), MADV_DONTNEED), EINVAL);
	EXPECT_EQ(p[0], 'x');
	EXPECT_OK(madvise(p, page_size(), MADV_DONTNEED_LOCKED));
	EXPECT_EQ(p[0], 0);
}

TEST(advise, "MADV_DONTFORK: the child has a hole there, MADV_DOFORK takes it back")
{
	char *p = memory(1);
	pid_t child;

	EXPECT_OK(madvise(p, page_size(), MADV_DONTFORK));
	child = ktap_fork();
	if (!child) {
		EXPECT_ERRNO(madvise(p, page_size(), MADV_NORMAL), ENOMEM);
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
	EXPECT_OK(madvise(p, page_size(), MADV_DOFORK));
	child = ktap_fork();
	if (!child)
		_exit(p[0]);
	EXPECT_EXIT(child, 'x');
}

TEST(advise, "MADV_WIPEONFORK: the child finds zeros, the parent keeps its bytes")
{
	char *p = memory(2), *shared;
	pid_t child;

	EXPECT_OK(madvise(p, page_size(), MADV_WIPEONFORK));
	child = ktap_fork();
	if (!child) {
		EXPECT_EQ(p[0], 0);
		EXPECT_EQ(p[page_size()], 'x');
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
	EXPECT_EQ(p[0], 'x');
	EXPECT_OK(madvise(p, page_size(), MADV_KEEPONFORK));
	child = ktap_fork();
	if (!child)
		_exit(p[0]);
	EXPECT_EXIT(child, 'x');
	shared = mmap(NULL, page_size(), PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT_ERRNO(madvise(shared, page_size(), MADV_WIPEONFORK), EINVAL);
}

TEST(advise, "MADV_REMOVE makes a hole in a shared file, and refuses private and locked memory")
{
	char *p = memory(1), *shared;
	int file;

	EXPECT_ERRNO(madvise(p, page_size(), MADV_REMOVE), EINVAL);
	scratch();
	file = scratch_file("f", "", 0644);
	ASSERT_OK(ftruncate(file, 3 * page_size()));
	shared = mmap(NULL, 3 * page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	memset(shared, 'x', 3 * page_size());
	EXPECT_OK(madvise(shared + page_size(), page_size(), MADV_REMOVE));
	EXPECT_EQ(shared[0], 'x');
	EXPECT_EQ(shared[page_size()], 0);
	EXPECT_EQ(shared[2 * page_size()], 'x');
	EXPECT_OK(mlock(shared, page_size()));
	EXPECT_ERRNO(madvise(shared, page_size(), MADV_REMOVE), EINVAL);
	p = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, open("f", O_RDONLY), 0);
	EXPECT_ERRNO(madvise(p, page_size(), MADV_REMOVE), EACCES);
}

TEST(advise, "MADV_POPULATE_READ and MADV_POPULATE_WRITE bring pages in, or tell why not")
{
	char *p = mmap(NULL, 4 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_TRUE(!there(p + page_size()));
	EXPECT_OK(madvise(p + page_size(), page_size(), MADV_POPULATE_WRITE));
	EXPECT_TRUE(there(p + page_size()));
	EXPECT_OK(madvise(p, 4 * page_size(), MADV_POPULATE_READ));
	EXPECT_OK(mprotect(p, page_size(), PROT_READ));
	EXPECT_ERRNO(madvise(p, page_size(), MADV_POPULATE_WRITE), EINVAL);
	EXPECT_OK(mprotect(p, page_size(), PROT_NONE));
	EXPECT_ERRNO(madvise(p, page_size(), MADV_POPULATE_READ), EINVAL);
	munmap(p + 2 * page_size(), page_size());
	EXPECT_ERRNO(madvise(p + page_size(), 2 * page_size(), MADV_POPULATE_WRITE), ENOMEM);
}

TEST(advise, "mincore tells of a file's pages, and refuses what is not mapped")
{
	unsigned char seen[2] = { 9, 9 };
	char *p;
	int file;

	scratch();
	file = scratch_file("f", "some bytes", 0644);
	p = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, file, 0);
	EXPECT_OK(mincore(p, page_size(), seen));
	EXPECT_EQ(seen[0] & 1, 1);
	EXPECT_ERRNO(mincore(p + 1, page_size(), seen), EINVAL);
	EXPECT_ERRNO(mincore(p, page_size(), NULL), EFAULT);
	munmap(p, page_size());
	EXPECT_ERRNO(mincore(p, page_size(), seen), ENOMEM);
}

TEST(advise, "hints that change nothing are taken, unknown ones, odd addresses and holes are not")
{
	static const int kinds[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTDUMP, MADV_DODUMP,
				     20 /* COLD */, 21 /* PAGEOUT */, MADV_FREE };
	char *p = memory(3);

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		EXPECT_OK(madvise(p, page_size(), kinds[i]));
	EXPECT_ERRNO(madvise(p, page_size(), 77), EINVAL);
	EXPECT_ERRNO(madvise(p + 1, page_size(), MADV_NORMAL), EINVAL);
	EXPECT_ERRNO(madvise(p, -page_size(), MADV_NORMAL), EINVAL);
	EXPECT_OK(madvise(p, 0, MADV_NORMAL));
	munmap(p + page_size(), page_size());
	EXPECT_ERRNO(madvise(p, 3 * page_size(), MADV_DONTNEED), ENOMEM);
	EXPECT_EQ(p[0], 0);
	EXPECT_EQ(p[2 * page_size()], 0);
}

TEST(advise, "mlockall: what is there and what comes is in memory; munlockall ends it")
{
	char *p;

	EXPECT_OK(mlockall(MCL_FUTURE));
	p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_TRUE(there(p));
	EXPECT_OK(munlockall());
	p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_TRUE(!there(p));
	p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	EXPECT_TRUE(there(p));
	EXPECT_ERRNO(mlockall(0), EINVAL);
	EXPECT_ERRNO(mlockall(MCL_ONFAULT), EINVAL);
	EXPECT_ERRNO(mlockall(0x100), EINVAL);
}

TEST(advise, "memory that may not be touched is locked, but mlock says ENOMEM and mlockall does not mind")
{
	char *p = memory(2);

	ASSERT_OK(mprotect(p + page_size(), page_size(), PROT_NONE));
	EXPECT_ERRNO(mlock(p, 2 * page_size()), ENOMEM);
	EXPECT_TRUE(there(p));
	EXPECT_ERRNO(madvise(p + page_size(), page_size(), MADV_DONTNEED), EINVAL);
	EXPECT_OK(munlock(p, 2 * page_size()));
	EXPECT_OK(syscall(SYS_mlock2, p, 2 * page_size(), MLOCK_ONFAULT));
	EXPECT_OK(mlockall(MCL_CURRENT));
	EXPECT_OK(munlockall());
}

TEST(advise, "advice makes areas of their own, until it is the same again")
{
	static const int kinds[][2] = { { MADV_RANDOM, MADV_NORMAL }, { MADV_SEQUENTIAL, MADV_NORMAL },
					{ MADV_DONTFORK, MADV_DOFORK }, { MADV_DONTDUMP, MADV_DODUMP },
					{ MADV_MERGEABLE, MADV_UNMERGEABLE } };
	size_t page = page_size();
	char *p = memory(4);

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		ASSERT_OK(madvise(p + page, page, kinds[i][0]));
		EXPECT_ERRNO(mremap(p, 4 * page, 4 * page, MREMAP_MAYMOVE | MREMAP_FIXED, p + 16 * page), EFAULT);
		ASSERT_OK(madvise(p + page, page, kinds[i][1]));
		EXPECT_EQ(mremap(p, 4 * page, 3 * page, 0), p);
		EXPECT_EQ(mremap(p, 3 * page, 4 * page, 0), p);
	}
	ASSERT_OK(madvise(p + page, page, MADV_NOHUGEPAGE));
	EXPECT_ERRNO(mremap(p, 4 * page, 4 * page, MREMAP_MAYMOVE | MREMAP_FIXED, p + 16 * page), EFAULT);
	ASSERT_OK(madvise(p + page, page, MADV_HUGEPAGE));
	EXPECT_ERRNO(mremap(p, 4 * page, 4 * page, MREMAP_MAYMOVE | MREMAP_FIXED, p + 16 * page), EFAULT);
}

TEST(advise, "a user locks up to RLIMIT_MEMLOCK: beyond it ENOMEM, for a mapping EAGAIN, of nothing EPERM")
{
	struct rlimit limit = { 4 * page_size(), 4 * page_size() };
	char *p = memory(8);

	ASSERT_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
	become_nobody();
	EXPECT_OK(mlock(p, 4 * page_size()));
	EXPECT_OK(mlock(p, 4 * page_size()));
	EXPECT_ERRNO(mlock(p + 4 * page_size(), page_size()), ENOMEM);
	EXPECT_ERRNO((long)mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN);
	EXPECT_OK(munlock(p, page_size()));
	EXPECT_OK(mlock(p + 4 * page_size(), page_size()));
	limit.rlim_cur = limit.rlim_max = 0;
	ASSERT_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
	EXPECT_ERRNO(mlock(p, page_size()), EPERM);
	EXPECT_ERRNO(mlockall(MCL_CURRENT), EPERM);
}

TEST(advise, "RLIMIT_AS holds for a new mapping, not for one that takes the place of another")
{
	char *p = memory(8);
	struct rlimit limit = { 0, RLIM_INFINITY };
	long pages = 0;

	sscanf(slurp("/proc/self/statm"), "%ld", &pages);
	limit.rlim_cur = pages * page_size();
	ASSERT_OK(setrlimit(RLIMIT_AS, &limit));
	EXPECT_ERRNO((long)mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	EXPECT_TRUE(mmap(p, 4 * page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	EXPECT_ERRNO((long)mremap(p, 4 * page_size(), 9 * page_size(), MREMAP_MAYMOVE), ENOMEM);
}
