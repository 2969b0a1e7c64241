/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subjects of System V IPC share: the object that a subtest is about, made and removed. An object outlives its
 * maker: one that a subtest has left behind, since it ended in the middle, the program removes at its own end.
 */
#ifndef SUITE_SYSVIPC_H
#define SUITE_SYSVIPC_H

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "ktap.h"

union semun { int val; void *buf; unsigned short *array; };

struct text { long type; char data[64]; };

/* msgget() and its kin; what is wrong with it ends the subtest. */
int make_queue(key_t key, int flags);
int make_set(key_t key, int n, int flags);
int make_segment(key_t key, size_t size, int flags);
/* A key of our own: the process's number makes it one. */
key_t own_key(void);

/* The subtest's object, without a key, of mode 0600. */
extern int queue, set, segment;

void new_queue(void);
void new_set(int n);
void new_segment(size_t size);
void drop_queue(void);
void drop_set(void);
void drop_segment(void);

/* A child that waits in `wait`, which is to fail with `err`. SIGUSR1 has a handler there, with SA_RESTART. */
pid_t waiter(int (*wait)(void), int err);

/* Send it to `queue`; as msgsnd(). */
int send_text(long type, const char *text, int flags);

#endif
