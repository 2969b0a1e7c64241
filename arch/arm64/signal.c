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
#include <uapi/asm/sigcontext.h>

_Static_assert(offsetof(struct trapframe, orig_x0) == sizeof(((struct sigcontext *)0)->regs), "copied whole");

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
	return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

/* Where the frame goes. As on Linux, a full alternate stack is run over, not noticed. */
static uaddr_t frame_address(const struct ksignal *ks, const struct trapframe *tf)
{
	const struct thread *t = current;
	unsigned long sp = tf->sp;

	if (ks->action.flags & SA_ONSTACK && t->altstack_size && !on_altstack(t, sp))
		sp = t->altstack_sp + t->altstack_size;
	return ALIGN_DOWN(sp - sizeof(struct frame_record), 16) - sizeof(struct rt_sigframe);
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
		.stack = { t->altstack_sp, (s32)t->altstack_flags, 0, t->altstack_size },
		.mask = ks->saved_mask,
	};

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
	if (write_frame(frame, ks, tf))
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

/* As sigaltstack(2), but what is wrong with it is passed over. */
static void restore_altstack(const struct stack_t *stack, uaddr_t sp)
{
	struct thread *t = current;
	u32 mode = (u32)stack->flags & ~SS_AUTODISARM;

	if (on_altstack(t, sp) || (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE))
		return;
	if (mode == SS_DISABLE) {
		t->altstack_sp = t->altstack_size = 0;
	} else if (stack->size >= MINSIGSTKSZ) {
		t->altstack_sp = stack->sp;
		t->altstack_size = stack->size;
	} else {
		return;
	}
	t->altstack_flags = (u32)stack->flags;
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
	restore_altstack(&stack, tf->sp);
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
