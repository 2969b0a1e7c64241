// SPDX-License-Identifier: BSD-2-Clause
/*
 * /suite/run [--repeat N] [NAME...]: run the named programs of the suite, or all that lie beside it,
 * one after the other, and print their results as subtests of one KTAP stream. With --repeat each is
 * run N times in a row, each run a result of its own, to hunt for what fails only now and then.
 *
 * Each program has its own session and process group and a watchdog. Its output comes through a
 * pipe and is indented line by line as it comes, so that a dying kernel leaves as much as possible
 * on the console. A program that crashes, hangs, floods or prints half a line is that program's
 * failure, and the run goes on. The last line is "# suite done".
 *
 * On Janus's debug build each program also fails when more memory is in use after it than before (memuse.h), and
 * with hunt.alloc on the kernel's command line the programs' allocations fail by chance: then no result of
 * theirs means much, and what is tested is that the kernel lives on and keeps none of its memory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memuse.h"

enum { PROGRAMS = 256, FLOOD = 256 * 1024, LINE = 1024 };

struct program {
	char name[64];
	int out;		/* the reading end of its output */
	pid_t pid;
	char line[LINE];	/* the line that is coming in */
	int used;
	long total;		/* bytes so far, against a flood */
	int planned, passed, failed, skipped;
};

static int total_passed, total_failed, total_skipped;
static struct memuse before, now;
static bool watch_memory;

static void say(const char *format, ...)
{
	char text[LINE + 64];
	va_list args;
	int n, done = 0;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	while (done < n) {
		ssize_t w = write(1, text + done, n - done);

		if (w < 0 && errno != EINTR)
			_exit(3);
		done += w > 0 ? w : 0;
	}
}

static long seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Count what a result line says and pass the line on. */
static void finish_line(struct program *p)
{
	p->line[p->used] = 0;
	if (!strncmp(p->line, "1..", 3))
		p->planned = atoi(p->line + 3);
	else if (!strncmp(p->line, "not ok ", 7))
		p->failed++;
	else if (!strncmp(p->line, "ok ", 3) && strstr(p->line, " # SKIP"))
		p->skipped++;
	else if (!strncmp(p->line, "ok ", 3))
		p->passed++;
	say("  %s\n", p->line);
	p->used = 0;
}

static void take(struct program *p, const char *bytes, int n)
{
	for (int i = 0; i < n; i++) {
		if (bytes[i] == '\n' || p->used == LINE - 1)
			finish_line(p);
		if (bytes[i] != '\n')
			p->line[p->used++] = bytes[i];
	}
	p->total += n;
}

static bool start(struct program *p, const char *path)
{
	int fds[2];

	if (pipe(fds) < 0)
		return false;
	p->pid = fork();
	if (p->pid < 0)
		return false;
	if (p->pid == 0) {
		setsid();
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		execl(path, path, NULL);
		dprintf(1, "# cannot execute %s: %s\n", path, strerror(errno));
		_exit(127);
	}
	close(fds[1]);
	p->out = fds[0];
	return true;
}

static bool is_over(const struct program *p)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == p->pid;
}

/* Pass the output on until its end, or that of the program: somebody whom it left behind may hold the pipe open.
 * Says why it ended badly, or NULL. */
static const char *follow(struct program *p, long limit)
{
	struct pollfd poll_out = { .fd = p->out, .events = POLLIN };
	long deadline = seconds() + limit;
	char bytes[4096];
	ssize_t n;

	for (;;) {
		long left = deadline - seconds();
		bool over = is_over(p);		/* then all that it wrote is there to be read */

		if (left <= 0)
			return "timed out";
		if (poll(&poll_out, 1, over ? 0 : 1000) <= 0) {
			if (over)
				return NULL;
			continue;
		}
		n = read(p->out, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		take(p, bytes, n);
		if (p->total > FLOOD)
			return "flooded its output";
	}
}

/* Who escaped a program's group, and lost its parent, is now a child of ours. */
static void kill_orphans(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		char path[300], text[512] = "", *end;
		int fd, parent = 0;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		read(fd, text, sizeof(text) - 1);
		close(fd);
		end = strrchr(text, ')');
		if (end && sscanf(end + 1, " %*c %d", &parent) == 1 && parent == getpid() && atoi(entry->d_name) > 0)
			kill(atoi(entry->d_name), SIGKILL);
	}
	if (proc)
		closedir(proc);
}

/* End what is left of a program and its children. */
static int clean_up(struct program *p, bool kill_it)
{
	int status = 0;

	if (kill_it)
		kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	kill(-p->pid, SIGKILL);
	kill_orphans();
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		kill_orphans();		/* theirs have come to us meanwhile */
	close(p->out);
	return status;
}

/* What a program's run came to; in memory that is shared with the process that runs it. */
static struct outcome {
	int passed, failed, skipped;
	char why[80];		/* it ended badly */
} *outcome;

/* In a process of its own, so that this one stays as it is and can tell whether memory came back. */
static void run(const char *dir, const char *name)
{
	long limit = getenv("SUITE_TIMEOUT") ? atoi(getenv("SUITE_TIMEOUT")) : 600;
	struct program p = { 0 };
	const char *why;
	char path[256];
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	snprintf(p.name, sizeof(p.name), "%s", name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!start(&p, path)) {
		snprintf(outcome->why, sizeof(outcome->why), "%s", strerror(errno));
		return;
	}
	why = follow(&p, limit);
	status = clean_up(&p, why != NULL);
	if (p.used) {
		finish_line(&p);
		why = why ? why : "ended within a line";
	}
	if (!why && WIFSIGNALED(status))
		why = strsignal(WTERMSIG(status));
	if (!why && (!p.planned || p.planned != p.passed + p.failed + p.skipped))
		why = "did not print every result it planned";
	*outcome = (struct outcome){ .passed = p.passed, .failed = p.failed, .skipped = p.skipped };
	if (why)
		snprintf(outcome->why, sizeof(outcome->why), "%s", why);
}

static void run_apart(const char *dir, const char *name)
{
	pid_t pid;

	memset(outcome, 0, sizeof(*outcome));
	pid = fork();
	if (pid == 0) {
		if (name[0])
			run(dir, name);
		_exit(0);
	}
	if (pid < 0)
		snprintf(outcome->why, sizeof(outcome->why), "fork: %s", strerror(errno));
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void tell_leak(const char *line)
{
	say("# %s\n", line);
}

static void judge(const char *dir, const char *name, int number)
{
	long began = seconds();

	say("  # Subtest: %s\n", name);
	run_apart(dir, name);
	if (watch_memory && memuse_grew(&before, &now, tell_leak) && !outcome->why[0])
		snprintf(outcome->why, sizeof(outcome->why), "more memory is in use than before it");
	before = now;
	if (outcome->why[0])
		say("# %s: %s\n", name, outcome->why);
	say("%s %d %s # %lds\n", outcome->why[0] || outcome->failed ? "not ok" : "ok", number, name, seconds() - began);
	total_passed += outcome->passed;
	total_failed += outcome->failed + (outcome->why[0] ? 1 : 0);
	total_skipped += outcome->skipped;
}

/* Have there at once what this program itself needs later, each perhaps with a page table of its own: the stack as
 * deep as it will be, and the page behind the clock. */
static void grow_up(void)
{
	char stack[64 * 1024];

	explicit_bzero(stack, sizeof(stack));
	seconds();
}

static void set_up(void)
{
	char line[2048] = "";
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	read(fd, line, sizeof(line) - 1);
	close(fd);
	/* The subtests' alone (harness.c), and what waits for a child that could not be made is not waited for long. */
	if (strstr(line, "hunt.alloc=")) {
		setenv("KTAP_MAKE_IT_FAIL", "1", 1);
		setenv("KTAP_TIMEOUT", "3", 1);
	}
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED) {
		say("run: no memory to share: %s\n", strerror(errno));
		exit(2);
	}
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	grow_up();
	/* The first turns bring in what the kernel keeps for this program. */
	for (int i = 0; i < 3; i++) {
		run_apart("", "");
		watch_memory = memuse_take(&now);
		before = now;
	}
	if (watch_memory)
		say("# memory is watched\n");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Every executable beside this one, but this one. */
static int list(const char *dir, char names[][64])
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	int n = 0;

	while (stream && (entry = readdir(stream)) && n < PROGRAMS)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "run"))
			snprintf(names[n++], 64, "%.63s", entry->d_name);
	if (stream)
		closedir(stream);
	qsort(names, n, 64, by_name);
	return n;
}

int main(int argc, char **argv)
{
	static char names[PROGRAMS][64];
	const char *slash = strrchr(argv[0], '/');
	char dir[128] = "/suite";
	int n = 0, first = 1, repeat = 1;

	if (argc > 2 && !strcmp(argv[1], "--repeat")) {
		repeat = atoi(argv[2]);
		first = 3;
	}
	if (repeat < 1) {
		say("run: --repeat wants a number from 1\n");
		return 2;
	}
	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - argv[0]), argv[0]);
	for (int i = first; i < argc && n < PROGRAMS; i++)
		snprintf(names[n++], 64, "%.63s", argv[i]);
	if (n == 0)
		n = list(dir, names);
	say("KTAP version 1\n1..%d\n", n * repeat);
	set_up();
	for (int i = 0; i < n * repeat; i++)
		judge(dir, names[i / repeat], i + 1);
	say("# totals: pass:%d fail:%d skip:%d\n", total_passed, total_failed, total_skipped);
	say("# suite done\n");
	return total_failed ? 1 : 0;
}
