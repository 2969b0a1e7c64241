// SPDX-License-Identifier: BSD-2-Clause
/*
 * Red-black trees. Source: Cormen et al., Introduction to Algorithms, chapter 13. Colour lives in the
 * lowest bit of the parent pointer: 0 red, 1 black; NULL children count as black.
 */
#include <janus/rbtree.h>

#define RB_BLACK 1ul

static struct rb_node *parent_of(const struct rb_node *n)
{
	return (struct rb_node *)(n->parent_color & ~RB_BLACK);
}

static bool is_black(const struct rb_node *n) { return !n || (n->parent_color & RB_BLACK); }
static void set_black(struct rb_node *n) { n->parent_color |= RB_BLACK; }
static void set_red(struct rb_node *n) { n->parent_color &= ~RB_BLACK; }

static void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_color = (unsigned long)parent | (n->parent_color & RB_BLACK);
}

/* `new` (may be NULL) takes the place of `old` below old's parent. */
static void replace_child(struct rb_root *root, struct rb_node *old, struct rb_node *new)
{
	struct rb_node *parent = parent_of(old);

	if (!parent)
		root->node = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		set_parent(new, parent);
}

static void rotate_left(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *right = n->right;

	n->right = right->left;
	if (n->right)
		set_parent(n->right, n);
	replace_child(root, n, right);
	right->left = n;
	set_parent(n, right);
}

static void rotate_right(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *left = n->left;

	n->left = left->right;
	if (n->left)
		set_parent(n->left, n);
	replace_child(root, n, left);
	left->right = n;
	set_parent(n, left);
}

void rb_insert_fixup(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *parent;

	while ((parent = parent_of(n)) && !is_black(parent)) {
		struct rb_node *grand = parent_of(parent);
		bool on_left = parent == grand->left;
		struct rb_node *uncle = on_left ? grand->right : grand->left;

		if (!is_black(uncle)) {
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			n = grand;
			continue;
		}
		if (n == (on_left ? parent->right : parent->left)) {
			if (on_left)
				rotate_left(root, parent);
			else
				rotate_right(root, parent);
			n = parent;
			parent = parent_of(n);
		}
		set_black(parent);
		set_red(grand);
		if (on_left)
			rotate_right(root, grand);
		else
			rotate_left(root, grand);
	}
	set_black(root->node);
}

/* The subtree at n (maybe NULL), child of parent, lacks one black node. */
static void erase_fixup(struct rb_root *root, struct rb_node *n, struct rb_node *parent)
{
	while (n != root->node && is_black(n)) {
		bool on_left = n == parent->left;
		struct rb_node *sibling = on_left ? parent->right : parent->left;
		struct rb_node *near, *far;

		if (!is_black(sibling)) {
			set_black(sibling);
			set_red(parent);
			if (on_left)
				rotate_left(root, parent);
			else
				rotate_right(root, parent);
			sibling = on_left ? parent->right : parent->left;
		}
		near = on_left ? sibling->left : sibling->right;
		far = on_left ? sibling->right : sibling->left;
		if (is_black(near) && is_black(far)) {
			set_red(sibling);
			n = parent;
			parent = parent_of(n);
			continue;
		}
		if (is_black(far)) {
			set_black(near);
			set_red(sibling);
			if (on_left)
				rotate_right(root, sibling);
			else
				rotate_left(root, sibling);
			sibling = on_left ? parent->right : parent->left;
			far = on_left ? sibling->right : sibling->left;
		}
		sibling->parent_color = (sibling->parent_color & ~RB_BLACK) | (parent->parent_color & RB_BLACK);
		set_black(parent);
		set_black(far);
		if (on_left)
			rotate_left(root, parent);
		else
			rotate_right(root, parent);
		n = root->node;
	}
	if (n)
		set_black(n);
}

void rb_erase(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *child, *parent, *next = n;
	bool removed_black;

	if (n->left && n->right) {
		/* The successor has no left child: it leaves its place and takes n's, with n's colour. */
		for (next = n->right; next->left;)
			next = next->left;
		child = next->right;
		parent = parent_of(next);
		removed_black = is_black(next);
		replace_child(root, next, child);
		if (parent == n)
			parent = next;
		next->left = n->left;
		next->right = n->right;
		replace_child(root, n, next);
		next->parent_color = n->parent_color;
		set_parent(next->left, next);
		if (next->right)
			set_parent(next->right, next);
	} else {
		child = n->left ? n->left : n->right;
		parent = parent_of(n);
		removed_black = is_black(n);
		replace_child(root, n, child);
	}
	if (removed_black)
		erase_fixup(root, child, parent);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->left)
		n = n->left;
	return n;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->node;

	while (n && n->right)
		n = n->right;
	return n;
}

struct rb_node *rb_next(const struct rb_node *n)
{
	struct rb_node *parent;

	if (n->right) {
		for (n = n->right; n->left;)
			n = n->left;
		return (struct rb_node *)n;
	}
	while ((parent = parent_of(n)) && n == parent->right)
		n = parent;
	return parent;
}

struct rb_node *rb_prev(const struct rb_node *n)
{
	struct rb_node *parent;

	if (n->left) {
		for (n = n->left; n->right;)
			n = n->right;
		return (struct rb_node *)n;
	}
	while ((parent = parent_of(n)) && n == parent->left)
		n = parent;
	return parent;
}
