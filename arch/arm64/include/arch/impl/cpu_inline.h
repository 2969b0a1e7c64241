/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: who am I. current is in sp_el0 while in the kernel, this CPU in tpidr_el1. */
#ifndef ARCH_IMPL_CPU_INLINE_H
#define ARCH_IMPL_CPU_INLINE_H

/* Not volatile, and no memory: between two sleeps the compiler may keep the value. */
static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	return cpu;
}

/* The same for the whole life of a stack: the compiler may read it once a function. */
static inline struct thread *arch_current(void)
{
	struct thread *t;

	__asm__("mrs %0, sp_el0" : "=r"(t));
	return t;
}

static inline void arch_cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

static inline void arch_mb(void)
{
	dsb(sy);
}

static inline void arch_sync_core(void)
{
	isb();
}

#endif
