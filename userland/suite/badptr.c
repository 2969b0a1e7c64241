// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bad pointers: for call after call NULL, unmapped, foreign, read-only, write-only and straddling
 * memory, and lengths that wrap. The answer is EFAULT or a short count, never a crash and never a
 * byte beyond.
 */
#include <poll.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include "ktap.h"
#include "machine.h"

enum { BAD_MAX = 32 };

static unsigned long bad[BAD_MAX];	/* addresses that cannot be read nor written */
static int bad_count;
static char *read_only, *no_access, *edge;	/* edge: the last page before a hole */

static void set_up(void)
{
	char *p;

	bad[bad_count++] = 0;
	bad[bad_count++] = 16;
	p = mmap(NULL, 3 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	ASSERT_OK(munmap(p + page_size(), page_size()));
	edge = p;
	bad[bad_count++] = (unsigned long)p + page_size();
	no_access = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bad[bad_count++] = (unsigned long)no_access;
	read_only = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < machine_foreign_count; i++)
		bad[bad_count++] = machine_foreign[i];
}

/* Each bad address for one call's output (read-only memory is bad too) or input. */
#define EACH_BAD_OUT(p, call) do {							\
	set_up();									\
	for (int i_ = 0; i_ <= bad_count; i_++) {					\
		void *p = (void *)(i_ < bad_count ? bad[i_] : (unsigned long)read_only);\
		EXPECT_ERRNO(call, EFAULT);						\
	}										\
} while (0)

#define EACH_BAD_IN(p, call) do {							\
	set_up();									\
	for (int i_ = 0; i_ < bad_count; i_++) {					\
		void *p = (void *)bad[i_];						\
		EXPECT_ERRNO(call, EFAULT);						\
	}										\
} while (0)

TEST(badptr, "read")
{
	int fd = ASSERT_OK(open("/dev/zero", O_RDONLY));

	EACH_BAD_OUT(p, syscall(SYS_read, fd, p, 10L));
}

TEST(badptr, "read from a file")
{
	scratch();
	int fd = scratch_file("f", "hello hello hello", 0644);
	EACH_BAD_OUT(p, syscall(SYS_pread64, fd, p, 10L, 0L));
}

TEST(badptr, "read from a pipe loses nothing")
{
	char c;
	int fds[2];

	ASSERT_OK(pipe(fds));
	ASSERT_EQ(write(fds[1], "abc", 3), 3);
	EACH_BAD_OUT(p, syscall(SYS_read, fds[0], p, 1L));
	EXPECT_EQ(read(fds[0], &c, 1), 1);
	EXPECT_EQ(c, 'a');
}

TEST(badptr, "write to a file")
{
	scratch();
	int fd = scratch_file("f", "", 0644);
	EACH_BAD_IN(p, syscall(SYS_write, fd, p, 10L));
}

TEST(badptr, "write to a pipe")
{
	int fds[2];

	ASSERT_OK(pipe2(fds, O_NONBLOCK));
	EACH_BAD_IN(p, syscall(SYS_write, fds[1], p, 10L));
}

TEST(badptr, "a read into memory that ends half way is short, and writes no byte beyond")
{
	set_up();
	scratch();
	int fd = scratch_file("f", "0123456789abcdef", 0644);
	edge[page_size() - 11] = '!';
	EXPECT_EQ(pread(fd, edge + page_size() - 10, 16, 0), 10);
	EXPECT_MEMEQ(edge + page_size() - 11, "!0123456789", 11);
}

TEST(badptr, "a write from memory that ends half way is short")
{
	char out[32];

	set_up();
	scratch();
	int fd = scratch_file("f", "", 0644);
	memcpy(edge + page_size() - 10, "0123456789", 10);
	EXPECT_EQ(write(fd, edge + page_size() - 10, 16), 10);
	EXPECT_EQ(pread(fd, out, 32, 0), 10);
	EXPECT_MEMEQ(out, "0123456789", 10);
}

TEST(badptr, "a read from /dev/zero into memory that ends half way is short")
{
	int fd = ASSERT_OK(open("/dev/zero", O_RDONLY));

	set_up();
	memset(edge, 1, page_size());
	EXPECT_EQ(read(fd, edge + page_size() - 128, 256), 128);
	EXPECT_EQ(edge[page_size() - 1], 0);
	EXPECT_EQ(edge[page_size() - 129], 1);
}

TEST(badptr, "a read of many pages into memory that ends after some is short by whole bytes")
{
	static char bytes[40960];
	char *p = guarded_pages(5);

	scratch();
	int fd = scratch_file("f", "", 0644);
	ASSERT_EQ(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	EXPECT_EQ(pread(fd, p + 100, sizeof(bytes), 0), 5 * page_size() - 100);
}

TEST(badptr, "paths: open, stat, mkdir, unlink, chdir, rename, readlink, access, chmod, truncate")
{
	struct stat st;
	char c;

	EACH_BAD_IN(p, syscall(SYS_openat, AT_FDCWD, p, O_RDONLY));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_newfstatat, AT_FDCWD, p, &st, 0));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_mkdirat, AT_FDCWD, p, 0755));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_unlinkat, AT_FDCWD, p, 0));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_chdir, p));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, "x", 0));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_readlinkat, AT_FDCWD, p, &c, 1L));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_faccessat, AT_FDCWD, p, F_OK));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_fchmodat, AT_FDCWD, p, 0644));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_truncate, p, 0L));
}

TEST(badptr, "a path whose nul lies beyond the end of memory is EFAULT, one just before it is not")
{
	set_up();
	strcpy(edge + page_size() - 10, "/dev/null");
	EXPECT_OK(open(edge + page_size() - 10, O_RDONLY));
	memcpy(edge + page_size() - 9, "/dev/null", 9);
	EXPECT_ERRNO(open(edge + page_size() - 9, O_RDONLY), EFAULT);
}

TEST(badptr, "fstat")
{
	EACH_BAD_OUT(p, syscall(SYS_fstat, 0, p));
}

TEST(badptr, "fstat into memory that ends half way")
{
	set_up();
	EXPECT_ERRNO(syscall(SYS_fstat, 0, edge + page_size() - 64), EFAULT);
}

TEST(badptr, "newfstatat's and statx's output")
{
	EACH_BAD_OUT(p, syscall(SYS_newfstatat, AT_FDCWD, "/", p, 0));
	bad_count = 0;
	EACH_BAD_OUT(p, syscall(SYS_statx, AT_FDCWD, "/", 0, 0x7ff, p));
}

TEST(badptr, "statfs and fstatfs")
{
	EACH_BAD_OUT(p, syscall(SYS_statfs, "/", p));
	bad_count = 0;
	EACH_BAD_OUT(p, syscall(SYS_fstatfs, ASSERT_OK(open("/", O_RDONLY)), p));
}

TEST(badptr, "pipe2")
{
	EACH_BAD_OUT(p, syscall(SYS_pipe2, p, 0));
}

TEST(badptr, "getcwd")
{
	EACH_BAD_OUT(p, syscall(SYS_getcwd, p, 100L));
}

TEST(badptr, "getdents64")
{
	int fd = ASSERT_OK(open("/", O_RDONLY));

	EACH_BAD_OUT(p, syscall(SYS_getdents64, fd, p, 4096L));
}

TEST(badptr, "uname, sysinfo, times")
{
	EACH_BAD_OUT(p, syscall(SYS_uname, p));
	bad_count = 0;
	EACH_BAD_OUT(p, syscall(SYS_sysinfo, p));
	EXPECT_ERRNO(syscall(SYS_times, 16), EFAULT);
}

TEST(badptr, "clock_gettime, clock_settime")
{
	set_up();
	for (int i = 1; i < bad_count; i++) {
		EXPECT_ERRNO(syscall(SYS_clock_gettime, CLOCK_REALTIME, bad[i]), EFAULT);
		EXPECT_ERRNO(syscall(SYS_clock_getres, CLOCK_REALTIME, bad[i]), EFAULT);
	}
	EXPECT_OK(syscall(SYS_clock_getres, CLOCK_REALTIME, NULL));
}

TEST(badptr, "nanosleep and clock_nanosleep")
{
	EACH_BAD_IN(p, syscall(SYS_nanosleep, p, NULL));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, p, NULL));
}

TEST(badptr, "gettimeofday: time and zone")
{
	set_up();
	for (int i = 1; i < bad_count; i++) {
		EXPECT_ERRNO(syscall(SYS_gettimeofday, bad[i], NULL), EFAULT);
		EXPECT_ERRNO(syscall(SYS_gettimeofday, NULL, bad[i]), EFAULT);
	}
	EXPECT_OK(syscall(SYS_gettimeofday, NULL, NULL));
}

TEST(badptr, "getrusage and prlimit64")
{
	EACH_BAD_OUT(p, syscall(SYS_getrusage, RUSAGE_SELF, p));
	for (int i = 1; i < bad_count; i++) {
		EXPECT_ERRNO(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, bad[i], NULL), EFAULT);
		EXPECT_ERRNO(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, bad[i]), EFAULT);
	}
}

TEST(badptr, "readv and writev: the array")
{
	int fd = ASSERT_OK(open("/dev/zero", O_RDWR));

	EACH_BAD_IN(p, syscall(SYS_readv, fd, p, 1L));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_writev, fd, p, 1L));
}

TEST(badptr, "readv: the pieces")
{
	int fd = ASSERT_OK(open("/dev/zero", O_RDONLY));
	struct iovec one;

	EACH_BAD_OUT(p, (one = (struct iovec){ p, 10 }, syscall(SYS_readv, fd, &one, 1L)));
}

TEST(badptr, "readv: a piece whose end wraps")
{
	int fd = ASSERT_OK(open("/dev/zero", O_RDONLY));
	struct iovec one = { (void *)16, LONG_MAX };

	set_up();
	EXPECT_ERRNO(syscall(SYS_readv, fd, &one, 1L), EFAULT);
	one = (struct iovec){ edge, LONG_MAX };
	EXPECT_ERRNO(syscall(SYS_readv, fd, &one, 1L), EFAULT);
}

TEST(badptr, "poll and select")
{
	EACH_BAD_IN(p, syscall(SYS_ppoll, p, 1L, NULL, NULL, 8L));
	for (int i = 1; i < bad_count; i++)
		EXPECT_ERRNO(syscall(SYS_pselect6, 10, bad[i], NULL, NULL, NULL, NULL), EFAULT);
}

TEST(badptr, "wait4: status and usage")
{
	set_up();
	for (int i = 1; i < bad_count; i += 2) {
		pid_t pid = ktap_fork();

		if (pid == 0)
			_exit(0);
		EXPECT_ERRNO(syscall(SYS_wait4, pid, i & 2 ? bad[i] : 0, 0, i & 2 ? 0 : bad[i]),
			     EFAULT);
	}
}

TEST(badptr, "waitid's siginfo")
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(0);
	wait_for_state(pid, 'Z');
	set_up();
	for (int i = 1; i < bad_count; i++)
		EXPECT_ERRNO(syscall(SYS_waitid, P_PID, pid, bad[i], WEXITED | WNOWAIT, NULL), EFAULT);
	EXPECT_EXIT(pid, 0);
}

TEST(badptr, "rt_sigaction, rt_sigprocmask, rt_sigpending, sigaltstack")
{
	set_up();
	for (int i = 1; i < bad_count; i++) {
		EXPECT_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, bad[i], NULL, 8L), EFAULT);
		EXPECT_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, NULL, bad[i], 8L), EFAULT);
		EXPECT_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, bad[i], NULL, 8L), EFAULT);
		EXPECT_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, bad[i], 8L), EFAULT);
		EXPECT_ERRNO(syscall(SYS_rt_sigpending, bad[i], 8L), EFAULT);
		EXPECT_ERRNO(syscall(SYS_sigaltstack, bad[i], NULL), EFAULT);
		EXPECT_ERRNO(syscall(SYS_sigaltstack, NULL, bad[i]), EFAULT);
	}
}

TEST(badptr, "rt_sigtimedwait and rt_sigsuspend")
{
	struct timespec none = { 0, 0 };
	sigset_t set;

	sigemptyset(&set);
	EACH_BAD_IN(p, syscall(SYS_rt_sigtimedwait, p, NULL, &none, 8L));
	for (int i = 1; i < bad_count; i++) {
		EXPECT_ERRNO(syscall(SYS_rt_sigtimedwait, &set, NULL, bad[i], 8L), EFAULT);
		EXPECT_ERRNO(syscall(SYS_rt_sigsuspend, bad[i], 8L), EFAULT);
	}
}

TEST(badptr, "futex: the word and the time")
{
	int word = 0;

	set_up();
	for (int i = 0; i < bad_count; i++) {
		unsigned long at = bad[i] & ~3UL;

		EXPECT_ERRNO(syscall(SYS_futex, at, 0 /* WAIT */, 0, NULL, NULL, 0), EFAULT);
		if (bad[i])
			EXPECT_ERRNO(syscall(SYS_futex, &word, 0, 0, bad[i], NULL, 0), EFAULT);
	}
	EXPECT_ERRNO(syscall(SYS_futex, (char *)&word + 1, 0, 0, NULL, NULL, 0), EINVAL);
}

TEST(badptr, "getgroups, setgroups, getresuid, getresgid")
{
	gid_t group = 5;
	uid_t id;

	ASSERT_OK(syscall(SYS_setgroups, 1L, &group));
	EACH_BAD_OUT(p, syscall(SYS_getgroups, 1, p));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_setgroups, 1L, p));
	bad_count = 0;
	EACH_BAD_OUT(p, syscall(SYS_getresuid, p, &id, &id));
	bad_count = 0;
	EACH_BAD_OUT(p, syscall(SYS_getresgid, &id, &id, p));
}

TEST(badptr, "sched_setaffinity, sched_getaffinity, getcpu")
{
	set_up();
	for (int i = 1; i < bad_count; i++) {
		EXPECT_ERRNO(syscall(SYS_sched_setaffinity, 0, 8L, bad[i]), EFAULT);
		EXPECT_ERRNO(syscall(SYS_sched_getaffinity, 0, 1024L, bad[i]), EFAULT);
		EXPECT_ERRNO(syscall(SYS_getcpu, bad[i], NULL, NULL), EFAULT);
	}
}

TEST(badptr, "getrandom")
{
	EACH_BAD_OUT(p, syscall(SYS_getrandom, p, 16L, 0));
}

TEST(badptr, "setitimer, getitimer, timer_create, timer_settime")
{
	set_up();
	for (int i = 1; i < bad_count; i++) {
		EXPECT_ERRNO(syscall(SYS_setitimer, ITIMER_REAL, bad[i], NULL), EFAULT);
		EXPECT_ERRNO(syscall(SYS_getitimer, ITIMER_REAL, bad[i]), EFAULT);
		EXPECT_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, bad[i]), EFAULT);
	}
}

TEST(badptr, "execve: path, argv, envp, and a string of argv")
{
	char *argv[2] = { "x", NULL };

	EACH_BAD_IN(p, syscall(SYS_execve, p, argv, argv));
	for (int i = 1; i < bad_count; i++) {
		EXPECT_ERRNO(syscall(SYS_execve, "/proc/self/exe", bad[i], argv), EFAULT);
		EXPECT_ERRNO(syscall(SYS_execve, "/proc/self/exe", argv, bad[i]), EFAULT);
		argv[0] = (char *)bad[i];
		EXPECT_ERRNO(syscall(SYS_execve, "/proc/self/exe", argv, NULL), EFAULT);
	}
}

TEST(badptr, "utimensat, mknod's, symlink's and link's strings")
{
	scratch();
	EACH_BAD_IN(p, syscall(SYS_symlinkat, p, AT_FDCWD, "x"));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_symlinkat, "x", AT_FDCWD, p));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_linkat, AT_FDCWD, p, AT_FDCWD, "x", 0));
	bad_count = 0;
	EACH_BAD_IN(p, syscall(SYS_mknodat, AT_FDCWD, p, S_IFREG | 0644, 0));
	for (int i = 1; i < bad_count; i++)
		EXPECT_ERRNO(syscall(SYS_utimensat, AT_FDCWD, ".", bad[i], 0), EFAULT);
}

TEST(badptr, "fcntl's lock and ioctl's words")
{
	scratch();
	int fd = scratch_file("f", "", 0644), fds[2];

	ASSERT_OK(pipe(fds));
	EACH_BAD_IN(p, syscall(SYS_fcntl, fd, F_SETLK, p));
	bad_count = 0;
	EACH_BAD_OUT(p, syscall(SYS_ioctl, fds[0], 0x541B /* FIONREAD */, p));
}

TEST(badptr, "lengths that wrap the address space are EFAULT")
{
	int fd = ASSERT_OK(open("/dev/zero", O_RDWR));

	set_up();
	EXPECT_ERRNO(syscall(SYS_read, fd, edge, -1L), EFAULT);
	EXPECT_ERRNO(syscall(SYS_read, fd, edge, LONG_MAX), EFAULT);
	EXPECT_ERRNO(syscall(SYS_write, fd, edge, -1L), EFAULT);
	EXPECT_ERRNO(syscall(SYS_read, fd, -1L, 2L), EFAULT);
}

TEST(badptr, "the last byte of the user's half may be named, the one behind it not")
{
	int fd = ASSERT_OK(open("/dev/zero", O_RDONLY));

	EXPECT_ERRNO(syscall(SYS_read, fd, machine_user_end - 1, 1L), EFAULT);
	EXPECT_ERRNO(syscall(SYS_read, fd, machine_user_end - 1, 2L), EFAULT);
	EXPECT_ERRNO(syscall(SYS_read, fd, machine_user_end, 1L), EFAULT);
}
