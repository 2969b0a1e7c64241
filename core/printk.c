// SPDX-License-Identifier: BSD-2-Clause
/*
 * Kernel messages: a ring of bytes that syslog(2) and /dev/kmsg read, and the console.
 *
 * One lock covers the ring and the console, taken with interrupts off, so that lines of several CPUs do not
 * mix. During a panic the lock is ignored: its holder may be the one that died.
 */
#include <arch/boot.h>
#include <janus/cmdline.h>
#include <janus/lock.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/syslog.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <janus/uaccess.h>
#include <janus/wait.h>
#include <generated/syscalls.h>
#include <uapi/capability.h>

#define LOG_SIZE 32768u		/* bytes; a power of two */
#define LINE_MAX 512
#define DEFAULT_LEVEL 4

static spinlock_t log_lock = SPINLOCK_INIT;
static char log[LOG_SIZE];		/* [log_lock] */
static u64 log_end;			/* [log_lock] bytes ever written */
static u64 log_read;			/* [log_lock] where SYSLOG_ACTION_READ goes on */
static u64 log_clear;			/* [log_lock] where SYSLOG_ACTION_READ_ALL starts */
static bool line_open;			/* [log_lock] the last message had no newline */
static int console_level = 7;		/* messages below this level are shown */
static bool panicking;
static struct wait_queue log_wait = WAIT_QUEUE_INIT(log_wait);

static void console_putc_default(const char *s, size_t n)
{
	while (n--) {
		if (*s == '\n')
			arch_early_putc('\r');
		arch_early_putc(*s++);
	}
}

static void (*console_write)(const char *s, size_t n) = console_putc_default;

void register_console(void (*write)(const char *s, size_t n))
{
	console_write = write;
}

void printk_init(void)
{
	const char *level = cmdline_get("loglevel");

	if (cmdline_has("quiet"))
		console_level = DEFAULT_LEVEL;
	if (level && *level)
		console_level = (int)strtoull(level, NULL, 10);
	if (cmdline_has("debug"))
		console_level = 8;
}

void printk_panic_mode(void)
{
	panicking = true;
	lockcheck_off();
	console_level = 8;
}

static void log_bytes(const char *s, size_t n)
{
	while (n--)
		log[log_end++ % LOG_SIZE] = *s++;
	if (log_end - log_read > LOG_SIZE)
		log_read = log_end - LOG_SIZE;
	if (log_end - log_clear > LOG_SIZE)
		log_clear = log_end - LOG_SIZE;
}

/* One message, level stripped, to the ring (with level and time at a line's start) and the console. */
static void emit(int level, const char *s, size_t n)
{
	bool show = level < console_level;
	char prefix[32];

	if (!line_open) {
		u64 us = clock_monotonic() / NSEC_PER_USEC;
		int len = scnprintf(prefix, sizeof(prefix), "<%d>[%5llu.%06llu] ", level,
				    (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));

		log_bytes(prefix, (size_t)len);
		if (show)
			console_write(prefix + 3, (size_t)len - 3);
	}
	log_bytes(s, n);
	if (show)
		console_write(s, n);
	line_open = !n || s[n - 1] != '\n';
}

static int vprintk(const char *fmt, va_list ap)
{
	char line[LINE_MAX];
	int n = vsnprintf(line, sizeof(line), fmt, ap), level = DEFAULT_LEVEL;
	const char *s = line;
	struct irqflags flags;

	n = min(n, (int)sizeof(line) - 1);
	if (n >= 2 && line[0] == KERN_SOH[0] && line[1] >= '0' && line[1] <= '7') {
		level = line[1] - '0';
		s += 2;
		n -= 2;
	}
	flags = arch_local_irq_save();
	if (!panicking)
		spin_lock(&log_lock);
	emit(level, s, (size_t)n);
	if (!panicking)
		spin_unlock(&log_lock);
	arch_local_irq_restore(flags);
	return n;
}

int printk(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintk(fmt, ap);
	va_end(ap);
	return n;
}

/* Copy [from, log_end) of the ring, at most size bytes, into a kernel buffer; where it stopped. */
static u64 log_copy(u64 from, char *buf, size_t size, size_t *copied)
{
	struct irqflags flags = spin_lock_irqsave(&log_lock);
	size_t n = 0;

	if (log_end - from > LOG_SIZE)
		from = log_end - LOG_SIZE;
	while (n < size && from < log_end)
		buf[n++] = log[from++ % LOG_SIZE];
	spin_unlock_irqrestore(&log_lock, flags);
	*copied = n;
	return from;
}

static long read_log(u64 from, uaddr_t buf, size_t len, u64 *stopped)
{
	char *copy = kmalloc(LOG_SIZE, GFP_KERNEL);
	size_t n;
	u64 end;

	if (!copy)
		return -ENOMEM;
	end = log_copy(from, copy, min(len, (size_t)LOG_SIZE), &n);
	if (copy_to_user(buf, copy, n))
		end = 0;
	kfree(copy);
	if (!end && n)
		return -EFAULT;
	*stopped = end;
	return (long)n;
}

static long read_new(uaddr_t buf, size_t len)
{
	u64 end = 0;
	long n;

	n = wait_event_interruptible(&log_wait, READ_ONCE(log_read) != READ_ONCE(log_end));
	if (n)
		return n;
	n = read_log(READ_ONCE(log_read), buf, len, &end);
	if (n >= 0)
		WRITE_ONCE(log_read, end);
	return n;
}

/* Where the first line that begins at `from` or behind it begins. */
static u64 line_start(u64 from)
{
	struct irqflags flags = spin_lock_irqsave(&log_lock);

	if (log_end - from > LOG_SIZE)
		from = log_end - LOG_SIZE;
	while (from && from < log_end && log[(from - 1) % LOG_SIZE] != '\n')
		from++;
	spin_unlock_irqrestore(&log_lock, flags);
	return from;
}

static long read_all(uaddr_t buf, size_t len, bool clear)
{
	u64 end, start = READ_ONCE(log_clear), first = log_end > LOG_SIZE ? log_end - LOG_SIZE : 0;
	long n;

	start = max(start, first);
	if (log_end - start > len)
		start = log_end - len;	/* the newest that fit */
	n = read_log(line_start(start), buf, len, &end);
	if (clear && n >= 0)
		WRITE_ONCE(log_clear, end);
	return n;
}

long sys_syslog(int type, uaddr_t buf, int len)
{
	bool reads = type == 2 || type == 3 || type == 4;

	/* Debian's kernel.dmesg_restrict: reading is a privilege, too. */
	if (!capable(CAP_SYSLOG) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (reads && (!buf || len < 0))
		return -EINVAL;
	if (reads && !len)
		return 0;
	if (reads && !access_ok(buf, (size_t)len))
		return -EFAULT;
	switch (type) {
	case 0:		/* close */
	case 1:		/* open */
		return 0;
	case 2:
		return read_new(buf, (size_t)len);
	case 3:
	case 4:
		return read_all(buf, (size_t)len, type == 4);
	case 5:		/* clear */
		WRITE_ONCE(log_clear, READ_ONCE(log_end));
		return 0;
	case 6:		/* console off */
		console_level = 1;
		return 0;
	case 7:		/* console on */
		console_level = 7;
		return 0;
	case 8:
		if (len < 1 || len > 8)
			return -EINVAL;
		console_level = len;
		return 0;
	case 9:
		return (long)(READ_ONCE(log_end) - READ_ONCE(log_read));
	case 10:
		return LOG_SIZE;
	default:
		return -EINVAL;
	}
}
