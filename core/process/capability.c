// SPDX-License-Identifier: BSD-2-Clause
/*
 * capget, capset, and the capability half of prctl: bounding and ambient sets, secure bits.
 */
#include "process.h"
#include "capability.h"
#include <generated/syscalls.h>

/* How many 32-bit words the header's version has; an unknown one is answered with ours, and EINVAL or 0. */
static long header_words(uaddr_t header, u32 *words)
{
	u32 version;

	if (get_user(&version, header))
		return -EFAULT;
	switch (version) {
	case CAP_VERSION_1:
		*words = 1;
		return 0;
	case CAP_VERSION_2:
	case CAP_VERSION_3:
		*words = 2;
		return 0;
	}
	if (put_user(CAP_VERSION_3, u32, header))
		return -EFAULT;
	return -EINVAL;
}

long sys_capget(uaddr_t header, uaddr_t dataptr)
{
	struct cap_data data[2];
	u64 e, p, i;
	u32 words;
	s32 pid;
	long err = header_words(header, &words);

	if (err || !dataptr)	/* it was only asked which version there is */
		return !dataptr && err == -EINVAL ? 0 : err;
	if (get_user(&pid, header + offsetof(struct cap_header, pid)))
		return -EFAULT;
	if (pid < 0)
		return -EINVAL;
	rcu_read_lock();
	struct thread *t = pid ? find_thread(pid) : current;
	if (t) {
		const struct cred *c = rcu_dereference(t->cred);

		e = c->cap_effective, p = c->cap_permitted, i = c->cap_inheritable;
	}
	rcu_read_unlock();
	if (!t)
		return -ESRCH;
	for (u32 w = 0; w < 2; w++)
		data[w] = (struct cap_data){ (u32)(e >> 32 * w), (u32)(p >> 32 * w), (u32)(i >> 32 * w) };
	return copy_to_user(dataptr, data, words * sizeof(data[0])) ? -EFAULT : 0;
}

long sys_capset(uaddr_t header, uaddr_t dataptr)
{
	const struct cred *old = current->cred;
	struct cap_data data[2] = { 0 };
	u64 e = 0, p = 0, i = 0;
	struct cred *new;
	u32 words;
	s32 pid;
	long err = header_words(header, &words);

	if (err)
		return err;
	if (get_user(&pid, header + offsetof(struct cap_header, pid)))
		return -EFAULT;
	if (pid && pid != current->tid)
		return -EPERM;
	if (copy_from_user(data, dataptr, words * sizeof(data[0])))
		return -EFAULT;
	for (u32 w = 0; w < ARRAY_SIZE(data); w++) {
		e |= (u64)data[w].effective << 32 * w;
		p |= (u64)data[w].permitted << 32 * w;
		i |= (u64)data[w].inheritable << 32 * w;
	}
	e &= CAP_FULL_SET, p &= CAP_FULL_SET, i &= CAP_FULL_SET;
	if (!capable(CAP_SETPCAP) && (i & ~(old->cap_inheritable | old->cap_permitted)))
		return -EPERM;
	if (i & ~(old->cap_inheritable | old->cap_bounding))
		return -EPERM;
	if ((p & ~old->cap_permitted) || (e & ~p))
		return -EPERM;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	new->cap_effective = e;
	new->cap_permitted = p;
	new->cap_inheritable = i;
	new->cap_ambient &= p & i;
	cred_commit(new);
	return 0;
}

static long bounding_drop(unsigned long cap)
{
	struct cred *new;

	if (!capable(CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	new->cap_bounding &= ~(1ULL << cap);
	cred_commit(new);
	return 0;
}

static long set_securebits(unsigned long bits)
{
	u32 old = current->cred->securebits;
	struct cred *new;

	/* A locked bit stays, a lock is not taken off, and no unknown bit is set. */
	if (((old & SECURE_ALL_LOCKS) >> 1 & (old ^ bits)) || (old & SECURE_ALL_LOCKS & ~bits) ||
	    (bits & ~(unsigned long)(SECURE_ALL_BITS | SECURE_ALL_LOCKS)) || !capable(CAP_SETPCAP))
		return -EPERM;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	new->securebits = bits;
	cred_commit(new);
	return 0;
}

static long set_keepcaps(unsigned long on)
{
	struct cred *new;

	if (on > 1)
		return -EINVAL;
	if (current->cred->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	new->securebits = on ? new->securebits | SECBIT_KEEP_CAPS : new->securebits & ~SECBIT_KEEP_CAPS;
	cred_commit(new);
	return 0;
}

static long ambient(unsigned long op, unsigned long cap, unsigned long arg4, unsigned long arg5)
{
	const struct cred *old = current->cred;
	struct cred *new;

	if (op == PR_CAP_AMBIENT_CLEAR_ALL ? cap | arg4 | arg5 : arg4 | arg5)
		return -EINVAL;
	if (op != PR_CAP_AMBIENT_CLEAR_ALL && cap > CAP_LAST_CAP)
		return -EINVAL;
	if (op == PR_CAP_AMBIENT_IS_SET)
		return old->cap_ambient >> cap & 1;
	if (op < PR_CAP_AMBIENT_RAISE || op > PR_CAP_AMBIENT_CLEAR_ALL)
		return -EINVAL;
	if (op == PR_CAP_AMBIENT_RAISE &&
	    (!(old->cap_permitted >> cap & 1) || !(old->cap_inheritable >> cap & 1) ||
	     (old->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)))
		return -EPERM;
	new = cred_copy();
	if (!new)
		return -ENOMEM;
	if (op == PR_CAP_AMBIENT_RAISE)
		new->cap_ambient |= 1ULL << cap;
	else if (op == PR_CAP_AMBIENT_LOWER)
		new->cap_ambient &= ~(1ULL << cap);
	else
		new->cap_ambient = 0;
	cred_commit(new);
	return 0;
}

bool prctl_capability(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5,
		      long *result)
{
	switch (option) {
	case PR_CAPBSET_READ:
		*result = arg2 > CAP_LAST_CAP ? -EINVAL : (long)(current->cred->cap_bounding >> arg2 & 1);
		return true;
	case PR_CAPBSET_DROP:
		*result = bounding_drop(arg2);
		return true;
	case PR_GET_SECUREBITS:
		*result = current->cred->securebits;
		return true;
	case PR_SET_SECUREBITS:
		*result = set_securebits(arg2);
		return true;
	case PR_GET_KEEPCAPS:
		*result = !!(current->cred->securebits & SECBIT_KEEP_CAPS);
		return true;
	case PR_SET_KEEPCAPS:
		*result = set_keepcaps(arg2);
		return true;
	case PR_CAP_AMBIENT:
		*result = ambient(arg2, arg3, arg4, arg5);
		return true;
	}
	return false;
}
