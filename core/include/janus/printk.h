/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel messages. Any context; interrupts are held off while a line goes to the log. Lines start
 * with a level: printk(KERN_INFO "..."). The log is a ring that syslog(2) reads; lines at or above the
 * console level also go to the console ("quiet" and "loglevel=N" on the command line).
 */
#ifndef JANUS_PRINTK_H
#define JANUS_PRINTK_H

#include <janus/types.h>
#include <stdarg.h>

#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"

int printk(const char *fmt, ...) __printf(1, 2);

/* C99 formats without floating point; also %pS: symbol+offset of a kernel address. */
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
/* As snprintf, but returns what was written (never more than size - 1). */
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* Stop the machine with a message, a backtrace and the last system calls. Any context. */
void panic(const char *fmt, ...) __noreturn __printf(1, 2);
struct thread;
/* shows t's stack, not the caller's */
void panic_about(struct thread *t, const char *fmt, ...) __noreturn __printf(2, 3);

#define BUG_ON(cond) \
	do { if (unlikely(cond)) panic("%s:%d: %s: assertion failed: !(%s)", __FILE__, __LINE__, __func__, #cond); } while (0)
#define WARN_ON(cond) \
	({ bool _w = !!(cond); if (unlikely(_w)) printk(KERN_WARNING "%s:%d: %s: warning: %s\n", __FILE__, __LINE__, __func__, #cond); _w; })

#endif
