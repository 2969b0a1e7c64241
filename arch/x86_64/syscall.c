// SPDX-License-Identifier: BSD-2-Clause
/*
 * The system calls that only this machine has.
 */
#include <arch/irqflags.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/mmu.h>
#include <janus/thread.h>
#include <janus/uaccess.h>
#include <generated/syscalls.h>

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004
#define ARCH_GET_CPUID 0x1011
#define ARCH_SET_CPUID 0x1012

/* The thread's bases; 0, also for the selectors, whose loading would bring back another base. */
static long set_base(int option, unsigned long base)
{
	struct irqflags flags;

	if (base >= ARCH_USER_END)
		return -EPERM;
	flags = arch_local_irq_save();
	if (option == ARCH_SET_FS)
		thread_set_fs_base(base);
	else
		thread_set_gs_base(base);
	arch_local_irq_restore(flags);
	return 0;
}

static long get_base(int option, uaddr_t to)
{
	struct irqflags flags = arch_local_irq_save();
	u64 base = option == ARCH_GET_FS ? thread_fs_base() : thread_gs_base();

	arch_local_irq_restore(flags);
	return put_user(base, u64, to);
}

/* The same for a stopped thread, by its tracer. */
long thread_arch_prctl(struct thread *t, int option, unsigned long arg2)
{
	struct arch_thread *at = &t->arch;

	switch (option) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (arg2 >= ARCH_USER_END)
			return -EPERM;
		*(option == ARCH_SET_FS ? &at->fs_base : &at->gs_base) = arg2;
		*(option == ARCH_SET_FS ? &at->fs : &at->gs) = 0;
		at->user_cpu = -1;
		return 0;
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		return put_user(option == ARCH_GET_FS ? at->fs_base : at->gs_base, u64, arg2);
	default:
		return -EINVAL;
	}
}

long sys_arch_prctl(int option, unsigned long arg2)
{
	switch (option) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		return set_base(option, arg2);
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		return get_base(option, arg2);
	case ARCH_GET_CPUID:	/* CPUID always works */
		return 1;
	case ARCH_SET_CPUID:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}
