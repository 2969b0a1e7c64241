// SPDX-License-Identifier: BSD-2-Clause
/*
 * The checks: each compares, and on a difference prints one line of where, what was expected and
 * what came (with the errno's name when the result was -1), and counts the failure.
 */
#include <stdarg.h>

#include "harness.h"

static const struct {
	int value;
	const char *name;
} errno_names[] = {
#define E(name) { name, #name }
	E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC), E(EBADF),
	E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(ENOTBLK), E(EBUSY), E(EEXIST),
	E(EXDEV), E(ENODEV), E(ENOTDIR), E(EISDIR), E(EINVAL), E(ENFILE), E(EMFILE), E(ENOTTY),
	E(ETXTBSY), E(EFBIG), E(ENOSPC), E(ESPIPE), E(EROFS), E(EMLINK), E(EPIPE), E(EDOM),
	E(ERANGE), E(EDEADLK), E(ENAMETOOLONG), E(ENOLCK), E(ENOSYS), E(ENOTEMPTY), E(ELOOP),
	E(ENOTSOCK), E(EOPNOTSUPP), E(EAFNOSUPPORT), E(EADDRINUSE), E(ENOTCONN), E(EISCONN),
	E(ECONNREFUSED), E(ETIMEDOUT), E(EALREADY), E(EINPROGRESS), E(EOVERFLOW), E(EPROTO),
	E(EOWNERDEAD), E(ENOTRECOVERABLE), E(ECANCELED), E(ENODATA), E(ECONNRESET), E(EDESTADDRREQ),
	E(EMSGSIZE), E(EPROTOTYPE), E(ENOPROTOOPT), E(EPROTONOSUPPORT), E(ENOBUFS), E(EUSERS),
	E(ESTALE), E(EDQUOT), E(EILSEQ), E(EBADMSG), E(ENOMSG), E(EIDRM), E(EADDRNOTAVAIL),
#undef E
};

const char *ktap_errno_name(int err)
{
	static char other[24];

	for (size_t i = 0; i < sizeof(errno_names) / sizeof(errno_names[0]); i++)
		if (errno_names[i].value == err)
			return errno_names[i].name;
	snprintf(other, sizeof(other), "errno %d", err);
	return other;
}

void ktap_note(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ktap_print("# %s\n", text);
}

static void fail(const struct ktap_at *at, const char *format, ...)
{
	const char *file = strrchr(at->file, '/');
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	__atomic_fetch_add(&ktap_state->failures, 1, __ATOMIC_SEQ_CST);
	ktap_print("# %s:%d: %s: %s\n", file ? file + 1 : at->file, at->line, at->text, text);
	if (at->fatal)
		_exit(1);
}

long ktap_eq(const struct ktap_at *at, long got, long want)
{
	int err = errno;

	if (got != want)
		fail(at, "expected %ld (0x%lx), got %ld (0x%lx)%s%s", want, want, got, got,
		     got == -1 ? " " : "", got == -1 ? ktap_errno_name(err) : "");
	return got;
}

long ktap_ne(const struct ktap_at *at, long got, long other)
{
	if (got == other)
		fail(at, "expected anything but %ld (0x%lx)", other, other);
	return got;
}

long ktap_in(const struct ktap_at *at, long got, long lo, long hi)
{
	int err = errno;

	if (got < lo || got > hi)
		fail(at, "expected %ld..%ld, got %ld%s%s", lo, hi, got,
		     got == -1 ? " " : "", got == -1 ? ktap_errno_name(err) : "");
	return got;
}

long ktap_ok(const struct ktap_at *at, long got)
{
	int err = errno;

	if (got == -1)
		fail(at, "expected success, got %s", ktap_errno_name(err));
	return got;
}

void ktap_errno(const struct ktap_at *at, long got, int want)
{
	int err = errno;

	if (got != -1)
		fail(at, "expected %s, got %ld", ktap_errno_name(want), got);
	else if (err != want) {
		char name[24];

		snprintf(name, sizeof(name), "%s", ktap_errno_name(want));
		fail(at, "expected %s, got %s", name, ktap_errno_name(err));
	}
}

long ktap_raw(const struct ktap_at *at, long got, long want)
{
	char name[32] = "";

	if (got == want)
		return got;
	if (want < 0 && want > -4096)
		snprintf(name, sizeof(name), " %s", ktap_errno_name(-want));
	fail(at, "expected %ld%s, got %ld%s%s", want, name, got,
	     got < 0 && got > -4096 ? " " : "",
	     got < 0 && got > -4096 ? ktap_errno_name(-got) : "");
	return got;
}

bool ktap_true(const struct ktap_at *at, bool got)
{
	if (!got)
		fail(at, "expected true");
	return got;
}

void ktap_streq(const struct ktap_at *at, const char *got, const char *want)
{
	if (!got || strcmp(got, want))
		fail(at, "expected \"%s\", got \"%s\"", want, got ? got : "(null)");
}

void ktap_memeq(const struct ktap_at *at, const void *got, const void *want, size_t n)
{
	const unsigned char *g = got, *w = want;

	for (size_t i = 0; i < n; i++)
		if (g[i] != w[i]) {
			fail(at, "byte %zu of %zu: expected 0x%02x, got 0x%02x", i, n, w[i], g[i]);
			return;
		}
}

static bool reap(const struct ktap_at *at, pid_t pid, int *status)
{
	pid_t got;

	do {
		got = waitpid(pid, status, 0);
	} while (got < 0 && errno == EINTR);
	if (got == pid)
		return true;
	fail(at, "waitpid(%d) gave %d (%s)", pid, got, ktap_errno_name(errno));
	return false;
}

static void describe(const struct ktap_at *at, const char *want, int status)
{
	if (WIFSIGNALED(status))
		fail(at, "expected %s, was killed by %s", want, strsignal(WTERMSIG(status)));
	else
		fail(at, "expected %s, exited with %d", want, WEXITSTATUS(status));
}

void ktap_exit(const struct ktap_at *at, pid_t pid, int code)
{
	char want[32];
	int status;

	snprintf(want, sizeof(want), "exit %d", code);
	if (reap(at, pid, &status) && (!WIFEXITED(status) || WEXITSTATUS(status) != code))
		describe(at, want, status);
}

void ktap_killed(const struct ktap_at *at, pid_t pid, int sig)
{
	char want[64];
	int status;

	snprintf(want, sizeof(want), "death by %s", strsignal(sig));
	if (reap(at, pid, &status) && (!WIFSIGNALED(status) || WTERMSIG(status) != sig))
		describe(at, want, status);
}
