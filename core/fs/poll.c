// SPDX-License-Identifier: BSD-2-Clause
/*
 * poll and ppoll. Files are first only asked; entries on their wait queues are made when nothing is ready
 * and the caller wants to wait. Source: poll(2).
 */
#include <janus/fs.h>
#include <janus/poll.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <generated/syscalls.h>
#include "poll_wait.h"

/* ---- waiting on many queues: poll_wait.h ---- */

static bool poll_wake(struct wait_entry *entry, u32 key)
{
	struct poll_entry *e = container_of(entry, struct poll_entry, wait);

	if (!(key & e->key & WAKE_ANY))
		return false;
	WRITE_ONCE(e->waiter->triggered, true);
	return wake_default(entry, key);
}

static void poll_queue(struct poll_table *pt, struct file *f, struct wait_queue *q)
{
	struct poll_waiter *w = container_of(pt, struct poll_waiter, table);
	struct poll_entry *e;

	if (w->nr_inline < ARRAY_SIZE(w->inline_entries)) {
		e = &w->inline_entries[w->nr_inline++];
	} else {
		e = kmalloc(sizeof(*e), GFP_KERNEL);
		if (!e) {
			w->error = -ENOMEM;
			return;
		}
		e->next = w->more;
		w->more = e;
	}
	wait_entry_init(&e->wait, false);
	e->wait.wake = poll_wake;
	e->waiter = w;
	e->queue = q;
	e->file = file_get(f);
	e->key = pt->key | POLLERR | POLLHUP;
	wait_add(q, &e->wait);
}

void poll_waiter_init(struct poll_waiter *w)
{
	w->table.queue = NULL;
	w->triggered = false;
	w->error = 0;
	w->nr_inline = 0;
	w->more = NULL;
}

static void poll_entry_done(struct poll_entry *e)
{
	wait_remove(e->queue, &e->wait);
	file_put(e->file);
}

void poll_waiter_done(struct poll_waiter *w)
{
	struct poll_entry *e;

	for (unsigned i = 0; i < w->nr_inline; i++)
		poll_entry_done(&w->inline_entries[i]);
	while ((e = w->more)) {
		w->more = e->next;
		poll_entry_done(e);
		kfree(e);
	}
}

bool poll_waiter_sleep(struct poll_waiter *w, u64 deadline)
{
	bool in_time = true;

	set_current_state(THREAD_INTERRUPTIBLE);
	if (!READ_ONCE(w->triggered))
		in_time = schedule_timeout(deadline) != 0 || deadline == TIME_MAX;
	set_current_state(THREAD_RUNNING);
	WRITE_ONCE(w->triggered, false);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* before the files are asked again */
	return in_time;
}

int poll_wait_loop(struct poll_waiter *w, int (*ask)(struct poll_waiter *w, void *arg), void *arg, u64 deadline)
{
	int n = ask(w, arg);

	if (n || !deadline)
		return n;
	w->table.queue = poll_queue;
	n = ask(w, arg);
	w->table.queue = NULL;
	while (!n && !w->error) {
		if (signal_pending())
			return -EINTR;
		if (!poll_waiter_sleep(w, deadline))
			return ask(w, arg);
		n = ask(w, arg);
	}
	return n ? n : w->error;
}

u32 file_poll(struct file *f, struct poll_table *pt)
{
	return f->ops->poll ? f->ops->poll(f, pt) : POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

u64 poll_deadline(u64 timeout)
{
	u64 now = clock_monotonic();

	return timeout > TIME_MAX - now ? TIME_MAX : now + timeout;
}

/* ---- poll ---- */

struct poll_call {
	struct pollfd *fds;
	unsigned nr;
};

static int ask_all(struct poll_waiter *w, void *arg)
{
	struct poll_call *call = arg;
	int ready = 0;

	for (unsigned i = 0; i < call->nr; i++) {
		struct pollfd *p = &call->fds[i];
		u32 mask = 0, want = (u16)p->events | POLLERR | POLLHUP;

		if (p->fd >= 0) {
			struct fd f = fd_get((unsigned)p->fd);

			mask = POLLNVAL;
			if (f.file) {
				w->table.key = want;
				mask = file_poll(f.file, &w->table) & want;
				fd_put(f);
			}
		}
		p->revents = (s16)mask;
		if (mask) {
			ready++;
			w->table.queue = NULL;
		}
	}
	return ready;
}

static int copy_results(uaddr_t ufds, const struct poll_call *call)
{
	for (unsigned i = 0; i < call->nr; i++) {
		uaddr_t to = ufds + i * sizeof(struct pollfd) + offsetof(struct pollfd, revents);

		if (put_user(call->fds[i].revents, s16, to))
			return -EFAULT;
	}
	return 0;
}

#define FEW_FDS 8

/* deadline: ns, 0: do not wait, TIME_MAX: for ever. Count, -EINTR or another error. */
static int do_poll(uaddr_t ufds, unsigned nr, u64 deadline)
{
	struct pollfd few[FEW_FDS];
	struct poll_call call = { few, nr };
	struct poll_waiter w;
	int n;

	if (nr > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (nr > FEW_FDS) {
		call.fds = kmalloc(nr * sizeof(struct pollfd), GFP_KERNEL);
		if (!call.fds)
			return -ENOMEM;
	}
	n = -EFAULT;
	if (!copy_from_user(call.fds, ufds, nr * sizeof(struct pollfd))) {
		poll_waiter_init(&w);
		n = poll_wait_loop(&w, ask_all, &call, deadline);
		poll_waiter_done(&w);
		if (n >= 0 && copy_results(ufds, &call))
			n = -EFAULT;
	}
	if (call.fds != few)
		kfree(call.fds);
	return n;
}

static long restart_poll(struct thread *t)
{
	struct restart_block r = t->restart;
	int n = do_poll(r.arg[0], (unsigned)r.arg[1], r.arg[2]);

	if (n == -EINTR) {
		t->restart = r;
		return -ERESTART_RESTARTBLOCK;
	}
	return n;
}

long sys_poll(uaddr_t fds, unsigned nfds, int timeout_msecs)
{
	u64 deadline = timeout_msecs < 0 ? TIME_MAX :
		       timeout_msecs ? poll_deadline((u64)timeout_msecs * NSEC_PER_MSEC) : 0;
	int n = do_poll(fds, nfds, deadline);

	if (n == -EINTR) {
		current->restart = (struct restart_block){ restart_poll, { fds, nfds, deadline } };
		return -ERESTART_RESTARTBLOCK;
	}
	return n;
}

long finish_timed_wait(long n, uaddr_t timeout, u64 deadline, bool is_timeval)
{
	bool interrupted = n == -EINTR;
	u64 now, left;

	restore_saved_sigmask_unless(interrupted);
	if (timeout && deadline != TIME_MAX) {
		struct timespec ts;

		now = deadline ? clock_monotonic() : 0;
		left = deadline > now ? deadline - now : 0;
		ts = (struct timespec){ (s64)(left / NSEC_PER_SEC), (s64)(left % NSEC_PER_SEC) };
		if (is_timeval)
			ts.tv_nsec /= 1000;
		/* The rest is told as far as it can be; where it cannot, the call is not repeated with it. */
		if (copy_struct_out(timeout, &ts))
			return interrupted ? -EINTR : n;
	}
	return interrupted ? -ERESTARTNOHAND : n;
}

long sys_ppoll(uaddr_t fds, unsigned nfds, uaddr_t timeout, uaddr_t sigmask, size_t sigsetsize)
{
	u64 deadline = TIME_MAX, ns;
	int err;

	if (timeout) {
		err = get_user_timespec(&ns, timeout);
		if (err)
			return err;
		deadline = ns ? poll_deadline(ns) : 0;
	}
	err = set_user_sigmask(sigmask, sigsetsize);
	if (err)
		return err;
	return finish_timed_wait(do_poll(fds, nfds, deadline), timeout, deadline, false);
}
