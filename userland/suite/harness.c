// SPDX-License-Identifier: BSD-2-Clause
/*
 * The harness's engine: run the subtests of one program one after the other, each in a child with a
 * watchdog, and print one KTAP result each. What the checks and helpers do is in check.c and
 * helper.c; this file only needs fork, wait, setitimer and a shared page of its kernel.
 */
#include <dirent.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include "harness.h"

struct ktap_state *ktap_state;
static struct ktap_state private_state;	/* should shared memory be missing */
static int report_fd = 1;
static volatile pid_t running;
static volatile sig_atomic_t timed_out;

extern const struct ktap_test *const __start_ktap_tests[];
extern const struct ktap_test *const __stop_ktap_tests[];

void ktap_print(const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	while (write(report_fd, line, n) < 0 && errno == EINTR)
		;
}

/* "# pid 12 (pipe) is in call 0 0x3 ...", as /proc/PID/syscall has it. */
static void tell_call(const char *pid)
{
	char name[32] = "", call[200] = "";
	const char *files[] = { "comm", "syscall" };
	char *texts[] = { name, call };
	const size_t sizes[] = { sizeof(name), sizeof(call) };

	for (int i = 0; i < 2; i++) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		read(fd, texts[i], sizes[i] - 1);
		close(fd);
		texts[i][strcspn(texts[i], "\n")] = '\0';
	}
	ktap_print("# pid %s (%s) %s%s\n", pid, name,
		   *call == '-' || *call == 'r' ? "is in no call: " : "is in call ", call);
}

/* What hangs: each process that is younger than the subtest. */
static void tell_calls(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int told = 0;

	while (proc && told < 8 && (entry = readdir(proc)))
		if (atoi(entry->d_name) >= running) {
			tell_call(entry->d_name);
			told++;
		}
	if (proc)
		closedir(proc);
}

/* It interrupts nothing but waitpid. */
static void watchdog(int sig)
{
	(void)sig;
	if (!timed_out && running > 0)
		tell_calls();
	timed_out = 1;
	if (running > 0) {
		kill(-running, SIGKILL);
		kill(running, SIGKILL);
	}
}

static void set_watchdog(int seconds)
{
	struct itimerval timer = { .it_value.tv_sec = seconds, .it_interval.tv_sec = seconds ? 1 : 0 };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* What a subtest that ended in the middle has left mounted there. */
static bool detach(int dir, const char *name)
{
	char path[PATH_MAX];

	if (dir == AT_FDCWD)
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	return umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0;
}

static void remove_tree(int dir, const char *name);

/* Take everything out of a directory: whether it is one. */
static bool empty(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	struct dirent *entry;
	DIR *stream;

	if (fd < 0 && errno == EACCES) {
		fchmodat(dir, name, 0700, 0);
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	}
	if (fd < 0)
		return false;
	stream = fdopendir(fd);
	while (stream && (entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			remove_tree(fd, entry->d_name);
	if (stream)
		closedir(stream);
	return true;
}

/* What a mount hid is seen when it has gone, and goes too. */
static void remove_tree(int dir, const char *name)
{
	int err;

	do
		err = unlinkat(dir, name, empty(dir, name) ? AT_REMOVEDIR : 0);
	while (err < 0 && errno == EBUSY && detach(dir, name));
}

/* From here on allocations for this process and its children fail by chance: hunt.alloc of Janus's debug build. */
static void make_it_fail(void)
{
	int fd = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);

	write(fd, "1", 1);
	close(fd);
}

static void run_child(const struct ktap_test *test)
{
	setpgid(0, 0);
	signal(SIGALRM, SIG_DFL);
	if (getenv("KTAP_MAKE_IT_FAIL"))
		make_it_fail();
	test->run();
	_exit(0);
}

/* Wait for the subtest itself, reaping orphans that come our way. */
static int wait_for(pid_t pid)
{
	int status = 0;
	pid_t got;

	do {
		got = waitpid(-1, &status, 0);
	} while (got != pid && (got > 0 || errno == EINTR));
	return status;
}

static bool judge(const struct ktap_test *test, int number, int status)
{
	bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0 && ktap_state->failures == 0;

	if (timed_out)
		ktap_print("# timed out\n");
	else if (WIFSIGNALED(status))
		ktap_print("# killed by signal %d (%s)\n", WTERMSIG(status),
			   strsignal(WTERMSIG(status)));
	else if (ktap_state->skip[0] && !ktap_state->failures) {
		ktap_print("ok %d %s # SKIP %s\n", number, test->name, ktap_state->skip);
		return true;
	} else if (!ok && ktap_state->failures == 0)
		ktap_print("# exited with status %d\n", WEXITSTATUS(status));
	ktap_print("%s %d %s\n", ok ? "ok" : "not ok", number, test->name);
	return ok;
}

static bool run_one(const struct ktap_test *test, int number, int seconds)
{
	int status;
	pid_t pid;

	memset(ktap_state, 0, sizeof(*ktap_state));
	timed_out = 0;
	pid = fork();
	if (pid == 0)
		run_child(test);
	if (pid < 0) {
		ktap_print("# fork: %s\nnot ok %d %s\n", ktap_errno_name(errno), number, test->name);
		return false;
	}
	running = pid;
	set_watchdog(seconds);
	status = wait_for(pid);
	running = 0;
	set_watchdog(0);
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (ktap_state->scratch[0])
		remove_tree(AT_FDCWD, ktap_state->scratch);
	return judge(test, number, status);
}

static int by_line(const void *a, const void *b)
{
	const struct ktap_test *const *x = a, *const *y = b;

	return (*x)->line - (*y)->line;
}

/* The subtests whose names hold `word`, in the order of the file. */
static int choose(const struct ktap_test **chosen, const char *word)
{
	int n = 0;

	for (const struct ktap_test *const *t = __start_ktap_tests; t < __stop_ktap_tests; t++)
		if (!word || strstr((*t)->name, word))
			chosen[n++] = *t;
	qsort(chosen, n, sizeof(*chosen), by_line);
	return n;
}

static void set_up(void)
{
	sigset_t none;
	int fd;

	ktap_state = mmap(NULL, sizeof(*ktap_state), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ktap_state == MAP_FAILED)
		ktap_state = &private_state;
	fd = fcntl(1, F_DUPFD_CLOEXEC, 200);
	if (fd >= 0)
		report_fd = fd;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	umask(022);
	handle(SIGALRM, watchdog, 0);
}

/* A program that the suite executes again (exec's own tests) may take over here. */
__attribute__((weak)) int ktap_reexec(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return -1;
}

int main(int argc, char **argv)
{
	int max = __stop_ktap_tests - __start_ktap_tests, repeat = 1, failed = 0, n, opt;
	const char *limit = getenv("KTAP_TIMEOUT");
	const struct ktap_test *chosen[max];
	bool list = false;

	if (argc > 1 && !strcmp(argv[1], "--reexec"))
		return ktap_reexec(argc - 2, argv + 2);
	while ((opt = getopt(argc, argv, "ln:")) != -1) {
		if (opt == 'l')
			list = true;
		else if (opt == 'n')
			repeat = atoi(optarg);
		else
			return 2;
	}
	n = choose(chosen, argv[optind]);
	for (int i = 0; list && i < n; i++)
		printf("%s\n", chosen[i]->name);
	if (list)
		return 0;
	set_up();
	ktap_print("KTAP version 1\n1..%d\n", n * repeat);
	for (int i = 0; i < n * repeat; i++)
		if (!run_one(chosen[i % n], i + 1, limit ? atoi(limit) : 180))
			failed++;
	return failed ? 1 : 0;
}
