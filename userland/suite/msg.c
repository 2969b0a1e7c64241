// SPDX-License-Identifier: BSD-2-Clause
/*
 * System V messages: which one comes, who waits and is handed one, what a full queue does.
 */
#include "sysvipc.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

TEST(msg, "messages come in order, by type, by the lowest type, and by what they are not")
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

TEST(msg, "a message that is too long stays, unless MSG_NOERROR cuts it")
{
	struct text m;

	new_queue();
	ASSERT_OK(send_text(1, "0123456789", 0));
	EXPECT_ERRNO(msgrcv(queue, &m, 4, 0, 0), E2BIG);
	EXPECT_EQ(msgrcv(queue, &m, 4, 0, MSG_NOERROR), 4);
	EXPECT_ERRNO(msgrcv(queue, &m, 64, 0, IPC_NOWAIT), ENOMSG);
	drop_queue();
}

TEST(msg, "a type below one, a size that wraps, an address that is none")
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

TEST(msg, "MSG_COPY looks at a message by its place and leaves it")
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

TEST(msg, "a full queue: EAGAIN with IPC_NOWAIT, and a sender waits for room")
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

static int receive_nine(void)
{
	struct text m;

	return (int)msgrcv(queue, &m, 64, 9, 0);
}

TEST(msg, "a reader waits: for its type, until the queue goes, until a signal")
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
	pid = waiter(receive_nine, EINTR);
	kill(pid, SIGUSR1);
	EXPECT_EXIT(pid, 0);
	pid = waiter(receive_nine, EIDRM);
	drop_queue();
	EXPECT_EXIT(pid, 0);
}

TEST(msg, "a message goes to who has waited longest for it; whose room is too small waits no longer")
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

TEST(msg, "a message that was handed over is had, though the queue is gone")
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

TEST(msg, "the limit of a queue's bytes is an int, and negative it is more than there is")
{
	struct msqid_ds ds;

	new_queue();
	ASSERT_OK(msgctl(queue, IPC_STAT, &ds));
	ds.msg_qbytes = 3 | 1UL << 40;
	EXPECT_OK(msgctl(queue, IPC_SET, &ds));
	ASSERT_OK(msgctl(queue, IPC_STAT, &ds));
	EXPECT_EQ(ds.msg_qbytes, 3);
	EXPECT_ERRNO(send_text(1, "four", IPC_NOWAIT), EAGAIN);
	ds.msg_qbytes = 1UL << 31;
	EXPECT_OK(msgctl(queue, IPC_SET, &ds));
	ASSERT_OK(msgctl(queue, IPC_STAT, &ds));
	EXPECT_EQ(ds.msg_qbytes, -1UL << 31);
	EXPECT_OK(send_text(1, "four", IPC_NOWAIT));
	drop_queue();
}
