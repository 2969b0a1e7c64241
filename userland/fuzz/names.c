// SPDX-License-Identifier: BSD-2-Clause
/*
 * Results of calls by name.
 */
#include <stdio.h>

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
		[EDESTADDRREQ] = "EDESTADDRREQ", [EMSGSIZE] = "EMSGSIZE", [EPROTOTYPE] = "EPROTOTYPE",
		[ENOPROTOOPT] = "ENOPROTOOPT", [EPROTONOSUPPORT] = "EPROTONOSUPPORT", [ECONNREFUSED] = "ECONNREFUSED",
		[ESOCKTNOSUPPORT] = "ESOCKTNOSUPPORT", [EAFNOSUPPORT] = "EAFNOSUPPORT", [EADDRINUSE] = "EADDRINUSE",
		[EISCONN] = "EISCONN", [ENOTCONN] = "ENOTCONN", [ECONNRESET] = "ECONNRESET", [EALREADY] = "EALREADY",
		[EDEADLK] = "EDEADLK", [ENOTBLK] = "ENOTBLK", [ETOOMANYREFS] = "ETOOMANYREFS", [EDOM] = "EDOM",
	};
	static char number[24];
	size_t count = sizeof(names) / sizeof(names[0]);

	if (result < 0 && result > -(long)count && names[-result])
		return names[-result];
	if (result == STILL_WAITS || result == IS_BUSY || result == IS_GONE)
		return result == STILL_WAITS ? "(it waits)" : result == IS_BUSY ? "(busy)" : "(gone)";
	snprintf(number, sizeof(number), "%ld", result);
	return number;
}
