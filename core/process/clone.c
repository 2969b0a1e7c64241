// SPDX-License-Identifier: BSD-2-Clause
/*
 * fork, vfork, clone and clone3: their arguments, checked in Linux's order with Linux's errors.
 */
#include "process.h"
#include "clone.h"
#include <generated/syscalls.h>

#define CLONE_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
			  CLONE_NEWNET | CLONE_NEWTIME)
#define CLONE_LEGACY_FLAGS 0xffffffffULL

/* What a user gives clone3: versions by size. */
struct user_clone_args {
	u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	u64 set_tid, set_tid_size;	/* version 1 */
	u64 cgroup;			/* version 2 */
};

static int check_flags(const struct clone_args *args)
{
	u64 flags = args->flags;

	if ((flags & CLONE_NEWNS) && (flags & CLONE_FS))
		return -EINVAL;
	if ((flags & CLONE_NEWUSER) && (flags & CLONE_FS))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_PARENT) && (current->process->sig_flags & SIGNAL_UNKILLABLE))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && (flags & (CLONE_NEWUSER | CLONE_NEWPID)))
		return -EINVAL;
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_DETACHED | CLONE_THREAD)))
		return -EINVAL;
	if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID) && args->pidfd == args->parent_tid)
		return -EINVAL;
	/* As a Linux built without namespaces. */
	if (flags & CLONE_NEWUSER)
		return -EINVAL;
	if (flags & CLONE_NAMESPACES)
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	return 0;
}

static long checked_clone(const struct clone_args *args, pid_t wanted)
{
	int err = check_flags(args);

	return err ? err : clone_with_tid(args, wanted);
}

long sys_fork(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	return kernel_clone(&args);
}

long sys_vfork(void)
{
	struct clone_args args = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

	return kernel_clone(&args);
}

long sys_clone(unsigned long flags, uaddr_t newsp, uaddr_t parent_tid, uaddr_t child_tid, unsigned long tls)
{
	struct clone_args args = {
		.flags = (u32)flags & ~CSIGNAL,
		.pidfd = parent_tid,
		.child_tid = child_tid,
		.parent_tid = parent_tid,
		.exit_signal = flags & CSIGNAL,
		.stack = newsp,
		.tls = tls,
	};

	return checked_clone(&args, 0);
}

static int check_clone3(const struct user_clone_args *u, size_t size)
{
	if (u->set_tid_size > 32 || !u->set_tid != !u->set_tid_size)
		return -EINVAL;
	if ((u->exit_signal & ~(u64)CSIGNAL) || u->exit_signal > NSIG)
		return -EINVAL;
	if ((u->flags & CLONE_INTO_CGROUP) && (u->cgroup > INT32_MAX || size < CLONE_ARGS_SIZE_VER2))
		return -EINVAL;
	if (u->flags & ~(CLONE_LEGACY_FLAGS | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
		return -EINVAL;
	if (u->flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)))
		return -EINVAL;
	if ((u->flags & (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND)) == (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((u->flags & (CLONE_THREAD | CLONE_PARENT)) && u->exit_signal)
		return -EINVAL;
	if (!u->stack != !u->stack_size)
		return -EINVAL;
	if (u->stack && !access_ok(u->stack, u->stack_size))
		return -EINVAL;
	if (u->flags & CLONE_INTO_CGROUP)
		return -EBADF;	/* no descriptor names a cgroup here */
	return 0;
}

/* set_tid: the number the child is to have; there is one pid namespace. 0 with *wanted, or -errno. */
static int wanted_tid(const struct user_clone_args *u, pid_t *wanted)
{
	*wanted = 0;
	if (!u->set_tid)
		return 0;
	if (get_user(wanted, u->set_tid))
		return -EFAULT;
	if (u->set_tid_size > 1 || *wanted < 1 || *wanted >= PID_MAX)
		return -EINVAL;
	return capable(CAP_SYS_ADMIN) || capable(CAP_CHECKPOINT_RESTORE) ? 0 : -EPERM;
}

long sys_clone3(uaddr_t uargs, size_t size)
{
	struct user_clone_args u = { 0 };
	struct clone_args args;
	pid_t wanted;
	int err;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	err = copy_struct_from_user(&u, sizeof(u), uargs, size);
	if (!err)
		err = check_clone3(&u, size);
	if (!err)
		err = wanted_tid(&u, &wanted);
	if (err)
		return err;
	args = (struct clone_args){
		.flags = u.flags,
		.pidfd = u.pidfd,
		.child_tid = u.child_tid,
		.parent_tid = u.parent_tid,
		.exit_signal = (int)u.exit_signal,
		.stack = u.stack ? u.stack + u.stack_size : 0,
		.tls = u.tls,
	};
	return checked_clone(&args, wanted);
}

long sys_set_tid_address(uaddr_t tidptr)
{
	current->clear_child_tid = tidptr;
	return current->tid;
}

/* Only what threads may stop sharing without namespaces. */
long sys_unshare(unsigned long flags)
{
	const unsigned long known = CLONE_THREAD | CLONE_FS | CLONE_NEWNS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES |
				    CLONE_SYSVSEM | CLONE_NAMESPACES;
	struct fs_context *fs = NULL, *old;

	if (flags & ~known)
		return -EINVAL;
	if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && current->process->nr_threads > 1)
		return -EINVAL;
	if ((flags & (CLONE_SIGHAND | CLONE_VM)) && ref_read(&current->process->sighand->refs) > 1)
		return -EINVAL;
	if (flags & CLONE_NEWUSER)
		return -EINVAL;
	if (flags & CLONE_NAMESPACES)
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if ((flags & CLONE_FS) && ref_read(&current->fs->refs) > 1) {
		fs = fs_context_fork(current->fs);
		if (!fs)
			return -ENOMEM;
	}
	if (flags & CLONE_FILES) {
		int err = files_unshare();

		if (err) {
			if (fs)
				fs_context_put(fs);
			return err;
		}
	}
	if (flags & CLONE_SYSVSEM)
		sem_undo_exit();
	if (fs) {
		spin_lock(&current->lock);
		old = current->fs;
		current->fs = fs;
		spin_unlock(&current->lock);
		fs_context_put(old);
	}
	return 0;
}
