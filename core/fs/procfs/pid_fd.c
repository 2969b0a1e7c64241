// SPDX-License-Identifier: BSD-2-Clause
/*
 * The magic links of a process: exe, cwd, root, fd/N; and fdinfo.
 */
#include "proc.h"

/* ---- links that jump ---- */

/* The thread of a link that current may follow; or ERR_PTR. */
static struct thread *link_thread(struct inode *i)
{
	struct thread *t = proc_thread(proc_of(i));

	if (!t)
		return ERR_PTR(-ENOENT);
	if (thread_may_access(t))
		return t;
	thread_put(t);
	return ERR_PTR(-EACCES);
}

static int readlink_by(struct inode *i, char *buf, size_t size, int (*follow)(struct inode *i, struct path *out))
{
	struct path p;
	int err = follow(i, &p), n;
	char *text;

	if (err)
		return err;
	text = d_path(&p, buf, size);
	path_put(&p);
	if (IS_ERR(text))
		return PTR_ERR(text);
	n = strlen(text);
	memmove(buf, text, n);
	return n;
}

static int exe_follow(struct inode *i, struct path *out)
{
	struct thread *t = link_thread(i);
	struct mm *mm;
	int err = -ENOENT;

	if (IS_ERR(t))
		return PTR_ERR(t);
	mm = thread_mm_get(t);
	thread_put(t);
	if (!mm)
		return -ENOENT;
	down_read(&mm->mmap_lock);
	if (mm->exe) {
		*out = mm->exe->path;
		path_get(out);
		err = 0;
	}
	up_read(&mm->mmap_lock);
	mm_put(mm);
	return err;
}

static int fs_follow(struct inode *i, struct path *out, bool root)
{
	struct thread *t = link_thread(i);
	int err = -ENOENT;

	if (IS_ERR(t))
		return PTR_ERR(t);
	spin_lock(&t->lock);
	if (t->fs) {
		*out = root ? fs_root_get(t->fs) : fs_pwd_get(t->fs);
		err = 0;
	}
	spin_unlock(&t->lock);
	thread_put(t);
	return err;
}

static int cwd_follow(struct inode *i, struct path *out)
{
	return fs_follow(i, out, false);
}

static int root_follow(struct inode *i, struct path *out)
{
	return fs_follow(i, out, true);
}

static int fd_follow(struct inode *i, struct path *out)
{
	struct thread *t = link_thread(i);
	struct file *f;

	if (IS_ERR(t))
		return PTR_ERR(t);
	f = file_of_thread(t, proc_of(i)->fd);
	thread_put(t);
	if (!f)
		return -ENOENT;
	*out = f->path;
	path_get(out);
	file_put(f);
	return 0;
}

static int exe_readlink(struct inode *i, char *buf, size_t size) { return readlink_by(i, buf, size, exe_follow); }
static int cwd_readlink(struct inode *i, char *buf, size_t size) { return readlink_by(i, buf, size, cwd_follow); }
static int root_readlink(struct inode *i, char *buf, size_t size) { return readlink_by(i, buf, size, root_follow); }
static int fd_readlink(struct inode *i, char *buf, size_t size) { return readlink_by(i, buf, size, fd_follow); }

const struct inode_ops proc_exe_ops = { .follow = exe_follow, .readlink = exe_readlink };
const struct inode_ops proc_cwd_ops = { .follow = cwd_follow, .readlink = cwd_readlink };
const struct inode_ops proc_root_ops = { .follow = root_follow, .readlink = root_readlink };
static const struct inode_ops fd_ops = { .follow = fd_follow, .readlink = fd_readlink };

/* ---- fdinfo ---- */

static int show_fdinfo(struct textbuf *t, const struct proc_target *target)
{
	struct file *f = file_of_thread(target->thread, target->fd);
	u32 cloexec = fd_cloexec_of_thread(target->thread, target->fd) ? O_CLOEXEC : 0;

	if (!f)
		return -ENOENT;
	tb_printf(t, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%d\nino:\t%lu\n", (long)f->pos, f->flags | cloexec,
		  f->path.mnt->id, (unsigned long)f->inode->ino);
	if (!(f->mode & FMODE_PATH) && f->ops->show_fdinfo) {
		int n = f->ops->show_fdinfo(f, t->buf + t->len, t->size - t->len);

		t->len += min_t(size_t, n, t->size - t->len);
	}
	file_put(f);
	return 0;
}

/* ---- the directories ---- */

static const struct proc_node fd_node = { .name = "FD", .mode = S_IFLNK | 0700, .iops = &fd_ops, .per_fd = true };
static const struct proc_node fdinfo_node = {
	.name = "FD", .mode = S_IFREG | 0400, .show = show_fdinfo, .guarded = true, .per_fd = true,
};

static struct inode *lookup(struct inode *dir, const char *name, u32 len, const struct proc_node *node)
{
	struct proc_inode *pi = proc_of(dir);
	struct thread *t = link_thread(dir);
	long nr = proc_number(name, len);
	struct file *f;
	struct inode *i;

	if (IS_ERR(t))
		return ERR_PTR(PTR_ERR(t));
	f = nr >= 0 ? file_of_thread(t, nr) : NULL;
	thread_put(t);
	if (!f)
		return ERR_PTR(-ENOENT);
	i = proc_inode_new(dir->sb, node, pi->pid, pi->task, nr);
	/* The link's mode tells what the descriptor is open for. */
	if (!IS_ERR(i) && S_ISLNK(i->mode))
		i->mode = S_IFLNK | (f->mode & (FMODE_READ | FMODE_PATH) ? 0500 : 0) |
			  (f->mode & FMODE_WRITE ? 0300 : 0);
	file_put(f);
	return i;
}

struct inode *proc_fd_lookup(struct inode *dir, const char *name, u32 len)
{
	return lookup(dir, name, len, &fd_node);
}

struct inode *proc_fdinfo_lookup(struct inode *dir, const char *name, u32 len)
{
	return lookup(dir, name, len, &fdinfo_node);
}

int proc_fd_iterate(struct file *f, struct dir_context *ctx)
{
	struct thread *t = proc_thread(proc_of(f->inode));
	bool link = proc_of(f->inode)->node->lookup == proc_fd_lookup, more = true;
	unsigned fd = f->pos - PROC_FIRST_DYNAMIC;
	struct file *open;
	char name[12];

	if (!t)
		return -ENOENT;
	for (; more && (open = file_of_thread_next(t, &fd)); fd++) {
		int n = snprintf(name, sizeof(name), "%u", fd);

		file_put(open);
		more = ctx->emit(ctx, name, n, PROC_FIRST_DYNAMIC + fd + 1, 0x200000 + fd, link ? DT_LNK : DT_REG);
		if (more)
			f->pos = PROC_FIRST_DYNAMIC + fd + 1;
	}
	thread_put(t);
	return 0;
}
