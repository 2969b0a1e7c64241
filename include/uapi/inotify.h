/* SPDX-License-Identifier: BSD-2-Clause */
/* inotify(7): what a watch asks for and an event says. Source: linux/inotify.h, inotify(7). */
#ifndef UAPI_INOTIFY_H
#define UAPI_INOTIFY_H

struct inotify_event {
	s32 wd;
	u32 mask;
	u32 cookie;		/* the two halves of a move have the same */
	u32 len;		/* of name, with its padding of zeros */
	char name[];
};

/* What happened. */
#define IN_ACCESS 0x1
#define IN_MODIFY 0x2
#define IN_ATTRIB 0x4
#define IN_CLOSE_WRITE 0x8
#define IN_CLOSE_NOWRITE 0x10
#define IN_OPEN 0x20
#define IN_MOVED_FROM 0x40
#define IN_MOVED_TO 0x80
#define IN_CREATE 0x100
#define IN_DELETE 0x200
#define IN_DELETE_SELF 0x400
#define IN_MOVE_SELF 0x800
#define IN_ALL_EVENTS 0xfff

/* Told unasked. */
#define IN_UNMOUNT 0x2000
#define IN_Q_OVERFLOW 0x4000
#define IN_IGNORED 0x8000
#define IN_ISDIR 0x40000000

/* How a watch is made. */
#define IN_ONLYDIR 0x1000000
#define IN_DONT_FOLLOW 0x2000000
#define IN_EXCL_UNLINK 0x4000000
#define IN_MASK_CREATE 0x10000000
#define IN_MASK_ADD 0x20000000
#define IN_ONESHOT 0x80000000

#define IN_CLOEXEC 02000000
#define IN_NONBLOCK 04000

#endif
