// SPDX-License-Identifier: BSD-2-Clause
/*
 * seccomp: a thread that gives up calls for good. Strict mode leaves it four; filters decide call by call, and what any
 * of them forbids stays forbidden, for children and for the programs it runs, too.
 *
 * Filters are a chain from the newest to the oldest, which threads share from where they parted. A filter never
 * changes; it is freed with its last user. There are no listeners (SECCOMP_FILTER_FLAG_NEW_LISTENER is EINVAL, as on a
 * Linux before 5.0): a filter that asks for one gets ENOSYS, as where nobody listens.
 */
#include "seccomp.h"
#include "bpf.h"

#include <arch/misc.h>
#include <arch/ptrace.h>
#include <generated/syscall_nr.h>
#include <generated/syscalls.h>
#include <janus/sched.h>
#include <janus/slab.h>
#include <janus/uaccess.h>
#include <uapi/capability.h>
#include <uapi/errno.h>
#include <uapi/ptrace.h>

#define MAX_PATH_INSNS (262144 / sizeof(struct sock_filter))	/* of a chain, with PATH_COST for each filter */
#define PATH_COST 4

struct seccomp_filter {
	refcount_t refs;		/* threads that have it as their newest, and a newer filter */
	struct seccomp_filter *older;	/* [const] counted */
	u32 path_insns;			/* [const] of it and all older */
	u16 len, depth;			/* [const] */
	struct sock_filter prog[];	/* [const] */
};

static void filter_put(struct seccomp_filter *f)
{
	while (f && ref_put(&f->refs)) {
		struct seccomp_filter *older = f->older;

		kfree(f);
		f = older;
	}
}

/* ---- a call ---- */

static void describe(struct seccomp_data *d, const struct trapframe *tf)
{
	d->nr = (s32)tf_syscall_nr(tf);
	d->arch = arch_elf_machine | 0xc0000000;	/* AUDIT_ARCH_*: 64 bits, little-endian */
	d->instruction_pointer = tf_pc(tf);
	for (unsigned i = 0; i < 6; i++)
		d->args[i] = tf_syscall_arg(tf, i);
}

/* The strictest answer of all filters: as signed numbers they are in that order. Of equals the newest one's. */
static u32 ask_filters(const struct seccomp_filter *f, const struct seccomp_data *d)
{
	u32 strictest = SECCOMP_RET_ALLOW;

	for (; f; f = f->older) {
		u32 answer = bpf_run(f->prog, (const u32 *)d, sizeof(*d));

		if ((s32)(answer & SECCOMP_RET_ACTION_FULL) < (s32)(strictest & SECCOMP_RET_ACTION_FULL))
			strictest = answer;
	}
	return strictest;
}

static bool give_up(struct trapframe *tf, long result)
{
	tf_set_return(tf, result);
	return false;
}

static bool trap(struct trapframe *tf, const struct seccomp_data *d, u32 reason)
{
	siginfo_t info = { .si_signo = SIGSYS, .si_code = SYS_SECCOMP, .si_errno = (s32)reason };

	info.sys.call_addr = d->instruction_pointer;
	info.sys.syscall = d->nr;
	info.sys.arch = d->arch;
	tf_undo_result(tf);
	signal_force(SIGSYS, &info);
	return false;
}

static bool ask_tracer(struct trapframe *tf, u32 message)
{
	if (!ptrace_event(PTRACE_EVENT_SECCOMP, message))
		return give_up(tf, -ENOSYS);
	tf_take_args(tf);
	return !fatal_signal_pending() && tf_syscall_nr(tf) >= 0;
}

/* retraced: a tracer has had its say, and may have made another call of it. */
static bool filters_allow(struct trapframe *tf, bool retraced)
{
	struct seccomp_data d;
	u32 answer, data;

	describe(&d, tf);
	answer = ask_filters(current->seccomp, &d);
	data = answer & SECCOMP_RET_DATA;
	switch (answer & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return true;
	case SECCOMP_RET_ERRNO:
		return give_up(tf, -(long)min_t(u32, data, MAX_ERRNO));
	case SECCOMP_RET_TRAP:
		return trap(tf, &d, data);
	case SECCOMP_RET_TRACE:
		return retraced || (ask_tracer(tf, data) && filters_allow(tf, true));
	case SECCOMP_RET_USER_NOTIF:
		return give_up(tf, -ENOSYS);
	case SECCOMP_RET_KILL_THREAD:
		if (READ_ONCE(current->process->nr_live) > 1)
			do_exit(SIGSYS);
		__attribute__((fallthrough));
	default:
		do_group_exit(SIGSYS);
	}
}

static bool strict_allows(long nr)
{
	return nr == __NR_read || nr == __NR_write || nr == __NR_exit || nr == __NR_rt_sigreturn;
}

bool seccomp_allows(struct trapframe *tf)
{
	struct thread *t = current;

	if (unlikely(t->ptrace & PTRACE_O_SUSPEND_SECCOMP))
		return true;
	if (t->seccomp_mode == SECCOMP_MODE_FILTER)
		return filters_allow(tf, false);
	if (!strict_allows(tf_syscall_nr(tf)))
		do_exit(SIGKILL);
	return true;
}

/* ---- putting it on ---- */

/* Every thread's mode, filters and no_new_privs: [sig]. Once a mode is on it stays. */
static bool may_take(const struct thread *t, u8 mode)
{
	return !t->seccomp_mode || t->seccomp_mode == mode;
}

static void take_mode(struct thread *t, u8 mode)
{
	t->seccomp_mode = mode;
	thread_set_flag(t, TF_SECCOMP);
}

/* current's mode is new: a tracer may have its calls watched already. Interrupts off. */
static void watch_current(void)
{
	if (!thread_flag(current, TF_SYSCALL_TRACE | TF_SINGLE_STEP))
		arch_trace_calls(current);
}

static long set_strict(unsigned flags, uaddr_t args)
{
	struct irqflags irq;
	struct sighand *sh;
	bool ok;

	if (flags || args)
		return -EINVAL;
	sh = sighand_lock(current->process, &irq);
	ok = may_take(current, SECCOMP_MODE_STRICT);
	if (ok) {
		take_mode(current, SECCOMP_MODE_STRICT);
		watch_current();
	}
	spin_unlock_irqrestore(&sh->lock, irq);
	return ok ? 0 : -EINVAL;
}

/* A filter that the user describes, in no chain yet; or ERR_PTR. */
static struct seccomp_filter *filter_make(uaddr_t args)
{
	struct sock_fprog described;
	struct seccomp_filter *f;
	size_t size;
	int err;

	if (copy_struct_in(&described, args))
		return ERR_PTR(-EFAULT);
	if (!described.len || described.len > BPF_MAXINSNS)
		return ERR_PTR(-EINVAL);
	if (!current->no_new_privs && !capable(CAP_SYS_ADMIN))
		return ERR_PTR(-EACCES);
	if (!described.filter)
		return ERR_PTR(-EINVAL);
	size = described.len * sizeof(f->prog[0]);
	f = kmalloc(sizeof(*f) + size, GFP_KERNEL);
	if (!f)
		return ERR_PTR(-ENOMEM);
	ref_set(&f->refs, 1);
	f->len = described.len;
	err = copy_from_user(f->prog, described.filter, size) ? -EFAULT :
	      bpf_check(f->prog, f->len, sizeof(struct seccomp_data));
	if (!err)
		return f;
	kfree(f);
	return ERR_PTR(err);
}

static bool descends(const struct seccomp_filter *f, const struct seccomp_filter *from)
{
	while (f && f != from)
		f = f->older;
	return f == from;
}

/* May every other thread have what current has? 0, or the number of one that has filters of its own. [sig] */
static pid_t who_differs(void)
{
	struct thread *t;

	list_for_each_entry(t, &current->process->threads, thread_link) {
		if (t == current || thread_flag(t, TF_EXITING) || !t->seccomp_mode)
			continue;
		if (t->seccomp_mode != SECCOMP_MODE_FILTER || !descends(current->seccomp, t->seccomp))
			return t->tid;
	}
	return 0;
}

/* [sig] */
static void give_to_others(void)
{
	struct thread *t;

	list_for_each_entry(t, &current->process->threads, thread_link) {
		if (t == current || thread_flag(t, TF_EXITING))
			continue;
		ref_get(&current->seccomp->refs);
		filter_put(t->seccomp);
		t->seccomp = current->seccomp;
		if (current->no_new_privs)
			t->no_new_privs = true;
		take_mode(t, SECCOMP_MODE_FILTER);
	}
}

/* On each CPU: who runs there may have got filters without passing the scheduler. Interrupts off. */
static void watch_running(void *unused)
{
	(void)unused;
	if (thread_flag(current, TF_SECCOMP))
		watch_current();
}

/* Make f current's newest filter, and with TSYNC everybody's. 0, -errno, or who has other ones. [sig] */
static long attach(struct seccomp_filter *f, unsigned flags)
{
	struct seccomp_filter *older = current->seccomp;
	pid_t other;

	if (!may_take(current, SECCOMP_MODE_FILTER))
		return -EINVAL;
	f->older = older;
	f->depth = older ? older->depth + 1 : 1;
	f->path_insns = f->len + (older ? older->path_insns + PATH_COST : 0);
	if (f->path_insns > MAX_PATH_INSNS)
		return -ENOMEM;
	other = flags & SECCOMP_FILTER_FLAG_TSYNC ? who_differs() : 0;
	if (other)
		return flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : other;
	current->seccomp = f;	/* our reference to the older one is its own now */
	take_mode(current, SECCOMP_MODE_FILTER);
	watch_current();
	if (flags & SECCOMP_FILTER_FLAG_TSYNC)
		give_to_others();
	return 0;
}

static long set_filter(unsigned flags, uaddr_t args)
{
	const unsigned known = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
			       SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	struct seccomp_filter *f;
	struct irqflags irq;
	struct sighand *sh;
	long err;

	if (flags & ~known)
		return -EINVAL;
	f = filter_make(args);
	if (IS_ERR(f))
		return PTR_ERR(f);
	sh = sighand_lock(current->process, &irq);
	err = attach(f, flags);
	spin_unlock_irqrestore(&sh->lock, irq);
	if (err)
		kfree(f);
	else if (flags & SECCOMP_FILTER_FLAG_TSYNC)
		smp_call(~0u, watch_running, NULL);
	return err;
}

static long action_available(unsigned flags, uaddr_t args)
{
	u32 action;

	if (flags)
		return -EINVAL;
	if (get_user(&action, args))
		return -EFAULT;
	switch (action) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

long sys_seccomp(unsigned int op, unsigned int flags, uaddr_t uargs)
{
	switch (op) {
	case SECCOMP_SET_MODE_STRICT:
		return set_strict(flags, uargs);
	case SECCOMP_SET_MODE_FILTER:
		return set_filter(flags, uargs);
	case SECCOMP_GET_ACTION_AVAIL:
		return action_available(flags, uargs);
	default:
		return -EINVAL;
	}
}

long seccomp_prctl_set(unsigned long mode, uaddr_t filter)
{
	switch (mode) {
	case SECCOMP_MODE_STRICT:
		return set_strict(0, 0);
	case SECCOMP_MODE_FILTER:
		return set_filter(0, filter);
	default:
		return -EINVAL;
	}
}

/* ---- life ---- */

void seccomp_inherit(struct thread *child)
{
	struct thread *t = current;

	child->no_new_privs = t->no_new_privs;
	child->seccomp = t->seccomp;
	if (child->seccomp)
		ref_get(&child->seccomp->refs);
	take_mode(child, t->seccomp_mode);
}

void seccomp_release(struct thread *t)
{
	struct seccomp_filter *f;
	struct irqflags irq;
	struct sighand *sh = sighand_lock(t->process, &irq);

	f = t->seccomp;
	t->seccomp = NULL;
	spin_unlock_irqrestore(&sh->lock, irq);
	filter_put(f);
}

/* For /proc/PID/status: filters of t. */
unsigned seccomp_count(struct thread *t)
{
	struct irqflags irq;
	struct sighand *sh = sighand_lock(t->process, &irq);
	unsigned n = t->seccomp ? t->seccomp->depth : 0;

	spin_unlock_irqrestore(&sh->lock, irq);
	return n;
}
