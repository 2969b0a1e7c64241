// SPDX-License-Identifier: BSD-2-Clause
/*
 * Small calls: uname, sysinfo, getrandom, prctl, membarrier, memfd, and who am I.
 */
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "ktap.h"

TEST(misc, "uname says Linux, a release that begins with a number, and a machine")
{
	struct utsname u;

	EXPECT_OK(uname(&u));
	EXPECT_STREQ(u.sysname, "Linux");
	EXPECT_TRUE(u.release[0] >= '3' && u.release[0] <= '9');
	EXPECT_TRUE(u.machine[0] != 0);
	EXPECT_TRUE(strlen(u.nodename) > 0);
	EXPECT_TRUE(strlen(u.version) > 0);
}

TEST(misc, "sethostname and setdomainname are uname's, for root alone")
{
	struct utsname u, old;

	ASSERT_OK(uname(&old));
	EXPECT_OK(sethostname("suite-host", 10));
	EXPECT_OK(uname(&u));
	EXPECT_STREQ(u.nodename, "suite-host");
	EXPECT_OK(sethostname(old.nodename, strlen(old.nodename)));
	EXPECT_ERRNO(syscall(SYS_sethostname, "x", 65L), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sethostname, "x", -1L), EINVAL);
	become_nobody();
	EXPECT_ERRNO(sethostname("x", 1), EPERM);
}

TEST(misc, "sysinfo agrees with itself")
{
	struct sysinfo s;

	EXPECT_OK(sysinfo(&s));
	EXPECT_TRUE(s.uptime < 1UL << 32);
	EXPECT_TRUE(s.totalram * s.mem_unit >= 16UL << 20);
	EXPECT_TRUE(s.freeram <= s.totalram);
	EXPECT_TRUE(s.procs >= 1);
	EXPECT_TRUE(s.mem_unit >= 1);
}

TEST(misc, "getrandom fills, differs each time, and takes its flags")
{
	unsigned char a[64] = "", b[64] = "";

	EXPECT_EQ(getrandom(a, 64, 0), 64);
	EXPECT_EQ(getrandom(b, 64, GRND_NONBLOCK), 64);
	EXPECT_NE(memcmp(a, b, 64), 0);
	EXPECT_EQ(getrandom(a, 0, 0), 0);
	EXPECT_ERRNO(getrandom(a, 64, 0x100), EINVAL);
	EXPECT_ERRNO(getrandom(a, 64, GRND_RANDOM | 4), EINVAL);
}

TEST(misc, "getrandom of a megabyte fills it all")
{
	static unsigned char big[1 << 20];
	int counts[256] = { 0 };

	EXPECT_EQ(getrandom(big, sizeof(big), 0), sizeof(big));
	for (size_t i = 0; i < sizeof(big); i++)
		counts[big[i]]++;
	for (int i = 0; i < 256; i++)
		EXPECT_IN(counts[i], 3500, 4700);
}

TEST(misc, "PR_SET_NAME cuts at 15 bytes; /proc tells the same")
{
	char name[17] = "";

	EXPECT_OK(prctl(PR_SET_NAME, "a name that is far too long"));
	EXPECT_OK(prctl(PR_GET_NAME, name));
	EXPECT_STREQ(name, "a name that is ");
	EXPECT_STREQ(slurp("/proc/self/comm"), "a name that is \n");
}

TEST(misc, "PR_SET_THP_DISABLE is kept, and a child has it")
{
	pid_t pid;

	EXPECT_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
	EXPECT_OK(prctl(PR_SET_THP_DISABLE, 3, 0, 0, 0));
	EXPECT_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	pid = ktap_fork();
	if (!pid)
		_exit(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	EXPECT_EXIT(pid, 1);
	EXPECT_ERRNO(prctl(PR_SET_THP_DISABLE, 0, 1, 0, 0), EINVAL);
	EXPECT_OK(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	EXPECT_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
}

TEST(misc, "PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS and PR_GET_PDEATHSIG keep what they are told")
{
	int sig = 0;

	EXPECT_OK(prctl(PR_SET_DUMPABLE, 0));
	EXPECT_EQ(prctl(PR_GET_DUMPABLE), 0);
	EXPECT_OK(prctl(PR_SET_DUMPABLE, 1));
	EXPECT_ERRNO(prctl(PR_SET_DUMPABLE, 5), EINVAL);
	EXPECT_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	EXPECT_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	EXPECT_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	EXPECT_OK(prctl(PR_GET_PDEATHSIG, &sig));
	EXPECT_EQ(sig, SIGUSR1);
	EXPECT_ERRNO(prctl(PR_SET_PDEATHSIG, 99), EINVAL);
	EXPECT_ERRNO(prctl(9999), EINVAL);
}

TEST(misc, "membarrier tells what it can do, and does it")
{
	long can = syscall(SYS_membarrier, 0, 0, 0);

	EXPECT_TRUE(can > 0);
	EXPECT_TRUE(can & 1);
	EXPECT_OK(syscall(SYS_membarrier, 1, 0, 0));
	EXPECT_ERRNO(syscall(SYS_membarrier, 1 << 30, 0, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_membarrier, 0, 77, 0), EINVAL);
}

TEST(misc, "a private command of membarrier wants to be registered for, by the memory or the one it is a copy of")
{
	char *argv[] = { "misc", "--reexec", NULL }, *envp[] = { NULL };
	pid_t pid;

	EXPECT_EQ(syscall(SYS_membarrier, 0, 0, 0) & 0x1ff, 0x1ff);
	for (int cmd = 1 << 3; cmd < 1 << 9; cmd <<= 2) {
		EXPECT_ERRNO(syscall(SYS_membarrier, cmd, 0, 0), EPERM);
		EXPECT_OK(syscall(SYS_membarrier, cmd << 1, 0, 0));
		EXPECT_OK(syscall(SYS_membarrier, cmd, 0, 0));
	}
	pid = ktap_fork();
	if (pid == 0) {
		for (int cmd = 1 << 3; cmd < 1 << 9; cmd <<= 2)
			ASSERT_OK(syscall(SYS_membarrier, cmd, 0, 0));
		execve("/proc/self/exe", argv, envp);
		_exit(1);
	}
	EXPECT_EXIT(pid, 45);
}

int ktap_reexec(int argc, char **argv)
{
	for (int cmd = 1 << 3; cmd < 1 << 9; cmd <<= 2)
		if (syscall(SYS_membarrier, cmd, 0, 0) != -1 || errno != EPERM)
			return 1;
	return 45;
}

TEST(misc, "gettid of the first thread is getpid; set_tid_address returns it")
{
	int word;

	EXPECT_EQ(syscall(SYS_gettid), getpid());
	EXPECT_EQ(syscall(SYS_set_tid_address, &word), getpid());
}

TEST(misc, "reboot refuses wrong magic and users")
{
	EXPECT_ERRNO(syscall(SYS_reboot, 1, 2, 3, NULL), EINVAL);
	become_nobody();
	EXPECT_ERRNO(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x89abcdef, NULL), EPERM);
}

TEST(misc, "memfd_create gives a file in memory that nobody else can name")
{
	struct stat st;
	char link[64], target[64] = "";
	int fd = ASSERT_OK(memfd_create("hello", MFD_CLOEXEC));

	EXPECT_EQ(write(fd, "abc", 3), 3);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 3);
	EXPECT_EQ(st.st_nlink, 0);
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	EXPECT_TRUE(readlink(link, target, sizeof(target) - 1) > 0);
	EXPECT_STREQ(target, "/memfd:hello (deleted)");
	EXPECT_ERRNO(memfd_create("x", 0x1000), EINVAL);
}

TEST(misc, "memfd seals: what is sealed cannot be done, nor unsealed")
{
	int fd = ASSERT_OK(memfd_create("x", MFD_ALLOW_SEALING));

	ASSERT_EQ(write(fd, "abc", 3), 3);
	EXPECT_EQ(fcntl(fd, F_GET_SEALS), 0);
	EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	EXPECT_ERRNO(ftruncate(fd, 1), EPERM);
	EXPECT_ERRNO(ftruncate(fd, 10), EPERM);
	EXPECT_EQ(pwrite(fd, "x", 1, 0), 1);
	EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	EXPECT_ERRNO(pwrite(fd, "x", 1, 0), EPERM);
	EXPECT_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
	EXPECT_ERRNO(fcntl(ASSERT_OK(memfd_create("y", 0)), F_ADD_SEALS, F_SEAL_GROW), EPERM);
}

TEST(misc, "sync, fsync and fdatasync succeed on files, fsync of a pipe is EINVAL")
{
	int fds[2], fd;

	scratch();
	fd = scratch_file("f", "abc", 0644);
	EXPECT_OK(fsync(fd));
	EXPECT_OK(fdatasync(fd));
	sync();
	ASSERT_OK(pipe(fds));
	EXPECT_ERRNO(fsync(fds[0]), EINVAL);
	EXPECT_ERRNO(fsync(-1), EBADF);
}

TEST(misc, "personality tells and keeps")
{
	EXPECT_EQ(syscall(SYS_personality, 0xffffffff), 0);
	EXPECT_EQ(syscall(SYS_personality, 0x0040000), 0);
	EXPECT_EQ(syscall(SYS_personality, 0xffffffff), 0x0040000);
}

TEST(misc, "sendfile copies between files, and moves the offset it was given")
{
	char out[16];
	off_t offset = 2;

	scratch();
	int in = scratch_file("in", "0123456789", 0644), to = scratch_file("out", "", 0644);
	EXPECT_EQ(syscall(SYS_sendfile, to, in, &offset, 5L), 5);
	EXPECT_EQ(offset, 7);
	EXPECT_EQ(lseek(in, 0, SEEK_CUR), 0);
	EXPECT_EQ(syscall(SYS_sendfile, to, in, NULL, 100L), 10);
	EXPECT_EQ(lseek(in, 0, SEEK_CUR), 10);
	EXPECT_EQ(pread(to, out, 16, 0), 15);
	EXPECT_MEMEQ(out, "234560123456789", 15);
	EXPECT_ERRNO(syscall(SYS_sendfile, to, -1, NULL, 1L), EBADF);
	EXPECT_ERRNO(syscall(SYS_sendfile, ASSERT_OK(open("in", O_RDONLY)), in, NULL, 1L), EBADF);
}

TEST(misc, "sendfile to a pipe")
{
	char out[16];
	int fds[2];

	scratch();
	int in = scratch_file("in", "0123456789", 0644);
	ASSERT_OK(pipe(fds));
	EXPECT_EQ(syscall(SYS_sendfile, fds[1], in, NULL, 100L), 10);
	EXPECT_EQ(read(fds[0], out, 16), 10);
	EXPECT_MEMEQ(out, "0123456789", 10);
}

TEST(misc, "copy_file_range copies within one file system")
{
	char out[16];
	long from = 3;

	scratch();
	int in = scratch_file("in", "0123456789", 0644), to = scratch_file("out", "", 0644);
	EXPECT_EQ(syscall(SYS_copy_file_range, in, &from, to, NULL, 4L, 0), 4);
	EXPECT_EQ(from, 7);
	EXPECT_EQ(pread(to, out, 16, 0), 4);
	EXPECT_MEMEQ(out, "3456", 4);
	EXPECT_ERRNO(syscall(SYS_copy_file_range, in, NULL, to, NULL, 1L, 5), EINVAL);
}

TEST(misc, "splice moves between a file and a pipe, tee copies between pipes")
{
	char out[16];
	int a[2], b[2];

	scratch();
	int in = scratch_file("in", "0123456789", 0644);
	ASSERT_OK(pipe(a));
	ASSERT_OK(pipe(b));
	ASSERT_EQ(syscall(SYS_splice, in, NULL, a[1], NULL, 6L, 0), 6);
	ASSERT_EQ(syscall(SYS_tee, a[0], b[1], 6L, 0), 6);
	EXPECT_EQ(read(b[0], out, 16), 6);
	EXPECT_MEMEQ(out, "012345", 6);
	EXPECT_EQ(read(a[0], out, 16), 6);
	EXPECT_ERRNO(syscall(SYS_splice, in, NULL, in, NULL, 1L, 0), EINVAL);
}

TEST(misc, "vmsplice puts memory into a pipe, and takes a pipe's bytes into memory")
{
	char out[] = "pages", in[8] = "";
	struct iovec from = { out, 5 }, to = { in, 5 };
	int fds[2];

	ASSERT_OK(pipe(fds));
	EXPECT_EQ(vmsplice(fds[1], &from, 1, 0), 5);
	EXPECT_EQ(vmsplice(fds[0], &to, 1, 0), 5);
	EXPECT_STREQ(in, "pages");
	EXPECT_ERRNO(vmsplice(fds[0], &to, 1, SPLICE_F_NONBLOCK), EAGAIN);
	EXPECT_ERRNO(vmsplice(fds[1], &from, 1, 1 << 10), EINVAL);
	EXPECT_ERRNO(vmsplice(0x7000, &from, 1, 0), EBADF);
	EXPECT_ERRNO(vmsplice(ASSERT_OK(open("/dev/null", O_WRONLY)), &from, 1, 0), EBADF);
}

TEST(misc, "the kernel's log is for one with a capability")
{
	char buf[16];
	pid_t pid;

	EXPECT_OK(syscall(SYS_syslog, 10, NULL, 0));
	pid = ktap_fork();
	if (!pid) {
		become_nobody();
		EXPECT_ERRNO(syscall(SYS_syslog, 3, buf, sizeof(buf)), EPERM);
		EXPECT_ERRNO(syscall(SYS_syslog, 10, NULL, 0), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(misc, "FIOQSIZE counts the bytes that are kept; no file here can be frozen or share its blocks")
{
	long size;
	int fd;

	scratch();
	fd = scratch_file("f", "text", 0644);
	EXPECT_EQ(ioctl(fd, 0x5460, &size), 0);		/* FIOQSIZE */
	EXPECT_EQ(size, page_size());
	EXPECT_ERRNO(ioctl(fd, 0xc0045877, 0), EOPNOTSUPP);	/* FIFREEZE */
	EXPECT_ERRNO(ioctl(fd, 0xc0045878, 0), EINVAL);		/* FITHAW */
	close(fd);
}
