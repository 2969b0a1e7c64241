/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every way into the kernel and out of it. The other machine's entry file has the same parts in the same
 * order, with the same labels; only the instructions differ. Everything that can be C is C.
 *
 * In user mode sp_el0 is the user's stack pointer and sp_el1 the top of the thread's kernel stack; in
 * the kernel sp_el0 is current and tpidr_el1 this CPU.
 */
#include <generated/asm_offsets.h>

/* ---- 1. offsets and macros ---- */

#define EC_SHIFT	26
#define EC_SVC64	0x15
#define DAIF_ALL	0xf	/* debug, SError, interrupts, fast interrupts */
#define DAIF_ALLOW	0x7	/* all but debug exceptions */
#define STACK_BIT	14	/* KERNEL_STACK_SIZE: clear in every address of a kernel stack */

	/* Store every register into a trap frame, whose room is already below sp. */
	.macro save_frame from_user
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	stp	x18, x19, [sp, #16 * 9]
	stp	x20, x21, [sp, #16 * 10]
	stp	x22, x23, [sp, #16 * 11]
	stp	x24, x25, [sp, #16 * 12]
	stp	x26, x27, [sp, #16 * 13]
	stp	x28, x29, [sp, #16 * 14]
	mrs	x22, elr_el1
	mrs	x23, spsr_el1
	.if \from_user
	mrs	x21, sp_el0
	mrs	x20, tpidr_el1
	ldr	x20, [x20, #CPU_RUNNING]
	msr	sp_el0, x20			/* current */
	mov	x29, xzr			/* the last frame record */
	.else
	add	x21, sp, #TF_SIZE
	.endif
	stp	x30, x21, [sp, #TF_LR]
	stp	x22, x23, [sp, #TF_PC]
	.endm

	/* Mark a frame as no system call's. */
	.macro no_syscall
	mov	x22, #-1
	stp	x22, x22, [sp, #TF_ORIG_X0]
	.endm

	/* Load every register from the frame at sp and drop it. */
	.macro restore_frame to_user
	ldp	x22, x23, [sp, #TF_PC]
	ldp	x30, x21, [sp, #TF_LR]
	msr	elr_el1, x22
	msr	spsr_el1, x23
	.if \to_user
	msr	sp_el0, x21
	.endif
	ldp	x0, x1, [sp, #16 * 0]
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x18, x19, [sp, #16 * 9]
	ldp	x20, x21, [sp, #16 * 10]
	ldp	x22, x23, [sp, #16 * 11]
	ldp	x24, x25, [sp, #16 * 12]
	ldp	x26, x27, [sp, #16 * 13]
	ldp	x28, x29, [sp, #16 * 14]
	add	sp, sp, #TF_SIZE
	.endm

	/* Make room for a frame on a kernel stack. No register is free: sp and x0 change places. */
	.macro kernel_frame
	sub	sp, sp, #TF_SIZE
	add	sp, sp, x0
	sub	x0, sp, x0
	tbnz	x0, #STACK_BIT, stack_overflow
	sub	x0, sp, x0
	sub	sp, sp, x0
	.endm

	.macro global name
	.global	\name
	.type	\name, %function
\name:
	.endm

	.macro vector target
	.balign	0x80
	b	\target
	.endm

	.text

/* ---- 2. vectors (branches only) ---- */

	/* A table; `syscall` is where a user's exceptions and calls go. */
	.macro table syscall
	/* from the kernel on sp_el0: never */
	vector	.Lkernel_error
	vector	.Lkernel_error
	vector	.Lkernel_error
	vector	.Lkernel_error
	/* from the kernel: synchronous, interrupt, fast interrupt, SError */
	vector	kernel_trap
	vector	kernel_irq
	vector	.Lkernel_error
	vector	.Lkernel_error
	/* from a 64-bit user */
	vector	\syscall
	vector	user_irq
	vector	.Luser_error
	vector	.Luser_error
	/* from a 32-bit user: never */
	vector	.Luser_error
	vector	.Luser_error
	vector	.Luser_error
	vector	.Luser_error
	.endm

	.balign	0x800
global vectors
	table	user_syscall
	.balign	0x800
global vectors_traced
	table	user_syscall_traced

/* ---- 3. entry from user ---- */

	/* An exception: handled on the thread's own stack, by C, which turns interrupts on when it may. */
global user_trap
	no_syscall
	mov	x0, sp
	bl	trap_from_user
	b	return_to_user

	/* A device, the timer, or another CPU: interrupts stay off. */
global user_irq
	sub	sp, sp, #TF_SIZE
	save_frame 1
	no_syscall
	mov	x0, sp
	bl	irq_from_user
	b	return_to_user

.Luser_error:
	sub	sp, sp, #TF_SIZE
	save_frame 1
	no_syscall
	mov	x0, sp
	bl	trap_error
	b	return_to_user

/* ---- 4. syscall ---- */

	/*
	 * svc shares its vector with the traps: theirs is the frame already saved. `dispatch` is C, and its first six
	 * arguments are where the user's are.
	 */
	.macro syscall dispatch
	sub	sp, sp, #TF_SIZE
	save_frame 1
	mrs	x19, esr_el1
	lsr	x19, x19, #EC_SHIFT
	cmp	x19, #EC_SVC64
	b.ne	user_trap
	/* the number, and the argument that the result will replace */
	stp	x0, x8, [sp, #TF_ORIG_X0]
	mov	x6, x8				/* the seventh is the number */
	msr	daifclr, #DAIF_ALLOW
	bl	\dispatch
	str	x0, [sp]			/* x0 is the frame's first word */
	b	return_to_user
	.endm

global user_syscall
	syscall	syscall_dispatch

	/* The same for a thread whose calls are watched: arch_switch_to() puts its table in the other's place. */
global user_syscall_traced
	syscall	syscall_dispatch_traced

/* ---- 5. entry from kernel ---- */

	/* An exception in kernel code: a fault on user memory, or a bug. */
global kernel_trap
	kernel_frame
	save_frame 0
	no_syscall
	mov	x0, sp
	bl	trap_from_kernel
	b	return_to_kernel

	/* An interrupt. Kernel code is not preempted: go back to it. */
global kernel_irq
	kernel_frame
	save_frame 0
	no_syscall
	mov	x0, sp
	bl	irq_from_kernel
	b	return_to_kernel

	/* The kernel stack is full: report it on a stack of this CPU's own. x0 is sp, sp is x0 + sp. No return. */
global stack_overflow
	msr	tpidrro_el0, x0
	sub	x0, sp, x0
	msr	tpidr_el0, x0
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #CPU_OVERFLOW_STACK]
	sub	sp, x0, #TF_SIZE
	mrs	x0, tpidr_el0
	save_frame 0
	no_syscall
	mrs	x21, tpidrro_el0
	add	x21, x21, #TF_SIZE
	str	x21, [sp, #TF_SP]
	mov	x0, sp
	bl	trap_stack_overflow
	b	.

.Lkernel_error:
	kernel_frame
	save_frame 0
	no_syscall
	mov	x0, sp
	bl	trap_error
	b	return_to_kernel

/* ---- 6. return (the only way out to user) ---- */

	/* The stack pointer is at the frame. One test of one word says whether anything is left to do. */
global return_to_user
	msr	daifset, #DAIF_ALL
	mrs	x19, sp_el0
	ldr	w0, [x19, #THREAD_FLAGS]
	tst	w0, #EXIT_WORK
	b.ne	2f
1:	restore_frame 1
	eret
2:	mov	x0, sp
	bl	exit_to_user_work
	b	1b

global return_to_kernel
	msr	daifset, #DAIF_ALL
	restore_frame 0
	eret

/* ---- 7. thread start ---- */

	/*
	 * Where the first switch to a thread goes: x0 is the thread before it, x19 a function or 0, x20 its
	 * argument, and the stack pointer is at the user's frame.
	 */
global thread_entry
	mov	x29, xzr
	bl	thread_start
	cbz	x19, return_to_user
	mov	x0, x20
	blr	x19
	b	return_to_user
