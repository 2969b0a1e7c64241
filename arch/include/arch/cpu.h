/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs: who am I, idling, starting and kicking others.
 *
 * `struct arch_cpu` (impl) is the first member of core's `struct cpu`, so that entry code reaches its
 * words at fixed offsets. arch_current() and arch_this_cpu() are one or two instructions: x86 has
 * one `gs:` load, the other a system register; this is the place where the faces are not forced alike.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <janus/types.h>

struct cpu;
struct thread;

#include <arch/impl/cpu.h>	/* struct arch_cpu */

static inline struct cpu *arch_this_cpu(void);		/* stable while not preempted, i.e. until a sleep */
static inline struct thread *arch_current(void);
static inline void arch_cpu_relax(void);		/* in a spin loop */
static inline void arch_mb(void);			/* full barrier, also between memory and devices */
static inline void arch_sync_core(void);		/* what runs next is fetched anew: memory may hold other instructions */

/* Point this CPU's per-CPU base at `cpu`, with `cpu->running` as current. Once a CPU, before use. */
void arch_cpu_setup(struct cpu *cpu);

/*
 * Wait for an interrupt. Called with interrupts off after the idle loop saw no work; enables them and
 * waits in one step that cannot miss a wake-up; returns with interrupts on.
 */
void arch_idle(void);

/* Start CPU `cpu->id` on the stack of cpu->idle; it enters secondary_main(cpu). 0 or -errno. */
int arch_cpu_start(struct cpu *cpu);

/* Called first by secondary_main on the new CPU: its traps, interrupt controller, timer, features. */
void arch_cpu_init_secondary(void);

/* Interrupt CPU `id`: it calls ipi_dispatch(). Any context. Core keeps why in cpu->ipi_pending. */
void arch_send_ipi(unsigned id);

/* Stop this CPU for ever, interrupts off (panic on another CPU, machine stop). */
void arch_cpu_halt(void) __attribute__((noreturn));

/* The lines of one CPU for /proc/cpuinfo into buf (size bytes, NUL-terminated); returns the length. */
size_t arch_cpuinfo(unsigned cpu, char *buf, size_t size);

/* Machine name of uname(2) ("x86_64", "aarch64"): NUL-terminated, constant. */
extern const char arch_machine_name[];

#include <arch/impl/cpu_inline.h>

#endif
