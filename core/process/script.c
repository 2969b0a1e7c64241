// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scripts: a first line "#!interpreter [argument]" makes the file an argument of its interpreter. The line must end,
 * or at least the interpreter's name must, within the first 256 bytes; what follows the name is one argument, spaces
 * and all.
 */
#include "exec.h"

static bool is_space(char c) { return c == ' ' || c == '\t'; }

static char *skip_spaces(char *s, char *end)
{
	while (s < end && is_space(*s))
		s++;
	return s < end ? s : NULL;
}

/* The first space or NUL. */
static char *find_end(char *s, char *end)
{
	for (; s < end; s++)
		if (is_space(*s) || !*s)
			return s;
	return NULL;
}

/* Cut the line into name and argument (NULL when there is none). */
static int parse(char *head, char **name, char **arg)
{
	char *limit = head + EXEC_HEAD - 1, *end, *sep;

	end = memchr(head, '\n', EXEC_HEAD);
	if (!end) {
		/* Too long: fine if at least the name is complete. */
		end = skip_spaces(head + 2, limit);
		if (!end || !find_end(end, limit))
			return -ENOEXEC;
		end = limit;
	}
	while (is_space(end[-1]))
		end--;
	*name = skip_spaces(head + 2, end);
	if (!*name || !**name)
		return -ENOEXEC;
	*arg = NULL;
	sep = find_end(*name, end);
	if (sep && *sep)
		*arg = skip_spaces(sep, end);
	*end = '\0';
	if (sep)
		*sep = '\0';
	return 0;
}

int script_load(struct exec *x)
{
	char *name, *arg, *script;
	struct file *f;
	int err;

	if (x->head[0] != '#' || x->head[1] != '!')
		return -ENOEXEC;
	err = parse(x->head, &name, &arg);
	if (err)
		return -ENOEXEC;
	if (x->inaccessible)
		return -ENOENT;
	/* The first script is argv[0]'s successor; a nested one is already there, as its outer script's interpreter. */
	script = x->prefix_count ? NULL : x->filename;
	err = script ? exec_push_front(x, script) : 0;
	if (!err && arg)
		err = exec_push_front(x, arg);
	if (!err)
		err = exec_push_front(x, name);
	if (err)
		return err;
	f = exec_open(name);
	if (IS_ERR(f))
		return PTR_ERR(f);
	file_put(x->file);
	x->file = f;
	return 0;
}
