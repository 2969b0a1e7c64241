// SPDX-License-Identifier: BSD-2-Clause
/*
 * Job control: sessions, process groups, the controlling terminal, and who is stopped by it. The
 * terminal is a pseudo-terminal whose other side the subtest holds.
 */
#include <sys/ioctl.h>
#include <termios.h>

#include "ktap.h"

static int master;
static char slave_name[64];

static pid_t pause_in_group(pid_t group)
{
	int ready[2];
	char byte;
	pid_t pid;

	ASSERT_OK(pipe(ready));
	pid = ktap_fork();
	if (pid == 0) {
		setpgid(0, group);
		write(ready[1], "", 1);
		for (;;)
			pause();
	}
	setpgid(pid, group);
	ASSERT_EQ(read(ready[0], &byte, 1), 1);		/* or its own call might undo what a test does next */
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(job, "setsid makes a session and a group of the caller's pid")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		EXPECT_EQ(setsid(), getpid());
		EXPECT_EQ(getsid(0), getpid());
		EXPECT_EQ(getpgrp(), getpid());
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(job, "setsid by a group leader is EPERM")
{
	EXPECT_EQ(getpgrp(), getpid());
	EXPECT_ERRNO(setsid(), EPERM);
}

TEST(job, "setpgid makes a group, joins one, and 0 means oneself")
{
	pid_t a = pause_in_group(0), b = pause_in_group(a);

	EXPECT_EQ(getpgid(a), a);
	EXPECT_EQ(getpgid(b), a);
	EXPECT_OK(setpgid(b, b));
	EXPECT_EQ(getpgid(b), b);
	EXPECT_OK(setpgid(b, getpgrp()));
	EXPECT_EQ(getpgid(b), getpgrp());
	end(a);
	end(b);
}

TEST(job, "setpgid: negative EINVAL, no child ESRCH, no such group EPERM")
{
	pid_t pid = pause_in_group(0);

	EXPECT_ERRNO(setpgid(pid, -1), EINVAL);
	EXPECT_ERRNO(setpgid(1, 0), ESRCH);
	EXPECT_ERRNO(setpgid(getppid(), 0), ESRCH);
	EXPECT_ERRNO(setpgid(pid, 999999), EPERM);
	end(pid);
}

TEST(job, "setpgid of a session leader, or into another session, is EPERM")
{
	struct gate ready = gate_new();
	pid_t pid = ktap_fork();

	if (pid == 0) {
		setsid();
		gate_open(&ready);
		for (;;)
			pause();
	}
	gate_wait(&ready);
	EXPECT_ERRNO(setpgid(pid, 0), EPERM);
	EXPECT_ERRNO(setpgid(0, pid), EPERM);
	end(pid);
}

TEST(job, "setpgid of a child that has executed is EACCES")
{
	struct gate gate = gate_new();
	char fd[16];
	pid_t pid = ktap_fork();

	if (pid == 0) {
		fcntl(gate.fds[0], F_SETFD, 0);
		fcntl(gate.fds[1], F_SETFD, FD_CLOEXEC);
		snprintf(fd, sizeof(fd), "%d", gate.fds[0]);
		execl("/proc/self/exe", "job", "--reexec", fd, NULL);
		_exit(1);
	}
	for (;;) {
		char path[64];
		char *text;

		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		text = slurp(path);
		if (text && !strcmp(text, "job") && !strcmp(text + 4, "--reexec"))
			break;
		sched_yield();
	}
	EXPECT_ERRNO(setpgid(pid, 0), EACCES);
	gate_open(&gate);
	EXPECT_EXIT(pid, 5);
}

int ktap_reexec(int argc, char **argv)
{
	char c;

	return argc == 1 && read(atoi(argv[0]), &c, 1) == 1 ? 5 : 1;
}

TEST(job, "getpgid and getsid of nobody are ESRCH")
{
	EXPECT_ERRNO(getpgid(999999), ESRCH);
	EXPECT_ERRNO(getsid(999999), ESRCH);
	EXPECT_ERRNO(getpgid(-1), ESRCH);
}

/* A session leader with the pty as its controlling terminal runs `body` and exits by its result. */
static void in_session(int (*body)(int tty))
{
	pid_t pid;

	master = open_master(slave_name);
	pid = ktap_fork();
	if (pid == 0) {
		int tty;

		ASSERT_OK(setsid());
		tty = ASSERT_OK(open(slave_name, O_RDWR));
		_exit(body(tty));
	}
	EXPECT_EXIT(pid, 0);
}

static int check_controlling(int tty)
{
	EXPECT_EQ(tcgetsid(tty), getpid());
	EXPECT_EQ(tcgetpgrp(tty), getpid());
	EXPECT_OK(open("/dev/tty", O_RDWR));
	return 0;
}

TEST(job, "a session leader that opens a terminal controls it")
{
	in_session(check_controlling);
}

static int check_noctty(int tty)
{
	int other = ASSERT_OK(open(slave_name, O_RDWR | O_NOCTTY));

	EXPECT_EQ(tcgetpgrp(other), getpid());
	EXPECT_OK(ioctl(tty, TIOCNOTTY));
	EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
	EXPECT_ERRNO(tcgetpgrp(tty), ENOTTY);
	return 0;
}

static void ignore_hangup(void)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGCONT, SIG_IGN);
}

TEST(job, "TIOCNOTTY gives the terminal up")
{
	ignore_hangup();
	in_session(check_noctty);
}

TEST(job, "without a controlling terminal /dev/tty is ENXIO")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		ASSERT_OK(setsid());
		EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

static int check_foreground(int tty)
{
	pid_t pid = pause_in_group(0);

	EXPECT_OK(tcsetpgrp(tty, pid));
	EXPECT_EQ(tcgetpgrp(tty), pid);
	signal(SIGTTOU, SIG_IGN);
	EXPECT_OK(tcsetpgrp(tty, getpgrp()));
	EXPECT_ERRNO(tcsetpgrp(tty, 999999), ESRCH);
	EXPECT_ERRNO(tcsetpgrp(tty, -1), EINVAL);
	EXPECT_ERRNO(tcsetpgrp(tty, 1), EPERM);
	end(pid);
	return 0;
}

TEST(job, "tcsetpgrp moves the foreground among the session's groups only")
{
	in_session(check_foreground);
}

static int check_background_read(int tty)
{
	int status;
	pid_t pid = ktap_fork();
	char c;

	if (pid == 0) {
		setpgid(0, 0);
		_exit(read(tty, &c, 1) == 1 && c == 'x' ? 3 : 1);
	}
	setpgid(pid, pid);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
	EXPECT_OK(tcsetpgrp(tty, pid));
	EXPECT_EQ(write(master, "x\n", 2), 2);
	kill(-pid, SIGCONT);
	EXPECT_EXIT(pid, 3);
	return 0;
}

TEST(job, "a background read stops with SIGTTIN and goes on in the foreground")
{
	in_session(check_background_read);
}

static int check_background_ignored(int tty)
{
	pid_t pid = ktap_fork();
	char c;

	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGTTIN, SIG_IGN);
		_exit(read(tty, &c, 1) == -1 && errno == EIO ? 3 : 1);
	}
	setpgid(pid, pid);
	EXPECT_EXIT(pid, 3);
	return 0;
}

TEST(job, "a background read with SIGTTIN ignored is EIO")
{
	in_session(check_background_ignored);
}

static int check_background_write(int tty)
{
	struct termios t;
	int status;
	pid_t pid;

	pid = ktap_fork();
	if (pid == 0) {
		setpgid(0, 0);
		_exit(write(tty, "a", 1) == 1 ? 3 : 1);
	}
	setpgid(pid, pid);
	EXPECT_EXIT(pid, 3);
	ASSERT_OK(tcgetattr(tty, &t));
	t.c_lflag |= TOSTOP;
	ASSERT_OK(tcsetattr(tty, TCSANOW, &t));
	pid = ktap_fork();
	if (pid == 0) {
		setpgid(0, 0);
		write(tty, "b", 1);
		_exit(1);
	}
	setpgid(pid, pid);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
	end(pid);
	return 0;
}

TEST(job, "a background write stops with SIGTTOU only when TOSTOP is set")
{
	in_session(check_background_write);
}

static int check_background_ioctl(int tty)
{
	struct termios t;
	int status;
	pid_t pid;

	ASSERT_OK(tcgetattr(tty, &t));
	pid = ktap_fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetattr(tty, TCSANOW, &t);
		_exit(1);
	}
	setpgid(pid, pid);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
	end(pid);
	return 0;
}

TEST(job, "changing the terminal from the background stops with SIGTTOU")
{
	in_session(check_background_ioctl);
}

static int check_keys(int tty)
{
	static const struct { char key; int sig; } keys[] = { { 3, SIGINT }, { 28, SIGQUIT } };

	for (int i = 0; i < 2; i++) {
		pid_t pid = pause_in_group(0);

		signal(SIGTTOU, SIG_IGN);
		EXPECT_OK(tcsetpgrp(tty, pid));
		wait_until_blocked(pid);
		EXPECT_EQ(write(master, &keys[i].key, 1), 1);
		EXPECT_KILLED(pid, keys[i].sig);
	}
	return 0;
}

TEST(job, "Ctrl-C and Ctrl-backslash reach the foreground group, and no other")
{
	in_session(check_keys);
}

static int check_suspend(int tty)
{
	int status;
	pid_t pid = pause_in_group(0);

	signal(SIGTTOU, SIG_IGN);
	EXPECT_OK(tcsetpgrp(tty, pid));
	EXPECT_EQ(write(master, "\x1a", 1), 1);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
	EXPECT_OK(tcsetpgrp(tty, getpgrp()));
	kill(pid, SIGCONT);
	EXPECT_EQ(waitpid(pid, &status, WCONTINUED), pid);
	end(pid);
	return 0;
}

TEST(job, "Ctrl-Z stops the foreground group, which goes on with SIGCONT")
{
	in_session(check_suspend);
}

TEST(job, "when the leader ends, the foreground group gets SIGHUP and SIGCONT")
{
	int *member = shared_page();
	pid_t pid;

	master = open_master(slave_name);
	ASSERT_OK(syscall(SYS_prctl, 36 /* PR_SET_CHILD_SUBREAPER */, 1, 0, 0, 0));
	pid = ktap_fork();
	if (pid == 0) {
		int tty;

		setsid();
		tty = ASSERT_OK(open(slave_name, O_RDWR));
		*member = pause_in_group(0);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(tty, *member);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_KILLED(*member, SIGHUP);
}

TEST(job, "closing the other side hangs the terminal up: SIGHUP, reads 0, writes EIO")
{
	pid_t pid;
	char c;

	master = open_master(slave_name);
	pid = ktap_fork();
	if (pid == 0) {
		struct gate never = gate_new();
		int tty;
		sigset_t set;

		setsid();
		tty = ASSERT_OK(open(slave_name, O_RDWR));
		sigemptyset(&set);
		sigaddset(&set, SIGHUP);
		sigprocmask(SIG_BLOCK, &set, NULL);
		close(master);
		(void)never;
		EXPECT_EQ(sigwaitinfo(&set, NULL), SIGHUP);
		EXPECT_EQ(read(tty, &c, 1), 0);
		EXPECT_ERRNO(write(tty, "x", 1), EIO);
		_exit(0);
	}
	close(master);
	EXPECT_EXIT(pid, 0);
}

TEST(job, "an orphaned stopped group gets SIGHUP and SIGCONT")
{
	struct gate stopped = gate_new();
	int *member = shared_page();
	pid_t pid;

	ASSERT_OK(syscall(SYS_prctl, 36, 1, 0, 0, 0));
	pid = ktap_fork();
	if (pid == 0) {
		pid_t child;

		setsid();
		child = ktap_fork();
		if (child == 0) {
			*member = getpid();
			setpgid(0, 0);
			raise(SIGSTOP);
			_exit(1);
		}
		wait_for_state(child, 'T');
		gate_open(&stopped);
		_exit(0);
	}
	gate_wait(&stopped);
	EXPECT_EXIT(pid, 0);
	EXPECT_KILLED(*member, SIGHUP);
}

TEST(job, "in an orphaned group the stop keys' signals do nothing, SIGSTOP does")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pid_t child;

		setsid();
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
		child = ktap_fork();
		if (child == 0)
			_exit(0);
		EXPECT_EXIT(child, 0);
		_exit(7);
	}
	EXPECT_EXIT(pid, 7);
}
