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

/* 0 or -EPERM, -EINVAL. RCU or a reference keeps p. */
static int kill_permission(struct process *p, int signo)
{
	const struct cred *from = current->cred, *to;
	int err = 0;

	if (!valid_signal(signo))
		return -EINVAL;
	if (p == current->process)
		return 0;
	rcu_read_lock();
	to = rcu_dereference(p->leader->cred);
	if (from != to && !kill_ok_by_cred(from, to) &&
	    !(signo == SIGCONT && p->pids[PIDTYPE_SID] == current->process->pids[PIDTYPE_SID]))
		err = -EPERM;
	rcu_read_unlock();
	return err;
}

static int send_checked(struct process *p, int signo, const siginfo_t *info)
{
	int err = kill_permission(p, signo);

	return err || !signo ? err : signal_send_process(p, signo, info);
}

/* The process of the number's thread, whatever thread that is. RCU. */
static struct process *process_of(struct pid *pid)
{
	struct thread *t = rcu_dereference(pid->thread);

	return t ? t->process : rcu_dereference(pid->process);
}

int kill_pid(struct pid *pid, int signo, const siginfo_t *info)
{
	struct process *p;
	int err = -ESRCH;

	rcu_read_lock();
	p = process_of(pid);
	if (p)
		err = send_checked(p, signo, info);
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
			err = send_checked(p, signo, info);
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
		err = send_checked(p, signo, info);
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
		err = kill_permission(t->process, signo);
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

/* How much of a siginfo means something by its code: what lies behind must be zero (E2BIG), as in Linux. */
static int copy_siginfo_in(siginfo_t *info, uaddr_t from)
{
	if (copy_struct_in(info, from))
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
	int err = copy_siginfo_in(&info, uinfo);

	if (err)
		return err;
	info.si_signo = sig;
	if (forged(&info, pid))
		return -EPERM;
	return kill_nr(pid, sig, &info);
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t pid, int sig, uaddr_t uinfo)
{
	siginfo_t info;
	int err = copy_siginfo_in(&info, uinfo);

	if (err)
		return err;
	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	info.si_signo = sig;
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
		err = copy_siginfo_in(&info, uinfo);
		if (!err && info.si_signo != sig)
			err = -EINVAL;
		if (!err && pid != current->process->pids[PIDTYPE_TGID] && (info.si_code >= 0 || info.si_code == SI_TKILL))
			err = -EPERM;
	} else {
		siginfo_user(&info, sig, SI_USER);
	}
	if (!err)
		err = kill_pid(pid, sig, &info);
	pid_put(pid);
	return err;
}
