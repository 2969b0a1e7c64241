// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sending signals and waiting for them: what the receiver is told, how they queue, who may send
 * what to whom, and the calls that sleep until one comes. What a handler sees is signal.c.
 */
#include "ktap.h"

static volatile int count;
static volatile int order[16], placed;
static siginfo_t seen;

static void counting(int sig)
{
	count++;
	if (placed < 16)
		order[placed++] = sig;
}

static void noting(int sig, siginfo_t *info, void *context)
{
	(void)context;
	counting(sig);
	seen = *info;
}

TEST(kill, "kill tells the sender: SI_USER, pid and uid")
{
	handle_info(SIGUSR1, noting, 0);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(seen.si_code, SI_USER);
	EXPECT_EQ(seen.si_pid, getpid());
	EXPECT_EQ(seen.si_uid, getuid());
}

TEST(kill, "tgkill tells SI_TKILL")
{
	handle_info(SIGUSR1, noting, 0);
	EXPECT_OK(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1));
	EXPECT_EQ(seen.si_code, SI_TKILL);
	EXPECT_EQ(seen.si_pid, getpid());
	EXPECT_ERRNO(syscall(SYS_tgkill, getpid() + 100000, gettid(), SIGUSR1), ESRCH);
	EXPECT_ERRNO(syscall(SYS_tgkill, 0, gettid(), SIGUSR1), EINVAL);
	EXPECT_ERRNO(syscall(SYS_tkill, -1, SIGUSR1), EINVAL);
}

TEST(kill, "sigqueue brings a value")
{
	union sigval value = { .sival_ptr = (void *)0x123456789abcdef0 };

	handle_info(SIGUSR1, noting, 0);
	EXPECT_OK(sigqueue(getpid(), SIGUSR1, value));
	EXPECT_EQ(seen.si_code, SI_QUEUE);
	EXPECT_EQ((long)seen.si_value.sival_ptr, 0x123456789abcdef0);
	EXPECT_EQ(seen.si_pid, getpid());
}

TEST(kill, "real-time signals are queued, each with its value, in order")
{
	handle_info(SIGRTMIN, noting, 0);
	mask_signal(SIG_BLOCK, SIGRTMIN);
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
	EXPECT_TRUE(!signal_pending(SIGRTMIN));
}

TEST(kill, "pending signals come lowest number first")
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

TEST(kill, "a bad signal number is EINVAL, 0 only asks")
{
	EXPECT_ERRNO(kill(getpid(), 65), EINVAL);
	EXPECT_ERRNO(kill(getpid(), -1), EINVAL);
	EXPECT_OK(kill(getpid(), 0));
}

TEST(kill, "kill of nobody is ESRCH")
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	EXPECT_ERRNO(kill(pid, 0), ESRCH);
	EXPECT_ERRNO(kill(-pid, SIGTERM), ESRCH);
	EXPECT_ERRNO(kill(INT_MIN, SIGTERM), ESRCH);
}

TEST(kill, "a zombie can be signalled, to no effect")
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(3);
	wait_for_state(pid, 'Z');
	EXPECT_OK(kill(pid, SIGTERM));
	EXPECT_EXIT(pid, 3);
}

TEST(kill, "a user may not signal another's process, but its own")
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

TEST(kill, "the real or saved user counts on both sides")
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

TEST(kill, "kill of a group reaches each member")
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

TEST(kill, "SIGCONT throws away a pending stop, and a stop a pending SIGCONT")
{
	handle(SIGCONT, counting, 0);
	mask_signal(SIG_BLOCK, SIGTSTP);
	mask_signal(SIG_BLOCK, SIGCONT);
	raise(SIGTSTP);
	EXPECT_TRUE(signal_pending(SIGTSTP));
	raise(SIGCONT);
	EXPECT_TRUE(!signal_pending(SIGTSTP));
	EXPECT_TRUE(signal_pending(SIGCONT));
	raise(SIGTSTP);
	EXPECT_TRUE(!signal_pending(SIGCONT));
	signal(SIGTSTP, SIG_IGN);
}

TEST(kill, "SIGCONT continues a stopped process even where it is blocked")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		mask_signal(SIG_BLOCK, SIGCONT);
		raise(SIGSTOP);
		_exit(signal_pending(SIGCONT) ? 4 : 1);
	}
	wait_for_state(pid, 'T');
	kill(pid, SIGCONT);
	EXPECT_EXIT(pid, 4);
}

TEST(kill, "sigsuspend waits with its mask and restores the old one")
{
	sigset_t none, now;

	handle(SIGUSR1, counting, 0);
	mask_signal(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	sigemptyset(&none);
	EXPECT_ERRNO(sigsuspend(&none), EINTR);
	EXPECT_EQ(count, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	EXPECT_TRUE(sigismember(&now, SIGUSR1));
}

TEST(kill, "pause goes on after a stop")
{
	int status;
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pause();
		_exit(1);
	}
	wait_until_blocked(pid);
	kill(pid, SIGSTOP);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	kill(pid, SIGCONT);
	EXPECT_EQ(waitpid(pid, &status, WCONTINUED), pid);
	wait_until_blocked(pid);
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(kill, "pause ends after a handler, with EINTR")
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

TEST(kill, "sigtimedwait: what is pending at once, otherwise EAGAIN after its time")
{
	struct timespec none = { 0, 0 }, some = { 0, 20000000 }, bad = { 0, 1000000000 };
	long long began;
	siginfo_t info;
	sigset_t set;

	set = hold_signal(SIGUSR1);
	EXPECT_ERRNO(sigtimedwait(&set, &info, &none), EAGAIN);
	raise(SIGUSR1);
	EXPECT_EQ(sigtimedwait(&set, &info, &none), SIGUSR1);
	began = now_ns(CLOCK_MONOTONIC);
	EXPECT_ERRNO(sigtimedwait(&set, &info, &some), EAGAIN);
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) - began >= 20000000);
	EXPECT_ERRNO(sigtimedwait(&set, &info, &bad), EINVAL);
}

TEST(kill, "sigwaitinfo wakes for its signal and takes it")
{
	pid_t parent = getpid(), pid;
	siginfo_t info;
	sigset_t set;

	set = hold_signal(SIGUSR1);
	pid = ktap_fork();
	if (pid == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_TRUE(!signal_pending(SIGUSR1));
	EXPECT_EXIT(pid, 0);
}

TEST(kill, "another signal's handler ends sigwaitinfo with EINTR")
{
	pid_t parent = getpid(), pid;
	sigset_t set;

	handle(SIGUSR2, counting, SA_RESTART);
	set = hold_signal(SIGUSR1);
	pid = ktap_fork();
	if (pid == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGUSR2);
		_exit(0);
	}
	EXPECT_ERRNO(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8), EINTR);
	EXPECT_EXIT(pid, 0);
}

TEST(kill, "the limit of queued signals is EAGAIN for sigqueue")
{
	unsigned long limit[2] = { 5, 5 };
	int n = 0;

	ASSERT_OK(syscall(SYS_prlimit64, 0, 11 /* RLIMIT_SIGPENDING */, limit, NULL));
	ASSERT_OK(setresgid(4321, 4321, 4321));
	ASSERT_OK(setresuid(4321, 4321, 4321));
	mask_signal(SIG_BLOCK, SIGRTMIN);
	while (n < 100 && sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }) == 0)
		n++;
	EXPECT_EQ(n, 5);
	EXPECT_EQ(errno, EAGAIN);
}

TEST(kill, "rt_sigqueueinfo may not pretend to be the kernel towards another")
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

TEST(kill, "what lies behind a siginfo's fields matters only for a code that is not known")
{
	int info[32];

	signal(SIGUSR1, SIG_IGN);
	memset(info, '.', sizeof(info));
	info[2] = SI_QUEUE;
	EXPECT_OK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, info));
	info[2] = -9;
	EXPECT_ERRNO(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, info), E2BIG);
}
