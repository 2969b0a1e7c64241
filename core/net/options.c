// SPDX-License-Identifier: BSD-2-Clause
/*
 * Options of sockets. Those that are not here are refused. Source: socket(7), unix(7).
 *
 * Most switches mean nothing to a unix socket, on Linux as here: they are kept and told.
 */
#include "socket.h"
#include <generated/syscalls.h>
#include <uapi/capability.h>

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

#define SWITCH(optname) (1ULL << (optname))

/* The options that are on or off and nothing else. */
static bool is_switch(int optname)
{
	const u64 switches = SWITCH(SO_DEBUG) | SWITCH(SO_REUSEADDR) | SWITCH(SO_DONTROUTE) | SWITCH(SO_BROADCAST) |
			     SWITCH(SO_KEEPALIVE) | SWITCH(SO_OOBINLINE) | SWITCH(SO_NO_CHECK) |
			     SWITCH(SO_REUSEPORT) | SWITCH(SO_PASSSEC) | SWITCH(SO_RXQ_OVFL);

	return optname > 0 && optname < 64 && (switches & SWITCH(optname));
}

static int set_switch(struct socket *s, int optname, bool on)
{
	if (optname == SO_DEBUG && on && !capable(CAP_NET_ADMIN))
		return -EACCES;
	if (optname == SO_REUSEPORT && on)
		return -EOPNOTSUPP;
	if (on)
		__atomic_fetch_or(&s->switches, SWITCH(optname), __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&s->switches, ~SWITCH(optname), __ATOMIC_RELAXED);
	return 0;
}

static int set_linger(struct socket *s, uaddr_t from, int len)
{
	struct { s32 on, seconds; } linger;

	if (len < (int)sizeof(linger))
		return -EINVAL;
	if (copy_struct_in(&linger, from))
		return -EFAULT;
	WRITE_ONCE(s->linger.on, linger.on != 0);
	if (linger.on)
		WRITE_ONCE(s->linger.seconds, (u32)linger.seconds);
	return 0;
}

static bool may_mark(void)
{
	return capable(CAP_NET_RAW) || capable(CAP_NET_ADMIN);
}

static int set_option(struct socket *s, int optname, uaddr_t optval, int optlen)
{
	int value;

	if (optlen < (int)sizeof(value))
		return -EINVAL;
	if (get_user(&value, optval))
		return -EFAULT;
	if (is_switch(optname))
		return set_switch(s, optname, value);
	switch (optname) {
	case SO_PRIORITY:
		if ((value < 0 || value > 6) && !may_mark())
			return -EPERM;
		WRITE_ONCE(s->priority, (u32)value);
		return 0;
	case SO_MARK:
		if (!may_mark())
			return -EPERM;
		WRITE_ONCE(s->mark, (u32)value);
		return 0;
	case SO_RCVLOWAT:
		WRITE_ONCE(s->rcvlowat, value < 0 ? INT32_MAX : value ? (u32)value : 1);
		return 0;
	case SO_LINGER:
		return set_linger(s, optval, optlen);
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		if (!capable(CAP_NET_ADMIN))
			return -EPERM;
		value = min(max(value, 0), INT32_MAX / 2);
		if (optname == SO_SNDBUFFORCE)
			WRITE_ONCE(s->sndbuf, max(2 * (u32)value, SNDBUF_MIN));
		else
			WRITE_ONCE(s->rcvbuf, max(2 * (u32)value, RCVBUF_MIN));
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
	if (is_switch(optname))
		return READ_ONCE(s->switches) >> optname & 1;
	switch (optname) {
	case SO_TYPE:		return s->type;
	case SO_DOMAIN:		return AF_UNIX;
	case SO_PROTOCOL:	return 0;
	case SO_ERROR:		return -socket_take_error(s);
	case SO_ACCEPTCONN:	return s->ops->listening(s);
	case SO_RCVLOWAT:	return (int)READ_ONCE(s->rcvlowat);
	case SO_SNDLOWAT:	return 1;
	case SO_PASSCRED:	return READ_ONCE(s->passcred);
	case SO_SNDBUF:		return (int)READ_ONCE(s->sndbuf);
	case SO_RCVBUF:		return (int)READ_ONCE(s->rcvbuf);
	default:		return -ENOPROTOOPT;
	}
}

static int get_option(struct socket *s, int optname, uaddr_t optval, uaddr_t optlen)
{
	struct ucred cred;
	int value, len, linger[2];

	/* The room is looked at before the name. */
	if (get_user(&len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	switch (optname) {
	case SO_PRIORITY:	/* these two may look negative */
	case SO_MARK:
		value = (int)(optname == SO_MARK ? READ_ONCE(s->mark) : READ_ONCE(s->priority));
		return put_option(&value, sizeof(value), optval, optlen);
	case SO_LINGER:
		linger[0] = (int)READ_ONCE(s->linger.on);
		linger[1] = (int)READ_ONCE(s->linger.seconds);
		return put_option(linger, sizeof(linger), optval, optlen);
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
