// SPDX-License-Identifier: BSD-2-Clause
/*
 * Copy on write: after fork every page is shared until somebody writes, and nobody can tell.
 */
#include "ktap.h"

enum { PAGES = 64 };

static char *area(void)
{
	char *p = mmap(NULL, PAGES * page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(p != MAP_FAILED);
	return p;
}

static void fill(char *p, int seed)
{
	for (int i = 0; i < PAGES; i++)
		p[i * page_size()] = i + seed;
}

static void check(const char *p, int seed)
{
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(p[i * page_size()], (char)(i + seed));
}

TEST(cow, "the child's writes do not reach the parent")
{
	char *p = area();
	pid_t pid;

	fill(p, 1);
	pid = ktap_fork();
	if (pid == 0) {
		check(p, 1);
		fill(p, 50);
		check(p, 50);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	check(p, 1);
}

TEST(cow, "the parent's writes do not reach the child")
{
	struct gate gate = gate_new();
	char *p = area();
	pid_t pid;

	fill(p, 1);
	pid = ktap_fork();
	if (pid == 0) {
		gate_wait(&gate);
		check(p, 1);
		_exit(0);
	}
	fill(p, 50);
	gate_open(&gate);
	EXPECT_EXIT(pid, 0);
	check(p, 50);
}

TEST(cow, "pages never touched before the fork are zero for both and then apart")
{
	char *p = area();
	pid_t pid = ktap_fork();

	if (pid == 0) {
		for (int i = 0; i < PAGES; i++)
			EXPECT_EQ(p[i * page_size()], 0);
		fill(p, 9);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(p[i * page_size()], 0);
}

TEST(cow, "a page read first as zeros is written apart later")
{
	char *p = area();
	pid_t pid;

	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(p[i * page_size()], 0);
	pid = ktap_fork();
	if (pid == 0) {
		fill(p, 3);
		check(p, 3);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	fill(p, 4);
	check(p, 4);
}

TEST(cow, "three generations, each with its own values")
{
	char *p = area();
	pid_t child, grandchild;

	fill(p, 1);
	child = ktap_fork();
	if (child == 0) {
		fill(p, 2);
		grandchild = ktap_fork();
		if (grandchild == 0) {
			check(p, 2);
			fill(p, 3);
			check(p, 3);
			_exit(0);
		}
		EXPECT_EXIT(grandchild, 0);
		check(p, 2);
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
	check(p, 1);
}

TEST(cow, "a call that writes into a shared page copies it too")
{
	char *p = area();
	int fds[2];
	pid_t pid;

	fill(p, 1);
	ASSERT_OK(pipe(fds));
	ASSERT_EQ(write(fds[1], "ZZZZ", 4), 4);
	pid = ktap_fork();
	if (pid == 0) {
		EXPECT_EQ(read(fds[0], p, 4), 4);
		EXPECT_EQ(p[0], 'Z');
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	check(p, 1);
}

TEST(cow, "the last owner writes on without a copy being visible")
{
	char *p = area();
	pid_t pid;

	fill(p, 1);
	for (int round = 0; round < 5; round++) {
		pid = ktap_fork();
		if (pid == 0)
			_exit(p[0]);
		EXPECT_EXIT(pid, 1 + round);
		fill(p, 2 + round);
	}
	check(p, 6);
}

TEST(cow, "mprotect to read-only and back keeps pages private")
{
	char *p = area();
	pid_t pid;

	fill(p, 1);
	pid = ktap_fork();
	if (pid == 0) {
		EXPECT_OK(mprotect(p, PAGES * page_size(), PROT_READ));
		EXPECT_OK(mprotect(p, PAGES * page_size(), PROT_READ | PROT_WRITE));
		fill(p, 7);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	check(p, 1);
}

TEST(cow, "a private file mapping does not write to the file")
{
	char c;

	scratch();
	int fd = scratch_file("f", "abc", 0644);
	char *p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	p[0] = 'X';
	EXPECT_EQ(pread(fd, &c, 1, 0), 1);
	EXPECT_EQ(c, 'a');
	EXPECT_EQ(pwrite(fd, "B", 1, 1), 1);
	EXPECT_EQ(p[0], 'X');
}

TEST(cow, "the program's own data and stack are apart after fork, hammered by both")
{
	static volatile long data[4096];
	volatile long stack[512];
	pid_t pid;

	pid = ktap_fork();
	for (int round = 0; round < 20; round++)
		for (int i = 0; i < 4096; i++) {
			data[i] = (pid ? 1000 : 2000) + i;
			stack[i % 512] = data[i];
		}
	for (int i = 0; i < 4096; i++)
		EXPECT_EQ(data[i], (pid ? 1000 : 2000) + i);
	for (int i = 0; i < 512; i++)
		EXPECT_EQ(stack[i], (pid ? 1000 : 2000) + 3584 + i);
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}
