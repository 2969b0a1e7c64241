/* SPDX-License-Identifier: BSD-2-Clause */
/* The four open flags whose bits differ between the machines. */
#ifndef UAPI_ASM_FCNTL_H
#define UAPI_ASM_FCNTL_H

#define O_DIRECT 00200000
#define O_LARGEFILE 00400000
#define O_DIRECTORY 00040000
#define O_NOFOLLOW 00100000

#endif
