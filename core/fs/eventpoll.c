// SPDX-License-Identifier: BSD-2-Clause
/*
 * epoll: a set of files that remembers who became ready, the files in it, and epoll_ctl. See eventpoll.h.
 */
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/thread.h>
#include <generated/syscalls.h>
#include "eventpoll.h"

#define RAM_SHARE 25		/* of memory, what one user's items may take: one part in so many */
#define EXCLUSIVE_OK (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

/* Sets and files point at each other: adding, removing and the last close take turns. */
static struct mutex tree_mutex = MUTEX_INIT(tree_mutex);
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

	if (!(events & ~EPOLL_PRIVATE_BITS) || !(key & events & WAKE_ANY))
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
	if (unlikely((is_epoll(f) || !list_empty(&ep->file->epoll_links)) && !eventpoll_few_paths(f))) {
		remove_item(item);
		return -EINVAL;
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
		err = eventpoll_check_levels(f->private, ep);
		if (err)
			return err;
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

/* ---- the set as a file ---- */

static u32 eventpoll_poll(struct file *f, struct poll_table *pt)
{
	struct eventpoll *ep = f->private;
	struct poll_table ask = { .queue = NULL };
	u32 mask = 0;

	poll_wait(f, &ep->poll_wait, pt);
	if (!epoll_maybe_ready(ep))
		return 0;
	GUARD(mutex, &ep->mutex);
	/* An item on the list may have been read since. */
	for (struct rb_node *n = rb_first(&ep->items); n && !mask; n = rb_next(n)) {
		struct epoll_item *item = rb_entry(n, struct epoll_item, node);

		ask.key = item->event.events;
		if (!list_empty(&item->ready_link) &&
		    (file_poll(item->file, &ask) & item->event.events & ~EPOLL_PRIVATE_BITS))
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

const struct file *eventpoll_target(struct file *set, unsigned fd, unsigned nth)
{
	struct eventpoll *ep = set->private;

	if (!is_epoll(set))
		return ERR_PTR(-EINVAL);
	GUARD(mutex, &ep->mutex);
	for (struct rb_node *n = rb_first(&ep->items); n; n = rb_next(n)) {
		struct epoll_item *item = rb_entry(n, struct epoll_item, node);

		if (item->fd == fd && !nth--)
			return item->file;
	}
	return ERR_PTR(-ENOENT);
}

const struct file_ops eventpoll_fops = {
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
	epoll_max_watches = (long)(nr_total_pages / RAM_SHARE * PAGE_SIZE /
				   (sizeof(struct epoll_item) + sizeof(struct epoll_hook)));
}
