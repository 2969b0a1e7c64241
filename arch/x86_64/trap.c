// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exceptions and interrupts: the tables the processor reads, and what each vector means. A user's exception
 * becomes a signal with the codes Linux gives; a kernel's is fixed up by the exception table or is a panic.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/irqflags.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/misc.h>
#include <arch/mmu.h>
#include <arch/trapframe.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/printk.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/uaccess.h>

/* Vectors 0 to 31, SDM 3A table 6-1. */
enum vector {
	DIVIDE_ERROR = 0, DEBUG = 1, NMI = 2, BREAKPOINT = 3, OVERFLOW = 4, BOUND_RANGE = 5,
	INVALID_OPCODE = 6, NO_DEVICE = 7, DOUBLE_FAULT = 8, INVALID_TSS = 10, NOT_PRESENT = 11,
	STACK_FAULT = 12, GENERAL_PROTECTION = 13, PAGE_FAULT = 14, X87_ERROR = 16,
	ALIGNMENT_CHECK = 17, MACHINE_CHECK = 18, SIMD_ERROR = 19,
};

static const char *const vector_names[32] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow", "bound range", "invalid opcode",
	"no coprocessor", "double fault", "coprocessor overrun", "invalid TSS", "segment not present",
	"stack segment", "general protection", "page fault", "spurious", "x87 error",
	"alignment check", "machine check", "SIMD error",
};

/* ---- tables ---- */

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};

struct __packed table_pointer {
	u16 limit;
	u64 base;
};

#define GATE_INTERRUPT 0x8e
#define GATE_USER 0xee		/* `int n` is allowed to user mode */
#define VECTOR_SIZE 16

static struct gate idt[256];

/* Stacks of the traps that must not trust the one they came on. */
#define IST_SIZE 2048		/* a few lines of C */
#define IST_FATAL_SIZE 8192	/* a panic */
static struct ist_stacks {
	u8 nmi[IST_SIZE], debug[IST_SIZE], fatal[IST_FATAL_SIZE];
} ist_stacks[NR_CPUS] __aligned(16);

static u64 ist_top(struct cpu *cpu, u8 *end)
{
	u64 *top = (u64 *)end - 2;

	*top = (u64)cpu;	/* right above the frame, for entry.asm */
	return (u64)top;
}

static void set_gate(unsigned vector, u8 type, u8 ist)
{
	unsigned long at = (unsigned long)vectors + vector * VECTOR_SIZE;

	idt[vector] = (struct gate){
		.offset_low = (u16)at, .offset_middle = (u16)(at >> 16), .offset_high = (u32)(at >> 32),
		.selector = KERNEL_CS, .type = type, .ist = ist,
	};
}

void trap_init(void)
{
	for (unsigned v = 0; v < 256; v++)
		set_gate(v, GATE_INTERRUPT, 0);
	set_gate(BREAKPOINT, GATE_USER, 0);
	set_gate(OVERFLOW, GATE_USER, 0);
	set_gate(DEBUG, GATE_INTERRUPT, IST_DEBUG);
	set_gate(NMI, GATE_INTERRUPT, IST_NMI);
	set_gate(DOUBLE_FAULT, GATE_INTERRUPT, IST_FATAL);
	set_gate(MACHINE_CHECK, GATE_INTERRUPT, IST_FATAL);
}

static void fill_gdt(struct arch_cpu *ac)
{
	u64 base = (u64)&ac->tss;

	memset(ac->gdt, 0, sizeof(ac->gdt));
	ac->gdt[KERNEL_CS / 8] = 0x00af9b000000ffff;
	ac->gdt[KERNEL_DS / 8] = 0x00cf93000000ffff;
	ac->gdt[USER_DS / 8] = 0x00cff3000000ffff;
	ac->gdt[USER_CS / 8] = 0x00affb000000ffff;
	ac->gdt[TSS_SELECTOR / 8] = (sizeof(ac->tss) - 1) | (base & 0xffffff) << 16 | 0x89UL << 40 |
				    (base >> 24 & 0xff) << 56;
	ac->gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
	ac->gdt[CPU_NUMBER_SELECTOR / 8] = 0x0040f50000000000 | ac->self->id;
}

static void load_tables(struct arch_cpu *ac)
{
	struct table_pointer gdtr = { sizeof(ac->gdt) - 1, (u64)ac->gdt };
	struct table_pointer idtr = { sizeof(idt) - 1, (u64)idt };

	asm volatile("lgdt %0" : : "m"(gdtr));
	asm volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:"
		     : : "i"(KERNEL_CS) : "rax", "memory");
	asm volatile("mov %0, %%ss; mov %1, %%ds; mov %1, %%es" : : "r"(KERNEL_DS), "r"(0));
	asm volatile("ltr %w0" : : "r"(TSS_SELECTOR));
	asm volatile("lldt %w0" : : "r"(0));	/* after reset there is one of 64 KiB at address 0: the user's */
	asm volatile("lidt %0" : : "m"(idtr));
}

void trap_init_cpu(struct cpu *cpu)
{
	struct arch_cpu *ac = &cpu->arch;
	struct ist_stacks *stacks = &ist_stacks[cpu - cpus];

	ac->self = cpu;
	memset(&ac->tss, 0, sizeof(ac->tss));
	ac->tss.iomap_base = sizeof(ac->tss);
	ac->tss.ist[IST_NMI - 1] = ist_top(cpu, stacks->nmi + IST_SIZE);
	ac->tss.ist[IST_DEBUG - 1] = ist_top(cpu, stacks->debug + IST_SIZE);
	ac->tss.ist[IST_FATAL - 1] = ist_top(cpu, stacks->fatal + IST_FATAL_SIZE);
	fill_gdt(ac);
	load_tables(ac);
	wrmsr(MSR_GS_BASE, (u64)cpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_STAR, (u64)USER32_CS << 48 | (u64)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)user_syscall);
	wrmsr(MSR_CSTAR, (u64)user_syscall);	/* compatibility mode cannot be entered: no such segment */
	wrmsr(MSR_SYSCALL_MASK, EFLAGS_USER | EFLAGS_IF | EFLAGS_IOPL | EFLAGS_NT | EFLAGS_ID);
	wrmsr(MSR_SYSENTER_CS, 0);
	write_dr7(0x400);
}

/* ---- exceptions ---- */

void trap_from_user(struct trapframe *tf);
void irq_from_user(struct trapframe *tf);
void trap_from_kernel(struct trapframe *tf);
void irq_from_kernel(struct trapframe *tf);
void trap_stack_overflow(struct trapframe *tf) __noreturn;
void trap_bad_return(struct trapframe *tf);

static unsigned fault_flags(u32 error)
{
	return (error & PF_PRESENT ? FAULT_PRESENT : 0) | (error & PF_WRITE ? FAULT_WRITE : 0) |
	       (error & PF_FETCH ? FAULT_EXEC : 0) | (error & PF_USER ? FAULT_USER : 0);
}

/*
 * The vsyscall page: three calls at fixed addresses that old programs jump to. Nothing is mapped there; the
 * fetch faults, and the call is made as if by `syscall`, followed by the `ret` that would stand there.
 */
#define VSYSCALL_PAGE 0xffffffffff600000UL
#define VSYSCALL_STEP 1024

static bool vsyscall(struct trapframe *tf, u64 addr)
{
	static const u16 numbers[] = { 96, 201, 309 };	/* gettimeofday, time, getcpu */
	u64 nr = (addr - VSYSCALL_PAGE) / VSYSCALL_STEP, back;

	if (addr != tf->ip || addr % VSYSCALL_STEP || nr >= ARRAY_SIZE(numbers))
		return false;
	if (get_user(&back, tf->sp))
		return false;
	tf->orig_ax = tf->ax = numbers[nr];
	syscall_dispatch_frame(tf);
	tf_clear_syscall(tf);
	tf->ip = back;
	tf->sp += 8;
	return true;
}

static void user_page_fault(struct trapframe *tf, u64 addr, u32 error)
{
	struct arch_thread *at = &current->arch;

	if (unlikely((addr & PAGE_MASK) == VSYSCALL_PAGE) && vsyscall(tf, addr))
		return;
	at->trap_nr = PAGE_FAULT;
	at->cr2 = addr;
	/* Linux tells a user nothing of what is mapped in the kernel's half. */
	at->error_code = addr >= ARCH_USER_END ? error | PF_PRESENT : error;
	/* The processor's own access to a table has no PF_USER, but the frame is a user's all the same. */
	page_fault(tf, addr, fault_flags(error) | FAULT_USER);
}

/* Single-step, and later the hardware breakpoints; DR6 says which. */
static void user_debug(struct trapframe *tf)
{
	unsigned long dr6 = read_dr6();
	int code = TRAP_BRKPT;

	write_dr6(0xffff0ff0);
	if (dr6 & 1 << 14)
		code = TRAP_TRACE;
	else if (dr6 & 15)
		code = TRAP_HWBKPT;
	arch_local_irq_enable();
	user_exception(SIGTRAP, code, tf->ip);
}

static void machine_check(const struct trapframe *tf)
{
	panic_frame(tf, "machine check");
}

void trap_from_user(struct trapframe *tf)
{
	unsigned vector = TRAP_VECTOR(tf->trap);
	struct arch_thread *at = &current->arch;
	u64 addr;

	if (likely(vector == PAGE_FAULT)) {
		addr = read_cr2();
		arch_local_irq_enable();
		user_page_fault(tf, addr, TRAP_ERROR(tf->trap));
		return;
	}
	if (vector == NMI)
		return;
	if (vector == MACHINE_CHECK)
		machine_check(tf);
	at->trap_nr = vector;
	at->error_code = TRAP_ERROR(tf->trap);
	if (vector == DEBUG) {
		user_debug(tf);
		return;
	}
	arch_local_irq_enable();
	switch (vector) {
	case DIVIDE_ERROR:
		user_exception(SIGFPE, FPE_INTDIV, tf->ip);
		break;
	case BREAKPOINT:
		user_exception(SIGTRAP, SI_KERNEL, 0);
		break;
	case INVALID_OPCODE:
		user_exception(SIGILL, ILL_ILLOPN, tf->ip);
		break;
	case X87_ERROR:
	case SIMD_ERROR:
		user_exception(SIGFPE, fpu_exception_code(vector == SIMD_ERROR), tf->ip);
		break;
	case ALIGNMENT_CHECK:
		user_exception(SIGBUS, BUS_ADRALN, 0);
		break;
	case NOT_PRESENT:
	case STACK_FAULT:
		user_exception(SIGBUS, SI_KERNEL, 0);
		break;
	default:	/* general protection, overflow, bound range, invalid TSS */
		user_exception(SIGSEGV, SI_KERNEL, 0);
	}
}

/* A frame that iretq would refuse: a user (or a tracer) chose an address or selectors that cannot be. */
void trap_bad_return(struct trapframe *tf)
{
	current->arch.trap_nr = GENERAL_PROTECTION;
	current->arch.error_code = 0;
	user_exception(SIGSEGV, SI_KERNEL, 0);
	(void)tf;
}

static const char *vector_name(unsigned vector)
{
	const char *name = vector < ARRAY_SIZE(vector_names) ? vector_names[vector] : NULL;

	return name ? name : "unknown trap";
}

/* User memory is touched in uaccess.asm only: anywhere else it is a bug, which no mapping may hide. */
static bool in_uaccess(u64 ip)
{
	return ip >= (u64)__uaccess_start && ip < (u64)__uaccess_end;
}

void trap_from_kernel(struct trapframe *tf)
{
	unsigned vector = TRAP_VECTOR(tf->trap);
	u32 error = TRAP_ERROR(tf->trap);
	u64 addr;

	if (vector == PAGE_FAULT) {
		addr = read_cr2();
		if (addr < ARCH_USER_END && in_uaccess(tf->ip)) {
			if (tf->flags & EFLAGS_IF)
				arch_local_irq_enable();
			page_fault(tf, addr, fault_flags(error & ~PF_USER));
			arch_local_irq_disable();
			return;
		}
		panic_frame(tf, "page fault in the kernel: %s at %016lx (error %x)",
			    error & PF_FETCH ? "fetch" : error & PF_WRITE ? "write" : "read", (unsigned long)addr,
			    error);
	}
	if (vector == NMI)
		return;
	if (vector == DEBUG) {
		write_dr6(0xffff0ff0);
		tf->flags &= ~EFLAGS_TF;
		return;
	}
	if (vector == GENERAL_PROTECTION || vector == STACK_FAULT || vector == X87_ERROR || vector == SIMD_ERROR)
		if (kernel_fixup(tf))
			return;
	panic_frame(tf, "%s in the kernel (vector %u, error %x)", vector_name(vector), vector, error);
}

void trap_stack_overflow(struct trapframe *tf)
{
	panic_frame(tf, "kernel stack overflow or double fault (address %016lx)", read_cr2());
}

/* ---- interrupts ---- */

static void interrupt(struct trapframe *tf)
{
	unsigned vector = TRAP_VECTOR(tf->trap);

	if (vector == VECTOR_SPURIOUS)
		return;
	if (vector == VECTOR_TIMER)
		timer_interrupt(tf);
	else if (vector == VECTOR_IPI)
		ipi_dispatch();
	else if (vector >= IRQ_VECTOR_BASE && vector < IRQ_VECTOR_BASE + ARCH_NR_IRQS)
		irq_dispatch(vector - IRQ_VECTOR_BASE);
	lapic_eoi();
}

void irq_from_user(struct trapframe *tf)
{
	interrupt(tf);
}

void irq_from_kernel(struct trapframe *tf)
{
	interrupt(tf);
}

/* ---- frames ---- */

void tf_start_user(struct trapframe *tf, unsigned long pc, unsigned long sp)
{
	memset(tf, 0, sizeof(*tf));
	tf->trap = TRAP_FULL;
	tf->orig_ax = ~0UL;
	tf->ip = pc;
	tf->sp = sp;
	tf->cs = USER_CS;
	tf->ss = USER_DS;
	tf->flags = EFLAGS_IF | EFLAGS_FIXED;
}

/*
 * What cannot harm is kept, also an address that cannot be returned to: that is a signal then. Flags that are no
 * frame's to choose stay what they were; of those popf can still set some.
 */
void arch_sanitise_frame(struct trapframe *tf, unsigned long old_flags)
{
	tf->flags = (tf->flags & EFLAGS_USER) | (old_flags & (EFLAGS_NT | EFLAGS_ID)) | EFLAGS_IF | EFLAGS_FIXED;
	tf->cs = (tf->cs & 0xffff) | 3;
	tf->ss = (tf->ss & 0xffff) | 3;
	tf_touch(tf);
}

void tf_print(const struct trapframe *tf)
{
	printk(KERN_EMERG "pc  %016llx  sp  %016llx  flags %08llx  cs %02llx  ss %02llx  trap %llx\n",
	       (unsigned long long)tf->ip, (unsigned long long)tf->sp, (unsigned long long)tf->flags,
	       (unsigned long long)tf->cs, (unsigned long long)tf->ss, (unsigned long long)tf->trap);
#define ROW(a, b, c, d)                                                                                    \
	printk(KERN_EMERG "%-3s %016llx  %-3s %016llx  %-3s %016llx  %-3s %016llx\n", #a,                  \
	       (unsigned long long)tf->a, #b, (unsigned long long)tf->b, #c, (unsigned long long)tf->c, #d, \
	       (unsigned long long)tf->d)
	ROW(ax, bx, cx, dx);
	ROW(si, di, bp, orig_ax);
	ROW(r8, r9, r10, r11);
	ROW(r12, r13, r14, r15);
#undef ROW
}
