// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tracing: how a thread comes to be traced, where it stops and what its tracer is told, what may be read and written of
 * it, and what a tracer may never get.
 */
#include <elf.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "ktap.h"
#include "machine.h"

#define STOPPED_BY(sig) ((sig) << 8 | 0x7f)
#define STOPPED_AT(event) (SIGTRAP << 8 | (event) << 16 | 0x7f)
#define SYSEMU 31		/* one machine's headers do not name it */
#define IN_CALL STOPPED_BY(SIGTRAP | 0x80)

static volatile unsigned long word = 0x1122334455667788;
static volatile int taken;

static void expect_status(pid_t pid, int want)
{
	int status = -1;

	ASSERT_EQ(waitpid(pid, &status, __WALL), pid);
	EXPECT_EQ(status, want);
}

/* raise() would block all signals for the time of it. */
static void signal_self(int sig)
{
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
}

/* A child that asks to be traced, stops itself, and then does `run`. It is stopped when we return. */
static pid_t traced_child(void (*run)(void))
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

/* A child that nobody traces yet; it lives until `gate` is opened and ends with 7. */
static pid_t waiting_child(struct gate *gate)
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		gate_wait(gate);
		_exit(7);
	}
	wait_until_blocked(pid);
	return pid;
}

static void go_on(long request, pid_t pid, long sig)
{
	ASSERT_OK(ptrace(request, pid, 0, sig));
}

static void ends(pid_t pid, int code)
{
	go_on(PTRACE_CONT, pid, 0);
	EXPECT_EXIT(pid, code);
}

static void nothing(void)
{
}

static void get_regs(pid_t pid, unsigned long *regs)
{
	struct iovec iov = { regs, MACHINE_TRACE_WORDS * 8 };

	ASSERT_OK(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov));
	EXPECT_EQ(iov.iov_len, MACHINE_TRACE_WORDS * 8);
}

static int set_regs(pid_t pid, unsigned long *regs)
{
	struct iovec iov = { regs, MACHINE_TRACE_WORDS * 8 };

	return ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}

/* ---- coming to be traced ---- */

TEST(ptrace, "TRACEME: a signal stops the child, and its tracer decides what comes of it")
{
	pid_t pid = traced_child(nothing);

	ends(pid, 0);
	pid = traced_child(nothing);
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

static void execute_self(void)
{
	execl("/proc/self/exe", "ptrace", "--reexec", NULL);
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
	pid_t pid = traced_child(nothing);

	EXPECT_ERRNO(ptrace(12345, pid, 0, 0), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_SETOPTIONS, pid, 0, 1 << 30), EINVAL);
	EXPECT_ERRNO(ptrace(PTRACE_CONT, pid, 0, 65), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_DETACH, pid, 0, -1), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_LISTEN, pid, 0, 0), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_INTERRUPT, pid, 0, 0), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_SEIZE, pid, 1, 0), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_SEIZE, pid, 0, 1 << 30), EIO);
	EXPECT_ERRNO(ptrace(PTRACE_GETREGSET, pid, 0x7777, &(struct iovec){ (void *)&word, 8 }), EINVAL);
	EXPECT_ERRNO(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &(struct iovec){ (void *)&word, 7 }), EINVAL);
	EXPECT_ERRNO(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, NULL), EFAULT);
	ends(pid, 0);
	EXPECT_ERRNO(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH);
}

/* ---- signals ---- */

static void count(int sig)
{
	taken += sig;
}

static void raise_and_report(void)
{
	handle(SIGUSR1, count, 0);
	handle(SIGUSR2, count, 0);
	signal_self(SIGUSR1);
	_exit(taken);
}

TEST(ptrace, "a signal is delivered, dropped, or changed for another, as the tracer says")
{
	static const int instead[] = { SIGUSR1, 0, SIGUSR2 };

	for (int i = 0; i < 3; i++) {
		pid_t pid = traced_child(raise_and_report);

		go_on(PTRACE_CONT, pid, 0);
		expect_status(pid, STOPPED_BY(SIGUSR1));
		go_on(PTRACE_CONT, pid, instead[i]);
		EXPECT_EXIT(pid, instead[i]);
	}
}

static siginfo_t handled;

static void keep_info(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	handled = *info;
}

static void check_changed_info(void)
{
	handle_info(SIGUSR2, keep_info, 0);
	signal_self(SIGUSR1);
	_exit(handled.si_signo == SIGUSR2 && handled.si_code == SI_USER && handled.si_pid == getppid() ? 9 : 1);
}

TEST(ptrace, "a signal that the tracer chose comes from the tracer")
{
	pid_t pid = traced_child(check_changed_info);

	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGUSR1));
	go_on(PTRACE_CONT, pid, SIGUSR2);
	EXPECT_EXIT(pid, 9);
}

static void check_set_info(void)
{
	handle_info(SIGUSR1, keep_info, 0);
	signal_self(SIGUSR1);
	_exit(handled.si_code == SI_QUEUE && handled.si_value.sival_int == 4711 ? 9 : 1);
}

TEST(ptrace, "GETSIGINFO tells the signal's info, SETSIGINFO changes what the handler sees")
{
	pid_t pid = traced_child(check_set_info);
	siginfo_t info;

	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGUSR1));
	ASSERT_OK(ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
	EXPECT_EQ(info.si_signo, SIGUSR1);
	EXPECT_EQ(info.si_code, SI_TKILL);
	EXPECT_EQ(info.si_pid, pid);
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 4711;
	ASSERT_OK(ptrace(PTRACE_SETSIGINFO, pid, 0, &info));
	go_on(PTRACE_CONT, pid, SIGUSR1);
	EXPECT_EXIT(pid, 9);
}

static void ignore_and_raise(void)
{
	signal(SIGUSR1, SIG_IGN);
	signal_self(SIGUSR1);
	signal_self(SIGCHLD);
}

TEST(ptrace, "also ignored signals stop a traced thread")
{
	pid_t pid = traced_child(ignore_and_raise);

	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGUSR1));
	go_on(PTRACE_CONT, pid, SIGUSR1);
	expect_status(pid, STOPPED_BY(SIGCHLD));
	go_on(PTRACE_CONT, pid, SIGCHLD);
	EXPECT_EXIT(pid, 0);
}

TEST(ptrace, "SIGKILL ends a stopped tracee; so does PTRACE_KILL")
{
	pid_t pid = traced_child(nothing);

	ASSERT_OK(kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
	pid = traced_child(nothing);
	ASSERT_OK(ptrace(PTRACE_KILL, pid, 0, 0));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(ptrace, "GETSIGMASK and SETSIGMASK; SIGKILL is never in it")
{
	pid_t pid = traced_child(raise_and_report);
	uint64_t mask = ~0UL;

	ASSERT_OK(ptrace(PTRACE_GETSIGMASK, pid, 8, &mask));
	EXPECT_EQ(mask, 0);
	EXPECT_ERRNO(ptrace(PTRACE_GETSIGMASK, pid, 4, &mask), EINVAL);
	mask = ~0UL;
	ASSERT_OK(ptrace(PTRACE_SETSIGMASK, pid, 8, &mask));
	ASSERT_OK(ptrace(PTRACE_GETSIGMASK, pid, 8, &mask));
	EXPECT_EQ(mask, ~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1)));
	ends(pid, 0);
}

static void queue_two(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 1 });
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 2 });
	signal_self(SIGUSR1);
}

TEST(ptrace, "PEEKSIGINFO reads the queue and takes nothing")
{
	struct { uint64_t off; uint32_t flags; int32_t nr; } args = { 0, 1, 5 };
	pid_t pid = traced_child(queue_two);
	siginfo_t info[5];

	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGUSR1));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(ptrace(PTRACE_PEEKSIGINFO, pid, &args, info), 2);
		EXPECT_EQ(info[0].si_value.sival_int, 1);
		EXPECT_EQ(info[1].si_value.sival_int, 2);
	}
	args.off = 1;
	EXPECT_EQ(ptrace(PTRACE_PEEKSIGINFO, pid, &args, info), 1);
	args.flags = 0;
	EXPECT_EQ(ptrace(PTRACE_PEEKSIGINFO, pid, &args, info), 0);
	args.nr = -1;
	EXPECT_ERRNO(ptrace(PTRACE_PEEKSIGINFO, pid, &args, info), EINVAL);
	ends(pid, 0);
}

/* ---- memory and registers ---- */

TEST(ptrace, "PEEKDATA and POKEDATA; an address that is none is EIO")
{
	pid_t pid = traced_child(nothing);
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

TEST(ptrace, "a breakpoint in read-only code stops it there, and the tracer alone has written")
{
	pid_t pid = traced_child(in_and_out);
	long saved;

	run_to(pid, machine_probe_call, &saved);
	EXPECT_MEMEQ(machine_probe_call, &saved, sizeof(saved));
	ends(pid, 1);
}

TEST(ptrace, "single-step over a call ends behind it, with its result")
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

TEST(ptrace, "a thousand single steps, each one instruction, and the program does not notice")
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

TEST(ptrace, "a step with a signal ends at the handler's first instruction")
{
	pid_t pid = traced_child(raise_and_report);
	unsigned long regs[MACHINE_TRACE_WORDS];

	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGUSR1));
	go_on(PTRACE_SINGLESTEP, pid, SIGUSR1);
	expect_status(pid, STOPPED_BY(SIGTRAP));
	get_regs(pid, regs);
	EXPECT_EQ(regs[MACHINE_TRACE_PC], (long)count);
	EXPECT_EQ(regs[MACHINE_TRACE_ARG0], SIGUSR1);
	ends(pid, SIGUSR1);
}

TEST(ptrace, "general registers that are not for a tracer to set")
{
	unsigned long regs[MACHINE_TRACE_WORDS];

	for (int i = 0; i < machine_trace_forgery_count; i++) {
		const struct machine_trace_forgery *f = &machine_trace_forgeries[i];
		pid_t pid = traced_child(nothing);
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

TEST(ptrace, "a tracee whose registers were forged cannot do what no user may")
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

TEST(ptrace, "vector registers are read and written")
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

TEST(ptrace, "a register set may be read and written in part")
{
	pid_t pid = traced_child(nothing);
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

/* ---- calls ---- */

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

static void three_calls(void)
{
	long bad = machine_syscall(SYS_close, -1, 2, 3, 4, 5, 6);

	_exit(machine_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0) == 4711 ? 9 : bad == -EBADF ? 3 : 1);
}

TEST(ptrace, "SYSCALL stops at both ends of a call, and GET_SYSCALL_INFO tells which")
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

TEST(ptrace, "without TRACESYSGOOD a call's stop is a plain SIGTRAP")
{
	pid_t pid = traced_child(three_calls);

	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, STOPPED_BY(SIGTRAP));
	ends(pid, 3);
}

TEST(ptrace, "a call is left out, and the tracer's result stands for it")
{
	pid_t pid = traced_child(three_calls);
	unsigned long regs[MACHINE_TRACE_WORDS];

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	run_to_call(pid, SYS_getppid);
	ASSERT_OK(machine_trace_set_number(pid, -1));
	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, IN_CALL);
	get_regs(pid, regs);
	regs[MACHINE_TRACE_RESULT] = 4711;
	ASSERT_OK(set_regs(pid, regs));
	ends(pid, 9);
}

TEST(ptrace, "a call is made another, with another argument")
{
	pid_t pid = traced_child(three_calls);
	unsigned long regs[MACHINE_TRACE_WORDS];

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	run_to_call(pid, SYS_getppid);
	get_regs(pid, regs);
	regs[MACHINE_TRACE_ARG0] = 77;
	ASSERT_OK(set_regs(pid, regs));
	ASSERT_OK(machine_trace_set_number(pid, SYS_exit_group));
	ends(pid, 77);
}

TEST(ptrace, "SYSEMU stops at a call's entry only, and leaves it out")
{
	pid_t pid = traced_child(three_calls);
	unsigned long regs[MACHINE_TRACE_WORDS];

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	run_to_call(pid, SYS_close);
	go_on(PTRACE_SYSCALL, pid, 0);
	expect_status(pid, IN_CALL);
	go_on(SYSEMU, pid, 0);
	expect_status(pid, IN_CALL);
	get_regs(pid, regs);
	regs[MACHINE_TRACE_RESULT] = 4711;
	ASSERT_OK(set_regs(pid, regs));
	ends(pid, 9);
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

TEST(ptrace, "an interrupted call that a signal's drop restarts is stopped at again")
{
	pid_t pid = traced_child(read_pipe);
	struct call_info info;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	run_to_call(pid, SYS_read);
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

TEST(ptrace, "a tracer that lets other code run in the middle of a call puts the registers back, and the call goes on")
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
	code = ptrace(PTRACE_PEEKTEXT, pid, nothing, 0);
	memcpy(&code, machine_break, MACHINE_BREAK_LENGTH);
	ASSERT_OK(ptrace(PTRACE_POKETEXT, pid, nothing, code));
	regs[MACHINE_TRACE_PC] = (long)nothing;
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

/* ---- events ---- */

static void fork_one(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(5);
	EXPECT_EXIT(pid, 5);
}

TEST(ptrace, "TRACEFORK: the event tells the child's number, and the child is traced")
{
	pid_t pid = traced_child(fork_one);
	unsigned long child;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_FORK));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &child));
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

TEST(ptrace, "TRACEVFORK and TRACEVFORKDONE: before and after")
{
	pid_t pid = traced_child(vfork_one);
	unsigned long child, again;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_VFORK));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &child));
	expect_status(child, STOPPED_BY(SIGSTOP));
	ASSERT_OK(ptrace(PTRACE_DETACH, child, 0, 0));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_VFORK_DONE));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &again));
	EXPECT_EQ(again, child);
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

TEST(ptrace, "TRACECLONE: a thread is traced apart, and its end is waited for apart")
{
	pid_t pid = traced_child(start_thread);
	unsigned long thread;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_CLONE));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &thread));
	expect_status(thread, STOPPED_BY(SIGSTOP));
	go_on(PTRACE_CONT, pid, 0);
	go_on(PTRACE_CONT, thread, 0);
	expect_status(thread, 0);
	expect_status(pid, 0);
}

TEST(ptrace, "a seized process's child begins with an event's stop")
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
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_FORK));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &child));
	expect_status(child, STOPPED_AT(PTRACE_EVENT_STOP));
	ASSERT_OK(ptrace(PTRACE_DETACH, child, 0, 0));
	ASSERT_OK(ptrace(PTRACE_DETACH, pid, 0, 0));
	EXPECT_EXIT(pid, 0);
}

TEST(ptrace, "TRACEEXEC: an event instead of the signal, with the number from before")
{
	pid_t pid = traced_child(execute_self);
	unsigned long message;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_EXEC));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
	EXPECT_EQ(message, pid);
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

TEST(ptrace, "exec by another thread than the first: the event has that one's number, and the first is gone")
{
	pid_t pid = traced_child(execute_from_thread);
	unsigned long thread, message;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_CLONE));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &thread));
	expect_status(thread, STOPPED_BY(SIGSTOP));
	go_on(PTRACE_CONT, pid, 0);
	go_on(PTRACE_CONT, thread, 0);
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_EXEC));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
	EXPECT_EQ(message, thread);
	EXPECT_ERRNO(ptrace(PTRACE_CONT, thread, 0, 0), ESRCH);
	ends(pid, 55);
}

static void exit_with_three(void)
{
	_exit(3);
}

TEST(ptrace, "TRACEEXIT: the event tells the status to come; also for one that is killed")
{
	pid_t pid = traced_child(exit_with_three);
	unsigned long status;

	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_EXIT));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &status));
	EXPECT_EQ(status, 3 << 8);
	ends(pid, 3);
	pid = traced_child(nothing);
	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT));
	go_on(PTRACE_CONT, pid, SIGTERM);
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_EXIT));
	ASSERT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &status));
	EXPECT_EQ(status, SIGTERM);
	go_on(PTRACE_CONT, pid, 0);
	EXPECT_KILLED(pid, SIGTERM);
}

/* ---- stops of a group ---- */

TEST(ptrace, "a group's stop is told without an info; CONT goes on without SIGCONT")
{
	pid_t pid = traced_child(nothing);
	siginfo_t info;

	go_on(PTRACE_CONT, pid, SIGSTOP);
	expect_status(pid, STOPPED_BY(SIGSTOP));
	EXPECT_ERRNO(ptrace(PTRACE_GETSIGINFO, pid, 0, &info), EINVAL);
	ends(pid, 0);
}

TEST(ptrace, "a seized process's group stop is an event; LISTEN keeps it stopped until SIGCONT")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);

	ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, 0));
	ASSERT_OK(kill(pid, SIGTSTP));
	expect_status(pid, STOPPED_BY(SIGTSTP));
	go_on(PTRACE_CONT, pid, SIGTSTP);
	expect_status(pid, SIGTSTP << 8 | PTRACE_EVENT_STOP << 16 | 0x7f);
	ASSERT_OK(ptrace(PTRACE_LISTEN, pid, 0, 0));
	EXPECT_ERRNO(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH);
	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	ASSERT_OK(kill(pid, SIGCONT));
	expect_status(pid, STOPPED_AT(PTRACE_EVENT_STOP));
	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGCONT));
	go_on(PTRACE_CONT, pid, SIGCONT);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}

TEST(ptrace, "INTERRUPT ends listening")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);

	ASSERT_OK(kill(pid, SIGSTOP));
	wait_for_state(pid, 'T');
	ASSERT_OK(ptrace(PTRACE_SEIZE, pid, 0, 0));
	expect_status(pid, SIGSTOP << 8 | PTRACE_EVENT_STOP << 16 | 0x7f);
	ASSERT_OK(ptrace(PTRACE_LISTEN, pid, 0, 0));
	ASSERT_OK(ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	expect_status(pid, SIGSTOP << 8 | PTRACE_EVENT_STOP << 16 | 0x7f);
	go_on(PTRACE_CONT, pid, 0);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
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
	pid_t pid = traced_child(nothing);
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

/* ---- process_vm_readv, process_vm_writev ---- */

TEST(ptrace, "process_vm_readv and writev move bytes between two processes")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);
	char out[16] = { 0 };
	struct iovec local[2] = { { out, 3 }, { out + 8, 5 } }, remote = { (void *)&word, 8 };

	EXPECT_EQ(process_vm_readv(pid, local, 2, &remote, 1, 0), 8);
	EXPECT_MEMEQ(out, "\x88\x77\x66", 3);
	EXPECT_MEMEQ(out + 8, "\x55\x44\x33\x22\x11", 5);
	memset(out, 'x', 8);
	local[0].iov_len = 8;
	EXPECT_EQ(process_vm_writev(pid, local, 1, &remote, 1, 0), 8);
	EXPECT_EQ(word, 0x1122334455667788);
	EXPECT_EQ(process_vm_readv(pid, local, 1, &remote, 1, 0), 8);
	EXPECT_MEMEQ(out, "xxxxxxxx", 8);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}

TEST(ptrace, "process_vm_*: what they refuse")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);
	char out[16];
	struct iovec local = { out, 8 }, remote = { (void *)&word, 8 }, bad = { (void *)8, 8 };
	struct iovec code = { (void *)machine_probe_call, 8 };

	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, &remote, 1, 1), EINVAL);
	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, &bad, 1, 0), EFAULT);
	EXPECT_ERRNO(process_vm_readv(pid, &bad, 1, &remote, 1, 0), EFAULT);
	EXPECT_ERRNO(process_vm_writev(pid, &local, 1, &code, 1, 0), EFAULT);
	EXPECT_ERRNO(process_vm_readv(4000000, &local, 1, &remote, 1, 0), ESRCH);
	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, NULL, 1, 0), EFAULT);
	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, &remote, 1025, 0), EINVAL);
	EXPECT_EQ(process_vm_readv(pid, &local, 1, &remote, 0, 0), 0);
	EXPECT_EQ(process_vm_readv(4000000, &local, 0, &remote, 1, 0), 0);
	EXPECT_EQ(process_vm_readv(pid, &local, 1, (struct iovec[]){ { (void *)&word, 4 }, bad }, 2, 0), 4);
	become_nobody();
	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, &remote, 1, 0), EPERM);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}
