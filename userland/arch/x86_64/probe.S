/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw system calls and register probes. A probe loads every register from a struct machine_state,
 * does one thing, and stores every register to another; only the stack stays its own.
 */
#define REG(n)		((n) * 8)
#define FLAGS		(15 * 8)
#define VECTOR(n)	(128 + (n) * 16)

	.text

/* ---- 1. system calls ---- */

	.globl machine_syscall
machine_syscall:
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	mov 8(%rsp), %r9
	syscall
	ret

	.globl machine_syscall_on_stack
machine_syscall_on_stack:
	push %rbx
	mov %rsp, %rbx
	mov %rdi, %rax
	mov %rsi, %rsp
	syscall
	mov %rbx, %rsp
	pop %rbx
	ret

/* ---- 2. registers ---- */

.macro probe_enter
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	push %rsi			/* where the registers go afterwards */
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqa VECTOR(\n)(%rdi), %xmm\n
	.endr
	push FLAGS(%rdi)
	popfq
	mov REG(0)(%rdi), %rax
	mov REG(1)(%rdi), %rbx
	mov REG(2)(%rdi), %rcx
	mov REG(3)(%rdi), %rdx
	mov REG(4)(%rdi), %rsi
	mov REG(6)(%rdi), %rbp
	mov REG(7)(%rdi), %r8
	mov REG(8)(%rdi), %r9
	mov REG(9)(%rdi), %r10
	mov REG(10)(%rdi), %r11
	mov REG(11)(%rdi), %r12
	mov REG(12)(%rdi), %r13
	mov REG(13)(%rdi), %r14
	mov REG(14)(%rdi), %r15
	mov REG(5)(%rdi), %rdi
.endm

.macro probe_leave
	push %rax
	mov 8(%rsp), %rax
	mov %rbx, REG(1)(%rax)
	mov %rcx, REG(2)(%rax)
	mov %rdx, REG(3)(%rax)
	mov %rsi, REG(4)(%rax)
	mov %rdi, REG(5)(%rax)
	mov %rbp, REG(6)(%rax)
	mov %r8, REG(7)(%rax)
	mov %r9, REG(8)(%rax)
	mov %r10, REG(9)(%rax)
	mov %r11, REG(10)(%rax)
	mov %r12, REG(11)(%rax)
	mov %r13, REG(12)(%rax)
	mov %r14, REG(13)(%rax)
	mov %r15, REG(14)(%rax)
	pushfq
	pop FLAGS(%rax)
	cld
	pop REG(0)(%rax)
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqa %xmm\n, VECTOR(\n)(%rax)
	.endr
	pop %rsi
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret
.endm

	.globl machine_probe_syscall, machine_probe_call, machine_probe_return
machine_probe_syscall:
	probe_enter
machine_probe_call:
	syscall
machine_probe_return:
	probe_leave

	.globl machine_probe_store
machine_probe_store:
	probe_enter
	movb $0, (%rdi)
	probe_leave

	.globl machine_probe_spin
machine_probe_spin:
	probe_enter
1:	loop 1b
	probe_leave

	.globl machine_read_vectors
machine_read_vectors:
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqu %xmm\n, (\n * 16)(%rdi)
	.endr
	ret

/* x87, SSE and AVX, as xsave has them. */
#define OWN		1088

	.globl machine_probe_rest
machine_probe_rest:
	push %rbp
	push %rbx
	push %r12
	push %r13
	mov %rsp, %rbp
	sub $OWN, %rsp
	and $-64, %rsp
	mov %rdi, %r12
	mov %rsi, %rbx
	mov %rdx, %r13			/* number */
	mov %rcx, %r10			/* the first argument, for now */
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7
	movq $0, (512 + \n * 8)(%rsp)
	movq $0, (512 + \n * 8)(%rbx)
	.endr
	mov $7, %eax
	xor %edx, %edx
	xsave64 (%rsp)
	xrstor64 (%r12)
	mov %r13, %rax
	mov %r10, %rdi
	mov %r8, %rsi
	mov %r9, %rdx
	syscall
	mov %rax, %r13
	mov $7, %eax
	xor %edx, %edx
	xsave64 (%rbx)
	xrstor64 (%rsp)
	mov %r13, %rax
	mov %rbp, %rsp
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret

	.globl machine_flags_across
machine_flags_across:
	mov %rsi, %rax
	push %rdi
	mov %rdx, %rdi
	mov %rcx, %rsi
	popfq
	syscall
	pushfq
	pop %rax
	push $0
	popfq
	ret

	/* The instruction behind popf runs before the first trap; the one behind a call runs with it, by iret. */
	.globl machine_step_call, step_0, step_1, step_2, step_3, step_4
machine_step_call:
	mov $39, %eax
	pushfq
	orq $0x100, (%rsp)
	popfq
	nop
step_0:	syscall
	nop
step_1:	pushfq
step_2:	andq $~0x100, (%rsp)
step_3:	popfq
step_4:	ret

/* ---- 4. what no user may do ---- */

.macro crime name
	.globl crime_\name
crime_\name:
.endm

	crime opcode
	ud2
	ret
	crime breakpoint
	int3
	ret
	crime halt
	hlt
	ret
	crime mask
	cli
	ret
	crime root
	mov %cr3, %rax
	ret
	crime set_root
	xor %eax, %eax
	mov %rax, %cr3
	ret
	crime register
	mov $0xc0000082, %ecx
	rdmsr
	ret
	crime set_register
	mov $0xc0000082, %ecx
	xor %eax, %eax
	xor %edx, %edx
	wrmsr
	ret
	crime input
	in $0x64, %al
	ret
	crime output
	mov $0xfe, %al
	out %al, $0x64
	ret
	crime flush
	invlpg (%rsp)
	ret
	crime swap
	swapgs
	ret
	crime table
	lidt -16(%rsp)
	ret
	crime exit
	xor %ecx, %ecx
	sysretq
	ret
	crime gate
	int $0x20
	ret
	crime divide
	xor %edx, %edx
	xor %ecx, %ecx
	mov $1, %eax
	div %ecx
	ret
	crime stack_pointer
	mov $16, %esp
	push %rax
	ret

/* ---- 6. restartable sequences ---- */

	.globl machine_rseq_spin, machine_rseq_start, machine_rseq_commit, machine_rseq_abort
machine_rseq_spin:
	mov %rsi, (%rdi)
machine_rseq_start:
	movl $1, (%rdx)
	cmpl $0, 4(%rdx)
	je machine_rseq_start
machine_rseq_commit:
	xor %eax, %eax
	ret
	.long 0x6a616e75		/* the signature */
machine_rseq_abort:
	mov $1, %eax
	ret

	.section .note.GNU-stack, "", @progbits
