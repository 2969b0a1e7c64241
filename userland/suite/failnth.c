// SPDX-License-Identifier: BSD-2-Clause
/*
 * No memory: see failnth.h.
 */
#include "failnth.h"
#include "memuse.h"

enum { NTH_MAX = 2000 };

int fds[8];

static struct memuse before, now;
static const struct hunted *hunted;
static int nth_fd;

int open_nth(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

void arm_nth(int fd, int nth)
{
	char text[16];

	pwrite(fd, text, sprintf(text, "%d", nth), 0);
}

int disarm_nth(int fd)
{
	char text[16] = "";
	int err = errno;

	pread(fd, text, sizeof(text) - 1, 0);
	arm_nth(fd, 0);
	errno = err;
	return atoi(text);
}

static void note_leak(const char *line)
{
	ktap_note("%s", line);
}

/* The first sweep fills what is filled only once. */
void sweep_twice(bool (*fails_at)(int nth))
{
	for (int turn = 0; turn < 2; turn++) {
		memuse_take(&now);
		ASSERT_TRUE(memuse_take(&before));
		for (int nth = 1; fails_at(nth); nth++)
			ASSERT_TRUE(nth < NTH_MAX);
	}
	EXPECT_TRUE(!memuse_grew(&before, &now, note_leak));
}

static bool expected(int err)
{
	for (int i = 0; i < 4; i++)
		if (hunted->errors[i] && err == hunted->errors[i])
			return true;
	return err == ENOMEM;
}

static void do_once(void)
{
	ASSERT_OK(hunted->operation());
	if (hunted->undo)
		hunted->undo();
}

/* Fail the nth allocation; false: there are fewer. */
static bool operation_fails_at(int nth)
{
	long got;
	bool failed;

	errno = 0;
	arm_nth(nth_fd, nth);
	got = hunted->operation();
	failed = !disarm_nth(nth_fd);
	if (got == -1 && !(failed && expected(errno)))
		ktap_note("allocation %d%s: %s", nth, failed ? " failed" : "", ktap_errno_name(errno));
	EXPECT_TRUE(got != -1 || (failed && expected(errno)));
	if (got != -1 && hunted->undo)
		hunted->undo();
	if (failed)
		do_once();
	return failed;
}

void hunt(const struct hunted *h)
{
	hunted = h;
	nth_fd = open_nth();
	do_once();
	if (nth_fd < 0)
		return;
	sweep_twice(operation_fails_at);
	close(nth_fd);
}

void close_fds(int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

void close_one(void)
{
	close_fds(1);
}

void close_two(void)
{
	close_fds(2);
}

long give_up(int n)
{
	int err = errno;

	close_fds(n);
	errno = err;
	return -1;
}
