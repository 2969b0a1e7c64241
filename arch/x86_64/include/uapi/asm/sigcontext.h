/* SPDX-License-Identifier: BSD-2-Clause */
/* The signal frame of x86_64 Linux. Source: Linux 6.1 arch/x86/include/uapi/asm/{sigcontext,ucontext}.h. */
#ifndef UAPI_ASM_SIGCONTEXT_H
#define UAPI_ASM_SIGCONTEXT_H

#include <janus/types.h>
#include <uapi/signal.h>

#define MINSIGSTKSZ 2048

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2;
	u64 fpstate;
	u64 reserved[8];
};
_Static_assert(sizeof(struct sigcontext) == 256, "the ABI");

#define UC_FP_XSTATE 1		/* fpstate is of XSAVE's format */
#define UC_SIGCONTEXT_SS 2	/* ss is saved */
#define UC_STRICT_RESTORE_SS 4	/* and is restored as it stands */

struct ucontext {
	u64 flags;
	u64 link;
	struct stack_t stack;
	struct sigcontext mcontext;
	sigset_t sigmask;
};

struct rt_sigframe {
	u64 pretcode;		/* the handler returns to it: SA_RESTORER's */
	struct ucontext uc;
	siginfo_t info;
};
_Static_assert(sizeof(struct rt_sigframe) == 440, "the ABI");

#endif
