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
enum { SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_PASSCRED = 16, SO_PEERCRED = 17,
       SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_ACCEPTCONN = 30, SO_PROTOCOL = 38, SO_DOMAIN = 39 };

enum { MSG_OOB = 1, MSG_PEEK = 2, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_EOR = 0x80,
       MSG_WAITALL = 0x100, MSG_NOSIGNAL = 0x4000, MSG_WAITFORONE = 0x10000, MSG_CMSG_CLOEXEC = 0x40000000 };

enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };
#define SCM_MAX_FD 253

#define SIOCINQ 0x541b
#define SIOCOUTQ 0x5411

struct sockaddr_storage { u16 family; char data[126]; };
struct msghdr { u64 name; s32 namelen; u32 pad; u64 iov, iovlen, control, controllen; u32 flags, pad2; };
struct mmsghdr { struct msghdr hdr; u32 len, pad; };
struct cmsghdr { u64 len; s32 level, type; };
struct ucred { s32 pid; u32 uid, gid; };

#endif
