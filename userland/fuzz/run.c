// SPDX-License-Identifier: BSD-2-Clause
/*
 * Running a program of calls: the memory of each argument is laid out anew before its call. What each call
 * gave and wrote, when it came back, which signals were seen, what each actor has left, and the tree of
 * files are folded into one hash.
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "machine.h"
#include "structs.h"

/* ---- a step: arguments ---- */

static void fill(char *slot)
{
	memset(slot, '.', 4 * PAGE);
}

static long place_memory(const struct step *step, int i)
{
	char *slot = (char *)SLOT_AT(step->actor, i);
	size_t n = step->memory[i].length;

	switch (step->value[i]) {
	case PLACE_NULL: return 0;
	case PLACE_LOW: return 16;
	case PLACE_KERNEL: return machine_foreign[3];
	case PLACE_READ_ONLY: return READ_ONLY;
	case PLACE_ZONE: return ZONE + *(const long *)step->memory[i].bytes;
	case PLACE_EDGE: slot += 4 * PAGE - (n > 4 ? n - 3 : 5); n = n > 4 ? n - 3 : 0; break;
	default: break;
	}
	memcpy(slot, step->memory[i].bytes, n);
	structs_fill_slot(step, i);
	return (long)slot;
}

static long real_pid(long pid)
{
	return pid >= PID_CONDUCTOR && pid <= PID_T ? pid + 10 * actors_worker : pid;
}

void step_arguments(const struct step *step, long *a)
{
	for (int i = 0; i < step->call->nargs; i++)
		if (step_has_memory(step, i))
			fill((char *)SLOT_AT(step->actor, i));
	for (int i = 0; i < step->call->nargs; i++) {
		a[i] = step_has_memory(step, i) ? place_memory(step, i) : step->value[i];
		if (step->call->args[i].kind == K_PID || !strcmp(step->call->args[i].name, "who"))
			a[i] = real_pid(a[i]);
		if (a[i] >= ID_MSG && a[i] <= ID_SHM)
			a[i] = scene_ipc[a[i] - ID_MSG];
	}
}

/* ---- a step: what it gave ---- */

/* A result that a kernel chooses freely, as what it means. */
static long meaning(const struct step *step, long result)
{
	static const char *const free_choice[] = { "times", "time", "mmap", "mremap", "fork", "clone", "clone3", "arch_prctl",
		"msgget", "semget", "shmget", "shmat", "getrandom" /* at an edge a copy ends by the machine's own steps */ };
	const char *name = step->call->name;

	if (result >= ZONE && result < ZONE + ZONE_PAGES * PAGE)
		return result - ZONE;
	for (size_t i = 0; i < sizeof(free_choice) / sizeof(free_choice[0]); i++)
		if (!strcmp(free_choice[i], name) && result > 0)
			return 1;
	/* A child of a fork that was waited for. */
	if (!strncmp(name, "wait", 4) && result > 0 && result != PID_B)
		return 1;
	return result;
}

struct output {
	const char *detail;
	uint16_t from, size;	/* what of it is alike on every kernel */
};

static uint32_t hash_stat(const struct stat *st, uint32_t hash)
{
	long about[5] = { st->st_mode, st->st_uid, st->st_gid, st->st_nlink, S_ISDIR(st->st_mode) ? 0 : st->st_size };

	return fold(hash, about, sizeof(about));
}

/* The names and kinds, in any order. */
static uint32_t hash_names(const char *bytes, long n, bool old)
{
	uint32_t sum = 0;

	for (long at = 0; at < n; at += *(const uint16_t *)(bytes + at + 16))
		sum += fold(1, bytes + at + (old ? 18 : 19), strlen(bytes + at + (old ? 18 : 19)));
	return sum;
}

/* The kernel's own choice of a socket's name, five hexadecimal digits, as what it is. */
static void forget_dice(char *name)
{
	if (!name[2] && name[3] && strchr("0123456789abcdef", name[3]))
		memset(name + 3, '?', 5);
}

static uint32_t hash_message(char *slot, uint32_t hash)
{
	const struct msghdr *h = (const void *)slot;
	long about[3] = { h->msg_namelen, h->msg_controllen, h->msg_flags };

	forget_dice(slot + IN_SLOT);
	hash = fold(hash, about, sizeof(about));
	return fold(hash, slot + IN_SLOT, 2048);
}

/* If these are events of an inotify: the number that joins both ends of a move is the kernel's choice. */
static void forget_cookies(char *bytes)
{
	struct inotify_event *e = (void *)bytes;

	for (; e->wd >= -1 && e->wd < 100 && e->mask && e->len <= 256; e = (void *)((char *)(e + 1) + e->len))
		e->cookie = 0;
}

static uint32_t hash_buffer(const struct step *step, char *slot, long result, uint32_t hash)
{
	if (!strncmp(step->call->name, "getdents", 8))
		return hash_names(slot, result, !step->call->name[8]);
	if (!strcmp(step->call->name, "mincore"))
		result = step->value[1] / PAGE;
	if (!strcmp(step->call->name, "getrandom"))
		return 0;
	if (!strcmp(step->call->name, "read"))
		forget_cookies(slot);
	return fold(hash, slot, result < 4 * PAGE ? result : 0);
}

/* What a call wrote where its command makes a number a pointer, or says what it leads to. */
static uint32_t hash_by_command(const struct step *step, const char *slot, uint32_t hash)
{
	static const struct { const char *call; long command; uint16_t from, size; } alike[] = {
		{ "fcntl", F_GETLK, 0, 32 }, { "fcntl", F_OFD_GETLK, 0, 32 }, { "ioctl", FIONREAD, 0, 8 }, { "ioctl", TIOCOUTQ, 0, 8 },
		{ "ioctl", FIOQSIZE, 0, 8 }, { "semctl", GETALL, 0, 8 }, { "semctl", IPC_STAT, 0, 24 },
		{ "msgctl", IPC_STAT, 0, 24 }, { "msgctl", IPC_STAT, 72, 32 },
		{ "shmctl", IPC_STAT, 0, 24 }, { "shmctl", IPC_STAT, 48, 8 }, { "shmctl", IPC_STAT, 80, 16 },
		{ "prctl", PR_GET_NAME, 0, 16 }, { "prctl", PR_GET_PDEATHSIG, 0, 8 }, { "prctl", PR_GET_CHILD_SUBREAPER, 0, 8 },
		{ "getsockopt", -1, 0, 16 },
	};
	const char *name = step->call->name;
	long command = step->value[!strcmp(name, "semctl") ? 2 : !strcmp(name, "prctl") ? 0 : 1];

	for (size_t k = 0; k < sizeof(alike) / sizeof(alike[0]); k++)
		if (!strcmp(alike[k].call, name) && (alike[k].command == command || alike[k].command == -1))
			hash = fold(hash, slot + alike[k].from, alike[k].size);
	return hash;
}

/* Times run: what remains, or nothing. */
static uint32_t hash_interval(const struct itimerspec *value, uint32_t hash)
{
	bool armed = value->it_value.tv_sec || value->it_value.tv_nsec;

	return fold(fold(hash, &value->it_interval, 16), &armed, sizeof(armed));
}

/* What a call wrote that must be alike on every kernel. */
static uint32_t hash_output(const struct step *step, int i, long result)
{
	static const struct output alike[] = {
		{ "int", 0, 4 }, { "uid", 0, 4 }, { "gid", 0, 12 }, { "pipefd", 0, 8 }, { "sigset", 0, 8 }, { "loff", 0, 8 },
		{ "rlimit", 0, 16 }, { "sigaction", 0, 8 }, { "stack", 0, 24 }, { "fd_set", 0, 16 },
		{ "sched_param", 0, 4 }, { "sched_attr", 0, 48 }, { "cap_header", 0, 8 }, { "cap_data", 0, 24 },
		{ "pollfd", 0, 24 }, { "iovec", IN_SLOT, 400 }, { "u32", 0, 4 }, { "statx", 16, 14 }, { "siginfo", 0, 12 },
		{ "cpumask", 0, 8 }, { "msgbuf", 0, 64 }, { "mq_attr", 0, 32 }, { "uint", 0, 4 }, { "sockaddr", 0, 110 },
	};
	const struct arg *arg = &step->call->args[i];
	const char *detail = arg->detail ? arg->detail : "";
	char *slot = (char *)SLOT_AT(step->actor, i);
	uint32_t hash = 2166136261u;

	if (step->value[i] != PLACE_GOOD || result < 0)
		return 0;
	if (arg->kind == K_PTR || step->pointer >> i & 1)
		return hash_by_command(step, slot, hash);
	if (!strcmp(step->call->name, "process_vm_readv") && i == 1)
		return fold(hash, slot + IN_SLOT, 400);
	if (arg->direction < OUT)
		return 0;
	if (!strcmp(step->call->name, "clone3") || !strcmp(step->call->name, "clone"))
		return 0;
	if (!strcmp(detail, "stat"))
		return hash_stat((const void *)slot, hash);
	if (!strcmp(detail, "msghdr") || !strcmp(detail, "mmsghdr"))
		return hash_message(slot, hash);
	if (!strcmp(detail, "epoll_event"))
		return fold(hash, slot, result * sizeof(struct { int a; long b; } __attribute__((packed))));
	if (!strcmp(detail, "itimerspec") || !strcmp(detail, "itimerval"))
		return hash_interval((const void *)slot, hash);
	for (int k = 0; k < 3 && !strcmp(detail, "iovec"); k++)
		forget_cookies(slot + IN_SLOT + k * 128);
	if (!strcmp(detail, "sockaddr"))
		forget_dice(slot);
	if (arg->kind == K_BUF)
		return hash_buffer(step, slot, result, hash);
	for (size_t k = 0; k < sizeof(alike) / sizeof(alike[0]); k++)
		if (!strcmp(alike[k].detail, detail))
			return fold(hash, slot + alike[k].from, alike[k].size);
	return 0;
}

/* ---- statistics: what came of each call ---- */

enum { ERRORS = 140 };
static struct {
	uint32_t success, waited, error[ERRORS];
} counts[512];

static void count(const struct step *step, long result)
{
	long call;

	if (step->call->number < 0)	/* a load or a store, which is not of the table */
		return;
	call = step->call - calls;
	if (result == STILL_WAITS)
		counts[call].waited++;
	else if (result >= 0)
		counts[call].success++;
	else if (result > -ERRORS)
		counts[call].error[-result]++;
}

void statistics_print(void)
{
	for (int i = 0; i < call_count; i++) {
		uint32_t all = counts[i].success + counts[i].waited;

		for (int e = 0; e < ERRORS; e++)
			all += counts[i].error[e];
		if (!all)
			continue;
		printf("= %-20s %6u calls %3u%% succeed %3u%% wait", calls[i].name, all, counts[i].success * 100 / all,
		       counts[i].waited * 100 / all);
		for (int e = 0; e < ERRORS; e++)
			if (counts[i].error[e])
				printf(" %s %u", result_name(-e), counts[i].error[e]);
		printf("\n");
	}
}

/* ---- a program ---- */

struct run {
	const struct program *program;
	int at[ACTORS];		/* the step that each actor is in, or -1 */
	bool stirred;		/* a signal or a child may come at any time */
	bool listed;		/* a directory has been read, so that a reader stands in its midst or at its end */
	bool verbose;
	uint32_t hash;
};

/* What one thing gave, into the hash and on the terminal. */
static void result_is(struct run *run, int n, long result, uint32_t written)
{
	const struct step *step = &run->program->step[n];

	count(step, result);
	run->hash = fold(run->hash, &result, sizeof(result));
	run->hash = fold(run->hash, &written, sizeof(written));
	if (run->verbose)
		printf("   %2d %c %s = %s (%08x)\n", n, "ATB"[step->actor], step->call->name, result_name(result),
		       written);
}

static bool makes_child(const struct step *step)
{
	return !strcmp(step->call->name, "fork") || !strncmp(step->call->name, "clone", 5);
}

/* Calls after which others than the one who made it may have to run. */
static bool stirs(const struct step *step)
{
	static const char *const names[] = { "kill", "sig", "fork", "clone", "exit", "fcntl", "ioctl", "prctl",
		"timer", "alarm", "sched", "pidfd", "setp", "wait", "mq_" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(step->call->name, names[i]))
			return true;
	return false;
}

/* Which names fit in a small buffer, and whether one that came since is behind where the reader stands, is a matter of
 * the order of names: Linux has the newest first, Janus the oldest. Only a first reading of all is compared. */
static bool depends_on_order(struct run *run, const struct step *step, long result)
{
	bool depends = run->listed || step->value[2] < 1000;

	if (strncmp(step->call->name, "getdents", 8) || (result < 0 && result != -EINVAL))
		return false;
	run->listed = true;
	return depends;
}

/* Results of those who came back, and who died in their calls. */
static void collect(struct run *run)
{
	for (enum actor who = A; who < ACTORS; who++) {
		int n = run->at[who];
		const struct step *step = &run->program->step[n];
		uint32_t written = 0;
		long result;

		/* One that is stopped may be so before it could say what its call gave, or behind. */
		if (n < 0 || actors_stopped(who) || (!actors_back(who) && !actors_gone(who)))
			continue;
		run->at[who] = -1;
		result = actors_back(who) ? actors_result(who) : IS_GONE;
		for (int i = 0; i < step->call->nargs; i++)
			written = written * 31 + hash_output(step, i, result);
		if (depends_on_order(run, step, result))
			result = 1, written = 0;
		result_is(run, n, meaning(step, result), written);
	}
}

static void fold_sightings(struct run *run)
{
	const struct sighting *s;
	uint32_t sum = 0;	/* two processes may see theirs in any order */

	while ((s = actors_sighting())) {
		int who = s->actor, code = s->code, from = s->pid >= PID_CONDUCTOR ? s->pid : 0;
		uint32_t one = fold(fold(fold(1, &s->signal, 4), &code, 4), &who, 4);

		if (s->signal != SIGCHLD)
			one = fold(fold(one, &from, 4), &s->value, 4);
		sum += one;
		if (run->verbose)
			printf("      %c saw signal %d, code %d of %d with %d\n", "ATB?"[who], s->signal, code,
			       from, s->value);
	}
	run->hash = fold(run->hash, &sum, sizeof(sum));
}

static bool settle(struct run *run)
{
	bool settled = actors_settle(run->stirred);

	collect(run);
	fold_sightings(run);
	return settled;
}

static bool take_step(struct run *run, int n)
{
	const struct step *step = &run->program->step[n];
	enum actor who = step->actor;
	long a[6] = { 0 };
	bool settled;

	if (run->at[who] >= 0 || actors_gone(who) || actors_stopped(who)) {
		result_is(run, n, actors_gone(who) ? IS_GONE : IS_BUSY, 0);
		return true;
	}
	run->stirred |= stirs(step);
	step_arguments(step, a);
	run->at[who] = n;
	actors_order(who, step->call->number, a);
	if (makes_child(step)) {
		actors_settle(false);
		if (actors_back(who) && actors_result(who) > 0)
			actors_watch(actors_result(who));
	}
	settled = settle(run);
	if (run->at[who] == n)
		result_is(run, n, STILL_WAITS, 0);
	return settled;
}

static void inspect(struct run *run)
{
	static const long nothing[6];

	for (enum actor who = A; who < ACTORS; who++) {
		long result;

		if (run->at[who] >= 0 || actors_gone(who) || actors_stopped(who))
			continue;
		actors_order(who, DO_INSPECT, nothing);
		actors_settle(run->stirred);
		result = actors_back(who) ? actors_result(who) : IS_GONE;
		run->hash = fold(run->hash, &result, sizeof(result));
		if (run->verbose)
			printf("   %c has\n%s", "ATB"[who], actors_inspection(who));
	}
	fold_sightings(run);
}

uint32_t program_run(const struct program *program, uint32_t without, bool verbose)
{
	struct run run = { .program = program, .at = { -1, -1, -1 }, .verbose = verbose, .hash = 2166136261u };
	bool settled = true;
	uint32_t tree;

	scene_files();
	actors_begin();
	for (int i = 0; settled && i < program->steps; i++)
		if (!(without >> i & 1))
			settled = take_step(&run, i);
	if (settled)
		inspect(&run);
	if (!actors_end() || !settled) {
		printf("# hangs\n");
		run.hash = 0;
	}
	tree = scene_hash(verbose);
	return fold(run.hash, &tree, sizeof(tree));
}

/* ---- a storm: all at once ---- */

bool program_storm(const struct program *program)
{
	int next[ACTORS] = { 0 };
	bool more = true;

	scene_files();
	actors_begin();
	for (int tries = 0; more && tries < 3000; tries++) {
		more = false;
		for (enum actor who = A; who < ACTORS; who++) {
			const struct step *step;
			long a[6] = { 0 };

			if (!actors_back(who)) {
				more |= tries % 16 || !actors_asleep(who);
				continue;
			}
			while (next[who] < program->steps && program->step[next[who]].actor != who)
				next[who]++;
			if (next[who] == program->steps)
				continue;
			step = &program->step[next[who]++];
			step_arguments(step, a);
			actors_order(who, step->call->number, a);
			more = true;
		}
		if (more)
			sched_yield();
	}
	return actors_end();
}
