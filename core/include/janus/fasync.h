/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals for I/O: whom a file's owner names is told, by SIGIO or a signal of its choice, that there is something to
 * read or room to write. core/fs/fasync.c. Source: fcntl(2) (F_SETOWN, F_SETSIG, O_ASYNC).
 *
 * What can be waited for has a fasync_list, and its file_ops.fasync puts a file on it: fasync_set(). Who wakes
 * pollers of it says fasync_signal() as well, outside its own locks; any context.
 */
#ifndef JANUS_FASYNC_H
#define JANUS_FASYNC_H

#include <janus/file.h>
#include <janus/lock.h>
#include <janus/types.h>

/* Who is told, for a file that ever had F_SETOWN, F_SETSIG or O_ASYNC. All: [fasync_lock]; type, sig: read as is */
struct file_owner {
	struct pid *pid;		/* counted; NULL: nobody */
	int type;			/* F_OWNER_*: a thread, a process or a group */
	int sig;			/* F_SETSIG; 0: SIGIO without particulars */
	uid_t uid, euid;		/* of who named it: may that one signal them? */
	struct fasync_list *list;	/* where we are, for O_ASYNC; NULL: nowhere */
	struct file_owner *next;	/* there */
	u32 mode;			/* [const] the file's FMODE_* */
	int fd;				/* the descriptor that O_ASYNC was set by: si_fd */
};

struct fasync_list {
	struct file_owner *first;	/* [fasync_lock; read as is: is there anybody?] */
};

/* For file_ops.fasync: put f on its list or take it off, and FASYNC into its flags or out; 0 or -ENOMEM. */
int fasync_set(struct fasync_list *list, struct file *f, int fd, bool on);
void fasync_clear(struct fasync_list *list);	/* nobody is on it any more: a terminal hangs up */
void fasync_send(struct fasync_list *list, u32 modes, int signo, int code);
/* Tell those on the list whose FMODE_* has one of `modes`, of `code` (POLL_IN...). */
static inline void fasync_signal(struct fasync_list *list, u32 modes, int code)
{
	if (unlikely(READ_ONCE(list->first) != NULL))
		fasync_send(list, modes, SIGIO, code);
}

/* F_SETOWN: a process, or a group by its negative number; 0 or -EINVAL, -ESRCH, -ENOMEM. F_GETOWN. */
long file_set_owner(struct file *f, int who);
long file_get_owner(struct file *f);
long fasync_fcntl(struct file *f, unsigned cmd, unsigned long arg);	/* the others about owners */
/* Name this one unless somebody is named; takes no reference over. 0 or -ENOMEM. */
int file_default_owner(struct file *f, struct pid *pid, int type);
/* Something urgent: SIGURG to the file's owner. `list` is told too, where a signal was chosen. */
void file_send_urgent(struct file *f, struct fasync_list *list);
void file_owner_free(struct file *f);		/* the file's end: also takes it off its list */

#endif
