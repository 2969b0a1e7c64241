/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This machine's numbers, for the suite's machine.h alone.
 */
#ifndef MACHINE_NUMBERS_H
#define MACHINE_NUMBERS_H

enum {
	MACHINE_REGS = 31,		/* all but the stack pointer */
	MACHINE_VECTOR_BYTES = 32 * 16,
	/* Places among them: a call's number and its result, and what machine_probe_spin() counts. */
	MACHINE_REG_NUMBER = 8,
	MACHINE_REG_RESULT = 0,
	MACHINE_REG_COUNT = 3,
	/* What a tracer sees: words of the set of general registers, and places in it. */
	MACHINE_TRACE_WORDS = 34,
	MACHINE_TRACE_PC = 32,
	MACHINE_TRACE_RESULT = 0,
	MACHINE_TRACE_ARG0 = 0,
	MACHINE_TRACE_VECTORS = 0,	/* bytes into the set of FP registers */
	MACHINE_TRACE_FP_BYTES = 528,
	/* A breakpoint's instruction, and how far behind it the program counter is when it traps. */
	MACHINE_BREAK_LENGTH = 4,
	MACHINE_BREAK_BEHIND = 0,
};

#endif
