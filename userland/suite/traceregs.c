// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a tracer reads and writes of its tracee: memory, breakpoints, general and vector registers, single steps; and
 * which registers are not for it to set.
 */
#include <sys/uio.h>

#include "machine.h"
#include "tracee.h"

static volatile unsigned long word = 0x1122334455667788;

TEST(traceregs, "PEEKDATA and POKEDATA; an address that is none is EIO")
{
	pid_t pid = traced_child(do_nothing);
	long got;

	EXPECT_EQ(syscall(SYS_ptrace, PTRACE_PEEKDATA, pid, &word, &got), 0);
	EXPECT_EQ(got, 0x1122334455667788);
	ASSERT_OK(ptrace(PTRACE_POKEDATA, pid, &word, 42));
	EXPECT_EQ(ptrace(PTRACE_PEEKTEXT, pid, &word, 0), 42);
	EXPECT_EQ(word, 0x1122334455667788);
	EXPECT_ERRNO(ptrace(PTRACE_POKEDATA, pid, 8, 42), EIO);
	EXPECT_ERRNO(syscall(SYS_ptrace, PTRACE_PEEKDATA, pid, -8L, &got), EIO);
	EXPECT_ERRNO(syscall(SYS_ptrace, PTRACE_PEEKDATA, pid, &word, 8), EFAULT);
	for (int i = 0; i < machine_foreign_count; i++)
		EXPECT_ERRNO(syscall(SYS_ptrace, PTRACE_PEEKDATA, pid, machine_foreign[i], &got), EIO);
	ends(pid, 0);
}

static void in_and_out(void)
{
	static struct machine_state in, out;

	in.reg[MACHINE_REG_NUMBER] = SYS_getppid;
	machine_probe_syscall(&in, &out);
	_exit(out.reg[MACHINE_REG_RESULT] == 4711 ? 9 : 1);
}

/* The tracee goes on to the instruction at `pc`: a breakpoint is written there, and taken out again. */
static void run_to(pid_t pid, const char *pc, long *saved)
{
	unsigned long regs[MACHINE_TRACE_WORDS];
	long code;

	*saved = ptrace(PTRACE_PEEKTEXT, pid, pc, 0);
	code = *saved;
	memcpy(&code, machine_break, MACHINE_BREAK_LENGTH);
	ASSERT_OK(ptrace(PTRACE_POKETEXT, pid, pc, code));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGTRAP));
	get_regs(pid, regs);
	EXPECT_EQ(regs[MACHINE_TRACE_PC], (long)pc + MACHINE_BREAK_BEHIND);
	ASSERT_OK(ptrace(PTRACE_POKETEXT, pid, pc, *saved));
	regs[MACHINE_TRACE_PC] = (long)pc;
	ASSERT_OK(set_regs(pid, regs));
}

TEST(traceregs, "a breakpoint in read-only code stops it there, and the tracer alone has written")
{
	pid_t pid = traced_child(in_and_out);
	long saved;

	run_to(pid, machine_probe_call, &saved);
	EXPECT_MEMEQ(machine_probe_call, &saved, sizeof(saved));
	ends(pid, 1);
}

TEST(traceregs, "single-step over a call ends behind it, with its result")
{
	pid_t pid = traced_child(in_and_out);
	unsigned long regs[MACHINE_TRACE_WORDS];
	long saved;

	run_to(pid, machine_probe_call, &saved);
	go_on(PTRACE_SINGLESTEP, pid, 0);
	expect_status(pid, STOPPED_BY(SIGTRAP));
	get_regs(pid, regs);
	EXPECT_EQ(regs[MACHINE_TRACE_PC], (long)machine_probe_return);
	EXPECT_EQ(regs[MACHINE_TRACE_RESULT], getpid());
	regs[MACHINE_TRACE_RESULT] = 4711;
	ASSERT_OK(set_regs(pid, regs));
	ends(pid, 9);
}

TEST(traceregs, "a thousand single steps, each one instruction, and the program does not notice")
{
	pid_t pid = traced_child(in_and_out);
	unsigned long regs[MACHINE_TRACE_WORDS], pc = 0;
	int same = 0;
	long saved;

	run_to(pid, machine_probe_return, &saved);
	for (int i = 0; i < 1000; i++) {
		int status;

		go_on(PTRACE_SINGLESTEP, pid, 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			EXPECT_EQ(WEXITSTATUS(status), 1);
			EXPECT_TRUE(i > 20);
			EXPECT_EQ(same, 0);
			return;
		}
		EXPECT_EQ(status, STOPPED_BY(SIGTRAP));
		get_regs(pid, regs);
		same += regs[MACHINE_TRACE_PC] == pc;
		pc = regs[MACHINE_TRACE_PC];
	}
	EXPECT_EQ(same, 0);
	ASSERT_OK(kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(traceregs, "general registers that are not for a tracer to set")
{
	unsigned long regs[MACHINE_TRACE_WORDS];

	for (int i = 0; i < machine_trace_forgery_count; i++) {
		const struct machine_trace_forgery *f = &machine_trace_forgeries[i];
		pid_t pid = traced_child(do_nothing);
		int status, err;

		get_regs(pid, regs);
		f->forge(regs);
		err = set_regs(pid, regs) ? errno : 0;
		go_on(PTRACE_CONT, pid, 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (err != f->error || status != (f->signal ? STOPPED_BY(f->signal) : 0))
			ktap_note("%s", f->name);
		EXPECT_EQ(err, f->error);
		EXPECT_EQ(status, f->signal ? STOPPED_BY(f->signal) : 0);
		if (f->signal) {
			go_on(PTRACE_CONT, pid, f->signal);
			EXPECT_KILLED(pid, f->signal);
		}
	}
}

static void commit_crimes(void)
{
	for (int i = 0; i < machine_crime_count; i++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			machine_crimes[i].commit();
			_exit(0);
		}
		EXPECT_KILLED(pid, machine_crimes[i].signal);
	}
}

TEST(traceregs, "a tracee whose registers were forged cannot do what no user may")
{
	unsigned long regs[MACHINE_TRACE_WORDS];

	for (int i = 0; i < machine_trace_forgery_count; i++) {
		const struct machine_trace_forgery *f = &machine_trace_forgeries[i];
		pid_t pid;

		if (f->error || f->signal)
			continue;
		pid = traced_child(commit_crimes);
		get_regs(pid, regs);
		f->forge(regs);
		ASSERT_OK(set_regs(pid, regs));
		ASSERT_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
		EXPECT_EXIT(pid, 0);
	}
}

static void vectors_through_call(void)
{
	static struct machine_state in, out;

	for (int i = 0; i < MACHINE_VECTOR_BYTES; i++)
		in.vector[i] = i * 3 + 1;
	in.reg[MACHINE_REG_NUMBER] = SYS_kill;
	in.reg[machine_reg_arg(0)] = getpid();
	in.reg[machine_reg_arg(1)] = SIGUSR1;
	machine_probe_syscall(&in, &out);
	for (int i = 0; i < MACHINE_VECTOR_BYTES; i++)
		if (out.vector[i] != (unsigned char)~in.vector[i])
			_exit(1);
	_exit(9);
}

TEST(traceregs, "vector registers are read and written")
{
	pid_t pid = traced_child(vectors_through_call);
	static unsigned char fp[MACHINE_TRACE_FP_BYTES];
	struct iovec iov = { fp, sizeof(fp) };
	unsigned char *v = fp + MACHINE_TRACE_VECTORS;

	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGUSR1));
	ASSERT_OK(ptrace(PTRACE_GETREGSET, pid, NT_PRFPREG, &iov));
	EXPECT_EQ(iov.iov_len, sizeof(fp));
	for (int i = 0; i < MACHINE_VECTOR_BYTES; i++) {
		ASSERT_EQ(v[i], (unsigned char)(i * 3 + 1));
		v[i] = ~v[i];
	}
	ASSERT_OK(ptrace(PTRACE_SETREGSET, pid, NT_PRFPREG, &iov));
	ends(pid, 9);
}

TEST(traceregs, "a register set may be read and written in part")
{
	pid_t pid = traced_child(do_nothing);
	unsigned long regs[MACHINE_TRACE_WORDS], first = 0;
	struct iovec iov = { &first, 8 };

	get_regs(pid, regs);
	ASSERT_OK(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov));
	EXPECT_EQ(iov.iov_len, 8);
	EXPECT_EQ(first, regs[0]);
	ASSERT_OK(ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov));
	iov.iov_len = 0x10000;
	iov.iov_base = regs;
	ASSERT_OK(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov));
	EXPECT_EQ(iov.iov_len, sizeof(regs));
	ends(pid, 0);
}
