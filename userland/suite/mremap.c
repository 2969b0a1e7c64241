// SPDX-License-Identifier: BSD-2-Clause
/*
 * mremap with numbers nobody sane would give, and the ways to the lowest pages, which only root may map.
 */
#include "ktap.h"

static char *pages(int n)
{
	char *p = mmap(NULL, n * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(p != MAP_FAILED);
	memset(p, 'x', n * page_size());
	return p;
}

static long remap(const void *at, unsigned long old, unsigned long new, int flags, unsigned long to)
{
	return syscall(SYS_mremap, at, old, new, flags, to);
}

TEST(mremap, "a new size that rounds to nothing is EINVAL, as is 0")
{
	char *p = pages(2);

	EXPECT_ERRNO(remap(p, page_size(), 0, MREMAP_MAYMOVE, 0), EINVAL);
	EXPECT_ERRNO(remap(p, page_size(), ~0UL, MREMAP_MAYMOVE, 0), EINVAL);
	EXPECT_ERRNO(remap(p, page_size(), ~0UL - page_size() + 2, MREMAP_MAYMOVE, 0), EINVAL);
	EXPECT_EQ(p[2 * page_size() - 1], 'x');
}

TEST(mremap, "a new size beyond all addresses is ENOMEM, and the old pages stay")
{
	char *p = pages(2);

	for (int bit = 48; bit < 64; bit++) {
		EXPECT_ERRNO(remap(p, page_size(), 1UL << bit, MREMAP_MAYMOVE, 0), ENOMEM);
		EXPECT_ERRNO(remap(p, page_size(), 1UL << bit, 0, 0), ENOMEM);
	}
	EXPECT_EQ(p[0], 'x');
	EXPECT_EQ(p[page_size()], 'x');
}

TEST(mremap, "growing an old size that reaches out of the mapping, or wraps, is EFAULT, shrinking it EINVAL")
{
	char *p = pages(2);

	EXPECT_ERRNO(remap(p, 3 * page_size(), 4 * page_size(), MREMAP_MAYMOVE, 0), EFAULT);
	EXPECT_ERRNO(remap(p, -(unsigned long)p, 1UL << 60, MREMAP_MAYMOVE, 0), EINVAL);
	EXPECT_ERRNO(remap(p, 1UL << 63, ~0UL << 63 | 4096 * 16, MREMAP_MAYMOVE, 0), EFAULT);
	EXPECT_EQ(p[page_size()], 'x');
}

TEST(mremap, "a fixed place that is no page, no address, wraps or overlaps is EINVAL")
{
	char *p = pages(4);
	unsigned long size = page_size(), at = (unsigned long)p;
	int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;

	EXPECT_ERRNO(remap(p, size, size, fixed, at + 1), EINVAL);
	EXPECT_ERRNO(remap(p, size, size, fixed, 1UL << 63), EINVAL);
	EXPECT_ERRNO(remap(p, size, 2 * size, fixed, -size), EINVAL);
	EXPECT_ERRNO(remap(p, 2 * size, 2 * size, fixed, at + size), EINVAL);
	EXPECT_ERRNO(remap(p, size, size, MREMAP_FIXED, at + 2 * size), EINVAL);
	EXPECT_EQ(p[4 * size - 1], 'x');
}

/* The lowest page is where a kernel's own null pointers point: whoever could fill it would be read. */
TEST(mremap, "a user maps nothing at address 0: not by mmap, not by moving")
{
	char *p = pages(1);
	pid_t pid = ktap_fork();

	if (pid == 0) {
		become_nobody();
		EXPECT_EQ((long)mmap(NULL, page_size(), PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), -1);
		EXPECT_EQ(errno, EPERM);
		EXPECT_ERRNO(remap(p, page_size(), page_size(), MREMAP_MAYMOVE | MREMAP_FIXED, 0), EPERM);
		EXPECT_EQ(p[0], 'x');
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(mremap, "root may move pages to address 0")
{
	char *p = pages(1);

	EXPECT_EQ(remap(p, page_size(), page_size(), MREMAP_MAYMOVE | MREMAP_FIXED, 0), 0);
	EXPECT_OK(msync(NULL, page_size(), MS_ASYNC));
	EXPECT_ERRNO(msync(p, page_size(), MS_ASYNC), ENOMEM);
	EXPECT_OK(munmap(NULL, page_size()));
}

TEST(mremap, "untouched memory that was moved is one with its neighbours, touched memory is not")
{
	size_t page = page_size();
	char *at = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_OK(munmap(at + 4 * page, page));
	ASSERT_EQ(mremap(at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, at + 4 * page), at + 4 * page);
	EXPECT_EQ(mremap(at + 3 * page, 3 * page, 4 * page, 0), MAP_FAILED);	/* in one area, and no room behind */
	EXPECT_EQ(errno, ENOMEM);
	ASSERT_OK(munmap(at + 5 * page, page));
	at[page] = 1;
	ASSERT_EQ(mremap(at + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, at + 5 * page), at + 5 * page);
	EXPECT_EQ(mremap(at + 4 * page, 3 * page, 4 * page, 0), MAP_FAILED);	/* in three */
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(at[5 * page], 1);
}
