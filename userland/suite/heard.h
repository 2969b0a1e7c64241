/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subjects of inotify share: an instance, and what it heard, in words.
 */
#ifndef SUITE_HEARD_H
#define SUITE_HEARD_H

#include <sys/inotify.h>

#include "ktap.h"

extern int watcher;			/* the instance */

/* In a scratch directory; an instance that does not wait. */
void begin(void);
/* Returns the watch's number; what is wrong with it ends the subtest. */
int watch(const char *name, uint32_t mask);
/* All that is queued: "1:create(f) 1:open(f)". A cookie is "#", or "=" when it is the one before. */
const char *heard(void);
/* An empty file: made, or emptied. */
void make(const char *name);

#endif
