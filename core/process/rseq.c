// SPDX-License-Identifier: BSD-2-Clause
/*
 * Restartable sequences. A thread registers an area of its memory, in which it finds the number of its CPU, and names
 * there a stretch of code that must not be gone on with when another thread may have run meanwhile: then it goes on at
 * the stretch's abort address instead. So a program has data for each CPU without an atomic instruction.
 *
 * What happens to a thread sets TF_RSEQ: another CPU, a turn taken away outside of a system call, membarrier(2). The
 * area is looked at on the way to user mode, and before a handler's frame is written, so that a handler finds the
 * sequence broken off. Source: rseq(2).
 */
#include "process.h"
#include <generated/syscalls.h>
#include <janus/rseq.h>
#include <uapi/rseq.h>

#define FIELD(t, name) ((t)->rseq + offsetof(struct rseq, name))

/* Both numbers in one store. To be moved while the page comes in sets TF_RSEQ again. */
static int tell_cpu(struct thread *t)
{
	u64 cpu = this_cpu_id();

	return arch_put_user(cpu << 32 | cpu, FIELD(t, cpu_id_start), sizeof(u64));
}

/* Copy the sequence that is named and check it against all that Linux asks of it. */
static bool get_sequence(struct thread *t, struct rseq_cs *cs)
{
	u32 sig;

	if (copy_struct_in(cs, t->rseq_named) || cs->version)
		return false;
	if (cs->start_ip >= ARCH_USER_END || cs->post_commit_offset >= ARCH_USER_END - cs->start_ip)
		return false;
	if (cs->abort_ip >= ARCH_USER_END || cs->abort_ip - cs->start_ip < cs->post_commit_offset)
		return false;
	return !get_user(&sig, cs->abort_ip - sizeof(sig)) && sig == t->rseq_sig;
}

/* A sequence that is named is broken if it must be, and forgotten if it is left. False: the user's memory is wrong. */
static bool leave_sequence(struct thread *t, struct trapframe *tf)
{
	struct rseq_cs cs;
	u32 flags;

	if (rseq_read_named(t, t->rseq))
		return false;
	if (!t->rseq_named)
		return true;
	if (!get_sequence(t, &cs))
		return false;
	if (tf_pc(tf) - cs.start_ip < cs.post_commit_offset) {
		if (cs.flags || get_user(&flags, FIELD(t, flags)) || flags)
			return false;
		if (!__atomic_exchange_n(&t->rseq_event, false, __ATOMIC_RELAXED))
			return true;
		tf_set_pc(tf, cs.abort_ip);
	}
	return !put_user(0, u64, FIELD(t, rseq_cs));
}

void rseq_resume(struct trapframe *tf, int signo)
{
	struct thread *t = current;

	thread_clear_flag(t, TF_RSEQ);
	if (t->rseq && (!leave_sequence(t, tf) || tell_cpu(t)))
		signal_force_segv(signo);
}

void rseq_break_for(const struct ksignal *ks, struct trapframe *tf)
{
	WRITE_ONCE(current->rseq_event, true);
	rseq_resume(tf, ks->signo);
}

static __noinline long unregister(struct thread *t, uaddr_t area, int flags, u32 sig)
{
	const u64 nowhere = (u64)RSEQ_CPU_ID_UNINITIALIZED << 32;	/* and cpu_id_start 0 */

	if (flags != RSEQ_FLAG_UNREGISTER)
		return -EINVAL;
	if (!t->rseq || t->rseq != area)
		return -EINVAL;
	if (t->rseq_sig != sig)
		return -EPERM;
	if (arch_put_user(nowhere, FIELD(t, cpu_id_start), sizeof(nowhere)))
		return -EFAULT;
	t->rseq = 0;
	return 0;
}

/* A sequence is named still by a thread that had this memory before. */
static __noinline int forget_named(uaddr_t area)
{
	return put_user(0, u64, area + offsetof(struct rseq, rseq_cs));
}

long sys_rseq(uaddr_t area, u32 len, int flags, u32 sig)
{
	struct thread *t = current;

	if (len != sizeof(struct rseq))
		return -EINVAL;
	if (flags)
		return unregister(t, area, flags, sig);
	if (unlikely(t->rseq)) {
		if (t->rseq != area)
			return -EINVAL;
		return t->rseq_sig == sig ? -EBUSY : -EPERM;
	}
	if (!IS_ALIGNED(area, sizeof(struct rseq)))
		return -EINVAL;
	if (!access_ok(area, sizeof(struct rseq)))
		return -EFAULT;
	t->rseq_sig = sig;
	if (rseq_read_named(t, area) || (unlikely(t->rseq_named) && forget_named(area)))
		return -EFAULT;
	t->rseq = area;
	if (unlikely(tell_cpu(t)))
		thread_set_flag(t, TF_RSEQ);	/* the call succeeds, and the thread dies of it */
	return 0;
}
