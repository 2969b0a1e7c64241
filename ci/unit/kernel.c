// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the core's code asks of a kernel when it runs without one: memory from the C library, and a
 * grace period that is over at once.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel.h"

struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

/* Allocations that are still to succeed; below 0: all do. */
int unit_allocations = -1;
int unit_in_use;

void *kmalloc(size_t size, unsigned int gfp)
{
	(void)gfp;
	if (unit_allocations == 0)
		return NULL;
	if (unit_allocations > 0)
		unit_allocations--;
	unit_in_use++;
	return calloc(1, size);
}

void kfree(const void *object)
{
	unit_in_use -= object != NULL;
	free((void *)object);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	func(head);
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	abort();
}
