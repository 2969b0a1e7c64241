/* SPDX-License-Identifier: BSD-2-Clause */
/* Where in an argument's slot its pointers lead. */
#ifndef FUZZ_STRUCTS_H
#define FUZZ_STRUCTS_H

#include "fuzz.h"

enum {
	IN_SLOT = 2 * PAGE,
	MESSAGE_CONTROL = IN_SLOT + 256,
	MESSAGE_VECTORS = IN_SLOT + 512,
	MESSAGE_BYTES = IN_SLOT + 1024,
};

/* Put there what the argument's bytes point to, as they were chosen. */
void structs_fill_slot(const struct step *step, int i);

#endif
