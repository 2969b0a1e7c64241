// SPDX-License-Identifier: BSD-2-Clause
/*
 * What each real user has in use: the counts behind RLIMIT_NPROC, RLIMIT_SIGPENDING and the limits by user in
 * /proc/sys/fs. Found by uid in a small hash.
 */
#include "process.h"

#define BUCKETS 32

static spinlock_t user_lock = SPINLOCK_INIT;		/* interrupts off */
static struct hlist_head buckets[BUCKETS];		/* [user_lock] */

/* Root's is static, and not in the hash: it is the common one. */
struct user_struct root_user = { .refs = REFCOUNT_INIT(1) };

static struct user_struct *lookup(uid_t uid)
{
	struct user_struct *u;

	hlist_for_each_entry(u, &buckets[uid % BUCKETS], hash)
		if (u->uid == uid && ref_get_not_zero(&u->refs))
			return u;
	return NULL;
}

struct user_struct *user_find(uid_t uid)
{
	struct user_struct *u, *fresh;
	struct irqflags flags;

	if (!uid) {
		ref_get(&root_user.refs);
		return &root_user;
	}
	flags = spin_lock_irqsave(&user_lock);
	u = lookup(uid);
	spin_unlock_irqrestore(&user_lock, flags);
	if (u)
		return u;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return NULL;
	fresh->uid = uid;
	ref_set(&fresh->refs, 1);
	flags = spin_lock_irqsave(&user_lock);
	u = lookup(uid);
	if (!u)
		hlist_add_head(&fresh->hash, &buckets[uid % BUCKETS]);
	spin_unlock_irqrestore(&user_lock, flags);
	if (u)
		kfree(fresh);
	return u ? u : fresh;
}

void user_put(struct user_struct *u)
{
	struct irqflags flags;

	if (!ref_put(&u->refs))
		return;
	flags = spin_lock_irqsave(&user_lock);
	hlist_del_init(&u->hash);
	spin_unlock_irqrestore(&user_lock, flags);
	kfree(u);
}
