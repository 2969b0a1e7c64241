// SPDX-License-Identifier: BSD-2-Clause
/*
 * Unix sockets: names, who connects to whom, and the backlog of those who wait.
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "ktap.h"

static struct sockaddr_un addr = { .sun_family = AF_UNIX };
#define LEN(n) ((socklen_t)(offsetof(struct sockaddr_un, sun_path) + (n)))

static int make(int type) { return (int)ASSERT_OK(socket(AF_UNIX, type, 0)); }

/* A listener with the name that `addr` has from now on; the name's length. */
static socklen_t bind_auto(int fd)
{
	socklen_t len = sizeof(addr);

	addr.sun_family = AF_UNIX;
	ASSERT_OK(bind(fd, (void *)&addr, LEN(0)));
	ASSERT_OK(getsockname(fd, (void *)&addr, &len));
	return len;
}

static void in_scratch(void)
{
	ASSERT_OK(chdir(scratch()));
	strcpy(addr.sun_path, "sock");
}

TEST(unixname, "a path: bind, listen, connect, accept")
{
	int l = make(SOCK_STREAM), c = make(SOCK_STREAM), a;
	struct sockaddr_un got;
	socklen_t len = sizeof(got);
	struct stat st;
	char b;

	in_scratch();
	ASSERT_OK(bind(l, (void *)&addr, sizeof(addr)));
	ASSERT_OK(stat("sock", &st));
	EXPECT_TRUE(S_ISSOCK(st.st_mode));
	EXPECT_ERRNO(connect(c, (void *)&addr, sizeof(addr)), ECONNREFUSED);
	ASSERT_OK(listen(l, 1));
	ASSERT_OK(connect(c, (void *)&addr, sizeof(addr)));
	a = ASSERT_OK(accept(l, (void *)&got, &len));
	EXPECT_EQ(len, LEN(0));
	EXPECT_EQ(write(c, "x", 1), 1);
	EXPECT_EQ(read(a, &b, 1), 1);
	len = sizeof(got);
	ASSERT_OK(getpeername(c, (void *)&got, &len));
	EXPECT_EQ(len, LEN(5));
	EXPECT_STREQ(got.sun_path, "sock");
	EXPECT_ERRNO(connect(c, (void *)&addr, sizeof(addr)), EISCONN);
}

TEST(unixname, "a path that is there: EADDRINUSE, also when its socket is gone")
{
	int a = make(SOCK_STREAM), b = make(SOCK_STREAM);

	in_scratch();
	ASSERT_OK(bind(a, (void *)&addr, sizeof(addr)));
	EXPECT_ERRNO(bind(b, (void *)&addr, sizeof(addr)), EADDRINUSE);
	close(a);
	EXPECT_ERRNO(bind(b, (void *)&addr, sizeof(addr)), EADDRINUSE);
	EXPECT_ERRNO(connect(b, (void *)&addr, sizeof(addr)), ECONNREFUSED);
	ASSERT_OK(unlink("sock"));
	EXPECT_ERRNO(connect(b, (void *)&addr, sizeof(addr)), ENOENT);
	EXPECT_OK(bind(b, (void *)&addr, sizeof(addr)));
	strcpy(addr.sun_path, "other");
	EXPECT_ERRNO(bind(b, (void *)&addr, sizeof(addr)), EINVAL);
}

TEST(unixname, "a file that is no socket: ECONNREFUSED; a socket cannot be opened: ENXIO")
{
	int fd = make(SOCK_STREAM);

	in_scratch();
	close(ASSERT_OK(open("sock", O_CREAT | O_RDWR, 0600)));
	EXPECT_ERRNO(connect(fd, (void *)&addr, sizeof(addr)), ECONNREFUSED);
	ASSERT_OK(unlink("sock"));
	ASSERT_OK(bind(fd, (void *)&addr, sizeof(addr)));
	EXPECT_ERRNO(open("sock", O_RDWR), ENXIO);
}

TEST(unixname, "connecting needs write permission")
{
	int l = make(SOCK_STREAM), c = make(SOCK_STREAM);

	in_scratch();
	ASSERT_OK(bind(l, (void *)&addr, sizeof(addr)));
	ASSERT_OK(listen(l, 1));
	ASSERT_OK(chmod("sock", 0444));
	ASSERT_OK(chmod(".", 0755));
	ASSERT_OK(setresuid(1000, 1000, 1000));
	EXPECT_ERRNO(connect(c, (void *)&addr, sizeof(addr)), EACCES);
}

TEST(unixname, "addresses that are none: EINVAL")
{
	int fd = make(SOCK_STREAM);

	in_scratch();
	EXPECT_ERRNO(bind(fd, (void *)&addr, 1), EINVAL);
	EXPECT_ERRNO(bind(fd, (void *)&addr, sizeof(addr) + 1), EINVAL);
	EXPECT_ERRNO(bind(fd, (void *)&addr, (socklen_t)-1), EINVAL);
	EXPECT_ERRNO(bind(fd, (void *)8, sizeof(addr)), EFAULT);
	addr.sun_family = AF_INET;
	EXPECT_ERRNO(bind(fd, (void *)&addr, sizeof(addr)), EINVAL);
}

TEST(unixname, "an abstract name goes with its socket")
{
	int a = make(SOCK_STREAM), b = make(SOCK_STREAM);
	socklen_t len = bind_auto(a);

	EXPECT_EQ(len, LEN(6));
	EXPECT_EQ(addr.sun_path[0], 0);
	EXPECT_ERRNO(bind(b, (void *)&addr, len), EADDRINUSE);
	EXPECT_ERRNO(connect(b, (void *)&addr, len), ECONNREFUSED);
	close(a);
	EXPECT_OK(bind(b, (void *)&addr, len));
}

TEST(unixname, "a datagram's bytes are read before its receiver is looked for")
{
	int a = make(SOCK_DGRAM), b = make(SOCK_DGRAM);
	socklen_t len = bind_auto(a);
	void *bad = (void *)8;	/* nothing is mapped there */

	close(a);
	EXPECT_ERRNO(sendto(b, "x", 1, 0, (void *)&addr, len), ECONNREFUSED);
	EXPECT_ERRNO(sendto(b, bad, 1, 0, (void *)&addr, len), EFAULT);
	EXPECT_ERRNO(sendto(b, bad, 1, 0, (void *)&addr, 1), EINVAL);
	EXPECT_ERRNO(send(b, bad, 1, 0), ENOTCONN);
}

TEST(unixname, "kinds must agree: EPROTOTYPE; each has abstract names of its own")
{
	socklen_t len = bind_auto(make(SOCK_DGRAM));

	EXPECT_ERRNO(connect(make(SOCK_STREAM), (void *)&addr, len), ECONNREFUSED);
	in_scratch();
	ASSERT_OK(bind(make(SOCK_DGRAM), (void *)&addr, sizeof(addr)));
	EXPECT_ERRNO(connect(make(SOCK_STREAM), (void *)&addr, sizeof(addr)), EPROTOTYPE);
}

TEST(unixname, "listen: a name first, and not a datagram socket")
{
	EXPECT_ERRNO(listen(make(SOCK_STREAM), 1), EINVAL);
	EXPECT_ERRNO(listen(make(SOCK_DGRAM), 1), EOPNOTSUPP);
	EXPECT_ERRNO(accept(make(SOCK_STREAM), NULL, NULL), EINVAL);
	EXPECT_ERRNO(accept(make(SOCK_DGRAM), NULL, NULL), EOPNOTSUPP);
}

TEST(unixname, "what is not connected: ENOTCONN, EINVAL")
{
	int fd = make(SOCK_STREAM);
	socklen_t len = sizeof(addr);
	char c;

	EXPECT_ERRNO(send(fd, "a", 1, 0), ENOTCONN);
	EXPECT_ERRNO(recv(fd, &c, 1, 0), EINVAL);
	EXPECT_ERRNO(getpeername(fd, (void *)&addr, &len), ENOTCONN);
	EXPECT_ERRNO(send(make(SOCK_DGRAM), "a", 1, 0), ENOTCONN);
	EXPECT_ERRNO(recv(make(SOCK_SEQPACKET), &c, 1, 0), ENOTCONN);
}

TEST(unixname, "a full backlog: EAGAIN without waiting, and room after accept")
{
	int l = make(SOCK_STREAM), a = make(SOCK_STREAM), b = make(SOCK_STREAM | SOCK_NONBLOCK);
	socklen_t len = bind_auto(l);

	ASSERT_OK(listen(l, 0));
	ASSERT_OK(connect(a, (void *)&addr, len));
	EXPECT_ERRNO(connect(b, (void *)&addr, len), EAGAIN);
	ASSERT_OK(accept(l, NULL, NULL));
	EXPECT_OK(connect(b, (void *)&addr, len));
}

TEST(unixname, "accept waits for one who connects; accept4 sets flags")
{
	int l = make(SOCK_STREAM), fd;
	socklen_t len = bind_auto(l);
	pid_t pid;

	ASSERT_OK(listen(l, 1));
	pid = ktap_fork();
	if (!pid) {
		fd = ASSERT_OK(accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
		EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
		EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
		_exit(0);
	}
	wait_until_blocked(pid);
	ASSERT_OK(connect(make(SOCK_STREAM), (void *)&addr, len));
	EXPECT_EXIT(pid, 0);
	EXPECT_ERRNO(syscall(SYS_accept4, l, NULL, NULL, 1), EINVAL);
}

TEST(unixname, "a listener that closes resets who was not accepted")
{
	int l = make(SOCK_STREAM), c = make(SOCK_STREAM);
	socklen_t len = bind_auto(l);
	char b;

	ASSERT_OK(listen(l, 1));
	ASSERT_OK(connect(c, (void *)&addr, len));
	close(l);
	EXPECT_ERRNO(read(c, &b, 1), ECONNRESET);
	EXPECT_EQ(read(c, &b, 1), 0);
}

TEST(unixname, "poll tells a listener of a connection")
{
	int l = make(SOCK_STREAM);
	struct pollfd p = { l, POLLIN | POLLOUT, 0 };
	socklen_t len = bind_auto(l);

	ASSERT_OK(listen(l, 1));
	EXPECT_EQ(poll(&p, 1, 0), 0);
	ASSERT_OK(connect(make(SOCK_STREAM), (void *)&addr, len));
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN);
}

TEST(unixname, "sendto names the receiver, recvfrom the sender")
{
	int a = make(SOCK_DGRAM), b = make(SOCK_DGRAM);
	struct sockaddr_un from;
	socklen_t blen, len = sizeof(from);
	char c;

	bind_auto(a);
	memcpy(&from, &addr, sizeof(addr));
	blen = bind_auto(b);
	EXPECT_EQ(sendto(a, "x", 1, 0, (void *)&addr, blen), 1);
	EXPECT_EQ(recvfrom(b, &c, 1, 0, (void *)&addr, &len), 1);
	EXPECT_EQ(len, LEN(6));
	EXPECT_MEMEQ(addr.sun_path, from.sun_path, 6);
}

TEST(unixname, "a datagram receiver's backlog: EAGAIN, room once it reads")
{
	int a = make(SOCK_DGRAM | SOCK_NONBLOCK), b = make(SOCK_DGRAM);
	struct pollfd p = { a, POLLOUT, 0 };
	socklen_t len = bind_auto(b);
	int n = 0;
	char c;

	ASSERT_OK(connect(a, (void *)&addr, len));
	while (n < 1000 && send(a, "x", 1, 0) == 1)
		n++;
	EXPECT_EQ(n, 11);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	EXPECT_EQ(recv(b, &c, 1, 0), 1);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(send(a, "x", 1, 0), 1);
}

TEST(unixname, "who waits for a place in a datagram receiver's backlog is woken when one is read")
{
	int a = make(SOCK_DGRAM), b = make(SOCK_DGRAM);
	socklen_t len = bind_auto(b);
	pid_t pid;
	char c;

	ASSERT_OK(connect(a, (void *)&addr, len));
	for (int i = 0; i < 11; i++)
		EXPECT_EQ(send(a, "x", 1, 0), 1);
	pid = ktap_fork();
	if (pid == 0)
		_exit(send(a, "y", 1, 0) == 1 ? 9 : 1);
	wait_until_blocked(pid);
	EXPECT_EQ(recv(b, &c, 1, 0), 1);
	EXPECT_EXIT(pid, 9);
}

TEST(unixname, "who polls for a place in it is woken too")
{
	int a = make(SOCK_DGRAM), b = make(SOCK_DGRAM);
	socklen_t len = bind_auto(b);
	pid_t pid;
	char c;

	ASSERT_OK(connect(a, (void *)&addr, len));
	for (int i = 0; i < 11; i++)
		EXPECT_EQ(send(a, "x", 1, 0), 1);
	pid = ktap_fork();
	if (pid == 0) {
		struct pollfd p = { a, POLLOUT, 0 };

		_exit(poll(&p, 1, -1) == 1 ? 9 : 1);
	}
	wait_until_blocked(pid);
	EXPECT_EQ(recv(b, &c, 1, 0), 1);
	EXPECT_EXIT(pid, 9);
}

TEST(unixname, "a datagram socket disconnects by AF_UNSPEC")
{
	int a = make(SOCK_DGRAM), b = make(SOCK_DGRAM);
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	socklen_t len = bind_auto(b);

	ASSERT_OK(connect(a, (void *)&addr, len));
	EXPECT_EQ(send(a, "x", 1, 0), 1);
	ASSERT_OK(connect(a, &none, sizeof(none)));
	EXPECT_ERRNO(send(a, "x", 1, 0), ENOTCONN);
}

TEST(unixname, "sending to a socket connected to another: EPERM")
{
	int s[2], a = make(SOCK_DGRAM);
	socklen_t len;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	len = bind_auto(s[0]);
	EXPECT_ERRNO(sendto(a, "x", 1, 0, (void *)&addr, len), EPERM);
	EXPECT_ERRNO(connect(a, (void *)&addr, len), EPERM);
}

TEST(unixname, "a socket that has a name is told that another one is taken before that it has one")
{
	struct sockaddr_un taken = { AF_UNIX, "taken" }, free = { AF_UNIX, "free" };
	int fd;

	scratch();
	fd = ASSERT_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	ASSERT_OK(bind(fd, (void *)&taken, sizeof(taken)));
	EXPECT_ERRNO(bind(fd, (void *)&taken, sizeof(taken)), EADDRINUSE);
	EXPECT_ERRNO(bind(fd, (void *)&free, sizeof(free)), EINVAL);
	EXPECT_ERRNO(access("free", F_OK), ENOENT);
}
