// SPDX-License-Identifier: BSD-2-Clause
/*
 * System V shared memory: shmget, shmat, shmdt. A segment is a file of tmpfs without a name; each shmat() opens it
 * anew, and each area that maps such a file counts as attached. Source: shmop(2), shmget(2).
 */
#include "shm.h"
#include <generated/syscalls.h>
#include <janus/fs.h>
#include <janus/mm.h>
#include <janus/pagecache.h>
#include <janus/printk.h>
#include <uapi/mman.h>

static void segment_free(struct ipc_object *o)
{
	if (!o->removed)	/* it never came into the table */
		shm_total_pages -= segment_of(o)->pages;
	file_put(segment_of(o)->file);
	kfree(segment_of(o));
}

struct ipc_ids shm_segments = IPC_IDS_INIT(shm_segments, SHMMNI, segment_free);
u64 shm_total_pages;

/* ---- areas ---- */

/* An attachment ends; the last one of a segment that was to go takes it along. */
static void detach(struct shm_segment *s, bool told)
{
	GUARD(mutex, &shm_segments.lock);

	mutex_lock(&s->obj.lock);
	s->attached--;
	if (told) {
		s->dtime = ipc_now();
		s->lpid = current->process->tgid;
	}
	if (!s->attached && s->obj.mode & SHM_DEST && !s->obj.removed)
		shm_remove(s);
	mutex_unlock(&s->obj.lock);
}

static void attach(struct shm_segment *s)
{
	mutex_lock(&s->obj.lock);
	s->attached++;
	s->atime = ipc_now();
	s->lpid = current->process->tgid;
	mutex_unlock(&s->obj.lock);
}

static void area_open(struct vma *vma)
{
	attach(vma->file->private);
}

static void area_close(struct vma *vma)
{
	detach(vma->file->private, true);
}

static const struct vm_ops shm_vm_ops = { .fault = filemap_fault, .open = area_open, .close = area_close };

static int shm_mmap(struct file *f, struct vma *vma)
{
	vma->ops = &shm_vm_ops;
	attach(f->private);
	return 0;
}

static void shm_release(struct file *f)
{
	ipc_put(&shm_segments, &((struct shm_segment *)f->private)->obj);
}

static const struct file_ops shm_file_ops = { .mmap = shm_mmap, .llseek = noop_llseek, .release = shm_release };

/* ---- shmget ---- */

void shm_remove(struct shm_segment *s)
{
	shm_total_pages -= s->pages;
	ipc_remove(&shm_segments, &s->obj);
}

static struct ipc_object *segment_create(size_t size, int flags, s32 key)
{
	struct shm_segment *s;
	char name[16];

	if (size < SHMMIN || size > INT64_MAX)	/* what a file can have is less than SHMMAX */
		return ERR_PTR(-EINVAL);
	if (shm_total_pages + (ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT) > SHMALL)
		return ERR_PTR(-ENOSPC);
	if (flags & SHM_HUGETLB)	/* there are none, and not everybody may ask for many */
		return ERR_PTR(capable(CAP_IPC_LOCK) ||
			       ALIGN_UP(size, 2UL << 20) <= rlimit(RLIMIT_MEMLOCK) ? -ENOMEM : -EPERM);
	if (!(flags & SHM_NORESERVE) && ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT > nr_total_pages)
		return ERR_PTR(-ENOMEM);
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	snprintf(name, sizeof(name), "SYSV%08x", (u32)key);
	s->file = shmem_file_create(name, (s64)size);
	if (IS_ERR(s->file)) {
		long err = PTR_ERR(s->file);

		kfree(s);
		return ERR_PTR(err);
	}
	s->size = size;
	s->pages = ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;
	s->ctime = ipc_now();
	s->cpid = current->process->tgid;
	shm_total_pages += s->pages;
	return &s->obj;
}

static int segment_fits(struct ipc_object *o, size_t size)
{
	return size > segment_of(o)->size ? -EINVAL : 0;
}

long sys_shmget(int key, size_t size, int flags)
{
	static const struct ipc_get_ops ops = { .create = segment_create, .fits = segment_fits };

	return ipc_get(&shm_segments, key, flags, size, &ops);
}

/* ---- shmat ---- */

/* Where shmat() is to map; 0: anywhere. 0 or -EINVAL. */
static int attach_address(uaddr_t *addr, int flags)
{
	if (*addr & ~PAGE_MASK) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		*addr &= PAGE_MASK;
	}
	return !*addr && flags & SHM_REMAP ? -EINVAL : 0;
}

/* A file of the segment for one shmat(), and the segment held attached; or ERR_PTR. */
static struct file *open_segment(int id, int flags)
{
	struct ipc_object *o = ipc_lock(&shm_segments, id);
	struct file *f;
	int err;

	if (IS_ERR(o))
		return (struct file *)o;
	err = ipc_permitted(o, IPC_READ | (flags & SHM_RDONLY ? 0 : IPC_WRITE) | (flags & SHM_EXEC ? 0111 : 0));
	f = err ? ERR_PTR(err) :
		shmem_file_reopen(segment_of(o)->file, &shm_file_ops, flags & SHM_RDONLY ? O_RDONLY : O_RDWR);
	if (!IS_ERR(f)) {
		f->private = segment_of(o);
		ref_get(&o->refs);
		segment_of(o)->attached++;
	}
	ipc_unlock(&shm_segments, o);
	return f;
}

static long map_segment(struct file *f, uaddr_t addr, size_t size, int flags, bool fixed)
{
	struct mm *mm = current->mm;
	unsigned prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
	GUARD(write, &mm->mmap_lock);

	if (addr && !(flags & SHM_REMAP)) {
		struct vma *vma = vma_find(mm, addr);

		if (addr + size < addr || (vma && vma->start < addr + size))
			return -EINVAL;
	}
	return do_mmap(mm, f, addr, size, prot, MAP_SHARED | (fixed ? MAP_FIXED : 0), 0);
}

long sys_shmat(int id, uaddr_t addr, int flags)
{
	bool fixed = addr != 0;
	struct shm_segment *s;
	struct file *f;
	long where;
	int err = id < 0 ? -EINVAL : attach_address(&addr, flags);

	if (err)
		return err;
	f = open_segment(id, flags);
	if (IS_ERR(f))
		return PTR_ERR(f);
	s = f->private;
	where = map_segment(f, addr, s->size, flags, fixed);
	detach(s, false);
	file_put(f);
	return where;
}

/* Is the area a part of a segment that was attached at addr? [ml] */
static bool attached_at(const struct vma *vma, uaddr_t addr)
{
	return vma->ops == &shm_vm_ops && (vma->start - addr) >> PAGE_SHIFT == vma->pgoff;
}

long sys_shmdt(uaddr_t addr)
{
	struct mm *mm = current->mm;
	const struct file *file = NULL;
	u64 size = 0;
	struct vma *vma;
	GUARD(write, &mm->mmap_lock);

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	/* What is left of it may be in several pieces. */
	for (vma = vma_find(mm, addr); vma && (!file || vma->end - addr <= size);) {
		uaddr_t end = vma->end;

		if (attached_at(vma, addr) && (!file || vma->file == file)) {
			if (!file)
				size = ALIGN_UP(((struct shm_segment *)vma->file->private)->size, PAGE_SIZE);
			file = vma->file;
			do_munmap(mm, vma->start, end - vma->start);
		}
		vma = vma_find(mm, end);
	}
	return file ? 0 : -EINVAL;
}
