/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interprocess communication: its start, and what /proc shows of System V's, a table of all objects of a kind with
 * Linux's columns. Process context, may sleep. core/ipc/.
 */
#ifndef JANUS_IPC_H
#define JANUS_IPC_H

struct textbuf;

void mqueue_init(void);		/* boot, after vfs_init() */
void ipc_show_messages(struct textbuf *t);
void ipc_show_semaphores(struct textbuf *t);
void ipc_show_memory(struct textbuf *t);

#endif
