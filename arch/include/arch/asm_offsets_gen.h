/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words an architecture's asm_offsets.c is written in.
 *
 * That file is never linked.  It is compiled to assembly text, and ci/gen/asm_offsets.py takes the
 * marked lines out of it: build/ARCH/include/generated/asm_offsets.h for GNU as, asm_offsets.inc for
 * nasm.  Used as:
 *
 *	void asm_offsets(void);
 *	void asm_offsets(void)
 *	{
 *		OFFSET(TF_PC, trapframe, pc);
 *		DEFINE(THREAD_SIZE, THREAD_SIZE);
 *		SIZE(TF_SIZE, trapframe);
 *	}
 */
#ifndef ARCH_ASM_OFFSETS_GEN_H
#define ARCH_ASM_OFFSETS_GEN_H

/* A constant NAME with an integer constant's value. */
#define DEFINE(name, value) \
	__asm__ volatile("\n->" #name " %c0 " #value : : "i" ((long)(value)))

/* NAME: the offset of a member in a struct, in bytes. */
#define OFFSET(name, type, member) \
	DEFINE(name, __builtin_offsetof(struct type, member))

/* NAME: the size of a struct, in bytes. */
#define SIZE(name, type) DEFINE(name, sizeof(struct type))

#endif
