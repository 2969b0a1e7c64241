// SPDX-License-Identifier: BSD-2-Clause
/*
 * epoll: a set of files that remembers who became ready. Source: epoll(7).
 *
 * An item sits on its file's wait queue for as long as it is in the set; a wake-up puts it on the ready list.
 * epoll_wait asks each ready item's file again before it reports it. Items hold no reference to their file:
 * the last close takes them out (eventpoll_release).
 *
 * Lock order: tree_mutex > ep->mutex > wait queue > ep->ready_lock.
 */
#include <janus/fs.h>
#include <janus/poll.h>
#include <janus/printk.h>
#include <janus/rbtree.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <generated/syscalls.h>
#include <uapi/asm/epoll.h>
#include "poll_wait.h"

#define MAX_NESTS 4		/* sets within sets */
#define RAM_SHARE 25		/* of memory, what one user's items may take: one part in so many */
#define PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EXCLUSIVE_OK (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

struct eventpoll {
	struct mutex mutex;		/* protects items and scanning */
	spinlock_t ready_lock;		/* interrupts off; protects ready and item->ready_link, rung */
	struct list_head ready;		/* an item leaves it with [mutex] held too */
	struct rb_root items;		/* [mutex] by (file, fd) */
	struct wait_queue wait;		/* epoll_wait */
	struct wait_queue poll_wait;	/* those who poll this set */
	struct file *file;		/* [const] our own */
	struct user_struct *user;	/* [const] counted; pays for the items */
	unsigned mark;			/* [tree_mutex] visited by the loop check */
	int levels;			/* [tree_mutex] what that visit found */
};

/* An item's place on one of its file's wait queues (a file has one or two). */
struct epoll_hook {
	struct wait_entry wait;
	struct epoll_item *item;
	struct wait_queue *queue;
	struct epoll_hook *next;
};

struct epoll_item {
	struct rb_node node;		/* [ep->mutex] */
	struct list_head ready_link;	/* [ready_lock] */
	bool rung;			/* [ready_lock; cleared under mutex] it became ready (again) while on the list */
	struct list_head file_link;	/* [tree_mutex] in file->epoll_links */
	unsigned mark;			/* [tree_mutex] of the first in that list: the file was visited by the check of paths */
	struct eventpoll *ep;
	struct file *file;
	unsigned fd;
	struct epoll_event event;	/* [ep->mutex] */
	struct epoll_hook *hooks;	/* [ep->mutex] */
};

static const struct file_ops eventpoll_fops;
/* Sets and files point at each other: adding, removing and the last close take turns. */
static struct mutex tree_mutex = MUTEX_INIT(tree_mutex);
static unsigned current_mark;	/* [tree_mutex] */
long epoll_max_watches;		/* [as is] items of one user: fs.epoll.max_user_watches */

/* ---- becoming ready ---- */

/* Put the item on the ready list; true when it was not there. */
static bool make_ready(struct epoll_item *item)
{
	struct eventpoll *ep = item->ep;
	struct irqflags flags;
	bool fresh;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* the file's change before the ring: ask_item() */
	flags = spin_lock_irqsave(&ep->ready_lock);
	fresh = list_empty(&item->ready_link);

	WRITE_ONCE(item->rung, true);
	if (fresh)
		list_add_tail(&item->ready_link, &ep->ready);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	return fresh;
}

static bool hook_wake(struct wait_entry *entry, u32 key)
{
	struct epoll_hook *hook = container_of(entry, struct epoll_hook, wait);
	struct epoll_item *item = hook->item;
	u32 events = READ_ONCE(item->event.events);

	if (!(events & ~PRIVATE_BITS) || !(key & events & WAKE_ANY))
		return false;
	make_ready(item);
	wake_up(&item->ep->wait);
	wake_up_key(&item->ep->poll_wait, POLLIN, ~0u);
	return true;
}

struct hook_table {
	struct poll_table table;
	struct epoll_item *item;
	int error;
};

static void add_hook(struct poll_table *pt, struct file *f, struct wait_queue *q)
{
	struct hook_table *t = container_of(pt, struct hook_table, table);
	struct epoll_hook *hook = kmalloc(sizeof(*hook), GFP_KERNEL);

	(void)f;
	if (!hook) {
		t->error = -ENOMEM;
		return;
	}
	wait_entry_init(&hook->wait, t->item->event.events & EPOLLEXCLUSIVE);
	hook->wait.wake = hook_wake;
	hook->item = t->item;
	hook->queue = q;
	hook->next = t->item->hooks;
	t->item->hooks = hook;
	wait_add(q, &hook->wait);
}

/* ---- items; ep->mutex held ---- */

static int compare(const struct file *file, unsigned fd, const struct epoll_item *item)
{
	if (file != item->file)
		return file < item->file ? -1 : 1;
	return fd < item->fd ? -1 : fd > item->fd;
}

static struct epoll_item *find_item(struct eventpoll *ep, struct file *file, unsigned fd)
{
	struct rb_node *n = ep->items.node;

	while (n) {
		struct epoll_item *item = rb_entry(n, struct epoll_item, node);
		int c = compare(file, fd, item);

		if (!c)
			return item;
		n = c < 0 ? n->left : n->right;
	}
	return NULL;
}

static void insert_item(struct eventpoll *ep, struct epoll_item *item)
{
	struct rb_node **link = &ep->items.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = compare(item->file, item->fd, rb_entry(parent, struct epoll_item, node)) < 0 ?
		       &parent->left : &parent->right;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_fixup(&ep->items, &item->node);
}

/* tree_mutex and ep->mutex held. */
static void remove_item(struct epoll_item *item)
{
	struct eventpoll *ep = item->ep;
	struct epoll_hook *hook;
	struct irqflags flags;

	while ((hook = item->hooks)) {
		item->hooks = hook->next;
		wait_remove(hook->queue, &hook->wait);
		kfree(hook);
	}
	flags = spin_lock_irqsave(&ep->ready_lock);
	list_del_init(&item->ready_link);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	rb_erase(&ep->items, &item->node);
	list_del(&item->file_link);
	ep->user->epoll_watches--;
	kfree(item);
}

/* If the file is ready now, say so: after an add or a change. */
static void look_now(struct epoll_item *item, struct poll_table *pt)
{
	u32 ready;

	pt->key = item->event.events;
	ready = file_poll(item->file, pt) & item->event.events;
	if (ready && make_ready(item)) {
		wake_up(&item->ep->wait);
		wake_up_key(&item->ep->poll_wait, POLLIN, ~0u);
	}
}

/* ---- sets within sets ---- */

static bool is_epoll(const struct file *f) { return f->ops == &eventpoll_fops; }

/* Sets on the longest way down from ep, ep included; too many if `target` is on one. tree_mutex held. */
static int levels_down(struct eventpoll *ep, const struct eventpoll *target)
{
	int most = 0;

	if (ep == target)
		return MAX_NESTS + 1;
	if (ep->mark == current_mark)
		return ep->levels;
	ep->mark = current_mark;
	for (struct rb_node *n = rb_first(&ep->items); n; n = rb_next(n)) {
		struct epoll_item *item = rb_entry(n, struct epoll_item, node);

		if (is_epoll(item->file))
			most = max(most, levels_down(item->file->private, target));
	}
	return ep->levels = most + 1;
}

/* The same upwards, through the sets that ep is in. tree_mutex held. */
static int levels_up(struct eventpoll *ep)
{
	struct epoll_item *item;
	int most = 0;

	if (ep->mark == current_mark)
		return ep->levels;
	ep->mark = current_mark;
	list_for_each_entry(item, &ep->file->epoll_links, file_link)
		most = max(most, levels_up(item->ep));
	return ep->levels = most + 1;
}

/*
 * Count the ways from f up to sets that are in no other, by their length. A wake-up goes all of them at once, with
 * interrupts off: so those of more than one step are few. Any number of sets may hold f itself. tree_mutex held.
 */
static bool few_paths(const struct file *f, int steps, unsigned count[MAX_NESTS + 1])
{
	static const unsigned limits[MAX_NESTS + 1] = { UINT32_MAX, 500, 100, 50, 10 };
	struct epoll_item *item;

	if (steps > MAX_NESTS)
		return false;
	list_for_each_entry(item, &f->epoll_links, file_link) {
		const struct file *up = item->ep->file;

		if (!list_empty(&up->epoll_links) ? !few_paths(up, steps + 1, count) : ++count[steps] > limits[steps])
			return false;
	}
	return true;
}

/* The same for f, or for every file in the sets from f down. tree_mutex held, current_mark fresh. */
static bool may_wake(const struct file *f)
{
	unsigned count[MAX_NESTS + 1] = { 0 };
	struct epoll_item *first;
	struct eventpoll *ep;

	if (!is_epoll(f)) {
		first = list_first_entry(&f->epoll_links, struct epoll_item, file_link);
		if (first->mark == current_mark)
			return true;
		first->mark = current_mark;
		return few_paths(f, 0, count);
	}
	ep = f->private;
	if (ep->mark == current_mark)
		return true;
	ep->mark = current_mark;
	for (struct rb_node *n = rb_first(&ep->items); n; n = rb_next(n)) {
		if (!may_wake(rb_entry(n, struct epoll_item, node)->file))
			return false;
		cond_resched();
	}
	return true;
}

/* ---- epoll_ctl ---- */

static int ctl_add(struct eventpoll *ep, struct file *f, unsigned fd, const struct epoll_event *event)
{
	struct hook_table hooks = { .table = { .queue = add_hook } };
	struct epoll_item *item;

	if (unlikely(ep->user->epoll_watches >= READ_ONCE(epoll_max_watches)))
		return -ENOSPC;
	item = kzalloc(sizeof(*item), GFP_KERNEL);
	if (!item)
		return -ENOMEM;
	ep->user->epoll_watches++;
	list_init(&item->ready_link);
	item->ep = ep;
	item->file = f;
	item->fd = fd;
	item->event = *event;
	item->event.events |= POLLERR | POLLHUP;
	list_add_tail(&item->file_link, &f->epoll_links);
	insert_item(ep, item);
	if (unlikely(is_epoll(f) || !list_empty(&ep->file->epoll_links))) {
		current_mark++;
		if (!may_wake(f)) {
			remove_item(item);
			return -EINVAL;
		}
	}
	hooks.item = item;
	look_now(item, &hooks.table);
	if (hooks.error)
		remove_item(item);
	return hooks.error;
}

static int ctl_mod(struct epoll_item *item, const struct epoll_event *event)
{
	struct poll_table ask = { .queue = NULL };

	if ((item->event.events & EPOLLEXCLUSIVE) || (event->events & EPOLLEXCLUSIVE))
		return -EINVAL;
	item->event.data = event->data;
	WRITE_ONCE(item->event.events, event->events | POLLERR | POLLHUP);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* wakers see the new events, or we see their change */
	look_now(item, &ask);
	return 0;
}

static int ctl_locked(struct eventpoll *ep, int op, struct file *f, unsigned fd, const struct epoll_event *event)
{
	struct epoll_item *item = find_item(ep, f, fd);

	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : ctl_add(ep, f, fd, event);
	case EPOLL_CTL_MOD:
		return item ? ctl_mod(item, event) : -ENOENT;
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		remove_item(item);
		return 0;
	default:
		return -EINVAL;
	}
}

static int check_ctl(struct file *set, int op, struct file *f, const struct epoll_event *event)
{
	if (!f->ops->poll)
		return -EPERM;
	if (f == set || !is_epoll(set))
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && (event->events & EPOLLEXCLUSIVE)) {
		if (op == EPOLL_CTL_MOD || (op == EPOLL_CTL_ADD && is_epoll(f)) || (event->events & ~EXCLUSIVE_OK))
			return -EINVAL;
	}
	return 0;
}

static int do_ctl(struct file *set, int op, struct file *f, unsigned fd, const struct epoll_event *event)
{
	struct eventpoll *ep = set->private;
	int err = check_ctl(set, op, f, event);

	if (err)
		return err;
	GUARD(mutex, &tree_mutex);
	if (op == EPOLL_CTL_ADD && is_epoll(f)) {
		int levels;

		current_mark++;
		levels = levels_down(f->private, ep);
		current_mark++;
		if (levels + levels_up(ep) > MAX_NESTS + 1)
			return -ELOOP;
	}
	GUARD(mutex, &ep->mutex);
	return ctl_locked(ep, op, f, fd, event);
}

long sys_epoll_ctl(unsigned epfd, int op, unsigned fd, uaddr_t event)
{
	struct epoll_event copy = { 0 };
	struct fd set, f;
	int err = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_struct_in(&copy, event))
		return -EFAULT;
	set = fd_get(epfd);
	if (!set.file)
		return -EBADF;
	f = fd_get(fd);
	if (f.file) {
		err = do_ctl(set.file, op, f.file, fd, &copy);
		fd_put(f);
	}
	fd_put(set);
	return err;
}

void eventpoll_release(struct file *f)
{
	GUARD(mutex, &tree_mutex);
	while (!list_empty(&f->epoll_links)) {
		struct epoll_item *item = list_first_entry(&f->epoll_links, struct epoll_item, file_link);
		struct eventpoll *ep = item->ep;

		mutex_lock(&ep->mutex);
		remove_item(item);
		mutex_unlock(&ep->mutex);
	}
}

/* ---- epoll_wait ---- */

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
	return file_poll(item->file, NULL) & item->event.events & ~PRIVATE_BITS;
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
			WRITE_ONCE(item->event.events, wanted & PRIVATE_BITS);
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

static bool maybe_ready(struct eventpoll *ep)
{
	return !list_empty(&ep->ready);
}

/* 0 at the deadline; -EINTR. */
static int wait_ready(struct eventpoll *ep, u64 deadline)
{
	struct wait_entry e;
	int ret = 1;

	wait_entry_init(&e, true);
	for (;;) {
		wait_prepare(&ep->wait, &e, THREAD_INTERRUPTIBLE);
		if (maybe_ready(ep))
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
	return ret == -EINTR && maybe_ready(ep) ? 1 : ret;
}

static __noinline long wait_longer(struct eventpoll *ep, uaddr_t events, int max, u64 deadline);

static __noinline long do_wait(struct eventpoll *ep, uaddr_t events, int max, u64 deadline)
{
	int n = maybe_ready(ep) ? harvest(ep, events, max) : 0;

	if (!n && deadline)
		return wait_longer(ep, events, max, deadline);
	/* Others may sleep while more is ready than we took. */
	if (n > 0 && maybe_ready(ep))
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

/* ---- the set as a file ---- */

static u32 eventpoll_poll(struct file *f, struct poll_table *pt)
{
	struct eventpoll *ep = f->private;
	struct poll_table ask = { .queue = NULL };
	u32 mask = 0;

	poll_wait(f, &ep->poll_wait, pt);
	if (!maybe_ready(ep))
		return 0;
	GUARD(mutex, &ep->mutex);
	/* An item on the list may have been read since. */
	for (struct rb_node *n = rb_first(&ep->items); n && !mask; n = rb_next(n)) {
		struct epoll_item *item = rb_entry(n, struct epoll_item, node);

		ask.key = item->event.events;
		if (!list_empty(&item->ready_link) && (file_poll(item->file, &ask) & item->event.events & ~PRIVATE_BITS))
			mask = POLLIN | POLLRDNORM;
	}
	return mask;
}

static void eventpoll_close(struct file *f)
{
	struct eventpoll *ep = f->private;
	struct rb_node *n;

	mutex_lock(&tree_mutex);
	mutex_lock(&ep->mutex);
	while ((n = rb_first(&ep->items)))
		remove_item(rb_entry(n, struct epoll_item, node));
	mutex_unlock(&ep->mutex);
	mutex_unlock(&tree_mutex);
	user_put(ep->user);
	kfree(ep);
}

static const struct file_ops eventpoll_fops = {
	.poll = eventpoll_poll,
	.llseek = noop_llseek,
	.release = eventpoll_close,
};

long sys_epoll_create1(int flags)
{
	struct eventpoll *ep;
	struct file *f;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	ep = kzalloc(sizeof(*ep), GFP_KERNEL);
	if (!ep)
		return -ENOMEM;
	ep->user = current->cred->user;
	mutex_init(&ep->mutex);
	list_init(&ep->ready);
	wait_queue_init(&ep->wait);
	wait_queue_init(&ep->poll_wait);
	f = file_alloc_anon("[eventpoll]", &eventpoll_fops, ep, O_RDWR);
	if (IS_ERR(f)) {
		kfree(ep);
		return PTR_ERR(f);
	}
	ep->file = f;
	ref_get(&ep->user->refs);
	return fd_install_new(f, flags);
}

long sys_epoll_create(int size)
{
	return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

void eventpoll_init(void)
{
	epoll_max_watches = (long)(nr_total_pages / RAM_SHARE * PAGE_SIZE / (sizeof(struct epoll_item) + sizeof(struct epoll_hook)));
}
