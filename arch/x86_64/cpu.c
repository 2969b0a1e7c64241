// SPDX-License-Identifier: BSD-2-Clause
/*
 * What this processor can do, and turning it on. The boot CPU detects once; every CPU then enables the
 * same set. Nothing is assumed beyond the x86-64 of 2003: QEMU's qemu64 has no SMEP, SMAP or XSAVE.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/misc.h>
#include <arch/mmu.h>
#include <arch/time.h>
#include <janus/cpu.h>
#include <janus/printk.h>
#include <janus/string.h>

const char arch_machine_name[] = "x86_64";
const u16 arch_elf_machine = 62;	/* EM_X86_64 */
const bool arch_has_pkeys = true;

#define HWCAP2_FSGSBASE (1UL << 1)

struct cpu_features cpu_features;
u64 x86_pte_nx;

/* The words of CPUID that /proc/cpuinfo names bits of. */
static struct cpuid leaf1, leaf7, leaf_ext1, leaf_xsave1;

struct smap_site {
	s32 place;	/* relative to its own address */
	u32 open;	/* 1: stac, 0: clac */
};
extern const struct smap_site __smap_sites_start[], __smap_sites_end[];

/* Text is still writable: this runs on the boot page tables, on the only CPU. */
static void patch_smap_sites(void)
{
	for (const struct smap_site *s = __smap_sites_start; s < __smap_sites_end; s++) {
		u8 *place = (u8 *)&s->place + s->place;

		place[0] = 0x0f;
		place[1] = 0x01;
		place[2] = s->open ? 0xcb : 0xca;
	}
	asm volatile("cpuid" : : "a"(0), "c"(0) : "rbx", "rdx", "memory");	/* serialise */
}

void cpu_features_init(void)
{
	u32 max = cpuid(0, 0).a, max_ext = cpuid(0x80000000, 0).a;
	struct cpu_features *f = &cpu_features;

	leaf1 = cpuid(1, 0);
	if (max >= 7)
		leaf7 = cpuid(7, 0);
	if (max >= 13)
		leaf_xsave1 = cpuid(13, 1);
	if (max_ext >= 0x80000001)
		leaf_ext1 = cpuid(0x80000001, 0);
	f->nx = leaf_ext1.d >> 20 & 1;
	f->pge = leaf1.d >> 13 & 1;
	f->smep = leaf7.b >> 7 & 1;
	f->smap = leaf7.b >> 20 & 1;
	f->umip = leaf7.c >> 2 & 1;
	f->fsgsbase = leaf7.b & 1;
	f->pcid = leaf1.c >> 17 & 1;
	f->xsave = leaf1.c >> 26 & 1 && max >= 13;
	f->avx = f->xsave && leaf1.c >> 28 & 1;
	f->xsaveopt = f->xsave && leaf_xsave1.a & 1;
	f->rdrand = leaf1.c >> 30 & 1;
	f->x2apic = leaf1.c >> 21 & 1;
	f->tsc_deadline = leaf1.c >> 24 & 1;
	if (max_ext >= 0x80000007)
		f->invariant_tsc = cpuid(0x80000007, 0).d >> 8 & 1;
	x86_pte_nx = f->nx ? X86_PTE_NX : 0;
	if (f->smap)
		patch_smap_sites();
}

static void xsetbv(u32 low)
{
	asm volatile("xsetbv" : : "c"(0), "a"(low), "d"(0));
}

void cpu_features_enable(void)
{
	const struct cpu_features *f = &cpu_features;
	unsigned long cr4 = CR4_PAE | CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	wrmsr(MSR_EFER, EFER_LME | EFER_SCE | (f->nx ? EFER_NX : 0));
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
	if (f->pge)
		cr4 |= CR4_PGE;
	if (f->smep)
		cr4 |= CR4_SMEP;
	if (f->smap)
		cr4 |= CR4_SMAP;
	if (f->umip)
		cr4 |= CR4_UMIP;
	if (f->fsgsbase)
		cr4 |= CR4_FSGSBASE;
	if (f->xsave)
		cr4 |= CR4_OSXSAVE;
	write_cr4(cr4);
	if (f->xsave)
		xsetbv(f->avx ? 7 : 3);
}

unsigned long arch_hwcap(void) { return leaf1.d; }
unsigned long arch_hwcap2(void) { return cpu_features.fsgsbase ? HWCAP2_FSGSBASE : 0; }
const char *arch_platform(void) { return "x86_64"; }

const void *arch_vdso_image(size_t *size)
{
	extern const char vdso_image[], vdso_image_end[];

	*size = (size_t)(vdso_image_end - vdso_image);
	return vdso_image;
}

size_t arch_random_seed(void *buf, size_t len)
{
	u8 *to = buf;
	size_t done = 0;

	if (!cpu_features.rdrand)
		return 0;
	while (done < len) {
		size_t n = min(len - done, sizeof(u64));
		bool ok = false;
		u64 word;

		for (int tries = 0; tries < 10 && !ok; tries++)
			asm volatile("rdrand %0; setc %1" : "=r"(word), "=qm"(ok) : : "cc");
		if (!ok)
			break;
		memcpy(to + done, &word, n);
		done += n;
	}
	return done;
}

/* ---- /proc/cpuinfo ---- */

struct flag_name {
	u8 bit;
	const char *name;
};

static const struct flag_name names1d[] = {
	{ 0, "fpu" }, { 1, "vme" }, { 2, "de" }, { 3, "pse" }, { 4, "tsc" }, { 5, "msr" }, { 6, "pae" },
	{ 7, "mce" }, { 8, "cx8" }, { 9, "apic" }, { 11, "sep" }, { 12, "mtrr" }, { 13, "pge" },
	{ 14, "mca" }, { 15, "cmov" }, { 16, "pat" }, { 17, "pse36" }, { 19, "clflush" }, { 23, "mmx" },
	{ 24, "fxsr" }, { 25, "sse" }, { 26, "sse2" }, { 27, "ss" }, { 28, "ht" },
};
static const struct flag_name names_ext1d[] = {
	{ 11, "syscall" }, { 20, "nx" }, { 22, "mmxext" }, { 25, "fxsr_opt" }, { 26, "pdpe1gb" },
	{ 27, "rdtscp" }, { 29, "lm" },
};
static const struct flag_name names1c[] = {
	{ 0, "pni" }, { 1, "pclmulqdq" }, { 3, "monitor" }, { 9, "ssse3" }, { 12, "fma" }, { 13, "cx16" },
	{ 17, "pcid" }, { 19, "sse4_1" }, { 20, "sse4_2" }, { 21, "x2apic" }, { 22, "movbe" },
	{ 23, "popcnt" }, { 24, "tsc_deadline_timer" }, { 25, "aes" }, { 26, "xsave" }, { 28, "avx" },
	{ 29, "f16c" }, { 30, "rdrand" }, { 31, "hypervisor" },
};
static const struct flag_name names7b[] = {
	{ 0, "fsgsbase" }, { 3, "bmi1" }, { 5, "avx2" }, { 7, "smep" }, { 8, "bmi2" }, { 9, "erms" },
	{ 18, "rdseed" }, { 19, "adx" }, { 20, "smap" }, { 23, "clflushopt" }, { 24, "clwb" },
	{ 29, "sha_ni" },
};
static const struct flag_name names7c[] = { { 2, "umip" }, { 22, "rdpid" } };

static size_t put_flags(char *buf, size_t size, u32 word, const struct flag_name *names, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		if (word >> names[i].bit & 1)
			at += (size_t)scnprintf(buf + at, size - at, " %s", names[i].name);
	return at;
}

static void brand(char name[49])
{
	if (cpuid(0x80000000, 0).a < 0x80000004) {
		strlcpy(name, "unknown", 49);
		return;
	}
	for (u32 i = 0; i < 3; i++) {
		struct cpuid r = cpuid(0x80000002 + i, 0);

		memcpy(name + 16 * i, &r, 16);
	}
	name[48] = '\0';
}

size_t arch_cpuinfo(unsigned cpu, char *buf, size_t size)
{
	struct cpuid vendor = cpuid(0, 0);
	u32 family = leaf1.a >> 8 & 15, model = leaf1.a >> 4 & 15;
	u64 khz = arch_clock_hz() / 1000;
	char name[49];
	size_t at;

	if (family == 6 || family == 15)
		model |= leaf1.a >> 12 & 0xf0;
	if (family == 15)
		family += leaf1.a >> 20 & 0xff;
	brand(name);
	at = (size_t)scnprintf(buf, size,
		"processor\t: %u\nvendor_id\t: %.4s%.4s%.4s\ncpu family\t: %u\nmodel\t\t: %u\n"
		"model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %llu.%03llu\nphysical id\t: %u\n"
		"siblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\nfpu\t\t: yes\nwp\t\t: yes\nflags\t\t:",
		cpu, (char *)&vendor.b, (char *)&vendor.d, (char *)&vendor.c, family, model, name,
		leaf1.a & 15, (unsigned long long)khz / 1000, (unsigned long long)khz % 1000, cpu);
	at += put_flags(buf + at, size - at, leaf1.d, names1d, ARRAY_SIZE(names1d));
	at += put_flags(buf + at, size - at, leaf_ext1.d, names_ext1d, ARRAY_SIZE(names_ext1d));
	at += put_flags(buf + at, size - at, leaf1.c, names1c, ARRAY_SIZE(names1c));
	at += put_flags(buf + at, size - at, leaf7.b, names7b, ARRAY_SIZE(names7b));
	at += put_flags(buf + at, size - at, leaf7.c, names7c, ARRAY_SIZE(names7c));
	at += (size_t)scnprintf(buf + at, size - at,
		"\nclflush size\t: %u\naddress sizes\t: 40 bits physical, 48 bits virtual\n\n",
		(leaf1.b >> 8 & 0xff) * 8);
	return at;
}
