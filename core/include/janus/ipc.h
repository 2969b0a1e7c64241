/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What /proc shows of System V IPC: a table of all objects of a kind, Linux's columns. Process context, may sleep.
 * core/ipc/.
 */
#ifndef JANUS_IPC_H
#define JANUS_IPC_H

struct textbuf;

void ipc_show_messages(struct textbuf *t);
void ipc_show_semaphores(struct textbuf *t);
void ipc_show_memory(struct textbuf *t);

#endif
