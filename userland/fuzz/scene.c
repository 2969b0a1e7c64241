// SPDX-License-Identifier: BSD-2-Clause
/*
 * The scene of a program: the tree of files, the descriptors, and a hash of the tree that is left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "actors.h"

int scene_ipc[IPC_KINDS];

uint32_t fold(uint32_t hash, const void *bytes, unsigned long n)
{
	const unsigned char *p = bytes;

	while (n--)
		hash = (hash ^ *p++) * 16777619u;
	return hash;
}

const char *scene_root(void)
{
	static char path[32];

	snprintf(path, sizeof(path), "/tmp/fuzz%d", actors_worker);
	return path;
}

/* ---- before ---- */

static void unmount_all(void)
{
	char line[1024], places[64][256];
	FILE *mounts = fopen("/proc/mounts", "r");
	int n = 0;

	/* The source comes first, which may be no name at all. */
	while (mounts && fgets(line, sizeof(line), mounts))
		if (n < 64 && sscanf(line + strcspn(line, " "), " %255s", places[n]) == 1 &&
		    !strncmp(places[n], scene_root(), strlen(scene_root())))
			n++;
	if (mounts)
		fclose(mounts);
	while (n--)
		umount2(places[n], MNT_DETACH);
}

static void remove_tree(const char *path)
{
	DIR *d;
	struct dirent *e;
	char below[1024];

	if (unlink(path) == 0)
		return;
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%.600s/%.255s", path, e->d_name);
		remove_tree(below);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static void file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_RDWR | O_CREAT, mode);

	write(fd, text, strlen(text));
	close(fd);
}

void scene_files(void)
{
	umask(022);
	chdir("/");
	unmount_all();
	remove_tree(scene_root());
	mkdir(scene_root(), 0755);
	chdir(scene_root());
	mkdir("w", 0777);
	chmod("w", 0777);
	chdir("w");
	file("a", "0123456789", 0644);
	file("b", "bb", 0600);
	mkdir("d", 0755);
	file("d/b", "", 0644);
	mkdir("m", 0755);
	mknod("n", S_IFCHR | 0666, makedev(1, 3));
	mkfifo("f", 0666);
	symlink("d", "l");
	symlink("loop", "loop");
	chdir("/");
}

/* What /proc/sysvipc/KIND lists: a line of titles, then key and id in each. */
static void remove_objects(const char *kind, int (*remove)(int id))
{
	char path[32], line[512];
	FILE *list;
	int id;

	snprintf(path, sizeof(path), "/proc/sysvipc/%s", kind);
	list = fopen(path, "r");
	while (list && fgets(line, sizeof(line), list))
		if (sscanf(line, "%*d %d", &id) == 1)
			remove(id);
	if (list)
		fclose(list);
}

static int remove_queue(int id)
{
	return msgctl(id, IPC_RMID, NULL);
}

static int remove_semaphores(int id)
{
	return semctl(id, 0, IPC_RMID);
}

static int remove_memory(int id)
{
	return shmctl(id, IPC_RMID, NULL);
}

void scene_objects(void)
{
	remove_objects("msg", remove_queue);
	remove_objects("sem", remove_semaphores);
	remove_objects("shm", remove_memory);
	for (char name[] = "/q"; name[1] <= 's'; name[1]++)
		mq_unlink(name);
	scene_ipc[MSG] = msgget(1, IPC_CREAT | 0666);
	scene_ipc[SEM] = semget(2, 3, IPC_CREAT | 0666);
	scene_ipc[SHM] = shmget(3, 2 * PAGE, IPC_CREAT | 0666);
}

/* 3 a file, 4 a directory, 5 and 6 a pipe, 7 an eventfd, 8 the file read only, 9 an epoll, 10 a timerfd,
 * 11 and 12 a pair of stream sockets, 13 and 14 a pipe that waits, 15 a socket that listens, 16 a datagram
 * socket with a name, 17 a signalfd, 18 a memfd, 19 a path, 20 a queue of messages, 21 an inotify, 22 process B. */
void scene_descriptors(void)
{
	struct mq_attr small = { .mq_maxmsg = 3, .mq_msgsize = 100 };
	struct sockaddr_un name = { AF_UNIX, "s" };
	sigset_t mask;
	int fds[2], null = open("n", O_RDWR);

	for (int i = 0; i < 3; i++)
		dup2(null, i);
	for (int i = 3; i < 64; i++)
		close(i);
	open("a", O_RDWR);
	open("d", O_RDONLY | O_DIRECTORY);
	pipe2(fds, O_NONBLOCK);
	eventfd(5, EFD_NONBLOCK);
	open("a", O_RDONLY);
	epoll_create1(0);
	timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
	pipe(fds);
	bind(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&name, sizeof(name));
	listen(15, 2);
	name = (struct sockaddr_un){ AF_UNIX, { 0, 'd', '0' + actors_worker } };
	bind(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), (void *)&name, 5);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	signalfd(-1, &mask, SFD_NONBLOCK);
	memfd_create("m", MFD_ALLOW_SEALING);
	open("a", O_PATH);
	mq_open("/q", O_RDWR | O_CREAT | O_NONBLOCK, 0666, &small);
	inotify_init1(IN_NONBLOCK);
	inotify_add_watch(21, ".", IN_ALL_EVENTS);
}

/* ---- after ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory, sorted; how many. */
static int list(const char *path, char **names, int most)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	while (d && n < most && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			names[n++] = strdup(e->d_name);
	if (d)
		closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	return n;
}

static uint32_t hash_content(const char *path, const struct stat *st, uint32_t hash)
{
	char bytes[16384];
	ssize_t n = 0;
	int fd = -1;

	if (S_ISREG(st->st_mode)) {
		fd = open(path, O_RDONLY | O_NONBLOCK);
		n = read(fd, bytes, sizeof(bytes));
		close(fd);
	} else if (S_ISLNK(st->st_mode)) {
		n = readlink(path, bytes, sizeof(bytes));
	}
	hash = fold(hash, bytes, n > 0 ? n : 0);
	n = llistxattr(path, bytes, 256);
	return fold(hash, bytes, n > 0 ? n : 0);
}

static uint32_t hash_node(const char *path, uint32_t hash, bool verbose)
{
	char below[1024], *names[64];
	struct stat st;
	uint32_t content;
	long about[7];
	int n;

	if (lstat(path, &st) < 0)
		return hash;
	content = hash_content(path, &st, 2166136261u);
	memcpy(about, (long[]){ st.st_mode, st.st_uid, st.st_gid, st.st_nlink, st.st_rdev,
		S_ISDIR(st.st_mode) ? 0 : st.st_size, content }, sizeof(about));
	hash = fold(fold(hash, path, strlen(path)), about, sizeof(about));
	if (verbose)
		printf("   %s mode %lo uid %ld gid %ld links %ld device %lx size %ld content %08lx\n", path, about[0],
		       about[1], about[2], about[3], about[4], about[5], about[6]);
	if (!S_ISDIR(st.st_mode) || strlen(path) > 600)
		return hash;
	n = list(path, names, 64);
	for (int i = 0; i < n; i++) {
		snprintf(below, sizeof(below), "%.600s/%.255s", path, names[i]);
		hash = hash_node(below, hash, verbose);
		free(names[i]);
	}
	return hash;
}

uint32_t scene_hash(bool verbose)
{
	return hash_node(scene_root(), 2166136261u, verbose);
}
