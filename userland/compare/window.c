// SPDX-License-Identifier: BSD-2-Clause
/*
 * window NAME: go through one door of the kernel WARM times, each time checked for its result. `janus compare`
 * stops this program at the door's trap instruction and records the last time, instruction by instruction. The
 * doors are window.S's; ci/janus/trace.py says where the recording of each begins and ends.
 *
 * window --list names the scenarios, one "NAME DOOR what it is" a line.
 * window --each NAME... is each of them in turn, each in a program of its own.
 * window --symbols NAME... first calls window_symbols with the kernel's table of functions in memory, for a recorder
 * that knows no other way to them; then as --each.
 * window --count NAME... goes through the door TURNS times and tells the clock's nanoseconds (under -icount:
 * instructions), less those of the same loop around a nop in the place of the trap instruction. NAME+NAME is for
 * calls that undo each other: one after the other, in each turn.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM 8
#define PAGE 4096
#define TURNS 4000
#define STACK_BLOCK 256
#define AT_ONCE 4		/* scenarios in one --count */

long window_call(long nr, const long args[6]);
long window_nothing(long nr, const long args[6]);
long window_function(long function, const long args[6]);
long window_load(const void *from);
long window_store(void *to);

struct scenario {
	const char *name, *door, *what;
	long nr;			/* the call, or -1: args[0] is for the door */
	void (*prepare)(long args[6]);	/* before each time; may be NULL */
	bool (*check)(long result);	/* after each time; NULL: not negative */
	void (*clean)(long result);	/* after each time; may be NULL */
};

static char buffer[PAGE];
static char **arguments;
static int tube[2], file = -1, epoll_set = -1, there[2], back[2], counter = -1;
static uint32_t word;
static volatile int handled, signals_due;
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
	signals_due = 1;
}
static bool check_signal(long r) { return !r && handled == signals_due; }
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

static void prepare_close(long a[6]) { open_file(); a[0] = open("/tmp/window", O_RDONLY); }
static void prepare_pwrite(long a[6]) { prepare_pread(a); }
static void prepare_mprotect(long a[6])
{
	static char *page;
	static int prot = PROT_READ | PROT_WRITE;

	if (!page) {
		page = mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		*page = 1;
	}
	prot ^= PROT_WRITE;
	a[0] = pointer(page);
	a[1] = PAGE;
	a[2] = prot;
}
static void prepare_brk(long a[6])
{
	static long start, grown;

	if (!start)
		start = (syscall(SYS_brk, 0) + PAGE - 1) & -PAGE;
	grown ^= PAGE;
	a[0] = start + grown;
}
static bool check_break(long r) { return r > 0 && r % PAGE == 0; }

static int ends[2];
static void prepare_unix(long a[6])
{
	if (!ends[1])
		socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	a[0] = ends[1];
	a[1] = pointer(buffer);
	a[2] = 1;
}
static void clean_unix(long r) { (void)r; read(ends[0], buffer, 1); }

/* A child that has exited and was not yet asked for. */
static void prepare_wait(long a[6])
{
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(7);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	a[0] = pid;
}
static bool check_wait(long r) { return r > 0; }

static void prepare_file_page(long a[6], int flags)
{
	static char *page;

	open_file();
	if (page)
		munmap(page, PAGE);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, file, 0);
	a[0] = pointer(page);
}
static void prepare_fault_file(long a[6]) { prepare_file_page(a, MAP_SHARED); }
static void prepare_cow(long a[6])
{
	prepare_file_page(a, MAP_PRIVATE);
	(void)*(volatile char *)a[0];
}

/* The next life of this program is one turn further. */
static void prepare_exec(long a[6])
{
	static char turn[12];
	static char *argv[] = { NULL, "exec", turn, NULL }, *envp[] = { NULL };

	argv[0] = arguments[0];
	snprintf(turn, sizeof(turn), "%d", arguments[2] ? atoi(arguments[2]) + 1 : 2);
	a[0] = pointer("/proc/self/exe");
	a[1] = pointer(argv);
	a[2] = pointer(envp);
}

/* The vDSO's function by the end of its name, which differs by machine. */
static long in_vdso(const char *tail)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR), *names = NULL;
	const Elf64_Ehdr *head = (const void *)base;
	const Elf64_Phdr *segment = base ? (const void *)(base + head->e_phoff) : NULL;
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const Elf64_Word *hash = NULL;

	for (int i = 0; base && i < head->e_phnum; i++)
		if (segment[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(base + segment[i].p_offset);
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		const char *at = base + dynamic->d_un.d_ptr;

		if (dynamic->d_tag == DT_STRTAB)
			names = at;
		else if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const void *)at;
		else if (dynamic->d_tag == DT_HASH)
			hash = (const void *)at;
	}
	for (Elf64_Word i = 0; names && symbols && hash && i < hash[1]; i++) {
		const char *name = names + symbols[i].st_name;

		if (!strncmp(name, "__", 2) && strlen(name) > strlen(tail) &&
		    !strcmp(name + strlen(name) - strlen(tail), tail))
			return (long)(base + symbols[i].st_value);
	}
	return 0;
}
static void prepare_vdso(long a[6]) { a[0] = CLOCK_MONOTONIC; a[1] = pointer(&when); a[2] = in_vdso("_clock_gettime"); }

static bool check_never(long r) { (void)r; return false; }
static const struct scenario scenarios[] = {
	{ "getppid", "call", "the shortest call there is", SYS_getppid, NULL, check_ppid, NULL },
	{ "bad", "call", "a number that no call has", 1000, NULL, check_nosys, NULL },
	{ "lseek", "call", "set a file's position", SYS_lseek, prepare_seek, check_seek, NULL },
	{ "fcntl", "call", "ask for a file's flags", SYS_fcntl, prepare_getfl, NULL, NULL },
	{ "write-null", "call", "one byte to /dev/null", SYS_write, prepare_null, check_one, NULL },
	{ "read-zero", "call", "one byte from /dev/zero", SYS_read, prepare_zero, check_one, NULL },
	{ "read", "call", "one byte from a pipe that has one", SYS_read, prepare_read, check_one, NULL },
	{ "write", "call", "one byte to a pipe nobody waits for", SYS_write, prepare_write, check_one, clean_write },
	{ "switch", "call", "a byte from a pipe that another process has yet to write: two switches", SYS_read,
	  prepare_switch, check_one, NULL },
	{ "eventfd", "call", "add to a counter nobody waits for", SYS_write, prepare_eventfd, check_eight,
	  clean_eventfd },
	{ "pread", "call", "4 KiB of a file in memory", SYS_pread64, prepare_pread, check_page, NULL },
	{ "fstat", "call", "the attributes of an open file", SYS_fstat, prepare_fstat, check_fstat, NULL },
	{ "stat", "call", "the attributes of a path", SYS_newfstatat, prepare_statat, check_fstat, NULL },
	{ "openat", "call", "open a path", SYS_openat, prepare_open, NULL, clean_open },
	{ "clock_gettime", "call", "the clock, by the call", SYS_clock_gettime, prepare_clock, NULL, NULL },
	{ "futex", "call", "wake a word nobody waits for", SYS_futex, prepare_wake, check_zero, NULL },
	{ "ppoll", "call", "a pipe that is ready", SYS_ppoll, prepare_poll, check_one, clean_poll },
	{ "epoll_pwait", "call", "a pipe that is ready, by epoll", SYS_epoll_pwait, prepare_epoll, check_one,
	  clean_poll },
	{ "mmap", "call", "a page of anonymous memory", SYS_mmap, prepare_mmap, check_mapping, clean_mmap },
	{ "munmap", "call", "an untouched page", SYS_munmap, prepare_munmap, check_zero, NULL },
	{ "signal", "call", "a signal to oneself: delivery, handler, sigreturn", SYS_tgkill, prepare_signal,
	  check_signal, NULL },
	{ "close", "call", "an open file", SYS_close, prepare_close, check_zero, NULL },
	{ "pwrite", "call", "4 KiB into a file in memory", SYS_pwrite64, prepare_pwrite, check_page, NULL },
	{ "unix-send", "call", "one byte to a unix socket nobody waits for", SYS_sendto, prepare_unix, check_one,
	  clean_unix },
	{ "mprotect", "call", "a touched page, read-only and back", SYS_mprotect, prepare_mprotect, check_zero,
	  NULL },
	{ "brk", "call", "the heap a page larger, and smaller", SYS_brk, prepare_brk, check_break, NULL },
	{ "vdso-clock", "function", "the clock without the kernel: a function of the vDSO", -1, prepare_vdso,
	  check_zero, NULL },
	{ "fault", "load", "the first touch of a page", -1, prepare_fault, check_zero, NULL },
	{ "fault-file", "load", "the first touch of a file's page that memory has", -1, prepare_fault_file,
	  check_zero, NULL },
	{ "cow", "store", "the first write to a page that a file still owns", -1, prepare_cow, check_zero, NULL },
	{ "fork", "call", "clone, on the parent's side", SYS_clone, prepare_fork, check_fork, NULL },
	{ "fork-child", "child", "clone, on the child's side: from its first switch", SYS_clone, prepare_fork,
	  check_fork, NULL },
	{ "wait4", "call", "ask for a child that has ended", SYS_wait4, prepare_wait, check_wait, NULL },
	{ "exec", "exec", "a program that starts itself anew", SYS_execve, prepare_exec, check_never, NULL },
};

/*
 * Through a door with the stack pointer at the same place in a block, however deep the caller is and however long the
 * arguments of the program are, which lie on the stack: a signal's frame is cleared in as many steps as blocks are
 * begun.
 */
static __attribute__((noinline)) long in_place(long (*door)(long, const long *), long nr, const long args[6])
{
	volatile char *place = alloca(((uintptr_t)__builtin_frame_address(0) & (STACK_BLOCK - 1)) + 1);
	long result = door(nr, args);

	*place = 0;
	return result;
}

/* Through the scenario's door. */
static long enter(const struct scenario *s, const long args[6])
{
	if (!strcmp(s->door, "load"))
		return window_load((const void *)args[0]);
	if (!strcmp(s->door, "store"))
		return window_store((void *)args[0]);
	if (!strcmp(s->door, "function"))
		return args[2] ? window_function(args[2], args) : -ENOSYS;
	return in_place(window_call, s->nr, args);
}

static bool once(const struct scenario *s)
{
	long args[6] = { 0 }, result;

	if (s->prepare)
		s->prepare(args);
	result = enter(s, args);
	if (s->check ? !s->check(result) : result < 0) {
		fprintf(stderr, "window: %s returned %ld\n", s->name, result);
		return false;
	}
	if (s->clean)
		s->clean(result);
	return true;
}

/* By the call: the vDSO would touch its data's page, and so make a page table, which mmap and munmap then find. */
static int64_t now(void)
{
	struct timespec t;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Where the recorder finds the lines of /proc/kallsyms that name functions. */
__attribute__((noinline, used)) void window_symbols(const char *lines, size_t length)
{
	__asm__ volatile("" : : "r"(lines), "r"(length) : "memory");
}

static bool tell_symbols(void)
{
	FILE *all = fopen("/proc/kallsyms", "r"), *kept;
	char line[512], *lines = NULL;
	size_t length = 0;

	kept = all ? open_memstream(&lines, &length) : NULL;
	if (!kept)
		return false;
	while (fgets(line, sizeof(line), all))
		if (strlen(line) > 17 && strchr("tTwW", line[17]))
			fputs(line, kept);
	fclose(all);
	if (fclose(kept))
		return false;
	window_symbols(lines, length);
	free(lines);
	return true;
}

static int each(char **names)
{
	for (; *names; names++) {
		pid_t pid = vfork();
		int status;

		if (!pid) {
			execl(arguments[0], arguments[0], *names, NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return 0;
}

static const struct scenario *find(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (strlen(scenarios[i].name) == length && !strncmp(name, scenarios[i].name, length))
			return &scenarios[i];
	return NULL;
}

/* Scenarios that are counted together. */
struct group {
	int count;
	const struct scenario *of[AT_ONCE];
	long args[AT_ONCE][6], results[AT_ONCE];
};

/* The same loop for both doors, so that it cancels out. */
static __attribute__((noinline)) int64_t turns(long (*door)(long, const long *), struct group *g)
{
	int64_t start = now();

	for (int n = 0; n < TURNS; n++)
		for (int i = 0; i < g->count; i++)
			g->results[i] = in_place(door, g->of[i]->nr, g->args[i]);
	return now() - start;
}

static bool prepare_group(struct group *g, const char *names)
{
	for (g->count = 0; *names && g->count < AT_ONCE; g->count++) {
		size_t length = strcspn(names, "+");

		g->of[g->count] = find(names, length);
		memset(g->args[g->count], 0, sizeof(g->args[0]));
		if (!g->of[g->count])
			return false;
		if (g->of[g->count]->prepare)
			g->of[g->count]->prepare(g->args[g->count]);
		names += length + (names[length] == '+');
	}
	return g->count;
}

static bool group_right(struct group *g)
{
	signals_due = 2 * TURNS;
	for (int i = 0; i < g->count; i++)
		if (g->of[i]->check ? !g->of[i]->check(g->results[i]) : g->results[i] < 0)
			return false;
	return true;
}

static bool count(const char *names)
{
	/* what a grace period frees is not paid for here */
	const struct timespec settle = { .tv_nsec = 40000000 };
	struct group g;
	int64_t with, without;

	if (!prepare_group(&g, names))
		return false;
	nanosleep(&settle, NULL);
	turns(window_call, &g);		/* warm */
	with = turns(window_call, &g);
	if (!group_right(&g))
		return false;
	without = turns(window_nothing, &g);
	/* The nops were counted too. */
	printf("window %s %lld ns in %d turns\n", names, (long long)(with - without + TURNS * g.count), TURNS);
	return true;
}

static int count_all(char **names)
{
	for (; *names; names++)
		if (!count(*names)) {
			fprintf(stderr, "window: %s cannot be counted\n", *names);
			return 1;
		}
	return 0;
}

static int list(void)
{
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		printf("%s %s %s\n", scenarios[i].name, scenarios[i].door, scenarios[i].what);
	return 0;
}

int main(int argc, char **argv)
{
	const struct scenario *s = argc > 1 ? find(argv[1], strlen(argv[1])) : NULL;

	arguments = argv;
	if (argc > 1 && !strcmp(argv[1], "--list"))
		return list();
	if (argc > 2 && !strcmp(argv[1], "--each"))
		return each(argv + 2);
	if (argc > 2 && !strcmp(argv[1], "--symbols"))
		return tell_symbols() ? each(argv + 2) : 1;
	if (argc > 2 && !strcmp(argv[1], "--count"))
		return count_all(argv + 2);
	if (!s)
		return 2;
	/* The program that starts itself anew has its turn as an argument. */
	for (int n = argc > 2 ? atoi(argv[2]) : 1; n <= WARM; n++)
		if (!once(s))
			return 1;
	printf("window %s done\n", s->name);
	return 0;
}
