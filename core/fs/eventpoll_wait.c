// SPDX-License-Identifier: BSD-2-Clause
/*
 * epoll_wait: what is ready is reported, in turn; who finds nothing waits.
 */
#include <janus/thread.h>
#include <janus/time.h>
#include <generated/syscalls.h>
#include "eventpoll.h"
#include "poll_wait.h"

/* The event of an item whose file is ready for `seen`, to the user, whose array was checked; 0 or -EFAULT. */
static inline int report(const struct epoll_item *item, u32 seen, uaddr_t to)
{
	might_sleep();
	/* Each field by itself: where a machine pads between them, the user's bytes there stay. */
	return arch_put_user(seen, to + offsetof(struct epoll_event, events), sizeof(u32)) ? :
	       arch_put_user(item->event.data, to + offsetof(struct epoll_event, data), sizeof(u64));
}

/* The item goes off the ready list, unless it was rung for since its file was asked. */
static __noinline void drop_ready(struct eventpoll *ep, struct epoll_item *item)
{
	spin_lock_irq(&ep->ready_lock);
	if (!item->rung)
		list_del_init(&item->ready_link);
	spin_unlock_irq(&ep->ready_lock);
}

/* Those before `next` have had their turn: they go behind the others. */
static __noinline void begin_next_with(struct eventpoll *ep, struct list_head *next)
{
	spin_lock_irq(&ep->ready_lock);
	list_move_tail(&ep->ready, next);
	spin_unlock_irq(&ep->ready_lock);
}

/* What the item's file is ready for now. Whoever makes it ready after this look rings again. */
static inline u32 ask_item(struct epoll_item *item)
{
	WRITE_ONCE(item->rung, false);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return file_poll(item->file, NULL) & item->event.events & ~EPOLL_PRIVATE_BITS;
}

/*
 * Report what is ready. The list is walked as it stands at the beginning: others come to its end meanwhile, and only we
 * take some off. A level-triggered item that is ready stays where it is; when not all could be reported, the next
 * call begins behind those that were.
 */
static inline int harvest(struct eventpoll *ep, uaddr_t events, int max)
{
	struct list_head *link, *next, *last;
	int n = 0, err = 0;

	mutex_lock(&ep->mutex);
	spin_lock_irq(&ep->ready_lock);
	next = ep->ready.next;
	last = ep->ready.prev;
	spin_unlock_irq(&ep->ready_lock);
	link = &ep->ready;
	while (link != last) {
		struct epoll_item *item = list_entry(next, struct epoll_item, ready_link);
		u32 wanted = item->event.events, seen = ask_item(item);

		if (seen) {
			err = report(item, seen, events + (size_t)n * sizeof(item->event));
			if (err) {
				begin_next_with(ep, next);
				break;
			}
			n++;
		}
		link = next;
		next = link->next;
		if (seen && (wanted & EPOLLONESHOT))
			WRITE_ONCE(item->event.events, wanted & EPOLL_PRIVATE_BITS);
		if (!seen || (wanted & (EPOLLONESHOT | EPOLLET)))
			drop_ready(ep, item);
		if (n == max && link != last) {
			begin_next_with(ep, next);
			break;
		}
	}
	mutex_unlock(&ep->mutex);
	return n ? n : err;
}

/* 0 at the deadline; -EINTR. */
static int wait_ready(struct eventpoll *ep, u64 deadline)
{
	struct wait_entry e;
	int ret = 1;

	wait_entry_init(&e, true);
	for (;;) {
		wait_prepare(&ep->wait, &e, THREAD_INTERRUPTIBLE);
		if (epoll_maybe_ready(ep))
			break;
		if (signal_pending()) {
			ret = -EINTR;
			break;
		}
		if (!schedule_timeout(deadline) && deadline != TIME_MAX) {
			ret = 0;
			break;
		}
	}
	wait_finish(&ep->wait, &e);
	/* A wake-up that chose us after the last look is not to be lost, whatever else ends the wait. */
	return ret == -EINTR && epoll_maybe_ready(ep) ? 1 : ret;
}

static __noinline long wait_longer(struct eventpoll *ep, uaddr_t events, int max, u64 deadline);

static __noinline long do_wait(struct eventpoll *ep, uaddr_t events, int max, u64 deadline)
{
	int n = epoll_maybe_ready(ep) ? harvest(ep, events, max) : 0;

	if (!n && deadline)
		return wait_longer(ep, events, max, deadline);
	/* Others may sleep while more is ready than we took. */
	if (n > 0 && epoll_maybe_ready(ep))
		wake_up(&ep->wait);
	return n;
}

/* Nothing was ready: until something is, or the deadline. */
static long wait_longer(struct eventpoll *ep, uaddr_t events, int max, u64 deadline)
{
	long n;
	int woken;

	do {
		woken = wait_ready(ep, deadline);
		if (woken < 0)
			return woken;
		n = do_wait(ep, events, max, 0);
	} while (!n && woken);
	return n;
}

/* Where the file must be held, and what is wrong with it. */
static __noinline long wait_on(unsigned epfd, uaddr_t events, int max, u64 deadline)
{
	struct fd set = fd_get(epfd);
	long n = -EINVAL;

	if (!set.file)
		return -EBADF;
	if (is_epoll(set.file))
		n = do_wait(set.file->private, events, max, deadline);
	fd_put(set);
	return n;
}

static long epoll_wait_fd(unsigned epfd, uaddr_t events, int max, u64 deadline)
{
	struct file *set;

	if (max <= 0 || max > INT32_MAX / (int)sizeof(struct epoll_event))
		return -EINVAL;
	if (!access_ok(events, (size_t)max * sizeof(struct epoll_event)))
		return -EFAULT;
	set = fd_own(epfd);
	if (likely(set && is_epoll(set)))
		return do_wait(set->private, events, max, deadline);
	return wait_on(epfd, events, max, deadline);
}

static u64 msec_deadline(int timeout)
{
	return timeout < 0 ? TIME_MAX : timeout ? poll_deadline((u64)timeout * NSEC_PER_MSEC) : 0;
}

static __noinline long masked_wait(unsigned epfd, uaddr_t events, int max, u64 deadline, uaddr_t sigmask, size_t size)
{
	long n = set_user_sigmask(sigmask, size);

	if (n)
		return n;
	n = epoll_wait_fd(epfd, events, max, deadline);
	restore_saved_sigmask_unless(n == -EINTR);
	return n;
}

long sys_epoll_pwait(unsigned epfd, uaddr_t events, int maxevents, int timeout, uaddr_t sigmask, size_t sigsetsize)
{
	if (likely(timeout <= 0 && !sigmask))	/* nothing to work out first */
		return epoll_wait_fd(epfd, events, maxevents, timeout ? TIME_MAX : 0);
	return masked_wait(epfd, events, maxevents, msec_deadline(timeout), sigmask, sigsetsize);
}

long sys_epoll_wait(unsigned epfd, uaddr_t events, int maxevents, int timeout)
{
	return sys_epoll_pwait(epfd, events, maxevents, timeout, 0, 0);
}

long sys_epoll_pwait2(unsigned epfd, uaddr_t events, int maxevents, uaddr_t timeout, uaddr_t sigmask,
		      size_t sigsetsize)
{
	u64 deadline = TIME_MAX, ns;
	int err;

	if (timeout) {
		err = get_user_timespec(&ns, timeout);
		if (err)
			return err;
		deadline = ns ? poll_deadline(ns) : 0;
	}
	return masked_wait(epfd, events, maxevents, deadline, sigmask, sigsetsize);
}
