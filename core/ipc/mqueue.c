// SPDX-License-Identifier: BSD-2-Clause
/*
 * POSIX message queues: what is sent, received and told of. Source: mq_send(3), mq_notify(3).
 */
#include "mqueue.h"
#include <generated/syscalls.h>
#include <janus/printk.h>

struct mq_message {
	struct list_head link;
	u32 priority;
	size_t size;
	char data[];
};

/* ---- life ---- */

/* What Linux counts for a queue: its messages, and what keeps track of each (two structures of 48 bytes). */
static u64 cost_of(u64 max_messages, u64 message_size)
{
	return max_messages * (message_size + 48) + min(max_messages, (u64)MQ_PRIO_MAX) * 48;
}

struct mqueue *mqueue_create(u64 max_messages, u64 message_size)
{
	struct user_struct *user = current->cred->user;
	u64 cost = cost_of(max_messages, message_size);
	struct mqueue *q;

	if (__atomic_add_fetch(&user->mq_bytes, cost, __ATOMIC_RELAXED) > rlimit(RLIMIT_MSGQUEUE)) {
		__atomic_fetch_sub(&user->mq_bytes, cost, __ATOMIC_RELAXED);
		return ERR_PTR(-EMFILE);
	}
	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!q) {
		__atomic_fetch_sub(&user->mq_bytes, cost, __ATOMIC_RELAXED);
		return ERR_PTR(-ENOMEM);
	}
	mutex_init(&q->lock);
	list_init(&q->messages);
	wait_queue_init(&q->readable);
	wait_queue_init(&q->writable);
	q->max_messages = max_messages;
	q->message_size = message_size;
	ref_get(&user->refs);
	q->user = user;
	q->charged = cost;
	return q;
}

void mqueue_free(struct mqueue *q)
{
	struct mq_message *m, *next;

	list_for_each_entry_safe(m, next, &q->messages, link)
		kfree(m);
	if (q->notify)
		pid_put(q->notify);
	__atomic_fetch_sub(&q->user->mq_bytes, q->charged, __ATOMIC_RELAXED);
	user_put(q->user);
	kfree(q);
}

/* ---- being told ---- */

/* [q] */
static void forget_notify(struct mqueue *q)
{
	if (q->notify)
		pid_put(q->notify);
	q->notify = NULL;
}

/* A message came to an empty queue, and nobody was waiting for it: tell once. [q] */
static void tell(struct mqueue *q)
{
	siginfo_t info = { .si_signo = q->notify_signal, .si_code = SI_MESGQ };
	struct process *p;

	if (!q->notify)
		return;
	info.rt.pid = current->process->tgid;
	info.rt.uid = current->cred->uid;
	info.rt.value = q->notify_value;
	if (q->notify_kind == SIGEV_SIGNAL && q->notify_signal) {
		rcu_read_lock();
		p = rcu_dereference(q->notify->process);
		if (p)
			signal_send_process(p, q->notify_signal, &info);
		rcu_read_unlock();
	}
	forget_notify(q);
}

static struct pid *own_pid(void)
{
	return current->process->pids[PIDTYPE_TGID];
}

/* ---- the file ---- */

static ssize_t mqueue_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct mqueue *q = mqueue_of(f);
	char text[128];
	size_t len, n;

	mutex_lock(&q->lock);
	len = (size_t)scnprintf(text, sizeof(text), "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
				(unsigned long)q->bytes, q->notify ? q->notify_kind : 0,
				q->notify && q->notify_kind == SIGEV_SIGNAL ? q->notify_signal : 0,
				q->notify ? q->notify->nr : 0);
	mutex_unlock(&q->lock);
	if (*pos < 0 || (u64)*pos >= len || !it->count)
		return 0;
	n = copy_to_iter(text + *pos, min(len - (size_t)*pos, it->count), it);
	*pos += (loff_t)n;
	return n ? (ssize_t)n : -EFAULT;
}

static u32 mqueue_poll(struct file *f, struct poll_table *pt)
{
	struct mqueue *q = mqueue_of(f);
	u64 count;

	poll_wait(f, &q->readable, pt);
	poll_wait(f, &q->writable, pt);
	count = READ_ONCE(q->count);
	return (count ? POLLIN | POLLRDNORM : 0) | (count < q->max_messages ? POLLOUT | POLLWRNORM : 0);
}

/* A process that closes the queue by any descriptor is told no more. */
static int mqueue_flush(struct file *f)
{
	struct mqueue *q = mqueue_of(f);

	mutex_lock(&q->lock);
	if (q->notify == own_pid())
		forget_notify(q);
	mutex_unlock(&q->lock);
	return 0;
}

const struct file_ops mqueue_fops = {
	.read = mqueue_read, .poll = mqueue_poll, .flush = mqueue_flush, .llseek = plain_llseek,
	.each = EACH_READ,
};

/* The queue's file, open for `mode`, to be fd_put; or NULL. */
static struct file *queue_file(unsigned fd, struct fd *f, u32 mode)
{
	*f = fd_get(fd);
	if (!f->file)
		return NULL;
	if (f->file->ops == &mqueue_fops && (f->file->mode & mode) == mode)
		return f->file;
	fd_put(*f);
	return NULL;
}

/* ---- sending and receiving ---- */

/* The monotonic time of an absolute real one; TIME_MAX: for ever. 0 or -errno. */
static int read_deadline(uaddr_t utime, u64 *deadline)
{
	s64 offset;
	u64 ns;
	int err;

	*deadline = TIME_MAX;
	if (!utime)
		return 0;
	err = get_user_timespec(&ns, utime);
	offset = clock_realtime_offset();
	*deadline = ns > (u64)offset ? ns - (u64)offset : 0;
	return err;
}

/*
 * Let go of the queue until somebody wakes us, and take it again: 0, or -errno when the wait is over. The entry is
 * queued before the queue is let go, so nothing that happens in between is missed.
 */
static int wait_at(struct mqueue *q, struct wait_queue *where, u64 deadline)
{
	struct wait_entry e;
	bool late = false;

	wait_entry_init(&e, false);
	wait_prepare(where, &e, THREAD_INTERRUPTIBLE);
	mutex_unlock(&q->lock);
	if (!signal_pending())
		late = !schedule_timeout(deadline);
	wait_finish(where, &e);
	mutex_lock(&q->lock);
	return late ? -ETIMEDOUT : signal_pending() ? -ERESTARTSYS : 0;
}

/* [q] */
static void enqueue(struct mqueue *q, struct mq_message *m)
{
	struct list_head *at = &q->messages;

	while (at->prev != &q->messages && list_entry(at->prev, struct mq_message, link)->priority < m->priority)
		at = at->prev;
	list_add_tail(&m->link, at);
	q->bytes += m->size;
	if (!q->count++ && !q->receivers)
		tell(q);
	wake_up_key(&q->readable, POLLIN | POLLRDNORM, 1);
}

static long send(struct file *f, struct mq_message *m, u64 deadline)
{
	struct mqueue *q = mqueue_of(f);
	long err = 0;

	mutex_lock(&q->lock);
	while (!err && q->count >= q->max_messages)
		err = f->flags & O_NONBLOCK ? -EAGAIN : wait_at(q, &q->writable, deadline);
	if (!err)
		enqueue(q, m);
	mutex_unlock(&q->lock);
	return err;
}

long sys_mq_timedsend(unsigned fd, uaddr_t text, size_t size, unsigned priority, uaddr_t utime)
{
	struct mq_message *m;
	struct file *file;
	u64 deadline;
	struct fd f;
	long err = read_deadline(utime, &deadline);

	if (err)
		return err;
	if (priority >= MQ_PRIO_MAX)
		return -EINVAL;
	file = queue_file(fd, &f, FMODE_WRITE);
	if (!file)
		return -EBADF;
	if (size > mqueue_of(file)->message_size) {
		err = -EMSGSIZE;
	} else {
		m = kmalloc(sizeof(*m) + size, GFP_KERNEL);
		if (m) {
			m->priority = priority;
			m->size = size;
			err = copy_from_user(m->data, text, size) ? -EFAULT : send(file, m, deadline);
		} else {
			err = -ENOMEM;
		}
		if (err)
			kfree(m);
	}
	fd_put(f);
	return err;
}

static struct mq_message *receive(struct file *f, u64 deadline)
{
	struct mqueue *q = mqueue_of(f);
	struct mq_message *m = NULL;
	long err = 0;

	mutex_lock(&q->lock);
	while (!err && !q->count) {
		if (f->flags & O_NONBLOCK) {
			err = -EAGAIN;
		} else {
			q->receivers++;
			err = wait_at(q, &q->readable, deadline);
			q->receivers--;
		}
	}
	if (q->count) {
		m = list_first_entry(&q->messages, struct mq_message, link);
		list_del(&m->link);
		q->count--;
		q->bytes -= m->size;
		wake_up_key(&q->writable, POLLOUT | POLLWRNORM, 1);
	}
	mutex_unlock(&q->lock);
	return m ? m : ERR_PTR(err);
}

long sys_mq_timedreceive(unsigned fd, uaddr_t text, size_t size, uaddr_t upriority, uaddr_t utime)
{
	struct mq_message *m;
	struct file *file;
	u64 deadline;
	struct fd f;
	long result = read_deadline(utime, &deadline);

	if (result)
		return result;
	file = queue_file(fd, &f, FMODE_READ);
	if (!file)
		return -EBADF;
	m = size < mqueue_of(file)->message_size ? ERR_PTR(-EMSGSIZE) : receive(file, deadline);
	fd_put(f);
	if (IS_ERR(m))
		return PTR_ERR(m);
	result = (long)m->size;
	if ((upriority && put_user(m->priority, u32, upriority)) || copy_to_user(text, m->data, m->size))
		result = -EFAULT;
	kfree(m);
	return result;
}

/* ---- mq_notify, mq_getsetattr ---- */

static long set_notify(struct mqueue *q, const struct sigevent *ev)
{
	if (!ev) {
		if (q->notify == own_pid())
			forget_notify(q);
		return 0;
	}
	if (q->notify)
		return -EBUSY;
	q->notify = pid_get(own_pid());
	q->notify_kind = ev->notify;
	q->notify_signal = ev->signo;
	q->notify_value = ev->value;
	return 0;
}

/* SIGEV_THREAD: the C library's thread is sent a cookie through the netlink socket ev->signo. No descriptor is one
 * here. */
static long refuse_thread(const struct sigevent *ev)
{
	char cookie[32];
	struct fd f;
	long err;

	if (copy_from_user(cookie, ev->value.sival_ptr, sizeof(cookie)))
		return -EFAULT;
	f = fd_get((unsigned)ev->signo);
	if (!f.file)
		return -EBADF;
	err = S_ISSOCK(f.file->inode->mode) ? -EINVAL : -ENOTSOCK;
	fd_put(f);
	return err;
}

long sys_mq_notify(unsigned fd, uaddr_t uev)
{
	struct sigevent ev;
	struct file *file;
	struct fd f;
	long err;

	if (uev) {
		if (copy_struct_in(&ev, uev))
			return -EFAULT;
		if (ev.notify != SIGEV_NONE && ev.notify != SIGEV_SIGNAL && ev.notify != SIGEV_THREAD)
			return -EINVAL;
		if (ev.notify == SIGEV_SIGNAL && (unsigned)ev.signo > NSIG)
			return -EINVAL;
		err = ev.notify == SIGEV_THREAD ? refuse_thread(&ev) : 0;
		if (err)
			return err;
	}
	file = queue_file(fd, &f, 0);
	if (!file)
		return -EBADF;
	mutex_lock(&mqueue_of(file)->lock);
	err = set_notify(mqueue_of(file), uev ? &ev : NULL);
	mutex_unlock(&mqueue_of(file)->lock);
	fd_put(f);
	return err;
}

long sys_mq_getsetattr(unsigned fd, uaddr_t unew, uaddr_t uold)
{
	struct mq_attr new, old = { 0 };
	struct mqueue *q;
	struct file *file;
	struct fd f;

	if (unew) {
		if (copy_struct_in(&new, unew))
			return -EFAULT;
		if (new.mq_flags & ~(s64)O_NONBLOCK)
			return -EINVAL;
	}
	file = queue_file(fd, &f, 0);
	if (!file)
		return -EBADF;
	q = mqueue_of(file);
	old.mq_maxmsg = (s64)q->max_messages;
	old.mq_msgsize = (s64)q->message_size;
	old.mq_curmsgs = (s64)READ_ONCE(q->count);
	spin_lock(&file->lock);
	old.mq_flags = file->flags & O_NONBLOCK;
	if (unew)
		file->flags = (file->flags & ~(u32)O_NONBLOCK) | (u32)new.mq_flags;
	spin_unlock(&file->lock);
	fd_put(f);
	return uold ? copy_struct_out(uold, &old) : 0;
}
