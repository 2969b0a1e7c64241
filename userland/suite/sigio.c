// SPDX-License-Identifier: BSD-2-Clause
/*
 * sigio: signals for I/O. Who is told, by which signal, with what, and of what.
 */
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#include "ktap.h"

#ifndef FIOASYNC
#define FIOASYNC 0x5452
#endif
#define FIOSETOWN_ 0x8901
#define FIOGETOWN_ 0x8903

static volatile int count;
static volatile siginfo_t last;

static void on_io(int sig, siginfo_t *info, void *context)
{
	count++;
	last = *info;
}

/* Signals that came since the last look. */
static int taken(void)
{
	int n = count;

	count = 0;
	return n;
}

/* A terminal's input may come a little later. */
static void wait_told(void)
{
	while (!count)
		sched_yield();
	taken();
}

static void listen_for(int sig)
{
	handle_info(sig, on_io, SA_RESTART);
}

static void set_async(int fd, bool on)
{
	int flags = ASSERT_OK(fcntl(fd, F_GETFL));

	ASSERT_OK(fcntl(fd, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC));
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_ASYNC, on ? O_ASYNC : 0);
}

/* SIGRTMIN for what happens to fd, to us. */
static void watch(int fd)
{
	listen_for(SIGRTMIN);
	ASSERT_OK(fcntl(fd, F_SETSIG, SIGRTMIN));
	ASSERT_OK(fcntl(fd, F_SETOWN, getpid()));
	set_async(fd, true);
	taken();
}

#define EXPECT_TOLD(fd, code, band) do {		\
	EXPECT_EQ(taken(), 1);				\
	EXPECT_EQ(last.si_signo, SIGRTMIN);		\
	EXPECT_EQ(last.si_code, code);			\
	EXPECT_EQ(last.si_fd, fd);			\
	EXPECT_EQ(last.si_band, band);			\
} while (0)

#define IN (POLLIN | POLLRDNORM)
#define OUT (POLLOUT | POLLWRNORM | POLLWRBAND)

TEST(sigio, "without O_ASYNC or without an owner nobody is told")
{
	int p[2];

	listen_for(SIGIO);
	ASSERT_OK(pipe(p));
	ASSERT_OK(fcntl(p[0], F_SETOWN, getpid()));
	write(p[1], "a", 1);
	EXPECT_EQ(taken(), 0);
	ASSERT_OK(fcntl(p[0], F_SETOWN, 0));
	set_async(p[0], true);
	write(p[1], "a", 1);
	EXPECT_EQ(taken(), 0);
}

TEST(sigio, "a pipe's reader is told of each write by SIGIO, of SI_KERNEL when no signal was chosen")
{
	int p[2];

	listen_for(SIGIO);
	ASSERT_OK(pipe(p));
	ASSERT_OK(fcntl(p[0], F_SETOWN, getpid()));
	set_async(p[0], true);
	write(p[1], "a", 1);
	EXPECT_EQ(taken(), 1);
	EXPECT_EQ(last.si_signo, SIGIO);
	EXPECT_EQ(last.si_code, SI_KERNEL);
	write(p[1], "b", 1);
	EXPECT_EQ(taken(), 1);
	set_async(p[0], false);
	write(p[1], "c", 1);
	EXPECT_EQ(taken(), 0);
}

TEST(sigio, "a chosen signal tells the descriptor, the code and the poll bits")
{
	int p[2];

	ASSERT_OK(pipe(p));
	watch(p[0]);
	write(p[1], "a", 1);
	EXPECT_TOLD(p[0], POLL_IN, IN);
}

TEST(sigio, "SIGIO chosen has POLL_IN, a signal with codes of its own SI_SIGIO")
{
	int p[2];

	ASSERT_OK(pipe(p));
	watch(p[0]);
	listen_for(SIGIO);
	listen_for(SIGCHLD);
	ASSERT_OK(fcntl(p[0], F_SETSIG, SIGIO));
	write(p[1], "a", 1);
	EXPECT_EQ(taken(), 1);
	EXPECT_EQ(last.si_code, POLL_IN);
	EXPECT_EQ(last.si_fd, p[0]);
	ASSERT_OK(fcntl(p[0], F_SETSIG, SIGCHLD));
	write(p[1], "a", 1);
	EXPECT_EQ(taken(), 1);
	EXPECT_EQ(last.si_signo, SIGCHLD);
	EXPECT_EQ(last.si_code, -5);
	EXPECT_EQ(last.si_fd, p[0]);
	EXPECT_EQ(last.si_band, IN);
}

TEST(sigio, "the descriptor told is the one O_ASYNC was set by")
{
	int p[2];

	ASSERT_OK(pipe(p));
	watch(p[0]);
	ASSERT_EQ(dup2(p[0], 70), 70);
	set_async(p[0], false);
	set_async(70, true);
	write(p[1], "a", 1);
	EXPECT_TOLD(70, POLL_IN, IN);
	close(70);
	write(p[1], "a", 1);
	EXPECT_TOLD(70, POLL_IN, IN);
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	EXPECT_ERRNO(write(p[1], "a", 1), EPIPE);
	EXPECT_EQ(taken(), 0);
}

TEST(sigio, "a pipe's writer is told of each read, and both ends when the other goes")
{
	char buf[8];
	int p[2];

	ASSERT_OK(pipe(p));
	watch(p[1]);
	write(p[1], "abc", 3);
	EXPECT_EQ(taken(), 0);
	read(p[0], buf, 1);
	EXPECT_TOLD(p[1], POLL_OUT, OUT);
	read(p[0], buf, 8);
	EXPECT_TOLD(p[1], POLL_OUT, OUT);
	close(p[0]);
	EXPECT_TOLD(p[1], POLL_OUT, OUT);
	ASSERT_OK(pipe(p));
	watch(p[0]);
	close(p[1]);
	EXPECT_TOLD(p[0], POLL_IN, IN);
}

TEST(sigio, "calls of a pipe that move nothing tell as well")
{
	char buf[8];
	int p[2];

	ASSERT_OK(pipe2(p, O_NONBLOCK));
	watch(p[1]);
	EXPECT_ERRNO(read(p[0], buf, 8), EAGAIN);
	EXPECT_TOLD(p[1], POLL_OUT, OUT);
	set_async(p[1], false);
	watch(p[0]);
	while (write(p[1], buf, 8) > 0)
		;
	taken();
	EXPECT_ERRNO(write(p[1], buf, 8), EAGAIN);
	EXPECT_TOLD(p[0], POLL_IN, IN);
}

TEST(sigio, "a pipe open both ways is told of reads and of writes")
{
	char buf[8];
	int fd, other;

	scratch();
	ASSERT_OK(mkfifo("fifo", 0600));
	fd = ASSERT_OK(open("fifo", O_RDWR));
	other = ASSERT_OK(open("fifo", O_RDWR));
	watch(fd);
	write(other, "ab", 2);
	EXPECT_TOLD(fd, POLL_IN, IN);
	read(other, buf, 1);
	EXPECT_TOLD(fd, POLL_OUT, OUT);
	close(other);
	EXPECT_EQ(taken(), 0);
}

TEST(sigio, "splice and tee tell as write and read do")
{
	int a[2], b[2];

	ASSERT_OK(pipe(a));
	ASSERT_OK(pipe(b));
	write(a[1], "abcd", 4);
	watch(b[0]);
	EXPECT_EQ(tee(a[0], b[1], 2, 0), 2);
	EXPECT_TOLD(b[0], POLL_IN, IN);
	set_async(b[0], false);
	watch(a[1]);
	EXPECT_EQ(splice(a[0], NULL, b[1], NULL, 4, 0), 4);
	EXPECT_TOLD(a[1], POLL_OUT, OUT);
}

TEST(sigio, "both ends of a stream pair: data, a shutdown, the end")
{
	int s[2];

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	watch(s[0]);
	write(s[1], "a", 1);
	EXPECT_TOLD(s[0], POLL_IN, IN);
	write(s[1], "b", 1);
	EXPECT_TOLD(s[0], POLL_IN, IN);
	ASSERT_OK(shutdown(s[1], SHUT_WR));
	EXPECT_TOLD(s[0], POLL_IN, IN);
	ASSERT_OK(shutdown(s[1], SHUT_RD));
	EXPECT_EQ(taken(), 0);
	close(s[1]);
	EXPECT_TOLD(s[0], POLL_HUP, POLLHUP | POLLERR);
}

TEST(sigio, "a shutdown of both ways is POLL_HUP")
{
	int s[2];

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	watch(s[0]);
	ASSERT_OK(shutdown(s[1], SHUT_RDWR));
	EXPECT_TOLD(s[0], POLL_HUP, POLLHUP | POLLERR);
}

TEST(sigio, "room in a stream is told after it was short")
{
	static char block[4096];
	int s[2];

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
	watch(s[0]);
	write(s[0], "a", 1);
	read(s[1], block, 1);
	EXPECT_EQ(taken(), 0);
	while (write(s[0], block, sizeof(block)) > 0)
		;
	EXPECT_EQ(taken(), 0);
	while (read(s[1], block, sizeof(block)) > 0)
		;
	EXPECT_TOLD(s[0], POLL_OUT, OUT);
}

TEST(sigio, "datagrams are told; a listener of who connects")
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "here" };
	int s[2], listener, client;

	scratch();
	ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	watch(s[0]);
	send(s[1], "a", 1, 0);
	EXPECT_TOLD(s[0], POLL_IN, IN);
	close(s[1]);
	EXPECT_EQ(taken(), 0);
	listener = ASSERT_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	ASSERT_OK(bind(listener, (struct sockaddr *)&name, sizeof(name)));
	ASSERT_OK(listen(listener, 4));
	watch(listener);
	client = ASSERT_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	ASSERT_OK(connect(client, (struct sockaddr *)&name, sizeof(name)));
	EXPECT_TOLD(listener, POLL_IN, IN);
}

TEST(sigio, "an urgent byte is SIGURG to the owner, also without O_ASYNC")
{
	int s[2];

	listen_for(SIGURG);
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	EXPECT_EQ(send(s[1], "a", 1, MSG_OOB), 1);
	EXPECT_EQ(taken(), 0);
	ASSERT_OK(fcntl(s[0], F_SETOWN, getpid()));
	EXPECT_EQ(send(s[1], "b", 1, MSG_OOB), 1);
	EXPECT_EQ(taken(), 1);
	EXPECT_EQ(last.si_signo, SIGURG);
	EXPECT_EQ(last.si_code, SI_KERNEL);
}

TEST(sigio, "with O_ASYNC an urgent byte is told by SIGIO as well, by a chosen signal also as POLL_PRI")
{
	int s[2];

	listen_for(SIGURG);
	listen_for(SIGIO);
	listen_for(SIGRTMIN);
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_OK(fcntl(s[0], F_SETOWN, getpid()));
	set_async(s[0], true);
	EXPECT_EQ(send(s[1], "b", 1, MSG_OOB), 1);
	EXPECT_EQ(taken(), 2);
	ASSERT_OK(fcntl(s[0], F_SETSIG, SIGRTMIN));
	mask_signal(SIG_BLOCK, SIGRTMIN);
	EXPECT_EQ(send(s[1], "c", 1, MSG_OOB), 1);
	EXPECT_EQ(taken(), 1);
	mask_signal(SIG_UNBLOCK, SIGRTMIN);
	EXPECT_EQ(taken(), 2);
}

TEST(sigio, "a socket's owner by FIOSETOWN and FIOGETOWN; other files have none of these")
{
	int s[2], p[2], who = getpid(), got = 0;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	EXPECT_OK(ioctl(s[0], FIOSETOWN_, &who));
	EXPECT_OK(ioctl(s[0], FIOGETOWN_, &got));
	EXPECT_EQ(got, who);
	EXPECT_EQ(fcntl(s[0], F_GETOWN), who);
	who = -getpgrp();
	EXPECT_OK(ioctl(s[0], SIOCSPGRP, &who));
	EXPECT_OK(ioctl(s[0], SIOCGPGRP, &got));
	EXPECT_EQ(got, who);
	EXPECT_ERRNO(ioctl(s[0], FIOSETOWN_, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(s[0], FIOGETOWN_, NULL), EFAULT);
	who = INT_MIN;
	EXPECT_ERRNO(ioctl(s[0], FIOSETOWN_, &who), EINVAL);
	who = 999999;
	EXPECT_ERRNO(ioctl(s[0], FIOSETOWN_, &who), ESRCH);
	ASSERT_OK(pipe(p));
	who = getpid();
	EXPECT_ERRNO(ioctl(p[0], FIOSETOWN_, &who), ENOTTY);
}

TEST(sigio, "FIOASYNC is O_ASYNC where the file can signal, else ENOTTY")
{
	int p[2], on = 1;

	ASSERT_OK(pipe(p));
	watch(p[0]);
	set_async(p[0], false);
	EXPECT_OK(ioctl(p[0], FIOASYNC, &on));
	EXPECT_EQ(fcntl(p[0], F_GETFL) & O_ASYNC, O_ASYNC);
	EXPECT_OK(ioctl(p[0], FIOASYNC, &on));
	write(p[1], "a", 1);
	EXPECT_TOLD(p[0], POLL_IN, IN);
	on = 0;
	EXPECT_OK(ioctl(p[0], FIOASYNC, &on));
	EXPECT_EQ(fcntl(p[0], F_GETFL) & O_ASYNC, 0);
	write(p[1], "a", 1);
	EXPECT_EQ(taken(), 0);
}

TEST(sigio, "a file that cannot signal does not take O_ASYNC but from open")
{
	int fd, on = 0;

	scratch();
	fd = scratch_file("f", "abc", 0600);
	EXPECT_OK(fcntl(fd, F_SETFL, O_ASYNC));
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_ASYNC, 0);
	EXPECT_OK(ioctl(fd, FIOASYNC, &on));
	fd = ASSERT_OK(open("f", O_RDONLY | O_ASYNC));
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_ASYNC, O_ASYNC);
	EXPECT_ERRNO(ioctl(fd, FIOASYNC, &on), ENOTTY);
}

TEST(sigio, "a group as owner: each of its processes is told")
{
	struct gate up = gate_new(), done = gate_new();
	int p[2];
	pid_t pid;

	ASSERT_OK(setpgid(0, 0) == 0 || getpgrp() == getpid() ? 0 : -1);
	ASSERT_OK(pipe(p));
	watch(p[0]);
	pid = ktap_fork();
	if (pid == 0) {
		gate_open(&up);
		gate_wait(&done);
		EXPECT_EQ(taken(), 1);
		_exit(0);
	}
	gate_wait(&up);
	ASSERT_OK(fcntl(p[0], F_SETOWN, -getpgrp()));
	write(p[1], "a", 1);
	EXPECT_TOLD(p[0], POLL_IN, IN);
	gate_open(&done);
	EXPECT_EXIT(pid, 0);
}

TEST(sigio, "who may not signal a process may not have it signalled")
{
	struct gate done = gate_new();
	int p[2];
	pid_t pid;

	ASSERT_OK(pipe(p));
	watch(p[0]);
	pid = ktap_fork();
	if (pid == 0) {
		become_nobody();
		ASSERT_OK(fcntl(p[0], F_SETOWN, getppid()));
		write(p[1], "a", 1);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(taken(), 0);
	write(p[1], "a", 1);
	EXPECT_EQ(taken(), 0);		/* it is the setter's right that counts */
	ASSERT_OK(fcntl(p[0], F_SETOWN, getpid()));
	write(p[1], "a", 1);
	EXPECT_EQ(taken(), 1);
	gate_close(&done);
}

TEST(sigio, "an owner that is gone is owner 0")
{
	int p[2];
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(0);
	ASSERT_OK(pipe(p));
	EXPECT_OK(fcntl(p[0], F_SETOWN, pid));
	EXPECT_EQ(fcntl(p[0], F_GETOWN), pid);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(fcntl(p[0], F_GETOWN), 0);
	set_async(p[0], true);
	write(p[1], "a", 1);
}

TEST(sigio, "when a queue of signals is full, SIGIO comes in place of the one chosen")
{
	struct rlimit_ { unsigned long cur, max; } none = { 0, 0 };
	int p[2];

	ASSERT_OK(pipe(p));
	watch(p[0]);
	listen_for(SIGIO);
	mask_signal(SIG_BLOCK, SIGRTMIN);
	ASSERT_OK(syscall(SYS_prlimit64, 0, 11, &none, NULL));
	become_nobody();
	ASSERT_OK(fcntl(p[0], F_SETOWN, getpid()));
	write(p[1], "a", 1);
	write(p[1], "a", 1);
	EXPECT_IN(taken(), 1, 2);
	EXPECT_EQ(last.si_signo, SIGIO);
}

TEST(sigio, "a terminal tells its foreground group of a line, and its master of output")
{
	int master = ASSERT_OK(posix_openpt(O_RDWR | O_NOCTTY)), slave, unlock = 0, nr;
	char name[32];

	ASSERT_OK(ioctl(master, TIOCSPTLCK, &unlock));
	ASSERT_OK(ioctl(master, TIOCGPTN, &nr));
	snprintf(name, sizeof(name), "/dev/pts/%d", nr);
	slave = ASSERT_OK(open(name, O_RDWR | O_NOCTTY));
	listen_for(SIGIO);
	set_async(slave, true);
	EXPECT_EQ(fcntl(slave, F_GETOWN), getpid());	/* of a terminal without a group: who sets it */
	write(master, "ab", 2);
	EXPECT_EQ(taken(), 0);
	write(master, "c\n", 2);
	wait_told();
	watch(slave);
	write(master, "d\n", 2);
	wait_told();
	EXPECT_EQ(last.si_fd, slave);
	EXPECT_EQ(last.si_code, POLL_IN);
	set_async(slave, false);
	taken();
	watch(master);
	write(slave, "x", 1);
	wait_told();
	EXPECT_EQ(last.si_fd, master);
	EXPECT_EQ(last.si_code, POLL_IN);
}

TEST(sigio, "inotify tells of an event")
{
	int fd = ASSERT_OK(inotify_init());

	scratch();
	ASSERT_OK(inotify_add_watch(fd, ".", IN_CREATE));
	watch(fd);
	ASSERT_OK(mkdir("d", 0700));
	EXPECT_TOLD(fd, POLL_IN, IN);
}

static volatile pid_t told;

static void on_thread(int sig)
{
	told = (pid_t)syscall(SYS_gettid);
}

TEST(sigio, "a thread as owner is told itself, and F_GETOWNER_UIDS is the setter's ids")
{
	struct { int type; pid_t pid; } owner = { 0, (pid_t)syscall(SYS_gettid) };
	uint32_t ids[2] = { 9, 9 };
	int p[2];

	ASSERT_OK(pipe(p));
	handle(SIGIO, on_thread, SA_RESTART);
	EXPECT_OK(fcntl(p[0], 15, &owner));
	set_async(p[0], true);
	write(p[1], "a", 1);
	EXPECT_EQ(told, owner.pid);
	EXPECT_OK(fcntl(p[0], 17, ids));
	EXPECT_EQ(ids[0], 0);
	EXPECT_EQ(ids[1], 0);
}

TEST(sigio, "open files that go take their O_ASYNC along, a thousand times")
{
	int p[2];

	ASSERT_OK(pipe(p));
	listen_for(SIGIO);
	for (int i = 0; i < 1000; i++) {
		char name[40];
		int fd;

		snprintf(name, sizeof(name), "/proc/self/fd/%d", p[0]);
		fd = ASSERT_OK(open(name, O_RDONLY));
		ASSERT_OK(fcntl(fd, F_SETOWN, getpid()));
		set_async(fd, true);
		if (i % 100 == 0) {
			taken();
			write(p[1], "a", 1);
			EXPECT_EQ(taken(), 1);
		}
		close(fd);
	}
	taken();
	write(p[1], "a", 1);
	EXPECT_EQ(taken(), 0);
}
