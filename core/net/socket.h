/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets, for the files of core/net/ only. A family gives operations; the calls and the file are common.
 *
 * Process context; no spinlock held. Field legend: [const] after creation, [atomic].
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <janus/fasync.h>
#include <janus/fs.h>
#include <janus/poll.h>
#include <janus/sched.h>
#include <janus/slab.h>
#include <janus/socket.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <uapi/errno.h>
#include <uapi/socket.h>

struct socket {
	const struct socket_ops *ops;	/* [const] */
	int type;			/* [const] SOCK_* */
	/* [const once set, until release()] whose owner hears of urgent bytes; NULL: not accepted */
	struct file *file;
	struct fasync_list async;
	bool short_of_room;		/* [atomic] somebody with O_ASYNC could not send: tell when there is room */
	bool reader_waits;		/* [as is] in a stream's call: it sees what comes itself */
	int error;			/* [atomic] 0, or an errno that waits to be told: SO_ERROR, or the next call */
	u32 sndbuf, rcvbuf;		/* [atomic] */
	u64 rcvtimeo, sndtimeo;		/* [atomic] ns; TIME_MAX: no end */
	u64 switches;			/* [atomic] bit SO_*: the options that are on or off */
	bool passcred;			/* [atomic] SO_PASSCRED */
	u32 priority, mark;		/* [atomic] */
	u32 rcvlowat;			/* [atomic] a read of a stream waits for so many bytes, 1 at least */
	/* [atomic, each] for getsockopt: a unix socket's close waits for nobody */
	struct { u32 on, seconds; } linger;
};

/* Descriptors that travel. The files are counted; the sender's user pays for them until they arrive. */
struct scm_fds {
	struct scm_fds *next;		/* [drain_lock] */
	struct user_struct *user;
	u32 nr;
	struct file *file[];
};

struct socket_msg {
	struct iov_iter *it;
	u32 flags;			/* MSG_* of the caller; MSG_DONTWAIT for O_NONBLOCK too */
	u32 out_flags;			/* MSG_* for msg_flags */
	struct sockaddr_storage name;
	int namelen;			/* 0: none */
	const char *control;		/* sent: the user's control messages, for scm_send(); NULL: none */
	size_t controllen;		/* with control */
	/* sent: the family takes it, or the caller has what is left; received: the caller does */
	struct scm_fds *fds;
	struct ucred cred;
	bool has_cred;			/* sent: the message named them */
};

struct socket_ops {
	int (*bind)(struct socket *s, const struct sockaddr_storage *addr, int len);
	int (*listen)(struct socket *s, int backlog);
	int (*accept)(struct socket *s, struct socket **out, bool nonblock);
	int (*connect)(struct socket *s, const struct sockaddr_storage *addr, int len, bool nonblock);
	void (*pair)(struct socket *a, struct socket *b);
	int (*getname)(struct socket *s, struct sockaddr_storage *addr, bool peer);	/* length */
	ssize_t (*send)(struct socket *s, struct socket_msg *m);
	ssize_t (*recv)(struct socket *s, struct socket_msg *m);
	int (*shutdown)(struct socket *s, int how);
	u32 (*poll)(struct socket *s, struct file *f, struct poll_table *pt);
	long (*ioctl)(struct socket *s, unsigned cmd, unsigned long arg);
	bool (*listening)(struct socket *s);
	struct ucred (*peercred)(struct socket *s);
	void (*release)(struct socket *s);			/* the last close */
};

struct socket *unix_create(int type);				/* or NULL */

/* 0, or what waited to be told, as -errno; it is told then. */
static inline int socket_take_error(struct socket *s)
{
	return unlikely(READ_ONCE(s->error)) ? -__atomic_exchange_n(&s->error, 0, __ATOMIC_ACQ_REL) : 0;
}

/* The socket of a descriptor, to be fd_put; or NULL and *err. */
struct socket *socket_get(unsigned fd, struct fd *f, int *err);
int sockaddr_from_user(struct sockaddr_storage *to, uaddr_t from, int len);
int sockaddr_to_user(const struct sockaddr_storage *from, int len, uaddr_t to, uaddr_t tolen);

/* ---- scm.c ---- */
int scm_send(struct socket_msg *m);	/* m->control into fds and cred, when the family looks at it; 0 or -errno */
/* Give what came with a message to the user; the room left is in *len. Consumes m->fds. */
void scm_recv(struct socket *s, struct socket_msg *m, uaddr_t control, size_t *len);
void scm_fds_free(struct scm_fds *fds);
static inline void scm_fds_put(struct scm_fds *fds) { if (unlikely(fds)) scm_fds_free(fds); }
struct scm_fds *scm_fds_copy(const struct scm_fds *fds);	/* for MSG_PEEK; or NULL */
int scm_fds_charge(struct scm_fds *fds);			/* on their way now: 0 or -ETOOMANYREFS */
struct ucred current_ucred(void);

static inline u64 socket_deadline(u64 timeout)
{
	u64 now;

	if (timeout == TIME_MAX)
		return TIME_MAX;
	now = clock_monotonic();
	return timeout > TIME_MAX - now ? TIME_MAX : now + timeout;
}

/* Sleep until the condition: 0, -EAGAIN at the deadline, or what a signal makes of it (no restart with a timeout). */
#define SOCKET_WAIT(q, condition, deadline)                                          \
	({                                                                           \
		long _ret = 0;                                                       \
		struct wait_entry _e;                                                \
		wait_entry_init(&_e, false);                                         \
		for (;;) {                                                           \
			wait_prepare(q, &_e, THREAD_INTERRUPTIBLE);                  \
			if (condition)                                               \
				break;                                               \
			if (signal_pending()) {                                      \
				_ret = (deadline) == TIME_MAX ? -ERESTARTSYS : -EINTR; \
				break;                                               \
			}                                                            \
			if ((deadline) == TIME_MAX) {                                \
				schedule();                                          \
			} else if (!schedule_timeout(deadline)) {                    \
				_ret = (condition) ? 0 : -EAGAIN;                    \
				break;                                               \
			}                                                            \
			if (condition)                                               \
				break;                                               \
		}                                                                    \
		wait_finish(q, &_e);                                                 \
		_ret;                                                                \
	})

#endif
