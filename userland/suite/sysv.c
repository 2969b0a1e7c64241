// SPDX-License-Identifier: BSD-2-Clause
/*
 * System V IPC, what its three kinds have in common: keys and ids, who may, and what tells of them all.
 */
#include "sysvipc.h"

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
	int h = make_segment(own_key(), 4096, IPC_CREAT | 0640);
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
	snprintf(want, sizeof(want),
		 "         0 %10d   600           5          1 %5d     0     0     0     0     0 ", queue, getpid());
	EXPECT_MEMEQ(proc_line("/proc/sysvipc/msg", queue), want, strlen(want));
	snprintf(want, sizeof(want), "         0 %10d   600          7     0     0     0     0          0 ", set);
	EXPECT_MEMEQ(proc_line("/proc/sysvipc/sem", set), want, strlen(want));
	EXPECT_MEMEQ(slurp("/proc/sysvipc/sem"), head, strlen(head));
	snprintf(want, sizeof(want),
		 "         0 %10d   600                  5000 %5d     0      0     0     0     0     0 ", segment,
		 getpid());
	EXPECT_MEMEQ(proc_line("/proc/sysvipc/shm", segment), want, strlen(want));
	EXPECT_STREQ(slurp("/proc/sys/kernel/sem"), "32000\t1024000000\t500\t32000\n");
	EXPECT_STREQ(slurp("/proc/sys/kernel/shmmax"), "18446744073692774399\n");
	EXPECT_STREQ(slurp("/proc/sys/kernel/msgmni"), "32000\n");
	drop_queue();
	drop_set();
	drop_segment();
}
