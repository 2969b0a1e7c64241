// SPDX-License-Identifier: BSD-2-Clause
/* Rows about sockets. A kernel without them says so by errno. */
#define _GNU_SOURCE
#include "bench.h"
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2] = { -1, -1 };
static bool check_stream(void)
{
	char c = 'x';

	if (pair[0] < 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return false;
	return write(pair[1], &c, 1) == 1 && read(pair[0], &c, 1) == 1;
}
static void run_stream(long n)
{
	char c = 'x';

	while (n--) {
		write(pair[1], &c, 1);
		read(pair[0], &c, 1);
	}
}

static bool play(long n)
{
	int ends[2], status;
	char c = 'x';
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return false;
	pid = fork();
	if (!pid) {
		while (n-- && read(ends[1], &c, 1) == 1 && write(ends[1], &c, 1) == 1)
			;
		_exit(0);
	}
	for (long i = 0; i < n; i++)
		if (write(ends[0], &c, 1) != 1 || read(ends[0], &c, 1) != 1)
			return false;
	close(ends[0]);
	close(ends[1]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}
static bool check_play(void) { return play(10); }
static void run_play(long n) { play(n); }

const struct op socket_ops[] = {
	{ "unix_1", 5000, check_stream, run_stream },
	{ "unix_pingpong", 2000, check_play, run_play },
	{ 0 },
};
