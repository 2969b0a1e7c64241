/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program may know of the clocks without a system call: one page that exec maps read-only right below the
 * vDSO's image ([vvar]), written by core/time/clock.c, read by core/time/vdso/clock.c inside the program.
 */
#ifndef JANUS_VDSO_H
#define JANUS_VDSO_H

#include <janus/types.h>

struct vdso_data {
	u64 base;		/* counter where monotonic time is 0; constant after boot */
	u64 ns_per_tick;	/* 32.32 fixed point; constant after boot */
	s64 realtime_offset;	/* ns [atomic] */
};

/* A page of its own in the kernel's data. */
union vdso_page {
	struct vdso_data data;
	u8 bytes[4096];
};
extern union vdso_page vdso_page;

#endif
