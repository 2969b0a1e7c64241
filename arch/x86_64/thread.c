// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's half of a thread: how one comes to be, and the switch. A new thread's kernel stack holds, from
 * the top, the user's frame and what switch_stack() pops: so its first switch ends in thread_entry.
 */
#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/misc.h>
#include <arch/mmu.h>
#include <arch/ptrace.h>
#include <arch/thread.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <janus/cpu.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <uapi/errno.h>

/* What switch_stack() pops, lowest address first. */
struct switch_frame {
	u64 r15, r14, r13, r12, bx, bp, ip;
};

static struct switch_frame *prepare_stack(struct thread *t)
{
	struct switch_frame *sf;

	t->arch.kstack_top = (u64)t->kstack + KSTACK_SIZE;
	t->arch.user_cpu = -1;
	sf = (struct switch_frame *)arch_thread_frame(t) - 1;
	memset(sf, 0, sizeof(*sf));
	sf->ip = (u64)thread_entry;
	t->arch.ksp = (u64)sf;
	return sf;
}

void arch_thread_init(struct thread *t, void (*fn)(void *), void *arg)
{
	struct switch_frame *sf;

	memset(&t->arch, 0, sizeof(t->arch));
	sf = prepare_stack(t);
	sf->bx = (u64)fn;
	sf->r12 = (u64)arg;
	tf_start_user(arch_thread_frame(t), 0, 0);	/* until it executes a program */
}

static u64 live_fs_base(void)
{
	u64 base;

	if (!cpu_features.fsgsbase)
		return rdmsr(MSR_FS_BASE);
	asm volatile("rdfsbase %0" : "=r"(base));
	return base;
}

/* The user's gs base is the one that swapgs exchanges, while in the kernel. Interrupts off. */
static u64 live_gs_base(void)
{
	u64 base;

	if (!cpu_features.fsgsbase)
		return rdmsr(MSR_KERNEL_GS_BASE);
	asm volatile("swapgs; rdgsbase %0; swapgs" : "=r"(base));
	return base;
}

static void set_fs_base(u64 base)
{
	if (cpu_features.fsgsbase)
		asm volatile("wrfsbase %0" : : "r"(base));
	else
		wrmsr(MSR_FS_BASE, base);
}

static void set_gs_base(u64 base)
{
	if (cpu_features.fsgsbase)
		asm volatile("swapgs; wrgsbase %0; swapgs" : : "r"(base));
	else
		wrmsr(MSR_KERNEL_GS_BASE, base);
}

u64 thread_fs_base(void) { return live_fs_base(); }
u64 thread_gs_base(void) { return live_gs_base(); }

/* The selector goes too: a later load of it would bring another base. */
void thread_set_fs_base(u64 base)
{
	asm volatile("mov %k0, %%fs" : : "r"(0));
	set_fs_base(base);
}

void thread_set_gs_base(u64 base)
{
	asm volatile("swapgs; mov %k0, %%gs; swapgs" : : "r"(0));
	set_gs_base(base);
}

/* Interrupts off. */
static void save_segments(struct arch_thread *at)
{
	asm volatile("mov %%ds, %k0; mov %%es, %k1; mov %%fs, %k2; mov %%gs, %k3"
		     : "=r"(at->ds), "=r"(at->es), "=r"(at->fs), "=r"(at->gs));
	at->fs_base = live_fs_base();
	at->gs_base = live_gs_base();
}

/*
 * Selectors are loaded only when this CPU's last user thread or the next one uses them, which 64-bit programs
 * do not. A user's selector is null or USER_DS: nothing else could have been loaded. Loading gs changes the
 * base in use: it is done with the user's in its place.
 */
static void load_segments(struct arch_cpu *ac, const struct arch_thread *next)
{
	u16 selectors = next->ds | next->es | next->fs | next->gs;
	bool base_lost = false;

	if (unlikely(ac->user_selectors | selectors)) {
		asm volatile("mov %k0, %%ds; mov %k1, %%es; mov %k2, %%fs; swapgs; mov %k3, %%gs; swapgs"
			     : : "r"(next->ds), "r"(next->es), "r"(next->fs), "r"(next->gs));
		ac->user_selectors = selectors;
		base_lost = true;
	}
	set_fs_base(next->fs_base);
	if (ac->user_gs_base != next->gs_base || base_lost) {
		set_gs_base(next->gs_base);
		ac->user_gs_base = next->gs_base;
	}
}

/* prev's registers stay where they are; what they are is noted, for others that will use this CPU. */
static void leave_user_state(struct arch_cpu *ac, struct thread *prev)
{
	struct arch_thread *at = &prev->arch;

	fpu_save(prev);
	save_segments(at);
	ac->user_selectors = at->ds | at->es | at->fs | at->gs;
	ac->user_gs_base = at->gs_base;
}

/* Nothing to do when only kernel threads ran here since, and it ran nowhere else. */
static void enter_user_state(struct cpu *cpu, struct thread *next)
{
	if (cpu->arch.user_owner == next && next->arch.user_cpu == (s8)cpu->id)
		return;
	fpu_restore(next);
	load_segments(&cpu->arch, &next->arch);
	cpu->arch.user_owner = next;
	next->arch.user_cpu = (s8)cpu->id;
}

int arch_thread_fork(struct thread *child, unsigned long sp, bool set_tls, unsigned long tls)
{
	struct irqflags flags;
	struct trapframe *tf;

	if (set_tls && tls >= ARCH_USER_END)
		return -EPERM;
	prepare_stack(child);
	tf = arch_thread_frame(child);
	*tf = *arch_thread_frame(current);
	tf->ax = 0;
	tf_touch(tf);
	if (sp)
		tf->sp = sp;
	flags = arch_local_irq_save();
	save_segments(&child->arch);
	arch_local_irq_restore(flags);
	if (set_tls)
		child->arch.fs_base = tls;
	child->arch.forced_step = false;
	if (current->arch.forced_step)
		tf->flags &= ~EFLAGS_TF;
	child->arch.trap_nr = child->arch.error_code = 0;
	child->arch.cr2 = 0;
	child->arch.user_fpu = true;
	fpu_fork(child);
	return 0;
}

void arch_thread_flush(void)
{
	struct arch_thread *at = &current->arch;
	struct irqflags flags = arch_local_irq_save();

	asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; swapgs; mov %0, %%gs; swapgs" : : "r"(0));
	set_fs_base(0);
	set_gs_base(0);
	at->trap_nr = at->error_code = 0;
	at->cr2 = 0;
	at->forced_step = false;
	fpu_reset(current);
	arch_local_irq_restore(flags);
}

/* A CPU may still name it as user_owner: that is compared, never followed, and a new thread's user_cpu is -1. */
void arch_thread_release(struct thread *t)
{
	(void)t;
}

struct thread *arch_switch_to(struct thread *prev, struct thread *next)
{
	struct cpu *cpu = this_cpu();

	if (prev->arch.user_fpu)
		leave_user_state(&cpu->arch, prev);
	if (next->arch.user_fpu)
		enter_user_state(cpu, next);
	if (unlikely(next->flags & TF_WATCHED))
		arch_trace_calls(next);
	cpu->arch.tss.rsp0 = next->arch.kstack_top;
	cpu->running = next;
	return switch_stack(prev, next);
}

/* The end of the stack that fp is in. */
static unsigned long stack_end(unsigned long fp)
{
	if (fp >= ARCH_VMALLOC_START && fp < ARCH_VMALLOC_END)
		return ALIGN_DOWN(fp, KSTACK_ALIGN) + KSTACK_SIZE;
	if (fp >= (unsigned long)__image_start && fp < (unsigned long)__image_end)
		return min(fp + KSTACK_SIZE, (unsigned long)__image_end);
	return 0;
}

void arch_stack_walk(struct thread *t, unsigned long fp, bool (*fn)(void *arg, unsigned long pc), void *arg)
{
	unsigned long low = t ? (unsigned long)t->kstack : fp;
	unsigned long high = t ? low + KSTACK_SIZE : stack_end(fp);

	for (int depth = 0; depth < 64; depth++) {
		const unsigned long *record = (const unsigned long *)fp;

		if (fp & 7 || fp < low || fp + 16 > high)
			return;
		if (!record[1] || !fn(arg, record[1]) || record[0] <= fp)
			return;
		fp = record[0];
	}
}
