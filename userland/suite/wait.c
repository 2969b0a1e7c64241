// SPDX-License-Identifier: BSD-2-Clause
/*
 * wait4 and waitid: whom they find, what they tell, when they do not wait.
 */
#include <sys/resource.h>
#include <sys/times.h>

#include "ktap.h"

static pid_t child_exits(int code)
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(code);
	return pid;
}

static pid_t child_pauses(void)
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(wait, "without children is ECHILD")
{
	EXPECT_ERRNO(waitpid(-1, NULL, 0), ECHILD);
	EXPECT_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
	EXPECT_ERRNO(waitpid(1, NULL, 0), ECHILD);
	EXPECT_ERRNO(waitid(P_ALL, 0, NULL, WEXITED), ECHILD);
}

TEST(wait, "a child is found once")
{
	pid_t pid = child_exits(3);
	int status;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 3 << 8);
	EXPECT_ERRNO(waitpid(pid, &status, 0), ECHILD);
}

TEST(wait, "for any child finds each once")
{
	pid_t a = child_exits(1), b = child_exits(2), first, second;

	first = waitpid(-1, NULL, 0);
	second = waitpid(-1, NULL, 0);
	EXPECT_TRUE((first == a && second == b) || (first == b && second == a));
	EXPECT_ERRNO(waitpid(-1, NULL, 0), ECHILD);
}

TEST(wait, "WNOHANG returns 0 while the child lives and leaves the status alone")
{
	pid_t pid = child_pauses();
	int status = 12345;

	EXPECT_EQ(waitpid(pid, &status, WNOHANG), 0);
	EXPECT_EQ(status, 12345);
	end(pid);
}

TEST(wait, "a signal's status: number, and no core flag for SIGKILL")
{
	pid_t pid = child_pauses();
	int status;

	kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, SIGKILL);
}

TEST(wait, "by process group finds only its members")
{
	pid_t in = ktap_fork(), other;

	if (in == 0) {
		setpgid(0, 0);
		_exit(1);
	}
	setpgid(in, in);
	other = child_exits(2);
	EXPECT_EQ(waitpid(-in, NULL, 0), in);
	EXPECT_ERRNO(waitpid(-in, NULL, 0), ECHILD);
	EXPECT_EQ(waitpid(0, NULL, 0), other);
}

TEST(wait, "unknown options are EINVAL")
{
	EXPECT_ERRNO(waitpid(-1, NULL, 0x100), EINVAL);
	EXPECT_ERRNO(waitid(P_ALL, 0, NULL, 0), EINVAL);
	EXPECT_ERRNO(waitid(77, 0, NULL, WEXITED), EINVAL);
	EXPECT_ERRNO(waitid(P_PID, 0, NULL, WEXITED), EINVAL);
	EXPECT_ERRNO(waitpid(INT_MIN, NULL, 0), ESRCH);
}

TEST(wait, "a bad status pointer is EFAULT and the child is gone")
{
	pid_t pid = child_exits(0);

	EXPECT_ERRNO(waitpid(pid, (int *)16, 0), EFAULT);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
}

TEST(wait, "WUNTRACED tells a stop once, WCONTINUED a going on once")
{
	pid_t pid = child_pauses();
	int status;

	kill(pid, SIGSTOP);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_EQ(status, SIGSTOP << 8 | 0x7f);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	kill(pid, SIGCONT);
	EXPECT_EQ(waitpid(pid, &status, WCONTINUED), pid);
	EXPECT_EQ(status, 0xffff);
	EXPECT_EQ(waitpid(pid, &status, WCONTINUED | WNOHANG), 0);
	end(pid);
}

TEST(wait, "without WUNTRACED a stopped child is not told")
{
	pid_t pid = child_pauses();

	kill(pid, SIGSTOP);
	wait_for_state(pid, 'T');
	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	end(pid);
}

TEST(wait, "SIGKILL ends a stopped child")
{
	pid_t pid = child_pauses();

	kill(pid, SIGSTOP);
	wait_for_state(pid, 'T');
	end(pid);
}

TEST(wait, "waitid fills pid, uid, status and code")
{
	pid_t pid = child_exits(9);
	siginfo_t info;

	memset(&info, 0xff, sizeof(info));
	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED), 0);
	EXPECT_EQ(info.si_signo, SIGCHLD);
	EXPECT_EQ(info.si_errno, 0);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_uid, 0);
	EXPECT_EQ(info.si_status, 9);
}

TEST(wait, "waitid with WNOHANG and nobody ready gives pid 0")
{
	pid_t pid = child_pauses();
	siginfo_t info;

	memset(&info, 0xff, sizeof(info));
	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0);
	EXPECT_EQ(info.si_pid, 0);
	EXPECT_EQ(info.si_signo, 0);
	end(pid);
}

TEST(wait, "waitid with WNOWAIT leaves the child to be found again")
{
	pid_t pid = child_exits(4);
	siginfo_t info;

	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	EXPECT_EQ(info.si_status, 4);
	EXPECT_EXIT(pid, 4);
}

TEST(wait, "waitid tells stopped, continued and killed by their codes")
{
	pid_t pid = child_pauses();
	siginfo_t info;

	kill(pid, SIGTSTP);
	EXPECT_EQ(waitid(P_PID, pid, &info, WSTOPPED), 0);
	EXPECT_EQ(info.si_code, CLD_STOPPED);
	EXPECT_EQ(info.si_status, SIGTSTP);
	kill(pid, SIGCONT);
	EXPECT_EQ(waitid(P_PID, pid, &info, WCONTINUED), 0);
	EXPECT_EQ(info.si_code, CLD_CONTINUED);
	EXPECT_EQ(info.si_status, SIGCONT);
	kill(pid, SIGKILL);
	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED), 0);
	EXPECT_EQ(info.si_code, CLD_KILLED);
	EXPECT_EQ(info.si_status, SIGKILL);
}

TEST(wait, "a blocked wait wakes when the child ends")
{
	struct gate gate = gate_new();
	pid_t parent = getpid(), pid, waker;

	pid = ktap_fork();
	if (pid == 0) {
		gate_wait(&gate);
		_exit(5);
	}
	waker = ktap_fork();
	if (waker == 0) {
		wait_until_blocked(parent);
		gate_open(&gate);
		_exit(0);
	}
	EXPECT_EXIT(pid, 5);
	EXPECT_EXIT(waker, 0);
}

static void nothing(int sig)
{
	(void)sig;
}

TEST(wait, "a caught signal ends a wait with EINTR")
{
	pid_t parent = getpid(), pid, waker;

	handle(SIGUSR1, nothing, 0);
	pid = child_pauses();
	waker = ktap_fork();
	if (waker == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	EXPECT_ERRNO(waitpid(pid, NULL, 0), EINTR);
	end(pid);
	EXPECT_EXIT(waker, 0);
}

TEST(wait, "with SIGCHLD ignored children vanish and wait is ECHILD when all are gone")
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = child_exits(1);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
}

TEST(wait, "SA_NOCLDWAIT does the same with a handler")
{
	pid_t pid;

	handle(SIGCHLD, nothing, SA_NOCLDWAIT | SA_RESTART);
	pid = child_exits(1);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
}

TEST(wait, "SA_NOCLDSTOP: no SIGCHLD for a stop, one for the end")
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	handle(SIGCHLD, nothing, SA_NOCLDSTOP);
	set = hold_signal(SIGCHLD);
	pid = child_pauses();
	kill(pid, SIGSTOP);
	wait_for_state(pid, 'T');
	sigpending(&set);
	EXPECT_TRUE(!sigismember(&set, SIGCHLD));
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	kill(pid, SIGKILL);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	EXPECT_EQ(info.si_code, CLD_KILLED);
	EXPECT_KILLED(pid, SIGKILL);
}

static siginfo_t about_child;

static void note_child(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	about_child = *info;
}

TEST(wait, "SIGCHLD tells who stopped, by which signal, whose it is and the time it used")
{
	sigset_t none;
	struct tms used;
	pid_t pid;

	handle_info(SIGCHLD, note_child, 0);
	mask_signal(SIG_BLOCK, SIGCHLD);
	sigemptyset(&none);
	pid = ktap_fork();
	if (pid == 0) {
		become_nobody();
		while (times(&used), used.tms_utime < 20)
			for (volatile int i = 0; i < 100000; i++)
				;
		raise(SIGSTOP);
		_exit(0);
	}
	EXPECT_ERRNO(sigsuspend(&none), EINTR);
	EXPECT_EQ(about_child.si_code, CLD_STOPPED);
	EXPECT_EQ(about_child.si_status, SIGSTOP);
	EXPECT_EQ(about_child.si_pid, pid);
	EXPECT_EQ(about_child.si_uid, 1000);
	EXPECT_IN(about_child.si_utime, 1, 100000);
	kill(pid, SIGCONT);
	EXPECT_ERRNO(sigsuspend(&none), EINTR);
	EXPECT_EXIT(pid, 0);
}

TEST(wait, "wait4 gives the child's resource use")
{
	struct rusage usage;
	pid_t pid = ktap_fork();

	if (pid == 0) {
		long long began = now_ns(CLOCK_PROCESS_CPUTIME_ID);

		while (now_ns(CLOCK_PROCESS_CPUTIME_ID) - began < 30000000)
			;
		_exit(0);
	}
	memset(&usage, 0xff, sizeof(usage));
	EXPECT_EQ(wait4(pid, NULL, 0, &usage), pid);
	EXPECT_TRUE(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec +
		    usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec >= 10000);
	EXPECT_TRUE(usage.ru_maxrss > 0);
	EXPECT_TRUE(usage.ru_minflt > 0);
	EXPECT_OK(getrusage(RUSAGE_CHILDREN, &usage));
	EXPECT_TRUE(usage.ru_minflt > 0);
}

TEST(wait, "a grandchild is not a child")
{
	int *grandchild = shared_page();
	struct gate gate = gate_new(), born = gate_new();
	pid_t pid = ktap_fork();

	if (pid == 0) {
		*grandchild = child_exits(0);
		gate_open(&born);
		gate_wait(&gate);
		EXPECT_EXIT(*grandchild, 0);
		_exit(0);
	}
	gate_wait(&born);
	EXPECT_ERRNO(waitpid(*grandchild, NULL, 0), ECHILD);
	gate_open(&gate);
	EXPECT_EXIT(pid, 0);
}
