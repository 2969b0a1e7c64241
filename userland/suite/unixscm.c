// SPDX-License-Identifier: BSD-2-Clause
/*
 * Unix sockets: descriptors and credentials that travel in control messages.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "ktap.h"

static int s[2];

static void pair(int type)
{
	ASSERT_OK(socketpair(AF_UNIX, type, 0, s));
}

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

TEST(unixscm, "SCM_RIGHTS hands a descriptor over")
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

TEST(unixscm, "a descriptor with no room for it: MSG_CTRUNC, and it is closed")
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

TEST(unixscm, "two descriptors with room for one: the first arrives, MSG_CTRUNC tells of the other")
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

TEST(unixscm, "MSG_PEEK gives descriptors, and leaves them to be given again")
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

TEST(unixscm, "a descriptor that nobody received is closed with the socket")
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

TEST(unixscm, "a stream read stops behind descriptors")
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

TEST(unixscm, "bad control messages: EBADF, EINVAL")
{
	int s[2], bad = -1;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	EXPECT_ERRNO(send_control(s[0], SCM_RIGHTS, &bad, sizeof(bad)), EBADF);
	EXPECT_ERRNO(send_control(s[0], 77, &bad, sizeof(bad)), EINVAL);
	EXPECT_ERRNO(send_control(s[0], SCM_CREDENTIALS, &bad, sizeof(bad)), EINVAL);
}

TEST(unixscm, "SO_PASSCRED tells who sent")
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

TEST(unixscm, "a user cannot claim to be another: EPERM")
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

TEST(unixscm, "sockets in the queues of sockets, a thousand deep, all close")
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

TEST(unixscm, "a length of control messages at NULL is EFAULT")
{
	struct msghdr h = { .msg_controllen = 32 };	/* the C library would read it */

	pair(SOCK_STREAM);
	EXPECT_ERRNO(syscall(SYS_sendmsg, s[0], &h, 0), EFAULT);
	h.msg_controllen = 8;	/* too short for one, and read all the same */
	EXPECT_ERRNO(syscall(SYS_sendmsg, s[0], &h, 0), EFAULT);
}

TEST(unixscm, "a control message that is malformed: EINVAL, but a record to nobody is ENOTCONN first")
{
	struct cmsghdr bad = { .cmsg_len = 3 };
	struct sockaddr_un name = { AF_UNIX, "" };
	struct msghdr h = { .msg_control = &bad, .msg_controllen = sizeof(bad) };
	int record = ASSERT_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	char c;

	EXPECT_ERRNO(sendmsg(record, &h, MSG_OOB), ENOTCONN);
	EXPECT_ERRNO(sendmsg(ASSERT_OK(socket(AF_UNIX, SOCK_DGRAM, 0)), &h, MSG_OOB), EINVAL);
	EXPECT_ERRNO(sendmsg(ASSERT_OK(socket(AF_UNIX, SOCK_STREAM, 0)), &h, MSG_OOB), EINVAL);
	EXPECT_ERRNO(recv(record, &c, 1, MSG_OOB), ENOTCONN);
	h.msg_control = (void *)8;
	EXPECT_ERRNO(syscall(SYS_sendmsg, record, &h, 0), EFAULT);
	h.msg_name = &name;
	h.msg_iovlen = 1025;
	EXPECT_ERRNO(syscall(SYS_sendmsg, record, &h, 0), EMSGSIZE);
	h.msg_name = (void *)8;
	h.msg_namelen = sizeof(name);
	EXPECT_ERRNO(syscall(SYS_sendmsg, record, &h, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_recvmsg, record, &h, 0), EMSGSIZE);
}

TEST(unixscm, "a record's writer is told ECONNRESET before what is wrong with the record")
{
	struct cmsghdr bad = { .cmsg_len = 3 };
	struct msghdr h = { .msg_control = &bad, .msg_controllen = sizeof(bad) };

	pair(SOCK_SEQPACKET);
	ASSERT_EQ(write(s[0], "a", 1), 1);
	ASSERT_OK(close(s[1]));
	EXPECT_ERRNO(sendmsg(s[0], &h, MSG_NOSIGNAL), ECONNRESET);
	EXPECT_ERRNO(sendmsg(s[0], &h, MSG_NOSIGNAL), EINVAL);
	EXPECT_ERRNO(send(s[0], "a", 1, MSG_NOSIGNAL), EPIPE);
}

TEST(unixscm, "control messages have so many bytes at most: ENOBUFS")
{
	static struct cmsghdr control[1280] = { { .cmsg_level = SOL_SOCKET + 1 } };	/* nobody's: passed over */
	struct msghdr h = { .msg_control = control };	/* the C library would take 1024 bytes */

	pair(SOCK_DGRAM);
	control->cmsg_len = h.msg_controllen = 20479;
	EXPECT_EQ(syscall(SYS_sendmsg, s[0], &h, 0), 0);
	control->cmsg_len = h.msg_controllen = 20480;
	EXPECT_ERRNO(syscall(SYS_sendmsg, s[0], &h, 0), ENOBUFS);
}

/* The length of a socket's own name. */
static socklen_t name_len(int fd)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);

	ASSERT_OK(getsockname(fd, (void *)&name, &len));
	return len;
}

TEST(unixscm, "with SO_PASSCRED who connects or sends has a name from then on")
{
	const socklen_t unnamed = sizeof(sa_family_t), named = unnamed + 6;
	struct sockaddr_un nobody = { AF_UNIX, "\0nobody" };
	int on = 1, kinds[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };

	for (int i = 0; i < 3; i++) {
		int fd = ASSERT_OK(socket(AF_UNIX, kinds[i], 0));

		ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
		EXPECT_ERRNO(connect(fd, (void *)&nobody, unnamed), EINVAL);
		EXPECT_EQ(name_len(fd), unnamed);
		EXPECT_ERRNO(connect(fd, (void *)&nobody, sizeof(nobody)), ECONNREFUSED);
		EXPECT_EQ(name_len(fd), named);
	}
	pair(SOCK_DGRAM);
	EXPECT_EQ(send(s[0], "a", 1, 0), 1);
	EXPECT_EQ(name_len(s[0]), unnamed);
	ASSERT_OK(setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	EXPECT_EQ(send(s[0], "a", 1, 0), 1);
	EXPECT_EQ(name_len(s[0]), named);
}

/* Send one byte with these credentials. */
static long send_as(pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred c = { pid, uid, gid };

	return send_control(s[0], SCM_CREDENTIALS, &c, sizeof(c));
}

TEST(unixscm, "credentials name a process that is there, and a user: root may choose, others may not")
{
	pair(SOCK_STREAM);
	EXPECT_EQ(send_as(getpid(), 0, 0), 1);
	EXPECT_EQ(send_as(1, 1000, 1000), 1);
	EXPECT_ERRNO(send_as(0x3ffffff, 0, 0), ESRCH);
	EXPECT_ERRNO(send_as(getpid(), -1, 0), EINVAL);
	EXPECT_ERRNO(send_as(getpid(), 0, -1), EINVAL);
	become_nobody();
	EXPECT_EQ(send_as(getpid(), getuid(), getgid()), 1);
	EXPECT_ERRNO(send_as(0x3ffffff, getuid(), getgid()), EPERM);
	EXPECT_ERRNO(send_as(getpid(), -1, getgid()), EINVAL);
	EXPECT_ERRNO(send_as(getpid(), 0, getgid()), EPERM);
}
