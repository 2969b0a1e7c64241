// SPDX-License-Identifier: BSD-2-Clause
/*
 * The structure offsets and constants that this architecture's assembly needs (arch/asm_offsets_gen.h).
 */
#include <arch/asm_offsets_gen.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <arch/mmu.h>
#include <janus/thread.h>
#include <uapi/errno.h>

void asm_offsets(void);
void asm_offsets(void)
{
	OFFSET(FRAME_TRAP, trapframe, trap);
	OFFSET(FRAME_R15, trapframe, r15);
	OFFSET(FRAME_R10, trapframe, r10);
	OFFSET(FRAME_R9, trapframe, r9);
	OFFSET(FRAME_R8, trapframe, r8);
	OFFSET(FRAME_AX, trapframe, ax);
	OFFSET(FRAME_DX, trapframe, dx);
	OFFSET(FRAME_SI, trapframe, si);
	OFFSET(FRAME_DI, trapframe, di);
	OFFSET(FRAME_ORIG_AX, trapframe, orig_ax);
	OFFSET(FRAME_IP, trapframe, ip);
	OFFSET(FRAME_CS, trapframe, cs);
	OFFSET(FRAME_FLAGS, trapframe, flags);
	OFFSET(FRAME_SP, trapframe, sp);
	OFFSET(FRAME_SS, trapframe, ss);
	SIZE(FRAME_SIZE, trapframe);
	DEFINE(TRAP_FULL, TRAP_FULL);

	OFFSET(CPU_SCRATCH, cpu, arch.scratch);
	OFFSET(CPU_RSP0, cpu, arch.tss.rsp0);
	OFFSET(CPU_CURRENT, cpu, running);
	OFFSET(THREAD_KSP, thread, arch.ksp);
	OFFSET(THREAD_FLAGS, thread, flags);
	DEFINE(THREAD_EXIT_WORK, TF_EXIT_WORK);

	DEFINE(USER_CS, USER_CS);
	DEFINE(USER_DS, USER_DS);
	DEFINE(CPU_NUMBER_SELECTOR, CPU_NUMBER_SELECTOR);
	DEFINE(MSR_GS_BASE, (int)MSR_GS_BASE);
	DEFINE(MSR_EFER, (int)MSR_EFER);
	DEFINE(EFER_LME, EFER_LME);
	DEFINE(CR0_PE, CR0_PE);
	DEFINE(CR0_MP, CR0_MP);
	DEFINE(CR0_EM, CR0_EM);
	DEFINE(CR0_TS, CR0_TS);
	DEFINE(CR0_NE, CR0_NE);
	DEFINE(CR0_WP, CR0_WP);
	DEFINE(CR0_PG, (int)CR0_PG);
	DEFINE(CR4_PAE, CR4_PAE);
	DEFINE(ENOSYS, ENOSYS);
	DEFINE(EFAULT, EFAULT);

	DEFINE(FPU_XFEATURES, FPU_XFEATURES);
	DEFINE(IMAGE_BASE, ARCH_IMAGE_BASE);
	DEFINE(DIRECT_MAP_SLOT, (ARCH_DIRECT_MAP >> PT_SHIFT(3)) & (PT_ENTRIES - 1));
	DEFINE(BOOT_TABLE, X86_PTE_P | X86_PTE_W | X86_PTE_A);
	DEFINE(BOOT_BLOCK, X86_PTE_P | X86_PTE_W | X86_PTE_A | X86_PTE_D | X86_PTE_PS);
	DEFINE(BOOT_CS32, 0x08);
	DEFINE(BOOT_CS, 0x10);
	DEFINE(BOOT_DS, 0x18);
	DEFINE(BOOT_LINUX, BOOT_LINUX);
	DEFINE(BOOT_PVH, BOOT_PVH);
	DEFINE(SECONDARY_START_PAGE, SECONDARY_START_PAGE);
}
