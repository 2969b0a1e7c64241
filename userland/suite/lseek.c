// SPDX-License-Identifier: BSD-2-Clause
/*
 * lseek: where one may stand.
 */
#include "ktap.h"

static int file(void)
{
	scratch();
	return scratch_file("f", "0123456789", 0644);
}

TEST(lseek, "from the start, the offset and the end")
{
	int fd = file();

	EXPECT_EQ(lseek(fd, 3, SEEK_SET), 3);
	EXPECT_EQ(lseek(fd, 2, SEEK_CUR), 5);
	EXPECT_EQ(lseek(fd, -4, SEEK_CUR), 1);
	EXPECT_EQ(lseek(fd, -1, SEEK_END), 9);
	EXPECT_EQ(lseek(fd, 5, SEEK_END), 15);
}

TEST(lseek, "before the start is EINVAL and moves nothing")
{
	int fd = file();

	EXPECT_EQ(lseek(fd, 4, SEEK_SET), 4);
	EXPECT_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
	EXPECT_ERRNO(lseek(fd, -5, SEEK_CUR), EINVAL);
	EXPECT_ERRNO(lseek(fd, -11, SEEK_END), EINVAL);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 4);
}

TEST(lseek, "an unknown whence is EINVAL")
{
	int fd = file();

	EXPECT_ERRNO(lseek(fd, 0, 7), EINVAL);
	EXPECT_ERRNO(lseek(fd, 0, -1), EINVAL);
}

TEST(lseek, "past the end does not change the size until a write")
{
	struct stat st;
	int fd = file();

	EXPECT_EQ(lseek(fd, 100, SEEK_SET), 100);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 10);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 101);
}

TEST(lseek, "what fallocate sets aside is a hole until it is written or mapped, not when it is read")
{
	size_t page = page_size();
	int fd;
	char c;

	scratch();
	fd = scratch_file("f", "", 0644);
	ASSERT_OK(fallocate(fd, 0, 0, 4 * page));
	EXPECT_ERRNO(lseek(fd, 0, SEEK_DATA), ENXIO);
	EXPECT_EQ(pread(fd, &c, 1, 0), 1);
	EXPECT_ERRNO(lseek(fd, 0, SEEK_DATA), ENXIO);
	EXPECT_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	EXPECT_EQ(pwrite(fd, "x", 1, page), 1);
	EXPECT_EQ(lseek(fd, 0, SEEK_DATA), page);
	EXPECT_EQ(lseek(fd, page, SEEK_HOLE), 2 * page);
	c = *(volatile char *)mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 3 * page);
	EXPECT_EQ(c, 0);
	EXPECT_EQ(lseek(fd, 2 * page, SEEK_DATA), 3 * page);
	ASSERT_OK(fallocate(fd, 0, 0, page));
	EXPECT_EQ(lseek(fd, 0, SEEK_DATA), 0);
}

TEST(lseek, "SEEK_DATA and SEEK_HOLE see a file without holes as data, then a hole at its end")
{
	int fd = file();

	EXPECT_EQ(lseek(fd, 3, SEEK_DATA), 3);
	EXPECT_EQ(lseek(fd, 3, SEEK_HOLE), 10);
	EXPECT_ERRNO(lseek(fd, 10, SEEK_DATA), ENXIO);
	EXPECT_ERRNO(lseek(fd, 10, SEEK_HOLE), ENXIO);
}

TEST(lseek, "a bad descriptor is EBADF")
{
	EXPECT_ERRNO(lseek(-1, 0, SEEK_SET), EBADF);
}

TEST(lseek, "/dev/null and /dev/zero stay at 0")
{
	int fd = ASSERT_OK(open("/dev/null", O_RDONLY));

	EXPECT_EQ(lseek(fd, 100, SEEK_SET), 0);
	EXPECT_EQ(lseek(ASSERT_OK(open("/dev/zero", O_RDONLY)), 100, SEEK_SET), 0);
}

TEST(lseek, "an offset that would overflow is EINVAL or EOVERFLOW, never negative")
{
	int fd = file();

	EXPECT_EQ(lseek(fd, 10, SEEK_SET), 10);
	EXPECT_ERRNO(lseek(fd, LONG_MAX, SEEK_CUR), EINVAL);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 10);
}
