// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the scheduler tells /proc: switches, runnable threads, and the load averages of 1, 5 and 15 minutes.
 *
 * Every five seconds a timer takes the number of runnable threads into three averages that forget
 * exponentially, in 1/65536.
 */
#include "rq.h"

#include <janus/time.h>

#define LOAD_INTERVAL (5 * NSEC_PER_SEC)

/* 65536 * e^(-5s / 1, 5, 15 min) */
static const u64 keep[3] = { 60296, 64453, 65173 };
static u64 averages[3];		/* [load_timer; read as is] */
static struct ktimer load_timer;

u64 sched_switches(void)
{
	u64 n = 0;

	for_each_cpu(c)
		n += READ_ONCE(c->rq->nr_switches);
	return n;
}

unsigned sched_nr_running(void)
{
	unsigned n = 0;

	for_each_cpu(c)
		n += READ_ONCE(c->rq->nr_running);
	return n;
}

void sched_loadavg(u64 load[3])
{
	for (int i = 0; i < 3; i++)
		load[i] = READ_ONCE(averages[i]);
}

static void take_load(struct ktimer *timer)
{
	u64 now = (u64)sched_nr_running() << 16;

	for (int i = 0; i < 3; i++)
		WRITE_ONCE(averages[i], (averages[i] * keep[i] + now * (65536 - keep[i])) >> 16);
	ktimer_start(timer, timer->expires + LOAD_INTERVAL);
}

void loadavg_init(void)
{
	ktimer_init(&load_timer, take_load);
	ktimer_start(&load_timer, clock_monotonic() + LOAD_INTERVAL);
}
