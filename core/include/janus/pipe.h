/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and FIFOs. core/fs/pipe.c. Process context. */
#ifndef JANUS_PIPE_H
#define JANUS_PIPE_H

#include <janus/fasync.h>
#include <janus/file.h>
#include <janus/lock.h>
#include <janus/page.h>
#include <janus/wait.h>

/* A filled part of a page. */
struct pipe_buf {
	struct page *page;
	u32 offset, len;
	bool packet;		/* O_DIRECT: one write, one read; nothing is added to it */
	bool shared;		/* the page is also somebody else's (tee, splice): nothing is added to it */
};

#define PIPE_DEF_BUFFERS 16

struct pipe {
	struct mutex lock;		/* protects all below unless said */
	u32 head, tail;			/* slots filled and emptied so far; head - tail are in use */
	u32 nr_slots;			/* a power of two */
	struct pipe_buf *slots;
	struct page *spare;		/* an emptied page kept for the next write */
	u32 readers, writers;
	u32 reader_opens, writer_opens;	/* ever: a FIFO's open waits for a change */
	u32 users;			/* [attach_lock] open files; the last one frees */
	u32 charged;			/* pages that count for `user` */
	struct user_struct *user;	/* [const] counted */
	struct wait_queue read_wait, write_wait;
	struct fasync_list async;	/* both ends */
	struct pipe_buf inline_slots[PIPE_DEF_BUFFERS];
};

extern const struct file_ops pipe_fops;		/* also what open gives a FIFO's file */

void pipe_init(void);		/* boot: mounts pipefs */
/* Pages that one user's pipes may have room for, 0: as many as he likes. /proc/sys/fs/pipe-user-pages-* */
extern long pipe_user_pages_soft, pipe_user_pages_hard;
/* The pipe behind a file, or NULL when it is none. */
struct pipe *file_pipe(struct file *f);
/* F_GETPIPE_SZ, F_SETPIPE_SZ; EBADF for others */
long pipe_fcntl(struct file *f, unsigned cmd, unsigned long arg);
static inline bool pipe_empty(const struct pipe *p) { return READ_ONCE(p->head) == READ_ONCE(p->tail); }
static inline bool pipe_full(const struct pipe *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail) >= READ_ONCE(p->nr_slots);
}
/* Bytes came, or went: who wants a signal for it. */
static inline void pipe_signal_readers(struct pipe *p) { fasync_signal(&p->async, FMODE_READ, POLL_IN); }
static inline void pipe_signal_writers(struct pipe *p) { fasync_signal(&p->async, FMODE_WRITE, POLL_OUT); }
static inline struct pipe_buf *pipe_slot(struct pipe *p, u32 i) { return &p->slots[i & (p->nr_slots - 1)]; }

#endif
