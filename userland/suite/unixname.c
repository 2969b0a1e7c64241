// SPDX-License-Identifier: BSD-2-Clause
/*
 * Unix sockets: names, connections, options, and descriptors and credentials that travel.
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
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

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ASSERT_OK(getsockopt(fd, SOL_SOCKET, name, &value, &len));
	EXPECT_EQ(len, sizeof(value));
	return value;
}

TEST(unixname, "options that tell what a socket is")
{
	int fd = make(SOCK_SEQPACKET);

	EXPECT_EQ(option(fd, SO_TYPE), SOCK_SEQPACKET);
	EXPECT_EQ(option(fd, SO_DOMAIN), AF_UNIX);
	EXPECT_EQ(option(fd, SO_PROTOCOL), 0);
	EXPECT_EQ(option(fd, SO_ERROR), 0);
	EXPECT_EQ(option(fd, SO_ACCEPTCONN), 0);
	bind_auto(fd);
	ASSERT_OK(listen(fd, 1));
	EXPECT_EQ(option(fd, SO_ACCEPTCONN), 1);
}

TEST(unixname, "buffer sizes are doubled, and bounded")
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

TEST(unixname, "SO_RCVTIMEO ends a wait with EAGAIN")
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

TEST(unixname, "SO_SNDTIMEO ends a wait for room with EAGAIN")
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

TEST(unixname, "SO_PEERCRED is who made the pair")
{
	struct ucred c;
	socklen_t len = sizeof(c);
	int s[2];

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_OK(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &c, &len));
	EXPECT_EQ(c.pid, getpid());
	EXPECT_EQ(c.uid, geteuid());
}

/* ---- control messages ---- */

union control { struct cmsghdr hdr; char bytes[128]; };

static long send_control(int fd, int type, const void *data, size_t len)
{
	union control u = { .hdr = { .cmsg_len = CMSG_LEN(len), .cmsg_level = SOL_SOCKET, .cmsg_type = type } };
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = CMSG_SPACE(len) };

	memcpy(CMSG_DATA(&u.hdr), data, len);
	return sendmsg(fd, &m, 0);
}

/* Bytes; what came with them is in *u, its flags in *flags. */
static long recv_control(int fd, union control *u, size_t room, int *flags)
{
	char c[8];
	struct iovec iov = { c, 8 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u, .msg_controllen = room };
	long n = recvmsg(fd, &m, *flags);

	*flags = m.msg_flags;
	if (n >= 0 && !m.msg_controllen)
		memset(u, 0, sizeof(*u));
	return n;
}

TEST(unixname, "SCM_RIGHTS hands a descriptor over")
{
	int s[2], p[2], fd, flags = MSG_CMSG_CLOEXEC;
	union control u = { 0 };
	char c;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_OK(pipe(p));
	ASSERT_EQ(send_control(s[0], SCM_RIGHTS, &p[1], sizeof(int)), 1);
	close(p[1]);
	ASSERT_EQ(recv_control(s[1], &u, sizeof(u), &flags), 1);
	ASSERT_EQ(u.hdr.cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&u.hdr), sizeof(fd));
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(write(fd, "y", 1), 1);
	EXPECT_EQ(read(p[0], &c, 1), 1);
}

TEST(unixname, "a descriptor with no room for it: MSG_CTRUNC, and it is closed")
{
	int s[2], p[2], flags = 0;
	union control u;
	char c;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_OK(pipe(p));
	ASSERT_EQ(send_control(s[0], SCM_RIGHTS, &p[1], sizeof(int)), 1);
	close(p[1]);
	ASSERT_EQ(recv_control(s[1], &u, 0, &flags), 1);
	EXPECT_EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
	EXPECT_EQ(read(p[0], &c, 1), 0);
}

TEST(unixname, "two descriptors with room for one: the first arrives, MSG_CTRUNC tells of the other")
{
	int s[2], p[2], flags = 0;
	union control u = { 0 };
	char c;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_OK(pipe(p));
	ASSERT_EQ(send_control(s[0], SCM_RIGHTS, p, sizeof(p)), 1);
	close(p[1]);
	ASSERT_EQ(recv_control(s[1], &u, CMSG_LEN(sizeof(int)), &flags), 1);
	EXPECT_EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
	EXPECT_EQ(u.hdr.cmsg_len, CMSG_LEN(sizeof(int)));
	EXPECT_EQ(read(p[0], &c, 1), 0);
}

TEST(unixname, "MSG_PEEK gives descriptors, and leaves them to be given again")
{
	int s[2], p[2], fd, flags;
	union control u = { 0 };

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_OK(pipe(p));
	ASSERT_EQ(send_control(s[0], SCM_RIGHTS, &p[1], sizeof(int)), 1);
	for (int i = 0; i < 3; i++) {
		flags = i < 2 ? MSG_PEEK : 0;
		ASSERT_EQ(recv_control(s[1], &u, sizeof(u), &flags), 1);
		ASSERT_EQ(u.hdr.cmsg_type, SCM_RIGHTS);
		memcpy(&fd, CMSG_DATA(&u.hdr), sizeof(fd));
		EXPECT_EQ(write(fd, "y", 1), 1);
		memset(&u, 0, sizeof(u));
	}
	EXPECT_ERRNO(recv(s[1], &u, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(unixname, "a descriptor that nobody received is closed with the socket")
{
	int s[2], p[2];
	char c;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	ASSERT_OK(pipe(p));
	ASSERT_EQ(send_control(s[0], SCM_RIGHTS, &p[1], sizeof(int)), 1);
	close(p[1]);
	close(s[0]);
	close(s[1]);
	EXPECT_EQ(read(p[0], &c, 1), 0);
}

TEST(unixname, "a stream read stops behind descriptors")
{
	int s[2], flags = 0;
	union control u;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	write(s[0], "ab", 2);
	ASSERT_EQ(send_control(s[0], SCM_RIGHTS, &s[0], sizeof(int)), 1);
	write(s[0], "cd", 2);
	EXPECT_EQ(recv_control(s[1], &u, sizeof(u), &flags), 3);
	EXPECT_EQ(u.hdr.cmsg_type, SCM_RIGHTS);
	flags = 0;
	EXPECT_EQ(recv_control(s[1], &u, sizeof(u), &flags), 2);
}

TEST(unixname, "bad control messages: EBADF, EINVAL")
{
	int s[2], bad = -1;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	EXPECT_ERRNO(send_control(s[0], SCM_RIGHTS, &bad, sizeof(bad)), EBADF);
	EXPECT_ERRNO(send_control(s[0], 77, &bad, sizeof(bad)), EINVAL);
	EXPECT_ERRNO(send_control(s[0], SCM_CREDENTIALS, &bad, sizeof(bad)), EINVAL);
}

TEST(unixname, "SO_PASSCRED tells who sent")
{
	int s[2], on = 1, flags = 0;
	union control u;
	struct ucred c;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	ASSERT_OK(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	EXPECT_EQ(write(s[0], "a", 1), 1);
	ASSERT_EQ(recv_control(s[1], &u, sizeof(u), &flags), 1);
	ASSERT_EQ(u.hdr.cmsg_type, SCM_CREDENTIALS);
	memcpy(&c, CMSG_DATA(&u.hdr), sizeof(c));
	EXPECT_EQ(c.pid, getpid());
	EXPECT_EQ(c.uid, geteuid());
}

TEST(unixname, "a user cannot claim to be another: EPERM")
{
	int s[2];
	struct ucred c = { 1, 0, 0 };

	ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	ASSERT_OK(setresgid(1000, 1000, 1000));
	ASSERT_OK(setresuid(1000, 1000, 1000));
	EXPECT_ERRNO(send_control(s[0], SCM_CREDENTIALS, &c, sizeof(c)), EPERM);
	c = (struct ucred){ getpid(), 1000, 1000 };
	EXPECT_EQ(send_control(s[0], SCM_CREDENTIALS, &c, sizeof(c)), 1);
}

TEST(unixname, "sockets in the queues of sockets, a thousand deep, all close")
{
	int s[2], next[2], p[2];
	char c;

	ASSERT_OK(pipe(p));
	ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	ASSERT_EQ(send_control(s[0], SCM_RIGHTS, &p[1], sizeof(int)), 1);
	close(p[1]);
	for (int i = 0; i < 1000; i++) {
		ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, next));
		ASSERT_EQ(send_control(next[0], SCM_RIGHTS, &s[1], sizeof(int)), 1);
		close(s[0]);
		close(s[1]);
		memcpy(s, next, sizeof(s));
	}
	close(s[0]);
	close(s[1]);
	EXPECT_EQ(read(p[0], &c, 1), 0);
}

TEST(unixname, "options that are on or off are kept, and told")
{
	static const int switches[] = { SO_REUSEADDR, SO_DONTROUTE, SO_BROADCAST, SO_KEEPALIVE, SO_OOBINLINE, SO_NO_CHECK,
					SO_RXQ_OVFL };
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

TEST(unixname, "SO_LINGER, SO_PRIORITY and SO_MARK; what a user may not set is EPERM or EACCES")
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

TEST(unixname, "SO_RCVLOWAT: a read waits for so many bytes, or the end")
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
