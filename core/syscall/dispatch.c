// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one dispatcher. Every door of both machines ends here: a number and six words in the trap frame go in,
 * one word comes out. The table is generated from syscalls.tbl and has a power of two of slots, the unused ones
 * answering ENOSYS, so that masking the number both finds the slot and keeps a mispredicted branch from
 * reading past the table.
 */
#include <generated/syscalls.h>
#include <janus/entry.h>
#include <janus/thread.h>

/*
 * Without a frame record of its own, which a backtrace does not miss: it sees the handler's, whose return address is
 * here.
 */
__attribute__((optimize("omit-frame-pointer")))
void syscall_dispatch(struct trapframe *tf)
{
	u32 nr = (u32)tf_syscall_nr(tf);
	syscall_fn_t handler = syscall_table[nr & (SYSCALL_SLOTS - 1)];

	if (unlikely(nr >= SYSCALL_SLOTS))
		handler = (syscall_fn_t)sys_ni_syscall;
	tf_set_return(tf, handler(tf_syscall_arg(tf, 0), tf_syscall_arg(tf, 1), tf_syscall_arg(tf, 2),
				  tf_syscall_arg(tf, 3), tf_syscall_arg(tf, 4), tf_syscall_arg(tf, 5)));
}
