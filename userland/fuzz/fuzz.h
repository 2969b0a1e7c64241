/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the programs made from the system call table share: the table, the memory that calls are
 * handed, and values for arguments.
 *
 * A program runs alike on two kernels and its output is compared, so nothing that it prints may
 * depend on time, on addresses or on numbers that a kernel chooses freely.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actors.h"

enum kind {
	K_INT, K_UINT, K_LONG, K_ULONG, K_U32, K_U64, K_SIZE, K_OFF, K_FD, K_DFD, K_PID, K_UID, K_GID,
	K_MODE, K_DEV, K_SIG, K_CLOCK, K_TIMER, K_ADDR,
	/* user memory from here on; ptr: what it is, another argument decides */
	K_PTR, K_STR, K_PATH, K_STRV, K_BUF, K_ARRAY, K_STRUCT,
};

enum { VALUE, IN, OUT, INOUT };

struct arg {
	const char *name, *detail;
	uint8_t kind, direction;
	int8_t length;		/* which argument holds its length, or -1 */
	uint16_t size;		/* bytes of the structure, or of one element */
};

struct call {
	const char *name;
	int number, nargs;
	bool fuzzed;
	uint8_t theme;		/* which section of the table it stands in */
	struct arg args[6];
};

extern const struct call calls[];
extern const int call_count;

static inline bool is_memory(const struct arg *arg)
{
	return arg->kind >= K_PTR;
}

/* A result as text: "EBADF", or the number. */
const char *result_name(long result);

/* ---- random numbers: the same everywhere for the same seed ---- */

struct random {
	uint64_t state;
};
uint32_t random_next(struct random *r);
/* 0 <= result < n */
uint32_t random_below(struct random *r, uint32_t n);
#define PICK(r, list) list[random_below(r, sizeof(list) / sizeof(list[0]))]

/* ---- a program of calls ---- */

enum { PROGRAM_MAX = 24, TEXT_MAX = 200 };

/* What an argument's memory begins with. */
struct step_memory {
	uint8_t bytes[TEXT_MAX];
	uint8_t length;
};

/* Where an argument's memory lies. PLACE_ZONE: where mmap and its kin play, at its bytes' first word. */
enum place { PLACE_GOOD, PLACE_NULL, PLACE_LOW, PLACE_KERNEL, PLACE_READ_ONLY, PLACE_EDGE, PLACE_ZONE, PLACES };

struct step {
	const struct call *call;
	enum actor actor;
	uint8_t pointer;	/* bits of arguments that are memory here though the table calls them numbers */
	long value[6];		/* of an argument that is memory: how it is placed, enum place */
	struct step_memory memory[6];
};

/* Two words for futexes, behind what loads, stores and short reads touch: they are taken for a thread's number, and
 * small ones are the kernel's own threads on Linux. */
#define FUTEX_AT(i)	(ZONE + (i) * (long)PAGE + PAGE / 2)

/* A value that stands for the number of the scene's own object of a kind. */
enum { ID_MSG = 70001, ID_SEM = ID_MSG + SEM, ID_SHM = ID_MSG + SHM };

static inline bool step_has_memory(const struct step *step, int i)
{
	return is_memory(&step->call->args[i]) || step->pointer >> i & 1;
}

struct program {
	int steps;
	struct step step[PROGRAM_MAX];
};

/* Make program `number` of a seed. */
void program_make(struct program *program, uint64_t seed, uint32_t number);
/* What argument `i`, which is memory that the call reads, begins with (structs.c). */
void choose_memory_bytes(struct step *step, int i, struct random *r);
/* Lay out the memory of a step and give its arguments. */
void step_arguments(const struct step *step, long *a);
/* Print it as C, without these steps. */
void program_print(const struct program *program, uint32_t without);
/* Run it in a fresh directory and fresh processes; the bits of `without` leave steps out. Returns a
 * hash of all that it gave; prints each step too when `verbose`. */
uint32_t program_run(const struct program *program, uint32_t without, bool verbose);
/* The same with all actors at work at once; nothing of it can be compared. False when it hangs. */
bool program_storm(const struct program *program);
/* What came of each call in all programs so far. */
void statistics_print(void);

#endif
