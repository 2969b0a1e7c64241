// SPDX-License-Identifier: BSD-2-Clause
/*
 * Results by name, and a program of calls printed as C that a person can read and compile.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

const char *result_name(long result)
{
	static const char *const names[] = {
		[EPERM] = "EPERM", [ENOENT] = "ENOENT", [ESRCH] = "ESRCH", [EINTR] = "EINTR",
		[EIO] = "EIO", [ENXIO] = "ENXIO", [E2BIG] = "E2BIG", [ENOEXEC] = "ENOEXEC",
		[EBADF] = "EBADF", [ECHILD] = "ECHILD", [EAGAIN] = "EAGAIN", [ENOMEM] = "ENOMEM",
		[EACCES] = "EACCES", [EFAULT] = "EFAULT", [EBUSY] = "EBUSY", [EEXIST] = "EEXIST",
		[EXDEV] = "EXDEV", [ENODEV] = "ENODEV", [ENOTDIR] = "ENOTDIR", [EISDIR] = "EISDIR",
		[EINVAL] = "EINVAL", [ENFILE] = "ENFILE", [EMFILE] = "EMFILE", [ENOTTY] = "ENOTTY",
		[ETXTBSY] = "ETXTBSY", [EFBIG] = "EFBIG", [ENOSPC] = "ENOSPC", [ESPIPE] = "ESPIPE",
		[EROFS] = "EROFS", [EMLINK] = "EMLINK", [EPIPE] = "EPIPE", [ERANGE] = "ERANGE",
		[ENAMETOOLONG] = "ENAMETOOLONG", [ENOSYS] = "ENOSYS", [ENOTEMPTY] = "ENOTEMPTY",
		[ELOOP] = "ELOOP", [EOPNOTSUPP] = "EOPNOTSUPP", [EOVERFLOW] = "EOVERFLOW",
		[ENOTSOCK] = "ENOTSOCK", [ETIMEDOUT] = "ETIMEDOUT", [ENODATA] = "ENODATA",
	};
	static char number[24];
	size_t count = sizeof(names) / sizeof(names[0]);

	if (result < 0 && result > -(long)count && names[-result])
		return names[-result];
	snprintf(number, sizeof(number), "%ld", result);
	return number;
}

static void print_bytes(const struct step_memory *m)
{
	putchar('"');
	for (int i = 0; i < m->length; i++)
		if (isprint(m->bytes[i]) && m->bytes[i] != '"' && m->bytes[i] != '\\')
			putchar(m->bytes[i]);
		else if (i != m->length - 1 || m->bytes[i])
			printf("\\%03o", m->bytes[i]);
	putchar('"');
}

static void print_argument(const struct step *step, int i)
{
	static const char *const places[] = { "", "NULL", "(void *)16", "KERNEL", "READ_ONLY", "EDGE" };
	const struct arg *arg = &step->call->args[i];

	if (arg->kind == K_ADDR)
		printf("zone + 0x%lx", step->value[i]);
	else if (!is_memory(arg))
		printf(arg->kind == K_MODE ? "0%lo" : "%ld", step->value[i]);
	else if (step->value[i] != PLACE_GOOD)
		printf("/* %s */ %s", arg->name, places[step->value[i]]);
	else if (arg->direction == OUT)
		printf("%s", arg->name);
	else
		print_bytes(&step->memory[i]);
}

void program_print(const struct program *program)
{
	for (int n = 0; n < program->steps; n++) {
		const struct step *step = &program->step[n];

		printf("\tsyscall(SYS_%s", step->call->name);
		for (int i = 0; i < step->call->nargs; i++) {
			printf(", ");
			print_argument(step, i);
		}
		printf(");\t/* %d */\n", n);
	}
}
