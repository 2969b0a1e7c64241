// SPDX-License-Identifier: BSD-2-Clause
/*
 * epoll sets in epoll sets: how deep they may stand, that no circle comes to be, and what an event's
 * bytes tell. One set by itself is a part of event.c.
 */
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "ktap.h"

static int new_set(void)
{
	return ASSERT_OK(epoll_create1(EPOLL_CLOEXEC));
}

static int watch(int set, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = fd };

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
}

TEST(nested, "a set cannot watch itself, nor a copy of its descriptor: EINVAL")
{
	int set = new_set();

	EXPECT_ERRNO(watch(set, set), EINVAL);
	EXPECT_ERRNO(watch(set, ASSERT_OK(dup(set))), EINVAL);
}

TEST(nested, "two sets that would watch each other are ELOOP, and the first watch stays")
{
	int one = new_set(), two = new_set(), ready = ASSERT_OK(eventfd(1, 0));
	struct epoll_event e;

	EXPECT_OK(watch(one, two));
	EXPECT_ERRNO(watch(two, one), ELOOP);
	EXPECT_OK(watch(two, ready));
	EXPECT_EQ(epoll_wait(one, &e, 1, 0), 1);
	EXPECT_EQ(e.data.u64, two);
}

TEST(nested, "a circle of three is ELOOP, until one of its watches is gone")
{
	int one = new_set(), two = new_set(), three = new_set();

	EXPECT_OK(watch(one, two));
	EXPECT_OK(watch(two, three));
	EXPECT_ERRNO(watch(three, one), ELOOP);
	EXPECT_OK(epoll_ctl(one, EPOLL_CTL_DEL, two, NULL));
	EXPECT_OK(watch(three, one));
}

TEST(nested, "two ways to one set are no circle")
{
	int top = new_set(), left = new_set(), right = new_set(), bottom = new_set();

	EXPECT_OK(watch(top, left));
	EXPECT_OK(watch(top, right));
	EXPECT_OK(watch(left, bottom));
	EXPECT_OK(watch(right, bottom));
}

/* Sets on top of each other until one is refused; returns how many stand. */
static int pile_up(bool from_below)
{
	int last = new_set(), sets = 1;

	for (; sets < 20; sets++) {
		int next = new_set(), err = from_below ? watch(next, last) : watch(last, next);

		if (err < 0) {
			EXPECT_EQ(errno, ELOOP);
			return sets;
		}
		last = next;
	}
	return sets;
}

TEST(nested, "five sets stand on each other, whichever is set up first, a sixth is ELOOP")
{
	EXPECT_EQ(pile_up(true), 5);
	EXPECT_EQ(pile_up(false), 5);
}

TEST(nested, "an arrival is told through every set up to the top")
{
	int top = new_set(), middle = new_set(), bottom = new_set(), counter = ASSERT_OK(eventfd(0, 0));
	struct epoll_event e;

	EXPECT_OK(watch(bottom, counter));
	EXPECT_OK(watch(middle, bottom));
	EXPECT_OK(watch(top, middle));
	EXPECT_EQ(epoll_wait(top, &e, 1, 0), 0);
	EXPECT_OK(eventfd_write(counter, 1));
	EXPECT_EQ(epoll_wait(top, &e, 1, 0), 1);
	EXPECT_EQ(e.data.u64, middle);
}

TEST(nested, "epoll_wait writes an event's fields only, and no event more than it returns")
{
	int set = new_set(), ready = ASSERT_OK(eventfd(1, 0));
	struct epoll_event events[3];

	memset(events, 0xa5, sizeof(events));
	EXPECT_OK(watch(set, ready));
	EXPECT_EQ(epoll_wait(set, events, 3, 0), 1);
	for (size_t i = offsetof(struct epoll_event, events) + 4; i < offsetof(struct epoll_event, data); i++)
		EXPECT_EQ(((unsigned char *)events)[i], 0xa5);
	EXPECT_EQ(events[0].events, EPOLLIN);
	EXPECT_EQ(events[0].data.u64, ready);
	for (size_t i = sizeof(events[0]); i < sizeof(events); i++)
		EXPECT_EQ(((unsigned char *)events)[i], 0xa5);
}
