// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a signal does to the one it comes to: default actions, handlers, masks, stacks, exec.
 * Sending and waiting for one is kill.c.
 */
#include <setjmp.h>

#include "ktap.h"

static volatile int count, last;

static void counting(int sig)
{
	count++;
	last = sig;
}

TEST(signal, "a handler runs before kill to oneself returns")
{
	handle(SIGUSR1, counting, 0);
	EXPECT_OK(kill(getpid(), SIGUSR1));
	EXPECT_EQ(count, 1);
	EXPECT_EQ(last, SIGUSR1);
}

TEST(signal, "a blocked signal waits until it is unblocked, and comes once")
{
	handle(SIGUSR1, counting, 0);
	mask_signal(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	EXPECT_EQ(count, 0);
	EXPECT_TRUE(signal_pending(SIGUSR1));
	mask_signal(SIG_UNBLOCK, SIGUSR1);
	EXPECT_EQ(count, 1);
	EXPECT_TRUE(!signal_pending(SIGUSR1));
}

TEST(signal, "an ignored signal is not even pending")
{
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	EXPECT_TRUE(!signal_pending(SIGUSR1));
	handle(SIGUSR1, counting, 0);
	EXPECT_EQ(count, 0);
}

TEST(signal, "ignoring a signal throws away the pending one")
{
	handle(SIGUSR1, counting, 0);
	mask_signal(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	EXPECT_TRUE(!signal_pending(SIGUSR1));
	handle(SIGUSR1, counting, 0);
	mask_signal(SIG_UNBLOCK, SIGUSR1);
	EXPECT_EQ(count, 0);
}

TEST(signal, "default actions: these end a process")
{
	static const int fatal[] = { SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS,
		SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT,
		SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSYS, 34, 64 };

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			unsigned long none[2] = { 0, 0 };

			syscall(SYS_prlimit64, 0, 4 /* RLIMIT_CORE */, none, NULL);
			syscall(SYS_kill, getpid(), fatal[i]);
			_exit(0);
		}
		EXPECT_KILLED(pid, fatal[i]);
	}
}

TEST(signal, "default actions: these are ignored")
{
	static const int ignored[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			kill(getpid(), ignored[i]);
			_exit(9);
		}
		EXPECT_EXIT(pid, 9);
	}
}

TEST(signal, "default actions: these stop a process until SIGCONT")
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		int status;
		pid_t pid = ktap_fork();

		if (pid == 0) {
			kill(getpid(), stops[i]);
			_exit(9);
		}
		EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
		EXPECT_TRUE(WIFSTOPPED(status));
		EXPECT_EQ(WSTOPSIG(status), stops[i]);
		kill(pid, SIGCONT);
		EXPECT_EXIT(pid, 9);
	}
}

TEST(signal, "SIGKILL and SIGSTOP take no handler and cannot be ignored or blocked")
{
	struct sigaction act = { .sa_handler = counting };
	sigset_t set;

	EXPECT_ERRNO(sigaction(SIGKILL, &act, NULL), EINVAL);
	EXPECT_ERRNO(sigaction(SIGSTOP, &act, NULL), EINVAL);
	act.sa_handler = SIG_IGN;
	EXPECT_ERRNO(sigaction(SIGKILL, &act, NULL), EINVAL);
	sigfillset(&set);
	EXPECT_OK(sigprocmask(SIG_SETMASK, &set, NULL));
	EXPECT_OK(sigprocmask(SIG_SETMASK, NULL, &set));
	EXPECT_TRUE(!sigismember(&set, SIGKILL));
	EXPECT_TRUE(!sigismember(&set, SIGSTOP));
}

TEST(signal, "sigaction tells what was set before")
{
	struct sigaction act = { .sa_handler = counting, .sa_flags = SA_RESTART }, old;

	sigaddset(&act.sa_mask, SIGTERM);
	EXPECT_OK(sigaction(SIGUSR1, &act, NULL));
	EXPECT_OK(sigaction(SIGUSR1, NULL, &old));
	EXPECT_TRUE(old.sa_handler == counting);
	EXPECT_TRUE(old.sa_flags & SA_RESTART);
	EXPECT_TRUE(sigismember(&old.sa_mask, SIGTERM));
	EXPECT_TRUE(!sigismember(&old.sa_mask, SIGUSR1));
}

TEST(signal, "bad numbers and sizes are EINVAL, bad pointers EFAULT")
{
	char act[64] = "";

	EXPECT_ERRNO(syscall(SYS_rt_sigaction, 0, act, NULL, 8), EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_sigaction, 65, act, NULL, 8), EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, act, NULL, 16), EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, 16, NULL, 8), EFAULT);
	EXPECT_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, NULL, 16, 8), EFAULT);
	EXPECT_ERRNO(syscall(SYS_rt_sigprocmask, 99, act, NULL, 8), EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_sigprocmask, 0, act, NULL, 4), EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_sigprocmask, 0, 16, NULL, 8), EFAULT);
	EXPECT_ERRNO(syscall(SYS_rt_sigpending, act, 16), EINVAL);
}

static volatile int depth, deepest;

static void recursing(int sig)
{
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (count++ < 3)
		raise(sig);
	depth--;
}

TEST(signal, "a signal raised in its own handler comes after it")
{
	handle(SIGUSR1, recursing, 0);
	raise(SIGUSR1);
	EXPECT_EQ(deepest, 1);
	EXPECT_EQ(count, 4);
}

TEST(signal, "with SA_NODEFER it comes inside it")
{
	handle(SIGUSR1, recursing, SA_NODEFER);
	raise(SIGUSR1);
	EXPECT_EQ(deepest, 4);
	EXPECT_EQ(count, 4);
}

static void look_at_mask(int sig)
{
	sigset_t now;

	(void)sig;
	sigprocmask(SIG_BLOCK, NULL, &now);
	count = sigismember(&now, SIGTERM) + 2 * sigismember(&now, SIGUSR1) +
		4 * sigismember(&now, SIGUSR2);
}

TEST(signal, "sa_mask is added while the handler runs and taken back after")
{
	struct sigaction act = { .sa_handler = look_at_mask };
	sigset_t now;

	sigaddset(&act.sa_mask, SIGTERM);
	EXPECT_OK(sigaction(SIGUSR1, &act, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(count, 3);
	sigprocmask(SIG_BLOCK, NULL, &now);
	EXPECT_TRUE(!sigismember(&now, SIGTERM));
	EXPECT_TRUE(!sigismember(&now, SIGUSR1));
}

TEST(signal, "SA_RESETHAND: the second signal finds the default action")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		handle(SIGUSR1, counting, SA_RESETHAND);
		raise(SIGUSR1);
		if (count != 1)
			_exit(1);
		raise(SIGUSR1);
		_exit(2);
	}
	EXPECT_KILLED(pid, SIGUSR1);
}

TEST(signal, "/proc tells which signals are caught, one with SA_RESETHAND until it came")
{
	handle(SIGUSR1, counting, SA_RESETHAND);
	handle(SIGUSR2, counting, 0);
	EXPECT_TRUE(strstr(slurp("/proc/self/status"), "\nSigCgt:\t0000000000000a00\n") != NULL);
	raise(SIGUSR1);
	EXPECT_TRUE(strstr(slurp("/proc/self/status"), "\nSigCgt:\t0000000000000800\n") != NULL);
}

static char alternate[32768] __attribute__((aligned(16)));
static volatile bool on_alternate;
static stack_t inside;

static void where(int sig)
{
	char here;

	(void)sig;
	count++;
	on_alternate = &here >= alternate && &here < alternate + sizeof(alternate);
	sigaltstack(NULL, &inside);
}

TEST(signal, "SA_ONSTACK runs the handler on the alternate stack, others where they are")
{
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) }, old;

	EXPECT_OK(sigaltstack(&stack, &old));
	EXPECT_EQ(old.ss_flags, SS_DISABLE);
	handle(SIGUSR1, where, SA_ONSTACK);
	raise(SIGUSR1);
	EXPECT_TRUE(on_alternate);
	EXPECT_EQ(inside.ss_flags, SS_ONSTACK);
	handle(SIGUSR2, where, 0);
	raise(SIGUSR2);
	EXPECT_TRUE(!on_alternate);
	EXPECT_EQ(inside.ss_flags, 0);
	EXPECT_EQ(inside.ss_size, sizeof(alternate));
}

static void change_stack(int sig)
{
	stack_t stack = { .ss_sp = alternate, .ss_size = 16384 };

	(void)sig;
	EXPECT_ERRNO(sigaltstack(&stack, NULL), EPERM);
	stack.ss_flags = SS_DISABLE;
	EXPECT_ERRNO(sigaltstack(&stack, NULL), EPERM);
}

TEST(signal, "the alternate stack cannot be changed while it is in use")
{
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };

	EXPECT_OK(sigaltstack(&stack, NULL));
	handle(SIGUSR1, change_stack, SA_ONSTACK);
	raise(SIGUSR1);
}

TEST(signal, "an alternate stack too small is ENOMEM, with unknown flags EINVAL")
{
	stack_t stack = { .ss_sp = alternate, .ss_size = 1024 };

	EXPECT_ERRNO(sigaltstack(&stack, NULL), ENOMEM);
	stack.ss_size = sizeof(alternate);
	stack.ss_flags = 77;
	EXPECT_ERRNO(sigaltstack(&stack, NULL), EINVAL);
	stack.ss_flags = SS_DISABLE;
	EXPECT_OK(sigaltstack(&stack, NULL));
	EXPECT_ERRNO(syscall(SYS_sigaltstack, 16, NULL), EFAULT);
}

TEST(signal, "nested signals on the alternate stack go on below each other")
{
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };

	EXPECT_OK(sigaltstack(&stack, NULL));
	handle(SIGUSR1, recursing, SA_ONSTACK | SA_NODEFER);
	raise(SIGUSR1);
	EXPECT_EQ(deepest, 4);
}

TEST(signal, "SS_AUTODISARM takes the stack away while the handler runs")
{
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate),
			  .ss_flags = (int)(1U << 31) };

	EXPECT_OK(sigaltstack(&stack, NULL));
	handle(SIGUSR1, where, SA_ONSTACK);
	raise(SIGUSR1);
	EXPECT_TRUE(on_alternate);
	EXPECT_EQ(inside.ss_flags, SS_DISABLE);
	EXPECT_OK(sigaltstack(NULL, &inside));
	EXPECT_EQ(inside.ss_size, sizeof(alternate));
}

static sigjmp_buf out;

static void jump(int sig)
{
	siglongjmp(out, sig);
}

TEST(signal, "one may leave a handler by siglongjmp a thousand times")
{
	handle(SIGUSR1, jump, 0);
	for (volatile int i = 0; i < 1000; i++)
		if (sigsetjmp(out, 1) == 0) {
			raise(SIGUSR1);
			EXPECT_TRUE(false);
		}
}

TEST(signal, "exec keeps ignored signals ignored, the mask, and pending signals; handlers go")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		signal(SIGUSR1, SIG_IGN);
		handle(SIGUSR2, counting, 0);
		mask_signal(SIG_BLOCK, SIGTERM);
		raise(SIGTERM);
		execl("/proc/self/exe", "signal", "--reexec", NULL);
		_exit(1);
	}
	EXPECT_EXIT(pid, 66);
}

int ktap_reexec(int argc, char **argv)
{
	struct sigaction one, two;
	sigset_t mask, waiting;

	(void)argv;
	sigaction(SIGUSR1, NULL, &one);
	sigaction(SIGUSR2, NULL, &two);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigpending(&waiting);
	return argc == 0 && one.sa_handler == SIG_IGN && two.sa_handler == SIG_DFL &&
	       sigismember(&mask, SIGTERM) && sigismember(&waiting, SIGTERM) ? 66 : 1;
}
