// SPDX-License-Identifier: BSD-2-Clause
/*
 * Root and working directory: the fs context of threads, and chdir, fchdir, chroot, getcwd, umask.
 */
#include "internal.h"

#include <generated/syscalls.h>

struct path fs_root_get(struct fs_context *fs)
{
	struct path p;

	spin_lock(&fs->lock);
	p = fs->root;
	path_get(&p);
	spin_unlock(&fs->lock);
	return p;
}

struct path fs_pwd_get(struct fs_context *fs)
{
	struct path p;

	spin_lock(&fs->lock);
	p = fs->pwd;
	path_get(&p);
	spin_unlock(&fs->lock);
	return p;
}

struct fs_context *fs_context_fork(struct fs_context *parent)
{
	struct fs_context *fs = kmalloc(sizeof(*fs), GFP_KERNEL);

	if (!fs)
		return NULL;
	ref_set(&fs->refs, 1);
	fs->in_exec = false;
	spin_init(&fs->lock);
	spin_lock(&parent->lock);
	fs->root = parent->root;
	fs->pwd = parent->pwd;
	fs->umask = parent->umask;
	path_get(&fs->root);
	path_get(&fs->pwd);
	spin_unlock(&parent->lock);
	return fs;
}

struct fs_context *fs_context_share(struct fs_context *fs)
{
	bool busy;

	spin_lock(&fs->lock);
	busy = fs->in_exec;
	if (!busy)
		ref_get(&fs->refs);
	spin_unlock(&fs->lock);
	return busy ? NULL : fs;
}

void fs_context_put(struct fs_context *fs)
{
	if (!ref_put(&fs->refs))
		return;
	path_put(&fs->root);
	path_put(&fs->pwd);
	kfree(fs);
}

/* Takes over the reference of p. */
static void fs_set(struct path *which, const struct path *p)
{
	struct fs_context *fs = current->fs;
	struct path old;

	spin_lock(&fs->lock);
	old = *which;
	*which = *p;
	spin_unlock(&fs->lock);
	path_put(&old);
}

long sys_chdir(uaddr_t name)
{
	struct path p;
	int err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = inode_permission(p.dentry->inode, MAY_EXEC);
	if (err) {
		path_put(&p);
		return err;
	}
	fs_set(&current->fs->pwd, &p);
	return 0;
}

long sys_fchdir(unsigned fd)
{
	struct fd f = fd_get_raw(fd);
	struct path p;
	int err;

	if (!f.file)
		return -EBADF;
	p = f.file->path;
	err = S_ISDIR(f.file->inode->mode) ? inode_permission(f.file->inode, MAY_EXEC) : -ENOTDIR;
	if (!err)
		path_get(&p);
	fd_put(f);
	if (!err)
		fs_set(&current->fs->pwd, &p);
	return err;
}

long sys_chroot(uaddr_t name)
{
	struct path p;
	int err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = inode_permission(p.dentry->inode, MAY_EXEC);
	if (!err && !capable(CAP_SYS_CHROOT))
		err = -EPERM;
	if (err) {
		path_put(&p);
		return err;
	}
	fs_set(&current->fs->root, &p);
	return 0;
}

long sys_umask(mode_t mask)
{
	return __atomic_exchange_n(&current->fs->umask, mask & 0777, __ATOMIC_RELAXED);
}

static const char unreachable[] = "(unreachable)";

/* The text of the working directory in buf (PATH_MAX bytes); its start, or ERR_PTR. */
static char *cwd_text(char *buf)
{
	struct path root = fs_root_get(current->fs), pwd = fs_pwd_get(current->fs);
	size_t room = PATH_MAX, extra = sizeof(unreachable) - 1;
	bool outside = false;
	char *s;

	if (d_unhashed(pwd.dentry) && !d_is_root(pwd.dentry)) {
		s = ERR_PTR(-ENOENT);
	} else {
		s = d_path_root(&pwd, &root, buf, room, &outside);
		if (outside && !IS_ERR(s)) {
			if ((size_t)(s - buf) < extra) {
				s = ERR_PTR(-ENAMETOOLONG);
			} else {
				s -= extra;
				memcpy(s, unreachable, extra);
			}
		}
	}
	path_put(&pwd);
	path_put(&root);
	return s;
}

long sys_getcwd(uaddr_t buf, unsigned long size)
{
	char *page = kmalloc(PATH_MAX, GFP_KERNEL), *s;
	long n;

	if (!page)
		return -ENOMEM;
	s = cwd_text(page);
	if (IS_ERR(s)) {
		n = PTR_ERR(s);
	} else {
		n = page + PATH_MAX - s;
		if ((unsigned long)n > size)
			n = -ERANGE;
		else if (copy_to_user(buf, s, n))
			n = -EFAULT;
	}
	kfree(page);
	return n;
}
