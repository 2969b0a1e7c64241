// SPDX-License-Identifier: BSD-2-Clause
/*
 * mmap, munmap, mprotect, mremap, msync, madvise and mincore.
 */
#include <setjmp.h>

#include "ktap.h"

static sigjmp_buf out;
static volatile int fault_code;
static void *volatile fault_address;
static volatile int fault_signal;

static void caught(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = sig;
	fault_code = info->si_code;
	fault_address = info->si_addr;
	siglongjmp(out, 1);
}

/* The signal that touching this address gives, or 0. */
static int touch(volatile char *p, bool write)
{
	handle_info(SIGSEGV, caught, 0);
	handle_info(SIGBUS, caught, 0);
	fault_signal = 0;
	if (sigsetjmp(out, 1) == 0) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return fault_signal;
}

static char *map(void *where, int pages, int prot, int flags)
{
	return mmap(where, pages * page_size(), prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

enum { RW = PROT_READ | PROT_WRITE };

TEST(mmap, "anonymous memory is zero and can be written")
{
	char *p = map(NULL, 4, RW, 0);

	ASSERT_TRUE(p != MAP_FAILED);
	for (long i = 0; i < 4 * page_size(); i += 511)
		EXPECT_EQ(p[i], 0);
	p[0] = p[4 * page_size() - 1] = 7;
	EXPECT_EQ(p[0] + p[4 * page_size() - 1], 14);
}

TEST(mmap, "addresses are page aligned and two mappings do not overlap")
{
	char *a = map(NULL, 3, RW, 0), *b = map(NULL, 3, RW, 0);

	EXPECT_EQ((long)a % page_size(), 0);
	EXPECT_EQ((long)b % page_size(), 0);
	EXPECT_TRUE(a + 3 * page_size() <= b || b + 3 * page_size() <= a);
}

TEST(mmap, "a length of 0 is EINVAL, a huge one ENOMEM")
{
	EXPECT_ERRNO(map(NULL, 0, RW, 0), EINVAL);
	EXPECT_ERRNO(mmap(NULL, 1UL << 62, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	EXPECT_ERRNO(syscall(SYS_mmap, 0, -1L, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
}

TEST(mmap, "neither shared nor private, and both missing bits, are EINVAL")
{
	EXPECT_ERRNO(mmap(NULL, 4096, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
}

TEST(mmap, "an offset that is no multiple of the page is EINVAL")
{
	scratch();
	int fd = scratch_file("f", "abc", 0644);
	EXPECT_ERRNO(syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
}

TEST(mmap, "a bad descriptor is EBADF, a directory ENODEV, a pipe ENODEV")
{
	int fds[2];

	ASSERT_OK(pipe(fds));
	EXPECT_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	EXPECT_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, open("/", O_RDONLY), 0), ENODEV);
	EXPECT_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fds[0], 0), ENODEV);
}

TEST(mmap, "a file open for appending can be mapped shared and written")
{
	char c = 0, *p;
	int fd;

	scratch();
	close(scratch_file("f", "abc", 0644));
	fd = ASSERT_OK(open("f", O_RDWR | O_APPEND));
	p = mmap(NULL, 4096, RW, MAP_SHARED, fd, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	p[1] = 'X';
	EXPECT_EQ(pread(fd, &c, 1, 1), 1);
	EXPECT_EQ(c, 'X');
}

TEST(mmap, "a hint is taken where it is free, and only a hint where it is not")
{
	char *p = map(NULL, 8, RW, 0);

	ASSERT_OK(munmap(p, 8 * page_size()));
	EXPECT_EQ(map(p, 8, RW, 0), p);
	char *q = map(p, 1, RW, 0);
	EXPECT_TRUE(q != MAP_FAILED);
	EXPECT_NE(q, p);
}

TEST(mmap, "MAP_FIXED replaces what was there")
{
	char *p = map(NULL, 3, RW, 0);

	memset(p, 'x', 3 * page_size());
	EXPECT_EQ(map(p + page_size(), 1, RW, MAP_FIXED), p + page_size());
	EXPECT_EQ(p[page_size() - 1], 'x');
	EXPECT_EQ(p[page_size()], 0);
	EXPECT_EQ(p[2 * page_size()], 'x');
}

TEST(mmap, "MAP_FIXED at an unaligned address is EINVAL, at 0 for a user EPERM")
{
	char *p = map(NULL, 2, RW, 0);

	EXPECT_ERRNO(map(p + 1, 1, RW, MAP_FIXED), EINVAL);
	EXPECT_ERRNO(syscall(SYS_mmap, -4096L, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			     -1, 0), ENOMEM);
	become_nobody();
	EXPECT_ERRNO(map(NULL, 1, RW, MAP_FIXED), EPERM);
}

TEST(mmap, "MAP_FIXED_NOREPLACE on something mapped is EEXIST")
{
	char *p = map(NULL, 2, RW, 0);

	EXPECT_ERRNO(map(p + page_size(), 2, RW, 0x100000), EEXIST);
	ASSERT_OK(munmap(p, 2 * page_size()));
	EXPECT_EQ(map(p, 2, RW, 0x100000), p);
}

TEST(mmap, "munmap of a hole in the middle leaves both sides")
{
	char *p = map(NULL, 5, RW, 0);

	memset(p, 'x', 5 * page_size());
	EXPECT_OK(munmap(p + 2 * page_size(), page_size()));
	EXPECT_EQ(touch(p + page_size(), false), 0);
	EXPECT_EQ(touch(p + 2 * page_size(), false), SIGSEGV);
	EXPECT_EQ(fault_code, SEGV_MAPERR);
	EXPECT_EQ(fault_address, p + 2 * page_size());
	EXPECT_EQ(p[3 * page_size()], 'x');
}

TEST(mmap, "munmap of nothing succeeds, of an unaligned address or no length is EINVAL")
{
	char *p = map(NULL, 2, RW, 0);

	EXPECT_OK(munmap(p, 2 * page_size()));
	EXPECT_OK(munmap(p, 2 * page_size()));
	EXPECT_ERRNO(munmap(p + 1, page_size()), EINVAL);
	EXPECT_ERRNO(munmap(p, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_munmap, p, -1L), EINVAL);
}

TEST(mmap, "a munmap across several mappings and holes takes them all")
{
	char *p = map(NULL, 9, RW, 0);

	ASSERT_OK(munmap(p + 2 * page_size(), page_size()));
	ASSERT_OK(mprotect(p + 5 * page_size(), page_size(), PROT_READ));
	EXPECT_OK(munmap(p + page_size(), 7 * page_size()));
	EXPECT_EQ(touch(p, true), 0);
	for (int i = 1; i < 8; i++)
		EXPECT_EQ(touch(p + i * page_size(), false), SIGSEGV);
	EXPECT_EQ(touch(p + 8 * page_size(), true), 0);
}

TEST(mmap, "PROT_NONE faults on reading, with SEGV_ACCERR and the address")
{
	char *p = map(NULL, 1, PROT_NONE, 0);

	EXPECT_EQ(touch(p + 123, false), SIGSEGV);
	EXPECT_EQ(fault_code, SEGV_ACCERR);
	EXPECT_EQ(fault_address, p + 123);
}

TEST(mmap, "PROT_READ faults on writing and not on reading")
{
	char *p = map(NULL, 1, PROT_READ, 0);

	EXPECT_EQ(touch(p, false), 0);
	EXPECT_EQ(touch(p, true), SIGSEGV);
	EXPECT_EQ(fault_code, SEGV_ACCERR);
}

TEST(mmap, "mprotect splits a mapping at each page")
{
	char *p = map(NULL, 5, RW, 0);

	memset(p, 'x', 5 * page_size());
	EXPECT_OK(mprotect(p + page_size(), page_size(), PROT_READ));
	EXPECT_OK(mprotect(p + 3 * page_size(), page_size(), PROT_NONE));
	EXPECT_EQ(touch(p, true), 0);
	EXPECT_EQ(touch(p + page_size(), true), SIGSEGV);
	EXPECT_EQ(touch(p + 2 * page_size(), true), 0);
	EXPECT_EQ(touch(p + 3 * page_size(), false), SIGSEGV);
	EXPECT_EQ(touch(p + 4 * page_size(), true), 0);
	EXPECT_OK(mprotect(p, 5 * page_size(), RW));
	EXPECT_EQ(p[3 * page_size()], 'x');
	EXPECT_EQ(touch(p + page_size(), true), 0);
}

TEST(mmap, "mprotect over a hole is ENOMEM, unaligned EINVAL, of no length fine")
{
	char *p = map(NULL, 3, RW, 0);

	ASSERT_OK(munmap(p + page_size(), page_size()));
	EXPECT_ERRNO(syscall(SYS_mprotect, p, 3 * page_size(), PROT_READ), ENOMEM);
	EXPECT_ERRNO(syscall(SYS_mprotect, p + 1, page_size(), PROT_READ), EINVAL);
	EXPECT_OK(syscall(SYS_mprotect, p, 0L, PROT_READ));
	EXPECT_ERRNO(syscall(SYS_mprotect, p, page_size(), 0xff00000), EINVAL);
}

TEST(mmap, "a call that is handed a read-only page for output is EFAULT")
{
	char *p = map(NULL, 1, PROT_READ, 0);
	int fd = ASSERT_OK(open("/dev/zero", O_RDONLY));

	EXPECT_ERRNO(read(fd, p, 10), EFAULT);
	EXPECT_OK(mprotect(p, page_size(), RW));
	EXPECT_EQ(read(fd, p, 10), 10);
}

TEST(mmap, "a private file mapping shows the file, zeros behind its end")
{
	scratch();
	int fd = scratch_file("f", "hello", 0644);
	char *p = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	close(fd);
	EXPECT_MEMEQ(p, "hello\0\0\0", 8);
	EXPECT_EQ(p[page_size() - 1], 0);
}

TEST(mmap, "a shared file mapping and the file are one")
{
	char c;

	scratch();
	int fd = scratch_file("f", "hello", 0644);
	char *p = mmap(NULL, page_size(), RW, MAP_SHARED, fd, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	p[0] = 'J';
	EXPECT_EQ(pread(fd, &c, 1, 0), 1);
	EXPECT_EQ(c, 'J');
	EXPECT_EQ(pwrite(fd, "E", 1, 1), 1);
	EXPECT_EQ(p[1], 'E');
	EXPECT_OK(msync(p, page_size(), MS_SYNC));
}

TEST(mmap, "two shared mappings of one file see each other, across fork")
{
	scratch();
	int fd = scratch_file("f", "0000", 0644);
	char *a = mmap(NULL, page_size(), RW, MAP_SHARED, fd, 0);
	char *b = mmap(NULL, page_size(), RW, MAP_SHARED, fd, 0);
	pid_t pid = ktap_fork();

	if (pid == 0) {
		a[2] = 'c';
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(b[2], 'c');
}

TEST(mmap, "a mapping at an offset shows that part of the file")
{
	scratch();
	int fd = scratch_file("f", "", 0644);
	ASSERT_EQ(pwrite(fd, "second", 6, page_size()), 6);
	char *p = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, page_size());
	ASSERT_TRUE(p != MAP_FAILED);
	EXPECT_MEMEQ(p, "second", 6);
}

TEST(mmap, "a page wholly behind the end of the file is SIGBUS")
{
	scratch();
	int fd = scratch_file("f", "hello", 0644);
	char *p = mmap(NULL, 2 * page_size(), RW, MAP_SHARED, fd, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	EXPECT_EQ(touch(p + page_size() - 1, false), 0);
	EXPECT_EQ(touch(p + page_size() + 5, false), SIGBUS);
	EXPECT_EQ(fault_code, BUS_ADRERR);
	EXPECT_EQ(fault_address, p + page_size() + 5);
	EXPECT_OK(ftruncate(fd, 2 * page_size()));
	EXPECT_EQ(touch(p + page_size() + 5, false), 0);
}

TEST(mmap, "a file made shorter takes its pages out of the mappings")
{
	scratch();
	int fd = scratch_file("f", "", 0644);
	ASSERT_OK(ftruncate(fd, 2 * page_size()));
	char *p = mmap(NULL, 2 * page_size(), RW, MAP_SHARED, fd, 0);
	p[page_size()] = 'x';
	EXPECT_OK(ftruncate(fd, 10));
	EXPECT_EQ(touch(p + page_size(), false), SIGBUS);
	EXPECT_OK(ftruncate(fd, 2 * page_size()));
	EXPECT_EQ(p[page_size()], 0);
}

TEST(mmap, "bytes written behind the end in the last page do not reach a longer file")
{
	char c = 'x';

	scratch();
	int fd = scratch_file("f", "hello", 0644);
	char *p = mmap(NULL, page_size(), RW, MAP_SHARED, fd, 0);
	p[100] = 'x';
	EXPECT_OK(ftruncate(fd, 5));
	EXPECT_OK(ftruncate(fd, 200));
	EXPECT_EQ(pread(fd, &c, 1, 100), 1);
	EXPECT_EQ(c, 0);
}

TEST(mmap, "a shared writable mapping needs a file open for both, a private one for reading")
{
	scratch();
	close(scratch_file("f", "hello", 0644));
	int r = ASSERT_OK(open("f", O_RDONLY)), w = ASSERT_OK(open("f", O_WRONLY));
	EXPECT_ERRNO(mmap(NULL, 4096, RW, MAP_SHARED, r, 0), EACCES);
	EXPECT_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, w, 0), EACCES);
	EXPECT_ERRNO(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, w, 0), EACCES);
	EXPECT_TRUE(mmap(NULL, 4096, RW, MAP_PRIVATE, r, 0) != MAP_FAILED);
	char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, r, 0);
	EXPECT_TRUE(p != MAP_FAILED);
	EXPECT_ERRNO(mprotect(p, 4096, RW), EACCES);
}

TEST(mmap, "a mapping keeps an unlinked and closed file alive")
{
	scratch();
	int fd = scratch_file("f", "hello", 0644);
	char *p = mmap(NULL, page_size(), RW, MAP_SHARED, fd, 0);
	close(fd);
	ASSERT_OK(unlink("f"));
	EXPECT_MEMEQ(p, "hello", 5);
	p[0] = 'x';
	EXPECT_EQ(p[0], 'x');
}

TEST(mmap, "/dev/zero mapped is zeroed memory")
{
	int fd = ASSERT_OK(open("/dev/zero", O_RDWR));
	char *p = mmap(NULL, page_size(), RW, MAP_PRIVATE, fd, 0);

	ASSERT_TRUE(p != MAP_FAILED);
	EXPECT_EQ(p[77], 0);
	p[77] = 1;
	EXPECT_EQ(p[77], 1);
}

TEST(mmap, "mremap makes a mapping longer in place or elsewhere, keeping its bytes")
{
	char *p = map(NULL, 2, RW, 0);

	memset(p, 'x', 2 * page_size());
	p = mremap(p, 2 * page_size(), 20 * page_size(), MREMAP_MAYMOVE);
	ASSERT_TRUE(p != MAP_FAILED);
	EXPECT_EQ(p[0], 'x');
	EXPECT_EQ(p[2 * page_size() - 1], 'x');
	EXPECT_EQ(p[2 * page_size()], 0);
	p[20 * page_size() - 1] = 1;
}

TEST(mmap, "mremap makes a mapping shorter in place")
{
	char *p = map(NULL, 4, RW, 0);

	p[0] = 'x';
	EXPECT_EQ(mremap(p, 4 * page_size(), page_size(), 0), p);
	EXPECT_EQ(p[0], 'x');
	EXPECT_EQ(touch(p + page_size(), false), SIGSEGV);
}

TEST(mmap, "mremap that cannot grow in place and may not move is ENOMEM")
{
	char *p = map(NULL, 3, RW, 0);

	EXPECT_ERRNO(mremap(p, page_size(), 2 * page_size(), 0), ENOMEM);
}

TEST(mmap, "mremap to a fixed place moves the bytes and unmaps the old place")
{
	char *p = map(NULL, 2, RW, 0), *q = map(NULL, 4, RW, 0);

	p[0] = 'x';
	EXPECT_EQ(mremap(p, 2 * page_size(), 2 * page_size(), MREMAP_MAYMOVE | MREMAP_FIXED,
			 q + page_size()), q + page_size());
	EXPECT_EQ(q[page_size()], 'x');
	EXPECT_EQ(touch(p, false), SIGSEGV);
}

TEST(mmap, "mremap of nothing is EFAULT, to no length EINVAL, unaligned EINVAL")
{
	char *p = map(NULL, 2, RW, 0);

	ASSERT_OK(munmap(p + page_size(), page_size()));
	EXPECT_ERRNO(mremap(p + page_size(), page_size(), 2 * page_size(), MREMAP_MAYMOVE), EFAULT);
	EXPECT_ERRNO(mremap(p, page_size(), 0, MREMAP_MAYMOVE), EINVAL);
	EXPECT_ERRNO(mremap(p + 1, page_size(), page_size(), MREMAP_MAYMOVE), EINVAL);
	EXPECT_ERRNO(mremap(p, page_size(), page_size(), 64), EINVAL);
}

TEST(mmap, "MADV_DONTNEED gives zeros again in private memory")
{
	char *p = map(NULL, 4, RW, 0);

	memset(p, 'x', 4 * page_size());
	EXPECT_OK(madvise(p + page_size(), page_size(), MADV_DONTNEED));
	EXPECT_EQ(p[0], 'x');
	EXPECT_EQ(p[page_size()], 0);
	EXPECT_EQ(p[2 * page_size()], 'x');
}

TEST(mmap, "MADV_DONTNEED gives the file's bytes again in a private file mapping")
{
	scratch();
	int fd = scratch_file("f", "abc", 0644);
	char *p = mmap(NULL, page_size(), RW, MAP_PRIVATE, fd, 0);
	p[0] = 'X';
	EXPECT_OK(madvise(p, page_size(), MADV_DONTNEED));
	EXPECT_EQ(p[0], 'a');
}

TEST(mmap, "madvise: unknown advice EINVAL, unaligned EINVAL, a hole ENOMEM")
{
	char *p = map(NULL, 3, RW, 0);

	EXPECT_ERRNO(madvise(p, page_size(), 9999), EINVAL);
	EXPECT_ERRNO(madvise(p + 1, page_size(), MADV_DONTNEED), EINVAL);
	ASSERT_OK(munmap(p + page_size(), page_size()));
	EXPECT_ERRNO(madvise(p, 3 * page_size(), MADV_DONTNEED), ENOMEM);
	EXPECT_OK(madvise(p, page_size(), MADV_NORMAL));
}

TEST(mmap, "msync: unmapped ENOMEM, unaligned EINVAL, sync and async together EINVAL")
{
	char *p = map(NULL, 2, RW, 0);

	EXPECT_OK(msync(p, page_size(), MS_ASYNC));
	EXPECT_ERRNO(msync(p, page_size(), MS_SYNC | MS_ASYNC), EINVAL);
	EXPECT_ERRNO(msync(p + 1, page_size(), MS_SYNC), EINVAL);
	ASSERT_OK(munmap(p, page_size()));
	EXPECT_ERRNO(msync(p, page_size(), MS_SYNC), ENOMEM);
}

TEST(mmap, "mincore tells which pages are in memory, ENOMEM where none are mapped")
{
	unsigned char vec[2];
	char *p = map(NULL, 2, RW, 0);

	p[0] = 1;
	EXPECT_OK(mincore(p, 2 * page_size(), vec));
	EXPECT_EQ(vec[0] & 1, 1);
	EXPECT_EQ(vec[1] & 1, 0);
	ASSERT_OK(munmap(p + page_size(), page_size()));
	EXPECT_ERRNO(mincore(p, 2 * page_size(), vec), ENOMEM);
	EXPECT_ERRNO(mincore(p + 1, page_size(), vec), EINVAL);
}

TEST(mmap, "a thousand small mappings, every other one unmapped, keep their bytes")
{
	static char *maps[1000];

	for (int i = 0; i < 1000; i++) {
		maps[i] = map(NULL, 1, i % 3 ? RW : PROT_READ, 0);
		ASSERT_TRUE(maps[i] != MAP_FAILED);
		if (i % 3)
			*maps[i] = i;
	}
	for (int i = 0; i < 1000; i += 2)
		ASSERT_OK(munmap(maps[i], page_size()));
	for (int i = 1; i < 1000; i += 2)
		EXPECT_EQ(*maps[i], (char)(i % 3 ? i : 0));
}

TEST(mmap, "RLIMIT_AS refuses with ENOMEM")
{
	unsigned long limit[2] = { 1UL << 30, 1UL << 30 };

	ASSERT_OK(syscall(SYS_prlimit64, 0, 9, limit, NULL));
	EXPECT_ERRNO(mmap(NULL, 2UL << 30, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
		     ENOMEM);
	EXPECT_TRUE(map(NULL, 16, RW, 0) != MAP_FAILED);
}

TEST(mmap, "mlock needs room in its limit, munlock not; both need mapped pages")
{
	char *p = map(NULL, 4, RW, 0);

	EXPECT_OK(mlock(p, page_size()));
	EXPECT_OK(munlock(p, page_size()));
	ASSERT_OK(munmap(p + page_size(), page_size()));
	EXPECT_ERRNO(mlock(p, 4 * page_size()), ENOMEM);
}

TEST(mmap, "an offset that no file has is EOVERFLOW")
{
	int fd;

	scratch();
	fd = scratch_file("f", "text", 0644);
	EXPECT_EQ(syscall(SYS_mmap, 0, page_size(), PROT_READ, MAP_SHARED, fd, -page_size()), -1);
	EXPECT_EQ(errno, EOVERFLOW);
	EXPECT_EQ(syscall(SYS_mmap, 0, page_size(), PROT_READ, MAP_SHARED, fd, INT64_MAX - page_size() + 1), -1);
	EXPECT_EQ(errno, EOVERFLOW);
	close(fd);
}

TEST(mmap, "what may not be touched cannot be populated: EINVAL; beyond the file's end EFAULT")
{
	char *none = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *file;
	int fd;

	EXPECT_ERRNO(madvise(none, page_size(), 22), EINVAL);	/* MADV_POPULATE_READ */
	EXPECT_ERRNO(madvise(none, page_size(), 23), EINVAL);	/* MADV_POPULATE_WRITE */
	ASSERT_EQ(mprotect(none, page_size(), PROT_READ), 0);
	EXPECT_EQ(madvise(none, page_size(), 22), 0);
	EXPECT_ERRNO(madvise(none, page_size(), 23), EINVAL);
	scratch();
	fd = scratch_file("f", "text", 0644);
	file = mmap(NULL, 2 * page_size(), PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_ERRNO(madvise(file, 2 * page_size(), 22), EFAULT);
	munmap(none, page_size());
	munmap(file, 2 * page_size());
	close(fd);
}
