/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's names for its own addresses, for backtraces.
 *
 * The table is made by the build from the linked kernel (ci/gen/kallsyms.py) and never changes:
 * any context may read it, with no lock, in a panic too.
 */
#ifndef JANUS_KALLSYMS_H
#define JANUS_KALLSYMS_H

/*
 * The function that holds a kernel address.  *offset is how many bytes into it the address is.
 * NULL when the address lies below the first function, or before the table exists (first link).
 */
const char *kallsyms_lookup(unsigned long addr, unsigned long *offset);

/* The table: addresses relative to kallsyms_base, rising; names is one block of C strings. */
extern const unsigned int kallsyms_num;
extern const unsigned long kallsyms_base;
extern const unsigned int kallsyms_addresses[];
extern const unsigned int kallsyms_offsets[];
extern const char kallsyms_names[];

#endif
