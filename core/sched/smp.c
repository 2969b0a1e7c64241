// SPDX-License-Identifier: BSD-2-Clause
/*
 * More than one CPU: bringing them up, calling functions on them, stopping them.
 *
 * A call has a slot of its caller's CPU, so calls of several CPUs need no common lock. The caller waits
 * with interrupts on and answers the calls of others meanwhile.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/printk.h>
#include <janus/sched.h>
#include <janus/slab.h>
#include <janus/thread.h>
#include <janus/time.h>

#define START_TIMEOUT (2 * NSEC_PER_SEC)

static struct call_slot {
	void (*fn)(void *arg);		/* [written before the bits of pending] */
	void *arg;
	cpumask_t pending;		/* [atomic] CPUs that have yet to run it */
} __cacheline_aligned slots[NR_CPUS];

static cpumask_t online_mask = 1;	/* [atomic] */

cpumask_t cpu_online_mask(void) { return __atomic_load_n(&online_mask, __ATOMIC_RELAXED); }

static void post(struct cpu *cpu, u32 reason)
{
	__atomic_fetch_or(&cpu->ipi_pending, reason, __ATOMIC_RELEASE);
	arch_send_ipi(cpu->id);
}

void smp_call(cpumask_t mask, void (*fn)(void *arg), void *arg)
{
	struct call_slot *slot = &slots[this_cpu_id()];

	mask &= cpu_online_mask() & ~(1u << this_cpu_id());
	if (!mask)
		return;
	slot->fn = fn;
	slot->arg = arg;
	__atomic_store_n(&slot->pending, mask, __ATOMIC_SEQ_CST);
	for_each_cpu(c)
		if (mask & (1u << c->id))
			post(c, IPI_CALL);
	while (__atomic_load_n(&slot->pending, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
}

static void run_calls(cpumask_t bit)
{
	for (unsigned i = 0; i < nr_cpus; i++) {
		struct call_slot *slot = &slots[i];

		if (!(__atomic_load_n(&slot->pending, __ATOMIC_ACQUIRE) & bit))
			continue;
		slot->fn(slot->arg);
		__atomic_fetch_and(&slot->pending, ~bit, __ATOMIC_RELEASE);
	}
}

void ipi_dispatch(void)
{
	struct cpu *cpu = this_cpu();
	u32 reasons = __atomic_exchange_n(&cpu->ipi_pending, 0, __ATOMIC_ACQ_REL);

	irq_enter();
	if (reasons & IPI_STOP)
		arch_cpu_halt();
	if (reasons & IPI_CALL)
		run_calls(1u << cpu->id);
	/* IPI_RESCHED: the flag is in the thread; the way back to user mode, or the idle loop, sees it. */
	irq_exit();
}

void smp_stop_others(void)
{
	for_each_cpu(c)
		if (c != this_cpu() && READ_ONCE(c->online))
			post(c, IPI_STOP);
}

/* The new CPU's own side, interrupts off: from here on others give it work. */
void smp_secondary_online(struct cpu *cpu)
{
	ktimer_init_cpu();
	__atomic_fetch_or(&online_mask, 1u << cpu->id, __ATOMIC_SEQ_CST);
	__atomic_store_n(&cpu->online, true, __ATOMIC_SEQ_CST);
}

static bool start_cpu(struct cpu *cpu)
{
	u64 limit = clock_monotonic() + START_TIMEOUT;
	int err;

	cpu->idle->process = cpus[0].idle->process;
	cpu->idle->cred = cpus[0].idle->cred;
	cpu->idle->kstack = kstack_alloc();
	if (!cpu->idle->kstack)
		return false;
	err = arch_cpu_start(cpu);
	if (err) {
		printk(KERN_ERR "smp: CPU %u does not start: error %d\n", cpu->id, -err);
		return false;
	}
	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		if (clock_monotonic() > limit) {
			printk(KERN_ERR "smp: CPU %u does not answer\n", cpu->id);
			return false;
		}
		arch_cpu_relax();
	}
	return true;
}

void smp_init(void)
{
	unsigned present = min_t(unsigned, boot_info.nr_cpus, NR_CPUS);

	while (nr_cpus < present) {
		struct cpu *cpu = &cpus[nr_cpus];

		sched_init_cpu(cpu);
		cpu->rcu_seen = RCU_SEEN_ALL;	/* in no reader until its first pass */
		nr_cpus++;
		if (!start_cpu(cpu)) {
			nr_cpus--;
			break;
		}
	}
	printk(KERN_INFO "smp: %u CPU%s online\n", nr_cpus, nr_cpus == 1 ? "" : "s");
}
