// SPDX-License-Identifier: BSD-2-Clause
/*
 * Unix sockets: MSG_OOB, the byte that is read apart, and the mark that it leaves in the stream.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "ktap.h"

static int s[2];

static void pair(void)
{
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
}

TEST(unixoob, "MSG_OOB: the last byte is read apart, once, and its place is a mark where reads stop")
{
	struct pollfd p = { .events = POLLIN | POLLPRI };
	char buf[16] = { 0 };
	int mark;

	pair();
	p.fd = s[1];
	EXPECT_EQ(send(s[0], "abc", 3, MSG_OOB), 3);
	EXPECT_EQ(send(s[0], "def", 3, 0), 3);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN | POLLPRI);
	EXPECT_EQ(ioctl(s[1], SIOCATMARK, &mark), 0);
	EXPECT_EQ(mark, 0);
	EXPECT_EQ(recv(s[1], buf, sizeof(buf), 0), 2);
	EXPECT_EQ(ioctl(s[1], SIOCATMARK, &mark), 0);
	EXPECT_EQ(mark, 1);
	EXPECT_EQ(recv(s[1], buf, 1, MSG_OOB | MSG_PEEK), 1);
	EXPECT_EQ(buf[0], 'c');
	EXPECT_EQ(recv(s[1], buf, 1, MSG_OOB), 1);
	EXPECT_EQ(buf[0], 'c');
	EXPECT_ERRNO(recv(s[1], buf, 1, MSG_OOB), EINVAL);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN);
	EXPECT_EQ(recv(s[1], buf, sizeof(buf), 0), 3);
	EXPECT_MEMEQ(buf, "def", 3);
	EXPECT_ERRNO(send(s[0], "", 0, MSG_OOB), EOPNOTSUPP);
}

TEST(unixoob, "MSG_OOB wakes who polls for urgent bytes alone")
{
	pid_t pid;

	pair();
	pid = ktap_fork();
	if (pid == 0) {
		struct pollfd p = { s[1], POLLPRI, 0 };

		_exit(poll(&p, 1, -1) == 1 && p.revents == POLLPRI ? 9 : 1);
	}
	wait_until_blocked(pid);
	EXPECT_EQ(send(s[0], "a", 1, MSG_OOB), 1);
	EXPECT_EXIT(pid, 9);
}

TEST(unixoob, "MSG_OOB: an ordinary read drops the byte at the mark, and a second makes the first an ordinary one")
{
	char buf[16];

	pair();
	send(s[0], "a", 1, MSG_OOB);
	EXPECT_ERRNO(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	send(s[0], "abc", 3, MSG_OOB);
	send(s[0], "def", 3, MSG_OOB);
	EXPECT_EQ(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT), 5);
	EXPECT_MEMEQ(buf, "abcde", 5);
	EXPECT_EQ(recv(s[1], buf, 1, MSG_OOB), 1);
	EXPECT_EQ(buf[0], 'f');
	EXPECT_ERRNO(recv(s[1], buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	close(s[0]);
	EXPECT_EQ(recv(s[1], buf, sizeof(buf), 0), 0);
	close(s[1]);
}

TEST(unixoob, "MSG_OOB with SO_OOBINLINE: a byte like others, before which a read stops")
{
	int on = 1;
	char buf[16];

	pair();
	ASSERT_EQ(setsockopt(s[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)), 0);
	send(s[0], "abc", 3, MSG_OOB);
	send(s[0], "def", 3, 0);
	EXPECT_ERRNO(recv(s[1], buf, 1, MSG_OOB), EINVAL);
	EXPECT_EQ(recv(s[1], buf, sizeof(buf), MSG_PEEK), 2);
	EXPECT_EQ(recv(s[1], buf, sizeof(buf), 0), 2);
	EXPECT_EQ(recv(s[1], buf, sizeof(buf), 0), 4);
	EXPECT_MEMEQ(buf, "cdef", 4);
}
