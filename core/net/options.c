// SPDX-License-Identifier: BSD-2-Clause
/*
 * Options of sockets. Those that are not here are refused. Source: socket(7), unix(7).
 */
#include "socket.h"
#include <generated/syscalls.h>

#define BUFFER_MAX 212992	/* net.core.wmem_max, rmem_max */
#define SNDBUF_MIN 4608u
#define RCVBUF_MIN 2304u

/* Linux counts its own overhead as much as the bytes. */
static u32 buffer_size(int value, u32 least)
{
	return max(2 * (u32)min((unsigned)value, (unsigned)BUFFER_MAX), least);
}

static int set_timeout(u64 *to, uaddr_t from, int len)
{
	struct timeval tv;

	if (len < (int)sizeof(tv))
		return -EINVAL;
	if (copy_struct_in(&tv, from))
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if (tv.tv_sec < 0)
		WRITE_ONCE(*to, 0);
	else if ((!tv.tv_sec && !tv.tv_usec) || tv.tv_sec > 1LL << 33)
		WRITE_ONCE(*to, TIME_MAX);
	else
		WRITE_ONCE(*to, (u64)tv.tv_sec * NSEC_PER_SEC + (u64)tv.tv_usec * 1000);
	return 0;
}

static int set_option(struct socket *s, int optname, uaddr_t optval, int optlen)
{
	int value;

	if (optlen < (int)sizeof(value))
		return -EINVAL;
	if (get_user(&value, optval))
		return -EFAULT;
	switch (optname) {
	case SO_REUSEADDR:
		WRITE_ONCE(s->reuseaddr, value != 0);
		return 0;
	case SO_PASSCRED:
		WRITE_ONCE(s->passcred, value != 0);
		return 0;
	case SO_SNDBUF:
		WRITE_ONCE(s->sndbuf, buffer_size(value, SNDBUF_MIN));
		return 0;
	case SO_RCVBUF:
		WRITE_ONCE(s->rcvbuf, buffer_size(value, RCVBUF_MIN));
		return 0;
	case SO_RCVTIMEO:
		return set_timeout(&s->rcvtimeo, optval, optlen);
	case SO_SNDTIMEO:
		return set_timeout(&s->sndtimeo, optval, optlen);
	default:
		return -ENOPROTOOPT;
	}
}

long sys_setsockopt(unsigned fd, int level, int optname, uaddr_t optval, int optlen)
{
	struct fd f;
	int err;
	struct socket *s;

	if (optlen < 0)
		return -EINVAL;
	s = socket_get(fd, &f, &err);
	if (!s)
		return err;
	err = level == SOL_SOCKET ? set_option(s, optname, optval, optlen) : -EOPNOTSUPP;
	fd_put(f);
	return err;
}

static int put_option(const void *value, int size, uaddr_t to, uaddr_t optlen)
{
	int len;

	if (get_user(&len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min(len, size);
	if (len && copy_to_user(to, value, (size_t)len))
		return -EFAULT;
	return put_user(len, int, optlen);
}

static int put_timeout(u64 timeout, uaddr_t to, uaddr_t optlen)
{
	struct timeval tv = { 0 };

	if (timeout != TIME_MAX) {
		tv.tv_sec = (s64)(timeout / NSEC_PER_SEC);
		tv.tv_usec = (s64)(timeout % NSEC_PER_SEC / 1000);
	}
	return put_option(&tv, sizeof(tv), to, optlen);
}

/* The options that are one int; -ENOPROTOOPT for none. Values are not negative. */
static int int_option(struct socket *s, int optname)
{
	switch (optname) {
	case SO_TYPE:		return s->type;
	case SO_DOMAIN:		return AF_UNIX;
	case SO_PROTOCOL:	return 0;
	case SO_ERROR:		return s->ops->take_error(s);
	case SO_ACCEPTCONN:	return s->ops->listening(s);
	case SO_REUSEADDR:	return READ_ONCE(s->reuseaddr);
	case SO_PASSCRED:	return READ_ONCE(s->passcred);
	case SO_SNDBUF:		return (int)READ_ONCE(s->sndbuf);
	case SO_RCVBUF:		return (int)READ_ONCE(s->rcvbuf);
	default:		return -ENOPROTOOPT;
	}
}

static int get_option(struct socket *s, int optname, uaddr_t optval, uaddr_t optlen)
{
	struct ucred cred;
	int value;

	switch (optname) {
	case SO_PEERCRED:
		cred = s->ops->peercred(s);
		return put_option(&cred, sizeof(cred), optval, optlen);
	case SO_RCVTIMEO:
		return put_timeout(READ_ONCE(s->rcvtimeo), optval, optlen);
	case SO_SNDTIMEO:
		return put_timeout(READ_ONCE(s->sndtimeo), optval, optlen);
	}
	value = int_option(s, optname);
	return value < 0 ? value : put_option(&value, sizeof(value), optval, optlen);
}

long sys_getsockopt(unsigned fd, int level, int optname, uaddr_t optval, uaddr_t optlen)
{
	struct fd f;
	int err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!s)
		return err;
	err = level == SOL_SOCKET ? get_option(s, optname, optval, optlen) : -EOPNOTSUPP;
	fd_put(f);
	return err;
}
