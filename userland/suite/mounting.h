/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subjects of mounts share: mounts of one's own, and a directory `m` in a scratch directory to mount on.
 */
#ifndef SUITE_MOUNTING_H
#define SUITE_MOUNTING_H

#include <sys/mount.h>

#include "ktap.h"

/* Where the kernel has namespaces, nothing that is mounted now is seen outside. The scratch directory's path. */
const char *set_up(void);
/* Unmounts whatever is at `m`. */
void tear_down(void);

#endif
