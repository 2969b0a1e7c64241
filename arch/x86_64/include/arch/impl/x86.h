/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of this face say to each other. Nobody else includes it.
 */
#ifndef ARCH_IMPL_X86_H
#define ARCH_IMPL_X86_H

#include <janus/types.h>

struct cpu;
struct thread;
struct trapframe;

/* boot.asm's first argument to boot_main(): which loader */
#define BOOT_LINUX 1
#define BOOT_PVH 2

/* Where secondary CPUs start in real mode: a page below 1 MiB that is never given to the allocator. */
#define SECONDARY_START_PAGE 0x8000

/* State components that XCR0 may have: x87, SSE, AVX (SDM 1, 13.1). */
#define FPU_XFEATURES 7

/* ---- boot.asm, entry.asm, switch.asm ---- */
extern char boot_root[];			/* page table: the low 4 GiB, thrice */
extern char boot_stack[], boot_stack_end[];
extern const char secondary_start[], secondary_start_end[];
extern const char vectors[];			/* 256 of 16 bytes */
void user_syscall(void);
void user_syscall_traced(void);
void thread_entry(void);
struct thread *switch_stack(struct thread *prev, struct thread *next);

/* ---- kernel.ld ---- */
extern char __image_start[], __image_end[], __text_start[], __text_end[];
extern char __uaccess_start[], __uaccess_end[];

/* ---- cpu.c: features ---- */
struct cpu_features {
	bool nx, pge, smep, smap, umip, fsgsbase, pcid, xsave, avx, xsaveopt, rdrand, x2apic;
	bool tsc_deadline, invariant_tsc;
};
extern struct cpu_features cpu_features;	/* constant after cpu_features_init() */
void cpu_features_init(void);			/* boot CPU: detect, patch the SMAP sites */
void cpu_features_enable(void);			/* each CPU: EFER, CR0, CR4, XCR0 */

/* ---- trap.c ---- */
void trap_init(void);				/* boot CPU: the IDT's contents */
void trap_init_cpu(struct cpu *cpu);		/* each CPU: GDT, TSS, IDT, syscall MSRs, gs base */

/* ---- thread.c: current's user bases; interrupts off ---- */
u64 thread_fs_base(void);
u64 thread_gs_base(void);
void thread_set_fs_base(u64 base);
void thread_set_gs_base(u64 base);

/* ---- fpu.c ---- */
void fpu_init(void);				/* each CPU, after cpu_features_enable() */
void fpu_save(struct thread *t);		/* registers -> t's area; t owns them */
void fpu_fork(struct thread *child);		/* the same for a child, whose area was never written */
void fpu_restore(struct thread *t);		/* t's area -> registers */
void fpu_reset(struct thread *t);		/* first state, in registers; t is current */
extern size_t fpu_frame_size;			/* [const] what a signal frame holds of it, without alignment */
int fpu_frame_save(uaddr_t to);			/* current's, `to` aligned to 64 and checked; 0 or -EFAULT */
int fpu_frame_restore(uaddr_t from);		/* 0 or -EFAULT; 0 as address: first state */
int fpu_exception_code(bool simd);		/* FPE_* of the pending exception */
/* A tracer's view; t is stopped. What is set is checked: 0 or -EINVAL. */
#define FXSAVE_SIZE 512
#define FXSAVE_WRITTEN 416			/* of them, by the processor */
size_t fpu_extended_size(void);			/* 0: no XSAVE */
void fpu_get_extended(struct thread *t, void *to);
int fpu_set_legacy(struct thread *t, const void *from);
int fpu_set_extended(struct thread *t, const void *from);

/* ---- ptrace.c, syscall.c ---- */
long thread_arch_prctl(struct thread *t, int option, unsigned long arg2);	/* t is stopped */

/* ---- acpi.c: read once, in arch_init_early(), while all of the low 4 GiB is mapped ---- */
struct acpi_info {
	unsigned nr_cpus;			/* enabled ones, boot CPU first */
	u32 apic_ids[NR_CPUS];
	phys_t lapic;				/* registers */
	unsigned nr_ioapics;
	struct {
		phys_t base;
		u32 gsi_base;
	} ioapics[4];
	struct {
		u32 gsi;
		u16 flags;			/* MADT's polarity and trigger */
	} isa[16];
	u16 pm1a_control, pm1b_control, pm_timer;	/* ports, 0: none */
	u8 s5_a, s5_b;				/* SLP_TYP of soft off */
	bool has_s5;
	u8 reset_space, reset_value;		/* reset register: 0xff space when none */
	u64 reset_address;
};
extern struct acpi_info acpi;
void acpi_init(phys_t rsdp);			/* 0: look for it */

/* ---- irqchip.c ---- */
void lapic_init(void);				/* boot CPU: map and enable; masks the PIC */
void lapic_init_cpu(void);			/* each CPU */
void lapic_eoi(void);
void lapic_send_init(u32 apic_id);
void lapic_send_startup(u32 apic_id, unsigned page);
void lapic_timer_start(u32 count);		/* one shot; 0 stops */
u32 lapic_timer_count(void);
void ioapic_init(void);

/* ---- timer.c ---- */
void udelay(unsigned us);

/* ---- smp.c ---- */
void smp_copy_trampoline(void);			/* arch_init_early() */

/* ---- mmu.c ---- */
void mmu_init_secondary(void);			/* leave the boot page tables */

/* ---- platform.c ---- */
void early_console_init(void);

/* ---- uaccess.asm ---- */
int fpu_xsave_user(uaddr_t to);
int fpu_xrstor_user(uaddr_t from, u32 components);
int fpu_fxsave_user(uaddr_t to);
int fpu_fxrstor_user(uaddr_t from);

#endif
