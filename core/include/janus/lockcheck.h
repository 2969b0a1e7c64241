/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock checker of debug builds: order between spinlocks, locks that interrupts take, sleeping while one is held.
 * In release builds all of it is nothing. core/lib/lockcheck.c. Any context.
 */
#ifndef JANUS_LOCKCHECK_H
#define JANUS_LOCKCHECK_H

#include <janus/types.h>

struct trapframe;

#ifdef CONFIG_DEBUG

/* Locks that were initialised by the same line are of one class: order is between classes. */
struct lock_class {
	const char *name;	/* file:line */
	u32 id;			/* [atomic] 0: none yet */
	u32 flags;		/* [atomic] */
};

void lockcheck_acquire(const void *lock, struct lock_class *class, unsigned long site);
void lockcheck_release(const void *lock);
/* The caller is about to do something that may sleep. */
void might_sleep(void);
void lockcheck_boot_done(void);		/* from now on sleeping with interrupts off is an error */
void lockcheck_off(void);		/* panic: what is held does not matter any more */

/* Forced rescheduling: core/sched/hunt.c says what it does, and how the command line turns it on. */
void hunt_init(void);			/* once, when the command line is known */
void hunt_lock_released(void);
void hunt_might_sleep(void);		/* sleeping is allowed here: perhaps another thread runs first */
bool hunt_alloc_fails(void);		/* the allocator is to answer that there is no memory */
void hang_init(void);			/* the hang detector, when all CPUs are up: core/sched/hang.c */
void hang_pass(void);			/* this CPU has got somewhere; interrupts off */
void hang_interrupted(const struct trapframe *tf);	/* by the timer; good until that interrupt ends */
void hunt_spare_allocs(bool spare);	/* current's allocations do not fail until the matching false */

#else

static inline void might_sleep(void) {}
static inline void lockcheck_boot_done(void) {}
static inline void lockcheck_off(void) {}
static inline void hunt_init(void) {}
static inline bool hunt_alloc_fails(void) { return false; }
static inline void hang_init(void) {}
static inline void hang_pass(void) {}
static inline void hang_interrupted(const struct trapframe *tf) { (void)tf; }
static inline void hunt_spare_allocs(bool spare) { (void)spare; }

#endif
#endif
