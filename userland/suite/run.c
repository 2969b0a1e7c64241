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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

/* Pass the output on until its end; says why it ended badly, or NULL. */
static const char *follow(struct program *p, long limit)
{
	struct pollfd poll_out = { .fd = p->out, .events = POLLIN };
	long deadline = seconds() + limit;
	char bytes[4096];
	ssize_t n;

	for (;;) {
		long left = deadline - seconds();

		if (left <= 0)
			return "timed out";
		if (poll(&poll_out, 1, left * 1000) <= 0)
			continue;
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

/* End what is left of a program and its children. */
static int clean_up(struct program *p, bool kill_it)
{
	int status = 0;

	if (kill_it)
		kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	kill(-p->pid, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	close(p->out);
	return status;
}

static void run(const char *dir, const char *name, int number)
{
	long limit = getenv("SUITE_TIMEOUT") ? atoi(getenv("SUITE_TIMEOUT")) : 240, began = seconds();
	struct program p = { 0 };
	const char *why;
	char path[256];
	int status;

	snprintf(p.name, sizeof(p.name), "%s", name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	say("  # Subtest: %s\n", name);
	if (!start(&p, path)) {
		say("# %s: %s\nnot ok %d %s\n", name, strerror(errno), number, name);
		total_failed++;
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
	if (why)
		say("# %s: %s\n", name, why);
	say("%s %d %s # %lds\n", why || p.failed ? "not ok" : "ok", number, name, seconds() - began);
	total_passed += p.passed;
	total_failed += p.failed + (why ? 1 : 0);
	total_skipped += p.skipped;
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
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	say("KTAP version 1\n1..%d\n", n * repeat);
	for (int i = 0; i < n * repeat; i++)
		run(dir, names[i / repeat], i + 1);
	say("# totals: pass:%d fail:%d skip:%d\n", total_passed, total_failed, total_skipped);
	say("# suite done\n");
	return total_failed ? 1 : 0;
}
