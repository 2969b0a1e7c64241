// SPDX-License-Identifier: BSD-2-Clause
/*
 * The options of a tmpfs mount: size=, nr_blocks=, nr_inodes=, mode=, uid=, gid=, inode64, huge=never.
 */
#include "internal.h"
#include "tmpfs.h"

/* A number with k, m, g, or (size only) a percentage of memory. */
static int parse_size(const char *s, bool percent, u64 *out)
{
	char *end;
	u64 v = strtoull(s, &end, 0);
	unsigned shift = 0;

	if (end == s)
		return -EINVAL;
	switch (*end) {
	case 'g': case 'G': shift += 10; __attribute__((fallthrough));
	case 'm': case 'M': shift += 10; __attribute__((fallthrough));
	case 'k': case 'K': shift += 10; end++; break;
	case '%':
		if (!percent)
			return -EINVAL;
		v = v * nr_total_pages / 100 * PAGE_SIZE;
		end++;
		break;
	}
	if (*end || (shift && v >> (64 - shift)))
		return -EINVAL;
	*out = v << shift;
	return 0;
}

static int parse_number(const char *s, unsigned base, u32 *out)
{
	char *end;
	u64 v = strtoull(s, &end, base);

	if (end == s || *end || v > UINT32_MAX)
		return -EINVAL;
	*out = v;
	return 0;
}

static int parse_one(struct tmpfs *t, const char *key, const char *value)
{
	u64 n;

	if (!strcmp(key, "size")) {
		if (parse_size(value, true, &n))
			return -EINVAL;
		t->max_pages = n / PAGE_SIZE + (n % PAGE_SIZE != 0);
		return 0;
	}
	if (!strcmp(key, "nr_blocks"))
		return parse_size(value, false, &t->max_pages);
	if (!strcmp(key, "nr_inodes"))
		return parse_size(value, false, &t->max_inodes);
	if (!strcmp(key, "mode")) {
		if (parse_number(value, 8, &t->mode))
			return -EINVAL;
		t->mode &= 07777;
		return 0;
	}
	if (!strcmp(key, "uid"))
		return parse_number(value, 10, &t->uid);
	if (!strcmp(key, "gid"))
		return parse_number(value, 10, &t->gid);
	return -EINVAL;
}

int tmpfs_parse(struct tmpfs *t, char *data)
{
	char *next, *value;

	for (; data && *data; data = next) {
		next = strchr(data, ',');
		if (next)
			*next++ = 0;
		if (!*data)
			continue;
		if (!strcmp(data, "inode64") || !strcmp(data, "huge=never"))
			continue;	/* what is so here anyway; mount(8) hands back what /proc/mounts said */
		value = strchr(data, '=');
		if (!value)
			return -EINVAL;
		*value++ = 0;
		if (parse_one(t, data, value))
			return -EINVAL;
	}
	return 0;
}
