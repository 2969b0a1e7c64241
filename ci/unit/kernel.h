/* SPDX-License-Identifier: BSD-2-Clause */
/* What a unit test may know and steer of the kernel that ci/unit/kernel.c plays. */
#ifndef UNIT_KERNEL_H
#define UNIT_KERNEL_H

extern int unit_allocations;	/* how many more succeed; below 0: all */
extern int unit_in_use;		/* allocated and not freed */

#endif
