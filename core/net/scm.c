// SPDX-License-Identifier: BSD-2-Clause
/*
 * Control messages: descriptors and credentials that travel with bytes. Source: unix(7), cmsg(3).
 *
 * A cycle of sockets that hold each other in their queues is not collected; RLIMIT_NOFILE of the sender's user
 * bounds what may be on its way.
 */
#include "socket.h"
#include <uapi/capability.h>
#include <uapi/resource.h>

#define CMSG_ALIGN(n) (((n) + 7) & ~(size_t)7)

struct ucred current_ucred(void)
{
	return (struct ucred){ current->process->tgid, current->cred->euid, current->cred->egid };
}

/* ---- descriptors on their way ---- */

static spinlock_t drain_lock = SPINLOCK_INIT;
static struct scm_fds *drain_list;		/* [drain_lock] */
static bool draining;				/* [drain_lock] */

static void free_fds(struct scm_fds *fds)
{
	for (u32 i = 0; i < fds->nr; i++)
		file_put(fds->file[i]);
	if (fds->user) {
		__atomic_fetch_sub(&fds->user->inflight, (s32)fds->nr, __ATOMIC_RELAXED);
		user_put(fds->user);
	}
	kfree(fds);
}

/*
 * The last put of a socket may drop a queue with descriptors of sockets with queues... so they go to a list, which
 * one thread at a time empties: never deeper than one level of the stack.
 */
void scm_fds_free(struct scm_fds *fds)
{
	spin_lock(&drain_lock);
	fds->next = drain_list;
	drain_list = fds;
	if (draining) {
		spin_unlock(&drain_lock);
		return;
	}
	draining = true;
	while ((fds = drain_list)) {
		drain_list = fds->next;
		spin_unlock(&drain_lock);
		free_fds(fds);
		spin_lock(&drain_lock);
	}
	draining = false;
	spin_unlock(&drain_lock);
}

struct scm_fds *scm_fds_copy(const struct scm_fds *fds)
{
	struct scm_fds *copy = kmalloc(sizeof(*copy) + fds->nr * sizeof(fds->file[0]), GFP_KERNEL);

	if (!copy)
		return NULL;
	copy->user = NULL;
	copy->nr = fds->nr;
	for (u32 i = 0; i < fds->nr; i++)
		copy->file[i] = file_get(fds->file[i]);
	return copy;
}

int scm_fds_charge(struct scm_fds *fds)
{
	struct user_struct *user = current->cred->user;

	if (READ_ONCE(user->inflight) > (s64)min(rlimit(RLIMIT_NOFILE), 1UL << 30) && !capable(CAP_SYS_RESOURCE) &&
	    !capable(CAP_SYS_ADMIN))
		return -ETOOMANYREFS;
	ref_get(&user->refs);
	fds->user = user;
	__atomic_fetch_add(&user->inflight, (s32)fds->nr, __ATOMIC_RELAXED);
	return 0;
}

/* ---- from the user ---- */

/* Add the descriptors of one SCM_RIGHTS to m->fds. */
static int send_rights(struct socket_msg *m, const s32 *fd, size_t nr)
{
	struct scm_fds *fds = m->fds;

	if (!nr)
		return 0;
	if (nr > SCM_MAX_FD || (fds && fds->nr + nr > SCM_MAX_FD))
		return -EINVAL;
	if (!fds) {
		fds = kzalloc(sizeof(*fds) + SCM_MAX_FD * sizeof(fds->file[0]), GFP_KERNEL);
		if (!fds)
			return -ENOMEM;
		m->fds = fds;
	}
	for (size_t i = 0; i < nr; i++) {
		struct fd f = fd_get_raw((unsigned)fd[i]);

		if (!f.file)
			return -EBADF;
		fds->file[fds->nr++] = file_get(f.file);
		fd_put(f);
	}
	return 0;
}

static int send_credentials(struct socket_msg *m, const struct ucred *c)
{
	const struct cred *me = current->cred;

	if (c->uid == ~0u || c->gid == ~0u)
		return -EINVAL;
	if (c->pid != current->process->tgid && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (c->uid != me->uid && c->uid != me->euid && c->uid != me->suid && !capable(CAP_SETUID))
		return -EPERM;
	if (c->gid != me->gid && c->gid != me->egid && c->gid != me->sgid && !capable(CAP_SETGID))
		return -EPERM;
	if (c->pid != current->process->tgid) {
		struct pid *pid = get_pid(c->pid);

		if (!pid)
			return -ESRCH;
		pid_put(pid);
	}
	m->cred = *c;
	m->has_cred = true;
	return 0;
}

static int send_one(struct socket_msg *m, const struct cmsghdr *c)
{
	size_t len = c->len - sizeof(*c);

	if (c->level != SOL_SOCKET)
		return 0;
	if (c->type == SCM_RIGHTS)
		return send_rights(m, (const s32 *)(c + 1), len / sizeof(s32));
	if (c->type == SCM_CREDENTIALS)
		return len == sizeof(struct ucred) ? send_credentials(m, (const struct ucred *)(c + 1)) : -EINVAL;
	return -EINVAL;
}

int scm_send(struct socket_msg *m)
{
	size_t len = m->controllen;
	int err = 0;

	for (size_t at = 0; !err && at + sizeof(struct cmsghdr) <= len;) {
		const struct cmsghdr *c = (const struct cmsghdr *)(m->control + at);

		if (c->len < sizeof(*c) || c->len > len - at)
			return -EINVAL;
		err = send_one(m, c);
		at += CMSG_ALIGN(c->len);
	}
	return err;
}

/* ---- to the user ---- */

/* One control message; what does not fit is cut. */
static void put_cmsg(struct socket_msg *m, uaddr_t *control, size_t *room, int type, const void *data, size_t len)
{
	struct cmsghdr c = { sizeof(c) + len, SOL_SOCKET, type };
	size_t step;

	if (*room < sizeof(c)) {
		m->out_flags |= MSG_CTRUNC;
		return;
	}
	if (*room < c.len) {
		m->out_flags |= MSG_CTRUNC;
		c.len = *room;
	}
	if (copy_struct_out(*control, &c) || copy_to_user(*control + sizeof(c), data, c.len - sizeof(c)))
		return;
	step = min(CMSG_ALIGN(c.len), *room);
	*control += step;
	*room -= step;
}

/* Install as many as fit: the number that did. */
static u32 install_fds(struct scm_fds *fds, uaddr_t to, u32 fit, unsigned flags)
{
	u32 i;

	for (i = 0; i < fit; i++) {
		int fd = fd_alloc(0, flags);

		if (fd < 0)
			break;
		if (put_user(fd, s32, to + i * sizeof(s32))) {
			fd_release(fd);
			break;
		}
		fd_install(fd, file_get(fds->file[i]));
	}
	return i;
}

static void put_rights(struct socket_msg *m, uaddr_t *control, size_t *room)
{
	struct cmsghdr c = { 0, SOL_SOCKET, SCM_RIGHTS };
	struct scm_fds *fds = m->fds;
	u32 fit = *room > sizeof(c) ? (u32)min((*room - sizeof(c)) / sizeof(s32), (size_t)fds->nr) : 0, n = 0;

	if (fit)
		n = install_fds(fds, *control + sizeof(c), fit, m->flags & (u32)MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0);
	if (n) {
		size_t step;

		c.len = sizeof(c) + n * sizeof(s32);
		if (!copy_struct_out(*control, &c)) {
			step = min(CMSG_ALIGN(c.len), *room);
			*control += step;
			*room -= step;
		}
	}
	if (n < fds->nr)
		m->out_flags |= MSG_CTRUNC;
	scm_fds_put(fds);
	m->fds = NULL;
}

void scm_recv(struct socket *s, struct socket_msg *m, uaddr_t control, size_t *len)
{
	if (!control || !*len) {
		if (READ_ONCE(s->passcred) || m->fds)
			m->out_flags |= MSG_CTRUNC;
		scm_fds_put(m->fds);
		m->fds = NULL;
		return;
	}
	if (READ_ONCE(s->passcred))
		put_cmsg(m, &control, len, SCM_CREDENTIALS, &m->cred, sizeof(m->cred));
	if (m->fds)
		put_rights(m, &control, len);
}
