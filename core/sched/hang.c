// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hang detector of debug builds: what stands still for too long becomes a panic that says where. Once a second
 * each CPU looks whether
 *
 *   - it has itself been idle, in user mode or through the scheduler; else its thread is stuck in the kernel
 *   - the CPU after it has looked too; else that one has its interrupts off
 *   - (CPU 0) a thread in an uninterruptible sleep has been woken
 *
 * Patience is counted in looks, not in time: a host that starves the whole machine starves the one who counts too.
 * On the command line hunt.patience=LOOKS changes it, and hunt.hang=spin, irqs-off or sleep makes a hang to find.
 */
#ifdef CONFIG_DEBUG

#include "rq.h"
#include <arch/irqflags.h>
#include <janus/cmdline.h>
#include <janus/entry.h>
#include <janus/printk.h>
#include <janus/string.h>
#include <janus/time.h>

#define LOOKS 40

static struct watch {
	struct ktimer timer;
	const struct trapframe *frame;	/* [own] what the timer interrupt, if we are in it, came into */
	u64 passes;			/* [own] signs of life */
	u64 passes_seen;		/* [own] at the last look */
	unsigned stuck;			/* [own] looks without one */
	u64 looks;			/* [atomic] of this CPU */
	u64 looks_seen;			/* [own] of the next CPU */
	unsigned silent;		/* [own] looks of ours without one of the next CPU's */
} __cacheline_aligned watches[NR_CPUS];
static unsigned patience = LOOKS;	/* [const] after hang_init() */

void hang_pass(void)
{
	watches[this_cpu_id()].passes++;
}

void hang_interrupted(const struct trapframe *tf)
{
	watches[this_cpu_id()].frame = tf;
}

static void look_at_self(struct watch *w, struct cpu *cpu)
{
	if (cpu->running == cpu->idle || w->passes != w->passes_seen)
		w->stuck = 0;
	else if (++w->stuck == patience)
		panic_frame(w->frame, "hang: CPU %u has been in the kernel for %u s, in thread %d (%s)", cpu->id,
			    patience, cpu->running->tid, cpu->running->comm);
	w->passes_seen = w->passes;
}

static void look_at_next(struct watch *w, struct cpu *cpu)
{
	struct cpu *next = &cpus[(cpu->id + 1) % nr_cpus];
	u64 looks = __atomic_load_n(&watches[next->id].looks, __ATOMIC_RELAXED);

	if (looks != w->looks_seen || next == cpu || !READ_ONCE(next->online))
		w->silent = 0;
	else if (++w->silent == patience)
		panic_about(next->running, "hang: CPU %u has had its interrupts off for %u s", next->id, patience);
	w->looks_seen = looks;
}

static void look_at_sleeper(struct thread *t)
{
	u64 switches = READ_ONCE(t->nvcsw);

	if (READ_ONCE(t->state) != THREAD_UNINTERRUPTIBLE || t->hang_switches != switches)
		t->hang_looks = 0;
	else if (++t->hang_looks == patience)
		panic_about(t, "hang: thread %d (%s) has slept for %u s, and no signal can wake it", t->tid, t->comm,
			    patience);
	t->hang_switches = switches;
}

/* Next time will do when the list is in use. */
static void look_at_sleepers(void)
{
	struct process *p;
	struct thread *t;

	if (!spin_trylock(&tasklist_lock))
		return;
	list_for_each_entry(p, &all_processes, all_link)
		list_for_each_entry(t, &p->threads, thread_link)
			look_at_sleeper(t);
	spin_unlock(&tasklist_lock);
}

static void look(struct ktimer *timer)
{
	struct watch *w = container_of(timer, struct watch, timer);
	struct cpu *cpu = this_cpu();

	__atomic_fetch_add(&w->looks, 1, __ATOMIC_RELAXED);
	look_at_self(w, cpu);
	look_at_next(w, cpu);
	if (cpu->id == 0)
		look_at_sleepers();
	ktimer_start(timer, clock_monotonic() + NSEC_PER_SEC);
}

static void start_looking(void *unused)
{
	struct watch *w = &watches[this_cpu_id()];

	(void)unused;
	ktimer_init(&w->timer, look);
	ktimer_start(&w->timer, clock_monotonic() + NSEC_PER_SEC);
}

/* ---- a hang to find ---- */

static void hang(void *kind)
{
	if (!strcmp(kind, "irqs-off"))
		arch_local_irq_disable();
	if (!strcmp(kind, "sleep")) {
		set_current_state(THREAD_UNINTERRUPTIBLE);
		schedule();
	}
	for (;;)
		arch_cpu_relax();
}

void hang_init(void)
{
	const char *looks = cmdline_get("hunt.patience"), *kind = cmdline_get("hunt.hang");
	struct thread *t;

	if (looks && strtoull(looks, NULL, 0))
		patience = (unsigned)strtoull(looks, NULL, 0);
	start_looking(NULL);
	smp_call(cpu_online_mask() & ~cpu_bit(this_cpu()), start_looking, NULL);
	if (!kind)
		return;
	t = kthread_create("hang", hang, (void *)kind);
	if (t)
		wake_up_new(t);
}

#endif
