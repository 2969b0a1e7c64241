// SPDX-License-Identifier: BSD-2-Clause
/*
 * Unix sockets' options: what is kept and told, bounds, limits of time, and what a user may not set.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include "ktap.h"

static int make(int type) { return (int)ASSERT_OK(socket(AF_UNIX, type, 0)); }

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ASSERT_OK(getsockopt(fd, SOL_SOCKET, name, &value, &len));
	EXPECT_EQ(len, sizeof(value));
	return value;
}

TEST(unixopt, "options that tell what a socket is")
{
	int fd = make(SOCK_SEQPACKET);

	EXPECT_EQ(option(fd, SO_TYPE), SOCK_SEQPACKET);
	EXPECT_EQ(option(fd, SO_DOMAIN), AF_UNIX);
	EXPECT_EQ(option(fd, SO_PROTOCOL), 0);
	EXPECT_EQ(option(fd, SO_ERROR), 0);
	EXPECT_EQ(option(fd, SO_ACCEPTCONN), 0);
	ASSERT_OK(bind(fd, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t)));
	ASSERT_OK(listen(fd, 1));
	EXPECT_EQ(option(fd, SO_ACCEPTCONN), 1);
}

TEST(unixopt, "buffer sizes are doubled, and bounded")
{
	int fd = make(SOCK_STREAM), n = 10000;

	EXPECT_EQ(option(fd, SO_SNDBUF), 212992);
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n)));
	EXPECT_EQ(option(fd, SO_SNDBUF), 20000);
	n = 1;
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n)));
	EXPECT_EQ(option(fd, SO_SNDBUF), 4608);
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n)));
	EXPECT_EQ(option(fd, SO_RCVBUF), 2304);
	EXPECT_ERRNO(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, 3), EINVAL);
	EXPECT_ERRNO(setsockopt(fd, SOL_SOCKET, 9999, &n, sizeof(n)), ENOPROTOOPT);
}

TEST(unixopt, "SO_RCVTIMEO ends a wait with EAGAIN")
{
	struct timeval tv = { 0, 20000 };
	int s[2];
	char c;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_OK(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	EXPECT_ERRNO(read(s[0], &c, 1), EAGAIN);
	tv.tv_usec = 1000000;
	EXPECT_ERRNO(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), EDOM);
}

TEST(unixopt, "SO_SNDTIMEO ends a wait for room with EAGAIN")
{
	struct timeval tv = { .tv_usec = 20000 };
	static char bytes[65536];
	int s[2];

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_OK(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	while (write(s[0], bytes, sizeof(bytes)) > 0)
		;
	EXPECT_ERRNO(write(s[0], bytes, sizeof(bytes)), EAGAIN);
}

TEST(unixopt, "SO_PEERCRED is who made the pair")
{
	struct ucred c;
	socklen_t len = sizeof(c);
	int s[2];

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_OK(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &c, &len));
	EXPECT_EQ(c.pid, getpid());
	EXPECT_EQ(c.uid, geteuid());
}

TEST(unixopt, "options that are on or off are kept, and told")
{
	static const int switches[] = { SO_REUSEADDR, SO_DONTROUTE, SO_BROADCAST, SO_KEEPALIVE, SO_OOBINLINE,
		SO_NO_CHECK, SO_RXQ_OVFL };
	int s = ASSERT_OK(socket(AF_UNIX, SOCK_STREAM, 0)), value;
	socklen_t len = sizeof(value);

	for (unsigned i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
		EXPECT_EQ(getsockopt(s, SOL_SOCKET, switches[i], &value, &len), 0);
		EXPECT_EQ(value, 0);
		value = 5;
		EXPECT_EQ(setsockopt(s, SOL_SOCKET, switches[i], &value, sizeof(value)), 0);
		EXPECT_EQ(getsockopt(s, SOL_SOCKET, switches[i], &value, &len), 0);
		EXPECT_EQ(value, 1);
		EXPECT_ERRNO(setsockopt(s, SOL_SOCKET, switches[i], &value, 3), EINVAL);
	}
	EXPECT_ERRNO(setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &value, sizeof(value)), EOPNOTSUPP);
	close(s);
}

TEST(unixopt, "SO_LINGER, SO_PRIORITY and SO_MARK; what a user may not set is EPERM or EACCES")
{
	int s = ASSERT_OK(socket(AF_UNIX, SOCK_STREAM, 0)), value = 6;
	struct linger linger = { 1, 5 };
	socklen_t len = sizeof(linger);
	pid_t pid;

	EXPECT_ERRNO(setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
	EXPECT_EQ(setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	linger.l_onoff = 0;
	EXPECT_EQ(getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &len), 0);
	EXPECT_EQ(linger.l_onoff, 1);
	EXPECT_EQ(linger.l_linger, 5);
	pid = ktap_fork();
	if (!pid) {
		become_nobody();
		EXPECT_EQ(setsockopt(s, SOL_SOCKET, SO_PRIORITY, &value, sizeof(value)), 0);
		value = 7;
		EXPECT_ERRNO(setsockopt(s, SOL_SOCKET, SO_PRIORITY, &value, sizeof(value)), EPERM);
		EXPECT_ERRNO(setsockopt(s, SOL_SOCKET, SO_MARK, &value, sizeof(value)), EPERM);
		EXPECT_ERRNO(setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &value, sizeof(value)), EPERM);
		EXPECT_ERRNO(setsockopt(s, SOL_SOCKET, SO_DEBUG, &value, sizeof(value)), EACCES);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	len = sizeof(value);
	EXPECT_EQ(getsockopt(s, SOL_SOCKET, SO_PRIORITY, &value, &len), 0);
	EXPECT_EQ(value, 6);
	close(s);
}

TEST(unixopt, "SO_RCVLOWAT: a read waits for so many bytes, or the end")
{
	struct gate ready = gate_new();
	int s[2], low = 3;
	char buf[8];
	pid_t pid;

	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ASSERT_EQ(setsockopt(s[0], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)), 0);
	pid = ktap_fork();
	if (!pid) {
		close(s[1]);
		gate_open(&ready);
		EXPECT_EQ(read(s[0], buf, sizeof(buf)), 3);
		EXPECT_EQ(read(s[0], buf, sizeof(buf)), 1);
		_exit(0);
	}
	gate_wait(&ready);
	write(s[1], "a", 1);
	wait_until_blocked(pid);
	write(s[1], "bc", 2);
	wait_until_blocked(pid);
	write(s[1], "d", 1);
	close(s[1]);
	EXPECT_EXIT(pid, 0);
	close(s[0]);
}
