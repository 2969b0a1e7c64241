/* SPDX-License-Identifier: BSD-2-Clause */
/* ptrace(2) of arm64 Linux: only register sets. Sources: Linux 6.1 include/uapi/linux/elf.h, arm64's asm/ptrace.h. */
#ifndef UAPI_ASM_PTRACE_H
#define UAPI_ASM_PTRACE_H

#include <janus/types.h>

#define NT_PRSTATUS 1
#define NT_PRFPREG 2
#define NT_ARM_TLS 0x401
#define NT_ARM_SYSTEM_CALL 0x404

struct user_fpsimd_state {
	u64 vregs[32][2];
	u32 fpsr, fpcr;
	u32 reserved[2];
};
_Static_assert(sizeof(struct user_fpsimd_state) == 528, "the ABI");

#endif
