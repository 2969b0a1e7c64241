// SPDX-License-Identifier: BSD-2-Clause
/*
 * Capabilities over prctl and capset: the bounding set, the ambient set, securebits.
 */
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#include "ktap.h"

static long get_caps(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return syscall(SYS_capget, &head, data);
}

static long set_caps(const struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return syscall(SYS_capset, &head, data);
}

static void inherit(int cap)
{
	struct __user_cap_data_struct data[2];

	ASSERT_OK(get_caps(data));
	data[cap / 32].inheritable |= 1u << cap % 32;
	ASSERT_OK(set_caps(data));
}

static long ambient(long op, long cap)
{
	return prctl(PR_CAP_AMBIENT, op, cap, 0, 0);
}

TEST(caps, "the bounding set is read bit by bit; a number too high is EINVAL")
{
	EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN), 1);
	EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_LAST_CAP), 1);
	EXPECT_ERRNO(prctl(PR_CAPBSET_READ, 64), EINVAL);
	EXPECT_ERRNO(prctl(PR_CAPBSET_DROP, 64), EINVAL);
}

TEST(caps, "what is dropped from the bounding set stays in hand but cannot be made inheritable")
{
	struct __user_cap_data_struct data[2];

	EXPECT_OK(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
	EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_SYS_TIME), 0);
	EXPECT_OK(get_caps(data));
	EXPECT_TRUE(data[0].effective >> CAP_SYS_TIME & 1);
	data[0].inheritable |= 1u << CAP_SYS_TIME;
	EXPECT_ERRNO(set_caps(data), EPERM);
}

TEST(caps, "a root that executes gets no more than the bounding set has")
{
	char *line;

	EXPECT_OK(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
	if (!ktap_fork()) {
		execl("/bin/sh", "sh", "-c", "grep CapPrm /proc/self/status >/tmp/caps.bound", NULL);
		_exit(9);
	}
	wait(NULL);
	line = slurp("/tmp/caps.bound");
	unlink("/tmp/caps.bound");
	EXPECT_TRUE(line && strstr(line, "CapPrm:"));
	if (line)
		EXPECT_EQ(strtoull(line + 8, NULL, 16) >> CAP_SYS_TIME & 1, 0);
}

TEST(caps, "PR_CAPBSET_DROP needs CAP_SETPCAP")
{
	become_nobody();
	EXPECT_ERRNO(prctl(PR_CAPBSET_DROP, CAP_CHOWN), EPERM);
	EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN), 1);
}

TEST(caps, "an ambient capability must be permitted and inheritable")
{
	EXPECT_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 0);
	EXPECT_ERRNO(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL), EPERM);
	inherit(CAP_KILL);
	EXPECT_OK(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	EXPECT_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 1);
	EXPECT_OK(ambient(PR_CAP_AMBIENT_LOWER, CAP_KILL));
	EXPECT_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 0);
	EXPECT_OK(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	EXPECT_OK(ambient(PR_CAP_AMBIENT_CLEAR_ALL, 0));
	EXPECT_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 0);
}

TEST(caps, "an ambient capability goes when it is no longer inheritable or permitted")
{
	struct __user_cap_data_struct data[2];

	inherit(CAP_KILL);
	EXPECT_OK(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	EXPECT_OK(get_caps(data));
	data[0].inheritable &= ~(1u << CAP_KILL);
	EXPECT_OK(set_caps(data));
	EXPECT_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 0);
}

TEST(caps, "an ambient capability is a user's through exec")
{
	struct __user_cap_data_struct data[2];
	char *line;

	inherit(CAP_KILL);
	EXPECT_OK(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	EXPECT_OK(prctl(PR_SET_KEEPCAPS, 1));
	if (!ktap_fork()) {
		ASSERT_OK(setresuid(1000, 1000, 1000));
		EXPECT_OK(get_caps(data));
		EXPECT_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 0);
		EXPECT_OK(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
		execl("/bin/sh", "sh", "-c", "grep -E 'Cap(Prm|Eff|Amb)' /proc/self/status >/tmp/caps.ambient", NULL);
		_exit(9);
	}
	wait(NULL);
	line = slurp("/tmp/caps.ambient");
	unlink("/tmp/caps.ambient");
	EXPECT_STREQ(line, "CapPrm:\t0000000000000020\nCapEff:\t0000000000000020\nCapAmb:\t0000000000000020\n");
}

TEST(caps, "PR_CAP_AMBIENT refuses what it does not know")
{
	EXPECT_ERRNO(ambient(9, CAP_KILL), EINVAL);
	EXPECT_ERRNO(ambient(0, CAP_KILL), EINVAL);
	EXPECT_ERRNO(ambient(PR_CAP_AMBIENT_RAISE, 64), EINVAL);
	EXPECT_ERRNO(ambient(PR_CAP_AMBIENT_IS_SET, 64), EINVAL);
	EXPECT_ERRNO(ambient(PR_CAP_AMBIENT_CLEAR_ALL, 1), EINVAL);
	EXPECT_ERRNO(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 1, 0), EINVAL);
}

TEST(caps, "securebits: kept, locked, refused")
{
	EXPECT_EQ(prctl(PR_GET_SECUREBITS), 0);
	EXPECT_OK(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
	EXPECT_EQ(prctl(PR_GET_SECUREBITS), SECBIT_NOROOT);
	EXPECT_OK(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED));
	EXPECT_ERRNO(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT_LOCKED), EPERM);
	EXPECT_ERRNO(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT), EPERM);
	EXPECT_ERRNO(prctl(PR_SET_SECUREBITS, 1 << 20), EPERM);
	EXPECT_ERRNO(prctl(PR_SET_SECUREBITS, 0xfff), EPERM);
}

TEST(caps, "SECBIT_NO_CAP_AMBIENT_RAISE")
{
	inherit(CAP_KILL);
	EXPECT_OK(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE));
	EXPECT_ERRNO(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL), EPERM);
}

TEST(caps, "SECBIT_NO_SETUID_FIXUP: ids change and capabilities stay")
{
	struct __user_cap_data_struct before[2], after[2];

	EXPECT_OK(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	EXPECT_OK(get_caps(before));
	ASSERT_OK(setresuid(1000, 1000, 1000));
	EXPECT_OK(get_caps(after));
	EXPECT_EQ(after[0].effective, before[0].effective);
	EXPECT_EQ(after[0].permitted, before[0].permitted);
}

TEST(caps, "SECBIT_NOROOT: root's id gives no capability at exec")
{
	char *line;

	EXPECT_OK(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
	if (!ktap_fork()) {
		execl("/bin/sh", "sh", "-c", "grep CapEff /proc/self/status >/tmp/caps.noroot", NULL);
		_exit(9);
	}
	wait(NULL);
	line = slurp("/tmp/caps.noroot");
	unlink("/tmp/caps.noroot");
	EXPECT_STREQ(line, "CapEff:\t0000000000000000\n");
}

TEST(caps, "PR_SET_KEEPCAPS and its lock")
{
	EXPECT_EQ(prctl(PR_GET_KEEPCAPS), 0);
	EXPECT_OK(prctl(PR_SET_KEEPCAPS, 1));
	EXPECT_EQ(prctl(PR_GET_KEEPCAPS), 1);
	EXPECT_ERRNO(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
	EXPECT_OK(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED));
	EXPECT_ERRNO(prctl(PR_SET_KEEPCAPS, 1), EPERM);
}

TEST(caps, "capget of version 1 gives one word, of another process its sets; errors")
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_1, 0 };
	struct __user_cap_data_struct data[2] = { [1] = { 7, 7, 7 } };

	EXPECT_OK(syscall(SYS_capget, &head, data));
	EXPECT_EQ(data[0].effective, 0xffffffff);
	EXPECT_EQ(data[1].effective, 7);
	head = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 1 };
	EXPECT_OK(syscall(SYS_capget, &head, data));
	head.pid = 999999;
	EXPECT_ERRNO(syscall(SYS_capget, &head, data), ESRCH);
	head.pid = -1;
	EXPECT_ERRNO(syscall(SYS_capget, &head, data), EINVAL);
	head.pid = 1;
	EXPECT_ERRNO(syscall(SYS_capset, &head, data), EPERM);
	head.pid = 0;
	EXPECT_ERRNO(syscall(SYS_capget, &head, (void *)8), EFAULT);
	EXPECT_ERRNO(syscall(SYS_capset, &head, (void *)8), EFAULT);
	EXPECT_ERRNO(syscall(SYS_capget, (void *)8, data), EFAULT);
}
