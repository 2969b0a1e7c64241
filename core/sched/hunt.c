// SPDX-License-Identifier: BSD-2-Clause
/*
 * Forced rescheduling and failing allocations, in debug builds: what could happen but seldom does happens in
 * seconds. On the command line:
 *
 *   hunt.resched=SEED   after a lock is released the thread often has to go through the scheduler on its way
 *                       to user mode or at its next cond_resched(); where it might sleep, it often does so
 *   hunt.slice=1        whoever waits gets its turn at each tick, and whenever the running thread is to look
 *   hunt.alloc=SEED,N   about one of N allocations fails that is made for a thread with 1 in its
 *                       /proc/PID/make-it-fail, which children inherit
 *
 * Without the command line a thread makes its N-th allocation from now fail by /proc/PID/fail-nth; both files are
 * Linux's, of CONFIG_FAULT_INJECTION. Page faults are spared, for nobody could be told: a user's are tried again.
 *
 * Real-time threads keep their rules: a user may build on them. The choice is a series of random numbers for each
 * CPU that starts from the seed; with counted instructions and one CPU a run can be repeated.
 */
#ifdef CONFIG_DEBUG

#include "rq.h"
#include <janus/cmdline.h>
#include <janus/printk.h>
#include <janus/string.h>

#define RELEASES 8		/* one of so many lock releases asks for the scheduler */
#define SLEEPS 4		/* and one of so many places that might sleep gives its turn away */
#define ALLOC_ONE_IN 64		/* what hunt.alloc=SEED alone means */

static u64 series[NR_CPUS];	/* [own] an interrupt in between costs a step of the series, no more */
static bool resched, slice;	/* set once, before the first program and the other CPUs */
static unsigned alloc_one_in;	/* likewise; 0: no allocation fails by chance */

static void start_series(u64 seed)
{
	for (unsigned i = 0; i < NR_CPUS; i++)
		series[i] = (seed + 1) * 0x9e3779b97f4a7c15ULL + i + 1;
}

void hunt_init(void)
{
	const char *seed = cmdline_get("hunt.resched"), *turns = cmdline_get("hunt.slice");
	const char *fail = cmdline_get("hunt.alloc");
	char *comma;

	if (seed)
		start_series(strtoull(seed, NULL, 0));
	if (fail) {
		start_series(strtoull(fail, &comma, 0));
		alloc_one_in = *comma == ',' ? (unsigned)strtoull(comma + 1, NULL, 0) : ALLOC_ONE_IN;
		printk(KERN_NOTICE "hunt: one of %u allocations fails\n", alloc_one_in);
	}
	slice = turns && !strcmp(turns, "1");
	resched = seed != NULL;
	if (resched || slice)
		printk(KERN_NOTICE "hunt: forced rescheduling %s, slices of one tick %s\n", resched ? seed : "off",
		       slice ? "on" : "off");
}

/* True once in n times. Source of the series: G. Marsaglia, Xorshift RNGs, 2003. */
static bool once_in(unsigned n)
{
	u64 *s = &series[this_cpu_id()], x = *s;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*s = x;
	return (x >> 32) % n == 0;
}

static bool may_be_moved(const struct thread *t)
{
	return !is_idle(t) && !is_rt(t);
}

void hunt_lock_released(void)
{
	if (resched && may_be_moved(current) && once_in(RELEASES))
		thread_set_flag(current, TF_NEED_RESCHED);
}

/* One that is about to sleep, or to end, has said so in its state: its turn must not be taken for that sleep. */
void hunt_might_sleep(void)
{
	if (resched && may_be_moved(current) && READ_ONCE(current->state) == THREAD_RUNNING && once_in(SLEEPS))
		sched_yield();
}

bool hunt_alloc_fails(void)
{
	struct thread *t = current;
	u32 left = READ_ONCE(t->fail_nth);

	if (likely(!left && !t->make_it_fail))
		return false;
	if (this_cpu()->irq_depth || t->allocs_spared)
		return false;
	if (left) {
		WRITE_ONCE(t->fail_nth, left - 1);
		return left == 1;
	}
	return alloc_one_in && once_in(alloc_one_in);
}

void hunt_spare_allocs(bool spare)
{
	current->allocs_spared += spare ? 1 : -1;
}

bool hunt_slice(const struct thread *t)
{
	return slice && may_be_moved(t);
}

#endif
