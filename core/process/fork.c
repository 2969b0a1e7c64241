// SPDX-License-Identifier: BSD-2-Clause
/*
 * New threads and processes. One function does all of fork, vfork, clone and clone3: what the flags name is shared by
 * counting it once more, the rest is copied. The child becomes visible in one step under the locks; until then every
 * failure just drops what was made.
 */
#include "process.h"
#include "seccomp.h"
#include "clone.h"
#include <arch/thread.h>
#include <janus/rseq.h>
#include <janus/sched.h>
#include <janus/time.h>
#include <uapi/ptrace.h>

u64 total_forks;

/* ---- the shared or copied parts ---- */

static int copy_parts(struct thread *t, const struct clone_args *args)
{
	struct thread *parent = current;
	u64 flags = args->flags;

	if (flags & CLONE_FILES) {
		t->files = parent->files;
		ref_get(&t->files->refs);
	} else {
		t->files = files_fork(parent->files);
		if (!t->files)
			return -ENOMEM;
	}
	if (flags & CLONE_FS) {
		t->fs = fs_context_share(parent->fs);
		if (!t->fs)
			return -EAGAIN;
	} else {
		t->fs = fs_context_fork(parent->fs);
		if (!t->fs)
			return -ENOMEM;
	}
	if (flags & CLONE_VM) {
		t->mm = parent->mm;
		ref_get(&t->mm->users);
	} else {
		struct mm *mm;

		rseq_fork(t);
		mm = mm_fork(parent->mm);
		if (IS_ERR(mm))
			return PTR_ERR(mm);
		t->mm = mm;
	}
	return sem_undo_fork(t, flags & CLONE_SYSVSEM);
}

static void drop_parts(struct thread *t)
{
	if (t->mm)
		mm_put(t->mm);
	if (t->fs)
		fs_context_put(t->fs);
	if (t->files)
		files_put(t->files);
	sem_undo_unfork(t);
}

static void process_lists_init(struct process *p)
{
	list_init(&p->threads);
	list_init(&p->children);
	wait_queue_init(&p->wait_child);
	sigqueue_init(&p->shared_pending);
}

/* A process for a first thread; args NULL: a kernel thread's. */
static struct process *process_alloc(const struct clone_args *args)
{
	struct process *parent = current->process;
	struct process *p = kmem_cache_alloc(process_cache, GFP_KERNEL);

	if (!p)
		return NULL;
	memset(p, 0, offsetof(struct process, rlimits));
	ref_set(&p->refs, 1);
	process_lists_init(p);
	if (args && (args->flags & CLONE_SIGHAND)) {
		p->sighand = parent->sighand;
		ref_get(&p->sighand->refs);
	} else {
		p->sighand = args ? sighand_fork(parent->sighand, args->flags & CLONE_CLEAR_SIGHAND) : sighand_alloc();
		if (!p->sighand) {
			kmem_cache_free(process_cache, p);
			return NULL;
		}
	}
	memcpy(p->rlimits, parent->rlimits, sizeof(p->rlimits));
	p->oom_score_adj = parent->oom_score_adj;
	p->has_child_subreaper = parent->has_child_subreaper || parent->child_subreaper;
	p->nr_live = 1;
	process_timers_init(p);
	return p;
}

/* ---- the thread ---- */

static void thread_inherit(struct thread *t)
{
	struct thread *parent = current;

	memcpy(t->comm, parent->comm, sizeof(t->comm));
	t->blocked = parent->blocked;
	t->timer_slack = parent->timer_slack;
	t->personality = parent->personality;
	t->ioprio = READ_ONCE(parent->ioprio);
	t->no_new_privs = parent->no_new_privs;
#ifdef CONFIG_DEBUG
	t->make_it_fail = parent->make_it_fail;
#endif
	t->cred = cred_get(parent->cred);
}

/* The FP state is large, and whoever makes a thread of the machine's half fills it. */
static void clear_but_fpu(struct thread *t)
{
	const size_t start = offsetof(struct thread, arch.fpu), end = start + sizeof(t->arch.fpu);

	memset(t, 0, start);
	memset((char *)t + end, 0, sizeof(*t) - end);
}

/* A thread with a stack and nothing shared yet, or NULL. */
static struct thread *thread_alloc(void)
{
	struct thread *t = kmem_cache_alloc(thread_cache, GFP_KERNEL);

	if (!t)
		return NULL;
	clear_but_fpu(t);
	t->kstack = kstack_alloc();
	if (!t->kstack) {
		kmem_cache_free(thread_cache, t);
		return NULL;
	}
	ref_set(&t->refs, 2);	/* the tree's, and the scheduler's until its last switch */
	t->state = THREAD_NEW;
	sigqueue_init(&t->pending);
	list_init(&t->tracees);
	t->restart.fn = restart_none;
	t->start_time = clock_monotonic();
	thread_inherit(t);
	return t;
}

static void thread_free_unborn(struct thread *t)
{
	arch_thread_release(t);
	cred_put(t->cred);
	kstack_free(t->kstack);
	kmem_cache_free(thread_cache, t);
}

static void apply_flags(struct thread *t, const struct clone_args *args)
{
	struct thread *parent = current;
	u64 flags = args->flags;

	if (flags & CLONE_CHILD_SETTID) {
		t->set_child_tid = args->child_tid;
		t->flags |= TF_NOTIFY_RESUME;
	}
	if (flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = args->child_tid;
	if ((flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) {
		t->altstack_sp = parent->altstack_sp;
		t->altstack_size = parent->altstack_size;
		t->altstack_flags = parent->altstack_flags;
	}
	if (flags & CLONE_THREAD)
		t->exit_signal = -1;
	else if (flags & CLONE_PARENT)
		t->exit_signal = parent->process->leader->exit_signal;
	else
		t->exit_signal = args->exit_signal;
}

/* ---- becoming visible ---- */

/* [tl, sig] */
static void link_thread(struct thread *t, struct process *p)
{
	list_add_tail(&t->thread_link, &p->threads);
	p->nr_threads++;
	rcu_assign_pointer(t->pid->thread, t);
	__atomic_fetch_add(&t->cred->user->processes, 1, __ATOMIC_RELAXED);
}

/* [tl] */
static void link_process(struct process *p, struct thread *t, struct process *parent, struct thread *parent_thread)
{
	struct process *self = current->process;

	p->leader = t;
	p->tgid = t->tid;
	p->start_time = t->start_time;
	p->pids[PIDTYPE_TGID] = t->pid;
	p->parent = parent;
	p->parent_thread = parent_thread;
	list_add_tail(&p->sibling, &parent->children);
	list_add_tail(&p->all_link, &all_processes);
	pid_attach(p, PIDTYPE_PGID, self->pids[PIDTYPE_PGID]);
	pid_attach(p, PIDTYPE_SID, self->pids[PIDTYPE_SID]);
	p->tty = self->tty;	/* as long as the session is its own, a hang-up finds it there */
	rcu_assign_pointer(t->pid->process, p);
}

/* A thread of a group that is about to stop stops with it. [sig] */
static void join_stop(struct thread *t)
{
	if (current->jobctl & JOBCTL_STOP_PENDING) {
		t->jobctl |= JOBCTL_STOP;
		t->stop_signal = current->stop_signal;
		t->process->group_stop_count++;
		t->flags |= TF_SIGPENDING;
	}
}

static int publish(struct thread *t, const struct clone_args *args, bool traced)
{
	struct process *self = current->process, *p = t->process;
	struct irqflags flags = tasklist_lock_irq(), sig_flags;
	struct sighand *sh = sighand_lock(self, &sig_flags);
	int err = 0;

	if (unlikely(fatal_signal_pending())) {
		err = -EINTR;
	} else if (args->flags & CLONE_THREAD) {
		__atomic_fetch_add(&p->nr_live, 1, __ATOMIC_RELAXED);
		seccomp_fork(t);
		link_thread(t, p);
		join_stop(t);
	} else {
		bool sibling = args->flags & CLONE_PARENT;

		link_process(p, t, sibling ? self->parent : self, sibling ? self->parent_thread : current);
		seccomp_fork(t);
		link_thread(t, p);
	}
	if (unlikely(current->ptrace) && !err)
		ptrace_init_child(t, traced || args->flags & CLONE_PTRACE);
	spin_unlock_irqrestore(&sh->lock, sig_flags);
	tasklist_unlock_irq(flags);
	return err;
}

/* ---- putting it together ---- */

static bool too_many_processes(void)
{
	const struct cred *c = current->cred;

	return READ_ONCE(c->user->processes) >= (s64)min_t(u64, rlimit(RLIMIT_NPROC), INT32_MAX) &&
	       c->user != &root_user && !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN);
}

/* A signal that comes now is taken first, so that parent and child do not both get it; the call starts over. */
static bool must_take_signal_first(const struct clone_args *args)
{
	return !(args->flags & CLONE_THREAD) && signal_pending();
}

/* Everything but the number and the place in the tree. */
static struct thread *copy_thread(const struct clone_args *args)
{
	bool same_process = args->flags & CLONE_THREAD;
	struct thread *t;
	int err;

	if (must_take_signal_first(args))
		return ERR_PTR(-ERESTARTNOINTR);
	if (too_many_processes())
		return ERR_PTR(-EAGAIN);
	t = thread_alloc();
	if (!t)
		return ERR_PTR(-ENOMEM);
	t->process = same_process ? current->process : process_alloc(args);
	if (!t->process) {
		thread_free_unborn(t);
		return ERR_PTR(-ENOMEM);
	}
	if (same_process)
		process_get(t->process);
	else
		t->flags |= TF_FORKED_NOEXEC;
	sched_fork(t);
	apply_flags(t, args);
	err = copy_parts(t, args);
	if (!err)
		err = arch_thread_fork(t, args->stack, args->flags & CLONE_SETTLS, args->tls);
	if (err) {
		drop_parts(t);
		process_put(t->process);
		thread_free_unborn(t);
		return ERR_PTR(err);
	}
	return t;
}

static void undo_copy(struct thread *t)
{
	drop_parts(t);
	process_put(t->process);
	thread_free_unborn(t);
}

/* CLONE_PIDFD: a reserved descriptor and its file, installed once nothing can fail. */
static int make_pidfd(struct thread *t, const struct clone_args *args, struct file **file)
{
	int fd = fd_alloc(0, O_CLOEXEC);

	if (fd < 0)
		return fd;
	*file = pidfd_file(t->pid, O_RDWR);
	if (IS_ERR(*file)) {
		fd_release(fd);
		return PTR_ERR(*file);
	}
	if (put_user(fd, s32, args->pidfd)) {
		file_put(*file);
		fd_release(fd);
		return -EFAULT;
	}
	return fd;
}

/* The child, linked and not started, or ERR_PTR. */
static struct thread *make_child(const struct clone_args *args, pid_t wanted, bool traced)
{
	struct thread *t = copy_thread(args);
	struct file *pidfile = NULL;
	int err, pidfd = -1;

	if (IS_ERR(t))
		return t;
	t->pid = pid_alloc_nr(wanted);
	if (IS_ERR(t->pid)) {
		err = PTR_ERR(t->pid);
		undo_copy(t);
		return ERR_PTR(err);
	}
	t->tid = t->pid->nr;
	if (args->flags & CLONE_PIDFD) {
		pidfd = make_pidfd(t, args, &pidfile);
		if (pidfd < 0) {
			pid_free_new(t->pid);
			undo_copy(t);
			return ERR_PTR(pidfd);
		}
	}
	err = publish(t, args, traced);
	if (err) {
		if (pidfile) {
			file_put(pidfile);
			fd_release(pidfd);
		}
		pid_free_new(t->pid);
		undo_copy(t);
		return ERR_PTR(err);
	}
	if (pidfile)
		fd_install(pidfd, pidfile);
	return t;
}

/* Sleep until the child runs another program or ends. SIGKILL ends the wait: then the child is not to touch us.
 * True: it did. */
static bool wait_for_vfork(struct thread *child, struct vfork_wait *v)
{
	bool done = true;

	for (;;) {
		set_current_state(THREAD_KILLABLE);
		if (__atomic_load_n(&v->done, __ATOMIC_ACQUIRE))
			break;
		if (fatal_signal_pending()) {
			spin_lock(&child->lock);
			child->vfork_done = NULL;
			spin_unlock(&child->lock);
			done = false;
			break;
		}
		schedule();
	}
	set_current_state(THREAD_RUNNING);
	thread_put(child);
	return done;
}

void vfork_release(struct thread *t)
{
	struct vfork_wait *v;

	if (likely(!t->vfork_done))
		return;
	spin_lock(&t->lock);
	v = t->vfork_done;
	t->vfork_done = NULL;
	if (v) {
		struct thread *parent = v->parent;

		__atomic_store_n(&v->done, true, __ATOMIC_RELEASE);
		wake_up_sync(parent, THREAD_KILLABLE);
	}
	spin_unlock(&t->lock);
}

long clone_with_tid(const struct clone_args *args, pid_t wanted)
{
	int event = unlikely(current->ptrace) ? ptrace_clone_event(args->flags, args->exit_signal) : 0;
	struct thread *child = make_child(args, wanted, event);
	struct vfork_wait vfork = { .parent = current };
	long tid;

	if (IS_ERR(child))
		return PTR_ERR(child);
	tid = child->tid;
	if (args->flags & CLONE_PARENT_SETTID)
		(void)put_user(tid, s32, args->parent_tid);
	if (args->flags & CLONE_VFORK) {
		child->vfork_done = &vfork;
		thread_get(child);
	}
	__atomic_fetch_add(&total_forks, 1, __ATOMIC_RELAXED);
	wake_up_new(child);
	if (unlikely(event))
		ptrace_event(event, tid);
	if (args->flags & CLONE_VFORK && wait_for_vfork(child, &vfork) && unlikely(current->ptrace))
		ptrace_event(PTRACE_EVENT_VFORK_DONE, tid);
	return tid;
}

long kernel_clone(const struct clone_args *args)
{
	return clone_with_tid(args, 0);
}

/* ---- kernel threads ---- */

static struct thread *make_kthread(const char *name, void (*fn)(void *), void *arg, u32 sig_flags)
{
	struct irqflags flags, sig_irq;
	struct sighand *sh;
	struct thread *t = thread_alloc();

	if (!t)
		return NULL;
	t->process = process_alloc(NULL);
	t->pid = t->process ? pid_alloc() : NULL;
	if (IS_ERR_OR_NULL(t->pid)) {
		if (t->process)
			process_put(t->process);
		thread_free_unborn(t);
		return NULL;
	}
	t->tid = t->pid->nr;
	t->flags = TF_KERNEL;
	t->exit_signal = SIGCHLD;
	t->timer_slack = 50000;
	strlcpy(t->comm, name, sizeof(t->comm));
	t->process->sig_flags = sig_flags;
	sched_fork(t);
	arch_thread_init(t, fn, arg);
	flags = tasklist_lock_irq();
	sh = sighand_lock(t->process, &sig_irq);
	link_process(t->process, t, &kernel_process, current);
	link_thread(t, t->process);
	spin_unlock_irqrestore(&sh->lock, sig_irq);
	tasklist_unlock_irq(flags);
	return t;
}

/* Signals do not reach a kernel thread: it has no handlers and is not to be killed. */
struct thread *kthread_create(const char *name, void (*fn)(void *), void *arg)
{
	return make_kthread(name, fn, arg, SIGNAL_UNKILLABLE);
}

struct thread *kthread_create_init(void (*fn)(void *))
{
	struct thread *t = make_kthread("init", fn, NULL, SIGNAL_UNKILLABLE);

	if (!t)
		return NULL;
	t->files = files_create();
	t->fs = fs_context_fork(current->fs);
	if (!t->files || !t->fs)
		panic("no memory for init");
	init_process = t->process;
	return t;
}
