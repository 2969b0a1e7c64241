// SPDX-License-Identifier: BSD-2-Clause
/*
 * The calls that send: kill, tkill, tgkill, the sigqueue family, and pidfd_send_signal; and who may.
 */
#include "process.h"
#include <generated/syscalls.h>

static inline bool valid_signal(int signo)
{
	return (unsigned)signo <= NSIG;
}

void siginfo_user(siginfo_t *info, int signo, int code)
{
	u64 *word = (u64 *)info;

	info->si_signo = signo;
	info->si_errno = 0;
	info->si_code = code;
	info->si_pad0 = 0;
	info->kill.pid = current->process->tgid;
	info->kill.uid = current->cred->uid;
	word[3] = word[4] = word[5] = 0;	/* to SIGINFO_USED */
}

static bool kill_ok_by_cred(const struct cred *from, const struct cred *to)
{
	return from->euid == to->suid || from->euid == to->uid || from->uid == to->suid || from->uid == to->uid ||
	       cred_has_cap(from, CAP_KILL);
}

/* 0 or -EPERM, -EINVAL. RCU or a reference keeps t, whose own ids count. */
static int kill_permission(struct thread *t, int signo)
{
	const struct process *p = t->process;
	const struct cred *from = current->cred, *to;
	int err = 0;

	if (!valid_signal(signo))
		return -EINVAL;
	if (p == current->process)
		return 0;
	rcu_read_lock();
	to = rcu_dereference(t->cred);
	if (from != to && !kill_ok_by_cred(from, to) &&
	    !(signo == SIGCONT && p->pids[PIDTYPE_SID] == current->process->pids[PIDTYPE_SID]))
		err = -EPERM;
	rcu_read_unlock();
	return err;
}

static int send_checked(struct thread *first, int signo, const siginfo_t *info)
{
	int err = kill_permission(first, signo);

	return err || !signo ? err : signal_send_process_first(first, signo, info);
}

/* The number's thread, whatever thread of its process that is; of a dead one the process's first. RCU. */
static struct thread *thread_of(struct pid *pid)
{
	struct thread *t = rcu_dereference(pid->thread);
	struct process *p = t ? NULL : rcu_dereference(pid->process);

	return p ? p->leader : t;
}

/* With the check of permission. */
static int kill_pid(struct pid *pid, int signo, const siginfo_t *info)
{
	struct thread *t;
	int err = -ESRCH;

	rcu_read_lock();
	t = thread_of(pid);
	if (t)
		err = send_checked(t, signo, info);
	rcu_read_unlock();
	return err;
}

static int kill_nr(pid_t nr, int signo, const siginfo_t *info)
{
	struct pid *pid;
	int err = -ESRCH;

	rcu_read_lock();
	pid = find_pid(nr);
	if (pid)
		err = kill_pid(pid, signo, info);
	rcu_read_unlock();
	return err;
}

static int kill_pgrp(pid_t nr, int signo, const siginfo_t *info)
{
	struct irqflags flags = tasklist_lock_irq();
	struct pid *pid = nr ? find_pid(nr) : current->process->pids[PIDTYPE_PGID];
	bool success = false;
	struct process *p;
	int err = -ESRCH;

	if (pid)
		for_each_in_pid(p, pid, PIDTYPE_PGID) {
			err = send_checked(p->leader, signo, info);
			success |= !err;
		}
	tasklist_unlock_irq(flags);
	return success ? 0 : err;
}

/* Everyone but init and ourselves. */
static int kill_all(int signo, const siginfo_t *info)
{
	struct irqflags flags = tasklist_lock_irq();
	unsigned count = 0;
	struct process *p;
	int ret = 0;

	list_for_each_entry(p, &all_processes, all_link) {
		int err;

		if (p->tgid <= 1 || p == current->process)
			continue;
		err = send_checked(p->leader, signo, info);
		count++;
		if (err != -EPERM)
			ret = err;
	}
	tasklist_unlock_irq(flags);
	return count ? ret : -ESRCH;
}

static int kill_something(pid_t pid, int signo, const siginfo_t *info)
{
	if (pid > 0)
		return kill_nr(pid, signo, info);
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1)
		return kill_all(signo, info);
	return kill_pgrp(-pid, signo, info);
}

long sys_kill(pid_t pid, int sig)
{
	siginfo_t info;

	siginfo_user(&info, sig, SI_USER);
	return kill_something(pid, sig, &info);
}

/* tgid 0: whatever process the thread is of. */
static long send_specific(pid_t tgid, pid_t tid, int signo, const siginfo_t *info)
{
	struct thread *t;
	int err = -ESRCH;

	rcu_read_lock();
	t = find_thread(tid);
	if (t && (!tgid || t->process->tgid == tgid)) {
		err = kill_permission(t, signo);
		/* A thread that is just dying is as good as one that got it. */
		if (!err && signo && signal_send_thread(t, signo, info) == -EAGAIN)
			err = -EAGAIN;
	}
	rcu_read_unlock();
	return err;
}

long sys_tgkill(pid_t tgid, pid_t pid, int sig)
{
	siginfo_t info;

	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	siginfo_user(&info, sig, SI_TKILL);
	return send_specific(tgid, pid, sig, &info);
}

long sys_tkill(pid_t pid, int sig)
{
	siginfo_t info;

	if (pid <= 0)
		return -EINVAL;
	siginfo_user(&info, sig, SI_TKILL);
	return send_specific(0, pid, sig, &info);
}

/* Does Linux know which fields a siginfo with this code has? */
static bool code_is_known(int sig, int code)
{
	static const u8 most[] = { [SIGILL] = 11, [SIGTRAP] = 6, [SIGBUS] = 5, [SIGFPE] = 15, [SIGSEGV] = 9,
				   [SIGCHLD] = 6, [SIGIO] = 6, [SIGSYS] = 2 };
	int limit = sig > 0 && (size_t)sig < sizeof(most) && most[sig] ? most[sig] : 6;

	return code > SI_USER ? code <= limit || code == SI_KERNEL : code >= SI_DETHREAD || code == SI_ASYNCNL;
}

/* What the kernel does not keep is looked at for a code that is not known: it must be zero (E2BIG). */
#define SIG_ITS_OWN (-0x7fffffff - 1)	/* the number that stands in it, not one beside it */
static int copy_siginfo_in(siginfo_t *info, uaddr_t from, int sig)
{
	memset(info, 0, sizeof(*info));
	if (copy_from_user(info, from, SIGINFO_USED))
		return -EFAULT;
	if (sig != SIG_ITS_OWN)
		info->si_signo = sig;
	if (code_is_known(info->si_signo, info->si_code))
		return 0;
	if (copy_from_user((u8 *)info + SIGINFO_USED, from + SIGINFO_USED, sizeof(*info) - SIGINFO_USED))
		return -EFAULT;
	for (size_t i = SIGINFO_USED; i < sizeof(*info); i++)
		if (((u8 *)info)[i])
			return -E2BIG;
	return 0;
}

/* Nobody but oneself may be told what only the kernel or kill(2) says. */
static bool forged(const siginfo_t *info, pid_t pid)
{
	return (info->si_code >= 0 || info->si_code == SI_TKILL) && current->tid != pid;
}

long sys_rt_sigqueueinfo(pid_t pid, int sig, uaddr_t uinfo)
{
	siginfo_t info;
	int err = copy_siginfo_in(&info, uinfo, sig);

	if (err)
		return err;
	if (forged(&info, pid))
		return -EPERM;
	return kill_nr(pid, sig, &info);
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t pid, int sig, uaddr_t uinfo)
{
	siginfo_t info;
	int err = copy_siginfo_in(&info, uinfo, sig);

	if (err)
		return err;
	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	if (forged(&info, pid))
		return -EPERM;
	return send_specific(tgid, pid, sig, &info);
}

long sys_pidfd_send_signal(unsigned int pidfd, int sig, uaddr_t uinfo, unsigned int flags)
{
	struct pid *pid;
	siginfo_t info;
	long err = 0;

	if (flags)
		return -EINVAL;
	pid = pidfd_or_proc_pid(pidfd);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	if (uinfo) {
		err = copy_siginfo_in(&info, uinfo, SIG_ITS_OWN);
		if (!err && info.si_signo != sig)
			err = -EINVAL;
		if (!err && pid != current->process->pids[PIDTYPE_TGID] &&
		    (info.si_code >= 0 || info.si_code == SI_TKILL))
			err = -EPERM;
	} else {
		siginfo_user(&info, sig, SI_USER);
	}
	if (!err)
		err = kill_pid(pid, sig, &info);
	pid_put(pid);
	return err;
}
