// SPDX-License-Identifier: BSD-2-Clause
/*
 * The traced thread's side: it stops, tells its tracer, and sleeps until it is told how to go on. Where it stops:
 * at a signal, for its group's stops, at events of clone, exec and exit, and at the two ends of a call.
 *
 * A thread that is not traced meets none of this: its calls end in syscall_dispatch(), and the one word that the
 * way out tests has no more bits for it.
 */
#include "process.h"
#include "seccomp.h"
#include <arch/ptrace.h>
#include <janus/entry.h>
#include <janus/sched.h>
#include <uapi/ptrace.h>

/* ---- the stop ---- */

/* The tracer hears of it; and the parent, if it is another and the group's stop is complete by this. */
static void tell_stop(struct thread *t, int why, int code, bool group_done)
{
	struct process *p = t->process;
	struct irqflags flags = tasklist_lock_irq();
	bool by_parent = traced_by(t, p->parent);

	if (t->tracer)
		notify_stop(t->tracer->process, t, why, why == CLD_STOPPED ? p->stop_signal : code & 0x7f);
	if (group_done && !by_parent)
		notify_parent_stop(p, CLD_STOPPED);
	tasklist_unlock_irq(flags);
}

/*
 * `info` is what the tracer may read and change meanwhile; NULL for the stop of a group. [sig], released in between.
 * Returns the signal to go on with; when there is no stop (the tracer went, or we are to die) that is code.
 */
static int stop(struct sighand **sh, struct irqflags *flags, int code, int why, unsigned long message, siginfo_t *info)
{
	struct thread *t = current;
	bool group_done = false;
	int signo;

	if (!t->ptrace || fatal_signal_pending())
		return code;
	t->stop_info = info;
	t->stop_message = message;
	t->stop_code = code;
	if (why == CLD_STOPPED && t->jobctl & JOBCTL_STOP_PENDING)
		group_done = count_stopped(t);
	t->jobctl &= ~JOBCTL_TRAP_STOP;
	if (info && info->si_code >> 8 == PTRACE_EVENT_STOP)
		t->jobctl &= ~JOBCTL_TRAP_NOTIFY;
	t->ptrace &= ~PT_TRAPPING;
	set_current_state(THREAD_TRACED);
	spin_unlock_irqrestore(&(*sh)->lock, *flags);
	tell_stop(t, why, code, group_done);
	schedule();
	*sh = sighand_lock(t->process, flags);
	signo = t->stop_code;
	t->stop_code = 0;
	t->stop_info = NULL;
	t->ptrace &= ~PT_LISTENING;
	signal_recalc(t);
	return signo;
}

static void fill_info(siginfo_t *info, int signo, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = signo;
	info->si_code = code;
	info->kill.pid = current->tid;
	info->kill.uid = current->cred->uid;
}

int ptrace_notify(int code, unsigned long message)
{
	struct irqflags flags;
	struct sighand *sh;
	siginfo_t info;
	int signo = 0;

	fill_info(&info, SIGTRAP, code);
	sh = sighand_lock(current->process, &flags);
	if (current->ptrace)
		signo = stop(&sh, &flags, code, CLD_TRAPPED, message, &info);
	if (fatal_signal_pending() || signo > NSIG)
		signo = 0;
	spin_unlock_irqrestore(&sh->lock, flags);
	return signo;
}

/* ---- signals ---- */

/* The tracer chose another signal: it comes from it, or from our parent if it let go. */
static void changed_info(siginfo_t *info, int signo)
{
	const struct thread *from;

	memset(info, 0, sizeof(*info));
	info->si_signo = signo;
	info->si_code = SI_USER;
	rcu_read_lock();
	from = rcu_dereference(current->tracer);
	if (!from)
		from = rcu_dereference(current->process->parent)->leader;
	info->kill.pid = from->tid;
	info->kill.uid = rcu_dereference(from->cred)->uid;
	rcu_read_unlock();
}

int ptrace_signal(struct ksignal *ks, struct sighand **sh, struct irqflags *flags)
{
	struct thread *t = current;
	int signo;

	/* A stop that the tracer lets through is one, whatever came meanwhile. */
	t->process->sig_flags |= SIGNAL_STOP_DEQUEUED;
	signo = stop(sh, flags, ks->signo, CLD_TRAPPED, 0, &ks->info);
	if (!signo)
		return 0;
	if (signo != ks->info.si_signo)
		changed_info(&ks->info, signo);
	if (t->blocked & SIGMASK(signo) || fatal_signal_pending()) {
		(void)signal_send_locked(signo, &ks->info, t, false, false);
		return 0;
	}
	return signo;
}

void ptrace_trap_notify(struct thread *t)
{
	if (t->pending.set & SIGMASK(SIGKILL) || thread_flag(t, TF_EXITING))
		return;
	t->jobctl |= JOBCTL_TRAP_NOTIFY;
	signal_wake(t, false);
	if (t->ptrace & PT_LISTENING)
		wake_up_thread(t, THREAD_TRACED);
}

/* The group's stop, or one that the tracer asked for. A seized thread's stop is an event, and says which. */
void ptrace_trap(struct sighand **sh, struct irqflags *flags)
{
	struct thread *t = current;
	struct process *p = t->process;
	int signo = t->stop_signal;
	siginfo_t info;

	if (!(t->ptrace & PT_SEIZED)) {
		t->jobctl &= ~JOBCTL_TRAP;
		(void)stop(sh, flags, signo, CLD_STOPPED, 0, NULL);
		return;
	}
	if (!p->group_stop_count && !(p->sig_flags & SIGNAL_STOPPED))
		signo = SIGTRAP;
	fill_info(&info, signo, signo | PTRACE_EVENT_STOP << 8);
	(void)stop(sh, flags, info.si_code, CLD_STOPPED, 0, &info);
}

/* ---- events ---- */

static bool ptrace_event_wanted(int event)
{
	return current->ptrace & 1u << event;
}

/* Also the end of the call we are in is to be told of, now that the tracer asks for it. */
static void expect_call_exit(struct thread *t)
{
	if (!thread_flag(t, TF_SYSCALL_TRACE | TF_SINGLE_STEP))
		return;
	t->call_exit_due = true;
	thread_set_flag(t, TF_NOTIFY_RESUME);
}

bool ptrace_event(int event, unsigned long message)
{
	if (!ptrace_event_wanted(event))
		return false;
	(void)ptrace_notify(event << 8 | SIGTRAP, message);
	expect_call_exit(current);
	return true;
}

void ptrace_exec(pid_t old_tid)
{
	siginfo_t info;

	if (ptrace_event_wanted(PTRACE_EVENT_EXEC)) {
		ptrace_event(PTRACE_EVENT_EXEC, (unsigned long)old_tid);
	} else if (!(current->ptrace & PT_SEIZED)) {
		siginfo_user(&info, SIGTRAP, SI_USER);	/* as of old: a signal */
		(void)signal_send_thread(current, SIGTRAP, &info);
	}
}

int ptrace_clone_event(u64 clone_flags, int exit_signal)
{
	int event = PTRACE_EVENT_FORK;

	if (clone_flags & CLONE_UNTRACED)
		return 0;
	if (clone_flags & CLONE_VFORK)
		event = PTRACE_EVENT_VFORK;
	else if (exit_signal != SIGCHLD)
		event = PTRACE_EVENT_CLONE;
	return ptrace_event_wanted(event) ? event : 0;
}

/* ---- calls ---- */

static void stop_at_call(struct trapframe *tf, bool exit)
{
	int code = SIGTRAP | (current->ptrace & PTRACE_O_TRACESYSGOOD ? 0x80 : 0), signo;
	unsigned long word = arch_syscall_stop_begin(tf, exit);

	signo = ptrace_notify(code, exit ? PTRACE_EVENTMSG_SYSCALL_EXIT : PTRACE_EVENTMSG_SYSCALL_ENTRY);
	arch_syscall_stop_end(tf, exit, word);
	if (signo)
		(void)signal_send_thread(current, signo, NULL);
}

/* Before the call. False: it is left out, its result what the frame has. */
static bool enter_call(struct trapframe *tf, struct thread *t)
{
	bool emulated = t->ptrace & PT_SYSEMU;	/* as it was entered; the tracer may go on otherwise */

	if (!thread_flag(t, TF_SYSCALL_TRACE))
		return true;
	if (tf_syscall_nr(tf) == -1)
		tf_set_return(tf, -ENOSYS);
	stop_at_call(tf, false);
	return !fatal_signal_pending() && !emulated && tf_syscall_nr(tf) != -1;
}

long syscall_dispatch_traced(void)
{
	struct trapframe *tf = current_frame();
	struct thread *t = current;

	if (unlikely(!thread_flag(t, TF_WATCHED))) {
		arch_untrace_calls();	/* left on by one who ran here before */
		syscall_dispatch_frame(tf);
	} else {
		if (enter_call(tf, t) && (!thread_flag(t, TF_SECCOMP) || seccomp_allows(tf)))
			syscall_dispatch_frame(tf);
		if (!(t->ptrace & PT_SYSEMU))
			expect_call_exit(t);
	}
	return tf_return(tf);
}

/* A step that led into a call ends behind it. */
void ptrace_call_exit(struct trapframe *tf)
{
	struct thread *t = current;
	siginfo_t info = { .si_signo = SIGTRAP, .si_code = arch_call_step_code };

	t->call_exit_due = false;
	if (thread_flag(t, TF_SYSCALL_TRACE)) {
		stop_at_call(tf, true);
	} else if (thread_flag(t, TF_SINGLE_STEP)) {
		if (info.si_code > 0)
			info.fault.addr = tf_pc(tf);
		signal_force(SIGTRAP, &info);
	}
}
