// SPDX-License-Identifier: BSD-2-Clause
/*
 * The structure offsets that this architecture's assembly needs (arch/asm_offsets_gen.h).
 */
#include <arch/asm_offsets_gen.h>

void asm_offsets(void);
void asm_offsets(void)
{
	DEFINE(KERNEL_STACK_SIZE, 16384);
}
