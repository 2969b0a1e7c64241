// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pipes and FIFOs: a ring of pages. A write of up to PIPE_BUF bytes is never torn, because what does not fit
 * behind the last bytes of the newest page starts a page of its own. Source: pipe(7), fifo(7).
 */
#include <janus/fs.h>
#include <janus/pipe.h>
#include <janus/poll.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/thread.h>
#include <generated/syscalls.h>
#include <uapi/mount.h>
#include <uapi/termios.h>

#define PIPE_MAX_SIZE (1u << 20)	/* /proc/sys/fs/pipe-max-size */
#define MIN_BUFFERS 2		/* what a user gets who has too much room in pipes already */
#define CAP_SYS_ADMIN 21
#define CAP_SYS_RESOURCE 24

long pipe_user_pages_soft = 16384, pipe_user_pages_hard;	/* [as is] fs.pipe-user-pages-*; 0: no limit */

static spinlock_t attach_lock = SPINLOCK_INIT;	/* inode->private of FIFOs, pipe->users */
static struct mount *pipe_mount;
static struct kmem_cache *pipe_cache;

struct pipe *file_pipe(struct file *f)
{
	return f->ops == &pipe_fops ? f->inode->private : NULL;
}

/* ---- what a user's pipes may hold ---- */

static inline bool over(s64 pages, const long *limit)
{
	long most = READ_ONCE(*limit);

	return most && pages > most;
}

static bool unprivileged(void)
{
	return !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN);
}

/* p is to have room for nr pages: what its user has then. */
static inline s64 charge(struct pipe *p, u32 nr)
{
	s64 more = (s64)nr - p->charged;

	p->charged = nr;
	return __atomic_add_fetch(&p->user->pipe_pages, more, __ATOMIC_RELAXED);
}

/* A new pipe's room; false: its user may have none. */
static bool give_room(struct pipe *p)
{
	s64 pages = charge(p, PIPE_DEF_BUFFERS);

	p->nr_slots = PIPE_DEF_BUFFERS;
	if (unlikely(over(pages, &pipe_user_pages_soft)) && unprivileged()) {
		p->nr_slots = MIN_BUFFERS;
		pages = charge(p, MIN_BUFFERS);
	}
	return likely(!over(pages, &pipe_user_pages_hard)) || !unprivileged();
}

static void pipe_free(struct pipe *p)
{
	for (; p->tail != p->head; p->tail++)
		page_put(pipe_slot(p, p->tail)->page);
	if (p->spare)
		page_put(p->spare);
	if (p->slots != p->inline_slots)
		kfree(p->slots);
	charge(p, 0);
	user_put(p->user);
	kmem_cache_free(pipe_cache, p);
}

static struct pipe *pipe_create(void)
{
	struct pipe *p = kmem_cache_alloc(pipe_cache, GFP_KERNEL | GFP_ZERO);

	if (!p)
		return NULL;
	mutex_init(&p->lock);
	wait_queue_init(&p->read_wait);
	wait_queue_init(&p->write_wait);
	p->slots = p->inline_slots;
	p->users = 1;
	p->user = current->cred->user;
	ref_get(&p->user->refs);
	if (likely(give_room(p)))
		return p;
	pipe_free(p);
	return NULL;
}

/* ---- reading ---- */

/* The oldest slot is empty: keep one page for the writer, free others. */
static void release_slot(struct pipe *p)
{
	struct pipe_buf *buf = pipe_slot(p, p->tail);

	if (!p->spare && !buf->shared)
		p->spare = buf->page;
	else
		page_put(buf->page);
	WRITE_ONCE(p->tail, p->tail + 1);
}

/* Drain slots into the iterator as far as both go. Bytes, or -EFAULT before the first. */
static ssize_t drain(struct pipe *p, struct iov_iter *it)
{
	ssize_t done = 0;

	while (it->count && p->tail != p->head) {
		struct pipe_buf *buf = pipe_slot(p, p->tail);
		size_t want = min((size_t)buf->len, it->count);
		size_t n = copy_to_iter((u8 *)page_address(buf->page) + buf->offset, want, it);
		bool packet = buf->packet;

		done += n;
		if (n < want)
			return done ? done : -EFAULT;
		buf->offset += n;
		buf->len -= n;
		if (!buf->len || packet)
			release_slot(p);
		if (packet)
			break;
	}
	return done;
}

/* The pipe is empty: 0 when it no longer is, or nobody will write; -errno. The lock is held, and let go to sleep. */
static __noinline ssize_t wait_for_bytes(struct file *f, struct pipe *p)
{
	ssize_t err = 0;

	while (!err && pipe_empty(p) && p->writers) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		mutex_unlock(&p->lock);
		err = wait_event_interruptible(&p->read_wait, !pipe_empty(p) || !READ_ONCE(p->writers));
		mutex_lock(&p->lock);
	}
	return err;
}

static ssize_t pipe_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct pipe *p = f->inode->private;
	ssize_t ret = 0;
	bool full;

	(void)pos;
	if (!it->count)
		return 0;
	mutex_lock(&p->lock);
	if (pipe_empty(p))
		ret = wait_for_bytes(f, p);
	full = pipe_full(p);
	if (!ret)
		ret = drain(p, it);
	full = full && !pipe_full(p);
	mutex_unlock(&p->lock);
	if (unlikely(full))
		wake_up_poll(&p->write_wait, POLLOUT | POLLWRNORM);
	pipe_signal_writers(p);
	if (ret > 0)
		touch_atime(f);
	return ret;
}

/* ---- writing ---- */

/* Small writes go behind the newest bytes when the whole remainder of a page fits there. Bytes or -EFAULT. */
static inline ssize_t merge(struct pipe *p, struct iov_iter *it)
{
	struct pipe_buf *buf;
	size_t n = it->count & (PAGE_SIZE - 1);

	if (!n || p->tail == p->head)
		return 0;
	buf = pipe_slot(p, p->head - 1);
	if (buf->packet || buf->shared || buf->offset + buf->len + n > PAGE_SIZE)
		return 0;
	if (copy_from_iter((u8 *)page_address(buf->page) + buf->offset + buf->len, n, it) != n)
		return -EFAULT;
	buf->len += n;
	return (ssize_t)n;
}

/* Fill one free slot from the iterator. Bytes, or -ENOMEM or -EFAULT. */
static ssize_t fill_slot(struct pipe *p, struct iov_iter *it, bool packet)
{
	size_t want = min(it->count, (size_t)PAGE_SIZE), n;

	if (!p->spare)
		p->spare = alloc_page(GFP_KERNEL);
	if (!p->spare)
		return -ENOMEM;
	n = copy_from_iter(page_address(p->spare), want, it);
	if (n < want)
		return -EFAULT;
	*pipe_slot(p, p->head) = (struct pipe_buf){ .page = p->spare, .len = (u32)n, .packet = packet };
	p->spare = NULL;
	WRITE_ONCE(p->head, p->head + 1);
	return (ssize_t)n;
}

static __noinline ssize_t wait_for_room(struct file *f, struct pipe *p)
{
	ssize_t err;

	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	mutex_unlock(&p->lock);
	wake_up_poll(&p->read_wait, POLLIN | POLLRDNORM);
	pipe_signal_readers(p);
	err = wait_event_interruptible(&p->write_wait, !pipe_full(p) || !READ_ONCE(p->readers));
	mutex_lock(&p->lock);
	return err;
}

static ssize_t pipe_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct pipe *p = f->inode->private;
	bool packet = f->flags & O_DIRECT;
	ssize_t done = 0, n = 0;

	(void)pos;
	if (!it->count)
		return 0;
	mutex_lock(&p->lock);
	if (p->readers && !packet) {
		n = merge(p, it);
		done += n > 0 ? n : 0;
	}
	while (n >= 0 && it->count) {
		if (!p->readers) {
			n = -EPIPE;
			break;
		}
		if (pipe_full(p)) {
			n = wait_for_room(f, p);
			continue;
		}
		n = fill_slot(p, it, packet);
		done += n > 0 ? n : 0;
	}
	mutex_unlock(&p->lock);
	if (done) {
		wake_up_poll(&p->read_wait, POLLIN | POLLRDNORM);
		inode_touch(f->inode);
	}
	pipe_signal_readers(p);
	if (unlikely(n == -EPIPE))
		signal_send_thread(current, SIGPIPE, NULL);
	return done ? done : n;
}

/* ---- the rest of a file ---- */

static __noinline u32 pipe_poll_wait(struct file *f, struct poll_table *pt);

static u32 pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe *p = f->inode->private;
	u32 mask = 0;

	if (poll_waits(pt))
		return pipe_poll_wait(f, pt);
	if (f->mode & FMODE_READ) {
		if (!pipe_empty(p))
			mask |= POLLIN | POLLRDNORM;
		/* A FIFO opened before its first writer has not been hung up on. */
		if (!READ_ONCE(p->writers) && (u32)(unsigned long)f->private != READ_ONCE(p->writer_opens))
			mask |= POLLHUP;
	}
	if (f->mode & FMODE_WRITE) {
		if (!pipe_full(p))
			mask |= POLLOUT | POLLWRNORM;
		if (!READ_ONCE(p->readers))
			mask |= POLLERR;
	}
	return mask;
}

/* First on the queues, then the look. */
static u32 pipe_poll_wait(struct file *f, struct poll_table *pt)
{
	struct pipe *p = f->inode->private;

	if (f->mode & FMODE_READ)
		poll_wait(f, &p->read_wait, pt);
	if (f->mode & FMODE_WRITE)
		poll_wait(f, &p->write_wait, pt);
	return pipe_poll(f, NULL);
}

static long pipe_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	struct pipe *p = f->inode->private;
	u32 bytes = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	for (u32 i = p->tail; i != p->head; i++)
		bytes += pipe_slot(p, i)->len;
	mutex_unlock(&p->lock);
	return put_user(bytes, int, arg);
}

static void pipe_detach(struct inode *inode)
{
	struct pipe *p = inode->private;
	bool last;

	spin_lock(&attach_lock);
	last = !--p->users;
	if (last)
		inode->private = NULL;
	spin_unlock(&attach_lock);
	if (last)
		pipe_free(p);
}

static void drop_ends(struct pipe *p, u32 mode)
{
	bool half;

	mutex_lock(&p->lock);
	if (mode & FMODE_READ)
		WRITE_ONCE(p->readers, p->readers - 1);
	if (mode & FMODE_WRITE)
		WRITE_ONCE(p->writers, p->writers - 1);
	half = !p->readers != !p->writers;
	mutex_unlock(&p->lock);
	wake_up_all(&p->read_wait);
	wake_up_all(&p->write_wait);
	if (half) {
		pipe_signal_readers(p);
		pipe_signal_writers(p);
	}
}

static int pipe_fasync(struct file *f, int fd, bool on)
{
	struct pipe *p = f->inode->private;

	return fasync_set(&p->async, f, fd, on);
}

static void pipe_release(struct file *f)
{
	drop_ends(f->inode->private, f->mode);
	pipe_detach(f->inode);
}

/* ---- FIFOs ---- */

static struct pipe *pipe_attach(struct inode *inode)
{
	struct pipe *p, *fresh = NULL;

	for (;;) {
		spin_lock(&attach_lock);
		p = inode->private;
		if (p)
			p->users++;
		else if (fresh)
			inode->private = p = fresh;
		spin_unlock(&attach_lock);
		if (p) {
			if (fresh && fresh != p)
				pipe_free(fresh);
			return p;
		}
		fresh = pipe_create();
		if (!fresh)
			return NULL;
	}
}

/* Open blocks until the other end, which was not there, has come, even if it is gone again; 0 or -errno. */
static int fifo_wait(struct file *f, struct pipe *p, u32 readers_then, u32 writers_then)
{
	if (!(f->mode & FMODE_READ))
		return (int)wait_event_interruptible(&p->write_wait, READ_ONCE(p->reader_opens) != readers_then);
	if (f->flags & O_NONBLOCK) {
		f->private = (void *)(unsigned long)writers_then;
		return 0;
	}
	return (int)wait_event_interruptible(&p->read_wait, READ_ONCE(p->writer_opens) != writers_then);
}

static int fifo_open(struct inode *inode, struct file *f)
{
	bool named = inode->sb->magic != PIPEFS_MAGIC;	/* pipe(2)'s own, by /proc/PID/fd, has had both its ends */
	struct pipe *p;
	u32 readers_then, writers_then;
	bool partner;
	int err;

	if (!(f->mode & (FMODE_READ | FMODE_WRITE)))
		return -EINVAL;
	p = pipe_attach(inode);
	if (!p)
		return -ENOMEM;
	mutex_lock(&p->lock);
	if (named && !(f->mode & FMODE_READ) && (f->flags & O_NONBLOCK) && !p->readers) {
		mutex_unlock(&p->lock);
		pipe_detach(inode);
		return -ENXIO;
	}
	if (f->mode & FMODE_READ) {
		p->readers++;
		WRITE_ONCE(p->reader_opens, p->reader_opens + 1);
	}
	if (f->mode & FMODE_WRITE) {
		p->writers++;
		WRITE_ONCE(p->writer_opens, p->writer_opens + 1);
	}
	partner = f->mode & FMODE_READ ? p->writers : p->readers;
	readers_then = p->reader_opens;
	writers_then = p->writer_opens;
	f->private = (void *)(unsigned long)(writers_then - 1);	/* any value but the present one */
	mutex_unlock(&p->lock);
	wake_up_all(&p->read_wait);
	wake_up_all(&p->write_wait);
	err = named && !partner ? fifo_wait(f, p, readers_then, writers_then) : 0;
	if (err) {
		drop_ends(p, f->mode);
		pipe_detach(inode);
	}
	return err;
}

const struct file_ops pipe_fops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.fasync = pipe_fasync,
	.ioctl = pipe_ioctl,
	.open = fifo_open,
	.release = pipe_release,
};

/* ---- size ---- */

/* Room for nr pages instead of what p has: 0, or -EPERM when that is more than its user may have. */
static int recharge(struct pipe *p, u32 nr)
{
	s64 pages = charge(p, nr);

	if (nr <= p->nr_slots || (!over(pages, &pipe_user_pages_soft) && !over(pages, &pipe_user_pages_hard)) ||
	    !unprivileged())
		return 0;
	charge(p, p->nr_slots);
	return -EPERM;
}

static long set_pipe_size(struct pipe *p, unsigned long size)
{
	struct pipe_buf *slots;
	u32 nr = 1, used;
	int err;

	if (size > 1UL << 31)
		return -EINVAL;
	while ((unsigned long)nr * PAGE_SIZE < size)
		nr *= 2;
	if (nr > p->nr_slots && nr * PAGE_SIZE > PIPE_MAX_SIZE && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	slots = kzalloc(nr * sizeof(*slots), GFP_KERNEL);
	if (!slots)
		return -ENOMEM;
	mutex_lock(&p->lock);
	used = p->head - p->tail;
	err = recharge(p, nr);
	if (!err && used > nr) {
		charge(p, p->nr_slots);
		err = -EBUSY;
	}
	if (err) {
		mutex_unlock(&p->lock);
		kfree(slots);
		return err;
	}
	for (u32 i = 0; i < used; i++)
		slots[i] = *pipe_slot(p, p->tail + i);
	if (p->slots != p->inline_slots)
		kfree(p->slots);
	p->slots = slots;
	p->nr_slots = nr;
	p->tail = 0;
	p->head = used;
	mutex_unlock(&p->lock);
	wake_up_all(&p->write_wait);
	wake_up_all(&p->read_wait);	/* between the two stores it may have looked empty */
	return (long)(nr * PAGE_SIZE);
}

long pipe_fcntl(struct file *f, unsigned cmd, unsigned long arg)
{
	struct pipe *p = file_pipe(f);

	if (!p)
		return -EBADF;
	return cmd == F_GETPIPE_SZ ? (long)(READ_ONCE(p->nr_slots) * PAGE_SIZE) : set_pipe_size(p, arg);
}

/* ---- pipe(2) ---- */

static int pipe_dname(struct dentry *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "pipe:[%llu]", (unsigned long long)d->inode->ino);
}

static const struct dentry_ops pipe_dentry_ops = { .dname = pipe_dname, .transient = true };

/* Both ends of a new pipe: two files of one inode; packets are the writing end's. 0 or -errno. */
static int pipe_files(struct file *ends[2], unsigned flags)
{
	struct inode *inode = inode_alloc(pipe_mount->sb, S_IFIFO | S_IRUSR | S_IWUSR);
	struct pipe *p = inode ? pipe_create() : NULL;

	if (!p) {
		if (inode)
			inode_put(inode);
		return -ENFILE;
	}
	inode->private = p;
	inode->fops = &pipe_fops;	/* /proc/PID/fd/N opens it again, as a FIFO */
	p->reader_opens = p->writer_opens = 1;
	ends[0] = file_alloc_pseudo(pipe_mount, inode_get(inode), "", &pipe_dentry_ops, &pipe_fops,
				    O_RDONLY | (flags & O_NONBLOCK));
	if (!IS_ERR(ends[0])) {
		p->readers = 1;
		ends[1] = file_alloc_pseudo(pipe_mount, inode_get(inode), "", &pipe_dentry_ops, &pipe_fops,
					    O_WRONLY | flags);
		if (!IS_ERR(ends[1])) {
			p->writers = 1;
			p->users = 2;
			inode_put(inode);
			return 0;
		}
		file_put(ends[0]);	/* frees the pipe: it was the only user */
		inode_put(inode);
		return (int)PTR_ERR(ends[1]);
	}
	inode->private = NULL;
	pipe_free(p);
	inode_put(inode);
	return (int)PTR_ERR(ends[0]);
}

/* The numbers reach the user before the files do: on EFAULT nothing was opened. */
#define O_NOTIFICATION_PIPE O_EXCL

long sys_pipe2(uaddr_t fds, int flags)
{
	struct file *ends[2] = { NULL, NULL };
	int fd[2], err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT | O_NOTIFICATION_PIPE))
		return -EINVAL;
	if (flags & O_NOTIFICATION_PIPE)	/* as on a Linux without CONFIG_WATCH_QUEUE */
		return -ENOPKG;
	err = pipe_files(ends, flags & (O_NONBLOCK | O_DIRECT));
	if (err)
		return err;
	fd[0] = err = fd_alloc(0, flags);
	if (err < 0)
		goto put_files;
	fd[1] = err = fd_alloc(0, flags);
	if (err < 0)
		goto release_first;
	err = copy_struct_out(fds, &fd);
	if (err)
		goto release_both;
	fd_install(fd[0], ends[0]);
	fd_install(fd[1], ends[1]);
	return 0;

release_both:
	fd_release(fd[1]);
release_first:
	fd_release(fd[0]);
put_files:
	file_put(ends[0]);
	file_put(ends[1]);
	return err;
}

long sys_pipe(uaddr_t fds)
{
	return sys_pipe2(fds, 0);
}

/* ---- pipefs: where pipes have their inode numbers ---- */

static struct super_block *pipefs_mount(struct file_system_type *type, const char *source, u32 flags, char *data)
{
	(void)source, (void)flags, (void)data;
	return super_pseudo(type, PIPEFS_MAGIC);
}

static struct file_system_type pipefs_type = { .name = "pipefs", .mount = pipefs_mount, .nodev = true };

void pipe_init(void)
{
	pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe), 64);
	register_filesystem(&pipefs_type);
	pipe_mount = kern_mount(&pipefs_type);
	if (IS_ERR(pipe_mount))
		panic("pipefs cannot be mounted");
}
