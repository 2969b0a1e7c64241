// SPDX-License-Identifier: BSD-2-Clause
/*
 * Resource limits: read, lowered, raised, inherited, and felt.
 */
#include <sys/resource.h>

#include "ktap.h"

TEST(rlimit, "the soft limit moves below the hard one")
{
	struct rlimit limit;

	ASSERT_OK(getrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_TRUE(limit.rlim_cur <= limit.rlim_max);
	limit.rlim_cur = 64;
	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &limit));
	ASSERT_OK(getrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(limit.rlim_cur, 64);
}

TEST(rlimit, "soft above hard is EINVAL, an unknown resource EINVAL")
{
	struct rlimit limit = { 10, 5 };

	EXPECT_ERRNO(setrlimit(RLIMIT_CORE, &limit), EINVAL);
	EXPECT_ERRNO(getrlimit(99, &limit), EINVAL);
	EXPECT_ERRNO(setrlimit(-1, &limit), EINVAL);
}

TEST(rlimit, "a user may lower its hard limit and not raise it")
{
	struct rlimit limit = { 100, 100 };

	become_nobody();
	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_max = 200;
	EXPECT_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
	limit = (struct rlimit){ 50, 100 };
	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &limit));
}

TEST(rlimit, "limits are inherited by fork and kept by a child's own change")
{
	struct rlimit limit = { 100, 200 };
	pid_t pid;

	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &limit));
	pid = ktap_fork();
	if (pid == 0) {
		ASSERT_OK(getrlimit(RLIMIT_NOFILE, &limit));
		EXPECT_EQ(limit.rlim_cur, 100);
		limit.rlim_cur = 10;
		ASSERT_OK(setrlimit(RLIMIT_NOFILE, &limit));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	ASSERT_OK(getrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(limit.rlim_cur, 100);
}

TEST(rlimit, "RLIMIT_NOFILE: the limit is the first number that cannot be had")
{
	struct rlimit limit = { 20, 300 };
	int fd, last = -1;

	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = dup(0)) >= 0)
		last = fd;
	EXPECT_EQ(errno, EMFILE);
	EXPECT_EQ(last, 19);
	EXPECT_ERRNO(fcntl(0, F_DUPFD, 20), EINVAL);
	EXPECT_OK(close(19));
	EXPECT_EQ(dup(0), 19);
}

TEST(rlimit, "a pipe with room for one descriptor only is EMFILE and takes none")
{
	struct rlimit limit = { 0, 300 };
	int low = ASSERT_OK(dup(0)), fds[2];

	close(low);
	limit.rlim_cur = low + 1;
	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_ERRNO(pipe(fds), EMFILE);
	EXPECT_EQ(dup(0), low);
}

TEST(rlimit, "prlimit64 reads and sets another process's")
{
	struct rlimit limit = { 33, 44 }, old, now;
	pid_t pid = ktap_fork();

	if (pid == 0)
		for (;;)
			pause();
	EXPECT_OK(prlimit(pid, RLIMIT_NOFILE, &limit, &old));
	EXPECT_TRUE(old.rlim_cur > 33);
	EXPECT_OK(prlimit(pid, RLIMIT_NOFILE, NULL, &now));
	EXPECT_EQ(now.rlim_cur, 33);
	EXPECT_EQ(now.rlim_max, 44);
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_ERRNO(prlimit(999999, RLIMIT_NOFILE, NULL, &now), ESRCH);
}

TEST(rlimit, "RLIMIT_CPU: SIGXCPU at the soft limit, SIGKILL at the hard one")
{
	struct rlimit limit = { 1, 1 };
	pid_t pid = ktap_fork();

	if (pid == 0) {
		signal(SIGXCPU, SIG_IGN);
		setrlimit(RLIMIT_CPU, &limit);
		for (;;)
			;
	}
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(rlimit, "RLIMIT_STACK is what a new program's stack may grow to")
{
	struct rlimit limit;

	ASSERT_OK(getrlimit(RLIMIT_STACK, &limit));
	EXPECT_EQ(limit.rlim_cur, 8 << 20);
}

TEST(rlimit, "getrusage counts faults, switches and time")
{
	struct rusage before, after;
	char *p = mmap(NULL, 64 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	pid_t pid, parent = getpid();

	ASSERT_OK(madvise(p, 64 * page_size(), 15 /* MADV_NOHUGEPAGE */) == 0 || errno == EINVAL ?
		  0 : -1);
	EXPECT_OK(getrusage(RUSAGE_SELF, &before));
	for (int i = 0; i < 64; i++)
		p[i * page_size()] = 1;
	do {		/* once in a while the child ends just before its parent sleeps */
		pid = ktap_fork();
		if (pid == 0) {
			wait_until_blocked(parent);
			_exit(0);
		}
		EXPECT_EXIT(pid, 0);
		EXPECT_OK(getrusage(RUSAGE_SELF, &after));
	} while (after.ru_nvcsw == before.ru_nvcsw);
	EXPECT_TRUE(after.ru_minflt - before.ru_minflt >= 4);
	EXPECT_TRUE(after.ru_maxrss > 0);
	EXPECT_ERRNO(getrusage(77, &after), EINVAL);
}
