// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one dispatcher. Every door of both machines ends here: a number and six words go in, one word comes out. The
 * table is generated from syscalls.tbl and has a power of two of slots, the unused ones answering ENOSYS, so that
 * masking the number both finds the slot and keeps a mispredicted branch from reading past the table.
 */
#include <generated/syscalls.h>
#include <janus/entry.h>
#include <janus/thread.h>

/* The handler is called last of all, and returns to the door. So this needs no frame record of its own. */
__attribute__((optimize("omit-frame-pointer"))) long syscall_dispatch(unsigned long a, unsigned long b,
								      unsigned long c, unsigned long d,
								      unsigned long e, unsigned long f,
								      unsigned long number)
{
	u32 nr = (u32)number;
	syscall_fn_t handler = syscall_table[nr & (SYSCALL_SLOTS - 1)];

	if (unlikely(nr >= SYSCALL_SLOTS))
		handler = (syscall_fn_t)sys_ni_syscall;
	return handler(a, b, c, d, e, f);
}

void syscall_dispatch_frame(struct trapframe *tf)
{
	tf_set_return(tf, syscall_dispatch(tf_syscall_arg(tf, 0), tf_syscall_arg(tf, 1), tf_syscall_arg(tf, 2),
					   tf_syscall_arg(tf, 3), tf_syscall_arg(tf, 4), tf_syscall_arg(tf, 5),
					   (unsigned long)tf_syscall_nr(tf)));
}
