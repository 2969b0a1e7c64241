// SPDX-License-Identifier: BSD-2-Clause
/*
 * A stopped thread's registers, as arm64 Linux shows them to a tracer: sets by note type, and nothing else. Single-step
 * is the machine's own: one instruction with PSTATE.SS, then a trap, while MDSCR_EL1.SS is on.
 */
#include <arch/cpu.h>
#include <arch/misc.h>
#include <arch/ptrace.h>
#include <arch/thread.h>
#include <janus/cpu.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <uapi/asm/ptrace.h>
#include <uapi/errno.h>
#include <uapi/signal.h>

#define MDSCR_SS 1

/* ---- register sets ---- */

static void regs_get(struct thread *t, void *buf)
{
	memcpy(buf, arch_thread_frame(t), USER_PT_REGS_SIZE);
}

static int regs_set(struct thread *t, const void *buf)
{
	struct trapframe new = *arch_thread_frame(t);

	memcpy(&new, buf, USER_PT_REGS_SIZE);
	if (!plain_user_state(new.pstate))
		return -EINVAL;
	arch_sanitise_frame(&new, 0);
	*arch_thread_frame(t) = new;
	return 0;
}

static void fpregs_get(struct thread *t, void *buf)
{
	const struct fpu_state *fpu = &t->arch.fpu;
	struct user_fpsimd_state *s = buf;

	memset(s, 0, sizeof(*s));
	memcpy(s->vregs, fpu->vregs, sizeof(s->vregs));
	s->fpsr = fpu->fpsr;
	s->fpcr = fpu->fpcr;
}

static int fpregs_set(struct thread *t, const void *buf)
{
	const struct user_fpsimd_state *s = buf;
	struct fpu_state *fpu = &t->arch.fpu;

	memcpy(fpu->vregs, s->vregs, sizeof(s->vregs));
	fpu->fpsr = s->fpsr;
	fpu->fpcr = s->fpcr;
	t->arch.fpu_cpu = FPU_NO_CPU;	/* no CPU's registers hold what was set */
	return 0;
}

static void tls_get(struct thread *t, void *buf)
{
	memcpy(buf, &t->arch.tls, sizeof(t->arch.tls));
}

static int tls_set(struct thread *t, const void *buf)
{
	memcpy(&t->arch.tls, buf, sizeof(t->arch.tls));
	return 0;
}

static void call_get(struct thread *t, void *buf)
{
	*(s32 *)buf = (s32)tf_syscall_nr(arch_thread_frame(t));
}

static int call_set(struct thread *t, const void *buf)
{
	tf_set_syscall_nr(arch_thread_frame(t), *(const s32 *)buf);
	return 0;
}

const struct regset *arch_regset(unsigned note)
{
	static const struct regset sets[] = {
		{ NT_PRSTATUS, 8, USER_PT_REGS_SIZE, false, regs_get, regs_set },
		{ NT_PRFPREG, 4, sizeof(struct user_fpsimd_state), false, fpregs_get, fpregs_set },
		{ NT_ARM_TLS, 8, 8, false, tls_get, tls_set },
		{ NT_ARM_SYSTEM_CALL, 4, 4, false, call_get, call_set },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(sets); i++)
		if (sets[i].note == note)
			return &sets[i];
	return NULL;
}

long arch_ptrace(struct thread *t, long request, unsigned long addr, uaddr_t data)
{
	(void)t;
	(void)request;
	(void)addr;
	(void)data;
	return -EIO;
}

/* ---- stepping and stopping ---- */

const bool arch_restarts_before_stop = true;
const int arch_call_step_code = SI_USER;

void arch_single_step(struct thread *t, bool on)
{
	struct trapframe *tf = arch_thread_frame(t);

	if (on)
		tf->pstate |= PSR_SS;
	else
		tf->pstate &= ~(u64)PSR_SS;
}

static void use_vectors(const char *table, u64 mdscr)
{
	write_sysreg(vbar_el1, table);
	write_sysreg(mdscr_el1, mdscr);
	isb();
}

void arch_trace_calls(const struct thread *t)
{
	extern const char vectors_traced[];

	/* On with PSTATE.SS clear means: trap before the next instruction. */
	use_vectors(vectors_traced, t->flags & TF_SINGLE_STEP ? MDSCR_SS : 0);
}

void stop_stepping(void)
{
	write_sysreg(mdscr_el1, 0);
	isb();
}

void arch_untrace_calls(void)
{
	extern const char vectors[];

	use_vectors(vectors, 0);
}

/* The tracer finds in x7 which stop it is, and may change the first argument in x0. */
unsigned long arch_syscall_stop_begin(struct trapframe *tf, bool exit)
{
	unsigned long saved = tf->regs[7];

	tf->regs[7] = exit;
	return saved;
}

void arch_syscall_stop_end(struct trapframe *tf, bool exit, unsigned long word)
{
	tf->regs[7] = word;
	if (!exit)
		tf_take_args(tf);
}
