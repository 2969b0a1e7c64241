; SPDX-License-Identifier: BSD-2-Clause
;
; User memory: the instructions that touch it, and only here is SMAP open (USER_OPEN,
; USER_CLOSE). A fault at an instruction named by FIXUP goes on at its fixup, when core cannot resolve it.
;
; Eight bytes at a time by `rep movsq`: fast on silicon from some tens of bytes on, and one event each in
; an emulator. A fault inside it is gone over again byte by byte, so that the count is exact.

%include "generated/asm_offsets.inc"
%include "smap.inc"

; The next instruction may fault on a user's address: then %1.
%macro FIXUP 1
%%insn:
	[section .extable progbits alloc noexec nowrite align=4]
	dd	%%insn - $
	dd	%1 - $
	__?SECT?__
%endmacro

section .text.uaccess progbits alloc exec nowrite align=16
bits 64

; ---- blocks: rdi to, rsi from, rdx bytes; returns the bytes not copied ----

global arch_copy_from_user, arch_copy_to_user
	align	16
arch_copy_from_user:
arch_copy_to_user:
	mov	rcx, rdx
	USER_OPEN
	shr	rcx, 3
	jz	.tail
	FIXUP	.words_fault
	rep movsq
.tail:
	mov	ecx, edx
	and	ecx, 7
	jz	.done
.bytes:
	FIXUP	.done
	rep movsb
.done:
	USER_CLOSE
	mov	rax, rcx
	ret
.words_fault:
	and	edx, 7
	lea	rcx, [rdx + rcx * 8]
	jmp	.bytes

; rdi to, rsi bytes
global arch_clear_user
	align	16
arch_clear_user:
	xor	eax, eax
	mov	rcx, rsi
	USER_OPEN
	shr	rcx, 3
	FIXUP	.words_fault
	rep stosq
	mov	ecx, esi
	and	ecx, 7
.bytes:
	FIXUP	.done
	rep stosb
.done:
	USER_CLOSE
	mov	rax, rcx
	ret
.words_fault:
	and	esi, 7
	lea	rcx, [rsi + rcx * 8]
	jmp	.bytes

; ---- strings ----

; rdi to, rsi from, rdx room; returns the length, room when there was no NUL, or -EFAULT
global arch_strncpy_from_user
	align	16
arch_strncpy_from_user:
	xor	eax, eax			; bytes copied
	mov	r9, 0x0101010101010101
	mov	r10, 0x8080808080808080
	USER_OPEN
.word:
	lea	rcx, [rax + 8]
	cmp	rcx, rdx
	ja	.byte
	FIXUP	.byte				; perhaps the string ends before the page does
	mov	r8, [rsi + rax]
	mov	[rdi + rax], r8
	mov	rcx, r8
	sub	r8, r9
	not	rcx
	and	r8, rcx
	and	r8, r10				; the high bit of each zero byte, the lowest exact
	jnz	.found
	add	rax, 8
	jmp	.word
.found:
	bsf	r8, r8
	shr	r8d, 3
	add	rax, r8
.done:
	USER_CLOSE
	ret
.byte:
	cmp	rax, rdx
	jae	.done
	FIXUP	.fault
	mov	cl, [rsi + rax]
	mov	[rdi + rax], cl
	test	cl, cl
	jz	.done
	add	rax, 1
	jmp	.byte
.fault:
	USER_CLOSE
	mov	rax, -EFAULT
	ret

; ---- scalars ----

; rdi value, rsi from, edx size; 0 or -EFAULT
global arch_get_user
	align	16
arch_get_user:
	USER_OPEN
	cmp	edx, 4
	jb	.small
	ja	.eight
	FIXUP	user_fault
	mov	eax, [rsi]
	jmp	.done
.eight:
	FIXUP	user_fault
	mov	rax, [rsi]
	jmp	.done
.small:
	cmp	edx, 2
	jb	.one
	FIXUP	user_fault
	movzx	eax, word [rsi]
	jmp	.done
.one:
	FIXUP	user_fault
	movzx	eax, byte [rsi]
.done:
	USER_CLOSE
	mov	[rdi], rax
	xor	eax, eax
	ret

; rdi value, rsi to, edx size; 0 or -EFAULT
global arch_put_user
	align	16
arch_put_user:
	xor	eax, eax
	USER_OPEN
	cmp	edx, 4
	jb	.small
	ja	.eight
	FIXUP	user_fault
	mov	[rsi], edi
	USER_CLOSE
	ret
.eight:
	FIXUP	user_fault
	mov	[rsi], rdi
	USER_CLOSE
	ret
.small:
	cmp	edx, 2
	jb	.one
	FIXUP	user_fault
	mov	[rsi], di
	USER_CLOSE
	ret
.one:
	FIXUP	user_fault
	mov	[rsi], dil
	USER_CLOSE
	ret

; rdi old, rsi addr, edx expected, ecx desired; 0 or -EFAULT
global arch_cmpxchg_user
	align	16
arch_cmpxchg_user:
	mov	eax, edx
	USER_OPEN
	FIXUP	user_fault
	lock cmpxchg [rsi], ecx
	USER_CLOSE
	mov	[rdi], eax
	xor	eax, eax
	ret

; ---- FP state, straight to and from a signal frame: rdi the 64-byte aligned area; 0 or -EFAULT ----

global fpu_xsave_user, fpu_xrstor_user, fpu_fxsave_user, fpu_fxrstor_user
	align	16
fpu_xsave_user:
	mov	eax, FPU_XFEATURES
	xor	edx, edx
	USER_OPEN
	FIXUP	user_fault
	xsave64	[rdi]
	jmp	user_done

; rsi: the components to load; the others go to their first state
fpu_xrstor_user:
	mov	eax, esi
	xor	edx, edx
	USER_OPEN
	FIXUP	user_fault
	xrstor64 [rdi]
	jmp	user_done

fpu_fxsave_user:
	USER_OPEN
	FIXUP	user_fault
	fxsave64 [rdi]
	jmp	user_done

fpu_fxrstor_user:
	USER_OPEN
	FIXUP	user_fault
	fxrstor64 [rdi]

user_done:
	USER_CLOSE
	xor	eax, eax
	ret

user_fault:
	USER_CLOSE
	mov	rax, -EFAULT
	ret
