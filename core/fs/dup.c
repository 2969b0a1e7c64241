// SPDX-License-Identifier: BSD-2-Clause
/*
 * Descriptors copied, closed by the range, and their own flag, FD_CLOEXEC.
 */
#include "fdtable.h"

#include <janus/notify.h>
#include <generated/syscalls.h>

static long dup_from(unsigned fd, unsigned from, unsigned flags)
{
	struct fd f = fd_get_raw(fd);
	long new;

	if (!f.file)
		return -EBADF;
	new = fd_alloc(from, flags);
	if (new >= 0)
		fd_install(new, file_get(f.file));
	fd_put(f);
	return new;
}

long sys_dup(unsigned fd)
{
	return dup_from(fd, 0, 0);
}

long fcntl_dupfd(unsigned fd, unsigned long from, unsigned flags)
{
	if (from >= rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	return dup_from(fd, from, flags);
}

static long dup_to(unsigned old, unsigned new, unsigned flags)
{
	struct files *files = current->files;
	struct file *f, *was = NULL;
	struct fdtable *t;
	struct fd from;
	bool locked;
	long err;

	if (new >= rlimit(RLIMIT_NOFILE) || new >= NR_OPEN_MAX)
		return -EBADF;
	from = fd_get_raw(old);
	if (!from.file)
		return -EBADF;
	f = file_get(from.file);
	fd_put(from);
	locked = table_lock(files);
	err = new >= files->table->max ? table_grow(files, new, locked) : 0;
	t = files->table;
	if (!err) {
		was = t->fd[new];
		/* Reserved by an open in another thread that has not finished. */
		if (!was && (t->open[new / 64] >> (new % 64) & 1))
			err = -EBUSY;
	}
	if (!err) {
		t->open[new / 64] |= 1UL << (new % 64);
		set_cloexec(t, new, flags & O_CLOEXEC);
		notify_mark_file(f);
		rcu_assign_pointer(t->fd[new], f);
	}
	table_unlock(files, locked);
	if (err)
		file_put(f);
	else if (was)
		file_close(was);
	return err ? err : new;
}

long sys_dup3(unsigned old, unsigned new, int flags)
{
	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	if (old == new)
		return -EINVAL;
	return dup_to(old, new, flags);
}

long sys_dup2(unsigned old, unsigned new)
{
	struct fd f;

	if (old != new)
		return dup_to(old, new, 0);
	f = fd_get_raw(old);
	if (!f.file)
		return -EBADF;
	fd_put(f);
	return new;
}

bool fd_cloexec(unsigned fd)
{
	struct fdtable *t = current->files->table;

	return t->cloexec[fd / 64] >> (fd % 64) & 1;
}

void fd_set_cloexec(unsigned fd, bool on)
{
	struct files *files = current->files;
	bool locked = table_lock(files);

	set_cloexec(files->table, fd, on);
	table_unlock(files, locked);
}

static void close_range(struct files *files, unsigned first, unsigned last)
{
	struct file *f;

	for (unsigned fd = first; fd <= last && fd < READ_ONCE(files->table)->max; fd++) {
		f = fd_take(files, fd);
		if (f) {
			file_close(f);
			cond_resched();
		}
	}
}

static void cloexec_range(struct files *files, unsigned first, unsigned last)
{
	bool locked = table_lock(files);

	for (unsigned fd = first; fd <= last && fd < files->table->max; fd++)
		set_cloexec(files->table, fd, true);
	table_unlock(files, locked);
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	if (first > last)
		return -EINVAL;
	if ((flags & CLOSE_RANGE_UNSHARE) && files_unshare())
		return -ENOMEM;
	if (flags & CLOSE_RANGE_CLOEXEC)
		cloexec_range(current->files, first, last);
	else
		close_range(current->files, first, last);
	return 0;
}
