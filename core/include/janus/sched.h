/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: per-CPU run queues, wake-ups, the switch. core/sched/.
 *
 * Policies: SCHED_OTHER/BATCH/IDLE share by weighted virtual run time, SCHED_FIFO/RR by priority above them.
 * A thread is on at most one run queue; thread->state and run-queue fields change under that queue's lock.
 */
#ifndef JANUS_SCHED_H
#define JANUS_SCHED_H

#include <janus/cpu.h>
#include <janus/list.h>
#include <janus/rbtree.h>
#include <janus/types.h>

struct thread;
struct trapframe;

enum thread_state {
	THREAD_RUNNING = 0,		/* running or on a run queue */
	THREAD_INTERRUPTIBLE = 1,
	THREAD_UNINTERRUPTIBLE = 2,
	THREAD_KILLABLE = 4,		/* sleeps for all but SIGKILL */
	THREAD_STOPPED = 8,		/* job control */
	THREAD_TRACED = 16,		/* stopped under a tracer */
	THREAD_DEAD = 32,		/* will never run again */
	THREAD_NEW = 64,		/* not yet started */
};

/* The scheduler's half of a thread. [rq] under the lock of the run queue of thread->cpu. */
struct sched_entity {
	struct rb_node node;		/* [rq] in the queue's tree, by vruntime */
	struct list_head rt_link;	/* [rq] in the queue's list of its priority */
	bool queued;			/* [rq] */
	bool on_cpu;			/* [atomic] it is running: changes with the queue locked */
	u8 policy;			/* [rq] SCHED_* */
	u8 rt_priority;			/* [rq] 1..99, 0 for SCHED_OTHER */
	s8 nice;			/* [rq] -20..19 */
	bool reset_on_fork;		/* [rq] */
	/* [rq; own reads are free] it woke others and went on: so many more of them go elsewhere */
	u8 stays;
	u32 weight;			/* [rq] from nice */
	u64 vruntime;			/* [rq] weighted nanoseconds */
	u64 exec_start;			/* [rq] when it was last charged, ns */
	u64 sum_exec;			/* [rq] ns run in all */
	u64 slice_end;			/* [rq] SCHED_RR: when its turn is over, in sum_exec */
	cpumask_t allowed;		/* [rq] where it may run */
};

void sched_init_boot_cpu(void);	/* first of all: this-CPU and current for the boot, no allocator yet */
void sched_init(void);		/* run queues and idle threads of all CPUs; the boot thread is CPU 0's idle */
void sched_init_cpu(struct cpu *cpu);		/* its run queue and idle thread; boot CPU, for all */
void sched_fork(struct thread *child);		/* copies current's parameters; child not yet visible */

/* Give the CPU away: to sleep if current->state is not RUNNING. Interrupts on, no spinlock. */
void schedule(void);
/* Sleep at most until `deadline` (ns, monotonic); ns left, 0 when it passed. Set the state before. */
u64 schedule_timeout(u64 deadline);
void sched_yield(void);
/* A new thread becomes runnable for the first time. */
void wake_up_new(struct thread *t);
/* Make t runnable if its state is in `states`; true when it did. Any context. */
bool wake_up_thread(struct thread *t, u32 states);
/* Wake t, and hand it this CPU at current's next schedule() if it may run here: for a waker about to sleep. */
bool wake_up_sync(struct thread *t, u32 states);
/* Spin until t, which is about to sleep in `state`, is off its CPU; false: it left that state. No spinlock held. */
bool thread_wait_inactive(struct thread *t, u32 state);
/* Tell the CPU that runs t to look at its flags (a signal came). Any context. */
void kick_thread(struct thread *t);

/* For /proc: since boot, now, and in 1/65536 over 1, 5 and 15 minutes. core/sched/loadavg.c */
u64 sched_switches(void);
unsigned sched_nr_running(void);
void sched_loadavg(u64 load[3]);
void loadavg_init(void);		/* boot, when timers work */
void sched_tick(bool user);			/* timer interrupt */
void sched_idle_loop(void) __noreturn;		/* the idle thread of each CPU */
void set_current_state(u32 state);		/* with a full barrier */
void set_nice(struct thread *t, int nice);	/* setpriority(2) after its checks; nice is clamped */

/* CPU time, ns. thread_runtime is exact; thread_cputime splits it in user and system as the ticks fell.
 * The process forms count threads that are gone too; tasklist_lock held. */
u64 thread_runtime(struct thread *t);
void thread_cputime(struct thread *t, u64 *utime, u64 *stime);
struct process;
void process_cputime(struct process *p, u64 *utime, u64 *stime);

#endif
