// SPDX-License-Identifier: BSD-2-Clause
/*
 * poll and ppoll. Files are first only asked; entries on their wait queues are made when nothing is ready
 * and the caller wants to wait. Source: poll(2).
 */
#include <janus/fs.h>
#include <janus/poll.h>
#include <janus/slab.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <generated/syscalls.h>
#include "poll_wait.h"

/* ---- waiting on many queues: poll_wait.h ---- */

struct poll_waiter;

struct poll_entry {
	struct wait_entry wait;
	struct poll_waiter *waiter;
	struct wait_queue *queue;
	struct file *file;		/* counted: keeps the queue */
	struct poll_entry *next;
	u32 key;			/* events that wake */
};

/* On the stack of a call that sleeps. */
struct poll_waiter {
	struct poll_table table;
	bool triggered;			/* [atomic] an entry was woken since the files were asked */
	int error;
	unsigned nr_inline;
	struct poll_entry *more;
	struct poll_entry inline_entries[4];
};

static bool poll_wake(struct wait_entry *entry, u32 key)
{
	struct poll_entry *e = container_of(entry, struct poll_entry, wait);

	if (!(key & e->key & WAKE_ANY))
		return false;
	WRITE_ONCE(e->waiter->triggered, true);
	return wake_and_stay(entry, key);	/* what it is woken for may be gone when it looks */
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

static void poll_waiter_init(struct poll_waiter *w)
{
	w->table.queue = poll_queue;
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

static void poll_waiter_done(struct poll_waiter *w)
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

/* False: the deadline passed. */
static bool poll_waiter_sleep(struct poll_waiter *w, u64 deadline)
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

/* The first look puts the entries on their queues; those after it find the changes. */
static int poll_wait_loop(struct poll_waiter *w, poll_ask_fn ask, void *arg, u64 deadline)
{
	int n = ask(&w->table, arg);

	w->table.queue = NULL;
	while (!n && !w->error) {
		if (signal_pending())
			return -EINTR;
		if (!poll_waiter_sleep(w, deadline))
			return ask(&w->table, arg);
		n = ask(&w->table, arg);
	}
	return n ? n : w->error;
}

int poll_files_wait(poll_ask_fn ask, void *arg, u64 deadline)
{
	struct poll_waiter w;
	int n;

	poll_waiter_init(&w);
	n = poll_wait_loop(&w, ask, arg, deadline);
	poll_waiter_done(&w);
	return n;
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

static int ask_all(struct poll_table *pt, void *arg)
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
				pt->key = want;
				mask = file_poll(f.file, pt) & want;
				fd_put(f);
			}
		}
		p->revents = (s16)mask;
		if (mask) {
			ready++;
			pt->queue = NULL;
		}
	}
	return ready;
}

static int copy_results(uaddr_t ufds, const struct poll_call *call)
{
	if (!access_ok(ufds, 0))	/* of none, too */
		return -EFAULT;
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
		n = poll_files(ask_all, &call, deadline);
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

/* The time left until the deadline, to the user; 0 or -EFAULT. */
static __noinline int put_time_left(uaddr_t to, u64 deadline, bool is_timeval)
{
	u64 now = deadline ? clock_monotonic() : 0;
	struct timespec ts = ns_to_timespec(deadline > now ? deadline - now : 0);

	if (is_timeval)
		ts.tv_nsec /= 1000;
	return copy_struct_out(to, &ts);
}

long finish_timed_wait(long n, uaddr_t timeout, u64 deadline, bool is_timeval)
{
	restore_saved_sigmask_unless(n == -EINTR);
	/* The rest is told as far as it can be; where it cannot, the call is not repeated with it. */
	if (timeout && deadline != TIME_MAX && put_time_left(timeout, deadline, is_timeval))
		return n;
	return unlikely(n == -EINTR) ? -ERESTARTNOHAND : n;
}

static inline long masked_poll(uaddr_t fds, unsigned nr, uaddr_t timeout, u64 deadline, uaddr_t mask, size_t size)
{
	int err = set_user_sigmask(mask, size);

	return err ? err : finish_timed_wait(do_poll(fds, nr, deadline), timeout, deadline, false);
}

static __noinline long timed_poll(uaddr_t fds, unsigned nr, uaddr_t timeout, uaddr_t mask, size_t size)
{
	u64 ns;
	int err = get_user_timespec(&ns, timeout);

	return err ? err : masked_poll(fds, nr, timeout, ns ? poll_deadline(ns) : 0, mask, size);
}

long sys_ppoll(uaddr_t fds, unsigned nfds, uaddr_t timeout, uaddr_t sigmask, size_t sigsetsize)
{
	if (timeout)
		return timed_poll(fds, nfds, timeout, sigmask, sigsetsize);
	return masked_poll(fds, nfds, 0, TIME_MAX, sigmask, sigsetsize);
}
