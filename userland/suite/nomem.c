// SPDX-License-Identifier: BSD-2-Clause
/*
 * No memory for descriptors: pipes, events, polling, files in memory, copies from one to the other, terminals, sockets.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "failnth.h"

static long do_pipe(void) { return pipe(fds); }
HUNT(nomem, "pipe", do_pipe, close_two, ENFILE)

static long do_pipe_write(void)
{
	static char bytes[20000];
	long n;

	if (pipe(fds) < 0)
		return -1;
	n = write(fds[1], bytes, sizeof(bytes));
	return n < 0 ? give_up(2) : n;
}
HUNT(nomem, "a pipe with bytes inside", do_pipe_write, close_two, ENFILE)

static long do_pipe_size(void)
{
	if (pipe(fds) < 0)
		return -1;
	return fcntl(fds[0], F_SETPIPE_SZ, 1 << 18) < 0 ? give_up(2) : 0;
}
HUNT(nomem, "a pipe made larger", do_pipe_size, close_two, ENFILE)

static long do_eventfd(void) { return fds[0] = eventfd(1, 0); }
HUNT(nomem, "eventfd", do_eventfd, close_one)

static long do_timerfd(void)
{
	struct itimerspec soon = { .it_value.tv_sec = 1000 };

	fds[0] = timerfd_create(CLOCK_MONOTONIC, 0);
	if (fds[0] < 0)
		return -1;
	return timerfd_settime(fds[0], 0, &soon, NULL) < 0 ? give_up(1) : 0;
}
HUNT(nomem, "timerfd", do_timerfd, close_one)

static long do_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (pipe(fds) < 0)
		return -1;
	fds[2] = epoll_create1(0);
	if (fds[2] < 0)
		return give_up(2);
	if (epoll_ctl(fds[2], EPOLL_CTL_ADD, fds[0], &event) < 0 ||
	    epoll_ctl(fds[2], EPOLL_CTL_ADD, fds[1], &event) < 0)
		return give_up(3);
	return 0;
}

static void close_three(void)
{
	close_fds(3);
}
HUNT(nomem, "epoll with two members", do_epoll, close_three, ENFILE)

static long do_poll_many(void)
{
	struct pollfd many[200];

	for (int i = 0; i < 200; i++)
		many[i] = (struct pollfd){ .fd = i % 3, .events = POLLIN | POLLOUT };
	return poll(many, 200, 0);
}
HUNT(nomem, "poll of many descriptors", do_poll_many, NULL)

static long do_select_high(void)
{
	struct timeval none = { 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(1000, &set);
	if (dup2(0, 1000) < 0)
		return -1;
	return select(1001, NULL, &set, NULL, &none);
}

static void close_high(void)
{
	close(1000);
}
HUNT(nomem, "select of a high descriptor", do_select_high, close_high)

/* The table never shrinks: it grows in a process of its own. */
static long do_grow_table(void)
{
	pid_t pid = fork();
	int fd;

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -1;
	waitpid(pid, NULL, 0);
	fd = dup2(0, 900);
	if (fd >= 0)
		close(fd);
	return fd;
}
HUNT(nomem, "fork and a larger descriptor table", do_grow_table, NULL)

static long do_memfd(void)
{
	fds[0] = memfd_create("a name", 0);
	if (fds[0] < 0)
		return -1;
	return ftruncate(fds[0], 10000) < 0 || fallocate(fds[0], 0, 0, 8192) < 0 ? give_up(1) : 0;
}
HUNT(nomem, "memfd", do_memfd, close_one, ENOSPC, ENFILE)

static long do_copy(void)
{
	long n;

	fds[0] = memfd_create("from", 0);
	if (fds[0] < 0)
		return -1;
	fds[1] = memfd_create("to", 0);
	if (fds[1] < 0)
		return give_up(1);
	if (pipe(fds + 2) < 0)
		return give_up(2);
	if (ftruncate(fds[0], 9000) < 0)
		return give_up(4);
	n = sendfile(fds[1], fds[0], NULL, 9000);
	if (n >= 0)
		n = splice(fds[0], &(off64_t){ 0 }, fds[3], NULL, 9000, 0);
	if (n >= 0)
		n = splice(fds[2], NULL, fds[1], NULL, 9000, 0);
	return n < 0 ? give_up(4) : 0;
}

static void close_four(void)
{
	close_fds(4);
}
HUNT(nomem, "sendfile and splice", do_copy, close_four, ENOSPC, ENFILE)

static long do_writev(void)
{
	struct iovec parts[64];

	for (int i = 0; i < 64; i++)
		parts[i] = (struct iovec){ "x", 1 };
	fds[0] = open("/dev/null", O_WRONLY);
	if (fds[0] < 0)
		return -1;
	return writev(fds[0], parts, 64) < 0 ? give_up(1) : 0;
}
HUNT(nomem, "writev of many parts", do_writev, close_one)

static long do_pty(void)
{
	int zero = 0, number;
	char path[32];

	fds[0] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (fds[0] < 0)
		return -1;
	if (ioctl(fds[0], TIOCSPTLCK, &zero) < 0 || ioctl(fds[0], TIOCGPTN, &number) < 0)
		return give_up(1);
	sprintf(path, "/dev/pts/%d", number);
	fds[1] = open(path, O_RDWR | O_NOCTTY);
	if (fds[1] < 0)
		return give_up(1);
	return write(fds[1], "hello\n", 6) < 0 ? give_up(2) : 0;
}
HUNT(nomem, "a pseudo-terminal", do_pty, close_two)

/* ---- sockets ---- */

static long do_socketpair(void) { return socketpair(AF_UNIX, SOCK_STREAM, 0, fds); }
HUNT(nomem, "socketpair", do_socketpair, close_two, ENFILE)

static long do_send_fds(void)
{
	char space[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec part = { "bytes", 5 };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	char got[16];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) < 0)
		return -1;
	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(2 * sizeof(int)) };
	memcpy(CMSG_DATA(c), (int[]){ 0, 1 }, 2 * sizeof(int));
	if (sendmsg(fds[0], &msg, MSG_DONTWAIT) < 0)
		return give_up(2);
	if (send(fds[0], "left inside", 11, MSG_DONTWAIT) < 0)
		return give_up(2);
	return recv(fds[1], got, sizeof(got), MSG_DONTWAIT) < 0 ? give_up(2) : 0;
}
HUNT(nomem, "descriptors sent and not taken", do_send_fds, close_two, ENFILE, ENOBUFS)

static long do_connect(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
	long got = -1;
	int err;

	fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fds[0] < 0)
		return -1;
	fds[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fds[1] < 0)
		return give_up(1);
	if (!bind(fds[0], (void *)&name, sizeof(name)) && !listen(fds[0], 4) &&
	    !connect(fds[1], (void *)&name, sizeof(name)))
		got = fds[2] = accept(fds[0], NULL, NULL);
	if (got >= 0 && write(fds[2], "hello", 5) == 5)
		return 0;
	err = errno;
	unlink("socket");
	errno = err;
	return give_up(got >= 0 ? 3 : 2);
}

static void undo_connect(void)
{
	unlink("socket");
	close_three();
}
HUNT(nomem, "a socket bound, connected and accepted", do_connect, undo_connect, ENFILE, ENOBUFS, ENOSPC)
