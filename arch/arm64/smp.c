// SPDX-License-Identifier: BSD-2-Clause
/*
 * The other CPUs: started one at a time through PSCI. Each comes in at secondary_start in boot.S with its
 * number, finds its stack in a word that it clears again, and goes on in core's secondary_main().
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/thread.h>
#include <arch/time.h>
#include <arch/impl/platform.h>
#include <janus/cpu.h>
#include <janus/thread.h>
#include <uapi/errno.h>

#define START_TIMEOUT_SECONDS 2

extern void *secondary_stack;
extern char secondary_start[];

int arch_cpu_start(struct cpu *cpu)
{
	u64 deadline;

	cpu->running = cpu->idle;
	__atomic_store_n(&secondary_stack, (char *)cpu->idle->kstack + KSTACK_SIZE, __ATOMIC_RELEASE);
	dsb(sy);
	if (platform_cpu_on(cpu_affinity[cpu->id], kimage_phys(secondary_start), cpu->id))
		return -ENODEV;
	deadline = arch_clock_read() + START_TIMEOUT_SECONDS * arch_clock_hz();
	while (__atomic_load_n(&secondary_stack, __ATOMIC_ACQUIRE)) {
		if (arch_clock_read() > deadline)
			return -ETIMEDOUT;
		arch_cpu_relax();
	}
	return 0;
}

void arch_cpu_init_secondary(void)
{
	write_sysreg(ttbr0_el1, kimage_phys(boot_empty_root));
	isb();
	arch_cpu_setup(arch_this_cpu());
	cpu_features_enable();
	irqchip_init_cpu();
	generic_timer_init_cpu();
}
