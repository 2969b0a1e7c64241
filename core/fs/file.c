// SPDX-License-Identifier: BSD-2-Clause
/*
 * Open files: allocation, the last reference, and files without a name.
 *
 * Each CPU keeps a few free ones. They are used again at once, so one who finds a file under RCU takes a
 * reference and then looks whether it is still the one he meant (fdtable.c). So anybody's reference may be the last
 * one, also of a file whose opening failed.
 */
#include "internal.h"

#include <janus/alloc_site.h>
#include <janus/fasync.h>
#include <janus/notify.h>

#define CPU_FILES 16

static struct kmem_cache *file_cache;
static struct {
	struct file *file[CPU_FILES];
	unsigned n;
	s64 open;		/* allocated less freed on this CPU */
} __cacheline_aligned cpu_files[NR_CPUS];	/* [own] */

static struct mount *anon_mount;
static struct inode *anon_inode;

struct file *file_alloc(void)
{
	typeof(&cpu_files[0]) cache = &cpu_files[this_cpu_id()];
	struct file *f;

	if (hunt_alloc_fails())
		return NULL;
	if (likely(cache->n)) {
		f = cache->file[--cache->n];
	} else {
		f = kmem_cache_alloc(file_cache, GFP_KERNEL | GFP_PART);
		if (!f)
			return NULL;
		cache = &cpu_files[this_cpu_id()];	/* we may have slept */
	}
	cache->open++;
	alloc_site_set(&f->site, "file");
	f->flags = 0;
	f->mode = 0;
	f->pos = 0;
	f->private = NULL;
	f->cred = cred_get(current->cred);
	f->owner = NULL;
	spin_init(&f->lock);
	mutex_init(&f->pos_lock);
	list_init(&f->epoll_links);
	__atomic_store_n(&f->refs.n, 1, __ATOMIC_RELEASE);
	return f;
}

u64 file_count(void)
{
	s64 n = 0;

	for (unsigned i = 0; i < NR_CPUS; i++)
		n += READ_ONCE(cpu_files[i].open);
	return n > 0 ? n : 0;
}

static void file_free_rcu(struct rcu_head *head)
{
	kmem_cache_free(file_cache, container_of(head, struct file, rcu));
}

static void file_free(struct file *f)
{
	typeof(&cpu_files[0]) cache;

	cred_put(f->cred);
	alloc_site_leave(f->site);
	cache = &cpu_files[this_cpu_id()];
	cache->open--;
	if (likely(cache->n < CPU_FILES))
		cache->file[cache->n++] = f;
	else
		call_rcu(&f->rcu, file_free_rcu);
}

static void file_release(struct file *f)
{
	struct path path = f->path;

	if (unlikely(f->mode & FMODE_PATH))
		goto out;
	notify_file(f, f->mode & FMODE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (unlikely(!list_empty(&f->epoll_links)))
		eventpoll_release(f);
	if (unlikely(!list_empty(&f->inode->locks)))
		locks_remove_file(f);
	if (unlikely(f->owner != NULL))
		file_owner_free(f);
	if (f->ops->release)
		f->ops->release(f);
	if (f->mode & FMODE_WRITER)
		inode_put_write(f->inode);
	if (f->mode & FMODE_EXEC)
		inode_allow_write(f->inode);
out:
	file_free(f);
	path_put(&path);
}

void file_put(struct file *f)
{
	if (ref_put(&f->refs))
		file_release(f);
}

int file_close(struct file *f)
{
	int err = 0;

	if (!(f->mode & FMODE_PATH)) {
		if (f->ops->flush)
			err = f->ops->flush(f);
		if (unlikely(!list_empty(&f->inode->locks)))
			locks_remove_posix(f, current->files);
	}
	file_put(f);
	return err;
}

ssize_t kernel_read(struct file *f, void *buf, size_t len, loff_t pos)
{
	struct iov_iter it;

	if (!(f->mode & FMODE_READ) || !f->ops->read)
		return -EINVAL;
	iov_iter_kernel(&it, buf, len);
	return f->ops->read(f, &it, &pos);
}

ssize_t kernel_write(struct file *f, const void *buf, size_t len, loff_t pos)
{
	struct iov_iter it;

	if (!(f->mode & FMODE_WRITE) || !f->ops->write)
		return -EINVAL;
	iov_iter_kernel(&it, (void *)buf, len);
	return f->ops->write(f, &it, &pos);
}

static u32 mode_of_flags(unsigned flags)
{
	static const u8 modes[] = { FMODE_READ, FMODE_WRITE, FMODE_READ | FMODE_WRITE, 0 };

	return modes[flags & O_ACCMODE];
}

struct file *file_alloc_pseudo(struct mount *mnt, struct inode *inode, const char *name, const struct dentry_ops *dops,
			       const struct file_ops *ops, unsigned flags)
{
	struct dentry *d = d_alloc_pseudo(mnt->sb, inode, name, dops);
	struct file *f;

	if (!d)
		return ERR_PTR(-ENOMEM);
	f = file_alloc();
	if (!f) {
		dput(d);
		return ERR_PTR(-ENOMEM);
	}
	f->ops = ops;
	f->flags = flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
	f->mode = mode_of_flags(flags);
	if (ops->llseek && ops->llseek != noop_llseek)
		f->mode |= FMODE_PREAD | FMODE_PWRITE;
	f->mode |= ops->llseek ? FMODE_LSEEK : FMODE_STREAM;
	f->path = (struct path){ mnt_get(mnt), d };
	f->inode = inode;
	return f;
}

/* "anon_inode:[eventfd]": what readlink of /proc/PID/fd/N says. */
static int anon_dname(struct dentry *d, char *buf, size_t size)
{
	return snprintf(buf, size, "anon_inode:%s", d->name.name);
}

static const struct dentry_ops anon_dentry_ops = { .dname = anon_dname, .transient = true };

struct file *file_alloc_anon(const char *name, const struct file_ops *ops, void *private, unsigned flags)
{
	struct file *f = file_alloc_pseudo(anon_mount, inode_get(anon_inode), name, &anon_dentry_ops, ops, flags);

	if (!IS_ERR(f))
		f->private = private;
	return f;
}

static struct super_block *anon_mount_super(struct file_system_type *type, const char *source, u32 flags, char *data)
{
	(void)source, (void)flags, (void)data;
	return super_pseudo(type, ANON_INODE_FS_MAGIC);
}

static struct file_system_type anon_type = { .name = "anon_inodefs", .mount = anon_mount_super, .nodev = true };

void file_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(struct file), 64);
	anon_mount = kern_mount(&anon_type);
	if (!file_cache || IS_ERR(anon_mount))
		panic("no memory for files");
	anon_inode = inode_alloc(anon_mount->sb, 0600);
	if (!anon_inode)
		panic("no memory for files");
}
