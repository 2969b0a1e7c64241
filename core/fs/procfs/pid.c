// SPDX-License-Identifier: BSD-2-Clause
/*
 * /proc/PID and /proc/PID/task/TID: the directories, and the small files in them.
 */
#include "proc.h"

static const struct proc_node proc_task_dir;

/* ---- finding and listing ---- */

struct inode *proc_root_lookup(struct inode *dir, const char *name, u32 len)
{
	long nr = proc_number(name, len);
	struct pid *pid = nr > 0 ? get_pid(nr) : NULL;
	struct inode *i = ERR_PTR(-ENOENT);

	if (!pid)
		return i;
	/* A thread's number finds its process too, as on Linux. */
	if (READ_ONCE(pid->process) || READ_ONCE(pid->thread))
		i = proc_inode_new(dir->sb, &proc_pid_dir, pid, !READ_ONCE(pid->process), 0);
	pid_put(pid);
	return i;
}

static bool emit_number(struct file *f, struct dir_context *ctx, unsigned nr)
{
	char name[12];
	int n = snprintf(name, sizeof(name), "%u", nr);

	if (!ctx->emit(ctx, name, n, PROC_FIRST_DYNAMIC + nr + 1, 0x100000 + nr, DT_DIR))
		return false;
	f->pos = PROC_FIRST_DYNAMIC + nr + 1;
	return true;
}

int proc_root_iterate(struct file *f, struct dir_context *ctx)
{
	struct process *p;
	bool more = true;

	while (more && f->pos - PROC_FIRST_DYNAMIC < PID_MAX && (p = process_next(f->pos - PROC_FIRST_DYNAMIC))) {
		more = emit_number(f, ctx, p->tgid);
		process_put(p);
	}
	return 0;
}

static struct inode *task_lookup(struct inode *dir, const char *name, u32 len)
{
	long nr = proc_number(name, len);
	struct pid *pid = nr > 0 ? get_pid(nr) : NULL;
	struct thread *t = pid ? get_thread_by_tid(nr) : NULL;
	struct thread *leader = proc_thread(proc_of(dir));
	struct inode *i = ERR_PTR(-ENOENT);

	if (t && leader && t->process == leader->process)
		i = proc_inode_new(dir->sb, &proc_task_dir, pid, true, 0);
	if (leader)
		thread_put(leader);
	if (t)
		thread_put(t);
	if (pid)
		pid_put(pid);
	return i;
}

/* The smallest tid of the process that is at least nr; 0: none. */
static pid_t next_tid(struct process *p, pid_t nr)
{
	struct irqflags flags = spin_lock_irqsave(&tasklist_lock);
	struct thread *t;
	pid_t best = 0;

	list_for_each_entry(t, &p->threads, thread_link)
		if (t->tid >= nr && (!best || t->tid < best))
			best = t->tid;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return best;
}

static int task_iterate(struct file *f, struct dir_context *ctx)
{
	struct thread *t = proc_thread(proc_of(f->inode));
	pid_t tid;

	if (!t)
		return -ENOENT;
	while ((tid = next_tid(t->process, f->pos - PROC_FIRST_DYNAMIC)) && emit_number(f, ctx, tid))
		;
	thread_put(t);
	return 0;
}

/* ---- self, thread-self ---- */

static const char *self_link(struct inode *i, char *buf)
{
	snprintf(buf, LINK_BUF_SIZE, "%d", current->process->tgid);
	return buf;
}

static const char *thread_self_link(struct inode *i, char *buf)
{
	snprintf(buf, LINK_BUF_SIZE, "%d/task/%d", current->process->tgid, current->tid);
	return buf;
}

/* Not in the walk's buffer, which "self" will need for its own text; a walk reads 8 bytes at a time. */
static const char *mounts_link(struct inode *i, char *buf)
{
	static const char text[24] = "self/mounts";

	return text;
}

const struct inode_ops proc_self_ops = { .get_link = self_link },
	proc_thread_self_ops = { .get_link = thread_self_link },
	proc_mounts_ops = { .get_link = mounts_link };

/* ---- small files ---- */

static int show_comm(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%s\n", target->thread->comm);
	return 0;
}

static int write_comm(const struct proc_target *target, char *text, size_t n)
{
	struct thread *t = target->thread;

	if (t->process != current->process)
		return -EINVAL;
	if (n && text[n - 1] == '\n')
		text[n - 1] = 0;
	spin_lock(&t->lock);
	strlcpy(t->comm, text, sizeof(t->comm));
	spin_unlock(&t->lock);
	return 0;
}

static int show_limits(struct textbuf *t, const struct proc_target *target)
{
	static const struct { const char *name, *unit; } limits[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = { "Max cpu time", "seconds" }, [RLIMIT_FSIZE] = { "Max file size", "bytes" },
		[RLIMIT_DATA] = { "Max data size", "bytes" }, [RLIMIT_STACK] = { "Max stack size", "bytes" },
		[RLIMIT_CORE] = { "Max core file size", "bytes" }, [RLIMIT_RSS] = { "Max resident set", "bytes" },
		[RLIMIT_NPROC] = { "Max processes", "processes" }, [RLIMIT_NOFILE] = { "Max open files", "files" },
		[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" }, [RLIMIT_AS] = { "Max address space", "bytes" },
		[RLIMIT_LOCKS] = { "Max file locks", "locks" },
		[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
		[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" }, [RLIMIT_NICE] = { "Max nice priority", "" },
		[RLIMIT_RTPRIO] = { "Max realtime priority", "" }, [RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
	};

	tb_puts(t, "Limit                     Soft Limit           Hard Limit           Units     \n");
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		const struct rlimit *r = &target->thread->process->rlimits[i];
		char soft[24], hard[24];

		snprintf(soft, sizeof(soft), r->cur == RLIM_INFINITY ? "unlimited" : "%lu", (unsigned long)r->cur);
		snprintf(hard, sizeof(hard), r->max == RLIM_INFINITY ? "unlimited" : "%lu", (unsigned long)r->max);
		tb_printf(t, "%-25s %-20s %-20s %-10s\n", limits[i].name, soft, hard, limits[i].unit);
	}
	return 0;
}

static int show_wchan(struct textbuf *t, const struct proc_target *target)
{
	tb_putc(t, '0');
	return 0;
}

static int show_personality(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%08x\n", target->thread->personality);
	return 0;
}

static int show_oom_score_adj(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%d\n", target->thread->process->oom_score_adj);
	return 0;
}

/* Lowering it below what it was takes a privilege. */
static int write_oom_score_adj(const struct proc_target *target, char *text, size_t n)
{
	struct process *p = target->thread->process;
	bool negative = *text == '-';
	char *end;
	u64 v = strtoull(text + negative, &end, 10);
	long adj = negative ? -(long)v : (long)v;

	if (end == text + negative || (*end && *end != '\n') || v > 1000)
		return -EINVAL;
	if (adj < p->oom_score_adj && !capable(CAP_SYS_RESOURCE))
		return -EACCES;
	p->oom_score_adj = adj;
	return 0;
}

static int show_oom_score(struct textbuf *t, const struct proc_target *target)
{
	struct mm *mm = thread_mm_get(target->thread);
	s64 points = 0;

	if (mm) {
		points = mm_rss(mm) * 1000 / nr_total_pages * 2 / 3;
		mm_put(mm);
	}
	points += 666 + target->thread->process->oom_score_adj * 2 / 3;
	tb_printf(t, "%ld\n", (long)(points > 0 ? points : 0));
	return 0;
}

/* Nanoseconds run; those waited are not counted; turns: each ended in a switch, but for the one that goes on. */
static int show_schedstat(struct textbuf *t, const struct proc_target *target)
{
	const struct thread *thread = target->thread;
	u64 turns = thread->nvcsw + thread->nivcsw + READ_ONCE(thread->se.on_cpu);

	tb_printf(t, "%lu 0 %lu\n", (unsigned long)thread_runtime(target->thread), (unsigned long)turns);
	return 0;
}

/* ---- the tables ---- */

#define FILE_NODE(n, m, fn) { .name = n, .mode = S_IFREG | (m), .show = fn }
#define MOUNTS_NODE(n, fn) { .name = n, .mode = S_IFREG | 0444, .show = fn, .fops = &proc_mounts_fops }
#define GUARDED_NODE(n, m, fn) { .name = n, .mode = S_IFREG | (m), .show = fn, .guarded = true }
#define MEMORY_NODE(n, m, fn) { .name = n, .mode = S_IFREG | (m), .show = fn, .memory = true }
#define LINK_NODE(n, ops) { .name = n, .mode = S_IFLNK | 0777, .iops = &ops }
#define COMMON_NODES                                                                                   \
	{ .name = "fd", .mode = S_IFDIR | 0500, .lookup = proc_fd_lookup, .iterate = proc_fd_iterate, .guarded = true }, \
	{ .name = "fdinfo", .mode = S_IFDIR | 0555, .lookup = proc_fdinfo_lookup, .iterate = proc_fd_iterate, .guarded = true }, \
	MEMORY_NODE("environ", 0400, proc_show_environ), MEMORY_NODE("auxv", 0400, proc_show_auxv),     \
	FILE_NODE("status", 0444, proc_show_status), GUARDED_NODE("personality", 0400, show_personality), \
	FILE_NODE("limits", 0444, show_limits),                                                         \
	{ .name = "comm", .mode = S_IFREG | 0644, .show = show_comm, .write = write_comm },             \
	FILE_NODE("cmdline", 0444, proc_show_cmdline), FILE_NODE("stat", 0444, proc_show_stat),         \
	FILE_NODE("statm", 0444, proc_show_statm), MEMORY_NODE("maps", 0444, proc_show_maps),           \
	{ .name = "mem", .mode = S_IFREG | 0600, .fops = &proc_mem_fops, .guarded = true },             \
	LINK_NODE("cwd", proc_cwd_ops), LINK_NODE("root", proc_root_ops), LINK_NODE("exe", proc_exe_ops), \
	MOUNTS_NODE("mounts", proc_show_mounts), MOUNTS_NODE("mountinfo", proc_show_mountinfo),           \
	MEMORY_NODE("smaps", 0444, proc_show_smaps), FILE_NODE("wchan", 0444, show_wchan),              \
	FILE_NODE("syscall", 0400, proc_show_syscall),                                                  \
	FILE_NODE("schedstat", 0444, show_schedstat), FILE_NODE("oom_score", 0444, show_oom_score),     \
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644, .show = show_oom_score_adj, .write = write_oom_score_adj }, \
	PROC_PID_HUNT

static const struct proc_node proc_pid_nodes[] = {
	{ .name = "task", .mode = S_IFDIR | 0555, .lookup = task_lookup, .iterate = task_iterate },
	COMMON_NODES
	{ NULL },
};
static const struct proc_node proc_task_nodes[] = {
	COMMON_NODES
	{ NULL },
};

const struct proc_node proc_pid_dir = { .name = "PID", .mode = S_IFDIR | 0555, .children = proc_pid_nodes };
static const struct proc_node proc_task_dir = { .name = "TID", .mode = S_IFDIR | 0555, .children = proc_task_nodes };
