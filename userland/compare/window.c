// SPDX-License-Identifier: BSD-2-Clause
/*
 * window NAME: go through one door of the kernel WARM times, each time checked for its result. `janus compare`
 * stops this program at the door's trap instruction and records the last time, instruction by instruction.
 *
 * window --list names the scenarios, one "NAME DOOR what it is" a line.
 * window --count NAME... goes through the door TURNS times and tells the clock's nanoseconds (under -icount:
 * instructions), less those of the same loop around a nop in the place of the trap instruction.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM 8
#define PAGE 4096
#define TURNS 4000

long window_call(long nr, const long args[6]);
long window_nothing(long nr, const long args[6]);
long window_load(const void *from);

struct scenario {
	const char *name, *what;
	long nr;			/* the call, or -1: a load from args[0] */
	void (*prepare)(long args[6]);	/* before each time; may be NULL */
	bool (*check)(long result);	/* after each time; NULL: not negative */
	void (*clean)(long result);	/* after each time; may be NULL */
};

static char buffer[PAGE];
static int tube[2], file = -1, epoll_set = -1, there[2], back[2], counter = -1;
static uint32_t word;
static volatile int handled;
static struct stat status;
static struct timespec when;
static struct pollfd polled;

static long pointer(const void *p) { return (long)p; }

static void open_file(void)
{
	if (file < 0) {
		file = open("/tmp/window", O_CREAT | O_RDWR, 0600);
		write(file, buffer, sizeof(buffer));
	}
}

static void make_pipe(void)
{
	if (!tube[1])
		pipe(tube);
}

static void prepare_seek(long a[6]) { open_file(); a[0] = file; a[1] = 100; a[2] = SEEK_SET; }
static bool check_seek(long r) { return r == 100; }
static void prepare_getfl(long a[6]) { open_file(); a[0] = file; a[1] = F_GETFL; }
static void prepare_null(long a[6]) { a[0] = open("/dev/null", O_WRONLY); a[1] = pointer(buffer); a[2] = 1; }
static void prepare_zero(long a[6]) { a[0] = open("/dev/zero", O_RDONLY); a[1] = pointer(buffer); a[2] = 1; }
static bool check_one(long r) { return r == 1; }
static bool check_nosys(long r) { return r == -ENOSYS; }
static bool check_zero(long r) { return r == 0; }
static bool check_ppid(long r) { return r == getppid(); }

static void prepare_read(long a[6])
{
	make_pipe();
	write(tube[1], "x", 1);
	a[0] = tube[0];
	a[1] = pointer(buffer);
	a[2] = 1;
}
static void prepare_write(long a[6]) { make_pipe(); a[0] = tube[1]; a[1] = pointer(buffer); a[2] = 1; }
static void clean_write(long r) { (void)r; read(tube[0], buffer, 1); }
/* Another process sends back what it is sent: the call sleeps until it has, through both switches. */
static void prepare_switch(long a[6])
{
	char c;

	if (!there[1]) {
		pipe(there);
		pipe(back);
		if (!fork()) {
			close(there[1]);
			while (read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1)
				;
			_exit(0);
		}
	}
	write(there[1], "x", 1);
	a[0] = back[0];
	a[1] = pointer(buffer);
	a[2] = 1;
}
static void prepare_eventfd(long a[6])
{
	static const uint64_t one = 1;

	if (counter < 0)
		counter = eventfd(0, 0);
	a[0] = counter;
	a[1] = pointer(&one);
	a[2] = sizeof(one);
}
static bool check_eight(long r) { return r == 8; }
static void clean_eventfd(long r) { uint64_t value; (void)r; read(counter, &value, sizeof(value)); }
static void prepare_pread(long a[6]) { open_file(); a[0] = file; a[1] = pointer(buffer); a[2] = PAGE; a[3] = 0; }
static bool check_page(long r) { return r == PAGE; }
static void prepare_fstat(long a[6]) { open_file(); a[0] = file; a[1] = pointer(&status); }
static bool check_fstat(long r) { return !r && status.st_size == PAGE; }
static void prepare_statat(long a[6])
{
	open_file();
	a[0] = AT_FDCWD;
	a[1] = pointer("/tmp/window");
	a[2] = pointer(&status);
	a[3] = 0;
}
static void prepare_open(long a[6]) { open_file(); a[0] = AT_FDCWD; a[1] = pointer("/tmp/window"); a[2] = O_RDONLY; }
static void clean_open(long r) { close((int)r); }
static void prepare_clock(long a[6]) { a[0] = CLOCK_MONOTONIC; a[1] = pointer(&when); }
static void prepare_wake(long a[6]) { a[0] = pointer(&word); a[1] = FUTEX_WAKE_PRIVATE; a[2] = 1; }
static void prepare_poll(long a[6])
{
	make_pipe();
	write(tube[1], "x", 1);
	polled = (struct pollfd){ .fd = tube[0], .events = POLLIN };
	a[0] = pointer(&polled);
	a[1] = 1;
}
static void clean_poll(long r) { (void)r; read(tube[0], buffer, 1); }
static void prepare_epoll(long a[6])
{
	static struct epoll_event event = { .events = EPOLLIN };

	make_pipe();
	if (epoll_set < 0) {
		epoll_set = epoll_create1(0);
		epoll_ctl(epoll_set, EPOLL_CTL_ADD, tube[0], &event);
	}
	write(tube[1], "x", 1);
	a[0] = epoll_set;
	a[1] = pointer(&event);
	a[2] = 1;
	a[3] = -1;
}
static void prepare_mmap(long a[6])
{
	a[1] = PAGE;
	a[2] = PROT_READ | PROT_WRITE;
	a[3] = MAP_PRIVATE | MAP_ANONYMOUS;
	a[4] = -1;
}
static bool check_mapping(long r) { return r > 0; }
static void clean_mmap(long r) { munmap((void *)r, PAGE); }
static void prepare_munmap(long a[6])
{
	a[0] = pointer(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	a[1] = PAGE;
}
static void on_signal(int signo) { (void)signo; handled++; }
static void prepare_signal(long a[6])
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
	a[0] = getpid();
	a[1] = syscall(SYS_gettid);
	a[2] = SIGUSR1;
	handled = 0;
}
static bool check_signal(long r) { return !r && handled == 1; }
static void prepare_fork(long a[6]) { a[0] = SIGCHLD; }
static bool check_fork(long r)
{
	int ended;

	if (!r)
		_exit(7);
	return r > 0 && waitpid((pid_t)r, &ended, 0) == r && WEXITSTATUS(ended) == 7;
}
static void prepare_fault(long a[6])
{
	static char *page;

	if (page)
		munmap(page, PAGE);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	a[0] = pointer(page);
}

static const struct scenario scenarios[] = {
	{ "getppid", "the shortest call there is", SYS_getppid, NULL, check_ppid, NULL },
	{ "bad", "a number that no call has", 1000, NULL, check_nosys, NULL },
	{ "lseek", "set a file's position", SYS_lseek, prepare_seek, check_seek, NULL },
	{ "fcntl", "ask for a file's flags", SYS_fcntl, prepare_getfl, NULL, NULL },
	{ "write-null", "one byte to /dev/null", SYS_write, prepare_null, check_one, NULL },
	{ "read-zero", "one byte from /dev/zero", SYS_read, prepare_zero, check_one, NULL },
	{ "read", "one byte from a pipe that has one", SYS_read, prepare_read, check_one, NULL },
	{ "write", "one byte to a pipe nobody waits for", SYS_write, prepare_write, check_one, clean_write },
	{ "switch", "a byte from a pipe that another process has yet to write", SYS_read, prepare_switch, check_one, NULL },
	{ "eventfd", "add to a counter nobody waits for", SYS_write, prepare_eventfd, check_eight, clean_eventfd },
	{ "pread", "4 KiB of a file in memory", SYS_pread64, prepare_pread, check_page, NULL },
	{ "fstat", "the attributes of an open file", SYS_fstat, prepare_fstat, check_fstat, NULL },
	{ "stat", "the attributes of a path", SYS_newfstatat, prepare_statat, check_fstat, NULL },
	{ "openat", "open a path", SYS_openat, prepare_open, NULL, clean_open },
	{ "clock_gettime", "the clock, by the call", SYS_clock_gettime, prepare_clock, NULL, NULL },
	{ "futex", "wake a word nobody waits for", SYS_futex, prepare_wake, check_zero, NULL },
	{ "ppoll", "a pipe that is ready", SYS_ppoll, prepare_poll, check_one, clean_poll },
	{ "epoll_pwait", "a pipe that is ready, by epoll", SYS_epoll_pwait, prepare_epoll, check_one, clean_poll },
	{ "mmap", "a page of anonymous memory", SYS_mmap, prepare_mmap, check_mapping, clean_mmap },
	{ "munmap", "an untouched page", SYS_munmap, prepare_munmap, check_zero, NULL },
	{ "signal", "a signal to oneself: delivery, handler, sigreturn", SYS_tgkill, prepare_signal, check_signal, NULL },
	{ "fork", "the parent's side of clone", SYS_clone, prepare_fork, check_fork, NULL },
	{ "fault", "the first touch of a page", -1, prepare_fault, check_zero, NULL },
};

static bool once(const struct scenario *s)
{
	long args[6] = { 0 }, result;

	if (s->prepare)
		s->prepare(args);
	result = s->nr < 0 ? window_load((void *)args[0]) : window_call(s->nr, args);
	if (s->check ? !s->check(result) : result < 0) {
		fprintf(stderr, "window: %s returned %ld\n", s->name, result);
		return false;
	}
	if (s->clean)
		s->clean(result);
	return true;
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* The same loop for both, so that it cancels out. */
static __attribute__((noinline)) int64_t turns(long (*door)(long, const long *), long nr, const long *args, long *result)
{
	int64_t start = now();

	for (int n = 0; n < TURNS; n++)
		*result = door(nr, args);
	return now() - start;
}

static bool count(const struct scenario *s)
{
	long args[6] = { 0 }, result, nothing;
	int64_t with, without;

	if (s->prepare)
		s->prepare(args);
	turns(window_call, s->nr, args, &result);	/* warm */
	with = turns(window_call, s->nr, args, &result);
	without = turns(window_nothing, s->nr, args, &nothing);
	if (s->check ? !s->check(result) : result < 0)
		return false;
	/* The nop was counted too. */
	printf("window %s %lld ns in %d turns\n", s->name, (long long)(with - without + TURNS), TURNS);
	return true;
}

static int count_all(char **names)
{
	for (; *names; names++)
		for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
			if (!strcmp(*names, scenarios[i].name) && !count(&scenarios[i]))
				return 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--count"))
		return count_all(argv + 2);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		const struct scenario *s = &scenarios[i];

		if (argc > 1 && !strcmp(argv[1], "--list"))
			printf("%s %s %s\n", s->name, s->nr < 0 ? "load" : "call", s->what);
		if (argc < 2 || strcmp(argv[1], s->name))
			continue;
		for (int n = 0; n < WARM; n++)
			if (!once(s))
				return 1;
		printf("window %s done\n", s->name);
		return 0;
	}
	return argc > 1 && !strcmp(argv[1], "--list") ? 0 : 2;
}
