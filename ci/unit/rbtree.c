// SPDX-License-Identifier: BSD-2-Clause
/*
 * core/lib/rbtree.c: order and balance after any sequence of insertions and removals.
 */
#include <janus/rbtree.h>

#include "unit.h"

enum { ITEMS = 500, STEPS = 20000 };

struct item {
	struct rb_node node;
	int key;
	bool in;
};

static struct item items[ITEMS];
static struct rb_root root;

static unsigned random_next(void)
{
	static u32 state = 12345;

	state = state * 1664525 + 1013904223;
	return state >> 8;
}

static void insert(struct item *item)
{
	struct rb_node **link = &root.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = item->key < rb_entry(parent, struct item, node)->key ? &parent->left : &parent->right;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_fixup(&root, &item->node);
	item->in = true;
}

static unsigned depth(const struct rb_node *n)
{
	unsigned left, right;

	if (!n)
		return 0;
	left = depth(n->left);
	right = depth(n->right);
	return 1 + (left > right ? left : right);
}

/* Every item that is in comes once, in order, both ways. */
static int in_order(void)
{
	int last = -1, count = 0, wrong = 0;

	for (struct rb_node *n = rb_first(&root); n; n = rb_next(n), count++) {
		struct item *item = rb_entry(n, struct item, node);

		wrong += !item->in || item->key <= last;
		last = item->key;
	}
	for (struct rb_node *n = rb_last(&root); n; n = rb_prev(n))
		count--;
	for (int i = 0; i < ITEMS; i++)
		count += items[i].in;
	for (struct rb_node *n = rb_first(&root); n; n = rb_next(n))
		count--;
	return !wrong && !count;
}

UNIT(an_empty_tree)
{
	root = RB_ROOT;
	CHECK(!rb_first(&root) && !rb_last(&root));
}

UNIT(rising_keys_stay_balanced)
{
	root = RB_ROOT;
	for (int i = 0; i < ITEMS; i++) {
		items[i].key = i;
		insert(&items[i]);
	}
	CHECK(in_order());
	CHECK(depth(root.node) <= 18);
	for (int i = 0; i < ITEMS; i++) {
		rb_erase(&root, &items[i].node);
		items[i].in = false;
		if (i % 50 == 0)
			CHECK(in_order());
	}
	CHECK(!root.node);
}

UNIT(random_insertions_and_removals)
{
	root = RB_ROOT;
	for (int step = 0; step < STEPS; step++) {
		struct item *item = &items[random_next() % ITEMS];

		if (item->in) {
			rb_erase(&root, &item->node);
			item->in = false;
		} else {
			insert(item);
		}
		if (step % 500 == 0) {
			CHECK(in_order());
			CHECK(depth(root.node) <= 18);
		}
	}
}
