// SPDX-License-Identifier: BSD-2-Clause
/*
 * The first process and how every object of a process is born and freed. Pid 0 is the kernel itself: its
 * threads and init have it as parent. A thread is freed in two steps: the last reference gives its stack back,
 * and after a grace period the rest goes, its hold on its process with it.
 */
#include "process.h"
#include <arch/thread.h>
#include <janus/time.h>

struct kmem_cache *thread_cache, *process_cache, *sighand_cache, *cred_cache, *siginfo_cache;

static struct sighand kernel_sighand = {
	.refs = REFCOUNT_INIT(1),
};

static struct cred init_cred = {
	.refs = REFCOUNT_INIT(1),
	.cap_permitted = CAP_FULL_SET,
	.cap_effective = CAP_FULL_SET,
	.cap_bounding = CAP_FULL_SET,
	.user = &root_user,
};

/* Number 0: the group and session of what never asked for one of its own. */
static struct pid kernel_pid = {
	.refs = REFCOUNT_INIT(1),
	.process = &kernel_process,
	.users = {
		[PIDTYPE_PGID] = LIST_HEAD_INIT(kernel_pid.users[PIDTYPE_PGID]),
		[PIDTYPE_SID] = LIST_HEAD_INIT(kernel_pid.users[PIDTYPE_SID]),
	},
	.wait_pidfd = WAIT_QUEUE_INIT(kernel_pid.wait_pidfd),
};

struct process kernel_process = {
	.pids = { [PIDTYPE_TGID] = &kernel_pid, [PIDTYPE_PGID] = &kernel_pid, [PIDTYPE_SID] = &kernel_pid },
	.refs = REFCOUNT_INIT(1),
	.threads = LIST_HEAD_INIT(kernel_process.threads),
	.children = LIST_HEAD_INIT(kernel_process.children),
	.sibling = LIST_HEAD_INIT(kernel_process.sibling),
	.all_link = LIST_HEAD_INIT(kernel_process.all_link),
	.parent = &kernel_process,
	.sighand = &kernel_sighand,
	.shared_pending = { .infos = LIST_HEAD_INIT(kernel_process.shared_pending.infos) },
	.wait_child = WAIT_QUEUE_INIT(kernel_process.wait_child),
	.rlimits = {
		[0 ... RLIM_NLIMITS - 1] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_STACK] = { 8 << 20, RLIM_INFINITY },
		[RLIMIT_CORE] = { 0, RLIM_INFINITY },
		[RLIMIT_NOFILE] = { 1024, 4096 },
		[RLIMIT_MEMLOCK] = { 8 << 20, 8 << 20 },
		[RLIMIT_MSGQUEUE] = { 819200, 819200 },
		[RLIMIT_NICE] = { 0, 0 },
		[RLIMIT_RTPRIO] = { 0, 0 },
	},
};

struct process *init_process;

/* A quarter of the pages, each thread eight of them, halved: Linux's rule for how many processes a user may have. */
static u64 default_processes(void)
{
	return min_t(u64, nr_total_pages / 8 / 4 / 2, PID_MAX / 2);
}

void process_init(void)
{
	u64 n = default_processes();

	thread_cache = kmem_cache_create("thread", sizeof(struct thread), 64);
	process_cache = kmem_cache_create("process", sizeof(struct process), 64);
	sighand_cache = kmem_cache_create("sighand", sizeof(struct sighand), 64);
	cred_cache = kmem_cache_create("cred", sizeof(struct cred), 0);
	siginfo_cache = kmem_cache_create("siginfo", sizeof(struct siginfo_node), 0);
	pid_init();
	signalfd_init();
	/* The boot thread, and after it every idle thread, is the kernel's own. */
	current->process = &kernel_process;
	current->cred = &init_cred;
	current->timer_slack = 50000;
	sigqueue_init(&current->pending);
	kernel_process.leader = current;
	kernel_process.rlimits[RLIMIT_NPROC] = (struct rlimit){ n, n };
	kernel_process.rlimits[RLIMIT_SIGPENDING] = (struct rlimit){ n, n };
}

static void thread_free_rcu(struct rcu_head *head)
{
	struct thread *t = container_of(head, struct thread, rcu);
	struct process *p = t->process;

	cred_put(t->cred);
	arch_thread_release(t);
	kmem_cache_free(thread_cache, t);
	process_put(p);
}

void thread_put(struct thread *t)
{
	if (!ref_put(&t->refs))
		return;
	kstack_free(t->kstack);
	call_rcu(&t->rcu, thread_free_rcu);
}

/* Nobody can find a process any more when its last thread is freed. */
void process_put(struct process *p)
{
	if (!ref_put(&p->refs))
		return;
	sighand_put(p->sighand);
	kmem_cache_free(process_cache, p);
}
