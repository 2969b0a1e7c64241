// SPDX-License-Identifier: BSD-2-Clause
/*
 * execve: gather the strings while the old program still stands, open the file, let script.c and elf.c find out
 * what it is. Up to begin_new_exec() every failure returns to the caller; after it the old program is gone, and a
 * failure kills.
 */
#include "exec.h"
#include <arch/thread.h>
#include <generated/syscalls.h>
#include <janus/cmdline.h>
#include <janus/fs.h>
#include <janus/mount.h>
#include <janus/random.h>
#include <janus/sched.h>
#include <janus/time.h>
#include <uapi/mount.h>

#define ADDR_NO_RANDOMIZE 0x0040000
#define SCRIPT_DEPTH_MAX 5
/* personality bits that a setuid program starts without */
#define PER_CLEAR_ON_SETID 0x00d50000u

/* ---- the file ---- */

/* While a program runs nobody writes to its file: the file system lets go with the last reference to f. */
static struct file *deny_write(struct file *f)
{
	int err;

	if (IS_ERR(f))
		return f;
	err = inode_deny_write(f->inode);
	if (err) {
		file_put(f);
		return ERR_PTR(err);
	}
	f->mode |= FMODE_EXEC;
	return f;
}

struct file *exec_open(const char *name)
{
	return deny_write(file_open_exec(name));
}

/* AT_EXECFN, and the name that scripts are given. */
static char *exec_name(int dirfd, const char *path)
{
	char *name = kmalloc(strlen(path) + 24, GFP_KERNEL);

	if (!name)
		return NULL;
	if (dirfd == AT_FDCWD || *path == '/')
		strlcpy(name, path, strlen(path) + 1);
	else if (*path)
		snprintf(name, strlen(path) + 24, "/dev/fd/%d/%s", dirfd, path);
	else
		snprintf(name, 24, "/dev/fd/%d", dirfd);
	return name;
}

static int read_head(struct exec *x)
{
	ssize_t n = kernel_read(x->file, x->head, EXEC_HEAD, 0);

	if (n < 0)
		return (int)n;
	memset(x->head + n, 0, EXEC_HEAD - n);
	return 0;
}

/* ---- credentials ---- */

static void take_file_ids(struct exec *x, struct cred *c)
{
	struct inode *inode = x->file->inode;

	if (!(READ_ONCE(inode->mode) & (S_ISUID | S_ISGID)) || (x->file->path.mnt->flags & MS_NOSUID) ||
	    current->no_new_privs)
		return;
	/* A chown takes the bits away: the mode and the owner that we see are of one moment. */
	GUARD(read, &inode->lock);
	if (inode->mode & S_ISUID)
		c->euid = inode->uid;
	if ((inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		c->egid = inode->gid;
}

/*
 * The capabilities that the file has, within the bounding set and one's own inheritable ones. A program that
 * is to have them effective and does not get all of them may not start: -EPERM.
 */
static int take_file_caps(struct exec *x, struct cred *c, bool *has, bool *effective)
{
	struct vfs_cap_data d;
	ssize_t n;
	u64 permitted;

	c->cap_permitted = 0;
	if (!READ_ONCE(x->file->inode->xattrs) || (x->file->path.mnt->flags & MS_NOSUID))
		return 0;
	n = inode_xattr_get(x->file->inode, XATTR_NAME_CAPS, &d, sizeof(d));
	if (n != (ssize_t)sizeof(d))
		return 0;
	*has = true;
	*effective = d.magic_etc & VFS_CAP_FLAGS_EFFECTIVE;
	permitted = ((u64)d.data[1].permitted << 32 | d.data[0].permitted) & CAP_FULL_SET;
	c->cap_permitted = (permitted & c->cap_bounding) |
			   (((u64)d.data[1].inheritable << 32 | d.data[0].inheritable) & c->cap_inheritable);
	return *effective && (permitted & ~c->cap_permitted) ? -EPERM : 0;
}

/* Root has all, unless the file says what a set-user-id program of root is to have. */
static void take_root_caps(struct cred *c, bool has_file_caps, bool *effective)
{
	if ((c->securebits & SECBIT_NOROOT) || (c->euid && c->uid) || (has_file_caps && c->uid && !c->euid))
		return;
	c->cap_permitted = c->cap_bounding | c->cap_inheritable;
	if (!c->euid)
		*effective = true;
}

static void mark_fs(struct exec *x, bool on)
{
	struct fs_context *fs = current->fs;

	spin_lock(&fs->lock);
	fs->in_exec = x->fs_marked = on;
	spin_unlock(&fs->lock);
}

/*
 * Is the fs context shared with another process? That one could change the root under a privileged program.
 * First it is marked, so that nobody comes to share it; then who shares it is counted, and only after that our
 * threads: one that ends meanwhile makes it look shared, never the other way round.
 */
static bool fs_is_shared(struct exec *x)
{
	struct fs_context *fs = current->fs;
	struct irqflags flags;
	struct thread *t;
	u32 all, ours = 0;

	mark_fs(x, true);
	all = ref_read(&fs->refs);
	flags = tasklist_lock_irq();
	list_for_each_entry(t, &current->process->threads, thread_link)
		ours += READ_ONCE(t->fs) == fs;
	tasklist_unlock_irq(flags);
	if (all > ours)
		mark_fs(x, false);
	return all > ours;
}

/* capabilities(7), "Transformation of capabilities during execve". */
static int prepare_creds(struct exec *x)
{
	const struct cred *old = current->cred;
	struct cred *c = cred_copy();
	bool effective = false, has_file_caps = false, setid, gained, watched;
	int err;

	if (!c)
		return -ENOMEM;
	x->cred = c;
	take_file_ids(x, c);
	err = take_file_caps(x, c, &has_file_caps, &effective);
	if (err)
		return err;
	take_root_caps(c, has_file_caps, &effective);
	setid = c->euid != old->uid || c->egid != old->gid;
	gained = c->cap_permitted & ~old->cap_permitted;
	/* A tracer gets nothing by it: the program runs with what there was. */
	watched = current->ptrace && !(current->ptrace & PT_MAY_GAIN);
	if ((setid || gained) && (fs_is_shared(x) || current->no_new_privs || watched)) {
		if (!capable(CAP_SETUID) || current->no_new_privs) {
			c->euid = c->uid;
			c->egid = c->gid;
		}
		c->cap_permitted &= old->cap_permitted;
	}
	if (setid || has_file_caps)
		c->cap_ambient = 0;
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	c->cap_permitted |= c->cap_ambient;
	c->cap_effective = effective ? c->cap_permitted : c->cap_ambient;
	c->securebits &= ~SECBIT_KEEP_CAPS;
	x->secure = setid || (c->uid && (effective || (c->cap_permitted & ~c->cap_ambient)));
	return 0;
}

/* Nothing changes for most programs: they keep the set they share with their parent. */
static bool same_cred(const struct cred *a, const struct cred *b)
{
	return a->euid == b->euid && a->suid == b->suid && a->fsuid == b->fsuid && a->egid == b->egid &&
	       a->sgid == b->sgid && a->fsgid == b->fsgid && a->cap_permitted == b->cap_permitted &&
	       a->cap_effective == b->cap_effective && a->cap_ambient == b->cap_ambient &&
	       a->securebits == b->securebits;
}

static void install_creds(struct exec *x)
{
	const struct cred *old = current->cred, *new = x->cred;
	bool other = old->euid != old->uid || old->egid != old->gid || new->euid != old->euid ||
		     new->egid != old->egid || new->fsuid != old->fsuid || new->fsgid != old->fsgid ||
		     (new->cap_permitted & ~old->cap_permitted);

	if (x->secure) {
		current->pdeath_signal = 0;
		current->personality &= ~PER_CLEAR_ON_SETID;
	}
	if (same_cred(x->cred, current->cred))
		cred_put(x->cred);
	else
		cred_commit(x->cred);
	x->cred = NULL;
	/* Whoever may not read the program, or acts as somebody else, may not look into it either. */
	current->mm->dumpable = !other && !inode_permission(x->file->inode, MAY_READ);
}

/* Between the look at who traces us and the new credentials nobody may attach: they wait (ptrace.c). */
static void hold_creds(void)
{
	struct irqflags flags = tasklist_lock_irq();

	current->process->exec_creds++;
	tasklist_unlock_irq(flags);
}

static void release_creds(void)
{
	struct process *p = current->process;
	struct irqflags flags = tasklist_lock_irq();

	p->exec_creds--;
	tasklist_unlock_irq(flags);
	wake_up_all(&p->wait_child);
}

/* ---- the point of no return ---- */

/* The other threads die; the one that executes takes the leader's number. */
static int de_thread(void)
{
	struct thread *t = current, *leader, *tracer;
	struct process *p = t->process;
	struct irqflags flags, sig_flags;
	struct sighand *sh;

	if (likely(p->nr_threads == 1))
		return 0;
	sh = sighand_lock(p, &flags);
	if (p->sig_flags & (SIGNAL_GROUP_EXIT | SIGNAL_GROUP_EXEC)) {
		spin_unlock_irqrestore(&sh->lock, flags);
		return -EAGAIN;
	}
	p->sig_flags |= SIGNAL_GROUP_EXEC;
	p->exec_thread = t;
	kill_other_threads(p);
	spin_unlock_irqrestore(&sh->lock, flags);
	for (;;) {
		set_current_state(THREAD_KILLABLE);
		leader = p->leader;
		flags = tasklist_lock_irq();
		if (p->nr_threads == 1 || (leader != t && p->nr_threads == 2 && leader->exit_state == EXIT_ZOMBIE))
			break;
		tasklist_unlock_irq(flags);
		if (fatal_signal_pending()) {
			set_current_state(THREAD_RUNNING);
			return -EAGAIN;
		}
		schedule();
	}
	set_current_state(THREAD_RUNNING);
	if (leader != t) {
		struct pid *pid = t->pid;

		t->pid = leader->pid;
		leader->pid = pid;
		rcu_assign_pointer(t->pid->thread, t);
		rcu_assign_pointer(leader->pid->thread, leader);
		leader->tid = pid->nr;
		t->tid = t->pid->nr;
		t->exit_signal = SIGCHLD;
		t->start_time = leader->start_time;
		leader->exit_signal = -1;
		p->leader = t;
		tracer = leader->tracer;
		thread_release(leader);
		if (unlikely(tracer))
			wake_up_all(&tracer->process->wait_child);	/* it may wait for one that is no more */
	}
	sh = sighand_lock(p, &sig_flags);
	p->exec_thread = NULL;
	p->sig_flags &= ~SIGNAL_GROUP_EXEC;
	spin_unlock_irqrestore(&sh->lock, sig_flags);
	tasklist_unlock_irq(flags);
	if (leader != t)
		thread_put(leader);
	return 0;
}

/* Handlers that another process shares stay that one's. */
static int unshare_sighand(void)
{
	struct process *p = current->process;
	struct sighand *old = p->sighand, *new;
	struct irqflags flags;

	if (ref_read(&old->refs) == 1)
		return 0;
	new = sighand_fork(old, false);
	if (!new)
		return -ENOMEM;
	flags = tasklist_lock_irq();
	spin_lock(&old->lock);
	rcu_assign_pointer(p->sighand, new);
	spin_unlock(&old->lock);
	tasklist_unlock_irq(flags);
	synchronize_rcu();
	sighand_put(old);
	return 0;
}

static void flush_signals_and_marks(void)
{
	struct thread *t = current;
	struct irqflags flags;
	struct sighand *sh = sighand_lock(t->process, &flags);

	sighand_flush(sh);
	spin_unlock_irqrestore(&sh->lock, flags);
	t->altstack_sp = 0;
	t->altstack_size = 0;
	t->altstack_flags = SS_DISABLE;
	t->set_child_tid = 0;
	t->restart.fn = restart_none;
	t->exit_signal = SIGCHLD;
	if (thread_flag(t, TF_FORKED_NOEXEC))
		thread_clear_flag(t, TF_FORKED_NOEXEC);
}

static void set_comm(const char *filename)
{
	struct thread *t = current;
	const char *slash = strrchr(filename, '/');
	char comm[sizeof(t->comm)] = { 0 };

	strlcpy(comm, slash ? slash + 1 : filename, sizeof(comm));
	spin_lock(&t->lock);
	memcpy(t->comm, comm, sizeof(comm));
	spin_unlock(&t->lock);
}

bool exec_randomize(void)
{
	static int off = -1;	/* the command line does not change */

	if (unlikely(off < 0))
		off = cmdline_has("norandmaps");
	return !off && !(current->personality & ADDR_NO_RANDOMIZE);
}

u64 exec_random_pages(unsigned bits)
{
	return exec_randomize() ? (random_u64() & ((1ULL << bits) - 1)) << PAGE_SHIFT : 0;
}

/* Top-down below the stack's room, wherever chance puts that, as Linux. */
static uaddr_t choose_mmap_base(void)
{
	u64 gap = rlimit(RLIMIT_STACK), pad = 1UL << 20;

	if (exec_randomize())
		pad += 1UL << (ARCH_STACK_RANDOM_BITS + PAGE_SHIFT);
	if (gap + pad > gap)
		gap += pad;
	gap = min_t(u64, max_t(u64, gap, 128UL << 20), ARCH_USER_END / 6 * 5);
	return ALIGN_DOWN(ARCH_USER_END - gap - exec_random_pages(ARCH_MMAP_RANDOM_BITS), PAGE_SIZE);
}

static int new_exec(struct exec *x)
{
	struct thread *t = current;
	struct mm *mm;
	int err = prepare_creds(x);

	if (err)
		return err;
	mm = mm_create();
	if (!mm)
		return -ENOMEM;
	err = de_thread();
	if (!err)
		err = unshare_sighand();
	if (!err)
		err = files_unshare();
	if (err) {
		mm_put(mm);
		return err;
	}
	x->point_of_no_return = true;
	mm->exe = file_get(x->file);
	mm->dumpable = false;	/* until install_creds() knows */
	if (t->mm) {
		mm->thp_disabled = t->mm->thp_disabled;
		t->process->maxrss = max(t->process->maxrss, mm_maxrss_kib(t->mm));
		mm_release_futexes(t);
	}
	t->flags &= ~(u32)TF_KERNEL;
	mm->mmap_base = choose_mmap_base();
	exec_mmap(mm);
	vfork_release(t);
	posix_timers_exec(t->process);
	arch_thread_flush();
	t->rseq = 0;
	files_close_on_exec();
	flush_signals_and_marks();
	set_comm(x->filename);
	install_creds(x);
	return 0;
}

int begin_new_exec(struct exec *x)
{
	int err;

	hold_creds();
	err = new_exec(x);
	release_creds();
	return err;
}

/* ---- the whole ---- */

/* Read, and hand on: a script's interpreter may be a script. */
static int run(struct exec *x)
{
	for (int depth = 0;; depth++) {
		int err;

		if (depth > SCRIPT_DEPTH_MAX)
			return -ELOOP;
		err = read_head(x);
		if (err)
			return err;
		err = script_load(x);
		if (err == -ENOEXEC)
			return elf_load(x);
		if (err)
			return err;
	}
}

static void exec_free(struct exec *x)
{
	if (x->fs_marked)
		mark_fs(x, false);
	if (x->file)
		file_put(x->file);
	if (x->cred)
		cred_put(x->cred);
	string_block_free(&x->argv);
	string_block_free(&x->envp);
	kfree(x->prefix);
	kfree(x->filename);
	kfree(x);
}

/* The strings are gathered and the file is open, or err says why not: load, and kill where it is too late to return. */
static int finish(struct exec *x, int err, struct file *file)
{
	pid_t old_tid = current->tid;

	if (IS_ERR(file))
		err = PTR_ERR(file);
	else
		x->file = file;
	if (!err)
		err = run(x);
	if (err && x->point_of_no_return && !fatal_signal_pending())
		signal_force(SIGSEGV, NULL);
	exec_free(x);
	if (unlikely(current->ptrace) && !err)
		ptrace_exec(old_tid);
	return err;
}

static struct exec *exec_alloc(int dirfd, const char *path)
{
	struct exec *x = kzalloc(sizeof(*x), GFP_KERNEL);

	if (!x)
		return NULL;
	x->filename = exec_name(dirfd, path);
	if (!x->filename) {
		kfree(x);
		return NULL;
	}
	return x;
}

/* A descriptor that exec closes cannot be opened again by a script's interpreter. */
static bool closes_on_exec(int dirfd, const char *path)
{
	struct files *files = current->files;
	bool closes;

	if (dirfd < 0 || *path == '/')
		return false;
	spin_lock(&files->lock);
	closes = (unsigned)dirfd < files->table->max && (files->table->cloexec[dirfd / 64] >> dirfd % 64 & 1);
	spin_unlock(&files->lock);
	return closes;
}

static long do_execve(const char *path, uaddr_t argv, uaddr_t envp)
{
	struct exec *x = exec_alloc(AT_FDCWD, path);
	int err;

	if (!x)
		return -ENOMEM;
	err = exec_gather_user(x, argv, envp);
	return finish(x, err, err ? NULL : exec_open(path));
}

int kernel_execve(const char *path, const char *const argv[], const char *const envp[])
{
	struct exec *x = exec_alloc(AT_FDCWD, path);
	int err;

	if (!x)
		return -ENOMEM;
	err = exec_gather_kernel(x, argv, envp);
	return finish(x, err, err ? NULL : exec_open(path));
}

long sys_execve(uaddr_t path, uaddr_t argv, uaddr_t envp)
{
	char *name = path_from_user(path, false);
	long err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = do_execve(name, argv, envp);
	path_free(name);
	return err;
}

/* `name` is a copy for the program to see; the file is looked up from the user's own string. */
static long execve_at(int dfd, const char *name, uaddr_t path, uaddr_t argv, uaddr_t envp, int flags)
{
	struct exec *x = exec_alloc(dfd, name);
	int err;

	if (!x)
		return -ENOMEM;
	x->inaccessible = closes_on_exec(dfd, name);
	err = exec_gather_user(x, argv, envp);
	if (!err && flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		err = -EINVAL;
	return finish(x, err, err ? NULL : deny_write(file_open_exec_at(dfd, path, flags)));
}

long sys_execveat(int dfd, uaddr_t path, uaddr_t argv, uaddr_t envp, int flags)
{
	char *name = path_from_user(path, flags & AT_EMPTY_PATH);
	long err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = execve_at(dfd, name, path, argv, envp, flags);
	path_free(name);
	return err;
}
