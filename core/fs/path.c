// SPDX-License-Identifier: BSD-2-Clause
/*
 * From paths to names: the text of a path, as seen from a root.
 */
#include "internal.h"

struct prepend {
	char *buf;		/* start of the room */
	char *at;		/* first byte of the text so far */
	bool full;
};

static void prepend(struct prepend *p, const char *s, size_t n)
{
	if ((size_t)(p->at - p->buf) < n) {
		p->full = true;
		return;
	}
	p->at -= n;
	memcpy(p->at, s, n);
}

/* One attempt, under RCU. */
static void build(struct prepend *p, const struct path *path, const struct path *root, bool *outside)
{
	const struct dentry *d = path->dentry;
	const struct mount *m = path->mnt;

	*outside = false;
	while (!p->full && !(d == root->dentry && m == root->mnt)) {
		if (d == m->root || d_is_root(d)) {
			if (d != m->root || m->parent == m) {
				*outside = true;
				return;
			}
			d = m->mountpoint;
			m = m->parent;
			continue;
		}
		prepend(p, d->name.name, d->name.len);
		prepend(p, "/", 1);
		d = rcu_dereference(d->parent);
	}
}

char *d_path_root(const struct path *path, const struct path *root, char *buf, size_t size, bool *outside)
{
	static const char deleted[] = " (deleted)";
	const struct dentry *d = path->dentry;
	struct prepend p;
	char *end;
	u32 seq;
	int n;

	if (d->ops && d->ops->dname) {
		*outside = false;
		n = d->ops->dname(path->dentry, buf, size);
		return n >= 0 && (size_t)n < size ? buf : ERR_PTR(-ENAMETOOLONG);
	}
	do {
		seq = seq_begin(&rename_seq);
		p = (struct prepend){ buf, buf + size, false };
		prepend(&p, "", 1);
		if (d_unhashed(d) && !d_is_root(d))
			prepend(&p, deleted, sizeof(deleted) - 1);
		end = p.at;
		build(&p, path, root, outside);
		if (p.at == end && !p.full)
			prepend(&p, "/", 1);
	} while (seq_retry(&rename_seq, seq));
	return p.full ? ERR_PTR(-ENAMETOOLONG) : p.at;
}

char *d_path(const struct path *p, char *buf, size_t size)
{
	struct path root = fs_root_get(current->fs);
	bool outside;
	char *s = d_path_root(p, &root, buf, size, &outside);

	path_put(&root);
	return s;
}
