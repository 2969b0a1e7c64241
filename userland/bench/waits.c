// SPDX-License-Identifier: BSD-2-Clause
/* Rows about passing a word between threads and processes: pipes, poll, eventfd, futexes, and the switch. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int tube[2] = { -1, -1 };
static char data[4096];

static bool open_pipe(void) { return tube[0] >= 0 || !pipe(tube); }
static bool through_pipe(size_t n)
{
	return write(tube[1], data, n) == (ssize_t)n && read(tube[0], data, n) == (ssize_t)n;
}
static bool check_pipe_1(void) { return open_pipe() && through_pipe(1); }
static bool check_pipe_4k(void) { return open_pipe() && through_pipe(sizeof(data)); }
static void run_pipe_1(long n) { while (n--) through_pipe(1); }
static void run_pipe_4k(long n) { while (n--) through_pipe(sizeof(data)); }

static struct pollfd ready = { .events = POLLIN };
static bool check_poll(void)
{
	static int fds[2];

	if (!ready.fd && (pipe(fds) || write(fds[1], "x", 1) != 1))
		return false;
	ready.fd = fds[0];
	return poll(&ready, 1, -1) == 1 && ready.revents == POLLIN;
}
static void run_poll(long n) { while (n--) poll(&ready, 1, -1); }

static int epoll_fd = -1;
static bool check_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 77 };

	if (epoll_fd < 0) {
		epoll_fd = check_poll() ? epoll_create1(0) : -1;
		if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ready.fd, &event))
			return false;
	}
	memset(&event, 0, sizeof(event));
	return epoll_wait(epoll_fd, &event, 1, -1) == 1 && event.data.u64 == 77;
}
static void run_epoll(long n)
{
	struct epoll_event event;

	while (n--)
		epoll_wait(epoll_fd, &event, 1, -1);
}

static int event_fd = -1;
static bool check_eventfd(void)
{
	uint64_t value = 3;

	if (event_fd < 0)
		event_fd = eventfd(0, 0);
	return event_fd >= 0 && write(event_fd, &value, 8) == 8 && read(event_fd, &value, 8) == 8 && value == 3;
}
static void run_eventfd(long n)
{
	uint64_t value = 1;

	while (n--) {
		write(event_fd, &value, 8);
		read(event_fd, &value, 8);
	}
}

static uint32_t word;
static long futex(uint32_t *at, int op, uint32_t value) { return syscall(SYS_futex, at, op, value, NULL, NULL, 0); }
static bool check_futex_wake(void) { return futex(&word, FUTEX_WAKE_PRIVATE, 1) == 0; }
static void run_futex_wake(long n) { while (n--) futex(&word, FUTEX_WAKE_PRIVATE, 1); }
static bool check_futex_wait(void)
{
	bool ok = futex(&word, FUTEX_WAIT_PRIVATE, 1) == -1 && errno == EAGAIN;

	errno = ok ? 0 : errno;
	return ok;
}
static void run_futex_wait(long n) { while (n--) futex(&word, FUTEX_WAIT_PRIVATE, 1); }

/* ---- ping-pong between two processes ---- */

static void pipe_player(int from, int to, long n)
{
	char c;

	while (n-- && read(from, &c, 1) == 1 && write(to, &c, 1) == 1)
		;
}
static bool play_pipes(long n)
{
	int there[2], back[2], status;
	char c = 'x';
	pid_t pid;

	if (pipe(there) || pipe(back))
		return false;
	pid = fork();
	if (!pid) {
		pipe_player(there[0], back[1], n);
		_exit(0);
	}
	for (long i = 0; i < n; i++)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			return false;
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status && c == 'x';
}
static bool check_pipes(void) { return play_pipes(10); }
static void run_pipes(long n) { play_pipes(n); }

static void turn(uint32_t *mine, uint32_t *other)
{
	while (!__atomic_load_n(mine, __ATOMIC_ACQUIRE))
		futex(mine, FUTEX_WAIT, 0);
	__atomic_store_n(mine, 0, __ATOMIC_RELAXED);
	__atomic_store_n(other, 1, __ATOMIC_RELEASE);
	futex(other, FUTEX_WAKE, 1);
}
static bool play_futexes(long n)
{
	uint32_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	if (words == MAP_FAILED)
		return false;
	words[0] = 1;
	pid = fork();
	if (!pid) {
		for (long i = 0; i < n; i++)
			turn(&words[16], &words[0]);
		_exit(0);
	}
	for (long i = 0; i < n; i++)
		turn(&words[0], &words[16]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status && !munmap(words, 4096);
}
static bool check_futexes(void) { return play_futexes(10); }
static void run_futexes(long n) { play_futexes(n); }

const struct op wait_ops[] = {
	{ "pipe_1", 10000, check_pipe_1, run_pipe_1 },
	{ "pipe_4k", 5000, check_pipe_4k, run_pipe_4k },
	{ "poll_ready", 10000, check_poll, run_poll },
	{ "epoll_ready", 10000, check_epoll, run_epoll },
	{ "eventfd", 10000, check_eventfd, run_eventfd },
	{ "futex_wake_none", 20000, check_futex_wake, run_futex_wake },
	{ "futex_wait_eagain", 20000, check_futex_wait, run_futex_wait },
	{ "pipe_pingpong", 3000, check_pipes, run_pipes },
	{ "futex_pingpong", 3000, check_futexes, run_futexes },
	{ 0 },
};
