// SPDX-License-Identifier: BSD-2-Clause
/*
 * Running a program of calls: in a fresh directory and a child of its own, with the memory of each
 * argument laid out anew before each call. What each call gave, what it wrote, and the tree of files
 * that is left are folded into one hash.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "machine.h"

enum {
	PAGE = 4096,
	SLOT = 5 * PAGE,	/* an argument's memory: four pages and one that faults */
	ZONE_PAGES = 32,	/* where mmap and its kin play */
};

/* What the child leaves for its parent, in shared memory. */
struct outcome {
	int reached;		/* the step it was in */
	long result[PROGRAM_MAX];
	uint32_t written[PROGRAM_MAX];	/* hash of what the call wrote */
};

static struct outcome *outcome;
static char *arena, *zone, *read_only;

static uint32_t fold(uint32_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	while (n--)
		hash = (hash ^ *p++) * 16777619u;
	return hash;
}

static void set_up_memory(void)
{
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	arena = mmap((void *)0x200000000, 6 * SLOT, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (int i = 0; i < 6; i++)
		mprotect(arena + i * SLOT + 4 * PAGE, PAGE, PROT_NONE);
	zone = mmap((void *)0x300000000, ZONE_PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	read_only = mmap((void *)0x400000000, PAGE, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* ---- before: the directory, the descriptors 3 to 8 ---- */

static void remove_tree(const char *path)
{
	DIR *d;
	struct dirent *e;
	char below[512];

	if (unlink(path) == 0)
		return;
	chmod(path, 0700);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		remove_tree(below);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static void set_up_files(void)
{
	int fd;

	umask(022);
	remove_tree("/tmp/fuzz");
	mkdir("/tmp/fuzz", 0755);
	mkdir("/tmp/fuzz/w", 0777);
	chdir("/tmp/fuzz/w");
	fd = open("b", O_RDWR | O_CREAT, 0600);
	write(fd, "bb", 2);
	close(fd);
	mkdir("d", 0755);
	close(open("d/b", O_RDWR | O_CREAT, 0644));
	mknod("n", S_IFCHR | 0666, 0x103);
	symlink("d", "l");
	symlink("loop", "loop");
}

/* 3 a file, 4 a directory, 5 and 6 a pipe, 7 an eventfd, 8 the file read only. */
static void set_up_descriptors(void)
{
	int fds[2], null = open("/dev/null", O_RDWR);

	for (int i = 0; i < 3; i++)
		dup2(null, i);
	for (int i = 3; i < 64; i++)
		close(i);
	open("a", O_RDWR | O_CREAT, 0644);
	write(3, "0123456789", 10);
	open("d", O_RDONLY | O_DIRECTORY);
	pipe2(fds, O_NONBLOCK);
	eventfd(5, EFD_NONBLOCK);
	open("a", O_RDONLY);
}

/* ---- a step ---- */

static long place_memory(const struct step *step, int i)
{
	char *slot = arena + i * SLOT;
	size_t n = step->memory[i].length;

	switch (step->value[i]) {
	case PLACE_NULL: return 0;
	case PLACE_LOW: return 16;
	case PLACE_KERNEL: return machine_foreign[3];
	case PLACE_READ_ONLY: return (long)read_only;
	case PLACE_EDGE: slot += 4 * PAGE - (n > 4 ? n - 3 : 5); n = n > 4 ? n - 3 : 0; break;
	default: break;
	}
	memcpy(slot, step->memory[i].bytes, n);
	return (long)slot;
}

/* An array of iovec names memory of its own, in the same slot. */
static void place_iovec(const struct step *step, int i, long at)
{
	struct iovec *v = (struct iovec *)at;

	if (step->value[i] != PLACE_GOOD || !step->call->args[i].detail ||
	    strcmp(step->call->args[i].detail, "iovec"))
		return;
	for (int k = 0; k < 3; k++) {
		v[k].iov_base = arena + i * SLOT + PAGE + k * 64;
		v[k].iov_len = step->memory[i].bytes[k] % 70;
	}
}

static long argument(const struct step *step, int i)
{
	const struct arg *arg = &step->call->args[i];
	long at;

	if (arg->kind == K_ADDR)
		return (long)zone + step->value[i];
	if (!is_memory(arg))
		return step->value[i];
	at = place_memory(step, i);
	place_iovec(step, i, at);
	return at;
}

/* What a call wrote that must be alike on every kernel. */
static uint32_t hash_output(const struct step *step, int i, long result)
{
	const struct arg *arg = &step->call->args[i];
	const char *detail = arg->detail ? arg->detail : "";
	const char *slot = arena + i * SLOT;
	const struct stat *st = (const void *)slot;
	uint32_t hash = 2166136261u;

	if (arg->direction < OUT || step->value[i] != PLACE_GOOD || result < 0)
		return 0;
	if (!strcmp(detail, "stat")) {
		hash = fold(hash, &st->st_mode, sizeof(st->st_mode));
		hash = fold(hash, &st->st_uid, sizeof(st->st_uid));
		hash = fold(hash, &st->st_gid, sizeof(st->st_gid));
		if (!S_ISDIR(st->st_mode))
			hash = fold(hash, &st->st_size, sizeof(st->st_size));
		return fold(hash, &st->st_nlink, sizeof(st->st_nlink));
	}
	if (!strcmp(detail, "statx"))
		return fold(hash, slot + 16, 14);	/* links, user, group, mode */
	if (arg->kind == K_BUF && result <= 4 * PAGE)
		return fold(hash, slot, result);
	if (arg->kind == K_STRUCT && arg->size <= 32)
		return fold(hash, slot, arg->size);
	if (!strcmp(detail, "pollfd"))
		return fold(hash, slot, 24);
	if (!strcmp(detail, "iovec"))
		return fold(hash, slot + PAGE, 256);
	return 0;
}

static void run_step(const struct step *step, int n)
{
	long a[6] = { 0 }, result;

	for (int i = 0; i < step->call->nargs; i++)
		if (is_memory(&step->call->args[i]))
			memset(arena + i * SLOT, '.', 4 * PAGE);
	for (int i = 0; i < step->call->nargs; i++)
		a[i] = argument(step, i);
	outcome->reached = n;
	result = machine_syscall(step->call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (result >= (long)zone && result < (long)zone + ZONE_PAGES * PAGE)
		result -= (long)zone;
	outcome->result[n] = result;
	for (int i = 0; i < step->call->nargs; i++)
		outcome->written[n] = outcome->written[n] * 31 + hash_output(step, i, result);
}

/* ---- after: the tree of files ---- */

static uint32_t hash_tree(const char *path, uint32_t hash, bool verbose)
{
	char below[512], content[16384];
	struct dirent *list[64];
	struct stat st;
	int n = 0;

	if (lstat(path, &st) < 0)
		return hash;
	hash = fold(hash, path, strlen(path));
	hash = fold(hash, &st.st_mode, sizeof(st.st_mode));
	hash = fold(hash, &st.st_uid, sizeof(st.st_uid));
	hash = fold(hash, &st.st_gid, sizeof(st.st_gid));
	if (verbose)
		printf("   %s mode %o uid %u gid %u size %ld links %ld\n", path, st.st_mode, st.st_uid,
		       st.st_gid, S_ISDIR(st.st_mode) ? 0 : (long)st.st_size, (long)st.st_nlink);
	if (S_ISREG(st.st_mode)) {
		int fd = open(path, O_RDONLY | O_NONBLOCK);
		ssize_t got = read(fd, content, sizeof(content));

		close(fd);
		hash = fold(hash, &st.st_size, sizeof(st.st_size));
		return fold(hash, content, got > 0 ? got : 0);
	}
	if (!S_ISDIR(st.st_mode))
		return hash;
	DIR *d = opendir(path);
	struct dirent *e;
	while (d && n < 64 && (e = readdir(d))) {
		list[n] = malloc(sizeof(*e));
		memcpy(list[n++], e, sizeof(*e));
	}
	if (d)
		closedir(d);
	for (int i = 0; i < n; i++)	/* in the order of names */
		for (int k = i + 1; k < n; k++)
			if (strcmp(list[k]->d_name, list[i]->d_name) < 0) {
				struct dirent *swap = list[i];

				list[i] = list[k];
				list[k] = swap;
			}
	for (int i = 0; i < n; i++) {
		if (strcmp(list[i]->d_name, ".") && strcmp(list[i]->d_name, "..")) {
			snprintf(below, sizeof(below), "%.200s/%.255s", path, list[i]->d_name);
			hash = hash_tree(below, hash, verbose);
		}
		free(list[i]);
	}
	return hash;
}

static void child(const struct program *program, uint32_t without)
{
	setsid();
	set_up_descriptors();
	alarm(3);
	for (int i = 0; i < program->steps; i++)
		if (!(without >> i & 1))
			run_step(&program->step[i], i);
	outcome->reached = program->steps;
	_exit(0);
}

uint32_t program_run(const struct program *program, uint32_t without, bool verbose)
{
	uint32_t hash = 2166136261u;
	int status = 0;
	pid_t pid;

	if (!outcome)
		set_up_memory();
	set_up_files();
	memset(outcome, 0, sizeof(*outcome));
	pid = fork();
	if (pid == 0)
		child(program, without);
	waitpid(pid, &status, 0);
	status = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	for (int i = 0; i <= outcome->reached && i < program->steps; i++) {
		if (without >> i & 1)
			continue;
		if (verbose)
			printf("   %2d %s = %s (%08x)\n", i, program->step[i].call->name,
			       result_name(outcome->result[i]), outcome->written[i]);
		hash = fold(hash, &outcome->result[i], sizeof(long));
		hash = fold(hash, &outcome->written[i], sizeof(uint32_t));
	}
	hash = fold(hash, &status, sizeof(status));
	hash = fold(hash, &outcome->reached, sizeof(outcome->reached));
	if (verbose)
		printf("   ended by signal %d in step %d\n", status, outcome->reached);
	return hash_tree("/tmp/fuzz/w", hash, verbose);
}
