; SPDX-License-Identifier: BSD-2-Clause
;
; What of the vDSO is not C (core/time/vdso/clock.c): time(2) and getcpu(2), which only this machine has there.

%include "generated/asm_offsets.inc"

section .text progbits alloc exec nowrite align=16
bits 64

extern __vdso_clock_gettime

; long __vdso_time(long *t)
global __vdso_time:function
__vdso_time:
	push	rbx
	sub	rsp, 16
	mov	rbx, rdi
	xor	edi, edi			; CLOCK_REALTIME
	mov	rsi, rsp
	call	__vdso_clock_gettime
	mov	rax, [rsp]
	test	rbx, rbx
	jz	.done
	mov	[rbx], rax
.done:
	add	rsp, 16
	pop	rbx
	ret

; long __vdso_getcpu(unsigned *cpu, unsigned *node, void *): the limit of a segment of ours is the number
global __vdso_getcpu:function
__vdso_getcpu:
	mov	eax, CPU_NUMBER_SELECTOR
	lsl	eax, eax
	test	rdi, rdi
	jz	.node
	mov	[rdi], eax
.node:
	test	rsi, rsi
	jz	.done
	mov	dword [rsi], 0
.done:
	xor	eax, eax
	ret
