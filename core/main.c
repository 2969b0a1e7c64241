// SPDX-License-Identifier: BSD-2-Clause
/*
 * The boot as one list, from the first C of the core to pid 1.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <janus/cmdline.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/fs.h>
#include <janus/ipc.h>
#include <janus/lock.h>
#include <janus/page.h>
#include <janus/pipe.h>
#include <janus/socket.h>
#include <janus/printk.h>
#include <janus/random.h>
#include <janus/sched.h>
#include <janus/syslog.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <janus/tty.h>
#include <janus/uaccess.h>
#include <janus/version.h>

struct boot_info boot_info;

/* Try a program as pid 1. True: it runs as soon as we return to user mode. */
static bool try_init(const char *path)
{
	int err;

	init_argv[0] = path;
	err = kernel_execve(path, init_argv, init_envp);
	if (err && err != -ENOENT)
		printk(KERN_ERR "init: %s cannot be run (error %d)\n", path, -err);
	return !err;
}

/* In pid 1, before its first program: /dev/console as 0, 1 and 2. */
static void open_console(void)
{
	struct file *console = file_open("/dev/console", O_RDWR, 0);

	if (IS_ERR(console)) {
		printk(KERN_WARNING "init: no /dev/console, it starts without descriptors\n");
		return;
	}
	for (int i = 0; i < 3; i++)
		fd_install_new(file_get(console), 0);
	file_put(console);
}

static bool is_executable(const char *path)
{
	struct path p;
	bool ok = !path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &p);

	if (ok)
		path_put(&p);
	return ok;
}

/* pid 1's kernel half: what needs a thread that may sleep, then its program. */
static void kernel_init(void *unused)
{
	const char *rdinit = cmdline_get("rdinit"), *init = cmdline_get("init");

	(void)unused;
	lockcheck_boot_done();
	hunt_init();
	smp_init();
	hang_init();
	tty_init();
	arch_init_devices();
	initramfs_unpack();
	mm_init_late();
	open_console();

	/* rdinit= and init= name the program; otherwise /init of the initramfs, then the usual places. */
	if ((rdinit || is_executable("/init")) && try_init(rdinit ? rdinit : "/init"))
		return;
	if (init) {
		if (try_init(init))
			return;
		panic("Requested init %s failed", init);
	}
	if (!try_init("/sbin/init") && !try_init("/etc/init") && !try_init("/bin/init") && !try_init("/bin/sh"))
		panic("No working init found. Give one with --init, or init= on the command line");
}

void kernel_main(void)
{
	sched_init_boot_cpu();		/* current and this_cpu() from here on */
	arch_init_early();		/* console, traps, boot_info */
	cmdline_init();
	printk_init();
	printk(KERN_NOTICE "Janus %s (%s)\n", JANUS_VERSION, arch_machine_name);
	printk(KERN_NOTICE "Command line: %s\n", boot_info.cmdline);
	extable_sort();
	mm_init();			/* pages, slabs, the final kernel page tables */
	random_init();
	arch_init();			/* interrupt controller, clock, timer */
	time_init();
	rcu_init();
	sched_init();			/* run queues of all CPUs; we become the idle thread of CPU 0 */
	process_init();
	vfs_init();			/* an empty root, and the file systems */
	pipe_init();
	mqueue_init();
	socket_init();
	wake_up_new(kthread_create_init(kernel_init));
	arch_local_irq_enable();
	sched_idle_loop();
}

void secondary_main(struct cpu *cpu)
{
	arch_cpu_init_secondary();
	smp_secondary_online(cpu);
	arch_local_irq_enable();
	sched_idle_loop();
}
