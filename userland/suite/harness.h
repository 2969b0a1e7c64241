/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the harness's own files share; no test includes this.
 *
 * struct ktap_state lives in shared memory: written by the subtest's processes (failures by atomic
 * addition, the strings by the one process that sets them), read by the parent after the wait.
 */
#ifndef SUITE_HARNESS_H
#define SUITE_HARNESS_H

#include "ktap.h"

struct ktap_state {
	int failures;
	char skip[128];			/* why, when the subtest was skipped */
	char scratch[64];		/* the scratch directory to remove, if any */
};

extern struct ktap_state *ktap_state;

/* One line (or several) to where results go, in one write. */
void ktap_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
