// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fair sharing: every thread has a virtual run time that advances by real time over its weight, and the
 * one with the least runs next. A thread that slept starts a little behind the others, so that it runs
 * soon, but not so far that it could make up for all the time it slept. The caller holds the queue's lock.
 */
#include "rq.h"

#define WAKEUP_GRANULARITY NSEC_PER_MSEC	/* lead that the running thread keeps over a woken one */

/* 1024 for nice 0; each step is a quarter more or a fifth less. */
const u32 nice_weight[40] = {
	88818, 71054, 56843, 45475, 36380,
	29104, 23283, 18626, 14901, 11921,
	9537, 7629, 6104, 4883, 3906,
	3125, 2500, 2000, 1600, 1280,
	1024, 819, 655, 524, 419,
	336, 268, 215, 172, 137,
	110, 88, 70, 56, 45,
	36, 29, 23, 18, 15,
};

void fair_init(struct fair_queue *q)
{
	q->tree = RB_ROOT;
	q->first = NULL;
	q->min_vruntime = 0;
	q->nr = 0;
}

void fair_insert(struct fair_queue *q, struct thread *t)
{
	struct rb_node **link = &q->tree.node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (before(t->se.vruntime, rb_entry(parent, struct thread, se.node)->se.vruntime)) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link_node(&t->se.node, parent, link);
	rb_insert_fixup(&q->tree, &t->se.node);
	if (leftmost)
		q->first = &t->se.node;
	q->nr++;
}

void fair_remove(struct fair_queue *q, struct thread *t)
{
	if (q->first == &t->se.node)
		q->first = rb_next(&t->se.node);
	rb_erase(&q->tree, &t->se.node);
	q->nr--;
}

/* A newcomer starts level: a fork gains nothing over its parent. */
void fair_new(struct fair_queue *q, struct thread *t)
{
	t->se.vruntime = q->min_vruntime;
}

/* Behind the next one, whatever the balance was. */
void fair_yield(struct fair_queue *q, struct thread *t)
{
	struct thread *first = fair_first(q);

	if (first && !before(first->se.vruntime, t->se.vruntime))
		t->se.vruntime = first->se.vruntime + 1;
}

bool fair_preempts(const struct thread *t, const struct thread *running)
{
	if (t->se.policy == SCHED_IDLE || t->se.policy == SCHED_BATCH)
		return false;
	if (running->se.policy == SCHED_IDLE)
		return true;
	return before(t->se.vruntime + WAKEUP_GRANULARITY, running->se.vruntime);
}

bool fair_turn_over(const struct fair_queue *q, const struct thread *running)
{
	struct thread *first = fair_first(q);

	return first && before(first->se.vruntime, running->se.vruntime);
}

void fair_leave(struct fair_queue *q, struct thread *t)
{
	t->se.vruntime -= q->min_vruntime;
}

void fair_join(struct fair_queue *q, struct thread *t)
{
	t->se.vruntime += q->min_vruntime;
}
