// SPDX-License-Identifier: BSD-2-Clause
/*
 * What an argument's memory begins with: names, bytes, and structures whose fields mean something.
 * Pointers in them lead into the same argument's slot, at IN_SLOT and behind.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

#include "fuzz.h"
#include "structs.h"

enum { PADDING = 12 /* in a struct msghdr, behind msg_namelen */ };

struct writer {
	struct step_memory *m;
	const struct step *step;
	struct random *r;
	long slot;
};

static void add(const struct writer *w, const void *bytes, size_t n)
{
	memcpy(w->m->bytes + w->m->length, bytes, n);
	w->m->length += n;
}

#define PUT(w, ...) add(w, (long[]){ __VA_ARGS__ }, sizeof((long[]){ __VA_ARGS__ }))
#define PUT32(w, ...) add(w, (int[]){ __VA_ARGS__ }, sizeof((int[]){ __VA_ARGS__ }))
#define BELOW(w, n) ((int)random_below((w)->r, n))

static void text(const struct writer *w, const char *string)
{
	add(w, string, strlen(string) + 1);
}

static void path(const struct writer *w)
{
	static const char *const paths[] = {
		"a", "a", "b", "b", "d", "d", "d/b", "d/c", "d/e", "l", "x", "y", "d/../a", "./a", "..", "m", "m/a",
		".", "a/", "d/", "x/", "", "n", "d/e/f", "l/b", "loop", "../w/a", "d//b", "a/b", "f", "s", "/w/a",
	};

	text(w, PICK(w->r, paths));
}

static void string(const struct writer *w, const struct arg *arg)
{
	/* None of "security.": Debian's kernel lets every user set those, for its BPF hook of that name, which
	 * allows all, stands for the check of CAP_SYS_ADMIN that xattr(7) tells of and that Janus makes. */
	static const char *const attributes[] = { "user.x", "trusted.a", "trusted.a", "trusted.b", "x", "", "bogus.x" };
	static const char *const types[] = { "tmpfs", "tmpfs", "tmpfs", "bogus", "" };
	static const char *const queues[] = { "q", "q", "q", "r", "r", "s", "", "q/r", "." };
	static const char *const data[] = { "", "", "size=8192", "mode=700", "bogus", "size=16k,mode=1777",
		"nr_inodes=3" };

	if (strstr(w->step->call->name, "xattr"))
		text(w, PICK(w->r, attributes));
	else if (!strncmp(w->step->call->name, "mq_", 3))
		text(w, PICK(w->r, queues));
	else if (!strcmp(arg->name, "fstype"))
		text(w, PICK(w->r, types));
	else if (!strcmp(arg->name, "data"))
		text(w, PICK(w->r, data));
	else
		path(w);
}

/* ---- structures ---- */

static void timespecs(const struct writer *w)
{
	static const long ns[] = { 0, 0, 5, 999999999, 1000000000, -1, 0x3fffffff, 0x3ffffffe };
	const char *name = w->step->call->name;
	bool waits = strcmp(name, "utimensat"),
	     polls = strstr(name, "poll") || strstr(name, "epoll") || strstr(name, "select");

	/* A time to wait is so long that none comes back, or no time where that does not start a timer. */
	for (int i = 0; i < 2; i++)
		if (waits)
			PUT(w, polls && BELOW(w, 2) ? 0 : BELOW(w, 8) ? FOREVER : -1, BELOW(w, 8) ? 0 : 1000000000);
		else
			PUT(w, BELOW(w, 1000), PICK(w->r, ns));
}

static void timevals(const struct writer *w)
{
	for (int i = 0; i < 2; i++)
		PUT(w, BELOW(w, 2) ? 0 : BELOW(w, 8) ? 1000000000 : -1, BELOW(w, 8) ? 0 : 1000000);
}

static void intervals(const struct writer *w)
{
	PUT(w, BELOW(w, 4) ? 0 : 500, 0, BELOW(w, 3) ? 100000000 : 0, BELOW(w, 8) ? 0 : -1);
}

static void rlimits(const struct writer *w)
{
	static const long limits[] = { 0, 1, 8, 20, 22, 30, 64, 4096, 10000, -1 };
	long soft = PICK(w->r, limits);

	PUT(w, soft, BELOW(w, 4) ? soft | 4096 : PICK(w->r, limits));
}

static void pollfds(const struct writer *w)
{
	static const short events[] = { POLLIN, POLLOUT, POLLIN | POLLOUT, POLLPRI, 0, 0x2000 | POLLIN };

	for (int i = 0; i < 3; i++) {
		struct pollfd p = { (int)BELOW(w, 23) - 1, PICK(w->r, events), 0x55 };

		add(w, &p, sizeof(p));
	}
}

static void epoll_events(const struct writer *w)
{
	static const uint32_t events[] = { EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLET,
		EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLEXCLUSIVE, EPOLLRDHUP, 0 };
	struct epoll_event e = { .events = PICK(w->r, events), .data.u64 = BELOW(w, 100) };

	add(w, &e, sizeof(e));
}

static void sigsets(const struct writer *w)
{
	static const long sets[] = { 0, 1L << (SIGUSR1 - 1), 1L << (SIGUSR2 - 1), 3L << (SIGUSR1 - 1),
		1L << (SIGCHLD - 1), 1L << 33, -1, 1L << (SIGUSR1 - 1) | 1L << (SIGUSR2 - 1) | 1L << 33,
		1L << (SIGKILL - 1) };

	PUT(w, PICK(w->r, sets));
	if (w->m->length > 8)
		return;
	PUT(w, 0, 0);
}

static void sigset_packs(const struct writer *w)
{
	PUT(w, BELOW(w, 3) ? 0 : w->slot + IN_SLOT, BELOW(w, 8) ? 8 : 4);
}

static void sigactions(const struct writer *w)
{
	static const long flags[] = { SA_SIGINFO, SA_SIGINFO | SA_RESTART, SA_SIGINFO | SA_NODEFER,
		SA_SIGINFO | SA_RESETHAND, SA_SIGINFO | SA_ONSTACK, SA_SIGINFO | SA_NOCLDWAIT,
		SA_SIGINFO | SA_NOCLDSTOP };
	long handler = BELOW(w, 5) ? (long)actors_handler : BELOW(w, 2);

	PUT(w, handler, PICK(w->r, flags) | (actors_restorer() ? 0x04000000 : 0), actors_restorer(),
	    BELOW(w, 2) ? 0 : 3L << (SIGUSR1 - 1));
}

static void stacks(const struct writer *w)
{
	static const long sizes[] = { ALT_STACK, ALT_STACK, 16384, 100, 0 };

	PUT(w, ALT_STACK_AT(w->step->actor), BELOW(w, 4) ? 0 : BELOW(w, 2) ? SS_DISABLE : 1L << 31, PICK(w->r, sizes));
}

static void sigevents(const struct writer *w)
{
	PUT(w, BELOW(w, 100));
	PUT32(w, BELOW(w, 8) ? SIGUSR1 : 99, BELOW(w, 4), PID_A);
}

static void siginfos(const struct writer *w)
{
	static const int codes[] = { SI_QUEUE, SI_QUEUE, -60, SI_TKILL, SI_USER, 1 };

	PUT32(w, SIGUSR1, 0, PICK(w->r, codes), 0, PID_A, 0, BELOW(w, 1000), 0);
}

static void vectors(const struct writer *w, long bytes)
{
	static const long lengths[] = { 0, 1, 3, 5, 10, 64, 70, 100 };

	for (int k = 0; k < 3; k++)
		PUT(w, bytes + k * 128, BELOW(w, 24) ? PICK(w->r, lengths) : -1);
}

/* Where they play, in another process. */
static void foreign_vectors(const struct writer *w)
{
	static const long lengths[] = { 0, 1, 5, 64, 70, 100, 100, PAGE, 5000 };

	for (int k = 0; k < 3; k++)
		PUT(w, ZONE + BELOW(w, ZONE_PAGES + 1) * (long)PAGE - BELOW(w, 3) * 30,
		    BELOW(w, 24) ? PICK(w->r, lengths) : -1);
}

static void address(const struct writer *w)
{
	static const char *const names[] = { "\0s", "\0s", "\0x", "\0y", "\0\0d0", "\0\0d0", "\0\0q", "\0a", "\0d/x",
		"\0" };
	static const short families[] = { AF_UNIX, AF_UNIX, AF_UNIX, AF_UNIX, AF_UNIX, AF_UNIX, AF_UNIX, AF_UNSPEC,
		99 };
	const char *name = PICK(w->r, names) + 1;

	add(w, &PICK(w->r, families), 2);
	add(w, name, name[0] || !name[1] ? strlen(name) + 1 : 4);
}

static void control(struct cmsghdr *head, const struct writer *w)
{
	int *words = (int *)CMSG_DATA(head);

	head->cmsg_level = BELOW(w, 16) ? SOL_SOCKET : 7;
	if (BELOW(w, 3)) {
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(4 * (1 + BELOW(w, 2)));
		words[0] = 3 + BELOW(w, 16);
		words[1] = 3 + BELOW(w, 20);
	} else {
		head->cmsg_type = BELOW(w, 8) ? SCM_CREDENTIALS : 9;
		head->cmsg_len = CMSG_LEN(12);
		words[0] = BELOW(w, 2) ? PID_A : PID_B;
		words[1] = BELOW(w, 2) ? 0 : 1000;
		words[2] = 0;
	}
	if (BELOW(w, 16) == 0)
		head->cmsg_len = BELOW(w, 64);
}

/* A header; in its slot the name at IN_SLOT, the control bytes at IN_SLOT + 128, vectors and their bytes behind. */
static void message(const struct writer *w, long at)
{
	bool sends = !strncmp(w->step->call->name, "send", 4), controls = BELOW(w, 2);
	struct msghdr h = {
		.msg_name = BELOW(w, 3) ? NULL : (void *)(at + IN_SLOT),
		.msg_namelen = sends ? 5 : 110,
		.msg_iov = (void *)(at + MESSAGE_VECTORS),
		.msg_iovlen = BELOW(w, 4),
		.msg_control = controls ? (void *)(at + MESSAGE_CONTROL) : NULL,
		.msg_controllen = !controls && BELOW(w, 8) ? 0 : sends ? (int)CMSG_SPACE(12) : BELOW(w, 6) ? 100 : BELOW(w, 40),
	};

	add(w, &h, sizeof(h));
	memcpy(w->m->bytes + PADDING, &(uint32_t){ random_next(w->r) }, 4);
}

static void lock(const struct writer *w)
{
	struct flock l = { .l_type = BELOW(w, 3), .l_whence = BELOW(w, 8) ? SEEK_SET : SEEK_CUR, .l_start = BELOW(w, 8),
			   .l_len = BELOW(w, 8) };

	if (BELOW(w, 16) == 0)
		l.l_pid = 1;
	add(w, &l, sizeof(l));
}

static void open_hows(const struct writer *w)
{
	static const long flags[] = { O_RDONLY, O_RDWR, O_RDWR | O_CREAT, O_PATH, O_DIRECTORY, O_RDWR | O_TRUNC,
		1L << 40 };
	/* not CACHED: a link's time may be due, or not yet */
	static const long resolve[] = { 0, 0, 1, 2, 4, 8, 16, 64 };
	long f = PICK(w->r, flags);

	PUT(w, f, f & O_CREAT ? 0644 : 0, PICK(w->r, resolve));
}

static void cap_headers(const struct writer *w)
{
	PUT32(w, BELOW(w, 8) ? 0x20080522 : BELOW(w, 2) ? 0x19980330 : 7, BELOW(w, 3) ? 0 : PID_B);
}

static void cap_datas(const struct writer *w)
{
	for (int i = 0; i < 6; i++)
		PUT32(w, BELOW(w, 3) ? i < 3 ? -1 : 0x1ff : BELOW(w, 2) ? 0 : (int)random_next(w->r));
}

static void sched_attrs(const struct writer *w)
{
	struct sched_attr attr = { .size = 48, .sched_policy = BELOW(w, 7), .sched_nice = BELOW(w, 10),
				   .sched_priority = BELOW(w, 3) ? 0 : 5 };

	add(w, &attr, sizeof(attr));
}

static void futex_waits(const struct writer *w)
{
	for (int i = 0; i < 2; i++) {
		PUT(w, BELOW(w, 3), FUTEX_AT(BELOW(w, 2)));
		PUT32(w, BELOW(w, 8) ? 2 : 0x82, BELOW(w, 16) == 0);
	}
}

static void futex_words(const struct writer *w)
{
	static const unsigned int words[] = { 0, 0, 1, PID_A, PID_B, PID_NOBODY, 1u << 31 | PID_A, 1u << 30 | PID_B };

	PUT32(w, PICK(w->r, words));
}

static void clone_args(const struct writer *w)
{
	static const long flags[] = { 0, 0, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_CLEAR_SIGHAND,
		1L << 50, CLONE_FS | CLONE_FILES, CLONE_DETACHED };
	/* none that kills */
	static const int signals[] = { SIGCHLD, SIGCHLD, SIGCHLD, SIGCHLD, 0, SIGUSR1, SIGURG, 65 };
	struct clone_args args = { .flags = PICK(w->r, flags), .exit_signal = PICK(w->r, signals) };

	add(w, &args, sizeof(args));
}

static void messages(const struct writer *w)
{
	PUT(w, BELOW(w, 8) ? 1 + BELOW(w, 3) : BELOW(w, 2) - 1);
	for (int i = 0; i < 6; i++)
		PUT32(w, 'A' + BELOW(w, 26));
}

static void semaphore_steps(const struct writer *w)
{
	static const short flags[] = { 0, 0, IPC_NOWAIT, IPC_NOWAIT, SEM_UNDO, SEM_UNDO | IPC_NOWAIT };

	for (int i = 0; i < 3; i++) {
		struct sembuf s = { BELOW(w, 16) ? BELOW(w, 3) : 3, BELOW(w, 5) - 2, PICK(w->r, flags) };

		add(w, &s, sizeof(s));
	}
}

static void queue_attrs(const struct writer *w)
{
	static const long counts[] = { 1, 3, 10, 10, 11, 0, -1 }, sizes[] = { 1, 100, 100, 8192, 8193, 0 };

	PUT(w, BELOW(w, 12) ? BELOW(w, 2) * O_NONBLOCK : O_APPEND, PICK(w->r, counts), PICK(w->r, sizes), BELOW(w, 2));
}

static void strings(const struct writer *w)
{
	PUT(w, w->slot + IN_SLOT, BELOW(w, 16) ? 0 : 16, 0);
}

static void rubbish(const struct writer *w)
{
	for (int i = 0; i < 6; i++)
		PUT32(w, BELOW(w, 4) ? BELOW(w, 20) : (int)random_next(w->r));
}

static void one_int(const struct writer *w)
{
	static const int values[] = { 0, 1, 4, 110, 110, 110, 16, 2, -1 };

	PUT32(w, PICK(w->r, values), 0);
}

static void small_long(const struct writer *w)
{
	PUT(w, BELOW(w, 8) ? BELOW(w, 12) : -1);
}

static void structure(const struct writer *w, const char *what)
{
	static const struct {
		const char *detail;
		void (*write)(const struct writer *w);
	} kinds[] = {
		{ "timespec", timespecs }, { "timespec2", timespecs }, { "timeval", timevals }, { "timeval2", timevals },
		{ "itimerspec", intervals }, { "itimerval", intervals }, { "rlimit", rlimits }, { "pollfd", pollfds },
		{ "epoll_event", epoll_events }, { "sigset", sigsets }, { "sigset_argpack", sigset_packs },
		{ "sigaction", sigactions }, { "stack", stacks }, { "sigevent", sigevents }, { "siginfo", siginfos },
		{ "open_how", open_hows }, { "cap_header", cap_headers }, { "cap_data", cap_datas },
		{ "sched_attr", sched_attrs }, { "futex_waitv", futex_waits }, { "clone_args", clone_args },
		{ "u32", futex_words }, { "int", one_int }, { "loff", small_long }, { "cpumask", small_long }, { "sched_param", one_int },
		{ "msgbuf", messages }, { "sembuf", semaphore_steps }, { "mq_attr", queue_attrs },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].detail, what)) {
			kinds[i].write(w);
			return;
		}
	rubbish(w);
}

void choose_memory_bytes(struct step *step, int i, struct random *r)
{
	const struct arg *arg = &step->call->args[i];
	struct writer w = { &step->memory[i], step, r, SLOT_AT(step->actor, i) };
	const char *what = arg->detail ? arg->detail : "";

	if (arg->kind == K_PATH)
		path(&w);
	else if (arg->kind == K_STR)
		string(&w, arg);
	else if (arg->kind == K_STRV)
		strings(&w);
	else if (!strcmp(arg->name, "rvec"))
		foreign_vectors(&w);
	else if (!strcmp(what, "iovec"))
		vectors(&w, w.slot + IN_SLOT);
	else if (!strcmp(what, "msghdr") || !strcmp(what, "mmsghdr"))
		message(&w, w.slot);
	else if (!strcmp(arg->name, "addr") && arg->kind == K_BUF)
		address(&w);
	else if (step->pointer && !strcmp(step->call->name, "fcntl"))
		lock(&w);
	else if (step->pointer || !strcmp(arg->name, "optval"))
		one_int(&w);
	else if (arg->kind == K_STRUCT || arg->kind == K_ARRAY)
		structure(&w, what);
	else
		for (int k = 0; k < 32; k++)
			w.m->bytes[w.m->length++] = 'A' + random_below(r, 26);
}

/* What the pointers of a message lead to: the dice for that were thrown into its padding. */
void structs_fill_slot(const struct step *step, int i)
{
	long slot = SLOT_AT(step->actor, i);
	const char *what = step->call->args[i].detail;
	struct step_memory bytes = { .length = 0 };
	struct random r = { *(const uint32_t *)(step->memory[i].bytes + PADDING) * 0x9e3779b97f4a7c15 };
	struct writer w = { &bytes, step, &r, slot };

	if (!what || step->value[i] != PLACE_GOOD)
		return;
	if (!strcmp(what, "sigset_argpack")) {
		*(long *)(slot + IN_SLOT) = 1L << (SIGUSR1 - 1);
	} else if (!strcmp(what, "msghdr") || !strcmp(what, "mmsghdr")) {
		address(&w);
		memcpy((void *)(slot + IN_SLOT), bytes.bytes, bytes.length);
		bytes.length = 0;
		vectors(&w, slot + MESSAGE_BYTES);
		memcpy((void *)(slot + MESSAGE_VECTORS), bytes.bytes, bytes.length);
		control((void *)(slot + MESSAGE_CONTROL), &w);
	}
}
