// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the subjects of inotify share: see heard.h.
 */
#include "heard.h"

int watcher;

static uint32_t last_cookie;

void begin(void)
{
	scratch();
	watcher = ASSERT_OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

int watch(const char *name, uint32_t mask)
{
	return ASSERT_OK(inotify_add_watch(watcher, name, mask));
}

static const char *const bit_names[32] = {
	"access", "modify", "attrib", "close_write", "close", "open", "from", "to", "create", "delete", "delete_self",
	"move_self", [13] = "unmount", [14] = "overflow", [15] = "ignored", [30] = "dir",
};

static size_t describe(char *to, size_t size, const struct inotify_event *e)
{
	size_t n = snprintf(to, size, "%d:", e->wd);

	for (int bit = 0, first = 1; bit < 32; bit++)
		if (e->mask >> bit & 1) {
			n += snprintf(to + n, size - n, "%s%s", first ? "" : "+",
				      bit_names[bit] ? bit_names[bit] : "?");
			first = 0;
		}
	if (e->len)
		n += snprintf(to + n, size - n, "(%s)", e->name);
	if (e->cookie) {
		n += snprintf(to + n, size - n, "%s", e->cookie == last_cookie ? "=" : "#");
		last_cookie = e->cookie;
	}
	return n + snprintf(to + n, size - n, " ");
}

const char *heard(void)
{
	static char text[4096], buf[4096] __attribute__((aligned(8)));
	size_t at = 0;
	ssize_t n;

	*text = 0;
	last_cookie = 0;
	while ((n = read(watcher, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n; p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len)
			at += describe(text + at, sizeof(text) - at, (struct inotify_event *)p);
	if (at)
		text[at - 1] = 0;
	return text;
}

void make(const char *name)
{
	close(ASSERT_OK(open(name, O_CREAT | O_RDWR | O_TRUNC, 0644)));
}
