// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tracing: how a thread comes to be traced and ceases to be, what its tracer may never get, how its stops are waited
 * for, and what becomes of it when tracer or tracee ends. Other subjects: tracesig, traceregs, tracecall, traceevent.
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "tracee.h"

static unsigned long word;

/* ---- coming to be traced ---- */

TEST(ptrace, "TRACEME: a signal stops the child, and its tracer decides what comes of it")
{
	pid_t pid = traced_child(do_nothing);

	ends(pid, 0);
	pid = traced_child(do_nothing);
	go_on(PTRACE_CONT, pid, SIGTERM);
	EXPECT_KILLED(pid, SIGTERM);
}

TEST(ptrace, "TRACEME twice is EPERM")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		EXPECT_ERRNO(ptrace(PTRACE_TRACEME, 0, 0, 0), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

int ktap_reexec(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return geteuid() == getuid() ? 55 : 56;
}

TEST(ptrace, "a traced child stops by SIGTRAP when it has executed a program")
{
	pid_t pid = traced_child(execute_self);

	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGTRAP));
	ends(pid, 55);
}

TEST(ptrace, "ATTACH stops a process by SIGSTOP, DETACH lets it go")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);

	ASSERT_OK(ptrace(PTRACE_ATTACH, pid, 0, 0));
	expect_status(pid, STOPPED_BY(SIGSTOP));
	ASSERT_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
	EXPECT_ERRNO(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}

TEST(ptrace, "DETACH may hand over a signal")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);

	ASSERT_OK(ptrace(PTRACE_ATTACH, pid, 0, 0));
	expect_status(pid, STOPPED_BY(SIGSTOP));
	ASSERT_OK(ptrace(PTRACE_DETACH, pid, 0, SIGUSR1));
	EXPECT_KILLED(pid, SIGUSR1);
}

TEST(ptrace, "ATTACH to a process that job control stopped; after DETACH it is stopped still")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);
	int status;

	ASSERT_OK(kill(pid, SIGSTOP));
	ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	ASSERT_OK(ptrace(PTRACE_ATTACH, pid, 0, 0));
	ASSERT_EQ(waitpid(pid, &status, WNOHANG), pid);
	EXPECT_EQ(status, STOPPED_BY(SIGSTOP));
	ASSERT_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
	wait_for_state(pid, 'T');
	ASSERT_OK(kill(pid, SIGCONT));
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}

TEST(ptrace, "SEIZE does not stop it, INTERRUPT does, by an event")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);
	siginfo_t info;

	ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, 0));
	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	EXPECT_ERRNO(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH);
	ASSERT_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_STOP));
	ASSERT_OK(ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
	EXPECT_EQ(info.si_signo, SIGTRAP);
	EXPECT_EQ(info.si_code, SIGTRAP | PTRACE_EVENT_STOP << 8);
	EXPECT_EQ(info.si_pid, pid);
	go_on(PTRACE_CONT, pid, 0);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}

TEST(ptrace, "who cannot be attached to: oneself, a child of another's, nobody, one already traced")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate), other;

	EXPECT_ERRNO(ptrace(PTRACE_ATTACH, getpid(), 0, 0), EPERM);
	EXPECT_ERRNO(ptrace(PTRACE_ATTACH, 0, 0, 0), ESRCH);
	EXPECT_ERRNO(ptrace(PTRACE_ATTACH, 4000000, 0, 0), ESRCH);
	ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, 0));
	EXPECT_ERRNO(ptrace(PTRACE_ATTACH, pid, 0, 0), EPERM);
	other = ktap_fork();
	if (other == 0) {
		EXPECT_ERRNO(ptrace(PTRACE_ATTACH, pid, 0, 0), EPERM);
		EXPECT_ERRNO(ptrace(PTRACE_INTERRUPT, pid, 0, 0), ESRCH);
		become_nobody();
		EXPECT_ERRNO(ptrace(PTRACE_ATTACH, getppid(), 0, 0), EPERM);
		EXPECT_ERRNO(ptrace(PTRACE_SEIZE, 1, 0, 0), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(other, 0);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}

TEST(ptrace, "a user's own process that is not dumpable is not to be attached to: EPERM")
{
	struct gate gate = gate_new();
	pid_t pid;

	become_nobody();
	ASSERT_OK(prctl(PR_SET_DUMPABLE, 1));
	pid = waiting_child(&gate);
	ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, 0));
	ASSERT_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_STOP));
	ASSERT_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
	ASSERT_OK(prctl(PR_SET_DUMPABLE, 0));
	pid = waiting_child(&gate);
	EXPECT_ERRNO(ptrace(PTRACE_SEIZE, pid, 0, 0), EPERM);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}

TEST(ptrace, "bad requests: EIO, unknown options EINVAL, a bad signal EIO, LISTEN outside of a group's stop EIO")
{
	pid_t pid = traced_child(do_nothing);

	EXPECT_ERRNO(ptrace(12345, pid, 0, 0), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_SETOPTIONS, pid, 0, 1 << 30), EINVAL);
	EXPECT_ERRNO(ptrace(PTRACE_CONT, pid, 0, 65), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_DETACH, pid, 0, -1), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_LISTEN, pid, 0, 0), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_INTERRUPT, pid, 0, 0), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_SEIZE, pid, 1, 0), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_SEIZE, pid, 0, 1 << 30), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_GETREGSET, pid, 0x7777, &(struct iovec){ &word, 8 }), EINVAL);
	EXPECT_ERRNO(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &(struct iovec){ &word, 7 }), EINVAL);
	EXPECT_ERRNO(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, NULL), EFAULT);
	ends(pid, 0);
	EXPECT_ERRNO(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH);
}

/* ---- waiting ---- */

TEST(ptrace, "waitid tells a stop as CLD_TRAPPED, WNOWAIT leaves it, and it is told once")
{
	pid_t pid = ktap_fork();
	siginfo_t info;

	if (pid == 0) {
		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		signal_self(SIGUSR1);
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		ASSERT_OK(waitid(P_PID, pid, &info, WEXITED | WSTOPPED | WNOWAIT));
		EXPECT_EQ(info.si_code, CLD_TRAPPED);
		EXPECT_EQ(info.si_status, SIGUSR1);
		EXPECT_EQ(info.si_pid, pid);
	}
	ASSERT_OK(waitid(P_PID, pid, &info, WSTOPPED));
	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	ends(pid, 0);
}

TEST(ptrace, "a parent hears of its child's end when the child's tracer has")
{
	struct gate gate = gate_new();
	int *told = shared_page();
	pid_t pid = waiting_child(&gate), tracer = ktap_fork();

	if (tracer == 0) {
		ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, 0));
		gate_open(&gate);
		wait_for_state(pid, 'Z');
		EXPECT_EQ(*told, 0);
		*told = 1;
		expect_status(pid, 7 << 8);
		_exit(0);
	}
	EXPECT_EXIT(pid, 7);
	EXPECT_EQ(*told, 1);
	EXPECT_EXIT(tracer, 0);
}

TEST(ptrace, "a tracer's end lets its tracees go on; with EXITKILL it ends them")
{
	for (int kills = 0; kills < 2; kills++) {
		struct gate gate = gate_new();
		pid_t pid = waiting_child(&gate), tracer = ktap_fork();

		if (tracer == 0) {
			ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, kills ? PTRACE_O_EXITKILL : 0));
			ASSERT_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
			expect_status(pid, STOPPED_AT(PTRACE_EVENT_STOP));
			_exit(0);
		}
		EXPECT_EXIT(tracer, 0);
		if (!kills)
			gate_open(&gate);
		if (kills)
			EXPECT_KILLED(pid, SIGKILL);
		else
			EXPECT_EXIT(pid, 7);
	}
}

static const char *status_line(pid_t pid, const char *key)
{
	char path[64], *text, *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	text = slurp(path);
	at = text ? strstr(text, key) : NULL;
	ASSERT_TRUE(at != NULL);
	at[strcspn(at, "\n")] = 0;
	return at;
}

TEST(ptrace, "/proc tells the tracer's number and the state of a traced stop")
{
	pid_t pid = traced_child(do_nothing);
	char want[32];

	EXPECT_STREQ(status_line(pid, "State:"), "State:\tt (tracing stop)");
	snprintf(want, sizeof(want), "TracerPid:\t%d", getpid());
	EXPECT_STREQ(status_line(pid, "TracerPid:"), want);
	EXPECT_STREQ(status_line(getpid(), "TracerPid:"), "TracerPid:\t0");
	ends(pid, 0);
}

/* ---- privilege ---- */

static void execute_program(void)
{
	execl("./program", "ptrace", "--reexec", NULL);
	_exit(1);
}

TEST(ptrace, "a set-user-id program gains nothing under a tracer that has no right to it")
{
	int from = ASSERT_OK(open("/proc/self/exe", O_RDONLY)), to;
	struct stat st;
	pid_t pid;

	scratch();
	to = ASSERT_OK(open("program", O_WRONLY | O_CREAT | O_EXCL, 0755));
	ASSERT_OK(fstat(from, &st));
	ASSERT_EQ(sendfile(to, from, NULL, st.st_size), st.st_size);
	ASSERT_OK(fchmod(to, 04755));
	close(to);
	become_nobody();
	ASSERT_OK(prctl(PR_SET_DUMPABLE, 1));
	pid = traced_child(execute_program);
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGTRAP));
	ends(pid, 55);
	pid = ktap_fork();
	if (pid == 0)
		execute_program();
	EXPECT_EXIT(pid, 56);
}

/* ---- races ---- */

TEST(ptrace, "attaching to processes that are ending or executing leaves nothing behind")
{
	for (int i = 0; i < 100; i++) {
		pid_t pid = ktap_fork();
		int status;

		if (pid == 0) {
			if (i & 1)
				execute_self();
			_exit(55);
		}
		for (int n = 0; n < i % 7; n++)
			sched_yield();
		if (ptrace(i & 2 ? PTRACE_SEIZE : PTRACE_ATTACH, pid, 0, 0)) {
			EXPECT_EQ(errno, EPERM);
		} else if (i & 2) {
			(void)ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		}
		do {
			ASSERT_EQ(waitpid(pid, &status, __WALL), pid);
			if (WIFSTOPPED(status))
				(void)ptrace(PTRACE_CONT, pid, 0, 0);
		} while (!WIFEXITED(status));
		EXPECT_EQ(WEXITSTATUS(status), 55);
	}
}

static void *spin(void *arg)
{
	for (;;)
		sched_yield();
	return arg;
}

TEST(ptrace, "a tracee with threads on every CPU is killed while its tracer stops and steps them")
{
	for (int i = 0; i < 10; i++) {
		struct gate gate = gate_new();
		pid_t pid = ktap_fork(), killer;
		int status;

		if (pid == 0) {
			pthread_t thread;

			for (int n = 0; n < 3; n++)
				pthread_create(&thread, NULL, spin, NULL);
			gate_open(&gate);
			spin(NULL);
		}
		gate_wait(&gate);
		ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD));
		killer = ktap_fork();
		if (killer == 0) {
			for (int n = 0; n < i * 20; n++)
				sched_yield();
			kill(pid, SIGKILL);
			_exit(0);
		}
		(void)ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		do {
			ASSERT_EQ(waitpid(pid, &status, __WALL), pid);
			if (WIFSTOPPED(status))
				(void)ptrace(i & 1 ? PTRACE_SINGLESTEP : PTRACE_SYSCALL, pid, 0, 0);
		} while (WIFSTOPPED(status));
		EXPECT_EQ(status, SIGKILL);
		EXPECT_EXIT(killer, 0);
	}
}
