// SPDX-License-Identifier: BSD-2-Clause
/*
 * Signals: handlers, masks, queues, waits, stacks and who may send what to whom.
 */
#include <setjmp.h>
#include <sys/prctl.h>

#include "ktap.h"

static volatile int count, last;
static volatile int order[16], placed;
static siginfo_t seen;

static void counting(int sig)
{
	count++;
	last = sig;
	if (placed < 16)
		order[placed++] = sig;
}

static void noting(int sig, siginfo_t *info, void *context)
{
	(void)context;
	counting(sig);
	seen = *info;
}

static void block(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	ASSERT_OK(sigprocmask(how, &set, NULL));
}

static bool pending(int sig)
{
	sigset_t set;

	ASSERT_OK(sigpending(&set));
	return sigismember(&set, sig);
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
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	EXPECT_EQ(count, 0);
	EXPECT_TRUE(pending(SIGUSR1));
	block(SIG_UNBLOCK, SIGUSR1);
	EXPECT_EQ(count, 1);
	EXPECT_TRUE(!pending(SIGUSR1));
}

TEST(signal, "an ignored signal is not even pending")
{
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	EXPECT_TRUE(!pending(SIGUSR1));
	handle(SIGUSR1, counting, 0);
	EXPECT_EQ(count, 0);
}

TEST(signal, "ignoring a signal throws away the pending one")
{
	handle(SIGUSR1, counting, 0);
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	EXPECT_TRUE(!pending(SIGUSR1));
	handle(SIGUSR1, counting, 0);
	block(SIG_UNBLOCK, SIGUSR1);
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

TEST(signal, "kill tells the sender: SI_USER, pid and uid")
{
	handle_info(SIGUSR1, noting, 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(seen.si_code, SI_USER);
	EXPECT_EQ(seen.si_pid, getpid());
	EXPECT_EQ(seen.si_uid, getuid());
}

TEST(signal, "tgkill tells SI_TKILL")
{
	handle_info(SIGUSR1, noting, 0);
	EXPECT_OK(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1));
	EXPECT_EQ(seen.si_code, SI_TKILL);
	EXPECT_EQ(seen.si_pid, getpid());
	EXPECT_ERRNO(syscall(SYS_tgkill, getpid() + 100000, gettid(), SIGUSR1), ESRCH);
	EXPECT_ERRNO(syscall(SYS_tgkill, 0, gettid(), SIGUSR1), EINVAL);
	EXPECT_ERRNO(syscall(SYS_tkill, -1, SIGUSR1), EINVAL);
}

TEST(signal, "sigqueue brings a value")
{
	union sigval value = { .sival_ptr = (void *)0x123456789abcdef0 };

	handle_info(SIGUSR1, noting, 0);
	EXPECT_OK(sigqueue(getpid(), SIGUSR1, value));
	EXPECT_EQ(seen.si_code, SI_QUEUE);
	EXPECT_EQ((long)seen.si_value.sival_ptr, 0x123456789abcdef0);
	EXPECT_EQ(seen.si_pid, getpid());
}

TEST(signal, "real-time signals are queued, each with its value, in order")
{
	handle_info(SIGRTMIN, noting, 0);
	block(SIG_BLOCK, SIGRTMIN);
	for (int i = 0; i < 10; i++)
		EXPECT_OK(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }));
	for (int i = 0; i < 10; i++) {
		siginfo_t info;
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGRTMIN);
		EXPECT_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
		EXPECT_EQ(info.si_value.sival_int, i);
	}
	EXPECT_TRUE(!pending(SIGRTMIN));
}

TEST(signal, "pending signals come lowest number first")
{
	const int sent[] = { SIGRTMIN + 3, SIGUSR2, SIGRTMIN, SIGHUP, SIGUSR1 };
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	for (int i = 0; i < 5; i++) {
		struct sigaction act = { .sa_handler = counting, .sa_mask = all };

		EXPECT_OK(sigaction(sent[i], &act, NULL));
	}
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int i = 0; i < 5; i++)
		raise(sent[i]);
	sigprocmask(SIG_SETMASK, &none, NULL);
	EXPECT_EQ(placed, 5);
	/* Frames are stacked in number order, so that the handlers run from the highest down,
	 * unless each runs to its end before the next is looked for. */
	EXPECT_TRUE((order[0] == SIGHUP && order[4] == SIGRTMIN + 3) ||
		    (order[4] == SIGHUP && order[0] == SIGRTMIN + 3));
	EXPECT_EQ(order[2] == SIGUSR2 || order[2] == SIGUSR1 || order[2] == SIGRTMIN, 1);
}

TEST(signal, "a bad signal number is EINVAL, 0 only asks")
{
	EXPECT_ERRNO(kill(getpid(), 65), EINVAL);
	EXPECT_ERRNO(kill(getpid(), -1), EINVAL);
	EXPECT_OK(kill(getpid(), 0));
}

TEST(signal, "kill of nobody is ESRCH")
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	EXPECT_ERRNO(kill(pid, 0), ESRCH);
	EXPECT_ERRNO(kill(-pid, SIGTERM), ESRCH);
	EXPECT_ERRNO(kill(INT_MIN, SIGTERM), ESRCH);
}

TEST(signal, "a zombie can be signalled, to no effect")
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(3);
	wait_for_state(pid, 'Z');
	EXPECT_OK(kill(pid, SIGTERM));
	EXPECT_EXIT(pid, 3);
}

TEST(signal, "a user may not signal another's process, but its own")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pid_t parent = getppid();

		become_nobody();
		EXPECT_ERRNO(kill(parent, 0), EPERM);
		EXPECT_ERRNO(kill(parent, SIGKILL), EPERM);
		EXPECT_OK(kill(getpid(), 0));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(signal, "the real or saved user counts on both sides")
{
	struct gate ready = gate_new();
	pid_t target = ktap_fork(), pid;

	if (target == 0) {
		ASSERT_OK(setresuid(1000, 2000, 3000));
		gate_open(&ready);
		for (;;)
			pause();
	}
	gate_wait(&ready);
	pid = ktap_fork();
	if (pid == 0) {
		ASSERT_OK(setresuid(2000, 2000, 2000));
		EXPECT_ERRNO(kill(target, 0), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	pid = ktap_fork();
	if (pid == 0) {
		ASSERT_OK(setresuid(3000, 3000, 3000));
		EXPECT_OK(kill(target, 0));
		EXPECT_OK(kill(target, SIGKILL));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_KILLED(target, SIGKILL);
}

TEST(signal, "kill of a group reaches each member")
{
	pid_t a = ktap_fork(), b;

	if (a == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(a, a);
	b = ktap_fork();
	if (b == 0)
		for (;;)
			pause();
	ASSERT_OK(setpgid(b, a));
	EXPECT_OK(kill(-a, SIGTERM));
	EXPECT_KILLED(a, SIGTERM);
	EXPECT_KILLED(b, SIGTERM);
}

TEST(signal, "SIGCONT throws away a pending stop, and a stop a pending SIGCONT")
{
	handle(SIGCONT, counting, 0);
	block(SIG_BLOCK, SIGTSTP);
	block(SIG_BLOCK, SIGCONT);
	raise(SIGTSTP);
	EXPECT_TRUE(pending(SIGTSTP));
	raise(SIGCONT);
	EXPECT_TRUE(!pending(SIGTSTP));
	EXPECT_TRUE(pending(SIGCONT));
	raise(SIGTSTP);
	EXPECT_TRUE(!pending(SIGCONT));
	signal(SIGTSTP, SIG_IGN);
}

TEST(signal, "SIGCONT continues a stopped process even where it is blocked")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		block(SIG_BLOCK, SIGCONT);
		raise(SIGSTOP);
		_exit(pending(SIGCONT) ? 4 : 1);
	}
	wait_for_state(pid, 'T');
	kill(pid, SIGCONT);
	EXPECT_EXIT(pid, 4);
}

TEST(signal, "sigsuspend waits with its mask and restores the old one")
{
	sigset_t none, now;

	handle(SIGUSR1, counting, 0);
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	sigemptyset(&none);
	EXPECT_ERRNO(sigsuspend(&none), EINTR);
	EXPECT_EQ(count, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	EXPECT_TRUE(sigismember(&now, SIGUSR1));
}

TEST(signal, "pause ends after a handler, with EINTR")
{
	pid_t pid;

	handle(SIGUSR1, counting, SA_RESTART);
	pid = ktap_fork();
	if (pid == 0)
		_exit(pause() == -1 && errno == EINTR && count == 1 ? 7 : 1);
	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	EXPECT_EXIT(pid, 7);
}

TEST(signal, "sigtimedwait: what is pending at once, otherwise EAGAIN after its time")
{
	struct timespec none = { 0, 0 }, some = { 0, 20000000 }, bad = { 0, 1000000000 };
	long long began;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	EXPECT_ERRNO(sigtimedwait(&set, &info, &none), EAGAIN);
	raise(SIGUSR1);
	EXPECT_EQ(sigtimedwait(&set, &info, &none), SIGUSR1);
	began = now_ns(CLOCK_MONOTONIC);
	EXPECT_ERRNO(sigtimedwait(&set, &info, &some), EAGAIN);
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) - began >= 20000000);
	EXPECT_ERRNO(sigtimedwait(&set, &info, &bad), EINVAL);
}

TEST(signal, "sigwaitinfo wakes for its signal and takes it")
{
	pid_t parent = getpid(), pid;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = ktap_fork();
	if (pid == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_TRUE(!pending(SIGUSR1));
	EXPECT_EXIT(pid, 0);
}

TEST(signal, "another signal's handler ends sigwaitinfo with EINTR")
{
	pid_t parent = getpid(), pid;
	sigset_t set;

	handle(SIGUSR2, counting, SA_RESTART);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = ktap_fork();
	if (pid == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGUSR2);
		_exit(0);
	}
	EXPECT_ERRNO(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8), EINTR);
	EXPECT_EXIT(pid, 0);
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
		block(SIG_BLOCK, SIGTERM);
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

TEST(signal, "the limit of queued signals is EAGAIN for sigqueue")
{
	unsigned long limit[2] = { 5, 5 };
	int n = 0;

	ASSERT_OK(syscall(SYS_prlimit64, 0, 11 /* RLIMIT_SIGPENDING */, limit, NULL));
	ASSERT_OK(setresgid(4321, 4321, 4321));
	ASSERT_OK(setresuid(4321, 4321, 4321));
	block(SIG_BLOCK, SIGRTMIN);
	while (n < 100 && sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }) == 0)
		n++;
	EXPECT_EQ(n, 5);
	EXPECT_EQ(errno, EAGAIN);
}

TEST(signal, "rt_sigqueueinfo may not pretend to be the kernel towards another")
{
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_USER };
	pid_t pid = ktap_fork();

	if (pid == 0)
		for (;;)
			pause();
	EXPECT_ERRNO(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info), EPERM);
	info.si_code = SI_QUEUE;
	EXPECT_OK(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info));
	EXPECT_KILLED(pid, SIGUSR1);
}
