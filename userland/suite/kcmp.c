// SPDX-License-Identifier: BSD-2-Clause
/*
 * kcmp: what threads and processes share; and remap_file_pages, which is mmap by another name.
 */
#include <linux/kcmp.h>
#include <sys/epoll.h>

#include "ktap.h"

static long kcmp(pid_t a, pid_t b, int type, unsigned long i, unsigned long j)
{
	return syscall(SYS_kcmp, a, b, type, i, j);
}

TEST(kcmp, "descriptors of one open file are equal, of two openings in an order")
{
	pid_t me = getpid();
	int fd, copy, other;
	long n;

	scratch();
	fd = scratch_file("f", "abc", 0600);
	copy = ASSERT_OK(dup(fd));
	other = ASSERT_OK(open("f", O_RDONLY));
	EXPECT_EQ(kcmp(me, me, KCMP_FILE, fd, copy), 0);
	n = kcmp(me, me, KCMP_FILE, fd, other);
	EXPECT_IN(n, 1, 2);
	EXPECT_EQ(kcmp(me, me, KCMP_FILE, other, fd), 3 - n);
	EXPECT_EQ(kcmp(me, me, KCMP_FILE, fd, other), n);
	EXPECT_ERRNO(kcmp(me, me, KCMP_FILE, fd, 900), EBADF);
	EXPECT_ERRNO(kcmp(me, me, KCMP_FILE, -1, fd), EBADF);
}

TEST(kcmp, "a child by fork has the open files and nothing else in common")
{
	struct gate done = gate_new();
	pid_t me = getpid(), child = ktap_fork();

	if (child == 0) {
		gate_wait(&done);
		_exit(0);
	}
	EXPECT_EQ(kcmp(me, child, KCMP_FILE, 1, 1), 0);
	EXPECT_IN(kcmp(me, child, KCMP_VM, 0, 0), 1, 2);
	EXPECT_IN(kcmp(me, child, KCMP_FILES, 0, 0), 1, 2);
	EXPECT_IN(kcmp(me, child, KCMP_FS, 0, 0), 1, 2);
	EXPECT_IN(kcmp(me, child, KCMP_SIGHAND, 0, 0), 1, 2);
	EXPECT_EQ(kcmp(me, child, KCMP_SYSVSEM, 0, 0), 0);
	EXPECT_EQ(kcmp(me, me, KCMP_VM, 0, 0), 0);
	EXPECT_EQ(kcmp(me, me, KCMP_IO, 0, 0), 0);
	gate_open(&done);
	EXPECT_EXIT(child, 0);
}

static struct gate shared_done;

static int wait_shared(void *unused)
{
	gate_wait(&shared_done);
	_exit(0);
}

TEST(kcmp, "what clone shares is equal")
{
	char *stack = guarded_pages(4);
	pid_t me = getpid(), child;

	shared_done = gate_new();
	child = ASSERT_OK(clone(wait_shared, stack + 4 * page_size(), CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, NULL));
	EXPECT_EQ(kcmp(me, child, KCMP_VM, 0, 0), 0);
	EXPECT_EQ(kcmp(me, child, KCMP_FILES, 0, 0), 0);
	EXPECT_EQ(kcmp(me, child, KCMP_FS, 0, 0), 0);
	EXPECT_IN(kcmp(me, child, KCMP_SIGHAND, 0, 0), 1, 2);
	gate_open(&shared_done);
	EXPECT_EXIT(child, 0);
}

TEST(kcmp, "nobody is ESRCH, a type that is none EINVAL, a stranger EPERM")
{
	pid_t me = getpid(), child;

	EXPECT_ERRNO(kcmp(999999, me, KCMP_VM, 0, 0), ESRCH);
	EXPECT_ERRNO(kcmp(me, 999999, 99, 0, 0), ESRCH);
	EXPECT_ERRNO(kcmp(me, me, 8, 0, 0), EINVAL);
	EXPECT_ERRNO(kcmp(me, me, -1, 0, 0), EINVAL);
	child = ktap_fork();
	if (child == 0) {
		become_nobody();
		EXPECT_ERRNO(kcmp(getpid(), me, KCMP_VM, 0, 0), EPERM);
		EXPECT_ERRNO(kcmp(me, getpid(), 99, 0, 0), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
}

TEST(kcmp, "KCMP_EPOLL_TFD finds what an epoll set watches")
{
	struct kcmp_epoll_slot slot = { 0 };
	struct epoll_event event = { .events = EPOLLIN };
	pid_t me = getpid();
	int p[2];

	ASSERT_OK(pipe(p));
	slot.efd = ASSERT_OK(epoll_create1(0));
	slot.tfd = p[0];
	ASSERT_OK(epoll_ctl(slot.efd, EPOLL_CTL_ADD, p[0], &event));
	EXPECT_EQ(kcmp(me, me, KCMP_EPOLL_TFD, p[0], (unsigned long)&slot), 0);
	EXPECT_IN(kcmp(me, me, KCMP_EPOLL_TFD, p[1], (unsigned long)&slot), 1, 2);
	slot.toff = 1;
	EXPECT_ERRNO(kcmp(me, me, KCMP_EPOLL_TFD, p[0], (unsigned long)&slot), ENOENT);
	slot.toff = 0;
	slot.tfd = p[1];
	EXPECT_ERRNO(kcmp(me, me, KCMP_EPOLL_TFD, p[0], (unsigned long)&slot), ENOENT);
	slot.efd = p[0];
	EXPECT_ERRNO(kcmp(me, me, KCMP_EPOLL_TFD, p[0], (unsigned long)&slot), EINVAL);
	slot.efd = 900;
	EXPECT_ERRNO(kcmp(me, me, KCMP_EPOLL_TFD, p[0], (unsigned long)&slot), EBADF);
	EXPECT_ERRNO(kcmp(me, me, KCMP_EPOLL_TFD, p[0], 0), EFAULT);
}

static long remap(char *at, size_t size, int prot, size_t pgoff, int flags)
{
	return syscall(SYS_remap_file_pages, at, size, prot, pgoff, flags);
}

TEST(kcmp, "remap_file_pages puts other pages of the file into a shared mapping")
{
	long page = page_size();
	char *p;
	int fd;

	scratch();
	fd = scratch_file("f", "", 0600);
	ASSERT_OK(ftruncate(fd, 4 * page));
	p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	for (int i = 0; i < 4; i++)
		p[i * page] = 'a' + i;
	EXPECT_OK(remap(p, page, 0, 3, 0));
	EXPECT_EQ(p[0], 'd');
	EXPECT_EQ(p[page], 'b');
	p[0] = 'x';
	EXPECT_EQ(p[3 * page], 'x');
	EXPECT_OK(remap(p + page, 2 * page, 0, 0, 0));
	EXPECT_EQ(p[page], 'a');
	EXPECT_EQ(p[2 * page], 'b');
}

TEST(kcmp, "remap_file_pages wants no protection, a shared mapping, and one file over all of it")
{
	long page = page_size();
	char *shared = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *private = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_ERRNO(remap(shared, page, PROT_READ, 0, 0), EINVAL);
	EXPECT_ERRNO(remap(shared, 0, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(remap(shared, page, 0, -1, 0), EINVAL);
	EXPECT_ERRNO(remap(private, page, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(remap(NULL, page, 0, 0, 0), EINVAL);
	ASSERT_OK(munmap(shared + 2 * page, page));
	EXPECT_ERRNO(remap(shared, 3 * page, 0, 0, 0), EINVAL);
	shared[page] = 'b';
	EXPECT_OK(remap(shared, page, 0, 1, 0));
	EXPECT_EQ(shared[0], 'b');
}
