/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies of arch/cpu.h: gs holds the address of this CPU's struct cpu while in the kernel. */
#ifndef ARCH_IMPL_CPU_INLINE_H
#define ARCH_IMPL_CPU_INLINE_H

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	asm volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* cpu->running lies right behind struct arch_cpu. It never changes under the thread that asks. */
static inline struct thread *arch_current(void)
{
	struct thread *t;

	asm("movq %%gs:%c1, %0" : "=r"(t) : "i"(sizeof(struct arch_cpu)));
	return t;
}

static inline void arch_cpu_relax(void) { asm volatile("pause" : : : "memory"); }

/* A locked add to the stack orders like mfence and costs less. */
static inline void arch_mb(void) { asm volatile("lock; addl $0, -4(%%rsp)" : : : "memory", "cc"); }

/* cpuid serializes. Source: Intel SDM volume 3, "Serializing Instructions". */
static inline void arch_sync_core(void)
{
	u32 leaf = 0;

	asm volatile("cpuid" : "+a"(leaf) : : "rbx", "rcx", "rdx", "memory");
}

#endif
