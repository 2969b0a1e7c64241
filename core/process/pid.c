// SPDX-License-Identifier: BSD-2-Clause
/*
 * Numbers for threads, processes, groups and sessions. A number's slot in a two-level table of pointers is both
 * the record that it is taken and the way to find it: two loads under RCU. Numbers are handed out in
 * rising order and wrap around above those that early daemons are known by.
 */
#include "process.h"

#define PER_PAGE (PAGE_SIZE / sizeof(struct pid *))
#define RESERVED_PIDS 300	/* not given out again after the first round, as on Linux */

static struct pid **pid_pages[PID_MAX / PER_PAGE];	/* [pid_lock, rcu]; never freed */
static spinlock_t pid_lock = SPINLOCK_INIT;		/* interrupts off */
static pid_t last_pid;					/* [pid_lock] */
static struct kmem_cache *pid_cache;

spinlock_t tasklist_lock = SPINLOCK_INIT;
LIST_HEAD(all_processes);

void pid_init(void)
{
	pid_cache = kmem_cache_create("pid", sizeof(struct pid), 0);
}

/* The slot of nr, or NULL when there is no memory for its page. [pid_lock] */
static struct pid **slot_make(pid_t nr)
{
	struct pid ***page = &pid_pages[nr / PER_PAGE];

	if (unlikely(!*page)) {
		struct page *fresh = hunt_alloc_fails() ? NULL : alloc_page(GFP_ATOMIC | GFP_ZERO | GFP_PART);

		if (!fresh)
			return NULL;
		rcu_assign_pointer(*page, page_address(fresh));
	}
	return &(*page)[nr % PER_PAGE];
}

/* [pid_lock] */
static int take_any(struct pid *pid)
{
	for (pid_t tries = 0; tries < PID_MAX; tries++) {
		struct pid **slot;

		if (++last_pid >= PID_MAX)
			last_pid = RESERVED_PIDS;
		slot = slot_make(last_pid);
		if (!slot)
			return -ENOMEM;
		if (!*slot) {
			pid->nr = last_pid;
			rcu_assign_pointer(*slot, pid);
			return 0;
		}
	}
	return -EAGAIN;
}

/* [pid_lock] */
static int take_this(struct pid *pid, pid_t nr)
{
	struct pid **slot = slot_make(nr);

	if (!slot)
		return -ENOMEM;
	if (*slot)
		return -EEXIST;
	pid->nr = nr;
	rcu_assign_pointer(*slot, pid);
	return 0;
}

struct pid *pid_alloc_nr(pid_t nr)
{
	struct pid *pid = kmem_cache_alloc(pid_cache, GFP_KERNEL);
	struct irqflags flags;
	int err;

	if (!pid)
		return ERR_PTR(-ENOMEM);
	ref_set(&pid->refs, 1);
	pid->thread = NULL;
	pid->process = NULL;
	list_init(&pid->users[PIDTYPE_PGID]);
	list_init(&pid->users[PIDTYPE_SID]);
	wait_queue_init(&pid->wait_pidfd);
	flags = spin_lock_irqsave(&pid_lock);
	err = nr ? take_this(pid, nr) : take_any(pid);
	spin_unlock_irqrestore(&pid_lock, flags);
	if (err) {
		kmem_cache_free(pid_cache, pid);
		return ERR_PTR(err);
	}
	return pid;
}

struct pid *pid_alloc(void)
{
	return pid_alloc_nr(0);
}

static void free_number(struct pid *pid)
{
	struct irqflags flags = spin_lock_irqsave(&pid_lock);

	pid_pages[pid->nr / PER_PAGE][pid->nr % PER_PAGE] = NULL;
	spin_unlock_irqrestore(&pid_lock, flags);
}

static void pid_put_rcu(struct rcu_head *head)
{
	pid_put(container_of(head, struct pid, rcu));
}

/* The reference for being in use goes after a grace period: look-ups may still stand on it. */
void pid_free_new(struct pid *pid)
{
	free_number(pid);
	call_rcu(&pid->rcu, pid_put_rcu);
}

void pid_put(struct pid *pid)
{
	if (pid && ref_put(&pid->refs))
		kmem_cache_free(pid_cache, pid);
}

void pid_release_if_unused(struct pid *pid)
{
	if (!pid->thread && !pid->process && list_empty(&pid->users[PIDTYPE_PGID]) &&
	    list_empty(&pid->users[PIDTYPE_SID]))
		pid_free_new(pid);
}

void pid_attach(struct process *p, enum pid_type type, struct pid *pid)
{
	p->pids[type] = pid;
	/* the newest first: of setpriority's errors the last counts */
	list_add(&p->pid_links[type], &pid->users[type]);
}

void pid_detach(struct process *p, enum pid_type type)
{
	struct pid *pid = p->pids[type];

	list_del(&p->pid_links[type]);
	p->pids[type] = NULL;
	pid_release_if_unused(pid);
}

struct pid *find_pid(pid_t nr)
{
	struct pid **page;

	if (unlikely((u32)nr >= PID_MAX))
		return NULL;
	page = rcu_dereference(pid_pages[nr / PER_PAGE]);
	return page ? rcu_dereference(page[nr % PER_PAGE]) : NULL;
}

struct thread *find_thread(pid_t tid)
{
	struct pid *pid = find_pid(tid);

	return pid ? rcu_dereference(pid->thread) : NULL;
}

struct process *find_process(pid_t tgid)
{
	struct pid *pid = find_pid(tgid);

	return pid ? rcu_dereference(pid->process) : NULL;
}

struct pid *get_pid(pid_t nr)
{
	struct pid *pid;

	rcu_read_lock();
	pid = find_pid(nr);
	if (pid && !ref_get_not_zero(&pid->refs))
		pid = NULL;
	rcu_read_unlock();
	return pid;
}

struct thread *get_thread_by_tid(pid_t tid)
{
	struct thread *t;

	rcu_read_lock();
	t = find_thread(tid);
	if (t && !ref_get_not_zero(&t->refs))
		t = NULL;
	rcu_read_unlock();
	return t;
}

struct thread *thread_next(pid_t tid)
{
	struct thread *t = NULL;

	rcu_read_lock();
	for (; tid < PID_MAX && !t; tid++) {
		if (!pid_pages[tid / PER_PAGE]) {
			tid |= PER_PAGE - 1;
			continue;
		}
		t = find_thread(tid);
		if (t && !ref_get_not_zero(&t->refs))
			t = NULL;
	}
	rcu_read_unlock();
	return t;
}

struct process *process_next(pid_t nr)
{
	struct process *p = NULL;

	rcu_read_lock();
	for (; nr < PID_MAX && !p; nr++) {
		if (!pid_pages[nr / PER_PAGE]) {
			nr |= PER_PAGE - 1;
			continue;
		}
		p = find_process(nr);
		if (p && !ref_get_not_zero(&p->refs))
			p = NULL;
	}
	rcu_read_unlock();
	return p;
}
