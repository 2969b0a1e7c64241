/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trap frame. Its register part is the first 21 words of Linux's user_regs_struct. The kernel's own
 * word lies below it, since the processor pushes the frame's upper end itself, at an aligned address.
 */
#ifndef ARCH_IMPL_TRAPFRAME_H
#define ARCH_IMPL_TRAPFRAME_H

#include <janus/types.h>

#define SYSCALL_INSN_SIZE 2	/* syscall: 0f 05; int 0x80: cd 80 */

struct trapframe {
	u64 trap;	/* TRAP_*: what the kernel adds */
	u64 r15, r14, r13, r12, bp, bx;
	u64 r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 orig_ax;	/* system call number, or -1 */
	u64 ip, cs, flags, sp, ss;
};

/*
 * tf->trap is 0 for a frame that sysret can restore as it stands: made by `syscall`, with plain flags, and
 * not touched since but for ax. TRAP_FULL (where EFLAGS has TF) sends it through iretq; whoever writes another
 * register sets it. A trap's frame has it from the start, with its vector and error code.
 */
#define TRAP_FULL (1UL << 8)
#define TRAP_VECTOR(trap) ((unsigned)((trap) & 0xff))
#define TRAP_ERROR(trap) ((u32)((trap) >> 32))

static inline void tf_touch(struct trapframe *tf) { tf->trap |= TRAP_FULL; }

static inline bool tf_user_mode(const struct trapframe *tf) { return tf->cs & 3; }
static inline unsigned long tf_pc(const struct trapframe *tf) { return tf->ip; }

static inline void tf_set_pc(struct trapframe *tf, unsigned long pc)
{
	tf->ip = pc;
	tf_touch(tf);
}

static inline unsigned long tf_sp(const struct trapframe *tf) { return tf->sp; }

static inline void tf_set_sp(struct trapframe *tf, unsigned long sp)
{
	tf->sp = sp;
	tf_touch(tf);
}

static inline unsigned long tf_frame_pointer(const struct trapframe *tf) { return tf->bp; }

/* eax says which call, as on Linux; a restart brings all of rax back. */
static inline long tf_syscall_nr(const struct trapframe *tf) { return (int)tf->orig_ax; }
static inline void tf_set_syscall_nr(struct trapframe *tf, long nr) { tf->orig_ax = (u64)nr; }
static inline void tf_clear_syscall(struct trapframe *tf) { tf->orig_ax = ~0UL; }

static inline unsigned long tf_syscall_arg(const struct trapframe *tf, unsigned n)
{
	switch (n) {
	case 0: return tf->di;
	case 1: return tf->si;
	case 2: return tf->dx;
	case 3: return tf->r10;
	case 4: return tf->r8;
	default: return tf->r9;
	}
}

static inline long tf_return(const struct trapframe *tf) { return (long)tf->ax; }
static inline void tf_set_return(struct trapframe *tf, long value) { tf->ax = (u64)value; }

static inline void tf_undo_result(struct trapframe *tf) { tf->ax = tf->orig_ax; }
static inline void tf_take_args(struct trapframe *tf) { tf_touch(tf); }

static inline void tf_restart_syscall_as(struct trapframe *tf, long nr)
{
	tf->ax = (u64)nr;
	tf->ip -= SYSCALL_INSN_SIZE;
	tf_touch(tf);
}

static inline void tf_restart_syscall(struct trapframe *tf) { tf_restart_syscall_as(tf, (long)tf->orig_ax); }

_Static_assert(sizeof(struct trapframe) == 22 * 8, "the frame is 21 words of Linux's and one of ours");
_Static_assert(sizeof(struct trapframe) % 16 == 0, "calls from entry code find the stack aligned");

#endif
