/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal frames, in Linux's layout of each machine. Called by core/process/signal.c in the context of
 * the thread itself, on its way to user mode, interrupts on.
 */
#ifndef ARCH_SIGNAL_H
#define ARCH_SIGNAL_H

#include <janus/types.h>

struct trapframe;
struct ksignal;

/*
 * Build the frame of ks on the user's stack (or the alternate one) and aim tf at the handler. The mask
 * to save is ks->saved_mask. 0, or -EFAULT when the stack cannot be written: core then forces SIGSEGV.
 */
int arch_signal_deliver(struct ksignal *ks, struct trapframe *tf);

/*
 * rt_sigreturn: restore registers, FP/vector state, the mask (set_blocked()) and the alternate stack from the
 * frame at the user's stack pointer. Every value is hostile: no privilege may be gained. Returns 0 or -EFAULT.
 */
int arch_sigreturn(struct trapframe *tf);

#endif
