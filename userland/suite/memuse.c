// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <unistd.h>

#include "memuse.h"

enum { LINE = 1024, PATIENCE = 100, PAUSE_MS = 20 };

struct reader {
	int fd;
	char bytes[4096];
	int at, end;
};

static bool next_line(struct reader *r, char *line)
{
	int n = 0;

	for (;;) {
		if (r->at == r->end) {
			r->end = read(r->fd, r->bytes, sizeof(r->bytes));
			r->at = 0;
			if (r->end <= 0)
				return false;
		}
		if (r->bytes[r->at] == '\n')
			break;
		if (n < LINE - 1)
			line[n++] = r->bytes[r->at];
		r->at++;
	}
	r->at++;
	line[n] = 0;
	return true;
}

/* "COUNT KIND < CALLER ...": the count; *chain is what is behind it, kind a copy of KIND. */
static long parse(char *line, char **chain, char kind[32])
{
	long count = strtol(line, chain, 10);
	char *end;

	*chain += **chain == ' ';
	end = strstr(*chain, " < ");
	snprintf(kind, 32, "%.*s", end ? (int)(end - *chain) : 31, *chain);
	return count;
}

static struct memuse_chain *find_chain(const struct memuse *m, const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;
	int i;

	for (const char *c = text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	hash += !hash;
	for (i = hash % MEMUSE_CHAINS; m->chains[i].hash && m->chains[i].hash != hash;)
		i = (i + 1) % MEMUSE_CHAINS;
	((struct memuse *)m)->chains[i].hash = hash;
	return (struct memuse_chain *)&m->chains[i];
}

static struct memuse_kind *find_kind(struct memuse *m, const char *name)
{
	int i;

	for (i = 0; i < m->nr_kinds && strcmp(m->kinds[i].name, name); i++)
		;
	if (i == m->nr_kinds && i < MEMUSE_KINDS - 1) {
		m->nr_kinds++;
		strcpy(m->kinds[i].name, name);
	}
	return &m->kinds[i];
}

/* The file that empties the caches is open until all is read: closed before, it might or might not be on its way
 * out. */
bool memuse_take(struct memuse *now)
{
	struct reader r = { .fd = open("/proc/allocinfo", O_RDONLY | O_CLOEXEC) };
	char line[LINE], kind[32], *chain;
	int caches;

	if (r.fd < 0)
		return false;
	caches = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	write(caches, "3", 1);
	memset(now, 0, sizeof(*now));
	while (next_line(&r, line)) {
		long count = parse(line, &chain, kind);

		find_chain(now, chain)->count += count;
		find_kind(now, kind)->count += count;
	}
	close(r.fd);
	close(caches);
	return now->nr_kinds > 0;
}

static long growth(const struct memuse *before, const struct memuse_kind *kind)
{
	for (int i = 0; i < before->nr_kinds; i++)
		if (!strcmp(before->kinds[i].name, kind->name))
			return kind->count - before->kinds[i].count;
	return kind->count;
}

static bool any_grew(const struct memuse *before, const struct memuse *now)
{
	for (int i = 0; i < now->nr_kinds; i++)
		if (growth(before, &now->kinds[i]) > 0)
			return true;
	return false;
}

static void tell_chains(const struct memuse *before, struct memuse *now, void (*tell)(const char *line))
{
	struct reader r = { .fd = open("/proc/allocinfo", O_RDONLY | O_CLOEXEC) };
	char line[LINE], kind[32], text[LINE + 32], *chain;

	while (next_line(&r, line)) {
		long count = parse(line, &chain, kind), more = count - find_chain(before, chain)->count;

		if (more <= 0 || growth(before, find_kind(now, kind)) <= 0)
			continue;
		snprintf(text, sizeof(text), "%ld more in use: %s", more, chain);
		tell(text);
	}
	close(r.fd);
}

bool memuse_grew(const struct memuse *before, struct memuse *now, void (*tell)(const char *line))
{
	for (int tries = 0; tries < PATIENCE; tries++) {
		if (!memuse_take(now) || !any_grew(before, now))
			return false;
		poll(NULL, 0, PAUSE_MS);
	}
	tell_chains(before, now, tell);
	return true;
}
