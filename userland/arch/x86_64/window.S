/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doors of `janus compare`: each function enters the kernel by exactly one instruction, whose address is
 * NAME_trap, and the user's next instruction is at NAME_back. The other machine has the same.
 */
	.section .note.GNU-stack, "", @progbits
	.text

/* long window_call(long nr, const long args[6]) */
	.globl	window_call, window_call_trap, window_call_back
window_call:
	mov	%rdi, %rax
	mov	%rsi, %r11
	mov	0(%r11), %rdi
	mov	8(%r11), %rsi
	mov	16(%r11), %rdx
	mov	24(%r11), %r10
	mov	32(%r11), %r8
	mov	40(%r11), %r9
window_call_trap:
	syscall
window_call_back:
	ret

/* long window_nothing(long nr, const long args[6]): the same, and no trap */
	.globl	window_nothing
window_nothing:
	mov	%rdi, %rax
	mov	%rsi, %r11
	mov	0(%r11), %rdi
	mov	8(%r11), %rsi
	mov	16(%r11), %rdx
	mov	24(%r11), %r10
	mov	32(%r11), %r8
	mov	40(%r11), %r9
	nop
	ret

/* long window_function(long function, const long args[6]): no trap, a call with the first two of args */
	.globl	window_function, window_function_trap, window_function_back
window_function:
	sub	$8, %rsp
	mov	%rdi, %rax
	mov	8(%rsi), %r11
	mov	0(%rsi), %rdi
	mov	%r11, %rsi
window_function_trap:
	call	*%rax
window_function_back:
	add	$8, %rsp
	ret

/* long window_store(void *to) */
	.globl	window_store, window_store_trap, window_store_back
window_store:
	xor	%eax, %eax
window_store_trap:
	movb	$1, (%rdi)
window_store_back:
	ret

/* long window_load(const void *from) */
	.globl	window_load, window_load_trap, window_load_back
window_load:
window_load_trap:
	movzbl	(%rdi), %eax
window_load_back:
	ret
