// SPDX-License-Identifier: BSD-2-Clause
/*
 * Choosing: which call comes next, and a value for each of its arguments that is likely to mean
 * something, or that is likely to be refused.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "fuzz.h"

uint32_t random_next(struct random *r)
{
	r->state = r->state * 6364136223846793005u + 1442695040888963407u;
	uint32_t x = ((r->state >> 18) ^ r->state) >> 27;
	uint32_t turn = r->state >> 59;

	return x >> turn | x << (-turn & 31);
}

uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint64_t)random_next(r) * n >> 32;
}

#define PICK(r, list) list[random_below(r, sizeof(list) / sizeof(list[0]))]

struct choices {
	const char *detail;
	int count;
	long values[16];
};

/* What goes into an argument with this detail in the table. */
static const struct choices choices[] = {
	{ "open", 16, { O_RDONLY, O_RDWR, O_WRONLY, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL,
		O_RDWR | O_CREAT | O_TRUNC, O_RDWR | O_APPEND, O_DIRECTORY, O_PATH, O_NOFOLLOW,
		O_WRONLY | O_CREAT | O_APPEND, O_RDONLY | O_CLOEXEC, O_RDWR | O_TRUNC, 3,
		O_RDWR | O_NONBLOCK, O_TMPFILE | O_RDWR } },
	{ "at", 9, { 0, 0, 0, AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH,
		AT_EACCESS, 0x10000 } },
	{ "access", 7, { F_OK, R_OK, W_OK, X_OK, R_OK | W_OK, 7, 8 } },
	{ "seek", 7, { SEEK_SET, SEEK_CUR, SEEK_END, 3, 4, 5, -1 } },
	{ "rename", 6, { 0, 0, 1, 2, 3, 8 } },
	{ "fcntl", 10, { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ,
		F_GET_SEALS, F_ADD_SEALS, 9999 } },
	{ "flock", 6, { 1, 2, 8, 5, 6, 77 } },
	{ "prot", 8, { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_EXEC,
		PROT_READ | PROT_EXEC, PROT_WRITE, 0x100000 } },
	{ "map", 8, { MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
		MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, MAP_FIXED | MAP_SHARED, MAP_FIXED | MAP_PRIVATE,
		MAP_FIXED, MAP_FIXED | 3, MAP_FIXED | 0x100000 | MAP_PRIVATE | MAP_ANONYMOUS } },
	{ "madvise", 6, { 0, 1, 2, 3, 4, 999 } },
	{ "msync", 6, { MS_SYNC, MS_ASYNC, MS_INVALIDATE, MS_SYNC | MS_ASYNC, 0, 64 } },
	{ "fallocate", 5, { 0, 1, 2, 3, 0x100 } },
	{ "fadvise", 4, { 0, 1, 4, 99 } },
	{ "rwf", 3, { 0, 0, 1 << 20 } },
	{ "eventfd", 4, { 0, 1, O_NONBLOCK, O_NONBLOCK | 1 } },
	{ "epoll", 3, { 0, O_CLOEXEC, 1 } },
	{ "epoll_ctl", 4, { EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, 9 } },
	{ "timerfd", 3, { 0, O_NONBLOCK, 1 } },
	{ "memfd", 4, { 0, 1, 2, 0x1000 } },
	{ "rlimit", 5, { 7 /* NOFILE */, 4 /* CORE */, 1 /* FSIZE */, 12 /* MSGQUEUE */, 99 } },
	{ "sigprocmask", 4, { 0, 1, 2, 9 } },
	{ "splice", 3, { 2 /* NONBLOCK */, 2, 1 << 10 } },
	{ "statx", 3, { 0x7ff, 0, 0x80000000L } },
	{ "close_range", 3, { 0, 4, 64 } },
};

static bool chosen_by_detail(long *value, const struct arg *arg, struct random *r)
{
	for (size_t i = 0; arg->detail && i < sizeof(choices) / sizeof(choices[0]); i++)
		if (!strcmp(choices[i].detail, arg->detail)) {
			*value = choices[i].values[random_below(r, choices[i].count)];
			return true;
		}
	return false;
}

static long choose_value(const struct arg *arg, struct random *r)
{
	static const long fds[] = { 3, 3, 3, 4, 4, 5, 6, 7, 8, 8, 9, 9, 10, 11, 12, 13, -1, 99 };
	static const long dirs[] = { AT_FDCWD, AT_FDCWD, AT_FDCWD, AT_FDCWD, 4, 4, 3, 9, -1 };
	static const long sizes[] = { 0, 1, 2, 3, 5, 8, 10, 16, 64, 100, 1000, 4095, 4096, 4097, 8192 };
	static const long offsets[] = { 0, 0, 1, 3, 5, 10, 100, 4096, 5000, 65536, -1, -5, 1L << 33 };
	static const long modes[] = { 0644, 0755, 0, 0777, 0600, 0400, 0100644, 0010600, 0040755, 07777 };
	static const long users[] = { 0, 0, 1000, 1000, 2000, -1, 65534 };
	static const long small[] = { 0, 0, 1, 2, 3, 4, 5, 7, 8, 10, 16, 64, -1, 100 };
	long value;

	if (chosen_by_detail(&value, arg, r))
		return value;
	switch (arg->kind) {
	case K_FD: return PICK(r, fds);
	case K_DFD: return PICK(r, dirs);
	case K_SIZE: return PICK(r, sizes);
	case K_OFF: return PICK(r, offsets);
	case K_MODE: return PICK(r, modes);
	case K_UID: case K_GID: return PICK(r, users);
	case K_CLOCK: return random_below(r, 3);
	case K_DEV: return 0x103;
	case K_ADDR: return random_below(r, 12) * 4096 + (random_below(r, 12) == 0);
	default: return PICK(r, small);
	}
}

static void put(struct step_memory *m, const void *bytes, size_t n)
{
	memcpy(m->bytes + m->length, bytes, n);
	m->length += n;
}

static void choose_text(struct step_memory *m, struct random *r)
{
	static const char *const paths[] = {
		"a", "a", "b", "b", "d", "d", "d/b", "d/c", "d/e", "l", "x", "y", "d/../a", "./a", "..",
		".", "a/", "d/", "x/", "", "n", "d/e/f", "l/b", "loop", "../w/a", "d//b", "a/b",
	};
	const char *path = PICK(r, paths);

	put(m, path, strlen(path) + 1);
}

static void choose_struct(struct step_memory *m, const struct arg *arg, struct random *r)
{
	const char *what = arg->detail ? arg->detail : "";

	if (!strncmp(what, "timespec", 8)) {
		for (int i = 0; i < 2; i++) {
			static const long ns[] = { 0, 5, 999999999, 1000000000, -1, 0x3fffffff, 0x3ffffffe };
			struct timespec ts = { random_below(r, 1000), PICK(r, ns) };

			put(m, &ts, sizeof(ts));
		}
	} else if (!strcmp(what, "rlimit")) {
		unsigned long limit[2] = { 20 + random_below(r, 100), 60 + random_below(r, 100) };

		put(m, limit, sizeof(limit));
	} else if (!strcmp(what, "pollfd")) {
		for (int i = 0; i < 3; i++) {
			struct pollfd p = { (int)random_below(r, 13) - 1, POLLIN | POLLOUT, 0x55 };

			put(m, &p, sizeof(p));
		}
	} else if (!strcmp(what, "epoll_event")) {
		struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data.u64 = random_below(r, 100) };

		put(m, &e, sizeof(e));
	} else {
		uint32_t words[6];

		for (int i = 0; i < 6; i++)
			words[i] = random_below(r, 4) ? random_below(r, 20) : random_next(r);
		put(m, words, sizeof(words));
	}
}

static void choose_memory(struct step *step, int i, struct random *r)
{
	const struct arg *arg = &step->call->args[i];
	struct step_memory *m = &step->memory[i];

	step->value[i] = random_below(r, 16) ? PLACE_GOOD : random_below(r, PLACES);
	if (arg->direction == OUT)
		return;
	if (arg->kind == K_STR || arg->kind == K_PATH)
		choose_text(m, r);
	else if (arg->kind == K_STRUCT || arg->kind == K_ARRAY)
		choose_struct(m, arg, r);
	else
		for (int k = 0; k < 32; k++)
			m->bytes[m->length++] = 'A' + random_below(r, 26);
}

/* Lengths and counts that belong to memory stay within what the arena has, or nearly so. */
static void tame(struct step *step)
{
	bool maps = false;

	for (int i = 0; i < step->call->nargs; i++)
		maps |= step->call->args[i].kind == K_ADDR;
	for (int i = 0; i < step->call->nargs; i++) {
		const struct arg *arg = &step->call->args[i];

		if (maps && (arg->kind == K_SIZE || !strcmp(arg->name, "len")) && step->value[i] < 0)
			step->value[i] = 4096;
		if (arg->kind == K_ARRAY && arg->length >= 0 && step->value[arg->length] > 3)
			step->value[arg->length] = 3;
		if (!strcmp(arg->name, "timeout_msecs") || !strcmp(arg->name, "timeout"))
			step->value[i] = 0;
	}
	if (!strcmp(step->call->name, "fchownat"))
		step->value[4] &= ~AT_EMPTY_PATH;	/* see FUZZED in calls.py */
	if (!strcmp(step->call->name, "close_range"))
		step->value[1] = step->value[0] + 2;
	if (!strcmp(step->call->name, "fallocate") && step->value[3] > 65536)
		step->value[3] = 65536;		/* it would fill the memory */
	if (!strcmp(step->call->name, "flock"))
		step->value[1] |= 4;	/* LOCK_NB: never wait */
	if (!strcmp(step->call->name, "fcntl") && step->value[1] == F_SETFL)
		step->value[2] |= O_NONBLOCK;
	if (!strncmp(step->call->name, "pipe2", 5))
		step->value[1] |= O_NONBLOCK;
	if (!strcmp(step->call->name, "mknod") || !strcmp(step->call->name, "mknodat")) {
		int mode = step->call->nargs - 2;

		if ((step->value[mode] & S_IFMT) == S_IFIFO)	/* opening one may wait */
			step->value[mode] = S_IFREG | 0600;
	}
}

/* iovecs are built from small numbers: lengths within the arena, and places in it. */
void step_choose(struct step *step, struct random *r)
{
	static int fuzzed[512], count;

	if (!count)
		for (int i = 0; i < call_count && count < 512; i++)
			if (calls[i].fuzzed)
				fuzzed[count++] = i;
	memset(step, 0, sizeof(*step));
	step->call = &calls[fuzzed[random_below(r, count)]];
	for (int i = 0; i < step->call->nargs; i++) {
		if (is_memory(&step->call->args[i]))
			choose_memory(step, i, r);
		else
			step->value[i] = choose_value(&step->call->args[i], r);
	}
	tame(step);
}

void program_make(struct program *program, uint64_t seed, uint32_t number)
{
	struct random r = { seed * 0x9e3779b97f4a7c15 + number * 0xbf58476d1ce4e5b9ULL };

	for (int i = 0; i < 4; i++)
		random_next(&r);
	program->steps = 8 + random_below(&r, PROGRAM_MAX - 8 + 1);
	for (int i = 0; i < program->steps; i++)
		step_choose(&program->step[i], &r);
}
