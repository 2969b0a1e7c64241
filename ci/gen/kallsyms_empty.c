// SPDX-License-Identifier: BSD-2-Clause
/*
 * The empty symbol table of the first link.  The second link has the true one in its place, which
 * ci/gen/kallsyms.py made from the first.
 */
#include <janus/kallsyms.h>

#define TABLE __attribute__((section(".rodata.kallsyms")))

TABLE const unsigned int kallsyms_num = 0;
TABLE const unsigned long kallsyms_base = 0;
TABLE const unsigned int kallsyms_addresses[] = { 0 };
TABLE const unsigned int kallsyms_offsets[] = { 0 };
TABLE const char kallsyms_names[] = "";
