// SPDX-License-Identifier: BSD-2-Clause
/*
 * System V message queues: msgget, msgsnd, msgrcv, msgctl. Source: msgop(2), msgctl(2).
 */
#include "sysv.h"
#include <generated/syscalls.h>
#include <janus/wait.h>

struct message {
	struct list_head link;
	s64 type;
	size_t size;
	char data[];
};

struct msg_queue {
	struct ipc_object obj;
	struct list_head messages;	/* [obj] the oldest first */
	u64 bytes, count, max_bytes;	/* [obj] */
	s64 stime, rtime, ctime;	/* [obj] */
	pid_t lspid, lrpid;		/* [obj] */
	struct list_head receivers;	/* [obj] those that sleep, the longest first */
	struct wait_queue writers;
};

/* A msgrcv that sleeps. On its stack; only who holds the queue touches it. */
struct receiver {
	struct list_head link;
	struct wait_queue wait;
	s64 type;
	int flags;
	size_t room;
	pid_t tgid;
	struct message *answer;		/* what it was handed, ERR_PTR(-E2BIG), or NULL */
};

static void queue_free(struct ipc_object *o)
{
	struct msg_queue *q = container_of(o, struct msg_queue, obj);
	struct message *m, *next;

	list_for_each_entry_safe(m, next, &q->messages, link)
		kfree(m);
	kfree(q);
}

static struct ipc_ids queues = IPC_IDS_INIT(queues, MSGMNI, queue_free);
static s64 bytes_in_queues, messages_in_queues;		/* [atomic] for MSG_INFO */

static void count(s64 messages, s64 bytes)
{
	__atomic_fetch_add(&messages_in_queues, messages, __ATOMIC_RELAXED);
	__atomic_fetch_add(&bytes_in_queues, bytes, __ATOMIC_RELAXED);
}

static struct msg_queue *queue_lock(int id)
{
	struct ipc_object *o = ipc_lock(&queues, id);

	return IS_ERR(o) ? (struct msg_queue *)o : container_of(o, struct msg_queue, obj);
}

static struct ipc_object *queue_create(size_t size, int flags, s32 key)
{
	struct msg_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);

	if (!q)
		return ERR_PTR(-ENOMEM);
	list_init(&q->messages);
	list_init(&q->receivers);
	wait_queue_init(&q->writers);
	q->max_bytes = MSGMNB;
	q->ctime = ipc_now();
	return &q->obj;
}

long sys_msgget(int key, int flags)
{
	static const struct ipc_get_ops ops = { .create = queue_create };

	return ipc_get(&queues, key, flags, 0, &ops);
}

/*
 * Let go of the queue until somebody wakes us, and take it again: 0, -EIDRM, or -ERESTARTNOHAND for a signal. The
 * entry is queued before the queue is let go, so nothing that happens in between is missed.
 */
static int wait_at(struct msg_queue *q, struct wait_queue *where)
{
	struct wait_entry e;
	int err;

	wait_entry_init(&e, false);
	wait_prepare(where, &e, THREAD_INTERRUPTIBLE);
	mutex_unlock(&q->obj.lock);
	if (!signal_pending())
		schedule();
	wait_finish(where, &e);
	err = ipc_relock(&q->obj);
	return err ? err : signal_pending() ? -ERESTARTNOHAND : 0;
}

/* ---- sending ---- */

static bool wants(s64 type, int flags, const struct message *m)
{
	if (type < 0)
		return m->type <= (type == INT64_MIN ? INT64_MAX : -type);
	return !type || (flags & MSG_EXCEPT ? m->type != type : m->type == type);
}

/*
 * Hand a message to the first sleeping receiver that asked for it: whether there was one. Those before it whose room
 * is too small are told so and wait no longer. [obj]
 */
static bool hand_over(struct msg_queue *q, struct message *m)
{
	struct receiver *r, *next;

	list_for_each_entry_safe(r, next, &q->receivers, link) {
		bool fits = m->size <= r->room || r->flags & MSG_NOERROR;

		if (!wants(r->type, r->flags, m))
			continue;
		list_del_init(&r->link);
		r->answer = fits ? m : ERR_PTR(-E2BIG);
		wake_up_all(&r->wait);
		if (fits) {
			q->lrpid = r->tgid;
			q->rtime = ipc_now();
			return true;
		}
	}
	return false;
}

/* They look again: whether they may, whether the queue is there. [obj] */
static void wake_receivers(struct msg_queue *q)
{
	struct receiver *r;

	list_for_each_entry(r, &q->receivers, link)
		wake_up_all(&r->wait);
}

static bool has_room(const struct msg_queue *q, size_t size)
{
	return q->bytes + size <= q->max_bytes && q->count + 1 <= q->max_bytes;
}

static struct message *message_from_user(s64 type, uaddr_t text, size_t size)
{
	struct message *m = kmalloc(sizeof(*m) + size, GFP_KERNEL);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->type = type;
	m->size = size;
	if (copy_from_user(m->data, text, size)) {
		kfree(m);
		return ERR_PTR(-EFAULT);
	}
	return m;
}

/* [obj] */
static int enqueue(struct msg_queue *q, struct message *m, int flags)
{
	for (;;) {
		int err = ipc_permitted(&q->obj, IPC_WRITE);

		if (err)
			return err;
		if (has_room(q, m->size))
			break;
		if (flags & IPC_NOWAIT)
			return -EAGAIN;
		err = wait_at(q, &q->writers);
		if (err)
			return err;
	}
	q->lspid = current->process->tgid;
	q->stime = ipc_now();
	if (hand_over(q, m))
		return 0;
	list_add_tail(&m->link, &q->messages);
	q->count++;
	q->bytes += m->size;
	count(1, (s64)m->size);
	return 0;
}

long sys_msgsnd(int id, uaddr_t msg, size_t size, int flags)
{
	struct msg_queue *q;
	struct message *m;
	s64 type;
	int err;

	if (get_user(&type, msg))
		return -EFAULT;
	if (size > MSGMAX || id < 0 || type < 1)
		return -EINVAL;
	m = message_from_user(type, msg + sizeof(type), size);
	if (IS_ERR(m))
		return PTR_ERR(m);
	q = queue_lock(id);
	err = IS_ERR(q) ? (int)PTR_ERR(q) : enqueue(q, m, flags);
	if (!IS_ERR(q))
		ipc_unlock(&queues, &q->obj);
	if (err)
		kfree(m);
	return err;
}

/* ---- receiving ---- */

/* The message that msgrcv(type, flags) asks for, or NULL. [obj] */
static struct message *choose(struct msg_queue *q, s64 type, int flags)
{
	struct message *m, *best = NULL;
	s64 place = 0;

	list_for_each_entry(m, &q->messages, link) {
		if (flags & MSG_COPY) {
			if (place++ == type)
				return m;
		} else if (wants(type, flags, m)) {
			if (type >= 0)
				return m;
			if (!best || m->type < best->type)	/* of those allowed the lowest */
				best = m;
		}
	}
	return best;
}

/* Room for what MSG_COPY looks at, or ERR_PTR. Linux fills it from the buffer, so the user must be able to read
 * that. */
static struct message *copy_room(uaddr_t msg, size_t size)
{
	size_t room = min_t(size_t, size, MSGMAX);
	struct message *copy = kmalloc(sizeof(*copy) + room, GFP_KERNEL);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	copy->size = room;
	if (copy_from_user(copy->data, msg, room)) {
		kfree(copy);
		return ERR_PTR(-EFAULT);
	}
	return copy;
}

/* MSG_NOERROR does not help where the room is too small. */
static struct message *copy_of(const struct message *m, struct message *copy)
{
	if (m->size > copy->size)
		return ERR_PTR(-EINVAL);
	memcpy(copy, m, sizeof(*m) + m->size);
	return copy;
}

/* Sleep until a message is handed over (that one, or -E2BIG) or it is to be looked anew (NULL). [obj] */
static struct message *wait_for_message(struct msg_queue *q, size_t size, s64 type, int flags)
{
	struct receiver r = { .type = type, .flags = flags, .room = size, .tgid = current->process->tgid };
	int err;

	wait_queue_init(&r.wait);
	list_add_tail(&r.link, &q->receivers);
	err = wait_at(q, &r.wait);
	list_del(&r.link);
	return r.answer || !err ? r.answer : ERR_PTR(err);
}

/* The message, off the queue; with `copy` a copy, there. [obj] */
static struct message *dequeue(struct msg_queue *q, size_t size, s64 type, int flags, struct message *copy)
{
	struct message *m;

	for (;;) {
		int err = ipc_permitted(&q->obj, IPC_READ);

		if (err)
			return ERR_PTR(err);
		m = choose(q, type, flags);
		if (m)
			break;
		if (flags & IPC_NOWAIT)
			return ERR_PTR(-ENOMSG);
		m = wait_for_message(q, size, type, flags);
		if (m)
			return m;
	}
	if (m->size > size && !(flags & MSG_NOERROR))
		return ERR_PTR(-E2BIG);
	if (copy)
		return copy_of(m, copy);
	list_del(&m->link);
	q->count--;
	q->bytes -= m->size;
	count(-1, -(s64)m->size);
	q->rtime = ipc_now();
	q->lrpid = current->process->tgid;
	wake_up_all(&q->writers);
	return m;
}

long sys_msgrcv(int id, uaddr_t msg, size_t size, long type, int flags)
{
	struct message *m, *copy = NULL;
	struct msg_queue *q;
	long result;

	if (id < 0 || (ssize_t)size < 0)
		return -EINVAL;
	if (flags & MSG_COPY) {
		if (flags & MSG_EXCEPT || !(flags & IPC_NOWAIT))
			return -EINVAL;
		copy = copy_room(msg, size);
		if (IS_ERR(copy))
			return PTR_ERR(copy);
	}
	q = queue_lock(id);
	m = IS_ERR(q) ? (void *)q : dequeue(q, size, type, flags, copy);
	if (!IS_ERR(q))
		ipc_unlock(&queues, &q->obj);
	if (IS_ERR(m)) {
		kfree(copy);
		return PTR_ERR(m);
	}
	result = (long)min(size, m->size);
	if (put_user(m->type, s64, msg) || copy_to_user(msg + sizeof(m->type), m->data, (size_t)result))
		result = -EFAULT;
	kfree(m);
	return result;
}

/* ---- msgctl ---- */

static long tell_limits(int cmd, uaddr_t buf)
{
	struct msginfo info = {
		.msgpool = MSGMNI * MSGMNB / 1024, .msgmap = MSGMNB, .msgmax = MSGMAX, .msgmnb = MSGMNB,
		.msgmni = MSGMNI, .msgssz = 16, .msgtql = MSGMNB, .msgseg = 0xffff,
	};

	if (cmd == MSG_INFO) {
		info.msgpool = (s32)READ_ONCE(queues.in_use);
		info.msgmap = (s32)min(READ_ONCE(messages_in_queues), (s64)INT32_MAX);
		info.msgtql = (s32)min(READ_ONCE(bytes_in_queues), (s64)INT32_MAX);
	}
	return copy_struct_out(buf, &info) ? -EFAULT : ipc_last_index(&queues);
}

static long tell_queue(int id, int cmd, uaddr_t buf)
{
	struct ipc_object *o = cmd == IPC_STAT ? ipc_lock(&queues, id) : ipc_lock_index(&queues, id);
	struct msqid64_ds ds = { 0 };
	struct msg_queue *q;
	long result;

	if (IS_ERR(o))
		return PTR_ERR(o);
	q = container_of(o, struct msg_queue, obj);
	result = cmd == MSG_STAT_ANY ? 0 : ipc_permitted(o, IPC_READ);
	ipc_fill_perm(&ds.perm, o);
	ds.stime = q->stime;
	ds.rtime = q->rtime;
	ds.ctime = q->ctime;
	ds.cbytes = q->bytes;
	ds.qnum = q->count;
	ds.qbytes = q->max_bytes;
	ds.lspid = q->lspid;
	ds.lrpid = q->lrpid;
	if (!result && cmd != IPC_STAT)
		result = o->id;
	ipc_unlock(&queues, o);
	if (result < 0)
		return result;
	return copy_struct_out(buf, &ds) ? -EFAULT : result;
}

static long change_queue(int id, const struct msqid64_ds *ds)
{
	struct ipc_object *o = ipc_lock_owned(&queues, id);
	s32 max_bytes = (s32)ds->qbytes;	/* an int on Linux, whatever the structure has room for */
	struct msg_queue *q;
	long err;

	if (IS_ERR(o))
		return PTR_ERR(o);
	q = container_of(o, struct msg_queue, obj);
	err = (u32)max_bytes > MSGMNB && !capable(CAP_SYS_RESOURCE) ? -EPERM : ipc_set_perm(o, &ds->perm);
	if (!err) {
		q->max_bytes = (u64)(s64)max_bytes;
		q->ctime = ipc_now();
		wake_receivers(q);
		wake_up_all(&q->writers);
	}
	ipc_unlock_owned(&queues, o);
	return err;
}

static long remove_queue(int id)
{
	struct ipc_object *o = ipc_lock_owned(&queues, id);
	struct msg_queue *q;

	if (IS_ERR(o))
		return PTR_ERR(o);
	q = container_of(o, struct msg_queue, obj);
	ipc_remove(&queues, o);
	count(-(s64)q->count, -(s64)q->bytes);
	wake_receivers(q);
	wake_up_all(&q->writers);
	ipc_unlock_owned(&queues, o);
	return 0;
}

long sys_msgctl(int id, int cmd, uaddr_t buf)
{
	struct msqid64_ds ds;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return tell_limits(cmd, buf);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return tell_queue(id, cmd, buf);
	case IPC_SET:
		return copy_struct_in(&ds, buf) ? -EFAULT : change_queue(id, &ds);
	case IPC_RMID:
		return remove_queue(id);
	}
	return -EINVAL;
}

static void show_line(struct textbuf *t, struct ipc_object *o)
{
	const struct msg_queue *q = container_of(o, struct msg_queue, obj);

	tb_printf(t, " %10lu %10lu %5u %5u %5u %5u %5u %5u %10ld %10ld %10ld\n", (unsigned long)q->bytes,
		  (unsigned long)q->count, (unsigned)q->lspid, (unsigned)q->lrpid, o->uid, o->gid, o->cuid, o->cgid,
		  (long)q->stime, (long)q->rtime, (long)q->ctime);
}

void ipc_show_messages(struct textbuf *t)
{
	tb_puts(t, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
		   "      stime      rtime      ctime\n");
	ipc_show(&queues, t, show_line);
}
