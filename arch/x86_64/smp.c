// SPDX-License-Identifier: BSD-2-Clause
/*
 * Starting the other CPUs: INIT, then two start-up interrupts, into the page that boot.asm's trampoline was
 * copied to. They come up one at a time, on the boot page tables, and leave those at once. Source: Intel's
 * MultiProcessor Specification, appendix B.4.
 */
#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/page.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <uapi/errno.h>

#define START_TIMEOUT_US 2000000

/* For the one CPU that is on its way: written by the boot CPU, read by boot.asm and below. */
u64 secondary_stack;
static struct cpu *secondary_cpu;
static bool secondary_arrived;	/* [atomic] */

void smp_copy_trampoline(void)
{
	memcpy(phys_to_virt(SECONDARY_START_PAGE), secondary_start,
	       (size_t)(secondary_start_end - secondary_start));
}

static bool arrives_within(unsigned us)
{
	for (unsigned t = 0; t < us; t += 10) {
		if (__atomic_load_n(&secondary_arrived, __ATOMIC_ACQUIRE))
			return true;
		udelay(10);
	}
	return false;
}

/* The 10 ms that the specification wants between the first two are for processors older than 64 bits. */
int arch_cpu_start(struct cpu *cpu)
{
	struct thread *idle = cpu->idle;
	u32 apic_id = cpu->arch.apic_id;

	idle->arch.kstack_top = (u64)idle->kstack + KSTACK_SIZE;
	secondary_stack = (u64)arch_thread_frame(idle);
	secondary_cpu = cpu;
	__atomic_store_n(&secondary_arrived, false, __ATOMIC_SEQ_CST);
	lapic_send_init(apic_id);
	udelay(10);
	lapic_send_startup(apic_id, SECONDARY_START_PAGE);
	if (arrives_within(300))
		return 0;
	lapic_send_startup(apic_id, SECONDARY_START_PAGE);
	return arrives_within(START_TIMEOUT_US) ? 0 : -EIO;
}

/* Called by boot.asm on the new CPU, interrupts off: first on a small stack, then on its idle thread's. */
void secondary_leave_boot_tables(void);
void secondary_leave_boot_tables(void)
{
	cpu_features_enable();
	mmu_init_secondary();
}

void secondary_boot_main(void) __noreturn;
void secondary_boot_main(void)
{
	struct cpu *cpu = secondary_cpu;

	arch_cpu_setup(cpu);
	cpu->arch.tss.rsp0 = cpu->idle->arch.kstack_top;
	cpu->running = cpu->idle;
	__atomic_store_n(&secondary_arrived, true, __ATOMIC_RELEASE);
	secondary_main(cpu);
}

void arch_cpu_setup(struct cpu *cpu)
{
	trap_init_cpu(cpu);
}

void arch_cpu_init_secondary(void)
{
	fpu_init();
	lapic_init_cpu();
}

void arch_idle(void)
{
	asm volatile("sti; hlt" : : : "memory");	/* sti takes effect behind hlt */
}

void arch_cpu_halt(void)
{
	for (;;)
		asm volatile("cli; hlt" : : : "memory");
}
