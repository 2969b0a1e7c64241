/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's own numbers: control registers, model-specific registers, flags, selectors, and the
 * instructions that reach them. For files of this face only; sources: Intel SDM volumes 3 and 4, and
 * Linux's ABI for the user selectors.
 */
#ifndef ARCH_IMPL_REGS_H
#define ARCH_IMPL_REGS_H

#include <janus/types.h>

/* Selectors. User code sees these, so they are Linux's; sysret fixes the order of the user ones. */
#define KERNEL_CS 0x10
#define KERNEL_DS 0x18
#define USER32_CS 0x23	/* not present: the base that sysret counts from */
#define USER_DS 0x2b
#define USER_CS 0x33
#define TSS_SELECTOR 0x40
#define CPU_NUMBER_SELECTOR 0x7b	/* its limit is this CPU's number: getcpu in the vDSO */

#define EFLAGS_CF (1UL << 0)
#define EFLAGS_FIXED (1UL << 1)
#define EFLAGS_PF (1UL << 2)
#define EFLAGS_AF (1UL << 4)
#define EFLAGS_ZF (1UL << 6)
#define EFLAGS_SF (1UL << 7)
#define EFLAGS_TF (1UL << 8)
#define EFLAGS_IF (1UL << 9)
#define EFLAGS_DF (1UL << 10)
#define EFLAGS_OF (1UL << 11)
#define EFLAGS_IOPL (3UL << 12)
#define EFLAGS_NT (1UL << 14)
#define EFLAGS_RF (1UL << 16)
#define EFLAGS_AC (1UL << 18)
#define EFLAGS_ID (1UL << 21)
/* What a user may choose: all that popf in user mode can change. */
#define EFLAGS_USER (EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_TF | \
		     EFLAGS_DF | EFLAGS_OF | EFLAGS_RF | EFLAGS_AC)

#define CR0_PE (1UL << 0)
#define CR0_MP (1UL << 1)
#define CR0_EM (1UL << 2)
#define CR0_TS (1UL << 3)
#define CR0_ET (1UL << 4)
#define CR0_NE (1UL << 5)
#define CR0_WP (1UL << 16)
#define CR0_AM (1UL << 18)
#define CR0_PG (1UL << 31)

#define CR4_DE (1UL << 3)
#define CR4_PAE (1UL << 5)
#define CR4_PGE (1UL << 7)
#define CR4_OSFXSR (1UL << 9)
#define CR4_OSXMMEXCPT (1UL << 10)
#define CR4_UMIP (1UL << 11)
#define CR4_FSGSBASE (1UL << 16)
#define CR4_OSXSAVE (1UL << 18)
#define CR4_SMEP (1UL << 20)
#define CR4_SMAP (1UL << 21)

#define MSR_APIC_BASE 0x1b
#define MSR_SYSENTER_CS 0x174
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SYSCALL_MASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

#define EFER_SCE (1UL << 0)
#define EFER_LME (1UL << 8)
#define EFER_NX (1UL << 11)

/* Page fault error code */
#define PF_PRESENT (1U << 0)
#define PF_WRITE (1U << 1)
#define PF_USER (1U << 2)
#define PF_FETCH (1U << 4)

#ifndef __ASSEMBLY__

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

#define DEFINE_CR(n)                                                             \
	static inline unsigned long read_cr##n(void)                             \
	{                                                                        \
		unsigned long value;                                             \
		asm volatile("mov %%cr" #n ", %0" : "=r"(value) : : "memory");   \
		return value;                                                    \
	}                                                                        \
	static inline void write_cr##n(unsigned long value)                      \
	{                                                                        \
		asm volatile("mov %0, %%cr" #n : : "r"(value) : "memory");       \
	}
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)

#define DEFINE_DR(n)                                                             \
	static inline unsigned long read_dr##n(void)                             \
	{                                                                        \
		unsigned long value;                                             \
		asm volatile("mov %%dr" #n ", %0" : "=r"(value));                \
		return value;                                                    \
	}                                                                        \
	static inline void write_dr##n(unsigned long value)                      \
	{                                                                        \
		asm volatile("mov %0, %%dr" #n : : "r"(value));                  \
	}
DEFINE_DR(6)
DEFINE_DR(7)

struct cpuid {
	u32 a, b, c, d;
};

static inline struct cpuid cpuid(u32 leaf, u32 sub)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "0"(leaf), "2"(sub));
	return r;
}

static inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

static inline void invlpg(unsigned long va) { asm volatile("invlpg (%0)" : : "r"(va) : "memory"); }

#endif
#endif
