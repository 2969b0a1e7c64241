/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trap frame: a user's (or interrupted kernel's) registers as entry code saved them at the top of
 * the kernel stack. Its register part is Linux's own layout (struct user_regs_struct, first 21 words;
 * struct user_pt_regs), so what ptrace shows and what a signal frame holds are copies. Its size is a
 * multiple of 16. Only the owner thread touches its frame, or a tracer while the owner is stopped.
 *
 * All inline but the ones that say otherwise.
 */
#ifndef ARCH_TRAPFRAME_H
#define ARCH_TRAPFRAME_H

#include <janus/types.h>

#include <arch/impl/trapframe.h>	/* struct trapframe */

static inline bool tf_user_mode(const struct trapframe *tf);
static inline unsigned long tf_pc(const struct trapframe *tf);
static inline void tf_set_pc(struct trapframe *tf, unsigned long pc);
static inline unsigned long tf_sp(const struct trapframe *tf);
static inline void tf_set_sp(struct trapframe *tf, unsigned long sp);
static inline unsigned long tf_frame_pointer(const struct trapframe *tf);

/* The number of the system call this frame came in by, or -1 (also after tf_clear_syscall()). */
static inline long tf_syscall_nr(const struct trapframe *tf);
static inline void tf_set_syscall_nr(struct trapframe *tf, long nr);
static inline void tf_clear_syscall(struct trapframe *tf);	/* no restart is to be considered */
static inline unsigned long tf_syscall_arg(const struct trapframe *tf, unsigned n);	/* n: 0..5 */

static inline long tf_return(const struct trapframe *tf);
static inline void tf_set_return(struct trapframe *tf, long value);
/* the result's register is again as the call came in with */
static inline void tf_undo_result(struct trapframe *tf);
/* a tracer changed registers: the call's arguments are those */
static inline void tf_take_args(struct trapframe *tf);

/* Go back to the trap instruction with the original number and arguments; or call `nr` instead. */
static inline void tf_restart_syscall(struct trapframe *tf);
static inline void tf_restart_syscall_as(struct trapframe *tf, long nr);

/* A fresh program: all registers zero, user mode, at pc with sp. */
void tf_start_user(struct trapframe *tf, unsigned long pc, unsigned long sp);

/* Print the frame in the canonical form both faces share: one "name value" grid. Any context. */
void tf_print(const struct trapframe *tf);

#endif
