// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exceptions and interrupts: what each syndrome means. A user's exception becomes a signal with the codes
 * Linux gives; a kernel's is fixed up by the exception table or is a panic.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/irqflags.h>
#include <arch/misc.h>
#include <arch/mmu.h>
#include <arch/trapframe.h>
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/printk.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/uaccess.h>

/* Exception classes: ESR_EL1 bits 31:26, Arm ARM D17.2.37. */
enum exception_class {
	EC_UNKNOWN = 0x00, EC_BTI = 0x0d, EC_ILLEGAL_STATE = 0x0e, EC_SYSREG = 0x18, EC_SVE = 0x19,
	EC_FPAC = 0x1c, EC_INSN_USER = 0x20, EC_INSN_KERNEL = 0x21, EC_PC_ALIGN = 0x22,
	EC_DATA_USER = 0x24, EC_DATA_KERNEL = 0x25, EC_SP_ALIGN = 0x26, EC_FP = 0x2c, EC_SERROR = 0x2f,
	EC_BREAK_USER = 0x30, EC_STEP_USER = 0x32, EC_WATCH_USER = 0x34, EC_BRK = 0x3c,
};

#define ESR_EC(esr)	((unsigned)((esr) >> 26) & 0x3f)
#define ESR_IL		(1u << 25)
#define ABORT_WRITE	(1u << 6)
#define ABORT_CACHE	(1u << 8)	/* of a cache instruction: "write" says nothing */
#define FSC_TYPE	0x3c
#define FSC_TRANSLATION	0x04
#define FSC_ACCESS_FLAG	0x08
#define FSC_PERMISSION	0x0c
#define FSC_ALIGNMENT	0x21

void trap_from_user(struct trapframe *tf);
void irq_from_user(struct trapframe *tf);
void trap_from_kernel(struct trapframe *tf);
void irq_from_kernel(struct trapframe *tf);
void trap_stack_overflow(struct trapframe *tf) __noreturn;
void trap_error(struct trapframe *tf);

static void allow_interrupts(void)
{
	__asm__ volatile("msr daifclr, #7" : : : "memory");
}

/* The top byte of a user's pointer is a tag, which the MMU ignores; an address with bit 55 is no user's. */
static uaddr_t untagged(u64 addr)
{
	return addr & (u64)((s64)(addr << 8) >> 8);
}

/* A user's fault that is or may become a signal: its frame will show the cause. */
static void note_cause(u64 addr, u32 esr)
{
	struct arch_thread *at = &current->arch;

	at->cause_address = addr;
	at->cause_esr = esr;
}

/* Linux leaves the last fault's cause to these. */
static void keep_cause(void)
{
	note_cause(current->arch.fault_address, (u32)current->arch.fault_esr);
}

static unsigned fault_flags(u32 esr, bool exec)
{
	unsigned type = esr & FSC_TYPE, flags = exec ? FAULT_EXEC : 0;

	if (!exec && (esr & (ABORT_WRITE | ABORT_CACHE)) == ABORT_WRITE)
		flags |= FAULT_WRITE;
	if (type == FSC_PERMISSION || type == FSC_ACCESS_FLAG)
		flags |= FAULT_PRESENT;
	return flags;
}

static bool is_page_fault(u32 esr)
{
	unsigned type = esr & FSC_TYPE;

	return type == FSC_TRANSLATION || type == FSC_ACCESS_FLAG || type == FSC_PERMISSION;
}

static void user_abort(struct trapframe *tf, u32 esr, u64 far, bool exec)
{
	uaddr_t addr = untagged(far);
	unsigned flags = fault_flags(esr, exec) | FAULT_USER;

	if (addr >= ARCH_USER_END) {	/* nothing may be learned of the kernel's half */
		esr = (esr & (0x3fu << 26 | ESR_IL | ABORT_CACHE | ABORT_WRITE)) | FSC_TRANSLATION;
		flags &= ~FAULT_PRESENT;
	}
	note_cause(addr, esr);
	if (is_page_fault(esr))
		page_fault(tf, addr, flags);
	else if ((esr & 0x3f) == FSC_ALIGNMENT)
		user_exception(SIGBUS, BUS_ADRALN, addr);
	else
		user_exception(SIGBUS, BUS_OBJERR, addr);
}

static void user_fp_exception(struct trapframe *tf, u32 esr)
{
	int code = 14;	/* FPE_FLTUNK */

	if (esr & 1u << 23) {
		if (esr & 1)
			code = FPE_FLTINV;
		else if (esr & 2)
			code = FPE_FLTDIV;
		else if (esr & 4)
			code = FPE_FLTOVF;
		else if (esr & 8)
			code = FPE_FLTUND;
		else if (esr & 16)
			code = FPE_FLTRES;
	}
	user_exception(SIGFPE, code, tf->pc);
}

/* Before ARMv8.4 the read of an id register is an undefined instruction: look whether it is one. */
static bool emulate_undefined(struct trapframe *tf)
{
	u32 insn;

	if (get_user(&insn, tf->pc) || (insn & 0xfff00000) != 0xd5300000)
		return false;
	return cpu_emulate_mrs(tf, (insn >> 19 & 3) << 20 | (insn >> 5 & 7) << 17 | (insn >> 16 & 7) << 14 |
				   (insn >> 12 & 15) << 10 | (insn & 31) << 5 | (insn >> 8 & 15) << 1 | 1);
}

void trap_from_user(struct trapframe *tf)
{
	u32 esr = (u32)read_sysreg(esr_el1);
	u64 far = read_sysreg(far_el1);

	allow_interrupts();
	switch (ESR_EC(esr)) {
	case EC_DATA_USER:
		user_abort(tf, esr, far, false);
		return;
	case EC_INSN_USER:
		user_abort(tf, esr, far, true);
		return;
	case EC_UNKNOWN:
		if (emulate_undefined(tf))
			return;
		break;
	case EC_SYSREG:
		if (cpu_emulate_mrs(tf, esr))
			return;
		break;
	case EC_PC_ALIGN:
		note_cause(0, esr);
		user_exception(SIGBUS, BUS_ADRALN, untagged(far));
		return;
	case EC_SP_ALIGN:
		note_cause(0, esr);
		user_exception(SIGBUS, BUS_ADRALN, tf->sp);
		return;
	case EC_FP:
		keep_cause();
		user_fp_exception(tf, esr);
		return;
	case EC_BRK:
		keep_cause();
		user_exception(SIGTRAP, TRAP_BRKPT, tf->pc);
		return;
	case EC_STEP_USER:
		if (unlikely(!thread_flag(current, TF_SINGLE_STEP))) {
			stop_stepping();	/* left on by one who ran here before */
			return;
		}
		keep_cause();
		user_exception(SIGTRAP, TRAP_TRACE, tf->pc);
		return;
	case EC_BREAK_USER:
	case EC_WATCH_USER:
		keep_cause();
		user_exception(SIGTRAP, TRAP_HWBKPT, untagged(far));
		return;
	case EC_FPAC:
		note_cause(0, esr);
		user_exception(SIGILL, ILL_ILLOPN, tf->pc);
		return;
	}
	note_cause(0, 0);	/* undefined, a trapped register, SVE, an illegal state */
	user_exception(SIGILL, ILL_ILLOPC, tf->pc);
}

/* Only the instructions of uaccess.S touch user memory from the kernel. */
static bool in_uaccess(unsigned long pc)
{
	extern char __uaccess_start[], __uaccess_end[];

	return pc >= (unsigned long)__uaccess_start && pc < (unsigned long)__uaccess_end;
}

void trap_from_kernel(struct trapframe *tf)
{
	u32 esr = (u32)read_sysreg(esr_el1);
	u64 far = read_sysreg(far_el1);

	if (ESR_EC(esr) == EC_DATA_KERNEL && in_uaccess(tf->pc)) {
		if (!(tf->pstate & PSR_I))
			allow_interrupts();
		if (is_page_fault(esr) && far < ARCH_USER_END) {
			page_fault(tf, far, fault_flags(esr, false));
			return;
		}
		if (kernel_fixup(tf))
			return;
	}
	switch (ESR_EC(esr)) {
	case EC_DATA_KERNEL:
		panic_frame(tf, "kernel %s of %016llx (syndrome %08x)", esr & ABORT_WRITE ? "write" : "read",
			    (unsigned long long)far, esr);
	case EC_INSN_KERNEL:
		panic_frame(tf, "kernel jump to %016llx (syndrome %08x)", (unsigned long long)far, esr);
	case EC_BRK:
		panic_frame(tf, "kernel trap instruction (syndrome %08x)", esr);
	}
	panic_frame(tf, "kernel exception (syndrome %08x, address %016llx)", esr, (unsigned long long)far);
}

void trap_stack_overflow(struct trapframe *tf)
{
	panic_frame(tf, "kernel stack overflow (address %016llx)", (unsigned long long)read_sysreg(far_el1));
}

/* The vectors that nothing should take: a fast interrupt, an SError, 32-bit code. */
void trap_error(struct trapframe *tf)
{
	panic_frame(tf, "unexpected exception (syndrome %08x, address %016llx)", (u32)read_sysreg(esr_el1),
		    (unsigned long long)read_sysreg(far_el1));
}

void irq_from_user(struct trapframe *tf)
{
	irqchip_handle(tf);
}

void irq_from_kernel(struct trapframe *tf)
{
	irqchip_handle(tf);
}

/* ---- frames ---- */

void tf_start_user(struct trapframe *tf, unsigned long pc, unsigned long sp)
{
	memset(tf, 0, sizeof(*tf));
	tf->pc = pc;
	tf->sp = sp;
	tf->pstate = PSR_EL0t;
	tf->syscallno = ~0UL;
}

/* Linux's valid_user_regs(): either a plain user's state, or only the condition flags are left of it. */
void arch_sanitise_frame(struct trapframe *tf, unsigned long old_flags)
{
	(void)old_flags;
	tf->pstate &= ~PSR_USER_RES0;
	if (!plain_user_state(tf->pstate))
		tf->pstate &= PSR_NZCV;
	tf->pstate &= ~(u64)PSR_SS;
}

void tf_print(const struct trapframe *tf)
{
	printk(KERN_EMERG "pc  %016llx  sp  %016llx  flags %08llx  orig_x0 %llx  nr %lld\n",
	       (unsigned long long)tf->pc, (unsigned long long)tf->sp, (unsigned long long)tf->pstate,
	       (unsigned long long)tf->orig_x0, (long long)tf->syscallno);
	for (unsigned i = 0; i < 28; i += 4)
		printk(KERN_EMERG "x%-2u %016llx  x%-2u %016llx  x%-2u %016llx  x%-2u %016llx\n",
		       i, (unsigned long long)tf->regs[i], i + 1, (unsigned long long)tf->regs[i + 1],
		       i + 2, (unsigned long long)tf->regs[i + 2], i + 3, (unsigned long long)tf->regs[i + 3]);
	printk(KERN_EMERG "x28 %016llx  fp  %016llx  lr  %016llx\n", (unsigned long long)tf->regs[28],
	       (unsigned long long)tf->regs[29], (unsigned long long)tf->regs[30]);
}
