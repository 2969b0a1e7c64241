// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sending over unix sockets: a message is made, told who sends it, and put into the receiver's queue. Source: send(2).
 */
#include "unix.h"

#define STREAM_CHUNK (2 * PAGE_SIZE - sizeof(struct unix_message))

/* ---- messages ---- */

static bool has_room(const struct unix_sock *u)
{
	return READ_ONCE(u->sending) < (s64)READ_ONCE(u->socket.sndbuf);
}

/* A message of `size` bytes of the iterator, when u may send more; or ERR_PTR. */
static struct unix_message *message_make(struct unix_sock *u, struct socket_msg *m, size_t size, u64 *deadline)
{
	struct unix_message *msg;
	long err;

	while (!has_room(u)) {
		unix_short_of_room(u);
		if (m->flags & MSG_DONTWAIT)
			return ERR_PTR(-EAGAIN);
		if (!*deadline)
			*deadline = socket_deadline(READ_ONCE(u->socket.sndtimeo));
		err = SOCKET_WAIT(&u->write_wait, has_room(u) || READ_ONCE(u->shutdown) & SEND_SHUTDOWN, *deadline);
		if (err)
			return ERR_PTR(err);
		if (READ_ONCE(u->shutdown) & SEND_SHUTDOWN)
			return ERR_PTR(-EPIPE);
	}
	msg = kmalloc(sizeof(*msg) + size, GFP_KERNEL);
	if (!msg)
		return ERR_PTR(-ENOBUFS);
	if (copy_from_iter(msg->data, size, m->it) != size) {
		kfree(msg);
		return ERR_PTR(-EFAULT);
	}
	msg->sender = unix_get(u);
	msg->fds = NULL;
	msg->size = (u32)size;
	msg->offset = 0;
	msg->urgent = false;
	__atomic_fetch_add(&u->sending, size + MESSAGE_OVERHEAD, __ATOMIC_RELAXED);
	return msg;
}

/* Put what the sender says of itself, when either end asks for it, and the descriptors into the message. */
static int message_attach(struct unix_message *msg, struct socket_msg *m, const struct unix_sock *to)
{
	int err;

	msg->cred = (struct ucred){ 0, 65534, 65534 };
	if (m->has_cred)
		msg->cred = m->cred;
	else if (READ_ONCE(msg->sender->socket.passcred) || READ_ONCE(to->socket.passcred))
		msg->cred = current_ucred();
	if (m->fds) {
		err = scm_fds_charge(m->fds);
		if (err)
			return err;
		msg->fds = m->fds;
		m->fds = NULL;
	}
	return 0;
}

/* 0, or -EPIPE or -ECONNREFUSED: it does not listen any more. */
static int message_queue(struct unix_message *msg, struct unix_sock *to)
{
	GUARD(spin, &to->lock);
	if (to->shutdown & RCV_SHUTDOWN)
		return to->dead && unix_is_dgram(to) ? -ECONNREFUSED : -EPIPE;
	list_add_tail(&msg->link, &to->queue);
	WRITE_ONCE(to->queued, to->queued + 1);
	to->bytes += msg->size;
	if (msg->urgent)
		WRITE_ONCE(to->oob, msg);
	return 0;
}

/* The byte is in to's queue: its owner hears of it, O_ASYNC or not. Under the lock the file, if it is there, stays. */
static void signal_urgent(struct unix_sock *to)
{
	GUARD(spin, &to->lock);
	if (!to->dead && READ_ONCE(to->socket.file))
		file_send_urgent(to->socket.file, &to->socket.async);
}

static __noinline void tell_arrival(struct unix_sock *to, bool urgent)
{
	if (urgent) {
		wake_up_poll(&to->read_wait, POLLPRI);
		signal_urgent(to);
	}
	unix_signal(to, POLL_IN);
}

/* Send a message that is made; it is gone afterwards in any case. */
static int message_send(struct unix_message *msg, struct unix_sock *to, struct socket_msg *m)
{
	bool urgent = msg->urgent;
	int err = message_attach(msg, m, to);

	if (!err)
		err = message_queue(msg, to);
	if (err) {
		unix_message_free(msg);
		return err;
	}
	wake_up_poll(&to->read_wait, POLLIN | POLLRDNORM | POLLRDBAND);
	if (unlikely(urgent | (to->socket.async.first != NULL)))
		tell_arrival(to, urgent);
	return 0;
}

/* ---- streams, datagrams, records ---- */

static int send_part(struct unix_sock *u, struct unix_sock *to, struct socket_msg *m, size_t size, bool urgent,
		     u64 *deadline)
{
	struct unix_message *msg = message_make(u, m, size, deadline);

	if (IS_ERR(msg))
		return (int)PTR_ERR(msg);
	msg->urgent = urgent;
	return message_send(msg, to, m);
}

static ssize_t send_stream(struct unix_sock *u, struct socket_msg *m)
{
	struct unix_sock *to = __atomic_load_n(&u->peer, __ATOMIC_ACQUIRE);	/* stays as long as u's file */
	bool urgent = m->flags & MSG_OOB;
	u64 deadline = 0;
	ssize_t done = 0;
	int err = 0;

	if (urgent && !m->it->count)
		return -EOPNOTSUPP;
	if (m->namelen)
		return READ_ONCE(u->state) == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	if (!to)
		return -ENOTCONN;
	if (READ_ONCE(u->shutdown) & SEND_SHUTDOWN)
		err = -EPIPE;
	while (!err && m->it->count) {
		bool last = urgent && m->it->count == 1;
		size_t n = last ? 1 : min(m->it->count - urgent, STREAM_CHUNK);

		err = socket_take_error(&u->socket);
		if (!err)
			err = send_part(u, to, m, n, last, &deadline);
		if (!err)
			done += (ssize_t)n;
	}
	if (done)
		return done;
	if (err == -EPIPE && !(m->flags & MSG_NOSIGNAL))
		signal_send_thread(current, SIGPIPE, NULL);
	return err;
}

/* Nobody is there any more: a datagram socket that was connected to it is not. */
static void forget_peer(struct unix_sock *u, struct unix_sock *gone)
{
	bool mine;

	mutex_lock(&unix_state_mutex);
	mine = u->peer == gone;
	if (mine) {
		unix_set_peer(u, NULL);
		u->state = UNIX_CLOSED;
	}
	mutex_unlock(&unix_state_mutex);
	if (mine)
		unix_put(gone);
}

/* The receiver's queue has room: 0 or -errno. */
static int wait_for_space(struct unix_sock *u, struct unix_sock *to, struct socket_msg *m, u64 *deadline)
{
	struct wait_queue *q = unix_space_wait(to);

	if (!unix_dgram_full(u, to) || READ_ONCE(to->dead))
		return 0;
	if (m->flags & MSG_DONTWAIT)
		return -EAGAIN;
	if (!*deadline)
		*deadline = socket_deadline(READ_ONCE(u->socket.sndtimeo));
	return (int)SOCKET_WAIT(q, !unix_dgram_full(u, to) || READ_ONCE(to->shutdown) & RCV_SHUTDOWN, *deadline);
}

static struct unix_sock *dgram_target(struct unix_sock *u, struct socket_msg *m)
{
	struct unix_sock *to;

	if (m->namelen)
		return unix_find(&m->name, m->namelen, u->socket.type);
	to = unix_peer_get(u);
	return to ? to : ERR_PTR(-ENOTCONN);
}

/* What is wrong before anybody looks for the receiver: 0 or -errno. */
static int dgram_refused(struct unix_sock *u, const struct socket_msg *m)
{
	int err = m->namelen ? unix_check_address(&m->name, m->namelen) : READ_ONCE(u->peer) ? 0 : -ENOTCONN;

	if (!err)
		err = unix_name_sender(u);
	if (err)
		return err;
	if (m->it->count > READ_ONCE(u->socket.sndbuf) - 32)
		return -EMSGSIZE;
	err = socket_take_error(&u->socket);
	return err ? err : READ_ONCE(u->shutdown) & SEND_SHUTDOWN ? -EPIPE : 0;
}

/* The message is gone afterwards in any case. */
static int deliver(struct unix_sock *u, struct socket_msg *m, struct unix_message *msg, u64 *deadline)
{
	struct unix_sock *to = dgram_target(u, m), *others;
	int err = 0;

	if (IS_ERR(to)) {
		unix_message_free(msg);
		return (int)PTR_ERR(to);
	}
	others = READ_ONCE(to->peer);
	if (unix_is_dgram(u))
		err = others && others != u ? -EPERM : wait_for_space(u, to, m, deadline);
	if (err)
		unix_message_free(msg);
	else
		err = message_send(msg, to, m);
	if (err == -ECONNREFUSED)
		forget_peer(u, to);
	unix_put(to);
	return err;
}

/* As on Linux, the user's bytes are read before the receiver is looked for. */
static ssize_t send_dgram(struct unix_sock *u, struct socket_msg *m)
{
	size_t size = m->it->count;
	struct unix_message *msg;
	u64 deadline = 0;
	int err = dgram_refused(u, m);

	if (err)
		return err;
	msg = message_make(u, m, size, &deadline);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	err = deliver(u, m, msg, &deadline);
	return err ? err : (ssize_t)size;
}

/* What a record's socket says whatever is sent, then what is wrong with control messages: 0 or -errno. */
static __noinline int send_refused(struct unix_sock *u, struct socket_msg *m)
{
	int err = 0;

	if (u->socket.type == SOCK_SEQPACKET) {
		err = socket_take_error(&u->socket);
		if (!err && READ_ONCE(u->state) != UNIX_CONNECTED)
			err = -ENOTCONN;
		m->namelen = 0;
	}
	return err || !m->control ? err : scm_send(m);
}

ssize_t unix_send(struct socket *s, struct socket_msg *m)
{
	struct unix_sock *u = unix_of(s);
	int err = s->type != SOCK_STREAM || m->control ? send_refused(u, m) : 0;

	if (err)
		return err;
	if (s->type == SOCK_STREAM)
		return send_stream(u, m);
	return m->flags & MSG_OOB ? -EOPNOTSUPP : send_dgram(u, m);
}
