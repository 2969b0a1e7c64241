// SPDX-License-Identifier: BSD-2-Clause
/*
 * brk: the program break, which the call returns whether it moved or not.
 */
#include <setjmp.h>

#include "ktap.h"

static char *set_break(const void *to)
{
	return (char *)syscall(SYS_brk, to);
}

static sigjmp_buf out;

static void caught(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

static bool faults(volatile char *p)
{
	handle(SIGSEGV, caught, SA_NODEFER);
	if (sigsetjmp(out, 1))
		return true;
	(void)*p;
	return false;
}

TEST(brk, "0 asks where the break is")
{
	char *now = set_break(NULL);

	EXPECT_TRUE(now != NULL && now != (char *)-1);
	EXPECT_EQ(set_break(NULL), now);
}

TEST(brk, "grows by zeroed memory")
{
	char *old = set_break(NULL);

	ASSERT_EQ(set_break(old + 100000), old + 100000);
	for (int i = 0; i < 100000; i += 97)
		EXPECT_EQ(old[i], 0);
	memset(old, 'x', 100000);
}

TEST(brk, "shrinks, and what is given back faults")
{
	char *old = set_break(NULL);

	old = (char *)(((long)old + page_size() - 1) & -page_size());
	ASSERT_EQ(set_break(old + 8 * page_size()), old + 8 * page_size());
	old[7 * page_size()] = 1;
	EXPECT_EQ(set_break(old + page_size()), old + page_size());
	EXPECT_TRUE(faults(old + page_size()));
	EXPECT_TRUE(!faults(old + page_size() - 1));
}

TEST(brk, "grown again after shrinking it is zero again")
{
	char *old = set_break(NULL);

	old = (char *)(((long)old + page_size() - 1) & -page_size());
	ASSERT_EQ(set_break(old + 2 * page_size()), old + 2 * page_size());
	old[page_size()] = 'x';
	set_break(old);
	set_break(old + 2 * page_size());
	EXPECT_EQ(old[page_size()], 0);
}

TEST(brk, "need not be a multiple of the page")
{
	char *old = set_break(NULL);

	EXPECT_EQ(set_break(old + 1), old + 1);
	EXPECT_EQ(set_break(old + 5001), old + 5001);
	EXPECT_EQ(set_break(old), old);
}

TEST(brk, "a refusal returns the old break and not an error")
{
	char *old = set_break(NULL);

	EXPECT_EQ(set_break((void *)16), old);
	EXPECT_EQ(set_break((void *)-4096L), old);
	EXPECT_EQ(set_break(old + (1L << 46)), old);
}

TEST(brk, "does not run over a mapping in its way")
{
	char *old = set_break(NULL), *block;

	block = (char *)(((long)old + page_size() - 1) & -page_size()) + 16 * page_size();
	ASSERT_EQ(mmap(block, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		       -1, 0), block);
	EXPECT_EQ(set_break(block + page_size()), old);
	EXPECT_EQ(set_break(block - page_size()), block - page_size());
}

TEST(brk, "a child's break is its own")
{
	char *old = set_break(NULL);
	pid_t pid;

	ASSERT_EQ(set_break(old + 4096), old + 4096);
	pid = ktap_fork();
	if (pid == 0)
		_exit(set_break(NULL) == old + 4096 && set_break(old + 99999) == old + 99999 ? 0 : 1);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(set_break(NULL), old + 4096);
}

TEST(brk, "RLIMIT_DATA stops it")
{
	unsigned long limit[2] = { 1 << 20, 1 << 20 };
	char *old = set_break(NULL);

	ASSERT_OK(syscall(SYS_prlimit64, 0, 2, limit, NULL));
	EXPECT_EQ(set_break(old + (4 << 20)), old);
}
