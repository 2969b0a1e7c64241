// SPDX-License-Identifier: BSD-2-Clause
/*
 * Futexes that the kernel hands over (PI), and waits for several words at once.
 */
#include <linux/futex.h>

#include "ktap.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

struct waitv { uint64_t val, uaddr; uint32_t flags, reserved; };

static void ignore(int sig) { (void)sig; }

static long futex(uint32_t *word, int op, uint32_t val, const struct timespec *limit)
{
	return syscall(SYS_futex, word, op, val, limit, NULL, 0);
}

static long waitv(struct waitv *v, unsigned n, const struct timespec *until)
{
	return syscall(SYS_futex_waitv, v, n, 0, until, CLOCK_MONOTONIC);
}

static struct timespec soon(clockid_t clock, long ms)
{
	long long ns = now_ns(clock) + ms * 1000000;

	return (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

static struct waitv on(uint32_t *word, uint32_t val)
{
	return (struct waitv){ val, (uintptr_t)word, FUTEX_32, 0 };
}

TEST(futexpi, "who waits for a PI lock gets it when it is given back")
{
	uint32_t *word = shared_page();
	pid_t child;

	EXPECT_OK(futex(word, FUTEX_LOCK_PI, 0, NULL));
	child = ktap_fork();
	if (!child) {
		EXPECT_OK(futex(word, FUTEX_LOCK_PI, 0, NULL));
		EXPECT_EQ(*word & FUTEX_TID_MASK, getpid());
		EXPECT_OK(futex(word, FUTEX_UNLOCK_PI, 0, NULL));
		_exit(0);
	}
	wait_until_blocked(child);
	EXPECT_EQ(*word, getpid() | FUTEX_WAITERS);
	EXPECT_ERRNO(futex(word, FUTEX_TRYLOCK_PI, 0, NULL), EDEADLK);
	EXPECT_OK(futex(word, FUTEX_UNLOCK_PI, 0, NULL));
	EXPECT_EXIT(child, 0);
	EXPECT_EQ(*word, 0);
}

TEST(futexpi, "two who wait: the first gets it with FUTEX_WAITERS set")
{
	uint32_t *word = shared_page();
	struct gate let = gate_new();
	pid_t first, second;

	EXPECT_OK(futex(word, FUTEX_LOCK_PI, 0, NULL));
	first = ktap_fork();
	if (!first) {
		EXPECT_OK(futex(word, FUTEX_LOCK_PI, 0, NULL));
		EXPECT_EQ(*word, getpid() | FUTEX_WAITERS);
		gate_wait(&let);
		EXPECT_OK(futex(word, FUTEX_UNLOCK_PI, 0, NULL));
		_exit(0);
	}
	wait_until_blocked(first);
	second = ktap_fork();
	if (!second) {
		EXPECT_OK(futex(word, FUTEX_LOCK_PI, 0, NULL));
		EXPECT_OK(futex(word, FUTEX_UNLOCK_PI, 0, NULL));
		_exit(0);
	}
	wait_until_blocked(second);
	EXPECT_OK(futex(word, FUTEX_UNLOCK_PI, 0, NULL));
	EXPECT_EQ(*word, first | FUTEX_WAITERS);
	gate_open(&let);
	EXPECT_EXIT(first, 0);
	EXPECT_EXIT(second, 0);
	EXPECT_EQ(*word, 0);
}

TEST(futexpi, "a lock that does not come in time is ETIMEDOUT, a signal begins the wait anew")
{
	uint32_t *word = shared_page();
	struct timespec until = soon(CLOCK_REALTIME, 20);
	pid_t child;

	EXPECT_OK(futex(word, FUTEX_LOCK_PI, 0, NULL));
	child = ktap_fork();
	if (!child) {
		EXPECT_ERRNO(futex(word, FUTEX_LOCK_PI, 0, &until), ETIMEDOUT);
		handle(SIGUSR1, ignore, 0);
		__atomic_store_n(&word[1], 1, __ATOMIC_RELEASE);
		EXPECT_OK(futex(word, FUTEX_LOCK_PI, 0, NULL));
		_exit(0);
	}
	while (!__atomic_load_n(&word[1], __ATOMIC_ACQUIRE))
		sched_yield();
	wait_until_blocked(child);
	kill(child, SIGUSR1);
	wait_until_blocked(child);
	EXPECT_OK(futex(word, FUTEX_UNLOCK_PI, 0, NULL));
	EXPECT_EXIT(child, 0);
}

TEST(futexpi, "a lock taken by another cannot be given back or tried for")
{
	uint32_t *word = shared_page();
	pid_t child;

	EXPECT_OK(futex(word, FUTEX_LOCK_PI, 0, NULL));
	child = ktap_fork();
	if (!child) {
		EXPECT_ERRNO(futex(word, FUTEX_UNLOCK_PI, 0, NULL), EPERM);
		EXPECT_ERRNO(futex(word, FUTEX_TRYLOCK_PI, 0, NULL), EAGAIN);
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
}

TEST(futexpi, "who dies with a PI lock on its robust list leaves it to the one that waits")
{
	struct { struct robust_list_head head; struct robust_list entry; uint32_t word; } *mine = shared_page();
	struct gate held = gate_new(), die = gate_new();
	pid_t owner, waiter;

	owner = ktap_fork();
	if (!owner) {
		mine->head.list.next = (void *)((uintptr_t)&mine->entry | 1);
		mine->head.futex_offset = (char *)&mine->word - (char *)&mine->entry;
		mine->entry.next = &mine->head.list;
		ASSERT_OK(syscall(SYS_set_robust_list, &mine->head, sizeof(mine->head)));
		ASSERT_OK(futex(&mine->word, FUTEX_LOCK_PI, 0, NULL));
		gate_open(&held);
		gate_wait(&die);
		_exit(0);
	}
	gate_wait(&held);
	waiter = ktap_fork();
	if (!waiter) {
		EXPECT_OK(futex(&mine->word, FUTEX_LOCK_PI, 0, NULL));
		EXPECT_EQ(mine->word & FUTEX_TID_MASK, getpid());
		EXPECT_EQ(mine->word & FUTEX_OWNER_DIED, FUTEX_OWNER_DIED);
		_exit(0);
	}
	wait_until_blocked(waiter);
	gate_open(&die);
	EXPECT_EXIT(owner, 0);
	EXPECT_EXIT(waiter, 0);
}

TEST(futexpi, "futex_waitv: the word that was woken is told by its place")
{
	uint32_t *words = shared_page();
	pid_t child;

	child = ktap_fork();
	if (!child) {
		struct waitv v[3] = { on(words, 0), on(words + 1, 0), on(words + 2, 0) };

		EXPECT_EQ(waitv(v, 3, NULL), 1);
		_exit(0);
	}
	wait_until_blocked(child);
	EXPECT_EQ(futex(words + 1, FUTEX_WAKE, 1, NULL), 1);
	EXPECT_EXIT(child, 0);
	EXPECT_EQ(futex(words, FUTEX_WAKE, 1, NULL), 0);
}

TEST(futexpi, "futex_waitv: a word of another value is EAGAIN, time EINVAL or ETIMEDOUT")
{
	uint32_t words[2] = { 0, 5 };
	struct waitv v[2] = { on(words, 0), on(words + 1, 4) };
	struct timespec until = soon(CLOCK_MONOTONIC, 10), wrong = { 0, 1000000000 };

	EXPECT_ERRNO(waitv(v, 2, NULL), EAGAIN);
	v[1].val = 5;
	EXPECT_ERRNO(waitv(v, 2, &until), ETIMEDOUT);
	EXPECT_ERRNO(waitv(v, 2, &wrong), EINVAL);
}

TEST(futexpi, "futex_waitv: a caught signal is EINTR")
{
	pid_t child = ktap_fork();

	if (!child) {
		uint32_t words[2] = { 0 };
		struct waitv v[2] = { on(words, 0), on(words + 1, 0) };

		v[1].flags |= FUTEX_PRIVATE_FLAG;
		handle(SIGUSR1, ignore, 0);
		EXPECT_ERRNO(waitv(v, 2, NULL), EINTR);
		_exit(0);
	}
	wait_until_blocked(child);
	kill(child, SIGUSR1);
	EXPECT_EXIT(child, 0);
}

TEST(futexpi, "futex_waitv refuses none, too many, flags, sizes, misaligned and unmapped words")
{
	uint32_t word = 0;
	static struct waitv many[129];
	struct waitv v = on(&word, 0);

	EXPECT_ERRNO(waitv(&v, 0, NULL), EINVAL);
	EXPECT_ERRNO(waitv(many, 129, NULL), EINVAL);
	EXPECT_ERRNO(syscall(SYS_futex_waitv, &v, 1, 1, NULL, 0), EINVAL);
	EXPECT_ERRNO(waitv(NULL, 1, NULL), EINVAL);
	EXPECT_ERRNO(waitv((void *)8, 1, NULL), EFAULT);
	v.flags = 0;
	EXPECT_ERRNO(waitv(&v, 1, NULL), EINVAL);
	v.flags = FUTEX_32;
	v.reserved = 1;
	EXPECT_ERRNO(waitv(&v, 1, NULL), EINVAL);
	v.reserved = 0;
	v.uaddr++;
	EXPECT_ERRNO(waitv(&v, 1, NULL), EINVAL);
	v.uaddr = 4096;
	EXPECT_ERRNO(waitv(&v, 1, NULL), EFAULT);
}

TEST(futexpi, "to wake fewer than one wakes one")
{
	uint32_t *word = shared_page();
	pid_t child[3];

	for (int i = 0; i < 3; i++) {
		child[i] = ktap_fork();
		if (!child[i])
			_exit(futex(word, FUTEX_WAIT, 0, NULL) ? 1 : 0);
		wait_until_blocked(child[i]);
	}
	EXPECT_EQ(futex(word, FUTEX_WAKE, -1, NULL), 1);
	EXPECT_EXIT(child[0], 0);
	EXPECT_EQ(futex(word, FUTEX_WAKE, INT_MIN, NULL), 1);
	EXPECT_EXIT(child[1], 0);
	EXPECT_EQ(futex(word, FUTEX_WAKE, 0, NULL), 1);
	EXPECT_EXIT(child[2], 0);
}
