// SPDX-License-Identifier: BSD-2-Clause
/*
 * What many subtests need before they can ask their question: a place for files, memory with a
 * wall behind it, a child that waits at a gate, a process known to be asleep.
 */
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "harness.h"

pid_t ktap_fork(void)
{
	return ASSERT_OK(fork());
}

void ktap_skip(const char *reason)
{
	snprintf(ktap_state->skip, sizeof(ktap_state->skip), "%s", reason);
	_exit(0);
}

const char *scratch(void)
{
	char path[sizeof(ktap_state->scratch)];
	static unsigned int count;

	do {
		snprintf(path, sizeof(path), "/tmp/suite.%d.%u", getpid(), count++);
	} while (mkdir(path, 0777) < 0 && errno == EEXIST);
	snprintf(ktap_state->scratch, sizeof(ktap_state->scratch), "%s", path);
	ASSERT_OK(chdir(path));
	ASSERT_OK(chmod(path, 0777));
	return ktap_state->scratch;
}

int scratch_file(const char *name, const char *bytes, mode_t mode)
{
	int fd = ASSERT_OK(open(name, O_RDWR | O_CREAT | O_TRUNC, 0600));

	ASSERT_EQ(write(fd, bytes, strlen(bytes)), strlen(bytes));
	ASSERT_OK(fchmod(fd, mode));
	ASSERT_EQ(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

void *shared_page(void)
{
	void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);

	ASSERT_TRUE(page != MAP_FAILED);
	return page;
}

char *guarded_pages(int pages)
{
	long size = page_size();
	char *p = mmap(NULL, (pages + 1) * size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(p != MAP_FAILED);
	ASSERT_OK(mprotect(p + pages * size, size, PROT_NONE));
	return p;
}

long page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

void wait_for_state(pid_t pid, char state)
{
	char path[32], text[256], *end;
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		fd = ASSERT_OK(open(path, O_RDONLY | O_CLOEXEC));
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		ASSERT_TRUE(n > 0);
		text[n] = 0;
		end = strrchr(text, ')');
		ASSERT_TRUE(end != NULL);
		if (end[2] == state)
			return;
		sched_yield();
	}
}

void handle(int sig, void (*handler)(int), int flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };

	ASSERT_OK(sigaction(sig, &act, NULL));
}

void handle_info(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction act = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };

	ASSERT_OK(sigaction(sig, &act, NULL));
}

void mask_signal(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	ASSERT_OK(sigprocmask(how, &set, NULL));
}

sigset_t hold_signal(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	ASSERT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	return set;
}

bool signal_pending(int sig)
{
	sigset_t set;

	ASSERT_OK(sigpending(&set));
	return sigismember(&set, sig);
}

long long now_ns(clockid_t clock)
{
	struct timespec ts;

	ASSERT_OK(clock_gettime(clock, &ts));
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

char *slurp(const char *path)
{
	static char text[65536];
	size_t used = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	while (used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += n;
	close(fd);
	text[used] = 0;
	return text;
}

void become_nobody(void)
{
	ASSERT_OK(setgroups(0, NULL));
	ASSERT_OK(setresgid(1000, 1000, 1000));
	ASSERT_OK(setresuid(1000, 1000, 1000));
}

struct gate gate_new(void)
{
	struct gate gate;

	ASSERT_OK(pipe2(gate.fds, O_CLOEXEC));
	return gate;
}

void gate_open(struct gate *gate)
{
	while (write(gate->fds[1], "", 1) < 0 && errno == EINTR)
		;
}

void gate_wait(struct gate *gate)
{
	char c;

	while (read(gate->fds[0], &c, 1) < 0 && errno == EINTR)
		;
}

void gate_close(struct gate *gate)
{
	close(gate->fds[1]);
}

void stay_on_this_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : cpu, &one);
	ASSERT_OK(sched_setaffinity(0, sizeof(one), &one));
}

int open_master(char name[64])
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), zero = 0, number = -1;

	if (master < 0)
		ktap_skip("no pseudo-terminals");
	ASSERT_OK(ioctl(master, TIOCSPTLCK, &zero));
	ASSERT_OK(ioctl(master, TIOCGPTN, &number));
	snprintf(name, 64, "/dev/pts/%d", number);
	return master;
}
