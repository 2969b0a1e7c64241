// SPDX-License-Identifier: BSD-2-Clause
/*
 * Panic: the cause, the frame in one canonical form, where we were, what each CPU was asked to do, and the end of
 * the machine. The last system calls need no log: each thread's trap frame still names the call it came by.
 */
#include <arch/boot.h>
#include <arch/misc.h>
#include <janus/cmdline.h>
#include <janus/coverage.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/kallsyms.h>
#include <janus/printk.h>
#include <janus/syslog.h>
#include <janus/thread.h>
#include <generated/syscalls.h>

#define MAX_CALLS_SHOWN 24

static bool print_return_address(void *arg, unsigned long pc)
{
	unsigned *depth = arg;

	printk(KERN_EMERG "  #%-2u %016lx %pS\n", *depth, pc, (void *)pc);
	return ++*depth < 32;
}

static void print_backtrace(unsigned long pc, unsigned long fp)
{
	unsigned depth = 0;

	printk(KERN_EMERG "backtrace:\n");
	if (pc)
		print_return_address(&depth, pc);
	arch_stack_walk(NULL, fp, print_return_address, &depth);
}

/* "cpu 0 sh[12]: read(0x3, 0x7ffe.., 0x400)": the call that t's frame came in by. */
static void print_call(const struct thread *t, const char *where)
{
	const struct trapframe *tf;
	const struct syscall_meta *meta;
	char args[160];
	int n = 0;
	long nr;

	if (thread_flag(t, TF_KERNEL)) {
		printk(KERN_EMERG "  %s %s[%d]: kernel thread\n", where, t->comm, t->tid);
		return;
	}
	tf = arch_thread_frame(t);
	nr = tf_syscall_nr(tf);
	if (nr < 0) {
		printk(KERN_EMERG "  %s %s[%d]: no call, user pc %lx\n", where, t->comm, t->tid, tf_pc(tf));
		return;
	}
	meta = nr < NR_syscalls && syscall_meta[nr].name ? &syscall_meta[nr] : NULL;
	for (unsigned i = 0; i < (meta ? meta->nargs : 6u); i++)
		n += scnprintf(args + n, sizeof(args) - (size_t)n, "%s0x%lx", i ? ", " : "", tf_syscall_arg(tf, i));
	args[n] = '\0';
	printk(KERN_EMERG "  %s %s[%d]: %s#%ld(%s)\n", where, t->comm, t->tid, meta ? meta->name : "", nr, args);
}

static void print_last_calls(void)
{
	unsigned shown = 0;
	struct process *p;
	struct thread *t;
	char where[8];

	printk(KERN_EMERG "last system calls:\n");
	for_each_cpu(c) {
		if (!c->running)
			continue;
		scnprintf(where, sizeof(where), "cpu %u", c->id);
		print_call(c->running, where);
	}
	/* The machine stands still: the lists are read without their lock, and only so far. */
	list_for_each_entry(p, &all_processes, all_link) {
		list_for_each_entry(t, &p->threads, thread_link) {
			if (t->cpu && t->cpu->running == t)
				continue;
			if (++shown > MAX_CALLS_SHOWN)
				return;
			print_call(t, "asleep");
		}
	}
}

static __noreturn void stop_machine(void)
{
	/* As on Linux: panic=N restarts (QEMU runs with -no-reboot and ends), and by default the machine is left
	 * for the developer. Ours is a guest: power off, so that nothing waits for it. */
	arch_machine_stop(cmdline_has("panic") ? MACHINE_RESTART : MACHINE_POWER_OFF);
}

/* Counts the return addresses of a chain of frame records. */
static bool count_frame(void *arg, unsigned long pc)
{
	unsigned long offset;
	bool ours = kallsyms_lookup(pc, &offset);

	*(unsigned *)arg += ours;
	return ours;
}

/*
 * Where another thread is: its registers are not at hand, but its frame records lie on its stack, and the longest
 * chain of them is the one that its innermost function left, or one that has just returned.
 */
static void print_thread_backtrace(struct thread *t)
{
	unsigned long low = (unsigned long)t->kstack, best = 0;
	unsigned longest = 0, depth = 0;

	for (unsigned long fp = low; low && fp < low + KSTACK_SIZE - 16; fp += 8) {
		unsigned n = 0;

		arch_stack_walk(t, fp, count_frame, &n);
		if (n > longest) {
			longest = n;
			best = fp;
		}
	}
	printk(KERN_EMERG "backtrace of thread %d (%s), about:\n", t->tid, t->comm);
	if (best)
		arch_stack_walk(t, best, print_return_address, &depth);
}

static __noreturn void vpanic(const struct trapframe *tf, unsigned long fp, struct thread *about, const char *fmt,
			      va_list ap)
{
	static int entered;
	char cause[256];

	arch_local_irq_disable();
	if (__atomic_fetch_add(&entered, 1, __ATOMIC_ACQ_REL)) {
		if (entered > 2)
			arch_cpu_halt();
		stop_machine();		/* a panic within a panic: what is printed is printed */
	}
	printk_panic_mode();
	smp_stop_others();
	vsnprintf(cause, sizeof(cause), fmt, ap);
	printk(KERN_EMERG "\nKernel panic - not syncing: %s\n", cause);
	printk(KERN_EMERG "cpu %u, thread %d (%s)\n", this_cpu_id(), current ? current->tid : -1,
	       current ? current->comm : "none");
	if (tf)
		tf_print(tf);
	if (about)
		print_thread_backtrace(about);
	else
		print_backtrace(tf ? tf_pc(tf) : 0, tf ? tf_frame_pointer(tf) : fp);
	print_last_calls();
	printk(KERN_EMERG "---[ end Kernel panic ]---\n");
	coverage_report();
	stop_machine();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpanic(NULL, (unsigned long)__builtin_frame_address(0), NULL, fmt, ap);
}

void panic_about(struct thread *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpanic(NULL, 0, t, fmt, ap);
}

void panic_frame(const struct trapframe *tf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpanic(tf, 0, NULL, fmt, ap);
}

/* gcc's stack protector. The guard's value is set at boot; see main.c. */
unsigned long __stack_chk_guard = 0x00000aff0a0d0000ul;

void __stack_chk_fail(void) __noreturn;
void __stack_chk_fail(void)
{
	panic("stack smashed in %pS", __builtin_return_address(0));
}
