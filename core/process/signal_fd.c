// SPDX-License-Identifier: BSD-2-Clause
/*
 * signalfd: a file from which the reader's own blocked signals are read, one fixed record each.
 */
#include "process.h"
#include <generated/syscalls.h>
#include <janus/time.h>
#include <uapi/poll.h>

struct signalfd_siginfo {
	u32 signo;
	s32 err, code;
	u32 pid, uid;
	s32 fd;
	u32 tid, band, overrun, trapno;
	s32 status, value_int;
	u64 value_ptr, utime, stime, addr;
	u16 addr_lsb, pad2;
	s32 syscall;
	u64 call_addr;
	u32 arch;
	u8 pad[28];
};
_Static_assert(sizeof(struct signalfd_siginfo) == 128, "Linux's record");

struct wait_queue signalfd_queues[SIGNALFD_QUEUES];

void signalfd_init(void)
{
	for (unsigned i = 0; i < SIGNALFD_QUEUES; i++)
		wait_queue_init(&signalfd_queues[i]);
}

/* f->private is the mask itself. */
static sigset_t file_mask(const struct file *f) { return (sigset_t)(unsigned long)READ_ONCE(f->private); }

static void fill(struct signalfd_siginfo *to, const siginfo_t *info)
{
	memset(to, 0, sizeof(*to));
	to->signo = info->si_signo;
	to->err = info->si_errno;
	to->code = info->si_code;
	if (info->si_code == SI_TIMER) {
		to->tid = info->timer.tid;
		to->overrun = info->timer.overrun;
		to->value_ptr = info->timer.value.sival_ptr;
		to->value_int = info->timer.value.sival_int;
		return;
	}
	if (info->si_code > 0 && info->si_code != SI_KERNEL && (SIGMASK(info->si_signo) & sig_fault)) {
		to->addr = info->fault.addr;
		return;
	}
	if (info->si_code > 0 && info->si_signo == SIGIO) {
		to->band = (u32)info->poll.band;
		to->fd = info->poll.fd;
		return;
	}
	to->pid = info->kill.pid;
	to->uid = info->kill.uid;
	if (info->si_signo == SIGCHLD && info->si_code > 0) {
		to->status = info->chld.status;
		to->utime = info->chld.utime;
		to->stime = info->chld.stime;
	} else if (info->si_code < 0) {
		to->value_ptr = info->rt.value.sival_ptr;
		to->value_int = info->rt.value.sival_int;
	}
}

/* The first signal of the mask, waiting for one if `block`. Its number, or -EAGAIN, -ERESTARTSYS. */
static int take(struct file *f, siginfo_t *info, bool block)
{
	struct process *p = current->process;
	struct wait_queue *q = signalfd_queue(p->sighand);
	struct wait_entry entry;
	struct irqflags flags;
	struct sighand *sh;
	int signo;

	wait_entry_init(&entry, false);
	for (;;) {
		if (block)
			wait_prepare(q, &entry, THREAD_INTERRUPTIBLE);
		sh = sighand_lock(p, &flags);
		signo = dequeue_signal(file_mask(f), info);
		spin_unlock_irqrestore(&sh->lock, flags);
		if (signo || !block)
			break;
		if (signal_pending()) {
			signo = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	if (block)
		wait_finish(q, &entry);
	if (signo > 0 && info->si_code == SI_TIMER)
		posix_timer_delivered(info);
	return signo ? signo : -EAGAIN;
}

static ssize_t signalfd_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct signalfd_siginfo record;
	ssize_t done = 0;
	siginfo_t info;

	(void)pos;
	if (it->count < sizeof(record) || (it->kind == ITER_VECTOR && it->here < sizeof(record)))
		return -EINVAL;		/* a record does not come in pieces */
	while (it->count >= sizeof(record)) {
		int signo = take(f, &info, !done && !(f->flags & O_NONBLOCK));

		if (signo < 0)
			return done ? done : signo;
		fill(&record, &info);
		if (copy_to_iter(&record, sizeof(record), it) != sizeof(record))
			return done ? done : -EFAULT;
		done += sizeof(record);
	}
	return done;
}

static u32 signalfd_poll(struct file *f, struct poll_table *pt)
{
	struct thread *t = current;
	struct irqflags flags;
	struct sighand *sh;
	sigset_t pending;

	poll_wait(f, signalfd_queue(t->process->sighand), pt);
	sh = sighand_lock(t->process, &flags);	/* a sender looks for us under it */
	pending = t->pending.set | t->process->shared_pending.set;
	spin_unlock_irqrestore(&sh->lock, flags);
	return pending & file_mask(f) ? POLLIN | POLLRDNORM : 0;
}

static int signalfd_show(struct file *f, char *buf, size_t size)
{
	return scnprintf(buf, size, "sigmask:\t%016lx\n", (unsigned long)file_mask(f));
}

static const struct file_ops signalfd_ops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.llseek = noop_llseek,
	.show_fdinfo = signalfd_show,
	.each = EACH_READ,
};

long sys_signalfd4(unsigned int ufd, uaddr_t umask, size_t sizemask, int flags)
{
	sigset_t mask;
	struct fd f;

	if (sizemask != sizeof(mask))
		return -EINVAL;
	if (get_user(&mask, umask))
		return -EFAULT;
	if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
		return -EINVAL;
	mask &= ~KILL_STOP_MASK;
	if ((int)ufd == -1)
		return fd_install_new(file_alloc_anon("[signalfd]", &signalfd_ops, (void *)mask, O_RDWR | (flags & SFD_NONBLOCK)),
				      flags & SFD_CLOEXEC);
	f = fd_get(ufd);
	if (!f.file)
		return -EBADF;
	if (f.file->ops != &signalfd_ops) {
		fd_put(f);
		return -EINVAL;
	}
	WRITE_ONCE(f.file->private, (void *)mask);
	wake_up_all(signalfd_queue(current->process->sighand));
	fd_put(f);
	return ufd;
}

long sys_signalfd(unsigned int fd, uaddr_t mask, size_t sizemask)
{
	return sys_signalfd4(fd, mask, sizemask, 0);
}
