// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a C library does of itself at start and end: arguments, environment, allocation, formatted numbers,
 * sorting, thread-local storage, functions at exit.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

static __thread int local = 41;

static void bye(void)
{
	printf("bye\n");
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int main(int argc, char **argv)
{
	int numbers[] = { 5, 3, 9, -1, 7 };
	struct tm when;
	time_t day = 86400 * 365;
	char *big, text[64];

	atexit(bye);
	for (int i = 1; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	printf("environment: %s\n", getenv("GREETING") ? getenv("GREETING") : "(none)");
	big = malloc(4 << 20);
	memset(big, 'x', 4 << 20);
	big = realloc(big, 8 << 20);
	printf("memory: %c%c\n", big[0], big[(4 << 20) - 1]);
	free(big);
	qsort(numbers, 5, sizeof(numbers[0]), by_value);
	printf("sorted: %d %d %d %d %d\n", numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
	printf("floating point: %.6f %g %a\n", sqrt(2.0 * atoi("1")), 1e100 / 3, 0.1);
	printf("thread-local: %d\n", ++local);
	gmtime_r(&day, &when);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &when);
	printf("time: %s\n", text);
	printf("page size: %ld, auxv says %ld\n", sysconf(_SC_PAGESIZE), (long)getauxval(AT_PAGESZ));
	printf("random bytes at start: %s\n", getauxval(AT_RANDOM) ? "yes" : "no");
	errno = ENOENT;
	printf("error: %d\n", access("/nothing/here", F_OK) == -1 ? errno : 0);
	printf("a terminal: %s\n", isatty(1) ? "yes" : "no");
	return 3;
}
