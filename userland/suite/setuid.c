// SPDX-License-Identifier: BSD-2-Clause
/*
 * What one holds of a process when it executes a set-user-id program: a descriptor of /proc opened before is of
 * the memory that was, and tells nothing of the new one; a new one is not to be had.
 */
#include <sys/prctl.h>
#include <sys/sendfile.h>

#include "ktap.h"

enum { STARTED = 100, STAY = 101 };	/* descriptors that the program finds open */

static volatile int word = 5;

/* The set-user-id program: say that it runs, stay until it is let go. */
int ktap_reexec(int argc, char **argv)
{
	char c;

	(void)argc;
	(void)argv;
	word = 0x5ec4e7;
	if (write(STARTED, "s", 1) != 1 || read(STAY, &c, 1) != 0)
		return 1;
	return geteuid() == 0 && word == 0x5ec4e7 ? 55 : 2;
}

static void make_program(void)
{
	int from = ASSERT_OK(open("/proc/self/exe", O_RDONLY)), to;
	struct stat st;

	scratch();
	to = ASSERT_OK(open("program", O_WRONLY | O_CREAT | O_EXCL, 0755));
	ASSERT_OK(fstat(from, &st));
	ASSERT_EQ(sendfile(to, from, NULL, st.st_size), st.st_size);
	ASSERT_OK(fchmod(to, 04755));
	close(from);
	close(to);
}

static int started[2], stay[2];

/* A child of a user that may be looked into, and that executes the program when `go` opens. */
static pid_t start_child(struct gate *go)
{
	pid_t pid;

	ASSERT_OK(pipe2(started, O_CLOEXEC));
	ASSERT_OK(pipe2(stay, O_CLOEXEC));
	become_nobody();
	ASSERT_OK(prctl(PR_SET_DUMPABLE, 1));
	pid = ktap_fork();
	if (pid == 0) {
		ASSERT_OK(dup2(started[1], STARTED));
		ASSERT_OK(dup2(stay[0], STAY));
		gate_wait(go);
		execl("./program", "setuid", "--reexec", NULL);
		_exit(errno);
	}
	return pid;
}

static void wait_started(void)
{
	char c;

	close(started[1]);
	ASSERT_EQ(read(started[0], &c, 1), 1);
}

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, flags);
}

TEST(setuid, "memory opened before the exec is the old memory, and gone")
{
	struct gate go = gate_new();
	int mem, got = 0, value = 7;
	pid_t pid;

	make_program();
	pid = start_child(&go);
	mem = ASSERT_OK(open_of(pid, "mem", O_RDWR));
	EXPECT_EQ(pread(mem, &got, sizeof(got), (long)&word), sizeof(got));
	EXPECT_EQ(got, 5);
	gate_open(&go);
	wait_started();
	EXPECT_EQ(pread(mem, &got, sizeof(got), (long)&word), 0);
	EXPECT_EQ(pwrite(mem, &value, sizeof(value), (long)&word), 0);
	EXPECT_ERRNO(open_of(pid, "mem", O_RDONLY), EACCES);
	close(stay[1]);
	EXPECT_EXIT(pid, 55);
}

TEST(setuid, "mappings and environment opened before the exec are empty, new ones refused")
{
	struct gate go = gate_new();
	char text[256];
	int maps, unread, environ_fd;
	pid_t pid;

	make_program();
	pid = start_child(&go);
	maps = ASSERT_OK(open_of(pid, "maps", O_RDONLY));
	unread = ASSERT_OK(open_of(pid, "maps", O_RDONLY));
	EXPECT_TRUE(read(maps, text, sizeof(text)) > 0);
	ASSERT_OK(lseek(maps, 0, SEEK_SET));
	environ_fd = ASSERT_OK(open_of(pid, "environ", O_RDONLY));
	gate_open(&go);
	wait_started();
	EXPECT_EQ(read(maps, text, sizeof(text)), 0);
	EXPECT_EQ(read(unread, text, sizeof(text)), 0);
	EXPECT_EQ(read(environ_fd, text, sizeof(text)), 0);
	EXPECT_ERRNO(open_of(pid, "maps", O_RDONLY), EACCES);
	EXPECT_ERRNO(open_of(pid, "environ", O_RDONLY), EACCES);
	close(stay[1]);
	EXPECT_EXIT(pid, 55);
}

TEST(setuid, "its links cannot be followed by the user who started it, who may still signal it")
{
	struct gate go = gate_new();
	char path[64], text[64];
	pid_t pid;

	make_program();
	pid = start_child(&go);
	gate_open(&go);
	wait_started();
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	EXPECT_ERRNO(readlink(path, text, sizeof(text)), EACCES);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, STAY);
	EXPECT_ERRNO(readlink(path, text, sizeof(text)), EACCES);
	EXPECT_OK(kill(pid, 0));		/* the real user is still his */
	close(stay[1]);
	EXPECT_EXIT(pid, 55);
}
