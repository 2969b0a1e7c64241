/* SPDX-License-Identifier: BSD-2-Clause */
/* What uname(2) and the banner say. The release starts as the Linux whose ABI this is. */
#ifndef JANUS_VERSION_H
#define JANUS_VERSION_H

#define JANUS_VERSION "0.1"
#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "6.1.0-janus"
#define UTS_VERSION "#1 SMP Janus " JANUS_VERSION

#endif
