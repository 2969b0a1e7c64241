// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the machine is, told by its device tree: memory, the command line, the initrd, the CPUs. boot.S
 * has turned the MMU on and comes here with the tree's address.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/impl/platform.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/fdt.h>
#include <janus/page.h>
#include <janus/printk.h>
#include <janus/string.h>

#define FDT_MAX		0x200000	/* boot.S has mapped so much, and the boot protocol allows no more */
#define EARLY_MAP_END	(1UL << 39)	/* what boot_direct_pud can map */

struct fdt device_tree;
u64 cpu_affinity[NR_CPUS];

static phys_t fdt_address;
static u8 boot_seed[64];		/* from the firmware, used up once */
static size_t boot_seed_len;

extern char __image_start[], __image_end[];
void boot_main(phys_t fdt);

void boot_main(phys_t fdt)
{
	fdt_address = fdt;
	kernel_main();
}

static void add_range(struct boot_range *ranges, unsigned *nr, phys_t start, phys_t end)
{
	unsigned i;

	if (start >= end || *nr == BOOT_MAX_MEMORY)
		return;
	for (i = (*nr)++; i && ranges[i - 1].start > start; i--)
		ranges[i] = ranges[i - 1];
	ranges[i] = (struct boot_range){ start, end };
}

static void reserve(phys_t start, phys_t end)
{
	add_range(boot_info.reserved, &boot_info.nr_reserved, ALIGN_DOWN(start, PAGE_SIZE),
		  ALIGN_UP(end, PAGE_SIZE));
}

static void find_memory(void)
{
	int depth = 0;
	u64 start, size;

	for (int node = fdt_next(&device_tree, 0, &depth); node >= 0; node = fdt_next(&device_tree, node, &depth)) {
		const char *type = fdt_string(&device_tree, node, "device_type");

		if (!type || strcmp(type, "memory") || !fdt_is_enabled(&device_tree, node))
			continue;
		for (unsigned i = 0; fdt_reg(&device_tree, node, i, &start, &size); i++) {
			phys_t end = min(ALIGN_DOWN(start + size, PAGE_SIZE), EARLY_MAP_END);

			start = ALIGN_UP(start, PAGE_SIZE);
			add_range(boot_info.memory, &boot_info.nr_memory, start, end);
			mmu_map_direct_early(start, end);
		}
	}
}

static void find_reserved(void)
{
	int depth = 0, parent = fdt_path(&device_tree, "/reserved-memory");
	u64 start, size;

	reserve(kimage_base, kimage_base + (phys_t)(__image_end - __image_start));
	reserve(fdt_address, fdt_address + device_tree.size);
	for (unsigned i = 0; fdt_reservation(&device_tree, i, &start, &size); i++)
		reserve(start, start + size);
	if (parent < 0)
		return;
	for (int node = fdt_next(&device_tree, parent, &depth); node >= 0 && depth > 0;
	     node = fdt_next(&device_tree, node, &depth))
		for (unsigned i = 0; depth == 1 && fdt_reg(&device_tree, node, i, &start, &size); i++)
			reserve(start, start + size);
}

static void read_chosen(void)
{
	int chosen = fdt_path(&device_tree, "/chosen");
	const char *args = fdt_string(&device_tree, chosen, "bootargs");
	u64 start = fdt_number(&device_tree, chosen, "linux,initrd-start", 0);
	u64 end = fdt_number(&device_tree, chosen, "linux,initrd-end", 0);
	const u8 *seed;
	u32 len;

	if (args)
		strlcpy(boot_info.cmdline, args, sizeof(boot_info.cmdline));
	if (start && end > start && end <= EARLY_MAP_END) {
		boot_info.initrd = (struct boot_range){ start, end };
		reserve(start, end);
	}
	seed = fdt_prop(&device_tree, chosen, "rng-seed", &len);
	if (seed) {
		boot_seed_len = min_t(size_t, len, sizeof(boot_seed));
		memcpy(boot_seed, seed, boot_seed_len);
	}
}

/* The boot CPU becomes number 0; the others follow in the tree's order. */
static void find_cpus(void)
{
	u64 self = read_sysreg(mpidr_el1) & MPIDR_AFFINITY, affinity, size;
	int depth = 0, parent = fdt_path(&device_tree, "/cpus");

	cpu_affinity[0] = self;
	boot_info.nr_cpus = 1;
	if (parent < 0)
		return;
	for (int node = fdt_next(&device_tree, parent, &depth); node >= 0 && depth > 0;
	     node = fdt_next(&device_tree, node, &depth)) {
		const char *type = fdt_string(&device_tree, node, "device_type");

		if (depth != 1 || !type || strcmp(type, "cpu") || !fdt_is_enabled(&device_tree, node))
			continue;
		if (!fdt_reg(&device_tree, node, 0, &affinity, &size) || affinity == self)
			continue;
		if (boot_info.nr_cpus < NR_CPUS)
			cpu_affinity[boot_info.nr_cpus++] = affinity;
	}
}

/* GIC bindings: type (0 shared, 1 private), number, flags. */
unsigned fdt_irq(int node, unsigned index)
{
	u32 number = fdt_cell(&device_tree, node, "interrupts", 3 * index + 1, ~0u);
	u32 first = fdt_cell(&device_tree, node, "interrupts", 3 * index, 0) ? 16 : 32;

	return number < ARCH_NR_IRQS - first ? first + number : 0;
}

void arch_init_early(void)
{
	bool good = fdt_open(&device_tree, phys_to_virt(fdt_address), FDT_MAX);

	cpu_features_detect();
	cpu_features_enable();
	if (!good)	/* there is nothing to say it on */
		arch_cpu_halt();
	platform_console_early();
	platform_psci_init();
	find_memory();
	find_reserved();
	read_chosen();
	find_cpus();
	if (!boot_info.nr_memory)
		panic("the device tree names no memory");
}

void arch_init(void)
{
	irqchip_init();
	irqchip_init_cpu();
	generic_timer_init();
	generic_timer_init_cpu();
}

static bool random_word(u64 *v)
{
	unsigned long ok;

	/* RNDR: flags are NZCV 0100 when there was none */
	__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, ne" : "=r"(*v), "=r"(ok) : : "cc");
	return ok;
}

size_t arch_random_seed(void *buf, size_t len)
{
	u8 *to = buf;
	size_t done = 0;
	u64 v;

	while (cpu_features.rndr && done < len && random_word(&v)) {
		size_t n = min_t(size_t, sizeof(v), len - done);

		memcpy(to + done, &v, n);
		done += n;
	}
	if (done < len && boot_seed_len) {
		size_t n = min(boot_seed_len, len - done);

		memcpy(to + done, boot_seed + boot_seed_len - n, n);
		boot_seed_len -= n;
		memset(boot_seed + boot_seed_len, 0, n);
		done += n;
	}
	return done;
}
