/* SPDX-License-Identifier: BSD-2-Clause */
/* ptrace(2) of x86_64 Linux. Sources: Linux 6.1 arch/x86/include/uapi/asm/ptrace-abi.h and asm/user_64.h. */
#ifndef UAPI_ASM_PTRACE_H
#define UAPI_ASM_PTRACE_H

#include <janus/types.h>

#define PTRACE_GETREGS 12
#define PTRACE_SETREGS 13
#define PTRACE_GETFPREGS 14
#define PTRACE_SETFPREGS 15
#define PTRACE_ARCH_PRCTL 30

#define NT_PRSTATUS 1
#define NT_PRFPREG 2
#define NT_X86_XSTATE 0x202

struct user_regs_struct {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 orig_ax, ip, cs, flags, sp, ss;
	u64 fs_base, gs_base, ds, es, fs, gs;
};
_Static_assert(sizeof(struct user_regs_struct) == 216, "the ABI");

/* struct user, which PEEKUSR and POKEUSR see: the registers, then what nobody fills in, at last the debug registers. */
#define USER_SIZE 912
#define USER_DEBUGREG 848

#endif
