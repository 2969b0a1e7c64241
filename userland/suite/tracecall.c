// SPDX-License-Identifier: BSD-2-Clause
/*
 * The calls of a traced thread: it stops at both ends of each, is told of, left out, made another, and restarted.
 */
#include "machine.h"
#include "tracee.h"

#define SYSEMU 31		/* one machine's headers do not name it */

struct call_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t ip, sp;
	union {
		struct { uint64_t nr, args[6]; } entry;
		struct { int64_t rval; uint8_t is_error; } exit;
	};
};

/* To the entry of the next call `nr`, past all others. */
static void run_to_call(pid_t pid, unsigned long nr)
{
	struct call_info info = { 0 };

	do {
		go_on(PTRACE_SYSCALL, pid, 0);
		expect_status(pid, IN_CALL);
		ASSERT_OK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info));
	} while (info.op != 1 || info.entry.nr != nr);
}

/* A child that does `run` and stands at the entry of its first call `nr`. */
static pid_t child_in_call(void (*run)(void), unsigned long nr)
{
	pid_t pid = traced_child(run);

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	run_to_call(pid, nr);
	return pid;
}

static void three_calls(void)
{
	long bad = machine_syscall(SYS_close, -1, 2, 3, 4, 5, 6);

	_exit(machine_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0) == 4711 ? 9 : bad == -EBADF ? 3 : 1);
}

TEST(tracecall, "SYSCALL stops at both ends of a call, and GET_SYSCALL_INFO tells which")
{
	pid_t pid = traced_child(three_calls);
	struct call_info info = { 0 };
	unsigned long message;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	EXPECT_EQ(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info), 24);
	EXPECT_EQ(info.op, 0);
	run_to_call(pid, SYS_close);
	EXPECT_EQ(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info), 80);
	for (int i = 1; i < 6; i++)
		EXPECT_EQ(info.entry.args[i], i + 1);
	EXPECT_EQ(info.entry.args[0], -1);
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
	EXPECT_EQ(message, 1);
	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, IN_CALL);
	EXPECT_EQ(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info), 33);
	EXPECT_EQ(info.op, 2);
	EXPECT_EQ(info.exit.rval, -EBADF);
	EXPECT_EQ(info.exit.is_error, 1);
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
	EXPECT_EQ(message, 2);
	ends(pid, 3);
}

TEST(tracecall, "without TRACESYSGOOD a call's stop is a plain SIGTRAP")
{
	pid_t pid = traced_child(three_calls);

	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, STOPPED_BY(SIGTRAP));
	ends(pid, 3);
}

TEST(tracecall, "a call is left out, and the tracer's result stands for it")
{
	pid_t pid = child_in_call(three_calls, SYS_getppid);

	ASSERT_OK(machine_trace_set_number(pid, -1));
	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, IN_CALL);
	set_reg(pid, MACHINE_TRACE_RESULT, 4711);
	ends(pid, 9);
}

TEST(tracecall, "a call is made another, with another argument")
{
	pid_t pid = child_in_call(three_calls, SYS_getppid);

	set_reg(pid, MACHINE_TRACE_ARG0, 77);
	ASSERT_OK(machine_trace_set_number(pid, SYS_exit_group));
	ends(pid, 77);
}

TEST(tracecall, "SYSEMU stops at a call's entry only, and leaves it out")
{
	pid_t pid = child_in_call(three_calls, SYS_close);

	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, IN_CALL);
	go_on(SYSEMU, pid, 0);
	expect_status(pid, IN_CALL);
	set_reg(pid, MACHINE_TRACE_RESULT, 4711);
	ends(pid, 9);
}

static volatile int taken;

static void count(int sig)
{
	taken += sig;
}

static void read_pipe(void)
{
	static int fds[2];
	char c;

	handle(SIGUSR1, count, SA_RESTART);
	ASSERT_OK(pipe(fds));
	write(fds[1], "x", 1);
	read(fds[0], &c, 1);
	_exit(machine_syscall(SYS_read, fds[0], (long)&c, 1, 0, 0, 0) == 1 ? taken : 99);
}

TEST(tracecall, "an interrupted call that a signal's drop restarts is stopped at again")
{
	pid_t pid = child_in_call(read_pipe, SYS_read);
	struct call_info info;

	run_to_call(pid, SYS_read);
	go_on(PTRACE_SYSCALL, pid, 0);
	wait_until_blocked(pid);
	ASSERT_OK(kill(pid, SIGUSR1));
	expect_status(pid, IN_CALL);
	ASSERT_OK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info));
	EXPECT_EQ(info.exit.rval, -512);
	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, STOPPED_BY(SIGUSR1));
	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, IN_CALL);
	ASSERT_OK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info));
	EXPECT_EQ(info.op, 1);
	EXPECT_EQ(info.entry.nr, SYS_read);
	ASSERT_OK(kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(tracecall, "a tracer that lets other code run in the middle of a call puts the registers back, and the call goes on")
{
	unsigned long regs[MACHINE_TRACE_WORDS], saved[MACHINE_TRACE_WORDS];
	int *fds = shared_page();
	pid_t pid;
	long code;

	ASSERT_OK(pipe(fds));
	pid = ktap_fork();
	if (pid == 0) {
		char c;

		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		_exit(machine_syscall(SYS_read, fds[0], (long)&c, 1, 0, 0, 0) == 1 ? 8 : 1);
	}
	wait_until_blocked(pid);
	ASSERT_OK(kill(pid, SIGUSR1));
	expect_status(pid, STOPPED_BY(SIGUSR1));
	get_regs(pid, saved);
	memcpy(regs, saved, sizeof(regs));
	code = ptrace(PTRACE_PEEKTEXT, pid, do_nothing, 0);
	memcpy(&code, machine_break, MACHINE_BREAK_LENGTH);
	ASSERT_OK(ptrace(PTRACE_POKETEXT, pid, do_nothing, code));
	regs[MACHINE_TRACE_PC] = (long)do_nothing;
	ASSERT_OK(set_regs(pid, regs));
	ASSERT_OK(machine_trace_set_number(pid, -1));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGTRAP));
	ASSERT_OK(set_regs(pid, saved));
	go_on(PTRACE_CONT, pid, 0);
	wait_until_blocked(pid);
	write(fds[1], "x", 1);
	EXPECT_EXIT(pid, 8);
}
