// SPDX-License-Identifier: BSD-2-Clause
/*
 * Extended attributes, and the capabilities that a file has in one of them.
 */
#include "ktap.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

#define CAPS "security.capability"

TEST(xattr, "what is set is read, replaced and removed")
{
	char buf[16];

	scratch();
	close(scratch_file("f", "x", 0644));
	EXPECT_ERRNO(getxattr("f", "trusted.a", buf, sizeof(buf)), ENODATA);
	EXPECT_EQ(setxattr("f", "trusted.a", "one", 3, 0), 0);
	EXPECT_EQ(getxattr("f", "trusted.a", buf, sizeof(buf)), 3);
	EXPECT_MEMEQ(buf, "one", 3);
	EXPECT_EQ(setxattr("f", "trusted.a", "longer", 6, 0), 0);
	EXPECT_EQ(getxattr("f", "trusted.a", NULL, 0), 6);
	EXPECT_ERRNO(getxattr("f", "trusted.a", buf, 5), ERANGE);
	EXPECT_EQ(setxattr("f", "trusted.empty", "", 0, 0), 0);
	EXPECT_EQ(getxattr("f", "trusted.empty", buf, sizeof(buf)), 0);
	EXPECT_EQ(removexattr("f", "trusted.a"), 0);
	EXPECT_ERRNO(removexattr("f", "trusted.a"), ENODATA);
	EXPECT_ERRNO(getxattr("f", "trusted.a", buf, sizeof(buf)), ENODATA);
}

TEST(xattr, "XATTR_CREATE and XATTR_REPLACE ask for its absence and presence")
{
	scratch();
	close(scratch_file("f", "x", 0644));
	EXPECT_ERRNO(setxattr("f", "trusted.a", "v", 1, XATTR_REPLACE), ENODATA);
	EXPECT_EQ(setxattr("f", "trusted.a", "v", 1, XATTR_CREATE), 0);
	EXPECT_ERRNO(setxattr("f", "trusted.a", "w", 1, XATTR_CREATE), EEXIST);
	EXPECT_EQ(setxattr("f", "trusted.a", "w", 1, XATTR_REPLACE), 0);
	EXPECT_ERRNO(setxattr("f", "trusted.a", "v", 1, 4), EINVAL);
}

TEST(xattr, "names: too long, empty, a namespace alone, an unknown one")
{
	char name[300] = "trusted.";

	scratch();
	close(scratch_file("f", "x", 0644));
	memset(name + 8, 'n', 247);
	EXPECT_EQ(setxattr("f", name, "v", 1, 0), 0);
	name[255] = 'n';
	EXPECT_ERRNO(setxattr("f", name, "v", 1, 0), ERANGE);
	EXPECT_ERRNO(setxattr("f", "", "v", 1, 0), ERANGE);
	EXPECT_ERRNO(setxattr("f", "trusted.", "v", 1, 0), EINVAL);
	EXPECT_ERRNO(setxattr("f", "unknown.a", "v", 1, 0), EOPNOTSUPP);
	EXPECT_ERRNO(setxattr("f", "user.a", "v", 1, 0), EOPNOTSUPP);
}

TEST(xattr, "a value of 64 KiB is kept, one more byte is E2BIG")
{
	char *big = guarded_pages(17), *back = guarded_pages(17);

	scratch();
	close(scratch_file("f", "x", 0644));
	memset(big, 'b', 65537);
	EXPECT_EQ(setxattr("f", "trusted.big", big, 65536, 0), 0);
	EXPECT_EQ(getxattr("f", "trusted.big", back, 65537), 65536);
	EXPECT_MEMEQ(back, big, 65536);
	EXPECT_ERRNO(setxattr("f", "trusted.big", big, 65537, 0), E2BIG);
	EXPECT_ERRNO(setxattr("f", "trusted.big", (void *)1, 5, 0), EFAULT);
	EXPECT_EQ(getxattr("f", "trusted.big", NULL, 0), 65536);
}

TEST(xattr, "the list names them, and says how long it is")
{
	char list[64];

	scratch();
	close(scratch_file("f", "x", 0644));
	EXPECT_EQ(listxattr("f", list, sizeof(list)), 0);
	setxattr("f", "trusted.a", "1", 1, 0);
	setxattr("f", "security.b", "2", 1, 0);
	EXPECT_EQ(listxattr("f", NULL, 0), 21);
	ASSERT_EQ(listxattr("f", list, sizeof(list)), 21);
	EXPECT_MEMEQ(list, "security.b\0trusted.a", 21);
	EXPECT_ERRNO(listxattr("f", list, 20), ERANGE);
	EXPECT_ERRNO(listxattr("f", (void *)1, 64), EFAULT);
}

TEST(xattr, "a user sees no trusted one, in no way")
{
	pid_t pid;
	char buf[64];

	scratch();
	close(scratch_file("f", "x", 0666));
	setxattr("f", "trusted.a", "1", 1, 0);
	setxattr("f", "security.b", "2", 1, 0);
	pid = ktap_fork();
	if (!pid) {
		become_nobody();
		EXPECT_ERRNO(getxattr("f", "trusted.a", buf, sizeof(buf)), ENODATA);
		EXPECT_ERRNO(setxattr("f", "trusted.a", "v", 1, 0), EPERM);
		EXPECT_ERRNO(removexattr("f", "trusted.a"), EPERM);
		EXPECT_EQ(listxattr("f", buf, sizeof(buf)), 11);
		EXPECT_EQ(getxattr("f", "security.b", buf, sizeof(buf)), 1);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(xattr, "directories, links themselves, and descriptors have them")
{
	char buf[8];
	int fd;

	scratch();
	fd = scratch_file("f", "x", 0644);
	mkdir("d", 0755);
	symlink("f", "l");
	EXPECT_EQ(setxattr("d", "trusted.a", "d", 1, 0), 0);
	EXPECT_EQ(lsetxattr("l", "trusted.a", "l", 1, 0), 0);
	EXPECT_ERRNO(getxattr("l", "trusted.a", buf, sizeof(buf)), ENODATA);
	EXPECT_EQ(lgetxattr("l", "trusted.a", buf, sizeof(buf)), 1);
	EXPECT_EQ(fsetxattr(fd, "trusted.a", "f", 1, 0), 0);
	EXPECT_EQ(getxattr("l", "trusted.a", buf, sizeof(buf)), 1);
	EXPECT_EQ(buf[0], 'f');
	EXPECT_EQ(flistxattr(fd, buf, 0), 10);
	EXPECT_EQ(fremovexattr(fd, "trusted.a"), 0);
	EXPECT_EQ(lremovexattr("l", "trusted.a"), 0);
	close(fd);
}

/* ---- capabilities of files ---- */

static int set_caps(const char *name, unsigned flags, unsigned permitted, unsigned inheritable)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2 | flags };

	caps.data[0].permitted = permitted;
	caps.data[0].inheritable = inheritable;
	return setxattr(name, CAPS, &caps, sizeof(caps), 0);
}

TEST(xattr, "a file's capabilities have a form, and go when it is written, cut or given away")
{
	int fd;

	scratch();
	fd = scratch_file("f", "text", 0755);
	EXPECT_ERRNO(setxattr("f", CAPS, "v", 1, 0), EINVAL);
	EXPECT_EQ(set_caps("f", 0, 1 << CAP_NET_RAW, 0), 0);
	EXPECT_EQ(chmod("f", 0700), 0);
	EXPECT_EQ(getxattr("f", CAPS, NULL, 0), (long)sizeof(struct vfs_cap_data));
	EXPECT_EQ(write(fd, "t", 1), 1);
	EXPECT_ERRNO(getxattr("f", CAPS, NULL, 0), ENODATA);
	set_caps("f", 0, 1, 0);
	EXPECT_EQ(ftruncate(fd, 1), 0);
	EXPECT_ERRNO(getxattr("f", CAPS, NULL, 0), ENODATA);
	set_caps("f", 0, 1, 0);
	EXPECT_EQ(chown("f", 0, 0), 0);
	EXPECT_ERRNO(getxattr("f", CAPS, NULL, 0), ENODATA);
	close(fd);
}

/* A copy of busybox here, as `name`. */
static void copy_busybox(const char *name, mode_t mode)
{
	int in = ASSERT_OK(open("/bin/busybox", O_RDONLY)), out = ASSERT_OK(open(name, O_CREAT | O_WRONLY, 0755));
	struct stat st;

	fstat(in, &st);
	for (off_t at = 0; at < st.st_size; )
		ASSERT_OK(sendfile(out, in, &at, st.st_size - at));
	close(in);
	close(out);
	ASSERT_EQ(chmod(name, mode), 0);
}

/* The line of /proc/self/status in `out` that begins with `field`, as a number. */
static unsigned long status_field(const char *out, const char *field)
{
	char *text = slurp(out), *at = text ? strstr(text, field) : NULL;

	return at ? strtoul(at + strlen(field), NULL, 16) : ~0UL;
}

/* As a user, after `before`: the program shows its own status in the file "out"; the errno of the exec, or 0. */
static int run_as_user(void (*before)(void))
{
	pid_t pid = ktap_fork();
	int status;

	if (!pid) {
		char *argv[] = { "cat", "/proc/self/status", NULL };
		int out = open("out", O_CREAT | O_TRUNC | O_WRONLY, 0666);

		if (before)
			before();
		become_nobody();
		dup2(out, 1);
		execv("./cat", argv);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void bound_net_raw(void)
{
	prctl(PR_CAPBSET_DROP, CAP_NET_RAW);
}

static void no_new_privs(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

TEST(xattr, "a program with capabilities has them, effective when its file says so")
{
	scratch();
	copy_busybox("cat", 0755);
	ASSERT_EQ(set_caps("cat", VFS_CAP_FLAGS_EFFECTIVE, 1 << CAP_NET_RAW, 0), 0);
	EXPECT_EQ(run_as_user(NULL), 0);
	EXPECT_EQ(status_field("out", "CapPrm:"), 1 << CAP_NET_RAW);
	EXPECT_EQ(status_field("out", "CapEff:"), 1 << CAP_NET_RAW);
	ASSERT_EQ(set_caps("cat", 0, 1 << CAP_NET_RAW, 1 << CAP_KILL), 0);
	EXPECT_EQ(run_as_user(NULL), 0);
	EXPECT_EQ(status_field("out", "CapPrm:"), 1 << CAP_NET_RAW);
	EXPECT_EQ(status_field("out", "CapEff:"), 0);
}

TEST(xattr, "without them in the bounding set it may not start, or starts with the rest")
{
	scratch();
	copy_busybox("cat", 0755);
	ASSERT_EQ(set_caps("cat", VFS_CAP_FLAGS_EFFECTIVE, 1 << CAP_NET_RAW | 1 << CAP_KILL, 0), 0);
	EXPECT_EQ(run_as_user(bound_net_raw), EPERM);
	ASSERT_EQ(set_caps("cat", 0, 1 << CAP_NET_RAW | 1 << CAP_KILL, 0), 0);
	EXPECT_EQ(run_as_user(bound_net_raw), 0);
	EXPECT_EQ(status_field("out", "CapPrm:"), 1 << CAP_KILL);
}

TEST(xattr, "with no new privileges it has none")
{
	scratch();
	copy_busybox("cat", 0755);
	ASSERT_EQ(set_caps("cat", VFS_CAP_FLAGS_EFFECTIVE, 1 << CAP_NET_RAW, 0), 0);
	EXPECT_EQ(run_as_user(no_new_privs), 0);
	EXPECT_EQ(status_field("out", "CapPrm:"), 0);
}
