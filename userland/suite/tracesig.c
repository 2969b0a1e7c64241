// SPDX-License-Identifier: BSD-2-Clause
/*
 * Signals of a traced thread: each stops it, and its tracer says what comes of it; what waits in its queue, its mask,
 * and the stops of its whole group.
 */
#include "machine.h"
#include "tracee.h"

static volatile int taken;

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

TEST(tracesig, "a signal is delivered, dropped, or changed for another, as the tracer says")
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

TEST(tracesig, "a signal that the tracer chose comes from the tracer")
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

TEST(tracesig, "GETSIGINFO tells the signal's info, SETSIGINFO changes what the handler sees")
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

TEST(tracesig, "also ignored signals stop a traced thread")
{
	pid_t pid = traced_child(ignore_and_raise);

	go_on(PTRACE_CONT, pid, 0);
	expect_status(pid, STOPPED_BY(SIGUSR1));
	go_on(PTRACE_CONT, pid, SIGUSR1);
	expect_status(pid, STOPPED_BY(SIGCHLD));
	go_on(PTRACE_CONT, pid, SIGCHLD);
	EXPECT_EXIT(pid, 0);
}

TEST(tracesig, "SIGKILL ends a stopped tracee; so does PTRACE_KILL")
{
	pid_t pid = traced_child(do_nothing);

	ASSERT_OK(kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
	pid = traced_child(do_nothing);
	ASSERT_OK(ptrace(PTRACE_KILL, pid, 0, 0));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(tracesig, "GETSIGMASK and SETSIGMASK; SIGKILL is never in it")
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
	mask_signal(SIG_BLOCK, SIGRTMIN);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 1 });
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 2 });
	signal_self(SIGUSR1);
}

TEST(tracesig, "PEEKSIGINFO reads the queue and takes nothing")
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

TEST(tracesig, "a step with a signal ends at the handler's first instruction")
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

/* ---- stops of a group ---- */

TEST(tracesig, "a group's stop is told without an info; CONT goes on without SIGCONT")
{
	pid_t pid = traced_child(do_nothing);
	siginfo_t info;

	go_on(PTRACE_CONT, pid, SIGSTOP);
	expect_status(pid, STOPPED_BY(SIGSTOP));
	EXPECT_ERRNO(ptrace(PTRACE_GETSIGINFO, pid, 0, &info), EINVAL);
	ends(pid, 0);
}

TEST(tracesig, "a seized process's group stop is an event; LISTEN keeps it stopped until SIGCONT")
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

TEST(tracesig, "INTERRUPT ends listening")
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
