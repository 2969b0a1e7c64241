// SPDX-License-Identifier: BSD-2-Clause
/*
 * A tracee: see tracee.h.
 */
#include <sys/uio.h>

#include "machine.h"
#include "tracee.h"

void expect_status(pid_t pid, int want)
{
	int status = -1;

	ASSERT_EQ(waitpid(pid, &status, __WALL), pid);
	EXPECT_EQ(status, want);
}

void signal_self(int sig)
{
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
}

pid_t traced_child(void (*run)(void))
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		signal_self(SIGSTOP);
		run();
		_exit(0);
	}
	expect_status(pid, STOPPED_BY(SIGSTOP));
	return pid;
}

pid_t waiting_child(struct gate *gate)
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		gate_wait(gate);
		_exit(7);
	}
	wait_until_blocked(pid);
	return pid;
}

void go_on(long request, pid_t pid, long sig)
{
	ASSERT_OK(ptrace(request, pid, 0, sig));
}

unsigned long event_of(pid_t pid, int event)
{
	unsigned long message = 0;

	expect_status(pid, STOPPED_AT(event));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
	return message;
}

unsigned long run_to_event(pid_t pid, long sig, int event)
{
	go_on(PTRACE_CONT, pid, sig);
	return event_of(pid, event);
}

void ends(pid_t pid, int code)
{
	go_on(PTRACE_CONT, pid, 0);
	EXPECT_EXIT(pid, code);
}

void do_nothing(void)
{
}

void execute_self(void)
{
	execl("/proc/self/exe", program_invocation_short_name, "--reexec", NULL);
}

void get_regs(pid_t pid, unsigned long *regs)
{
	struct iovec iov = { regs, MACHINE_TRACE_WORDS * 8 };

	ASSERT_OK(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov));
	EXPECT_EQ(iov.iov_len, MACHINE_TRACE_WORDS * 8);
}

int set_regs(pid_t pid, unsigned long *regs)
{
	struct iovec iov = { regs, MACHINE_TRACE_WORDS * 8 };

	return ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}

void set_reg(pid_t pid, int which, unsigned long value)
{
	unsigned long regs[MACHINE_TRACE_WORDS];

	get_regs(pid, regs);
	regs[which] = value;
	ASSERT_OK(set_regs(pid, regs));
}
