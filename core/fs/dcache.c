// SPDX-License-Identifier: BSD-2-Clause
/*
 * The dentry cache: names in a hash by (parent, name), found under RCU without a store; kept when unused,
 * negative ones too, until memory is short.
 */
#include "internal.h"

#include <arch/boot.h>
#include <janus/notify.h>

#define DENTRY_DEAD (INT32_MIN / 2)	/* refs of a dentry that is going, or held still for a moment */
#define NR_BUCKET_LOCKS 64

spinlock_t rename_lock;
seqcount_t rename_seq;
u64 dname_salt;

static struct kmem_cache *dentry_cache;
struct hlist_head *dentry_buckets;
unsigned dentry_bucket_shift;
static spinlock_t bucket_locks[NR_BUCKET_LOCKS];

static spinlock_t lru_lock;
static LIST_HEAD(lru_list);		/* [lru_lock] oldest first; some may be in use again */
static u32 lru_count;			/* [lru_lock] */
static u32 lru_limit;

u32 dname_hash(const char *name, u32 len)
{
	u64 h = dname_salt;

	while (len) {
		u32 n = min(len, 8u);
		u64 w = 0;

		memcpy(&w, name, n);
		h = (h ^ w) * HASH_MULTIPLIER;
		name += n;
		len -= n;
	}
	return h >> 32;
}

bool dget_live(struct dentry *d)
{
	s32 v = READ_ONCE(d->refs);

	do {
		if (unlikely(v < 0))
			return false;
	} while (!__atomic_compare_exchange_n(&d->refs, &v, v + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

struct dentry *d_lookup(struct dentry *parent, const struct qstr *q)
{
	u32 before = (q->len - 1) / 8 * 8;	/* the tail's place */
	u64 tail = load_word(q->name + before) & (~0ULL >> (64 - 8 * (q->len - before)));
	struct dentry *d;
	u32 seq;

	if (q->len > NAME_MAX)
		return NULL;
	do {
		seq = seq_begin(&rename_seq);
		d = d_lookup_rcu(parent, q, tail);
		if (d && !dget_live(d))
			d = NULL;
		if (!seq_retry(&rename_seq, seq))
			return d;
		dput(d);
	} while (1);
}

static void dentry_free_rcu(struct rcu_head *head)
{
	struct dentry *d = container_of(head, struct dentry, rcu);

	if (d->name.name != d->inline_name)
		kfree(d->name.name);
	kmem_cache_free(dentry_cache, d);
}

static bool name_set(struct dentry *d, const struct qstr *q)
{
	char *text = d->inline_name;
	u32 padded = ALIGN_UP(q->len + 1, 8u);

	if (padded > DNAME_INLINE) {
		text = kmalloc(padded, GFP_KERNEL);
		if (!text)
			return false;
	}
	*(u64 *)(text + padded - 8) = 0;
	memcpy(text, q->name, q->len);
	d->name = (struct qstr){ text, q->len, q->hash };
	return true;
}

static struct dentry *dentry_new(struct super_block *sb, const struct qstr *q)
{
	struct dentry *d = kmem_cache_alloc(dentry_cache, GFP_KERNEL);

	if (!d)
		return NULL;
	if (!name_set(d, q)) {
		kmem_cache_free(dentry_cache, d);
		return NULL;
	}
	d->hash = (struct hlist_node){ NULL, NULL };
	d->parent = d;
	d->inode = NULL;
	d->refs = 1;
	d->flags = D_UNHASHED;
	spin_init(&d->lock);
	d->ops = NULL;
	d->sb = sb;
	list_init(&d->children);
	list_init(&d->sibling);
	list_init(&d->lru);
	d->offset = 0;
	d->next_offset = 2;		/* 0 and 1 are "." and ".." */
	return d;
}

struct dentry *d_alloc(struct dentry *parent, const struct qstr *name)
{
	struct dentry *d = dentry_new(parent->sb, name);

	if (!d)
		return NULL;
	d->parent = dget(parent);
	spin_lock(&parent->lock);
	list_add_tail(&d->sibling, &parent->children);
	spin_unlock(&parent->lock);
	return d;
}

struct dentry *d_make_root(struct inode *inode)
{
	static const struct qstr slash = { "/", 1, 0 };
	struct dentry *d = dentry_new(inode->sb, &slash);

	if (!d) {
		inode_put(inode);
		return NULL;
	}
	d->inode = inode;
	d->flags = 0;
	return d;
}

struct dentry *d_alloc_pseudo(struct super_block *sb, struct inode *inode, const char *name,
			      const struct dentry_ops *ops)
{
	struct qstr q = { name, strnlen(name, NAME_MAX), 0 };
	struct dentry *d = dentry_new(sb, &q);

	if (!d) {
		inode_put(inode);
		return NULL;
	}
	d->ops = ops;
	d->inode = inode;
	return d;
}

/* d->lock held. */
static void hash_locked(struct dentry *d)
{
	unsigned b = dentry_bucket(d->parent, d->name.hash);

	d->flags &= ~D_UNHASHED;
	spin_lock(&bucket_locks[b % NR_BUCKET_LOCKS]);
	hlist_add_head(&d->hash, &dentry_buckets[b]);
	spin_unlock(&bucket_locks[b % NR_BUCKET_LOCKS]);
}

static void unhash_locked(struct dentry *d)
{
	unsigned b = dentry_bucket(d->parent, d->name.hash);

	if (d->flags & D_UNHASHED)
		return;
	d->flags |= D_UNHASHED;
	spin_lock(&bucket_locks[b % NR_BUCKET_LOCKS]);
	hlist_del_init(&d->hash);
	spin_unlock(&bucket_locks[b % NR_BUCKET_LOCKS]);
}

/* Negative -> positive; hashes it if need be. */
static void d_instantiate(struct dentry *d, struct inode *inode)
{
	spin_lock(&d->lock);
	rcu_assign_pointer(d->inode, inode);
	if (d->flags & D_UNHASHED)
		hash_locked(d);
	spin_unlock(&d->lock);
}

void d_add(struct dentry *d, struct inode *inode)
{
	d_instantiate(d, inode);
}

void d_drop(struct dentry *d)
{
	spin_lock(&d->lock);
	unhash_locked(d);
	spin_unlock(&d->lock);
}

void d_delete(struct dentry *d)
{
	struct inode *inode = NULL;
	s32 one = 1;

	spin_lock(&d->lock);
	/* Nobody else has it: hold new look-ups off for a moment, for a file must not see its dentry turn negative. */
	if (__atomic_compare_exchange_n(&d->refs, &one, DENTRY_DEAD, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		inode = d->inode;
		d->inode = NULL;
		__atomic_store_n(&d->refs, 1, __ATOMIC_RELEASE);
	} else {
		unhash_locked(d);
	}
	spin_unlock(&d->lock);
	if (inode) {
		notify_inode_gone(inode);
		inode_put(inode);
	}
}

/* d becomes the last entry of its directory; the parent's lock is held. */
static void order_locked(struct dentry *d, struct dentry *parent)
{
	d->offset = parent->next_offset++;
	list_move_tail(&d->sibling, &parent->children);
}

void d_order(struct dentry *d)
{
	struct dentry *parent = d->parent;

	spin_lock(&parent->lock);
	order_locked(d, parent);
	spin_unlock(&parent->lock);
}

void d_add_kept(struct dentry *d, struct inode *inode)
{
	struct dentry *parent = d->parent;

	spin_lock(&parent->lock);
	order_locked(d, parent);
	spin_unlock(&parent->lock);
	dget(d);
	spin_lock(&d->lock);
	d->flags |= D_KEEP;
	rcu_assign_pointer(d->inode, inode);
	if (d->flags & D_UNHASHED)
		hash_locked(d);
	spin_unlock(&d->lock);
}

void d_unkeep(struct dentry *d)
{
	spin_lock(&d->lock);
	d->flags &= ~D_KEEP;
	spin_unlock(&d->lock);
	dput(d);
}

/* ---- the end of a dentry ---- */

/* d->lock held, refs dead: take it out of everything, and give back the parent, whose reference is the caller's. */
static struct dentry *dentry_kill(struct dentry *d)
{
	struct dentry *parent = d->parent != d ? d->parent : NULL;

	unhash_locked(d);
	if (d->flags & D_LRU) {
		spin_lock(&lru_lock);
		list_del_init(&d->lru);
		lru_count--;
		spin_unlock(&lru_lock);
	}
	spin_unlock(&d->lock);
	if (parent) {
		spin_lock(&parent->lock);
		list_del_init(&d->sibling);
		spin_unlock(&parent->lock);
	}
	if (d->inode) {
		notify_inode_gone(d->inode);
		inode_put(d->inode);
	}
	call_rcu(&d->rcu, dentry_free_rcu);
	return parent;
}

static bool try_to_die(struct dentry *d)
{
	s32 zero = 0;

	return __atomic_compare_exchange_n(&d->refs, &zero, DENTRY_DEAD, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Free up to nr unused dentries; how many went. No dentry lock. */
static unsigned dcache_shrink(unsigned nr);

/* Nobody seems to refer to d: keep it on the LRU, or kill it and return its parent. */
static struct dentry *dput_last(struct dentry *d)
{
	bool full = false;

	spin_lock(&d->lock);
	if ((d->flags & D_UNHASHED) || (d->ops && d->ops->transient)) {
		if (try_to_die(d))
			return dentry_kill(d);
	} else if (!(d->flags & D_LRU) && READ_ONCE(d->refs) == 0) {
		d->flags |= D_LRU;
		spin_lock(&lru_lock);
		list_add_tail(&d->lru, &lru_list);
		full = ++lru_count > lru_limit;
		spin_unlock(&lru_lock);
	}
	spin_unlock(&d->lock);
	if (full)
		dcache_shrink(64);
	return NULL;
}

void dput(struct dentry *d)
{
	/* A dead dentry is freed a grace period later, so it may be looked at after its count fell. */
	while (d && __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) == 0)
		d = dput_last(d);
}

static unsigned dcache_shrink(unsigned nr)
{
	unsigned freed = 0;

	while (nr--) {
		struct dentry *d = NULL;

		spin_lock(&lru_lock);
		if (!list_empty(&lru_list)) {
			d = list_first_entry(&lru_list, struct dentry, lru);
			list_move_tail(&d->lru, &lru_list);
		}
		spin_unlock(&lru_lock);
		if (!d)
			break;
		/* Not counted, but it cannot be freed before we sleep. */
		spin_lock(&d->lock);
		if (!(d->flags & D_LRU)) {
			spin_unlock(&d->lock);
			continue;
		}
		if (!try_to_die(d)) {		/* in use again */
			d->flags &= ~D_LRU;
			spin_lock(&lru_lock);
			list_del_init(&d->lru);
			lru_count--;
			spin_unlock(&lru_lock);
			spin_unlock(&d->lock);
			continue;
		}
		freed++;
		dput(dentry_kill(d));
	}
	return freed;
}

static u64 dcache_shrinker(u64 wanted)
{
	/* About 16 dentries with their inodes make a page. */
	return dcache_shrink(min_t(u64, wanted * 16, 4096)) / 16;
}

void d_shrink_children(struct dentry *parent)
{
	struct dentry *d;
	bool found;

	do {
		found = false;
		spin_lock(&parent->lock);
		list_for_each_entry(d, &parent->children, sibling) {
			if (READ_ONCE(d->refs) != 0)
				continue;
			spin_lock(&d->lock);
			found = try_to_die(d);
			if (found)
				break;
			spin_unlock(&d->lock);
		}
		spin_unlock(&parent->lock);
		if (found)
			dput(dentry_kill(d));
	} while (found);
}

void d_genocide(struct dentry *root)
{
	struct dentry *d, *child;

	do {
		for (d = root, child = root; child; ) {
			d = child;
			spin_lock(&d->lock);
			child = list_empty(&d->children) ? NULL :
				list_first_entry(&d->children, struct dentry, sibling);
			spin_unlock(&d->lock);
		}
		if (d == root)
			break;
		spin_lock(&d->lock);
		if (d->flags & D_KEEP) {
			d->flags &= ~D_KEEP;
			__atomic_sub_fetch(&d->refs, 1, __ATOMIC_RELAXED);
		}
		if (try_to_die(d)) {
			dput(dentry_kill(d));
			continue;
		}
		/* Somebody still has it: it goes with its last reference. */
		unhash_locked(d);
		spin_unlock(&d->lock);
		spin_lock(&d->parent->lock);
		list_del_init(&d->sibling);
		spin_unlock(&d->parent->lock);
	} while (1);
	/* It dies with its last reference: the LRU outlives the superblock. */
	spin_lock(&root->lock);
	root->flags |= D_UNHASHED;
	spin_unlock(&root->lock);
}

/* ---- renaming ---- */

static void swap_inline_names(struct dentry *a, struct dentry *b)
{
	char text[DNAME_INLINE];

	memcpy(text, a->inline_name, DNAME_INLINE);
	memcpy(a->inline_name, b->inline_name, DNAME_INLINE);
	memcpy(b->inline_name, text, DNAME_INLINE);
}

static void name_swap(struct dentry *a, struct dentry *b)
{
	struct qstr t = a->name;
	bool a_inline = a->name.name == a->inline_name, b_inline = b->name.name == b->inline_name;

	a->name = b->name;
	b->name = t;
	swap_inline_names(a, b);
	if (b_inline)
		a->name.name = a->inline_name;
	if (a_inline)
		b->name.name = b->inline_name;
}

/* d goes to parent's children; its reference moves from the old parent to the new one. Returns the old. */
static void reparent(struct dentry *d, struct dentry *parent)
{
	struct dentry *old = d->parent;

	if (old == parent)
		return;
	spin_lock(&old->lock);
	list_del_init(&d->sibling);
	spin_unlock(&old->lock);
	rcu_assign_pointer(d->parent, parent);
	spin_lock(&parent->lock);
	list_add_tail(&d->sibling, &parent->children);
	spin_unlock(&parent->lock);
}

static void move(struct dentry *a, struct dentry *b, bool exchange)
{
	struct dentry *pa = a->parent, *pb = b->parent;

	spin_lock(&rename_lock);
	seq_write_begin(&rename_seq);
	d_drop(a);
	d_drop(b);
	name_swap(a, b);
	/* Each takes the other's place, so each parent keeps its count. */
	reparent(a, pb);
	reparent(b, pa);
	spin_lock(&a->lock);
	hash_locked(a);
	spin_unlock(&a->lock);
	if (exchange) {
		spin_lock(&b->lock);
		hash_locked(b);
		spin_unlock(&b->lock);
	}
	seq_write_end(&rename_seq);
	spin_unlock(&rename_lock);
}

void d_move(struct dentry *d, struct dentry *target)
{
	move(d, target, false);
}

void d_exchange(struct dentry *a, struct dentry *b)
{
	move(a, b, true);
}

bool d_ancestor(const struct dentry *above, const struct dentry *d)
{
	for (;; d = d->parent) {
		if (d == above)
			return true;
		if (d_is_root(d))
			return false;
	}
}

void dcache_init(void)
{
	static struct shrinker shrinker = { .shrink = dcache_shrinker };
	unsigned bits = 9;

	/* A bucket for each 64 KiB of memory: half of what names a machine of that size holds. */
	while ((1UL << bits) < nr_total_pages / 16 && bits < 18)
		bits++;
	dentry_bucket_shift = 64 - bits;
	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 64);
	dentry_buckets = kzalloc(sizeof(*dentry_buckets) << bits, GFP_KERNEL);
	if (!dentry_cache || !dentry_buckets)
		panic("no memory for the dentry cache");
	lru_limit = min_t(u64, nr_total_pages / 8 + 256, 1u << 20);
	arch_random_seed(&dname_salt, sizeof(dname_salt));
	register_shrinker(&shrinker);
}
