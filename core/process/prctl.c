// SPDX-License-Identifier: BSD-2-Clause
/*
 * prctl, personality, and the dispatch of prctl's capability options.
 */
#include "process.h"
#include "capability.h"
#include "seccomp.h"
#include <generated/syscalls.h>

static long set_name(uaddr_t name)
{
	struct thread *t = current;
	char comm[sizeof(t->comm)] = { 0 };
	long n = strncpy_from_user(comm, name, sizeof(comm) - 1);

	if (n < 0)
		return -EFAULT;
	comm[sizeof(comm) - 1] = '\0';
	spin_lock(&t->lock);
	memset(t->comm, 0, sizeof(t->comm));
	memcpy(t->comm, comm, strnlen(comm, sizeof(comm) - 1));
	spin_unlock(&t->lock);
	return 0;
}

static long get_name(uaddr_t to)
{
	return copy_to_user(to, current->comm, sizeof(current->comm)) ? -EFAULT : 0;
}

static long set_pdeath(unsigned long signo)
{
	if (signo > NSIG)
		return -EINVAL;
	current->pdeath_signal = (int)signo;
	return 0;
}

static long set_dumpable(unsigned long value)
{
	if (value > 1)
		return -EINVAL;
	current->mm->dumpable = value;
	return 0;
}

/* Descendants that are made from now on know that somebody above them wants their orphans. */
static void mark_descendants(struct process *top)
{
	struct irqflags flags = tasklist_lock_irq();
	struct process *p, *up;

	list_for_each_entry(p, &all_processes, all_link)
		for (up = p->parent; up != &kernel_process && up != init_process; up = up->parent)
			if (up == top) {
				p->has_child_subreaper = true;
				break;
			}
	tasklist_unlock_irq(flags);
}

static long set_subreaper(unsigned long on)
{
	current->process->child_subreaper = on;
	if (on)
		mark_descendants(current->process);
	return 0;
}

static long set_timer_slack(unsigned long ns)
{
	current->timer_slack = ns ? ns : 50000;
	return 0;
}

static long set_no_new_privs(unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5)
{
	if (arg2 != 1 || arg3 || arg4 || arg5)
		return -EINVAL;
	current->no_new_privs = true;
	return 0;
}

long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5)
{
	long result;

	switch (option) {
	case PR_SET_PDEATHSIG:
		return set_pdeath(arg2);
	case PR_GET_PDEATHSIG:
		return put_user(current->pdeath_signal, s32, arg2);
	case PR_GET_DUMPABLE:
		return current->mm->dumpable;
	case PR_SET_DUMPABLE:
		return set_dumpable(arg2);
	case PR_SET_NAME:
		return set_name(arg2);
	case PR_GET_NAME:
		return get_name(arg2);
	case PR_GET_TIMING:
		return 0;
	case PR_SET_TIMING:
		return arg2 ? -EINVAL : 0;
	case PR_GET_SECCOMP:
		return current->seccomp_mode;
	case PR_SET_SECCOMP:
		return seccomp_prctl_set(arg2, arg3);
	case PR_SET_TIMERSLACK:
		return set_timer_slack(arg2);
	case PR_GET_TIMERSLACK:
		return (long)min_t(u64, current->timer_slack, INT64_MAX);
	case PR_SET_CHILD_SUBREAPER:
		return set_subreaper(arg2);
	case PR_GET_CHILD_SUBREAPER:
		return put_user(current->process->child_subreaper, s32, arg2);
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privs(arg2, arg3, arg4, arg5);
	case PR_GET_NO_NEW_PRIVS:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : current->no_new_privs;
	case PR_GET_THP_DISABLE:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : current->mm->thp_disabled;
	case PR_SET_THP_DISABLE:
		if (arg3 || arg4 || arg5)
			return -EINVAL;
		current->mm->thp_disabled = arg2;
		return 0;
	case PR_GET_TID_ADDRESS:
		return put_user(current->clear_child_tid, u64, arg2);
	}
	return prctl_capability(option, arg2, arg3, arg4, arg5, &result) ? result : -EINVAL;
}

long sys_personality(unsigned int persona)
{
	u32 old = current->personality;

	if (persona != 0xffffffff)
		current->personality = persona;
	return old;
}
