// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sockets: the file, and the calls that make, name and connect them. Source: socket(2), socket(7).
 */
#include "socket.h"
#include <generated/syscalls.h>
#include <janus/printk.h>
#include <uapi/mount.h>

static struct mount *sock_mount;

/* ---- the file ---- */

static ssize_t receive(struct file *f, struct iov_iter *it, bool nonblock)
{
	struct socket *s = f->private;
	struct socket_msg m;
	ssize_t n;

	m.it = it;
	m.flags = nonblock || (f->flags & O_NONBLOCK) ? MSG_DONTWAIT : 0;
	m.out_flags = 0;
	m.namelen = 0;
	m.fds = NULL;
	n = s->ops->recv(s, &m);
	scm_fds_put(m.fds);
	return n;
}

static ssize_t socket_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	(void)pos;
	if (!it->count)		/* read of nothing asks nobody, recv of nothing does */
		return 0;
	return receive(f, it, false);
}

/* Splice asks a stream also when it wants nothing, and its own flag counts like the file's; other sockets it reads. */
static ssize_t socket_splice_read(struct file *f, struct iov_iter *it, bool nonblock)
{
	struct socket *s = f->private;

	return s->type == SOCK_STREAM ? receive(f, it, nonblock) : socket_read(f, it, &f->pos);
}

static ssize_t socket_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	struct socket *s = f->private;
	struct socket_msg m;

	(void)pos;
	m.it = it;
	m.flags = f->flags & O_NONBLOCK ? MSG_DONTWAIT : 0;
	m.namelen = 0;
	m.control = NULL;
	m.fds = NULL;
	m.has_cred = false;
	return s->ops->send(s, &m);
}

static u32 socket_poll(struct file *f, struct poll_table *pt)
{
	struct socket *s = f->private;

	return s->ops->poll(s, f, pt);
}

static long socket_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	struct socket *s = f->private;
	int who;

	switch (cmd) {
	case FIOSETOWN:
	case SIOCSPGRP:
		return get_user(&who, arg) ? -EFAULT : file_set_owner(f, who);
	case FIOGETOWN:
	case SIOCGPGRP:
		return put_user(file_get_owner(f), int, arg);
	default:
		return s->ops->ioctl(s, cmd, arg);
	}
}

static int socket_fasync(struct file *f, int fd, bool on)
{
	struct socket *s = f->private;

	return fasync_set(&s->async, f, fd, on);
}

static void socket_release(struct file *f)
{
	struct socket *s = f->private;

	if (s)
		s->ops->release(s);
}

static const struct file_ops socket_fops = {
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.fasync = socket_fasync,
	.release = socket_release,
	.splice = SPLICE_FROM | SPLICE_TO,
	.splice_read = socket_splice_read,
};

static int sock_dname(struct dentry *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "socket:[%llu]", (unsigned long long)d->inode->ino);
}

static const struct dentry_ops sock_dentry_ops = { .dname = sock_dname, .transient = true };

/* A file of s, which it takes over, also on failure; or ERR_PTR. */
static struct file *socket_file(struct socket *s, unsigned flags)
{
	struct inode *inode = inode_alloc(sock_mount->sb, S_IFSOCK | 0777);
	struct file *f = ERR_PTR(-ENFILE);

	if (inode)
		f = file_alloc_pseudo(sock_mount, inode, "", &sock_dentry_ops, &socket_fops,
				      O_RDWR | (flags & SOCK_NONBLOCK ? O_NONBLOCK : 0));
	if (IS_ERR(f)) {
		s->ops->release(s);
		return f;
	}
	f->private = s;
	WRITE_ONCE(s->file, f);
	return f;
}

static struct socket *file_socket(const struct file *f)
{
	return f->ops == &socket_fops ? f->private : NULL;
}

struct socket *socket_get(unsigned fd, struct fd *f, int *err)
{
	struct socket *s;

	*f = fd_get(fd);
	if (!f->file) {
		*err = -EBADF;
		return NULL;
	}
	s = file_socket(f->file);
	if (!s) {
		fd_put(*f);
		*err = -ENOTSOCK;
	}
	return s;
}

/* ---- addresses ---- */

int sockaddr_from_user(struct sockaddr_storage *to, uaddr_t from, int len)
{
	if (len < 0 || len > (int)sizeof(*to))
		return -EINVAL;
	return len && copy_from_user(to, from, (size_t)len) ? -EFAULT : 0;
}

int sockaddr_to_user(const struct sockaddr_storage *from, int len, uaddr_t to, uaddr_t tolen)
{
	int room;

	if (get_user(&room, tolen))
		return -EFAULT;
	room = room > len ? len : room;
	if (room < 0)
		return -EINVAL;
	if (room && copy_to_user(to, from, (size_t)room))
		return -EFAULT;
	return put_user(len, int, tolen);
}

/* ---- the calls ---- */

/* A new socket, or ERR_PTR. */
static struct socket *create(int family, int type, int protocol)
{
	struct socket *s;

	if (family < 0 || family >= AF_MAX)
		return ERR_PTR(-EAFNOSUPPORT);
	if (type < 0 || type >= SOCK_MAX)
		return ERR_PTR(-EINVAL);
	if (family != AF_UNIX)
		return ERR_PTR(-EAFNOSUPPORT);
	if (protocol && protocol != AF_UNIX)
		return ERR_PTR(-EPROTONOSUPPORT);
	if (type == SOCK_RAW)
		type = SOCK_DGRAM;	/* believe it or not, as BSD's: Linux's words */
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return ERR_PTR(-ESOCKTNOSUPPORT);
	s = unix_create(type);
	return s ? s : ERR_PTR(-ENOMEM);
}

long sys_socket(int family, int type, int protocol)
{
	struct socket *s;

	if (type & ~(SOCK_TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	s = create(family, type & SOCK_TYPE_MASK, protocol);
	if (IS_ERR(s))
		return PTR_ERR(s);
	return fd_install_new(socket_file(s, (unsigned)type), type & SOCK_CLOEXEC ? O_CLOEXEC : 0);
}

/* Two connected files; 0 or -errno. */
static int pair_files(int family, int type, int protocol, struct file *ends[2])
{
	struct socket *a = create(family, type & SOCK_TYPE_MASK, protocol), *b;

	if (IS_ERR(a))
		return (int)PTR_ERR(a);
	b = create(family, type & SOCK_TYPE_MASK, protocol);
	if (IS_ERR(b)) {
		a->ops->release(a);
		return (int)PTR_ERR(b);
	}
	a->ops->pair(a, b);
	ends[0] = socket_file(a, (unsigned)type);
	ends[1] = socket_file(b, (unsigned)type);
	for (int i = 0; i < 2; i++) {
		if (IS_ERR(ends[i])) {
			if (!IS_ERR(ends[!i]))
				file_put(ends[!i]);
			return (int)PTR_ERR(ends[i]);
		}
	}
	return 0;
}

/* As Linux: the numbers reach the user before the sockets are made. */
long sys_socketpair(int family, int type, int protocol, uaddr_t usockvec)
{
	unsigned cloexec = type & SOCK_CLOEXEC ? O_CLOEXEC : 0;
	struct file *ends[2];
	int fd[2], err;

	if (type & ~(SOCK_TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	fd[0] = fd_alloc(0, cloexec);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = err = fd_alloc(0, cloexec);
	if (err < 0)
		goto release_first;
	err = copy_struct_out(usockvec, &fd);
	if (!err)
		err = pair_files(family, type, protocol, ends);
	if (err)
		goto release_both;
	fd_install(fd[0], ends[0]);
	fd_install(fd[1], ends[1]);
	return 0;

release_both:
	fd_release(fd[1]);
release_first:
	fd_release(fd[0]);
	return err;
}

long sys_bind(unsigned fd, uaddr_t addr, int addrlen)
{
	struct sockaddr_storage name;
	struct fd f;
	int err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!s)
		return err;
	err = sockaddr_from_user(&name, addr, addrlen);
	if (!err)
		err = s->ops->bind(s, &name, addrlen);
	fd_put(f);
	return err;
}

long sys_listen(unsigned fd, int backlog)
{
	struct fd f;
	int err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!s)
		return err;
	err = s->ops->listen(s, backlog);
	fd_put(f);
	return err;
}

/* The file of the next connection to s, or ERR_PTR. */
static struct file *accept_file(struct file *listener, int flags, uaddr_t addr, uaddr_t addrlen)
{
	struct socket *s = file_socket(listener), *new;
	struct sockaddr_storage name;
	struct file *f;
	int len, err;

	if (!s)
		return ERR_PTR(-ENOTSOCK);
	err = s->ops->accept(s, &new, listener->flags & O_NONBLOCK);
	if (err)
		return ERR_PTR(err);
	f = socket_file(new, (unsigned)flags);
	if (IS_ERR(f) || !addr)
		return f;
	len = new->ops->getname(new, &name, true);
	err = len < 0 ? -ECONNABORTED : sockaddr_to_user(&name, len, addr, addrlen);
	if (!err)
		return f;
	file_put(f);
	return ERR_PTR(err);
}

/* The descriptor comes before the question whether the listener is a socket, as Linux orders it. */
static int accept_fd(struct file *listener, int flags, uaddr_t addr, uaddr_t addrlen)
{
	struct file *file;
	int fd;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	fd = fd_alloc(0, flags & SOCK_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	file = accept_file(listener, flags, addr, addrlen);
	if (IS_ERR(file)) {
		fd_release(fd);
		return (int)PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

long sys_accept4(unsigned fd, uaddr_t addr, uaddr_t addrlen, int flags)
{
	struct fd f = fd_get(fd);
	int newfd;

	if (!f.file)
		return -EBADF;
	newfd = accept_fd(f.file, flags, addr, addrlen);
	fd_put(f);
	return newfd;
}

long sys_accept(unsigned fd, uaddr_t addr, uaddr_t addrlen)
{
	return sys_accept4(fd, addr, addrlen, 0);
}

/* The address is read before the question whether this is a socket, as Linux orders it. */
long sys_connect(unsigned fd, uaddr_t addr, int addrlen)
{
	struct sockaddr_storage name;
	struct fd f = fd_get(fd);
	struct socket *s;
	int err;

	if (!f.file)
		return -EBADF;
	err = sockaddr_from_user(&name, addr, addrlen);
	s = file_socket(f.file);
	if (!err)
		err = s ? s->ops->connect(s, &name, addrlen, f.file->flags & O_NONBLOCK) : -ENOTSOCK;
	fd_put(f);
	return err;
}

static long get_name(unsigned fd, uaddr_t addr, uaddr_t addrlen, bool peer)
{
	struct sockaddr_storage name;
	struct fd f;
	int err, len;
	struct socket *s = socket_get(fd, &f, &err);

	if (!s)
		return err;
	len = s->ops->getname(s, &name, peer);
	fd_put(f);
	return len < 0 ? len : sockaddr_to_user(&name, len, addr, addrlen);
}

long sys_getsockname(unsigned fd, uaddr_t addr, uaddr_t addrlen)
{
	return get_name(fd, addr, addrlen, false);
}

long sys_getpeername(unsigned fd, uaddr_t addr, uaddr_t addrlen)
{
	return get_name(fd, addr, addrlen, true);
}

long sys_shutdown(unsigned fd, int how)
{
	struct fd f;
	int err;
	struct socket *s = socket_get(fd, &f, &err);

	if (!s)
		return err;
	err = how < SHUT_RD || how > SHUT_RDWR ? -EINVAL : s->ops->shutdown(s, how);
	fd_put(f);
	return err;
}

/* ---- sockfs: where sockets have their inode numbers ---- */

static struct super_block *sockfs_mount(struct file_system_type *type, const char *source, u32 flags, char *data)
{
	(void)source, (void)flags, (void)data;
	return super_pseudo(type, SOCKFS_MAGIC);
}

static struct file_system_type sockfs_type = { .name = "sockfs", .mount = sockfs_mount, .nodev = true };

void socket_init(void)
{
	register_filesystem(&sockfs_type);
	sock_mount = kern_mount(&sockfs_type);
	if (IS_ERR(sock_mount))
		panic("sockfs cannot be mounted");
}
