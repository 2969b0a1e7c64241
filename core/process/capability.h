/* SPDX-License-Identifier: BSD-2-Clause */
/* prctl's capability options. True when the option is one of them; *result is the call's answer. */
#ifndef PROCESS_CAPABILITY_H
#define PROCESS_CAPABILITY_H

bool prctl_capability(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5,
		      long *result);

#endif
