// SPDX-License-Identifier: BSD-2-Clause
/*
 * Signal frames, in the layout of Linux on this machine: struct rt_sigframe, and above it a frame record
 * that lets an unwinder go on in what was interrupted. The handler returns into the vDSO's trampoline.
 *
 * Behind the registers is a row of records: FP state always, the syndrome of a fault, and the end.
 */
#include <arch/misc.h>
#include <arch/mmu.h>
#include <arch/signal.h>
#include <arch/thread.h>
#include <arch/trapframe.h>
#include <arch/impl/vdso.h>
#include <janus/cpu.h>
#include <janus/mm.h>
#include <janus/signal.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/uaccess.h>

struct context_head {
	u32 magic, size;
};

#define FPSIMD_MAGIC	0x46508001u
#define ESR_MAGIC	0x45535201u
#define EXTRA_MAGIC	0x45585401u
#define RECORDS_SIZE	4096

struct fpsimd_context {
	struct context_head head;
	u32 fpsr, fpcr;
	u64 vregs[32][2];
};

struct esr_context {
	struct context_head head;
	u64 esr;
};

struct sigcontext {
	u64 fault_address;
	u64 regs[34];		/* struct user_pt_regs: x0..x30, sp, pc, pstate */
	u8 records[RECORDS_SIZE] __aligned(16);
};

struct ucontext {
	u64 flags, link;
	struct stack_t stack;
	sigset_t mask;
	u8 unused[120];		/* a mask of 1024 bits would fit */
	struct sigcontext mcontext __aligned(16);
};

struct rt_sigframe {
	siginfo_t info;
	struct ucontext uc;
};

/* What is above the frame, lowest address first. */
struct frame_record {
	u64 fp, lr;
};

_Static_assert(sizeof(struct rt_sigframe) == 4688, "the ABI");
_Static_assert(offsetof(struct sigcontext, records) == 288, "the ABI");
_Static_assert(sizeof(struct fpsimd_context) == 528, "the ABI");
_Static_assert(offsetof(struct trapframe, orig_x0) == sizeof(((struct sigcontext *)0)->regs), "the ABI");

#define CONTEXT(member) (offsetof(struct rt_sigframe, uc.mcontext) + offsetof(struct sigcontext, member))

/* The part of a frame that is not the program's own state, up to the saved registers. */
struct frame_top {
	siginfo_t info;
	u64 flags, link;
	struct stack_t stack;
	sigset_t mask;
};

/* ---- delivery ---- */

static bool on_altstack(const struct thread *t, unsigned long sp)
{
	/* with SS_AUTODISARM the stack is as if never in use */
	if (t->altstack_flags & SS_AUTODISARM)
		return false;
	return t->altstack_size && sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

/* Where the frame goes: 0 when it would run off the alternate stack. */
static uaddr_t frame_address(const struct ksignal *ks, const struct trapframe *tf)
{
	const struct thread *t = current;
	unsigned long sp = tf->sp;
	bool already = on_altstack(t, sp);

	if (ks->action.flags & SA_ONSTACK && t->altstack_size && !already)
		sp = t->altstack_sp + t->altstack_size;
	sp = ALIGN_DOWN(sp - sizeof(struct frame_record), 16) - sizeof(struct rt_sigframe);
	if (already && !on_altstack(t, sp))
		return 0;
	return sp;
}

/* The records behind the registers; 0 or -EFAULT. */
static int write_records(uaddr_t at)
{
	struct arch_thread *arch = &current->arch;
	struct {
		struct context_head head;
		u32 fpsr, fpcr;
	} fp = { { FPSIMD_MAGIC, sizeof(struct fpsimd_context) }, 0, 0 };
	struct {
		struct esr_context esr;
		struct context_head end[2];
	} tail = { { { ESR_MAGIC, sizeof(struct esr_context) }, arch->fault_esr }, { { 0, 0 } } };
	size_t skip = arch->fault_esr ? 0 : sizeof(tail.esr);

	fpu_save(&arch->fpu);
	fp.fpsr = arch->fpu.fpsr;
	fp.fpcr = arch->fpu.fpcr;
	if (copy_to_user(at, &fp, sizeof(fp)) ||
	    copy_to_user(at + sizeof(fp), arch->fpu.vregs, sizeof(arch->fpu.vregs)))
		return -EFAULT;
	if (copy_to_user(at + sizeof(struct fpsimd_context), (char *)&tail + skip, sizeof(tail) - skip))
		return -EFAULT;
	return 0;
}

static int write_frame(uaddr_t frame, const struct ksignal *ks, const struct trapframe *tf)
{
	struct thread *t = current;
	struct frame_record record = { tf->regs[29], tf->regs[30] };
	struct {
		u64 fault_address;
		u64 regs[34];
	} context;
	struct frame_top top = {
		.info = ks->info,
		.stack = { .sp = t->altstack_sp, .size = t->altstack_size,
			   .flags = (s32)t->altstack_flags },
		.mask = ks->saved_mask,
	};

	if (!t->altstack_size)
		top.stack.flags = SS_DISABLE;
	else if (on_altstack(t, tf->sp))
		top.stack.flags |= SS_ONSTACK;
	context.fault_address = t->arch.fault_address;
	memcpy(context.regs, tf, sizeof(context.regs));
	if (copy_struct_out(frame, &top) || copy_struct_out(frame + CONTEXT(fault_address), &context) ||
	    copy_struct_out(frame + sizeof(struct rt_sigframe), &record))
		return -EFAULT;
	return write_records(frame + CONTEXT(records));
}

/* An exception's signal: its cause is what this and later frames show, as on Linux. */
static void take_cause(const struct ksignal *ks)
{
	struct arch_thread *at = &current->arch;
	bool exception = ks->signo == SIGSEGV || ks->signo == SIGBUS || ks->signo == SIGILL;

	if (exception && ks->info.si_code > 0 && ks->info.si_code != SI_KERNEL) {
		at->fault_address = at->cause_address;
		at->fault_esr = at->cause_esr;
	}
}

int arch_signal_deliver(struct ksignal *ks, struct trapframe *tf)
{
	uaddr_t frame = frame_address(ks, tf);

	take_cause(ks);
	if (!frame || write_frame(frame, ks, tf))
		return -EFAULT;
	tf->regs[0] = (u64)ks->signo;
	if (ks->action.flags & SA_SIGINFO) {
		tf->regs[1] = frame + offsetof(struct rt_sigframe, info);
		tf->regs[2] = frame + offsetof(struct rt_sigframe, uc);
	}
	tf->sp = frame;
	tf->regs[29] = frame + sizeof(struct rt_sigframe);
	tf->regs[30] = ks->action.flags & SA_RESTORER ? ks->action.restorer :
							current->mm->sigreturn_page + VDSO_SIGTRAMP;
	tf->pc = ks->action.handler;
	tf->pstate &= ~(u64)(PSR_BTYPE | PSR_TCO | PSR_SS);
	return 0;
}

/* ---- sigreturn ---- */

/* Walk the records, which the program may have changed, for the one of FP state; its offset or -EINVAL. */
static int find_fpsimd(uaddr_t records)
{
	struct context_head head;
	int found = -EINVAL;

	for (u32 at = 0; at <= RECORDS_SIZE - sizeof(head);) {
		if (copy_struct_in(&head, records + at))
			return -EFAULT;
		if (!head.magic)
			return head.size ? -EINVAL : found;
		if (head.size < sizeof(head) || head.size & 15 || head.size > RECORDS_SIZE - at)
			return -EINVAL;
		if (head.magic == FPSIMD_MAGIC) {
			if (found >= 0 || head.size != sizeof(struct fpsimd_context))
				return -EINVAL;
			found = (int)at;
		} else if (head.magic != ESR_MAGIC) {
			return -EINVAL;
		}
		at += head.size;
	}
	return -EINVAL;
}

static int restore_fpu(uaddr_t records)
{
	struct fpsimd_context fp;
	struct fpu_state state;
	int at = find_fpsimd(records);

	if (at < 0)
		return at;
	if (copy_struct_in(&fp, records + (u32)at))
		return -EFAULT;
	memcpy(state.vregs, fp.vregs, sizeof(state.vregs));
	state.fpsr = fp.fpsr;
	state.fpcr = fp.fpcr;
	fpu_load(&state);	/* straight into the registers: no switch can come between */
	return 0;
}

/* sigaltstack(2)'s rules are core's; here only what a frame of our own making can say. */
static void restore_altstack(const struct stack_t *stack)
{
	struct thread *t = current;
	u32 mode = (u32)stack->flags & ~SS_AUTODISARM;

	if (on_altstack(t, arch_thread_frame(t)->sp) || (mode & ~(SS_ONSTACK | SS_DISABLE)))
		return;
	if (mode & SS_DISABLE) {
		t->altstack_sp = 0;
		t->altstack_size = 0;
		t->altstack_flags = SS_DISABLE;
	} else if (stack->size >= 5120) {	/* MINSIGSTKSZ of this machine */
		t->altstack_sp = stack->sp;
		t->altstack_size = stack->size;
		t->altstack_flags = (u32)stack->flags & SS_AUTODISARM;
	}
}

/* All of it is the program's to write: nothing but a plain user's state comes back. */
static bool plain_user_state(u64 pstate)
{
	return !(pstate & (PSR_MODE_MASK | PSR_MODE32 | PSR_D | PSR_A | PSR_I | PSR_F));
}

int arch_sigreturn(struct trapframe *tf)
{
	uaddr_t frame = tf->sp;
	struct stack_t stack;
	sigset_t mask;
	u64 regs[34];

	tf_clear_syscall(tf);
	if (frame & 15 || !access_ok(frame, sizeof(struct rt_sigframe)))
		return -EFAULT;
	if (copy_struct_in(&mask, frame + offsetof(struct rt_sigframe, uc.mask)) ||
	    copy_struct_in(&regs, frame + CONTEXT(regs)) ||
	    copy_struct_in(&stack, frame + offsetof(struct rt_sigframe, uc.stack)))
		return -EFAULT;
	set_blocked(mask & ~KILL_STOP_MASK);
	memcpy(tf, regs, sizeof(regs));
	arch_sanitise_frame(tf);
	if (!plain_user_state(regs[33]) || restore_fpu(frame + CONTEXT(records)))
		return -EFAULT;
	restore_altstack(&stack);
	return 0;
}

const void *arch_vdso_image(size_t *size)
{
	extern const char vdso_image[], vdso_image_end[];

	*size = (size_t)(vdso_image_end - vdso_image);
	return vdso_image;
}

/* The frame, its record, and room to align: Linux's get_sigframe_size_max without SVE. */
unsigned long arch_minsigstksz(void)
{
	return sizeof(struct rt_sigframe) + sizeof(struct frame_record) + 16;
}
