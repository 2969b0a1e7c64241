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

void unix_signal(struct unix_sock *u, int code)
{
	if (!READ_ONCE(u->socket.reader_waits))
		fasync_signal(&u->socket.async, FMODE_READ | FMODE_WRITE, code);
}

/* A message of u's has gone: is that room somebody with O_ASYNC did not have? */
static __noinline void signal_room(struct unix_sock *u)
{
	if (unix_writable(u) && __atomic_exchange_n(&u->socket.short_of_room, false, __ATOMIC_ACQ_REL))
		fasync_signal(&u->socket.async, FMODE_READ | FMODE_WRITE, POLL_OUT);
}

void unix_message_free(struct unix_message *msg)
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
		unix_message_free(msg);
	}
}
