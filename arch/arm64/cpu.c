// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the CPU can do: found from its id registers, told to programs as hwcaps and by emulated reads of
 * those registers, and used by the kernel where it helps. What the kernel does not save at a switch (SVE,
 * SME, pointer keys, tags) is told to nobody.
 */
#include <arch/cpu.h>
#include <arch/misc.h>
#include <arch/mmu.h>
#include <arch/time.h>
#include <arch/trapframe.h>
#include <janus/cpu.h>
#include <janus/printk.h>
#include <janus/thread.h>

struct cpu_features cpu_features;
const char arch_machine_name[] = "aarch64";
const u16 arch_elf_machine = 183;	/* EM_AARCH64 */
const bool arch_has_pkeys = false;

/* The id registers that hold something a program may know: by their CRm and op2. */
enum id_register { PFR0, PFR1, ISAR0, ISAR1, ISAR2, MMFR0, MMFR1, MMFR2, DFR0, NR_ID };

static const struct {
	u8 crm, op2;
	u64 visible;	/* fields that programs see (Linux: cpu-feature-registers.rst) */
	u64 fixed;	/* what hidden fields read as */
} id_registers[NR_ID] = {
	[PFR0] = { 4, 0, 0x000f000000ff0000, 0x11 },
	[PFR1] = { 4, 1, 0xf0, 0 },
	[ISAR0] = { 6, 0, 0xf0fffffff0fffff0, 0 },
	[ISAR1] = { 6, 1, 0x00ffffff00fff00f, 0 },
	[ISAR2] = { 6, 2, 0xff, 0 },
	[MMFR0] = { 7, 0, 0xf000000000000000, 0xff000000 },
	[MMFR1] = { 7, 1, 0x0000f00000000000, 0 },
	[MMFR2] = { 7, 2, 0x0000000f00000000, 0 },
	[DFR0] = { 5, 0, 0, 6 },
};

static u64 id_values[NR_ID];	/* [const] the boot CPU's */

/* What each hwcap needs: a field of at least `min`. In the order of Linux's bits. */
static const struct hwcap {
	const char *name;	/* in /proc/cpuinfo */
	u8 word, bit, id, shift, min;
} hwcaps[] = {
	{ "fp", 1, 0, PFR0, 16, 0 },
	{ "asimd", 1, 1, PFR0, 20, 0 },
	{ "aes", 1, 3, ISAR0, 4, 1 },
	{ "pmull", 1, 4, ISAR0, 4, 2 },
	{ "sha1", 1, 5, ISAR0, 8, 1 },
	{ "sha2", 1, 6, ISAR0, 12, 1 },
	{ "crc32", 1, 7, ISAR0, 16, 1 },
	{ "atomics", 1, 8, ISAR0, 20, 2 },
	{ "fphp", 1, 9, PFR0, 16, 1 },
	{ "asimdhp", 1, 10, PFR0, 20, 1 },
	{ "cpuid", 1, 11, PFR0, 0, 0 },
	{ "asimdrdm", 1, 12, ISAR0, 28, 1 },
	{ "jscvt", 1, 13, ISAR1, 12, 1 },
	{ "fcma", 1, 14, ISAR1, 16, 1 },
	{ "lrcpc", 1, 15, ISAR1, 20, 1 },
	{ "dcpop", 1, 16, ISAR1, 0, 1 },
	{ "sha3", 1, 17, ISAR0, 32, 1 },
	{ "sm3", 1, 18, ISAR0, 36, 1 },
	{ "sm4", 1, 19, ISAR0, 40, 1 },
	{ "asimddp", 1, 20, ISAR0, 44, 1 },
	{ "sha512", 1, 21, ISAR0, 12, 2 },
	{ "asimdfhm", 1, 23, ISAR0, 48, 1 },
	{ "dit", 1, 24, PFR0, 48, 1 },
	{ "uscat", 1, 25, MMFR2, 32, 1 },
	{ "ilrcpc", 1, 26, ISAR1, 20, 2 },
	{ "flagm", 1, 27, ISAR0, 52, 1 },
	{ "ssbs", 1, 28, PFR1, 4, 2 },
	{ "sb", 1, 29, ISAR1, 36, 1 },
	{ "dcpodp", 2, 0, ISAR1, 0, 2 },
	{ "flagm2", 2, 7, ISAR0, 52, 2 },
	{ "frint", 2, 8, ISAR1, 32, 1 },
	{ "i8mm", 2, 13, ISAR1, 52, 1 },
	{ "bf16", 2, 14, ISAR1, 44, 1 },
	{ "dgh", 2, 15, ISAR1, 48, 1 },
	{ "rng", 2, 16, ISAR0, 60, 1 },
	{ "ecv", 2, 19, MMFR0, 60, 1 },
	{ "afp", 2, 20, MMFR1, 44, 1 },
	{ "rpres", 2, 21, ISAR2, 4, 1 },
	{ "wfxt", 2, 31, ISAR2, 0, 2 },
};

static unsigned field(u64 value, unsigned shift)
{
	return value >> shift & 0xf;
}

static bool hwcap_present(const struct hwcap *cap)
{
	unsigned v = field(id_values[cap->id], cap->shift);

	/* FP and vectors are signed fields: 15 means that there are none */
	if (cap->id == PFR0 && (cap->shift == 16 || cap->shift == 20) && v == 15)
		return false;
	return v >= cap->min;
}

static unsigned long hwcap_words[3];	/* [const] by hwcap.word */

unsigned long arch_hwcap(void)
{
	return hwcap_words[1];
}

unsigned long arch_hwcap2(void)
{
	return hwcap_words[2];
}

const char *arch_platform(void)
{
	return "aarch64";
}

/* PAN's switches in uaccess.S are no-ops until here. The image is still writable. */
static void write_pan_sites(void)
{
	extern const struct pan_site { s32 site; u32 insn; } __pan_sites_start[], __pan_sites_end[];

	for (const struct pan_site *p = __pan_sites_start; p < __pan_sites_end; p++) {
		u32 *site = (u32 *)((char *)&p->site + p->site);

		*site = p->insn;
		arch_sync_icache(site, sizeof(*site));
	}
}

void cpu_features_detect(void)
{
	id_values[PFR0] = read_sysreg(id_aa64pfr0_el1);
	id_values[PFR1] = read_sysreg(id_aa64pfr1_el1);
	id_values[ISAR0] = read_sysreg(id_aa64isar0_el1);
	id_values[ISAR1] = read_sysreg(id_aa64isar1_el1);
	id_values[ISAR2] = read_sysreg(s3_0_c0_c6_2);
	id_values[MMFR0] = read_sysreg(id_aa64mmfr0_el1);
	id_values[MMFR1] = read_sysreg(id_aa64mmfr1_el1);
	id_values[MMFR2] = read_sysreg(s3_0_c0_c7_2);
	id_values[DFR0] = read_sysreg(id_aa64dfr0_el1);
	cpu_features.pan = field(id_values[MMFR1], 20) >= 1;
	cpu_features.rndr = field(id_values[ISAR0], 60) >= 1;
	cpu_features.asid16 = field(id_values[MMFR0], 4) == 2;
	cpu_features.gic_sysregs = field(id_values[PFR0], 24) >= 1;
	for (unsigned i = 0; i < ARRAY_SIZE(hwcaps); i++)
		if (hwcap_present(&hwcaps[i]))
			hwcap_words[hwcaps[i].word] |= 1UL << hwcaps[i].bit;
	if (cpu_features.pan)
		write_pan_sites();
}

void cpu_features_enable(void)
{
	unsigned pmu = field(id_values[DFR0], 8);

	if (cpu_features.pan)
		__asm__ volatile(".inst 0xd500419f" : : : "memory");	/* msr pan, #1 */
	write_sysreg(cntkctl_el1, 2);		/* users read the virtual counter, nothing else of the timers */
	write_sysreg(mdscr_el1, 0);
	write_sysreg(oslar_el1, 0);
	if (pmu && pmu != 15)
		write_sysreg(pmuserenr_el0, 0);
	write_sysreg(tpidrro_el0, 0);
	write_sysreg(tpidr_el0, 0);
	isb();
}

/* A read of an id register in user mode traps; programs may do it all the same (HWCAP_CPUID). */
bool cpu_emulate_mrs(struct trapframe *tf, u32 esr)
{
	unsigned op0 = esr >> 20 & 3, op2 = esr >> 17 & 7, op1 = esr >> 14 & 7;
	unsigned crn = esr >> 10 & 15, rt = esr >> 5 & 31, crm = esr >> 1 & 15;
	u64 value = 0;

	if (!(esr & 1) || op0 != 3 || op1 || crn || crm == 1 || crm > 7)
		return false;
	if (crm == 0) {
		if (op2 == 0)
			value = read_sysreg(midr_el1);
		else if (op2 == 5)
			value = 1UL << 31;	/* MPIDR_EL1 */
		else if (op2 != 6)
			return false;
	}
	for (unsigned i = 0; i < NR_ID; i++)
		if (crm && id_registers[i].crm == crm && id_registers[i].op2 == op2)
			value = (id_values[i] & id_registers[i].visible) | id_registers[i].fixed;
	if (rt != 31)
		tf->regs[rt] = value;
	tf->pc += 4;
	return true;
}

size_t arch_cpuinfo(unsigned cpu, char *buf, size_t size)
{
	u64 midr = cpus[cpu].arch.midr, hz = arch_clock_hz();
	size_t n;

	n = scnprintf(buf, size, "processor\t: %u\nBogoMIPS\t: %llu.%02llu\nFeatures\t:", cpu,
		      (unsigned long long)(hz / 500000), (unsigned long long)(hz / 5000 % 100));
	for (unsigned i = 0; i < ARRAY_SIZE(hwcaps); i++)
		if (hwcap_present(&hwcaps[i]))
			n += scnprintf(buf + n, size - n, " %s", hwcaps[i].name);
	n += scnprintf(buf + n, size - n,
		       "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n"
		       "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n",
		       (unsigned)(midr >> 24 & 0xff), (unsigned)(midr >> 20 & 0xf),
		       (unsigned)(midr >> 4 & 0xfff), (unsigned)(midr & 0xf));
	return n;
}

void arch_cpu_setup(struct cpu *cpu)
{
	extern char overflow_stacks[];
	unsigned id = (unsigned)(cpu - cpus);

	/* four to each KSTACK_ALIGN, as boot.S laid them out */
	cpu->arch.overflow_stack = overflow_stacks + id / 4 * KSTACK_ALIGN + (id % 4 + 1) * (KSTACK_SIZE / 4);
	cpu->arch.midr = read_sysreg(midr_el1);
	cpu->arch.mpidr = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
	write_sysreg(tpidr_el1, cpu);
	write_sysreg(sp_el0, cpu->running);
}

void arch_idle(void)
{
	/* A pending interrupt ends wfi although it is masked, so none is missed between look and wait. */
	dsb(sy);
	__asm__ volatile("wfi" : : : "memory");
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

void arch_cpu_halt(void)
{
	for (;;)
		__asm__ volatile("msr daifset, #15\n\twfi" : : : "memory");
}
