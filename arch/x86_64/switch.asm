; SPDX-License-Identifier: BSD-2-Clause
;
; The switch between two kernel stacks. C saves what it must around a call, so what is left are the
; registers that a called function preserves. A new thread's stack is made so that the `ret` goes to
; thread_entry (arch_thread_init, arch_thread_fork).

%include "generated/asm_offsets.inc"

section .entry progbits alloc exec nowrite align=16
bits 64

; struct thread *switch_stack(struct thread *prev, struct thread *next): returns prev, on next's stack.
global switch_stack
switch_stack:
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[rdi + THREAD_KSP], rsp
	mov	rsp, [rsi + THREAD_KSP]
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	mov	rax, rdi
	ret
