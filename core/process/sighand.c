// SPDX-License-Identifier: BSD-2-Clause
/*
 * Dispositions: who shares them, and the queues of pending signals.
 *
 * A queue is a set of numbers and a list of infos, oldest first. A number can be in the set without an info,
 * when there was no memory for one or the sender had nothing to say.
 */
#include "process.h"

#define SIG(n) SIGMASK(SIG##n)

const sigset_t sig_ignored_by_default = SIG(CONT) | SIG(CHLD) | SIG(WINCH) | SIG(URG);
const sigset_t sig_stopping = SIG(STOP) | SIG(TSTP) | SIG(TTIN) | SIG(TTOU);
const sigset_t sig_fault = SIG(SEGV) | SIG(BUS) | SIG(ILL) | SIG(TRAP) | SIG(FPE) | SIG(SYS);

struct sighand *sighand_alloc(void)
{
	struct sighand *sh = kmem_cache_alloc(sighand_cache, GFP_KERNEL);

	if (!sh)
		return NULL;
	ref_set(&sh->refs, 1);
	spin_init(&sh->lock);
	sh->used = sh->ignored = sh->caught = 0;
	return sh;
}

void sighand_put(struct sighand *sh)
{
	if (ref_put(&sh->refs))
		kmem_cache_free(sighand_cache, sh);
}

/* A copy for a child. The lock is needed only where other threads could change what is copied. */
struct sighand *sighand_fork(struct sighand *parent, bool keep_ignored_only)
{
	struct sighand *sh = sighand_alloc();
	struct irqflags flags;

	if (!sh)
		return NULL;
	flags = spin_lock_irqsave(&parent->lock);
	sh->used = parent->used;
	sh->ignored = parent->ignored;
	sh->caught = parent->caught;
	for (sigset_t left = parent->used; left; left &= left - 1) {
		int i = __builtin_ctzll(left);

		sh->action[i] = parent->action[i];
	}
	spin_unlock_irqrestore(&parent->lock, flags);
	if (keep_ignored_only)
		sighand_flush(sh);
	return sh;
}

void sighand_flush(struct sighand *sh)
{
	sh->used = sh->ignored;
	sh->caught = 0;
	for (sigset_t left = sh->used; left; left &= left - 1)
		sh->action[__builtin_ctzll(left)] = (struct sigaction){ .handler = SIG_IGN };
}

/* ---- queues ---- */

void sigqueue_init(struct sigqueue *q)
{
	q->set = 0;
	list_init(&q->infos);
	q->slot.user = NULL;
	q->slot.timer = NULL;
	q->slot_used = false;
}

/* An info that is off its queue. A timer's stays the timer's. */
static void node_release(struct siginfo_node *node)
{
	if (!node->user) {
		container_of(node, struct sigqueue, slot)->slot_used = false;
		return;
	}
	if (node->timer) {
		list_init(&node->link);
		return;
	}
	__atomic_fetch_sub(&node->user->sigpending, 1, __ATOMIC_RELAXED);
	user_put(node->user);
	kmem_cache_free(siginfo_cache, node);
}

static int node_signo(const struct siginfo_node *node)
{
	return ((const siginfo_t *)node->info)->si_signo;
}

void sigqueue_flush(struct sigqueue *q, sigset_t mask)
{
	struct siginfo_node *node, *next;

	if (!(q->set & mask))
		return;
	q->set &= ~mask;
	list_for_each_entry_safe(node, next, &q->infos, link)
		if (SIGMASK(node_signo(node)) & mask) {
			list_del(&node->link);
			node_release(node);
		}
}

/* An info that counts against the user's limit; `always`: not refused for it. NULL when it cannot be had. */
static struct siginfo_node *node_alloc(struct thread *t, bool always)
{
	struct user_struct *user = t->cred->user;
	s64 pending = __atomic_add_fetch(&user->sigpending, 1, __ATOMIC_RELAXED);
	struct siginfo_node *node = NULL;

	if (always || pending <= (s64)min_t(u64, t->process->rlimits[RLIMIT_SIGPENDING].cur, INT32_MAX))
		node = kmem_cache_alloc(siginfo_cache, GFP_ATOMIC);
	if (!node) {
		__atomic_fetch_sub(&user->sigpending, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	ref_get(&user->refs);
	node->user = user;
	node->timer = NULL;
	return node;
}

/* Queue signo with info (NULL: none) for t; false when a real-time signal's info found no room. [sig] */
bool sigqueue_add(struct sigqueue *q, struct thread *t, int signo, const siginfo_t *info, bool always)
{
	struct siginfo_node *node = &q->slot;

	if (signo < SIGRTMIN && !q->slot_used) {
		q->slot_used = true;
	} else {
		node = node_alloc(t, always);
		if (!node)
			return false;
	}
	memcpy(node->info, info, SIGINFO_USED);
	list_add_tail(&node->link, &q->infos);
	q->set |= SIGMASK(signo);
	return true;
}

/* Take the oldest signo off q; of its info, what is used. Its bit stays while another of the same number waits. */
static void take(struct sigqueue *q, int signo, siginfo_t *info)
{
	struct siginfo_node *node, *first = NULL;
	bool more = false;

	list_for_each_entry(node, &q->infos, link)
		if (node_signo(node) == signo) {
			if (first) {
				more = true;
				break;
			}
			first = node;
		}
	if (!more)
		q->set &= ~SIGMASK(signo);
	if (first) {
		list_del(&first->link);
		memcpy(info, first->info, SIGINFO_USED);
		node_release(first);
	} else {
		*info = (siginfo_t){ .si_signo = signo, .si_code = SI_USER };
	}
}

static int first_of(sigset_t set)
{
	if (set & sig_fault)
		set &= sig_fault;
	return __builtin_ctzll(set) + 1;
}

/* Faults first, then by number; the thread's own before the process's. */
int dequeue_signal(sigset_t mask, siginfo_t *info)
{
	struct thread *t = current;
	struct process *p = t->process;
	int signo = 0;

	if (t->pending.set & mask) {
		signo = first_of(t->pending.set & mask);
		take(&t->pending, signo, info);
	} else if (p->shared_pending.set & mask) {
		signo = first_of(p->shared_pending.set & mask);
		take(&p->shared_pending, signo, info);
	}
	if (!signo) {
		signal_recalc(t);
		return 0;
	}
	if (!((t->pending.set | p->shared_pending.set) & ~t->blocked))
		signal_recalc(t);
	if (SIGMASK(signo) & sig_stopping)
		p->sig_flags |= SIGNAL_STOP_DEQUEUED;
	return signo;
}

/* ---- nodes that belong to timers ---- */

struct siginfo_node *signal_node_alloc(void)
{
	struct siginfo_node *node = node_alloc(current, false);

	if (node)
		list_init(&node->link);
	return node;
}

void signal_node_free(struct siginfo_node *node)
{
	struct irqflags flags;
	struct sighand *sh = sighand_lock(current->process, &flags);

	if (!list_empty(&node->link))
		list_del(&node->link);
	node->timer = NULL;
	node_release(node);
	spin_unlock_irqrestore(&sh->lock, flags);
}
