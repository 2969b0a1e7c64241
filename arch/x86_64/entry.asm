; SPDX-License-Identifier: BSD-2-Clause
;
; Every way into the kernel and out of it. The other machine's entry file has the same parts in the same
; order, with the same labels; only the instructions differ. Everything that can be C is C.

; ---- 1. offsets and macros ----

%include "generated/asm_offsets.inc"
%include "smap.inc"

extern trap_from_user, irq_from_user, trap_from_kernel, irq_from_kernel, trap_stack_overflow
extern trap_bad_return, syscall_dispatch, syscall_dispatch_traced, exit_to_user_work, thread_start

; Make a full frame of a trap. The processor pushed ss to ip, the vector an error code (in the place of
; orig_ax) and its number (in the place of di). All registers but the stack pointer are free after it.
%macro save_frame 0
	push	rsi
	mov	rsi, [rsp + 8]			; the vector's number
	mov	[rsp + 8], rdi
	push	rdx
	push	rcx
	push	rax
	push	r8
	push	r9
	push	r10
	push	r11
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	mov	rax, [rsp + FRAME_ORIG_AX - FRAME_R15]
	mov	qword [rsp + FRAME_ORIG_AX - FRAME_R15], -1
	shl	rax, 32
	lea	rsi, [rsi + rax + TRAP_FULL]
	push	rsi
	cld
	SMAP_SITE 0
%endmacro

; Every register from the frame; the stack pointer is left at ip, for iretq.
%macro restore_frame 0
	add	rsp, FRAME_R15
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rax
	pop	rcx
	pop	rdx
	pop	rsi
	pop	rdi
	add	rsp, 8
%endmacro

; One vector: number, whether the processor pushes an error code, and where it goes on.
%macro VECTOR 3
	align	16
	%if %2 == 0
	push	0
	%endif
	push	%1
	jmp	%3
%endmacro

section .entry progbits alloc exec nowrite align=16
bits 64

; ---- 2. vectors (branches only) ----

global vectors
	align	16
vectors:
	%assign vector 0
	%rep 256
		%if vector == 8
			VECTOR vector, 1, stack_overflow
		%elif vector == 1 || vector == 2 || vector == 18
			VECTOR vector, 0, own_stack
		%elif vector == 10 || vector == 11 || vector == 12 || vector == 13 || vector == 14 || vector == 17 || vector == 21 || vector == 29 || vector == 30
			VECTOR vector, 1, trap
		%elif vector < 32
			VECTOR vector, 0, trap
		%else
			VECTOR vector, 0, irq
		%endif
		%assign vector vector + 1
	%endrep

	align	16
trap:						; the stack: number, error code, ip, cs, ...
	test	byte [rsp + 24], 3
	jz	kernel_trap
	jmp	user_trap
irq:
	test	byte [rsp + 24], 3
	jz	kernel_irq
	jmp	user_irq
own_stack:
	test	byte [rsp + 24], 3
	jz	kernel_trap.own_stack
	jmp	user_trap.own_stack

; ---- 3. entry from user ----

; An exception: handled on the thread's own stack, by C, which turns interrupts on when it may.
global user_trap
	align	16
user_trap:
	swapgs
.saved_gs:
	save_frame
	xor	ebp, ebp			; frame records end here
	mov	rdi, rsp
	call	trap_from_user
	jmp	return_to_user
.own_stack:					; came in on a stack of its own: move over
	swapgs
	push	rdi
	mov	rdi, rsp			; rdi, number, error code, ip, cs, flags, sp, ss
	mov	rsp, [gs:CPU_RSP0]
	push	qword [rdi + 56]
	push	qword [rdi + 48]
	push	qword [rdi + 40]
	push	qword [rdi + 32]
	push	qword [rdi + 24]
	push	qword [rdi + 16]
	push	qword [rdi + 8]
	mov	rdi, [rdi]
	jmp	.saved_gs

; A device, the timer, or another CPU: interrupts stay off.
global user_irq
	align	16
user_irq:
	swapgs
	save_frame
	xor	ebp, ebp
	mov	rdi, rsp
	call	irq_from_user
	jmp	return_to_user

; ---- 4. syscall ----

; rcx is the user's ip, r11 its flags; interrupts are off, and the stack is the user's. %1 dispatches: its first three
; arguments, the fifth and the sixth are where the user's are.
%macro SYSCALL 1
	swapgs
	mov	[gs:CPU_SCRATCH], rsp
	mov	rsp, [gs:CPU_RSP0]
	push	USER_DS
	push	qword [gs:CPU_SCRATCH]
	push	r11
	push	USER_CS
	push	rcx
	push	rax				; orig_ax: the number
	push	rdi
	push	rsi
	push	rdx
	push	rcx
	push	-ENOSYS				; ax: the result until there is one
	push	r8
	push	r9
	push	r10
	push	r11
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	and	r11d, TRAP_FULL			; a user who single-steps leaves through iretq
	push	r11
	mov	rcx, r10			; syscall took rcx, which C has the fourth in
	push	rax				; the seventh is the number; once more for the stack's alignment
	push	rax
	sti
	call	%1
	add	rsp, 16
	mov	[rsp + FRAME_AX], rax
	cli
	jmp	return_to_user.irqs_off
%endmacro

global user_syscall
	align	16
user_syscall:
	SYSCALL syscall_dispatch

; The same for a thread whose calls are watched: arch_switch_to() puts it in the other's place.
global user_syscall_traced
	align	16
user_syscall_traced:
	SYSCALL syscall_dispatch_traced

; ---- 5. entry from kernel ----

; An exception in kernel code: a fault on user memory, or a bug.
global kernel_trap
	align	16
kernel_trap:
	save_frame
	mov	rdi, rsp
	call	trap_from_kernel
	jmp	return_to_kernel
.own_stack:					; gs may be the user's: save it, take this CPU's from the stack's top
	save_frame
	mov	ecx, MSR_GS_BASE
	rdmsr
	mov	ebx, eax
	mov	r12d, edx
	mov	eax, [rsp + FRAME_SIZE]
	mov	edx, [rsp + FRAME_SIZE + 4]
	wrmsr
	mov	rdi, rsp
	call	trap_from_kernel
	mov	ecx, MSR_GS_BASE
	mov	eax, ebx
	mov	edx, r12d
	wrmsr
	jmp	return_to_kernel

global kernel_irq
	align	16
kernel_irq:
	save_frame
	mov	rdi, rsp
	call	irq_from_kernel
	jmp	return_to_kernel

; The kernel stack is full (or worse): on a stack of this CPU's own. No return.
global stack_overflow
	align	16
stack_overflow:
	save_frame
	mov	ecx, MSR_GS_BASE
	mov	eax, [rsp + FRAME_SIZE]
	mov	edx, [rsp + FRAME_SIZE + 4]
	wrmsr
	mov	rdi, rsp
	call	trap_stack_overflow
	ud2

; ---- 6. return (the only way out to user) ----

; The stack pointer is at the frame.
global return_to_user
	align	16
return_to_user:
	cli
.irqs_off:
	mov	rax, [gs:CPU_CURRENT]
	test	word [rax + THREAD_FLAGS], THREAD_EXIT_WORK
	jnz	.work
.done:
	cmp	qword [rsp + FRAME_TRAP], 0
	jne	.full
	mov	r10, [rsp + FRAME_R10]		; the others are as C's callers leave them: unchanged
	mov	r9, [rsp + FRAME_R9]
	mov	r8, [rsp + FRAME_R8]
	mov	rax, [rsp + FRAME_AX]
	mov	rdx, [rsp + FRAME_DX]
	mov	rsi, [rsp + FRAME_SI]
	mov	rdi, [rsp + FRAME_DI]
	mov	r11, [rsp + FRAME_FLAGS]
	mov	rcx, [rsp + FRAME_IP]
	mov	rsp, [rsp + FRAME_SP]
	swapgs
	o64 sysret
.work:
	mov	rdi, rsp
	call	exit_to_user_work
	jmp	.done
.full:						; iretq must not fault: it would do so with the user's gs
	mov	rax, [rsp + FRAME_IP]
	shr	rax, 47
	jnz	.bad
	cmp	qword [rsp + FRAME_CS], USER_CS
	jne	.bad
	cmp	qword [rsp + FRAME_SS], USER_DS
	jne	.bad
	restore_frame
	swapgs
	iretq
.bad:
	sti
	mov	rdi, rsp
	call	trap_bad_return			; a signal, which changes the frame
	jmp	return_to_user

global return_to_kernel
	align	16
return_to_kernel:
	restore_frame
	iretq

; ---- 7. thread start ----

; Where the first switch to a thread goes: rax is the thread before it, rbx a function or 0, r12 its
; argument, and the stack pointer is at the user's frame.
global thread_entry
	align	16
thread_entry:
	xor	ebp, ebp
	mov	rdi, rax
	call	thread_start
	test	rbx, rbx
	jz	return_to_user
	mov	rdi, r12
	call	rbx
	jmp	return_to_user
