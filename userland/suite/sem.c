// SPDX-License-Identifier: BSD-2-Clause
/*
 * System V semaphores: several operations as one, who waits, and what is undone when a process ends.
 */
#include "sysvipc.h"

static int op(int num, int by, int flags)
{
	struct sembuf b = { num, by, flags };

	return semop(set, &b, 1);
}

static int value(int num)
{
	return semctl(set, num, GETVAL);
}

static int take_one(void)
{
	return op(0, -1, 0);
}

TEST(sem, "semaphores: set, get, add, take, and not below nothing")
{
	unsigned short all[3] = { 1, 2, 3 }, got[3];
	struct semid_ds ds;

	new_set(3);
	EXPECT_OK(semctl(set, 0, SETALL, (union semun){ .array = all }));
	EXPECT_OK(semctl(set, 0, GETALL, (union semun){ .array = got }));
	EXPECT_MEMEQ(got, all, sizeof(all));
	EXPECT_OK(op(1, 5, 0));
	EXPECT_EQ(value(1), 7);
	EXPECT_OK(op(1, -7, 0));
	EXPECT_ERRNO(op(1, -1, IPC_NOWAIT), EAGAIN);
	EXPECT_OK(op(1, 0, 0));
	EXPECT_ERRNO(op(2, 0, IPC_NOWAIT), EAGAIN);
	EXPECT_EQ(semctl(set, 2, GETPID), getpid());
	ASSERT_OK(semctl(set, 0, IPC_STAT, (union semun){ .buf = &ds }));
	EXPECT_EQ(ds.sem_nsems, 3);
	EXPECT_EQ(ds.sem_perm.mode, 0600);
	EXPECT_TRUE(ds.sem_otime && ds.sem_ctime);
	drop_set();
}

TEST(sem, "semaphores: bad numbers, values and sizes")
{
	struct sembuf b = { 0, 1, 0 };

	new_set(2);
	EXPECT_ERRNO(op(2, 1, 0), EFBIG);
	EXPECT_ERRNO(semctl(set, 2, GETVAL), EINVAL);
	EXPECT_ERRNO(semctl(set, 0, SETVAL, (union semun){ .val = 32768 }), ERANGE);
	EXPECT_ERRNO(semctl(set, 0, SETVAL, (union semun){ .val = -1 }), ERANGE);
	EXPECT_OK(semctl(set, 0, SETVAL, (union semun){ .val = 32767 }));
	EXPECT_ERRNO(op(0, 1, 0), ERANGE);
	EXPECT_ERRNO(semop(set, &b, 0), EINVAL);
	EXPECT_ERRNO(semop(set, &b, 501), E2BIG);
	EXPECT_ERRNO(semop(set, (void *)8, 1), EFAULT);
	EXPECT_ERRNO(semget(IPC_PRIVATE, 0, 0600), EINVAL);
	EXPECT_ERRNO(semget(IPC_PRIVATE, 32001, 0600), EINVAL);
	EXPECT_ERRNO(semctl(set, 0, 99), EINVAL);
	drop_set();
}

TEST(sem, "several operations are done as one or not at all")
{
	struct sembuf b[3] = { { 0, 1, 0 }, { 1, 1, 0 }, { 0, -3, IPC_NOWAIT } };
	struct sembuf c[2] = { { 0, 2, 0 }, { 0, -1, 0 } };

	new_set(2);
	EXPECT_ERRNO(semop(set, b, 3), EAGAIN);
	EXPECT_EQ(value(0), 0);
	EXPECT_EQ(value(1), 0);
	EXPECT_OK(semop(set, c, 2));
	EXPECT_EQ(value(0), 1);
	drop_set();
}

TEST(sem, "who waits for a semaphore is counted, and goes on when it may")
{
	pid_t taker, zero;

	new_set(1);
	ASSERT_OK(op(0, 1, 0));
	taker = ktap_fork();
	if (!taker)
		_exit(op(0, -3, 0) != 0);
	zero = ktap_fork();
	if (!zero)
		_exit(op(0, 0, 0) != 0);
	wait_until_blocked(taker);
	wait_until_blocked(zero);
	EXPECT_EQ(semctl(set, 0, GETNCNT), 1);
	EXPECT_EQ(semctl(set, 0, GETZCNT), 1);
	ASSERT_OK(op(0, 2, 0));
	EXPECT_EXIT(taker, 0);
	EXPECT_EXIT(zero, 0);
	EXPECT_EQ(value(0), 0);
	EXPECT_EQ(semctl(set, 0, GETNCNT), 0);
	drop_set();
}

TEST(sem, "a wait for a semaphore ends by its time, by a signal, and with the set")
{
	struct sembuf b = { 0, -1, 0 };
	struct timespec ts = { 0, 1000000 }, wrong = { 0, 1000000000 };
	pid_t pid;

	new_set(1);
	EXPECT_ERRNO(semtimedop(set, &b, 1, &ts), EAGAIN);
	EXPECT_ERRNO(semtimedop(set, &b, 1, &wrong), EINVAL);
	pid = waiter(take_one, EINTR);
	kill(pid, SIGUSR1);
	EXPECT_EXIT(pid, 0);
	pid = waiter(take_one, EIDRM);
	drop_set();
	EXPECT_EXIT(pid, 0);
}

TEST(sem, "SEM_UNDO: what a process took comes back when it ends, in any way")
{
	pid_t pid;

	new_set(2);
	ASSERT_OK(op(0, 5, 0));
	pid = ktap_fork();
	if (!pid) {
		op(0, -2, SEM_UNDO);
		op(0, -1, SEM_UNDO);
		op(1, 4, SEM_UNDO);
		op(0, 1, 0);
		_exit(value(0) != 3 || value(1) != 4);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(value(0), 6);
	EXPECT_EQ(value(1), 0);
	EXPECT_EQ(semctl(set, 0, GETPID), pid);
	pid = ktap_fork();
	if (!pid) {
		op(0, -6, SEM_UNDO);
		raise(SIGKILL);
	}
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_EQ(value(0), 6);
	drop_set();
}

TEST(sem, "SEM_UNDO wakes who waited; SETVAL makes it be forgotten; a fork does not inherit it")
{
	pid_t holder, waiter;
	int gate[2];

	new_set(1);
	ASSERT_OK(pipe(gate));
	ASSERT_OK(op(0, 1, 0));
	holder = ktap_fork();
	if (!holder) {
		char c;

		op(0, -1, SEM_UNDO);
		if (!ktap_fork())
			_exit(0);
		wait(0);
		read(gate[0], &c, 1);
		_exit(value(0) != 0);
	}
	wait_until_blocked(holder);
	waiter = ktap_fork();
	if (!waiter)
		_exit(op(0, -1, 0) != 0);
	wait_until_blocked(waiter);
	write(gate[1], "", 1);
	EXPECT_EXIT(holder, 0);
	EXPECT_EXIT(waiter, 0);
	holder = ktap_fork();
	if (!holder) {
		op(0, 3, SEM_UNDO);
		semctl(set, 0, SETVAL, (union semun){ .val = 9 });
		_exit(0);
	}
	EXPECT_EXIT(holder, 0);
	EXPECT_EQ(value(0), 9);
	drop_set();
}

TEST(sem, "SEM_UNDO goes no further than a semaphore's bounds")
{
	new_set(1);
	ASSERT_OK(semctl(set, 0, SETVAL, (union semun){ .val = 30000 }));
	EXPECT_OK(op(0, -30000, SEM_UNDO));
	EXPECT_OK(op(0, 30000, 0));
	EXPECT_ERRNO(op(0, -3000, SEM_UNDO), ERANGE);
	EXPECT_EQ(value(0), 30000);
	drop_set();
}
