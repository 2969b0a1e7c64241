/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left: the machine's part of an auxiliary vector and of exec, the vDSO, what a frame from outside may hold,
 * unwinding. Any context, no lock.
 */
#ifndef ARCH_MISC_H
#define ARCH_MISC_H

#include <janus/types.h>

struct thread;
struct trapframe;

extern const u16 arch_elf_machine;	/* e_machine of native programs */
extern const bool arch_has_pkeys;	/* Linux has the calls for protection keys, though no processor here has any */

/* What the machine adds to an auxv: */
unsigned long arch_hwcap(void);		/* AT_HWCAP */
unsigned long arch_hwcap2(void);	/* AT_HWCAP2 */
const char *arch_platform(void);	/* AT_PLATFORM, or NULL */
unsigned long arch_minsigstksz(void);	/* AT_MINSIGSTKSZ */

/*
 * The vDSO: an ELF shared object of whole pages, page aligned and read-only in the kernel image. exec maps
 * those very pages, read and execute, as [vdso], and right below it vdso_page (janus/vdso.h), read-only, as
 * [vvar]; the image's address is AT_SYSINFO_EHDR and mm->sigreturn_page.
 * NULL and size 0: the machine has none.
 */
const void *arch_vdso_image(size_t *size);

/*
 * Make what a signal frame or a tracer put in tf fit for a return to user mode: the one function that all such values
 * go through. old_flags: the flags before, of which those stay that are not for others to choose.
 */
void arch_sanitise_frame(struct trapframe *tf, unsigned long old_flags);

/*
 * Walk the frame records from frame pointer `fp` inside the kernel stack of `t` (NULL: any kernel
 * stack); calls back with each return address until it returns false. Safe on a broken stack.
 */
void arch_stack_walk(struct thread *t, unsigned long fp, bool (*fn)(void *arg, unsigned long pc), void *arg);

/* Machine-specific system calls (arch_prctl and friends) declared in syscalls.tbl live in arch/ as sys_*(). */

#endif
