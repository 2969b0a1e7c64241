// SPDX-License-Identifier: BSD-2-Clause
/*
 * Descriptor tables: numbers and the files behind them, and the tables of threads. See fdtable.h.
 */
#include "fdtable.h"

#include <janus/notify.h>
#include <generated/syscalls.h>

static struct kmem_cache *files_cache;

/*
 * Under RCU: the file in a slot, counted, or NULL. When the slot changed meanwhile, *stale is a file to put, which
 * may sleep, and then the caller asks again.
 */
static struct file *slot_get(struct files *files, unsigned fd, struct file **stale)
{
	struct fdtable *t = rcu_dereference(files->table);
	struct file *f;

	*stale = NULL;
	if (fd >= t->max)
		return NULL;
	do {
		f = rcu_dereference(t->fd[fd]);
		if (!f)
			return NULL;
	} while (!ref_get_not_zero(&f->refs));
	if (likely(rcu_dereference(t->fd[fd]) == f && rcu_dereference(files->table) == t))
		return f;
	*stale = f;
	return NULL;
}

struct fd fd_get_shared(unsigned fd, u32 without)
{
	struct file *f, *stale;

	while (!(f = slot_get(current->files, fd, &stale)) && stale)
		file_put(stale);
	if (f && (f->mode & without)) {
		file_put(f);
		f = NULL;
	}
	return (struct fd){ f, f != NULL };
}

/* The first open file of t at or after *fd, up to `last`; *fd becomes its number. */
static struct file *first_file(struct thread *t, unsigned *fd, unsigned last)
{
	struct file *f, *stale;

	do {
		f = stale = NULL;
		spin_lock(&t->lock);
		if (t->files)
			for (; *fd <= last && *fd < rcu_dereference(t->files->table)->max; ++*fd)
				if ((f = slot_get(t->files, *fd, &stale)) || stale)
					break;
		spin_unlock(&t->lock);
		if (stale)
			file_put(stale);
	} while (stale);
	return f;
}

struct file *file_of_thread(struct thread *t, unsigned fd)
{
	return first_file(t, &fd, fd);
}

bool fd_cloexec_of_thread(struct thread *t, unsigned fd)
{
	const struct fdtable *table;
	bool on = false;

	spin_lock(&t->lock);
	if (t->files) {
		rcu_read_lock();
		table = rcu_dereference(t->files->table);
		on = fd < table->max && READ_ONCE(table->cloexec[fd / 64]) >> (fd % 64) & 1;
		rcu_read_unlock();
	}
	spin_unlock(&t->lock);
	return on;
}

struct file *file_of_thread_next(struct thread *t, unsigned *fd)
{
	return first_file(t, fd, UINT32_MAX);
}

static void table_free(struct fdtable *t)
{
	kfree(t->fd);
	kfree(t);
}

static void table_free_rcu(struct rcu_head *head)
{
	table_free(container_of(head, struct fdtable, rcu));
}

/* Slots and both bit maps in one piece. */
static struct fdtable *table_alloc(unsigned max)
{
	struct fdtable *t = kmalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	t->max = max;
	t->fd = kzalloc(max * sizeof(*t->fd) + max / 4, GFP_KERNEL);
	if (!t->fd) {
		kfree(t);
		return NULL;
	}
	t->open = (unsigned long *)(t->fd + max);
	t->cloexec = t->open + max / 64;
	return t;
}

static void table_copy(struct fdtable *to, const struct fdtable *from, unsigned max)
{
	memcpy(to->fd, from->fd, max * sizeof(*to->fd));
	memcpy(to->open, from->open, max / 8);
	memcpy(to->cloexec, from->cloexec, max / 8);
}

static unsigned table_size(unsigned fd)
{
	unsigned max = FD_INLINE * 4;

	while (max <= fd)
		max *= 2;
	return max;
}

int table_grow(struct files *files, unsigned fd, bool locked)
{
	struct fdtable *t, *old;

	table_unlock(files, locked);
	t = table_alloc(table_size(fd));
	if (locked)
		spin_lock(&files->lock);
	if (!t)
		return -ENOMEM;
	old = files->table;
	if (old->max >= t->max) {
		table_free(t);
		return 0;
	}
	table_copy(t, old, old->max);
	rcu_assign_pointer(files->table, t);
	if (old != &files->inline_table)
		call_rcu(&old->rcu, table_free_rcu);
	return 0;
}

/* First free number at or after `from`; may be t->max. */
static inline unsigned find_free(const struct fdtable *t, unsigned from)
{
	unsigned i = from / 64;
	unsigned long w;

	if (from >= t->max)
		return from;
	w = ~t->open[i] & (~0UL << (from % 64));
	while (!w) {
		if (++i * 64 >= t->max)
			return t->max;
		w = ~t->open[i];
	}
	return i * 64 + __builtin_ctzl(w);
}

/* fd is free: it is the caller's. */
static inline void claim(struct files *files, unsigned from, unsigned fd, unsigned flags)
{
	struct fdtable *t = files->table;

	t->open[fd / 64] |= 1UL << (fd % 64);
	set_cloexec(t, fd, flags & O_CLOEXEC);
	if (from <= files->next)
		files->next = fd + 1;
}

/* The table is shared, or must grow, or may not. */
static __noinline int fd_alloc_slow(unsigned from, unsigned flags)
{
	struct files *files = current->files;
	bool locked = table_lock(files);
	unsigned long limit = rlimit(RLIMIT_NOFILE);
	struct fdtable *t;
	unsigned fd;
	int err;

	for (;;) {
		t = files->table;
		fd = find_free(t, max(from, files->next));
		err = -EMFILE;
		if (unlikely(fd >= limit || fd >= NR_OPEN_MAX))
			goto out;
		if (likely(fd < t->max))
			break;
		err = table_grow(files, fd, locked);
		if (err)
			goto out;
	}
	claim(files, from, fd, flags);
	err = fd;
out:
	table_unlock(files, locked);
	return err;
}

int fd_alloc(unsigned from, unsigned flags)
{
	struct files *files = current->files;
	unsigned fd;

	if (likely(!files_shared(files))) {
		fd = find_free(files->table, max(from, files->next));
		if (likely(fd < files->table->max && fd < rlimit(RLIMIT_NOFILE) && fd < NR_OPEN_MAX)) {
			claim(files, from, fd, flags);
			return (int)fd;
		}
	}
	return fd_alloc_slow(from, flags);
}

void fd_install(int fd, struct file *f)
{
	struct files *files = current->files;
	bool locked = table_lock(files);

	notify_mark_file(f);
	rcu_assign_pointer(files->table->fd[fd], f);
	table_unlock(files, locked);
}

static inline void forget(struct files *files, unsigned fd)
{
	files->table->open[fd / 64] &= ~(1UL << (fd % 64));
	if (fd < files->next)
		files->next = fd;
}

void fd_release(int fd)
{
	struct files *files = current->files;
	bool locked = table_lock(files);

	forget(files, fd);
	table_unlock(files, locked);
}

int fd_install_new(struct file *f, unsigned flags)
{
	int fd;

	if (IS_ERR(f))
		return PTR_ERR(f);
	fd = fd_alloc(0, flags);
	if (fd < 0)
		file_put(f);
	else
		fd_install(fd, f);
	return fd;
}

struct file *fd_take(struct files *files, unsigned fd)
{
	bool locked = table_lock(files);
	struct fdtable *t = files->table;
	struct file *f = fd < t->max ? t->fd[fd] : NULL;

	if (f) {
		rcu_assign_pointer(t->fd[fd], NULL);
		forget(files, fd);
	}
	table_unlock(files, locked);
	return f;
}

static long do_close(unsigned fd)
{
	struct file *f = fd_take(current->files, fd);

	return f ? file_close(f) : -EBADF;
}

long sys_close(unsigned fd)
{
	long err = do_close(fd);

	/* The descriptor is gone: a restart would close another. */
	if (unlikely(err <= -ERESTARTSYS && err >= -ERESTART_RESTARTBLOCK))
		err = -EINTR;
	return err;
}

/* ---- tables of threads ---- */

static struct files *files_alloc(void)
{
	struct files *files = kmem_cache_alloc(files_cache, GFP_KERNEL);

	if (!files)
		return NULL;
	ref_set(&files->refs, 1);
	spin_init(&files->lock);
	files->next = 0;
	files->table = &files->inline_table;
	files->inline_table.max = FD_INLINE;
	files->inline_table.fd = files->inline_fd;
	files->inline_table.open = files->inline_open;
	files->inline_table.cloexec = files->inline_cloexec;
	return files;
}

struct files *files_create(void)
{
	struct files *files = files_alloc();

	if (files) {
		memset(files->inline_fd, 0, sizeof(files->inline_fd));
		files->inline_open[0] = files->inline_cloexec[0] = 0;
	}
	return files;
}

/* One past the highest open descriptor, rounded up to 64. */
static unsigned table_used(const struct fdtable *t)
{
	unsigned i = t->max / 64;

	while (i > 1 && !t->open[i - 1])
		i--;
	return i * 64;
}

/* The first `used` slots, each file counted once more. The lock of `from` is held. */
static void slots_copy(struct fdtable *to, const struct fdtable *from, unsigned used)
{
	memset(to->fd, 0, used * sizeof(*to->fd));
	for (unsigned i = 0; i < used / 64; i++) {
		unsigned long left = from->open[i];

		to->open[i] = 0;
		to->cloexec[i] = from->cloexec[i];
		for (; left; left &= left - 1) {
			unsigned bit = __builtin_ctzl(left);
			struct file *f = from->fd[i * 64 + bit];

			if (!f)		/* being opened by another thread: not ours */
				continue;
			to->open[i] |= 1UL << bit;
			notify_mark_file(f);
			to->fd[i * 64 + bit] = file_get(f);
		}
	}
}

struct files *files_fork(struct files *parent)
{
	struct files *files = files_alloc();
	struct fdtable *t = NULL;
	unsigned used;

	if (!files)
		return NULL;
	spin_lock(&parent->lock);
	while ((used = table_used(parent->table)) > files->table->max && (!t || t->max < used)) {
		spin_unlock(&parent->lock);
		if (t)
			table_free(t);
		t = table_alloc(used);
		if (!t) {
			kmem_cache_free(files_cache, files);
			return NULL;
		}
		spin_lock(&parent->lock);
	}
	if (t)
		files->table = t;
	slots_copy(files->table, parent->table, min(used, files->table->max));
	spin_unlock(&parent->lock);
	return files;
}

static void close_all(struct files *files)
{
	struct fdtable *t = files->table;

	for (unsigned i = 0; i < t->max / 64; i++) {
		while (t->open[i]) {
			unsigned fd = i * 64 + __builtin_ctzl(t->open[i]);
			struct file *f = t->fd[fd];

			t->open[i] &= t->open[i] - 1;
			rcu_assign_pointer(t->fd[fd], NULL);
			if (!f)
				continue;
			if (!(f->mode & FMODE_PATH) && f->ops->flush)
				f->ops->flush(f);
			if (unlikely(!list_empty(&f->inode->locks)))
				locks_remove_posix(f, files);
			file_put(f);
		}
		cond_resched();
	}
}

void files_put(struct files *files)
{
	if (!ref_put(&files->refs))
		return;
	close_all(files);
	if (files->table != &files->inline_table)
		call_rcu(&files->table->rcu, table_free_rcu);
	/* /proc looks at a thread's table under its lock, which it had to take to let go of it. */
	kmem_cache_free(files_cache, files);
}

void files_close_on_exec(void)
{
	struct files *files = current->files;
	struct fdtable *t = files->table;

	for (unsigned i = 0; i < t->max / 64; i++) {
		while (t->cloexec[i] & t->open[i]) {
			unsigned fd = i * 64 + __builtin_ctzl(t->cloexec[i] & t->open[i]);

			set_cloexec(t, fd, false);
			do_close(fd);
			t = files->table;
		}
		t->cloexec[i] = 0;
	}
}

int files_unshare(void)
{
	struct files *old = current->files, *new;

	if (!files_shared(old))
		return 0;
	new = files_fork(old);
	if (!new)
		return -ENOMEM;
	spin_lock(&current->lock);
	current->files = new;
	spin_unlock(&current->lock);
	files_put(old);
	return 0;
}

void fdtable_init(void)
{
	files_cache = kmem_cache_create("files", sizeof(struct files), 64);
	if (!files_cache || !(current->files = files_create()))
		panic("no memory for descriptor tables");
}
