// SPDX-License-Identifier: BSD-2-Clause
/*
 * A stopped thread's registers, as x86_64 Linux shows them to a tracer: the trap frame's 21 words and the segments
 * behind it; FP state in FXSAVE's and XSAVE's layout. Single-step is the trap flag, which the tracer does not see.
 */
#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/misc.h>
#include <arch/mmu.h>
#include <arch/ptrace.h>
#include <janus/cpu.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/uaccess.h>
#include <uapi/asm/ptrace.h>
#include <uapi/ptrace.h>

#define FRAME_WORDS 21

/* ---- general registers ---- */

static void regs_get(struct thread *t, void *buf)
{
	const struct trapframe *tf = arch_thread_frame(t);
	const struct arch_thread *at = &t->arch;
	struct user_regs_struct *r = buf;

	memcpy(r, &tf->r15, FRAME_WORDS * 8);
	if (at->forced_step)
		r->flags &= ~EFLAGS_TF;
	r->fs_base = at->fs_base;
	r->gs_base = at->gs_base;
	r->ds = at->ds;
	r->es = at->es;
	r->fs = at->fs;
	r->gs = at->gs;
}

/* Linux refuses selectors of the kernel's, and a null code or stack segment. */
static bool bad_selector(u64 value, bool may_be_null)
{
	u16 selector = (u16)value;

	return selector ? (selector & 3) != 3 : !may_be_null;
}

static int check_regs(const struct user_regs_struct *r)
{
	if (bad_selector(r->cs, false) || bad_selector(r->ss, false) || bad_selector(r->ds, true) ||
	    bad_selector(r->es, true) || bad_selector(r->fs, true) || bad_selector(r->gs, true))
		return -EIO;
	return r->fs_base >= ARCH_USER_END || r->gs_base >= ARCH_USER_END ? -EIO : 0;
}

/* The switch loads it without asking: a selector that cannot be loaded is null, as if the load had failed. */
static u16 loadable(u64 selector)
{
	u16 s = (u16)selector;

	return s == USER_DS || s == USER_CS || s == CPU_NUMBER_SELECTOR ? s : 0;
}

static int regs_set(struct thread *t, const void *buf)
{
	const struct user_regs_struct *r = buf;
	struct trapframe *tf = arch_thread_frame(t);
	struct arch_thread *at = &t->arch;
	u64 old_flags = tf->flags;
	int err = check_regs(r);

	if (err)
		return err;
	memcpy(&tf->r15, r, FRAME_WORDS * 8);
	if (r->flags & EFLAGS_TF)
		at->forced_step = false;	/* the tracer's own now */
	else if (at->forced_step)
		tf->flags |= EFLAGS_TF;
	/* popf can set the nested task flag; a tracer may too. */
	arch_sanitise_frame(tf, (old_flags & ~EFLAGS_NT) | (r->flags & EFLAGS_NT));
	at->fs_base = r->fs_base;
	at->gs_base = r->gs_base;
	at->ds = loadable(r->ds);
	at->es = loadable(r->es);
	at->fs = loadable(r->fs);
	at->gs = loadable(r->gs);
	at->user_cpu = -1;		/* no CPU's registers hold what was set */
	return 0;
}

/* ---- FP state ---- */

static void fxregs_get(struct thread *t, void *buf)
{
	memset(buf, 0, FXSAVE_SIZE);
	memcpy(buf, t->arch.fpu, FXSAVE_WRITTEN);
}

static int fxregs_set(struct thread *t, const void *buf)
{
	return fpu_set_legacy(t, buf);
}

static void xstate_get(struct thread *t, void *buf)
{
	fpu_get_extended(t, buf);
}

static int xstate_set(struct thread *t, const void *buf)
{
	return fpu_set_extended(t, buf);
}

/* ---- the sets ---- */

const struct regset *arch_regset(unsigned note)
{
	static const struct regset general = { NT_PRSTATUS, 8, sizeof(struct user_regs_struct), false,
					       regs_get, regs_set };
	static const struct regset legacy = { NT_PRFPREG, 4, FXSAVE_SIZE, false, fxregs_get, fxregs_set };
	static struct regset extended = { NT_X86_XSTATE, 8, 0, true, xstate_get, xstate_set };

	switch (note) {
	case NT_PRSTATUS:
		return &general;
	case NT_PRFPREG:
		return &legacy;
	case NT_X86_XSTATE:
		extended.size = (u32)fpu_extended_size();
		return extended.size ? &extended : NULL;
	}
	return NULL;
}

/* ---- struct user, word by word ---- */

static long peek_user(struct thread *t, unsigned long addr, uaddr_t data)
{
	struct user_regs_struct r;
	u64 value = 0;			/* also the debug registers': they cannot be set */

	if (addr & 7 || addr >= USER_SIZE)
		return -EIO;
	regs_get(t, &r);
	if (addr < sizeof(r))
		value = ((const u64 *)&r)[addr / 8];
	return put_user(value, u64, data);
}

/* There are no hardware breakpoints to be had: as on a machine where all are in use. */
static long poke_debugreg(unsigned n, u64 value)
{
	if (n == 4 || n == 5)
		return -EIO;
	return value && n != 6 ? -ENOSPC : 0;
}

static long poke_user(struct thread *t, unsigned long addr, u64 value)
{
	struct user_regs_struct r;

	if (addr & 7 || addr >= USER_SIZE)
		return -EIO;
	if (addr >= USER_DEBUGREG)
		return poke_debugreg((unsigned)(addr - USER_DEBUGREG) / 8, value);
	if (addr >= sizeof(r))
		return -EIO;
	regs_get(t, &r);
	((u64 *)&r)[addr / 8] = value;
	return regs_set(t, &r);
}

static long copy_set(struct thread *t, unsigned note, uaddr_t data, bool set)
{
	const struct regset *rs = arch_regset(note);
	u8 buf[FXSAVE_SIZE] __aligned(16);

	if (set)
		return copy_from_user(buf, data, rs->size) ? -EFAULT : rs->set(t, buf);
	rs->get(t, buf);
	return copy_to_user(data, buf, rs->size) ? -EFAULT : 0;
}

long arch_ptrace(struct thread *t, long request, unsigned long addr, uaddr_t data)
{
	switch (request) {
	case PTRACE_PEEKUSR:
		return peek_user(t, addr, data);
	case PTRACE_POKEUSR:
		return poke_user(t, addr, data);
	case PTRACE_GETREGS:
	case PTRACE_SETREGS:
		return copy_set(t, NT_PRSTATUS, data, request == PTRACE_SETREGS);
	case PTRACE_GETFPREGS:
	case PTRACE_SETFPREGS:
		return copy_set(t, NT_PRFPREG, data, request == PTRACE_SETFPREGS);
	case PTRACE_ARCH_PRCTL:
		return thread_arch_prctl(t, (int)data, addr);
	}
	return -EIO;
}

/* ---- stepping and stopping ---- */

const bool arch_restarts_before_stop = false;
const int arch_call_step_code = TRAP_BRKPT;

/* A program that steps itself has the flag of its own: that one is neither hidden nor taken away. */
void arch_single_step(struct thread *t, bool on)
{
	struct trapframe *tf = arch_thread_frame(t);

	if (on && !(tf->flags & EFLAGS_TF)) {
		tf->flags |= EFLAGS_TF;
		t->arch.forced_step = true;
		tf_touch(tf);
	} else if (!on && t->arch.forced_step) {
		tf->flags &= ~EFLAGS_TF;
		t->arch.forced_step = false;
	}
}

void arch_trace_calls(const struct thread *t)
{
	(void)t;
	wrmsr(MSR_LSTAR, (u64)user_syscall_traced);
}

void arch_untrace_calls(void)
{
	wrmsr(MSR_LSTAR, (u64)user_syscall);
}

unsigned long arch_syscall_stop_begin(struct trapframe *tf, bool exit)
{
	(void)tf;
	(void)exit;
	return 0;
}

void arch_syscall_stop_end(struct trapframe *tf, bool exit, unsigned long word)
{
	(void)exit;
	(void)word;
	tf_take_args(tf);	/* the tracer may have changed any register */
}
