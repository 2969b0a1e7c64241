// SPDX-License-Identifier: BSD-2-Clause
/*
 * membarrier(2): every CPU passes a full barrier before the call returns, so that others need none where they read.
 * A memory registers for each of the private commands, which interrupt only its own threads; its copy by fork has
 * registered too, a new program has not. Source: membarrier(2).
 */
#include "internal.h"

#include <arch/cpu.h>
#include <generated/syscalls.h>
#include <janus/rseq.h>

enum membarrier_cmd {
	MEMBARRIER_QUERY = 0,
	MEMBARRIER_GLOBAL = 1 << 0,
	MEMBARRIER_GLOBAL_EXPEDITED = 1 << 1,
	MEMBARRIER_REGISTER_GLOBAL_EXPEDITED = 1 << 2,
	MEMBARRIER_PRIVATE_EXPEDITED = 1 << 3,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 1 << 4,
	MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 5,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 6,
	MEMBARRIER_PRIVATE_EXPEDITED_RSEQ = 1 << 7,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ = 1 << 8,
	MEMBARRIER_ALL = (1 << 9) - 1,
};
#define MEMBARRIER_FLAG_CPU 1u

/* What a CPU does for a command; by an interrupt on the others. */
static void barrier_here(void *unused)
{
	(void)unused;
	arch_mb();
}

/* What it fetched as instructions before may have been written over. */
static void sync_core_here(void *unused)
{
	(void)unused;
	arch_mb();
	arch_sync_core();
}

/* Whoever runs here and shares the memory is to begin its sequence anew. */
static void break_sequence_here(void *mm)
{
	arch_mb();
	if (current->mm == mm)
		rseq_break(current);
}

/* More CPUs than each command asks for, and always enough. */
static long on_each_cpu(void (*fn)(void *arg), void *arg)
{
	arch_mb();
	if (nr_cpus > 1)
		smp_call((cpumask_t)((1ULL << nr_cpus) - 1), fn, arg);
	fn(arg);
	arch_mb();
	return 0;
}

long sys_membarrier(int cmd, unsigned int flags, int cpu_id)
{
	struct mm *mm = current->mm;

	(void)cpu_id;	/* with MEMBARRIER_FLAG_CPU: which one would be enough */
	if (flags && (cmd != MEMBARRIER_PRIVATE_EXPEDITED_RSEQ || flags != MEMBARRIER_FLAG_CPU))
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_QUERY:
		return MEMBARRIER_ALL;
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
		return on_each_cpu(barrier_here, NULL);
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
		return 0;
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ:
		__atomic_fetch_or(&mm->membarriers, (u32)cmd >> 1, __ATOMIC_RELAXED);
		return 0;
	case MEMBARRIER_PRIVATE_EXPEDITED:
	case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_PRIVATE_EXPEDITED_RSEQ:
		if (!(READ_ONCE(mm->membarriers) & (u32)cmd))
			return -EPERM;
		return on_each_cpu(cmd == MEMBARRIER_PRIVATE_EXPEDITED ? barrier_here :
				   cmd == MEMBARRIER_PRIVATE_EXPEDITED_RSEQ ? break_sequence_here : sync_core_here, mm);
	}
	return -EINVAL;
}
