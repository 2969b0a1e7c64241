// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who a process is: user and group ids in their four kinds, supplementary groups, capabilities.
 */
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "ktap.h"

static void expect_uids(uid_t r, uid_t e, uid_t s)
{
	uid_t ruid, euid, suid;

	ASSERT_OK(getresuid(&ruid, &euid, &suid));
	EXPECT_EQ(ruid, r);
	EXPECT_EQ(euid, e);
	EXPECT_EQ(suid, s);
}

TEST(cred, "root's setuid sets all three and there is no way back")
{
	EXPECT_OK(setuid(1000));
	expect_uids(1000, 1000, 1000);
	EXPECT_ERRNO(setuid(0), EPERM);
	EXPECT_ERRNO(seteuid(0), EPERM);
}

TEST(cred, "seteuid leaves real and saved, and one may come back")
{
	EXPECT_OK(seteuid(1000));
	expect_uids(0, 1000, 0);
	EXPECT_OK(seteuid(0));
	expect_uids(0, 0, 0);
}

TEST(cred, "a user's setuid to real or saved sets the effective one alone")
{
	ASSERT_OK(setresuid(1000, 2000, 3000));
	EXPECT_OK(setuid(3000));
	expect_uids(1000, 3000, 3000);
	EXPECT_OK(setuid(1000));
	expect_uids(1000, 1000, 3000);
	EXPECT_ERRNO(setuid(2000), EPERM);
}

TEST(cred, "setreuid: the saved id follows as Linux's rule says")
{
	EXPECT_OK(setreuid(1000, 2000));
	expect_uids(1000, 2000, 2000);
	EXPECT_OK(setreuid(-1, 1000));
	expect_uids(1000, 1000, 2000);
	EXPECT_ERRNO(setreuid(3000, -1), EPERM);
}

TEST(cred, "setresuid: each to one of the three, -1 keeps, others EPERM")
{
	ASSERT_OK(setresuid(1, 2, 3));
	EXPECT_OK(setresuid(3, 1, 2));
	expect_uids(3, 1, 2);
	EXPECT_OK(setresuid(-1, -1, -1));
	EXPECT_OK(setresuid(-1, 2, -1));
	expect_uids(3, 2, 2);
	EXPECT_ERRNO(setresuid(4, -1, -1), EPERM);
	EXPECT_ERRNO(setresuid(-1, -1, 0), EPERM);
}

TEST(cred, "groups go the same way")
{
	gid_t r, e, s;

	EXPECT_OK(setresgid(10, 20, 30));
	ASSERT_OK(setresuid(1000, 1000, 1000));
	EXPECT_OK(setegid(30));
	EXPECT_OK(getresgid(&r, &e, &s));
	EXPECT_EQ(r, 10);
	EXPECT_EQ(e, 30);
	EXPECT_EQ(s, 30);
	EXPECT_ERRNO(setgid(99), EPERM);
	EXPECT_OK(setregid(30, 10));
	EXPECT_EQ(getgid(), 30);
	EXPECT_EQ(getegid(), 10);
}

TEST(cred, "an id of -1 alone is EINVAL")
{
	EXPECT_ERRNO(syscall(SYS_setuid, -1), EINVAL);
	EXPECT_ERRNO(syscall(SYS_setgid, -1), EINVAL);
}

TEST(cred, "supplementary groups are set by root, read by all, inherited")
{
	gid_t set[3] = { 30, 10, 20 }, got[8];
	pid_t pid;

	EXPECT_OK(setgroups(3, set));
	EXPECT_EQ(getgroups(0, NULL), 3);
	EXPECT_EQ(getgroups(8, got), 3);
	EXPECT_EQ(got[0] + got[1] + got[2], 60);
	EXPECT_ERRNO(getgroups(2, got), EINVAL);
	EXPECT_ERRNO(syscall(SYS_getgroups, -1, got), EINVAL);
	pid = ktap_fork();
	if (pid == 0)
		_exit(getgroups(8, got));
	EXPECT_EXIT(pid, 3);
	EXPECT_ERRNO(setgroups(65537, set), EINVAL);
	ASSERT_OK(setuid(1000));
	EXPECT_ERRNO(setgroups(0, NULL), EPERM);
}

TEST(cred, "the file system id follows the effective one, and can be set apart")
{
	EXPECT_EQ(setfsuid(-1), 0);
	EXPECT_OK(seteuid(1000));
	EXPECT_EQ(setfsuid(-1), 1000);
	EXPECT_OK(seteuid(0));
	EXPECT_EQ(setfsuid(1234), 0);
	EXPECT_EQ(setfsuid(-1), 1234);
	EXPECT_OK(setresuid(0, -1, 0));
	EXPECT_EQ(setfsuid(-1), 1234);
	EXPECT_OK(setresuid(-1, 0, -1));
	EXPECT_EQ(setfsuid(-1), 0);
	EXPECT_EQ(setfsgid(1234), 0);
	EXPECT_OK(setresgid(-1, -1, -1));
	EXPECT_EQ(setfsgid(-1), 1234);
	EXPECT_OK(setresgid(-1, -1, 7));
	EXPECT_EQ(setfsgid(-1), 0);
	EXPECT_OK(setfsuid(1234));
	scratch();
	close(ASSERT_OK(open("/tmp", O_RDONLY)));
}

TEST(cred, "a file made under another file system id belongs to it")
{
	struct stat st;

	scratch();
	setfsuid(1234);
	setfsgid(2345);
	EXPECT_OK(fstat(scratch_file("f", "", 0644), &st));
	EXPECT_EQ(st.st_uid, 1234);
	EXPECT_EQ(st.st_gid, 2345);
}

struct caps {
	uint32_t version;
	int pid;
};

struct cap_data {
	uint32_t effective, permitted, inheritable;
};

TEST(cred, "root has all capabilities, and loses them with its ids")
{
	struct caps head = { 0x20080522, 0 };
	struct cap_data data[2];

	EXPECT_OK(syscall(SYS_capget, &head, data));
	EXPECT_EQ(data[0].effective, 0xffffffff);
	EXPECT_EQ(data[0].permitted, 0xffffffff);
	ASSERT_OK(seteuid(1000));
	EXPECT_OK(syscall(SYS_capget, &head, data));
	EXPECT_EQ(data[0].effective, 0);
	EXPECT_EQ(data[0].permitted, 0xffffffff);
	ASSERT_OK(seteuid(0));
	ASSERT_OK(setuid(1000));
	EXPECT_OK(syscall(SYS_capget, &head, data));
	EXPECT_EQ(data[0].permitted, 0);
}

TEST(cred, "capset gives up, and what is given up cannot be taken back")
{
	struct caps head = { 0x20080522, 0 };
	struct cap_data data[2], less[2];

	ASSERT_OK(syscall(SYS_capget, &head, data));
	memcpy(less, data, sizeof(data));
	less[0].effective = less[0].permitted = data[0].permitted & ~(1U << 0);
	EXPECT_OK(syscall(SYS_capset, &head, less));
	EXPECT_ERRNO(syscall(SYS_capset, &head, data), EPERM);
	scratch();
	close(scratch_file("f", "", 0644));
	EXPECT_ERRNO(chown("f", 1, 1), EPERM);
}

TEST(cred, "capget of an unknown version tells the known one")
{
	struct caps head = { 0x1234, 0 };
	struct cap_data data[2];

	EXPECT_ERRNO(syscall(SYS_capget, &head, data), EINVAL);
	EXPECT_EQ(head.version, 0x20080522);
	EXPECT_ERRNO(syscall(SYS_capset, &(struct caps){ 0x20080522, 1 }, data), EPERM);
}

TEST(cred, "without CAP_KILL root's uid is still needed to match")
{
	struct caps head = { 0x20080522, 0 };
	struct cap_data data[2];
	struct gate ready = gate_new();
	pid_t pid = ktap_fork();

	if (pid == 0) {
		setuid(1000);
		gate_open(&ready);
		for (;;)
			pause();
	}
	gate_wait(&ready);
	ASSERT_OK(syscall(SYS_capget, &head, data));
	data[0].effective &= ~(1U << 5);
	ASSERT_OK(syscall(SYS_capset, &head, data));
	EXPECT_ERRNO(kill(pid, SIGTERM), EPERM);
	data[0].effective |= 1U << 5;
	ASSERT_OK(syscall(SYS_capset, &head, data));
	EXPECT_OK(kill(pid, SIGTERM));
	EXPECT_KILLED(pid, SIGTERM);
}

TEST(cred, "PR_SET_KEEPCAPS keeps the permitted set over setuid")
{
	struct caps head = { 0x20080522, 0 };
	struct cap_data data[2];

	ASSERT_OK(prctl(PR_SET_KEEPCAPS, 1));
	ASSERT_OK(setuid(1000));
	ASSERT_OK(syscall(SYS_capget, &head, data));
	EXPECT_EQ(data[0].permitted, 0xffffffff);
	EXPECT_EQ(data[0].effective, 0);
}

TEST(cred, "a child that changes its ids leaves its parent's alone")
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(syscall(SYS_setuid, 1000) == 0 && getuid() == 1000 ? 3 : 1);
	EXPECT_EXIT(pid, 3);
	EXPECT_EQ(getuid(), 0);
}

TEST(cred, "a file system user id takes the right to mark files immutable with it")
{
	struct { uint32_t version; int pid; } head = { 0x20080522, 0 };
	uint32_t data[6];

	syscall(SYS_setfsuid, 1000);
	ASSERT_OK(syscall(SYS_capget, &head, data));
	EXPECT_EQ(data[0] & 1u << 9, 0);
	syscall(SYS_setfsuid, 0);
	ASSERT_OK(syscall(SYS_capget, &head, data));
	EXPECT_EQ(data[0] & 1u << 9, 1u << 9);
}
