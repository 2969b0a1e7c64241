/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's part of the vDSO: the way back from a signal handler, which unwinders know by the symbol and by these
 * two instructions (Linux's, bit for bit; they must stand behind a nop, for an unwinder looks at the address before the
 * return address).
 */
	.section .text.sigtramp, "ax"
	.balign	16
	nop
	.global	__kernel_rt_sigreturn
	.type	__kernel_rt_sigreturn, %function
__kernel_rt_sigreturn:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa	x29, 0
	.cfi_offset	x29, 0
	.cfi_offset	x30, 8
	mov	x8, #139		/* rt_sigreturn */
	svc	#0
	.cfi_endproc
	.size	__kernel_rt_sigreturn, . - __kernel_rt_sigreturn

	.section .note.GNU-stack, "", %progbits
