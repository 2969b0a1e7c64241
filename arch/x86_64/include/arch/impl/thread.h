/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's half of a thread. Owned by the thread; see arch/thread.h. */
#ifndef ARCH_IMPL_THREAD_H
#define ARCH_IMPL_THREAD_H

#include <janus/types.h>

/*
 * Room for x87, SSE and AVX. AVX-512 is not enabled: its 2 KiB a thread would be paid by all. The
 * layout is XSAVE's standard format, or FXSAVE's first 512 bytes where there is no XSAVE.
 */
#define FPU_STATE_SIZE 832

struct arch_thread {
	u8 fpu[FPU_STATE_SIZE] __aligned(64);	/* while it does not run, or another owns the registers */
	u64 ksp;		/* saved kernel stack pointer while it does not run */
	u64 kstack_top;		/* one past the highest byte of the kernel stack */
	u64 fs_base, gs_base;	/* while it does not run; live in the registers otherwise */
	u16 ds, es, fs, gs;	/* selectors, the same; nearly always 0 */
	bool user_fpu;		/* it has user state: it is or was in user mode */
	bool forced_step;	/* EFLAGS.TF is a tracer's doing */
	s8 user_cpu;		/* CPU whose registers may still hold its FP and segment state, or -1 */
	/* the last fault, as signal frames tell it */
	u32 trap_nr, error_code;
	u64 cr2;
};

#endif
