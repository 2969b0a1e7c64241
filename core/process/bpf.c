// SPDX-License-Identifier: BSD-2-Clause
/*
 * Classic BPF: is a program fit to run, and running it. An accumulator A, an index X, 16 words of memory, and jumps
 * that only go forward: so every program ends. Source: bpf(4) of BSD; which of it seccomp takes: seccomp(2).
 */
#include "bpf.h"
#include <janus/slab.h>
#include <janus/string.h>
#include <uapi/errno.h>

/* ---- is it fit? ---- */

enum kind { BAD, PLAIN, LOAD_WORD, LOAD_MEM, STORE_MEM, DIVIDE, SHIFT, JUMP, BRANCH, RETURN };

static enum kind kind_of_alu(u16 code)
{
	switch (code & 0xf0) {
	case BPF_ADD: case BPF_SUB: case BPF_MUL: case BPF_OR: case BPF_AND: case BPF_XOR:
		return PLAIN;
	case BPF_DIV:
		return code & BPF_X ? PLAIN : DIVIDE;
	case BPF_LSH: case BPF_RSH:
		return code & BPF_X ? PLAIN : SHIFT;
	case BPF_NEG:
		return code & BPF_X ? BAD : PLAIN;
	default:
		return BAD;
	}
}

static enum kind kind_of_jump(u16 code)
{
	switch (code & 0xf0) {
	case BPF_JA:
		return code & BPF_X ? BAD : JUMP;
	case BPF_JEQ: case BPF_JGT: case BPF_JGE: case BPF_JSET:
		return BRANCH;
	default:
		return BAD;
	}
}

static enum kind kind_of(u16 code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return LOAD_WORD;
	case BPF_LD | BPF_IMM: case BPF_LDX | BPF_IMM:
	case BPF_LD | BPF_W | BPF_LEN: case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_MISC | BPF_TAX: case BPF_MISC | BPF_TXA:
		return PLAIN;
	case BPF_LD | BPF_MEM: case BPF_LDX | BPF_MEM:
		return LOAD_MEM;
	case BPF_ST: case BPF_STX:
		return STORE_MEM;
	case BPF_RET | BPF_K: case BPF_RET | BPF_A:
		return RETURN;
	}
	if (code & ~0xffu)
		return BAD;
	return (code & 7) == BPF_ALU ? kind_of_alu(code) : (code & 7) == BPF_JMP ? kind_of_jump(code) : BAD;
}

/* Each instruction by itself; `left` more follow it. */
static bool insn_valid(const struct sock_filter *i, unsigned left, u32 size)
{
	switch (kind_of(i->code)) {
	case BAD:
		return false;
	case LOAD_WORD:
		return i->k < size && !(i->k & 3);
	case LOAD_MEM:
	case STORE_MEM:
		return i->k < BPF_MEMWORDS;
	case DIVIDE:
		return i->k;
	case SHIFT:
		return i->k < 32;
	case JUMP:
		return i->k < left;
	case BRANCH:
		return i->jt < left && i->jf < left;
	default:
		return true;
	}
}

/*
 * No word of memory is read that was not written on each way there. known[n] are the words that all jumps to n so
 * far know of; jumps go forward, so it is complete when n is reached.
 */
static bool memory_valid(const struct sock_filter *prog, unsigned len, u16 *known)
{
	u16 here = 0;

	memset(known, 0xff, len * sizeof(*known));
	for (unsigned n = 0; n < len; n++) {
		const struct sock_filter *i = &prog[n];

		here &= known[n];
		switch (kind_of(i->code)) {
		case STORE_MEM:
			here |= (u16)(1u << i->k);
			break;
		case LOAD_MEM:
			if (!(here >> i->k & 1))
				return false;
			break;
		case JUMP:
			known[n + 1 + i->k] &= here;
			here = 0xffff;
			break;
		case BRANCH:
			known[n + 1 + i->jt] &= here;
			known[n + 1 + i->jf] &= here;
			here = 0xffff;
			break;
		default:
			break;
		}
	}
	return true;
}

int bpf_check(const struct sock_filter *prog, unsigned len, u32 size)
{
	u16 *known;
	bool valid;

	for (unsigned n = 0; n < len; n++)
		if (!insn_valid(&prog[n], len - n - 1, size))
			return -EINVAL;
	if (kind_of(prog[len - 1].code) != RETURN)
		return -EINVAL;
	known = kmalloc(len * sizeof(*known), GFP_KERNEL);
	if (!known)
		return -ENOMEM;
	valid = memory_valid(prog, len, known);
	kfree(known);
	return valid ? 0 : -EINVAL;
}

/* ---- running it ---- */

/* false: a division by zero, which ends the program. */
static bool alu(u32 *a, u16 code, u32 with)
{
	switch (code & 0xf0) {
	case BPF_ADD:
		*a += with;
		break;
	case BPF_SUB:
		*a -= with;
		break;
	case BPF_MUL:
		*a *= with;
		break;
	case BPF_DIV:
		if (!with)
			return false;
		*a /= with;
		break;
	case BPF_OR:
		*a |= with;
		break;
	case BPF_AND:
		*a &= with;
		break;
	case BPF_XOR:
		*a ^= with;
		break;
	case BPF_LSH:
		*a <<= with & 31;
		break;
	case BPF_RSH:
		*a >>= with & 31;
		break;
	default:		/* BPF_NEG */
		*a = -*a;
	}
	return true;
}

static bool holds(u32 a, u16 code, u32 with)
{
	switch (code & 0xf0) {
	case BPF_JEQ:
		return a == with;
	case BPF_JGT:
		return a > with;
	case BPF_JGE:
		return a >= with;
	default:		/* BPF_JSET */
		return a & with;
	}
}

struct machine {
	u32 a, x, memory[BPF_MEMWORDS];
};

static void load(struct machine *m, const struct sock_filter *i, const u32 *words, u32 size)
{
	u32 *to = (i->code & 7) == BPF_LD ? &m->a : &m->x;

	switch (i->code & 0xe0) {
	case BPF_ABS:
		*to = words[i->k / 4];
		break;
	case BPF_MEM:
		*to = m->memory[i->k];
		break;
	case BPF_LEN:
		*to = size;
		break;
	default:		/* BPF_IMM */
		*to = i->k;
	}
}

u32 bpf_run(const struct sock_filter *i, const u32 *words, u32 size)
{
	struct machine m = { 0 };

	for (;; i++) {
		u32 with = i->code & BPF_X ? m.x : i->k;

		switch (i->code & 7) {
		case BPF_LD:
		case BPF_LDX:
			load(&m, i, words, size);
			break;
		case BPF_ST:
			m.memory[i->k] = m.a;
			break;
		case BPF_STX:
			m.memory[i->k] = m.x;
			break;
		case BPF_ALU:
			if (!alu(&m.a, i->code, with))
				return 0;
			break;
		case BPF_JMP:
			i += (i->code & 0xf0) == BPF_JA ? i->k : holds(m.a, i->code, with) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return i->code & BPF_A ? m.a : i->k;
		default:	/* BPF_MISC */
			if (i->code & BPF_TXA)
				m.a = m.x;
			else
				m.x = m.a;
		}
	}
}
