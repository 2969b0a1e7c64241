/* SPDX-License-Identifier: BSD-2-Clause */
/* POSIX message queues. Source: mq_overview(7), Linux 6.1 uapi. */
#ifndef UAPI_MQUEUE_H
#define UAPI_MQUEUE_H

#include <janus/types.h>

#define MQ_PRIO_MAX 32768

struct mq_attr {
	s64 mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs;
	s64 reserved[4];
};

#endif
