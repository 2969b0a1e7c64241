// SPDX-License-Identifier: BSD-2-Clause
/*
 * epoll sets within sets: how deep they may stand, and on how many ways one wake-up may go. Source: epoll_ctl(2),
 * ELOOP; Linux 6.1 for the numbers.
 */
#include <janus/list.h>
#include "eventpoll.h"

#define MAX_NESTS 4		/* sets within sets */

static unsigned current_mark;	/* [tree_mutex] of the visit that goes on */

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

int eventpoll_check_levels(struct eventpoll *inner, struct eventpoll *ep)
{
	int levels;

	current_mark++;
	levels = levels_down(inner, ep);
	current_mark++;
	return levels + levels_up(ep) > MAX_NESTS + 1 ? -ELOOP : 0;
}

bool eventpoll_few_paths(const struct file *f)
{
	current_mark++;
	return may_wake(f);
}
