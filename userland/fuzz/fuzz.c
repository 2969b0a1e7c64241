// SPDX-License-Identifier: BSD-2-Clause
/*
 * fuzz --seed N --calls N: run random programs of system calls, one line a program: its number and a
 * hash of all it gave. The same seed gives the same programs on every kernel of one machine, so two
 * outputs can be compared line by line.
 *
 *	--only K       program K alone, each step with its result and the tree of files at its end
 *	--without BITS leave these steps out of it
 *	--drops        program K's hashes with each one of its other steps left out too
 *	--print        program K as C
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static void drops(const struct program *program, uint32_t without)
{
	for (int i = 0; i < program->steps; i++)
		if (!(without >> i & 1))
			printf("%d %08x\n", i, program_run(program, without | 1u << i, false));
}

static void run_all(uint64_t seed, long count)
{
	struct program program;
	long done = 0;

	for (uint32_t number = 0; done < count; number++) {
		program_make(&program, seed, number);
		printf("%u %08x\n", number, program_run(&program, 0, false));
		fflush(stdout);
		done += program.steps;
	}
	printf("# %ld calls done\n", done);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' }, { "calls", 1, NULL, 'c' }, { "only", 1, NULL, 'o' },
		{ "without", 1, NULL, 'w' }, { "drops", 0, NULL, 'd' }, { "print", 0, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	long count = 1000, only = -1;
	struct program program;
	uint32_t without = 0;
	uint64_t seed = 1;
	int opt, how = 0;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 'c': count = atol(optarg); break;
		case 'o': only = atol(optarg); break;
		case 'w': without = strtoul(optarg, NULL, 0); break;
		case 'd': case 'p': how = opt; break;
		default: return 2;
		}
	}
	if (only < 0) {
		run_all(seed, count);
		return 0;
	}
	program_make(&program, seed, only);
	if (how == 'd')
		drops(&program, without);
	else if (how == 'p')
		program_print(&program);
	else
		printf("%08x\n", program_run(&program, without, true));
	return 0;
}
