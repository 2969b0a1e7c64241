// SPDX-License-Identifier: BSD-2-Clause
/*
 * fork and vfork: what a child has of its parent, and what is its own.
 */
#include <sys/times.h>

#include "ktap.h"

static int value = 1;

TEST(fork, "returns 0 to the child and the child's pid to the parent")
{
	int *seen = shared_page();
	pid_t pid = ktap_fork();

	if (pid == 0) {
		*seen = getpid();
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(*seen, pid);
}

TEST(fork, "the child's parent is the parent")
{
	pid_t me = getpid(), pid = ktap_fork();

	if (pid == 0)
		_exit(getppid() == me ? 0 : 1);
	EXPECT_EXIT(pid, 0);
}

TEST(fork, "memory is a copy: neither sees the other's writes")
{
	int local = 1, *heap = malloc(sizeof(int));
	struct gate gate = gate_new();
	pid_t pid;

	*heap = 1;
	pid = ktap_fork();
	if (pid == 0) {
		gate_wait(&gate);
		EXPECT_EQ(value + local + *heap, 3);
		value = local = *heap = 5;
		_exit(value + local + *heap == 15 ? 0 : 1);
	}
	value = local = *heap = 2;
	value = local = *heap = 1;
	gate_open(&gate);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(value + local + *heap, 3);
}

TEST(fork, "a shared mapping is shared")
{
	int *shared = shared_page();
	pid_t pid = ktap_fork();

	if (pid == 0) {
		*shared = 42;
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(*shared, 42);
}

TEST(fork, "descriptors are copied; closing one's own leaves the other's")
{
	int fds[2];
	char c;

	ASSERT_OK(pipe(fds));
	pid_t pid = ktap_fork();
	if (pid == 0) {
		close(fds[0]);
		_exit(write(fds[1], "x", 1) == 1 ? 0 : 1);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(read(fds[0], &c, 1), 1);
	close(fds[0]);
}

static void nothing(int sig)
{
	(void)sig;
}

TEST(fork, "signal handlers and mask are inherited, pending signals are not")
{
	struct sigaction act;
	sigset_t now;
	pid_t pid;

	handle(SIGUSR1, nothing, 0);
	mask_signal(SIG_BLOCK, SIGUSR2);
	raise(SIGUSR2);
	pid = ktap_fork();
	if (pid == 0) {
		sigaction(SIGUSR1, NULL, &act);
		EXPECT_TRUE(act.sa_handler == nothing);
		sigprocmask(SIG_BLOCK, NULL, &now);
		EXPECT_TRUE(sigismember(&now, SIGUSR2));
		sigpending(&now);
		EXPECT_TRUE(!sigismember(&now, SIGUSR2));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	sigpending(&now);
	EXPECT_TRUE(sigismember(&now, SIGUSR2));
}

TEST(fork, "an alarm of the parent does not come to the child")
{
	pid_t pid;

	alarm(10000);
	pid = ktap_fork();
	if (pid == 0)
		_exit(alarm(0));
	EXPECT_EXIT(pid, 0);
	EXPECT_IN(alarm(0), 9000, 10000);
}

TEST(fork, "the child's times start at zero")
{
	struct tms t;
	pid_t pid = ktap_fork();

	if (pid == 0) {
		times(&t);
		_exit(t.tms_cutime == 0 && t.tms_cstime == 0 ? 0 : 1);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(fork, "session, group and umask are the parent's")
{
	pid_t group = getpgrp(), session = getsid(0), pid;

	umask(031);
	pid = ktap_fork();
	if (pid == 0)
		_exit(getpgrp() == group && getsid(0) == session && umask(0) == 031 ? 0 : 1);
	EXPECT_EXIT(pid, 0);
}

TEST(fork, "a hundred children at once, each with its own answer")
{
	pid_t pids[100];

	for (int i = 0; i < 100; i++) {
		pids[i] = ktap_fork();
		if (pids[i] == 0)
			_exit(i);
	}
	for (int i = 0; i < 100; i++)
		EXPECT_EXIT(pids[i], i);
}

TEST(fork, "children of children, ten deep")
{
	int depth = 0;
	pid_t pid;

	while (depth < 10) {
		pid = ktap_fork();
		if (pid) {
			int status;

			waitpid(pid, &status, 0);
			if (depth)
				_exit(WEXITSTATUS(status));
			EXPECT_EQ(WEXITSTATUS(status), 77);
			return;
		}
		depth++;
	}
	_exit(77);
}

TEST(fork, "the process limit stops a user, with EAGAIN")
{
	unsigned long limit[2] = { 1, 1 };

	ASSERT_OK(syscall(SYS_prlimit64, 0, 6 /* RLIMIT_NPROC */, limit, NULL));
	EXPECT_OK(waitpid(ktap_fork() ?: (_exit(0), 0), NULL, 0));
	ASSERT_OK(setresgid(12345, 12345, 12345));
	ASSERT_OK(setresuid(12345, 12345, 12345));
	EXPECT_ERRNO(fork(), EAGAIN);
}

/*
 * vfork as every C library can do it: a child in the same memory on a stack of its own, the parent
 * waiting until it leaves that memory.
 */
static pid_t vfork_run(int (*child)(void *), void *arg)
{
	static char stack[32768] __attribute__((aligned(16)));

	return ASSERT_OK(clone(child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, arg));
}

static volatile int order;

static int set_and_leave(void *arg)
{
	struct gate *gate = arg;

	gate_wait(gate);
	order = 1;
	_exit(3);
}

TEST(fork, "vfork: the parent stands still until the child is gone, in the same memory")
{
	struct gate gate = gate_new();
	pid_t me = getpid(), opener = ktap_fork(), pid;

	if (opener == 0) {
		wait_for_state(me, 'D');
		gate_open(&gate);
		_exit(0);
	}
	pid = vfork_run(set_and_leave, &gate);
	EXPECT_EQ(order, 1);
	EXPECT_EXIT(pid, 3);
	EXPECT_EXIT(opener, 0);
}

static int set_and_exec(void *arg)
{
	(void)arg;
	order = 1;
	execl("/proc/self/exe", "fork", "--reexec", NULL);
	_exit(99);
}

TEST(fork, "vfork: an exec in the child lets the parent go on")
{
	pid_t pid = vfork_run(set_and_exec, NULL);

	EXPECT_EQ(order, 1);
	EXPECT_EXIT(pid, 255);
}

static int die(void *arg)
{
	(void)arg;
	kill(getpid(), SIGKILL);
	_exit(0);
}

TEST(fork, "vfork: a child that dies of a signal lets the parent go on")
{
	EXPECT_KILLED(vfork_run(die, NULL), SIGKILL);
}

static int close_one(void *arg)
{
	close(*(int *)arg);
	_exit(0);
}

TEST(fork, "vfork: descriptors closed by the child stay open in the parent")
{
	int fd = ASSERT_OK(dup(0));

	EXPECT_EXIT(vfork_run(close_one, &fd), 0);
	EXPECT_OK(fcntl(fd, F_GETFD));
}
