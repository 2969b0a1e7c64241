/* SPDX-License-Identifier: BSD-2-Clause */
/* Device interrupts: handlers by line. core/drivers/irq.c. Handlers run with interrupts off. */
#ifndef JANUS_IRQ_H
#define JANUS_IRQ_H

#include <arch/irq.h>
#include <janus/types.h>

/* Install and unmask. The line may be shared: each handler says whether it was its device. 0 or -EBUSY, -EINVAL. */
int request_irq(unsigned irq, bool (*handler)(void *arg), void *arg, const char *name);
const char *irq_name(unsigned irq);	/* of the last handler, or NULL */
u64 irq_count(unsigned irq, unsigned cpu);	/* for /proc/interrupts */

#endif
