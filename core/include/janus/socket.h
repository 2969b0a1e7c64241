/* SPDX-License-Identifier: BSD-2-Clause */
/* What the layers below core/net know of sockets: their start, and the nodes that pathname sockets have in the tree. */
#ifndef JANUS_SOCKET_H
#define JANUS_SOCKET_H

#include <janus/types.h>

struct path;

void socket_init(void);		/* boot: mounts sockfs */

/* core/fs/socknode.c. Kernel strings, process context, no lock held; 0 and a counted path, or -errno. */
int socknode_create(const char *name, mode_t mode, struct path *out);	/* EADDRINUSE: the name is there */
int socknode_find(const char *name, struct path *out);	/* write permission; ECONNREFUSED: not a socket */

#endif
