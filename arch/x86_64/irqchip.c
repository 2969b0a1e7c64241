// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupt controllers: each CPU's local APIC (its registers in memory, or as MSRs where there is x2APIC) and
 * the I/O APICs, whose lines all go to the boot CPU. The old PIC is masked. Source: SDM 3A chapter 10,
 * Intel's 82093AA data sheet.
 */
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/irq.h>
#include <arch/irqflags.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <janus/cpu.h>
#include <janus/lock.h>
#include <janus/printk.h>
#include <janus/slab.h>

/* ---- local APIC ---- */

#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_SPURIOUS 0xf0
#define APIC_ICR 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0

#define APIC_ENABLE 0x100
#define LVT_MASKED 0x10000
#define ICR_INIT 0x500
#define ICR_STARTUP 0x600
#define ICR_ASSERT 0x4000
#define ICR_PENDING 0x1000
#define DIVIDE_BY_1 0xb

#define APIC_BASE_X2 (1UL << 10)
#define APIC_BASE_ENABLE (1UL << 11)
#define X2APIC_MSR 0x800

static volatile u32 *lapic;	/* NULL in x2APIC mode */

static void lapic_write(unsigned reg, u32 value)
{
	if (lapic)
		lapic[reg / 4] = value;
	else
		wrmsr(X2APIC_MSR + reg / 16, value);
}

static u32 lapic_read(unsigned reg)
{
	return lapic ? lapic[reg / 4] : (u32)rdmsr(X2APIC_MSR + reg / 16);
}

void lapic_eoi(void) { lapic_write(APIC_EOI, 0); }

static void lapic_send(u32 apic_id, u32 command)
{
	struct irqflags flags;

	if (!lapic) {
		asm volatile("mfence" : : : "memory");	/* the MSR write does not order stores */
		wrmsr(X2APIC_MSR + APIC_ICR / 16, (u64)apic_id << 32 | command);
		return;
	}
	flags = arch_local_irq_save();
	lapic[APIC_ICR_HIGH / 4] = apic_id << 24;
	lapic[APIC_ICR / 4] = command;
	while (lapic[APIC_ICR / 4] & ICR_PENDING)
		arch_cpu_relax();
	arch_local_irq_restore(flags);
}

void lapic_send_init(u32 apic_id) { lapic_send(apic_id, ICR_INIT | ICR_ASSERT); }
void lapic_send_startup(u32 apic_id, unsigned page) { lapic_send(apic_id, ICR_STARTUP | ICR_ASSERT | page >> 12); }
void arch_send_ipi(unsigned id) { lapic_send(cpus[id].arch.apic_id, ICR_ASSERT | VECTOR_IPI); }

void lapic_init_cpu(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (!lapic)
		base |= APIC_BASE_X2;
	wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	lapic_write(APIC_TPR, 0);
	lapic_write(APIC_LVT_LINT0, LVT_MASKED);
	lapic_write(APIC_LVT_LINT1, LVT_MASKED);
	lapic_write(APIC_LVT_ERROR, LVT_MASKED);
	lapic_write(APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
	lapic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	lapic_write(APIC_TIMER_INITIAL, 0);
}

static void mask_pic(void)
{
	outb(0x20, 0x11);	/* initialise, so that a stray interrupt has a vector of ours */
	outb(0xa0, 0x11);
	outb(0x21, 0x20);
	outb(0xa1, 0x28);
	outb(0x21, 4);
	outb(0xa1, 2);
	outb(0x21, 1);
	outb(0xa1, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

void lapic_init(void)
{
	mask_pic();
	if (!cpu_features.x2apic) {
		lapic = ioremap(acpi.lapic, 4096);
		if (!lapic)
			panic("lapic: no memory to map it");
	}
	for (unsigned i = 0; i < acpi.nr_cpus; i++)
		cpus[i].arch.apic_id = acpi.apic_ids[i];
	lapic_init_cpu();
}

void lapic_timer_start(u32 count) { lapic_write(APIC_TIMER_INITIAL, count); }
u32 lapic_timer_count(void) { return lapic_read(APIC_TIMER_CURRENT); }

/* ---- I/O APICs ---- */

#define IOAPIC_VERSION 1
#define IOAPIC_REDIRECT 0x10
#define REDIRECT_LOW_ACTIVE (1u << 13)
#define REDIRECT_LEVEL (1u << 15)
#define REDIRECT_MASKED (1u << 16)

static struct ioapic {
	volatile u32 *regs;	/* an index and, 16 bytes on, a window; [ioapic_lock] */
	u32 gsi_base, nr;
} ioapics[4];
static spinlock_t ioapic_lock;	/* interrupts off */

static u32 ioapic_read(const struct ioapic *io, u32 reg)
{
	io->regs[0] = reg;
	return io->regs[4];
}

static void ioapic_write(const struct ioapic *io, u32 reg, u32 value)
{
	io->regs[0] = reg;
	io->regs[4] = value;
}

unsigned arch_isa_irq(unsigned line) { return line < ARRAY_SIZE(acpi.isa) ? acpi.isa[line].gsi : line; }

/* Polarity and trigger of a line: ISA's are edge, active high unless ACPI says; PCI's are level, active low. */
static u32 line_mode(unsigned irq)
{
	for (unsigned i = 0; i < ARRAY_SIZE(acpi.isa); i++) {
		u16 flags = acpi.isa[i].flags;

		if (acpi.isa[i].gsi == irq)
			return ((flags & 3) == 3 ? REDIRECT_LOW_ACTIVE : 0) |
			       ((flags >> 2 & 3) == 3 ? REDIRECT_LEVEL : 0);
	}
	return REDIRECT_LOW_ACTIVE | REDIRECT_LEVEL;
}

void arch_irq_unmask(unsigned irq)
{
	struct irqflags flags = spin_lock_irqsave(&ioapic_lock);

	for (unsigned i = 0; i < ARRAY_SIZE(ioapics); i++) {
		const struct ioapic *io = &ioapics[i];
		u32 reg = IOAPIC_REDIRECT + (irq - io->gsi_base) * 2;

		if (!io->regs || irq - io->gsi_base >= io->nr || irq >= ARCH_NR_IRQS)
			continue;
		ioapic_write(io, reg + 1, cpus[0].arch.apic_id << 24);
		ioapic_write(io, reg, (IRQ_VECTOR_BASE + irq) | line_mode(irq));
	}
	spin_unlock_irqrestore(&ioapic_lock, flags);
}

void ioapic_init(void)
{
	for (unsigned i = 0; i < acpi.nr_ioapics; i++) {
		struct ioapic *io = &ioapics[i];

		io->regs = ioremap(acpi.ioapics[i].base, 4096);
		if (!io->regs)
			panic("ioapic: no memory to map it");
		io->gsi_base = acpi.ioapics[i].gsi_base;
		io->nr = (ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
		for (u32 line = 0; line < io->nr; line++)
			ioapic_write(io, IOAPIC_REDIRECT + line * 2, REDIRECT_MASKED);
	}
}
