// SPDX-License-Identifier: BSD-2-Clause
/*
 * The interrupt controller: Arm's GIC, versions 2 and 3, whichever the device tree names. Both have a
 * distributor for all; a CPU's own part is memory in version 2 (GICC), system registers and a
 * redistributor in version 3. (Arm IHI 0048B, IHI 0069.)
 */
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/impl/platform.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/printk.h>

#define IRQ_IPI		0	/* the one interrupt between CPUs; core says why */
#define IRQ_SHARED	32
#define IRQ_SPECIAL	1020	/* from here: nothing is pending */
#define PRIORITY	0xa0
#define PRIORITY_ALL	0xf0

/* The distributor */
#define GICD_CTLR	0x000
#define GICD_TYPER	0x004
#define GICD_IGROUPR	0x080
#define GICD_ISENABLER	0x100
#define GICD_ICENABLER	0x180
#define GICD_ICPENDR	0x280
#define GICD_IPRIORITYR	0x400
#define GICD_ITARGETSR	0x800
#define GICD_SGIR	0xf00
#define GICD_IROUTER	0x6000
#define GICD_CTLR_RWP	(1u << 31)
#define GICD_CTLR_ARE	(1u << 4)
#define GICD_CTLR_GRP1	(1u << 1)

/* Version 2's CPU interface */
#define GICC_CTLR	0x00
#define GICC_PMR	0x04
#define GICC_IAR	0x0c
#define GICC_EOIR	0x10

/* Version 3's redistributor: two frames of 64 KiB a CPU, the second for its private interrupts */
#define GICR_TYPER	0x0008
#define GICR_WAKER	0x0014
#define GICR_SGI	0x10000
#define GICR_STRIDE	0x20000
#define GICR_TYPER_LAST	(1u << 4)
#define GICR_TYPER_VLPI	(1u << 1)
#define WAKER_SLEEP	(1u << 1)
#define WAKER_ASLEEP	(1u << 2)

/* Version 3's CPU interface */
#define ICC_PMR		s3_0_c4_c6_0
#define ICC_IAR1	s3_0_c12_c12_0
#define ICC_EOIR1	s3_0_c12_c12_1
#define ICC_BPR1	s3_0_c12_c12_3
#define ICC_CTLR	s3_0_c12_c12_4
#define ICC_SRE		s3_0_c12_c12_5
#define ICC_IGRPEN1	s3_0_c12_c12_7
#define ICC_SGI1R	s3_0_c12_c11_5
#define read_icc(name)		read_sysreg_(name)
#define read_sysreg_(name)	read_sysreg(name)
#define write_icc(name, v)	write_sysreg_(name, v)
#define write_sysreg_(name, v)	write_sysreg(name, v)

static bool version3;			/* [const] after irqchip_init() */
static unsigned long gicd, gicc;	/* [const] */
static unsigned long gicr[2];		/* [const] regions of redistributors */
static size_t gicr_size[2];
static unsigned nr_lines;

static unsigned long map_reg(int node, unsigned index, size_t *size)
{
	u64 addr, len;

	*size = 0;
	if (!fdt_reg(&device_tree, node, index, &addr, &len))
		return 0;
	*size = len;
	return (unsigned long)device_map(addr, len);
}

static void wait_distributor(void)
{
	while (version3 && arch_io_read32(gicd + GICD_CTLR) & GICD_CTLR_RWP)
		arch_cpu_relax();
}

void irqchip_init(void)
{
	int node = fdt_compatible(&device_tree, -1, "arm,gic-v3");
	size_t size;

	version3 = node >= 0;
	if (!version3) {
		static const char *const names[] = { "arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a9-gic" };

		for (unsigned i = 0; i < ARRAY_SIZE(names) && node < 0; i++)
			node = fdt_compatible(&device_tree, -1, names[i]);
	}
	gicd = map_reg(node, 0, &size);
	if (version3) {
		gicr[0] = map_reg(node, 1, &gicr_size[0]);
		if (fdt_cell(&device_tree, node, "#redistributor-regions", 0, 1) > 1)
			gicr[1] = map_reg(node, 2, &gicr_size[1]);
	} else {
		gicc = map_reg(node, 1, &size);
	}
	if (!gicd || !(version3 ? gicr[0] : gicc))
		panic("no interrupt controller that this kernel knows");

	arch_io_write32(gicd + GICD_CTLR, 0);
	wait_distributor();
	nr_lines = min(32 * ((arch_io_read32(gicd + GICD_TYPER) & 31) + 1), (unsigned)ARCH_NR_IRQS);
	for (unsigned irq = IRQ_SHARED; irq < nr_lines; irq += 32) {
		arch_io_write32(gicd + GICD_ICENABLER + irq / 8, ~0u);
		arch_io_write32(gicd + GICD_ICPENDR + irq / 8, ~0u);
		arch_io_write32(gicd + GICD_IGROUPR + irq / 8, version3 ? ~0u : 0);
	}
	for (unsigned irq = IRQ_SHARED; irq < nr_lines; irq += 4)
		arch_io_write32(gicd + GICD_IPRIORITYR + irq, PRIORITY * 0x01010101u);
	arch_io_write32(gicd + GICD_CTLR, version3 ? GICD_CTLR_ARE | GICD_CTLR_GRP1 : 1);
	wait_distributor();
}

/* ---- each CPU ---- */

/* The redistributor whose affinity is ours, found by walking the regions. */
static unsigned long find_redistributor(void)
{
	u64 mpidr = read_sysreg(mpidr_el1);
	u32 want = (u32)(mpidr >> 32 & 0xff) << 24 | (u32)(mpidr & 0xffffff);

	for (unsigned i = 0; i < 2; i++) {
		unsigned long at = gicr[i];

		while (at && at + GICR_STRIDE <= gicr[i] + gicr_size[i]) {
			u32 type = arch_io_read32(at + GICR_TYPER);

			if (arch_io_read32(at + GICR_TYPER + 4) == want)
				return at;
			if (type & GICR_TYPER_LAST)
				break;
			at += type & GICR_TYPER_VLPI ? 2 * GICR_STRIDE : GICR_STRIDE;
		}
	}
	panic("CPU %llx has no redistributor", (unsigned long long)mpidr);
}

/* Registers of the private interrupts 0..31: in the distributor or the redistributor. */
static unsigned long private_base(void)
{
	return version3 ? (unsigned long)arch_this_cpu()->arch.redistributor + GICR_SGI : gicd;
}

static void init_private(void)
{
	unsigned long base = private_base();

	arch_io_write32(base + GICD_ICENABLER, 0xffff0000);
	arch_io_write32(base + GICD_ICPENDR, 0xffff0000);
	arch_io_write32(base + GICD_IGROUPR, version3 ? ~0u : 0);
	for (unsigned irq = 0; irq < IRQ_SHARED; irq += 4)
		arch_io_write32(base + GICD_IPRIORITYR + irq, PRIORITY * 0x01010101u);
	arch_io_write32(base + GICD_ISENABLER, 1u << IRQ_IPI);
}

void irqchip_init_cpu(void)
{
	if (!version3) {
		init_private();
		arch_io_write32(gicc + GICC_PMR, PRIORITY_ALL);
		arch_io_write32(gicc + GICC_CTLR, 1);
		return;
	}
	write_icc(ICC_SRE, read_icc(ICC_SRE) | 1);
	isb();
	arch_this_cpu()->arch.redistributor = (volatile void *)find_redistributor();
	unsigned long rd = (unsigned long)arch_this_cpu()->arch.redistributor;

	arch_io_write32(rd + GICR_WAKER, arch_io_read32(rd + GICR_WAKER) & ~WAKER_SLEEP);
	while (arch_io_read32(rd + GICR_WAKER) & WAKER_ASLEEP)
		arch_cpu_relax();
	init_private();
	write_icc(ICC_PMR, PRIORITY_ALL);
	write_icc(ICC_BPR1, 0);
	write_icc(ICC_CTLR, 0);		/* one write ends an interrupt */
	write_icc(ICC_IGRPEN1, 1);
	isb();
}

void irqchip_unmask_private(unsigned irq)
{
	arch_io_write32(private_base() + GICD_ISENABLER, 1u << irq);
}

/* ---- lines ---- */

void arch_irq_unmask(unsigned irq)
{
	if (irq < IRQ_SHARED || irq >= nr_lines)
		return;
	if (version3) {
		u64 to = cpu_affinity[0];

		arch_io_write32(gicd + GICD_IROUTER + 8 * irq, (u32)to & 0xffffff);
		arch_io_write32(gicd + GICD_IROUTER + 8 * irq + 4, (u32)(to >> 32));
	} else {
		arch_io_write8(gicd + GICD_ITARGETSR + irq, 1);
	}
	arch_io_write32(gicd + GICD_ISENABLER + irq / 32 * 4, 1u << irq % 32);
}

void arch_send_ipi(unsigned id)
{
	u64 mpidr = cpu_affinity[id];

	if (!version3) {	/* interface n is CPU n: so QEMU, and Linux assumes it at boot, too */
		arch_io_write32(gicd + GICD_SGIR, 1u << (16 + id) | IRQ_IPI);
		return;
	}
	dsb(ishst);
	write_icc(ICC_SGI1R, (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 8 & 0xff) << 16 |
			     (u64)IRQ_IPI << 24 | (mpidr >> 4 & 0xf) << 44 | 1UL << (mpidr & 0xf));
	isb();
}

static u32 acknowledge(void)
{
	u32 iar = version3 ? (u32)read_icc(ICC_IAR1) : arch_io_read32(gicc + GICC_IAR);

	if (version3)
		dsb(sy);
	return iar;
}

static void end(u32 iar)
{
	if (version3) {
		write_icc(ICC_EOIR1, iar);
		isb();
	} else {
		arch_io_write32(gicc + GICC_EOIR, iar);
	}
}

void irqchip_handle(struct trapframe *tf)
{
	for (;;) {
		u32 iar = acknowledge(), irq = iar & (version3 ? 0xffffffu : 0x3ffu);

		if (irq >= IRQ_SPECIAL)
			return;
		if (irq == IRQ_IPI) {
			end(iar);
			ipi_dispatch();
		} else if (irq == timer_irq()) {
			timer_quiet();
			end(iar);
			timer_interrupt(tf);
		} else {
			irq_dispatch(irq);
			end(iar);
		}
	}
}
