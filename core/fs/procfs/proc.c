// SPDX-License-Identifier: BSD-2-Clause
/*
 * The proc file system: from tables of nodes (proc.h) to inodes, directories and files.
 *
 * A file's text is made whole when it is read from the start, and kept with the open file: a reader who comes in
 * pieces sees one moment. What belongs to a process is not kept in the dcache, so that a number can be used again.
 */
#include "proc.h"

#include "../mount.h"

#include <janus/poll.h>
#include <uapi/mount.h>

#define TEXT_MAX (64UL << 20)	/* of one file */

struct proc_file {
	struct mutex lock;
	struct mm *mm;		/* of a `memory` node; borrowed, never changes */
	struct textbuf text;	/* [lock] buf NULL: not made yet */
	/* [atomic] of mounts: the mount_event that poll told last, or that there was at the start */
	u32 seen;
};

static const struct file_ops proc_pid_file_ops, proc_dir_fops;
static const struct inode_ops proc_dir_ops, proc_file_iops;

long proc_number(const char *name, u32 len)
{
	long v = 0;

	if (!len || len > 9 || (name[0] == '0' && len > 1))
		return -1;
	for (u32 i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		v = v * 10 + name[i] - '0';
	}
	return v;
}

struct thread *proc_thread(const struct proc_inode *pi)
{
	struct irqflags flags = spin_lock_irqsave(&tasklist_lock);
	struct process *p = pi->pid->process;
	struct thread *t = pi->task ? pi->pid->thread : p ? p->leader : NULL;

	if (t)
		thread_get(t);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return t;
}

/* ---- inodes ---- */

/* Files of a process belong to its user; those of one that may not be dumped, to root. */
static void set_owner(struct inode *i, struct thread *t)
{
	const struct cred *c;
	bool dumpable = false;

	i->uid = i->gid = 0;
	if (!t)
		return;
	spin_lock(&t->lock);
	dumpable = t->mm && t->mm->dumpable;
	spin_unlock(&t->lock);
	if (dumpable || i->mode == (S_IFDIR | 0555)) {
		rcu_read_lock();
		c = rcu_dereference(t->cred);
		i->uid = c->euid;
		i->gid = c->egid;
		rcu_read_unlock();
	}
}

struct inode *proc_inode_new(struct super_block *sb, const struct proc_node *node, struct pid *pid, bool task,
			     unsigned fd)
{
	struct proc_inode *pi = kmalloc(sizeof(*pi), GFP_KERNEL);
	struct inode *i = pi ? inode_alloc(sb, node->mode) : NULL;

	if (!i) {
		kfree(pi);
		return ERR_PTR(-ENOMEM);
	}
	*pi = (struct proc_inode){ .node = node, .pid = pid ? pid_get(pid) : NULL, .task = task, .fd = fd };
	i->private = pi;
	i->btime = (struct timespec){ 0 };	/* unknown, says statx */
	i->uid = i->gid = 0;
	if (S_ISDIR(node->mode)) {
		i->nlink = 2;
		i->ops = &proc_dir_ops;
		i->fops = &proc_dir_fops;
	} else if (S_ISLNK(node->mode)) {
		i->ops = node->iops;
		if (pid)
			i->size = 64;
	} else {
		i->ops = &proc_file_iops;
		i->fops = node->fops ? node->fops : pid ? &proc_pid_file_ops : &proc_file_ops;
	}
	if (pid) {
		struct thread *t = proc_thread(pi);

		set_owner(i, t);
		if (t)
			thread_put(t);
	}
	return i;
}

static void proc_inode_free_rcu(struct rcu_head *head)
{
	struct proc_inode *pi = container_of(head, struct proc_inode, rcu);

	if (pi->pid)
		pid_put(pi->pid);
	kfree(pi);
}

/* A path walk that counts nothing may just be asking proc_revalidate(). */
static void proc_evict(struct inode *i)
{
	struct proc_inode *pi = proc_of(i);

	if (pi)
		call_rcu(&pi->rcu, proc_inode_free_rcu);
}

/* ---- directories ---- */

/* Is what a name stands for still there? */
static int proc_revalidate(struct dentry *d)
{
	struct proc_inode *pi = d->inode ? proc_of(d->inode) : NULL;
	struct thread *t;

	if (!pi || pi->node->per_fd)
		return 0;
	t = proc_thread(pi);
	if (!t)
		return 0;
	set_owner(d->inode, t);
	thread_put(t);
	return 1;
}

static const struct dentry_ops proc_pid_dentry_ops = { .revalidate = proc_revalidate, .transient = true };

static const struct proc_node *find_node(const struct proc_node *nodes, const struct qstr *q)
{
	for (; nodes && nodes->name; nodes++)
		if (nodes->name[0] == q->name[0] && !strncmp(nodes->name, q->name, q->len) && !nodes->name[q->len])
			return nodes;
	return NULL;
}

/* What is not there gets no entry in the dcache: it may be there the next moment. */
static int proc_lookup(struct inode *dir, struct dentry *d)
{
	struct proc_inode *pi = proc_of(dir);
	const struct proc_node *node = find_node(pi->node->children, &d->name);
	struct inode *i = ERR_PTR(-ENOENT);

	if (node)
		i = proc_inode_new(dir->sb, node, pi->pid, pi->task, 0);
	else if (pi->node->lookup)
		i = pi->node->lookup(dir, d->name.name, d->name.len);
	if (IS_ERR(i))
		return PTR_ERR(i);
	if (proc_of(i)->pid)
		d->ops = &proc_pid_dentry_ops;
	d_add(d, i);
	return 0;
}

static unsigned dirent_type(mode_t mode)
{
	return (mode & S_IFMT) >> 12;
}

static int proc_iterate(struct file *f, struct dir_context *ctx)
{
	const struct proc_node *node = proc_of(f->inode)->node, *n;
	struct dentry *up = f->path.dentry->parent;
	loff_t at = 2;

	if (f->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 1, f->inode->ino, DT_DIR))
			return 0;
		f->pos = 1;
	}
	if (f->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, 2, up->inode ? up->inode->ino : 1, DT_DIR))
			return 0;
		f->pos = 2;
	}
	for (n = node->children; n && n->name; n++, at++) {
		if (at < f->pos)
			continue;
		/* The inode is made when somebody asks for it; its number here only has to be unlike 0. */
		if (!ctx->emit(ctx, n->name, strlen(n->name), at + 1, 0x10000 + at, dirent_type(n->mode)))
			return 0;
		f->pos = at + 1;
	}
	if (!node->iterate)
		return 0;
	if (f->pos < PROC_FIRST_DYNAMIC)
		f->pos = PROC_FIRST_DYNAMIC;
	return node->iterate(f, ctx);
}

static ssize_t proc_dir_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return -EISDIR;
}

static int proc_dir_open(struct inode *i, struct file *f)
{
	struct proc_inode *pi = proc_of(i);
	struct thread *t = pi->node->guarded ? proc_thread(pi) : NULL;
	bool may = !pi->node->guarded || (t && thread_may_access(t));

	if (t)
		thread_put(t);
	return may ? 0 : -EACCES;
}

/* The descriptors of a process are always open to itself, also when its ids have changed. */
static int proc_dir_permission(struct inode *i, int mask)
{
	const struct proc_inode *pi = proc_of(i);
	int err = generic_permission(i, mask);

	if (err && pi->node->lookup == proc_fd_lookup &&
	    (pi->pid == current->pid || pi->pid == current->process->pids[PIDTYPE_TGID]))
		return 0;
	return err;
}

/* A process's files keep the modes that guard them, its directory all; and no size is set: the text makes it. */
static int proc_setattr(struct inode *i, const struct kattr *a)
{
	const struct proc_inode *pi = proc_of(i);
	struct kattr rest = *a;

	if (pi->pid && (pi->node == &proc_pid_dir || a->valid & ATTR_MODE))
		return -EPERM;
	rest.valid &= ~ATTR_SIZE;
	return simple_setattr(i, &rest);
}

static const struct file_ops proc_dir_fops = {
	.open = proc_dir_open, .read = proc_dir_read, .iterate = proc_iterate, .llseek = dir_llseek,
};
static const struct inode_ops proc_dir_ops = {
	.lookup = proc_lookup, .permission = proc_dir_permission, .setattr = proc_setattr,
};
static const struct inode_ops proc_file_iops = { .setattr = proc_setattr };

/* ---- files of text ---- */

static int proc_open(struct inode *i, struct file *f)
{
	struct proc_file *pf;
	struct mm *mm = NULL;
	int err = proc_of(i)->node->memory ? proc_mm_open(i, &mm) : proc_dir_open(i, f);

	if (!err && !proc_of(i)->node->show && f->mode & FMODE_READ)
		err = -EACCES;		/* of a variable that is only set, the mode binds root too */
	if (err)
		return err;
	pf = kzalloc(sizeof(*pf), GFP_KERNEL);
	if (!pf) {
		if (mm)
			mm_drop(mm);
		return -ENOMEM;
	}
	pf->mm = mm;
	pf->seen = READ_ONCE(mount_event);
	mutex_init(&pf->lock);
	f->private = pf;
	return 0;
}

static void proc_release(struct file *f)
{
	struct proc_file *pf = f->private;

	if (pf->mm)
		mm_drop(pf->mm);
	kfree(pf->text.buf);
	kfree(pf);
}

/* The target of a file for one call; -ESRCH when its process is gone. */
static int target_get(struct file *f, struct proc_target *target)
{
	struct proc_inode *pi = proc_of(f->inode);
	struct proc_file *pf = f->private;

	*target = (struct proc_target){ .node = pi->node, .fd = pi->fd, .whole = !pi->task };
	if (!pi->pid)
		return 0;
	target->thread = proc_thread(pi);
	if (!target->thread)
		return -ESRCH;
	/* It may have become somebody else by exec since the file was opened. */
	if (pi->node->guarded && !thread_may_access(target->thread)) {
		thread_put(target->thread);
		return -EACCES;
	}
	if (pf->mm && ref_get_not_zero(&pf->mm->users))
		target->mm = pf->mm;
	return 0;
}

static void target_put(struct proc_target *target)
{
	if (target->mm)
		mm_put(target->mm);
	if (target->thread)
		thread_put(target->thread);
}

static int make_text(struct file *f, struct textbuf *t)
{
	struct proc_target target;
	size_t size = PAGE_SIZE;
	int err = target_get(f, &target);

	if (err)
		return err;
	do {
		if (t->buf && t->size < size) {
			kfree(t->buf);
			t->buf = NULL;
		}
		if (!t->buf) {
			t->buf = kmalloc(size, GFP_KERNEL);
			t->size = size;
		}
		if (!t->buf) {
			err = -ENOMEM;
			break;
		}
		t->len = 0;
		t->limit = TEXT_MAX;
		t->full = false;
		err = target.node->show ? target.node->show(t, &target) : -EINVAL;
		size = t->size * 2;
	} while (!err && t->full && size <= TEXT_MAX);
	target_put(&target);
	return err;
}

static ssize_t proc_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct proc_file *pf = f->private;
	struct textbuf *t = &pf->text;
	loff_t at = READ_ONCE(*pos);	/* once: it may be the file's own, and move */
	ssize_t n = 0;

	mutex_lock(&pf->lock);
	if (!t->buf || at == 0)
		n = make_text(f, t);
	if (!n && at >= 0 && (u64)at < t->len && it->count) {
		n = copy_to_iter(t->buf + at, min(t->len - (size_t)at, it->count), it);
		if (n)
			*pos = at + n;
		else
			n = -EFAULT;
	}
	mutex_unlock(&pf->lock);
	return n;
}

static ssize_t proc_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct proc_target target;
	size_t n = min(it->count, PAGE_SIZE - 1);
	char *text;
	int err;

	if (!proc_of(f->inode)->node->write)
		return -EIO;
	text = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	err = copy_from_iter(text, n, it) < n ? -EFAULT : target_get(f, &target);
	if (!err) {
		text[n] = 0;
		target.pos = *pos;
		if (!*pos || !target.node->number)
			err = target.node->write(&target, text, n);
		target_put(&target);
	}
	kfree(text);
	if (err)
		return err;
	*pos += n;
	return n;
}

const struct file_ops proc_file_ops = {
	.open = proc_open, .read = proc_read, .write = proc_write, .llseek = generic_llseek, .release = proc_release,
	.splice = SPLICE_FROM,
};

/* Always readable; an exception once after each change of the mounts. */
static u32 mounts_poll(struct file *f, struct poll_table *pt)
{
	struct proc_file *pf = f->private;
	u32 now;

	poll_wait(f, &mount_wait, pt);
	now = READ_ONCE(mount_event);
	return POLLIN | POLLRDNORM | (__atomic_exchange_n(&pf->seen, now, __ATOMIC_RELAXED) != now ? POLLERR | POLLPRI : 0);
}

const struct file_ops proc_mounts_fops = {
	.open = proc_open, .read = proc_read, .llseek = generic_llseek, .release = proc_release, .poll = mounts_poll,
	.splice = SPLICE_FROM,
};

/* What a process says of itself is read only, but for its mounts. */
static const struct file_ops proc_pid_file_ops = {
	.open = proc_open, .read = proc_read, .write = proc_write, .llseek = generic_llseek, .release = proc_release,
};

/* ---- the file system ---- */

static const struct proc_node root_node = {
	.name = "/", .mode = S_IFDIR | 0555, .children = proc_root_nodes,
	.lookup = proc_root_lookup, .iterate = proc_root_iterate,
};

static const struct super_ops proc_super_ops = { .evict_inode = proc_evict };

static struct super_block *proc_mount(struct file_system_type *type, const char *source, u32 flags, char *data)
{
	struct super_block *sb = super_alloc(type, &proc_super_ops, PROC_SUPER_MAGIC);
	struct inode *i;

	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->block_size = 1024;
	i = proc_inode_new(sb, &root_node, NULL, false, 0);
	if (!IS_ERR(i))
		sb->root = d_make_root(i);
	if (!sb->root) {
		super_put(sb);
		return ERR_PTR(-ENOMEM);
	}
	return sb;
}

static struct file_system_type proc_type = { .name = "proc", .mount = proc_mount, .nodev = true };

struct pid *proc_pid_of_file(const struct file *f)
{
	const struct inode *i = f->inode;

	if (!i || i->sb->type != &proc_type || proc_of(i)->node != &proc_pid_dir)
		return NULL;
	return pid_get(proc_of(i)->pid);
}

void procfs_init(void)
{
	register_filesystem(&proc_type);
}
