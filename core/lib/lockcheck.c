// SPDX-License-Identifier: BSD-2-Clause
/*
 * The lock checker. Each CPU keeps a list of the spinlocks it holds. Taking B while A is held is an edge from A's
 * class to B's; when the edge the other way was ever seen, on whatever CPU, the two orders can deadlock, and
 * the checker says so with the four places. The same for a lock that an interrupt handler takes and that
 * others take with interrupts on, and for sleeping with a lock held.
 *
 * Only debug builds have this; see lockcheck.h.
 */
#ifdef CONFIG_DEBUG

#include <arch/irqflags.h>
#include <janus/cpu.h>
#include <janus/lock.h>
#include <janus/printk.h>

#define MAX_HELD 24
#define MAX_CLASSES 128
#define HANG_TURNS 2000000000ull	/* of a spin loop: somebody died with the lock */

enum class_flags { TAKEN_IN_IRQ = 1, TAKEN_IRQS_ON = 2 };

struct held {
	const void *lock;
	struct lock_class *class;	/* NULL: of no class, order is not looked at */
	unsigned long site;
};

/* Own CPU's only, interrupts off. */
static struct held_list {
	struct held held[MAX_HELD];
	unsigned n;
} held_lists[NR_CPUS];

static u32 nr_classes;					/* [atomic] */
static unsigned long edges[MAX_CLASSES][MAX_CLASSES];	/* [atomic] where the second was taken; 0: never */
static bool off, booted;

static u32 class_id(struct lock_class *class)
{
	u32 id = __atomic_load_n(&class->id, __ATOMIC_ACQUIRE), fresh, none = 0;

	if (id)
		return id;
	fresh = __atomic_add_fetch(&nr_classes, 1, __ATOMIC_RELAXED);
	if (fresh >= MAX_CLASSES)
		return 0;
	/* Two CPUs may come at once: the loser's number stays unused. */
	if (__atomic_compare_exchange_n(&class->id, &none, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return fresh;
	return none;
}

static void check_order(const struct held *before, struct lock_class *class, unsigned long site)
{
	u32 a = before->class ? class_id(before->class) : 0, b = class_id(class);

	if (!a || !b || a == b)
		return;
	if (edges[b][a]) {
		off = true;
		panic("lock order: '%s' is taken at %pS while '%s' is held since %pS; elsewhere, at %pS, "
		      "it is the other way round",
		      class->name, (void *)site, before->class->name, (void *)before->site, (void *)edges[b][a]);
	}
	WRITE_ONCE(edges[a][b], site);
}

static void check_irqs(struct lock_class *class, unsigned long site, bool irqs_off)
{
	u32 flag = this_cpu()->irq_depth ? TAKEN_IN_IRQ : irqs_off ? 0 : TAKEN_IRQS_ON;
	u32 flags = __atomic_or_fetch(&class->flags, flag, __ATOMIC_RELAXED);

	if ((flags & TAKEN_IN_IRQ) && (flags & TAKEN_IRQS_ON)) {
		off = true;
		panic("lock '%s', taken at %pS, is taken by interrupt handlers and with interrupts on", class->name,
		      (void *)site);
	}
}

void lockcheck_acquire(const void *lock, struct lock_class *class, unsigned long site)
{
	bool irqs_off = arch_irqs_disabled();
	struct irqflags flags;
	struct held_list *list;

	if (off)
		return;
	flags = arch_local_irq_save();
	list = &held_lists[this_cpu_id()];
	for (unsigned i = 0; i < list->n; i++) {
		if (list->held[i].lock == lock) {
			off = true;
			panic("deadlock: the lock taken at %pS is held by this CPU since %pS", (void *)site,
			      (void *)list->held[i].site);
		}
		if (class)
			check_order(&list->held[i], class, site);
	}
	if (class)
		check_irqs(class, site, irqs_off);
	if (list->n == MAX_HELD)
		panic("%u spinlocks held at %pS", list->n, (void *)site);
	list->held[list->n++] = (struct held){ lock, class, site };
	arch_local_irq_restore(flags);
}

void lockcheck_release(const void *lock)
{
	struct irqflags flags;
	struct held_list *list;
	unsigned i;

	if (off)
		return;
	flags = arch_local_irq_save();
	list = &held_lists[this_cpu_id()];
	for (i = list->n; i-- > 0;)
		if (list->held[i].lock == lock)
			break;
	if (i >= list->n) {
		off = true;
		panic("a spinlock is released at %pS that this CPU does not hold", __builtin_return_address(0));
	}
	for (list->n--; i < list->n; i++)
		list->held[i] = list->held[i + 1];
	arch_local_irq_restore(flags);
}

void might_sleep(void)
{
	struct irqflags flags;
	struct held_list *list;

	if (off || !booted || this_cpu()->nofault)
		return;
	flags = arch_local_irq_save();
	list = &held_lists[this_cpu_id()];
	if (list->n) {
		off = true;
		panic("sleeping in %pS with the lock held that was taken at %pS", __builtin_return_address(0),
		      (void *)list->held[list->n - 1].site);
	}
	arch_local_irq_restore(flags);
	if (arch_irqs_disabled() || this_cpu()->irq_depth) {
		off = true;
		panic("sleeping in %pS with interrupts off", __builtin_return_address(0));
	}
	hunt_might_sleep();
}

void lockcheck_boot_done(void)
{
	booted = true;
}

void lockcheck_off(void)
{
	off = true;
}

/* ---- the spinlocks of a debug build ---- */

void spin_lock(spinlock_t *l)
{
	u64 turns = 0;

	lockcheck_acquire(l, l->class, (unsigned long)__builtin_return_address(0));
	while (!spin_take(l)) {
		while (__atomic_load_n(&l->held, __ATOMIC_RELAXED)) {
			arch_cpu_relax();
			if (++turns == HANG_TURNS && !off)
				panic("a spinlock is not let go of, wanted at %pS", __builtin_return_address(0));
		}
	}
}

bool spin_trylock(spinlock_t *l)
{
	if (!spin_take(l))
		return false;
	lockcheck_acquire(l, NULL, (unsigned long)__builtin_return_address(0));	/* cannot deadlock: no order */
	return true;
}

void spin_unlock(spinlock_t *l)
{
	lockcheck_release(l);
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
	hunt_lock_released();
}

#endif
