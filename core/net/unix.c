// SPDX-License-Identifier: BSD-2-Clause
/*
 * Unix sockets: how they come, listen, connect and go, and what a poller sees. Source: unix(7).
 */
#include "unix.h"

#define DEFAULT_BUFFER 212992u
#define SOMAXCONN 4096u

struct mutex unix_state_mutex = MUTEX_INIT(unix_state_mutex);
static const struct socket_ops unix_ops;

/* A datagram was taken from our peer, or from one who shares its queue: who waits to send looks again. */
static bool peer_has_space(struct wait_entry *e, u32 key)
{
	struct unix_sock *u = container_of(e, struct unix_sock, space_entry);

	wake_up_key(&u->write_wait, (POLLOUT | POLLWRNORM | POLLWRBAND) | (key & WAKE_SYNC), ~0u);
	return false;
}

struct socket *unix_create(int type)
{
	struct unix_sock *u = kzalloc(sizeof(*u), GFP_KERNEL);

	if (!u)
		return NULL;
	u->socket.ops = &unix_ops;
	u->socket.type = type;
	u->socket.sndbuf = u->socket.rcvbuf = DEFAULT_BUFFER;
	u->socket.rcvtimeo = u->socket.sndtimeo = TIME_MAX;
	u->socket.rcvlowat = 1;
	ref_set(&u->refs, 1);
	mutex_init(&u->read_mutex);
	list_init(&u->queue);
	wait_queue_init(&u->read_wait);
	wait_queue_init(&u->write_wait);
	wait_entry_init(&u->space_entry, false);
	u->space_entry.wake = peer_has_space;
	u->pending_tail = &u->pending;
	u->peercred = (struct ucred){ 0, ~0u, ~0u };
	return &u->socket;
}

/* Its names are gone, its queue is empty: only memory is left. */
void unix_put(struct unix_sock *u)
{
	if (!ref_put(&u->refs))
		return;
	if (u->address && ref_put(&u->address->refs))
		kfree(u->address);
	kfree(u);
}

struct unix_sock *unix_peer_get(struct unix_sock *u)
{
	GUARD(spin, &u->lock);
	return u->peer ? unix_get(u->peer) : NULL;
}

struct unix_sock *unix_set_peer(struct unix_sock *u, struct unix_sock *peer)
{
	struct unix_sock *old;

	if (u->space)
		wait_remove(u->space, &u->space_entry);
	u->space = peer && unix_is_dgram(u) ? unix_space_wait(peer) : NULL;
	if (u->space)
		wait_add(u->space, &u->space_entry);
	GUARD(spin, &u->lock);
	old = u->peer;
	__atomic_store_n(&u->peer, peer, __ATOMIC_RELEASE);
	return old;
}

static void wake_all(struct unix_sock *u)
{
	wake_up_all(&u->read_wait);
	wake_up_all(&u->write_wait);
}

static void add_shutdown(struct unix_sock *u, u8 bits, bool reset)
{
	spin_lock(&u->lock);
	WRITE_ONCE(u->shutdown, u->shutdown | bits);
	if (reset)
		WRITE_ONCE(u->socket.error, ECONNRESET);
	spin_unlock(&u->lock);
	wake_all(u);
}

/* ---- the end ---- */

/* The file is gone, or never came: an embryo was not accepted. */
static void close_one(struct unix_sock *u, bool embryo)
{
	struct unix_sock *peer;
	struct path path = { 0 };
	bool unread;

	mutex_lock(&unix_state_mutex);
	if (!embryo)	/* an embryo has its listener's name */
		unix_unbind(u);
	path = u->path;
	u->path = (struct path){ 0 };
	spin_lock(&u->lock);
	u->dead = true;
	WRITE_ONCE(u->shutdown, SHUTDOWN_MASK);
	unread = u->queued;
	spin_unlock(&u->lock);
	peer = unix_set_peer(u, NULL);
	u->state = UNIX_CLOSED;
	mutex_unlock(&unix_state_mutex);
	wake_up_all(unix_space_wait(u));
	if (peer && !unix_is_dgram(u)) {
		add_shutdown(peer, SHUTDOWN_MASK, unread || embryo);
		unix_signal(peer, POLL_HUP);
	}
	unix_purge(u);
	if (peer)
		unix_put(peer);
	if (path.dentry)
		path_put(&path);
	unix_put(u);
}

/* Under state_mutex, or nobody else knows the listener. */
static struct unix_sock *take_pending(struct unix_sock *u)
{
	struct unix_sock *new = u->pending;

	if (!new)
		return NULL;
	u->pending = new->pending_next;
	if (!u->pending)
		u->pending_tail = &u->pending;
	WRITE_ONCE(u->nr_pending, u->nr_pending - 1);
	return new;
}

static void unix_release(struct socket *s)
{
	struct unix_sock *u = unix_of(s), *embryo;

	do {
		mutex_lock(&unix_state_mutex);
		u->state = UNIX_CLOSED;
		embryo = take_pending(u);
		mutex_unlock(&unix_state_mutex);
		if (embryo)
			close_one(embryo, true);
	} while (embryo);
	close_one(u, false);
}

/* ---- connecting ---- */

static void unix_pair(struct socket *a, struct socket *b)
{
	struct unix_sock *u = unix_of(a), *v = unix_of(b);

	mutex_lock(&unix_state_mutex);
	unix_set_peer(u, unix_get(v));
	unix_set_peer(v, unix_get(u));
	u->state = v->state = UNIX_CONNECTED;
	u->peercred = v->peercred = current_ucred();
	mutex_unlock(&unix_state_mutex);
}

static int unix_listen(struct socket *s, int backlog)
{
	struct unix_sock *u = unix_of(s);

	if (unix_is_dgram(u))
		return -EOPNOTSUPP;
	mutex_lock(&unix_state_mutex);
	if (!u->address || u->state == UNIX_CONNECTED) {
		mutex_unlock(&unix_state_mutex);
		return -EINVAL;
	}
	WRITE_ONCE(u->backlog, min((unsigned)backlog, SOMAXCONN));
	WRITE_ONCE(u->state, UNIX_LISTENING);
	u->peercred = current_ucred();
	mutex_unlock(&unix_state_mutex);
	wake_all(u);	/* there may be more room */
	return 0;
}

static bool backlog_full(const struct unix_sock *u)
{
	return READ_ONCE(u->nr_pending) > READ_ONCE(u->backlog);
}

static bool refuses(const struct unix_sock *to)
{
	return READ_ONCE(to->state) != UNIX_LISTENING || READ_ONCE(to->shutdown) & RCV_SHUTDOWN;
}

/* Queue `embryo` at the listener, as u's other end: 0, -EAGAIN when it is full, or -errno. */
static int join(struct unix_sock *u, struct unix_sock *to, struct unix_sock *embryo)
{
	GUARD(mutex, &unix_state_mutex);
	if (refuses(to))
		return -ECONNREFUSED;
	if (backlog_full(to))
		return -EAGAIN;
	if (u->state != UNIX_CLOSED)
		return u->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
	if (u->peer)
		return -EISCONN;
	embryo->peercred = current_ucred();
	u->peercred = to->peercred;
	embryo->address = to->address;
	ref_get(&to->address->refs);
	embryo->socket.passcred = to->socket.passcred;
	WRITE_ONCE(embryo->state, UNIX_CONNECTED);
	WRITE_ONCE(u->state, UNIX_CONNECTED);
	unix_set_peer(embryo, unix_get(u));
	unix_set_peer(u, unix_get(embryo));
	embryo->pending_next = NULL;
	*to->pending_tail = embryo;
	to->pending_tail = &embryo->pending_next;
	WRITE_ONCE(to->nr_pending, to->nr_pending + 1);
	return 0;
}

static int connect_stream(struct unix_sock *u, const struct sockaddr_storage *addr, int len, bool nonblock)
{
	u64 deadline = socket_deadline(nonblock ? 0 : READ_ONCE(u->socket.sndtimeo));
	struct socket *embryo = unix_create(u->socket.type);
	struct unix_sock *to;
	int err;

	if (!embryo)
		return -ENOMEM;
	do {
		to = unix_find(addr, len, u->socket.type);
		if (IS_ERR(to)) {
			unix_put(unix_of(embryo));
			return (int)PTR_ERR(to);
		}
		err = join(u, to, unix_of(embryo));
		if (!err) {
			wake_up_poll(&to->read_wait, POLLIN | POLLRDNORM);
			unix_signal(to, POLL_IN);
		}
		if (err == -EAGAIN && !nonblock) {
			err = (int)SOCKET_WAIT(&to->write_wait, !backlog_full(to) || refuses(to), deadline);
			if (!err)
				err = -ECHILD;	/* there is room: once more */
		}
		unix_put(to);
	} while (err == -ECHILD);
	if (err)
		unix_put(unix_of(embryo));
	return err;
}

static int connect_dgram(struct unix_sock *u, const struct sockaddr_storage *addr, int len)
{
	struct unix_sock *to = NULL, *old;
	int err = 0;

	if (addr->family != AF_UNSPEC) {
		to = unix_find(addr, len, SOCK_DGRAM);
		if (IS_ERR(to))
			return (int)PTR_ERR(to);
	}
	mutex_lock(&unix_state_mutex);
	if (to && to->peer && to->peer != u) {	/* it talks to somebody else */
		err = -EPERM;
		old = to;
	} else {
		old = unix_set_peer(u, to);
		WRITE_ONCE(u->state, to ? UNIX_CONNECTED : UNIX_CLOSED);
	}
	mutex_unlock(&unix_state_mutex);
	if (old)
		unix_put(old);
	wake_all(u);
	return err;
}

static int unix_connect(struct socket *s, const struct sockaddr_storage *addr, int len, bool nonblock)
{
	struct unix_sock *u = unix_of(s);
	int err = 0;

	if (len < (int)sizeof(addr->family))
		return -EINVAL;
	if (!unix_is_dgram(u) || addr->family != AF_UNSPEC)
		err = unix_check_address(addr, len) ?: unix_name_sender(u);
	if (err)
		return err;
	return unix_is_dgram(u) ? connect_dgram(u, addr, len) : connect_stream(u, addr, len, nonblock);
}

static int unix_accept(struct socket *s, struct socket **out, bool nonblock)
{
	struct unix_sock *u = unix_of(s), *new;
	u64 deadline = socket_deadline(READ_ONCE(s->rcvtimeo));
	int err;

	if (unix_is_dgram(u))
		return -EOPNOTSUPP;
	for (;;) {
		mutex_lock(&unix_state_mutex);
		err = u->state == UNIX_LISTENING ? 0 : -EINVAL;
		new = err ? NULL : take_pending(u);
		mutex_unlock(&unix_state_mutex);
		if (new || err)
			break;
		if (nonblock)
			return -EAGAIN;
		if (READ_ONCE(u->shutdown) & RCV_SHUTDOWN)
			return -EINVAL;
		err = (int)SOCKET_WAIT(&u->read_wait, READ_ONCE(u->nr_pending) || READ_ONCE(u->shutdown), deadline);
		if (err)
			return err;
	}
	if (new) {
		wake_up_all(&u->write_wait);	/* who waits to connect */
		*out = &new->socket;
	}
	return err;
}

static int unix_shutdown(struct socket *s, int how)
{
	struct unix_sock *u = unix_of(s), *peer;
	u8 bits = (u8)(how + 1), mirrored = 0;

	add_shutdown(u, bits, false);
	peer = unix_peer_get(u);
	if (!peer)
		return 0;
	if (bits & RCV_SHUTDOWN)
		mirrored |= SEND_SHUTDOWN;
	if (bits & SEND_SHUTDOWN)
		mirrored |= RCV_SHUTDOWN;
	if (!unix_is_dgram(u)) {
		add_shutdown(peer, mirrored, false);
		if (mirrored & RCV_SHUTDOWN)
			unix_signal(peer, mirrored == SHUTDOWN_MASK ? POLL_HUP : POLL_IN);
	}
	unix_put(peer);
	return 0;
}

/* ---- looking ---- */

/* What changes that wakes write_wait: peer_has_space(). */
static bool dgram_peer_full(struct unix_sock *u)
{
	struct unix_sock *peer = unix_is_dgram(u) ? unix_peer_get(u) : NULL;
	bool full;

	if (!peer)
		return false;
	full = unix_dgram_full(u, peer);
	unix_put(peer);
	return full;
}

static u32 unix_poll(struct socket *s, struct file *f, struct poll_table *pt)
{
	struct unix_sock *u = unix_of(s);
	u32 mask = 0;
	u8 shutdown;

	poll_wait(f, &u->read_wait, pt);
	poll_wait(f, &u->write_wait, pt);
	shutdown = READ_ONCE(u->shutdown);
	if (READ_ONCE(s->error))
		mask |= POLLERR;
	if (shutdown == SHUTDOWN_MASK)
		mask |= POLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (READ_ONCE(u->queued) || READ_ONCE(u->nr_pending))
		mask |= POLLIN | POLLRDNORM;
	if (READ_ONCE(u->oob))
		mask |= POLLPRI;
	if (!unix_is_dgram(u) && READ_ONCE(u->state) == UNIX_CLOSED)
		mask |= POLLHUP;
	if (READ_ONCE(u->state) != UNIX_LISTENING && unix_writable(u) && !dgram_peer_full(u))
		mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
	else
		unix_short_of_room(u);
	return mask;
}

/* Is the urgent byte the next one? */
static bool unix_at_mark(struct unix_sock *u)
{
	GUARD(spin, &u->lock);
	return u->queued && list_first_entry(&u->queue, struct unix_message, link) == u->oob;
}

static long unix_ioctl(struct socket *s, unsigned cmd, unsigned long arg)
{
	struct unix_sock *u = unix_of(s);
	u64 bytes;

	if (cmd == SIOCOUTQ)
		return put_user(READ_ONCE(u->sending), int, arg);
	if (cmd == SIOCATMARK)
		return s->type == SOCK_STREAM ? put_user(unix_at_mark(u), int, arg) : -EOPNOTSUPP;
	if (cmd != SIOCINQ)
		return -ENOTTY;
	if (READ_ONCE(u->state) == UNIX_LISTENING)
		return -EINVAL;
	spin_lock(&u->lock);
	bytes = u->bytes;
	if (unix_is_dgram(u))
		bytes = u->queued ? list_first_entry(&u->queue, struct unix_message, link)->size : 0;
	spin_unlock(&u->lock);
	return put_user(bytes, int, arg);
}

static bool unix_listening(struct socket *s)
{
	return READ_ONCE(unix_of(s)->state) == UNIX_LISTENING;
}

static struct ucred unix_peercred(struct socket *s)
{
	GUARD(mutex, &unix_state_mutex);
	return unix_of(s)->peercred;
}

static const struct socket_ops unix_ops = {
	.bind = unix_bind,
	.listen = unix_listen,
	.accept = unix_accept,
	.connect = unix_connect,
	.pair = unix_pair,
	.getname = unix_getname,
	.send = unix_send,
	.recv = unix_recv,
	.shutdown = unix_shutdown,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.listening = unix_listening,
	.peercred = unix_peercred,
	.release = unix_release,
};
