// SPDX-License-Identifier: BSD-2-Clause
/*
 * The scheduler's core: who runs on a CPU, the switch, and wake-ups.
 *
 * The common switch is a hand-off: a thread wakes another and sleeps. So the first thread woken here waits in
 * rq->handoff and, when that comes true, never enters a tree, and one clock reading charges the old thread and
 * starts the new one.
 */
#include "rq.h"
#include <janus/entry.h>
#include <janus/mm.h>
#include <janus/printk.h>
#include <janus/rseq.h>
#include <janus/string.h>
#include <janus/time.h>

static struct rq rqs[NR_CPUS];
static struct thread idle_threads[NR_CPUS];
extern char boot_stack[];		/* the machine's boot code runs on it: CPU 0's idle thread */

/* The boot context is CPU 0's idle thread from the start, so that `current` is always valid. */
struct cpu cpus[NR_CPUS] = {
	[0] = { .running = &idle_threads[0], .idle = &idle_threads[0], .rq = &rqs[0] },
};
unsigned nr_cpus = 1;

/* ---- queues ---- */

/* What t, which runs here, has had since it was last looked at; rq->clock is fresh. */
static void rq_charge(struct rq *rq, struct thread *t)
{
	u64 delta = rq->clock - t->se.exec_start;

	t->se.exec_start = rq->clock;
	t->se.sum_exec += delta;
	if (!is_rt(t))
		fair_charge(&rq->fair, t, delta);
}

void rq_insert(struct rq *rq, struct thread *t, bool at_head)
{
	if (is_rt(t))
		rt_insert(&rq->rt, t, at_head);
	else
		fair_insert(&rq->fair, t);
}

/* The thread of the hand-off goes the common way after all. */
static void drop_handoff(struct rq *rq)
{
	if (rq->handoff) {
		rq_insert(rq, rq->handoff, false);
		rq->handoff = NULL;
	}
}

/* A queued thread that is not running leaves the queue. */
void rq_remove(struct rq *rq, struct thread *t)
{
	if (rq->handoff == t)
		rq->handoff = NULL;
	else if (is_rt(t))
		rt_remove(&rq->rt, t);
	else
		fair_remove(&rq->fair, t);
}

/* Make the CPU of rq look for another thread soon. */
void rq_resched(struct rq *rq)
{
	struct thread *running = rq->cpu->running;

	if (thread_flag(running, TF_NEED_RESCHED))
		return;
	thread_set_flag(running, TF_NEED_RESCHED);
	if (rq->cpu != this_cpu()) {
		__atomic_fetch_or(&rq->cpu->ipi_pending, IPI_RESCHED, __ATOMIC_RELEASE);
		arch_send_ipi(rq->cpu->id);
	}
}

void rq_check_preempt(struct rq *rq, struct thread *t)
{
	struct thread *running = rq->cpu->running;

	if (running == rq->cpu->idle)
		rq_resched(rq);
	else if (is_rt(t) ? t->se.rt_priority > running->se.rt_priority
			  : !is_rt(running) && fair_preempts(t, running))
		rq_resched(rq);
}

/* ---- choosing ---- */

static bool signal_ends_sleep(struct thread *t, u32 state)
{
	if (likely(!thread_flag(t, TF_SIGPENDING)))
		return false;
	return state == THREAD_INTERRUPTIBLE || (state == THREAD_KILLABLE && fatal_signal_pending());
}

/* prev, which stays runnable, goes back among those who wait. */
static void put_running(struct rq *rq, struct thread *prev)
{
	if (rq->yielding && !is_rt(prev))
		fair_yield(&rq->fair, prev);
	rq_insert(rq, prev, !rq->yielding && prev->se.policy != SCHED_RR);
	rq->yielding = false;
}

static struct thread *take_first(struct rq *rq)
{
	struct thread *t = rt_first(&rq->rt);

	if (unlikely(t)) {
		rt_remove(&rq->rt, t);
		return t;
	}
	t = fair_first(&rq->fair);
	if (t)
		fair_remove(&rq->fair, t);
	return t;
}

/* The thread of a hand-off, if nobody has waited longer than is fair. */
static struct thread *take_handoff(struct rq *rq)
{
	struct thread *t = rq->handoff;
	struct thread *first = fair_first(&rq->fair);

	if (unlikely(rq->rt.nr) || (first && fair_preempts(first, t))) {
		drop_handoff(rq);
		return NULL;
	}
	rq->handoff = NULL;
	return t;
}

/* The thread that is to run after prev; prev is back in its queue, or off it when it sleeps. */
static struct thread *choose(struct rq *rq, struct thread *prev)
{
	struct thread *next = NULL;
	u32 state = prev->state;

	if (prev == rq->cpu->idle) {
		drop_handoff(rq);
	} else if (state != THREAD_RUNNING && !signal_ends_sleep(prev, state)) {
		prev->se.queued = false;
		rq->nr_running--;
		if (rq->handoff)
			next = take_handoff(rq);
	} else {
		prev->state = THREAD_RUNNING;
		if (unlikely(!(prev->se.allowed & cpu_bit(rq->cpu)))) {
			prev->se.queued = false;
			rq->nr_running--;
			rq->push = prev;
		} else if (rq->nr_running == 1) {
			rq->yielding = false;
			return prev;
		} else {
			drop_handoff(rq);
			put_running(rq, prev);
		}
	}
	if (!next)
		next = take_first(rq);
	if (!next)
		next = rq_steal(rq);
	return next ? next : rq->cpu->idle;
}

/* ---- the switch ---- */

/* In the context of the thread that took over: release the queue, and settle what prev left behind. */
static void finish_switch(struct thread *prev)
{
	struct rq *rq = this_cpu()->rq;
	struct thread *push = rq->push;
	bool dead = prev->state == THREAD_DEAD;

	__atomic_store_n(&prev->se.on_cpu, false, __ATOMIC_RELEASE);	/* thread_wait_inactive() sees what it saved */
	rq->push = NULL;
	spin_unlock(&rq->lock);
	arch_local_irq_enable();
	if (unlikely(push))
		rq_place(push);
	if (unlikely(dead))
		thread_put(prev);
}

void thread_start(struct thread *prev)
{
	finish_switch(prev);
}

static void switch_clocks(struct rq *rq, struct thread *prev, struct thread *next)
{
	struct thread *idle = rq->cpu->idle;

	next->se.exec_start = rq->clock;
	if (unlikely(next == idle)) {
		rq->idle_since = rq->clock;
		timer_tick_stop();
	} else if (unlikely(prev == idle)) {
		rq->idle_ns += rq->clock - rq->idle_since;
		timer_tick_start(rq->clock);
	}
}

void schedule(void)
{
	struct thread *prev = current, *next;
	struct cpu *cpu;
	struct rq *rq;

	if (unlikely(this_cpu()->rcu_ready))
		rcu_run_ready();
	arch_local_irq_disable();
	cpu = this_cpu();
	rq = cpu->rq;
	rcu_quiescent(cpu);
	hang_pass();
	spin_lock(&rq->lock);
	rq->clock = clock_monotonic();
	if (likely(prev != cpu->idle))
		rq_charge(rq, prev);
	if (thread_flag(prev, TF_NEED_RESCHED))
		thread_clear_flag(prev, TF_NEED_RESCHED);
	if (prev->state == THREAD_RUNNING && hunt_slice(prev))
		rq->yielding = true;
	next = choose(rq, prev);
	if (next == prev) {
		spin_unlock(&rq->lock);
		arch_local_irq_enable();
		return;
	}
	if (prev->state == THREAD_RUNNING)
		prev->nivcsw++;
	else
		prev->nvcsw++;
	rq->nr_switches++;
	rseq_switch_away(prev);
	next->se.on_cpu = true;
	switch_clocks(rq, prev, next);
	if (next->mm != cpu->active_mm)
		mm_switch(next->mm);
	finish_switch(arch_switch_to(prev, next));
}

void sched_yield(void)
{
	arch_local_irq_disable();
	this_cpu()->rq->yielding = true;
	arch_local_irq_enable();
	schedule();
}

void set_current_state(u32 state)
{
	WRITE_ONCE(current->state, state);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* ---- wake-ups ---- */

/* t joins rq as runnable; the queue is t->cpu's and locked. */
static inline void activate(struct rq *rq, struct thread *t, bool sync)
{
	t->se.queued = true;
	rq->nr_running++;
	if (!rq->handoff && !is_rt(t) && rq->cpu == this_cpu() && rq->cpu->running != rq->cpu->idle) {
		rq->handoff = t;
		if (sync)
			return;
	} else {
		rq_insert(rq, t, false);
	}
	rq_check_preempt(rq, t);
}

/* From the locked rq of a thread that is on no queue to the locked queue of a CPU it may run on. */
static __noinline struct rq *move_far(struct rq *rq, struct thread *t, struct cpu *dest)
{
	while (dest->rq != rq) {
		if (!is_rt(t))
			fair_leave(&rq->fair, t);
		WRITE_ONCE(t->cpu, dest);
		rseq_moved(t);
		spin_unlock(&rq->lock);
		rq = dest->rq;
		spin_lock(&rq->lock);
		if (!is_rt(t))
			fair_join(&rq->fair, t);
		if (likely(t->se.allowed & cpu_bit(dest)))
			break;
		dest = select_cpu(t, false);
	}
	return rq;
}

static inline struct rq *move_to(struct rq *rq, struct thread *t, struct cpu *dest)
{
	return likely(dest->rq == rq) ? rq : move_far(rq, t, dest);
}

void rq_place(struct thread *t)
{
	struct irqflags flags;
	struct rq *rq = lock_thread_rq(t, &flags);

	rq = move_to(rq, t, select_cpu(t, false));
	activate(rq, t, false);
	spin_unlock_irqrestore(&rq->lock, flags);
}

static bool try_to_wake(struct thread *t, u32 states, bool sync)
{
	struct irqflags flags;
	struct rq *rq = lock_thread_rq(t, &flags);
	bool woken = false;

	if (t->state & states) {
		woken = true;
		WRITE_ONCE(t->state, THREAD_RUNNING);
		if (!t->se.queued) {	/* else it has not gone to sleep yet */
			rq = move_to(rq, t, select_cpu(t, sync));
			if (!is_rt(t))
				fair_wakeup(&rq->fair, t);
			activate(rq, t, sync);
		}
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	return woken;
}

bool wake_up_thread(struct thread *t, u32 states)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* the caller's condition before the look at the state */
	if (!(READ_ONCE(t->state) & states))
		return false;
	return try_to_wake(t, states, false);
}

bool wake_up_sync(struct thread *t, u32 states)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(READ_ONCE(t->state) & states))
		return false;
	return try_to_wake(t, states, !this_cpu()->irq_depth);	/* an interrupt is not about to sleep */
}

void wake_up_new(struct thread *t)
{
	struct irqflags flags;
	struct rq *rq = lock_thread_rq(t, &flags);

	WRITE_ONCE(t->state, THREAD_RUNNING);
	rq = move_to(rq, t, select_cpu(t, true));
	fair_new(&rq->fair, t);
	activate(rq, t, true);
	spin_unlock_irqrestore(&rq->lock, flags);
}

bool thread_wait_inactive(struct thread *t, u32 state)
{
	while (__atomic_load_n(&t->se.on_cpu, __ATOMIC_ACQUIRE) && READ_ONCE(t->state) == state)
		arch_cpu_relax();
	return READ_ONCE(t->state) == state;
}

void kick_thread(struct thread *t)
{
	struct cpu *cpu;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* the caller's flag before the look at on_cpu */
	if (t == current || !READ_ONCE(t->se.on_cpu))
		return;
	cpu = READ_ONCE(t->cpu);
	if (cpu == this_cpu())
		return;
	__atomic_fetch_or(&cpu->ipi_pending, IPI_RESCHED, __ATOMIC_RELEASE);
	arch_send_ipi(cpu->id);
}

/* ---- the tick ---- */

void sched_tick(bool user)
{
	struct cpu *cpu = this_cpu();
	struct rq *rq = cpu->rq;
	struct thread *t = cpu->running;

	rcu_tick(cpu, user || (t == cpu->idle && cpu->irq_depth == 1));
	if (t == cpu->idle)
		return;
	if (user) {
		hang_pass();
		t->utime += TICK_NSEC;
		cpu->ticks_user += TICK_NSEC;
	} else {
		t->stime += TICK_NSEC;
		cpu->ticks_system += TICK_NSEC;
	}
	spin_lock(&rq->lock);
	rq->clock = clock_monotonic();
	rq_charge(rq, t);
	if (rq->handoff) {
		t->se.stays = DOUBTED_WAKINGS;
		drop_handoff(rq);
	}
	if (is_rt(t) ? rt_turn_over(&rq->rt, t) : fair_turn_over(&rq->fair, t) || hunt_slice(t))
		rq_resched(rq);
	spin_unlock(&rq->lock);
	rq_balance_tick(rq);
	cpu_timers_tick(TICK_NSEC, user);
}

/* ---- idling ---- */

void sched_idle_loop(void)
{
	struct cpu *cpu = this_cpu();

	for (;;) {
		arch_local_irq_disable();
		rcu_idle_leave(cpu);
		if (thread_flag(current, TF_NEED_RESCHED)) {
			arch_local_irq_enable();
			schedule();
			continue;
		}
		timer_tick_stop();
		rcu_idle_enter(cpu);
		arch_idle();
	}
}

u64 cpu_idle_ns(struct cpu *cpu)
{
	struct rq *rq = cpu->rq;
	struct irqflags flags = spin_lock_irqsave(&rq->lock);
	u64 ns = rq->idle_ns;

	if (cpu->running == cpu->idle)
		ns += clock_monotonic() - rq->idle_since;
	spin_unlock_irqrestore(&rq->lock, flags);
	return ns;
}

/* ---- start ---- */

static void init_entity(struct sched_entity *se)
{
	se->weight = nice_weight[20];
	se->allowed = (1u << NR_CPUS) - 1;
	list_init(&se->rt_link);
}

/* The idle thread shares whatever the boot thread has (credentials, process): filled in by smp_init(). */
void sched_init_cpu(struct cpu *cpu)
{
	struct rq *rq = &rqs[cpu - cpus];
	struct thread *idle = &idle_threads[cpu - cpus];

	cpu->id = (unsigned)(cpu - cpus);
	cpu->rq = rq;
	cpu->idle = cpu->running = idle;
	spin_init(&rq->lock);
	rq->cpu = cpu;
	fair_init(&rq->fair);
	rt_init(&rq->rt);
	init_entity(&idle->se);
	idle->se.on_cpu = true;
	idle->flags = TF_KERNEL;
	idle->cpu = cpu;
	ref_set(&idle->refs, 1);
	strlcpy(idle->comm, "idle", sizeof(idle->comm));
}

void sched_init_boot_cpu(void)
{
	sched_init_cpu(&cpus[0]);
	idle_threads[0].kstack = boot_stack;
	arch_cpu_setup(&cpus[0]);
}

void sched_init(void)
{
	cpus[0].online = true;
	ktimer_init_cpu();
}

void sched_fork(struct thread *child)
{
	const struct sched_entity *parent = &current->se;
	struct sched_entity *se = &child->se;

	memset(se, 0, sizeof(*se));
	init_entity(se);
	se->policy = parent->policy;
	se->rt_priority = parent->rt_priority;
	se->nice = parent->nice;
	se->weight = parent->weight;
	se->allowed = parent->allowed;
	if (parent->reset_on_fork) {
		if (se->rt_priority || se->nice < 0) {
			se->nice = 0;
			se->weight = nice_weight[20];
		}
		if (se->rt_priority)
			se->policy = SCHED_OTHER;
		se->rt_priority = 0;
	}
	se->slice_end = RR_SLICE;
	child->state = THREAD_NEW;
	child->cpu = this_cpu();
}
