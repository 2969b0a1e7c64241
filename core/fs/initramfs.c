// SPDX-License-Identifier: BSD-2-Clause
/*
 * The initramfs: newc cpio archives, plain or gzip'd, one after the other, unpacked into the root.
 *
 * A member that is damaged ends the unpacking with one line that says where; what came before it stays.
 */
#include "internal.h"

#include <arch/boot.h>
#include <janus/inflate.h>

#define CPIO_HEADER 110
#define CPIO_TRAILER "TRAILER!!!"
#define GZIP_MAX (1UL << 30)	/* what one member may unpack to */
#define NR_HARDLINKS 256	/* buckets */

struct hardlink {
	struct hardlink *next;
	u32 ino, major, minor;
	mode_t mode;
	char name[];
};

static struct hardlink *hardlinks[NR_HARDLINKS];	/* of the archive being read; boot only */

struct cpio_entry {
	u32 ino, mode, uid, gid, nlink, mtime, size, major, minor, rmajor, rminor, name_size;
	const char *name;
	const u8 *data;
};

static bool parse_hex(const u8 *p, u32 *out)
{
	u32 v = 0;

	for (int i = 0; i < 8; i++) {
		u8 c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

/* The entry at p, n bytes left; its whole length, or 0 with *why. */
static size_t parse_entry(const u8 *p, size_t n, struct cpio_entry *e, const char **why)
{
	u32 check, *fields[] = {
		&e->ino, &e->mode, &e->uid, &e->gid, &e->nlink, &e->mtime, &e->size,
		&e->major, &e->minor, &e->rmajor, &e->rminor, &e->name_size, &check,
	};
	size_t data, end;

	*why = "ends inside a header";
	if (n < CPIO_HEADER)
		return 0;
	*why = "no newc header";
	if (memcmp(p, "070701", 6) && memcmp(p, "070702", 6))
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
		if (!parse_hex(p + 6 + 8 * i, fields[i]))
			return 0;
	*why = "bad name";
	if (!e->name_size || e->name_size > PATH_MAX || e->name_size > n - CPIO_HEADER)
		return 0;
	e->name = (const char *)p + CPIO_HEADER;
	if (e->name[e->name_size - 1])
		return 0;
	data = ALIGN_UP(CPIO_HEADER + e->name_size, 4UL);
	*why = "ends inside a file";
	if (data > n || e->size > n - data)
		return 0;
	e->data = p + data;
	end = ALIGN_UP(data + e->size, 4UL);
	return min(end, n);
}

static struct hardlink **hardlink_bucket(const struct cpio_entry *e)
{
	return &hardlinks[(e->ino ^ e->minor * 31 ^ e->major * 7) % NR_HARDLINKS];
}

static void forget_hardlinks(void)
{
	for (unsigned i = 0; i < NR_HARDLINKS; i++) {
		while (hardlinks[i]) {
			struct hardlink *h = hardlinks[i];

			hardlinks[i] = h->next;
			kfree(h);
		}
	}
}

/* The name under which this inode came before, or NULL: then it is remembered. */
static const char *find_hardlink(const struct cpio_entry *e, const char *path)
{
	struct hardlink **bucket = hardlink_bucket(e), *h;
	size_t n = strlen(path) + 1;

	if (e->nlink < 2 || S_ISDIR(e->mode))
		return NULL;
	for (h = *bucket; h; h = h->next)
		if (h->ino == e->ino && h->major == e->major && h->minor == e->minor && h->mode == (e->mode & S_IFMT))
			return h->name;
	h = kmalloc(sizeof(*h) + n, GFP_KERNEL);
	if (h) {
		h->ino = e->ino;
		h->major = e->major;
		h->minor = e->minor;
		h->mode = e->mode & S_IFMT;
		memcpy(h->name, path, n);
		h->next = *bucket;
		*bucket = h;
	}
	return NULL;
}

/* Owner, mode and time as the archive says. */
static int set_attributes(const char *path, const struct cpio_entry *e)
{
	struct kattr a = {
		.valid = ATTR_UID | ATTR_GID | ATTR_MTIME | ATTR_MTIME_SET, .uid = e->uid, .gid = e->gid,
		.mtime = { e->mtime, 0 },
	};
	struct path p;
	int err = path_lookup(AT_FDCWD, path, 0, &p);

	if (err)
		return err;
	if (!S_ISLNK(e->mode)) {
		a.valid |= ATTR_MODE;
		a.mode = e->mode & 07777;
	}
	err = notify_change(&p, &a);
	path_put(&p);
	return err;
}

static int unpack_regular(const char *path, const struct cpio_entry *e)
{
	const char *first = find_hardlink(e, path);
	size_t done = 0;
	struct file *f;
	ssize_t n;
	int err;

	vfs_unlink(path);
	if (first) {
		err = vfs_link(first, path);
		if (err || !e->size)		/* the contents come with one of the names */
			return err;
	}
	f = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (IS_ERR(f))
		return PTR_ERR(f);
	while (done < e->size) {
		n = kernel_write(f, e->data + done, e->size - done, done);
		if (n <= 0) {
			file_put(f);
			return n ? n : -EIO;
		}
		done += n;
	}
	file_put(f);
	return 0;
}

static int unpack_symlink(const char *path, const struct cpio_entry *e)
{
	char *target;
	int err;

	if (!e->size || e->size >= PATH_MAX)
		return -EINVAL;
	target = kzalloc(e->size + 1, GFP_KERNEL);
	if (!target)
		return -ENOMEM;
	memcpy(target, e->data, e->size);
	vfs_unlink(path);
	err = vfs_symlink(target, path);
	kfree(target);
	return err;
}

static int unpack_entry(const struct cpio_entry *e)
{
	const char *path = e->name;
	int err;

	switch (e->mode & S_IFMT) {
	case S_IFDIR:
		err = vfs_mkdir(path, e->mode);
		if (err == -EEXIST)
			err = 0;
		break;
	case S_IFREG:
		err = unpack_regular(path, e);
		break;
	case S_IFLNK:
		err = unpack_symlink(path, e);
		break;
	case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK:
		vfs_unlink(path);
		err = vfs_mknod(path, e->mode, MKDEV(e->rmajor, e->rminor));
		break;
	default:
		return -EINVAL;
	}
	return err ? err : set_attributes(path, e);
}

/* One archive: the bytes it took, or 0 after saying what is wrong. */
static size_t unpack_cpio(const u8 *p, size_t n, size_t *files)
{
	struct cpio_entry e;
	const char *why;
	size_t at = 0, len;
	int err;

	while (at < n) {
		len = parse_entry(p + at, n - at, &e, &why);
		if (!len) {
			printk(KERN_ERR "initramfs: damaged at byte %zu: %s\n", at, why);
			return 0;
		}
		at += len;
		if (!strcmp(e.name, CPIO_TRAILER)) {
			forget_hardlinks();
			return at;
		}
		err = unpack_entry(&e);
		if (err == -ENOMEM || err == -ENOSPC) {
			printk(KERN_ERR "initramfs: no memory for %s\n", e.name);
			return 0;
		}
		if (err)
			printk(KERN_WARNING "initramfs: %s: error %d\n", e.name, -err);
		++*files;
	}
	printk(KERN_ERR "initramfs: damaged: no trailer\n");
	return 0;
}

static void unpack_all(const u8 *p, size_t n, bool plain_only, size_t *files);

/* A gzip member: unpack it into memory, then as an archive. Bytes it took, or 0. */
static size_t unpack_gzip(const u8 *p, size_t n, size_t *files)
{
	struct gunzip g = { .in = p, .in_len = n };
	size_t size = n * 4;
	int err;

	for (;;) {
		g = (struct gunzip){ .in = p, .in_len = n, .out_size = size };
		g.out = vmalloc(size);
		if (!g.out) {
			printk(KERN_ERR "initramfs: no memory to decompress it\n");
			return 0;
		}
		err = gunzip(&g);
		if (err != -ENOSPC || size >= GZIP_MAX)
			break;
		vfree(g.out);
		size *= 2;
	}
	if (err)
		printk(KERN_ERR "initramfs: damaged: %s\n", err == -EIO ? "the gzip data ends early" :
		       err == -ENOSPC ? "the gzip data is too large" : "bad gzip data");
	else
		unpack_all(g.out, g.out_len, true, files);
	vfree(g.out);
	return err ? 0 : g.in - p;
}

static void unpack_all(const u8 *p, size_t n, bool plain_only, size_t *files)
{
	size_t len;

	while (n) {
		if (!*p) {		/* padding between archives */
			p++;
			n--;
			continue;
		}
		if (n > 2 && p[0] == 0x1f && p[1] == 0x8b && !plain_only) {
			len = unpack_gzip(p, n, files);
		} else if (*p == '0') {
			len = unpack_cpio(p, n, files);
		} else {
			printk(KERN_ERR "initramfs: neither a newc cpio archive nor gzip\n");
			len = 0;
		}
		forget_hardlinks();
		if (!len)
			return;
		p += len;
		n -= len;
	}
}

void initramfs_unpack(void)
{
	phys_t start = boot_info.initrd.start;
	size_t n = boot_info.initrd.end - start, files = 0;
	mode_t umask = current->fs->umask;

	/* What every root needs, also an empty one: a console for init to be given. */
	vfs_mkdir("/dev", 0755);
	vfs_mknod("/dev/console", S_IFCHR | 0600, MKDEV(5, 1));
	vfs_mkdir("/root", 0700);
	if (!n) {
		printk(KERN_NOTICE "initramfs: none was given\n");
		return;
	}
	current->fs->umask = 0;
	unpack_all(phys_to_virt(start), n, false, &files);
	current->fs->umask = umask;
	printk(KERN_INFO "initramfs: %zu files from %zu KiB\n", files, n / 1024);
}
