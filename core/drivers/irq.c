// SPDX-License-Identifier: BSD-2-Clause
/*
 * Device interrupts: which handlers belong to a line. Handlers are installed at boot and stay.
 */
#include <janus/cpu.h>
#include <janus/entry.h>
#include <janus/irq.h>
#include <janus/printk.h>
#include <janus/slab.h>
#include <uapi/errno.h>

#define UNHANDLED_LIMIT 10000	/* now and then a device takes its interrupt back in time */

struct irq_action {
	struct irq_action *next;	/* [const once published] */
	bool (*handler)(void *arg);
	void *arg;
	const char *name;
};

/* A line in use. */
struct irq_line {
	struct irq_action *actions;	/* read by interrupts without a lock: only ever grows at the head */
	u64 counts[NR_CPUS];		/* [own CPU, interrupts off] */
	u64 unhandled;			/* nobody's interrupt */
};

static struct irq_line *lines[ARCH_NR_IRQS];	/* [request_lock to write] */
static spinlock_t request_lock = SPINLOCK_INIT;

int request_irq(unsigned irq, bool (*handler)(void *arg), void *arg, const char *name)
{
	struct irq_action *action;
	struct irq_line *line;
	struct irqflags flags;

	if (irq >= ARCH_NR_IRQS)
		return -EINVAL;
	action = kmalloc(sizeof(*action), GFP_KERNEL);
	line = kzalloc(sizeof(*line), GFP_KERNEL);
	if (!action || !line) {
		kfree(action);
		kfree(line);
		return -ENOMEM;
	}
	flags = spin_lock_irqsave(&request_lock);
	if (!lines[irq]) {
		__atomic_store_n(&lines[irq], line, __ATOMIC_RELEASE);
		line = NULL;
	}
	*action = (struct irq_action){ lines[irq]->actions, handler, arg, name };
	__atomic_store_n(&lines[irq]->actions, action, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(&request_lock, flags);
	kfree(line);
	arch_irq_unmask(irq);
	return 0;
}

void irq_dispatch(unsigned irq)
{
	struct irq_line *line = irq < ARCH_NR_IRQS ? __atomic_load_n(&lines[irq], __ATOMIC_ACQUIRE) : NULL;
	bool handled = false;

	irq_enter();
	if (line) {
		line->counts[this_cpu_id()]++;
		for (struct irq_action *a = __atomic_load_n(&line->actions, __ATOMIC_ACQUIRE); a; a = a->next)
			handled |= a->handler(a->arg);
		if (!handled && ++line->unhandled == UNHANDLED_LIMIT)
			printk(KERN_WARNING "irq %u: nobody wants its interrupts\n", irq);
	} else {
		printk(KERN_WARNING "irq %u: no handler\n", irq);
	}
	irq_exit();
}

const char *irq_name(unsigned irq)
{
	struct irq_line *line = irq < ARCH_NR_IRQS ? __atomic_load_n(&lines[irq], __ATOMIC_ACQUIRE) : NULL;
	struct irq_action *a = line ? __atomic_load_n(&line->actions, __ATOMIC_ACQUIRE) : NULL;

	return a ? a->name : NULL;
}

u64 irq_count(unsigned irq, unsigned cpu)
{
	struct irq_line *line = irq < ARCH_NR_IRQS ? READ_ONCE(lines[irq]) : NULL;

	return line ? READ_ONCE(line->counts[cpu]) : 0;
}
