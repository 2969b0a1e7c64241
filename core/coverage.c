// SPDX-License-Identifier: BSD-2-Clause
/*
 * Coverage builds: as the machine stops, what gcov counted goes out on the console, from where ci/janus/coverage.py
 * takes it. gcc lists its counters in a section of the image (-fprofile-info-section), and its libgcov turns each
 * file's into the bytes of a .gcda file; here they become text:
 *
 *     #coverage file NAME.gcda
 *     #coverage BASE64...
 *     #coverage end
 *
 * A file's counters are read before any of its bytes is printed, since printing counts too; and nothing here is
 * counted. Source: gcc's manual, "Profiling and Test Coverage in Freestanding Environments".
 */
#include <gcov.h>
#include <janus/coverage.h>
#include <janus/printk.h>
#include <janus/types.h>

#define LINE_BYTES 180u		/* that one line of text holds; a multiple of three */
#define UNCOUNTED __attribute__((no_profile_instrument_function))

static u8 bytes[1 << 16];	/* the .gcda file of the source file that it is the turn of */
static unsigned filled;

/* What libgcov and gcc's tables name and a report of counters never calls: merging is the host's. */
void __gcov_merge_add(void *counters, unsigned n);
void *mmap(void);
void abort(void);

UNCOUNTED void __gcov_merge_add(void *counters, unsigned n)
{
	panic("coverage: %u counters to merge at %p", n, counters);
}

UNCOUNTED void *mmap(void)
{
	panic("coverage: libgcov wants memory");
}

UNCOUNTED void abort(void)
{
	panic("coverage: libgcov gives up");
}

UNCOUNTED static void print_base64(const u8 *from, unsigned n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[LINE_BYTES / 3 * 4 + 1], *to = text;

	for (unsigned i = 0; i < n; i += 3) {
		unsigned left = n - i;
		u32 three = (u32)from[i] << 16 | (left > 1 ? from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);

		*to++ = digits[three >> 18];
		*to++ = digits[three >> 12 & 63];
		*to++ = left > 1 ? digits[three >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[three & 63] : '=';
	}
	*to = '\0';
	printk(KERN_EMERG "#coverage %s\n", text);
}

UNCOUNTED static void keep_name(const char *name, void *arg)
{
	*(const char **)arg = name;
}

UNCOUNTED static void keep_bytes(const void *data, unsigned n, void *arg)
{
	const u8 *from = data;

	(void)arg;
	for (; n && filled < sizeof(bytes); n--)
		bytes[filled++] = *from++;
}

/* Only counters of values are kept in lists, and there are none. */
UNCOUNTED static void *no_memory(unsigned size, void *arg)
{
	(void)size;
	(void)arg;
	return NULL;
}

UNCOUNTED void coverage_report(void)
{
	extern const struct gcov_info *const __gcov_info_start[], *const __gcov_info_end[];
	const char *name;

	for (const struct gcov_info *const *info = __gcov_info_start; info < __gcov_info_end; info++) {
		filled = 0;
		__gcov_info_to_gcda(*info, keep_name, keep_bytes, no_memory, &name);
		if (filled == sizeof(bytes)) {
			printk(KERN_EMERG "#coverage of %s is too long\n", name);
			return;
		}
		printk(KERN_EMERG "#coverage file %s\n", name);
		for (unsigned at = 0; at < filled; at += LINE_BYTES)
			print_base64(bytes + at, min(LINE_BYTES, filled - at));
	}
	printk(KERN_EMERG "#coverage end\n");
}
