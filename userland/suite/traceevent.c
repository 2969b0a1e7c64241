// SPDX-License-Identifier: BSD-2-Clause
/*
 * Events: a traced thread stops where it forks, makes a thread, executes or ends, and its tracer is told of whom.
 */
#include <pthread.h>

#include "tracee.h"

int ktap_reexec(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 55;
}

static void fork_one(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(5);
	EXPECT_EXIT(pid, 5);
}

TEST(traceevent, "TRACEFORK: the event tells the child's number, and the child is traced")
{
	pid_t pid = traced_child(fork_one);
	unsigned long child;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK));
	child = run_to_event(pid, 0, PTRACE_EVENT_FORK);
	expect_status(child, STOPPED_BY(SIGSTOP));
	go_on(PTRACE_CONT, pid, 0);
	go_on(PTRACE_CONT, child, 0);
	expect_status(child, 5 << 8);
	expect_status(pid, STOPPED_BY(SIGCHLD));
	ends(pid, 0);
}

/* Not vfork(): its child would have its parent's memory. */
static void vfork_one(void)
{
	if (syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) == 0)
		_exit(5);
}

TEST(traceevent, "TRACEVFORK and TRACEVFORKDONE: before and after")
{
	pid_t pid = traced_child(vfork_one);
	unsigned long child;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE));
	child = run_to_event(pid, 0, PTRACE_EVENT_VFORK);
	expect_status(child, STOPPED_BY(SIGSTOP));
	ASSERT_OK(ptrace(PTRACE_DETACH, child, 0, 0));
	EXPECT_EQ(run_to_event(pid, 0, PTRACE_EVENT_VFORK_DONE), child);
	ASSERT_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
	EXPECT_EXIT(pid, 0);
}

static void *thread_body(void *arg)
{
	return arg;
}

static void start_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_body, NULL);
	pthread_join(thread, NULL);
}

TEST(traceevent, "TRACECLONE: a thread is traced apart, and its end is waited for apart")
{
	pid_t pid = traced_child(start_thread);
	unsigned long thread;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE));
	thread = run_to_event(pid, 0, PTRACE_EVENT_CLONE);
	expect_status(thread, STOPPED_BY(SIGSTOP));
	go_on(PTRACE_CONT, pid, 0);
	go_on(PTRACE_CONT, thread, 0);
	expect_status(thread, 0);
	expect_status(pid, 0);
}

TEST(traceevent, "a seized process's child begins with an event's stop")
{
	struct gate gate = gate_new();
	pid_t pid = ktap_fork();
	unsigned long child;

	if (pid == 0) {
		gate_wait(&gate);
		fork_one();
		_exit(0);
	}
	ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEFORK));
	gate_open(&gate);
	child = event_of(pid, PTRACE_EVENT_FORK);
	expect_status(child, STOPPED_AT(PTRACE_EVENT_STOP));
	ASSERT_OK(ptrace(PTRACE_DETACH, child, 0, 0));
	ASSERT_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
	EXPECT_EXIT(pid, 0);
}

TEST(traceevent, "TRACEEXEC: an event instead of the signal, with the number from before")
{
	pid_t pid = traced_child(execute_self);

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD));
	EXPECT_EQ(run_to_event(pid, 0, PTRACE_EVENT_EXEC), pid);
	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, IN_CALL);		/* the end of execve */
	ends(pid, 55);
}

static void *execute_in_thread(void *arg)
{
	execute_self();
	return arg;
}

static void execute_from_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, execute_in_thread, NULL);
	pause();
}

TEST(traceevent, "exec by another thread than the first: the event has that one's number, and the first is gone")
{
	pid_t pid = traced_child(execute_from_thread);
	unsigned long thread;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE));
	thread = run_to_event(pid, 0, PTRACE_EVENT_CLONE);
	expect_status(thread, STOPPED_BY(SIGSTOP));
	go_on(PTRACE_CONT, pid, 0);
	go_on(PTRACE_CONT, thread, 0);
	EXPECT_EQ(event_of(pid, PTRACE_EVENT_EXEC), thread);
	EXPECT_ERRNO(ptrace(PTRACE_CONT, thread, 0, 0), ESRCH);
	ends(pid, 55);
}

static void exit_with_three(void)
{
	_exit(3);
}

TEST(traceevent, "TRACEEXIT: the event tells the status to come; also for one that is killed")
{
	pid_t pid = traced_child(exit_with_three);

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT));
	EXPECT_EQ(run_to_event(pid, 0, PTRACE_EVENT_EXIT), 3 << 8);
	ends(pid, 3);
	pid = traced_child(do_nothing);
	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT));
	EXPECT_EQ(run_to_event(pid, SIGTERM, PTRACE_EVENT_EXIT), SIGTERM);
	go_on(PTRACE_CONT, pid, 0);
	EXPECT_KILLED(pid, SIGTERM);
}
