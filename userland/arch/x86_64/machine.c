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
#include <sys/ptrace.h>
#include <unistd.h>

#include "machine.h"

/* ---- 2. registers ---- */

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11 };

const char *const machine_reg_name[MACHINE_REGS] = {
	"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13",
	"r14", "r15",
};

const unsigned long machine_flags_user = 0xcd5;	/* CF PF AF ZF SF DF OF */

enum machine_role machine_reg_role(int reg)
{
	if (reg == RAX)
		return ROLE_RESULT;
	return reg == RCX || reg == R11 ? ROLE_LOST : ROLE_KEPT;
}

int machine_reg_arg(int n)
{
	static const int arg[6] = { RDI, RSI, RDX, R10, R8, R9 };

	return arg[n];
}

unsigned long machine_flags(void)
{
	return __builtin_ia32_readeflags_u64() & machine_flags_user;
}

/* Of XSAVE's area: the parts that are the program's own. Last instruction and operand are left out: nobody sets
 * them. */
static const struct part {
	const char *name;
	int at, size;
} rest_parts[] = {
	{ "x87 control", 0, 2 }, { "x87 status", 2, 2 }, { "x87 tags", 4, 1 }, { "mxcsr", 24, 4 },
	{ "x87 stack", 32, 128 }, { "xmm", 160, 256 }, { "ymm", 576, 256 },
};

static bool has_avx(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx");
}

void machine_rest_fill(struct machine_rest *rest, unsigned int seed)
{
	static const uint16_t control[4] = { 0x37f, 0x27f, 0xb7f, 0xc7f };

	memset(rest, 0, sizeof(*rest));
	for (int i = 32; i < 416; i++)
		rest->byte[i] = i * 11 + seed;
	for (int i = 0; i < 8; i++)	/* each register of the x87 stack has 10 bytes; a number, so that it is kept as it is */
		memcpy(rest->byte + 32 + i * 16 + 8, (uint16_t[]){ 0x4000 + seed, 0, 0, 0 }, 8), rest->byte[39 + i * 16] |= 0x80;
	memcpy(rest->byte, &control[seed % 4], 2);
	memcpy(rest->byte + 2, (uint16_t[]){ (seed & 7) << 11 }, 2);
	rest->byte[4] = 0xff;
	memcpy(rest->byte + 24, (uint32_t[]){ 0x1f80 | (seed & 3) << 13 | (seed & 0x3f) }, 4);
	rest->byte[512] = 3;
	if (has_avx()) {
		rest->byte[512] = 7;
		for (int i = 576; i < 832; i++)
			rest->byte[i] = i * 5 + seed;
	}
}

const char *machine_rest_differs(const struct machine_rest *a, const struct machine_rest *b)
{
	for (size_t i = 0; i < sizeof(rest_parts) / sizeof(rest_parts[0]); i++)
		if (memcmp(a->byte + rest_parts[i].at, b->byte + rest_parts[i].at, rest_parts[i].size))
			return rest_parts[i].name;
	return NULL;
}

/* Nested task, alignment check, identification. */
unsigned long machine_flags_rare(void)
{
	return 1UL << 14 | 1UL << 18 | 1UL << 21;
}

extern const char step_0[], step_1[], step_2[], step_3[], step_4[];
const unsigned long machine_steps[] = {
	(unsigned long)step_0, (unsigned long)step_1, (unsigned long)step_2,
	(unsigned long)step_3, (unsigned long)step_4,
};
const int machine_step_count = 5;

/* mov $39, %eax; syscall */
const unsigned char machine_last_call[] = { 0xb8, 39, 0, 0, 0, 0x0f, 0x05 };
const size_t machine_last_call_size = sizeof(machine_last_call);

/* ---- 3. what a signal frame holds ---- */

unsigned long machine_frame_reg(const ucontext_t *uc, int reg)
{
	static const int slot[MACHINE_REGS] = {
		REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R8, REG_R9,
		REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};

	return uc->uc_mcontext.gregs[slot[reg]];
}

unsigned long machine_frame_pc(const ucontext_t *uc)
{
	return uc->uc_mcontext.gregs[REG_RIP];
}

void machine_frame_set_pc(ucontext_t *uc, unsigned long pc)
{
	uc->uc_mcontext.gregs[REG_RIP] = pc;
}

unsigned long machine_frame_sp(const ucontext_t *uc)
{
	return uc->uc_mcontext.gregs[REG_RSP];
}

unsigned long machine_frame_flags(const ucontext_t *uc)
{
	return uc->uc_mcontext.gregs[REG_EFL];
}

unsigned char *machine_frame_vector(ucontext_t *uc)
{
	return uc->uc_mcontext.fpregs ? (unsigned char *)uc->uc_mcontext.fpregs + 160 : NULL;
}

/* CSGSFS holds four selectors: cs, gs, fs, ss. */
static void set_selector(ucontext_t *uc, int which, uint16_t value)
{
	((uint16_t *)&uc->uc_mcontext.gregs[REG_CSGSFS])[which] = value;
}

static void forge_cs_kernel(ucontext_t *uc) { set_selector(uc, 0, 0x10); }
static void forge_cs_null(ucontext_t *uc) { set_selector(uc, 0, 0); }
static void forge_cs_wild(ucontext_t *uc) { set_selector(uc, 0, 0xfffb); }
static void forge_ss_wild(ucontext_t *uc) { set_selector(uc, 3, 0xfff3); }
static void forge_pc_kernel(ucontext_t *uc) { machine_frame_set_pc(uc, 0xffffffff81000000); }
static void forge_pc_nowhere(ucontext_t *uc) { machine_frame_set_pc(uc, 0x8000000000000000); }
static void forge_pc_edge(ucontext_t *uc) { machine_frame_set_pc(uc, 0x0000800000000000); }
static void forge_pc_null(ucontext_t *uc) { machine_frame_set_pc(uc, 0); }
static void forge_sp(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_RSP] = 0xffff888000000000; }
static void forge_iopl(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_EFL] |= 0x3000; }
static void forge_no_interrupts(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_EFL] &= ~0x200L; }
static void forge_nested(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_EFL] |= 0x4000; }
static void forge_virtual(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_EFL] |= 0x1a0000; }
static void forge_all_flags(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_EFL] |= ~0x40100L; }
static void forge_fp_kernel(ucontext_t *uc) { uc->uc_mcontext.fpregs = (void *)0xffff888000000000; }
static void forge_fp_unmapped(ucontext_t *uc) { uc->uc_mcontext.fpregs = (void *)4096; }
static void forge_fp_none(ucontext_t *uc) { uc->uc_mcontext.fpregs = NULL; }

/* The software bytes of the frame's FP state say how long it is and what is in it. */
static void forge_fp_size(ucontext_t *uc)
{
	uint32_t *software = (uint32_t *)uc->uc_mcontext.fpregs + 464 / 4;

	software[1] = 0xfffffff0;
	software[4] = 0xfffffff0;
}

static void forge_fp_features(ucontext_t *uc)
{
	memset((char *)uc->uc_mcontext.fpregs + 464 + 8, 0xff, 8);
}

static void forge_fp_header(ucontext_t *uc)
{
	memset((char *)uc->uc_mcontext.fpregs + 512, 0xff, 64);
}

/* Compacted, which no frame is. */
static void forge_fp_compacted(ucontext_t *uc)
{
	((unsigned char *)uc->uc_mcontext.fpregs)[512 + 15] = 0x80;
}

/* The software bytes claim that no component is there. */
static void forge_fp_nothing(ucontext_t *uc)
{
	memset((char *)uc->uc_mcontext.fpregs + 464 + 8, 0, 8);
}

static void forge_fp_version(ucontext_t *uc) { ((unsigned char *)uc->uc_mcontext.fpregs)[464] ^= 0xff; }
static void forge_fp_unaligned(ucontext_t *uc) { uc->uc_mcontext.fpregs = (void *)((char *)uc->uc_mcontext.fpregs + 8); }
static void forge_fp_edge(ucontext_t *uc) { uc->uc_mcontext.fpregs = (void *)(0x7ffffffff000 - 64); }
static void forge_resume(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_EFL] |= 0x10000; }
static void forge_trap(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_EFL] |= 0x100; }
static void forge_number(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_RAX] = -512; }

const struct machine_forgery machine_forgeries[] = {
	{ "the kernel's code segment", SIGSEGV, forge_cs_kernel },
	{ "a null code segment", SIGSEGV, forge_cs_null },
	{ "a wild code segment", SIGSEGV, forge_cs_wild },
	{ "a wild stack segment", SIGSEGV, forge_ss_wild },
	{ "a program counter in the kernel", SIGSEGV, forge_pc_kernel },
	{ "a program counter in no half of memory", SIGSEGV, forge_pc_nowhere },
	{ "a program counter just above the user's half", SIGSEGV, forge_pc_edge },
	{ "a program counter of 0", SIGSEGV, forge_pc_null },
	{ "a stack pointer in the kernel", SIGSEGV, forge_sp },
	{ "the right to input and output", 0, forge_iopl },
	{ "interrupts off", 0, forge_no_interrupts },
	{ "the nested task flag", 0, forge_nested },
	{ "virtual 8086 mode", 0, forge_virtual },
	{ "all flags but two at once", 0, forge_all_flags },
	{ "vector state in the kernel", SIGSEGV, forge_fp_kernel },
	{ "vector state in no memory", SIGSEGV, forge_fp_unmapped },
	{ "no vector state", MACHINE_FORGETS, forge_fp_none },
	{ "vector state that claims to hold nothing", MACHINE_FORGETS, forge_fp_nothing },
	{ "a wild size of the vector state", 0, forge_fp_size },
	{ "features that no machine has", 0, forge_fp_features },
	{ "a wild header of the vector state", SIGSEGV, forge_fp_header },
	{ "vector state of the compacted format", SIGSEGV, forge_fp_compacted },
	{ "vector state of an unknown format", 0, forge_fp_version },
	{ "unaligned vector state", SIGSEGV, forge_fp_unaligned },
	{ "vector state across the end of the user's half", SIGSEGV, forge_fp_edge },
	{ "the resume flag", 0, forge_resume },
	{ "the single step flag", SIGTRAP, forge_trap },
	{ "a result that asks for a restart", 0, forge_number },
};
const int machine_forgery_count = sizeof(machine_forgeries) / sizeof(machine_forgeries[0]);

/* ---- 4. what no user may do ---- */

extern void crime_opcode(void), crime_breakpoint(void), crime_halt(void), crime_mask(void),
	crime_root(void), crime_set_root(void), crime_register(void), crime_set_register(void),
	crime_input(void), crime_output(void), crime_flush(void), crime_swap(void),
	crime_table(void), crime_exit(void), crime_gate(void), crime_divide(void),
	crime_stack_pointer(void);

static void jump_to(unsigned long pc)
{
	((void (*)(void))pc)();
}

static void jump_null(void) { jump_to(0); }
static void jump_kernel(void) { jump_to(0xffffffff81000000); }
static void jump_nowhere(void) { jump_to(0x8000000000000000); }
static void load_from(unsigned long address) { (void)*(volatile char *)address; }
static void load_kernel(void) { load_from(0xffff888000000000); }
static void load_nowhere(void) { load_from(0x8000000000000000); }
static void load_top(void) { load_from(~0UL); }

const struct machine_crime machine_crimes[] = {
	{ "an opcode that does not exist", SIGILL, ILL_ILLOPN, (unsigned long)crime_opcode,
	  crime_opcode },
	{ "a breakpoint", SIGTRAP, SI_KERNEL, 0, crime_breakpoint },
	{ "halting", SIGSEGV, SI_KERNEL, 0, crime_halt },
	{ "masking interrupts", SIGSEGV, SI_KERNEL, 0, crime_mask },
	{ "reading the page table root", SIGSEGV, SI_KERNEL, 0, crime_root },
	{ "writing the page table root", SIGSEGV, SI_KERNEL, 0, crime_set_root },
	{ "reading a system register", SIGSEGV, SI_KERNEL, 0, crime_register },
	{ "writing a system register", SIGSEGV, SI_KERNEL, 0, crime_set_register },
	{ "input from a port", SIGSEGV, SI_KERNEL, 0, crime_input },
	{ "output to a port", SIGSEGV, SI_KERNEL, 0, crime_output },
	{ "flushing a translation", SIGSEGV, SI_KERNEL, 0, crime_flush },
	{ "swapping the per-CPU base", SIGSEGV, SI_KERNEL, 0, crime_swap },
	{ "loading the vector table", SIGSEGV, SI_KERNEL, 0, crime_table },
	{ "returning from the kernel without being there", SIGSEGV, SI_KERNEL, 0, crime_exit },
	{ "a software interrupt that is none", SIGSEGV, SI_KERNEL, 0, crime_gate },
	{ "dividing by 0", SIGFPE, FPE_INTDIV, MACHINE_ANY_ADDRESS, crime_divide },
	{ "a stack at address 16", SIGSEGV, SEGV_MAPERR, 8, crime_stack_pointer },
	{ "jumping to 0", SIGSEGV, SEGV_MAPERR, 0, jump_null },
	{ "jumping into the kernel", SIGSEGV, SEGV_MAPERR, 0xffffffff81000000, jump_kernel },
	{ "jumping to no half of memory", SIGSEGV, SI_KERNEL, 0, jump_nowhere },
	{ "reading the kernel's memory", SIGSEGV, SEGV_MAPERR, 0xffff888000000000, load_kernel },
	{ "reading no half of memory", SIGSEGV, SI_KERNEL, 0, load_nowhere },
	{ "reading the last byte of all", SIGSEGV, SEGV_MAPERR, ~0UL, load_top },
};
const int machine_crime_count = sizeof(machine_crimes) / sizeof(machine_crimes[0]);

const unsigned long machine_foreign[] = {
	0x00007ffffffff000, 0x0000800000000000, 0x8000000000000000, 0xffff800000000000,
	0xffff888000000000, 0xffffffff80000000, 0xffffffff81000000, 0xffffffffffe00000,
	0xfffffffffffff000, 0xffffffffffffffff,
};
const int machine_foreign_count = sizeof(machine_foreign) / sizeof(machine_foreign[0]);
const unsigned long machine_user_end = 0x00007ffffffff000;

/* ---- 5. what a tracer sees ---- */

enum { T_ORIG_RAX = 15, T_CS = 17, T_FLAGS = 18, T_SS = 20, T_FS_BASE = 21, T_DS = 23, T_FS = 25 };

int machine_trace_set_number(pid_t pid, long nr)
{
	return ptrace(PTRACE_POKEUSER, pid, T_ORIG_RAX * 8, nr);
}

const unsigned char machine_break[] = { 0xcc };

static void trace_cs_kernel(unsigned long *r) { r[T_CS] = 0x10; }
static void trace_cs_null(unsigned long *r) { r[T_CS] = 0; }
static void trace_ss_null(unsigned long *r) { r[T_SS] = 0; }
static void trace_ss_kernel(unsigned long *r) { r[T_SS] = 0x18; }
static void trace_ss_wild(unsigned long *r) { r[T_SS] = 0xfff3; }
static void trace_ds_kernel(unsigned long *r) { r[T_DS] = 0x18; }
static void trace_ds_wild(unsigned long *r) { r[T_DS] = 0xfff7; }
static void trace_fs_wild(unsigned long *r) { r[T_FS] = 0x4f; }
static void trace_base_kernel(unsigned long *r) { r[T_FS_BASE] = 0xffff888000000000; }
static void trace_pc_kernel(unsigned long *r) { r[MACHINE_TRACE_PC] = 0xffffffff81000000; }
static void trace_pc_nowhere(unsigned long *r) { r[MACHINE_TRACE_PC] = 0x8000000000000000; }
static void trace_flags(unsigned long *r) { r[T_FLAGS] |= 0x3b7000; }
static void trace_no_interrupts(unsigned long *r) { r[T_FLAGS] = 0; }
static void trace_flag_step(unsigned long *r) { r[T_FLAGS] |= 0x100; }
static void trace_number(unsigned long *r) { r[T_ORIG_RAX] = ~0UL; }

const struct machine_trace_forgery machine_trace_forgeries[] = {
	{ "the kernel's code segment", EIO, 0, trace_cs_kernel },
	{ "a null code segment", EIO, 0, trace_cs_null },
	{ "a null stack segment", EIO, 0, trace_ss_null },
	{ "the kernel's stack segment", EIO, 0, trace_ss_kernel },
	{ "a wild stack segment", 0, SIGSEGV, trace_ss_wild },
	{ "the kernel's data segment", EIO, 0, trace_ds_kernel },
	{ "a wild data segment", 0, 0, trace_ds_wild },
	{ "a wild thread segment", 0, 0, trace_fs_wild },
	{ "a thread pointer in the kernel", EIO, 0, trace_base_kernel },
	{ "a program counter in the kernel", 0, SIGSEGV, trace_pc_kernel },
	{ "a program counter in no half of memory", 0, SIGSEGV, trace_pc_nowhere },
	{ "flags of the kernel's", 0, 0, trace_flags },
	{ "interrupts off", 0, 0, trace_no_interrupts },
	{ "the single step flag", 0, SIGTRAP, trace_flag_step },
	{ "no call", 0, 0, trace_number },
};
const int machine_trace_forgery_count = sizeof(machine_trace_forgeries) / sizeof(machine_trace_forgeries[0]);
