// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which CPU: where a woken thread goes, what an idle CPU takes from a busy one, and the look around at
 * the tick. With eight CPUs at most, every question is a loop over all.
 */
#include "rq.h"
#include <janus/rseq.h>

#define BALANCE_TICKS 16	/* between two looks of a busy CPU at the others */

static inline bool cpu_is_idle(const struct cpu *cpu) { return !READ_ONCE(cpu->rq->nr_running); }

static struct cpu *first_idle(cpumask_t allowed)
{
	for_each_cpu(c)
		if ((allowed & cpu_bit(c)) && cpu_is_idle(c))
			return c;
	return NULL;
}

static struct cpu *least_busy(cpumask_t allowed)
{
	struct cpu *best = NULL;

	for_each_cpu(c)
		if ((allowed & cpu_bit(c)) &&
		    (!best || READ_ONCE(c->rq->nr_running) < READ_ONCE(best->rq->nr_running)))
			best = c;
	return best;
}

/*
 * Whoever wakes another is mostly about to sleep itself, and then the woken thread runs here, where the data is warm
 * and no interrupt need be sent. One that a tick finds still running is not believed for its next few wakings.
 */
static bool is_about_to_sleep(struct thread *waker)
{
	if (likely(!waker->se.stays))
		return true;
	waker->se.stays--;
	return false;
}

struct cpu *select_cpu_of_many(struct thread *t, bool sync)
{
	struct cpu *last = t->cpu, *here = this_cpu(), *idle;
	cpumask_t online = cpu_online_mask();
	cpumask_t allowed = t->se.allowed & online;

	if (!allowed)
		allowed = online;
	if (sync && !is_rt(t) && (allowed & cpu_bit(here)) && here->rq->nr_running <= 1 && is_about_to_sleep(current))
		return here;
	if ((allowed & cpu_bit(last)) && cpu_is_idle(last))
		return last;
	if ((allowed & cpu_bit(here)) && cpu_is_idle(here))
		return here;
	idle = first_idle(allowed);
	if (idle)
		return idle;
	return (allowed & cpu_bit(last)) ? last : least_busy(allowed);
}

static struct thread *steal_candidate(struct rq *from, cpumask_t bit)
{
	struct thread *t = rt_first(&from->rt);

	if (t && (t->se.allowed & bit))
		return t;
	if (from->handoff && (from->handoff->se.allowed & bit))
		return from->handoff;
	for (struct rb_node *n = from->fair.first; n; n = rb_next(n)) {
		t = rb_entry(n, struct thread, se.node);
		if (t->se.allowed & bit)
			return t;
	}
	return NULL;
}

/* Both queues locked: t, queued on `from`, becomes one of rq's, in no queue yet. */
static struct thread *take_over(struct rq *rq, struct rq *from)
{
	struct thread *t = steal_candidate(from, cpu_bit(rq->cpu));

	if (!t)
		return NULL;
	rq_remove(from, t);
	from->nr_running--;
	if (!is_rt(t)) {
		fair_leave(&from->fair, t);
		fair_join(&rq->fair, t);
	}
	WRITE_ONCE(t->cpu, rq->cpu);
	rseq_moved(t);
	rq->nr_running++;
	return t;
}

/* rq, locked, has nothing to run: take a waiting thread from the busiest CPU. */
struct thread *rq_steal(struct rq *rq)
{
	struct thread *t = NULL;
	struct rq *busiest = NULL;

	if (nr_cpus == 1)
		return NULL;
	for_each_cpu(c)
		if (c->rq != rq && READ_ONCE(c->rq->nr_running) > (busiest ? READ_ONCE(busiest->nr_running) : 1))
			busiest = c->rq;
	if (busiest && spin_trylock(&busiest->lock)) {
		t = take_over(rq, busiest);
		spin_unlock(&busiest->lock);
	}
	return t;
}

/* Even out: take one from a queue that is longer by two or more. */
static void pull_one(struct rq *rq)
{
	for_each_cpu(c) {
		struct rq *from = c->rq;
		struct thread *t = NULL;

		if (from == rq || READ_ONCE(from->nr_running) < READ_ONCE(rq->nr_running) + 2)
			continue;
		spin_lock(&rq->lock);
		if (spin_trylock(&from->lock)) {
			t = take_over(rq, from);
			spin_unlock(&from->lock);
		}
		if (t)
			rq_insert(rq, t, false);
		spin_unlock(&rq->lock);
		return;
	}
}

/* Somebody waits here while another CPU idles: have it come and take. */
static void wake_idle_cpu(struct rq *rq)
{
	struct cpu *idle = first_idle(cpu_online_mask() & ~cpu_bit(rq->cpu));

	if (!idle)
		return;
	thread_set_flag(idle->idle, TF_NEED_RESCHED);
	__atomic_fetch_or(&idle->ipi_pending, IPI_RESCHED, __ATOMIC_RELEASE);
	arch_send_ipi(idle->id);
}

/* The tick of a busy CPU; interrupts off, no lock held. */
void rq_balance_tick(struct rq *rq)
{
	if (nr_cpus == 1)
		return;
	if (READ_ONCE(rq->nr_running) > 1)
		wake_idle_cpu(rq);
	if (rq->balance_in--)
		return;
	rq->balance_in = BALANCE_TICKS;
	pull_one(rq);
}
