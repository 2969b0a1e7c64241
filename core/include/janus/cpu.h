/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each CPU owns. Reached by arch_this_cpu(); since kernel code is not preempted, the pointer is
 * good until the caller sleeps.
 *
 * Field rules: [own] only its CPU; [irq] its CPU with interrupts off; [atomic]; [const] after boot.
 */
#ifndef JANUS_CPU_H
#define JANUS_CPU_H

#include <arch/cpu.h>
#include <janus/types.h>

struct thread;
struct mm;
struct rq;
struct timer_queue;

enum ipi_reason {
	IPI_RESCHED = 1 << 0,	/* look at the run queue */
	IPI_CALL = 1 << 1,	/* run smp_call functions */
	IPI_STOP = 1 << 2,	/* halt for ever */
};

struct cpu {
	struct arch_cpu arch;		/* first: entry code knows its offsets */
	struct thread *running;		/* [own] what `current` is on this CPU */
	struct thread *idle;		/* [const] */
	unsigned id;			/* [const] */
	bool online;			/* [atomic] */
	u32 ipi_pending;		/* [atomic] enum ipi_reason */
	unsigned irq_depth;		/* [irq] nesting of interrupt handlers: 0 in thread context */
	struct mm *active_mm;		/* [irq] address space loaded in the MMU; idle threads borrow it */
	bool mm_borrowed;		/* [irq] active_mm is not current's: this CPU holds a reference */
	unsigned nofault;		/* [own] user copies that fault now fail at once: get_user_nofault() */
	u64 ticks_user, ticks_system;	/* [own; read as is] nanoseconds, for /proc/stat */
	u64 rcu_seen;			/* [atomic] last grace period this CPU passed; RCU_SEEN_ALL while it idles */
	bool rcu_ready;			/* [irq] callbacks wait to be moved on or run: core/sched/rcu.c */
	struct rq *rq;			/* [const] core/sched/ */
	struct timer_queue *timers;	/* [const] core/time/timer.c */
} __cacheline_aligned;

extern struct cpu cpus[NR_CPUS];
extern unsigned nr_cpus;		/* [const] after the secondaries are up */
#define for_each_cpu(c) for (struct cpu *c = cpus; c < cpus + nr_cpus; c++)

static inline struct cpu *this_cpu(void) { return arch_this_cpu(); }
static inline unsigned this_cpu_id(void) { return arch_this_cpu()->id; }
#define current arch_current()

/* A set of CPUs, one bit each. */
typedef u32 cpumask_t;

cpumask_t cpu_online_mask(void);	/* [atomic] */
u64 cpu_idle_ns(struct cpu *cpu);	/* time in the idle thread so far; for /proc/stat, /proc/uptime */

/* core/sched/rcu.c: an idle CPU is in no reader until it leaves, for an interrupt or a thread. Interrupts off. */
#define RCU_SEEN_ALL UINT64_MAX
void rcu_idle_enter(struct cpu *cpu);
void rcu_idle_leave(struct cpu *cpu);

/* An interrupt handler begins and ends: irq_dispatch, timer_interrupt, ipi_dispatch. Interrupts off. */
static inline void irq_enter(void)
{
	struct cpu *cpu = this_cpu();

	cpu->irq_depth++;
	if (unlikely(cpu->rcu_seen == RCU_SEEN_ALL))
		rcu_idle_leave(cpu);
}
static inline void irq_exit(void) { this_cpu()->irq_depth--; }

/* Run fn(arg) on the CPUs of `mask` but this one and wait until all have. Interrupts on, no spinlock held
 * that an interrupt handler takes. fn runs with interrupts off. core/sched/smp.c */
void smp_call(cpumask_t mask, void (*fn)(void *arg), void *arg);

/* Bring the other CPUs up (boot). */
void smp_init(void);
/* On a new CPU: it is ready for threads and IPIs. */
void smp_secondary_online(struct cpu *cpu);
/* Halt all other CPUs: panic and machine stop. Any context. */
void smp_stop_others(void);

#endif
