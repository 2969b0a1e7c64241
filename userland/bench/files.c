// SPDX-License-Identifier: BSD-2-Clause
/* Rows about names and file contents, in a directory of tmpfs (on the oracle and on Janus alike). */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIR "/tmp/bench/one/two"	/* a file in it has 4 components behind the root's mount */
#define FILE_PATH "/tmp/bench/one/file"

static bool prepare(void)
{
	static bool done;
	int fd;

	if (done)
		return true;
	umount("/tmp/bench");	/* an earlier row's */
	if ((mkdir("/tmp/bench", 0755) && errno != EEXIST) || mount("bench", "/tmp/bench", "tmpfs", 0, NULL) ||
	    mkdir("/tmp/bench/one", 0755) || mkdir(DIR, 0755))
		return false;
	fd = open(FILE_PATH, O_CREAT | O_RDWR, 0644);
	if (fd < 0)
		return false;
	for (int i = 0; i < 16; i++) {
		char page[4096];

		memset(page, 'a' + i, sizeof(page));
		if (write(fd, page, sizeof(page)) != sizeof(page))
			return false;
	}
	close(fd);
	errno = 0;
	return done = true;
}

static bool check_stat(void)
{
	struct stat st;

	return prepare() && !stat(FILE_PATH, &st) && st.st_size == 65536;
}
static void run_stat(long n)
{
	struct stat st;

	while (n--)
		stat(FILE_PATH, &st);
}

static bool check_enoent(void)
{
	struct stat st;
	bool ok = prepare() && stat("/tmp/bench/one/none", &st) == -1 && errno == ENOENT;

	errno = ok ? 0 : errno;
	return ok;
}
static void run_enoent(long n)
{
	struct stat st;

	while (n--)
		stat("/tmp/bench/one/none", &st);
}

static bool check_open(void)
{
	int fd = prepare() ? open(FILE_PATH, O_RDONLY) : -1;

	return fd >= 0 && !close(fd);
}
static void run_open(long n) { while (n--) close(open(FILE_PATH, O_RDONLY)); }

static bool check_creat(void)
{
	int fd = prepare() ? open(DIR "/new", O_CREAT | O_EXCL | O_WRONLY, 0644) : -1;

	return fd >= 0 && !close(fd) && !unlink(DIR "/new") && access(DIR "/new", F_OK);
}
static void run_creat(long n)
{
	while (n--) {
		close(open(DIR "/new", O_CREAT | O_EXCL | O_WRONLY, 0644));
		unlink(DIR "/new");
	}
}

static bool check_mkdir(void) { return prepare() && !mkdir(DIR "/d", 0755) && !rmdir(DIR "/d"); }
static void run_mkdir(long n)
{
	while (n--) {
		mkdir(DIR "/d", 0755);
		rmdir(DIR "/d");
	}
}

static bool check_rename(void)
{
	int fd = prepare() ? open(DIR "/a", O_CREAT | O_WRONLY, 0644) : -1;

	return fd >= 0 && !close(fd) && !rename(DIR "/a", DIR "/b") && !rename(DIR "/b", DIR "/a");
}
static void run_rename(long n)
{
	while (n--) {
		rename(DIR "/a", DIR "/b");
		rename(DIR "/b", DIR "/a");
	}
}

static char buffer[65536];
static int data_fd = -1;
static bool check_pread(size_t size)
{
	if (data_fd < 0 && prepare())
		data_fd = open(FILE_PATH, O_RDONLY);
	return data_fd >= 0 && pread(data_fd, buffer, size, 0) == (ssize_t)size && buffer[0] == 'a' &&
	       buffer[size - 1] == 'a' + (int)(size / 4096) - 1;
}
static bool check_pread_4k(void) { return check_pread(4096); }
static bool check_pread_64k(void) { return check_pread(65536); }
static void run_pread_4k(long n) { while (n--) pread(data_fd, buffer, 4096, 0); }
static void run_pread_64k(long n) { while (n--) pread(data_fd, buffer, 65536, 0); }

static int dir_fd = -1;
static long list(void)
{
	lseek(dir_fd, 0, SEEK_SET);
	return syscall(SYS_getdents64, dir_fd, buffer, 4096);
}
static bool check_getdents(void)
{
	if (dir_fd < 0 && prepare()) {
		mkdir("/tmp/bench/list", 0755);
		close(open("/tmp/bench/list/file", O_CREAT | O_WRONLY, 0644));
		dir_fd = open("/tmp/bench/list", O_RDONLY | O_DIRECTORY);
	}
	return dir_fd >= 0 && list() == 24 + 24 + 24;	/* . and .. and file */
}
static void run_getdents(long n) { while (n--) list(); }

const struct op file_ops[] = {
	{ "stat_4", 5000, check_stat, run_stat },
	{ "stat_enoent", 5000, check_enoent, run_enoent },
	{ "open_close", 5000, check_open, run_open },
	{ "creat_unlink", 5000, check_creat, run_creat },
	{ "mkdir_rmdir", 5000, check_mkdir, run_mkdir },
	{ "rename_twice", 5000, check_rename, run_rename },
	{ "pread_4k", 5000, check_pread_4k, run_pread_4k },
	{ "pread_64k", 1000, check_pread_64k, run_pread_64k },
	{ "lseek_getdents_3", 5000, check_getdents, run_getdents },
	{ 0 },
};
