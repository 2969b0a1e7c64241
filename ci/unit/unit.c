// SPDX-License-Identifier: BSD-2-Clause
/*
 * The runner of unit tests: TAP on standard output.
 */
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static struct unit_test *first, **last = &first;
static int failures;

void unit_register(struct unit_test *test)
{
	*last = test;
	last = &test->next;
}

void unit_fail(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	failures++;
}

int main(void)
{
	int number = 0, failed = 0, count = 0;

	for (struct unit_test *test = first; test; test = test->next)
		count++;
	printf("1..%d\n", count);
	for (struct unit_test *test = first; test; test = test->next) {
		failures = 0;
		test->run();
		printf("%s %d - %s\n", failures ? "not ok" : "ok", ++number, test->name);
		fflush(stdout);
		failed += failures != 0;
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
