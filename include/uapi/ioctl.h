/* SPDX-License-Identifier: BSD-2-Clause */
/* How ioctl numbers are made: direction, size, type, number (asm-generic). */
#ifndef UAPI_IOCTL_H
#define UAPI_IOCTL_H

#define _IOC(dir, type, nr, size) (((dir) << 30) | ((size) << 16) | ((type) << 8) | (nr))
#define _IO(type, nr) _IOC(0U, type, nr, 0)
#define _IOW(type, nr, t) _IOC(1U, type, nr, (unsigned)sizeof(t))
#define _IOR(type, nr, t) _IOC(2U, type, nr, (unsigned)sizeof(t))
#define _IOWR(type, nr, t) _IOC(3U, type, nr, (unsigned)sizeof(t))

#endif
