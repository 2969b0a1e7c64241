// SPDX-License-Identifier: BSD-2-Clause
/*
 * No memory for names: files, directories and links made and moved, looked up and listed, mounts, locks, /proc.
 */
#include <sys/file.h>
#include <sys/mount.h>

#include "failnth.h"

static long do_creat(void) { return fds[0] = open("file", O_CREAT | O_RDWR, 0600); }
static void undo_creat(void)
{
	close(fds[0]);
	unlink("file");
}
HUNT(nomemname, "a file made", do_creat, undo_creat, ENOSPC)

static long do_write_file(void)
{
	static char bytes[30000];
	int err;

	fds[0] = open("file", O_CREAT | O_RDWR, 0600);
	if (fds[0] < 0)
		return -1;
	if (write(fds[0], bytes, sizeof(bytes)) > 0 && pwrite(fds[0], "x", 1, 1 << 30) == 1)
		return 0;
	err = errno;
	undo_creat();
	errno = err;
	return -1;
}
HUNT(nomemname, "a file written far and wide", do_write_file, undo_creat, ENOSPC)

static long do_tmpfile(void) { return fds[0] = open(".", O_TMPFILE | O_RDWR, 0600); }
HUNT(nomemname, "O_TMPFILE", do_tmpfile, close_one, ENOSPC)

static long do_mkdir(void) { return mkdir("dir", 0700); }
static void undo_mkdir(void) { rmdir("dir"); }
HUNT(nomemname, "mkdir", do_mkdir, undo_mkdir, ENOSPC)

static char long_target[1000];

static long do_symlink(void)
{
	memset(long_target, 'x', sizeof(long_target) - 1);
	return symlink(long_target, "a name that is longer than what lies in the entry itself");
}

static void undo_symlink(void)
{
	unlink("a name that is longer than what lies in the entry itself");
}
HUNT(nomemname, "symlink", do_symlink, undo_symlink, ENOSPC)

static long do_mknod(void) { return mknod("fifo", S_IFIFO | 0600, 0); }
static void undo_mknod(void) { unlink("fifo"); }
HUNT(nomemname, "mknod", do_mknod, undo_mknod, ENOSPC)

static long do_names(void)
{
	long got;
	int err;

	fds[0] = open("one", O_CREAT | O_RDWR, 0600);
	if (fds[0] < 0)
		return -1;
	close(fds[0]);
	got = link("one", "two") || rename("two", "three") || mkdir("d", 0700) || rename("three", "d/four") ? -1 : 0;
	err = errno;
	unlink("one");
	unlink("two");
	unlink("three");
	unlink("d/four");
	rmdir("d");
	errno = err;
	return got;
}
HUNT(nomemname, "names linked and moved", do_names, NULL, ENOSPC)

static long do_stat_missing(void)
{
	struct stat st;

	return stat("missing/none", &st) < 0 && errno == ENOENT ? 0 : -1;
}
HUNT(nomemname, "a name that is not there", do_stat_missing, NULL)

static long do_getcwd(void)
{
	char path[PATH_MAX];

	return syscall(SYS_getcwd, path, sizeof(path));
}
HUNT(nomemname, "getcwd", do_getcwd, NULL)

static long do_readlink(void)
{
	char path[PATH_MAX];

	return readlink("/proc/self/exe", path, sizeof(path));
}
HUNT(nomemname, "readlink in /proc", do_readlink, NULL)

static long do_list(void)
{
	char entries[4096];
	long n;

	fds[0] = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	if (fds[0] < 0)
		return -1;
	n = syscall(SYS_getdents64, fds[0], entries, sizeof(entries));
	return n < 0 ? give_up(1) : 0;
}
HUNT(nomemname, "a directory of /proc listed", do_list, close_one)

static long read_whole(const char *path)
{
	static char text[65536];
	long n;

	fds[0] = open(path, O_RDONLY);
	if (fds[0] < 0)
		return -1;
	n = read(fds[0], text, sizeof(text));
	return n < 0 ? give_up(1) : 0;
}

static long do_maps(void) { return read_whole("/proc/self/maps"); }
HUNT(nomemname, "/proc/self/maps", do_maps, close_one)

static long do_environ(void) { return read_whole("/proc/self/environ"); }
HUNT(nomemname, "/proc/self/environ", do_environ, close_one)

static long do_mountinfo(void) { return read_whole("/proc/self/mountinfo"); }
HUNT(nomemname, "/proc/self/mountinfo", do_mountinfo, close_one)

static long do_comm(void)
{
	fds[0] = open("/proc/self/comm", O_WRONLY);
	if (fds[0] < 0)
		return -1;
	return write(fds[0], "other", 5) < 0 ? give_up(1) : 0;
}
HUNT(nomemname, "/proc/self/comm written", do_comm, close_one)

static long do_chdir(void)
{
	return chdir("/proc/self") || chdir("/tmp") ? -1 : 0;
}
HUNT(nomemname, "chdir", do_chdir, NULL)

static long do_mount(void)
{
	long got;
	int err;

	if (mkdir("m", 0700) < 0)
		return -1;
	got = mount("none", "m", "tmpfs", 0, "size=1m");
	if (got == 0)
		got = umount("m");
	err = errno;
	rmdir("m");
	errno = err;
	return got;
}
HUNT(nomemname, "mount of a tmpfs", do_mount, NULL, ENOSPC)

static long do_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 };
	struct flock middle = { .l_type = F_UNLCK, .l_start = 14, .l_len = 2 };

	fds[0] = open("file", O_CREAT | O_RDWR, 0600);
	if (fds[0] < 0)
		return -1;
	if (fcntl(fds[0], F_SETLK, &lock) < 0 || fcntl(fds[0], F_SETLK, &middle) < 0)
		return give_up(1);
	return flock(fds[0], LOCK_EX) < 0 ? give_up(1) : 0;
}
HUNT(nomemname, "locks of files", do_lock, undo_creat, ENOSPC, ENOLCK)
