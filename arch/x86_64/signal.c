// SPDX-License-Identifier: BSD-2-Clause
/*
 * Signal frames, as x86_64 Linux lays them out: below the red zone or on the alternate stack, first the FP state
 * (aligned to 64), below it the frame. What comes back by rt_sigreturn is a user's word for all registers:
 * it is cut down to what popf and user selectors allow, and an impossible return address is a signal again.
 */
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/misc.h>
#include <arch/mmu.h>
#include <arch/signal.h>
#include <arch/trapframe.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/uaccess.h>
#include <uapi/asm/sigcontext.h>

#define RED_ZONE 128

/* Never less than what sigaltstack(2) insists on. */
unsigned long arch_minsigstksz(void)
{
	size_t frame = sizeof(struct rt_sigframe) + 8 + fpu_frame_size + 64 + RED_ZONE;

	return max_t(size_t, MINSIGSTKSZ, ALIGN_UP(frame, 16));
}

/* Is sp on the alternate stack? One that disarms itself is never "on". */
static bool on_altstack(const struct thread *t, uaddr_t sp)
{
	if (t->altstack_flags & SS_AUTODISARM)
		return false;
	return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

/* Where the frame goes, and its FP state above it; 0 when the stack cannot be. */
static uaddr_t place_frame(const struct ksignal *ks, const struct trapframe *tf, uaddr_t *fpstate)
{
	const struct thread *t = current;
	uaddr_t sp = tf->sp - RED_ZONE;
	bool on = on_altstack(t, tf->sp), entering = false;

	if (ks->action.flags & SA_ONSTACK && t->altstack_size && !on) {
		sp = t->altstack_sp + t->altstack_size;
		entering = true;
	}
	*fpstate = ALIGN_DOWN(sp - fpu_frame_size, 64);
	sp = ALIGN_DOWN(*fpstate - sizeof(struct rt_sigframe), 16) - 8;
	if (on && !on_altstack(t, sp))
		return 0;	/* the alternate stack is full */
	if (entering && sp < t->altstack_sp)
		return 0;
	return access_ok(sp, sizeof(struct rt_sigframe)) && access_ok(*fpstate, fpu_frame_size) ? sp : 0;
}

static void fill_sigcontext(struct sigcontext *sc, const struct trapframe *tf, uaddr_t fpstate, sigset_t mask)
{
	const struct arch_thread *at = &current->arch;

	/* One by one: an initialiser would clear all of it first. */
	sc->r8 = tf->r8, sc->r9 = tf->r9, sc->r10 = tf->r10, sc->r11 = tf->r11;
	sc->r12 = tf->r12, sc->r13 = tf->r13, sc->r14 = tf->r14, sc->r15 = tf->r15;
	sc->di = tf->di, sc->si = tf->si, sc->bp = tf->bp, sc->bx = tf->bx;
	sc->dx = tf->dx, sc->ax = tf->ax, sc->cx = tf->cx, sc->sp = tf->sp;
	sc->ip = tf->ip, sc->flags = tf->flags;
	sc->cs = (u16)tf->cs, sc->gs = 0, sc->fs = 0, sc->ss = (u16)tf->ss;
	sc->err = at->error_code, sc->trapno = at->trap_nr, sc->oldmask = mask, sc->cr2 = at->cr2;
	sc->fpstate = fpstate;
	memset(sc->reserved, 0, sizeof(sc->reserved));
}

int arch_signal_deliver(struct ksignal *ks, struct trapframe *tf)
{
	struct thread *t = current;
	struct rt_sigframe frame;
	uaddr_t fpstate, sp = place_frame(ks, tf, &fpstate);

	if (!sp || !(ks->action.flags & SA_RESTORER))
		return -EFAULT;
	frame.pretcode = ks->action.restorer;
	frame.uc.flags = (cpu_features.xsave ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	frame.uc.link = 0;
	frame.uc.stack = (struct stack_t){ t->altstack_sp, (s32)t->altstack_flags, 0, t->altstack_size };
	fill_sigcontext(&frame.uc.mcontext, tf, fpstate, ks->saved_mask);
	frame.uc.sigmask = ks->saved_mask;
	memcpy(&frame.info, &ks->info, SIGINFO_USED);
	memset((u8 *)&frame.info + SIGINFO_USED, 0, sizeof(frame.info) - SIGINFO_USED);
	if (fpu_frame_save(fpstate) || copy_struct_out(sp, &frame))
		return -EFAULT;
	tf->di = (u64)ks->signo;
	tf->si = sp + offsetof(struct rt_sigframe, info);
	tf->dx = sp + offsetof(struct rt_sigframe, uc);
	tf->ax = 0;
	tf->ip = ks->action.handler;
	tf->sp = sp;
	tf->cs = USER_CS;
	tf->ss = USER_DS;
	tf->flags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
	tf_touch(tf);
	return 0;
}

static void restore_registers(struct trapframe *tf, const struct ucontext *uc)
{
	const struct sigcontext *sc = &uc->mcontext;
	u64 old_flags = tf->flags;

	tf->r8 = sc->r8, tf->r9 = sc->r9, tf->r10 = sc->r10, tf->r11 = sc->r11;
	tf->r12 = sc->r12, tf->r13 = sc->r13, tf->r14 = sc->r14, tf->r15 = sc->r15;
	tf->di = sc->di, tf->si = sc->si, tf->bp = sc->bp, tf->bx = sc->bx;
	tf->dx = sc->dx, tf->ax = sc->ax, tf->cx = sc->cx, tf->sp = sc->sp;
	tf->ip = sc->ip, tf->flags = sc->flags, tf->cs = sc->cs;
	tf->ss = uc->flags & UC_STRICT_RESTORE_SS ? sc->ss : USER_DS;
	tf_clear_syscall(tf);
	arch_sanitise_frame(tf, old_flags);
}

/* As sigaltstack(2), but what is wrong with it is passed over. */
static void restore_altstack(const struct stack_t *ss, uaddr_t sp)
{
	struct thread *t = current;
	u32 mode = (u32)ss->flags & ~SS_AUTODISARM;

	if (on_altstack(t, sp) || (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE))
		return;
	if (mode == SS_DISABLE) {
		t->altstack_sp = t->altstack_size = 0;
	} else if (ss->size >= MINSIGSTKSZ) {
		t->altstack_sp = ss->sp;
		t->altstack_size = ss->size;
	} else {
		return;
	}
	t->altstack_flags = (u32)ss->flags;
}

int arch_sigreturn(struct trapframe *tf)
{
	uaddr_t at = tf->sp - 8 + offsetof(struct rt_sigframe, uc);	/* the handler's ret took pretcode */
	struct ucontext uc;

	if (copy_struct_in(&uc, at))
		return -EFAULT;
	set_blocked(uc.sigmask);
	restore_registers(tf, &uc);
	if (fpu_frame_restore(uc.mcontext.fpstate)) {
		fpu_reset(current);
		return -EFAULT;
	}
	restore_altstack(&uc.stack, tf->sp);
	return 0;
}
