// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scheduling as a program sees it: policies, priorities, affinity, yielding.
 */
#include <sys/resource.h>

#include "ktap.h"

TEST(sched, "the policy is SCHED_OTHER with priority 0")
{
	struct sched_param param = { .sched_priority = 7 };

	EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	EXPECT_OK(syscall(SYS_sched_getparam, 0, &param));
	EXPECT_EQ(param.sched_priority, 0);
}

TEST(sched, "the real-time policies have priorities 1 to 99, the others 0")
{
	EXPECT_EQ(sched_get_priority_min(SCHED_FIFO), 1);
	EXPECT_EQ(sched_get_priority_max(SCHED_FIFO), 99);
	EXPECT_EQ(sched_get_priority_max(SCHED_RR), 99);
	EXPECT_EQ(sched_get_priority_max(SCHED_OTHER), 0);
	EXPECT_ERRNO(sched_get_priority_max(77), EINVAL);
}

TEST(sched, "sched_yield returns 0, also with nobody else")
{
	for (int i = 0; i < 100; i++)
		EXPECT_OK(sched_yield());
}

TEST(sched, "nice goes up for all, down for root, and stops at 19 and -20")
{
	pid_t pid;

	EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 0);
	EXPECT_OK(setpriority(PRIO_PROCESS, 0, 5));
	EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 5);
	EXPECT_OK(setpriority(PRIO_PROCESS, 0, -100));
	EXPECT_EQ(getpriority(PRIO_PROCESS, 0), -20);
	EXPECT_OK(setpriority(PRIO_PROCESS, 0, 100));
	EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 19);
	pid = ktap_fork();
	if (pid == 0)
		_exit(getpriority(PRIO_PROCESS, 0));
	EXPECT_EXIT(pid, 19);
}

TEST(sched, "a user may not lower its nice, nor touch another's")
{
	pid_t parent = getpid(), pid = ktap_fork();

	if (pid == 0) {
		become_nobody();
		EXPECT_OK(setpriority(PRIO_PROCESS, 0, 3));
		EXPECT_ERRNO(setpriority(PRIO_PROCESS, 0, 1), EACCES);
		EXPECT_ERRNO(setpriority(PRIO_PROCESS, parent, 5), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(sched, "who has fewer capabilities does not say when and where another runs, not even of the same user")
{
	struct { uint32_t version; int pid; } head = { 0x20080522, 0 };
	struct sched_param param = { 0 };
	uint32_t none[6] = { 0 };
	unsigned long one = 1;
	pid_t pid, parent = getpid();

	pid = ktap_fork();
	if (pid == 0) {
		ASSERT_OK(syscall(SYS_capset, &head, none));
		EXPECT_ERRNO(setpriority(PRIO_PROCESS, parent, 5), EPERM);
		EXPECT_ERRNO(syscall(SYS_sched_setscheduler, parent, 3 /* SCHED_BATCH */, &param), EPERM);
		EXPECT_ERRNO(syscall(SYS_sched_setaffinity, parent, sizeof(one), &one), EPERM);
		EXPECT_OK(setpriority(PRIO_PROCESS, 0, 5));
		EXPECT_OK(syscall(SYS_sched_setscheduler, 0, 3, &param));
		EXPECT_OK(syscall(SYS_sched_setaffinity, 0, sizeof(one), &one));
		EXPECT_ERRNO(setpriority(PRIO_PGRP, 0, 6), EPERM);	/* what one may is done */
		EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 6);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 0);
}

TEST(sched, "the raw call returns 20 minus nice")
{
	ASSERT_OK(setpriority(PRIO_PROCESS, 0, 7));
	EXPECT_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 13);
}

TEST(sched, "priority of nobody is ESRCH, of an unknown kind EINVAL")
{
	errno = 0;
	EXPECT_ERRNO(syscall(SYS_getpriority, PRIO_PROCESS, 999999), ESRCH);
	EXPECT_ERRNO(syscall(SYS_getpriority, 9, 0), EINVAL);
	EXPECT_ERRNO(setpriority(9, 0, 0), EINVAL);
}

TEST(sched, "affinity names the CPUs there are, and one can be chosen")
{
	cpu_set_t all, one, got;
	int n = 0;

	CPU_ZERO(&all);
	EXPECT_OK(sched_getaffinity(0, sizeof(all), &all));
	EXPECT_EQ(CPU_COUNT(&all), sysconf(_SC_NPROCESSORS_ONLN));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		EXPECT_OK(sched_setaffinity(0, sizeof(one), &one));
		CPU_ZERO(&got);
		EXPECT_OK(sched_getaffinity(0, sizeof(got), &got));
		EXPECT_TRUE(CPU_EQUAL(&one, &got));
		EXPECT_EQ(sched_getcpu(), cpu);
		n++;
	}
	EXPECT_TRUE(n > 0);
}

TEST(sched, "affinity is inherited")
{
	cpu_set_t one, got;
	pid_t pid;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_OK(sched_setaffinity(0, sizeof(one), &one));
	pid = ktap_fork();
	if (pid == 0) {
		CPU_ZERO(&got);
		_exit(sched_getaffinity(0, sizeof(got), &got) == 0 && CPU_EQUAL(&one, &got) ? 3 : 1);
	}
	EXPECT_EXIT(pid, 3);
}

TEST(sched, "an empty affinity is EINVAL, of nobody ESRCH, too small a buffer EINVAL")
{
	cpu_set_t none, all;

	CPU_ZERO(&none);
	EXPECT_ERRNO(sched_setaffinity(0, sizeof(none), &none), EINVAL);
	EXPECT_ERRNO(sched_getaffinity(999999, sizeof(all), &all), ESRCH);
	EXPECT_ERRNO(syscall(SYS_sched_getaffinity, 0, 4L, &all), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getaffinity, 0, 0L, &all), EINVAL);
}

TEST(sched, "two that compute on one CPU both get on")
{
	volatile long *work = shared_page();
	cpu_set_t one;
	pid_t pids[2];

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	for (int i = 0; i < 2; i++) {
		pids[i] = ktap_fork();
		if (pids[i] == 0) {
			sched_setaffinity(0, sizeof(one), &one);
			for (;;)
				work[i]++;
		}
	}
	while (work[0] < 1000000 || work[1] < 1000000)
		sched_yield();
	for (int i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		EXPECT_KILLED(pids[i], SIGKILL);
	}
}

TEST(sched, "one that sleeps is woken though others compute on every CPU")
{
	struct timespec ms1 = { 0, 1000000 };
	pid_t pids[8];

	for (int i = 0; i < 8; i++) {
		pids[i] = ktap_fork();
		if (pids[i] == 0)
			for (volatile long n = 0;; n++)
				;
	}
	for (int i = 0; i < 20; i++)
		EXPECT_OK(nanosleep(&ms1, NULL));
	for (int i = 0; i < 8; i++) {
		kill(pids[i], SIGKILL);
		EXPECT_KILLED(pids[i], SIGKILL);
	}
}

TEST(sched, "getcpu names a CPU of the affinity and node 0")
{
	unsigned int cpu = 999, node = 999;

	EXPECT_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
	EXPECT_TRUE(cpu < 64);
	EXPECT_EQ(node, 0);
}

TEST(sched, "sched_setscheduler refuses unknown policies and priorities that do not fit")
{
	struct sched_param one = { .sched_priority = 1 }, zero = { .sched_priority = 0 };

	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, 0, 77, &zero), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &one), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &zero), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, 999999, SCHED_OTHER, &zero), ESRCH);
	EXPECT_OK(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &zero));
	EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH);
}

TEST(sched, "a user may not become real-time")
{
	struct sched_param one = { .sched_priority = 1 };

	become_nobody();
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &one), EPERM);
}

/* ---- ioprio ---- */

enum { IO_PROCESS = 1, IO_PGRP, IO_USER };
#define IOPRIO(class, level) ((class) << 13 | (level))

static long ioprio_get(int which, int who)
{
	return syscall(SYS_ioprio_get, which, who);
}

static long ioprio_set(int which, int who, int value)
{
	return syscall(SYS_ioprio_set, which, who, value);
}

TEST(sched, "ioprio: what is set is read back, and a child has it")
{
	pid_t pid;

	EXPECT_OK(ioprio_set(IO_PROCESS, 0, IOPRIO(2, 7)));
	EXPECT_EQ(ioprio_get(IO_PROCESS, getpid()), IOPRIO(2, 7));
	pid = ktap_fork();
	if (!pid)
		_exit(ioprio_get(IO_PROCESS, 0) != IOPRIO(2, 7));
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(ioprio_set(IO_PROCESS, 0, IOPRIO(3, 0)));
	EXPECT_EQ(ioprio_get(IO_PROCESS, 0), IOPRIO(3, 0));
	EXPECT_EQ(ioprio_get(IO_PGRP, 0), IOPRIO(3, 0));
}

TEST(sched, "ioprio: without one of its own a thread's is none, and counts as its nice value says in a group")
{
	EXPECT_OK(ioprio_set(IO_PROCESS, 0, 0));
	EXPECT_EQ(ioprio_get(IO_PROCESS, 0), 0);
	EXPECT_EQ(ioprio_get(IO_PGRP, 0), IOPRIO(2, 4));
	EXPECT_OK(setpriority(PRIO_PROCESS, 0, 10));
	EXPECT_EQ(ioprio_get(IO_PROCESS, 0), 0);
	EXPECT_EQ(ioprio_get(IO_PGRP, 0), IOPRIO(2, 6));
}

TEST(sched, "ioprio: values, names and rights that are none")
{
	EXPECT_OK(ioprio_set(IO_PROCESS, 0, IOPRIO(2, 8)));	/* a hint above the level */
	EXPECT_EQ(ioprio_get(IO_PROCESS, 0), IOPRIO(2, 8));
	EXPECT_ERRNO(ioprio_set(IO_PROCESS, 0, IOPRIO(0, 1)), EINVAL);
	EXPECT_ERRNO(ioprio_set(IO_PROCESS, 0, IOPRIO(4, 0)), EINVAL);
	EXPECT_ERRNO(ioprio_set(IO_PROCESS, 0, -1), EINVAL);
	EXPECT_ERRNO(ioprio_set(0, 0, IOPRIO(2, 1)), EINVAL);
	EXPECT_ERRNO(ioprio_get(4, 0), EINVAL);
	EXPECT_ERRNO(ioprio_get(IO_PROCESS, 4000000), ESRCH);
	EXPECT_OK(ioprio_set(IO_PROCESS, 0, IOPRIO(1, 2)));
	become_nobody();
	EXPECT_ERRNO(ioprio_set(IO_PROCESS, 0, IOPRIO(1, 2)), EPERM);
	EXPECT_ERRNO(ioprio_set(IO_PROCESS, 1, IOPRIO(2, 2)), EPERM);
	EXPECT_OK(ioprio_set(IO_PROCESS, 0, IOPRIO(2, 2)));
}
