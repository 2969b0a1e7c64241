// SPDX-License-Identifier: BSD-2-Clause
/*
 * Receiving from unix sockets: who reads takes turns, and stops where a message does not belong to the ones before it.
 * Source: recv(2).
 */
#include "unix.h"

static struct unix_message *first_message(struct unix_sock *u)
{
	GUARD(spin, &u->lock);
	return u->queued ? list_first_entry(&u->queue, struct unix_message, link) : NULL;
}

/* Under read_mutex. */
static struct unix_message *next_message(struct unix_sock *u, struct unix_message *msg)
{
	GUARD(spin, &u->lock);
	return msg->link.next == &u->queue ? NULL : list_entry(msg->link.next, struct unix_message, link);
}

static void take_message(struct unix_sock *u, struct unix_message *msg)
{
	bool was_full;

	spin_lock(&u->lock);
	list_del(&msg->link);
	was_full = u->queued == DGRAM_BACKLOG + 1;
	WRITE_ONCE(u->queued, u->queued - 1);
	u->bytes -= msg->size - msg->offset;
	if (u->oob == msg)
		WRITE_ONCE(u->oob, NULL);
	spin_unlock(&u->lock);
	if (was_full && unix_is_dgram(u))
		wake_up_all(unix_space_wait(u));
	unix_message_free(msg);
}

/* Nothing is queued: what that means. 0: end of file; -EAGAIN: wait. */
static int why_empty(struct unix_sock *u, bool nonblock)
{
	int err = socket_take_error(&u->socket);

	if (err)
		return err;
	if (READ_ONCE(u->shutdown) & RCV_SHUTDOWN && !(unix_is_dgram(u) && nonblock))
		return 0;
	return -EAGAIN;
}

/* The first message, with read_mutex held; or NULL without it and *err: 0 at the end. */
static struct unix_message *wait_message(struct unix_sock *u, u32 flags, u64 *deadline, long *err)
{
	struct unix_message *msg;

	for (;;) {
		mutex_lock(&u->read_mutex);
		msg = first_message(u);
		if (msg)
			return msg;
		mutex_unlock(&u->read_mutex);
		*err = why_empty(u, flags & MSG_DONTWAIT);
		if (*err != -EAGAIN || flags & MSG_DONTWAIT)
			return NULL;
		if (!*deadline)
			*deadline = socket_deadline(READ_ONCE(u->socket.rcvtimeo));
		WRITE_ONCE(u->socket.reader_waits, u->socket.type == SOCK_STREAM);
		*err = SOCKET_WAIT(&u->read_wait, READ_ONCE(u->queued) || READ_ONCE(u->shutdown) & RCV_SHUTDOWN ||
				   READ_ONCE(u->socket.error), *deadline);
		WRITE_ONCE(u->socket.reader_waits, false);
		if (*err)
			return NULL;
	}
}

/* Who sent it. */
static void describe(struct unix_message *msg, struct socket_msg *m)
{
	m->cred = msg->cred;
	m->namelen = unix_copy_name(msg->sender, &m->name);
	if (m->namelen == UNIX_NAME_OFFSET)
		m->namelen = 0;
}

/* What came with it. Under read_mutex. */
static void detach_fds(struct unix_message *msg, struct socket_msg *m)
{
	if (!msg->fds)
		return;
	if (m->flags & MSG_PEEK) {
		m->fds = scm_fds_copy(msg->fds);
	} else {
		m->fds = msg->fds;
		msg->fds = NULL;
	}
}

static bool same_cred(const struct ucred *a, const struct ucred *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* The mark is passed: the byte is one like others, or has been taken. Under read_mutex. */
static void forget_urgent(struct unix_sock *u, struct unix_message *msg, bool taken)
{
	GUARD(spin, &u->lock);
	if (u->oob == msg)
		WRITE_ONCE(u->oob, NULL);
	if (taken) {
		msg->offset = msg->size;
		u->bytes -= msg->size;
	}
}

/*
 * The message that a read at msg takes: not the urgent byte, unless it is read in line, nor where one was. A read that
 * has bytes (not `first`) stops there: NULL. Under read_mutex.
 */
static __noinline struct unix_message *past_urgent(struct unix_sock *u, struct unix_message *msg, u32 flags, bool first)
{
	while (msg && msg->urgent) {
		bool marked = READ_ONCE(u->oob) == msg;
		struct unix_message *next;

		if (!marked && msg->offset < msg->size)
			return msg;		/* a later one has taken its part */
		if (!first && marked)
			return NULL;
		if (marked && (READ_ONCE(u->socket.switches) >> SO_OOBINLINE & 1)) {
			if (!(flags & MSG_PEEK))
				forget_urgent(u, msg, false);
			return msg;
		}
		next = next_message(u, msg);
		if (!(flags & MSG_PEEK))
			take_message(u, msg);
		msg = first ? next : NULL;
	}
	return msg;
}

/* Copy from messages that belong together; bytes, or -EFAULT before the first. Under read_mutex. */
static ssize_t drain(struct unix_sock *u, struct unix_message *msg, struct socket_msg *m, bool first)
{
	ssize_t done = 0;

	while (msg && m->it->count && !m->fds) {
		size_t left, want, n;
		struct unix_message *next;

		if (unlikely(msg->urgent)) {
			msg = past_urgent(u, msg, m->flags, first);
			if (!msg)
				break;
		}
		left = msg->size - msg->offset;
		want = min(left, m->it->count);
		if (!first && READ_ONCE(u->socket.passcred) && !same_cred(&msg->cred, &m->cred))
			break;
		n = copy_to_iter(msg->data + msg->offset, want, m->it);
		if (n < want)
			return done ? done : -EFAULT;
		if (first)
			describe(msg, m);
		first = false;
		detach_fds(msg, m);	/* the last that is read: what follows has descriptors of its own */
		done += (ssize_t)n;
		next = m->it->count ? next_message(u, msg) : NULL;
		if (m->flags & MSG_PEEK) {
			msg = next;
			continue;
		}
		if (n == left) {
			take_message(u, msg);
		} else {
			spin_lock(&u->lock);
			msg->offset += (u32)n;
			u->bytes -= n;
			spin_unlock(&u->lock);
		}
		msg = next;
	}
	return done;
}

/* The queue holds something that cannot be had: 1: it has changed; 0: it has ended; or -errno. */
static long wait_for_more(struct unix_sock *u, u32 flags, u32 queued, u64 *deadline)
{
	long err = why_empty(u, flags & MSG_DONTWAIT);

	if (err != -EAGAIN || flags & MSG_DONTWAIT)
		return err;
	if (!*deadline)
		*deadline = socket_deadline(READ_ONCE(u->socket.rcvtimeo));
	err = SOCKET_WAIT(&u->read_wait, READ_ONCE(u->queued) != queued || READ_ONCE(u->shutdown) & RCV_SHUTDOWN ||
			  READ_ONCE(u->socket.error), *deadline);
	return err ? err : 1;
}

/* The urgent byte, wherever the stream stands. */
static ssize_t recv_urgent(struct unix_sock *u, struct socket_msg *m)
{
	struct unix_message *msg;
	bool copied;

	if (READ_ONCE(u->state) != UNIX_CONNECTED || (READ_ONCE(u->socket.switches) >> SO_OOBINLINE & 1))
		return -EINVAL;
	GUARD(mutex, &u->read_mutex);
	msg = READ_ONCE(u->oob);	/* another may come meanwhile: then this one is read as a byte like others */
	if (!msg)
		return -EINVAL;
	copied = !m->it->count || copy_to_iter(msg->data, 1, m->it) == 1;
	describe(msg, m);
	if (!(m->flags & MSG_PEEK))
		forget_urgent(u, msg, true);
	if (!copied)
		return -EFAULT;
	m->out_flags |= MSG_OOB;
	return 1;
}

static ssize_t recv_stream(struct unix_sock *u, struct socket_msg *m)
{
	ssize_t done = 0, n, wanted = (ssize_t)min_t(size_t, m->it->count, READ_ONCE(u->socket.rcvlowat));
	struct unix_message *msg;
	u64 deadline = 0;
	long err = 0;
	u32 queued;

	if (READ_ONCE(u->state) != UNIX_CONNECTED)
		return -EINVAL;
	if (m->flags & MSG_WAITALL)
		wanted = (ssize_t)m->it->count;
	if (m->flags & (MSG_PEEK | MSG_DONTWAIT))
		wanted = 1;
	do {
		msg = wait_message(u, m->flags, &deadline, &err);
		if (!msg)
			return done ? done : err;
		n = drain(u, msg, m, !done);
		queued = READ_ONCE(u->queued);
		mutex_unlock(&u->read_mutex);
		if (n < 0 || (!n && done))
			return done ? done : n;
		if (!n && !m->it->count)	/* no bytes were wanted: there had to be a message */
			return 0;
		if (!n && (m->flags & MSG_PEEK)) {	/* an urgent byte alone, which stays */
			err = wait_for_more(u, m->flags, queued, &deadline);
			if (err <= 0)
				return err;
		}
		if (!n)
			continue;
		done += n;
		if (done >= wanted || m->fds)
			break;
	} while (m->it->count);
	return done;
}

static ssize_t recv_dgram(struct unix_sock *u, struct socket_msg *m)
{
	struct unix_message *msg;
	u64 deadline = 0;
	size_t n, size;
	long err = socket_take_error(&u->socket);

	if (err)
		return err;	/* before what is queued, unlike a stream's */
	msg = wait_message(u, m->flags, &deadline, &err);
	if (!msg)
		return err;
	size = msg->size;
	n = min(size, m->it->count);
	err = copy_to_iter(msg->data, n, m->it) == n ? 0 : -EFAULT;
	describe(msg, m);
	detach_fds(msg, m);	/* on EFAULT too: the caller puts the descriptors, without our mutex */
	if (!(m->flags & MSG_PEEK))
		take_message(u, msg);
	mutex_unlock(&u->read_mutex);
	if (err)
		return err;
	if (n < size)
		m->out_flags |= MSG_TRUNC;
	return (ssize_t)(m->flags & MSG_TRUNC ? size : n);
}

ssize_t unix_recv(struct socket *s, struct socket_msg *m)
{
	struct unix_sock *u = unix_of(s);

	if (s->type == SOCK_STREAM)
		return m->flags & MSG_OOB ? recv_urgent(u, m) : recv_stream(u, m);
	if (s->type == SOCK_SEQPACKET && READ_ONCE(u->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	return m->flags & MSG_OOB ? -EOPNOTSUPP : recv_dgram(u, m);
}
