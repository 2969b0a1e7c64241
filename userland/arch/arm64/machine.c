// SPDX-License-Identifier: BSD-2-Clause
/*
 * This machine's tables for the suite: register names and roles, the parts of a signal frame and
 * how one may be forged, and what a user is punished for.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdint.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include "machine.h"

/* ---- 2. registers ---- */

const char *const machine_reg_name[MACHINE_REGS] = {
	"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
	"x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26",
	"x27", "x28", "x29", "x30",
};

const unsigned long machine_flags_user = 0xf0000000;	/* NZCV */

enum machine_role machine_reg_role(int reg)
{
	return reg == 0 ? ROLE_RESULT : ROLE_KEPT;
}

int machine_reg_arg(int n)
{
	return n;
}

unsigned long machine_flags(void)
{
	unsigned long flags;

	__asm__ volatile("mrs %0, nzcv" : "=r"(flags));
	return flags & machine_flags_user;
}

/* Three words: fpcr, fpsr, tpidr_el0. */
void machine_rest_fill(struct machine_rest *rest, unsigned int seed)
{
	uint64_t *word = (uint64_t *)rest->byte;

	memset(rest, 0, sizeof(*rest));
	word[0] = (uint64_t)(seed & 0x1f) << 22;	/* rounding, flush to zero, default NaN, half precision */
	word[1] = (seed * 0x15 & 0x1f) | (seed & 1 ? 0x80 : 0) | (seed & 2 ? 1U << 27 : 0);
	word[2] = 0x0123456789abcd00 * (seed | 1);
}

const char *machine_rest_differs(const struct machine_rest *a, const struct machine_rest *b)
{
	static const char *const name[] = { "fpcr", "fpsr", "tpidr_el0" };

	for (int i = 0; i < 3; i++)
		if (((const uint64_t *)a->byte)[i] != ((const uint64_t *)b->byte)[i])
			return name[i];
	return NULL;
}

/* Data independent timing: the same bit in the flags and in AT_HWCAP. */
unsigned long machine_flags_rare(void)
{
	return getauxval(AT_HWCAP) & 1UL << 24;
}

/* Only a debugger can step a program. */
const unsigned long machine_steps[1];
const int machine_step_count = 0;

/* mov x8, #172; svc #0 */
const unsigned char machine_last_call[] = { 0x88, 0x15, 0x80, 0xd2, 0x01, 0, 0, 0xd4 };
const size_t machine_last_call_size = sizeof(machine_last_call);

/* ---- 3. what a signal frame holds ---- */

unsigned long machine_frame_reg(const ucontext_t *uc, int reg)
{
	return uc->uc_mcontext.regs[reg];
}

unsigned long machine_frame_pc(const ucontext_t *uc)
{
	return uc->uc_mcontext.pc;
}

void machine_frame_set_pc(ucontext_t *uc, unsigned long pc)
{
	uc->uc_mcontext.pc = pc;
}

unsigned long machine_frame_sp(const ucontext_t *uc)
{
	return uc->uc_mcontext.sp;
}

unsigned long machine_frame_flags(const ucontext_t *uc)
{
	return uc->uc_mcontext.pstate;
}

/* The frame's records follow each other, each with a magic number and a size; 0 ends them. */
struct record {
	uint32_t magic, size;
};
enum { FPSIMD = 0x46508001 };

static struct record *find(ucontext_t *uc, uint32_t magic)
{
	struct record *r = (struct record *)uc->uc_mcontext.__reserved;

	while (r->magic && r->magic != magic)
		r = (struct record *)((char *)r + r->size);
	return r;
}

unsigned char *machine_frame_vector(ucontext_t *uc)
{
	struct record *r = find(uc, FPSIMD);

	return r->magic ? (unsigned char *)r + 16 : NULL;
}

static void forge_el1(ucontext_t *uc) { uc->uc_mcontext.pstate = (uc->uc_mcontext.pstate & ~0xfUL) | 5; }
static void forge_el1t(ucontext_t *uc) { uc->uc_mcontext.pstate = (uc->uc_mcontext.pstate & ~0xfUL) | 4; }
static void forge_el2(ucontext_t *uc) { uc->uc_mcontext.pstate = (uc->uc_mcontext.pstate & ~0xfUL) | 9; }
static void forge_el3(ucontext_t *uc) { uc->uc_mcontext.pstate = (uc->uc_mcontext.pstate & ~0xfUL) | 13; }
static void forge_aarch32(ucontext_t *uc) { uc->uc_mcontext.pstate |= 0x10; }
static void forge_masks(ucontext_t *uc) { uc->uc_mcontext.pstate |= 0x3c0; }
static void forge_step(ucontext_t *uc) { uc->uc_mcontext.pstate |= 1UL << 21; }
static void forge_illegal(ucontext_t *uc) { uc->uc_mcontext.pstate |= 1UL << 20; }
static void forge_pan(ucontext_t *uc) { uc->uc_mcontext.pstate |= 1UL << 22 | 1UL << 23; }
static void forge_high(ucontext_t *uc) { uc->uc_mcontext.pstate |= 0xffffffff00000000; }
static void forge_pc_kernel(ucontext_t *uc) { uc->uc_mcontext.pc = 0xffff800008000000; }
static void forge_pc_nowhere(ucontext_t *uc) { uc->uc_mcontext.pc = 0x0080000000000000; }
static void forge_pc_unaligned(ucontext_t *uc) { uc->uc_mcontext.pc += 2; }
static void forge_pc_null(ucontext_t *uc) { uc->uc_mcontext.pc = 0; }
static void forge_sp(ucontext_t *uc) { uc->uc_mcontext.sp = 0xffff000000000000; }
static void forge_record_size(ucontext_t *uc) { find(uc, FPSIMD)->size = 0xfffffff0; }
static void forge_record_small(ucontext_t *uc) { find(uc, FPSIMD)->size = 16; }
static void forge_record_odd(ucontext_t *uc) { find(uc, FPSIMD)->size += 4; }
static void forge_record_magic(ucontext_t *uc) { find(uc, FPSIMD)->magic = 0x12345678; }
static void forge_record_none(ucontext_t *uc)
{
	memset(uc->uc_mcontext.__reserved, 0, 16);
}
static void forge_record_long_end(ucontext_t *uc) { find(uc, 0)->size = 16; }

/* One record more, in front of the end. */
static uint32_t *add_record(ucontext_t *uc, uint32_t magic, uint32_t size)
{
	uint32_t *r = (uint32_t *)find(uc, 0);

	memset(r, 0, size + sizeof(struct record));
	r[0] = magic;
	r[1] = size;
	return r;
}

enum { EXTRA = 0x45585401, SVE = 0x53564501, ESR = 0x45535201 };

static void forge_extra_kernel(ucontext_t *uc)
{
	uint32_t *r = add_record(uc, EXTRA, 32);

	*(uint64_t *)(r + 2) = 0xffff000000000000;
	r[4] = 4096;
}

static void forge_extra_here(ucontext_t *uc)
{
	uint32_t *r = add_record(uc, EXTRA, 32);

	*(uint64_t *)(r + 2) = (uint64_t)(r + 12);
	r[4] = 0xfffffff0;
}

static void forge_extra_small(ucontext_t *uc) { add_record(uc, EXTRA, 16); }
static void forge_wide_length(ucontext_t *uc) { add_record(uc, SVE, 16)[2] = 0xffff; }
static void forge_wide_small(ucontext_t *uc) { add_record(uc, SVE, 0); }
static void forge_vectors_twice(ucontext_t *uc) { add_record(uc, FPSIMD, 528); }
static void forge_syndrome(ucontext_t *uc) { memset(add_record(uc, ESR, 16) + 2, 0xff, 8); }
static void forge_control(ucontext_t *uc) { memset((char *)find(uc, FPSIMD) + 8, 0xff, 8); }
static void forge_branch(ucontext_t *uc) { uc->uc_mcontext.pstate |= 3UL << 10; }
static void forge_speculation(ucontext_t *uc) { uc->uc_mcontext.pstate |= 1UL << 12; }
static void forge_checks(ucontext_t *uc) { uc->uc_mcontext.pstate |= 1UL << 25; }
static void forge_result(ucontext_t *uc) { uc->uc_mcontext.regs[0] = -512; }

const struct machine_forgery machine_forgeries[] = {
	{ "the kernel's exception level", SIGSEGV, forge_el1 },
	{ "the kernel's exception level on the user's stack", SIGSEGV, forge_el1t },
	{ "the hypervisor's exception level", SIGSEGV, forge_el2 },
	{ "the monitor's exception level", SIGSEGV, forge_el3 },
	{ "32-bit state in a 64-bit process", SIGSEGV, forge_aarch32 },
	{ "interrupts off", SIGSEGV, forge_masks },
	{ "the single step flag", 0, forge_step },
	{ "the illegal state flag", 0, forge_illegal },
	{ "the access overrides", 0, forge_pan },
	{ "the upper half of the state", 0, forge_high },
	{ "a program counter in the kernel", SIGSEGV, forge_pc_kernel },
	{ "a program counter in no half of memory", SIGSEGV, forge_pc_nowhere },
	{ "an unaligned program counter", SIGBUS, forge_pc_unaligned },
	{ "a program counter of 0", SIGSEGV, forge_pc_null },
	{ "a stack pointer in the kernel", SIGSEGV, forge_sp },
	{ "a wild size of the vector record", SIGSEGV, forge_record_size },
	{ "a small size of the vector record", SIGSEGV, forge_record_small },
	{ "an odd size of the vector record", SIGSEGV, forge_record_odd },
	{ "a record that does not exist", SIGSEGV, forge_record_magic },
	{ "no records at all", SIGSEGV, forge_record_none },
	{ "a last record with a size", SIGSEGV, forge_record_long_end },
	{ "records that go on in the kernel", SIGSEGV, forge_extra_kernel },
	{ "records that go on past all memory", SIGSEGV, forge_extra_here },
	{ "records that go on nowhere", SIGSEGV, forge_extra_small },
	{ "a wide vector record of a wild length", SIGSEGV, forge_wide_length },
	{ "a wide vector record without a size", SIGSEGV, forge_wide_small },
	{ "two vector records", SIGSEGV, forge_vectors_twice },
	{ "a syndrome", 0, forge_syndrome },
	{ "all bits of floating point's control and status", 0, forge_control },
	{ "the branch type", 0, forge_branch },
	{ "the speculation bypass flag", 0, forge_speculation },
	{ "the tag check override", 0, forge_checks },
	{ "a result that asks for a restart", 0, forge_result },
};
const int machine_forgery_count = sizeof(machine_forgeries) / sizeof(machine_forgeries[0]);

/* ---- 4. what no user may do ---- */

extern void crime_opcode(void), crime_breakpoint(void), crime_mask(void), crime_root(void),
	crime_set_root(void), crime_register(void), crime_set_register(void), crime_flush(void),
	crime_hypervisor(void), crime_exit(void), crime_stack(void), crime_debug(void),
	crime_stack_pointer(void), crime_stack_foreign(void);

static void jump_to(unsigned long pc)
{
	((void (*)(void))pc)();
}

static void jump_null(void) { jump_to(0); }
static void jump_kernel(void) { jump_to(0xffff800008000000); }
static void jump_nowhere(void) { jump_to(0x0080000000000000); }
static void jump_unaligned(void) { jump_to((unsigned long)crime_opcode + 2); }
static void load_from(unsigned long address) { (void)*(volatile char *)address; }
static void load_kernel(void) { load_from(0xffff000000000000); }
static void load_nowhere(void) { load_from(0x0080000000000000); }
static void load_top(void) { load_from(~0UL); }

const struct machine_crime machine_crimes[] = {
	{ "an opcode that does not exist", SIGILL, ILL_ILLOPC, (unsigned long)crime_opcode,
	  crime_opcode },
	{ "a breakpoint", SIGTRAP, TRAP_BRKPT, (unsigned long)crime_breakpoint, crime_breakpoint },
	{ "masking interrupts", SIGILL, ILL_ILLOPC, (unsigned long)crime_mask, crime_mask },
	{ "reading the page table root", SIGILL, ILL_ILLOPC, (unsigned long)crime_root, crime_root },
	{ "writing the page table root", SIGILL, ILL_ILLOPC, (unsigned long)crime_set_root,
	  crime_set_root },
	{ "reading a system register", SIGILL, ILL_ILLOPC, (unsigned long)crime_register,
	  crime_register },
	{ "writing a system register", SIGILL, ILL_ILLOPC, (unsigned long)crime_set_register,
	  crime_set_register },
	{ "flushing all translations", SIGILL, ILL_ILLOPC, (unsigned long)crime_flush, crime_flush },
	{ "calling the hypervisor", SIGILL, ILL_ILLOPC, (unsigned long)crime_hypervisor,
	  crime_hypervisor },
	{ "returning from the kernel without being there", SIGILL, ILL_ILLOPC,
	  (unsigned long)crime_exit, crime_exit },
	{ "taking the kernel's stack pointer", SIGILL, ILL_ILLOPC, (unsigned long)crime_stack,
	  crime_stack },
	{ "halting for a debugger", SIGILL, ILL_ILLOPC, (unsigned long)crime_debug, crime_debug },
	{ "a stack at address 16", SIGSEGV, SEGV_MAPERR, 0, crime_stack_pointer },
	{ "a stack in the kernel", SIGSEGV, SEGV_MAPERR, 0xffff000000000010, crime_stack_foreign },
	{ "jumping to 0", SIGSEGV, SEGV_MAPERR, 0, jump_null },
	{ "jumping into the kernel", SIGSEGV, SEGV_MAPERR, 0xffff800008000000, jump_kernel },
	{ "jumping to no half of memory", SIGSEGV, SEGV_MAPERR, 0x0080000000000000, jump_nowhere },
	{ "jumping to an unaligned address", SIGBUS, BUS_ADRALN, (unsigned long)crime_opcode + 2,
	  jump_unaligned },
	{ "reading the kernel's memory", SIGSEGV, SEGV_MAPERR, 0xffff000000000000, load_kernel },
	{ "reading no half of memory", SIGSEGV, SEGV_MAPERR, 0x0080000000000000, load_nowhere },
	{ "reading the last byte of all", SIGSEGV, SEGV_MAPERR, ~0UL, load_top },
};
const int machine_crime_count = sizeof(machine_crimes) / sizeof(machine_crimes[0]);

const unsigned long machine_foreign[] = {
	0x0001000000000000, 0x0010000000000000, 0x8000000000000000, 0xffff000000000000,
	0xffff800000000000, 0xffff800008000000, 0xffffffc000000000, 0xfffffffffffff000,
	0xffffffffffffffff,
};
const int machine_foreign_count = sizeof(machine_foreign) / sizeof(machine_foreign[0]);
const unsigned long machine_user_end = 0x0001000000000000;

/* ---- 5. what a tracer sees ---- */

enum { T_PSTATE = 33, NT_CALL = 0x404 };

int machine_trace_set_number(pid_t pid, long nr)
{
	int number = nr;
	struct iovec iov = { &number, sizeof(number) };

	return ptrace(PTRACE_SETREGSET, pid, NT_CALL, &iov);
}

const unsigned char machine_break[] = { 0x00, 0x00, 0x20, 0xd4 };	/* brk #0 */

static void trace_el1(unsigned long *r) { r[T_PSTATE] = (r[T_PSTATE] & ~0xfUL) | 5; }
static void trace_el1t(unsigned long *r) { r[T_PSTATE] = (r[T_PSTATE] & ~0xfUL) | 4; }
static void trace_el2(unsigned long *r) { r[T_PSTATE] = (r[T_PSTATE] & ~0xfUL) | 9; }
static void trace_aarch32(unsigned long *r) { r[T_PSTATE] |= 0x10; }
static void trace_masks(unsigned long *r) { r[T_PSTATE] |= 0x3c0; }
static void trace_step(unsigned long *r) { r[T_PSTATE] |= 1UL << 21; }
static void trace_high(unsigned long *r) { r[T_PSTATE] |= 0xffffffff00f00000; }
static void trace_branch(unsigned long *r) { r[T_PSTATE] |= 3UL << 10; }
static void trace_pc_kernel(unsigned long *r) { r[MACHINE_TRACE_PC] = 0xffff800008000000; }
static void trace_pc_nowhere(unsigned long *r) { r[MACHINE_TRACE_PC] = 0x0080000000000000; }
static void trace_pc_unaligned(unsigned long *r) { r[MACHINE_TRACE_PC] += 2; }

const struct machine_trace_forgery machine_trace_forgeries[] = {
	{ "the kernel's exception level", EINVAL, 0, trace_el1 },
	{ "the kernel's exception level on the user's stack", EINVAL, 0, trace_el1t },
	{ "the hypervisor's exception level", EINVAL, 0, trace_el2 },
	{ "32-bit state in a 64-bit process", EINVAL, 0, trace_aarch32 },
	{ "interrupts off", EINVAL, 0, trace_masks },
	{ "the single step flag", 0, 0, trace_step },
	{ "the upper half of the state, and what is reserved in the lower", 0, 0, trace_high },
	{ "the branch type", 0, 0, trace_branch },
	{ "a program counter in the kernel", 0, SIGSEGV, trace_pc_kernel },
	{ "a program counter in no half of memory", 0, SIGSEGV, trace_pc_nowhere },
	{ "an unaligned program counter", 0, SIGBUS, trace_pc_unaligned },
};
const int machine_trace_forgery_count = sizeof(machine_trace_forgeries) / sizeof(machine_trace_forgeries[0]);
