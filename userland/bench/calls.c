// SPDX-License-Identifier: BSD-2-Clause
/* Rows that are hardly more than the entry and the way out: what the door costs. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int null_fd = -1, zero_fd = -1;
static char page[4096];

static bool open_devices(void)
{
	if (null_fd < 0)
		null_fd = open("/dev/null", O_WRONLY);
	if (zero_fd < 0)
		zero_fd = open("/dev/zero", O_RDONLY);
	return null_fd >= 0 && zero_fd >= 0;
}

static bool check_getppid(void) { return syscall(SYS_getppid) == getppid() && getppid() > 0; }
static void run_getppid(long n) { while (n--) syscall(SYS_getppid); }

static bool check_bad_number(void)
{
	bool ok = syscall(1000) == -1 && errno == ENOSYS;

	errno = 0;
	return ok;
}
static void run_bad_number(long n) { while (n--) syscall(1000); }

static bool check_clock(void)
{
	struct timespec a, b;

	return !clock_gettime(CLOCK_MONOTONIC, &a) && !clock_gettime(CLOCK_MONOTONIC, &b) &&
	       (b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
}
static void run_clock(long n)
{
	struct timespec ts;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &ts);
}

static bool check_write_null(void) { return open_devices() && write(null_fd, "x", 1) == 1; }
static void run_write_null(long n) { while (n--) syscall(SYS_write, null_fd, "x", 1L); }

static bool check_read_zero(void)
{
	page[0] = 1;
	return open_devices() && read(zero_fd, page, 1) == 1 && page[0] == 0;
}
static void run_read_zero(long n) { while (n--) syscall(SYS_read, zero_fd, page, 1L); }

static bool check_read_zero_4k(void)
{
	memset(page, 1, sizeof(page));
	return open_devices() && read(zero_fd, page, sizeof(page)) == sizeof(page) && !page[0] && !page[4095];
}
static void run_read_zero_4k(long n) { while (n--) syscall(SYS_read, zero_fd, page, sizeof(page)); }

static int seek_fd = -1;
static bool check_lseek(void)
{
	if (seek_fd < 0)
		seek_fd = open(bench_self, O_RDONLY);
	return seek_fd >= 0 && lseek(seek_fd, 10, SEEK_SET) == 10 && lseek(seek_fd, 0, SEEK_CUR) == 10;
}
static void run_lseek(long n) { while (n--) syscall(SYS_lseek, seek_fd, 10L, SEEK_SET); }

static bool check_fcntl(void) { return open_devices() && (fcntl(null_fd, F_GETFL) & O_ACCMODE) == O_WRONLY; }
static void run_fcntl(long n) { while (n--) syscall(SYS_fcntl, null_fd, F_GETFL, 0L); }

static bool check_fstat(void)
{
	struct stat st;

	return check_lseek() && !fstat(seek_fd, &st) && S_ISREG(st.st_mode) && st.st_size > 1000;
}
static void run_fstat(long n)
{
	struct stat st;

	while (n--)
		syscall(SYS_fstat, seek_fd, &st);	/* glibc's fstat is a newfstatat */
}

static volatile int signals;
static void count_signal(int signo) { (void)signo; signals++; }
static bool check_signal(void)
{
	struct sigaction action = { .sa_handler = count_signal };

	if (sigaction(SIGUSR1, &action, NULL))
		return false;
	signals = 0;
	return !raise(SIGUSR1) && signals == 1;
}
static void run_signal(long n)
{
	long pid = getpid(), tid = syscall(SYS_gettid);

	while (n--)
		syscall(SYS_tgkill, pid, tid, SIGUSR1);
}

const struct op call_ops[] = {
	{ "getppid", 20000, check_getppid, run_getppid },
	{ "bad_number", 20000, check_bad_number, run_bad_number },
	{ "clock_gettime", 20000, check_clock, run_clock },
	{ "write_null_1", 20000, check_write_null, run_write_null },
	{ "read_zero_1", 20000, check_read_zero, run_read_zero },
	{ "read_zero_4k", 10000, check_read_zero_4k, run_read_zero_4k },
	{ "lseek", 20000, check_lseek, run_lseek },
	{ "fcntl_getfl", 20000, check_fcntl, run_fcntl },
	{ "fstat", 10000, check_fstat, run_fstat },
	{ "signal", 5000, check_signal, run_signal },
	{ 0 },
};
