/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw system calls and register probes. A probe loads every register from a struct machine_state,
 * does one thing, and stores every register to another; only the stack stays its own.
 */
#define REG(n)		((n) * 8)
#define FLAGS		(31 * 8)
#define VECTOR		256

	.text

/* ---- 1. system calls ---- */

	.globl machine_syscall
machine_syscall:
	mov x8, x0
	mov x0, x1
	mov x1, x2
	mov x2, x3
	mov x3, x4
	mov x4, x5
	mov x5, x6
	svc #0
	ret

	.globl machine_syscall_on_stack
machine_syscall_on_stack:
	mov x9, sp
	mov x8, x0
	mov sp, x1
	svc #0
	mov sp, x9
	ret

/* ---- 2. registers ---- */

.macro probe_enter
	stp x29, x30, [sp, #-176]!
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	stp d8, d9, [sp, #96]
	stp d10, d11, [sp, #112]
	stp d12, d13, [sp, #128]
	stp d14, d15, [sp, #144]
	str x1, [sp, #160]		/* where the registers go afterwards */
	add x2, x0, #VECTOR
	.irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	load_vectors \n
	.endr
	ldr x2, [x0, #FLAGS]
	msr nzcv, x2
	ldp x2, x3, [x0, #REG(2)]
	ldp x4, x5, [x0, #REG(4)]
	ldp x6, x7, [x0, #REG(6)]
	ldp x8, x9, [x0, #REG(8)]
	ldp x10, x11, [x0, #REG(10)]
	ldp x12, x13, [x0, #REG(12)]
	ldp x14, x15, [x0, #REG(14)]
	ldp x16, x17, [x0, #REG(16)]
	ldp x18, x19, [x0, #REG(18)]
	ldp x20, x21, [x0, #REG(20)]
	ldp x22, x23, [x0, #REG(22)]
	ldp x24, x25, [x0, #REG(24)]
	ldp x26, x27, [x0, #REG(26)]
	ldp x28, x29, [x0, #REG(28)]
	ldr x30, [x0, #REG(30)]
	ldp x0, x1, [x0, #REG(0)]
.endm

.altmacro
.macro load_vectors n
	load_pair \n, %(\n + 1)
.endm
.macro load_pair a, b
	ldp q\a, q\b, [x2], #32
.endm
.macro store_vectors n
	store_pair \n, %(\n + 1)
.endm
.macro store_pair a, b
	stp q\a, q\b, [x1], #32
.endm

.macro probe_leave
	stp x0, x1, [sp, #-16]!
	ldr x0, [sp, #176]
	stp x2, x3, [x0, #REG(2)]
	stp x4, x5, [x0, #REG(4)]
	stp x6, x7, [x0, #REG(6)]
	stp x8, x9, [x0, #REG(8)]
	stp x10, x11, [x0, #REG(10)]
	stp x12, x13, [x0, #REG(12)]
	stp x14, x15, [x0, #REG(14)]
	stp x16, x17, [x0, #REG(16)]
	stp x18, x19, [x0, #REG(18)]
	stp x20, x21, [x0, #REG(20)]
	stp x22, x23, [x0, #REG(22)]
	stp x24, x25, [x0, #REG(24)]
	stp x26, x27, [x0, #REG(26)]
	stp x28, x29, [x0, #REG(28)]
	str x30, [x0, #REG(30)]
	ldp x2, x3, [sp], #16
	stp x2, x3, [x0, #REG(0)]
	mrs x2, nzcv
	str x2, [x0, #FLAGS]
	add x1, x0, #VECTOR
	.irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	store_vectors \n
	.endr
	ldp d14, d15, [sp, #144]
	ldp d12, d13, [sp, #128]
	ldp d10, d11, [sp, #112]
	ldp d8, d9, [sp, #96]
	ldp x27, x28, [sp, #80]
	ldp x25, x26, [sp, #64]
	ldp x23, x24, [sp, #48]
	ldp x21, x22, [sp, #32]
	ldp x19, x20, [sp, #16]
	ldp x29, x30, [sp], #176
	ret
.endm

	.globl machine_probe_syscall, machine_probe_call, machine_probe_return
machine_probe_syscall:
	probe_enter
machine_probe_call:
	svc #0
machine_probe_return:
	probe_leave

	.globl machine_probe_store
machine_probe_store:
	probe_enter
	strb wzr, [x0]
	probe_leave

	.globl machine_probe_spin
machine_probe_spin:
	probe_enter
1:	sub x3, x3, #1
	cbnz x3, 1b
	probe_leave

	.globl machine_read_vectors
machine_read_vectors:
	mov x1, x0
	.irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	store_vectors \n
	.endr
	ret

	.globl machine_probe_rest
machine_probe_rest:
	mrs x9, fpcr
	mrs x10, fpsr
	mrs x11, tpidr_el0
	mov x12, x1
	ldp x13, x14, [x0]
	ldr x15, [x0, #16]
	msr fpcr, x13
	msr fpsr, x14
	msr tpidr_el0, x15
	mov x8, x2
	mov x0, x3
	mov x1, x4
	mov x2, x5
	svc #0
	mrs x13, fpcr
	mrs x14, fpsr
	mrs x15, tpidr_el0
	stp x13, x14, [x12]
	str x15, [x12, #16]
	msr fpcr, x9
	msr fpsr, x10
	msr tpidr_el0, x11
	ret

	/* Bit 24 is that of data independent timing, which not every processor has: then nobody sets it. */
#define DIT		s3_3_c4_c2_5
	.globl machine_flags_across
machine_flags_across:
	mov x9, x0
	mov x8, x1
	mov x0, x2
	mov x1, x3
	tbz x9, #24, 1f
	msr DIT, x9
1:	msr nzcv, x9
	svc #0
	mrs x0, nzcv
	tbz x9, #24, 2f
	mrs x10, DIT
	orr x0, x0, x10
	msr DIT, xzr
2:	ret

	.globl machine_step_call
machine_step_call:
	mov x8, #172
	svc #0
	ret

/* ---- 4. what no user may do ---- */

.macro crime name
	.globl crime_\name
crime_\name:
.endm

	crime opcode
	.inst 0
	ret
	crime breakpoint
	brk #0
	ret
	crime mask
	msr daifset, #2
	ret
	crime root
	mrs x0, ttbr0_el1
	ret
	crime set_root
	msr ttbr0_el1, xzr
	ret
	crime register
	mrs x0, vbar_el1
	ret
	crime set_register
	msr vbar_el1, xzr
	ret
	crime flush
	tlbi vmalle1
	ret
	crime hypervisor
	hvc #0
	ret
	crime exit
	eret
	ret
	crime stack
	msr spsel, #1
	ret
	crime debug
	hlt #1
	ret
	crime stack_pointer
	mov x1, sp
	mov x0, #16
	mov sp, x0
	str x0, [sp, #-16]
	mov sp, x1
	ret
	crime stack_foreign
	mov x1, sp
	mov x0, #0xffff000000000000
	mov sp, x0
	str x0, [sp, #16]
	mov sp, x1
	ret

/* ---- 6. restartable sequences ---- */

	.globl machine_rseq_spin, machine_rseq_start, machine_rseq_commit, machine_rseq_abort
machine_rseq_spin:
	str x1, [x0]
	mov w3, #1
machine_rseq_start:
	str w3, [x2]
	ldr w4, [x2, #4]
	cbz w4, machine_rseq_start
machine_rseq_commit:
	mov x0, #0
	ret
	.inst 0x6a616e75		/* the signature */
machine_rseq_abort:
	mov x0, #1
	ret

	.section .note.GNU-stack, "", @progbits
