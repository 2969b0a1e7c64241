// SPDX-License-Identifier: BSD-2-Clause
/*
 * The calls that move messages through sockets. Source: send(2), recv(2), sendmmsg(2), recvmmsg(2).
 */
#include "socket.h"
#include <generated/syscalls.h>

#define MMSG_MAX 1024
#define CONTROL_MAX 20479	/* one less than net.core.optmem_max */
#define MSG_CMSG_COMPAT 0x80000000u	/* the kernel's own: a user's is refused */

static u32 message_flags(const struct file *f, u32 flags)
{
	return flags | (f->flags & O_NONBLOCK ? MSG_DONTWAIT : 0);
}

/* ---- sending ---- */

long sys_sendto(unsigned fd, uaddr_t buf, size_t len, unsigned flags, uaddr_t addr, int addr_len)
{
	struct socket_msg m = { .flags = 0 };
	struct iov_iter it;
	struct fd f;
	ssize_t n;
	int err;
	struct socket *s;

	len = min(len, (size_t)0x7ffff000);
	if (!access_ok(buf, len))
		return -EFAULT;
	s = socket_get(fd, &f, &err);
	if (!s)
		return err;
	iov_iter_user(&it, buf, len);
	m.it = &it;
	m.flags = message_flags(f.file, flags);
	n = addr ? sockaddr_from_user(&m.name, addr, addr_len) : 0;
	m.namelen = addr ? addr_len : 0;
	if (!n)
		n = s->ops->send(s, &m);
	fd_put(f);
	return n;
}

/* The user's header, checked, and the name it gives, unless that is NULL: 0 or -errno. */
static int get_msghdr(struct msghdr *h, uaddr_t from, struct sockaddr_storage *name)
{
	int err = 0;

	if (copy_struct_in(h, from))
		return -EFAULT;
	if (!h->name)
		h->namelen = 0;
	if (h->namelen < 0)
		return -EINVAL;
	h->namelen = min(h->namelen, (s32)sizeof(struct sockaddr_storage));
	if (name && h->namelen)
		err = sockaddr_from_user(name, h->name, h->namelen);
	return err ? err : h->iovlen > 1024 ? -EMSGSIZE : 0;
}

/* The user's control messages as they are: the family says when they are looked at. */
static int get_control(struct socket_msg *m, const struct msghdr *h)
{
	char *control;

	if (!h->controllen)
		return 0;
	if (h->controllen > CONTROL_MAX)
		return -ENOBUFS;
	control = memdup_user(h->control, h->controllen, CONTROL_MAX);
	if (IS_ERR(control))
		return (int)PTR_ERR(control);
	m->control = control;
	m->controllen = h->controllen;
	return 0;
}

static ssize_t send_message(struct socket *s, struct fd f, uaddr_t umsg, u32 flags)
{
	struct socket_msg m = { .flags = message_flags(f.file, flags) };
	struct iov_iter it;
	struct iovec *heap;
	struct msghdr h;
	ssize_t n = get_msghdr(&h, umsg, &m.name);

	if (n)
		return n;
	n = import_iovec(h.iov, h.iovlen, &it, &heap);
	if (n < 0)
		return n;
	m.it = &it;
	m.namelen = h.namelen;
	n = get_control(&m, &h);
	if (!n)
		n = s->ops->send(s, &m);
	scm_fds_put(m.fds);
	kfree(m.control);
	kfree(heap);
	return n;
}

long sys_sendmsg(unsigned fd, uaddr_t msg, unsigned flags)
{
	struct fd f;
	ssize_t n;
	int err;
	struct socket *s;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	s = socket_get(fd, &f, &err);
	if (!s)
		return err;
	n = send_message(s, f, msg, flags);
	fd_put(f);
	return n;
}

long sys_sendmmsg(unsigned fd, uaddr_t mmsg, unsigned vlen, unsigned flags)
{
	struct fd f;
	ssize_t n = 0;
	unsigned done;
	int err;
	struct socket *s;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	s = socket_get(fd, &f, &err);
	if (!s)
		return err;
	vlen = min(vlen, (unsigned)MMSG_MAX);
	for (done = 0; done < vlen; done++, mmsg += sizeof(struct mmsghdr)) {
		n = send_message(s, f, mmsg, flags);
		if (n >= 0)
			n = put_user(n, u32, mmsg + offsetof(struct mmsghdr, len));
		if (n)
			break;
		cond_resched();
	}
	fd_put(f);
	return done ? (long)done : n;
}

/* ---- receiving ---- */

long sys_recvfrom(unsigned fd, uaddr_t buf, size_t size, unsigned flags, uaddr_t addr, uaddr_t addr_len)
{
	struct socket_msg m = { .flags = 0 };
	struct iov_iter it;
	struct fd f;
	ssize_t n;
	int err;
	struct socket *s;

	size = min(size, (size_t)0x7ffff000);
	if (!access_ok(buf, size))
		return -EFAULT;
	s = socket_get(fd, &f, &err);
	if (!s)
		return err;
	iov_iter_user(&it, buf, size);
	m.it = &it;
	m.flags = message_flags(f.file, flags);
	n = s->ops->recv(s, &m);
	fd_put(f);
	scm_fds_put(m.fds);
	if (n >= 0 && addr) {
		err = sockaddr_to_user(&m.name, m.namelen, addr, addr_len);
		if (err)
			return err;
	}
	return n;
}

/* What the user learns besides the bytes: name, control messages, flags. 0 or -EFAULT. */
static int put_msghdr(struct socket *s, struct socket_msg *m, const struct msghdr *h, uaddr_t umsg)
{
	size_t room = h->controllen;
	int err = 0;

	scm_recv(s, m, h->control, &room);
	if (h->name)
		err = sockaddr_to_user(&m->name, m->namelen, h->name, umsg + offsetof(struct msghdr, namelen));
	if (!err)
		err = put_user(m->out_flags | (m->flags & (u32)MSG_CMSG_CLOEXEC), u32,
			       umsg + offsetof(struct msghdr, flags));
	if (!err)
		err = put_user(h->controllen - room, u64, umsg + offsetof(struct msghdr, controllen));
	return err;
}

static ssize_t recv_message(struct socket *s, struct fd f, uaddr_t umsg, u32 flags)
{
	struct socket_msg m = { .flags = message_flags(f.file, flags) };
	struct iov_iter it;
	struct iovec *heap;
	struct msghdr h;
	ssize_t n = get_msghdr(&h, umsg, NULL);
	int err;

	if (n)
		return n;
	n = import_iovec(h.iov, h.iovlen, &it, &heap);
	if (n < 0)
		return n;
	m.it = &it;
	n = s->ops->recv(s, &m);
	kfree(heap);
	if (n < 0) {
		scm_fds_put(m.fds);
		return n;
	}
	err = put_msghdr(s, &m, &h, umsg);
	return err ? err : n;
}

long sys_recvmsg(unsigned fd, uaddr_t msg, unsigned flags)
{
	struct fd f;
	ssize_t n;
	int err;
	struct socket *s;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	s = socket_get(fd, &f, &err);
	if (!s)
		return err;
	n = recv_message(s, f, msg, flags);
	fd_put(f);
	return n;
}

/* The timeout is looked at between messages only, as Linux does. */
static int get_deadline(uaddr_t timeout, u64 *deadline)
{
	struct timespec ts;

	*deadline = TIME_MAX;
	if (!timeout)
		return 0;
	if (copy_struct_in(&ts, timeout))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*deadline = ts.tv_sec > 1LL << 32 ? TIME_MAX
		: socket_deadline((u64)ts.tv_sec * NSEC_PER_SEC + (u64)ts.tv_nsec);
	return 0;
}

static int put_time_left(uaddr_t timeout, u64 deadline)
{
	u64 now = clock_monotonic(), left = deadline > now ? deadline - now : 0;
	struct timespec ts = { .tv_sec = (s64)(left / NSEC_PER_SEC), .tv_nsec = (s64)(left % NSEC_PER_SEC) };

	return timeout && deadline != TIME_MAX ? copy_struct_out(timeout, &ts) : 0;
}

long sys_recvmmsg(unsigned fd, uaddr_t mmsg, unsigned vlen, unsigned flags, uaddr_t timeout)
{
	struct fd f;
	ssize_t n = 0;
	u64 deadline;
	unsigned done;
	int err = flags & MSG_CMSG_COMPAT ? -EINVAL : get_deadline(timeout, &deadline);
	struct socket *s;

	if (err)
		return err;
	s = socket_get(fd, &f, &err);
	if (!s)
		return err;
	vlen = min(vlen, (unsigned)MMSG_MAX);
	n = socket_take_error(s);
	for (done = 0; !n && done < vlen; mmsg += sizeof(struct mmsghdr)) {
		n = recv_message(s, f, mmsg, flags & ~(u32)MSG_WAITFORONE);
		if (n >= 0)
			n = put_user(n, u32, mmsg + offsetof(struct mmsghdr, len));
		if (n)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline != TIME_MAX && clock_monotonic() >= deadline)
			break;
		cond_resched();
	}
	if (done && n < 0 && n != -EAGAIN)
		WRITE_ONCE(s->error, (int)-n);	/* this call tells of what it has */
	fd_put(f);
	if (!done)
		return n;
	return put_time_left(timeout, deadline) ? -EFAULT : (long)done;
}
