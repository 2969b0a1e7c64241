/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets as user programs see them: families, kinds, options, flags, messages. Source: socket(7), unix(7). */
#ifndef UAPI_SOCKET_H
#define UAPI_SOCKET_H

#include <janus/types.h>

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_MAX 46

enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_MAX = 11, SOCK_TYPE_MASK = 15 };
#define SOCK_CLOEXEC 02000000
#define SOCK_NONBLOCK 04000

enum { SHUT_RD, SHUT_WR, SHUT_RDWR };

#define SOL_SOCKET 1
enum { SO_DEBUG = 1, SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE,
       SO_OOBINLINE, SO_NO_CHECK, SO_PRIORITY, SO_LINGER, SO_REUSEPORT = 15, SO_PASSCRED, SO_PEERCRED, SO_RCVLOWAT,
       SO_SNDLOWAT, SO_RCVTIMEO, SO_SNDTIMEO, SO_ACCEPTCONN = 30, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE, SO_PASSSEC,
       SO_MARK = 36, SO_PROTOCOL = 38, SO_DOMAIN, SO_RXQ_OVFL };

enum { MSG_OOB = 1, MSG_PEEK = 2, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_EOR = 0x80,
       MSG_WAITALL = 0x100, MSG_NOSIGNAL = 0x4000, MSG_WAITFORONE = 0x10000, MSG_CMSG_CLOEXEC = 0x40000000 };

enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };
#define SCM_MAX_FD 253

#define SIOCINQ 0x541b
#define SIOCOUTQ 0x5411
#define SIOCATMARK 0x8905
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902
#define FIOGETOWN 0x8903
#define SIOCGPGRP 0x8904

struct sockaddr_storage { u16 family; char data[126]; };
struct msghdr { u64 name; s32 namelen; u32 pad; u64 iov, iovlen, control, controllen; u32 flags, pad2; };
struct mmsghdr { struct msghdr hdr; u32 len, pad; };
struct cmsghdr { u64 len; s32 level, type; };
struct ucred { s32 pid; u32 uid, gid; };

#endif
