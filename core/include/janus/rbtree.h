/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Balanced binary trees with the links inside the elements (red-black). The caller descends to the place,
 * links, and rebalances. Any context, under the owner's lock. core/lib/rbtree.c.
 */
#ifndef JANUS_RBTREE_H
#define JANUS_RBTREE_H

#include <janus/types.h>

struct rb_node {
	unsigned long parent_color;
	struct rb_node *left, *right;
};
struct rb_root {
	struct rb_node *node;
};

#define RB_ROOT (struct rb_root){ NULL }

static inline void rb_link_node(struct rb_node *n, struct rb_node *parent, struct rb_node **link)
{
	n->parent_color = (unsigned long)parent;	/* red */
	n->left = n->right = NULL;
	*link = n;
}

void rb_insert_fixup(struct rb_root *root, struct rb_node *node);	/* after rb_link_node */
void rb_erase(struct rb_root *root, struct rb_node *node);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#define rb_entry(ptr, type, member) container_of(ptr, type, member)

#endif
