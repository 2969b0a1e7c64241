// SPDX-License-Identifier: BSD-2-Clause
/*
 * Generated tests: every implemented call with every bad pointer in every argument that is memory,
 * and every wrong descriptor in every argument that is one. Each call is a section "== name" with a
 * line for each case; what Linux prints is what must be printed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "machine.h"

static char *good, *hole, *read_only, *write_only;
static int file, directory, pipe_end, path_only;

/* Calls that cannot be tried so: they do not come back, act on all, wait, or stop the machine. */
static bool spared(const char *name)
{
	static const char *const names[] = {
		"exit", "exit_group", "rt_sigreturn", "reboot", "fork", "vfork", "clone",
		"clone3", "pause", "execve", "execveat", "kill", "tkill", "tgkill", "vhangup",
		"restart_syscall", "sync", "setsid", "munmap", "mremap", "brk", "mmap",
		"mprotect", "pkey_mprotect", "madvise", "close", "close_range", "times",
		"sched_yield", "unshare", "pivot_root", "chroot", "settimeofday",
		"clock_settime", "adjtimex", "clock_adjtime", "sethostname", "setdomainname",
		"syslog", "alarm", "setitimer", "mlockall", "rt_sigsuspend", "rt_sigtimedwait",
		"getrandom", "futex", "ppoll", "select", "pselect6",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Where an area lies decides whether two gigabytes more wrap: it may not depend on the layout's dice. */
static char *area(unsigned long at, int pages, int prot)
{
	return mmap((void *)at, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

static void set_up(void)
{
	int fds[2];

	remove("/tmp/pointers/f");
	mkdir("/tmp/pointers", 0755);
	chdir("/tmp/pointers");
	good = area(0x200000000, 8, PROT_READ | PROT_WRITE);
	read_only = area(0x300000000, 1, PROT_READ);
	write_only = area(0x400000000, 1, PROT_WRITE);
	file = open("f", O_RDWR | O_CREAT | O_NONBLOCK, 0644);
	write(file, "0123456789abcdef0123456789abcdef", 32);
	lseek(file, 0, SEEK_SET);
	directory = open("/tmp/pointers", O_RDONLY);
	pipe2(fds, O_NONBLOCK);
	pipe_end = fds[0];
	path_only = open("f", O_PATH);
	hole = area(0x500000000, 1, PROT_READ | PROT_WRITE) + PAGE;
}

/* An argument that is not the one on trial: harmless, and meaning something. */
static long harmless(const struct arg *arg, int i)
{
	char *slot = good + i * PAGE;

	switch (arg->kind) {
	case K_FD: return file;
	case K_DFD: return AT_FDCWD;
	case K_SIZE: return 8;
	case K_STR: case K_PATH: strcpy(slot, "f"); return (long)slot;
	case K_ADDR: return (long)slot;
	case K_UID: case K_GID: return 0;
	default: break;
	}
	if (arg->detail && !strcmp(arg->detail, "rlimit") && !is_memory(arg))
		return 4;	/* RLIMIT_CORE, which hurts nobody */
	if (!is_memory(arg))
		return !strcmp(arg->name, "sigsetsize") ? 8 : 0;
	memset(slot, 0, PAGE);
	return (long)slot;
}

static long try_call(const struct call *call, int which, long value)
{
	long a[6] = { 0 };

	for (int i = 0; i < call->nargs; i++)
		a[i] = i == which ? value : harmless(&call->args[i], i);
	for (int i = 0; i < call->nargs; i++) {	/* lengths of memory: 8 bytes, or one */
		int length = call->args[i].length;

		if (length >= 0 && length != which)
			a[length] = call->args[i].kind == K_ARRAY ? 1 : 8;
	}
	return machine_syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void tell(const struct arg *arg, const char *what, long result)
{
	printf("%s %s: %s\n", arg->name, what, result < 0 || result < 64 ? result_name(result) : "many");
}

static void try_pointers(const struct call *call, int i)
{
	const struct arg *arg = &call->args[i];
	const struct { const char *name; unsigned long at; } cases[] = {
		{ "NULL", 0 }, { "16", 16 }, { "a hole", (unsigned long)hole },
		{ "the kernel's", machine_foreign[3] }, { "the last byte", ~0UL },
		{ "read-only", (unsigned long)read_only }, { "write-only", (unsigned long)write_only },
		{ "its last byte mapped", (unsigned long)hole - 1 },
	};

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		hole[-1] = 'f';
		tell(arg, cases[k].name, try_call(call, i, cases[k].at));
	}
}

static void try_descriptors(const struct call *call, int i)
{
	const struct { const char *name; long fd; } cases[] = {
		{ "-1", -1 }, { "closed", 100 }, { "huge", 1L << 30 }, { "a directory", directory },
		{ "a pipe", pipe_end }, { "a path", path_only },
	};

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		tell(&call->args[i], cases[k].name, try_call(call, i, cases[k].fd));
}

static void try_lengths(const struct call *call, int i)
{
	if (call->args[i].length < 0)
		return;
	tell(&call->args[i], "with a length that wraps", try_call(call, call->args[i].length, -1));
}

static void in_child(const struct call *call)
{
	setsid();
	set_up();
	alarm(5);
	for (int i = 0; i < call->nargs; i++) {
		if (is_memory(&call->args[i])) {
			try_pointers(call, i);
			try_lengths(call, i);
		} else if (call->args[i].kind == K_FD || call->args[i].kind == K_DFD) {
			try_descriptors(call, i);
		}
		fflush(stdout);
	}
	_exit(0);
}

int main(void)
{
	for (int n = 0; n < call_count; n++) {
		int status = 0;
		pid_t pid;

		if (spared(calls[n].name))
			continue;
		printf("== %s\n", calls[n].name);
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			in_child(&calls[n]);
		waitpid(pid, &status, 0);
		if (WIFSIGNALED(status))
			printf("died of signal %d\n", WTERMSIG(status));
	}
	printf("== end\n");
	return 0;
}
