// SPDX-License-Identifier: BSD-2-Clause
/*
 * shmctl: owners, limits, locking and the end of segments. Source: shmctl(2).
 */
#include "shm.h"
#include <generated/syscalls.h>
#include <janus/fs.h>
#include <janus/pagecache.h>

static long tell_limits(uaddr_t buf)
{
	struct shminfo64 info = {
		.shmmax = SHMMAX, .shmmin = SHMMIN, .shmmni = SHMMNI, .shmseg = SHMMNI, .shmall = SHMALL,
	};

	return copy_struct_out(buf, &info) ? -EFAULT : ipc_last_index(&shm_segments);
}

static u64 resident_pages(void)
{
	struct ipc_object *o;
	u64 index = 0, pages = 0;
	GUARD(mutex, &shm_segments.lock);

	for (; (o = radix_next(&shm_segments.slots, &index)); index++)
		pages += READ_ONCE(segment_of(o)->file->inode->mapping.nr_pages);
	return pages;
}

static long tell_usage(uaddr_t buf)
{
	struct shm_info info = {
		.used_ids = (s32)READ_ONCE(shm_segments.in_use),
		.shm_tot = READ_ONCE(shm_total_pages),
		.shm_rss = resident_pages(),
	};

	return copy_struct_out(buf, &info) ? -EFAULT : ipc_last_index(&shm_segments);
}

static long tell_segment(int id, int cmd, uaddr_t buf)
{
	struct ipc_object *o = cmd == IPC_STAT ? ipc_lock(&shm_segments, id) : ipc_lock_index(&shm_segments, id);
	struct shmid64_ds ds = { 0 };
	struct shm_segment *s;
	long result;

	if (IS_ERR(o))
		return PTR_ERR(o);
	s = segment_of(o);
	result = cmd == SHM_STAT_ANY ? 0 : ipc_permitted(o, IPC_READ);
	ipc_fill_perm(&ds.perm, o);
	ds.segsz = s->size;
	ds.atime = s->atime;
	ds.dtime = s->dtime;
	ds.ctime = s->ctime;
	ds.cpid = s->cpid;
	ds.lpid = s->lpid;
	ds.nattch = s->attached;
	if (!result && cmd != IPC_STAT)
		result = o->id;
	ipc_unlock(&shm_segments, o);
	if (result < 0)
		return result;
	return copy_struct_out(buf, &ds) ? -EFAULT : result;
}

static long change_segment(int id, const struct shmid64_ds *ds)
{
	struct ipc_object *o = ipc_lock_owned(&shm_segments, id);
	long err;

	if (IS_ERR(o))
		return PTR_ERR(o);
	err = ipc_set_perm(o, &ds->perm);
	if (!err)
		segment_of(o)->ctime = ipc_now();
	ipc_unlock_owned(&shm_segments, o);
	return err;
}

/* One that is attached goes with its last attachment; nobody finds it by its key any more. */
static long remove_segment(int id)
{
	struct ipc_object *o = ipc_lock_owned(&shm_segments, id);

	if (IS_ERR(o))
		return PTR_ERR(o);
	if (segment_of(o)->attached) {
		o->mode |= SHM_DEST;
		ipc_forget_key(o);
	} else {
		shm_remove(segment_of(o));
	}
	ipc_unlock_owned(&shm_segments, o);
	return 0;
}

/* What tmpfs holds is in memory already and stays there: there is nothing to do but to say so. */
static long lock_segment(int id, bool lock)
{
	struct ipc_object *o = ipc_lock(&shm_segments, id);
	uid_t euid = current->cred->euid;
	long err = 0;

	if (IS_ERR(o))
		return PTR_ERR(o);
	if (!capable(CAP_IPC_LOCK)) {
		if (euid != o->uid && euid != o->cuid)
			err = -EPERM;
		else if (lock && !rlimit(RLIMIT_MEMLOCK))
			err = -EPERM;
		else if (lock && segment_of(o)->size > rlimit(RLIMIT_MEMLOCK))
			err = -ENOMEM;
	}
	if (!err)
		o->mode = lock ? o->mode | SHM_LOCKED : o->mode & ~(u32)SHM_LOCKED;
	ipc_unlock(&shm_segments, o);
	return err;
}

long sys_shmctl(int id, int cmd, uaddr_t buf)
{
	struct shmid64_ds ds;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return tell_limits(buf);
	case SHM_INFO:
		return tell_usage(buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return tell_segment(id, cmd, buf);
	case IPC_SET:
		return copy_struct_in(&ds, buf) ? -EFAULT : change_segment(id, &ds);
	case IPC_RMID:
		return remove_segment(id);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return lock_segment(id, cmd == SHM_LOCK);
	}
	return -EINVAL;
}

static void show_line(struct textbuf *t, struct ipc_object *o)
{
	const struct shm_segment *s = segment_of(o);

	tb_printf(t, "%21lu %5u %5u  %5lu %5u %5u %5u %5u %10ld %10ld %10ld %21lu %21lu\n", (unsigned long)s->size,
		  (unsigned)s->cpid, (unsigned)s->lpid, (unsigned long)s->attached, o->uid, o->gid, o->cuid, o->cgid,
		  (long)s->atime, (long)s->dtime, (long)s->ctime,
		  (unsigned long)READ_ONCE(s->file->inode->mapping.nr_pages) << PAGE_SHIFT, 0UL);
}

void ipc_show_memory(struct textbuf *t)
{
	tb_puts(t, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid"
		   "      atime      dtime      ctime                   rss                  swap\n");
	ipc_show(&shm_segments, t, show_line);
}
