// SPDX-License-Identifier: BSD-2-Clause
/*
 * Out of memory: one process dies so that the others go on, and the log says which. It is the one that
 * frees most, by its resident pages and page tables, weighted by oom_score_adj as in Linux. Who needs
 * memory waits for it to be gone; who is the victim itself is told that there is none.
 */
#include "internal.h"

#include <janus/printk.h>
#include <janus/sched.h>
#include <janus/signal.h>
#include <janus/thread.h>
#include <janus/time.h>

#define VICTIM_PATIENCE (3 * NSEC_PER_SEC)
#define WAIT_NSEC (5 * NSEC_PER_MSEC)
#define OOM_SCORE_ADJ_MIN (-1000)

static u64 last_kill;		/* [tasklist_lock] when, ns */

/* Some thread of p that still has memory, its lock held; or NULL. tasklist_lock held. */
static struct thread *lock_thread_with_mm(struct process *p)
{
	struct thread *t;

	list_for_each_entry(t, &p->threads, thread_link) {
		spin_lock(&t->lock);
		if (t->mm && !thread_flag(t, TF_KERNEL))
			return t;
		spin_unlock(&t->lock);
	}
	return NULL;
}

/* How much killing p would give back, in pages; 0: not to be killed. *dying: it is already on its way. */
static u64 badness(struct process *p, bool *dying)
{
	struct thread *t = p == init_process || p->oom_score_adj == OOM_SCORE_ADJ_MIN ? NULL : lock_thread_with_mm(p);
	s64 points;

	if (!t)
		return 0;
	points = (s64)mm_rss(t->mm) + t->mm->table_pages;
	*dying = thread_flag(t, TF_OOM_VICTIM);
	spin_unlock(&t->lock);
	points += p->oom_score_adj * (s64)nr_total_pages / 1000;
	return points > 0 ? (u64)points : 1;
}

/* The worst process; *wait: a victim is still about to free its memory. tasklist_lock held. */
static struct process *choose(bool *wait)
{
	bool patient = clock_monotonic() - last_kill < VICTIM_PATIENCE, dying;
	struct process *p, *worst = NULL;
	u64 most = 0;

	list_for_each_entry(p, &all_processes, all_link) {
		u64 points;

		dying = false;
		points = badness(p, &dying);
		if (dying && patient) {
			*wait = true;
			return NULL;
		}
		if (points > most && !dying) {
			most = points;
			worst = p;
		}
	}
	return worst;
}

static void kill_process(struct process *p)
{
	struct thread *t;

	list_for_each_entry(t, &p->threads, thread_link)
		thread_set_flag(t, TF_OOM_VICTIM);
	signal_send_process(p, SIGKILL, NULL);
}

static void report(struct process *p, struct mm *mm)
{
	printk(KERN_ERR "Out of memory: Killed process %d (%s) total-vm:%llukB, anon-rss:%llukB, file-rss:%llukB, "
	       "shmem-rss:%llukB, UID:%u pgtables:%llukB oom_score_adj:%d\n", p->tgid, p->leader->comm,
	       (unsigned long long)mm->total_vm * 4, (unsigned long long)mm->anon_pages * 4,
	       (unsigned long long)mm->file_pages * 4, (unsigned long long)mm->shmem_pages * 4,
	       p->leader->cred->uid, (unsigned long long)mm->table_pages * 4, p->oom_score_adj);
}

/* Everyone who runs in the same memory goes too, or it would not become free. tasklist_lock held. */
static void kill_sharers(struct process *victim, const struct mm *mm)
{
	struct process *p;

	list_for_each_entry(p, &all_processes, all_link) {
		struct thread *t = p == victim || p == init_process ? NULL : lock_thread_with_mm(p);
		bool shares = t && t->mm == mm;

		if (t)
			spin_unlock(&t->lock);
		if (shares)
			kill_process(p);
	}
}

bool oom_kill(void)
{
	struct irqflags flags = spin_lock_irqsave(&tasklist_lock);
	bool wait = false;
	struct process *p = choose(&wait);

	if (p) {
		struct thread *t = lock_thread_with_mm(p);
		struct mm *mm = t ? t->mm : NULL;

		if (mm)
			report(p, mm);
		if (t)
			spin_unlock(&t->lock);
		kill_process(p);
		kill_sharers(p, mm);
		last_kill = clock_monotonic();
	}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return p || wait;
}

bool oom_wait(void)
{
	if (fatal_signal_pending() || thread_flag(current, TF_OOM_VICTIM) || !oom_kill())
		return false;
	if (fatal_signal_pending())
		return false;
	set_current_state(THREAD_KILLABLE);
	schedule_timeout(clock_monotonic() + WAIT_NSEC);
	return !fatal_signal_pending();
}
