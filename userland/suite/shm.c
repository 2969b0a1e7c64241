// SPDX-License-Identifier: BSD-2-Clause
/*
 * System V shared memory: where a segment is attached, who sees it, how long it lives.
 */
#include "sysvipc.h"

TEST(shm, "a segment is one memory for all who attach it, and its children")
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

TEST(shm, "a segment attached for reading is never written")
{
	char *p;
	pid_t pid;

	new_segment(4096);
	p = shmat(segment, 0, SHM_RDONLY);
	ASSERT_TRUE(p != (void *)-1);
	EXPECT_ERRNO(mprotect(p, 4096, PROT_READ | PROT_WRITE), EACCES);
	pid = ktap_fork();
	if (!pid) {
		*(volatile char *)p = 1;
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
	EXPECT_OK(shmdt(p));
	drop_segment();
}

TEST(shm, "a removed segment lives until its last attachment goes, without a key")
{
	struct shmid_ds ds;
	char *p;

	segment = make_segment(own_key(), 4096, IPC_CREAT | 0600);
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

TEST(shm, "where a segment is attached: rounded, exactly, over another only with SHM_REMAP")
{
	char *room = mmap(0, 4 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	new_segment(2 * 4096);
	EXPECT_TRUE(shmat(segment, room + 1, 0) == (void *)-1 && errno == EINVAL);
	EXPECT_TRUE(shmat(segment, room, 0) == (void *)-1 && errno == EINVAL);
	EXPECT_TRUE(shmat(segment, 0, SHM_REMAP) == (void *)-1 && errno == EINVAL);
	EXPECT_TRUE(shmat(segment, room + 4096 + 5, SHM_RND | SHM_REMAP) == room + 4096);
	room[4096] = room[2 * 4096] = 1;
	/* In two pieces it is still one attachment. */
	EXPECT_OK(mprotect(room + 4096, 4096, PROT_READ));
	EXPECT_OK(shmdt(room + 4096));
	EXPECT_ERRNO(msync(room + 4096, 4096, MS_ASYNC), ENOMEM);
	EXPECT_ERRNO(msync(room + 2 * 4096, 4096, MS_ASYNC), ENOMEM);
	EXPECT_OK(msync(room + 3 * 4096, 4096, MS_ASYNC));
	EXPECT_ERRNO(shmdt(room), EINVAL);
	munmap(room, 4096);
	EXPECT_TRUE(shmat(segment, room, 0) == room);
	EXPECT_OK(shmdt(room));
	drop_segment();
}

TEST(shm, "sizes that no segment has, and SHM_LOCK")
{
	struct shmid_ds ds;

	EXPECT_ERRNO(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	EXPECT_ERRNO(shmget(IPC_PRIVATE, -1, 0600), EINVAL);
	new_segment(4096);
	EXPECT_OK(shmctl(segment, SHM_LOCK, 0));
	ASSERT_OK(shmctl(segment, IPC_STAT, &ds));
	EXPECT_EQ(ds.shm_perm.mode, 0600 | 02000);
	EXPECT_OK(shmctl(segment, SHM_UNLOCK, 0));
	drop_segment();
}

TEST(shm, "exec and exit let go of what was attached")
{
	struct shmid_ds ds;
	pid_t pid;

	new_segment(4096);
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
