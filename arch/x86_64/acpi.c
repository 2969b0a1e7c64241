// SPDX-License-Identifier: BSD-2-Clause
/*
 * The few things the kernel wants of ACPI: CPUs and interrupt controllers (MADT), and how the machine is
 * turned off and reset (FADT, and the _S5_ object of the DSDT). Read once at boot; every length is checked
 * against its table. Source: ACPI 6.4, sections 5.2 and 16.
 */
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <janus/page.h>
#include <janus/printk.h>
#include <janus/string.h>

struct acpi_info acpi = { .lapic = 0xfee00000, .reset_space = 0xff };

#define MAPPED_END (4UL << 30)	/* the boot page tables' direct map */

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
} __packed;

struct table {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} __packed;

static bool checksum_ok(const void *from, size_t n)
{
	const u8 *p = from;
	u8 sum = 0;

	while (n--)
		sum += *p++;
	return sum == 0;
}

static const struct rsdp *scan_rsdp(phys_t start, phys_t end)
{
	for (phys_t pa = start; pa < end; pa += 16) {
		const char *p = phys_to_virt(pa);

		if (!memcmp(p, "RSD PTR ", 8) && checksum_ok(p, 20))
			return (const void *)p;
	}
	return NULL;
}

static const struct rsdp *find_rsdp(phys_t given)
{
	phys_t ebda = (phys_t)*(const u16 *)phys_to_virt(0x40e) << 4;
	const struct rsdp *rsdp = NULL;

	if (given && given < MAPPED_END)
		return phys_to_virt(given);
	if (ebda >= 0x80000 && ebda < 0xa0000)
		rsdp = scan_rsdp(ebda, ebda + 1024);
	return rsdp ? rsdp : scan_rsdp(0xe0000, 0x100000);
}

/* The table at pa, if it is whole, or NULL. */
static const struct table *map_table(phys_t pa, const char *signature)
{
	const struct table *t = phys_to_virt(pa);

	if (!pa || pa + sizeof(*t) > MAPPED_END || pa + t->length > MAPPED_END || t->length < sizeof(*t))
		return NULL;
	if (signature && memcmp(t->signature, signature, 4))
		return NULL;
	return t;
}

static const struct table *find_table(const struct rsdp *rsdp, const char *signature)
{
	bool wide = rsdp->revision >= 2 && rsdp->xsdt;
	const struct table *root = map_table(wide ? rsdp->xsdt : rsdp->rsdt, wide ? "XSDT" : "RSDT");
	size_t size = wide ? 8 : 4;

	if (!root)
		return NULL;
	for (size_t at = sizeof(*root); at + size <= root->length; at += size) {
		u64 pa = 0;
		const struct table *t;

		memcpy(&pa, (const u8 *)root + at, size);
		t = map_table(pa, signature);
		if (t)
			return t;
	}
	return NULL;
}

/* ---- MADT ---- */

static void add_cpu(u32 apic_id, u32 flags)
{
	if (!(flags & 1))
		return;
	if (acpi.nr_cpus == NR_CPUS) {
		printk(KERN_WARNING "acpi: more than %u CPUs, the others stay off\n", NR_CPUS);
		return;
	}
	acpi.apic_ids[acpi.nr_cpus++] = apic_id;
}

static u32 get32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, 4);
	return v;
}

static u16 get16(const u8 *p)
{
	u16 v;

	memcpy(&v, p, 2);
	return v;
}

static u64 get64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, 8);
	return v;
}

static void read_madt_entry(const u8 *e, u8 length)
{
	switch (e[0]) {
	case 0:		/* local APIC */
		if (length >= 8)
			add_cpu(e[3], get32(e + 4));
		break;
	case 1:		/* I/O APIC */
		if (length >= 12 && acpi.nr_ioapics < ARRAY_SIZE(acpi.ioapics)) {
			acpi.ioapics[acpi.nr_ioapics].base = get32(e + 4);
			acpi.ioapics[acpi.nr_ioapics++].gsi_base = get32(e + 8);
		}
		break;
	case 2:		/* an ISA line that comes in elsewhere */
		if (length >= 10 && e[3] < ARRAY_SIZE(acpi.isa)) {
			acpi.isa[e[3]].gsi = get32(e + 4);
			acpi.isa[e[3]].flags = get16(e + 8);
		}
		break;
	case 5:		/* local APIC address */
		if (length >= 12)
			acpi.lapic = get64(e + 4);
		break;
	case 9:		/* x2APIC, for ids that do not fit the first kind */
		if (length >= 16 && get32(e + 4) > 254)
			add_cpu(get32(e + 4), get32(e + 8));
		break;
	}
}

static void read_madt(const struct table *madt)
{
	const u8 *p = (const u8 *)madt;
	u32 boot_id = cpuid(1, 0).b >> 24;

	acpi.lapic = get32(p + 36);
	for (u32 at = 44; at + 2 <= madt->length && p[at + 1] >= 2 && at + p[at + 1] <= madt->length; at += p[at + 1])
		read_madt_entry(p + at, p[at + 1]);
	for (unsigned i = 1; i < acpi.nr_cpus; i++) {
		if (acpi.apic_ids[i] == boot_id) {
			acpi.apic_ids[i] = acpi.apic_ids[0];
			acpi.apic_ids[0] = boot_id;
		}
	}
}

/* ---- FADT and \_S5_ ---- */

/* An AML integer at p: constants and a byte, no more. */
static u8 aml_byte(const u8 **p)
{
	u8 op = *(*p)++;

	if (op == 0x0a)		/* BytePrefix */
		return *(*p)++;
	return op == 0x01 ? 1 : 0;	/* OneOp, ZeroOp */
}

/* Name(_S5_, Package() { SLP_TYPa, SLP_TYPb, ... }) anywhere in the table. */
static void find_s5(const struct table *dsdt)
{
	const u8 *p = (const u8 *)dsdt, *end = p + dsdt->length - 16;

	for (p += sizeof(*dsdt); p < end; p++) {
		const u8 *q = p + 4;

		if (memcmp(p, "_S5_", 4) || *q++ != 0x12)	/* PackageOp */
			continue;
		q += (*q >> 6) + 1;	/* its length */
		q++;			/* number of elements */
		acpi.s5_a = aml_byte(&q);
		acpi.s5_b = aml_byte(&q);
		acpi.has_s5 = true;
		return;
	}
}

static void read_fadt(const struct table *fadt)
{
	const u8 *p = (const u8 *)fadt;
	const struct table *dsdt;
	u64 dsdt_pa;

	if (fadt->length < 116)
		return;
	dsdt_pa = get32(p + 40);
	acpi.pm1a_control = (u16)get32(p + 64);
	acpi.pm1b_control = (u16)get32(p + 68);
	acpi.pm_timer = (u16)get32(p + 76);
	if (fadt->length >= 129 && get32(p + 112) & 1 << 10) {	/* RESET_REG_SUP */
		acpi.reset_space = p[116];
		acpi.reset_address = get64(p + 120);
		acpi.reset_value = p[128];
	}
	if (fadt->length >= 148 && get64(p + 140))
		dsdt_pa = get64(p + 140);
	dsdt = map_table(dsdt_pa, "DSDT");
	if (dsdt && dsdt->length > sizeof(*dsdt) + 16)
		find_s5(dsdt);
}

void acpi_init(phys_t given)
{
	const struct rsdp *rsdp = find_rsdp(given);
	const struct table *t;

	for (u32 i = 0; i < ARRAY_SIZE(acpi.isa); i++)
		acpi.isa[i].gsi = i;
	if (rsdp) {
		t = find_table(rsdp, "APIC");
		if (t)
			read_madt(t);
		t = find_table(rsdp, "FACP");
		if (t)
			read_fadt(t);
	} else {
		printk(KERN_WARNING "acpi: no tables\n");
	}
	if (!acpi.nr_cpus) {
		acpi.nr_cpus = 1;
		acpi.apic_ids[0] = cpuid(1, 0).b >> 24;
	}
	if (!acpi.nr_ioapics) {
		acpi.nr_ioapics = 1;
		acpi.ioapics[0].base = 0xfec00000;
	}
}
