// SPDX-License-Identifier: BSD-2-Clause
/*
 * No memory for processes: their address spaces, fork, threads, groups and users, timers, queued signals, exec.
 */
#include <pthread.h>

#include "failnth.h"

static char *area;

/* ---- memory ---- */

static void unmap_area(void)
{
	munmap(area, 16 * 4096);
}

static long do_mmap(void)
{
	area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	memset(area, 1, 16 * 4096);
	return 0;
}
HUNT(nomemproc, "mmap, then touched", do_mmap, unmap_area)

static long do_populate(void)
{
	area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return area == MAP_FAILED ? -1 : 0;
}
HUNT(nomemproc, "shared memory populated", do_populate, unmap_area, ENOSPC, ENFILE)

static long do_split(void)
{
	int err = 0;

	area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	area[0] = 1;
	if (mprotect(area + 4 * 4096, 4096, PROT_READ) < 0 || munmap(area + 8 * 4096, 4096) < 0 ||
	    madvise(area + 12 * 4096, 4096, MADV_DONTFORK) < 0 || mlock(area, 2 * 4096) < 0)
		err = errno;
	if (err)
		unmap_area();
	errno = err;
	return err ? -1 : 0;
}
HUNT(nomemproc, "an area split", do_split, unmap_area, EAGAIN)

static long do_mremap(void)
{
	char *moved, *other = mmap(NULL, 64 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (other == MAP_FAILED)
		return -1;
	if (do_mmap() < 0) {
		err = errno;
		munmap(other, 64 * 4096);
		errno = err;
		return -1;
	}
	moved = mremap(area, 16 * 4096, 16 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, other);
	err = errno;
	if (moved == MAP_FAILED)
		unmap_area();
	munmap(other, 64 * 4096);
	errno = err;
	return moved == MAP_FAILED ? -1 : 0;
}
HUNT(nomemproc, "mremap", do_mremap, NULL)

static long do_brk(void)
{
	char *was = (char *)syscall(SYS_brk, 0), *got = (char *)syscall(SYS_brk, was + (8 << 20));

	if (got == was) {
		errno = ENOMEM;
		return -1;
	}
	got[-1] = 1;
	syscall(SYS_brk, was);
	return 0;
}
HUNT(nomemproc, "brk", do_brk, NULL)

/* ---- processes ---- */

static pid_t child;

static long do_fork(void)
{
	child = fork();
	if (child == 0)
		_exit(0);
	return child;
}

static void reap(void)
{
	waitpid(child, NULL, 0);
}
HUNT(nomemproc, "fork", do_fork, reap)

static long do_fork_wide(void)
{
	int i, err;

	for (i = 0; i < 40; i++) {
		char *at = mmap((void *)(0x100000000000 + (long)i * (1L << 30)), 8192, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		if (at == MAP_FAILED)
			break;
		*at = 1;
	}
	err = errno;
	child = i == 40 ? fork() : -1;
	if (child == 0)
		_exit(0);
	err = i == 40 ? errno : err;
	while (i--)
		munmap((void *)(0x100000000000 + (long)i * (1L << 30)), 8192);
	errno = err;
	return child;
}
HUNT(nomemproc, "fork of a wide address space", do_fork_wide, reap)

static void *nothing(void *arg)
{
	return arg;
}

static long do_thread(void)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, nothing, NULL);

	if (err) {
		errno = err;
		return -1;
	}
	return pthread_join(t, NULL) ? -1 : 0;
}
HUNT(nomemproc, "a thread", do_thread, NULL, EAGAIN)

static long do_pidfd(void)
{
	return fds[0] = syscall(SYS_pidfd_open, getpid(), 0);
}
HUNT(nomemproc, "pidfd_open", do_pidfd, close_one)

static long do_unshare(void)
{
	return unshare(CLONE_FILES | CLONE_FS);
}
HUNT(nomemproc, "unshare", do_unshare, NULL)

static long do_groups(void)
{
	gid_t groups[100] = { 1, 2, 3 };

	return setgroups(100, groups) || setgroups(0, groups) ? -1 : 0;
}
HUNT(nomemproc, "setgroups", do_groups, NULL)

static long do_setuid(void)
{
	return setresuid(12345, 0, 0);
}

static void undo_setuid(void)
{
	setresuid(0, 0, 0);
}
HUNT(nomemproc, "setresuid", do_setuid, undo_setuid, EAGAIN)

static timer_t timer;

static long do_timer(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	int id;

	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, &id) < 0)
		return -1;
	timer = (timer_t)(long)id;
	return 0;
}

static void undo_timer(void)
{
	syscall(SYS_timer_delete, (int)(long)timer);
}
HUNT(nomemproc, "timer_create", do_timer, undo_timer, EAGAIN)

static long do_sigqueue(void)
{
	return sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 5 });
}

static void take_signals(void)
{
	struct timespec none = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
}

TEST(nomemproc, "sigqueue")
{
	mask_signal(SIG_BLOCK, SIGRTMIN + 3);
	hunt(&(const struct hunted){ .operation = do_sigqueue, .undo = take_signals, .errors = { EAGAIN } });
}

/* ---- exec: in a child, which tells how it went by its end ---- */

enum { NTH_FD = 100, NOT_FAILED = 9 };

/* The program that exec starts: was there an allocation to fail? */
int ktap_reexec(int argc, char **argv)
{
	return disarm_nth(NTH_FD) ? NOT_FAILED : 0;
}

static const char *exec_path;

static void run_exec(int nth)
{
	char *argv[] = { "nomemproc", "--reexec", "an argument", NULL };
	int fd = open("/proc/thread-self/fail-nth", O_RDWR);

	dup2(fd, NTH_FD);
	close(fd);
	if (nth)
		arm_nth(NTH_FD, nth);
	execv(exec_path, argv);
	/* Linux has E2BIG for an argument page that it does not get, and ENOEXEC for the program headers. */
	if (nth && !disarm_nth(NTH_FD) && (errno == ENOMEM || errno == E2BIG || errno == ENOEXEC))
		_exit(0);
	ktap_note("allocation %d: %s", nth, ktap_errno_name(errno));
	_exit(1);
}

/* Exit status 0, NOT_FAILED, or death by SIGSEGV where there is no way back: Linux's three ways. */
static bool exec_fails_at(int nth)
{
	pid_t pid = ktap_fork();
	int status;

	if (pid == 0)
		run_exec(nth);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FAILED)
		return false;
	if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV))
		ktap_note("allocation %d: status %#x", nth, status);
	EXPECT_TRUE(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV));
	return true;
}

static void hunt_exec(const char *path)
{
	int fd = open_nth();

	exec_path = path;
	if (fd < 0) {
		EXPECT_TRUE(exec_fails_at(0));
		return;
	}
	close(fd);
	sweep_twice(exec_fails_at);
}

TEST(nomemproc, "exec")
{
	hunt_exec("/proc/self/exe");
}

TEST(nomemproc, "exec of a script")
{
	char self[200] = "", script[300];
	int fd;

	scratch();
	ASSERT_OK(readlink("/proc/self/exe", self, sizeof(self) - 1));
	snprintf(script, sizeof(script), "#!%s --reexec\n", self);
	fd = scratch_file("script", script, 0755);
	close(fd);
	hunt_exec("./script");
}
