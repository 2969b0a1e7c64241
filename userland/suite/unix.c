// SPDX-License-Identifier: BSD-2-Clause
/*
 * Unix sockets: what flows through pairs, how ends close, and what a poller sees.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "ktap.h"

static int s[2];

static void pair(int type)
{
	ASSERT_OK(socketpair(AF_UNIX, type, 0, s));
}

static int revents(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP, 0 };

	ASSERT_OK(poll(&p, 1, 0));
	return p.revents;
}

TEST(unix, "a stream pair carries bytes both ways")
{
	char out[8] = "";

	pair(SOCK_STREAM);
	EXPECT_EQ(write(s[0], "abc", 3), 3);
	EXPECT_EQ(write(s[1], "xy", 2), 2);
	EXPECT_EQ(read(s[1], out, 8), 3);
	EXPECT_MEMEQ(out, "abc", 3);
	EXPECT_EQ(read(s[0], out, 8), 2);
	EXPECT_MEMEQ(out, "xy", 2);
}

TEST(unix, "a stream read takes the bytes of several writes")
{
	char out[8] = "";

	pair(SOCK_STREAM);
	write(s[0], "abc", 3);
	write(s[0], "def", 3);
	EXPECT_EQ(read(s[1], out, 5), 5);
	EXPECT_MEMEQ(out, "abcde", 5);
	EXPECT_EQ(read(s[1], out, 5), 1);
}

TEST(unix, "records keep their borders")
{
	char out[8] = "";

	pair(SOCK_SEQPACKET);
	write(s[0], "abc", 3);
	write(s[0], "de", 2);
	EXPECT_EQ(read(s[1], out, 8), 3);
	EXPECT_EQ(read(s[1], out, 8), 2);
}

TEST(unix, "what of a datagram does not fit is lost, and MSG_TRUNC tells")
{
	char out[8];
	struct iovec iov = { out, 2 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	pair(SOCK_DGRAM);
	send(s[0], "abcd", 4, 0);
	send(s[0], "ef", 2, 0);
	EXPECT_EQ(recvmsg(s[1], &m, 0), 2);
	EXPECT_EQ(m.msg_flags & MSG_TRUNC, MSG_TRUNC);
	EXPECT_EQ(recv(s[1], out, 8, 0), 2);
	EXPECT_MEMEQ(out, "ef", 2);
	send(s[0], "abcd", 4, 0);
	EXPECT_EQ(recv(s[1], out, 1, MSG_TRUNC), 4);
}

TEST(unix, "an empty datagram arrives")
{
	char c;

	pair(SOCK_DGRAM);
	EXPECT_EQ(send(s[0], "", 0, 0), 0);
	EXPECT_EQ(recv(s[1], &c, 1, MSG_DONTWAIT), 0);
	EXPECT_ERRNO(recv(s[1], &c, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(unix, "MSG_PEEK leaves the bytes")
{
	char out[8];

	pair(SOCK_STREAM);
	write(s[0], "abc", 3);
	write(s[0], "def", 3);
	EXPECT_EQ(recv(s[1], out, 8, MSG_PEEK), 6);
	EXPECT_EQ(recv(s[1], out, 8, 0), 6);
	EXPECT_MEMEQ(out, "abcdef", 6);
}

TEST(unix, "MSG_WAITALL waits for all of it")
{
	char out[8];
	pid_t pid;

	pair(SOCK_STREAM);
	pid = ktap_fork();
	if (!pid) {
		EXPECT_EQ(recv(s[1], out, 6, MSG_WAITALL), 6);
		_exit(0);
	}
	write(s[0], "abc", 3);
	wait_until_blocked(pid);
	write(s[0], "def", 3);
	EXPECT_EXIT(pid, 0);
}

TEST(unix, "an empty socket: EAGAIN without waiting")
{
	char c;

	pair(SOCK_STREAM);
	EXPECT_ERRNO(recv(s[0], &c, 1, MSG_DONTWAIT), EAGAIN);
	ASSERT_OK(fcntl(s[0], F_SETFL, O_NONBLOCK));
	EXPECT_ERRNO(read(s[0], &c, 1), EAGAIN);
}

TEST(unix, "a full socket: EAGAIN, then room again once it was read")
{
	static char bytes[65536];
	long total = 0, n;

	pair(SOCK_STREAM | SOCK_NONBLOCK);
	while ((n = write(s[0], bytes, sizeof(bytes))) > 0)
		total += n;
	EXPECT_ERRNO(n, EAGAIN);
	EXPECT_TRUE(total > 65536);
	EXPECT_EQ(revents(s[0]) & POLLOUT, 0);
	while ((n = read(s[1], bytes, sizeof(bytes))) > 0)
		total -= n;
	EXPECT_EQ(total, 0);
	EXPECT_EQ(revents(s[0]) & POLLOUT, POLLOUT);
}

TEST(unix, "a writer that waits for room is woken by the reader")
{
	static char bytes[1 << 20];
	long total = 0, n;
	pid_t pid;

	pair(SOCK_STREAM);
	pid = ktap_fork();
	if (!pid) {
		EXPECT_EQ(write(s[0], bytes, sizeof(bytes)), sizeof(bytes));
		_exit(0);
	}
	close(s[0]);
	wait_until_blocked(pid);
	while ((n = read(s[1], bytes, sizeof(bytes))) > 0)
		total += n;
	EXPECT_EQ(total, sizeof(bytes));
	EXPECT_EXIT(pid, 0);
}

TEST(unix, "the end of file comes after the bytes")
{
	char out[4];

	pair(SOCK_STREAM);
	write(s[0], "ab", 2);
	close(s[0]);
	EXPECT_EQ(read(s[1], out, 4), 2);
	EXPECT_EQ(read(s[1], out, 4), 0);
}

TEST(unix, "a peer that closes with bytes unread: ECONNRESET once")
{
	char c;

	pair(SOCK_STREAM);
	write(s[1], "ab", 2);
	close(s[0]);
	EXPECT_ERRNO(read(s[1], &c, 1), ECONNRESET);
	EXPECT_EQ(read(s[1], &c, 1), 0);
}

TEST(unix, "a stream without a reader: EPIPE and SIGPIPE")
{
	pid_t pid;

	pair(SOCK_STREAM);
	close(s[0]);
	EXPECT_ERRNO(send(s[1], "a", 1, MSG_NOSIGNAL), EPIPE);
	pid = ktap_fork();
	if (!pid) {
		signal(SIGPIPE, SIG_DFL);
		write(s[1], "a", 1);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGPIPE);
}

TEST(unix, "SHUT_WR: the other end reads 0, and still writes")
{
	char c;

	pair(SOCK_STREAM);
	ASSERT_OK(shutdown(s[0], SHUT_WR));
	EXPECT_EQ(read(s[1], &c, 1), 0);
	EXPECT_EQ(write(s[1], "a", 1), 1);
	EXPECT_EQ(read(s[0], &c, 1), 1);
	EXPECT_ERRNO(send(s[0], "a", 1, MSG_NOSIGNAL), EPIPE);
	EXPECT_ERRNO(shutdown(s[0], 3), EINVAL);
}

TEST(unix, "SHUT_RD: reads 0, and the other end cannot write")
{
	char c;

	pair(SOCK_STREAM);
	ASSERT_OK(shutdown(s[0], SHUT_RD));
	EXPECT_EQ(read(s[0], &c, 1), 0);
	EXPECT_ERRNO(send(s[1], "a", 1, MSG_NOSIGNAL), EPIPE);
}

TEST(unix, "accept after SHUT_RD: EAGAIN for one that does not wait, else EINVAL")
{
	struct sockaddr_un name = { AF_UNIX, "" };
	int fd = ASSERT_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));

	ASSERT_OK(bind(fd, (void *)&name, sizeof(name.sun_family)));
	ASSERT_OK(listen(fd, 1));
	ASSERT_OK(shutdown(fd, SHUT_RD));
	EXPECT_ERRNO(accept(fd, NULL, NULL), EAGAIN);
	ASSERT_OK(fcntl(fd, F_SETFL, 0));
	EXPECT_ERRNO(accept(fd, NULL, NULL), EINVAL);
}

TEST(unix, "shutdown ends a read that waits")
{
	char c;
	pid_t pid;

	pair(SOCK_STREAM);
	pid = ktap_fork();
	if (!pid) {
		EXPECT_EQ(read(s[0], &c, 1), 0);
		_exit(0);
	}
	wait_until_blocked(pid);
	ASSERT_OK(shutdown(s[0], SHUT_RDWR));
	EXPECT_EXIT(pid, 0);
}

TEST(unix, "poll: writable, readable, half closed, closed")
{
	pair(SOCK_STREAM);
	EXPECT_EQ(revents(s[0]), POLLOUT);
	write(s[1], "a", 1);
	EXPECT_EQ(revents(s[0]), POLLIN | POLLOUT);
	shutdown(s[1], SHUT_WR);
	EXPECT_EQ(revents(s[0]), POLLIN | POLLOUT | POLLRDHUP);
	close(s[1]);
	EXPECT_EQ(revents(s[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}

TEST(unix, "poll: a stream that was never connected is hung up")
{
	int fd = ASSERT_OK(socket(AF_UNIX, SOCK_STREAM, 0));

	EXPECT_EQ(revents(fd), POLLOUT | POLLHUP);
	EXPECT_EQ(revents(ASSERT_OK(socket(AF_UNIX, SOCK_DGRAM, 0))), POLLOUT);
}

TEST(unix, "poll waits for a byte")
{
	struct pollfd p;
	pid_t pid;

	pair(SOCK_STREAM);
	p = (struct pollfd){ s[0], POLLIN, 0 };
	pid = ktap_fork();
	if (!pid) {
		EXPECT_EQ(poll(&p, 1, -1), 1);
		_exit(0);
	}
	wait_until_blocked(pid);
	write(s[1], "a", 1);
	EXPECT_EXIT(pid, 0);
}

TEST(unix, "FIONREAD: all of a stream, the first of datagrams")
{
	char buf[4];
	int n;

	pair(SOCK_STREAM);
	write(s[0], "abc", 3);
	write(s[0], "de", 2);
	ASSERT_OK(ioctl(s[1], FIONREAD, &n));
	EXPECT_EQ(n, 5);
	EXPECT_EQ(read(s[1], buf, 4), 4);
	ASSERT_OK(ioctl(s[1], FIONREAD, &n));
	EXPECT_EQ(n, 1);
	pair(SOCK_DGRAM);
	write(s[0], "abc", 3);
	write(s[0], "de", 2);
	ASSERT_OK(ioctl(s[1], FIONREAD, &n));
	EXPECT_EQ(n, 3);
}

TEST(unix, "fstat says socket, /proc/self/fd its number")
{
	char path[64], text[64] = "", want[64];
	struct stat st;

	pair(SOCK_STREAM);
	ASSERT_OK(fstat(s[0], &st));
	EXPECT_EQ(st.st_mode, S_IFSOCK | 0777);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s[0]);
	ASSERT_OK(readlink(path, text, sizeof(text) - 1));
	snprintf(want, sizeof(want), "socket:[%lu]", (unsigned long)st.st_ino);
	EXPECT_STREQ(text, want);
	EXPECT_ERRNO(lseek(s[0], 0, SEEK_SET), ESPIPE);
}

TEST(unix, "the flags of socket and socketpair")
{
	pair(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
	EXPECT_EQ(fcntl(s[0], F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(s[1], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	EXPECT_ERRNO(socket(AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL);
	EXPECT_ERRNO(socket(AF_UNIX, 4, 0), ESOCKTNOSUPPORT);
	EXPECT_ERRNO(socket(AF_UNIX, SOCK_STREAM, 2), EPROTONOSUPPORT);
	EXPECT_ERRNO(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
	EXPECT_ERRNO(socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)8), EFAULT);
}

TEST(unix, "what is no socket: ENOTSOCK; no descriptor: EBADF")
{
	int fd = ASSERT_OK(open("/dev/null", O_RDWR));

	EXPECT_ERRNO(send(fd, "a", 1, 0), ENOTSOCK);
	EXPECT_ERRNO(listen(fd, 1), ENOTSOCK);
	EXPECT_ERRNO(accept(fd, NULL, NULL), ENOTSOCK);
	EXPECT_ERRNO(shutdown(-1, 0), EBADF);
}

TEST(unix, "writev gathers, readv scatters")
{
	char a[2], b[4];
	struct iovec out[2] = { { "ab", 2 }, { "cdef", 4 } }, in[2] = { { a, 2 }, { b, 4 } };

	pair(SOCK_STREAM);
	EXPECT_EQ(writev(s[0], out, 2), 6);
	EXPECT_EQ(readv(s[1], in, 2), 6);
	EXPECT_MEMEQ(b, "cdef", 4);
}

TEST(unix, "a bad buffer: EFAULT")
{
	pair(SOCK_STREAM);
	EXPECT_ERRNO(send(s[0], (void *)8, 4, 0), EFAULT);
	write(s[0], "abc", 3);
	EXPECT_ERRNO(recv(s[1], (void *)8, 4, 0), EFAULT);
}

static int pending_error(int fd)
{
	int error = -1;
	socklen_t size = sizeof(error);

	EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	return error;
}

/* Receive one of the messages that are queued; the second fails by what is asked for. */
static void fail_behind_the_first(int fd, int error)
{
	char text[8];
	struct iovec iov = { text, 2 };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } } };

	if (error == EMSGSIZE)
		m[1].msg_hdr = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1025 };
	else if (error == EFAULT)
		m[1].msg_hdr = (struct msghdr){ .msg_iov = (struct iovec *)8, .msg_iovlen = 1 };
	else
		m[1] = m[0];
	EXPECT_EQ(recvmmsg(fd, m, 2, MSG_DONTWAIT, NULL), 1);
}

TEST(unix, "what fails behind the first message of recvmmsg is told once later, but for EAGAIN")
{
	char text[8];
	struct iovec iov = { text, 8 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET }, s[2];

	for (int i = 0; i < 3; i++) {
		ASSERT_OK(socketpair(AF_UNIX, types[i], 0, s));
		EXPECT_EQ(send(s[0], "ab", 2, 0), 2);
		fail_behind_the_first(s[1], EAGAIN);
		EXPECT_EQ(pending_error(s[1]), 0);
		EXPECT_EQ(send(s[0], "ab", 2, 0), 2);
		EXPECT_EQ(send(s[0], "cd", 2, 0), 2);
		fail_behind_the_first(s[1], EMSGSIZE);
		EXPECT_EQ(poll(&(struct pollfd){ .fd = s[1] }, 1, 0), 1);
		EXPECT_EQ(pending_error(s[1]), EMSGSIZE);
		EXPECT_EQ(pending_error(s[1]), 0);
		EXPECT_EQ(send(s[0], "ef", 2, 0), 2);
		fail_behind_the_first(s[1], EFAULT);
		EXPECT_ERRNO(send(s[1], "x", 1, 0), EFAULT);
		EXPECT_EQ(send(s[1], "x", 1, 0), 1);
		EXPECT_EQ(send(s[0], "gh", 2, 0), 2);
		fail_behind_the_first(s[1], EMSGSIZE);
		EXPECT_ERRNO(recvmmsg(s[1], &m, 1, MSG_DONTWAIT, NULL), EMSGSIZE);
		EXPECT_EQ(send(s[0], "ij", 2, 0), 2);
		fail_behind_the_first(s[1], EMSGSIZE);
		if (types[i] == SOCK_STREAM)
			EXPECT_EQ(recv(s[1], text, 8, MSG_DONTWAIT), 2);
		EXPECT_ERRNO(recv(s[1], text, 8, MSG_DONTWAIT), EMSGSIZE);
		if (types[i] != SOCK_STREAM)
			EXPECT_EQ(recv(s[1], text, 8, MSG_DONTWAIT), 2);
		EXPECT_ERRNO(recv(s[1], text, 8, MSG_DONTWAIT), EAGAIN);
		close(s[0]);
		close(s[1]);
	}
}

TEST(unix, "sendmmsg and recvmmsg move several")
{
	char text[2][4] = { "abc", "de" }, got[3][4];
	struct iovec out[2] = { { text[0], 3 }, { text[1], 2 } }, in[3];
	struct mmsghdr m[3] = { 0 };

	pair(SOCK_DGRAM);
	for (int i = 0; i < 2; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &out[i], .msg_iovlen = 1 };
	EXPECT_EQ(sendmmsg(s[0], m, 2, 0), 2);
	for (int i = 0; i < 3; i++) {
		in[i] = (struct iovec){ got[i], 4 };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &in[i], .msg_iovlen = 1 };
	}
	EXPECT_EQ(recvmmsg(s[1], m, 3, MSG_DONTWAIT, NULL), 2);
	EXPECT_EQ(m[0].msg_len, 3);
	EXPECT_EQ(m[1].msg_len, 2);
}

TEST(unix, "a datagram larger than the buffer: EMSGSIZE")
{
	static char bytes[1 << 20];

	pair(SOCK_DGRAM);
	EXPECT_ERRNO(send(s[0], bytes, sizeof(bytes), 0), EMSGSIZE);
	EXPECT_EQ(send(s[0], bytes, 100000, 0), 100000);
	EXPECT_EQ(recv(s[1], bytes, sizeof(bytes), 0), 100000);
}

TEST(unix, "a datagram peer that is gone: ECONNREFUSED, then ENOTCONN")
{
	pair(SOCK_DGRAM);
	close(s[0]);
	EXPECT_ERRNO(send(s[1], "a", 1, 0), ECONNREFUSED);
	EXPECT_ERRNO(send(s[1], "a", 1, 0), ENOTCONN);
}

TEST(unix, "a read that waits ends by a signal, or starts again")
{
	char c;
	pid_t pid;

	pair(SOCK_STREAM);
	pid = ktap_fork();
	if (!pid) {
		read(s[0], &c, 1);
		_exit(0);
	}
	wait_until_blocked(pid);
	kill(pid, SIGSTOP);
	kill(pid, SIGCONT);
	wait_until_blocked(pid);
	write(s[1], "a", 1);
	EXPECT_EXIT(pid, 0);
}

TEST(unix, "to receive no bytes there must be a message")
{
	char c;

	pair(SOCK_STREAM);
	EXPECT_ERRNO(recv(s[0], &c, 0, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(write(s[1], "a", 1), 1);
	EXPECT_EQ(recv(s[0], &c, 0, MSG_DONTWAIT), 0);
	EXPECT_EQ(recv(s[0], &c, 1, MSG_DONTWAIT), 1);
}

TEST(unix, "a set tells that a datagram socket has room, though it was connected only after it was put in")
{
	struct sockaddr_un name = { AF_UNIX, "" };
	socklen_t len = sizeof(sa_family_t);
	struct epoll_event e = { .events = EPOLLOUT };
	int to = ASSERT_OK(socket(AF_UNIX, SOCK_DGRAM, 0)),
	    filler = ASSERT_OK(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
	int from = ASSERT_OK(socket(AF_UNIX, SOCK_DGRAM, 0)), set = ASSERT_OK(epoll_create1(0));
	char c;

	ASSERT_OK(bind(to, (void *)&name, len));
	len = sizeof(name);
	ASSERT_OK(getsockname(to, (void *)&name, &len));
	ASSERT_OK(epoll_ctl(set, EPOLL_CTL_ADD, from, &e));
	EXPECT_EQ(epoll_wait(set, &e, 1, 0), 1);
	ASSERT_OK(connect(filler, (void *)&name, len));
	while (send(filler, "x", 1, 0) == 1)
		;
	EXPECT_EQ(errno, EAGAIN);
	ASSERT_OK(connect(from, (void *)&name, len));
	EXPECT_EQ(epoll_wait(set, &e, 1, 0), 0);
	EXPECT_EQ(read(to, &c, 1), 1);
	EXPECT_EQ(epoll_wait(set, &e, 1, 0), 1);
	EXPECT_EQ(e.events, EPOLLOUT);
}
