// SPDX-License-Identifier: BSD-2-Clause
/*
 * The calls that read and change user and group numbers, with Linux's rules for what changing the user does to
 * capabilities.
 */
#include "process.h"
#include <generated/syscalls.h>

#define NO_ID ((u32)-1)		/* "leave it as it is" */
#define NGROUPS_MAX 65536

long sys_getuid(void) { return current->cred->uid; }
long sys_geteuid(void) { return current->cred->euid; }
long sys_getgid(void) { return current->cred->gid; }
long sys_getegid(void) { return current->cred->egid; }

static long put_three(uaddr_t to[3], const u32 id[3])
{
	for (int i = 0; i < 3; i++)
		if (put_user(id[i], u32, to[i]))
			return -EFAULT;
	return 0;
}

long sys_getresuid(uaddr_t ruid, uaddr_t euid, uaddr_t suid)
{
	const struct cred *c = current->cred;

	return put_three((uaddr_t[]){ ruid, euid, suid }, (u32[]){ c->uid, c->euid, c->suid });
}

long sys_getresgid(uaddr_t rgid, uaddr_t egid, uaddr_t sgid)
{
	const struct cred *c = current->cred;

	return put_three((uaddr_t[]){ rgid, egid, sgid }, (u32[]){ c->gid, c->egid, c->sgid });
}

/* The counted user of a new real uid. */
static int change_user(struct cred *new)
{
	struct user_struct *user = user_find(new->uid);

	if (!user)
		return -EAGAIN;
	user_put(new->user);
	new->user = user;
	return 0;
}

/* capabilities(7), "Effect of user ID changes on capabilities". */
static void fix_caps_setuid(const struct cred *old, struct cred *new)
{
	bool was_root = !old->uid || !old->euid || !old->suid;
	bool is_root = !new->uid || !new->euid || !new->suid;

	if (new->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (was_root && !is_root) {
		if (!(new->securebits & SECBIT_KEEP_CAPS)) {
			new->cap_permitted = 0;
			new->cap_effective = 0;
		}
		new->cap_ambient = 0;
	}
	if (!old->euid && new->euid)
		new->cap_effective = 0;
	if (old->euid && !new->euid)
		new->cap_effective = new->cap_permitted;
}

/* A user's or a group's real, effective and saved number. The rules of changing them are the same for both. */
struct ids {
	u32 r, e, s;
};

static struct ids uids_of(const struct cred *c) { return (struct ids){ c->uid, c->euid, c->suid }; }
static struct ids gids_of(const struct cred *c) { return (struct ids){ c->gid, c->egid, c->sgid }; }

/* May one without the capability take `id`: is it one of its own? NO_ID changes nothing. */
static bool is_own(const struct ids *own, u32 id)
{
	return id == NO_ID || id == own->r || id == own->e || id == own->s;
}

/* setuid and setgid. 0 or -errno. */
static int set_one(struct ids *to, u32 id, bool privileged)
{
	if (id == NO_ID)
		return -EINVAL;
	if (!privileged && id != to->r && id != to->s)
		return -EPERM;
	if (privileged)
		to->r = to->s = id;
	to->e = id;
	return 0;
}

/* setreuid and setregid. 0 or -errno. */
static int set_two(struct ids *to, u32 r, u32 e, bool privileged)
{
	const struct ids old = *to;

	if (!privileged && ((r != NO_ID && r != old.r && r != old.e) || !is_own(&old, e)))
		return -EPERM;
	if (r != NO_ID)
		to->r = r;
	if (e != NO_ID)
		to->e = e;
	if (r != NO_ID || (e != NO_ID && e != old.r))
		to->s = to->e;
	return 0;
}

/* setresuid and setresgid. 0 or -errno. */
static int set_three(struct ids *to, u32 r, u32 e, u32 s, bool privileged)
{
	if (!privileged && !(is_own(to, r) && is_own(to, e) && is_own(to, s)))
		return -EPERM;
	if (r != NO_ID)
		to->r = r;
	if (e != NO_ID)
		to->e = e;
	if (s != NO_ID)
		to->s = s;
	return 0;
}

/* setresuid and setresgid that leave all as it is, the file system's number too, which else follows the effective. */
static bool names_nothing_new(const struct ids *own, u32 r, u32 e, u32 s)
{
	return e == NO_ID && (r == NO_ID || r == own->r) && (s == NO_ID || s == own->s);
}

/* current takes these, unless there is an error already. */
static long commit_uids(const struct ids *ids, int err)
{
	const struct cred *old = current->cred;
	struct cred *new;

	if (err)
		return err;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	new->uid = ids->r;
	new->euid = new->fsuid = ids->e;
	new->suid = ids->s;
	if (new->uid != old->uid && change_user(new)) {
		cred_put(new);
		return -EAGAIN;
	}
	fix_caps_setuid(old, new);
	cred_commit(new);
	return 0;
}

static long commit_gids(const struct ids *ids, int err)
{
	struct cred *new;

	if (err)
		return err;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	new->gid = ids->r;
	new->egid = new->fsgid = ids->e;
	new->sgid = ids->s;
	cred_commit(new);
	return 0;
}

long sys_setuid(uid_t uid)
{
	struct ids ids = uids_of(current->cred);

	return commit_uids(&ids, set_one(&ids, uid, capable(CAP_SETUID)));
}

long sys_setreuid(uid_t ruid, uid_t euid)
{
	struct ids ids = uids_of(current->cred);

	return commit_uids(&ids, set_two(&ids, ruid, euid, capable(CAP_SETUID)));
}

long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	struct ids ids = uids_of(current->cred);

	if (names_nothing_new(&ids, ruid, euid, suid))
		return 0;
	return commit_uids(&ids, set_three(&ids, ruid, euid, suid, capable(CAP_SETUID)));
}

long sys_setgid(gid_t gid)
{
	struct ids ids = gids_of(current->cred);

	return commit_gids(&ids, set_one(&ids, gid, capable(CAP_SETGID)));
}

long sys_setregid(gid_t rgid, gid_t egid)
{
	struct ids ids = gids_of(current->cred);

	return commit_gids(&ids, set_two(&ids, rgid, egid, capable(CAP_SETGID)));
}

long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	struct ids ids = gids_of(current->cred);

	if (names_nothing_new(&ids, rgid, egid, sgid))
		return 0;
	return commit_gids(&ids, set_three(&ids, rgid, egid, sgid, capable(CAP_SETGID)));
}

/* Answers the former number, whether or not it changed. */
long sys_setfsuid(uid_t uid)
{
	const struct ids own = uids_of(current->cred);
	uid_t former = current->cred->fsuid;
	struct cred *new;

	if (uid == NO_ID || uid == former || !(is_own(&own, uid) || capable(CAP_SETUID)))
		return former;
	new = cred_copy();
	if (!new)
		return former;
	new->fsuid = uid;
	if (!(new->securebits & SECBIT_NO_SETUID_FIXUP)) {
		if (!former)
			new->cap_effective &= ~CAP_FS_SET;
		else if (!uid)
			new->cap_effective |= new->cap_permitted & CAP_FS_SET;
	}
	cred_commit(new);
	return former;
}

long sys_setfsgid(gid_t gid)
{
	const struct ids own = gids_of(current->cred);
	gid_t former = current->cred->fsgid;
	struct cred *new;

	if (gid == NO_ID || gid == former || !(is_own(&own, gid) || capable(CAP_SETGID)))
		return former;
	new = cred_copy();
	if (!new)
		return former;
	new->fsgid = gid;
	cred_commit(new);
	return former;
}

long sys_getgroups(int size, uaddr_t list)
{
	const struct cred *c = current->cred;

	if (size < 0)
		return -EINVAL;
	if (size) {
		if ((u32)size < c->nr_groups)
			return -EINVAL;
		if (copy_to_user(list, c->groups, c->nr_groups * sizeof(gid_t)))
			return -EFAULT;
	}
	return c->nr_groups;
}

/* Shell sort: few elements, no recursion. */
static void sort_groups(gid_t *g, u32 n)
{
	for (u32 gap = n / 2; gap; gap /= 2)
		for (u32 i = gap; i < n; i++) {
			gid_t v = g[i];
			u32 j = i;

			for (; j >= gap && g[j - gap] > v; j -= gap)
				g[j] = g[j - gap];
			g[j] = v;
		}
}

long sys_setgroups(int size, uaddr_t list)
{
	gid_t *groups = NULL;
	struct cred *new;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if ((u32)size > NGROUPS_MAX)
		return -EINVAL;
	if (size) {
		groups = memdup_user(list, size * sizeof(gid_t), NGROUPS_MAX * sizeof(gid_t));
		if (IS_ERR(groups))
			return PTR_ERR(groups);
		for (int i = 0; i < size; i++)
			if (groups[i] == NO_ID) {
				kfree(groups);
				return -EINVAL;
			}
		sort_groups(groups, size);
	}
	new = cred_copy();
	if (!new) {
		kfree(groups);
		return -ENOMEM;
	}
	kfree(new->groups);
	new->groups = groups;
	new->nr_groups = size;
	cred_commit(new);
	return 0;
}
