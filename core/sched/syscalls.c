// SPDX-License-Identifier: BSD-2-Clause
/*
 * The sched_* system calls: yielding, affinity, policies and priorities.
 */
#include "rq.h"
#include <generated/syscalls.h>
#include <janus/string.h>
#include <janus/time.h>
#include <janus/uaccess.h>
#include <uapi/capability.h>

#define ATTR_SIZE_FIRST 48u	/* struct sched_attr as it was first published */
#define ATTR_RESET_ON_FORK 1u	/* sched_attr.flags */
#define ATTR_KEEP_POLICY 8u
#define ATTR_KEEP_PARAMS 16u

/* What a thread's scheduling is to become. */
struct sched_change {
	u32 policy;
	u32 priority;
	s32 nice;
	bool reset_on_fork;
	bool set_nice;
};

static bool policy_is_rt(u32 policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }

static bool policy_known(u32 policy)
{
	return policy_is_rt(policy) || policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

/* A counted thread by a call's pid argument (0: the caller), or NULL. */
static struct thread *target(pid_t pid)
{
	if (pid)
		return get_thread_by_tid(pid);
	thread_get(current);
	return current;
}

static bool same_owner(struct thread *t)
{
	const struct cred *theirs;
	bool same;

	rcu_read_lock();
	theirs = rcu_dereference(t->cred);
	same = current->cred->euid == theirs->euid || current->cred->euid == theirs->uid;
	rcu_read_unlock();
	return same;
}

/* ---- changing ---- */

static u32 weight_of(u32 policy, int nice)
{
	return policy == SCHED_IDLE ? 3 : nice_weight[nice + 20];
}

/* The thread changes class or weight: off its queue, and on it again. */
static void apply(struct thread *t, const struct sched_change *c)
{
	struct irqflags flags;
	struct rq *rq = lock_thread_rq(t, &flags);
	bool running = rq->cpu->running == t;
	bool waiting = t->se.queued && !running;
	bool was_rt = is_rt(t);

	if (waiting)
		rq_remove(rq, t);
	t->se.policy = (u8)c->policy;
	t->se.rt_priority = policy_is_rt(c->policy) ? (u8)c->priority : 0;
	t->se.reset_on_fork = c->reset_on_fork;
	if (c->set_nice)
		t->se.nice = (s8)c->nice;
	t->se.weight = weight_of(c->policy, t->se.nice);
	t->se.slice_end = t->se.sum_exec + RR_SLICE;
	if (was_rt && !is_rt(t))
		fair_new(&rq->fair, t);
	if (waiting) {
		rq_insert(rq, t, false);
		rq_check_preempt(rq, t);
	} else if (running) {
		rq_resched(rq);
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

void set_nice(struct thread *t, int nice)
{
	struct sched_change c = {
		.policy = t->se.policy,
		.priority = t->se.rt_priority,
		.nice = min_t(int, max_t(int, nice, -20), 19),
		.reset_on_fork = t->se.reset_on_fork,
		.set_nice = true,
	};

	if (c.nice != t->se.nice)
		apply(t, &c);
}

/* May current make this change to t? Without CAP_SYS_NICE only within its limits, and never upwards. */
static bool may_change(struct thread *t, const struct sched_change *c)
{
	unsigned long limit;

	if (capable(CAP_SYS_NICE))
		return true;
	if (c->set_nice && c->nice < t->se.nice) {
		limit = t->process->rlimits[RLIMIT_NICE].cur;
		if (20 - c->nice > (s64)min_t(unsigned long, limit, 40))
			return false;
	}
	if (policy_is_rt(c->policy)) {
		limit = t->process->rlimits[RLIMIT_RTPRIO].cur;
		if (c->policy != t->se.policy && !limit)
			return false;
		if (c->priority > t->se.rt_priority && c->priority > limit)
			return false;
	}
	if (t->se.policy == SCHED_IDLE && c->policy != SCHED_IDLE) {
		limit = t->process->rlimits[RLIMIT_NICE].cur;
		if (20 - t->se.nice > (s64)min_t(unsigned long, limit, 40))
			return false;
	}
	return same_owner(t) && !(t->se.reset_on_fork && !c->reset_on_fork);
}

static long change(pid_t pid, const struct sched_change *c)
{
	struct thread *t;
	long ret = 0;

	t = target(pid);
	if (!t)
		return -ESRCH;
	if (!policy_known(c->policy) || c->priority > RT_PRIOS - 1 || policy_is_rt(c->policy) != (c->priority != 0))
		ret = -EINVAL;
	else if (may_change(t, c) && may_schedule(t))
		apply(t, c);
	else
		ret = -EPERM;
	thread_put(t);
	return ret;
}

long sys_sched_setscheduler(pid_t pid, int policy, uaddr_t param)
{
	struct sched_change c = { 0 };
	struct sched_param p;

	if (policy < 0 || pid < 0 || !param)
		return -EINVAL;
	if (copy_struct_in(&p, param))
		return -EFAULT;
	c.policy = (u32)policy & ~SCHED_RESET_ON_FORK;
	c.priority = (u32)p.sched_priority;
	c.reset_on_fork = policy & SCHED_RESET_ON_FORK;
	return change(pid, &c);
}

long sys_sched_setparam(pid_t pid, uaddr_t param)
{
	struct sched_change c = { 0 };
	struct sched_param p;
	struct thread *t;

	if (pid < 0 || !param)
		return -EINVAL;
	if (copy_struct_in(&p, param))
		return -EFAULT;
	t = target(pid);
	if (!t)
		return -ESRCH;
	c.policy = t->se.policy;
	c.reset_on_fork = t->se.reset_on_fork;
	thread_put(t);
	c.priority = (u32)p.sched_priority;
	return change(pid, &c);
}

static long read_attr(struct sched_attr *attr, uaddr_t from)
{
	u32 size;
	int err = get_user(&size, from);

	if (err)
		return err;
	memset(attr, 0, sizeof(*attr));
	if (!size)
		size = ATTR_SIZE_FIRST;
	if (size < ATTR_SIZE_FIRST || size > PAGE_SIZE)
		err = -E2BIG;
	else
		err = copy_struct_from_user(attr, sizeof(*attr), from, size);
	if (err == -E2BIG)
		(void)put_user(sizeof(*attr), u32, from);	/* it stays E2BIG where that cannot be told */
	return err;
}

long sys_sched_setattr(pid_t pid, uaddr_t uattr, unsigned int flags)
{
	struct sched_change c = { 0 };
	struct sched_attr attr;
	struct thread *t;
	long err;

	if (pid < 0 || !uattr || flags)
		return -EINVAL;
	err = read_attr(&attr, uattr);
	if (err)
		return err;
	if ((s32)attr.policy < 0 || (attr.flags & ~(u64)(ATTR_RESET_ON_FORK | ATTR_KEEP_POLICY | ATTR_KEEP_PARAMS)))
		return -EINVAL;
	t = target(pid);
	if (!t)
		return -ESRCH;
	c.policy = attr.flags & ATTR_KEEP_POLICY ? t->se.policy : attr.policy;
	c.priority = attr.flags & ATTR_KEEP_PARAMS ? t->se.rt_priority : attr.priority;
	c.nice = attr.flags & ATTR_KEEP_PARAMS ? t->se.nice : min_t(s32, max_t(s32, attr.nice, -20), 19);
	thread_put(t);
	c.set_nice = c.policy == SCHED_OTHER || c.policy == SCHED_BATCH;
	c.reset_on_fork = attr.flags & ATTR_RESET_ON_FORK;
	return change(pid, &c);
}

/* ---- asking ---- */

long sys_sched_getscheduler(pid_t pid)
{
	struct thread *t;
	long ret;

	if (pid < 0)
		return -EINVAL;
	t = target(pid);
	if (!t)
		return -ESRCH;
	ret = t->se.policy | (t->se.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	thread_put(t);
	return ret;
}

long sys_sched_getparam(pid_t pid, uaddr_t param)
{
	struct sched_param p;
	struct thread *t;

	if (pid < 0 || !param)
		return -EINVAL;
	t = target(pid);
	if (!t)
		return -ESRCH;
	p.sched_priority = t->se.rt_priority;
	thread_put(t);
	return copy_struct_out(param, &p);
}

long sys_sched_getattr(pid_t pid, uaddr_t uattr, unsigned int size, unsigned int flags)
{
	struct sched_attr attr = { 0 };
	struct thread *t;

	if (pid < 0 || !uattr || flags || size < ATTR_SIZE_FIRST || size > PAGE_SIZE)
		return -EINVAL;
	t = target(pid);
	if (!t)
		return -ESRCH;
	attr.size = min_t(u32, size, sizeof(attr));
	attr.policy = t->se.policy;
	attr.priority = t->se.rt_priority;
	attr.nice = is_rt(t) ? 0 : t->se.nice;
	attr.flags = t->se.reset_on_fork ? ATTR_RESET_ON_FORK : 0;
	attr.util_max = 1024;
	thread_put(t);
	return copy_to_user(uattr, &attr, attr.size) ? -EFAULT : 0;
}

long sys_sched_get_priority_max(int policy)
{
	if (policy < 0)
		return -EINVAL;
	if (policy_is_rt((u32)policy))
		return RT_PRIOS - 1;
	return policy_known((u32)policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	if (policy < 0)
		return -EINVAL;
	if (policy_is_rt((u32)policy))
		return 1;
	return policy_known((u32)policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(pid_t pid, uaddr_t interval)
{
	struct thread *t;
	u64 ns = TICK_NSEC;

	if (pid < 0)
		return -EINVAL;
	t = target(pid);
	if (!t)
		return -ESRCH;
	if (t->se.policy == SCHED_RR)
		ns = RR_SLICE;
	else if (t->se.policy == SCHED_FIFO)
		ns = 0;
	thread_put(t);
	return put_user_timespec(interval, ns);
}

/* ---- yielding and affinity ---- */

long sys_sched_yield(void)
{
	sched_yield();
	return 0;
}

static void set_allowed(struct thread *t, cpumask_t allowed)
{
	struct irqflags flags;
	struct rq *rq = lock_thread_rq(t, &flags);
	bool misplaced = t->se.queued && !(allowed & cpu_bit(rq->cpu));
	bool running = rq->cpu->running == t;

	t->se.allowed = allowed;
	if (misplaced && running) {
		rq_resched(rq);
	} else if (misplaced) {
		rq_remove(rq, t);
		rq->nr_running--;
		t->se.queued = false;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	if (misplaced && !running)
		rq_place(t);
	else if (misplaced && t == current)
		schedule();
}

long sys_sched_setaffinity(pid_t pid, unsigned int len, uaddr_t mask)
{
	u64 bits = 0;
	struct thread *t;
	long ret = 0;

	if (copy_from_user(&bits, mask, min_t(size_t, len, sizeof(bits))))
		return -EFAULT;
	t = target(pid);
	if (!t)
		return -ESRCH;
	if (t->flags & TF_KERNEL)
		ret = -EINVAL;
	else if ((!same_owner(t) && !capable(CAP_SYS_NICE)) || !may_schedule(t))
		ret = -EPERM;
	else if (!(bits & cpu_online_mask()))
		ret = -EINVAL;
	else
		set_allowed(t, (cpumask_t)bits & ((1u << NR_CPUS) - 1));
	thread_put(t);
	return ret;
}

long sys_sched_getaffinity(pid_t pid, unsigned int len, uaddr_t mask)
{
	struct thread *t;
	u64 bits;

	if (len * 8 < nr_cpus || (len & (sizeof(long) - 1)))
		return -EINVAL;
	t = target(pid);
	if (!t)
		return -ESRCH;
	bits = t->se.allowed & cpu_online_mask();
	thread_put(t);
	if (copy_to_user(mask, &bits, sizeof(bits)))
		return -EFAULT;
	return sizeof(bits);
}
