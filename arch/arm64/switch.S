/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From one thread to another: arm64. And the FP/vector registers, which C code here cannot name.
 */
#include <generated/asm_offsets.h>

	.arch	armv8-a+fp+simd
	.text

/*
 * struct thread *switch_stack(struct thread *prev, struct thread *next)
 *
 * Saves what a C function keeps for its caller, takes next's, and makes next current. Interrupts are
 * off. Returns prev, in next's context.
 */
	.global	switch_stack
	.type	switch_stack, %function
switch_stack:
	mov	x9, sp
	mrs	x10, tpidr_el1
	stp	x19, x20, [x0, #THREAD_SAVED + 16 * 0]
	stp	x21, x22, [x0, #THREAD_SAVED + 16 * 1]
	stp	x23, x24, [x0, #THREAD_SAVED + 16 * 2]
	stp	x25, x26, [x0, #THREAD_SAVED + 16 * 3]
	stp	x27, x28, [x0, #THREAD_SAVED + 16 * 4]
	stp	x29, x30, [x0, #THREAD_SAVED + 16 * 5]
	str	x9, [x0, #THREAD_SP]
	ldp	x19, x20, [x1, #THREAD_SAVED + 16 * 0]
	ldp	x21, x22, [x1, #THREAD_SAVED + 16 * 1]
	ldp	x23, x24, [x1, #THREAD_SAVED + 16 * 2]
	ldp	x25, x26, [x1, #THREAD_SAVED + 16 * 3]
	ldp	x27, x28, [x1, #THREAD_SAVED + 16 * 4]
	ldp	x29, x30, [x1, #THREAD_SAVED + 16 * 5]
	ldr	x9, [x1, #THREAD_SP]
	mov	sp, x9
	msr	sp_el0, x1
	str	x1, [x10, #CPU_RUNNING]
	ret

/* void fpu_save(struct fpu_state *to) */
	.global	fpu_save
	.type	fpu_save, %function
fpu_save:
	stp	q0, q1, [x0, #FPU_VREGS + 16 * 0]
	stp	q2, q3, [x0, #FPU_VREGS + 16 * 2]
	stp	q4, q5, [x0, #FPU_VREGS + 16 * 4]
	stp	q6, q7, [x0, #FPU_VREGS + 16 * 6]
	stp	q8, q9, [x0, #FPU_VREGS + 16 * 8]
	stp	q10, q11, [x0, #FPU_VREGS + 16 * 10]
	stp	q12, q13, [x0, #FPU_VREGS + 16 * 12]
	stp	q14, q15, [x0, #FPU_VREGS + 16 * 14]
	stp	q16, q17, [x0, #FPU_VREGS + 16 * 16]
	stp	q18, q19, [x0, #FPU_VREGS + 16 * 18]
	stp	q20, q21, [x0, #FPU_VREGS + 16 * 20]
	stp	q22, q23, [x0, #FPU_VREGS + 16 * 22]
	stp	q24, q25, [x0, #FPU_VREGS + 16 * 24]
	stp	q26, q27, [x0, #FPU_VREGS + 16 * 26]
	stp	q28, q29, [x0, #FPU_VREGS + 16 * 28]
	stp	q30, q31, [x0, #FPU_VREGS + 16 * 30]
	mrs	x1, fpsr
	mrs	x2, fpcr
	stp	w1, w2, [x0, #FPU_FPSR]
	ret

/* void fpu_load(const struct fpu_state *from) */
	.global	fpu_load
	.type	fpu_load, %function
fpu_load:
	ldp	q0, q1, [x0, #FPU_VREGS + 16 * 0]
	ldp	q2, q3, [x0, #FPU_VREGS + 16 * 2]
	ldp	q4, q5, [x0, #FPU_VREGS + 16 * 4]
	ldp	q6, q7, [x0, #FPU_VREGS + 16 * 6]
	ldp	q8, q9, [x0, #FPU_VREGS + 16 * 8]
	ldp	q10, q11, [x0, #FPU_VREGS + 16 * 10]
	ldp	q12, q13, [x0, #FPU_VREGS + 16 * 12]
	ldp	q14, q15, [x0, #FPU_VREGS + 16 * 14]
	ldp	q16, q17, [x0, #FPU_VREGS + 16 * 16]
	ldp	q18, q19, [x0, #FPU_VREGS + 16 * 18]
	ldp	q20, q21, [x0, #FPU_VREGS + 16 * 20]
	ldp	q22, q23, [x0, #FPU_VREGS + 16 * 22]
	ldp	q24, q25, [x0, #FPU_VREGS + 16 * 24]
	ldp	q26, q27, [x0, #FPU_VREGS + 16 * 26]
	ldp	q28, q29, [x0, #FPU_VREGS + 16 * 28]
	ldp	q30, q31, [x0, #FPU_VREGS + 16 * 30]
	ldp	w1, w2, [x0, #FPU_FPSR]
	msr	fpsr, x1
	msr	fpcr, x2
	ret
