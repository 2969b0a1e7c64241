/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The actors of a program of calls, and the scene they begin in. A program that the fuzzer prints as C
 * uses this alone:
 *
 *	cc -D_GNU_SOURCE -static -I userland/fuzz -I userland/suite -I userland/arch/x86_64 program.c \
 *		userland/fuzz/actors.c userland/fuzz/scene.c userland/arch/x86_64/machine.c userland/arch/x86_64/probe.S
 *
 * A is a process, T a thread of it, B a child of it. A conductor, their parent, tells one at a time to make
 * a call, and goes on when it has come back or sleeps: so a call that waits is part of a program too, what
 * wakes it is seen, and on one CPU every run is the same.
 */
#ifndef FUZZ_ACTORS_H
#define FUZZ_ACTORS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum actor { A, T, B, ACTORS };

/* Fixed numbers, so that they are alike on all kernels; of worker `w` of a storm, 10 * w more. */
enum { PID_CONDUCTOR = 30000, PID_A = 30001, PID_B = 30002, PID_NOBODY = 30008, PID_T = 30009 };

enum {
	PAGE = 4096,
	SLOT = 5 * PAGE,	/* an argument's memory: four pages and one that faults */
	ZONE_PAGES = 12,	/* where mmap and its kin play */
	ALT_STACK = 65536,
};

#define FOREVER 4000000000	/* seconds */

/* Memory at fixed addresses. The slots are shared with the conductor; all else is each process's own. */
#define SLOT_AT(actor, i)	(0x200000000 + ((actor) * 6 + (i)) * (long)SLOT)
#define ZONE			0x300000000
#define READ_ONLY		0x400000000
#define ALT_STACK_AT(actor)	(0x500000000 + (actor) * (long)ALT_STACK)
#define KERNEL			0xffff800000000000

/* What an order gives when it gives no result of a call. */
enum {
	STILL_WAITS = -70001,	/* the call has not come back */
	IS_BUSY = -70002,	/* the actor waits in an earlier one, or is stopped */
	IS_GONE = -70003,	/* the actor is dead */
};

/* Orders that are no system calls. */
enum {
	DO_LOAD = -1,		/* a byte from an address: the byte, or -(signal * 256 + si_code) */
	DO_STORE = -2,		/* a byte to an address: 0, or the same */
	DO_INSPECT = -3,	/* what the actor has left: a hash, told line by line in inspection() */
};

/* A signal that a handler saw. */
struct sighting {
	int signal, code, value, pid;
	uint8_t actor;
	uint16_t order;
};

extern int actors_worker;
/* Logs what it is told; the restorer is what SA_RESTORER wants. */
void actors_handler(int signal, siginfo_t *info, void *context);

unsigned long actors_restorer(void);

/* The memory at fixed addresses; actors_begin makes it too. */
void actors_memory(void);
void actors_begin(void);
/* Give an order: a call's number, or DO_*, and six arguments. It must be idle. */
void actors_order(enum actor who, long nr, const long *args);
/* Wait until each actor is idle, asleep, stopped or dead; not `thorough`: until each has come back or sleeps. */
bool actors_settle(bool thorough);
bool actors_back(enum actor who), actors_gone(enum actor who), actors_stopped(enum actor who);
/* Looks anew: asleep, stopped or dead. */
bool actors_asleep(enum actor who);
long actors_result(enum actor who);
/* The next signal seen, or NULL. */
const struct sighting *actors_sighting(void);
const char *actors_inspection(enum actor who);
/* A child that an actor made is waited for by the next settling, until it is dead. */
void actors_watch(pid_t child);
/* Kill and reap all; false when that takes too long. */
bool actors_end(void);

/* For a printed program: bytes into a slot of memory; and order, settle, and print what came of it. */
void put(unsigned long at, const char *bytes, unsigned long n);
void on(enum actor who, long nr, long a0, long a1, long a2, long a3, long a4, long a5);

/* ---- the scene (scene.c) ---- */

/* A fresh tree: /w with files a, b, directory d and links; what was left of the last one goes. */
void scene_files(void);
/* A queue of messages, three semaphores and two pages of shared memory, with the keys 1 to 3; others go, and
 * queues with names. */
enum { MSG, SEM, SHM, IPC_KINDS };
extern int scene_ipc[IPC_KINDS];
void scene_objects(void);
/* Descriptors 0 to 22 of A, which B inherits but for the last; scene.c lists them. */
void scene_descriptors(void);
/* Where the tree is, outside of the actors' chroot. */
const char *scene_root(void);
/* A hash of the tree; printed too when `verbose`. */
uint32_t scene_hash(bool verbose);
uint32_t fold(uint32_t hash, const void *bytes, unsigned long n);

#endif
