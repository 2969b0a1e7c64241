// SPDX-License-Identifier: BSD-2-Clause
/*
 * One-shot timers in a tree for each CPU, and the scheduler's tick. The CPU's own timer is set to the
 * first of them. It is never set later than it stands: an interrupt that comes too early costs less
 * than setting the timer each time a timeout is cancelled or the CPU goes idle for a moment.
 */
#include "clock.h"
#include <arch/time.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/sched.h>

struct timer_queue {
	spinlock_t lock;		/* interrupts off; protects tree, first, expires of queued timers */
	struct rb_root tree;		/* by expires */
	struct rb_node *first;
	struct ktimer *running;		/* [atomic] whose function is being called */
	u64 armed;			/* [own CPU] what the machine's timer is set to, ns */
	u64 tick_next;			/* [own CPU] */
	bool tick_on;			/* [own CPU] */
} __cacheline_aligned;

static struct timer_queue queues[NR_CPUS];

void ktimer_init_cpu(void)
{
	struct cpu *cpu = this_cpu();
	struct timer_queue *q = &queues[cpu->id];

	spin_init(&q->lock);
	q->tree = RB_ROOT;
	q->armed = TIME_MAX;
	cpu->timers = q;
}

void ktimer_init(struct ktimer *t, void (*fn)(struct ktimer *))
{
	t->fn = fn;
	t->cpu = NULL;
	t->expires = TIME_MAX;
}

/* ---- the tree ---- */

static void insert(struct timer_queue *q, struct ktimer *t)
{
	struct rb_node **link = &q->tree.node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (t->expires < rb_entry(parent, struct ktimer, node)->expires) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link_node(&t->node, parent, link);
	rb_insert_fixup(&q->tree, &t->node);
	if (leftmost)
		q->first = &t->node;
}

static void take_off(struct timer_queue *q, struct ktimer *t)
{
	if (q->first == &t->node)
		q->first = rb_next(&t->node);
	rb_erase(&q->tree, &t->node);
	__atomic_store_n(&t->cpu, NULL, __ATOMIC_RELEASE);
}

static u64 first_expiry(const struct timer_queue *q)
{
	return q->first ? rb_entry(q->first, struct ktimer, node)->expires : TIME_MAX;
}

/* This CPU's queue: make sure the interrupt comes in time for `when`. */
static void arm(struct timer_queue *q, u64 when)
{
	if (when >= q->armed)
		return;
	q->armed = when;
	arch_timer_set(clock_ticks_at(when));
}

/* The queue a timer is on, locked, or NULL. */
static struct timer_queue *lock_queue_of(struct ktimer *t, struct irqflags *flags)
{
	for (;;) {
		struct cpu *cpu = __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE);

		if (!cpu)
			return NULL;
		*flags = spin_lock_irqsave(&cpu->timers->lock);
		if (READ_ONCE(t->cpu) == cpu)
			return cpu->timers;
		spin_unlock_irqrestore(&cpu->timers->lock, *flags);
	}
}

void ktimer_start(struct ktimer *t, u64 expires)
{
	struct irqflags flags;
	struct timer_queue *q = lock_queue_of(t, &flags);

	if (q) {
		take_off(q, t);
		spin_unlock_irqrestore(&q->lock, flags);
	}
	flags = arch_local_irq_save();
	q = this_cpu()->timers;
	spin_lock(&q->lock);
	t->expires = expires;
	insert(q, t);
	__atomic_store_n(&t->cpu, this_cpu(), __ATOMIC_RELEASE);
	arm(q, expires);
	spin_unlock_irqrestore(&q->lock, flags);
}

static bool runs_elsewhere(const struct ktimer *t)
{
	for_each_cpu(c)
		if (c != this_cpu() && c->timers && __atomic_load_n(&c->timers->running, __ATOMIC_ACQUIRE) == t)
			return true;
	return false;
}

bool ktimer_cancel(struct ktimer *t)
{
	bool was_armed = false;

	for (;;) {
		struct irqflags flags;
		struct timer_queue *q = lock_queue_of(t, &flags);

		if (q) {
			take_off(q, t);
			spin_unlock_irqrestore(&q->lock, flags);
			was_armed = true;
		}
		/* It may re-arm itself while it runs: then once more. */
		if (!runs_elsewhere(t) && !READ_ONCE(t->cpu))
			return was_armed;
		arch_cpu_relax();
	}
}

/* ---- the interrupt ---- */

static void run_due(struct timer_queue *q, u64 now)
{
	spin_lock(&q->lock);
	while (first_expiry(q) <= now) {
		struct ktimer *t = rb_entry(q->first, struct ktimer, node);

		__atomic_store_n(&q->running, t, __ATOMIC_RELEASE);
		take_off(q, t);
		spin_unlock(&q->lock);
		t->fn(t);
		spin_lock(&q->lock);
		__atomic_store_n(&q->running, NULL, __ATOMIC_RELEASE);
	}
	spin_unlock(&q->lock);
}

void timer_interrupt(struct trapframe *tf)
{
	struct timer_queue *q = this_cpu()->timers;
	u64 now = clock_monotonic();
	u64 next;

	irq_enter();
	hang_interrupted(tf);
	q->armed = 0;			/* functions that start timers leave the setting to the end */
	run_due(q, now);
	if (q->tick_on && now >= q->tick_next) {
		q->tick_next = now + TICK_NSEC;
		sched_tick(tf_user_mode(tf));
	}
	next = min(first_expiry(q), q->tick_on ? q->tick_next : TIME_MAX);
	q->armed = next;
	arch_timer_set(next == TIME_MAX ? TIME_MAX : clock_ticks_at(next));
	irq_exit();
}

/* ---- the tick ---- */

void timer_tick_start(u64 now)
{
	struct timer_queue *q = this_cpu()->timers;

	if (q->tick_on)
		return;
	q->tick_on = true;
	q->tick_next = now + TICK_NSEC;
	arm(q, q->tick_next);
}

/* An idle CPU keeps its tick only while callbacks wait for it. */
void timer_tick_stop(void)
{
	struct cpu *cpu = this_cpu();

	if (!rcu_pending(cpu))
		cpu->timers->tick_on = false;
	else
		timer_tick_start(clock_monotonic());
}
