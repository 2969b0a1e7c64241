// SPDX-License-Identifier: BSD-2-Clause
/*
 * What flows between unix sockets: a queue of messages at the receiver, paid by the sender. A stream reads across
 * their borders, datagrams and records do not. Source: unix(7), send(2), recv(2).
 *
 * MSG_OOB: the last byte of the call is a message of its own. It stays where it is in the stream, marks that place, and
 * is read from there by MSG_OOB, until the next one takes its part or an ordinary read goes past it, which drops it.
 * With SO_OOBINLINE it is a byte like others, before which a read stops.
 */
#include "unix.h"

#define STREAM_CHUNK (2 * PAGE_SIZE - sizeof(struct unix_message))
#define SPACE_QUEUES 16

static struct wait_queue space[SPACE_QUEUES] = { [0 ... SPACE_QUEUES - 1] = { .lock = SPINLOCK_INIT } };
static spinlock_t space_lock = SPINLOCK_INIT;

/* Shared by hash and never freed, for who waits may outlive the receiver it waits for. */
struct wait_queue *unix_space_wait(const struct unix_sock *to)
{
	struct wait_queue *q = &space[((unsigned long)to >> 8) % SPACE_QUEUES];

	if (unlikely(!__atomic_load_n(&q->entries.next, __ATOMIC_ACQUIRE))) {
		GUARD(spin, &space_lock);
		if (!q->entries.next) {
			q->entries.prev = &q->entries;
			__atomic_store_n(&q->entries.next, &q->entries, __ATOMIC_RELEASE);
		}
	}
	return q;
}

bool unix_dgram_full(const struct unix_sock *from, const struct unix_sock *to)
{
	return from != to && READ_ONCE(to->peer) != from && READ_ONCE(to->queued) > DGRAM_BACKLOG;
}

/* ---- messages ---- */

void unix_signal(struct unix_sock *u, int code)
{
	if (!READ_ONCE(u->socket.reader_waits))
		fasync_signal(&u->socket.async, FMODE_READ | FMODE_WRITE, code);
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

/* A message of u's has gone: is that room somebody with O_ASYNC did not have? */
static __noinline void signal_room(struct unix_sock *u)
{
	if (unix_writable(u) && __atomic_exchange_n(&u->socket.short_of_room, false, __ATOMIC_ACQ_REL))
		fasync_signal(&u->socket.async, FMODE_READ | FMODE_WRITE, POLL_OUT);
}

static void message_free(struct unix_message *msg)
{
	struct unix_sock *sender = msg->sender;
	s64 left = __atomic_sub_fetch(&sender->sending, msg->size + MESSAGE_OVERHEAD, __ATOMIC_RELAXED);

	if (left * 2 <= (s64)READ_ONCE(sender->socket.sndbuf))
		wake_up_poll(&sender->write_wait, POLLOUT | POLLWRNORM | POLLWRBAND);
	if (unlikely(READ_ONCE(sender->socket.short_of_room)))
		signal_room(sender);
	scm_fds_put(msg->fds);
	unix_put(sender);
	kfree(msg);
}

void unix_purge(struct unix_sock *u)
{
	struct unix_message *msg;

	for (;;) {
		spin_lock(&u->lock);
		msg = u->queued ? list_first_entry(&u->queue, struct unix_message, link) : NULL;
		if (msg) {
			list_del(&msg->link);
			WRITE_ONCE(u->queued, u->queued - 1);
			WRITE_ONCE(u->oob, NULL);
		}
		spin_unlock(&u->lock);
		if (!msg)
			return;
		message_free(msg);
	}
}

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

/* Send a message that is made; it is gone afterwards in any case. */
static int message_send(struct unix_message *msg, struct unix_sock *to, struct socket_msg *m)
{
	bool urgent = msg->urgent;
	int err = message_attach(msg, m, to);

	if (!err)
		err = message_queue(msg, to);
	if (err) {
		message_free(msg);
		return err;
	}
	wake_up_poll(&to->read_wait, POLLIN | POLLRDNORM | POLLRDBAND);
	if (unlikely(urgent | (to->socket.async.first != NULL)))
		tell_arrival(to, urgent);
	return 0;
}

/* ---- sending ---- */

static int send_part(struct unix_sock *u, struct unix_sock *to, struct socket_msg *m, size_t size, bool urgent, u64 *deadline)
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

		err = READ_ONCE(u->reset) ? -u->socket.ops->take_error(&u->socket) : 0;
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
	if (READ_ONCE(u->reset))
		err = -u->socket.ops->take_error(&u->socket);
	return err ? err : READ_ONCE(u->shutdown) & SEND_SHUTDOWN ? -EPIPE : 0;
}

/* The message is gone afterwards in any case. */
static int deliver(struct unix_sock *u, struct socket_msg *m, struct unix_message *msg, u64 *deadline)
{
	struct unix_sock *to = dgram_target(u, m), *others;
	int err = 0;

	if (IS_ERR(to)) {
		message_free(msg);
		return (int)PTR_ERR(to);
	}
	others = READ_ONCE(to->peer);
	if (unix_is_dgram(u))
		err = others && others != u ? -EPERM : wait_for_space(u, to, m, deadline);
	if (err)
		message_free(msg);
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
		if (READ_ONCE(u->reset))
			err = -u->socket.ops->take_error(&u->socket);
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

/* ---- receiving ---- */

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
	message_free(msg);
}

/* Nothing is queued: what that means. 0: end of file; -EAGAIN: wait. */
static int why_empty(struct unix_sock *u, bool nonblock)
{
	int err = READ_ONCE(u->reset) ? -u->socket.ops->take_error(&u->socket) : 0;

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
				   READ_ONCE(u->reset), *deadline);
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
			  READ_ONCE(u->reset), *deadline);
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
	long err;

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
