/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doubly linked circular lists with the links inside the elements. The caller holds whatever lock the
 * list's owner names.
 */
#ifndef JANUS_LIST_H
#define JANUS_LIST_H

#include <janus/types.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list_head *l) { return l->next == l; }

static inline void list_insert(struct list_head *n, struct list_head *prev, struct list_head *next)
{
	next->prev = n;
	n->next = next;
	n->prev = prev;
	prev->next = n;
}

static inline void list_add(struct list_head *n, struct list_head *head) { list_insert(n, head, head->next); }
static inline void list_add_tail(struct list_head *n, struct list_head *head) { list_insert(n, head->prev, head); }

static inline void list_del(struct list_head *n)
{
	n->next->prev = n->prev;
	n->prev->next = n->next;
}

/* Unlink and leave an empty list, so that list_empty(n) tells whether n is linked. */
static inline void list_del_init(struct list_head *n)
{
	list_del(n);
	list_init(n);
}

static inline void list_move_tail(struct list_head *n, struct list_head *head)
{
	list_del(n);
	list_add_tail(n, head);
}

/* Move all of `from` to the end of `to`; from becomes empty. */
static inline void list_splice_tail_init(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_for_each_entry(pos, head, member)                              \
	for (pos = list_entry((head)->next, typeof(*pos), member);          \
	     &pos->member != (head);                                        \
	     pos = list_entry(pos->member.next, typeof(*pos), member))
#define list_for_each_entry_safe(pos, n, head, member)                      \
	for (pos = list_entry((head)->next, typeof(*pos), member),          \
	     n = list_entry(pos->member.next, typeof(*pos), member);        \
	     &pos->member != (head);                                        \
	     pos = n, n = list_entry(n->member.next, typeof(*n), member))

/* Hash chains: a head of one word; deletion in O(1). */
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};

static inline bool hlist_unhashed(const struct hlist_node *n) { return !n->pprev; }

/* Readers under RCU may walk while this runs: the element is complete before it is published. */
static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	n->pprev = &h->first;
	if (h->first)
		h->first->pprev = &n->next;
	__atomic_store_n(&h->first, n, __ATOMIC_RELEASE);
}

/* n->next stays, for readers under RCU that stand on n. */
static inline void hlist_del_init(struct hlist_node *n)
{
	if (!n->pprev)
		return;
	__atomic_store_n(n->pprev, n->next, __ATOMIC_RELEASE);
	if (n->next)
		n->next->pprev = n->pprev;
	n->pprev = NULL;
}

#define hlist_entry_safe(ptr, type, member) \
	({ struct hlist_node *_p = (ptr); _p ? container_of(_p, type, member) : NULL; })
#define hlist_for_each_entry(pos, head, member)                                              \
	for (pos = hlist_entry_safe(READ_ONCE((head)->first), typeof(*pos), member); pos;    \
	     pos = hlist_entry_safe(READ_ONCE(pos->member.next), typeof(*pos), member))

#endif
