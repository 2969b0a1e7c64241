// SPDX-License-Identifier: BSD-2-Clause
/*
 * fuzz --seed N --calls N: run random programs of system calls, one line a program: its number and a
 * hash of all it gave. The same seed gives the same programs on every kernel of one machine, so two
 * outputs can be compared line by line.
 *
 *	--only K       program K alone, each step with its result, what each actor has and the tree at its end
 *	--without BITS leave these steps out of it
 *	--drops        program K's hashes with each one of its other steps left out too
 *	--print        program K as C
 *	--stats        at the end, what came of each call
 *	--storm N      N programs at a time, each with all its actors at once; nothing to compare
 */
#include <getopt.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

static struct {
	uint64_t seed;
	long calls, only, storm;
	uint32_t without;
	bool statistics;
	int how;
} option = { .seed = 1, .calls = 1000, .only = -1 };

static void drops(const struct program *program, uint32_t without)
{
	for (int i = 0; i < program->steps; i++)
		if (!(without >> i & 1))
			printf("%d %08x\n", i, program_run(program, without | 1u << i, false));
}

static void run_all(void)
{
	struct program program;
	long done = 0;

	for (uint32_t number = 0; done < option.calls; number++) {
		program_make(&program, option.seed, number);
		printf("%u %08x\n", number, program_run(&program, 0, false));
		fflush(stdout);
		done += program.steps;
	}
	if (option.statistics)
		statistics_print();
	printf("# %ld calls done\n", done);
}

static void run_one(void)
{
	struct program program;

	program_make(&program, option.seed, option.only);
	if (option.how == 'd')
		drops(&program, option.without);
	else if (option.how == 'p')
		program_print(&program, option.without);
	else
		printf("%08x\n", program_run(&program, option.without, true));
}

static void storm(void)
{
	struct program program;
	long done = 0;

	for (uint32_t number = actors_worker; done < option.calls / option.storm; number += option.storm) {
		program_make(&program, option.seed, number);
		if (!program_storm(&program)) {
			printf("# hangs: program %u\n", number);
			fflush(stdout);
			return;
		}
		done += program.steps;
	}
	printf("# %ld calls done\n", done);
}

/* The conductor has a number of its own, which getppid tells. */
static pid_t conductor(void)
{
	pid_t pid = PID_CONDUCTOR + 10 * actors_worker;
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };

	fflush(stdout);
	return syscall(SYS_clone3, &args, sizeof(args));
}

static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' }, { "calls", 1, NULL, 'c' }, { "only", 1, NULL, 'o' },
		{ "without", 1, NULL, 'w' }, { "drops", 0, NULL, 'd' }, { "print", 0, NULL, 'p' },
		{ "stats", 0, NULL, 'S' }, { "storm", 1, NULL, 't' }, { NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 's': option.seed = strtoull(optarg, NULL, 0); break;
		case 'c': option.calls = atol(optarg); break;
		case 'o': option.only = atol(optarg); break;
		case 'w': option.without = strtoul(optarg, NULL, 0); break;
		case 't': option.storm = atol(optarg); break;
		case 'S': option.statistics = true; break;
		case 'd': case 'p': option.how = opt; break;
		default: return 2;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int status, worst = 0;

	if (parse(argc, argv))
		return 2;
	for (actors_worker = 0; actors_worker < (option.storm ? option.storm : 1); actors_worker++) {
		pid_t pid = conductor();

		if (pid < 0)
			perror("clone3");
		if (pid)
			continue;
		setsid();
		if (option.storm)
			storm();
		else if (option.only >= 0)
			run_one();
		else
			run_all();
		fflush(stdout);
		_exit(0);
	}
	while (wait(&status) > 0)
		if (status) {
			printf("# a conductor ended with status %x\n", status);
			worst = 1;
		}
	return worst;
}
