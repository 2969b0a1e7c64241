/* SPDX-License-Identifier: BSD-2-Clause */
/* Behind printk: the console it goes to, and its mode in a panic. core/printk.c. */
#ifndef JANUS_SYSLOG_H
#define JANUS_SYSLOG_H

#include <janus/types.h>

/* From now on the console is this; called with interrupts off, under the log's lock, never sleeping.
 * Until then it is arch_early_putc(). */
void register_console(void (*write)(const char *s, size_t n));
void printk_init(void);		/* the command line is parsed: quiet, loglevel= */
void printk_panic_mode(void);	/* no lock, every level */

#endif
