// SPDX-License-Identifier: BSD-2-Clause
/*
 * Actors that make one call at a time. An order lies in memory that all share; its actor sleeps on a futex
 * until there is one. Whether an actor that has not come back will come back by itself is asked of
 * /proc/PID/task/TID/stat: one that sleeps waits for what another one does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "actors.h"
#include "machine.h"

enum { SIGHTINGS = 256, PATIENCE = 20 /* seconds until what runs is taken to hang */ };

struct box {
	uint32_t order, done;	/* numbers of the last order given, and of the last one carried out */
	long nr, arg[6], result;
	pid_t tid;
	char inspection[8192];
	unsigned int inspected;
};

static struct stage {
	struct box box[ACTORS];
	struct sighting sighting[SIGHTINGS];
	uint32_t sightings;
	uint16_t orders;	/* given to all */
	bool ready;		/* all are there */
} *stage;

static struct {
	int stat, call;		/* /proc/PID/task/TID/stat, and .../syscall where there is one, or -1 */
	bool gone, stopped;
} known[ACTORS];

static uint32_t sightings_told;
static pid_t watched;
int actors_worker;

/* ---- the actors' side: nothing here may need more than the calls it makes ---- */

static struct {
	sigjmp_buf back;
	siginfo_t info;
} caught[ACTORS];

static enum actor myself(void)
{
	pid_t tid = machine_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
	enum actor who = A;

	while (who < B && stage->box[who].tid != tid)
		who++;
	return who;
}

void actors_handler(int signal, siginfo_t *info, void *context)
{
	uint32_t at = __atomic_fetch_add(&stage->sightings, 1, __ATOMIC_SEQ_CST);
	struct sighting *s = &stage->sighting[at % SIGHTINGS];

	if (at < SIGHTINGS)
		*s = (struct sighting){ signal, info->si_code, info->si_value.sival_int, info->si_pid, myself(),
					stage->orders };
}

unsigned long actors_restorer(void)
{
	struct { unsigned long handler, flags, restorer, mask; } kernels;
	struct sigaction old, mine = { .sa_sigaction = actors_handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGURG, &mine, &old);	/* the C library adds its own */
	machine_syscall(SYS_rt_sigaction, SIGURG, 0, (long)&kernels, 8, 0, 0);
	sigaction(SIGURG, &old, NULL);
	return kernels.flags & 0x04000000 ? kernels.restorer : 0;
}

static void fault(int signal, siginfo_t *info, void *context)
{
	enum actor who = myself();

	caught[who].info = *info;
	siglongjmp(caught[who].back, 1);
}

/* One access that may fault; 0 or more, or -(signal * 256 + si_code). */
static long touch(enum actor who, long order, unsigned long address, int byte)
{
	struct sigaction old[2], mine = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO };
	volatile unsigned char *at = (void *)address;
	volatile long result = 0;

	sigaction(SIGSEGV, &mine, &old[0]);
	sigaction(SIGBUS, &mine, &old[1]);
	if (sigsetjmp(caught[who].back, 1))
		result = -(caught[who].info.si_signo * 256L + (caught[who].info.si_code & 255));
	else if (order == DO_LOAD)
		result = *at;
	else
		*at = byte;
	sigaction(SIGBUS, &old[1], NULL);
	sigaction(SIGSEGV, &old[0], NULL);
	return result;
}

static void note(struct box *box, const char *format, ...)
{
	va_list list;
	int room = sizeof(box->inspection) - box->inspected, n;

	va_start(list, format);
	n = vsnprintf(box->inspection + box->inspected, room, format, list);
	va_end(list);
	box->inspected += n < room ? n : room - 1;
}

#define CALL(name, ...) CALL_(SYS_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(nr, a, b, c, d, e, f, ...) \
	machine_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static void inspect_descriptors(struct box *box)
{
	for (int fd = 3; fd < 40; fd++) {
		long flags = CALL(fcntl, fd, F_GETFD);
		struct stat st = { 0 };

		if (flags < 0)
			continue;
		fstat(fd, &st);
		note(box, "fd %d: flags %lx %lx at %ld mode %o links %ld size %ld\n", fd, flags,
		     CALL(fcntl, fd, F_GETFL), S_ISDIR(st.st_mode) ? 0 : CALL(lseek, fd, 0, SEEK_CUR), st.st_mode,
		     (long)st.st_nlink, S_ISREG(st.st_mode) ? (long)st.st_size : 0);
	}
}

static void inspect_process(struct box *box)
{
	uint32_t id[6] = { 0 }, cap[8] = { 0x20080522, 0 };
	uint64_t blocked = 0, pending = 0, limit[2];
	char path[128] = "";

	CALL(getresuid, &id[0], &id[1], &id[2]);
	CALL(getresgid, &id[3], &id[4], &id[5]);
	note(box, "users %d %d %d groups %d %d %d and %ld more\n", id[0], id[1], id[2], id[3], id[4], id[5],
	     CALL(getgroups, 0, 0));
	CALL(capget, cap, cap + 2);
	note(box, "capabilities %x %x %x, %x %x %x\n", cap[2], cap[3], cap[4], cap[5], cap[6], cap[7]);
	CALL(rt_sigprocmask, 0, 0, &blocked, 8);
	CALL(rt_sigpending, &pending, 8);
	note(box, "signals blocked %lx pending %lx\n", (long)blocked, (long)pending);
	for (int i = 4; i < 14; i++)
		if (CALL(prlimit64, 0, i == 5 ? 1 : i, 0, limit) == 0)
			note(box, "limit %d: %lx %lx\n", i == 5 ? 1 : i, (long)limit[0], (long)limit[1]);
	note(box, "group %ld session %ld umask %lo priority %ld policy %ld\n", CALL(getpgid, 0), CALL(getsid, 0),
	     CALL(umask, 0), CALL(getpriority, 0, 0), CALL(sched_getscheduler, 0));
	if (CALL(getcwd, path, sizeof(path)) > 0)
		note(box, "in %s\n", path);
}

/* What is left of the scene's own. */
static void inspect_objects(struct box *box)
{
	struct msqid_ds queue = { 0 };
	struct shmid_ds memory = { 0 };
	unsigned short sem[3] = { 0 };

	msgctl(scene_ipc[MSG], IPC_STAT, &queue);
	shmctl(scene_ipc[SHM], IPC_STAT, &memory);
	CALL(semctl, scene_ipc[SEM], 0, GETALL | 0x100 /* IPC_64, that some C libraries pass */, sem);
	note(box, "messages %ld in %ld semaphores %d %d %d attached %ld\n", (long)queue.msg_qnum,
	     (long)queue.msg_cbytes, sem[0], sem[1], sem[2], (long)memory.shm_nattch);
}

static void inspect_zone(struct box *box, enum actor who)
{
	for (int page = 0; page < ZONE_PAGES; page++) {
		long at = ZONE + page * PAGE, got = touch(who, DO_LOAD, at, 0);
		uint32_t hash = 2166136261u;

		for (int i = 0; got >= 0 && i < PAGE; i += 8)
			hash = (hash ^ *(uint32_t *)(at + i) ^ *(uint32_t *)(at + i + 4)) * 16777619u;
		note(box, "page %d: %ld %ld %08x\n", page, got, got < 0 ? 0 : touch(who, DO_STORE, at, got), hash);
	}
}

static long carry_out(struct box *box, enum actor who)
{
	long result;

	switch (box->nr) {
	case DO_LOAD: case DO_STORE: return touch(who, box->nr, box->arg[0], box->arg[1]);
	case DO_INSPECT:
		box->inspected = 0;
		inspect_descriptors(box);
		inspect_process(box);
		inspect_objects(box);
		inspect_zone(box, who);
		return fold(2166136261u, box->inspection, box->inspected) & 0x7fffffff;
	}
	result = machine_syscall(box->nr, box->arg[0], box->arg[1], box->arg[2], box->arg[3], box->arg[4],
				 box->arg[5]);
	if (machine_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0) != box->tid)	/* a child that the call made */
		machine_syscall(SYS_exit_group, 7, 0, 0, 0, 0, 0);
	return result;
}

static void act(enum actor who)
{
	struct box *box = &stage->box[who];

	for (uint32_t n = 1;; n++) {
		while (__atomic_load_n(&box->order, __ATOMIC_ACQUIRE) != n)
			machine_syscall(SYS_futex, (long)&box->order, FUTEX_WAIT, n - 1, 0, 0, 0);
		box->result = carry_out(box, who);
		__atomic_store_n(&box->done, n, __ATOMIC_RELEASE);
	}
}

static void act_t(void)
{
	act(T);
}

/* ---- making them ---- */

static void *area(unsigned long at, size_t size, int prot, int shared)
{
	return mmap((void *)at, size, prot, MAP_ANONYMOUS | (at ? MAP_FIXED : 0) | shared, -1, 0);
}

void actors_memory(void)
{
	if (stage)
		return;
	stage = area(0, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED);
	area(SLOT_AT(A, 0), ACTORS * 6 * SLOT, PROT_READ | PROT_WRITE, MAP_SHARED);
	for (int i = 0; i < ACTORS * 6; i++)
		mprotect((void *)(SLOT_AT(A, i) + 4 * PAGE), PAGE, PROT_NONE);
	area(ZONE, ZONE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	area(READ_ONLY, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	for (long *word = (long *)READ_ONLY; word < (long *)(READ_ONLY + PAGE); word += 2)
		*word = FOREVER;	/* taken for a time, it may not be one that a timer's turn decides about */
	mprotect((void *)READ_ONLY, PAGE, PROT_READ);
	area(ALT_STACK_AT(A), ACTORS * ALT_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* fork, with the child's number given. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };

	return machine_syscall(SYS_clone3, (long)&args, sizeof(args), 0, 0, 0, 0);
}

static void handle(int signal)
{
	struct sigaction mine = { .sa_sigaction = actors_handler, .sa_flags = SA_SIGINFO };

	sigaction(signal, &mine, NULL);
}

/* Only clone3 can give T its number, and no C library calls it with another stack. The thread returns from
 * machine_syscall by whatever return address there is: one on its new stack, or the register it shares. */
static void begin_t(void)
{
	static unsigned long stack[2048] __attribute__((aligned(16)));
	pid_t tid = PID_T + 10 * actors_worker;
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
		.stack = (uintptr_t)stack, .stack_size = sizeof(stack) - 16,
		.set_tid = (uintptr_t)&tid, .set_tid_size = 1,
	};

	stack[2046] = (uintptr_t)act_t;
	if (machine_syscall(SYS_clone3, (long)&args, sizeof(args), 0, 0, 0, 0) == 0)
		act_t();
	__atomic_store_n(&stage->ready, true, __ATOMIC_RELEASE);
}

static void begin_a(void)
{
	int timer;
	pid_t b;

	setsid();
	if (chroot(scene_root()) < 0 || chdir("/w") < 0)
		_exit(1);
	machine_syscall(SYS_setgroups, 0, 0, 0, 0, 0, 0);
	setrlimit(RLIMIT_NPROC, &(struct rlimit){ 1000, 1000 });	/* these depend on the memory there is */
	setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){ 1000, 1000 });
	handle(SIGUSR1), handle(SIGUSR2), handle(SIGURG), handle(34);
	scene_descriptors();
	b = fork_as(PID_B + 10 * actors_worker);
	if (b == 0)
		act(B);
	syscall(SYS_pidfd_open, b, 0);
	syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer);
	begin_t();
	act(A);
}

void actors_begin(void)
{
	static const long nothing[6];
	char path[64];
	int dir;

	actors_memory();
	memset(stage, 0, sizeof(*stage));
	memset(known, 0, sizeof(known));
	sightings_told = 0;
	watched = 0;
	stage->box[A].tid = PID_A + 10 * actors_worker;
	stage->box[T].tid = PID_T + 10 * actors_worker;
	stage->box[B].tid = PID_B + 10 * actors_worker;
	scene_objects();
	fflush(stdout);
	if (fork_as(stage->box[A].tid) == 0)
		begin_a();
	while (!__atomic_load_n(&stage->ready, __ATOMIC_ACQUIRE) &&
	       waitid(P_PID, stage->box[A].tid, NULL, WEXITED | WNOHANG | WNOWAIT) == 0)
		sched_yield();
	for (enum actor who = A; who < ACTORS; who++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d", stage->box[who == B ? B : A].tid, stage->box[who].tid);
		dir = open(path, O_PATH | O_CLOEXEC);
		known[who].stat = openat(dir, "stat", O_RDONLY | O_CLOEXEC);
		known[who].call = openat(dir, "syscall", O_RDONLY | O_CLOEXEC);
		close(dir);
		actors_order(who, SYS_getuid, nothing);
	}
	actors_settle(false);
}

/* ---- the conductor's side ---- */

void actors_order(enum actor who, long nr, const long *args)
{
	struct box *box = &stage->box[who];

	box->nr = nr;
	memcpy(box->arg, args, sizeof(box->arg));
	stage->orders++;
	__atomic_store_n(&box->order, box->order + 1, __ATOMIC_RELEASE);
	machine_syscall(SYS_futex, (long)&box->order, FUTEX_WAKE, 1, 0, 0, 0);
}

bool actors_back(enum actor who)
{
	return __atomic_load_n(&stage->box[who].done, __ATOMIC_ACQUIRE) == stage->box[who].order;
}

bool actors_gone(enum actor who)
{
	return known[who].gone;
}

bool actors_stopped(enum actor who)
{
	return known[who].stopped;
}

long actors_result(enum actor who)
{
	return stage->box[who].result;
}

void actors_watch(pid_t child)
{
	watched = child;
}

const struct sighting *actors_sighting(void)
{
	return sightings_told < stage->sightings && sightings_told < SIGHTINGS ?
	       &stage->sighting[sightings_told++] : NULL;
}

const char *actors_inspection(enum actor who)
{
	return stage->box[who].inspection;
}

/* The state letter in a stat file; 'X' when there is no such thread any more. */
static char state(int fd)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *end;

	if (n <= 0)
		return 'X';
	text[n] = '\0';
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 'R';
}

/* Linux may take the CPU from one that is about to sleep, such as a wait4 that has found its child: it looks asleep,
 * and will come back. Its call is told only of one that has left the CPU by itself. */
static bool only_interrupted(int call)
{
	char text[8] = "";

	return pread(call, text, sizeof(text) - 1, 0) > 0 && !strcmp(text, "running");
}

static bool quiet(enum actor who)
{
	char s = state(known[who].stat);

	if (s == 'S' && only_interrupted(known[who].call))
		return false;
	known[who].stopped = s == 'T' || s == 't';
	known[who].gone = s == 'X' || s == 'Z';
	return s != 'R' && s != 'D';
}

bool actors_asleep(enum actor who)
{
	return quiet(who);
}

static bool child_is_dead(void)
{
	char path[32], s;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", watched);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return true;
	s = state(fd);
	close(fd);
	return s == 'Z' || s == 'X';
}

static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Let others run; later, without being in the way of one of low priority. False when it was too long. */
static bool give_way(int *tries, long *since)
{
	if (++*tries < 40)
		return sched_yield() == 0;
	if (*tries == 40)
		*since = now();
	nanosleep(&(struct timespec){ 0, 200000 }, NULL);
	return *tries % 64 || now() - *since < PATIENCE;
}

static bool all_quiet(bool thorough, int tries)
{
	if (watched && !child_is_dead())	/* first: its end may wake an actor */
		return false;
	for (enum actor who = A; who < ACTORS; who++) {
		if (known[who].gone || (actors_back(who) && !thorough && !known[who].stopped))
			continue;
		if ((tries <= 1 && !actors_back(who)) || !quiet(who))
			return false;
	}
	return true;
}

/* Asked twice: one that was quiet may have been woken by the next before that one was asked. */
bool actors_settle(bool thorough)
{
	int tries = 0, calm = 0;
	long since;

	while (calm < 2) {
		calm = all_quiet(thorough, tries) ? calm + 1 : 0;
		if (!calm && !give_way(&tries, &since))
			return false;
	}
	watched = 0;
	return true;
}

bool actors_end(void)
{
	int tries = 0;
	long since;

	for (enum actor who = A; who < ACTORS; who++) {
		close(known[who].stat);
		close(known[who].call);
	}
	while (waitpid(-1, NULL, WNOHANG | __WALL) >= 0 || errno == EINTR) {
		kill(stage->box[A].tid, SIGKILL);
		kill(stage->box[B].tid, SIGKILL);
		if (!give_way(&tries, &since))
			return false;
	}
	return true;
}

void put(unsigned long at, const char *bytes, unsigned long n)
{
	memcpy((void *)at, bytes, n);
}

void on(enum actor who, long nr, long a0, long a1, long a2, long a3, long a4, long a5)
{
	long args[6] = { a0, a1, a2, a3, a4, a5 };

	if (known[who].gone || known[who].stopped || !actors_back(who)) {
		printf("%c call %ld: it is gone, stopped or waits\n", "ATB"[who], nr);
		return;
	}
	actors_order(who, nr, args);
	actors_settle(true);
	if (actors_back(who))
		printf("%c call %ld: %ld\n", "ATB"[who], nr, actors_result(who));
	else
		printf("%c call %ld: waits\n", "ATB"[who], nr);
}
