// SPDX-License-Identifier: BSD-2-Clause
/*
 * mmap, munmap, brk, and the kernel's own ways to map: what is allowed, where it goes, what it is counted
 * as. The errors, and their order, are Linux's.
 */
#include "internal.h"

#include <generated/syscalls.h>
#include <janus/thread.h>
#include <uapi/capability.h>
#include <uapi/mman.h>
#include <uapi/mount.h>

/* What a mapping of file type `MAP_SHARED_VALIDATE` may ask for. */
#define MAP_KNOWN (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | \
		   MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | \
		   MAP_UNINITIALIZED | MAP_FIXED_NOREPLACE)

/* ---- limits ---- */

bool may_expand(struct mm *mm, u32 flags, u64 pages)
{
	if (mm->total_vm + pages > rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		return false;
	return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) != VM_WRITE ||
	       mm->data_vm + pages <= rlimit(RLIMIT_DATA) >> PAGE_SHIFT;
}

/* Linux's heuristic: only what could never be there is refused. */
static bool enough_memory(u32 flags, u64 pages)
{
	if ((flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) != VM_WRITE)
		return true;
	return pages <= nr_total_pages;
}

int mlock_limit_ok(struct mm *mm, u64 pages)
{
	u64 limit = rlimit(RLIMIT_MEMLOCK);

	if (limit == RLIM_INFINITY || mm->locked_vm + pages <= limit >> PAGE_SHIFT || capable(CAP_IPC_LOCK))
		return 0;
	return -EAGAIN;
}

/* Pages of [start, end) that are mapped already and that MAP_FIXED would replace. */
static u64 pages_mapped(struct mm *mm, uaddr_t start, uaddr_t end)
{
	u64 pages = 0;

	for (struct vma *vma = vma_find(mm, start); vma && vma->start < end; vma = vma_next(vma))
		pages += (min(end, vma->end) - max(start, vma->start)) >> PAGE_SHIFT;
	return pages;
}

/* ---- placement ---- */

static bool find_place_ok(struct mm *mm, uaddr_t addr, size_t len)
{
	return addr && addr >= MMAP_MIN_ADDR && len <= ARCH_USER_END - addr && range_is_free(mm, addr, addr + len);
}

/* The address of a new mapping, or -errno. */
static long choose_addr(struct mm *mm, uaddr_t addr, size_t len, unsigned flags)
{
	uaddr_t found;

	if (len > ARCH_USER_END)
		return -ENOMEM;
	if (flags & MAP_FIXED) {
		if (addr > ARCH_USER_END - len)
			return -ENOMEM;
		if (addr & ~PAGE_MASK)
			return -EINVAL;
		if (addr < MMAP_MIN_ADDR && !capable(CAP_SYS_RAWIO))
			return -EPERM;
		if (flags & MAP_FIXED_NOREPLACE) {
			struct vma *vma = vma_find(mm, addr);

			if (vma && vma->start < addr + len)
				return -EEXIST;
		}
		return (long)addr;
	}
	addr &= PAGE_MASK;
	if (addr && addr < MMAP_MIN_ADDR)
		addr = MMAP_MIN_ADDR;
#ifdef MAP_32BIT
	if (flags & MAP_32BIT)
		found = addr && addr + len <= 1UL << 31 && find_place_ok(mm, addr, len) ? addr :
			find_gap_low(mm, len, 1UL << 31);
	else
#endif
		found = find_place_ok(mm, addr, len) ? addr : find_gap(mm, len);
	return found ? (long)found : -ENOMEM;
}

/* ---- what kind of mapping ---- */

static u32 prot_to_vm(unsigned prot)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0);
}

/* VM_* of a file mapping, or -errno. */
static long file_vm_flags(struct file *f, unsigned prot, unsigned flags, u32 vm)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
	case MAP_SHARED_VALIDATE:
		if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && flags & ~(unsigned)MAP_KNOWN)
			return -EOPNOTSUPP;
		if (prot & PROT_WRITE && !(f->mode & FMODE_WRITE))
			return -EACCES;
		vm |= VM_SHARED;
		if (!(f->mode & FMODE_WRITE))
			vm &= ~(u32)VM_MAYWRITE;
		break;
	case MAP_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	if (!(f->mode & FMODE_READ))
		return -EACCES;
	if (f->path.mnt && f->path.mnt->flags & MS_NOEXEC) {
		if (prot & PROT_EXEC)
			return -EPERM;
		vm &= ~(u32)VM_MAYEXEC;
	}
	if (!f->ops->mmap)
		return -ENODEV;
	return flags & MAP_GROWSDOWN ? -EINVAL : (long)vm;
}

/* The end of the mapping must be an offset that a file can have. */
static bool file_reaches(const struct file *f, size_t len, u64 pgoff)
{
	u64 most = (u64)INT64_MAX;

	return !S_ISREG(f->inode->mode) || (len <= most && pgoff <= (most - len) >> PAGE_SHIFT);
}

static long anon_vm_flags(unsigned flags, u32 vm)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		return flags & MAP_GROWSDOWN ? -EINVAL : (long)(vm | VM_SHARED);
	case MAP_PRIVATE:
		return vm | (flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0);
	default:
		return -EINVAL;
	}
}

/* ---- making the area ---- */

/* Count a shared writable mapping, unless there may be none. */
static bool hold_writable(struct address_space *m)
{
	s32 n = READ_ONCE(m->nr_writable);

	do {
		if (n < 0)
			return false;
	} while (!__atomic_compare_exchange_n(&m->nr_writable, &n, n + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return true;
}

static bool may_write_shared(u32 vm)
{
	return (vm & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
}

static void release_writable(struct address_space *m)
{
	__atomic_fetch_sub(&m->nr_writable, 1, __ATOMIC_RELEASE);
}

/*
 * An area that is not in the tree yet; takes a reference on the file. ERR_PTR. Of a shared one that may become writable
 * the file's mapping is held so until vma_link() counts it: a seal comes before us or finds us.
 */
static struct vma *make_vma(struct mm *mm, uaddr_t start, uaddr_t end, u32 vm, struct file *file, u64 pgoff)
{
	struct vma *vma = vma_alloc(mm);
	int err = 0;

	if (!vma)
		return ERR_PTR(-ENOMEM);
	vma->start = start;
	vma->end = end;
	vma->flags = vm;
	vma->pgoff = pgoff;
	if (file) {
		vma->file = file_get(file);
		if (may_write_shared(vm)) {
			bool held = hold_writable(&file->inode->mapping);

			if (!held || file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
				err = vm & VM_WRITE ? -EPERM : 0;
				vma->flags &= ~(u32)VM_MAYWRITE;
				if (held)
					release_writable(&file->inode->mapping);
			}
		}
		if (!err)
			err = file->ops->mmap(file, vma);
		if (err && may_write_shared(vma->flags))
			release_writable(&file->inode->mapping);
	}
	if (err) {
		vma->ops = NULL;
		vma_free(vma);
		return ERR_PTR(err);
	}
	return vma;
}

/* [addr, addr + len) is chosen and judged: put the area there. mmap_lock held for write. */
static long map_region(struct mm *mm, struct file *file, uaddr_t addr, size_t len, u32 vm, u64 pgoff, bool fixed)
{
	u64 pages = len >> PAGE_SHIFT;
	struct vma *vma;
	int err;

	if (!may_expand(mm, vm, pages) && (!fixed || !may_expand(mm, vm, pages - pages_mapped(mm, addr, addr + len))))
		return -ENOMEM;
	if (!enough_memory(vm, pages))
		return -ENOMEM;
	if (fixed) {
		err = unmap_region(mm, addr, addr + len);
		if (err)
			return err;
	}
	if (!file && vma_extend(mm, addr, addr + len, vm, NULL, 0))
		return (long)addr;
	vma = make_vma(mm, addr, addr + len, vm, file, file ? pgoff : addr >> PAGE_SHIFT);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	vma_link(mm, vma);
	if (file) {
		if (may_write_shared(vma->flags))
			release_writable(&file->inode->mapping);
		vma_merge(vma);
	}
	return (long)addr;
}

long do_mmap(struct mm *mm, struct file *file, uaddr_t addr, size_t len, unsigned prot, unsigned flags, u64 pgoff)
{
	u32 vm = prot_to_vm(prot) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | mm->def_flags;
	bool fixed;
	long where, kind;

	if (!len)
		return -EINVAL;
	if (flags & MAP_FIXED_NOREPLACE)
		flags |= MAP_FIXED;
	fixed = flags & MAP_FIXED;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (mm->nr_vmas > MAX_MAP_COUNT)
		return -ENOMEM;
	where = choose_addr(mm, addr, len, flags);
	if (where < 0)
		return where;
	if (flags & MAP_LOCKED) {
		if (!rlimit(RLIMIT_MEMLOCK) && !capable(CAP_IPC_LOCK))
			return -EPERM;
		vm |= VM_LOCKED;
	}
	if (vm & VM_LOCKED && mlock_limit_ok(mm, len >> PAGE_SHIFT))
		return -EAGAIN;
	if (file && !file_reaches(file, len, pgoff))
		return -EOVERFLOW;
	kind = file ? file_vm_flags(file, prot, flags, vm) : anon_vm_flags(flags, vm);
	if (kind < 0)
		return kind;
	vm = (u32)kind | (flags & MAP_NORESERVE ? VM_NORESERVE : 0);
	if (!file && vm & VM_SHARED) {
		/* Shared anonymous memory is a file without a name. */
		if (len >> PAGE_SHIFT > nr_total_pages && !(vm & VM_NORESERVE))
			return -ENOMEM;
		file = shmem_file_create("dev/zero", (s64)len);
		if (IS_ERR(file))
			return PTR_ERR(file);
		where = map_region(mm, file, (uaddr_t)where, len, vm, 0, fixed);
		file_put(file);
		return where;
	}
	return map_region(mm, file, (uaddr_t)where, len, vm, pgoff, fixed);
}

int do_munmap(struct mm *mm, uaddr_t addr, size_t len)
{
	if (addr & ~PAGE_MASK || addr > ARCH_USER_END || len > ARCH_USER_END - addr)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len)
		return -EINVAL;
	return unmap_region(mm, addr, addr + len);
}

int mm_map_special(struct mm *mm, uaddr_t addr, size_t len, u32 vm_flags, const struct vm_ops *ops)
{
	struct vma *vma = vma_alloc(mm);

	if (!vma)
		return -ENOMEM;
	vma->start = addr;
	vma->end = addr + ALIGN_UP(len, PAGE_SIZE);
	vma->flags = vm_flags | VM_SPECIAL;
	vma->ops = ops;
	if (vma->end > ARCH_USER_END || !range_is_free(mm, vma->start, vma->end)) {
		vma->ops = NULL;
		vma_free(vma);
		return -ENOMEM;
	}
	vma_link(mm, vma);
	return 0;
}

#define STACK_FIRST_SIZE (132UL << 10)

int setup_stack_vma(struct mm *mm, uaddr_t top)
{
	uaddr_t end = ALIGN_UP(top, PAGE_SIZE);
	struct vma *vma;

	if (!range_is_free(mm, end - STACK_FIRST_SIZE, end))
		return -ENOMEM;		/* a segment of the program lies there */
	vma = vma_alloc(mm);
	if (!vma)
		return -ENOMEM;
	vma->end = end;
	vma->start = end - STACK_FIRST_SIZE;
	vma->flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_GROWSDOWN | mm->def_flags;
	vma->pgoff = vma->start >> PAGE_SHIFT;
	vma_link(mm, vma);
	return 0;
}

/* ---- brk ---- */

/* An anonymous area at exactly [start, start + len), which is free. 0 or -errno. mmap_lock held for write. */
static long brk_area(struct mm *mm, uaddr_t start, size_t len, u32 flags)
{
	struct vma *vma;

	flags |= mm->def_flags;
	if (start < MMAP_MIN_ADDR && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (!may_expand(mm, flags, len >> PAGE_SHIFT) || mm->nr_vmas > MAX_MAP_COUNT ||
	    !enough_memory(flags, len >> PAGE_SHIFT))
		return -ENOMEM;
	if (flags & VM_LOCKED && mlock_limit_ok(mm, len >> PAGE_SHIFT))
		return -EAGAIN;
	if (vma_extend(mm, start, start + len, flags, NULL, 0))
		return 0;
	vma = make_vma(mm, start, start + len, flags, NULL, start >> PAGE_SHIFT);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	vma_link(mm, vma);
	return 0;
}

long do_brk_vma(struct mm *mm, uaddr_t start, size_t len, u32 vm_flags)
{
	uaddr_t end = ALIGN_UP(start + len, PAGE_SIZE);
	long err;

	start &= PAGE_MASK;
	if (end == start)
		return 0;
	if (end < start || end > ARCH_USER_END)
		return -ENOMEM;
	err = unmap_region(mm, start, end);
	return err ? err : brk_area(mm, start, end - start, vm_flags);
}

/* Move the break from old_end to new_end, both page aligned. mmap_lock held for write. */
static bool move_brk(struct mm *mm, uaddr_t old_end, uaddr_t new_end)
{
	struct vma *next;

	if (new_end <= old_end)
		return new_end == old_end || !unmap_region(mm, new_end, old_end);
	next = vma_find(mm, old_end);
	if (new_end > ARCH_USER_END - PAGE_SIZE || (next && !range_is_free(mm, old_end, new_end + PAGE_SIZE)))
		return false;
	return !brk_area(mm, old_end, new_end - old_end,
			 VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC);
}

long sys_brk(uaddr_t brk)
{
	struct mm *mm = current->mm;
	u64 limit = rlimit(RLIMIT_DATA);
	uaddr_t old_end, new_end;
	bool grew = false;
	long result;

	down_write(&mm->mmap_lock);
	result = (long)mm->brk;
	old_end = ALIGN_UP(mm->brk, PAGE_SIZE);
	new_end = ALIGN_UP(brk, PAGE_SIZE);
	if (brk >= mm->brk_start && new_end >= brk &&
	    (limit == RLIM_INFINITY || brk - mm->brk_start + (mm->data_end - mm->data_start) <= limit) &&
	    move_brk(mm, old_end, new_end)) {
		result = (long)(mm->brk = brk);
		grew = new_end > old_end && mm->def_flags & VM_LOCKED;
	}
	up_write(&mm->mmap_lock);
	if (unlikely(grew))
		populate(mm, old_end, new_end, true);
	return result;
}

/* ---- the calls ---- */

static long mmap_locked(struct file *file, uaddr_t addr, size_t len, unsigned prot, unsigned flags, u64 offset)
{
	struct mm *mm = current->mm;
	bool lock;
	long where;

	down_write(&mm->mmap_lock);
	where = do_mmap(mm, file, addr, len, prot, flags, offset >> PAGE_SHIFT);
	lock = mm->def_flags & VM_LOCKED;
	up_write(&mm->mmap_lock);
	if (where >= 0 && (lock || flags & MAP_LOCKED || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)) {
		/* Best effort, as in Linux: what cannot be brought in now faults later. */
		populate(mm, (uaddr_t)where, (uaddr_t)where + ALIGN_UP(len, PAGE_SIZE),
			 prot & PROT_WRITE && (flags & MAP_TYPE) == MAP_PRIVATE);
	}
	return where;
}

long sys_mmap(uaddr_t addr, unsigned long len, unsigned long prot, unsigned long flags, unsigned int fd,
	      unsigned long offset)
{
	struct fd f;
	long where;

	if (offset & ~PAGE_MASK)
		return -EINVAL;
	if (flags & MAP_ANONYMOUS) {
		if (unlikely(flags & MAP_HUGETLB))
			return len ? -ENOMEM : -EINVAL;	/* there is no pool of huge pages */
		return mmap_locked(NULL, addr, len, (unsigned)prot, (unsigned)flags, 0);
	}
	f = fd_get(fd);
	if (!f.file)
		return -EBADF;
	where = flags & MAP_HUGETLB ? -EINVAL : mmap_locked(f.file, addr, len, (unsigned)prot, (unsigned)flags, offset);
	fd_put(f);
	return where;
}

long sys_munmap(uaddr_t addr, size_t len)
{
	struct mm *mm = current->mm;
	long err;

	down_write(&mm->mmap_lock);
	err = do_munmap(mm, addr, len);
	up_write(&mm->mmap_lock);
	return err;
}
