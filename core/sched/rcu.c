// SPDX-License-Identifier: BSD-2-Clause
/*
 * Read-copy-update by quiescent states. Kernel code is not preempted, so a CPU that passes through the
 * scheduler, runs a user or idles is in no reader.
 *
 * Periods are numbered. Whoever needs one raises `newest`; a CPU in a quiescent state notes the newest
 * number it has seen, one that idles every number; period n is over when every CPU has noted n or more.
 * Each CPU keeps its own callbacks in three lists: new ones, those that wait for period `waiting_for`, and
 * those that may run. The tick moves them on, and so do the scheduler and the way out to a user when BATCH
 * new ones have come: where the other CPUs idle these run at once, and what they free is used again while
 * it is in the caches, instead of a tick's worth of objects going through the slabs' lists.
 */
#include <janus/cpu.h>
#include <janus/lock.h>
#include <janus/thread.h>
#include <janus/wait.h>

#define BATCH 16	/* of objects of one kind a magazine takes that many over and over: core/mm/slab.c */
#define LATE_TICKS 25	/* in calls before a CPU is sent through the scheduler */

static u64 newest;			/* [atomic] */

struct callback_list {
	struct rcu_head *head, **tail;
};

static struct rcu_cpu {			/* [own CPU, interrupts off] */
	struct callback_list new, waiting, ready;
	u64 waiting_for;
	unsigned fresh;			/* callbacks that came since the lists were last moved on */
	u32 late;			/* ticks in calls while a period waited for this CPU */
} __cacheline_aligned rcu_cpus[NR_CPUS];

static void callbacks_init(struct callback_list *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

static void callbacks_move(struct callback_list *from, struct callback_list *to)
{
	if (!from->head)
		return;
	*to->tail = from->head;
	to->tail = from->tail;
	callbacks_init(from);
}

void rcu_init(void)
{
	for (unsigned i = 0; i < NR_CPUS; i++) {
		callbacks_init(&rcu_cpus[i].new);
		callbacks_init(&rcu_cpus[i].waiting);
		callbacks_init(&rcu_cpus[i].ready);
	}
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	struct irqflags flags = arch_local_irq_save();
	struct cpu *cpu = this_cpu();
	struct rcu_cpu *r = &rcu_cpus[cpu->id];

	head->func = func;
	head->next = NULL;
	*r->new.tail = head;
	r->new.tail = &head->next;
	if (unlikely(++r->fresh == BATCH)) {
		cpu->rcu_ready = true;
		thread_set_flag(cpu->running, TF_NOTIFY_RESUME);
	}
	arch_local_irq_restore(flags);
}

/* Readers of this CPU that began before this are over. Interrupts off. */
void rcu_quiescent(struct cpu *cpu)
{
	u64 n = __atomic_load_n(&newest, __ATOMIC_ACQUIRE);

	if (cpu->rcu_seen != n) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		__atomic_store_n(&cpu->rcu_seen, n, __ATOMIC_RELEASE);
	}
}

void rcu_idle_enter(struct cpu *cpu)
{
	__atomic_store_n(&cpu->rcu_seen, RCU_SEEN_ALL, __ATOMIC_RELEASE);
}

/*
 * Either the one who waits for a period sees that we are back, or our readers see what it took out before: the
 * fence here and the one in move_on() are a pair.
 */
void rcu_idle_leave(struct cpu *cpu)
{
	__atomic_store_n(&cpu->rcu_seen, __atomic_load_n(&newest, __ATOMIC_ACQUIRE), __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static bool period_over(u64 n)
{
	for_each_cpu(c)
		if (READ_ONCE(c->online) && __atomic_load_n(&c->rcu_seen, __ATOMIC_ACQUIRE) < n)
			return false;
	return true;
}

static void move_on(struct rcu_cpu *r)
{
	r->fresh = 0;
	if (r->waiting.head && period_over(r->waiting_for))
		callbacks_move(&r->waiting, &r->ready);
	if (!r->waiting.head && r->new.head) {
		callbacks_move(&r->new, &r->waiting);
		r->waiting_for = __atomic_add_fetch(&newest, 1, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
}

/* A tick in a call. All of them may be, of a thread that is alone here: then by way of the scheduler. */
static void hurry(struct cpu *cpu, struct rcu_cpu *r)
{
	if (cpu->rcu_seen >= __atomic_load_n(&newest, __ATOMIC_RELAXED)) {
		r->late = 0;
	} else if (++r->late == LATE_TICKS) {
		r->late = 0;
		thread_set_flag(cpu->running, TF_NEED_RESCHED);
	}
}

/* The tick of each CPU, interrupts off; quiescent: it came in user mode or in the idle loop. */
void rcu_tick(struct cpu *cpu, bool quiescent)
{
	struct rcu_cpu *r = &rcu_cpus[cpu->id];

	if (quiescent)
		rcu_quiescent(cpu);
	else
		hurry(cpu, r);
	move_on(r);
	if (r->ready.head) {
		cpu->rcu_ready = true;
		thread_set_flag(cpu->running, TF_NEED_RESCHED);
	}
}

bool rcu_pending(struct cpu *cpu)
{
	struct rcu_cpu *r = &rcu_cpus[cpu->id];

	return r->new.head || r->waiting.head || r->ready.head;
}

void rcu_run_ready(void)
{
	struct cpu *cpu;
	struct rcu_cpu *r;
	struct rcu_head *head;

	arch_local_irq_disable();
	cpu = this_cpu();
	r = &rcu_cpus[cpu->id];
	move_on(r);
	rcu_quiescent(cpu);
	move_on(r);		/* a period that only we were in is over */
	head = r->ready.head;
	callbacks_init(&r->ready);
	cpu->rcu_ready = false;
	arch_local_irq_enable();
	while (head) {
		struct rcu_head *next = head->next;	/* func frees head */

		head->func(head);
		head = next;
	}
}

struct rcu_sync {
	struct rcu_head head;
	struct completion done;
};

static void sync_done(struct rcu_head *head)
{
	complete(&container_of(head, struct rcu_sync, head)->done);
}

void synchronize_rcu(void)
{
	struct rcu_sync sync;

	completion_init(&sync.done);
	call_rcu(&sync.head, sync_done);
	wait_for_completion(&sync.done);
}

/* A callback on each CPU behind those that wait there; on the stack of the one who waits. */
struct rcu_barrier {
	struct barrier_mark {
		struct rcu_head head;
		struct rcu_barrier *barrier;
	} marks[NR_CPUS];
	u32 left;			/* [atomic] callbacks yet to run, and one of the waiter's */
	struct completion done;
};

static void barrier_put(struct rcu_barrier *b)
{
	if (__atomic_sub_fetch(&b->left, 1, __ATOMIC_ACQ_REL) == 0)
		complete(&b->done);
}

static void barrier_reached(struct rcu_head *head)
{
	barrier_put(container_of(head, struct barrier_mark, head)->barrier);
}

static void barrier_mark(void *arg)
{
	struct rcu_barrier *b = arg;
	struct barrier_mark *mark = &b->marks[this_cpu_id()];

	mark->barrier = b;
	__atomic_add_fetch(&b->left, 1, __ATOMIC_RELAXED);
	call_rcu(&mark->head, barrier_reached);
}

void rcu_barrier(void)
{
	struct rcu_barrier b;

	b.left = 1;
	completion_init(&b.done);
	barrier_mark(&b);
	smp_call(cpu_online_mask() & ~(1u << this_cpu_id()), barrier_mark, &b);
	barrier_put(&b);
	wait_for_completion(&b.done);
}
