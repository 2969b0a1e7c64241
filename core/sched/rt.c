// SPDX-License-Identifier: BSD-2-Clause
/*
 * Real-time threads: the highest priority runs, first come first served among equals; SCHED_RR gives
 * its place to an equal after a slice. The caller holds the queue's lock.
 */
#include "rq.h"

void rt_init(struct rt_queue *q)
{
	q->bitmap[0] = q->bitmap[1] = 0;
	q->nr = 0;
	for (unsigned i = 0; i < RT_PRIOS; i++)
		list_init(&q->list[i]);
}

void rt_insert(struct rt_queue *q, struct thread *t, bool at_head)
{
	unsigned prio = t->se.rt_priority;

	if (at_head)
		list_add(&t->se.rt_link, &q->list[prio]);
	else
		list_add_tail(&t->se.rt_link, &q->list[prio]);
	q->bitmap[prio / 64] |= 1ULL << (prio % 64);
	q->nr++;
}

void rt_remove(struct rt_queue *q, struct thread *t)
{
	unsigned prio = t->se.rt_priority;

	list_del_init(&t->se.rt_link);
	if (list_empty(&q->list[prio]))
		q->bitmap[prio / 64] &= ~(1ULL << (prio % 64));
	q->nr--;
}

struct thread *rt_first(const struct rt_queue *q)
{
	unsigned prio;

	if (q->bitmap[1])
		prio = 127 - (unsigned)__builtin_clzll(q->bitmap[1]);
	else if (q->bitmap[0])
		prio = 63 - (unsigned)__builtin_clzll(q->bitmap[0]);
	else
		return NULL;
	return list_first_entry(&q->list[prio], struct thread, se.rt_link);
}

/* At the tick: is the slice of the running t used up, and does an equal wait? */
bool rt_turn_over(struct rt_queue *q, struct thread *t)
{
	if (t->se.policy != SCHED_RR || t->se.sum_exec < t->se.slice_end)
		return false;
	t->se.slice_end = t->se.sum_exec + RR_SLICE;
	return !list_empty(&q->list[t->se.rt_priority]);
}
