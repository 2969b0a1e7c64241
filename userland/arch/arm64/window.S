/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doors of `janus compare`: each function enters the kernel by exactly one instruction, whose address is
 * NAME_trap, and the user's next instruction is at NAME_back. The other machine has the same.
 */
	.section .note.GNU-stack, "", %progbits
	.text

/* long window_call(long nr, const long args[6]) */
	.globl	window_call, window_call_trap, window_call_back
window_call:
	mov	x8, x0
	mov	x9, x1
	ldp	x0, x1, [x9, #0]
	ldp	x2, x3, [x9, #16]
	ldp	x4, x5, [x9, #32]
window_call_trap:
	svc	#0
window_call_back:
	ret

/* long window_nothing(long nr, const long args[6]): the same, and no trap */
	.globl	window_nothing
window_nothing:
	mov	x8, x0
	mov	x9, x1
	ldp	x0, x1, [x9, #0]
	ldp	x2, x3, [x9, #16]
	ldp	x4, x5, [x9, #32]
	nop
	ret

/* long window_function(long function, const long args[6]): no trap, a call with the first two of args */
	.globl	window_function, window_function_trap, window_function_back
window_function:
	stp	x29, x30, [sp, #-16]!
	mov	x8, x0
	ldp	x0, x1, [x1]
window_function_trap:
	blr	x8
window_function_back:
	ldp	x29, x30, [sp], #16
	ret

/* long window_store(void *to) */
	.globl	window_store, window_store_trap, window_store_back
window_store:
	mov	x1, x0
	mov	w0, wzr
	mov	w2, #1
window_store_trap:
	strb	w2, [x1]
window_store_back:
	ret

/* long window_load(const void *from) */
	.globl	window_load, window_load_trap, window_load_back
window_load:
window_load_trap:
	ldrb	w0, [x0]
window_load_back:
	ret
