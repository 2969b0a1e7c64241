// SPDX-License-Identifier: BSD-2-Clause
/*
 * CPU time of threads and processes. The scheduler measures run time exactly; ticks only tell how it
 * divides between user and system, as in Linux.
 */
#include "rq.h"
#include <janus/time.h>

u64 thread_runtime(struct thread *t)
{
	struct irqflags flags;
	struct rq *rq = lock_thread_rq(t, &flags);
	u64 ns = t->se.sum_exec;

	if (rq->cpu->running == t) {
		u64 now = clock_monotonic();

		if (now > t->se.exec_start)
			ns += now - t->se.exec_start;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	return ns;
}

/* Divide `total` as the sampled *utime and *stime say. */
static void divide(u64 total, u64 *utime, u64 *stime)
{
	u64 user = *utime / TICK_NSEC, system = *stime / TICK_NSEC, both = user + system;

	*stime = both ? total / both * system + total % both * system / both : 0;
	*utime = total - *stime;
}

void thread_cputime(struct thread *t, u64 *utime, u64 *stime)
{
	*utime = t->utime;
	*stime = t->stime;
	divide(thread_runtime(t), utime, stime);
}

static u64 process_runtime(struct process *p)
{
	u64 total = p->sum_exec;
	struct thread *t;

	list_for_each_entry(t, &p->threads, thread_link)
		total += thread_runtime(t);
	return total;
}

void process_cputime(struct process *p, u64 *utime, u64 *stime)
{
	struct thread *t;

	*utime = p->utime;
	*stime = p->stime;
	list_for_each_entry(t, &p->threads, thread_link) {
		*utime += t->utime;
		*stime += t->stime;
	}
	divide(process_runtime(p), utime, stime);
}
