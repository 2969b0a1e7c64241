/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The unix family, for unix*.c only.
 *
 * Lock order: state_mutex, then one socket's lock (a spinlock); read_mutex before a lock, never with state_mutex.
 * names_lock stands alone. No file is put under any of them. Two sockets' locks are never held together.
 *
 * Field legend: [S] state_mutex; [S+q] both to write, either to read; [q] lock; [atomic]; [const].
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "socket.h"

#define UNIX_PATH_MAX 108
#define UNIX_NAME_OFFSET 2		/* of sun_path */
#define DGRAM_BACKLOG 10		/* net.unix.max_dgram_qlen */
#define MESSAGE_OVERHEAD 512		/* what a message costs its sender besides its bytes */

struct unix_address {
	refcount_t refs;
	int len;			/* of the sockaddr */
	struct { u16 family; char path[UNIX_PATH_MAX + 1]; } name;
};

enum unix_state { UNIX_CLOSED, UNIX_LISTENING, UNIX_CONNECTED };
enum { RCV_SHUTDOWN = 1, SEND_SHUTDOWN = 2, SHUTDOWN_MASK = 3 };

struct unix_sock {
	struct socket socket;
	refcount_t refs;		/* file, peers, messages, names found */
	spinlock_t lock;
	struct mutex read_mutex;	/* readers take turns: the first message stays where it is */
	enum unix_state state;		/* [S, read as is] */
	struct unix_address *address;	/* [S+q] counted; once set it stays */
	struct path path;		/* [S] counted; of a pathname */
	struct unix_sock *bound_next;	/* [names_lock] */
	struct unix_sock *peer;		/* [S+q] counted; of a stream it stays */
	bool dead;			/* [q] its file is gone */
	u8 shutdown;			/* [q, read as is] */
	struct list_head queue;		/* [q] messages; of a listener, none */
	/* [q; read_mutex to take or pass] in the queue: the last byte sent with MSG_OOB */
	struct unix_message *oob;
	u32 queued;			/* [q, read as is] */
	u64 bytes;			/* [q] in the queue */
	s64 sending;			/* [atomic] bytes of ours in others' queues */
	struct wait_queue read_wait, write_wait;
	struct wait_queue *space;	/* [S] the peer's unix_space_wait(), where space_entry is; NULL: nowhere */
	struct wait_entry space_entry;	/* a datagram socket's: hands such a wake-up on to write_wait */
	struct unix_sock *pending, **pending_tail;	/* [S] not yet accepted, by pending_next */
	struct unix_sock *pending_next;
	u32 nr_pending, backlog;	/* [S, read as is] */
	struct ucred peercred;		/* [S] */
};

struct unix_message {
	struct list_head link;		/* [receiver's q] */
	struct unix_sock *sender;	/* [const] counted; pays */
	struct scm_fds *fds;		/* [read_mutex] */
	struct ucred cred;		/* [const] */
	u32 size, offset;		/* [read_mutex] offset: read so far */
	bool urgent;			/* [const] one byte of MSG_OOB: a read stops before it */
	char data[];
};

extern struct mutex unix_state_mutex;
static inline struct unix_sock *unix_of(struct socket *s) { return container_of(s, struct unix_sock, socket); }
static inline struct unix_sock *unix_get(struct unix_sock *u) { ref_get(&u->refs); return u; }
void unix_put(struct unix_sock *u);
static inline bool unix_is_dgram(const struct unix_sock *u) { return u->socket.type == SOCK_DGRAM; }
struct unix_sock *unix_peer_get(struct unix_sock *u);		/* counted or NULL */
/* [S] Takes a reference over; the old peer, for the caller to put when the mutex is free. */
struct unix_sock *unix_set_peer(struct unix_sock *u, struct unix_sock *peer);

/* ---- unix_address.c ---- */
int unix_bind(struct socket *s, const struct sockaddr_storage *addr, int len);
int unix_autobind(struct unix_sock *u);		/* a name of its own, unless it has one: 0 or -errno */
void unix_unbind(struct unix_sock *u);		/* nobody finds it any more */
int unix_getname(struct socket *s, struct sockaddr_storage *addr, bool peer);
int unix_copy_name(struct unix_sock *u, struct sockaddr_storage *to);	/* length; 2 when unnamed */
int unix_check_address(const struct sockaddr_storage *addr, int len);	/* 0 or -EINVAL */
struct unix_sock *unix_find(const struct sockaddr_storage *addr, int len, int type);	/* counted or ERR_PTR */
/* Who asks for credentials of others is known by a name itself, once it connects or sends: 0 or -errno. */
static inline int unix_name_sender(struct unix_sock *u)
{
	return READ_ONCE(u->socket.passcred) && !READ_ONCE(u->address) ? unix_autobind(u) : 0;
}

/* ---- unix_send.c, unix_recv.c ---- */
ssize_t unix_send(struct socket *s, struct socket_msg *m);
ssize_t unix_recv(struct socket *s, struct socket_msg *m);

/* ---- unix_queue.c. No lock held ---- */
void unix_message_free(struct unix_message *msg);	/* in no queue; its sender has room again */
/* Something happened to u that its readers may want a signal for: POLL_IN, POLL_HUP. */
void unix_signal(struct unix_sock *u, int code);
void unix_purge(struct unix_sock *u);		/* no reader is left */
bool unix_dgram_full(const struct unix_sock *from, const struct unix_sock *to);
struct wait_queue *unix_space_wait(const struct unix_sock *to);	/* a datagram was taken from `to` */
/* u could not send: who has O_ASYNC is told once it can. */
static inline void unix_short_of_room(struct unix_sock *u)
{
	if (u->socket.async.first)
		WRITE_ONCE(u->socket.short_of_room, true);
}
static inline bool unix_writable(const struct unix_sock *u)
{
	return READ_ONCE(u->sending) * 4 <= (s64)READ_ONCE(u->socket.sndbuf);
}

#endif
