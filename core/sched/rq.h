/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run queue of one CPU, for the files of core/sched/ only.
 *
 * All fields under `lock`, which is taken with interrupts off and is the innermost of all locks. It is
 * held from the choice of the next thread until that thread has taken over the CPU, so a thread that
 * another CPU finds off its queue has left its stack for good. Two queues are never locked at
 * once, but by trylock.
 */
#ifndef SCHED_RQ_H
#define SCHED_RQ_H

#include <janus/cpu.h>
#include <janus/lock.h>
#include <janus/sched.h>
#include <janus/thread.h>
#include <uapi/sched.h>

#define RT_PRIOS 100
#define DOUBTED_WAKINGS 16	/* sched_entity.stays, after a waking that no sleep followed within a tick */

/* Shares by weight: fair.c. The running thread is not in the tree. */
struct fair_queue {
	struct rb_root tree;		/* by vruntime */
	struct rb_node *first;		/* leftmost, or NULL */
	u64 min_vruntime;		/* never goes back; where newcomers start */
	unsigned nr;			/* in the tree */
};

/* Strict priorities: rt.c. The running thread is not in a list. */
struct rt_queue {
	u64 bitmap[2];			/* priorities with waiting threads */
	struct list_head list[RT_PRIOS];
	unsigned nr;			/* in the lists */
};

struct rq {
	spinlock_t lock;
	struct cpu *cpu;
	unsigned nr_running;		/* runnable threads, the running one included; read by others as is */
	bool yielding;			/* the running thread gives its turn away */
	/* woken here by the running thread: next when that sleeps, without a visit to the tree */
	struct thread *handoff;
	struct thread *push;		/* leaves this CPU after the switch: its affinity changed */
	struct fair_queue fair;
	struct rt_queue rt;
	u64 clock;			/* ns, monotonic: the last look */
	u64 idle_since, idle_ns;	/* when the idle thread took over; total before that */
	u64 nr_switches;
	unsigned balance_in;		/* ticks until the next look at the others */
};

static inline bool is_rt(const struct thread *t) { return t->se.rt_priority != 0; }
/* Does the running t give its turn away whenever it can? Debug builds, hunt.c. */
#ifdef CONFIG_DEBUG
bool hunt_slice(const struct thread *t);
#else
static inline bool hunt_slice(const struct thread *t) { (void)t; return false; }
#endif
static inline bool is_idle(const struct thread *t) { return t->cpu->idle == t; }
/* The queue of t's CPU, locked, interrupts off. */
static inline struct rq *lock_thread_rq(struct thread *t, struct irqflags *flags)
{
	*flags = arch_local_irq_save();
	for (;;) {
		struct rq *rq = READ_ONCE(t->cpu)->rq;

		spin_lock(&rq->lock);
		if (likely(rq == READ_ONCE(t->cpu)->rq))
			return rq;
		spin_unlock(&rq->lock);
	}
}

static inline cpumask_t cpu_bit(const struct cpu *cpu) { return 1u << cpu->id; }

/* core.c */
void rq_insert(struct rq *rq, struct thread *t, bool at_head);	/* in its class's queue */
void rq_remove(struct rq *rq, struct thread *t);
void rq_resched(struct rq *rq);
void rq_check_preempt(struct rq *rq, struct thread *t);
/* t is runnable and on no queue: choose a CPU and queue it there. No lock held. */
void rq_place(struct thread *t);

/* balance.c */
struct cpu *select_cpu_of_many(struct thread *t, bool sync);
static inline struct cpu *select_cpu(struct thread *t, bool sync)
{
	return likely(nr_cpus == 1) ? this_cpu() : select_cpu_of_many(t, sync);
}
struct thread *rq_steal(struct rq *rq);			/* into rq's hands, not queued; or NULL */
void rq_balance_tick(struct rq *rq);

/* fair.c */
extern const u32 nice_weight[40];
void fair_init(struct fair_queue *q);
void fair_insert(struct fair_queue *q, struct thread *t);
void fair_remove(struct fair_queue *q, struct thread *t);
void fair_new(struct fair_queue *q, struct thread *t);
void fair_yield(struct fair_queue *q, struct thread *t);
bool fair_preempts(const struct thread *t, const struct thread *running);
bool fair_turn_over(const struct fair_queue *q, const struct thread *running);
void fair_leave(struct fair_queue *q, struct thread *t);	/* vruntime becomes relative ... */
void fair_join(struct fair_queue *q, struct thread *t);		/* ... and absolute on another queue */

/* On the path of every switch and wake-up, and so in the callers: */
#define SLEEPER_CREDIT (3 * NSEC_PER_MSEC)	/* how far behind a woken thread may start */

/* Virtual times are compared by difference: they may wrap. */
static inline bool before(u64 a, u64 b) { return (s64)(a - b) < 0; }

static inline struct thread *fair_first(const struct fair_queue *q)
{
	return q->first ? rb_entry(q->first, struct thread, se.node) : NULL;
}

static inline void fair_charge(struct fair_queue *q, struct thread *t, u64 delta)
{
	struct thread *first = fair_first(q);
	u64 least;

	t->se.vruntime += likely(t->se.weight == 1024) ? delta : delta * 1024 / t->se.weight;
	least = t->se.vruntime;
	if (first && before(first->se.vruntime, least))
		least = first->se.vruntime;
	if (before(q->min_vruntime, least))
		q->min_vruntime = least;
}

static inline void fair_wakeup(struct fair_queue *q, struct thread *t)
{
	u64 start = q->min_vruntime - (t->se.policy == SCHED_IDLE ? 0 : SLEEPER_CREDIT);

	if (before(t->se.vruntime, start))
		t->se.vruntime = start;
}

/* rt.c */
#define RR_SLICE (100 * NSEC_PER_MSEC)
void rt_init(struct rt_queue *q);
void rt_insert(struct rt_queue *q, struct thread *t, bool at_head);
void rt_remove(struct rt_queue *q, struct thread *t);
struct thread *rt_first(const struct rt_queue *q);
bool rt_turn_over(struct rt_queue *q, struct thread *t);

#endif
