// SPDX-License-Identifier: BSD-2-Clause
/*
 * Radix trees: each node has 64 slots and stands for 6 bits of the index. The height is kept in the root
 * node too, so that a reader under RCU takes both from one pointer.
 */
#include <janus/lock.h>
#include <janus/radix.h>
#include <janus/slab.h>
#include <uapi/errno.h>

#define SLOT_BITS 6
#define SLOTS (1u << SLOT_BITS)
#define LEVELS (64 / SLOT_BITS + 1)

struct radix_node {
	void *slot[SLOTS];
	unsigned shift;		/* index bits below this node */
	unsigned count;		/* slots in use */
	struct rcu_head rcu;
};

static void node_free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct radix_node, rcu));
}

static unsigned slot_of(const struct radix_node *n, u64 index)
{
	return (index >> n->shift) & (SLOTS - 1);
}

/* Is index within what a tree whose top node is n can hold? */
static bool covers(const struct radix_node *n, u64 index)
{
	return n->shift + SLOT_BITS >= 64 || !(index >> (n->shift + SLOT_BITS));
}

void *radix_lookup(const struct radix_tree *t, u64 index)
{
	struct radix_node *n = rcu_dereference(*(void *const *)&t->root);

	if (!n || !covers(n, index))
		return NULL;
	while (n && n->shift)
		n = rcu_dereference(n->slot[slot_of(n, index)]);
	return n ? rcu_dereference(n->slot[index & (SLOTS - 1)]) : NULL;
}

void *const *radix_run(const struct radix_tree *t, u64 index)
{
	struct radix_node *n = t->root;

	if (!n || !covers(n, index))
		return NULL;
	while (n && n->shift)
		n = n->slot[slot_of(n, index)];
	return n ? &n->slot[index & (SLOTS - 1)] : NULL;
}

static struct radix_node *node_new(unsigned shift)
{
	struct radix_node *n = kzalloc(sizeof(*n), GFP_ATOMIC);

	if (n)
		n->shift = shift;
	return n;
}

/* Put nodes on top until the tree covers index. */
static int grow(struct radix_tree *t, u64 index)
{
	struct radix_node *top = t->root;

	if (!top) {
		unsigned shift = 0;

		while (shift + SLOT_BITS < 64 && index >> (shift + SLOT_BITS))
			shift += SLOT_BITS;
		top = node_new(shift);
		if (!top)
			return -ENOMEM;
		rcu_assign_pointer(t->root, (void *)top);
	}
	while (!covers(top, index)) {
		struct radix_node *n = node_new(top->shift + SLOT_BITS);

		if (!n)
			return -ENOMEM;
		n->slot[0] = top;
		n->count = 1;
		rcu_assign_pointer(t->root, (void *)n);
		top = n;
	}
	t->height = top->shift / SLOT_BITS + 1;
	return 0;
}

/* Free the nodes at the end of a path from the root that hold nothing (any more). */
static void prune(struct radix_tree *t, struct radix_node **path, unsigned depth, u64 index)
{
	while (depth && !path[depth - 1]->count) {
		struct radix_node *n = path[--depth];

		if (depth) {
			rcu_assign_pointer(path[depth - 1]->slot[slot_of(path[depth - 1], index)], (void *)NULL);
			path[depth - 1]->count--;
		} else {
			rcu_assign_pointer(t->root, (void *)NULL);
		}
		call_rcu(&n->rcu, node_free_rcu);
	}
}

int radix_insert(struct radix_tree *t, u64 index, void *item)
{
	struct radix_node *path[LEVELS], *n;
	unsigned depth = 0;
	int err = grow(t, index);

	if (err)
		return err;
	for (n = t->root; n->shift;) {
		void **slot = &n->slot[slot_of(n, index)];

		path[depth++] = n;
		if (!*slot) {
			struct radix_node *child = node_new(n->shift - SLOT_BITS);

			if (!child) {
				prune(t, path, depth, index);
				return -ENOMEM;
			}
			rcu_assign_pointer(*slot, (void *)child);
			n->count++;
		}
		n = *slot;
	}
	if (n->slot[index & (SLOTS - 1)])
		return -EEXIST;
	rcu_assign_pointer(n->slot[index & (SLOTS - 1)], item);
	n->count++;
	return 0;
}

void *radix_delete(struct radix_tree *t, u64 index)
{
	struct radix_node *path[LEVELS], *n = t->root;
	unsigned depth = 0;
	void *item;

	if (!n || !covers(n, index))
		return NULL;
	for (; n && n->shift; n = n->slot[slot_of(n, index)])
		path[depth++] = n;
	if (!n || !n->slot[index & (SLOTS - 1)])
		return NULL;
	path[depth++] = n;
	item = n->slot[index & (SLOTS - 1)];
	rcu_assign_pointer(n->slot[index & (SLOTS - 1)], (void *)NULL);
	n->count--;
	prune(t, path, depth, index);
	return item;
}

/* First item in the subtree of n at or after *index, which lies within it. */
static void *next_in(const struct radix_node *n, u64 *index)
{
	for (unsigned i = slot_of(n, *index); i < SLOTS; i++) {
		void *item = rcu_dereference(((struct radix_node *)n)->slot[i]);

		if (item && !n->shift)
			return item;
		if (item) {
			item = next_in(item, index);	/* or *index is at the next slot's range */
			if (item)
				return item;
			continue;
		}
		*index = ((*index >> n->shift) + 1) << n->shift;
	}
	return NULL;
}

void *radix_next(const struct radix_tree *t, u64 *index)
{
	struct radix_node *n = rcu_dereference(*(void *const *)&t->root);

	if (!n || !covers(n, *index))
		return NULL;
	return next_in(n, index);
}
