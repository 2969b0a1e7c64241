// SPDX-License-Identifier: BSD-2-Clause
/*
 * The PC around the processor: the serial port, the clock chip, and turning off. The serial port is the
 * early console here, polled; with interrupts it is core's driver.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/irq.h>
#include <arch/irqflags.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/time.h>
#include <janus/cpu.h>
#include <janus/page.h>
#include <janus/printk.h>
#include <janus/uart.h>

#define COM1 0x3f8
#define COM1_LINE 4

#define UART_DATA 0
#define UART_IER 1
#define UART_FCR 2
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define LSR_TX_EMPTY 0x20

static bool have_uart;

/* 115200 8n1, FIFOs on, no interrupts yet. */
void early_console_init(void)
{
	outb(COM1 + UART_IER, 0);
	outb(COM1 + UART_LCR, 0x80);
	outb(COM1 + 0, 1);
	outb(COM1 + 1, 0);
	outb(COM1 + UART_LCR, 3);
	outb(COM1 + UART_FCR, 7);
	outb(COM1 + UART_MCR, 0x0b);
	have_uart = inb(COM1 + UART_LSR) != 0xff;
}

void arch_early_putc(char c)
{
	if (!have_uart)
		return;
	for (int i = 0; i < 100000 && !(inb(COM1 + UART_LSR) & LSR_TX_EMPTY); i++)
		arch_cpu_relax();
	outb(COM1 + UART_DATA, (u8)c);
}

void arch_init_devices(void)
{
	if (have_uart)
		uart_16550_register(COM1, arch_isa_irq(COM1_LINE));
}

/* ---- the clock chip (MC146818) ---- */

#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_UPDATING 0x80	/* status A */
#define RTC_24_HOURS 0x02	/* status B */
#define RTC_BINARY 0x04

static u8 rtc_read(u8 reg)
{
	outb(RTC_INDEX, reg);
	return inb(RTC_DATA);
}

static unsigned from_bcd(u8 v) { return (v >> 4) * 10u + (v & 15); }

struct rtc_time {
	u8 second, minute, hour, day, month, year;
};

static struct rtc_time rtc_snapshot(void)
{
	for (int i = 0; i < 10000 && rtc_read(10) & RTC_UPDATING; i++)
		arch_cpu_relax();
	return (struct rtc_time){ rtc_read(0), rtc_read(2), rtc_read(4), rtc_read(7), rtc_read(8), rtc_read(9) };
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static s64 days_from_date(s64 year, unsigned month, unsigned day)
{
	s64 y = month <= 2 ? year - 1 : year;
	s64 era = y / 400, of_era = y - era * 400;
	s64 of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

s64 arch_rtc_read(void)
{
	struct rtc_time a, b = rtc_snapshot();
	u8 status = rtc_read(11);
	unsigned hour, minute, second, day, month, year;
	bool pm;

	do {	/* until no field changed under the reading */
		a = b;
		b = rtc_snapshot();
	} while (a.second != b.second || a.minute != b.minute || a.hour != b.hour);
	pm = !(status & RTC_24_HOURS) && b.hour & 0x80;
	b.hour &= 0x7f;
	if (status & RTC_BINARY) {
		second = b.second, minute = b.minute, hour = b.hour;
		day = b.day, month = b.month, year = b.year;
	} else {
		second = from_bcd(b.second), minute = from_bcd(b.minute), hour = from_bcd(b.hour);
		day = from_bcd(b.day), month = from_bcd(b.month), year = from_bcd(b.year);
	}
	if (!(status & RTC_24_HOURS))
		hour = hour % 12 + (pm ? 12 : 0);
	if (month < 1 || month > 12 || day < 1 || day > 31)
		return 0;
	return days_from_date(year + (year < 70 ? 2000 : 1900), month, day) * 86400 +
	       hour * 3600 + minute * 60 + second;
}

/* ---- turning off ---- */

#define SLP_EN (1 << 13)
#define RESET_CONTROL 0xcf9

static void power_off(void)
{
	if (!acpi.has_s5 || !acpi.pm1a_control)
		return;
	outw(acpi.pm1a_control, (u16)(acpi.s5_a << 10 | SLP_EN));
	if (acpi.pm1b_control)
		outw(acpi.pm1b_control, (u16)(acpi.s5_b << 10 | SLP_EN));
	udelay(100000);
}

static void restart(void)
{
	struct __packed { u16 limit; u64 base; } no_idt = { 0, 0 };

	if (acpi.reset_space == 1 && acpi.reset_address < IO_PORTS) {
		outb((u16)acpi.reset_address, acpi.reset_value);
		udelay(50000);
	}
	outb(RESET_CONTROL, 0x02);
	outb(RESET_CONTROL, 0x06);
	udelay(50000);
	outb(0x64, 0xfe);	/* keyboard controller: pulse the reset line */
	udelay(50000);
	asm volatile("lidt %0; int3" : : "m"(no_idt));	/* triple fault */
}

void arch_machine_stop(enum machine_stop how)
{
	arch_local_irq_disable();
	if (how == MACHINE_POWER_OFF)
		power_off();
	else if (how == MACHINE_RESTART)
		restart();
	arch_cpu_halt();
}
