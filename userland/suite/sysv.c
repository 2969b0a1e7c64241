// SPDX-License-Identifier: BSD-2-Clause
/*
 * System V IPC: keys and ids, messages, semaphores with their undo, shared memory; who may, who waits, what is left.
 */
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "ktap.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#define PAGE 4096

union semun { int val; void *buf; unsigned short *array; };

struct text { long type; char data[64]; };

static int queue, set, segment;

/*
 * What a subtest makes it removes. One that ends in the middle has left word here, and the program removes it at its
 * end: an object outlives its maker.
 */
static struct made { int n, id[300], kind[300]; } *made;
enum { QUEUE, SET, SEGMENT };

__attribute__((constructor)) static void note_what_is_made(void)
{
	made = mmap(0, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

__attribute__((destructor)) static void remove_what_is_left(void)
{
	for (int i = 0; made != MAP_FAILED && i < made->n; i++) {
		if (made->kind[i] == QUEUE)
			msgctl(made->id[i], IPC_RMID, 0);
		else if (made->kind[i] == SET)
			semctl(made->id[i], 0, IPC_RMID);
		else
			shmctl(made->id[i], IPC_RMID, 0);
	}
}

static int note(int kind, int id)
{
	if (id >= 0 && made != MAP_FAILED && made->n < 300) {
		made->kind[made->n] = kind;
		made->id[made->n++] = id;
	}
	return id;
}

static int make_queue(key_t key, int flags) { return ASSERT_OK(note(QUEUE, msgget(key, flags))); }
static int make_set(key_t key, int n, int flags) { return ASSERT_OK(note(SET, semget(key, n, flags))); }
static int make_segment(key_t key, size_t size, int flags) { return ASSERT_OK(note(SEGMENT, shmget(key, size, flags))); }
static void new_queue(void) { queue = make_queue(IPC_PRIVATE, 0600); }
static void new_set(int n) { set = make_set(IPC_PRIVATE, n, 0600); }
static void new_segment(size_t size) { segment = make_segment(IPC_PRIVATE, size, 0600); }

static void drop_queue(void) { EXPECT_OK(msgctl(queue, IPC_RMID, 0)); }
static void drop_set(void) { EXPECT_OK(semctl(set, 0, IPC_RMID)); }
static void drop_segment(void) { EXPECT_OK(shmctl(segment, IPC_RMID, 0)); }

static int send_text(long type, const char *text, int flags)
{
	struct text m = { type, "" };

	strcpy(m.data, text);
	return msgsnd(queue, &m, strlen(text), flags);
}

static int op(int num, int by, int flags)
{
	struct sembuf b = { num, by, flags };

	return semop(set, &b, 1);
}

static int value(int num)
{
	return semctl(set, num, GETVAL);
}

/* A key of our own: the process's number makes it one. */
static key_t own_key(void)
{
	return 0x4a000000 | getpid();
}

TEST(sysv, "a key finds what was made with it; IPC_EXCL finds it in the way")
{
	int id = make_queue(own_key(), IPC_CREAT | 0600);

	EXPECT_EQ(msgget(own_key(), 0), id);
	EXPECT_EQ(msgget(own_key(), IPC_CREAT), id);
	EXPECT_ERRNO(msgget(own_key(), IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	EXPECT_OK(msgctl(id, IPC_RMID, 0));
	EXPECT_ERRNO(msgget(own_key(), 0), ENOENT);
	EXPECT_ERRNO(semget(own_key(), 1, 0), ENOENT);
	EXPECT_ERRNO(shmget(own_key(), 1, 0), ENOENT);
}

TEST(sysv, "IPC_PRIVATE makes a new object each time")
{
	int a = make_queue(IPC_PRIVATE, 0), b = make_queue(IPC_PRIVATE, IPC_CREAT | IPC_EXCL);

	EXPECT_NE(a, b);
	EXPECT_OK(msgctl(a, IPC_RMID, 0));
	EXPECT_OK(msgctl(b, IPC_RMID, 0));
}

TEST(sysv, "an id that was removed is none; no id is negative")
{
	struct text m = { 1, "" };

	new_queue();
	drop_queue();
	EXPECT_TRUE(msgctl(queue, IPC_RMID, 0) == -1 && (errno == EINVAL || errno == EIDRM));
	EXPECT_ERRNO(msgsnd(-1, &m, 0, 0), EINVAL);
	EXPECT_ERRNO(msgrcv(-1, &m, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(semctl(-1, 0, GETVAL), EINVAL);
	EXPECT_TRUE(shmat(-1, 0, 0) == (void *)-1 && errno == EINVAL);
}

TEST(sysv, "mode bits say who may: others may not")
{
	struct text m = { 1, "" };
	int q = make_queue(IPC_PRIVATE, 0600), s = make_set(IPC_PRIVATE, 1, 0644);
	struct sembuf b = { 0, 1, 0 };
	int h = make_segment(own_key(), PAGE, IPC_CREAT | 0640);
	key_t key = own_key();
	pid_t pid = ktap_fork();

	if (!pid) {
		struct msqid_ds ds;

		ASSERT_OK(setgid(1000));
		ASSERT_OK(setuid(1000));
		EXPECT_ERRNO(msgsnd(q, &m, 0, 0), EACCES);
		EXPECT_ERRNO(msgrcv(q, &m, 0, 0, IPC_NOWAIT), EACCES);
		EXPECT_ERRNO(msgctl(q, IPC_STAT, &ds), EACCES);
		EXPECT_ERRNO(msgctl(q, IPC_RMID, 0), EPERM);
		EXPECT_EQ(semctl(s, 0, GETVAL), 0);
		EXPECT_ERRNO(semop(s, &b, 1), EACCES);
		EXPECT_ERRNO(semctl(s, 0, SETVAL, (union semun){ .val = 1 }), EACCES);
		EXPECT_ERRNO(shmget(key, 0, 0666), EACCES);
		EXPECT_OK(shmget(key, 0, 0));
		EXPECT_TRUE(shmat(h, 0, SHM_RDONLY) == (void *)-1 && errno == EACCES);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(msgctl(q, IPC_RMID, 0));
	EXPECT_OK(semctl(s, 0, IPC_RMID));
	EXPECT_OK(shmctl(h, IPC_RMID, 0));
}

TEST(sysv, "IPC_SET changes owner and mode, and an owner may remove")
{
	struct msqid_ds ds;
	pid_t pid;

	new_queue();
	ASSERT_OK(msgctl(queue, IPC_STAT, &ds));
	EXPECT_EQ(ds.msg_perm.mode, 0600);
	ds.msg_perm.uid = 1000;
	ds.msg_perm.mode = 0640;
	EXPECT_OK(msgctl(queue, IPC_SET, &ds));
	ASSERT_OK(msgctl(queue, IPC_STAT, &ds));
	EXPECT_EQ(ds.msg_perm.uid, 1000);
	EXPECT_EQ(ds.msg_perm.cuid, 0);
	EXPECT_EQ(ds.msg_perm.mode, 0640);
	pid = ktap_fork();
	if (!pid) {
		ASSERT_OK(setuid(1000));
		ds.msg_qbytes = 1 << 20;
		EXPECT_ERRNO(msgctl(queue, IPC_SET, &ds), EPERM);
		EXPECT_OK(msgctl(queue, IPC_RMID, 0));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

/* ---- messages ---- */

TEST(sysv, "messages come in order, by type, by the lowest type, and by what they are not")
{
	struct text m;

	new_queue();
	ASSERT_OK(send_text(3, "three", 0));
	ASSERT_OK(send_text(1, "one", 0));
	ASSERT_OK(send_text(2, "two", 0));
	ASSERT_OK(send_text(1, "again", 0));
	EXPECT_EQ(msgrcv(queue, &m, 64, -2, 0), 3);
	EXPECT_MEMEQ(m.data, "one", 3);
	EXPECT_EQ(m.type, 1);
	EXPECT_EQ(msgrcv(queue, &m, 64, 2, 0), 3);
	EXPECT_EQ(msgrcv(queue, &m, 64, 3, MSG_EXCEPT), 5);
	EXPECT_MEMEQ(m.data, "again", 5);
	EXPECT_ERRNO(msgrcv(queue, &m, 64, 7, IPC_NOWAIT), ENOMSG);
	EXPECT_EQ(msgrcv(queue, &m, 64, 0, 0), 5);
	EXPECT_EQ(m.type, 3);
	drop_queue();
}

TEST(sysv, "a message that is too long stays, unless MSG_NOERROR cuts it")
{
	struct text m;

	new_queue();
	ASSERT_OK(send_text(1, "0123456789", 0));
	EXPECT_ERRNO(msgrcv(queue, &m, 4, 0, 0), E2BIG);
	EXPECT_EQ(msgrcv(queue, &m, 4, 0, MSG_NOERROR), 4);
	EXPECT_ERRNO(msgrcv(queue, &m, 64, 0, IPC_NOWAIT), ENOMSG);
	drop_queue();
}

TEST(sysv, "a type below one, a size that wraps, an address that is none")
{
	struct text m = { 0, "" };

	new_queue();
	EXPECT_ERRNO(msgsnd(queue, &m, 1, 0), EINVAL);
	m.type = 1;
	EXPECT_ERRNO(msgsnd(queue, &m, 8193, 0), EINVAL);
	EXPECT_ERRNO(msgsnd(queue, &m, -1, 0), EINVAL);
	EXPECT_ERRNO(msgsnd(queue, (void *)8, 1, 0), EFAULT);
	EXPECT_ERRNO(msgrcv(queue, &m, -1, 0, 0), EINVAL);
	EXPECT_ERRNO(msgctl(queue, 99, 0), EINVAL);
	drop_queue();
}

TEST(sysv, "MSG_COPY looks at a message by its place and leaves it")
{
	struct text m;

	new_queue();
	ASSERT_OK(send_text(5, "a", 0));
	ASSERT_OK(send_text(6, "bc", 0));
	EXPECT_EQ(msgrcv(queue, &m, 64, 1, MSG_COPY | IPC_NOWAIT), 2);
	EXPECT_EQ(m.type, 6);
	EXPECT_ERRNO(msgrcv(queue, &m, 64, 2, MSG_COPY | IPC_NOWAIT), ENOMSG);
	EXPECT_ERRNO(msgrcv(queue, &m, 64, 0, MSG_COPY), EINVAL);
	EXPECT_ERRNO(msgrcv(queue, (void *)8, 64, 2, MSG_COPY | IPC_NOWAIT), EFAULT);
	EXPECT_ERRNO(msgrcv(queue, &m, 1, 1, MSG_COPY | IPC_NOWAIT), E2BIG);
	EXPECT_ERRNO(msgrcv(queue, &m, 1, 1, MSG_COPY | IPC_NOWAIT | MSG_NOERROR), EINVAL);
	EXPECT_EQ(msgrcv(queue, &m, 64, 0, 0), 1);
	drop_queue();
}

TEST(sysv, "a full queue: EAGAIN with IPC_NOWAIT, and a sender waits for room")
{
	static char big[8 + 8192] = { 1 };
	struct msqid_ds ds;
	pid_t pid;

	new_queue();
	ASSERT_OK(msgsnd(queue, big, 8192, 0));
	ASSERT_OK(msgsnd(queue, big, 8192, 0));
	EXPECT_ERRNO(msgsnd(queue, big, 1, IPC_NOWAIT), EAGAIN);
	pid = ktap_fork();
	if (!pid)
		_exit(msgsnd(queue, big, 100, 0) != 0);
	wait_until_blocked(pid);
	EXPECT_EQ(msgrcv(queue, big, 8192, 0, 0), 8192);
	EXPECT_EXIT(pid, 0);
	ASSERT_OK(msgctl(queue, IPC_STAT, &ds));
	EXPECT_EQ(ds.msg_qnum, 2);
	EXPECT_EQ(ds.msg_cbytes, 8292);
	EXPECT_EQ(ds.msg_lspid, pid);
	EXPECT_EQ(ds.msg_lrpid, getpid());
	EXPECT_TRUE(ds.msg_stime && ds.msg_rtime && ds.msg_ctime);
	drop_queue();
}

static void nothing(int sig)
{
	(void)sig;
}

TEST(sysv, "a reader waits: for its type, until the queue goes, until a signal")
{
	struct text m;
	pid_t pid;

	new_queue();
	pid = ktap_fork();
	if (!pid)
		_exit(msgrcv(queue, &m, 64, 9, 0) != 3);
	wait_until_blocked(pid);
	ASSERT_OK(send_text(8, "no", 0));
	ASSERT_OK(send_text(9, "yes", 0));
	EXPECT_EXIT(pid, 0);
	pid = ktap_fork();
	if (!pid) {
		struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };

		sigaction(SIGUSR1, &sa, 0);
		EXPECT_ERRNO(msgrcv(queue, &m, 64, 9, 0), EINTR);
		_exit(0);
	}
	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	EXPECT_EXIT(pid, 0);
	pid = ktap_fork();
	if (!pid) {
		EXPECT_ERRNO(msgrcv(queue, &m, 64, 9, 0), EIDRM);
		_exit(0);
	}
	wait_until_blocked(pid);
	drop_queue();
	EXPECT_EXIT(pid, 0);
}

TEST(sysv, "a message goes to who has waited longest for it; whose room is too small waits no longer")
{
	struct text m;
	pid_t small, first, second;

	new_queue();
	small = ktap_fork();
	if (!small) {
		EXPECT_ERRNO(msgrcv(queue, &m, 2, 0, 0), E2BIG);
		_exit(0);
	}
	wait_until_blocked(small);
	first = ktap_fork();
	if (!first)
		_exit(msgrcv(queue, &m, 64, 0, 0) != 3 || memcmp(m.data, "one", 3));
	wait_until_blocked(first);
	second = ktap_fork();
	if (!second)
		_exit(msgrcv(queue, &m, 2, -9, MSG_NOERROR) != 2 || memcmp(m.data, "tw", 2));
	wait_until_blocked(second);
	ASSERT_OK(send_text(7, "one", 0));
	ASSERT_OK(send_text(10, "not for any", 0));
	ASSERT_OK(send_text(9, "two", 0));
	EXPECT_EXIT(small, 0);
	EXPECT_EXIT(first, 0);
	EXPECT_EXIT(second, 0);
	EXPECT_EQ(msgrcv(queue, &m, 64, 0, IPC_NOWAIT), 11);
	drop_queue();
}

TEST(sysv, "a message that was handed over is had, though the queue is gone")
{
	struct text m;
	struct msqid_ds ds;
	pid_t pid;

	new_queue();
	pid = ktap_fork();
	if (!pid)
		_exit(msgrcv(queue, &m, 64, 0, 0) != 3);
	wait_until_blocked(pid);
	ASSERT_OK(send_text(1, "yes", 0));
	ASSERT_OK(msgctl(queue, IPC_STAT, &ds));
	EXPECT_EQ(ds.msg_qnum, 0);
	EXPECT_EQ(ds.msg_lrpid, pid);
	drop_queue();
	EXPECT_EXIT(pid, 0);
}

/* ---- semaphores ---- */

TEST(sysv, "semaphores: set, get, add, take, and not below nothing")
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

TEST(sysv, "semaphores: bad numbers, values and sizes")
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

TEST(sysv, "a key asked for with more semaphores or bytes than there are is EINVAL")
{
	int s = make_set(own_key(), 2, IPC_CREAT | 0600), h = make_segment(own_key(), 100, IPC_CREAT | 0600);

	EXPECT_EQ(semget(own_key(), 0, 0), s);
	EXPECT_ERRNO(semget(own_key(), 3, 0), EINVAL);
	EXPECT_EQ(shmget(own_key(), 100, 0), h);
	EXPECT_ERRNO(shmget(own_key(), 101, 0), EINVAL);
	EXPECT_OK(semctl(s, 0, IPC_RMID));
	EXPECT_OK(shmctl(h, IPC_RMID, 0));
}

TEST(sysv, "several operations are done as one or not at all")
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

TEST(sysv, "who waits for a semaphore is counted, and goes on when it may")
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

TEST(sysv, "a wait for a semaphore ends by its time, by a signal, and with the set")
{
	struct sembuf b = { 0, -1, 0 };
	struct timespec ts = { 0, 1000000 }, wrong = { 0, 1000000000 };
	pid_t pid;

	new_set(1);
	EXPECT_ERRNO(semtimedop(set, &b, 1, &ts), EAGAIN);
	EXPECT_ERRNO(semtimedop(set, &b, 1, &wrong), EINVAL);
	pid = ktap_fork();
	if (!pid) {
		struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };

		sigaction(SIGUSR1, &sa, 0);
		EXPECT_ERRNO(op(0, -1, 0), EINTR);
		_exit(0);
	}
	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	EXPECT_EXIT(pid, 0);
	pid = ktap_fork();
	if (!pid) {
		EXPECT_ERRNO(op(0, -1, 0), EIDRM);
		_exit(0);
	}
	wait_until_blocked(pid);
	drop_set();
	EXPECT_EXIT(pid, 0);
}

TEST(sysv, "SEM_UNDO: what a process took comes back when it ends, in any way")
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

TEST(sysv, "SEM_UNDO wakes who waited; SETVAL makes it be forgotten; a fork does not inherit it")
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

TEST(sysv, "SEM_UNDO goes no further than a semaphore's bounds")
{
	new_set(1);
	ASSERT_OK(semctl(set, 0, SETVAL, (union semun){ .val = 30000 }));
	EXPECT_OK(op(0, -30000, SEM_UNDO));
	EXPECT_OK(op(0, 30000, 0));
	EXPECT_ERRNO(op(0, -3000, SEM_UNDO), ERANGE);
	EXPECT_EQ(value(0), 30000);
	drop_set();
}

/* ---- shared memory ---- */

TEST(sysv, "a segment is one memory for all who attach it, and its children")
{
	struct shmid_ds ds;
	int *a, *b;
	pid_t pid;

	new_segment(100);
	a = shmat(segment, 0, 0);
	b = shmat(segment, 0, SHM_RDONLY);
	ASSERT_TRUE(a != (void *)-1 && b != (void *)-1);
	EXPECT_EQ(*b, 0);
	*a = 42;
	EXPECT_EQ(*b, 42);
	pid = ktap_fork();
	if (!pid) {
		shmctl(segment, IPC_STAT, &ds);
		a[1] = ds.shm_nattch;
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(b[1], 4);
	ASSERT_OK(shmctl(segment, IPC_STAT, &ds));
	EXPECT_EQ(ds.shm_nattch, 2);
	EXPECT_EQ(ds.shm_segsz, 100);
	EXPECT_EQ(ds.shm_cpid, getpid());
	EXPECT_EQ(ds.shm_lpid, pid);
	EXPECT_TRUE(ds.shm_atime && ds.shm_dtime && ds.shm_ctime);
	EXPECT_OK(shmdt(a));
	EXPECT_OK(shmdt(b));
	EXPECT_ERRNO(shmdt(a), EINVAL);
	drop_segment();
}

TEST(sysv, "a segment attached for reading is never written")
{
	char *p;
	pid_t pid;

	new_segment(PAGE);
	p = shmat(segment, 0, SHM_RDONLY);
	ASSERT_TRUE(p != (void *)-1);
	EXPECT_ERRNO(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
	pid = ktap_fork();
	if (!pid) {
		*(volatile char *)p = 1;
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
	EXPECT_OK(shmdt(p));
	drop_segment();
}

TEST(sysv, "a removed segment lives until its last attachment goes, without a key")
{
	struct shmid_ds ds;
	char *p;

	segment = make_segment(own_key(), PAGE, IPC_CREAT | 0600);
	p = shmat(segment, 0, 0);
	ASSERT_TRUE(p != (void *)-1);
	drop_segment();
	EXPECT_ERRNO(shmget(own_key(), 0, 0), ENOENT);
	ASSERT_OK(shmctl(segment, IPC_STAT, &ds));
	EXPECT_EQ(ds.shm_perm.mode, 0600 | 01000);
	EXPECT_EQ(ds.shm_nattch, 1);
	*p = 1;
	EXPECT_OK(shmdt(p));
	EXPECT_TRUE(shmctl(segment, IPC_STAT, &ds) == -1 && (errno == EINVAL || errno == EIDRM));
}

TEST(sysv, "where a segment is attached: rounded, exactly, over another only with SHM_REMAP")
{
	char *room = mmap(0, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	new_segment(2 * PAGE);
	EXPECT_TRUE(shmat(segment, room + 1, 0) == (void *)-1 && errno == EINVAL);
	EXPECT_TRUE(shmat(segment, room, 0) == (void *)-1 && errno == EINVAL);
	EXPECT_TRUE(shmat(segment, 0, SHM_REMAP) == (void *)-1 && errno == EINVAL);
	EXPECT_TRUE(shmat(segment, room + PAGE + 5, SHM_RND | SHM_REMAP) == room + PAGE);
	room[PAGE] = room[2 * PAGE] = 1;
	/* In two pieces it is still one attachment. */
	EXPECT_OK(mprotect(room + PAGE, PAGE, PROT_READ));
	EXPECT_OK(shmdt(room + PAGE));
	EXPECT_ERRNO(msync(room + PAGE, PAGE, MS_ASYNC), ENOMEM);
	EXPECT_ERRNO(msync(room + 2 * PAGE, PAGE, MS_ASYNC), ENOMEM);
	EXPECT_OK(msync(room + 3 * PAGE, PAGE, MS_ASYNC));
	EXPECT_ERRNO(shmdt(room), EINVAL);
	munmap(room, PAGE);
	EXPECT_TRUE(shmat(segment, room, 0) == room);
	EXPECT_OK(shmdt(room));
	drop_segment();
}

TEST(sysv, "sizes that no segment has, and SHM_LOCK")
{
	struct shmid_ds ds;

	EXPECT_ERRNO(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	EXPECT_ERRNO(shmget(IPC_PRIVATE, -1, 0600), EINVAL);
	new_segment(PAGE);
	EXPECT_OK(shmctl(segment, SHM_LOCK, 0));
	ASSERT_OK(shmctl(segment, IPC_STAT, &ds));
	EXPECT_EQ(ds.shm_perm.mode, 0600 | 02000);
	EXPECT_OK(shmctl(segment, SHM_UNLOCK, 0));
	drop_segment();
}

TEST(sysv, "exec and exit let go of what was attached")
{
	struct shmid_ds ds;
	pid_t pid;

	new_segment(PAGE);
	pid = ktap_fork();
	if (!pid) {
		shmat(segment, 0, 0);
		shmat(segment, 0, 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	ASSERT_OK(shmctl(segment, IPC_STAT, &ds));
	EXPECT_EQ(ds.shm_nattch, 0);
	EXPECT_EQ(ds.shm_lpid, pid);
	drop_segment();
}

TEST(sysv, "IPC_INFO and the walk over all ids by place")
{
	struct shminfo limits;
	struct msginfo info;
	struct msqid_ds ds;
	int last, found = 0;

	new_queue();
	EXPECT_OK(msgctl(0, IPC_INFO, (void *)&info));
	EXPECT_EQ(info.msgmax, 8192);
	EXPECT_EQ(info.msgmnb, 16384);
	EXPECT_EQ(info.msgmni, 32000);
	EXPECT_OK(shmctl(0, IPC_INFO, (void *)&limits));
	EXPECT_EQ(limits.shmmni, 4096);
	last = ASSERT_OK(msgctl(0, MSG_INFO, (void *)&info));
	EXPECT_IN(info.msgpool, 1, 32000);
	for (int i = 0; i <= last; i++)
		found += msgctl(i, MSG_STAT, &ds) == queue;
	EXPECT_EQ(found, 1);
	drop_queue();
}

/* The line of /proc/sysvipc/KIND whose second column is this id; NULL: none. */
static const char *proc_line(const char *path, int id)
{
	char *at = slurp(path), *line;
	int key, got;

	while (at && (line = strsep(&at, "\n")))
		if (sscanf(line, "%d %d", &key, &got) == 2 && got == id)
			return line;
	return NULL;
}

TEST(sysv, "/proc/sysvipc has a line of each object")
{
	const char *head = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n";
	char want[80];

	new_queue();
	new_set(7);
	new_segment(5000);
	ASSERT_OK(send_text(1, "12345", 0));
	snprintf(want, sizeof(want), "         0 %10d   600           5          1 %5d     0     0     0     0     0 ", queue,
		 getpid());
	EXPECT_MEMEQ(proc_line("/proc/sysvipc/msg", queue), want, strlen(want));
	snprintf(want, sizeof(want), "         0 %10d   600          7     0     0     0     0          0 ", set);
	EXPECT_MEMEQ(proc_line("/proc/sysvipc/sem", set), want, strlen(want));
	EXPECT_MEMEQ(slurp("/proc/sysvipc/sem"), head, strlen(head));
	snprintf(want, sizeof(want), "         0 %10d   600                  5000 %5d     0      0     0     0     0     0 ",
		 segment, getpid());
	EXPECT_MEMEQ(proc_line("/proc/sysvipc/shm", segment), want, strlen(want));
	EXPECT_STREQ(slurp("/proc/sys/kernel/sem"), "32000\t1024000000\t500\t32000\n");
	EXPECT_STREQ(slurp("/proc/sys/kernel/shmmax"), "18446744073692774399\n");
	EXPECT_STREQ(slurp("/proc/sys/kernel/msgmni"), "32000\n");
	drop_queue();
	drop_set();
	drop_segment();
}
