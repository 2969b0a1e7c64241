/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the suite needs of a machine: raw system calls, probes that fill every register before an event
 * and read every register after it, instructions that no user may execute, addresses that no user has,
 * and forgeries of a signal frame. Each folder of userland/arch/ has these, and its numbers in
 * machine_numbers.h; the tests use nothing else of a machine.
 */
#ifndef SUITE_MACHINE_H
#define SUITE_MACHINE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include "machine_numbers.h"

/* ---- 1. system calls ---- */

/* A call by number; the result as the kernel gives it (-errno for an error). */
long machine_syscall(long nr, long a0, long a1, long a2, long a3, long a4, long a5);
/* The same while the stack pointer is `sp`, which need not point to memory. */
long machine_syscall_on_stack(long nr, unsigned long sp);

/* ---- 2. registers ---- */

struct machine_state {
	unsigned long reg[MACHINE_REGS];
	unsigned long flags;
	unsigned char vector[MACHINE_VECTOR_BYTES] __attribute__((aligned(16)));
};

enum machine_role {
	ROLE_KEPT,		/* a call does not change it */
	ROLE_RESULT,		/* holds a call's result */
	ROLE_LOST,		/* a call may change it */
};

extern const char *const machine_reg_name[MACHINE_REGS];
enum machine_role machine_reg_role(int reg);
/* Which register holds the n'th argument of a call. */
int machine_reg_arg(int n);
/* Flags that a program may set and that an event must keep. */
extern const unsigned long machine_flags_user;

/* Load every register and vector from `in`, do one thing, and store them all in `out`. */
void machine_probe_syscall(const struct machine_state *in, struct machine_state *out);
/* The thing is storing a byte of 0 to the address in argument register 0. */
void machine_probe_store(const struct machine_state *in, struct machine_state *out);
/* The thing is counting MACHINE_REG_COUNT down to 0. */
void machine_probe_spin(const struct machine_state *in, struct machine_state *out);
/* Store the vectors as they are. */
void machine_read_vectors(unsigned char *to);
/* The instruction that enters the kernel in machine_probe_syscall, and the one behind it. */
extern const char machine_probe_call[], machine_probe_return[];

/* What else a thread has: floating point's control and status, the wider vectors, the thread pointer. */
struct machine_rest {
	unsigned char byte[1024] __attribute__((aligned(64)));
};
void machine_rest_fill(struct machine_rest *rest, unsigned int seed);
/* What of it differs, or NULL. */
const char *machine_rest_differs(const struct machine_rest *a, const struct machine_rest *b);
/* Load it from `in`, make a call, store it to `out`; the caller's own is restored. */
long machine_probe_rest(const struct machine_rest *in, struct machine_rest *out, long nr, long a0, long a1, long a2);

/* Flags that hardly any program sets, and that an event must keep too. */
unsigned long machine_flags_rare(void);
/* The flags (user's and rare ones) behind a call that is made with these set. */
unsigned long machine_flags_across(unsigned long flags, long nr, long a0, long a1);

/*
 * A getpid that is made with every instruction trapping, and the addresses behind the instructions that trap. Empty
 * where a program cannot step itself.
 */
long machine_step_call(void);
extern const unsigned long machine_steps[];
extern const int machine_step_count;

/* The code of a getpid whose trap instruction is its end. */
extern const unsigned char machine_last_call[];
extern const size_t machine_last_call_size;

/* ---- 3. what a signal frame holds ---- */

unsigned long machine_frame_reg(const ucontext_t *uc, int reg);
unsigned long machine_frame_pc(const ucontext_t *uc);
void machine_frame_set_pc(ucontext_t *uc, unsigned long pc);
unsigned long machine_frame_sp(const ucontext_t *uc);
unsigned long machine_frame_flags(const ucontext_t *uc);
/* The vectors saved in the frame; NULL when there are none. */
unsigned char *machine_frame_vector(ucontext_t *uc);
unsigned long machine_flags(void);

/*
 * A change to a frame that sigreturn must refuse with `signal`, or with 0 survive harmlessly; FORGETS: survive it with
 * all vectors 0.
 */
#define MACHINE_FORGETS (-1)
struct machine_forgery {
	const char *name;
	int signal;
	void (*forge)(ucontext_t *uc);
};
extern const struct machine_forgery machine_forgeries[];
extern const int machine_forgery_count;

/* ---- 4. what no user may do ---- */

/* Something that ends in a signal; `address` is what si_addr must be, or ANY_ADDRESS. */
#define MACHINE_ANY_ADDRESS 0x5a5a5a5aUL
struct machine_crime {
	const char *name;
	int signal, code;
	unsigned long address;
	void (*commit)(void);
};
extern const struct machine_crime machine_crimes[];
extern const int machine_crime_count;

/* Addresses that a user never has: in the kernel's half, or in no half at all. */
extern const unsigned long machine_foreign[];
extern const int machine_foreign_count;
/* The first address above the user's half. */
extern const unsigned long machine_user_end;

/* ---- 5. what a tracer sees ---- */

/* Let the call that the tracee is stopped at be another; -1: none. 0 or -1 with errno. */
int machine_trace_set_number(pid_t pid, long nr);
extern const unsigned char machine_break[MACHINE_BREAK_LENGTH];

/*
 * General registers that no tracer may set: refused with `error`, or with 0 taken without harm, and then the program
 * gets `signal` when it goes on.
 */
struct machine_trace_forgery {
	const char *name;
	int error, signal;
	void (*forge)(unsigned long *regs);
};
extern const struct machine_trace_forgery machine_trace_forgeries[];
extern const int machine_trace_forgery_count;

/* ---- 6. restartable sequences ---- */

/*
 * A sequence that *area (a struct rseq's rseq_cs) is made to name, and that ends, with 0, only when word[1] is not 0. In
 * it word[0] is set to 1. Aborted: 1; the four bytes before the place where that goes on are its signature.
 */
long machine_rseq_spin(uint64_t *area, const void *cs, volatile int word[2]);
extern const char machine_rseq_start[], machine_rseq_commit[], machine_rseq_abort[];

#endif
