/* SPDX-License-Identifier: BSD-2-Clause */
/* What clone.c, which checks the calls' arguments, asks of fork.c. */
#ifndef PROCESS_CLONE_H
#define PROCESS_CLONE_H

#include <janus/thread.h>

long clone_with_tid(const struct clone_args *args, pid_t wanted);	/* wanted 0: any number */

#endif
