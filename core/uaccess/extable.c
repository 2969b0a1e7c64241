// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where to go on after a fault in the kernel that was foreseen. Each entry names an instruction and its
 * fix-up, relative to the entry's own words, so that the table needs no relocation. The linker collects
 * it; boot sorts it while rodata can still be written, after that it is only read.
 */
#include <arch/trapframe.h>
#include <janus/entry.h>
#include <janus/uaccess.h>

extern struct extable_entry __extable_start[], __extable_end[];

static unsigned long entry_insn(const struct extable_entry *e)
{
	return (unsigned long)&e->insn + e->insn;
}

static unsigned long entry_fixup(const struct extable_entry *e)
{
	return (unsigned long)&e->fixup + e->fixup;
}

/* The table is a few dozen entries that the linker leaves nearly in order: insertion sort. */
void extable_sort(void)
{
	for (struct extable_entry *e = __extable_start + 1; e < __extable_end; e++) {
		unsigned long insn = entry_insn(e), fixup = entry_fixup(e);
		struct extable_entry *to = e;

		for (; to > __extable_start && entry_insn(to - 1) > insn; to--) {
			to->insn = (s32)(entry_insn(to - 1) - (unsigned long)&to->insn);
			to->fixup = (s32)(entry_fixup(to - 1) - (unsigned long)&to->fixup);
		}
		if (to != e) {
			to->insn = (s32)(insn - (unsigned long)&to->insn);
			to->fixup = (s32)(fixup - (unsigned long)&to->fixup);
		}
	}
}

unsigned long extable_search(unsigned long pc)
{
	const struct extable_entry *low = __extable_start, *high = __extable_end;

	while (low < high) {
		const struct extable_entry *mid = low + (high - low) / 2;

		if (entry_insn(mid) == pc)
			return entry_fixup(mid);
		if (entry_insn(mid) < pc)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

bool kernel_fixup(struct trapframe *tf)
{
	unsigned long to = extable_search(tf_pc(tf));

	if (!to)
		return false;
	tf_set_pc(tf, to);
	return true;
}
