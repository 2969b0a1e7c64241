// SPDX-License-Identifier: BSD-2-Clause
/*
 * The clock and the timer of each CPU: Arm's generic timer, its virtual half, which is ours to use at EL1
 * on every machine. The counter is one for all CPUs.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/time.h>
#include <arch/impl/platform.h>
#include <janus/printk.h>

#define CTL_ENABLE	1
#define VIRTUAL_ENTRY	2	/* of the binding's interrupts: secure, physical, virtual, hypervisor */
#define VIRTUAL_IRQ	27	/* where every machine has it */

static unsigned irq = VIRTUAL_IRQ;	/* [const] after generic_timer_init() */
static u64 hz;				/* [const] */

unsigned timer_irq(void)
{
	return irq;
}

u64 arch_clock_hz(void)
{
	return hz ? hz : read_sysreg(cntfrq_el0);
}

void generic_timer_init(void)
{
	int node = fdt_compatible(&device_tree, -1, "arm,armv8-timer");
	unsigned found = node >= 0 ? fdt_irq(node, VIRTUAL_ENTRY) : 0;

	if (found)
		irq = found;
	hz = node >= 0 ? fdt_number(&device_tree, node, "clock-frequency", 0) : 0;
	if (!hz)
		hz = read_sysreg(cntfrq_el0);
	if (!hz)
		panic("the timer's frequency is unknown");
}

void generic_timer_init_cpu(void)
{
	write_sysreg(cntv_ctl_el0, 0);
	isb();
	irqchip_unmask_private(irq);
}

/* The line stays up until the deadline moves or the timer is off. */
void timer_quiet(void)
{
	write_sysreg(cntv_ctl_el0, 0);
	isb();
}

void arch_timer_set(u64 deadline)
{
	if (deadline == ~0UL) {
		write_sysreg(cntv_ctl_el0, 0);
	} else {
		write_sysreg(cntv_cval_el0, deadline);
		write_sysreg(cntv_ctl_el0, CTL_ENABLE);
	}
	isb();
}
