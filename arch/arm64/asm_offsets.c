// SPDX-License-Identifier: BSD-2-Clause
/*
 * The structure offsets that this architecture's assembly needs (arch/asm_offsets_gen.h).
 */
#include <arch/asm_offsets_gen.h>
#include <janus/cpu.h>
#include <janus/thread.h>

void asm_offsets(void);
void asm_offsets(void)
{
	OFFSET(TF_SP, trapframe, sp);
	OFFSET(TF_LR, trapframe, regs[30]);
	OFFSET(TF_PC, trapframe, pc);
	OFFSET(TF_ORIG_X0, trapframe, orig_x0);
	SIZE(TF_SIZE, trapframe);

	OFFSET(THREAD_SAVED, thread, arch.saved);
	OFFSET(THREAD_SP, thread, arch.sp);
	OFFSET(THREAD_FLAGS, thread, flags);
	DEFINE(EXIT_WORK, TF_EXIT_WORK);
	DEFINE(THREAD_IS_KERNEL_BIT, __builtin_ctz(TF_KERNEL));

	OFFSET(CPU_RUNNING, cpu, running);
	OFFSET(CPU_OVERFLOW_STACK, cpu, arch.overflow_stack);
	SIZE(CPU_SIZE, cpu);

	DEFINE(KERNEL_STACK_SIZE, KSTACK_SIZE);
	DEFINE(KERNEL_STACK_ALIGN, KSTACK_ALIGN);

	OFFSET(FPU_FPSR, fpu_state, fpsr);
	OFFSET(FPU_VREGS, fpu_state, vregs);
}
