/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of pure core code on the build machine, under ASan and UBSan.
 *
 * A test file includes this and the core's headers, and is linked with the core file that it is
 * about.  `UNIT(name)` defines a test; main() runs all of them and prints TAP.  The C library's own
 * headers are not included, since the core's types bear the same names.
 */
#ifndef UNIT_H
#define UNIT_H

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

void unit_register(struct unit_test *test);
void unit_fail(const char *file, int line, const char *what);

#define UNIT(title)                                                                        \
	static void unit_##title(void);                                                    \
	static struct unit_test test_##title = { #title, unit_##title, 0 };                \
	__attribute__((constructor)) static void register_##title(void)                    \
	{                                                                                  \
		unit_register(&test_##title);                                              \
	}                                                                                  \
	static void unit_##title(void)

/* A check that failed is told, and the test goes on. */
#define CHECK(condition)                                             \
	do {                                                         \
		if (!(condition))                                    \
			unit_fail(__FILE__, __LINE__, #condition);   \
	} while (0)

#endif
