// SPDX-License-Identifier: BSD-2-Clause
/*
 * The stack: it grows by itself down to its limit, and not a byte further.
 */
#include <sys/resource.h>

#include "ktap.h"

/* Use `depth` frames of a kilobyte. */
static __attribute__((noinline)) long dig(long depth)
{
	volatile char frame[1024];

	frame[0] = frame[1023] = depth;
	if (depth == 0)
		return 0;
	return dig(depth - 1) + (frame[0] == (char)depth && frame[1023] == (char)depth);
}

TEST(stack, "grows by 4 MiB when it is used")
{
	EXPECT_EQ(dig(4096), 4096);
}

TEST(stack, "does not grow past RLIMIT_STACK: SIGSEGV")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		_exit(dig(1 << 20) ? 1 : 2);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST(stack, "a smaller limit stops it sooner")
{
	struct rlimit limit = { 256 << 10, 256 << 10 };
	pid_t pid = ktap_fork();

	if (pid == 0) {
		ASSERT_OK(setrlimit(RLIMIT_STACK, &limit));
		dig(1024);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
	EXPECT_EQ(dig(1024), 1024);
}

static volatile sig_atomic_t handled;
static char alternate[65536];

static void on_overflow(int sig, siginfo_t *info, void *context)
{
	char here;

	(void)context;
	handled = sig == SIGSEGV && &here >= alternate && &here < alternate + sizeof(alternate) &&
		  info->si_addr != NULL;
	_exit(handled ? 42 : 1);
}

TEST(stack, "an overflow is handled on an alternate stack")
{
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	pid_t pid = ktap_fork();

	if (pid == 0) {
		ASSERT_OK(sigaltstack(&stack, NULL));
		handle_info(SIGSEGV, on_overflow, SA_ONSTACK);
		dig(1 << 20);
		_exit(0);
	}
	EXPECT_EXIT(pid, 42);
}

TEST(stack, "an overflow with a handler but no room for its frame kills")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		handle_info(SIGSEGV, on_overflow, 0);
		dig(1 << 20);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST(stack, "a call may write into stack that was never touched")
{
	char deep[300000];
	int fd = ASSERT_OK(open("/dev/zero", O_RDONLY));

	EXPECT_EQ(read(fd, deep, 100), 100);
	EXPECT_EQ(deep[0] + deep[99], 0);
}

TEST(stack, "touched far below the stack pointer, within the limit, it grows")
{
	volatile char here = 1;
	volatile char *far = &here - (1 << 20);

	*far = 7;
	EXPECT_EQ(*far, 7);
	EXPECT_EQ(far[4096], 0);
}

TEST(stack, "a child's stack grows apart from its parent's")
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(dig(2048) == 2048 ? 0 : 1);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(dig(1024), 1024);
}

TEST(stack, "MAP_GROWSDOWN memory grows downwards")
{
	char *p = mmap(NULL, 64 * page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *top = p + 63 * page_size();

	ASSERT_TRUE(p != MAP_FAILED);
	ASSERT_OK(munmap(p, 64 * page_size()));
	ASSERT_EQ(mmap(top, page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0), top);
	*(volatile char *)(top - 2 * page_size()) = 5;
	EXPECT_EQ(top[-2 * page_size()], 5);
}
