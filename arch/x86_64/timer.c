// SPDX-License-Identifier: BSD-2-Clause
/*
 * The clock is the time stamp counter, measured once against ACPI's power management timer (or the PIT) whose
 * rate is known. Each CPU's timer is its local APIC's, or the counter's own deadline register where there is one.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/irqflags.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/time.h>
#include <janus/printk.h>

#define PM_TIMER_HZ 3579545u
#define PM_TIMER_MASK 0xffffffu
#define PIT_HZ 1193182u
#define MEASURE_MS 5
#define SHIFT 24	/* of the ratio: a count of 32 bits from a difference of up to 40 */

static u64 clock_hz = 1000000000;	/* until it is measured */
static u64 timer_hz;
static u64 timer_ratio;			/* timer ticks a clock tick, << SHIFT */
static u64 timer_max;			/* clock ticks that the timer's 32 bits hold */

u64 arch_clock_hz(void) { return clock_hz; }

void udelay(unsigned us)
{
	u64 end = arch_clock_read() + clock_hz / 1000000 * us;

	while (arch_clock_read() < end)
		arch_cpu_relax();
}

/* ---- what the counters are measured against: 24 or 16 bits that count up ---- */

static u32 reference_read(void)
{
	u32 low;

	if (acpi.pm_timer)
		return inl(acpi.pm_timer);
	outb(0x43, 0x80);	/* latch channel 2 */
	low = inb(0x42);
	return ~(low | (u32)inb(0x42) << 8);
}

static void reference_start(void)
{
	if (acpi.pm_timer)
		return;
	outb(0x61, (inb(0x61) & ~2) | 1);	/* gate on, speaker off */
	outb(0x43, 0xb4);			/* channel 2, rate generator, both bytes */
	outb(0x42, 0xff);
	outb(0x42, 0xff);
}

struct sample {
	u64 clock;
	u32 reference, timer;
};

/* All three as near to one moment as three readings get: the tightest of some tries. */
static struct sample take_sample(void)
{
	struct sample best = { 0 };
	u64 tightest = ~0UL;

	for (int i = 0; i < 5; i++) {
		u64 before = rdtsc(), after;
		u32 reference = reference_read(), timer;

		after = rdtsc();
		timer = lapic_timer_count();
		if (after - before < tightest) {
			tightest = after - before;
			best = (struct sample){ before + (after - before) / 2, reference, timer };
		}
	}
	return best;
}

/* Rates come out a little off: take the round number where it is within 1 in 10,000. */
static u64 round_hz(u64 hz)
{
	u64 near = (hz + 5000000) / 10000000 * 10000000;
	u64 off = near > hz ? near - hz : hz - near;

	return off < hz / 10000 ? near : hz;
}

/* The clock, and this CPU's timer, against a clock that is known. */
static void timer_init(void)
{
	u32 hz = acpi.pm_timer ? PM_TIMER_HZ : PIT_HZ, mask = acpi.pm_timer ? PM_TIMER_MASK : 0xffff;
	struct sample start, end;
	u32 ticks;

	reference_start();
	lapic_timer_start(~0u);
	start = take_sample();
	do
		end.reference = reference_read();
	while (((end.reference - start.reference) & mask) < hz / 1000 * MEASURE_MS);
	end = take_sample();
	lapic_timer_start(0);
	ticks = (end.reference - start.reference) & mask;
	clock_hz = round_hz((end.clock - start.clock) * hz / ticks);
	timer_hz = round_hz((u64)(start.timer - end.timer) * hz / ticks);
	timer_ratio = (timer_hz << SHIFT) / clock_hz;
	timer_max = (u64)0xf0000000 * clock_hz / timer_hz;
	printk(KERN_INFO "clock: %llu kHz, timer %llu kHz\n", (unsigned long long)clock_hz / 1000,
	       (unsigned long long)timer_hz / 1000);
}

/* Too far ahead for 32 bits: it fires early, and core sets it again. Already past: at once. */
void arch_timer_set(u64 deadline)
{
	u64 now, count;

	if (deadline == ~0UL) {
		lapic_timer_start(0);
		return;
	}
	now = arch_clock_read();
	count = deadline > now ? deadline - now : 0;
	if (count > timer_max)
		count = timer_max;
	count = (count * timer_ratio >> SHIFT) + 1;
	lapic_timer_start((u32)count);
}

void arch_init(void)
{
	lapic_init();
	ioapic_init();
	timer_init();
}
