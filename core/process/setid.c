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

static long commit_uids(struct cred *new)
{
	const struct cred *old = current->cred;

	if (new->uid != old->uid && change_user(new)) {
		cred_put(new);
		return -EAGAIN;
	}
	new->fsuid = new->euid;
	fix_caps_setuid(old, new);
	cred_commit(new);
	return 0;
}

long sys_setuid(uid_t uid)
{
	const struct cred *old = current->cred;
	struct cred *new;

	if (uid == NO_ID)
		return -EINVAL;
	if (!capable(CAP_SETUID) && uid != old->uid && uid != old->suid)
		return -EPERM;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	if (capable(CAP_SETUID))
		new->uid = new->suid = uid;
	new->euid = uid;
	return commit_uids(new);
}

long sys_setreuid(uid_t ruid, uid_t euid)
{
	const struct cred *old = current->cred;
	struct cred *new;

	if (!capable(CAP_SETUID)) {
		if (ruid != NO_ID && ruid != old->uid && ruid != old->euid)
			return -EPERM;
		if (euid != NO_ID && euid != old->uid && euid != old->euid && euid != old->suid)
			return -EPERM;
	}
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	if (ruid != NO_ID)
		new->uid = ruid;
	if (euid != NO_ID)
		new->euid = euid;
	if (ruid != NO_ID || (euid != NO_ID && euid != old->uid))
		new->suid = new->euid;
	return commit_uids(new);
}

/* May current, without the capability, take id: is it one of its three? NO_ID changes nothing. */
static bool own_id(u32 id, u32 a, u32 b, u32 c)
{
	return id == NO_ID || id == a || id == b || id == c;
}

long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	const struct cred *old = current->cred;
	struct cred *new;

	if (!capable(CAP_SETUID) &&
	    !(own_id(ruid, old->uid, old->euid, old->suid) && own_id(euid, old->uid, old->euid, old->suid) &&
	      own_id(suid, old->uid, old->euid, old->suid)))
		return -EPERM;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	if (ruid != NO_ID)
		new->uid = ruid;
	if (euid != NO_ID)
		new->euid = euid;
	if (suid != NO_ID)
		new->suid = suid;
	return commit_uids(new);
}

static long commit_gids(struct cred *new)
{
	new->fsgid = new->egid;
	cred_commit(new);
	return 0;
}

long sys_setgid(gid_t gid)
{
	const struct cred *old = current->cred;
	struct cred *new;

	if (gid == NO_ID)
		return -EINVAL;
	if (!capable(CAP_SETGID) && gid != old->gid && gid != old->sgid)
		return -EPERM;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	if (capable(CAP_SETGID))
		new->gid = new->sgid = gid;
	new->egid = gid;
	return commit_gids(new);
}

long sys_setregid(gid_t rgid, gid_t egid)
{
	const struct cred *old = current->cred;
	struct cred *new;

	if (!capable(CAP_SETGID)) {
		if (rgid != NO_ID && rgid != old->gid && rgid != old->egid)
			return -EPERM;
		if (egid != NO_ID && egid != old->gid && egid != old->egid && egid != old->sgid)
			return -EPERM;
	}
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	if (rgid != NO_ID)
		new->gid = rgid;
	if (egid != NO_ID)
		new->egid = egid;
	if (rgid != NO_ID || (egid != NO_ID && egid != old->gid))
		new->sgid = new->egid;
	return commit_gids(new);
}

long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	const struct cred *old = current->cred;
	struct cred *new;

	if (!capable(CAP_SETGID) &&
	    !(own_id(rgid, old->gid, old->egid, old->sgid) && own_id(egid, old->gid, old->egid, old->sgid) &&
	      own_id(sgid, old->gid, old->egid, old->sgid)))
		return -EPERM;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	if (rgid != NO_ID)
		new->gid = rgid;
	if (egid != NO_ID)
		new->egid = egid;
	if (sgid != NO_ID)
		new->sgid = sgid;
	return commit_gids(new);
}

/* Answers the former number, whether or not it changed. */
long sys_setfsuid(uid_t uid)
{
	const struct cred *old = current->cred;
	uid_t former = old->fsuid;
	struct cred *new;

	if (uid == NO_ID || uid == former ||
	    !(own_id(uid, old->uid, old->euid, old->suid) || capable(CAP_SETUID)))
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
	const struct cred *old = current->cred;
	gid_t former = old->fsgid;
	struct cred *new;

	if (gid == NO_ID || gid == former ||
	    !(own_id(gid, old->gid, old->egid, old->sgid) || capable(CAP_SETGID)))
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
