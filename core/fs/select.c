// SPDX-License-Identifier: BSD-2-Clause
/*
 * select and pselect6: poll in bit maps. Source: select(2).
 */
#include <janus/fs.h>
#include <janus/poll.h>
#include <janus/slab.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/time.h>
#include <generated/syscalls.h>
#include "poll_wait.h"

#define BITS 64
/* What makes a descriptor readable, writable, exceptional. */
#define READ_EVENTS (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL)
#define WRITE_EVENTS (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL)
#define EXCEPT_EVENTS (POLLPRI | POLLNVAL)

struct select_call {
	unsigned nr;		/* descriptors */
	unsigned words;		/* of each map */
	u64 *in[3], *out[3];	/* read, write, except */
};

static const u32 set_events[3] = { READ_EVENTS, WRITE_EVENTS, EXCEPT_EVENTS };

/* Descriptor n, which is in one map at least: in how many of them is it ready? */
static int ask_one(struct select_call *c, struct poll_table *pt, unsigned n)
{
	unsigned word = n / BITS;
	u64 bit = 1ULL << (n % BITS);
	u32 key = 0, mask;
	int ready = 0;
	struct fd f;

	for (int s = 0; s < 3; s++)
		if (c->in[s][word] & bit)
			key |= set_events[s];
	f = fd_get_raw(n);
	if (!f.file)
		return -EBADF;
	pt->key = key;
	mask = unlikely(f.file->mode & FMODE_PATH) ? POLLNVAL : file_poll(f.file, pt);
	fd_put(f);
	for (int s = 0; s < 3; s++) {
		if ((c->in[s][word] & bit) && (mask & set_events[s])) {
			c->out[s][word] |= bit;
			ready++;
		}
	}
	return ready;
}

/* Those of the bits of a word that stand for one of the nr descriptors. */
static u64 valid_bits(const struct select_call *c, unsigned word)
{
	unsigned left = c->nr - word * BITS;

	return left < BITS ? (1ULL << left) - 1 : ~0ULL;
}

static int ask_all(struct poll_table *pt, void *arg)
{
	struct select_call *c = arg;
	int ready = 0;

	for (unsigned word = 0; word < c->words; word++) {
		u64 asked = (c->in[0][word] | c->in[1][word] | c->in[2][word]) & valid_bits(c, word);

		c->out[0][word] = c->out[1][word] = c->out[2][word] = 0;
		for (; asked; asked &= asked - 1) {
			int r = ask_one(c, pt, word * BITS + (unsigned)__builtin_ctzll(asked));

			if (r < 0)
				return r;
			ready += r;
			if (r)
				pt->queue = NULL;
		}
	}
	return ready;
}

/* Bytes of a user's map of nr bits: whole longs. */
static size_t map_bytes(unsigned nr)
{
	return (nr + BITS - 1) / BITS * sizeof(u64);
}

static int do_select(int n, const uaddr_t sets[3], u64 deadline)
{
	struct select_call c;
	u64 few[6 * 4], *maps = few;
	unsigned max = current->files->table->max;
	size_t bytes;
	int ret = 0;

	if (n < 0)
		return -EINVAL;
	c.nr = min((unsigned)n, max);
	bytes = map_bytes(c.nr);
	c.words = (unsigned)(bytes / sizeof(u64));
	if (6 * c.words > ARRAY_SIZE(few)) {
		maps = kmalloc(6 * bytes, GFP_KERNEL);
		if (!maps)
			return -ENOMEM;
	}
	for (int s = 0; s < 3; s++) {
		c.in[s] = maps + s * c.words;
		c.out[s] = maps + (s + 3) * c.words;
		if (!sets[s])
			memset(c.in[s], 0, bytes);
		else if (copy_from_user(c.in[s], sets[s], bytes))
			ret = -EFAULT;
	}
	if (!ret)
		ret = poll_files(ask_all, &c, deadline);
	for (int s = 0; s < 3 && ret >= 0; s++)
		if (sets[s] && copy_to_user(sets[s], c.out[s], bytes))
			ret = -EFAULT;
	if (maps != few)
		kfree(maps);
	return ret;
}

/* A struct timeval to nanoseconds: microseconds past a second carry over, also to a negative one. */
static int timeval_deadline(uaddr_t timeout, u64 *deadline)
{
	struct timeval tv;

	*deadline = TIME_MAX;
	if (!timeout)
		return 0;
	if (copy_struct_in(&tv, timeout))
		return -EFAULT;
	tv.tv_sec = (s64)((u64)tv.tv_sec + (u64)(tv.tv_usec / 1000000));
	tv.tv_usec %= 1000000;
	if (tv.tv_sec < 0 || tv.tv_usec < 0)
		return -EINVAL;
	if (tv.tv_sec < (s64)(TIME_MAX / NSEC_PER_SEC / 4)) {
		u64 ns = (u64)tv.tv_sec * NSEC_PER_SEC + (u64)tv.tv_usec * 1000;

		*deadline = ns ? poll_deadline(ns) : 0;
	}
	return 0;
}

long sys_select(int n, uaddr_t readfds, uaddr_t writefds, uaddr_t exceptfds, uaddr_t timeout)
{
	const uaddr_t sets[3] = { readfds, writefds, exceptfds };
	u64 deadline;
	int err = timeval_deadline(timeout, &deadline);

	if (err)
		return err;
	return finish_timed_wait(do_select(n, sets, deadline), timeout, deadline, true);
}

long sys_pselect6(int n, uaddr_t readfds, uaddr_t writefds, uaddr_t exceptfds, uaddr_t timeout, uaddr_t sig)
{
	const uaddr_t sets[3] = { readfds, writefds, exceptfds };
	struct { u64 mask, size; } pack = { 0, 0 };
	u64 deadline = TIME_MAX, ns;
	int err;

	if (sig && copy_struct_in(&pack, sig))
		return -EFAULT;
	if (timeout) {
		err = get_user_timespec(&ns, timeout);
		if (err)
			return err;
		deadline = ns ? poll_deadline(ns) : 0;
	}
	err = set_user_sigmask(pack.mask, pack.size);
	if (err)
		return err;
	return finish_timed_wait(do_select(n, sets, deadline), timeout, deadline, false);
}
