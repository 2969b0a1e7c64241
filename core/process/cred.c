// SPDX-License-Identifier: BSD-2-Clause
/*
 * Credentials: immutable once a thread has them. A change makes a copy, alters it and swaps the pointer, so a
 * reader under RCU sees one consistent set, and threads that never change share one struct.
 */
#include "process.h"

static void groups_put(struct cred *c)
{
	kfree(c->groups);
}

void cred_put(const struct cred *cred)
{
	struct cred *c = (struct cred *)cred;

	if (!ref_put(&c->refs))
		return;
	groups_put(c);
	user_put(c->user);
	kmem_cache_free(cred_cache, c);
}

struct cred *cred_copy(void)
{
	const struct cred *old = current->cred;
	struct cred *c = kmem_cache_alloc(cred_cache, GFP_KERNEL);

	if (!c)
		return NULL;
	*c = *old;
	ref_set(&c->refs, 1);
	if (old->nr_groups) {
		c->groups = kmalloc(old->nr_groups * sizeof(gid_t), GFP_KERNEL);
		if (!c->groups) {
			kmem_cache_free(cred_cache, c);
			return NULL;
		}
		memcpy(c->groups, old->groups, old->nr_groups * sizeof(gid_t));
	}
	ref_get(&c->user->refs);
	return c;
}

struct dead_cred {
	struct rcu_head rcu;
	const struct cred *cred;
};

/* Others may be reading the old set (kill's permission check): it goes after a grace period. */
static void cred_put_rcu(struct rcu_head *head)
{
	struct dead_cred *d = container_of(head, struct dead_cred, rcu);

	cred_put(d->cred);
	kfree(d);
}

static void put_later(const struct cred *old)
{
	struct dead_cred *d = kmalloc(sizeof(*d), GFP_ATOMIC);

	if (d) {
		d->cred = old;
		call_rcu(&d->rcu, cred_put_rcu);
	} else {
		synchronize_rcu();
		cred_put(old);
	}
}

/* Does `new` let current do what `old` did not, or act as somebody else? Then others of the old kind may not look
 * in. */
static bool changes_identity(const struct cred *old, const struct cred *new)
{
	return old->euid != new->euid || old->egid != new->egid || old->fsuid != new->fsuid ||
	       old->fsgid != new->fsgid || (new->cap_permitted & ~old->cap_permitted);
}

void cred_commit(struct cred *new)
{
	struct thread *t = current;
	const struct cred *old = t->cred;

	if (changes_identity(old, new)) {
		if (t->mm)
			t->mm->dumpable = false;
		t->pdeath_signal = 0;
	}
	if (new->user != old->user) {
		__atomic_fetch_add(&new->user->processes, 1, __ATOMIC_RELAXED);
		__atomic_fetch_sub(&old->user->processes, 1, __ATOMIC_RELAXED);
	}
	rcu_assign_pointer(t->cred, new);
	put_later(old);
}

bool cred_has_cap(const struct cred *c, int cap)
{
	return c->cap_effective >> cap & 1;
}

bool capable(int cap)
{
	return cred_has_cap(current->cred, cap);
}

bool may_schedule(struct thread *t)
{
	bool covered;

	rcu_read_lock();
	covered = !(rcu_dereference(t->cred)->cap_permitted & ~current->cred->cap_permitted);
	rcu_read_unlock();
	return covered || capable(CAP_SYS_NICE);
}

static bool in_groups(const struct cred *c, gid_t gid)
{
	u32 low = 0, high = c->nr_groups;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (c->groups[middle] == gid)
			return true;
		if (c->groups[middle] < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool in_group(gid_t gid)
{
	const struct cred *c = current->cred;

	return c->fsgid == gid || in_groups(c, gid);
}

bool thread_may_access(struct thread *t)
{
	const struct cred *c = current->cred, *other;
	bool ok;

	if (t->process == current->process)
		return true;
	rcu_read_lock();
	other = rcu_dereference(t->cred);
	ok = c->uid == other->euid && c->uid == other->suid && c->uid == other->uid && c->gid == other->egid &&
	     c->gid == other->sgid && c->gid == other->gid && !(other->cap_permitted & ~c->cap_permitted);
	rcu_read_unlock();
	if (ok) {
		spin_lock(&t->lock);
		ok = !t->mm || t->mm->dumpable;
		spin_unlock(&t->lock);
	}
	return ok || capable(CAP_SYS_PTRACE);
}
