// SPDX-License-Identifier: BSD-2-Clause
/*
 * How a process ends and what becomes of its children.
 */
#include <pthread.h>
#include <sys/prctl.h>

#include "ktap.h"

TEST(exit, "the status is the low eight bits")
{
	int codes[] = { 0, 1, 127, 128, 255, 256, 257, -1 };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		pid_t pid = ktap_fork();

		if (pid == 0)
			_exit(codes[i]);
		EXPECT_EXIT(pid, codes[i] & 255);
	}
}

static void *sleep_on(void *unused)
{
	for (;;)
		pause();
	return unused;
}

TEST(exit, "exit_group ends every thread of the process")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, sleep_on, NULL);
		_exit(5);
	}
	EXPECT_EXIT(pid, 5);
}

static void *leave(void *code)
{
	_exit((long)code);
}

TEST(exit, "exit_group from a thread that is not the first gives the process its status")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, leave, (void *)6L);
		for (;;)
			pause();
	}
	EXPECT_EXIT(pid, 6);
}

static void *outlive(void *gate)
{
	gate_wait(gate);
	_exit(8);
}

TEST(exit, "the first thread may end alone; the process lives until the last")
{
	struct gate gate = gate_new();
	siginfo_t info = { 0 };
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, outlive, &gate);
		syscall(SYS_exit, 3);
	}
	wait_for_state(pid, 'Z');
	EXPECT_OK(waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT));
	EXPECT_EQ(info.si_pid, 0);
	gate_open(&gate);
	EXPECT_EXIT(pid, 8);
}

TEST(exit, "descriptors are closed: a pipe's reader sees the end")
{
	int fds[2];
	char c;

	ASSERT_OK(pipe(fds));
	pid_t pid = ktap_fork();
	if (pid == 0)
		_exit(0);
	close(fds[1]);
	EXPECT_EQ(read(fds[0], &c, 1), 0);
	EXPECT_EXIT(pid, 0);
}

TEST(exit, "SIGCHLD comes with pid, status and CLD_EXITED")
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	set = hold_signal(SIGCHLD);
	pid = ktap_fork();
	if (pid == 0)
		_exit(7);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, 7);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_uid, 0);
	EXPECT_EXIT(pid, 7);
}

TEST(exit, "a killed child's SIGCHLD says CLD_KILLED and the signal")
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	set = hold_signal(SIGCHLD);
	pid = ktap_fork();
	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGTERM);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	EXPECT_EQ(info.si_code, CLD_KILLED);
	EXPECT_EQ(info.si_status, SIGTERM);
	EXPECT_KILLED(pid, SIGTERM);
}

TEST(exit, "an orphan goes to the nearest subreaper above it")
{
	struct gate dead = gate_new(), born = gate_new();
	int *orphan = shared_page();
	pid_t pid, me = getpid();

	ASSERT_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = ktap_fork();
	if (pid == 0) {
		if (ktap_fork() == 0) {
			*orphan = getpid();
			gate_open(&born);
			gate_wait(&dead);
			_exit(getppid() == me ? 9 : 1);
		}
		gate_wait(&born);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	gate_open(&dead);
	EXPECT_EXIT(*orphan, 9);
}

TEST(exit, "a zombie child is handed on with its status")
{
	int *grandchild = shared_page();
	pid_t pid;

	ASSERT_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = ktap_fork();
	if (pid == 0) {
		pid_t born = ktap_fork();

		if (born == 0)
			_exit(33);
		*grandchild = born;
		wait_for_state(*grandchild, 'Z');
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EXIT(*grandchild, 33);
}

TEST(exit, "PR_SET_PDEATHSIG sends its signal when the parent dies")
{
	struct gate ready = gate_new(), done = gate_new();
	int *child = shared_page();
	pid_t pid;

	ASSERT_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = ktap_fork();
	if (pid == 0) {
		pid_t grandchild = ktap_fork();

		if (grandchild == 0) {
			*child = getpid();
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			gate_open(&ready);
			gate_close(&done);
			gate_wait(&done);
			for (;;)
				pause();
		}
		gate_wait(&ready);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_KILLED(*child, SIGTERM);
}

TEST(exit, "a hundred processes one after the other leave no zombie")
{
	for (int i = 0; i < 100; i++) {
		pid_t pid = ktap_fork();

		if (pid == 0)
			_exit(0);
		ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	}
	EXPECT_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
}
