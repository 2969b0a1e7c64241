// SPDX-License-Identifier: BSD-2-Clause
/*
 * futex: waiting on a word of memory, in all its operations.
 */
#include <pthread.h>

#include "ktap.h"

enum { WAIT, WAKE, FD, REQUEUE, CMP_REQUEUE, WAKE_OP, LOCK_PI, UNLOCK_PI, TRYLOCK_PI, WAIT_BITSET,
       WAKE_BITSET, PRIVATE = 128, CLOCK_RT = 256 };

static long futex(volatile int *word, int op, int value, const struct timespec *timeout,
		  volatile int *word2, int value3)
{
	return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

/* A child that waits on a word in shared memory and exits with 10 when it was woken. */
static pid_t waiter(volatile int *word, int value)
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(futex(word, WAIT, value, NULL, NULL, 0) == 0 ? 10 : 1);
	wait_until_blocked(pid);
	return pid;
}

TEST(futex, "wait with another value in the word is EAGAIN")
{
	int word = 5;

	EXPECT_ERRNO(futex(&word, WAIT, 4, NULL, NULL, 0), EAGAIN);
	EXPECT_ERRNO(futex(&word, WAIT | PRIVATE, 4, NULL, NULL, 0), EAGAIN);
}

TEST(futex, "wake without waiters wakes 0")
{
	int word = 0;

	EXPECT_EQ(futex(&word, WAKE, 1, NULL, NULL, 0), 0);
	EXPECT_EQ(futex(&word, WAKE | PRIVATE, INT_MAX, NULL, NULL, 0), 0);
}

TEST(futex, "wait ends with ETIMEDOUT after its time")
{
	struct timespec ms20 = { 0, 20000000 };
	long long began = now_ns(CLOCK_MONOTONIC);
	int word = 0;

	EXPECT_ERRNO(futex(&word, WAIT, 0, &ms20, NULL, 0), ETIMEDOUT);
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) - began >= 20000000);
}

TEST(futex, "a waiter in another process is woken through shared memory")
{
	volatile int *word = shared_page();
	pid_t pid = waiter(word, 0);

	EXPECT_EQ(futex(word, WAKE, 1, NULL, NULL, 0), 1);
	EXPECT_EXIT(pid, 10);
}

TEST(futex, "shared memory is known by its page, not by its address")
{
	scratch();
	int fd = scratch_file("f", "\0\0\0\0", 0644);
	volatile int *a = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	volatile int *b = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ASSERT_OK(ftruncate(fd, page_size()));
	pid_t pid = waiter(a, 0);
	EXPECT_EQ(futex(b, WAKE, 1, NULL, NULL, 0), 1);
	EXPECT_EXIT(pid, 10);
}

TEST(futex, "two pages of a file are two places, wherever they are mapped")
{
	long page = page_size();

	scratch();
	int fd = scratch_file("f", "", 0644);
	ASSERT_OK(ftruncate(fd, 2 * page));
	char *both = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *second = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, page);
	pid_t pid = waiter((volatile int *)second, 0);

	EXPECT_EQ(futex((volatile int *)both, WAKE, 1, NULL, NULL, 0), 0);
	EXPECT_EQ(futex((volatile int *)(both + page), WAKE, 1, NULL, NULL, 0), 1);
	EXPECT_EXIT(pid, 10);
}

TEST(futex, "wake wakes as many as it is asked and no more")
{
	volatile int *word = shared_page();
	pid_t pids[5];
	int woken;

	for (int i = 0; i < 5; i++)
		pids[i] = waiter(word, 0);
	EXPECT_EQ(futex(word, WAKE, 2, NULL, NULL, 0), 2);
	woken = futex(word, WAKE, INT_MAX, NULL, NULL, 0);
	EXPECT_EQ(woken, 3);
	for (int i = 0; i < 5; i++)
		EXPECT_EXIT(pids[i], 10);
}

TEST(futex, "waiters are woken in the order they came")
{
	volatile int *word = shared_page();
	pid_t first = waiter(word, 0), second = waiter(word, 0);

	EXPECT_EQ(futex(word, WAKE, 1, NULL, NULL, 0), 1);
	EXPECT_EXIT(first, 10);
	EXPECT_EQ(waitpid(second, NULL, WNOHANG), 0);
	EXPECT_EQ(futex(word, WAKE, 1, NULL, NULL, 0), 1);
	EXPECT_EXIT(second, 10);
}

TEST(futex, "private memory after fork: each process has its own word")
{
	static volatile int word;
	pid_t pid = waiter(&word, 0);

	EXPECT_EQ(futex(&word, WAKE, 1, NULL, NULL, 0), 0);
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

static void nothing(int sig)
{
	(void)sig;
}

TEST(futex, "a caught signal ends a wait with EINTR, with SA_RESTART and no time it goes on")
{
	volatile int *word = shared_page();
	pid_t pid;

	handle(SIGUSR1, nothing, 0);
	pid = ktap_fork();
	if (pid == 0)
		_exit(futex(word, WAIT, 0, NULL, NULL, 0) == -1 && errno == EINTR ? 4 : 1);
	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	EXPECT_EXIT(pid, 4);
	handle(SIGUSR1, nothing, SA_RESTART);
	pid = waiter(word, 0);
	kill(pid, SIGUSR1);
	while (futex(word, WAKE, 1, NULL, NULL, 0) == 0)
		sched_yield();
	EXPECT_EXIT(pid, 10);
}

TEST(futex, "requeue moves waiters to the second word")
{
	volatile int *word = shared_page(), *other = word + 1;
	pid_t pids[3];

	for (int i = 0; i < 3; i++)
		pids[i] = waiter(word, 0);
	EXPECT_EQ(futex(word, REQUEUE, 1, (void *)2L, other, 0), 3);
	EXPECT_EXIT(pids[0], 10);
	EXPECT_EQ(futex(word, WAKE, 10, NULL, NULL, 0), 0);
	EXPECT_EQ(futex(other, WAKE, 10, NULL, NULL, 0), 2);
	EXPECT_EXIT(pids[1], 10);
	EXPECT_EXIT(pids[2], 10);
}

TEST(futex, "a waiter is moved on and on, through all words of a page, and found at the last")
{
	int words = page_size() / sizeof(int);
	volatile int *word = shared_page();
	pid_t pid = waiter(word, 0);

	for (int i = 1; i < words; i++)
		ASSERT_EQ(futex(word + i - 1, REQUEUE, 0, (void *)1L, word + i, 0), 1);
	EXPECT_EQ(futex(word, WAKE, 1, NULL, NULL, 0), 0);
	EXPECT_EQ(futex(word + words - 1, WAKE, 1, NULL, NULL, 0), 1);
	EXPECT_EXIT(pid, 10);
}

TEST(futex, "cmp_requeue refuses when the word changed")
{
	volatile int *word = shared_page();

	word[0] = 3;
	EXPECT_ERRNO(futex(word, CMP_REQUEUE, 1, (void *)1L, word + 1, 4), EAGAIN);
	EXPECT_EQ(futex(word, CMP_REQUEUE, 1, (void *)1L, word + 1, 3), 0);
}

TEST(futex, "wake_op changes the second word and wakes by its old value")
{
	volatile int *word = shared_page(), *other = word + 1;
	pid_t a = waiter(word, 0), b = waiter(other, 0);

	/* other += 5; wake one at word, and one at other if it was 0 */
	EXPECT_EQ(futex(word, WAKE_OP, 1, (void *)1L, other, 1 << 28 | 0 << 24 | 5 << 12 | 0), 2);
	EXPECT_EQ(*other, 5);
	EXPECT_EXIT(a, 10);
	EXPECT_EXIT(b, 10);
	EXPECT_EQ(futex(word, WAKE_OP, 1, (void *)1L, other, 0 << 28 | 4 << 24 | 9 << 12 | 100), 0);
	EXPECT_EQ(*other, 9);
}

TEST(futex, "a bitset waiter is woken by a common bit only")
{
	volatile int *word = shared_page();
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(futex(word, WAIT_BITSET, 0, NULL, NULL, 6) == 0 ? 10 : 1);
	wait_until_blocked(pid);
	EXPECT_EQ(futex(word, WAKE_BITSET, 1, NULL, NULL, 1), 0);
	EXPECT_EQ(futex(word, WAKE_BITSET, 1, NULL, NULL, 4), 1);
	EXPECT_EXIT(pid, 10);
	EXPECT_ERRNO(futex(word, WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
	EXPECT_ERRNO(futex(word, WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
}

TEST(futex, "wait_bitset takes an absolute time, of either clock")
{
	long long then = now_ns(CLOCK_MONOTONIC) + 20000000;
	struct timespec ts = { then / 1000000000, then % 1000000000 };
	int word = 0;

	EXPECT_ERRNO(futex(&word, WAIT_BITSET, 0, &ts, NULL, -1), ETIMEDOUT);
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) >= then);
	then = now_ns(CLOCK_REALTIME) + 20000000;
	ts = (struct timespec){ then / 1000000000, then % 1000000000 };
	EXPECT_ERRNO(futex(&word, WAIT_BITSET | CLOCK_RT, 0, &ts, NULL, -1), ETIMEDOUT);
	EXPECT_TRUE(now_ns(CLOCK_REALTIME) >= then);
}

TEST(futex, "bad: unaligned EINVAL, unmapped EFAULT, time EINVAL, operation ENOSYS")
{
	struct timespec bad = { 0, 1000000000 };
	int words[2] = { 0 };

	EXPECT_ERRNO(futex((int *)((char *)words + 2), WAIT, 0, NULL, NULL, 0), EINVAL);
	EXPECT_ERRNO(futex((int *)((char *)words + 1), WAKE, 0, NULL, NULL, 0), EINVAL);
	EXPECT_ERRNO(futex((int *)4096, WAIT, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(futex(words, WAIT, 0, &bad, NULL, 0), EINVAL);
	EXPECT_ERRNO(futex(words, 77, 0, NULL, NULL, 0), ENOSYS);
	EXPECT_ERRNO(futex(words, FD, 0, NULL, NULL, 0), ENOSYS);
	EXPECT_ERRNO(futex(words, WAIT | CLOCK_RT, 1, NULL, NULL, 0), ENOSYS);	/* its time is an interval */
}

TEST(futex, "an operation on a read-only word may wait and wake")
{
	struct timespec ms1 = { 0, 1000000 };
	int *word = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_ERRNO(futex(word, WAIT | PRIVATE, 0, &ms1, NULL, 0), ETIMEDOUT);
	EXPECT_EQ(futex(word, WAKE | PRIVATE, 1, NULL, NULL, 0), 0);
}

TEST(futex, "who wakes in memory that others might see brings the word's page in, a private one does not")
{
	unsigned char present[2] = { 9, 9 };
	size_t page = page_size();
	char *area = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = ASSERT_OK(memfd_create("f", 0));
	char *beyond = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	EXPECT_EQ(futex((void *)area, WAKE | PRIVATE, 1, NULL, NULL, 0), 0);
	EXPECT_EQ(futex((void *)(area + page), WAKE, 1, NULL, NULL, 0), 0);
	ASSERT_OK(mincore(area, 2 * page, present));
	EXPECT_EQ(present[0], 0);
	EXPECT_EQ(present[1], 1);
	EXPECT_ERRNO(futex((void *)beyond, WAKE, 1, NULL, NULL, 0), EFAULT);
}

static volatile int turns, turn;

static void *player(void *arg)
{
	int me = (long)arg;

	for (int i = 0; i < 500; i++) {
		while (turn != me)
			futex(&turn, WAIT | PRIVATE, !me, NULL, NULL, 0);
		turns++;
		turn = !me;
		futex(&turn, WAKE | PRIVATE, 1, NULL, NULL, 0);
	}
	return NULL;
}

TEST(futex, "where others might see the word nobody waits or wakes in memory that may not be touched or not be changed")
{
	static const int operations[] = { WAKE, WAIT, REQUEUE };
	size_t page = page_size();
	char *hidden = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *fixed = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, page, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int word = 0;

	for (int i = 0; i < 3; i++) {
		EXPECT_ERRNO(futex((void *)hidden, operations[i], 1, NULL, &word, 0), EFAULT);
		EXPECT_ERRNO(futex((void *)fixed, operations[i], 1, NULL, &word, 0), EFAULT);
		EXPECT_ERRNO(futex((void *)shared, operations[i], 1, NULL, &word, 0), EFAULT);
	}
	EXPECT_EQ(futex((void *)hidden, WAKE | PRIVATE, 1, NULL, NULL, 0), 0);
}

TEST(futex, "two threads take turns a thousand times without losing a wake")
{
	pthread_t a, b;

	ASSERT_EQ(pthread_create(&a, NULL, player, (void *)0L), 0);
	ASSERT_EQ(pthread_create(&b, NULL, player, (void *)1L), 0);
	EXPECT_EQ(pthread_join(a, NULL), 0);
	EXPECT_EQ(pthread_join(b, NULL), 0);
	EXPECT_EQ(turns, 1000);
}

struct robust {
	struct list { struct list *next; } list;
	long offset;
	struct list *pending;
	int word;
	struct list entry;
};

TEST(futex, "a robust list: who dies holding a lock leaves FUTEX_OWNER_DIED and wakes a waiter")
{
	struct robust *r = shared_page();
	pid_t owner, pid;
	struct gate held = gate_new(), die = gate_new();

	owner = ktap_fork();
	if (owner == 0) {
		r->word = gettid() | 0x80000000;
		r->list.next = &r->entry;
		r->entry.next = &r->list;
		r->offset = (char *)&r->word - (char *)&r->entry;
		ASSERT_OK(syscall(SYS_set_robust_list, &r->list, 24L));
		gate_open(&held);
		gate_wait(&die);
		_exit(0);
	}
	gate_wait(&held);
	pid = waiter(&r->word, r->word);
	gate_open(&die);
	EXPECT_EXIT(pid, 10);
	EXPECT_TRUE(r->word & 0x40000000);
	EXPECT_EXIT(owner, 0);
}

TEST(futex, "set_robust_list refuses another size; get_robust_list tells what was set")
{
	struct robust r = { .list.next = &r.list };
	void *head = NULL;
	size_t size = 0;

	EXPECT_ERRNO(syscall(SYS_set_robust_list, &r, 10L), EINVAL);
	EXPECT_OK(syscall(SYS_set_robust_list, &r, 24L));
	EXPECT_OK(syscall(SYS_get_robust_list, 0, &head, &size));
	EXPECT_EQ(head, &r);
	EXPECT_EQ(size, 24);
}

TEST(futex, "a robust list of nonsense does no harm at exit")
{
	pid_t pid;

	for (int i = 0; i < 4; i++) {
		pid = ktap_fork();
		if (pid == 0) {
			static struct robust r;

			r.list.next = i == 0 ? (void *)16 : i == 1 ? (void *)-8 : &r.list;
			r.offset = i == 2 ? LONG_MIN : 0;
			r.pending = i == 3 ? (void *)0x8000000000000000 : NULL;
			syscall(SYS_set_robust_list, &r, 24L);
			_exit(3);
		}
		EXPECT_EXIT(pid, 3);
	}
}

TEST(futex, "a PI lock free is taken with the thread's id, and given back")
{
	volatile int word = 0;

	EXPECT_OK(futex(&word, LOCK_PI, 0, NULL, NULL, 0));
	EXPECT_EQ(word & 0x3fffffff, gettid());
	EXPECT_ERRNO(futex(&word, LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
	EXPECT_OK(futex(&word, UNLOCK_PI, 0, NULL, NULL, 0));
	EXPECT_EQ(word, 0);
	EXPECT_ERRNO(futex(&word, UNLOCK_PI, 0, NULL, NULL, 0), EPERM);
}

TEST(futex, "a PI lock at no address, a misaligned or a read-only one is refused, and nothing is written")
{
	long size = page_size();
	char *area = guarded_pages(1);
	int *word = (int *)area;

	EXPECT_ERRNO(syscall(SYS_futex, area + size, LOCK_PI, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_futex, area + size, TRYLOCK_PI, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_futex, area + size, UNLOCK_PI, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_futex, area + 2, LOCK_PI, 0, NULL, NULL, 0), EINVAL);
	ASSERT_OK(mprotect(area, size, PROT_READ));
	EXPECT_ERRNO(syscall(SYS_futex, word, LOCK_PI, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_futex, word, TRYLOCK_PI, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_futex, word, UNLOCK_PI, 0, NULL, NULL, 0), EPERM);
	EXPECT_EQ(*word, 0);
	ASSERT_OK(mprotect(area, size, PROT_READ | PROT_WRITE));
	*word = gettid();
	ASSERT_OK(mprotect(area, size, PROT_READ));
	EXPECT_ERRNO(syscall(SYS_futex, word, UNLOCK_PI, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_futex, word, LOCK_PI, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_futex, word, LOCK_PI | PRIVATE, 0, NULL, NULL, 0), EDEADLK);
	EXPECT_EQ(*word, gettid());
}

TEST(futex, "a PI word that names its taker is EDEADLK, one that names nobody ESRCH")
{
	int word = gettid();

	EXPECT_ERRNO(syscall(SYS_futex, &word, LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
	word = 0x3ffffff0;
	EXPECT_ERRNO(syscall(SYS_futex, &word, LOCK_PI, 0, NULL, NULL, 0), ESRCH);
	EXPECT_EQ(word & 0x3fffffff, 0x3ffffff0);	/* the bit of waiters may stand */
	EXPECT_ERRNO(syscall(SYS_futex, &word, UNLOCK_PI, 0, NULL, NULL, 0), EPERM);
}
