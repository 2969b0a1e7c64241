// SPDX-License-Identifier: BSD-2-Clause
/*
 * POSIX message queues: names and who may open them, messages by priority, waiting, being told, and the file system.
 * The C library's own calls, and the raw ones where it would keep a bad value away.
 */
#include <linux/fs.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ktap.h"

/* All subtests' name, one after the other. One that ends in the middle leaves it, and the program removes it. */
static char name[32];

__attribute__((constructor)) static void choose_name(void)
{
	snprintf(name, sizeof(name), "/suite.%d", getpid());
}

__attribute__((destructor)) static void remove_name(void)
{
	mq_unlink(name);
}

static void nothing(int sig)
{
	(void)sig;
}

/* A queue of `n` messages of 16 bytes, gone at the subtest's end: it has no name any more. */
static mqd_t queue(long n, int flags)
{
	struct mq_attr attr = { .mq_maxmsg = n, .mq_msgsize = 16 };
	mqd_t q;

	q = ASSERT_OK(mq_open(name, O_RDWR | O_CREAT | O_EXCL | flags, 0600, &attr));
	EXPECT_OK(mq_unlink(name));
	return q;
}

TEST(mq, "messages come by priority, of one priority in order")
{
	mqd_t q = queue(8, 0);
	char text[16];
	unsigned priority;

	EXPECT_OK(mq_send(q, "a1", 2, 1));
	EXPECT_OK(mq_send(q, "b5", 2, 5));
	EXPECT_OK(mq_send(q, "c1", 2, 1));
	EXPECT_OK(mq_send(q, "", 0, 0));
	EXPECT_OK(mq_send(q, "d32767", 6, 32767));
	EXPECT_EQ(mq_receive(q, text, 16, &priority), 6);
	EXPECT_EQ(priority, 32767);
	EXPECT_EQ(mq_receive(q, text, 16, &priority), 2);
	EXPECT_MEMEQ(text, "b5", 2);
	EXPECT_EQ(mq_receive(q, text, 16, NULL), 2);
	EXPECT_MEMEQ(text, "a1", 2);
	EXPECT_EQ(mq_receive(q, text, 16, NULL), 2);
	EXPECT_MEMEQ(text, "c1", 2);
	EXPECT_EQ(mq_receive(q, text, 16, NULL), 0);
}

TEST(mq, "what a queue says of itself; only O_NONBLOCK can be changed")
{
	mqd_t q = queue(3, 0);
	struct mq_attr a, b = { .mq_flags = O_NONBLOCK, .mq_maxmsg = 99 }, bad = { .mq_flags = O_RDWR };
	char c;

	EXPECT_OK(mq_send(q, "x", 1, 0));
	EXPECT_OK(mq_setattr(q, &b, &a));
	EXPECT_EQ(a.mq_flags, 0);
	EXPECT_EQ(a.mq_maxmsg, 3);
	EXPECT_EQ(a.mq_msgsize, 16);
	EXPECT_EQ(a.mq_curmsgs, 1);
	EXPECT_OK(mq_getattr(q, &a));
	EXPECT_EQ(a.mq_flags, O_NONBLOCK);
	EXPECT_EQ(a.mq_maxmsg, 3);
	EXPECT_ERRNO(mq_setattr(q, &bad, NULL), EINVAL);
	EXPECT_ERRNO(mq_receive(q, &c, 1, NULL), EMSGSIZE);
	EXPECT_EQ(fcntl(q, F_GETFD), FD_CLOEXEC);
}

TEST(mq, "full and empty: EAGAIN, ETIMEDOUT, and a message that is too long")
{
	mqd_t q = queue(2, O_NONBLOCK);
	struct timespec past = { 1, 0 }, wrong = { 1, 1000000000 };
	struct mq_attr wait = { 0 };
	char text[17] = "";

	EXPECT_ERRNO(mq_receive(q, text, 16, NULL), EAGAIN);
	EXPECT_ERRNO(mq_send(q, text, 17, 0), EMSGSIZE);
	EXPECT_ERRNO(mq_send(q, text, 1, 32768), EINVAL);
	EXPECT_OK(mq_send(q, text, 1, 0));
	EXPECT_OK(mq_send(q, text, 1, 0));
	EXPECT_ERRNO(mq_send(q, text, 1, 0), EAGAIN);
	ASSERT_OK(mq_setattr(q, &wait, NULL));
	EXPECT_ERRNO(mq_timedsend(q, text, 1, 0, &past), ETIMEDOUT);
	EXPECT_ERRNO(mq_timedsend(q, text, 1, 0, &wrong), EINVAL);
	EXPECT_EQ(mq_timedreceive(q, text, 16, NULL, &past), 1);
	EXPECT_EQ(mq_receive(q, text, 16, NULL), 1);
	EXPECT_ERRNO(mq_timedreceive(q, text, 16, NULL, &past), ETIMEDOUT);
}

TEST(mq, "a receiver waits for a message, a sender for room, a signal ends the wait")
{
	mqd_t q = queue(1, 0);
	char text[16];
	pid_t pid = ktap_fork();

	if (!pid)
		_exit(mq_receive(q, text, 16, NULL) != 3);
	wait_until_blocked(pid);
	EXPECT_OK(mq_send(q, "abc", 3, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(mq_send(q, "de", 2, 0));
	pid = ktap_fork();
	if (!pid)
		_exit(mq_send(q, "f", 1, 0) != 0);
	wait_until_blocked(pid);
	EXPECT_EQ(mq_receive(q, text, 16, NULL), 2);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(mq_receive(q, text, 16, NULL), 1);
	pid = ktap_fork();
	if (!pid) {
		handle(SIGUSR1, nothing, 0);
		EXPECT_ERRNO(mq_receive(q, text, 16, NULL), EINTR);
		_exit(0);
	}
	wait_until_blocked(pid);
	kill(pid, SIGUSR1);
	EXPECT_EXIT(pid, 0);
}

TEST(mq, "names: new, there already, none, too long, and with a slash inside")
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	char longer[300];

	EXPECT_ERRNO(mq_open(name, O_RDWR), ENOENT);
	EXPECT_ERRNO(mq_unlink(name), ENOENT);
	ASSERT_OK(mq_open(name, O_RDWR | O_CREAT, 0600, &attr));
	EXPECT_OK(mq_open(name, O_RDONLY));
	EXPECT_OK(mq_open(name, O_RDWR | O_CREAT, 0600, NULL));
	EXPECT_ERRNO(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr), EEXIST);
	EXPECT_ERRNO(mq_open(name, 3), EINVAL);
	EXPECT_OK(mq_unlink(name));
	EXPECT_ERRNO(mq_open("/", O_RDWR | O_CREAT, 0600, NULL), ENOENT);
	EXPECT_ERRNO(mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL), EACCES);
	EXPECT_ERRNO(mq_open("/..", O_RDWR), EACCES);
	memset(longer, 'n', 299);
	longer[0] = '/';
	longer[299] = 0;
	EXPECT_ERRNO(syscall(SYS_mq_open, longer + 1, O_RDWR | O_CREAT, 0600, NULL), ENAMETOOLONG);
	EXPECT_ERRNO(syscall(SYS_mq_open, NULL, O_RDWR, 0, NULL), EFAULT);
}

TEST(mq, "without a free descriptor no name is looked up and no queue is made")
{
	struct rlimit files, few = { 0, 0 };

	ASSERT_OK(getrlimit(RLIMIT_NOFILE, &files));
	few.rlim_max = files.rlim_max;
	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &few));
	EXPECT_ERRNO(mq_open(name, O_RDWR), EMFILE);
	EXPECT_ERRNO(mq_open(name, O_RDWR | O_CREAT, 0600, NULL), EMFILE);
	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &files));
	EXPECT_ERRNO(mq_unlink(name), ENOENT);
}

TEST(mq, "sizes that no queue has, and RLIMIT_MSGQUEUE")
{
	struct mq_attr none = { .mq_maxmsg = 0, .mq_msgsize = 1 }, many = { .mq_maxmsg = 11, .mq_msgsize = 1 },
		       large = { .mq_maxmsg = 1, .mq_msgsize = 8193 }, huge = { .mq_maxmsg = 65537, .mq_msgsize = 1 };
	struct rlimit little = { 82879, 82879 };

	EXPECT_ERRNO(mq_open(name, O_RDWR | O_CREAT, 0600, &none), EINVAL);
	EXPECT_ERRNO(mq_open(name, O_RDWR | O_CREAT, 0600, &huge), EINVAL);
	EXPECT_OK(mq_open(name, O_RDWR | O_CREAT, 0600, &many));
	EXPECT_OK(mq_unlink(name));
	ASSERT_OK(setrlimit(RLIMIT_MSGQUEUE, &little));
	become_nobody();
	EXPECT_ERRNO(mq_open(name, O_RDWR | O_CREAT, 0600, &many), EINVAL);
	EXPECT_ERRNO(mq_open(name, O_RDWR | O_CREAT, 0600, &large), EINVAL);
	EXPECT_ERRNO(mq_open(name, O_RDWR | O_CREAT, 0600, NULL), EMFILE);
}

TEST(mq, "a descriptor does what it was opened for, and a file that is no queue is EBADF")
{
	mqd_t r, w;
	char text[8192];
	pid_t pid;

	r = ASSERT_OK(mq_open(name, O_RDONLY | O_CREAT, 0644, NULL));
	w = ASSERT_OK(mq_open(name, O_WRONLY));
	EXPECT_ERRNO(mq_send(r, "", 0, 0), EBADF);
	EXPECT_ERRNO(mq_receive(w, text, 8192, NULL), EBADF);
	EXPECT_ERRNO(mq_send(1, "", 0, 0), EBADF);
	EXPECT_ERRNO(mq_receive(-1, text, 8192, NULL), EBADF);
	pid = ktap_fork();
	if (!pid) {
		become_nobody();
		EXPECT_ERRNO(mq_open(name, O_WRONLY), EACCES);
		EXPECT_OK(mq_open(name, O_RDONLY));
		EXPECT_ERRNO(syscall(SYS_mq_unlink, name + 1), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_OK(mq_unlink(name));
}

TEST(mq, "a queue is polled like a pipe")
{
	mqd_t q = queue(1, 0);
	struct pollfd p = { q, POLLIN | POLLOUT, 0 };
	char text[16];

	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLOUT);
	EXPECT_OK(mq_send(q, "a", 1, 0));
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN);
	EXPECT_EQ(mq_receive(q, text, 16, NULL), 1);
}

static volatile int told_pid, told_value, told_code;

static void told(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	told_pid = info->si_pid;
	told_value = info->si_value.sival_int;
	told_code = info->si_code;
}

TEST(mq, "mq_notify tells once, of the first message in an empty queue")
{
	mqd_t q = queue(4, 0);
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 77 };
	char text[16], cookie[32] = "";
	pid_t pid;

	handle_info(SIGUSR1, told, 0);
	EXPECT_OK(mq_notify(q, &ev));
	EXPECT_ERRNO(mq_notify(q, &ev), EBUSY);
	pid = ktap_fork();
	if (!pid) {
		EXPECT_OK(mq_notify(q, NULL));	/* it is not ours to end */
		EXPECT_ERRNO(mq_notify(q, &ev), EBUSY);
		_exit(mq_send(q, "a", 1, 0) != 0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(told_pid, pid);
	EXPECT_EQ(told_value, 77);
	EXPECT_EQ(told_code, SI_MESGQ);
	EXPECT_OK(mq_notify(q, &ev));
	told_value = 0;
	EXPECT_OK(mq_send(q, "b", 1, 0));
	EXPECT_EQ(told_value, 0);
	EXPECT_EQ(mq_receive(q, text, 16, NULL), 1);
	EXPECT_EQ(mq_receive(q, text, 16, NULL), 1);
	EXPECT_OK(mq_send(q, "c", 1, 0));
	EXPECT_EQ(told_value, 77);
	EXPECT_OK(mq_notify(q, &ev));
	EXPECT_OK(mq_notify(q, NULL));
	ev.sigev_signo = 65;
	EXPECT_ERRNO(mq_notify(q, &ev), EINVAL);
	ev = (struct sigevent){ .sigev_notify = SIGEV_THREAD, .sigev_signo = 900, .sigev_value.sival_ptr = (void *)8 };
	EXPECT_ERRNO(syscall(SYS_mq_notify, q, &ev), EFAULT);		/* its cookie */
	ev.sigev_value.sival_ptr = cookie;
	EXPECT_ERRNO(syscall(SYS_mq_notify, q, &ev), EBADF);
	ev.sigev_signo = q;
	EXPECT_ERRNO(syscall(SYS_mq_notify, q, &ev), ENOTSOCK);
	ev.sigev_signo = ASSERT_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	EXPECT_ERRNO(syscall(SYS_mq_notify, q, &ev), EINVAL);
}

TEST(mq, "a close ends the notification; a waiting receiver comes before it")
{
	mqd_t q = queue(4, 0), other = ASSERT_OK(dup(q));
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 5 };
	char text[16];
	pid_t pid;

	handle_info(SIGUSR1, told, 0);
	EXPECT_OK(mq_notify(q, &ev));
	close(other);
	EXPECT_OK(mq_notify(q, &ev));
	pid = ktap_fork();
	if (!pid)
		_exit(mq_receive(q, text, 16, NULL) != 1);
	wait_until_blocked(pid);
	EXPECT_OK(mq_send(q, "a", 1, 0));
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(told_value, 0);
	EXPECT_ERRNO(mq_notify(q, &ev), EBUSY);
}

TEST(mq, "a queue is closed by exec in any case, and O_CLOEXEC stays among its flags")
{
	mqd_t without = queue(1, O_NONBLOCK), with = queue(1, O_NONBLOCK | O_CLOEXEC);

	EXPECT_EQ(fcntl(without, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(with, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(without, F_GETFL) & (O_NONBLOCK | O_CLOEXEC), O_NONBLOCK);
	EXPECT_EQ(fcntl(with, F_GETFL) & (O_NONBLOCK | O_CLOEXEC), O_NONBLOCK | O_CLOEXEC);
}

TEST(mq, "what a queue says of itself is read piece by piece")
{
	char a[2], b[2];
	struct iovec v[] = { { a, 2 }, { b, 2 } };
	mqd_t q = queue(1, 0);

	EXPECT_EQ(preadv(q, v, 2, 1), 4);
	EXPECT_MEMEQ(a, "SI", 2);
	EXPECT_MEMEQ(b, "ZE", 2);
	EXPECT_ERRNO(syscall(SYS_preadv2, q, v, 2L, 0L, 0L, RWF_SYNC), EOPNOTSUPP);
	EXPECT_EQ(lseek(q, 5, SEEK_DATA), 5);
	EXPECT_EQ(lseek(q, 5, SEEK_HOLE), 80);
	EXPECT_EQ(lseek(q, 0, SEEK_CUR), 80);
	EXPECT_ERRNO(lseek(q, 80, SEEK_HOLE), ENXIO);
	EXPECT_ERRNO(lseek(q, -1, SEEK_DATA), EINVAL);
}

TEST(mq, "the file system: a queue is a file there, and says what is in it")
{
	struct stat st;
	char path[64];
	mqd_t q;

	scratch();
	ASSERT_OK(mkdir("m", 0700));
	ASSERT_OK(mount("none", "m", "mqueue", 0, NULL));
	q = ASSERT_OK(mq_open(name, O_RDWR | O_CREAT, 0640, NULL));
	EXPECT_OK(mq_send(q, "12345", 5, 0));
	snprintf(path, sizeof(path), "m%s", name);
	ASSERT_OK(stat(path, &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0640);
	EXPECT_EQ(st.st_size, 80);
	EXPECT_STREQ(slurp(path), "QSIZE:5          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n");
	EXPECT_OK(unlink(path));
	EXPECT_ERRNO(mq_open(name, O_RDWR), ENOENT);
	ASSERT_OK(stat("m", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | S_ISVTX | 0777);
	EXPECT_ERRNO(mkdir("m/d", 0700), EPERM);
	EXPECT_OK(umount("m"));
}
