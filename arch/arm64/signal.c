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
#include <janus/thread.h>
#include <janus/uaccess.h>
#include <uapi/asm/sigcontext.h>

_Static_assert(offsetof(struct trapframe, orig_x0) == sizeof(((struct sigcontext *)0)->regs), "copied whole");

#define CONTEXT(member) (offsetof(struct rt_sigframe, uc.mcontext) + offsetof(struct sigcontext, member))

_Static_assert(sizeof(struct fpu_state) == FPSIMD_SIZE, "copied whole");

/* What of a ucontext is before the registers. */
struct ucontext_head {
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
		struct esr_context esr;
		struct context_head end[2];
	} tail = { { { ESR_MAGIC, sizeof(struct esr_context) }, arch->fault_esr }, { { 0, 0 } } };
	size_t skip = arch->fault_esr ? 0 : sizeof(tail.esr);

	/* A switch in between saves the same registers to the same place. */
	fpu_save(&arch->fpu);
	arch->fpu.magic = FPSIMD_MAGIC;
	arch->fpu.size = FPSIMD_SIZE;
	if (copy_to_user(at, &arch->fpu, FPSIMD_SIZE) ||
	    copy_to_user(at + FPSIMD_SIZE, (char *)&tail + skip, sizeof(tail) - skip))
		return -EFAULT;
	return 0;
}

static int write_frame(uaddr_t frame, const struct ksignal *ks, const struct trapframe *tf)
{
	struct thread *t = current;
	struct frame_record record = { tf->regs[29], tf->regs[30] };
	struct ucontext_head head = {
		.stack = { t->altstack_sp, (s32)t->altstack_flags, 0, t->altstack_size },
		.mask = ks->saved_mask,
	};

	if (copy_siginfo_to_user(frame, &ks->info) ||
	    copy_struct_out(frame + offsetof(struct rt_sigframe, uc), &head) ||
	    put_user(t->arch.fault_address, u64, frame + CONTEXT(fault_address)) ||
	    copy_to_user(frame + CONTEXT(regs), tf, USER_PT_REGS_SIZE) ||
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

/*
 * Read the records, which the program may have changed: exactly one is FP state, syndromes are passed over,
 * anything else is not ours. 0, -EFAULT or -EINVAL.
 */
static int read_records(uaddr_t records, struct fpu_state *fpu)
{
	struct context_head head;
	bool found = false;

	for (u32 at = 0; at <= RECORDS_SIZE - sizeof(head); at += head.size) {
		if (copy_struct_in(&head, records + at))
			return -EFAULT;
		if (!head.magic)
			return head.size || !found ? -EINVAL : 0;
		if (head.size < sizeof(head) || head.size & 15 || head.size > RECORDS_SIZE - at)
			return -EINVAL;
		if (head.magic == FPSIMD_MAGIC) {
			if (found || head.size != FPSIMD_SIZE)
				return -EINVAL;
			if (copy_struct_in(fpu, records + at))
				return -EFAULT;
			found = true;
		} else if (head.magic != ESR_MAGIC) {
			return -EINVAL;
		}
	}
	return -EINVAL;
}

static int restore_fpu(uaddr_t records)
{
	struct fpu_state state;
	int err = read_records(records, &state);

	if (!err)
		fpu_load(&state);	/* straight into the registers: no switch can come between */
	return err;
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

int arch_sigreturn(struct trapframe *tf)
{
	uaddr_t frame = tf->sp;
	struct ucontext_head head;
	bool plain;
	size_t left;

	tf_clear_syscall(tf);
	if (frame & 15 || !access_ok(frame, sizeof(struct rt_sigframe)) ||
	    copy_struct_in(&head, frame + offsetof(struct rt_sigframe, uc)))
		return -EFAULT;
	set_blocked(head.mask & ~KILL_STOP_MASK);
	left = copy_from_user(tf, frame + CONTEXT(regs), USER_PT_REGS_SIZE);
	plain = plain_user_state(tf->pstate);
	arch_sanitise_frame(tf, 0);	/* whatever came of the copy */
	if (left || !plain || restore_fpu(frame + CONTEXT(records)))
		return -EFAULT;
	restore_altstack(&head.stack, tf->sp);
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
