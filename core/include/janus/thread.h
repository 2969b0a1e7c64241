/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and processes.
 *
 * A `struct thread` is what the scheduler runs (a Linux task, a tid); a `struct process` is a thread
 * group (a tgid). What clone's flags share or copy hangs off the thread by counted pointers: mm, files, fs
 * context, signal handlers, credentials, namespaces; so threads, vfork and containers are one code.
 *
 * Field legend:
 *   [self]    only the thread itself (others while it is stopped or not yet started)
 *   [tl]      tasklist_lock (spinlock, taken with interrupts off): the tree of processes, groups, sessions, pid tables
 *   [sig]     process->sighand->lock (spinlock, interrupts off)
 *   [pl]      thread->lock: pointers that others follow (mm, files, fs), comm
 *   [rcu]     read under RCU, written under the lock named
 *   [atomic]  atomic accesses;  [const] after creation
 * Lock order: mmap_lock > ... > tasklist_lock > sighand->lock > run queue lock.
 */
#ifndef JANUS_THREAD_H
#define JANUS_THREAD_H

#include <arch/thread.h>
#include <arch/trapframe.h>
#include <janus/cpu.h>
#include <janus/list.h>
#include <janus/lock.h>
#include <janus/sched.h>
#include <janus/signal.h>
#include <janus/time.h>
#include <janus/types.h>
#include <janus/wait.h>
#include <uapi/resource.h>

struct mm;
struct files;
struct fs_context;
struct file;
struct cred;
struct tty;
struct dentry;

/* thread->flags: one word, tested once on the way out to user mode. [atomic] */
enum thread_flag {
	TF_SIGPENDING = 1 << 0,		/* a signal may be deliverable */
	TF_NEED_RESCHED = 1 << 1,	/* another thread should run here */
	TF_NOTIFY_RESUME = 1 << 2,	/* set_child_tid, call_exit_due, cpu->rcu_ready */
	TF_RESTORE_MASK = 1 << 3,	/* put saved_mask back if no handler runs (sigsuspend, ppoll) */
	TF_RSEQ = 1 << 4,		/* rseq_resume() is to look at its area */
	/* not work at exit: */
	/* its calls go through syscall_dispatch_traced(); changes while it is stopped */
	TF_SYSCALL_TRACE = 1 << 5,
	TF_SINGLE_STEP = 1 << 6,	/* the same, and it traps behind each instruction */
	TF_SECCOMP = 1 << 7,		/* the same, and they are asked about first: core/process/seccomp.c */
	TF_KERNEL = 1 << 16,		/* a kernel thread: never goes to user mode */
	TF_EXITING = 1 << 17,
	TF_FORKED_NOEXEC = 1 << 19,
	TF_OOM_VICTIM = 1 << 20,
};
/* Flags that keep a thread in exit_to_user_work(): the five lowest bits. */
#define TF_EXIT_WORK (TF_SIGPENDING | TF_NEED_RESCHED | TF_NOTIFY_RESUME | TF_RESTORE_MASK | TF_RSEQ)

/* Calls are watched: janus/entry.h's syscall_dispatch_traced(). */
#define TF_WATCHED (TF_SYSCALL_TRACE | TF_SINGLE_STEP | TF_SECCOMP)

/* Kinds of pid: a number can name a thread, a process, a process group and a session at once. */
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };

/*
 * A number in use, with whoever uses it. Found by number under RCU. The number is free again when nobody of the
 * four kinds uses it; `refs` counts the holders of the struct: one for being in use, others for who keeps it longer.
 */
struct pid {
	refcount_t refs;
	pid_t nr;				/* [const] */
	struct thread *thread;			/* [tl, rcu] the thread with this tid */
	struct process *process;		/* [tl, rcu] the process with this tgid */
	struct list_head users[PIDTYPE_MAX];	/* [tl] PGID, SID only: processes, by pid_links */
	struct wait_queue wait_pidfd;
	struct rcu_head rcu;
};

struct thread {
	struct arch_thread arch;		/* first: entry code knows its offsets */
	u32 flags;				/* [atomic] TF_* */
	u32 state;				/* [rq] enum thread_state; own writes by set_current_state() */
	void *kstack;				/* [const] lowest address; KSTACK_SIZE above it */
	struct cpu *cpu;			/* [rq] the CPU it runs or last ran on */
	struct process *process;		/* [const] */
	struct mm *mm;				/* [self, pl] NULL for kernel threads and after exit_mm */
	struct files *files;			/* [self, pl] */
	struct fs_context *fs;			/* [self, pl] */
	const struct cred *cred;		/* [self, rcu] immutable once set: copy, change, replace */
	struct sched_entity se;			/* [rq] */
	refcount_t refs;
	spinlock_t lock;			/* [pl] */

	pid_t tid;				/* [const, or de_thread under tl] */
	struct pid *pid;			/* [tl] */
	struct list_head thread_link;		/* [tl + sig; either to read] in process->threads */
	char comm[16];				/* [pl] */

	/* signals */
	sigset_t blocked;			/* [sig; own reads are free] */
	/* [sig] sigtimedwait waits for these: neither ignored nor fatal meanwhile */
	sigset_t waited;
	sigset_t saved_mask;			/* [self] with TF_RESTORE_MASK */
	struct sigqueue pending;		/* [sig] directed at this thread */
	u32 jobctl;				/* [sig] JOBCTL_* */
	int stop_signal;			/* [sig] of the group's stop that jobctl is about */
	uaddr_t altstack_sp;			/* [self] */
	size_t altstack_size;			/* [self] 0: none */
	u32 altstack_flags;			/* [self] SS_* */
	struct restart_block {			/* [self] for restart_syscall(2) */
		long (*fn)(struct thread *t);
		u64 arg[5];
	} restart;

	/* ptrace */
	struct thread *tracer;			/* [tl] whom we stop for; NULL: nobody */
	struct list_head tracees, tracee_link;	/* [tl] whom we trace; our place among our tracer's */
	/* [sig; own reads are free] PT_* and the tracer's options; 0: not traced */
	u32 ptrace;
	/* [sig] why we stopped, until waited for; then the signal to go on with */
	int stop_code;
	/* [sig] of the stop we are in: on our stack. NULL: none, or a group's */
	siginfo_t *stop_info;
	unsigned long stop_message;		/* [sig] PTRACE_GETEVENTMSG */
	/* [self] with TF_NOTIFY_RESUME: stop, or step, on the way out of this call */
	bool call_exit_due;

	/* exit and wait */
	u32 exit_state;				/* [tl] 0, EXIT_ZOMBIE, EXIT_DEAD */
	int exit_code;				/* [tl] wait status of this thread */
	/* [tl] to the parent when the whole group is gone; -1 for non-leaders */
	int exit_signal;
	struct vfork_wait *vfork_done;		/* [pl] whom exec or exit releases */
	uaddr_t clear_child_tid;		/* [self] */
	uaddr_t set_child_tid;			/* [self] */
	uaddr_t robust_list;			/* [self] */
	uaddr_t rseq;				/* [self, others while it does not run] its area, of user memory; 0: none */
	u64 rseq_named;				/* [self] the sequence that it named when that was last read */
	u32 rseq_sig;				/* [self] with rseq: what stands before each place to go on at */
	bool rseq_event;			/* [atomic, its own CPU] it may not go on with a sequence */
	/* [self] what System V semaphores get back at its end; NULL: nothing yet */
	struct sem_undo_list *sem_undos;
	int pdeath_signal;			/* [self] prctl(PR_SET_PDEATHSIG) */

	/* accounting; [self], read by others as is */
	u64 utime, stime;			/* ns, by tick sampling */
	u64 start_time;				/* [const] ns, monotonic */
	u64 min_faults, maj_faults;
	u64 nvcsw, nivcsw;
	u64 timer_slack;			/* ns */
	u32 personality;			/* [self] */
	u16 ioprio;				/* [atomic] ioprio_set's; class 0: as the nice value says */
	bool no_new_privs;			/* [self, or sig: seccomp] */
	u8 seccomp_mode;			/* [sig; own reads are free] SECCOMP_MODE_* */
	struct seccomp_filter *seccomp;		/* [sig; own reads are free] the newest filter; counted; NULL: none */
#ifdef CONFIG_DEBUG
	/* core/sched/hunt.c; none of it passes to a child but make_it_fail */
	bool make_it_fail;			/* [self; others write it as is] hunt.alloc is for this thread */
	u32 fail_nth;				/* likewise: which allocation from now fails; 0: none */
	u32 allocs_spared;			/* [self] nesting */
	/* core/sched/hang.c, CPU 0's timer alone: */
	u32 hang_looks;				/* that have found it in the same uninterruptible sleep */
	u64 hang_switches;			/* nvcsw at the last of them */
#endif
	struct rcu_head rcu;
};

/* A vfork parent, waiting: lies on its stack. [child->lock] */
struct vfork_wait {
	struct thread *parent;
	bool done;				/* [atomic] */
};

struct process {
	refcount_t refs;
	pid_t tgid;				/* [const] */
	struct pid *pids[PIDTYPE_MAX];		/* [tl, rcu] TGID, PGID, SID; [PID] unused. NULL once reaped */
	struct list_head pid_links[PIDTYPE_MAX];	/* [tl] in pids[t]->users[t] */
	struct list_head threads;		/* [tl + sig; either to read] by thread_link; the leader first */
	u32 nr_threads;				/* [tl + sig] */
	u32 nr_live;				/* [atomic] threads that have not begun to exit */
	struct thread *leader;			/* [tl] */
	struct process *parent;			/* [tl] never NULL but for init's kernel parent */
	struct thread *parent_thread;		/* [tl] who forked us (for __WNOTHREAD, pdeath) */
	struct list_head children, sibling;	/* [tl] */
	struct list_head all_link;		/* [tl] in all_processes */

	struct sighand *sighand;		/* [tl, sig] */
	struct sigqueue shared_pending;		/* [sig] directed at the process */
	u32 sig_flags;				/* [sig] SIGNAL_* below */
	int group_exit_code;			/* [sig] */
	int group_stop_count;			/* [sig] threads yet to stop */
	int stop_signal;			/* [sig] */
	struct thread *exec_thread;		/* [sig] the one that survives de_thread */
	struct wait_queue wait_child;		/* wait4 sleeps here; woken by children */

	struct tty *tty;			/* [tl + sig; either to read] controlling terminal */
	/* [tl] session leader whose terminal hung up: its last foreground group */
	struct pid *tty_old_pgrp;
	bool session_leader;			/* [tl] */
	/* [tl] threads in exec between a look at their tracer and new credentials */
	u32 exec_creds;
	bool child_subreaper;			/* [its own threads; read as is] prctl(PR_SET_CHILD_SUBREAPER) */
	bool has_child_subreaper;		/* [tl] somebody above is one */

	struct posix_timers *timers;		/* [atomic once] timer_create's; NULL when none */
	struct itimer {
		struct ktimer timer;
		u64 interval;			/* ns */
	} itimer_real;				/* ITIMER_REAL */
	u64 itimer_virt[2], itimer_virt_interval[2];	/* [sig] ITIMER_VIRTUAL, ITIMER_PROF: ns left, reload */

	/* accounting of threads that are gone, and of waited-for children; [tl] */
	u64 utime, stime, cutime, cstime;
	u64 sum_exec;			/* exact run time, ns */
	u64 min_faults, maj_faults, cmin_faults, cmaj_faults;
	u64 nvcsw, nivcsw, cnvcsw, cnivcsw;
	u64 maxrss, cmaxrss;			/* KiB */
	u64 start_time;				/* ns, monotonic */
	s16 oom_score_adj;			/* [as is] */
	struct rcu_head rcu;
	struct rlimit rlimits[RLIM_NLIMITS];	/* [pl of leader] read as is; last: what is before it starts as zero */
};

enum signal_flags {
	SIGNAL_STOPPED = 1 << 0,	/* all threads stopped by job control */
	SIGNAL_CONTINUED = 1 << 1,	/* SIGCONT came; wait(WCONTINUED) has not been told yet */
	SIGNAL_GROUP_EXIT = 1 << 2,	/* group_exit_code is set, all are to die */
	SIGNAL_STOP_REPORT = 1 << 3,	/* stopped and not yet waited for */
	SIGNAL_UNKILLABLE = 1 << 4,	/* init: default actions do not apply */
	SIGNAL_STOP_DEQUEUED = 1 << 5,	/* a stop signal was taken off the queue; SIGCONT and SIGKILL undo it */
	SIGNAL_CLD_STOPPED = 1 << 6,	/* the parent is still to be told of a stop that SIGCONT cut short */
	SIGNAL_CLD_CONTINUED = 1 << 7,	/* the parent is still to be told of SIGCONT */
	SIGNAL_GROUP_EXEC = 1 << 8,	/* exec_thread kills the others */
};

enum jobctl {
	JOBCTL_STOP_PENDING = 1 << 0,	/* this thread is to stop with its group */
	JOBCTL_STOP_CONSUME = 1 << 1,	/* and is counted in group_stop_count */
	JOBCTL_STOP = JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME,
	JOBCTL_TRAP_STOP = 1 << 2,	/* it is to stop for its tracer */
	JOBCTL_TRAP_NOTIFY = 1 << 3,	/* the same, to tell of a change: its group was stopped or continued */
	JOBCTL_TRAP = JOBCTL_TRAP_STOP | JOBCTL_TRAP_NOTIFY,
};

/* thread->ptrace: PTRACE_O_* in the low bits. */
enum ptrace_flags {
	PT_TRACED = 1 << 24,
	PT_SEIZED = 1 << 25,		/* by PTRACE_SEIZE: group stops are told apart */
	PT_LISTENING = 1 << 26,		/* stopped, but not for the tracer's requests and waits */
	PT_TRAPPING = 1 << 27,		/* attached to while stopped: the tracer waits for it to stop anew */
	PT_MAY_GAIN = 1 << 28,		/* the tracer may see it gain privileges by exec */
	PT_SYSEMU = 1 << 29,		/* stop at calls, and leave them out */
};

enum exit_state { EXIT_ZOMBIE = 1, EXIT_DEAD = 2 };

extern u64 total_forks;				/* [atomic] threads ever started by a program: /proc/stat */
extern spinlock_t tasklist_lock;
static inline struct irqflags tasklist_lock_irq(void) { return spin_lock_irqsave(&tasklist_lock); }
static inline void tasklist_unlock_irq(struct irqflags flags) { spin_unlock_irqrestore(&tasklist_lock, flags); }
extern struct list_head all_processes;		/* [tl] */
extern struct process *init_process;		/* [const] pid 1 */
extern struct process kernel_process;		/* pid 0: parent of init and of kernel threads; idle threads are its */

/* core/process/pid.c: numbers. find_* need tasklist_lock or RCU; get_* take a reference. */
#define PID_MAX 32768
struct pid *pid_alloc(void);
static inline struct pid *pid_get(struct pid *pid) { ref_get(&pid->refs); return pid; }
void pid_put(struct pid *pid);
struct pid *get_pid(pid_t nr);				/* referenced, or NULL */
struct pid *find_pid(pid_t nr);
struct thread *find_thread(pid_t tid);
struct process *find_process(pid_t tgid);
#define for_each_in_pid(p, pid, type) list_for_each_entry(p, &(pid)->users[type], pid_links[type])	/* [tl] */
struct thread *get_thread_by_tid(pid_t tid);
static inline void thread_get(struct thread *t) { ref_get(&t->refs); }
void thread_put(struct thread *t);
static inline void process_get(struct process *p) { ref_get(&p->refs); }
void process_put(struct process *p);
/* Next process in number order with tgid >= nr, referenced; NULL at the end: /proc's directory. */
struct process *process_next(pid_t nr);
struct thread *thread_next(pid_t tid);			/* the same for threads */
/* core/process/session.c; tasklist_lock held: does nobody in the session outside the group watch over it? */
bool pgrp_is_orphaned(struct pid *pgrp);

/* core/process/: life. */
struct clone_args {			/* kernel form of clone3's */
	u64 flags;
	uaddr_t pidfd, child_tid, parent_tid, stack, stack_size, tls, set_tid;
	size_t set_tid_size;
	int exit_signal;
};
long kernel_clone(const struct clone_args *args);		/* tid of the child, or -errno */
struct thread *kthread_create(const char *name, void (*fn)(void *), void *arg);	/* not started: wake_up_new; or NULL */
/* Boot, once, before any other: pid 1, not started; fn(NULL) runs in it and ends in kernel_execve(). Or NULL. */
struct thread *kthread_create_init(void (*fn)(void *));
/* Boot: current, a kernel thread, becomes pid 1 running `path` with kernel strings. */
int kernel_execve(const char *path, const char *const argv[], const char *const envp[]);
void mm_release_futexes(struct thread *t);			/* core/ipc: exec or exit of t, which is current */
/* core/ipc/sem_undo.c: current gives back what SEM_UNDO tells; a child shares that (0 or -ENOMEM), and does not
 * come after all. */
void sem_undo_exit(void);
int sem_undo_fork(struct thread *child, bool share);
void sem_undo_unfork(struct thread *child);
void do_group_exit(int code) __noreturn;
void process_init(void);

unsigned seccomp_count(struct thread *t);	/* filters: /proc/PID/status */

/* core/process/cred.c */
struct cred {				/* immutable once current's */
	refcount_t refs;
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	u64 cap_permitted, cap_effective, cap_inheritable, cap_bounding, cap_ambient;
	struct user_struct *user;	/* counts of the real user; referenced */
	u32 securebits;
	u32 nr_groups;
	gid_t *groups;			/* sorted */
};
struct cred *cred_copy(void);			/* a private copy of current's to change, or NULL */
void cred_commit(struct cred *cred);		/* current takes it */
void cred_put(const struct cred *cred);

/* What one real user has in use, against its limits. core/process/user.c */
struct user_struct {
	struct hlist_node hash;		/* [user_lock] */
	uid_t uid;			/* [const] */
	refcount_t refs;
	s32 processes;			/* [atomic] RLIMIT_NPROC */
	s32 sigpending;			/* [atomic] RLIMIT_SIGPENDING */
	s32 inflight;			/* [atomic] descriptors in messages, RLIMIT_NOFILE */
	s64 pipe_pages;			/* [atomic] room in pipes: fs.pipe-user-pages-soft */
	long epoll_watches;		/* [epoll's tree_mutex] fs.epoll.max_user_watches */
	s32 inotify_instances, inotify_watches;	/* [atomic] against /proc/sys/fs/inotify */
	u64 mq_bytes;			/* [atomic] RLIMIT_MSGQUEUE */
};
struct user_struct *user_find(uid_t uid);	/* referenced; NULL on no memory */
void user_put(struct user_struct *user);

static inline const struct cred *cred_get(const struct cred *c) { ref_get(&((struct cred *)c)->refs); return c; }
bool capable(int cap);				/* current's effective set; CAP_* from uapi/capability.h */
/* May current say when and where t runs, as far as capabilities go: t may have none that current may not. */
bool may_schedule(struct thread *t);
bool thread_may_access(struct thread *t);	/* may current look into t's memory and descriptors, as ptrace would? */
bool in_group(gid_t gid);			/* fsgid or supplementary */

/* current's soft limit */
static inline unsigned long rlimit(unsigned which) { return READ_ONCE(current->process->rlimits[which].cur); }

static inline bool thread_flag(const struct thread *t, u32 flag) { return READ_ONCE(t->flags) & flag; }
static inline void thread_set_flag(struct thread *t, u32 flag) { __atomic_fetch_or(&t->flags, flag, __ATOMIC_RELEASE); }
static inline void thread_clear_flag(struct thread *t, u32 flag)
{
	__atomic_fetch_and(&t->flags, ~flag, __ATOMIC_ACQUIRE);
}
static inline bool signal_pending(void) { return unlikely(thread_flag(current, TF_SIGPENDING)); }
bool fatal_signal_pending(void);
static inline void restore_saved_sigmask_unless(bool interrupted)
{
	if (unlikely(thread_flag(current, TF_RESTORE_MASK)) && !interrupted)
		restore_saved_sigmask();
}
static inline struct trapframe *current_frame(void) { return arch_thread_frame(current); }
/* In a long loop of the kernel, where sleeping is allowed. */
static inline void cond_resched(void)
{
	if (unlikely(thread_flag(current, TF_NEED_RESCHED)))
		schedule();
}
static inline bool thread_is_leader(const struct thread *t) { return t->process->leader == t; }

#endif
