// SPDX-License-Identifier: BSD-2-Clause
/*
 * /proc/PID/stat, status, statm and syscall: a process in numbers.
 */
#include "proc.h"

#include <janus/tty.h>

/* All that is taken under tasklist_lock, in one look. */
struct snapshot {
	char state;
	pid_t tgid, ppid, tracer, pgrp, session, foreground;
	dev_t tty;
	unsigned threads;
	u64 utime, stime, cutime, cstime, min_faults, maj_faults, cmin_faults, cmaj_faults;
	sigset_t pending, shared_pending, blocked, ignored, caught;
	int exit_code;
};

static char state_char(const struct thread *t)
{
	u32 state = READ_ONCE(t->state);

	if (t->exit_state)
		return t->exit_state == EXIT_ZOMBIE ? 'Z' : 'X';
	if (state & THREAD_INTERRUPTIBLE)
		return 'S';
	if (state & (THREAD_UNINTERRUPTIBLE | THREAD_KILLABLE))
		return 'D';
	if (state & THREAD_STOPPED)
		return 'T';
	if (state & THREAD_TRACED)
		return 't';
	return state & THREAD_DEAD ? 'X' : 'R';
}

/* Where a thread's user was left, and the call it came in by. */
struct user_state {
	long nr;		/* -1: none */
	unsigned long args[6], sp, pc;
};

/* False when it runs, or ran meanwhile: then its frame may be of two calls. */
static bool take_user_state(const struct thread *t, struct user_state *s)
{
	const struct trapframe *tf = arch_thread_frame(t);
	u64 turns = READ_ONCE(t->nvcsw) + READ_ONCE(t->nivcsw);

	if (t != current && state_char(t) == 'R')
		return false;
	s->nr = tf_syscall_nr(tf);
	for (unsigned i = 0; i < ARRAY_SIZE(s->args); i++)
		s->args[i] = tf_syscall_arg(tf, i);
	s->sp = tf_sp(tf);
	s->pc = tf_pc(tf);
	barrier();
	return t == current || (state_char(t) != 'R' && READ_ONCE(t->nvcsw) + READ_ONCE(t->nivcsw) == turns);
}

int proc_show_syscall(struct textbuf *t, const struct proc_target *target)
{
	const struct thread *thread = target->thread;
	struct user_state s = { .nr = -1 };

	if (!thread_may_access(target->thread))
		return -EPERM;
	if (!thread->exit_state && !thread_flag(thread, TF_KERNEL) && !take_user_state(thread, &s)) {
		tb_puts(t, "running\n");
		return 0;
	}
	tb_printf(t, "%ld", s.nr);
	for (unsigned i = 0; i < ARRAY_SIZE(s.args) && s.nr >= 0; i++)
		tb_printf(t, " 0x%lx", s.args[i]);
	tb_printf(t, " 0x%lx 0x%lx\n", s.sp, s.pc);
	return 0;
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R': return "R (running)";
	case 'S': return "S (sleeping)";
	case 'D': return "D (disk sleep)";
	case 'T': return "T (stopped)";
	case 't': return "t (tracing stop)";
	case 'Z': return "Z (zombie)";
	default: return "X (dead)";
	}
}

static void take_signals(struct snapshot *s, struct thread *t)
{
	struct process *p = t->process;
	struct sighand *sighand = p->sighand;

	if (!sighand)
		return;
	spin_lock(&sighand->lock);
	s->pending = t->pending.set;
	s->shared_pending = p->shared_pending.set;
	s->blocked = t->blocked;
	s->ignored = sighand->ignored;
	s->caught = sighand->caught;
	spin_unlock(&sighand->lock);
}

static void take_snapshot(struct snapshot *s, struct thread *t, bool whole)
{
	struct process *p = t->process;
	struct irqflags flags;
	struct thread *x;

	*s = (struct snapshot){ .foreground = -1 };
	flags = spin_lock_irqsave(&tasklist_lock);
	s->state = state_char(t);
	s->tgid = p->tgid;
	s->ppid = p->parent ? p->parent->tgid : 0;
	s->tracer = t->tracer ? t->tracer->tid : 0;
	s->pgrp = p->pids[PIDTYPE_PGID] ? p->pids[PIDTYPE_PGID]->nr : 0;
	s->session = p->pids[PIDTYPE_SID] ? p->pids[PIDTYPE_SID]->nr : 0;
	s->threads = p->nr_threads;
	s->cutime = p->cutime;
	s->cstime = p->cstime;
	s->cmin_faults = p->cmin_faults;
	s->cmaj_faults = p->cmaj_faults;
	if (whole) {
		process_cputime(p, &s->utime, &s->stime);
		s->min_faults = p->min_faults;
		s->maj_faults = p->maj_faults;
		list_for_each_entry(x, &p->threads, thread_link) {
			s->min_faults += x->min_faults;
			s->maj_faults += x->maj_faults;
		}
	} else {
		thread_cputime(t, &s->utime, &s->stime);
		s->min_faults = t->min_faults;
		s->maj_faults = t->maj_faults;
	}
	take_signals(s, t);
	s->exit_code = t->exit_code;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	tty_of_process(p, &s->tty, &s->foreground);
}

static unsigned long ticks(u64 ns)
{
	return ns / (NSEC_PER_SEC / USER_HZ);
}

int proc_show_stat(struct textbuf *b, const struct proc_target *target)
{
	struct thread *t = target->thread;
	struct mm *mm = thread_mm_get(t);
	bool all = thread_may_access(t);
	struct snapshot s;
	int prio;

	take_snapshot(&s, t, target->whole);
	prio = t->se.rt_priority ? -1 - t->se.rt_priority : 20 + t->se.nice;
	tb_printf(b, "%d (%s) %c %d %d %d %d %d %u ", target->whole ? s.tgid : t->tid, t->comm, s.state, s.ppid, s.pgrp,
		  s.session, s.tty, s.foreground, t->flags & TF_FORKED_NOEXEC ? 0x40u : 0u);
	tb_printf(b, "%lu %lu %lu %lu %lu %lu %ld %ld %d %d %u 0 %lu ", (unsigned long)s.min_faults,
		  (unsigned long)s.cmin_faults, (unsigned long)s.maj_faults, (unsigned long)s.cmaj_faults,
		  ticks(s.utime), ticks(s.stime), ticks(s.cutime), ticks(s.cstime), prio, t->se.nice, s.threads,
		  ticks(t->start_time));
	tb_printf(b, "%lu %lu %lu ", mm ? (unsigned long)mm->total_vm * PAGE_SIZE : 0,
		  mm ? (unsigned long)mm_rss(mm) : 0, (unsigned long)t->process->rlimits[RLIMIT_RSS].cur);
	tb_printf(b, "%lu %lu %lu 0 0 ", mm && all ? mm->code_start : 0, mm && all ? mm->code_end : 0,
		  mm && all ? mm->stack_start : 0);
	tb_printf(b, "%lu %lu %lu %lu 0 0 0 %d %u %u %u 0 0 0 ", (unsigned long)(s.pending & 0x7fffffff),
		  (unsigned long)(s.blocked & 0x7fffffff), (unsigned long)(s.ignored & 0x7fffffff),
		  (unsigned long)(s.caught & 0x7fffffff), t->exit_signal, t->cpu ? t->cpu->id : 0, t->se.rt_priority,
		  t->se.policy);
	if (mm && all)
		tb_printf(b, "%lu %lu %lu %lu %lu %lu %lu %d\n", mm->data_start, mm->data_end, mm->brk_start,
			  mm->arg_start, mm->arg_end, mm->env_start, mm->env_end, s.exit_code);
	else
		tb_printf(b, "0 0 0 0 0 0 0 %d\n", all ? s.exit_code : 0);
	if (mm)
		mm_put(mm);
	return 0;
}

static void status_memory(struct textbuf *b, struct mm *mm)
{
	unsigned long rss = mm_rss(mm);

#define KB(pages) ((unsigned long)(pages) * (PAGE_SIZE / 1024))
	tb_printf(b, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmPin:\t       0 kB\n",
		  KB(mm->total_vm), KB(mm->total_vm), KB(mm->locked_vm));
	tb_printf(b, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\nRssAnon:\t%8lu kB\nRssFile:\t%8lu kB\nRssShmem:\t%8lu kB\n",
		  KB(mm->max_rss), KB(rss), KB(READ_ONCE(mm->anon_pages)), KB(READ_ONCE(mm->file_pages)),
		  KB(READ_ONCE(mm->shmem_pages)));
	tb_printf(b, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmLib:\t%8lu kB\nVmPTE:\t%8lu kB\n"
		  "VmSwap:\t       0 kB\n",
		  KB(mm->data_vm), KB(mm->stack_vm), (mm->code_end - mm->code_start) / 1024,
		  KB(mm->exec_vm) - min(KB(mm->exec_vm), (unsigned long)(mm->code_end - mm->code_start) / 1024),
		  KB(READ_ONCE(mm->table_pages)));
#undef KB
}

static void status_cred(struct textbuf *b, const struct cred *c)
{
	tb_printf(b, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid, c->fsuid,
		  c->gid, c->egid, c->sgid, c->fsgid);
}

static void status_groups(struct textbuf *b, const struct cred *c)
{
	tb_puts(b, "Groups:\t");
	for (u32 i = 0; i < c->nr_groups; i++)
		tb_printf(b, "%u ", c->groups[i]);
	tb_putc(b, '\n');
}

static void status_caps(struct textbuf *b, const struct cred *c)
{
	tb_printf(b, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\n",
		  (unsigned long)c->cap_inheritable, (unsigned long)c->cap_permitted, (unsigned long)c->cap_effective,
		  (unsigned long)c->cap_bounding, (unsigned long)c->cap_ambient);
}

/* The credentials of another thread, counted. */
static const struct cred *thread_cred(struct thread *t)
{
	const struct cred *c;

	rcu_read_lock();
	do
		c = rcu_dereference(t->cred);
	while (!ref_get_not_zero(&((struct cred *)c)->refs));
	rcu_read_unlock();
	return c;
}

int proc_show_status(struct textbuf *b, const struct proc_target *target)
{
	struct thread *t = target->thread;
	const struct cred *c = thread_cred(t);
	struct mm *mm = thread_mm_get(t);
	unsigned slots = 0;
	struct snapshot s;

	take_snapshot(&s, t, target->whole);
	spin_lock(&t->lock);
	if (t->files)
		slots = rcu_dereference(t->files->table)->max;
	spin_unlock(&t->lock);
	tb_puts(b, "Name:\t");
	tb_escape(b, t->comm, "\n");
	tb_printf(b, "\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n",
		  t->fs ? t->fs->umask : 0, state_name(s.state), s.tgid, t->tid, s.ppid, s.tracer);
	status_cred(b, c);
	tb_printf(b, "FDSize:\t%u\n", slots);
	status_groups(b, c);
	if (mm) {
		status_memory(b, mm);
		mm_put(mm);
	}
	tb_printf(b, "Threads:\t%u\nSigQ:\t%d/%lu\n", s.threads, c->user ? READ_ONCE(c->user->sigpending) : 0,
		  (unsigned long)t->process->rlimits[RLIMIT_SIGPENDING].cur);
	tb_printf(b, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
		  (unsigned long)s.pending, (unsigned long)s.shared_pending, (unsigned long)s.blocked,
		  (unsigned long)s.ignored, (unsigned long)s.caught);
	status_caps(b, c);
	tb_printf(b, "NoNewPrivs:\t%d\nSeccomp:\t%u\nSeccomp_filters:\t%u\nCpus_allowed:\t%x\n", t->no_new_privs,
		  t->seccomp_mode, seccomp_count(t),
		  t->se.allowed & ((1u << nr_cpus) - 1));
	tb_printf(b, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
		  (unsigned long)t->nvcsw, (unsigned long)t->nivcsw);
	cred_put(c);
	return 0;
}

int proc_show_statm(struct textbuf *b, const struct proc_target *target)
{
	struct mm *mm = thread_mm_get(target->thread);

	if (!mm) {
		tb_puts(b, "0 0 0 0 0 0 0\n");
		return 0;
	}
	tb_printf(b, "%lu %lu %lu %lu 0 %lu 0\n", (unsigned long)mm->total_vm, (unsigned long)mm_rss(mm),
		  (unsigned long)(READ_ONCE(mm->file_pages) + READ_ONCE(mm->shmem_pages)),
		  (unsigned long)((mm->code_end - mm->code_start) >> PAGE_SHIFT),
		  (unsigned long)(mm->data_vm + mm->stack_vm));
	mm_put(mm);
	return 0;
}
