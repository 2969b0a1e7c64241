/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: the trap frame. Its first 34 words are Linux's struct user_pt_regs.
 */
#ifndef ARCH_IMPL_TRAPFRAME_H
#define ARCH_IMPL_TRAPFRAME_H

#include <janus/types.h>

struct trapframe {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
	u64 orig_x0;		/* x0 is both first argument and result: the argument, for restarts */
	u64 syscallno;		/* x8 at a system call, else -1; the number is its low word */
};

#define USER_PT_REGS_SIZE (34 * 8)

_Static_assert(sizeof(struct trapframe) == 288, "entry.S counts on it");
_Static_assert(offsetof(struct trapframe, orig_x0) == USER_PT_REGS_SIZE, "Linux's user_pt_regs");

#define PSR_MODE_MASK	0x0000000fu
#define PSR_EL0t	0x0u
#define PSR_MODE32	0x00000010u
#define PSR_F		0x00000040u
#define PSR_I		0x00000080u
#define PSR_A		0x00000100u
#define PSR_D		0x00000200u
#define PSR_BTYPE	0x00000c00u
#define PSR_SS		0x00200000u
#define PSR_TCO		0x02000000u
#define PSR_NZCV	0xf0000000u
/* Bits that are reserved in an AArch64 user's PSTATE (Linux: SPSR_EL1_AARCH64_RES0_BITS). */
#define PSR_USER_RES0	(~0UL << 32 | 0x3UL << 26 | 0x3UL << 22 | 0xffUL << 13)

/* Of what a frame or a tracer brings, nothing but a plain user's state is taken. */
static inline bool plain_user_state(u64 pstate)
{
	return !(pstate & (PSR_MODE_MASK | PSR_MODE32 | PSR_D | PSR_A | PSR_I | PSR_F));
}

static inline bool tf_user_mode(const struct trapframe *tf) { return !(tf->pstate & PSR_MODE_MASK); }
static inline unsigned long tf_pc(const struct trapframe *tf) { return tf->pc; }
static inline void tf_set_pc(struct trapframe *tf, unsigned long pc) { tf->pc = pc; }
static inline unsigned long tf_sp(const struct trapframe *tf) { return tf->sp; }
static inline void tf_set_sp(struct trapframe *tf, unsigned long sp) { tf->sp = sp; }
static inline unsigned long tf_frame_pointer(const struct trapframe *tf) { return tf->regs[29]; }

static inline long tf_syscall_nr(const struct trapframe *tf) { return (s32)tf->syscallno; }
static inline void tf_set_syscall_nr(struct trapframe *tf, long nr) { tf->syscallno = (u64)nr; }
static inline void tf_clear_syscall(struct trapframe *tf) { tf->syscallno = ~0UL; }

static inline unsigned long tf_syscall_arg(const struct trapframe *tf, unsigned n)
{
	return n ? tf->regs[n] : tf->orig_x0;
}

static inline long tf_return(const struct trapframe *tf) { return (long)tf->regs[0]; }
static inline void tf_set_return(struct trapframe *tf, long value) { tf->regs[0] = (u64)value; }

static inline void tf_undo_result(struct trapframe *tf) { tf->regs[0] = tf->orig_x0; }
static inline void tf_take_args(struct trapframe *tf) { tf->orig_x0 = tf->regs[0]; }

/* svc is four bytes long; x1 to x8 are still the user's. */
static inline void tf_restart_syscall(struct trapframe *tf)
{
	tf->regs[0] = tf->orig_x0;
	tf->pc -= 4;
}

static inline void tf_restart_syscall_as(struct trapframe *tf, long nr)
{
	tf->regs[8] = (u64)nr;
	tf_restart_syscall(tf);
}

#endif
