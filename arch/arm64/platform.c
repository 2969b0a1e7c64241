// SPDX-License-Identifier: BSD-2-Clause
/*
 * The rest of the machine: firmware calls (PSCI) to start CPUs and stop the machine, the PL011 console,
 * the PL031 clock chip.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/mmu.h>
#include <arch/time.h>
#include <arch/impl/platform.h>
#include <janus/cpu.h>
#include <janus/printk.h>
#include <janus/string.h>
#include <janus/uart.h>

/* PSCI 1.1, Arm DEN0022 */
#define PSCI_CPU_ON		0xc4000003u
#define PSCI_SYSTEM_OFF		0x84000008u
#define PSCI_SYSTEM_RESET	0x84000009u
#define PSCI_NOT_SUPPORTED	(-1)

#define UART_DR		0x00
#define UART_FR		0x18
#define UART_FR_TXFF	(1u << 5)
#define RTC_DR		0x00

static enum { PSCI_NONE, PSCI_HVC, PSCI_SMC } psci;	/* [const] */
static u32 psci_cpu_on;					/* [const] its number in PSCI 0.1, else the standard's */
static unsigned long uart;				/* [const] 0: there is none */
static int uart_node = -1;

/* ---- firmware calls ---- */

static long psci_call(u32 function, u64 a, u64 b, u64 c)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a;
	register u64 x2 __asm__("x2") = b;
	register u64 x3 __asm__("x3") = c;

#define CLOBBERED "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"
	switch (psci) {
	case PSCI_HVC:
		__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CLOBBERED);
		return (s32)x0;
	case PSCI_SMC:
		__asm__ volatile(".inst 0xd4000003" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CLOBBERED);
		return (s32)x0;
	case PSCI_NONE:
		break;
	}
#undef CLOBBERED
	return PSCI_NOT_SUPPORTED;
}

void platform_psci_init(void)
{
	static const char *const names[] = { "arm,psci-1.0", "arm,psci-0.2", "arm,psci" };
	const char *method;
	int node = -1;

	for (unsigned i = 0; i < ARRAY_SIZE(names) && node < 0; i++)
		node = fdt_compatible(&device_tree, -1, names[i]);
	method = fdt_string(&device_tree, node, "method");
	if (method)
		psci = !strcmp(method, "hvc") ? PSCI_HVC : !strcmp(method, "smc") ? PSCI_SMC : PSCI_NONE;
	psci_cpu_on = PSCI_CPU_ON;
	if (fdt_is_compatible(&device_tree, node, "arm,psci") &&
	    !fdt_is_compatible(&device_tree, node, "arm,psci-0.2"))
		psci_cpu_on = fdt_cell(&device_tree, node, "cpu_on", 0, PSCI_CPU_ON);
}

int platform_cpu_on(u64 mpidr, phys_t entry, u64 argument)
{
	return (int)psci_call(psci_cpu_on, mpidr, entry, argument);
}

void arch_machine_stop(enum machine_stop how)
{
	if (how == MACHINE_POWER_OFF)
		psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	else if (how == MACHINE_RESTART)
		psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	arch_cpu_halt();
}

/* ---- the console ---- */

/* /chosen's stdout-path: a path or an alias, and behind a colon the line's settings. */
static int console_node(void)
{
	const char *path = fdt_string(&device_tree, fdt_path(&device_tree, "/chosen"), "stdout-path");
	char name[128];
	char *colon;
	int node = -1;

	if (path) {
		strlcpy(name, path, sizeof(name));
		colon = strchr(name, ':');
		if (colon)
			*colon = '\0';
		if (name[0] != '/')
			path = fdt_string(&device_tree, fdt_path(&device_tree, "/aliases"), name);
		else
			path = name;
		node = path ? fdt_path(&device_tree, path) : -1;
	}
	if (node < 0 || !fdt_is_compatible(&device_tree, node, "arm,pl011"))
		node = fdt_compatible(&device_tree, -1, "arm,pl011");
	return node;
}

void platform_console_early(void)
{
	u64 addr, size;

	uart_node = console_node();
	if (fdt_reg(&device_tree, uart_node, 0, &addr, &size))
		uart = (unsigned long)device_map(addr, size);
}

void arch_early_putc(char c)
{
	if (!uart)
		return;
	while (arch_io_read32(uart + UART_FR) & UART_FR_TXFF)
		arch_cpu_relax();
	arch_io_write32(uart + UART_DR, (u8)c);
}

void arch_init_devices(void)
{
	unsigned irq = uart ? fdt_irq(uart_node, 0) : 0;

	if (irq)
		uart_pl011_register(uart, irq);
}

/* ---- the clock chip ---- */

s64 arch_rtc_read(void)
{
	int node = fdt_compatible(&device_tree, -1, "arm,pl031");
	unsigned long rtc;
	u64 addr, size;

	if (!fdt_reg(&device_tree, node, 0, &addr, &size))
		return 0;
	rtc = (unsigned long)device_map(addr, size);
	return rtc ? arch_io_read32(rtc + RTC_DR) : 0;
}
