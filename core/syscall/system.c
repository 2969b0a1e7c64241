// SPDX-License-Identifier: BSD-2-Clause
/*
 * Calls about the system as a whole: its names, its memory and load, randomness, stopping it, and barriers across CPUs.
 */
#include <arch/boot.h>
#include <generated/syscalls.h>
#include <janus/coverage.h>
#include <janus/file.h>
#include <janus/page.h>
#include <janus/printk.h>
#include <janus/random.h>
#include <janus/string.h>
#include <janus/syscall.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <janus/uaccess.h>
#include <janus/version.h>
#include <uapi/capability.h>

/* ---- names ---- */

#define NAME_MAX_BYTES 64

struct utsname { char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65]; };

char system_nodename[65] = "(none)", system_domainname[65] = "(none)";

long sys_uname(uaddr_t name)
{
	struct utsname u = { .sysname = UTS_SYSNAME, .release = UTS_RELEASE, .version = UTS_VERSION };

	memcpy(u.nodename, system_nodename, sizeof(u.nodename));
	memcpy(u.domainname, system_domainname, sizeof(u.domainname));
	strlcpy(u.machine, arch_machine_name, sizeof(u.machine));
	return copy_struct_out(name, &u);
}

static long set_name(char *to, uaddr_t from, int len)
{
	char name[65] = { 0 };

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > NAME_MAX_BYTES)
		return -EINVAL;
	if (copy_from_user(name, from, len))
		return -EFAULT;
	memcpy(to, name, sizeof(name));
	return 0;
}

long sys_sethostname(uaddr_t name, int len) { return set_name(system_nodename, name, len); }
long sys_setdomainname(uaddr_t name, int len) { return set_name(system_domainname, name, len); }

/* ---- memory and load ---- */

struct sysinfo {
	s64 uptime;
	u64 loads[3];		/* 1 << 16 is a load of one */
	u64 totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	u32 pad2;
	u64 totalhigh, freehigh;
	u32 mem_unit;
	u32 pad3;
};
_Static_assert(sizeof(struct sysinfo) == 112, "Linux's struct sysinfo");

static u16 count_threads(void)
{
	struct irqflags flags = spin_lock_irqsave(&tasklist_lock);
	struct process *p;
	unsigned n = 0;

	list_for_each_entry(p, &all_processes, all_link)
		n += p->nr_threads;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return (u16)min_t(unsigned, n, 0xffff);
}

long sys_sysinfo(uaddr_t info)
{
	struct sysinfo s = { .mem_unit = 1 };
	struct mem_stats m;

	mem_stats(&m);
	s.uptime = (s64)((clock_monotonic() + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	s.totalram = m.total * PAGE_SIZE;
	s.freeram = m.free * PAGE_SIZE;
	s.sharedram = m.shmem * PAGE_SIZE;
	s.bufferram = m.buffers * PAGE_SIZE;
	s.procs = count_threads();
	return copy_struct_out(info, &s);
}

/* ---- randomness ---- */

#define GRND_NONBLOCK 1
#define GRND_RANDOM 2
#define GRND_INSECURE 4

long sys_getrandom(uaddr_t buf, size_t count, unsigned int flags)
{
	u8 chunk[1024];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_INSECURE | GRND_RANDOM)) == (GRND_INSECURE | GRND_RANDOM))
		return -EINVAL;
	count = min_t(size_t, count, INT32_MAX & ~(PAGE_SIZE - 1));
	if (!access_ok(buf, count))
		return -EFAULT;
	while (done < count) {
		size_t n = min_t(size_t, count - done, sizeof(chunk)), missed;

		random_bytes(chunk, n);
		missed = copy_to_user(buf + done, chunk, n);
		done += n - missed;
		if (missed) {
			memset(chunk, 0, sizeof(chunk));
			return done ? (long)done : -EFAULT;
		}
		if (!(done % PAGE_SIZE)) {
			if (signal_pending())
				break;
			cond_resched();
		}
	}
	memset(chunk, 0, sizeof(chunk));
	return (long)done;
}

/* ---- where am I ---- */

long sys_getcpu(uaddr_t cpu, uaddr_t node, uaddr_t unused)
{
	(void)unused;
	if (cpu && put_user(this_cpu_id(), u32, cpu))
		return -EFAULT;
	if (node && put_user(0, u32, node))
		return -EFAULT;
	return 0;
}

/* ---- stopping ---- */

#define REBOOT_MAGIC1 0xfee1dead
#define REBOOT_RESTART 0x01234567
#define REBOOT_HALT 0xcdef0123
#define REBOOT_CAD_ON 0x89abcdef
#define REBOOT_CAD_OFF 0
#define REBOOT_POWER_OFF 0x4321fedc
#define REBOOT_RESTART2 0xa1b2c3d4

static bool magic2_ok(u32 magic)
{
	return magic == 672274793 || magic == 85072278 || magic == 369367448 || magic == 537993216;
}

static void stop_machine(enum machine_stop how, const char *what)
{
	printk(KERN_EMERG "reboot: %s\n", what);
	smp_stop_others();
	coverage_report();
	arch_machine_stop(how);
}

long sys_reboot(int magic1, int magic2, unsigned int cmd, uaddr_t arg)
{
	char command[256];

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if ((u32)magic1 != REBOOT_MAGIC1 || !magic2_ok((u32)magic2))
		return -EINVAL;
	switch (cmd) {
	case REBOOT_CAD_ON:
	case REBOOT_CAD_OFF:
		return 0;		/* no keyboard sends Ctrl-Alt-Del here */
	case REBOOT_RESTART:
		stop_machine(MACHINE_RESTART, "Restarting system");
		break;
	case REBOOT_RESTART2:
		if (strncpy_from_user(command, arg, sizeof(command) - 1) < 0)
			return -EFAULT;
		stop_machine(MACHINE_RESTART, "Restarting system");
		break;
	case REBOOT_HALT:
		stop_machine(MACHINE_HALT, "System halted");
		break;
	case REBOOT_POWER_OFF:
		stop_machine(MACHINE_POWER_OFF, "Power down");
		break;
	}
	return -EINVAL;
}
