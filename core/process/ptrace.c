// SPDX-License-Identifier: BSD-2-Clause
/*
 * ptrace(2): who may trace whom, the tie between the two, and what a tracer asks of a thread stopped for it.
 *
 * The tie is tasklist_lock's: thread->tracer, and the tracer's list. It ends by PTRACE_DETACH, or with either's end. A
 * request waits until the thread has left its CPU; from then on its registers are memory. SIGKILL may let it go on
 * underneath a request: then it never sees user mode again, so what is written is read by nobody.
 */
#include "process.h"
#include <arch/misc.h>
#include <arch/ptrace.h>
#include <generated/syscalls.h>
#include <janus/sched.h>
#include <uapi/ptrace.h>
#include <uapi/rseq.h>

/* ---- the tie ---- */

/* [tl, sig of t's process] */
static void link(struct thread *t, struct thread *tracer, u32 flags)
{
	t->ptrace = flags;
	rcu_assign_pointer(t->tracer, tracer);
	list_add_tail(&t->tracee_link, &tracer->tracees);
}

void ptrace_init_child(struct thread *child, bool follow)
{
	struct thread *tracer = current->tracer;

	if (!follow || !tracer)
		return;
	link(child, tracer, current->ptrace & ~(PT_LISTENING | PT_TRAPPING | PT_SYSEMU));
	if (child->ptrace & PT_SEIZED)
		child->jobctl |= JOBCTL_TRAP_STOP;
	else
		child->pending.set |= SIGMASK(SIGSTOP);
	child->flags |= TF_SIGPENDING;
}

void ptrace_unlink(struct thread *t)
{
	struct process *p = t->process;
	struct irqflags flags;
	struct sighand *sh;

	list_del(&t->tracee_link);
	rcu_assign_pointer(t->tracer, NULL);
	thread_clear_flag(t, TF_SYSCALL_TRACE);
	sh = sighand_lock(p, &flags);
	t->ptrace = 0;
	t->jobctl &= ~JOBCTL_TRAP;
	/* A stop of its group is still on: it stops as all do. */
	if (!thread_flag(t, TF_EXITING) && (p->sig_flags & SIGNAL_STOPPED || p->group_stop_count)) {
		t->jobctl |= JOBCTL_STOP_PENDING;
		if (!t->stop_signal)
			t->stop_signal = SIGSTOP;
	}
	if (t->jobctl & JOBCTL_STOP_PENDING || READ_ONCE(t->state) == THREAD_TRACED) {
		signal_wake(t, false);
		wake_up_thread(t, THREAD_TRACED);
	}
	spin_unlock_irqrestore(&sh->lock, flags);
}

/* A dead tracee is its parent's to wait for now. [tl] */
static void give_back(struct thread *t, struct process *tracer, struct list_head *dead)
{
	struct process *p = t->process;
	bool reap;

	ptrace_unlink(t);
	if (t->exit_state != EXIT_ZOMBIE)
		return;
	if (!thread_is_leader(t)) {
		thread_reap(t, dead);
		return;
	}
	if (p->nr_threads > 1)
		return;
	if (p->parent == tracer) {
		const struct sighand *sh = tracer->sighand;

		reap = sig_handler(sh, SIGCHLD) == SIG_IGN ||
		       (sh->used & SIGMASK(SIGCHLD) && sh->action[SIGCHLD - 1].flags & SA_NOCLDWAIT);
		wake_up_all(&tracer->wait_child);
	} else {
		reap = notify_parent_exit(t);
	}
	if (reap)
		thread_reap(t, dead);
}

void ptrace_exit(struct thread *tracer, struct list_head *dead)
{
	struct thread *t, *next;

	list_for_each_entry_safe(t, next, &tracer->tracees, tracee_link) {
		if (t->ptrace & PTRACE_O_EXITKILL)
			(void)signal_send_thread(t, SIGKILL, NULL);
		give_back(t, tracer->process, dead);
	}
}

/* ---- attaching ---- */

static u32 may_gain(const struct thread *tracer)
{
	return cred_has_cap(tracer->cred, CAP_SYS_PTRACE) ? PT_MAY_GAIN : 0;
}

/* May `parent` trace us? As Linux: if it has all that we have. */
static bool may_trace_me(const struct thread *parent)
{
	return !(current->cred->cap_permitted & ~parent->cred->cap_permitted) ||
	       cred_has_cap(parent->cred, CAP_SYS_PTRACE);
}

static long trace_me(void)
{
	struct irqflags flags = tasklist_lock_irq(), sig_flags;
	struct process *p = current->process;
	struct thread *parent = p->parent_thread;
	struct sighand *sh;
	long err = -EPERM;

	if (!current->ptrace && parent && !thread_flag(parent, TF_KERNEL) && may_trace_me(parent)) {
		err = 0;
		if (!thread_flag(parent, TF_EXITING)) {	/* else nobody will ever trace us */
			sh = sighand_lock(p, &sig_flags);
			link(current, parent, PT_TRACED | may_gain(parent));
			spin_unlock_irqrestore(&sh->lock, sig_flags);
		}
	}
	tasklist_unlock_irq(flags);
	return err;
}

/* The tie is made; a thread that is stopped with its group stops for the tracer anew. [tl] */
static void take(struct thread *t, u32 ptrace)
{
	struct irqflags flags;
	struct sighand *sh = sighand_lock(t->process, &flags);

	link(t, current, ptrace);
	if (!(ptrace & PT_SEIZED))
		(void)signal_send_locked(SIGSTOP, NULL, t, false, true);
	if (READ_ONCE(t->state) == THREAD_STOPPED && !(t->pending.set & SIGMASK(SIGKILL))) {
		t->jobctl |= JOBCTL_TRAP_STOP;
		t->ptrace |= PT_TRAPPING;
		signal_wake(t, false);
		wake_up_thread(t, THREAD_STOPPED);
	}
	spin_unlock_irqrestore(&sh->lock, flags);
}

static bool may_attach(struct thread *t)
{
	return !thread_flag(t, TF_KERNEL) && t->process != current->process && thread_may_access(t);
}

static long attach(struct thread *t, u32 ptrace)
{
	struct process *p = t->process;
	struct irqflags flags;
	long err;

	for (;;) {
		if (!may_attach(t))
			return -EPERM;
		if (wait_event_interruptible(&p->wait_child, !READ_ONCE(p->exec_creds)))
			return -ERESTARTNOINTR;
		flags = tasklist_lock_irq();
		/* What was asked above may be another program by now. */
		if (!p->exec_creds && may_attach(t))
			break;
		tasklist_unlock_irq(flags);
	}
	err = t->exit_state || t->tracer ? -EPERM : 0;
	if (!err)
		take(t, ptrace | may_gain(current));
	tasklist_unlock_irq(flags);
	if (!err)
		(void)wait_event_killable(&current->process->wait_child, !(READ_ONCE(t->ptrace) & PT_TRAPPING) ||
									 thread_flag(t, TF_EXITING));
	return err;
}

/* Not who is filtered himself, or could be: he would free another of what binds him. */
static bool may_suspend_seccomp(void)
{
	return capable(CAP_SYS_ADMIN) && !current->seccomp_mode && !(current->ptrace & PTRACE_O_SUSPEND_SECCOMP);
}

static long seize(struct thread *t, unsigned long addr, unsigned long options)
{
	if (addr || options & ~(unsigned long)PTRACE_O_MASK)
		return -EIO;
	if ((options & PTRACE_O_SUSPEND_SECCOMP) && !may_suspend_seccomp())
		return -EPERM;
	return attach(t, PT_TRACED | PT_SEIZED | (u32)options);
}

/* ---- going on ---- */

static void set_flag(struct thread *t, u32 flag, bool on)
{
	if (on)
		thread_set_flag(t, flag);
	else
		thread_clear_flag(t, flag);
}

static void step(struct thread *t, bool on)
{
	if (on || thread_flag(t, TF_SINGLE_STEP))
		arch_single_step(t, on);
	set_flag(t, TF_SINGLE_STEP, on);
}

static long resume(struct thread *t, long request, unsigned long signo)
{
	bool emulate = request == PTRACE_SYSEMU || request == PTRACE_SYSEMU_SINGLESTEP;
	struct irqflags flags;
	struct sighand *sh;

	if (signo > NSIG)
		return -EIO;
	set_flag(t, TF_SYSCALL_TRACE, emulate || request == PTRACE_SYSCALL);
	step(t, request == PTRACE_SINGLESTEP || request == PTRACE_SYSEMU_SINGLESTEP);
	sh = sighand_lock(t->process, &flags);
	t->ptrace = (t->ptrace & ~PT_SYSEMU) | (emulate ? PT_SYSEMU : 0);
	t->stop_code = (int)signo;
	wake_up_thread(t, THREAD_TRACED);
	spin_unlock_irqrestore(&sh->lock, flags);
	return 0;
}

static long detach(struct thread *t, unsigned long signo)
{
	struct irqflags flags;
	LIST_HEAD(dead);

	if (signo > NSIG)
		return -EIO;
	step(t, false);
	flags = tasklist_lock_irq();
	if (t->tracer == current) {
		t->stop_code = (int)signo;
		give_back(t, current->process, &dead);
	}
	tasklist_unlock_irq(flags);
	put_dead(&dead);
	return 0;
}

/* To the seized only. A thread that listens stops anew. */
static long interrupt(struct thread *t)
{
	struct irqflags flags;
	struct sighand *sh = sighand_lock(t->process, &flags);
	long err = -EIO;

	if (t->ptrace & PT_SEIZED) {
		err = 0;
		if (!(t->pending.set & SIGMASK(SIGKILL)) && !thread_flag(t, TF_EXITING)) {
			t->jobctl |= JOBCTL_TRAP_STOP;
			signal_wake(t, false);
			if (t->ptrace & PT_LISTENING)
				wake_up_thread(t, THREAD_TRACED);
		}
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return err;
}

/* Stay stopped with the group, deaf to all requests but INTERRUPT, until something happens to the stop. */
static long listen(struct thread *t)
{
	struct irqflags flags;
	struct sighand *sh = sighand_lock(t->process, &flags);
	long err = -EIO;

	if (t->ptrace & PT_SEIZED && t->stop_info && t->stop_info->si_code >> 8 == PTRACE_EVENT_STOP) {
		err = 0;
		t->ptrace |= PT_LISTENING;
		if (t->jobctl & JOBCTL_TRAP_NOTIFY) {	/* it happened already */
			signal_wake(t, false);
			wake_up_thread(t, THREAD_TRACED);
		}
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return err;
}

/* ---- memory and registers ---- */

static long access_word(struct thread *t, unsigned long addr, u64 *word, bool write)
{
	struct mm *mm = thread_mm_get(t);
	size_t n = 0;

	if (!mm)
		return -EIO;
	/* A program that its user may not read is not read by tracing it. */
	if (mm->dumpable || t->ptrace & PT_MAY_GAIN)
		n = access_mm(mm, addr, word, sizeof(*word), write);
	mm_put(mm);
	return n == sizeof(*word) ? 0 : -EIO;
}

static long peek(struct thread *t, unsigned long addr, uaddr_t data)
{
	u64 word;
	long err = access_word(t, addr, &word, false);

	return err ? err : put_user(word, u64, data);
}

/* Part of a set may be set: the rest stays. */
static long regset_transfer(struct thread *t, const struct regset *rs, bool set, const struct iovec *iov)
{
	size_t n = min_t(u64, iov->len, rs->size);
	void *buf = kzalloc(ALIGN_UP(rs->size, 64), GFP_KERNEL);
	long err = 0;

	if (!buf)
		return -ENOMEM;
	rs->get(t, buf);
	if (!set)
		err = copy_to_user(iov->base, buf, n) ? -EFAULT : 0;
	else if (rs->whole && n < rs->size)
		err = -EFAULT;
	else
		err = copy_from_user(buf, iov->base, n) ? -EFAULT : rs->set(t, buf);
	kfree(buf);
	return err;
}

static long regset_request(struct thread *t, bool set, unsigned long note, uaddr_t uiov)
{
	const struct regset *rs;
	struct iovec iov;
	long err;

	if (copy_struct_in(&iov, uiov))
		return -EFAULT;
	rs = arch_regset((unsigned)note);
	if (!rs || iov.len % rs->word)
		return -EINVAL;
	err = regset_transfer(t, rs, set, &iov);
	return err ? err : put_user(min_t(u64, iov.len, rs->size), u64, uiov + offsetof(struct iovec, len));
}

/* ---- what it stopped for ---- */

static long set_options(struct thread *t, unsigned long options)
{
	struct irqflags flags;
	struct sighand *sh;

	if (options & ~(unsigned long)PTRACE_O_MASK)
		return -EINVAL;
	if ((options & PTRACE_O_SUSPEND_SECCOMP) && !may_suspend_seccomp())
		return -EPERM;
	sh = sighand_lock(t->process, &flags);
	t->ptrace = (t->ptrace & ~PTRACE_O_MASK) | (u32)options;
	spin_unlock_irqrestore(&sh->lock, flags);
	return 0;
}

static long get_siginfo(struct thread *t, siginfo_t *info)
{
	struct irqflags flags;
	struct sighand *sh = sighand_lock(t->process, &flags);
	long err = -EINVAL;

	if (t->stop_info) {
		*info = *t->stop_info;
		err = 0;
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return err;
}

static long set_siginfo(struct thread *t, uaddr_t from)
{
	struct irqflags flags;
	struct sighand *sh;
	siginfo_t info;
	long err = -EINVAL;

	if (copy_struct_in(&info, from))
		return -EFAULT;
	sh = sighand_lock(t->process, &flags);
	if (t->stop_info) {
		*t->stop_info = info;
		err = 0;
	}
	spin_unlock_irqrestore(&sh->lock, flags);
	return err;
}

static long sigmask_request(struct thread *t, bool set, unsigned long size, uaddr_t data)
{
	struct irqflags flags;
	struct sighand *sh;
	sigset_t mask;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (!set)
		return put_user(thread_flag(t, TF_RESTORE_MASK) ? t->saved_mask : t->blocked, u64, data);
	if (get_user(&mask, data))
		return -EFAULT;
	sh = sighand_lock(t->process, &flags);
	t->blocked = mask & ~KILL_STOP_MASK;
	thread_clear_flag(t, TF_RESTORE_MASK);
	spin_unlock_irqrestore(&sh->lock, flags);
	return 0;
}

/* The n'th info in t's queue, or its process's. */
static bool peek_info(struct thread *t, bool shared, u64 n, siginfo_t *info)
{
	struct irqflags flags;
	struct sighand *sh = sighand_lock(t->process, &flags);
	struct sigqueue *q = shared ? &t->process->shared_pending : &t->pending;
	struct siginfo_node *node;
	bool found = false;

	memset(info, 0, sizeof(*info));
	list_for_each_entry(node, &q->infos, link)
		if (!n--) {
			memcpy(info, node->info, SIGINFO_USED);
			found = true;
			break;
		}
	spin_unlock_irqrestore(&sh->lock, flags);
	return found;
}

static long peek_siginfo(struct thread *t, uaddr_t uargs, uaddr_t to)
{
	struct ptrace_peeksiginfo_args args;
	siginfo_t info;
	s32 i;

	if (copy_struct_in(&args, uargs))
		return -EFAULT;
	if (args.flags & ~(u32)PTRACE_PEEKSIGINFO_SHARED || args.nr < 0)
		return -EINVAL;
	for (i = 0; i < args.nr && args.off + (u64)i >= args.off; i++, to += sizeof(info)) {
		if (!peek_info(t, args.flags & PTRACE_PEEKSIGINFO_SHARED, args.off + (u64)i, &info))
			break;
		if (copy_siginfo_to_user(to, &info))
			return i ? i : -EFAULT;
		if (signal_pending())
			return i + 1;
		cond_resched();
	}
	return i;
}

static void describe_entry(const struct trapframe *tf, struct ptrace_syscall_info *out)
{
	out->entry.nr = (u64)tf_syscall_nr(tf);
	for (unsigned i = 0; i < 6; i++)
		out->entry.args[i] = tf_syscall_arg(tf, i);
}

/* Which end of which call; how many bytes of `out` say it. */
static size_t describe_call(struct thread *t, const siginfo_t *stop_info, struct ptrace_syscall_info *out)
{
	struct trapframe *tf = arch_thread_frame(t);
	bool at_call = stop_info->si_code == (SIGTRAP | 0x80);

	out->arch = arch_elf_machine | 0xc0000000;	/* AUDIT_ARCH_*: 64 bits, little-endian */
	out->instruction_pointer = tf_pc(tf);
	out->stack_pointer = tf_sp(tf);
	if (stop_info->si_code == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
		out->op = PTRACE_SYSCALL_INFO_SECCOMP;
		describe_entry(tf, out);
		out->seccomp.ret_data = (u32)t->stop_message;
		return offsetof(struct ptrace_syscall_info, seccomp.ret_data) + sizeof(u32);
	}
	if (at_call && t->stop_message == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
		out->op = PTRACE_SYSCALL_INFO_ENTRY;
		describe_entry(tf, out);
		return offsetof(struct ptrace_syscall_info, entry) + sizeof(out->entry);
	}
	if (at_call && t->stop_message == PTRACE_EVENTMSG_SYSCALL_EXIT) {
		out->op = PTRACE_SYSCALL_INFO_EXIT;
		out->exit.rval = tf_return(tf);
		out->exit.is_error = IS_ERR((void *)out->exit.rval);
		return offsetof(struct ptrace_syscall_info, exit.is_error) + 1;
	}
	return offsetof(struct ptrace_syscall_info, entry);
}

static long get_syscall_info(struct thread *t, unsigned long size, uaddr_t to)
{
	struct ptrace_syscall_info out = { .op = PTRACE_SYSCALL_INFO_NONE };
	siginfo_t info = { 0 };
	size_t n;

	(void)get_siginfo(t, &info);
	n = describe_call(t, &info, &out);
	return copy_to_user(to, &out, min(n, size)) ? -EFAULT : (long)n;
}

static long get_rseq(struct thread *t, unsigned long size, uaddr_t to)
{
	struct ptrace_rseq_configuration out = {
		.rseq_abi_pointer = t->rseq,
		.rseq_abi_size = sizeof(struct rseq),
		.signature = t->rseq ? t->rseq_sig : 0,
	};

	return copy_to_user(to, &out, min(sizeof(out), size)) ? -EFAULT : (long)sizeof(out);
}

/* ---- the call ---- */

static long request_of_stopped(struct thread *t, long request, unsigned long addr, unsigned long data)
{
	siginfo_t info;
	long err;

	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
		return peek(t, addr, data);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return access_word(t, addr, &data, true);
	case PTRACE_GETREGSET:
	case PTRACE_SETREGSET:
		return regset_request(t, request == PTRACE_SETREGSET, addr, data);
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_SINGLESTEP:
	case PTRACE_SYSEMU:
	case PTRACE_SYSEMU_SINGLESTEP:
		return resume(t, request, data);
	case PTRACE_DETACH:
		return detach(t, data);
	case PTRACE_LISTEN:
		return listen(t);
	case PTRACE_SETOPTIONS:
		return set_options(t, data);
	case PTRACE_GETEVENTMSG:
		return put_user(t->stop_message, u64, data);
	case PTRACE_GETSIGINFO:
		err = get_siginfo(t, &info);
		return err ? err : copy_siginfo_to_user(data, &info);
	case PTRACE_SETSIGINFO:
		return set_siginfo(t, data);
	case PTRACE_PEEKSIGINFO:
		return peek_siginfo(t, addr, data);
	case PTRACE_GETSIGMASK:
	case PTRACE_SETSIGMASK:
		return sigmask_request(t, request == PTRACE_SETSIGMASK, addr, data);
	case PTRACE_GET_SYSCALL_INFO:
		return get_syscall_info(t, addr, data);
	case PTRACE_GET_RSEQ_CONFIGURATION:
		return get_rseq(t, addr, data);
	}
	return arch_ptrace(t, request, addr, data);
}

/* Is t ours, and, if that is asked for, stopped and off its CPU? 0 or -ESRCH. */
static long check_tracee(struct thread *t, bool stopped)
{
	struct irqflags flags = tasklist_lock_irq();
	bool ours = t->tracer == current;

	if (ours && stopped)
		ours = READ_ONCE(t->state) == THREAD_TRACED && !(READ_ONCE(t->ptrace) & PT_LISTENING);
	tasklist_unlock_irq(flags);
	return ours && (!stopped || thread_wait_inactive(t, THREAD_TRACED)) ? 0 : -ESRCH;
}

static long request_of(struct thread *t, long request, unsigned long addr, unsigned long data)
{
	bool any_state = request == PTRACE_KILL || request == PTRACE_INTERRUPT;
	long err = check_tracee(t, !any_state);

	if (err)
		return err;
	if (request == PTRACE_KILL) {
		(void)signal_send_thread(t, SIGKILL, NULL);
		return 0;
	}
	return request == PTRACE_INTERRUPT ? interrupt(t) : request_of_stopped(t, request, addr, data);
}

long sys_ptrace(long request, long pid, uaddr_t addr, uaddr_t data)
{
	struct thread *t;
	long ret;

	if (request == PTRACE_TRACEME)
		return trace_me();
	t = get_thread_by_tid((pid_t)pid);
	if (!t)
		return -ESRCH;
	if (request == PTRACE_ATTACH)
		ret = attach(t, PT_TRACED);
	else if (request == PTRACE_SEIZE)
		ret = seize(t, addr, data);
	else
		ret = request_of(t, request, addr, data);
	thread_put(t);
	return ret;
}
