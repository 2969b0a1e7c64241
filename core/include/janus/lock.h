/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks.
 *
 *   spinlock_t   any context; _irq variants where an interrupt handler takes the same lock. The holder
 *                does not sleep.
 *   mutex        sleeping, process context; owner recorded.
 *   rwsem        sleeping, many readers or one writer; writers are not starved.
 *   seqcount     readers retry; writers hold a lock of their own.
 *   refcount_t   saturates instead of wrapping.
 *
 * Kernel code is not preempted, so a spinlock needs no preemption count; debug builds check order and
 * sleeping (lockcheck.h). Scoped guards by the cleanup attribute: GUARD(spin, &lock);
 * never mixed with goto in one function.
 */
#ifndef JANUS_LOCK_H
#define JANUS_LOCK_H

#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <janus/list.h>
#include <janus/lockcheck.h>
#include <janus/types.h>

/* ---- spinlocks ---- */
/*
 * Whoever comes first takes it, without queue. A fair lock passes from CPU to CPU in order of arrival, and in
 * a virtual machine each next one may just be off its host CPU: then all wait for the host's scheduler.
 */
typedef struct {
	u32 held;
#ifdef CONFIG_DEBUG
	struct lock_class *class;	/* [const] NULL: initialised as zeros */
#endif
} spinlock_t;

#define SPINLOCK_INIT { 0 }

#ifdef CONFIG_DEBUG
#define LOCK_LINE2(line) #line
#define LOCK_LINE(line) LOCK_LINE2(line)
#define spin_init(l)                                                                            \
	do {                                                                                    \
		static struct lock_class class_ = { .name = __FILE__ ":" LOCK_LINE(__LINE__) };  \
		*(l) = (spinlock_t){ .class = &class_ };                                        \
	} while (0)
#else
static inline void spin_init(spinlock_t *l) { *l = (spinlock_t)SPINLOCK_INIT; }
#endif

static inline bool spin_take(spinlock_t *l) { return !__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE); }

#ifdef CONFIG_DEBUG
void spin_lock(spinlock_t *l);		/* the same, with the checker: core/lib/lockcheck.c */
bool spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
#else
static inline bool spin_trylock(spinlock_t *l) { return spin_take(l); }

static inline void spin_lock(spinlock_t *l)
{
	while (unlikely(!spin_take(l)))
		while (__atomic_load_n(&l->held, __ATOMIC_RELAXED))
			arch_cpu_relax();
}

static inline void spin_unlock(spinlock_t *l) { __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE); }
#endif

static inline bool spin_is_locked(const spinlock_t *l) { return READ_ONCE(l->held); }

static inline struct irqflags spin_lock_irqsave(spinlock_t *l)
{
	struct irqflags flags = arch_local_irq_save();

	spin_lock(l);
	return flags;
}

static inline void spin_unlock_irqrestore(spinlock_t *l, struct irqflags flags)
{
	spin_unlock(l);
	arch_local_irq_restore(flags);
}

/* When interrupts are known to be on: */
static inline void spin_lock_irq(spinlock_t *l)
{
	arch_local_irq_disable();
	spin_lock(l);
}

static inline void spin_unlock_irq(spinlock_t *l)
{
	spin_unlock(l);
	arch_local_irq_enable();
}

/* ---- sleeping locks (core/sched/lock.c) ---- */
struct thread;

struct mutex {
	unsigned long owner;		/* the thread, | 1 when others wait; 0 when free. [atomic] */
	spinlock_t wait_lock;		/* protects waiters */
	struct list_head waiters;
};

#define MUTEX_INIT(name) { 0, SPINLOCK_INIT, LIST_HEAD_INIT((name).waiters) }

void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

struct rwsem {
	s32 count;			/* readers inside, or -1: a writer. [atomic] */
	spinlock_t wait_lock;		/* protects waiters */
	struct list_head waiters;	/* in order of arrival */
};

#define RWSEM_INIT(name) { 0, SPINLOCK_INIT, LIST_HEAD_INIT((name).waiters) }

void rwsem_init(struct rwsem *s);
void down_read(struct rwsem *s);
void up_read(struct rwsem *s);
void down_write(struct rwsem *s);
void up_write(struct rwsem *s);

/* ---- sequence counts ---- */
typedef struct {
	u32 seq;	/* odd while a writer is inside */
} seqcount_t;

static inline u32 seq_begin(const seqcount_t *s)
{
	u32 v;

	while (unlikely((v = __atomic_load_n(&s->seq, __ATOMIC_ACQUIRE)) & 1))
		arch_cpu_relax();
	return v;
}

static inline bool seq_retry(const seqcount_t *s, u32 start)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return READ_ONCE(s->seq) != start;
}

static inline void seq_write_begin(seqcount_t *s)
{
	__atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void seq_write_end(seqcount_t *s) { __atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_RELEASE); }

/* ---- reference counts ---- */
typedef struct {
	s32 n;
} refcount_t;

#define REFCOUNT_INIT(v) { (v) }

static inline void ref_set(refcount_t *r, s32 v) { __atomic_store_n(&r->n, v, __ATOMIC_RELAXED); }
static inline s32 ref_read(const refcount_t *r) { return __atomic_load_n(&r->n, __ATOMIC_RELAXED); }

static inline void ref_get(refcount_t *r)
{
	if (unlikely(__atomic_fetch_add(&r->n, 1, __ATOMIC_RELAXED) < 0))
		__atomic_store_n(&r->n, INT32_MIN / 2, __ATOMIC_RELAXED);	/* saturated: never freed */
}

/* Take a reference unless the count has already fallen to 0. */
static inline bool ref_get_not_zero(refcount_t *r)
{
	s32 v = ref_read(r);

	while (v && !__atomic_compare_exchange_n(&r->n, &v, v + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return v != 0;
}

/* True when this was the last one: the caller frees. */
static inline bool ref_put(refcount_t *r)
{
	return __atomic_fetch_sub(&r->n, 1, __ATOMIC_ACQ_REL) == 1;
}

/* ---- scoped guards ---- */
static inline void guard_spin_drop(spinlock_t **l) { spin_unlock(*l); }
static inline void guard_mutex_drop(struct mutex **m) { mutex_unlock(*m); }
static inline void guard_read_drop(struct rwsem **s) { up_read(*s); }
static inline void guard_write_drop(struct rwsem **s) { up_write(*s); }
static inline spinlock_t *guard_spin_take(spinlock_t *l) { spin_lock(l); return l; }
static inline struct mutex *guard_mutex_take(struct mutex *m) { mutex_lock(m); return m; }
static inline struct rwsem *guard_read_take(struct rwsem *s) { down_read(s); return s; }
static inline struct rwsem *guard_write_take(struct rwsem *s) { down_write(s); return s; }

#define GUARD_CAT2(a, b) a##b
#define GUARD_CAT(a, b) GUARD_CAT2(a, b)
/* kind: spin, mutex, read, write. Held to the end of the enclosing block. */
#define GUARD(kind, lock) \
	__attribute__((cleanup(guard_##kind##_drop), unused)) \
	typeof(guard_##kind##_take(lock)) GUARD_CAT(guard_, __LINE__) = guard_##kind##_take(lock)

/* ---- read-copy-update ---- */
struct cpu;
/*
 * Readers do not block and do not sleep between rcu_read_lock and _unlock; since kernel code is not
 * preempted these are compiler barriers only. A grace period ends when every CPU has been through the
 * scheduler, user mode or idle. core/sched/rcu.c.
 */
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

static inline void rcu_read_lock(void) { barrier(); }
static inline void rcu_read_unlock(void) { barrier(); }
/* Call func(head) after a grace period, from a context that may not sleep. Any context. */
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void synchronize_rcu(void);	/* sleeps through a grace period */
void rcu_barrier(void);		/* sleeps until what call_rcu() was asked before, on any CPU, has run */
/* The scheduler's and the tick's: this CPU is in no reader now; interrupts off. */
void rcu_quiescent(struct cpu *cpu);
void rcu_tick(struct cpu *cpu, bool quiescent);
bool rcu_pending(struct cpu *cpu);	/* callbacks of this CPU wait: keep the tick */
void rcu_run_ready(void);		/* process context, in no reader, interrupts on */
void rcu_init(void);

#define rcu_dereference(p) __atomic_load_n(&(p), __ATOMIC_CONSUME)
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)

#endif
