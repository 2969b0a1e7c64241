/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How /proc is made: tables of nodes. A node is a file whose text a function writes, a link, or a directory
 * of further nodes. Below /proc/PID the same tables serve every process; the inode says which one is meant.
 */
#ifndef PROC_H
#define PROC_H

#include "../internal.h"

#include <janus/textbuf.h>

struct proc_inode;

/* What a show function is about. */
struct proc_target {
	struct thread *thread;		/* counted for the call; NULL outside /proc/PID */
	/* of a `memory` node, counted for the call; NULL: there was none, or it is gone */
	struct mm *mm;
	bool whole;			/* the process, not only this thread: /proc/PID, not /proc/PID/task/TID */
	unsigned fd;			/* fdinfo/FD */
	loff_t pos;			/* where a write is */
	const struct proc_node *node;
};

struct proc_node {
	const char *name;
	mode_t mode;			/* with the type */
	/* Write the text; 0 or -errno. May be called again with a larger buffer. */
	int (*show)(struct textbuf *t, const struct proc_target *target);
	/* text: up to PAGE_SIZE - 1 bytes and a NUL. 0 or -errno. */
	int (*write)(const struct proc_target *target, char *text, size_t n);
	const struct proc_node *children;	/* of a directory; ends with a node without a name */
	/* Names that are not in `children`: an inode, or ERR_PTR(-ENOENT). And the reading of them. */
	struct inode *(*lookup)(struct inode *dir, const char *name, u32 len);
	int (*iterate)(struct file *f, struct dir_context *ctx);
	const struct inode_ops *iops;	/* links */
	const struct file_ops *fops;	/* files that are more than text */
	bool guarded;			/* only for those who may trace the process */
	bool memory;			/* guarded, and of the address space that was there when it was opened */
	bool per_fd;			/* stands for a descriptor: looked up anew each time */
	bool number;			/* what is written elsewhere than at the start is taken, and dropped */
	const void *data;		/* the variable of a sysctl */
};

/* inode->private; good under RCU, as the inode is */
struct proc_inode {
	const struct proc_node *node;
	struct pid *pid;		/* counted; NULL outside /proc/PID */
	bool task;			/* pid names a thread */
	unsigned fd;			/* fd/FD, fdinfo/FD */
	struct rcu_head rcu;
};

static inline struct proc_inode *proc_of(const struct inode *i) { return i->private; }

/* An inode of a node, taking a reference on pid; or ERR_PTR. */
struct inode *proc_inode_new(struct super_block *sb, const struct proc_node *node, struct pid *pid, bool task,
			     unsigned fd);
/* The thread an inode is about (a process: its leader), counted; NULL when it is gone. */
struct thread *proc_thread(const struct proc_inode *pi);
/* The address space of an inode's process, borrowed (mm_drop) for it may be emptied; NULL without one. 0, -ESRCH, or
 * -EACCES when the caller may not trace it. (pid_mem.c) */
int proc_mm_open(struct inode *i, struct mm **mm);
/* A decimal number without a leading zero: the number, or -1. */
long proc_number(const char *name, u32 len);
#define PROC_FIRST_DYNAMIC 256	/* place in getdents where names beyond node->children start */

extern const struct proc_node proc_root_nodes[], proc_sys_nodes[];
extern const struct proc_node proc_pid_dir;
extern const struct inode_ops proc_self_ops, proc_thread_self_ops, proc_mounts_ops;
extern const struct inode_ops proc_exe_ops, proc_cwd_ops, proc_root_ops;
extern const struct file_ops proc_mem_fops;
extern const struct file_ops proc_file_ops;		/* of text that splice may take */
extern const struct file_ops proc_mounts_fops;		/* that, and poll tells of changes of the mounts */

/* hunt.c: files of debug builds, each with its comma */
#ifdef CONFIG_DEBUG
extern const struct file_ops proc_fail_nth_fops, proc_make_it_fail_fops;
int proc_show_allocinfo(struct textbuf *t, const struct proc_target *target);
#define PROC_PID_HUNT                                                                                  \
	{ .name = "fail-nth", .mode = S_IFREG | 0644, .fops = &proc_fail_nth_fops, .guarded = true },   \
	{ .name = "make-it-fail", .mode = S_IFREG | 0644, .fops = &proc_make_it_fail_fops, .guarded = true },
#define PROC_ROOT_HUNT { .name = "allocinfo", .mode = S_IFREG | 0400, .show = proc_show_allocinfo },
#else
#define PROC_PID_HUNT
#define PROC_ROOT_HUNT
#endif
/* root.c, pid.c */
struct inode *proc_root_lookup(struct inode *dir, const char *name, u32 len);
int proc_root_iterate(struct file *f, struct dir_context *ctx);
/* pid_fd.c */
struct inode *proc_fd_lookup(struct inode *dir, const char *name, u32 len);
struct inode *proc_fdinfo_lookup(struct inode *dir, const char *name, u32 len);
int proc_fd_iterate(struct file *f, struct dir_context *ctx);
/* pid_stat.c */
int proc_show_stat(struct textbuf *t, const struct proc_target *target);
int proc_show_status(struct textbuf *t, const struct proc_target *target);
int proc_show_statm(struct textbuf *t, const struct proc_target *target);
int proc_show_syscall(struct textbuf *t, const struct proc_target *target);
/* pid_mem.c */
int proc_show_maps(struct textbuf *t, const struct proc_target *target);
int proc_show_smaps(struct textbuf *t, const struct proc_target *target);
int proc_show_cmdline(struct textbuf *t, const struct proc_target *target);
int proc_show_environ(struct textbuf *t, const struct proc_target *target);
int proc_show_auxv(struct textbuf *t, const struct proc_target *target);
/* mounts.c */
int proc_show_mounts(struct textbuf *t, const struct proc_target *target);
int proc_show_mountinfo(struct textbuf *t, const struct proc_target *target);

#endif
