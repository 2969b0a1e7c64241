/* SPDX-License-Identifier: BSD-2-Clause */
/* The signal frame of this machine: siginfo, ucontext, and a row of records of what else was saved. */
#ifndef UAPI_ASM_SIGCONTEXT_H
#define UAPI_ASM_SIGCONTEXT_H

#include <uapi/signal.h>

struct context_head {
	u32 magic, size;
};

#define FPSIMD_MAGIC	0x46508001u
#define ESR_MAGIC	0x45535201u
#define EXTRA_MAGIC	0x45585401u
#define RECORDS_SIZE	4096
#define MINSIGSTKSZ	5120

/* Magic, size, fpsr, fpcr, and the vector registers: struct fpu_state. */
#define FPSIMD_SIZE	528

struct esr_context {
	struct context_head head;
	u64 esr;
};

struct sigcontext {
	u64 fault_address;
	u64 regs[34];		/* struct user_pt_regs: x0..x30, sp, pc, pstate */
	u8 records[RECORDS_SIZE] __aligned(16);
};

struct ucontext {
	u64 flags, link;
	struct stack_t stack;
	sigset_t mask;
	u8 unused[120];		/* a mask of 1024 bits would fit */
	struct sigcontext mcontext __aligned(16);
};

struct rt_sigframe {
	siginfo_t info;
	struct ucontext uc;
};

/* What is above the frame, lowest address first. */
struct frame_record {
	u64 fp, lr;
};

_Static_assert(sizeof(struct rt_sigframe) == 4688, "the ABI");
_Static_assert(offsetof(struct sigcontext, records) == 288, "the ABI");

#endif
