// SPDX-License-Identifier: BSD-2-Clause
/*
 * Descriptors that name a process: a file holding a counted pid, readable once the process is gone.
 */
#include "process.h"
#include <generated/syscalls.h>
#include <uapi/poll.h>

static bool process_exited(struct pid *pid)
{
	struct process *p;
	bool gone;

	rcu_read_lock();
	p = rcu_dereference(pid->process);
	gone = !p || (p->leader->exit_state && p->nr_threads <= 1);
	rcu_read_unlock();
	return gone;
}

static u32 pidfd_poll(struct file *f, struct poll_table *pt)
{
	struct pid *pid = f->private;

	poll_wait(f, &pid->wait_pidfd, pt);
	return process_exited(pid) ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct file *f)
{
	pid_put(f->private);
}

static int pidfd_show(struct file *f, char *buf, size_t size)
{
	struct pid *pid = f->private;
	int nr = pid->process ? pid->nr : -1;

	return scnprintf(buf, size, "Pid:\t%d\nNSpid:\t%d\n", nr, nr);
}

static const struct file_ops pidfd_ops = {
	.poll = pidfd_poll,
	.release = pidfd_release,
	.show_fdinfo = pidfd_show,
};

struct file *pidfd_file(struct pid *pid, unsigned flags)
{
	struct file *f = file_alloc_anon("[pidfd]", &pidfd_ops, pid, flags);

	if (!IS_ERR(f))
		pid_get(pid);
	return f;
}

struct pid *pidfd_pid_flags(unsigned int fd, unsigned *flags)
{
	struct fd f = fd_get(fd);
	struct pid *pid = ERR_PTR(-EBADF);

	if (f.file && f.file->ops == &pidfd_ops) {
		pid = pid_get(f.file->private);
		*flags = f.file->flags;
	}
	fd_put(f);
	return pid;
}

static struct pid *pidfd_pid(unsigned int fd)
{
	unsigned flags;

	return pidfd_pid_flags(fd, &flags);
}

struct pid *pidfd_or_proc_pid(unsigned int fd)
{
	struct pid *pid = pidfd_pid(fd);
	struct fd f;

	if (!IS_ERR(pid))
		return pid;
	f = fd_get(fd);
	pid = f.file ? proc_pid_of_file(f.file) : NULL;
	fd_put(f);
	return pid ? pid : ERR_PTR(-EBADF);
}

long sys_pidfd_open(pid_t nr, unsigned int flags)
{
	struct file *f;
	struct pid *pid;

	if (flags & ~O_NONBLOCK)
		return -EINVAL;
	if (nr <= 0)
		return -EINVAL;
	pid = get_pid(nr);
	if (!pid)
		return -ESRCH;
	if (!READ_ONCE(pid->process)) {
		bool is_thread = READ_ONCE(pid->thread);

		pid_put(pid);
		return is_thread ? -EINVAL : -ESRCH;
	}
	f = pidfd_file(pid, O_RDWR | flags);
	pid_put(pid);
	return fd_install_new(f, O_CLOEXEC);
}

/* Another process's descriptor becomes ours, for one who could trace it. */
long sys_pidfd_getfd(unsigned int pidfd, unsigned int fd, unsigned int flags)
{
	struct file *file = ERR_PTR(-ESRCH);
	struct thread *t = NULL;
	struct pid *pid;

	if (flags)
		return -EINVAL;
	pid = pidfd_pid(pidfd);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	rcu_read_lock();
	if (pid->process && ref_get_not_zero(&pid->process->leader->refs))
		t = pid->process->leader;
	rcu_read_unlock();
	pid_put(pid);
	if (!t)
		return -ESRCH;
	if (!thread_may_access(t)) {
		file = ERR_PTR(-EPERM);
	} else {
		file = file_of_thread(t, fd);
		if (!file)
			file = ERR_PTR(READ_ONCE(t->flags) & TF_EXITING ? -ESRCH : -EBADF);
	}
	thread_put(t);
	return fd_install_new(file, O_CLOEXEC);
}
