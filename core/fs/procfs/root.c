// SPDX-License-Identifier: BSD-2-Clause
/*
 * The files at the top of /proc: what the machine and the system as a whole are doing.
 */
#include "proc.h"

#include <arch/boot.h>
#include <arch/cpu.h>
#include <janus/ipc.h>
#include <janus/irq.h>
#include <janus/version.h>

#define KIB(pages) ((unsigned long)(pages) * (PAGE_SIZE / 1024))

static int show_meminfo(struct textbuf *t, const struct proc_target *target)
{
	struct mem_stats m;

	mem_stats(&m);
	tb_printf(t, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\n",
		  KIB(m.total), KIB(m.free), KIB(m.available));
	tb_printf(t, "Buffers:        %8lu kB\nCached:         %8lu kB\nSwapCached:     %8lu kB\n",
		  KIB(m.buffers), KIB(m.cached), 0UL);
	tb_printf(t, "Active:         %8lu kB\nInactive:       %8lu kB\n", KIB(m.anon), KIB(m.cached));
	tb_printf(t, "SwapTotal:      %8lu kB\nSwapFree:       %8lu kB\n", 0UL, 0UL);
	tb_printf(t, "Dirty:          %8lu kB\nWriteback:      %8lu kB\n", 0UL, 0UL);
	tb_printf(t, "AnonPages:      %8lu kB\nMapped:         %8lu kB\nShmem:          %8lu kB\n",
		  KIB(m.anon), KIB(m.cached), KIB(m.shmem));
	/* No slab is counted as reclaimable: free(1) wants the line all the same. */
	tb_printf(t, "Slab:           %8lu kB\nSReclaimable:   %8lu kB\nSUnreclaim:     %8lu kB\n",
		  KIB(m.slab), 0UL, KIB(m.slab));
	tb_printf(t, "KernelStack:    %8lu kB\nPageTables:     %8lu kB\n", KIB(m.kstack), KIB(m.page_tables));
	tb_printf(t, "CommitLimit:    %8lu kB\nCommitted_AS:   %8lu kB\n", KIB(m.total / 2), KIB(m.anon + m.shmem));
	tb_printf(t, "VmallocTotal:   %8lu kB\n", (unsigned long)((ARCH_VMALLOC_END - ARCH_VMALLOC_START) / 1024));
	return 0;
}

static unsigned long ticks(u64 ns)
{
	return ns / (NSEC_PER_SEC / USER_HZ);
}

static void cpu_line(struct textbuf *t, const char *name, u64 user, u64 system, u64 idle)
{
	tb_printf(t, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name, ticks(user), ticks(system), ticks(idle));
}

static int show_stat(struct textbuf *t, const struct proc_target *target)
{
	u64 user = 0, system = 0, idle = 0;

	for_each_cpu(c) {
		user += READ_ONCE(c->ticks_user);
		system += READ_ONCE(c->ticks_system);
		idle += cpu_idle_ns(c);
	}
	cpu_line(t, "cpu ", user, system, idle);
	for_each_cpu(c) {
		char name[16];

		snprintf(name, sizeof(name), "cpu%u", c->id);
		cpu_line(t, name, READ_ONCE(c->ticks_user), READ_ONCE(c->ticks_system), cpu_idle_ns(c));
	}
	tb_printf(t, "intr 0\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\n",
		  (unsigned long)sched_switches(), (unsigned long)(clock_realtime_offset() / NSEC_PER_SEC),
		  (unsigned long)READ_ONCE(total_forks), sched_nr_running());
	return 0;
}

static int show_uptime(struct textbuf *t, const struct proc_target *target)
{
	u64 up = clock_monotonic() / (NSEC_PER_SEC / 100), idle = 0;

	for_each_cpu(c)
		idle += cpu_idle_ns(c);
	idle /= NSEC_PER_SEC / 100;
	tb_printf(t, "%lu.%02lu %lu.%02lu\n", (unsigned long)(up / 100), (unsigned long)(up % 100),
		  (unsigned long)(idle / 100), (unsigned long)(idle % 100));
	return 0;
}

static int show_loadavg(struct textbuf *t, const struct proc_target *target)
{
	unsigned threads = 0;
	pid_t last = 0;
	struct process *p;
	struct irqflags flags = spin_lock_irqsave(&tasklist_lock);
	u64 load[3];

	list_for_each_entry(p, &all_processes, all_link) {
		threads += p->nr_threads;
		last = max(last, p->tgid);
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	sched_loadavg(load);
	for (int i = 0; i < 3; i++)
		tb_printf(t, "%lu.%02lu ", (unsigned long)(load[i] >> 16),
			  (unsigned long)((load[i] & 0xffff) * 100 >> 16));
	tb_printf(t, "%u/%u %d\n", sched_nr_running(), threads, last);
	return 0;
}

static int show_version(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%s version %s (janus@janus) (gcc) %s\n", UTS_SYSNAME, UTS_RELEASE, UTS_VERSION);
	return 0;
}

static int show_boot_cmdline(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%s\n", boot_info.cmdline);
	return 0;
}

static int show_cpuinfo(struct textbuf *t, const struct proc_target *target)
{
	char *page = kmalloc(PAGE_SIZE, GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	for_each_cpu(c)
		tb_write(t, page, arch_cpuinfo(c->id, page, PAGE_SIZE));
	kfree(page);
	return 0;
}

static int show_filesystems_file(struct textbuf *t, const struct proc_target *target)
{
	show_filesystems(t);
	return 0;
}

static int show_devices(struct textbuf *t, const struct proc_target *target)
{
	show_chrdevs(t);
	return 0;
}

static int show_interrupts(struct textbuf *t, const struct proc_target *target)
{
	tb_puts(t, "     ");
	for_each_cpu(c)
		tb_printf(t, "       CPU%u", c->id);
	tb_putc(t, '\n');
	for (unsigned irq = 0; irq < ARCH_NR_IRQS; irq++) {
		const char *name = irq_name(irq);

		if (!name)
			continue;
		tb_printf(t, "%4u:", irq);
		for_each_cpu(c)
			tb_printf(t, " %10lu", (unsigned long)irq_count(irq, c->id));
		tb_printf(t, "   %s\n", name);
	}
	return 0;
}

static int show_swaps(struct textbuf *t, const struct proc_target *target)
{
	tb_puts(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

static int show_partitions(struct textbuf *t, const struct proc_target *target)
{
	tb_puts(t, "major minor  #blocks  name\n\n");
	return 0;
}

/* ---- System V IPC ---- */

static int show_sysvipc(struct textbuf *t, const struct proc_target *target)
{
	((void (*)(struct textbuf *))target->node->data)(t);
	return 0;
}

#define SYSVIPC(n, fn) { .name = n, .mode = S_IFREG | 0444, .show = show_sysvipc, .data = fn }
static const struct proc_node sysvipc_nodes[] = {
	SYSVIPC("msg", ipc_show_messages), SYSVIPC("sem", ipc_show_semaphores), SYSVIPC("shm", ipc_show_memory),
	{ NULL },
};

#define FILE_NODE(n, fn) { .name = n, .mode = S_IFREG | 0444, .show = fn }

const struct proc_node proc_root_nodes[] = {
	{ .name = "self", .mode = S_IFLNK | 0777, .iops = &proc_self_ops },
	{ .name = "thread-self", .mode = S_IFLNK | 0777, .iops = &proc_thread_self_ops },
	{ .name = "mounts", .mode = S_IFLNK | 0777, .iops = &proc_mounts_ops },
	FILE_NODE("cmdline", show_boot_cmdline), FILE_NODE("cpuinfo", show_cpuinfo), FILE_NODE("devices", show_devices),
	FILE_NODE("filesystems", show_filesystems_file), FILE_NODE("interrupts", show_interrupts),
	FILE_NODE("loadavg", show_loadavg), FILE_NODE("meminfo", show_meminfo),
	FILE_NODE("partitions", show_partitions),
	FILE_NODE("stat", show_stat), FILE_NODE("swaps", show_swaps), FILE_NODE("uptime", show_uptime),
	FILE_NODE("version", show_version), PROC_ROOT_HUNT
	{ .name = "sysvipc", .mode = S_IFDIR | 0555, .children = sysvipc_nodes },
	{ .name = "sys", .mode = S_IFDIR | 0555, .children = proc_sys_nodes },
	{ NULL },
};
