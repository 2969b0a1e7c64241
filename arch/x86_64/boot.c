// SPDX-License-Identifier: BSD-2-Clause
/*
 * From the loader's words to boot_info: PVH's start_info (QEMU's -kernel) or Linux's boot_params (U-Boot,
 * or any loader of a bzImage). All of it is copied out at once, while the boot page tables still map the low
 * 4 GiB and before anything is allocated. Sources: Xen's public arch-x86/hvm/start_info.h, Linux's
 * Documentation/x86/boot.rst.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/mmu.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/page.h>
#include <janus/printk.h>
#include <janus/string.h>


#define E820_RAM 1
#define LOW_MEMORY 0x100000	/* firmware's, and the page where other CPUs start: never allocated */

/* ---- PVH ---- */

#define PVH_MAGIC 0x336ec578

struct pvh_start_info {
	u32 magic, version, flags, nr_modules;
	u64 modules, cmdline, rsdp;
	u64 memmap;		/* from version 1 on */
	u32 nr_memmap, reserved;
};

struct pvh_module {
	u64 start, size, cmdline, reserved;
};

struct pvh_memmap {
	u64 start, size;
	u32 type, reserved;
};

/* ---- Linux ---- */

#define LINUX_MAGIC 0x53726448	/* "HdrS" */

struct linux_e820 {
	u64 start, size;
	u32 type;
} __packed;

struct linux_boot_params {
	u8 screen_info[0x70];
	u64 acpi_rsdp;		/* 0x070 */
	u8 skip1[0x0c0 - 0x078];
	u32 ext_ramdisk_image, ext_ramdisk_size, ext_cmdline;	/* 0x0c0 */
	u8 skip2[0x1e8 - 0x0cc];
	u8 nr_e820;		/* 0x1e8 */
	u8 skip3[0x202 - 0x1e9];
	u32 magic;		/* 0x202 */
	u8 skip4[0x218 - 0x206];
	u32 ramdisk_image, ramdisk_size;	/* 0x218 */
	u8 skip5[0x228 - 0x220];
	u32 cmdline;		/* 0x228 */
	u8 skip6[0x2d0 - 0x22c];
	struct linux_e820 e820[128];	/* 0x2d0 */
} __packed;

_Static_assert(offsetof(struct linux_boot_params, acpi_rsdp) == 0x70, "boot.rst");
_Static_assert(offsetof(struct linux_boot_params, nr_e820) == 0x1e8, "boot.rst");
_Static_assert(offsetof(struct linux_boot_params, ramdisk_image) == 0x218, "boot.rst");
_Static_assert(offsetof(struct linux_boot_params, cmdline) == 0x228, "boot.rst");
_Static_assert(offsetof(struct linux_boot_params, e820) == 0x2d0, "boot.rst");

/* ---- what both say, noted ---- */

static phys_t boot_rsdp;

/* Keep `ranges` sorted by start; touching ones become one. */
static void add_range(struct boot_range *ranges, unsigned *nr, u64 start, u64 end)
{
	unsigned at = *nr;

	if (start >= end)
		return;
	if (at == BOOT_MAX_MEMORY) {
		printk(KERN_WARNING "boot: too many memory ranges, %llx-%llx ignored\n",
		       (unsigned long long)start, (unsigned long long)end);
		return;
	}
	for (; at && ranges[at - 1].start > start; at--)
		ranges[at] = ranges[at - 1];
	ranges[at] = (struct boot_range){ start, end };
	(*nr)++;
	while (at + 1 < *nr && ranges[at].end >= ranges[at + 1].start) {
		ranges[at].end = max(ranges[at].end, ranges[at + 1].end);
		(*nr)--;
		for (unsigned i = at + 1; i < *nr; i++)
			ranges[i] = ranges[i + 1];
	}
	if (at && ranges[at - 1].end >= ranges[at].start) {
		ranges[at - 1].end = max(ranges[at - 1].end, ranges[at].end);
		(*nr)--;
		for (unsigned i = at; i < *nr; i++)
			ranges[i] = ranges[i + 1];
	}
}

static void add_memory(u64 start, u64 size, u32 type)
{
	u64 end = start + size;

	if (type != E820_RAM || end < start)
		return;
	start = ALIGN_UP(max(start, (u64)LOW_MEMORY), PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	add_range(boot_info.memory, &boot_info.nr_memory, start, end);
}

static void set_initrd(u64 start, u64 size)
{
	if (start && size)
		boot_info.initrd = (struct boot_range){ start, start + size };
}

static void set_cmdline(phys_t pa)
{
	if (pa)
		strlcpy(boot_info.cmdline, phys_to_virt(pa), sizeof(boot_info.cmdline));
}

static void read_pvh(const struct pvh_start_info *info)
{
	const struct pvh_memmap *map = phys_to_virt(info->memmap);
	const struct pvh_module *module = phys_to_virt(info->modules);

	if (info->magic != PVH_MAGIC || info->version < 1)
		panic("boot: the PVH start_info is not one (magic %x version %u)", info->magic, info->version);
	set_cmdline(info->cmdline);
	if (info->nr_modules)
		set_initrd(module->start, module->size);
	for (u32 i = 0; i < info->nr_memmap; i++)
		add_memory(map[i].start, map[i].size, map[i].type);
	boot_rsdp = info->rsdp;
}

static void read_linux(const struct linux_boot_params *params)
{
	if (params->magic != LINUX_MAGIC)
		panic("boot: the Linux boot_params are none (magic %x)", params->magic);
	set_cmdline((u64)params->ext_cmdline << 32 | params->cmdline);
	set_initrd((u64)params->ext_ramdisk_image << 32 | params->ramdisk_image,
		   (u64)params->ext_ramdisk_size << 32 | params->ramdisk_size);
	for (unsigned i = 0; i < params->nr_e820 && i < ARRAY_SIZE(params->e820); i++)
		add_memory(params->e820[i].start, params->e820[i].size, params->e820[i].type);
	boot_rsdp = params->acpi_rsdp;
}

/* What the loader left, kept until arch_init_early(): bss was cleared before this. */
static unsigned boot_protocol;
static phys_t boot_data;

void boot_main(unsigned protocol, phys_t data) __noreturn;
void boot_main(unsigned protocol, phys_t data)
{
	boot_protocol = protocol;
	boot_data = data;
	wrmsr(MSR_GS_BASE, (u64)&cpus[0]);
	cpus[0].arch.self = &cpus[0];
	kernel_main();
}

void arch_init_early(void)
{
	early_console_init();
	cpu_features_init();
	cpu_features_enable();
	trap_init();
	fpu_init();
	if (boot_protocol == BOOT_PVH)
		read_pvh(phys_to_virt(boot_data));
	else
		read_linux(phys_to_virt(boot_data));
	add_range(boot_info.reserved, &boot_info.nr_reserved, kimage_phys(__image_start),
		  kimage_phys(__image_end));
	add_range(boot_info.reserved, &boot_info.nr_reserved,
		  ALIGN_DOWN(boot_info.initrd.start, PAGE_SIZE), ALIGN_UP(boot_info.initrd.end, PAGE_SIZE));
	acpi_init(boot_rsdp);
	boot_info.nr_cpus = acpi.nr_cpus;
	smp_copy_trampoline();
}
